// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which frames a log holds: their numbers, libvmaf's subsampling, gaps.

use std::collections::BTreeMap;

/// Distinct distances between frame numbers that are told apart; more are counted with the last.
const MAX_STEPS: usize = 32;

/// Frame numbers left out of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last frame before it.
    pub after: u32,
    /// The first frame after it.
    pub before: u32,
}

/// Which frames a log holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frames {
    /// Number of frames.
    pub count: u64,
    /// First and last frame number; `None` for a log without frames.
    pub range: Option<(u32, u32)>,
    /// Usual distance between frame numbers: libvmaf's subsampling; 1 if every frame is there.
    pub step: u32,
    /// How often the distance was larger than that.
    pub gap_count: u64,
    /// The first few of these gaps.
    pub gaps: Vec<Gap>,
}

/// How often frame numbers were some distance apart, and where first.
#[derive(Debug, Default)]
struct Step {
    count: u64,
    places: Vec<Gap>,
}

/// The numbers of the frames read so far.
#[derive(Debug, Default)]
pub struct Numbering {
    count: u64,
    first: u32,
    last: u32,
    /// By distance.
    steps: BTreeMap<u32, Step>,
}

impl Numbering {
    const SHOWN: usize = 5;

    /// Takes the next frame's number, or says what is wrong with it.
    pub fn push(&mut self, frame: u32) -> Result<(), String> {
        if self.count == 0 {
            self.first = frame;
        } else if frame == self.last {
            return Err("this frame number is there twice".to_owned());
        } else if frame < self.last {
            return Err(format!("frame numbers must rise, got {frame} behind {}", self.last));
        } else {
            let distance = frame - self.last;
            let known = self.steps.len() < MAX_STEPS || self.steps.contains_key(&distance);
            let step = if known {
                self.steps.entry(distance).or_default()
            } else {
                self.steps.last_entry().expect("there are steps").into_mut()
            };
            step.count += 1;
            if step.places.len() < Self::SHOWN {
                step.places.push(Gap { after: self.last, before: frame });
            }
        }
        self.last = frame;
        self.count += 1;
        Ok(())
    }

    /// The last frame's number.
    pub fn last(&self) -> Option<u32> {
        (self.count > 0).then_some(self.last)
    }

    pub fn frames(&self) -> Frames {
        let mut steps = self.steps.iter();
        let step = steps.next().map_or(1, |(step, _)| *step);
        let mut gaps: Vec<Gap> = Vec::new();
        let mut gap_count = 0;
        for (_, larger) in steps {
            gap_count += larger.count;
            gaps.extend(&larger.places);
        }
        gaps.sort_by_key(|gap| gap.after);
        gaps.truncate(Self::SHOWN);
        Frames {
            count: self.count,
            range: (self.count > 0).then_some((self.first, self.last)),
            step,
            gap_count,
            gaps,
        }
    }
}
