// SPDX-License-Identifier: BSD-2-Clause-Patent
//! JSON tokens of a byte slice that may end in the middle of one.
//!
//! `serde_json` is not used for the frames, for two reasons: it refuses the `nan` and `inf` that libvmaf
//! before 2.1 and Python's writer put into their logs, and from a stream (constant memory) it is several times
//! slower than this, see `benches/log.rs`.

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

/// A place in the slice and what is wrong there.
#[derive(Debug)]
pub struct Bad {
    /// Offset in the slice.
    pub at: usize,
    /// The feature whose value this is, where it is one.
    pub feature: Option<String>,
    /// What was expected and what stands there.
    pub problem: String,
}

/// A value of a frame's `metrics`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A finite number.
    Number(f64),
    /// `null`, or a not-a-number token: libvmaf's ways to write a value that it could not compute.
    NotANumber,
    /// An infinity token, or a number too large for a double.
    Infinite,
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
        if self.next_token()? != b'"' {
            return Err(self.bad(self.pos, "a key in quotes"));
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
        let key = key.ok_or_else(|| {
            Stop::Bad(Box::new(Bad {
                at: from,
                feature: None,
                problem: "expected a key in UTF-8".to_owned(),
            }))
        })?;
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
        // Digits up to here are exact in an f64, and so is the power of ten below: one correctly rounded
        // division gives what the slower path would.
        const EXACT_DIGITS: usize = 15;
        const POWERS: [f64; EXACT_DIGITS + 1] =
            [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
        let from = self.pos;
        let mut at = from;
        let negative = self.bytes.get(at) == Some(&b'-');
        at += usize::from(negative);
        let mut mantissa = 0_u64;
        let whole_from = at;
        self.digits(&mut at, &mut mantissa);
        let whole = at - whole_from;
        let mut fraction = 0;
        if self.bytes.get(at) == Some(&b'.') {
            at += 1;
            let fraction_from = at;
            self.digits(&mut at, &mut mantissa);
            fraction = at - fraction_from;
            if fraction == 0 && at < self.bytes.len() {
                return Err(self.bad(from, "a number"));
            }
        }
        let Some(after) = self.bytes.get(at) else {
            return Err(Stop::More);
        };
        if whole == 0 {
            return self.no_number();
        }
        if whole > 1 && self.bytes[whole_from] == b'0' {
            return Err(self.bad(from, "a number"));
        }
        if whole + fraction <= EXACT_DIGITS && !matches!(after, b'e' | b'E') {
            self.pos = at;
            let magnitude = mantissa as f64 / POWERS[fraction];
            return Ok(Value::Number(if negative { -magnitude } else { magnitude }));
        }
        self.long_number(at)
    }

    #[inline]
    fn digits(&self, at: &mut usize, mantissa: &mut u64) {
        while let Some(byte) = self.bytes.get(*at) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            *at += 1;
        }
    }

    /// A number with an exponent, or with more digits than an f64 holds; `at` is behind its digits.
    #[cold]
    fn long_number(&mut self, mut at: usize) -> Result<Value, Stop> {
        let from = self.pos;
        while let Some(b'0'..=b'9' | b'e' | b'E' | b'+' | b'-') = self.bytes.get(at) {
            at += 1;
        }
        if at == self.bytes.len() {
            return Err(Stop::More);
        }
        let number = std::str::from_utf8(&self.bytes[from..at])
            .ok()
            .and_then(|text| text.parse::<f64>().ok())
            .ok_or_else(|| self.bad(from, "a number"))?;
        self.pos = at;
        Ok(if number.is_finite() { Value::Number(number) } else { Value::Infinite })
    }

    #[cold]
    fn no_number(&mut self) -> Result<Value, Stop> {
        let from = self.pos;
        let word = self.bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.()#_".contains(byte))
            .count();
        if from + word == self.bytes.len() {
            return Err(Stop::More);
        }
        let text = String::from_utf8_lossy(&self.bytes[from..from + word]).to_ascii_lowercase();
        let value = match text.trim_start_matches(['-', '+']) {
            "null" | "nan" | "nan(ind)" | "nan(snan)" => Value::NotANumber,
            "inf" | "infinity" => Value::Infinite,
            _ => return Err(self.bad(from, "a number")),
        };
        self.pos = from + word;
        Ok(value)
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
    use super::{Cursor, Stop, Value};

    fn value(text: &str) -> Result<Value, Stop> {
        // A number ends only where something else begins.
        Cursor::new(format!("{text},").as_bytes()).value()
    }

    #[test]
    fn numbers_are_the_nearest_doubles() {
        for text in [
            "0",
            "-0",
            "0.1",
            "-0.964621",
            "100.000000",
            "12345.678901",
            "0.000001",
            "99.9999995",
            "1e-5",
            "2.5E+3",
            "123456789.123456789",
            "0.30000000000000004",
            "1.7976931348623157e308",
            "4.9e-324",
            "999999999999999.5",
            "0.123456789012345",
            "0.1234567890123456",
        ] {
            let Ok(Value::Number(got)) = value(text) else {
                panic!("{text}: {:?}", value(text));
            };
            let expected: f64 = text.parse().unwrap();
            assert_eq!(got.to_bits(), expected.to_bits(), "{text}");
        }
    }

    #[test]
    fn values_that_could_not_be_computed_are_told_apart() {
        for text in ["null", "nan", "NaN", "-nan", "-nan(ind)"] {
            assert_eq!(value(text).unwrap(), Value::NotANumber, "{text}");
        }
        for text in ["inf", "-inf", "Infinity", "-Infinity", "1e999"] {
            assert_eq!(value(text).unwrap(), Value::Infinite, "{text}");
        }
    }

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
