// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One frame of a log.

use vmaf_fr_v2::catalogue::{self, Identical};

use super::cursor::{Cursor, Stop};
use super::names::Names;
use super::number::Value;

/// What to do about a value that libvmaf could not compute (`null`, `nan`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotANumber {
    /// The value is missing in that frame: NaN in the row, counted in [`Presence::not_a_number`].
    #[default]
    Missing,
    /// An error that names the frame and the feature.
    Refused,
}

/// The bytes between two values of a frame's `metrics`, as the frame before had them.
///
/// libvmaf writes the same keys in the same order for every frame, so that one comparison usually finds
/// key, colon and white space at once.
#[derive(Debug)]
struct Lead {
    bytes: Vec<u8>,
    key: Option<u32>,
}

/// Finds the wanted features in one frame.
#[derive(Debug)]
pub struct FrameParser {
    features: Vec<String>,
    names: Names,
    /// What stands in for infinity in each column, if libvmaf writes that for identical pictures.
    identical: Vec<Option<f64>>,
    leads: Vec<Lead>,
    /// The rank of the key that gave each column its value in this frame.
    ranks: Vec<u8>,
    not_a_number: Vec<bool>,
    /// Number of the frame that is being read, and where it stands.
    pub frame: Option<u32>,
    pub frame_at: usize,
    pub policy: NotANumber,
}

const ABSENT: u8 = u8::MAX;

/// What a frame has of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Number,
    NotANumber,
    Nothing,
}

impl FrameParser {
    pub fn new<S: AsRef<str>>(features: &[S]) -> Self {
        Self {
            features: features.iter().map(|name| name.as_ref().to_owned()).collect(),
            names: Names::new(features),
            identical: features.iter().map(|name| identical(name.as_ref())).collect(),
            leads: Vec::new(),
            ranks: vec![ABSENT; features.len()],
            not_a_number: vec![false; features.len()],
            frame: None,
            frame_at: 0,
            policy: NotANumber::default(),
        }
    }

    /// What the frame read last has of each feature.
    pub fn found(&self) -> impl Iterator<Item = Found> {
        self.ranks.iter().zip(&self.not_a_number).map(|(rank, not_a_number)| match rank {
            &ABSENT => Found::Nothing,
            _ if *not_a_number => Found::NotANumber,
            _ => Found::Number,
        })
    }

    /// Reads one frame's object; the cursor stands on its first byte.
    #[expect(clippy::cast_sign_loss, reason = "frame numbers are checked to be in range")]
    pub fn frame(&mut self, cursor: &mut Cursor<'_>, row: &mut [f64]) -> Result<u32, Stop> {
        self.frame = None;
        row.fill(f64::NAN);
        self.ranks.fill(ABSENT);
        self.not_a_number.fill(false);
        let open = cursor.pos;
        cursor.expect(b'{', "a frame's object")?;
        let mut metrics = false;
        let mut first = true;
        loop {
            match cursor.next_token()? {
                b'}' => break,
                b',' if !first => cursor.pos += 1,
                _ if first => {}
                _ => return Err(cursor.bad(cursor.pos, "',' or '}'")),
            }
            first = false;
            cursor.next_token()?;
            let at = cursor.pos;
            match cursor.key()?.as_ref() {
                "frameNum" => {
                    if self.frame.is_some() {
                        return Err(Stop::wrong(at, "this frame has two members 'frameNum'"));
                    }
                    let at = cursor.pos;
                    match cursor.value() {
                        Ok(Value::Number(number))
                            if number.fract() == 0.0
                                && (0.0..=f64::from(u32::MAX)).contains(&number) =>
                        {
                            self.frame = Some(number as u32);
                            self.frame_at = at;
                        }
                        Err(Stop::More) => return Err(Stop::More),
                        _ => return Err(cursor.bad(at, "a frame number (0 or more)")),
                    }
                }
                "metrics" => {
                    if metrics {
                        return Err(Stop::wrong(at, "this frame has two members 'metrics'"));
                    }
                    metrics = true;
                    self.metrics(cursor, row)?;
                }
                _ => cursor.skip_value()?,
            }
        }
        cursor.pos += 1;
        let Some(frame) = self.frame else {
            return Err(Stop::wrong(open, "this frame has no 'frameNum'"));
        };
        if !metrics {
            return Err(Stop::wrong(open, "this frame has no 'metrics'"));
        }
        Ok(frame)
    }

    fn metrics(&mut self, cursor: &mut Cursor<'_>, row: &mut [f64]) -> Result<(), Stop> {
        cursor.expect(b'{', "an object of metrics")?;
        let mut index = 0;
        loop {
            let key = match self.leads.get(index) {
                Some(lead) if cursor.take(&lead.bytes) => lead.key,
                _ => match self.learn(cursor, index)? {
                    Some(key) => key,
                    None => return Ok(()),
                },
            };
            match key {
                Some(key) => self.wanted(cursor, key, row)?,
                None => cursor.skip_value()?,
            }
            index += 1;
        }
    }

    /// Reads up to the next value and remembers the way there; `None` at the end of the metrics.
    #[cold]
    #[expect(
        clippy::option_option,
        reason = "the end of the object; a key; whether it is a wanted one"
    )]
    fn learn(
        &mut self,
        cursor: &mut Cursor<'_>,
        index: usize,
    ) -> Result<Option<Option<u32>>, Stop> {
        let from = cursor.pos;
        match cursor.next_token()? {
            b'}' => {
                cursor.pos += 1;
                return Ok(None);
            }
            b',' if index > 0 => cursor.pos += 1,
            _ if index == 0 => {}
            _ => return Err(cursor.bad(cursor.pos, "',' or '}'")),
        }
        let key = self.names.index(cursor.key()?.as_ref());
        if self.leads.len() == index {
            self.leads.push(Lead { bytes: Vec::new(), key });
        }
        let lead = &mut self.leads[index];
        lead.key = key;
        lead.bytes.clear();
        lead.bytes.extend_from_slice(cursor.since(from));
        Ok(Some(key))
    }

    fn wanted(&mut self, cursor: &mut Cursor<'_>, key: u32, row: &mut [f64]) -> Result<(), Stop> {
        let at = cursor.pos;
        let value = cursor.value();
        for target in self.names.targets(key) {
            let column = usize::from(target.column);
            let failed = |stop: Stop| match stop {
                Stop::Bad(mut bad) => {
                    bad.feature = Some(self.features[column].clone());
                    Stop::Bad(bad)
                }
                Stop::More => Stop::More,
            };
            let (number, not_a_number) = match value {
                Ok(Value::Number(number)) => (number, false),
                Ok(other) => {
                    if let Some(number) = self.identical[column]
                        && stands_for_infinity(cursor.since(at))
                    {
                        (number, false)
                    } else if other == Value::NotANumber && self.policy == NotANumber::Missing {
                        (f64::NAN, true)
                    } else {
                        return Err(failed(cursor.bad(at, "a finite number")));
                    }
                }
                Err(Stop::More) => return Err(Stop::More),
                Err(Stop::Bad(_)) => return Err(failed(cursor.bad(at, "a number"))),
            };
            let rank = &mut self.ranks[column];
            match target.rank.cmp(rank) {
                std::cmp::Ordering::Less => {
                    *rank = target.rank;
                    row[column] = number;
                    self.not_a_number[column] = not_a_number;
                }
                std::cmp::Ordering::Equal => {
                    return Err(failed(Stop::wrong(at, "the value is there twice")));
                }
                std::cmp::Ordering::Greater => {}
            }
        }
        Ok(())
    }
}

/// The number that stands in for a feature's infinity.
fn identical(feature: &str) -> Option<f64> {
    match catalogue::feature(feature)?.identical {
        Identical::Infinite(number) => Some(number),
        _ => None,
    }
}

/// Whether this is how libvmaf's versions write the infinity of identical pictures; newer ones write `null`.
#[cold]
fn stands_for_infinity(token: &[u8]) -> bool {
    matches!(token.to_ascii_lowercase().as_slice(), b"null" | b"inf" | b"infinity")
}
