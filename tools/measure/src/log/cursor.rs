// SPDX-License-Identifier: BSD-2-Clause-Patent
//! JSON tokens of a byte slice that may end in the middle of one.
//!
//! `serde_json` is not used for the frames, for two reasons: it refuses the `nan` and `inf` that libvmaf
//! before 2.1 and Python's writer put into their logs, and from a stream (constant memory) it is several times
//! slower than this, see `benches/log.rs`.

use super::number::{self, NoNumber, Value};

/// Nesting that no libvmaf log comes near, so that skipping a value cannot exhaust the stack.
const MAX_DEPTH: u32 = 64;

/// Why a token could not be taken.
#[derive(Debug)]
pub enum Stop {
    /// The slice ends here; with more bytes the token may be complete.
    More,
    /// The bytes are not what must stand here.
    Bad(Box<Bad>),
}

impl Stop {
    #[cold]
    pub fn wrong(at: usize, problem: &str) -> Self {
        Self::Bad(Box::new(Bad { at, feature: None, problem: problem.to_owned() }))
    }
}

/// A place in the slice and what is wrong there.
#[derive(Debug)]
pub struct Bad {
    /// Offset in the slice.
    pub at: usize,
    /// The feature whose value this is, if it is one.
    pub feature: Option<String>,
    /// What was expected and what stands there.
    pub problem: String,
}

/// A position in a slice of JSON.
#[derive(Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    pub pos: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, pos: 0 }
    }

    pub fn bad(&self, at: usize, expected: &str) -> Stop {
        Stop::Bad(Box::new(Bad {
            at,
            feature: None,
            problem: format!("expected {expected}, got {}", self.describe(at)),
        }))
    }

    /// The next byte, not taken.
    pub fn peek(&self) -> Result<u8, Stop> {
        self.bytes.get(self.pos).copied().ok_or(Stop::More)
    }

    /// The next byte after white space, not taken.
    pub fn next_token(&mut self) -> Result<u8, Stop> {
        loop {
            match self.peek()? {
                b' ' | b'\n' | b'\r' | b'\t' => self.pos += 1,
                byte => return Ok(byte),
            }
        }
    }

    pub fn expect(&mut self, byte: u8, expected: &str) -> Result<(), Stop> {
        if self.next_token()? == byte {
            self.pos += 1;
            Ok(())
        } else {
            Err(self.bad(self.pos, expected))
        }
    }

    /// Takes `bytes` if exactly these come next.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        let found = self.bytes[self.pos..].starts_with(bytes);
        if found {
            self.pos += bytes.len();
        }
        found
    }

    /// All that is not taken yet.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    pub fn since(&self, from: usize) -> &'a [u8] {
        &self.bytes[from..self.pos]
    }

    /// A string and the colon after it, up to the value.
    pub fn key(&mut self) -> Result<std::borrow::Cow<'a, str>, Stop> {
        match self.next_token()? {
            b'"' => {}
            // No other text has a digit here.
            b'0'..=b'9' => {
                return Err(Stop::wrong(
                    self.pos,
                    "a decimal comma before this digit? Numbers need a decimal point: write the log anew with LC_ALL=C",
                ));
            }
            _ => return Err(self.bad(self.pos, "a key in quotes")),
        }
        let from = self.pos;
        self.skip_string()?;
        let quoted = self.since(from);
        let plain = &quoted[1..quoted.len() - 1];
        let key = if plain.contains(&b'\\') {
            serde_json::from_slice::<String>(quoted).ok().map(Into::into)
        } else {
            std::str::from_utf8(plain).ok().map(Into::into)
        };
        let key = key.ok_or_else(|| Stop::wrong(from, "expected a key in UTF-8"))?;
        self.expect(b':', "':' after the key")?;
        self.next_token()?;
        Ok(key)
    }

    /// A string's text, with what is no UTF-8 replaced.
    pub fn text(&mut self) -> Result<String, Stop> {
        if self.next_token()? != b'"' {
            return Err(self.bad(self.pos, "a string"));
        }
        let from = self.pos;
        self.skip_string()?;
        let quoted = self.since(from);
        Ok(serde_json::from_slice(quoted)
            .unwrap_or_else(|_| String::from_utf8_lossy(&quoted[1..quoted.len() - 1]).into_owned()))
    }

    fn skip_string(&mut self) -> Result<(), Stop> {
        debug_assert_eq!(self.bytes[self.pos], b'"');
        let mut at = self.pos + 1;
        loop {
            match self.bytes.get(at) {
                None => return Err(Stop::More),
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(0..0x20) => return Err(self.bad(at, "a closed string")),
                Some(_) => at += 1,
            }
        }
        self.pos = at + 1;
        Ok(())
    }

    /// A number, or what libvmaf's versions write in its place.
    #[inline]
    pub fn value(&mut self) -> Result<Value, Stop> {
        match number::parse(self.rest()) {
            Ok((value, length)) => {
                self.pos += length;
                Ok(value)
            }
            Err(NoNumber::Cut) => Err(Stop::More),
            Err(NoNumber::Other) => Err(self.bad(self.pos, "a number")),
        }
    }

    /// Passes over any one value.
    pub fn skip_value(&mut self) -> Result<(), Stop> {
        self.skip_nested(0)
    }

    fn skip_nested(&mut self, depth: u32) -> Result<(), Stop> {
        if depth == MAX_DEPTH {
            return Err(Stop::Bad(Box::new(Bad {
                at: self.pos,
                feature: None,
                problem: format!("values are nested deeper than {MAX_DEPTH} levels"),
            })));
        }
        let open = self.next_token()?;
        match open {
            b'{' | b'[' => {
                let close = if open == b'{' { b'}' } else { b']' };
                self.pos += 1;
                if self.next_token()? == close {
                    self.pos += 1;
                    return Ok(());
                }
                loop {
                    if open == b'{' {
                        self.key()?;
                    }
                    self.skip_nested(depth + 1)?;
                    let byte = self.next_token()?;
                    self.pos += 1;
                    if byte == close {
                        return Ok(());
                    }
                    if byte != b',' {
                        let expected = if open == b'{' { "',' or '}'" } else { "',' or ']'" };
                        return Err(self.bad(self.pos - 1, expected));
                    }
                }
            }
            b'"' => self.skip_string(),
            b't' | b'f' => {
                let word: &[u8] = if open == b't' { b"true" } else { b"false" };
                if self.take(word) {
                    Ok(())
                } else if word.starts_with(&self.bytes[self.pos..]) {
                    Err(Stop::More)
                } else {
                    Err(self.bad(self.pos, "a value"))
                }
            }
            _ => self.value().map(drop),
        }
    }

    /// What stands at `at`, for an error message.
    pub fn describe(&self, at: usize) -> String {
        const SHOWN: usize = 24;
        let rest = &self.bytes[at.min(self.bytes.len())..];
        let shorten = |text: &[u8]| {
            let cut = &text[..text.len().min(SHOWN)];
            let dots = if text.len() > SHOWN { "..." } else { "" };
            format!("{}{dots}", String::from_utf8_lossy(cut).escape_debug())
        };
        match rest.first() {
            None => "the end of the file".to_owned(),
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "an array".to_owned(),
            Some(b'"') => {
                let text = &rest[1..];
                let end = text.iter().position(|byte| *byte == b'"').unwrap_or(text.len());
                format!("the string \"{}\"", shorten(&text[..end]))
            }
            Some(byte) if byte.is_ascii_alphanumeric() || b"+-.".contains(byte) => {
                let end = rest
                    .iter()
                    .position(|byte| byte.is_ascii_whitespace() || b",:]}\"".contains(byte))
                    .unwrap_or(rest.len());
                shorten(&rest[..end])
            }
            Some(byte) => format!("'{}'", byte.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Stop};

    #[test]
    fn what_is_no_number_is_named() {
        for text in
            ["\"0.9\"", "true", "{}", "[1]", "-", ".5", "1.", "01.5", "1.5.2e", "0x10", "1e", "--1"]
        {
            let mut bytes = text.as_bytes().to_vec();
            bytes.push(b',');
            let mut cursor = Cursor::new(&bytes);
            match cursor.value() {
                Err(Stop::Bad(bad)) => {
                    assert!(bad.problem.starts_with("expected a number, got "), "{text}");
                }
                // "1.5.2e" is a number and then something that the caller will not expect.
                Ok(_) => assert!(cursor.pos < text.len(), "{text}"),
                Err(Stop::More) => panic!("{text}"),
            }
        }
    }

    #[test]
    fn a_token_cut_anywhere_asks_for_more() {
        for text in [
            "12.5,",
            "-1e-5,",
            "null,",
            "-inf,",
            "\"a\\\"b\",",
            "{\"a\": [1, {}, true, \"x\"]}",
            "false",
        ] {
            for cut in 0..text.len() - 1 {
                let mut cursor = Cursor::new(&text.as_bytes()[..cut]);
                assert!(matches!(cursor.skip_value(), Err(Stop::More)), "{text} cut at {cut}");
            }
            let mut cursor = Cursor::new(text.as_bytes());
            cursor.skip_value().unwrap();
            assert!(cursor.pos >= text.len() - 1);
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(100_000);
        assert!(matches!(Cursor::new(text.as_bytes()).skip_value(), Err(Stop::Bad(_))));
    }

    #[test]
    fn keys_may_hold_escapes() {
        let mut cursor = Cursor::new(br#""ad\u006d2" : 1"#);
        assert_eq!(cursor.key().unwrap(), "adm2");
        assert_eq!(cursor.peek().unwrap(), b'1');
    }
}
