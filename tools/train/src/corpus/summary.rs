// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is in a corpus, for people to look at before anything is fitted to it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use vmaf_fr_v2::catalogue::{UNKNOWN, Vocabulary};

use super::names::{SimilarContents, nearest_codec};
use super::read::TableRecord;
use super::{Corpus, RatedClip};

/// What is in a corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Each table.
    pub tables: Vec<TableSummary>,
}

/// What is in one laboratory's table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableSummary {
    /// The laboratory.
    pub laboratory: String,
    /// Its table.
    pub path: PathBuf,
    /// Rows in the file.
    pub rows: usize,
    /// Clips.
    pub clips: usize,
    /// Kept frames.
    pub frames: usize,
    /// Frames passed over because they lack one of VMAF's own six features.
    pub incomplete_frames: usize,
    /// Clips of each content.
    pub contents: BTreeMap<String, usize>,
    /// Spellings of contents that were counted as one.
    pub merged: Vec<Vec<String>>,
    /// Contents that may be one.
    pub similar: Vec<SimilarContents>,
    /// Each test.
    pub datasets: BTreeMap<String, DatasetSummary>,
    /// Clips of each codec of vocabulary 1.
    pub codecs: BTreeMap<String, usize>,
    /// Names of codecs that are not in the vocabulary.
    pub unknown_codecs: Vec<UnknownCodec>,
    /// Features with a value in some kept frame, and the columns that hold them.
    pub found: BTreeMap<String, String>,
    /// Features without.
    pub absent: Vec<String>,
    /// Column of the target.
    pub target: String,
    /// Clips without a target.
    pub unrated: usize,
    /// Column of the teacher.
    pub teacher: Option<String>,
    /// Clips without a teacher's score in any kept frame.
    pub without_teacher: usize,
    /// Clips without one in some.
    pub partly_without_teacher: usize,
}

/// What is in one test.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DatasetSummary {
    /// Clips.
    pub clips: usize,
    /// Contents.
    pub contents: usize,
    /// Clips without a target.
    pub unrated: usize,
    /// Share of kept frames without a feature, for every feature that some lack.
    pub missing: BTreeMap<String, f64>,
}

/// A codec that became `unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownCodec {
    /// As it is in the table.
    pub spelling: String,
    /// Clips that have it.
    pub clips: usize,
    /// A known name that it resembles.
    pub nearest: Option<String>,
}

pub(super) fn of(corpus: &Corpus) -> Summary {
    let tables = corpus.tables.iter().map(|table| table_summary(corpus, table)).collect();
    Summary { tables }
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

fn table_summary(corpus: &Corpus, table: &TableRecord) -> TableSummary {
    let laboratory = &table.source.name;
    let clips: Vec<&RatedClip> =
        corpus.clips.iter().filter(|clip| clip.laboratory == *laboratory).collect();
    let frames = || clips.iter().flat_map(|clip| clip.frames.clone());
    let vocabulary = Vocabulary::v1();
    let codec = |clip: &RatedClip| {
        let id = vocabulary.id(&clip.codec).ok().and_then(|id| usize::try_from(id).ok());
        id.and_then(|id| vocabulary.names().get(id)).map_or(UNKNOWN, String::as_str).to_owned()
    };
    let codecs: Vec<String> = clips.iter().map(|clip| codec(clip)).collect();
    let without = |clip: &RatedClip| {
        let missing = |frame: usize| corpus.teacher.get(frame).is_none_or(|x| x.is_nan());
        clip.frames.clone().filter(|&frame| missing(frame)).count()
    };
    let none = clips.iter().filter(|clip| without(clip) == clip.frames.len()).count();
    let some = clips.iter().filter(|clip| without(clip) > 0).count() - none;
    let found: BTreeMap<String, String> = corpus
        .feature_names
        .iter()
        .enumerate()
        .filter(|(column, _)| frames().any(|frame| !corpus.frame(frame)[*column].is_nan()))
        .filter_map(|(_, name)| Some((name.clone(), table.columns.get(name)?.clone())))
        .collect();
    TableSummary {
        laboratory: laboratory.clone(),
        path: table.source.path.clone().unwrap_or_default(),
        rows: table.rows,
        clips: clips.len(),
        frames: frames().count(),
        incomplete_frames: table.incomplete_frames,
        contents: counted(clips.iter().map(|clip| clip.content.as_str())),
        merged: table.merged.clone(),
        similar: table.similar.clone(),
        datasets: datasets(corpus, &clips),
        codecs: counted(codecs.iter().map(String::as_str)),
        unknown_codecs: counted(
            clips
                .iter()
                .map(|clip| clip.codec.as_str())
                .filter(|name| !vocabulary.knows(name) && !name.eq_ignore_ascii_case(UNKNOWN)),
        )
        .into_iter()
        .map(|(spelling, clips)| UnknownCodec {
            nearest: nearest_codec(&spelling).map(|(name, _)| name.to_owned()),
            spelling,
            clips,
        })
        .collect(),
        absent: corpus
            .feature_names
            .iter()
            .filter(|name| !found.contains_key(*name))
            .cloned()
            .collect(),
        found,
        target: table.source.target.clone(),
        unrated: clips.iter().filter(|clip| clip.target.is_nan()).count(),
        teacher: table.source.teacher_column.clone(),
        without_teacher: none,
        partly_without_teacher: some,
    }
}

fn datasets(corpus: &Corpus, clips: &[&RatedClip]) -> BTreeMap<String, DatasetSummary> {
    let mut groups: BTreeMap<&str, Vec<&RatedClip>> = BTreeMap::new();
    for &clip in clips {
        groups.entry(&clip.dataset).or_default().push(clip);
    }
    groups
        .into_iter()
        .map(|(name, clips)| {
            let frames = || clips.iter().flat_map(|clip| clip.frames.clone());
            let total = frames().count().max(1) as f64;
            let missing = corpus
                .feature_names
                .iter()
                .enumerate()
                .map(|(column, name)| {
                    let count = frames().filter(|&f| corpus.frame(f)[column].is_nan()).count();
                    (name.clone(), count as f64 / total)
                })
                .filter(|(_, share)| *share > 0.0)
                .collect();
            let summary = DatasetSummary {
                clips: clips.len(),
                contents: counted(clips.iter().map(|clip| clip.content.as_str())).len(),
                unrated: clips.iter().filter(|clip| clip.target.is_nan()).count(),
                missing,
            };
            (name.to_owned(), summary)
        })
        .collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tables.iter().try_for_each(|table| table.fmt(f))
    }
}

/// `name count, name count`.
fn counts<'a>(pairs: impl Iterator<Item = (&'a String, &'a usize)>) -> String {
    pairs.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for TableSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "corpus {} ({}): {} rows, {} clips, {} frames kept",
            self.laboratory,
            self.path.display(),
            self.rows,
            self.clips,
            self.frames
        )?;
        writeln!(f, "  contents {}: {}", self.contents.len(), counts(self.contents.iter()))?;
        for names in &self.merged {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            writeln!(f, "  counted as one content: {}", names.join(", "))?;
        }
        for SimilarContents { names: [a, b], why } in &self.similar {
            writeln!(f, "  warning: contents {a:?} and {b:?} may be one: {why}")?;
        }
        for (name, dataset) in &self.datasets {
            let unrated = match dataset.unrated {
                0 => String::new(),
                n => format!(", {n} unrated"),
            };
            let (clips, contents) = (dataset.clips, dataset.contents);
            writeln!(f, "  dataset {name}: {clips} clips, {contents} contents{unrated}")?;
            let here = dataset.missing.iter().filter(|(name, _)| self.found.contains_key(*name));
            let (none, some): (Vec<_>, Vec<_>) = here.partition(|(_, share)| **share >= 1.0);
            if !none.is_empty() {
                let names: Vec<&str> = none.into_iter().map(|(name, _)| name.as_str()).collect();
                writeln!(f, "    without {}", names.join(", "))?;
            }
            if !some.is_empty() {
                let shares: Vec<String> = some
                    .into_iter()
                    .map(|(name, share)| format!("{name} {:.1} %", 100.0 * share))
                    .collect();
                writeln!(f, "    missing in frames: {}", shares.join(", "))?;
            }
        }
        writeln!(f, "  codecs: {}", counts(self.codecs.iter()))?;
        for codec in &self.unknown_codecs {
            let nearest = codec.nearest.as_ref().map(|n| format!(" (nearly {n:?})"));
            let (spelling, clips) = (&codec.spelling, codec.clips);
            let nearest = nearest.unwrap_or_default();
            writeln!(f, "    unknown: {spelling:?}{nearest}, {clips} clips")?;
        }
        let renamed: Vec<String> = self
            .found
            .iter()
            .filter(|(feature, column)| feature != column)
            .map(|(feature, column)| format!("{feature} as {column}"))
            .collect();
        write!(f, "  features: {} found", self.found.len())?;
        if !renamed.is_empty() {
            write!(f, " ({})", renamed.join(", "))?;
        }
        if !self.absent.is_empty() {
            write!(f, "; absent: {}", self.absent.join(", "))?;
        }
        writeln!(f)?;
        if self.incomplete_frames > 0 {
            let n = self.incomplete_frames;
            writeln!(f, "  {n} frames passed over: they lack one of VMAF's own six features")?;
        }
        writeln!(f, "  target {}: {} clips unrated", self.target, self.unrated)?;
        match &self.teacher {
            None => writeln!(f, "  no teacher"),
            Some(column) => writeln!(
                f,
                "  teacher {column}: {} clips without it, {} without it in some frames",
                self.without_teacher, self.partly_without_teacher
            ),
        }
    }
}
