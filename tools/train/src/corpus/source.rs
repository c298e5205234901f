// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Where a laboratory's clips are, and what its table calls things.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{CorpusError, Fault};

/// One laboratory's table: `[[corpus]]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusSource {
    /// The laboratory.
    pub name: String,
    /// Its table; the command line names it if this does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Column of the subjective test; else `dataset`, else all clips are of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_column: Option<String>,
    /// Column of the content; else `content` or `source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_column: Option<String>,
    /// Column of the groups of contents that an evaluation leaves out together; else each content is left out alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_column: Option<String>,
    /// Column of the clip; else `clip` or `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_column: Option<String>,
    /// Column of the codec; else `codec`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec_column: Option<String>,
    /// Column of the target, constant within a clip or averaged over its frames.
    pub target: String,
    /// Lowest and highest value of the target's scale, which are mapped to 0 and 100; else it is taken as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_range: Option<[f64; 2]>,
    /// Weight of the laboratory's clips.
    #[serde(default = "one")]
    pub weight: f64,
    /// Tests that an evaluation leaves out together, by the name of their family; a test of none is left out alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub families: BTreeMap<String, Vec<String>>,
    /// Tests that are trained on, and outside an evaluation's main figures: they rate what no feature sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<String>,
    /// Column of VMAF's score per frame, on 0..100, as the reports have it: the summary says where it is missing. Nothing is
    /// trained on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher_column: Option<String>,
    /// Whose data it is, and how to cite them; for the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Under which licence; for the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

fn one() -> f64 {
    1.0
}

impl CorpusSource {
    /// A table of the usual column names and no teacher.
    pub fn new(name: &str, path: &Path, target: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: Some(path.to_owned()),
            dataset_column: None,
            content_column: None,
            group_column: None,
            clip_column: None,
            codec_column: None,
            target: target.to_owned(),
            target_range: None,
            weight: 1.0,
            families: BTreeMap::new(),
            apart: Vec::new(),
            teacher_column: None,
            citation: None,
            licence: None,
        }
    }

    /// How errors name it.
    pub(super) fn fails(&self, fault: Fault) -> CorpusError {
        let corpus = match &self.path {
            Some(path) => path.display().to_string(),
            None => self.name.clone(),
        };
        CorpusError { corpus, fault: Box::new(fault) }
    }

    /// Its table; refuses what no table can have.
    pub(super) fn checked(&self) -> Result<&Path, Fault> {
        if !is_name(&self.name) {
            return Err(Fault::Setting {
                field: "name",
                got: format!("{:?}", self.name),
                expected: NAME_RULE,
            });
        }
        if !(self.weight.is_finite() && self.weight >= 0.0) {
            return Err(Fault::Setting {
                field: "weight",
                got: self.weight.to_string(),
                expected: "a finite number from 0 on",
            });
        }
        if let Some([low, high]) = self.target_range
            && !(low.is_finite() && high.is_finite() && low < high)
        {
            return Err(Fault::Setting {
                field: "target_range",
                got: format!("[{low}, {high}]"),
                expected: "two finite numbers, the lower one first",
            });
        }
        self.path.as_deref().ok_or_else(|| Fault::NoPath { name: self.name.clone() })
    }
}

const NAME_RULE: &str = "letters, digits, '_', '-' and '.'";

/// Whether `text` can name a laboratory: the part before `/` in the names of its contents.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A table of the command line: `NAME=PATH`, or `PATH` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTable {
    /// The laboratory, if it was given.
    pub name: Option<String>,
    /// The table.
    pub path: PathBuf,
}

impl FromStr for NamedTable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            // A path that holds a `=` has a folder, or a character that no name has, in front of it.
            Some((name, path)) if is_name(name) => (Some(name.to_owned()), path),
            _ => (None, text),
        };
        if path.is_empty() {
            return Err("expected PATH or NAME=PATH".to_owned());
        }
        Ok(Self { name, path: path.into() })
    }
}

impl NamedTable {
    /// The laboratory: as given, else the file's name without its ending, with `_` for what no name can have.
    pub fn laboratory(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let name: String =
            stem.chars().map(|c| if is_name(&c.to_string()) { c } else { '_' }).collect();
        if name.is_empty() { "corpus".to_owned() } else { name }
    }
}

/// The corpora of a recipe with the tables that the command line names.
///
/// # Errors
/// A table of a name that the recipe does not have; a table without a name if the recipe has several corpora.
pub fn with_tables(
    mut corpora: Vec<CorpusSource>,
    tables: &[NamedTable],
) -> Result<Vec<CorpusSource>, String> {
    let names: Vec<String> = corpora.iter().map(|corpus| corpus.name.clone()).collect();
    for table in tables {
        let at = match &table.name {
            Some(name) => names.iter().position(|have| have == name),
            None if corpora.len() == 1 => Some(0),
            None => names.iter().position(|have| *have == table.laboratory()),
        };
        let corpus = at.map(|at| &mut corpora[at]).ok_or_else(|| {
            format!(
                "{}: the recipe has the corpora {}; say NAME={} with one of these names",
                table.name.as_deref().unwrap_or("a table without a name"),
                names.join(", "),
                table.path.display()
            )
        })?;
        corpus.path = Some(table.path.clone());
    }
    Ok(corpora)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_command_line_has_a_name_or_its_files() {
        let named = |text: &str| {
            let table: NamedTable = text.parse().unwrap();
            (table.laboratory(), table.path.display().to_string())
        };
        assert_eq!(named("avt=a/b.parquet"), ("avt".to_owned(), "a/b.parquet".to_owned()));
        assert_eq!(named("a/b c.parquet"), ("b_c".to_owned(), "a/b c.parquet".to_owned()));
        assert_eq!(named("a/x=b.parquet"), ("x_b".to_owned(), "a/x=b.parquet".to_owned()));
        assert!("avt=".parse::<NamedTable>().is_err() && "".parse::<NamedTable>().is_err());
    }

    #[test]
    fn a_recipe_fills_a_source_and_knows_its_fields() {
        let source: CorpusSource =
            serde_json::from_str(r#"{"name": "avt", "target": "mos", "target_range": [1, 5]}"#)
                .unwrap();
        assert_eq!((source.target_range, source.weight), (Some([1.0, 5.0]), 1.0));
        let error = serde_json::from_str::<CorpusSource>(
            r#"{"name": "avt", "target": "mos", "contentcolumn": "x"}"#,
        )
        .unwrap_err();
        assert!(error.to_string().contains("contentcolumn"), "{error}");
    }

    #[test]
    fn tables_go_to_the_corpora_they_name() {
        let source = |name: &str| CorpusSource {
            path: None,
            ..CorpusSource::new(name, Path::new(""), "mos")
        };
        let table = |text: &str| text.parse::<NamedTable>().unwrap();
        let two = vec![source("avt"), source("lbmfr")];
        let filled =
            with_tables(two.clone(), &[table("lbmfr=l.parquet"), table("x/avt.parquet")]).unwrap();
        assert_eq!(filled[0].path.as_deref(), Some(Path::new("x/avt.parquet")));
        assert_eq!(filled[1].path.as_deref(), Some(Path::new("l.parquet")));
        let error = with_tables(two, &[table("other.parquet")]).unwrap_err();
        assert!(error.contains("avt, lbmfr"), "{error}");
        assert!(with_tables(vec![source("avt")], &[table("other.parquet")]).is_ok());
    }
}
