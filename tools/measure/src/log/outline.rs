// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A log around its frames: the object, its members, the list of frames.

use super::cursor::{Cursor, Stop};
use super::frame::FrameParser;

/// Where a reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
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
pub enum Item {
    Frame(u32),
    Version(String),
    Moved(State),
    Skipped,
}

pub fn start(cursor: &mut Cursor<'_>) -> Result<Item, Stop> {
    const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
    if !cursor.take(UTF8_MARK) && UTF8_MARK.starts_with(cursor.rest()) {
        return Err(Stop::More);
    }
    let instead = match cursor.next_token()? {
        b'{' => {
            cursor.pos += 1;
            return Ok(Item::Moved(State::Members { first: true }));
        }
        b'<' => "an XML log (write it with 'vmaf --json' or 'log_fmt=json')",
        b'F' => "a CSV log (write it with 'vmaf --json' or 'log_fmt=json')",
        0x1f => "a gzip file (pipe it in: 'zcat LOG.gz | vmaf-fr score -')",
        0xff | 0xfe => "text in UTF-16 (PowerShell's '>' writes that: let the tool write the file)",
        _ => return Err(cursor.bad(cursor.pos, "a libvmaf JSON log ('{')")),
    };
    Err(Stop::wrong(cursor.pos, &format!("expected a libvmaf JSON log, got {instead}")))
}

pub fn member(cursor: &mut Cursor<'_>, first: bool, frames_seen: bool) -> Result<Item, Stop> {
    match cursor.next_token()? {
        b'}' => {
            cursor.pos += 1;
            return Ok(Item::Moved(State::End));
        }
        b',' if !first => cursor.pos += 1,
        _ if first => {}
        _ => return Err(cursor.bad(cursor.pos, "',' or '}'")),
    }
    cursor.next_token()?;
    let at = cursor.pos;
    match cursor.key()?.as_ref() {
        "frames" if frames_seen => Err(Stop::wrong(at, "the log has two members 'frames'")),
        "frames" => {
            cursor.expect(b'[', "an array of frames")?;
            Ok(Item::Moved(State::Frames { first: true }))
        }
        "version" if cursor.peek()? == b'"' => cursor.text().map(Item::Version),
        _ => cursor.skip_value().map(|()| Item::Skipped),
    }
}

pub fn frame(
    cursor: &mut Cursor<'_>,
    first: bool,
    parser: &mut FrameParser,
    row: &mut [f64],
) -> Result<Item, Stop> {
    parser.frame = None;
    match cursor.next_token()? {
        b']' => {
            cursor.pos += 1;
            return Ok(Item::Moved(State::Members { first: false }));
        }
        // libvmaf writes a comma before the first frame, too, when that is not frame 0.
        b',' => {
            cursor.pos += 1;
            cursor.next_token()?;
        }
        _ if first => {}
        _ => return Err(cursor.bad(cursor.pos, "',' or ']'")),
    }
    parser.frame(cursor, row).map(Item::Frame)
}
