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
mod keys;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, Read};

use cursor::{Bad, Cursor, Stop, Value};
pub use keys::log_keys;

/// Bytes asked for at a time: large enough that reading costs little, small enough to stay in the cache.
const CHUNK: usize = 256 << 10;
/// The longest frame, or member beside the frames, that is held in memory.
const MAX_ITEM: usize = 4 << 20;
/// Distinct distances between frame numbers that are told apart; more are counted with the last.
const MAX_STEPS: usize = 32;

/// What is wrong with a log, and where.
#[derive(Debug)]
pub struct LogError {
    log: String,
    place: Option<(u64, u64)>,
    frame: Option<u32>,
    feature: Option<String>,
    problem: String,
    source: Option<io::Error>,
}

impl LogError {
    /// Line and column, both counted from 1, where the place is known.
    pub fn place(&self) -> Option<(u64, u64)> {
        self.place
    }

    /// The frame number, where it is known.
    pub fn frame(&self) -> Option<u32> {
        self.frame
    }

    /// The feature whose value is wrong, as the model calls it, where it is a value.
    pub fn feature(&self) -> Option<&str> {
        self.feature.as_deref()
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.log)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(frame) = self.frame {
            write!(f, ": frame {frame}")?;
        }
        if let Some(feature) = &self.feature {
            write!(f, ": {feature}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

/// What to do about a value that libvmaf could not compute (`null`, `nan`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotANumber {
    /// The value is missing in that frame: NaN in the row, counted in [`Presence::not_a_number`].
    #[default]
    Missing,
    /// An error that names the frame and the feature.
    Refused,
}

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

/// Frame numbers left out of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last frame before it.
    pub after: u32,
    /// The first frame behind it.
    pub before: u32,
}

/// Which frames a log holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frames {
    /// Number of frames.
    pub count: u64,
    /// First and last frame number; `None` for a log without frames.
    pub range: Option<(u32, u32)>,
    /// Usual distance between frame numbers: libvmaf's subsampling; 1 where every frame is there.
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

#[derive(Debug, Default)]
struct Numbering {
    count: u64,
    first: u32,
    last: u32,
    /// The frame before, for the common case of one distance all along.
    steps: BTreeMap<u32, Step>,
}

impl Numbering {
    const SHOWN: usize = 5;

    fn push(&mut self, frame: u32) -> Result<(), String> {
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

    fn frames(&self) -> Frames {
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

/// The part of the log that is in memory.
#[derive(Debug)]
struct Window<R> {
    source: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    /// Newlines before `bytes[0]`, and bytes between the last of them and it.
    lines: u64,
    column: u64,
}

impl<R: Read> Window<R> {
    fn new(source: R) -> Self {
        Self { source, bytes: vec![0; CHUNK], start: 0, end: 0, eof: false, lines: 0, column: 0 }
    }

    fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Line and column of the byte at `offset` of the unread ones, both from 1.
    fn place(&self, offset: usize) -> (u64, u64) {
        let before = &self.bytes[..(self.start + offset).min(self.end)];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let column = match memchr::memrchr(b'\n', before) {
            Some(newline) => (before.len() - newline - 1) as u64,
            None => self.column + before.len() as u64,
        };
        (self.lines + lines + 1, column + 1)
    }

    /// Drops what was read and reads on; the unread bytes stay. Grows only for an item longer than the window.
    fn refill(&mut self) -> io::Result<()> {
        let (line, column) = self.place(0);
        self.lines = line - 1;
        self.column = column - 1;
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.bytes.len() {
            self.bytes.resize(2 * self.end, 0);
        }
        loop {
            match self.source.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

/// A wanted feature that a key of the log holds, and how much that key is preferred (0 most).
#[derive(Debug, Clone, Copy)]
struct Target {
    column: u16,
    rank: u8,
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
struct FrameParser {
    features: Vec<String>,
    keys: HashMap<String, u32>,
    targets: Vec<Vec<Target>>,
    leads: Vec<Lead>,
    /// The rank of the key that gave each column its value in this frame.
    ranks: Vec<u8>,
    not_a_number: Vec<bool>,
    /// Number of the frame that is being read, and where it stands.
    frame: Option<u32>,
    frame_at: usize,
    policy: NotANumber,
}

const ABSENT: u8 = u8::MAX;

impl FrameParser {
    fn new<S: AsRef<str>>(features: &[S]) -> Self {
        let mut keys = HashMap::new();
        let mut targets: Vec<Vec<Target>> = Vec::new();
        for (column, feature) in features.iter().enumerate() {
            for (rank, key) in log_keys(feature.as_ref()).into_iter().enumerate() {
                let index = *keys.entry(key).or_insert_with(|| {
                    targets.push(Vec::new());
                    targets.len() as u32 - 1
                });
                targets[index as usize].push(Target {
                    column: u16::try_from(column).expect("fewer than 65,536 features"),
                    rank: rank as u8,
                });
            }
        }
        Self {
            features: features.iter().map(|name| name.as_ref().to_owned()).collect(),
            keys,
            targets,
            leads: Vec::new(),
            ranks: vec![ABSENT; features.len()],
            not_a_number: vec![false; features.len()],
            frame: None,
            frame_at: 0,
            policy: NotANumber::default(),
        }
    }

    /// Reads one frame's object; the cursor stands on its first byte.
    #[expect(clippy::cast_sign_loss, reason = "frame numbers are checked to be in range")]
    fn frame(&mut self, cursor: &mut Cursor<'_>, row: &mut [f64]) -> Result<u32, Stop> {
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
                        return Err(wrong(at, "this frame has two members 'frameNum'"));
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
                        return Err(wrong(at, "this frame has two members 'metrics'"));
                    }
                    metrics = true;
                    self.metrics(cursor, row)?;
                }
                _ => cursor.skip_value()?,
            }
        }
        cursor.pos += 1;
        let Some(frame) = self.frame else {
            return Err(wrong(open, "this frame has no 'frameNum'"));
        };
        if !metrics {
            return Err(wrong(open, "this frame has no 'metrics'"));
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
        let key = self.keys.get(cursor.key()?.as_ref()).copied();
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
        for target in &self.targets[key as usize] {
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
                Ok(Value::NotANumber | Value::Infinite)
                    if is_of_identical_pictures(&self.features[column], cursor.since(at)) =>
                {
                    (IDENTICAL_DB, false)
                }
                Ok(Value::NotANumber) if self.policy == NotANumber::Missing => (f64::NAN, true),
                Ok(Value::NotANumber | Value::Infinite) => {
                    return Err(failed(cursor.bad(at, "a finite number")));
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
                    return Err(failed(wrong(at, "the value is there twice")));
                }
                std::cmp::Ordering::Greater => {}
            }
        }
        Ok(())
    }
}

/// What features in decibels are for identical pictures: libvmaf's own cap on the PSNR of 8-bit pictures. The
/// bridge in `vmaf_fr_v2_libvmaf.h` takes the same.
const IDENTICAL_DB: f64 = 60.0;

/// libvmaf caps PSNR, but lets PSNR-HVS and CIEDE2000 of identical pictures be infinite, and its newer versions
/// write `null` for that.
#[cold]
fn is_of_identical_pictures(feature: &str, token: &[u8]) -> bool {
    (feature == "ciede2000" || feature.starts_with("psnr_hvs"))
        && matches!(token.to_ascii_lowercase().as_slice(), b"null" | b"inf" | b"infinity")
}

#[cold]
fn wrong(at: usize, problem: &str) -> Stop {
    Stop::Bad(Box::new(Bad { at, feature: None, problem: problem.to_owned() }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// Between the members of the log; `first` before any.
    Members {
        first: bool,
    },
    Frames {
        first: bool,
    },
    End,
}

/// What one step through the log found.
enum Found {
    Frame(u32),
    Version(String),
    Moved(State),
    Skipped,
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
    /// Reads from `source` the values of `features` (the model's names, see [`log_keys`]); `name` stands in
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
                Found::Frame(frame) => {
                    self.state = State::Frames { first: false };
                    self.take_note(frame);
                    return Ok(Some(frame));
                }
                Found::Version(version) => {
                    self.version = Some(version);
                    self.state = State::Members { first: false };
                }
                Found::Skipped => self.state = State::Members { first: false },
                Found::Moved(state) => {
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
    fn step(&mut self, row: &mut [f64]) -> Result<Found, LogError> {
        loop {
            let mut cursor = Cursor::new(self.window.unread());
            let found = match self.state {
                State::Start => start(&mut cursor),
                State::Members { first } => member(&mut cursor, first, self.frames_seen),
                State::Frames { first } => frame(&mut cursor, first, &mut self.parser, row),
                State::End => unreachable!("the caller ends there"),
            };
            let pos = cursor.pos;
            match found {
                Ok(found) => {
                    if let Found::Frame(frame) = found
                        && let Err(problem) = self.numbering.push(frame)
                    {
                        return Err(self.error_at(Bad {
                            at: self.parser.frame_at,
                            feature: None,
                            problem,
                        }));
                    }
                    self.window.start += pos;
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
        let problem = if self.window.eof {
            match self.state {
                State::Start => "the log is empty".to_owned(),
                State::Frames { .. } => match self.parser.frame {
                    Some(_) => "the log ends in the middle of this frame".to_owned(),
                    None if self.numbering.count > 0 => {
                        format!(
                            "the log ends after frame {}, before its frames are closed",
                            self.numbering.last
                        )
                    }
                    None => "the log ends before its first frame".to_owned(),
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
        let at = if self.window.eof { unread } else { 0 };
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
        for (column, presence) in self.presence.iter_mut().enumerate() {
            if self.parser.ranks[column] == ABSENT {
                presence.absent += 1;
                if presence.first_absent.is_none() {
                    presence.first_absent = Some((frame, self.window.place(0).0));
                }
            } else if self.parser.not_a_number[column] {
                presence.not_a_number += 1;
                if presence.first_not_a_number.is_none() {
                    presence.first_not_a_number = Some((frame, self.window.place(0).0));
                }
            } else {
                presence.present += 1;
            }
        }
    }

    /// Behind the log there may be white space, and there must have been frames.
    fn finish(&mut self) -> Result<(), LogError> {
        loop {
            let mut cursor = Cursor::new(self.window.unread());
            match cursor.next_token() {
                Ok(_) => {
                    let bad = cursor.bad(cursor.pos, "the end of the file");
                    let Stop::Bad(bad) = bad else { unreachable!("a bad token") };
                    return Err(self.error_at(*bad));
                }
                Err(_) if self.window.eof => break,
                Err(_) => {
                    self.window.start = self.window.end;
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

fn start(cursor: &mut Cursor<'_>) -> Result<Found, Stop> {
    const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
    if !cursor.take(UTF8_MARK) && UTF8_MARK.starts_with(cursor.rest()) {
        return Err(Stop::More);
    }
    let instead = match cursor.next_token()? {
        b'{' => {
            cursor.pos += 1;
            return Ok(Found::Moved(State::Members { first: true }));
        }
        b'<' => "an XML log (write it with 'vmaf --json' or 'log_fmt=json')",
        b'F' => "a CSV log (write it with 'vmaf --json' or 'log_fmt=json')",
        0x1f => "a gzip file (pipe it in: 'zcat LOG.gz | vmaf-fr score -')",
        0xff | 0xfe => "text in UTF-16 (PowerShell's '>' writes that: let the tool write the file)",
        _ => return Err(cursor.bad(cursor.pos, "a libvmaf JSON log ('{')")),
    };
    Err(wrong(cursor.pos, &format!("expected a libvmaf JSON log, got {instead}")))
}

fn member(cursor: &mut Cursor<'_>, first: bool, frames_seen: bool) -> Result<Found, Stop> {
    match cursor.next_token()? {
        b'}' => {
            cursor.pos += 1;
            return Ok(Found::Moved(State::End));
        }
        b',' if !first => cursor.pos += 1,
        _ if first => {}
        _ => return Err(cursor.bad(cursor.pos, "',' or '}'")),
    }
    cursor.next_token()?;
    let at = cursor.pos;
    match cursor.key()?.as_ref() {
        "frames" if frames_seen => Err(wrong(at, "the log has two members 'frames'")),
        "frames" => {
            cursor.expect(b'[', "an array of frames")?;
            Ok(Found::Moved(State::Frames { first: true }))
        }
        "version" if cursor.peek()? == b'"' => cursor.text().map(Found::Version),
        _ => cursor.skip_value().map(|()| Found::Skipped),
    }
}

fn frame(
    cursor: &mut Cursor<'_>,
    first: bool,
    parser: &mut FrameParser,
    row: &mut [f64],
) -> Result<Found, Stop> {
    parser.frame = None;
    match cursor.next_token()? {
        b']' => {
            cursor.pos += 1;
            return Ok(Found::Moved(State::Members { first: false }));
        }
        // libvmaf writes a comma before the first frame, too, when that is not frame 0.
        b',' => {
            cursor.pos += 1;
            cursor.next_token()?;
        }
        _ if first => {}
        _ => return Err(cursor.bad(cursor.pos, "',' or ']'")),
    }
    parser.frame(cursor, row).map(Found::Frame)
}

#[cfg(test)]
mod tests;
