// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The clips as an evaluation sees them: which test, content, group, family and laboratory each is of.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};

/// One clip, as a corpus has it.
#[derive(Debug, Clone)]
pub(super) struct DesignClip {
    pub(super) laboratory: String,
    pub(super) test: String,
    pub(super) content: String,
    /// Contents that are left out together; the content itself if the source names none.
    pub(super) group: String,
    /// Id in vocabulary 1.
    pub(super) codec: usize,
    /// NaN if it has none.
    pub(super) rated: f64,
}

/// A partition of the clips.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    /// In sorted order.
    pub(super) names: Vec<String>,
    /// Of each clip, an index into `names`.
    pub(super) of: Vec<usize>,
}

impl Grouping {
    fn new(labels: &[&str]) -> Self {
        let names: BTreeSet<&str> = labels.iter().copied().collect();
        let index: BTreeMap<&str, usize> =
            names.iter().enumerate().map(|(i, &name)| (name, i)).collect();
        Self {
            of: labels.iter().map(|label| index[label]).collect(),
            names: names.into_iter().map(str::to_owned).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The clips of one of them.
    pub(super) fn clips(&self, index: usize) -> Vec<usize> {
        (0..self.of.len()).filter(|&i| self.of[i] == index).collect()
    }

    /// Of each of these, the one of `coarser` that holds it; all its clips are of one.
    pub(super) fn within(&self, coarser: &Self) -> Vec<usize> {
        let mut of = vec![0; self.len()];
        for (fine, coarse) in self.of.iter().zip(&coarser.of) {
            of[*fine] = *coarse;
        }
        of
    }
}

/// What the recipe says of the clips' tests.
#[derive(Debug, Clone, Default)]
pub(super) struct TestChoices {
    /// Tests of each family; a test of none is its own.
    pub(super) families: BTreeMap<String, Vec<String>>,
    /// Tests whose clips are trained on but not judged among the primary ones: they rate what no feature sees.
    pub(super) apart: Vec<String>,
}

/// The clips of a corpus as an evaluation sees them.
#[derive(Debug, Clone)]
pub(super) struct Design {
    pub(super) rated: Vec<f64>,
    pub(super) codec: Vec<usize>,
    pub(super) test: Grouping,
    pub(super) content: Grouping,
    pub(super) group: Grouping,
    pub(super) family: Grouping,
    pub(super) laboratory: Grouping,
    /// Laboratory of each group: what a draw of groups keeps.
    pub(super) laboratory_of_group: Vec<usize>,
    /// Rated clips of a known codec, of tests that are not apart: the main figures are over these.
    pub(super) primary: Vec<bool>,
    /// Whether a clip's codec is outside the vocabulary.
    pub(super) unknown: Vec<bool>,
    /// Tests that are apart.
    pub(super) apart: Vec<bool>,
}

/// Fewest primary clips of a test that has figures of its own.
pub(super) const MIN_TEST_CLIPS: usize = 10;

impl Design {
    /// Refuses clips that no evaluation can judge.
    pub(super) fn new(
        clips: &[DesignClip],
        choices: &TestChoices,
        unknown_codec: usize,
    ) -> Result<Self> {
        let group = |get: fn(&DesignClip) -> &str| {
            Grouping::new(&clips.iter().map(get).collect::<Vec<_>>())
        };
        let test = group(|clip| &clip.test);
        let content = group(|clip| &clip.content);
        for name in choices.families.values().flatten().chain(&choices.apart) {
            ensure!(
                test.names.contains(name),
                "the recipe names the test {name:?}, the corpus has {}",
                test.names.join(", ")
            );
        }
        let mut family_of: BTreeMap<&str, &str> = BTreeMap::new();
        for (family, tests) in &choices.families {
            for name in tests {
                if let Some(other) = family_of.insert(name, family) {
                    bail!(
                        "the recipe puts the test {name:?} into the families {other:?} and {family:?}"
                    );
                }
            }
        }
        let family = Grouping::new(
            &clips
                .iter()
                .map(|clip| family_of.get(clip.test.as_str()).copied().unwrap_or(&clip.test))
                .collect::<Vec<_>>(),
        );
        let laboratory = group(|clip| &clip.laboratory);
        let groups = group(|clip| &clip.group);
        for (fine, what, coarse, of) in [
            (&test, "test", &laboratory, "laboratories"),
            (&content, "content", &laboratory, "laboratories"),
            (&content, "content", &groups, "groups"),
            (&family, "family", &laboratory, "laboratories"),
        ] {
            ensure_nested(fine, what, coarse, of)?;
        }
        let apart: Vec<bool> = test.names.iter().map(|name| choices.apart.contains(name)).collect();
        let unknown: Vec<bool> = clips.iter().map(|clip| clip.codec == unknown_codec).collect();
        let primary = clips
            .iter()
            .zip(&unknown)
            .zip(&test.of)
            .map(|((clip, unknown), &test)| !clip.rated.is_nan() && !unknown && !apart[test])
            .collect();
        let design = Self {
            rated: clips.iter().map(|clip| clip.rated).collect(),
            codec: clips.iter().map(|clip| clip.codec).collect(),
            laboratory_of_group: groups.within(&laboratory),
            test,
            content,
            group: groups,
            family,
            laboratory,
            primary,
            unknown,
            apart,
        };
        design.check()?;
        Ok(design)
    }

    /// What every figure needs, before the first fit.
    fn check(&self) -> Result<()> {
        let primary = self.primary_clips();
        let contents: BTreeSet<usize> = primary.iter().map(|&i| self.content.of[i]).collect();
        ensure!(
            contents.len() >= 2,
            "leaving contents out takes two contents with rated clips of a known codec, the corpus has {}",
            contents.len()
        );
        ensure!(
            self.group.len() >= 2,
            "leaving groups of contents out takes two groups, the corpus has {}",
            self.group.len()
        );
        let tests = self.judged_tests();
        if tests.is_empty() {
            let have = (0..self.test.len())
                .map(|test| {
                    let of_test = primary.iter().filter(|&&i| self.test.of[i] == test).count();
                    format!("{}: {of_test}", self.test.names[test])
                })
                .collect::<Vec<_>>()
                .join(", ");
            bail!(
                "no test has {MIN_TEST_CLIPS} rated clips of a known codec whose ratings differ ({have}); other codecs are `unknown`"
            );
        }
        Ok(())
    }

    pub(super) fn clips(&self) -> usize {
        self.rated.len()
    }

    pub(super) fn is_rated(&self, clip: usize) -> bool {
        !self.rated[clip].is_nan()
    }

    pub(super) fn primary_clips(&self) -> Vec<usize> {
        (0..self.clips()).filter(|&i| self.primary[i]).collect()
    }

    /// Tests with enough primary clips for figures of their own.
    pub(super) fn judged_tests(&self) -> Vec<usize> {
        (0..self.test.len())
            .filter(|&test| {
                let rated: Vec<f64> = self
                    .primary_clips()
                    .into_iter()
                    .filter(|&i| self.test.of[i] == test)
                    .map(|i| self.rated[i])
                    .collect();
                rated.len() >= MIN_TEST_CLIPS
                    && rated.iter().any(|r| r.total_cmp(&rated[0]).is_ne())
            })
            .collect()
    }

    /// The content of a clip in its test: what shares an offset.
    pub(super) fn cell(&self, clip: usize) -> (usize, usize) {
        (self.test.of[clip], self.content.of[clip])
    }

    /// `clips` by content and test.
    pub(super) fn cells(
        &self,
        clips: impl IntoIterator<Item = usize>,
    ) -> BTreeMap<(usize, usize), Vec<usize>> {
        let mut cells: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for clip in clips {
            cells.entry(self.cell(clip)).or_default().push(clip);
        }
        cells
    }
}

/// Refuses a partition whose parts cross those of `coarser`.
fn ensure_nested(fine: &Grouping, what: &str, coarse: &Grouping, of: &str) -> Result<()> {
    let mut parent: BTreeMap<usize, usize> = BTreeMap::new();
    for (&fine_index, &coarse_index) in fine.of.iter().zip(&coarse.of) {
        let first = *parent.entry(fine_index).or_insert(coarse_index);
        ensure!(
            first == coarse_index,
            "{what} {:?} is in two {of}, {:?} and {:?}",
            fine.names[fine_index],
            coarse.names[first],
            coarse.names[coarse_index]
        );
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `laboratory/test/content` and a rating, of codec 0.
    pub(in super::super) fn clip(place: &str, rated: f64) -> DesignClip {
        let parts: Vec<&str> = place.split('/').collect();
        let content = format!("{}/{}", parts[0], parts[2]);
        DesignClip {
            laboratory: parts[0].to_owned(),
            test: format!("{}/{}", parts[0], parts[1]),
            group: content.clone(),
            content,
            codec: 0,
            rated,
        }
    }

    fn clips(places: &[&str]) -> Vec<DesignClip> {
        let rating = |i: usize| (i % 37) as f64;
        places
            .iter()
            .flat_map(|place| std::iter::repeat_n(*place, 6))
            .enumerate()
            .map(|(i, place)| clip(place, rating(i)))
            .collect()
    }

    fn error(clips: &[DesignClip], choices: &TestChoices) -> String {
        Design::new(clips, choices, 5).unwrap_err().to_string()
    }

    #[test]
    fn families_are_tests_unless_the_recipe_names_them() {
        let clips = clips(&["a/t1/x", "a/t2/x", "a/t2/y", "b/t1/z"]);
        let design = Design::new(&clips, &TestChoices::default(), 5).unwrap();
        assert_eq!(design.family.names, ["a/t1", "a/t2", "b/t1"]);
        let choices = TestChoices {
            families: [("a/both".to_owned(), vec!["a/t1".to_owned(), "a/t2".to_owned()])].into(),
            apart: vec!["b/t1".to_owned()],
        };
        let design = Design::new(&clips, &choices, 5).unwrap();
        assert_eq!(design.family.names, ["a/both", "b/t1"]);
        assert_eq!(design.primary_clips().len(), 18);
        assert_eq!(design.laboratory_of_group, [0, 0, 1]);
    }

    #[test]
    fn what_cannot_be_judged_is_refused_before_any_fit() {
        let choices = TestChoices::default();
        let mut two = clips(&["a/t/x", "a/t/y"]);
        assert!(error(&two[..6], &choices).contains("takes two contents"));
        for clip in &mut two[2..] {
            clip.codec = 5;
        }
        let text = error(&two, &choices);
        assert!(text.contains("known codec"), "{text}");
        two[6].codec = 0;
        let text = error(&two, &choices);
        assert!(
            text.contains("no test has 10 rated clips of a known codec") && text.contains("a/t: 3"),
            "{text}"
        );

        let two = clips(&["a/t/x", "a/t/y"]);
        let named = TestChoices { apart: vec!["a/u".to_owned()], ..TestChoices::default() };
        assert!(error(&two, &named).contains("names the test \"a/u\", the corpus has a/t"));
        let mut constant = two.clone();
        for clip in &mut constant {
            clip.rated = 50.0;
        }
        assert!(error(&constant, &choices).contains("ratings differ"));
        let mut crossed = two;
        crossed[0].group = "g".to_owned();
        let text = error(&crossed, &choices);
        assert!(text.contains("content \"a/x\" is in two groups"), "{text}");
    }
}
