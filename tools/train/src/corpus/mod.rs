// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Tables of rated frames: which columns, which clips, which frames, and whether they can be trained on.
//!
//! A table has one row per frame. `clip` or `key` names the clip, `content` or `source` the content; `dataset` is
//! optional (one test, one scale use); `codec` is a name of the vocabulary or an alias of one; features have any of
//! libvmaf's names and are NaN or null if a report lacks them. Columns that are not asked for are not read.
//!
//! [`source`] says where a laboratory's table is and what it calls things, [`table`] reads columns of any type,
//! [`clips`] and [`read`] make clips of its rows, [`names`] finds names that are probably one, [`check`] says what a
//! corpus lacks, and [`summary`] what is in it.

mod check;
mod clips;
mod error;
mod features;
mod names;
mod read;
mod source;
mod summary;
mod table;

use vmaf_fr_v2::catalogue::log_names;

pub use clips::RatedClip;
pub use error::{CorpusError, Fault, Lack, Unfit};
pub use names::{SimilarContents, Similarity};
pub use read::TableRecord;
use read::{Part, read};
pub use source::{CorpusSource, NamedTable, with_tables};
pub use summary::{DatasetSummary, Summary, TableSummary, UnknownCodec};

/// What to read of every table.
#[derive(Debug, Clone, Default)]
pub struct Selection<'a> {
    /// Features, in the model's order; one that a table lacks is NaN everywhere in it.
    pub features: &'a [String],
    /// Frames kept of each clip, evenly spaced over it; 0 keeps all.
    pub frames_per_clip: usize,
    /// Leave the first frame of each clip out, if there are others: motion is 0 there.
    pub skip_first: bool,
    /// Datasets to leave out, as `DATASET` or `LABORATORY/DATASET`.
    pub excluded: &'a [String],
    /// Count contents whose names differ only in case or space around them as one, instead of refusing them.
    pub merge_contents: bool,
    /// Take codec names that are probably misspelt as unknown codecs, instead of refusing them.
    pub accept_unknown_codecs: bool,
}

impl Selection<'_> {
    fn leaves_out(&self, laboratory: &str, dataset: &str) -> bool {
        self.excluded.iter().any(|name| names_dataset(name, laboratory, dataset))
    }
}

/// Whether `name` is `DATASET` or `LABORATORY/DATASET`.
fn names_dataset(name: &str, laboratory: &str, dataset: &str) -> bool {
    name == dataset || name.split_once('/') == Some((laboratory, dataset))
}

/// The kept frames of one or several tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corpus {
    /// Names of the columns of [`Corpus::features`].
    pub feature_names: Vec<String>,
    /// Clips in the order of their (laboratory, dataset, name), so that a reshuffled table gives the same corpus.
    pub clips: Vec<RatedClip>,
    /// Raw features, row-major, NaN if missing.
    pub features: Vec<f32>,
    /// The teacher's score of every kept frame, NaN if missing; empty if no table has a teacher.
    pub teacher: Vec<f32>,
    /// Rows in the files.
    pub rows: usize,
    /// The tables, in the order of their laboratories.
    pub tables: Vec<TableRecord>,
}

impl Corpus {
    /// Features of one kept frame.
    pub fn frame(&self, index: usize) -> &[f32] {
        let width = self.feature_names.len();
        &self.features[index * width..(index + 1) * width]
    }

    /// Content names in sorted order.
    pub fn contents(&self) -> Vec<String> {
        let mut names: Vec<String> = self.clips.iter().map(|clip| clip.content.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Weight of a clip's laboratory.
    pub fn laboratory_weight(&self, clip: &RatedClip) -> f64 {
        let of = |table: &&TableRecord| table.source.name == clip.laboratory;
        self.tables.iter().find(of).map_or(1.0, |table| table.source.weight)
    }

    /// What is in it, for people.
    pub fn summary(&self) -> Summary {
        summary::of(self)
    }

    /// Refuses a corpus that no model can be made of, and says all that is missing.
    pub fn check(&self) -> Result<(), Unfit> {
        let lacks = check::lacks(self);
        if lacks.is_empty() { Ok(()) } else { Err(Unfit(lacks)) }
    }

    /// Reads the tables of all laboratories into one corpus.
    ///
    /// Two laboratories' contents and datasets differ, whatever their names: in a corpus of several tables they are
    /// called `LABORATORY/NAME`.
    pub fn read_all(
        sources: &[CorpusSource],
        selection: &Selection<'_>,
    ) -> Result<Self, CorpusError> {
        let mut sources: Vec<&CorpusSource> = sources.iter().collect();
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = sources.windows(2).find(|pair| pair[0].name == pair[1].name) {
            let corpus = pair[0].name.clone();
            return Err(CorpusError { corpus, fault: Box::new(Fault::NameTwice) });
        }
        let parts: Vec<Part> = sources
            .iter()
            .map(|source| read(source, selection).map_err(|fault| source.fails(fault)))
            .collect::<Result<_, _>>()?;
        for name in selection.excluded {
            let there = parts.iter().any(|part| {
                let laboratory = &part.record.source.name;
                part.datasets.iter().any(|dataset| names_dataset(name, laboratory, dataset))
            });
            if !there {
                let corpus = sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
                let fault = Fault::Excluded(format!("there is no dataset {name:?}"));
                return Err(CorpusError { corpus, fault: Box::new(fault) });
            }
        }
        let mut corpus = Self { feature_names: selection.features.to_vec(), ..Self::default() };
        let taught = parts.iter().any(|part| !part.teacher.is_empty());
        let several = parts.len() > 1;
        for part in parts {
            corpus.add(part, several, taught);
        }
        Ok(corpus)
    }

    fn add(&mut self, part: Part, several: bool, taught: bool) {
        let before = self.clips.last().map_or(0, |clip| clip.frames.end);
        let frames = part.clips.last().map_or(0, |clip| clip.frames.end);
        for mut clip in part.clips {
            if several {
                clip.content = format!("{}/{}", clip.laboratory, clip.content);
                clip.group = format!("{}/{}", clip.laboratory, clip.group);
                clip.dataset = format!("{}/{}", clip.laboratory, clip.dataset);
            }
            clip.frames = before + clip.frames.start..before + clip.frames.end;
            self.clips.push(clip);
        }
        self.features.extend(part.features);
        match (taught, part.teacher.is_empty()) {
            (true, true) => self.teacher.extend(std::iter::repeat_n(f32::NAN, frames)),
            _ => self.teacher.extend(part.teacher),
        }
        self.rows += part.record.rows;
        self.tables.push(part.record);
    }
}

/// Whether two names are of one feature: a recipe may call a fixed-point feature as a log does.
fn same_feature(a: &str, b: &str) -> bool {
    a == b || log_names(a).contains(&b)
}
