// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Reads libvmaf's JSON logs frame by frame, in constant memory.
//!
//! ```
//! # fn main() -> Result<(), vmaf_fr_measure::log::LogError> {
//! use vmaf_fr_measure::log::LogReader;
//!
//! let json = br#"{"version": "2.3.1", "frames": [
//!     {"frameNum": 0, "metrics": {"integer_adm2": 0.98, "psnr_y": 41.5}}]}"#;
//! let mut log = LogReader::new(&json[..], "clip.json", &["adm2", "psnr_y", "cambi"]);
//! let mut row = [0.0; 3];
//! while let Some(frame) = log.next_frame(&mut row)? {
//!     assert_eq!((frame, row[0], row[1]), (0, 0.98, 41.5));
//!     assert!(row[2].is_nan());
//! }
//! assert_eq!(log.presence()[2].absent, 1);
//! # Ok(())
//! # }
//! ```

mod cursor;
mod error;
mod frame;
mod names;
mod number;
mod numbering;
mod outline;
mod window;

use std::io::Read;

use cursor::{Bad, Cursor, Stop};
pub use error::LogError;
pub use frame::NotANumber;
use frame::{Found, FrameParser};
use numbering::Numbering;
pub use numbering::{Frames, Gap};
use outline::{Item, State};
#[cfg(doc)]
use vmaf_fr_v2::catalogue::log_names;
use window::Window;

/// The longest frame, or member beside the frames, that is held in memory.
const MAX_ITEM: usize = 4 << 20;

/// In how many frames a feature was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Presence {
    /// Frames with a number.
    pub present: u64,
    /// Frames without any of the feature's keys.
    pub absent: u64,
    /// The first of them: frame number and line.
    pub first_absent: Option<(u32, u64)>,
    /// Frames in which the value is `null` or not a number.
    pub not_a_number: u64,
    /// The first of them: frame number and line.
    pub first_not_a_number: Option<(u32, u64)>,
}

/// Reads the frames of one libvmaf JSON log.
#[derive(Debug)]
pub struct LogReader<R> {
    name: String,
    window: Window<R>,
    parser: FrameParser,
    state: State,
    version: Option<String>,
    frames_seen: bool,
    numbering: Numbering,
    presence: Vec<Presence>,
}

impl<R: Read> LogReader<R> {
    /// Reads from `source` the values of `features` (the model's names, see [`log_names`]); `name` stands in
    /// errors. No buffering is needed around `source`.
    ///
    /// # Panics
    ///
    /// With 65,536 features or more.
    pub fn new<S: AsRef<str>>(source: R, name: &str, features: &[S]) -> Self {
        Self {
            name: name.to_owned(),
            window: Window::new(source),
            parser: FrameParser::new(features),
            state: State::Start,
            version: None,
            frames_seen: false,
            numbering: Numbering::default(),
            presence: vec![Presence::default(); features.len()],
        }
    }

    /// What to do about `null` and not-a-number values; [`NotANumber::Missing`] unless set.
    #[must_use]
    pub fn not_a_number(mut self, policy: NotANumber) -> Self {
        self.parser.policy = policy;
        self
    }

    /// Reads the next frame's values into `row`, NaN where a feature is absent, and returns its number; `None`
    /// after the last frame, when the rest of the log has been checked too.
    ///
    /// After an error the reader must not be used again.
    ///
    /// # Panics
    ///
    /// When `row` is not as long as the list of features.
    pub fn next_frame(&mut self, row: &mut [f64]) -> Result<Option<u32>, LogError> {
        assert_eq!(row.len(), self.presence.len(), "one value per feature");
        loop {
            if self.state == State::End {
                return self.finish().map(|()| None);
            }
            match self.step(row)? {
                Item::Frame(frame) => {
                    self.state = State::Frames { first: false };
                    self.take_note(frame);
                    return Ok(Some(frame));
                }
                Item::Version(version) => {
                    self.version = Some(version);
                    self.state = State::Members { first: false };
                }
                Item::Skipped => self.state = State::Members { first: false },
                Item::Moved(state) => {
                    self.frames_seen |= matches!(state, State::Frames { .. });
                    self.state = state;
                }
            }
        }
    }

    /// The version of libvmaf that the log names; known at the end at the latest.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Which frames were read so far.
    pub fn frames(&self) -> Frames {
        self.numbering.frames()
    }

    /// For each feature, in how many of the frames read so far it was there.
    pub fn presence(&self) -> &[Presence] {
        &self.presence
    }

    /// Takes the next item; where the window ends within it, reads on and takes it from its start again.
    fn step(&mut self, row: &mut [f64]) -> Result<Item, LogError> {
        loop {
            let mut cursor = Cursor::new(self.window.unread());
            let found = match self.state {
                State::Start => outline::start(&mut cursor),
                State::Members { first } => outline::member(&mut cursor, first, self.frames_seen),
                State::Frames { first } => {
                    outline::frame(&mut cursor, first, &mut self.parser, row)
                }
                State::End => unreachable!("the caller ends there"),
            };
            let pos = cursor.pos;
            match found {
                Ok(found) => {
                    if let Item::Frame(frame) = found
                        && let Err(problem) = self.numbering.push(frame)
                    {
                        return Err(self.error_at(Bad {
                            at: self.parser.frame_at,
                            feature: None,
                            problem,
                        }));
                    }
                    self.window.advance(pos);
                    return Ok(found);
                }
                Err(Stop::Bad(bad)) => return Err(self.error_at(*bad)),
                Err(Stop::More) => self.more()?,
            }
        }
    }

    #[cold]
    fn more(&mut self) -> Result<(), LogError> {
        let unread = self.window.unread().len();
        let problem = if self.window.at_end() {
            match self.state {
                State::Start => "the log is empty".to_owned(),
                State::Frames { .. } => match self.parser.frame {
                    Some(_) => "the log ends in the middle of this frame".to_owned(),
                    None => match self.numbering.last() {
                        Some(last) => {
                            format!("the log ends after frame {last}, before its frames are closed")
                        }
                        None => "the log ends before its first frame".to_owned(),
                    },
                },
                _ => "the log ends before it is closed by '}'".to_owned(),
            }
        } else if unread >= MAX_ITEM {
            format!("an item is longer than {MAX_ITEM} bytes: this is no libvmaf log")
        } else {
            return self.window.refill().map_err(|error| LogError {
                log: self.name.clone(),
                place: None,
                frame: None,
                feature: None,
                problem: format!("cannot be read: {error}"),
                source: Some(error),
            });
        };
        let at = if self.window.at_end() { unread } else { 0 };
        Err(self.error_at(Bad { at, feature: None, problem }))
    }

    #[cold]
    fn error_at(&self, bad: Bad) -> LogError {
        let in_frame = matches!(self.state, State::Frames { .. });
        LogError {
            log: self.name.clone(),
            place: Some(self.window.place(bad.at)),
            frame: self.parser.frame.filter(|_| in_frame),
            feature: bad.feature,
            problem: bad.problem,
            source: None,
        }
    }

    /// Counts which features a frame had.
    fn take_note(&mut self, frame: u32) {
        let place = Some((frame, self.window.place(0).0));
        for (presence, found) in self.presence.iter_mut().zip(self.parser.found()) {
            match found {
                Found::Number => presence.present += 1,
                Found::NotANumber => {
                    presence.not_a_number += 1;
                    presence.first_not_a_number = presence.first_not_a_number.or(place);
                }
                Found::Nothing => {
                    presence.absent += 1;
                    presence.first_absent = presence.first_absent.or(place);
                }
            }
        }
    }

    /// After the log there may be white space, and there must have been frames.
    fn finish(&mut self) -> Result<(), LogError> {
        loop {
            let mut cursor = Cursor::new(self.window.unread());
            match cursor.next_token() {
                Ok(_) => {
                    let bad = cursor.bad(cursor.pos, "the end of the file");
                    let Stop::Bad(bad) = bad else { unreachable!("a bad token") };
                    return Err(self.error_at(*bad));
                }
                Err(_) if self.window.at_end() => break,
                Err(_) => {
                    self.window.advance(self.window.unread().len());
                    self.more()?;
                }
            }
        }
        if self.frames_seen {
            Ok(())
        } else {
            Err(self.error_at(Bad {
                at: 0,
                feature: None,
                problem: "the log has no 'frames': this is no libvmaf JSON log".to_owned(),
            }))
        }
    }
}

#[cfg(test)]
mod tests;
