// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What tests and contents add to a rating. Fitted along, so that the network has no reason to learn them, and dropped.

use std::collections::BTreeMap;

use super::problem::RatedSample;
use crate::corpus::Corpus;
use crate::recipe::{EffectPenalties, SPREAD};

/// What tests and contents add to a rating, apart from what the network says: means over the members.
///
/// A rating is (1 + slope) x f + offset of its test + offset of its content + offset of its content in that test, where f is
/// the score's distance from [`crate::recipe::CENTRE`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effects {
    /// Of every test with rated training clips.
    pub tests: Vec<TestEffect>,
    /// Of every content with rated training clips.
    pub contents: Vec<ContentEffect>,
    /// Of every content in every test.
    pub content_tests: Vec<ContentTestEffect>,
}

/// How a test uses the scale.
#[derive(Debug, Clone, PartialEq)]
pub struct TestEffect {
    /// The laboratory.
    pub laboratory: String,
    /// The test.
    pub dataset: String,
    /// In points.
    pub offset: f64,
    /// 0 is the slope of the network's own scale.
    pub slope: f64,
    /// Rated training clips.
    pub clips: usize,
}

/// What all encodes of a content share.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentEffect {
    /// The content.
    pub content: String,
    /// In points.
    pub offset: f64,
    /// Rated training clips.
    pub clips: usize,
}

/// What all encodes of a content share in one test.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentTestEffect {
    /// The laboratory.
    pub laboratory: String,
    /// The test.
    pub dataset: String,
    /// The content.
    pub content: String,
    /// In points.
    pub offset: f64,
    /// Rated training clips.
    pub clips: usize,
}

/// Which effects a rated clip has: places in one vector of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    offset: usize,
    slope: usize,
    content: usize,
    content_test: usize,
}

/// The effects of rated clips as one vector of numbers: offsets of tests, slopes of tests, contents, contents in tests.
pub(super) struct EffectLayout {
    tests: Vec<(String, String)>,
    contents: Vec<String>,
    pairs: Vec<((String, String), String)>,
    /// Of every rated clip.
    pub(super) places: Vec<Places>,
}

/// A clip's rating as its network output and its effects make it.
pub(super) fn rating(numbers: &[f32], places: Places, output: f32) -> f32 {
    (1.0 + numbers[places.slope]) * output
        + numbers[places.offset]
        + numbers[places.content]
        + numbers[places.content_test]
}

/// Adds the gradient of a loss by the effects, from its derivative by the rating; returns the one by the output.
pub(super) fn add_gradient(
    numbers: &[f32],
    places: Places,
    output: f32,
    by_rating: f32,
    gradient: &mut [f32],
) -> f32 {
    gradient[places.offset] += by_rating;
    gradient[places.slope] += by_rating * output;
    gradient[places.content] += by_rating;
    gradient[places.content_test] += by_rating;
    by_rating * (1.0 + numbers[places.slope])
}

impl EffectLayout {
    pub(super) fn new(corpus: &Corpus, rated: &[RatedSample]) -> Self {
        let keys: Vec<((String, String), String)> = rated
            .iter()
            .map(|sample| {
                let clip = &corpus.clips[sample.clip];
                ((clip.laboratory.clone(), clip.dataset.clone()), clip.content.clone())
            })
            .collect();
        let tests = number(keys.iter().map(|(test, _)| test.clone()));
        let contents = number(keys.iter().map(|(_, content)| content.clone()));
        let pairs = number(keys.iter().cloned());
        let places = keys
            .iter()
            .map(|key| Places {
                offset: tests[&key.0],
                slope: tests.len() + tests[&key.0],
                content: 2 * tests.len() + contents[&key.1],
                content_test: 2 * tests.len() + contents.len() + pairs[key],
            })
            .collect();
        Self {
            tests: tests.into_keys().collect(),
            contents: contents.into_keys().collect(),
            pairs: pairs.into_keys().collect(),
            places,
        }
    }

    /// How many numbers.
    pub(super) fn len(&self) -> usize {
        2 * self.tests.len() + self.contents.len() + self.pairs.len()
    }

    /// Penalty on the square of each number.
    pub(super) fn penalties(&self, recipe: &EffectPenalties) -> Vec<f32> {
        [
            (recipe.test_offset, self.tests.len()),
            (recipe.test_slope, self.tests.len()),
            (recipe.content, self.contents.len()),
            (recipe.content_test, self.pairs.len()),
        ]
        .into_iter()
        .flat_map(|(penalty, n)| std::iter::repeat_n(penalty as f32, n))
        .collect()
    }

    /// The effects by name, as means over the members' numbers.
    pub(super) fn describe(&self, members: &[Vec<f32>]) -> Effects {
        let mean = |i: usize| {
            members.iter().map(|numbers| f64::from(numbers[i])).sum::<f64>() / members.len() as f64
        };
        let clips = |is: &dyn Fn(&Places) -> bool| self.places.iter().filter(|p| is(p)).count();
        let [tests, contents] = [self.tests.len(), self.contents.len()];
        Effects {
            tests: self
                .tests
                .iter()
                .enumerate()
                .map(|(i, (laboratory, dataset))| TestEffect {
                    laboratory: laboratory.clone(),
                    dataset: dataset.clone(),
                    offset: SPREAD * mean(i),
                    slope: mean(tests + i),
                    clips: clips(&|p| p.offset == i),
                })
                .collect(),
            contents: self
                .contents
                .iter()
                .enumerate()
                .map(|(i, content)| ContentEffect {
                    content: content.clone(),
                    offset: SPREAD * mean(2 * tests + i),
                    clips: clips(&|p| p.content == 2 * tests + i),
                })
                .collect(),
            content_tests: self
                .pairs
                .iter()
                .enumerate()
                .map(|(i, ((laboratory, dataset), content))| {
                    let i = 2 * tests + contents + i;
                    ContentTestEffect {
                        laboratory: laboratory.clone(),
                        dataset: dataset.clone(),
                        content: content.clone(),
                        offset: SPREAD * mean(i),
                        clips: clips(&|p| p.content_test == i),
                    }
                })
                .collect(),
        }
    }
}

/// Numbers the distinct keys in their order.
fn number<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut numbers: BTreeMap<K, usize> = keys.map(|key| (key, 0)).collect();
    for (i, number) in numbers.values_mut().enumerate() {
        *number = i;
    }
    numbers
}
