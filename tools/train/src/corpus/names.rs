// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Names that a person reads as one: what is refused, what is merged, what is only pointed at.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use strsim::osa_distance;
use vmaf_fr_v2::catalogue::{CODECS, UNKNOWN, Vocabulary};

use super::clips::RatedClip;
use super::error::Fault;
use super::table::Interned;

/// Real codecs outside vocabulary 1 whose names are one letter from one inside.
const OTHER_CODECS: [&str; 11] =
    ["av2", "avs", "evc", "h261", "h262", "h263", "libvpx-vp8", "vp7", "vp8", "x262", "xvc"];

/// Two contents that may be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SimilarContents {
    /// Both names.
    pub names: [String; 2],
    /// What suggests it.
    pub why: Similarity,
}

/// Why two contents may be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Similarity {
    /// The names differ only in space, `-`, `_` and `.`.
    Separators,
    /// The names differ in one letter.
    OneLetter,
    /// In different tests, one name, or its clips' names, begin with the other name.
    Beginning,
    /// Their clips have the same reference.
    Reference {
        /// Column of the reference.
        column: String,
        /// What both have there.
        value: String,
    },
}

impl std::fmt::Display for Similarity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Separators => f.write_str("only space, '-', '_' or '.' differ"),
            Self::OneLetter => f.write_str("one letter differs"),
            Self::Beginning => {
                f.write_str("in different tests, names of one begin with the name of the other")
            }
            Self::Reference { column, value } => write!(f, "both have {column} {value:?}"),
        }
    }
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Letters and digits alone.
fn squeezed(name: &str) -> String {
    folded(name).chars().filter(|c| !matches!(c, '-' | '_' | '.') && !c.is_whitespace()).collect()
}

impl Interned {
    /// Of a row.
    pub(super) fn of(&self, row: usize) -> &str {
        &self.values[self.ids[row]]
    }

    /// With every name changed; those that become equal are one.
    pub(super) fn map(self, change: impl Fn(&str) -> String) -> Self {
        let mut values: Vec<String> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let new_id: Vec<usize> = self
            .values
            .iter()
            .map(|name| {
                let name = change(name);
                *known.entry(name.clone()).or_insert_with(|| {
                    values.push(name);
                    values.len() - 1
                })
            })
            .collect();
        Self { ids: self.ids.into_iter().map(|id| new_id[id]).collect(), values }
    }

    /// With each of `groups` under one name: that of most rows, of equal ones the first in the alphabet.
    pub(super) fn merged(self, groups: &[Vec<String>]) -> Self {
        let mut rows = vec![0usize; self.values.len()];
        for &id in &self.ids {
            rows[id] += 1;
        }
        let mut chosen: HashMap<String, (usize, String)> = HashMap::new();
        for name in groups.iter().flatten() {
            let name = name.trim();
            let count = self.values.iter().position(|have| have == name).map_or(0, |id| rows[id]);
            let best = chosen.entry(folded(name)).or_insert((count, name.to_owned()));
            if (count, std::cmp::Reverse(name)) > (best.0, std::cmp::Reverse(best.1.as_str())) {
                *best = (count, name.to_owned());
            }
        }
        self.map(|name| {
            chosen.get(&folded(name)).map_or_else(|| name.to_owned(), |(_, best)| best.clone())
        })
    }
}

/// Names without space around them; a name that is nothing else is refused.
pub(super) fn trimmed(names: Interned, column: &str) -> Result<Interned, Fault> {
    let empty = |id: &usize| names.values[*id].trim().is_empty();
    if let Some(row) = names.ids.iter().position(empty) {
        return Err(Fault::NoName { column: column.to_owned(), row, what: "empty" });
    }
    Ok(names.map(|name| name.trim().to_owned()))
}

/// Names of used rows that differ only in case or space around them, by the name they have in common.
pub(super) fn alike(names: &Interned, used: impl Fn(usize) -> bool) -> Vec<Vec<String>> {
    let met: BTreeSet<usize> =
        names.ids.iter().enumerate().filter(|(row, _)| used(*row)).map(|(_, &id)| id).collect();
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in met {
        groups.entry(folded(&names.values[id])).or_default().push(names.values[id].clone());
    }
    groups
        .into_values()
        .filter(|names| names.len() > 1)
        .map(|mut names| {
            names.sort();
            names
        })
        .collect()
}

/// Pairs of contents that may be one, in the order of their names. `reference` is a column and its value for each clip.
pub(super) fn similar_contents(
    clips: &[RatedClip],
    reference: Option<(&str, &[String])>,
) -> Vec<SimilarContents> {
    let mut contents: BTreeMap<&str, Content<'_>> = BTreeMap::new();
    for (i, clip) in clips.iter().enumerate() {
        let content = contents.entry(&clip.content).or_insert_with(|| Content {
            squeezed: squeezed(&clip.content),
            datasets: BTreeSet::new(),
            beginning: squeezed(&clip.name),
            references: BTreeSet::new(),
        });
        content.datasets.insert(&clip.dataset);
        let common = content
            .beginning
            .chars()
            .zip(squeezed(&clip.name).chars())
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a)
            .collect();
        content.beginning = common;
        if let Some((_, values)) = reference {
            content.references.insert(&values[i]);
        }
    }
    let contents: Vec<(&str, Content<'_>)> = contents.into_iter().collect();
    let mut similar = Vec::new();
    for (i, (a, first)) in contents.iter().enumerate() {
        for (b, second) in &contents[i + 1..] {
            if let Some(why) = first.similarity(second, reference.map(|(column, _)| column)) {
                similar.push(SimilarContents { names: [(*a).to_owned(), (*b).to_owned()], why });
            }
        }
    }
    similar
}

struct Content<'a> {
    squeezed: String,
    datasets: BTreeSet<&'a str>,
    /// What all its clips' names begin with, squeezed.
    beginning: String,
    references: BTreeSet<&'a str>,
}

impl Content<'_> {
    fn similarity(&self, other: &Self, reference: Option<&str>) -> Option<Similarity> {
        if self.squeezed == other.squeezed {
            return Some(Similarity::Separators);
        }
        if let (Some(column), Some(value)) =
            (reference, self.references.intersection(&other.references).next())
        {
            let (column, value) = (column.to_owned(), (*value).to_owned());
            return Some(Similarity::Reference { column, value });
        }
        if self.one_letter(other) {
            return Some(Similarity::OneLetter);
        }
        (self.datasets.is_disjoint(&other.datasets) && (self.begins(other) || other.begins(self)))
            .then_some(Similarity::Beginning)
    }

    /// Names of more than five letters that differ in one, and not in their numbers.
    fn one_letter(&self, other: &Self) -> bool {
        let digits = |name: &str| -> String {
            name.chars().map(|c| if c.is_ascii_digit() { c } else { ' ' }).collect()
        };
        let numbers = |name: &str| -> Vec<String> {
            digits(name).split_whitespace().map(str::to_owned).collect()
        };
        [self, other].iter().all(|content| content.squeezed.chars().count() > 5)
            && osa_distance(&self.squeezed, &other.squeezed) == 1
            && numbers(&self.squeezed) == numbers(&other.squeezed)
    }

    /// Whether the other's name begins with this name, or its clips' names do and do not begin with their own content.
    fn begins(&self, other: &Self) -> bool {
        let starts = |text: &str, number_ends_it: bool| {
            text.strip_prefix(self.squeezed.as_str()).is_some_and(|rest| {
                let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
                let continues = number_ends_it || digit(self.squeezed.chars().last());
                // "scene" and "scene2" are two, and "scene1" does not begin "scene12".
                !(continues && digit(rest.chars().next()))
            })
        };
        let own = other.beginning.starts_with(&other.squeezed);
        self.squeezed.chars().count() >= 4
            && (starts(&other.squeezed, true) || (!own && starts(&other.beginning, false)))
    }
}

/// A known codec name with few edits from a spelling that is none, and how many they are.
pub(super) fn nearest_codec(spelling: &str) -> Option<(&'static str, usize)> {
    let spelling = folded(spelling);
    if spelling.is_empty() || spelling == UNKNOWN || OTHER_CODECS.contains(&spelling.as_str()) {
        return None;
    }
    CODECS
        .iter()
        .flat_map(|codec| std::iter::once(codec.name).chain(codec.aliases.iter().copied()))
        .chain([UNKNOWN])
        .map(|name| (name, osa_distance(name, &spelling)))
        .min_by_key(|(_, edits)| *edits)
        .filter(|(_, edits)| *edits == 1 || (*edits == 2 && spelling.chars().count() > 4))
}

/// The first codec name that is not known, and one edit from a known one.
pub(super) fn misspelt_codec(clips: &[RatedClip]) -> Option<Fault> {
    let vocabulary = Vocabulary::v1();
    clips.iter().filter(|clip| !vocabulary.knows(&clip.codec)).find_map(|clip| {
        let (nearest, edits) = nearest_codec(&clip.codec)?;
        (edits == 1).then(|| Fault::MisspeltCodec {
            spelling: clip.codec.clone(),
            clips: clips.iter().filter(|other| other.codec == clip.codec).count(),
            nearest: nearest.to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(dataset: &str, content: &str, name: &str) -> RatedClip {
        RatedClip {
            laboratory: "lab".to_owned(),
            dataset: dataset.to_owned(),
            content: content.to_owned(),
            group: content.to_owned(),
            name: name.to_owned(),
            codec: "x264".to_owned(),
            target: 50.0,
            frames: 0..0,
        }
    }

    fn why(a: (&str, &str, &str), b: (&str, &str, &str)) -> Option<Similarity> {
        let similar = similar_contents(&[clip(a.0, a.1, a.2), clip(b.0, b.1, b.2)], None);
        similar.into_iter().next().map(|similar| similar.why)
    }

    #[test]
    fn contents_that_may_be_one_are_found() {
        let apart = |a, b| why(("one", a, "p"), ("one", b, "q"));
        assert_eq!(apart("crowd_run", "Crowd Run"), Some(Similarity::Separators));
        assert_eq!(apart("old.town-cross", "old_town_cross"), Some(Similarity::Separators));
        assert_eq!(apart("daydreamer", "daydraemer"), Some(Similarity::OneLetter));
        assert_eq!(apart("vegetables", "vegetable"), Some(Similarity::OneLetter));
        assert_eq!(apart("scene_12", "scene_13"), None);
        assert_eq!(apart("EPLDay_0", "EPLDay_8"), None);
        assert_eq!(apart("water", "wafer"), None);
    }

    #[test]
    fn one_content_under_two_names_in_two_tests_shows_in_clip_names() {
        let bigbuck = ("uhd", "bigbuck", "bigbuck_bunny_8bit_200kbps.mkv");
        assert_eq!(
            why(bigbuck, ("nvc", "bbb", "bigbuckbunny_av1_q48")),
            Some(Similarity::Beginning)
        );
        assert_eq!(why(bigbuck, ("nvc", "bigbuckbunny", "c7")), Some(Similarity::Beginning));
        assert_eq!(why(bigbuck, ("uhd", "bigbuckbunny", "c7")), None);
        assert_eq!(why(("a", "test1", "x"), ("b", "test12", "y")), None);
        assert_eq!(why(("a", "omega", "omega-1"), ("b", "omega2", "omega2-1")), None);
    }

    #[test]
    fn one_reference_under_two_names_is_found() {
        let clips =
            [clip("one", "alpha", "x"), clip("two", "beta", "y"), clip("two", "gamma", "z")];
        let values = ["a.y4m", "a.y4m", "c.y4m"].map(str::to_owned);
        let similar = similar_contents(&clips, Some(("reference", &values)));
        assert_eq!(similar.len(), 1);
        assert_eq!(similar[0].names, ["alpha", "beta"]);
        assert_eq!(similar[0].why.to_string(), "both have reference \"a.y4m\"");
    }

    #[test]
    fn misspelt_codecs_are_told_from_other_codecs() {
        for (spelling, nearest) in [
            ("x246", "x264"),
            ("h.264", "h264"),
            ("HEVC1", "hevc"),
            ("av01", "av1"),
            ("unkown", "unknown"),
        ] {
            assert_eq!(nearest_codec(spelling), Some((nearest, 1)), "{spelling}");
        }
        assert_eq!(nearest_codec("libsvtav"), Some(("libsvtav1", 1)));
        assert_eq!(nearest_codec("libsvt_av1_"), Some(("libsvtav1", 2)));
        for spelling in ["vp8", "h263", "evc", "mpeg2video", "dcvcfm", "", "unknown"] {
            assert_eq!(nearest_codec(spelling), None, "{spelling}");
        }
    }

    #[test]
    fn merged_names_have_the_commonest_spelling() {
        let names = Interned {
            ids: vec![0, 1, 1, 2],
            values: ["foo", "Foo", "bar"].map(str::to_owned).to_vec(),
        };
        let groups = alike(&names, |_| true);
        assert_eq!(groups, [["Foo", "foo"]]);
        let merged = names.merged(&groups);
        assert_eq!(
            (merged.ids, merged.values),
            (vec![0, 0, 0, 1], vec!["Foo".into(), "bar".into()])
        );
    }
}
