// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One frame of a log.

use vmaf_fr_v2::catalogue::{self, Identical};

use super::cursor::{Cursor, Stop};
use super::names::Names;
use super::number::Value;

/// What to do about a value that libvmaf could not compute (`null`, `nan`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotANumber {
    /// The value is missing in that frame: NaN in the row, counted in [`Presence::not_a_number`](super::Presence::not_a_number).
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
    /// The wanted features, then those that say whether a `null` among them means identical pictures.
    features: Vec<String>,
    /// How many are wanted.
    wanted: usize,
    names: Names,
    /// For each wanted feature that is infinite for identical pictures: what stands in for it, and when.
    infinite: Vec<Option<Infinite>>,
    leads: Vec<Lead>,
    /// This frame's values, one for each of `features`.
    values: Vec<f64>,
    /// Where the frame has `null` for a feature that may be infinite.
    null_at: Vec<Option<usize>>,
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
        let wanted = features.len();
        let mut features: Vec<String> = features.iter().map(|name| name.as_ref().into()).collect();
        let mut infinite = Vec::with_capacity(wanted);
        for i in 0..wanted {
            infinite.push(Infinite::of(&features[i]).map(|(stands_in, psnr)| {
                let mut column = |name: &&str| {
                    features.iter().position(|f| f == name).unwrap_or_else(|| {
                        features.push((*name).to_owned());
                        features.len() - 1
                    })
                };
                Infinite {
                    stands_in,
                    psnr: psnr.iter().map(&mut column).collect(),
                    whole_picture: WHOLE_PICTURE.iter().map(&mut column).collect(),
                }
            }));
        }
        Self {
            wanted,
            names: Names::new(&features),
            infinite,
            leads: Vec::new(),
            values: vec![f64::NAN; features.len()],
            null_at: vec![None; wanted],
            ranks: vec![ABSENT; features.len()],
            not_a_number: vec![false; features.len()],
            features,
            frame: None,
            frame_at: 0,
            policy: NotANumber::default(),
        }
    }

    /// What the frame read last has of each feature.
    pub fn found(&self) -> impl Iterator<Item = Found> {
        let columns = self.ranks.iter().zip(&self.not_a_number).take(self.wanted);
        columns.map(|(rank, not_a_number)| match rank {
            &ABSENT => Found::Nothing,
            _ if *not_a_number => Found::NotANumber,
            _ => Found::Number,
        })
    }

    /// Reads one frame's object; the cursor stands on its first byte.
    #[expect(clippy::cast_sign_loss, reason = "frame numbers are checked to be in range")]
    pub fn frame(&mut self, cursor: &mut Cursor<'_>, row: &mut [f64]) -> Result<u32, Stop> {
        self.frame = None;
        self.values.fill(f64::NAN);
        self.null_at.fill(None);
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
                    self.metrics(cursor)?;
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
        self.resolve_nulls(cursor)?;
        row.copy_from_slice(&self.values[..self.wanted]);
        Ok(frame)
    }

    fn metrics(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
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
                Some(key) => self.take(cursor, key)?,
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

    /// Reads the value of a key into the columns that it serves.
    fn take(&mut self, cursor: &mut Cursor<'_>, key: u32) -> Result<(), Stop> {
        let at = cursor.pos;
        let value = cursor.value();
        if matches!(value, Err(Stop::Bad(_))) && !self.is_wanted(key) {
            cursor.pos = at;
            return cursor.skip_value();
        }
        for target in self.names.targets(key) {
            let column = usize::from(target.column);
            let wanted = column < self.wanted;
            let may_be_infinite = wanted && self.infinite[column].is_some();
            let mut null_at = None;
            let number = match value {
                Ok(Value::Number(number)) => Some(number),
                Err(Stop::More) => return Err(Stop::More),
                _ if !wanted => None,
                Err(Stop::Bad(_)) => return Err(self.failed(column, cursor.bad(at, "a number"))),
                Ok(Value::Infinite) if may_be_infinite && !negative(cursor.since(at)) => {
                    self.infinite[column].as_ref().map(|infinite| infinite.stands_in)
                }
                Ok(Value::NotANumber) => {
                    let null = cursor.since(at) == b"null";
                    null_at = (may_be_infinite && null).then_some(at);
                    if null_at.is_none() && self.policy == NotANumber::Refused {
                        return Err(self.failed(column, cursor.bad(at, "a finite number")));
                    }
                    None
                }
                Ok(_) => return Err(self.failed(column, cursor.bad(at, "a finite number"))),
            };
            let rank = &mut self.ranks[column];
            match target.rank.cmp(rank) {
                std::cmp::Ordering::Less => {
                    *rank = target.rank;
                    self.values[column] = number.unwrap_or(f64::NAN);
                    self.not_a_number[column] = number.is_none();
                    if wanted {
                        self.null_at[column] = null_at;
                    }
                }
                std::cmp::Ordering::Equal if wanted => {
                    return Err(self.failed(column, Stop::wrong(at, "the value is there twice")));
                }
                std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => {}
            }
        }
        Ok(())
    }

    /// Whether the key holds a wanted feature, not only one that says what a `null` means.
    fn is_wanted(&self, key: u32) -> bool {
        self.names.targets(key).iter().any(|target| usize::from(target.column) < self.wanted)
    }

    fn failed(&self, column: usize, stop: Stop) -> Stop {
        match stop {
            Stop::Bad(mut bad) => {
                bad.feature = Some(self.features[column].clone());
                Stop::Bad(bad)
            }
            Stop::More => Stop::More,
        }
    }

    /// Replaces each `null` that means identical pictures; the others are missing.
    ///
    /// libvmaf 2.x and later write `null` for infinity and for not-a-number alike, so the frame's other features decide.
    fn resolve_nulls(&mut self, cursor: &Cursor<'_>) -> Result<(), Stop> {
        for column in 0..self.wanted {
            let (Some(at), Some(infinite)) = (self.null_at[column], &self.infinite[column]) else {
                continue;
            };
            if infinite.means_identical(&self.values) {
                self.values[column] = infinite.stands_in;
                self.not_a_number[column] = false;
            } else if self.policy == NotANumber::Refused {
                let what =
                    "a finite number (null stands for identical pictures, which these are not)";
                return Err(self.failed(column, cursor.bad(at, what)));
            }
        }
        Ok(())
    }
}

/// Features that are 1 for identical pictures, in every log that VMAF can be computed from.
const WHOLE_PICTURE: [&str; 2] = ["adm2", "vif_scale0"];

/// How far below 1 these are for identical pictures at most: libvmaf's integer extractors round.
const ROUNDING: f64 = 1e-4;

/// A feature that is infinite for identical pictures.
#[derive(Debug)]
struct Infinite {
    stands_in: f64,
    /// Columns of the PSNRs that are at their cap then.
    psnr: Vec<usize>,
    /// Columns of [`WHOLE_PICTURE`].
    whole_picture: Vec<usize>,
}

impl Infinite {
    /// What stands in for a feature's infinity, and the PSNRs that are at their cap then.
    fn of(feature: &str) -> Option<(f64, &'static [&'static str])> {
        match catalogue::feature(feature)?.identical {
            Identical::Infinite { stands_in, psnr } => Some((stands_in, psnr)),
            _ => None,
        }
    }

    /// Whether the frame's other values allow that the planes are identical: the PSNRs or, if one is absent, ADM and VIF.
    fn means_identical(&self, values: &[f64]) -> bool {
        // The cap on the PSNR of 8-bit pictures; that of deeper ones is higher.
        let at_least = |columns: &[usize], bound: f64| {
            columns.iter().all(|&column| values[column].is_nan() || values[column] >= bound)
        };
        let all_known = self.psnr.iter().all(|&column| !values[column].is_nan());
        at_least(&self.psnr, self.stands_in)
            && (all_known || at_least(&self.whole_picture, 1.0 - ROUNDING))
    }
}

#[cold]
fn negative(token: &[u8]) -> bool {
    token.first() == Some(&b'-')
}
