// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Numbers as libvmaf's versions write them into their logs.

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

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoNumber {
    /// The bytes end here; with more there may be one.
    Cut,
    /// Something else begins here.
    Other,
}

type Parsed = Result<(Value, usize), NoNumber>;

/// The number, or what stands in its place, that `bytes` begin with, and its length.
#[inline]
pub fn parse(bytes: &[u8]) -> Parsed {
    // Digits up to here are exact in an f64, and so is the power of ten below: one correctly rounded
    // division gives what the slower path would.
    const EXACT_DIGITS: usize = 15;
    const POWERS: [f64; EXACT_DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let mut mantissa = 0_u64;
    let whole_from = at;
    digits(bytes, &mut at, &mut mantissa);
    let whole = at - whole_from;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let fraction_from = at;
        digits(bytes, &mut at, &mut mantissa);
        fraction = at - fraction_from;
        if fraction == 0 && at < bytes.len() {
            return Err(NoNumber::Other);
        }
    }
    let Some(after) = bytes.get(at) else {
        return Err(NoNumber::Cut);
    };
    if whole == 0 {
        return word(bytes);
    }
    if whole > 1 && bytes[whole_from] == b'0' {
        return Err(NoNumber::Other);
    }
    if whole + fraction <= EXACT_DIGITS && !matches!(after, b'e' | b'E') {
        let magnitude = mantissa as f64 / POWERS[fraction];
        return Ok((Value::Number(if negative { -magnitude } else { magnitude }), at));
    }
    long(bytes, at)
}

#[inline]
fn digits(bytes: &[u8], at: &mut usize, mantissa: &mut u64) {
    while let Some(byte) = bytes.get(*at) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        *at += 1;
    }
}

/// A number with an exponent, or with more digits than an f64 holds; `at` is after its digits.
#[cold]
fn long(bytes: &[u8], mut at: usize) -> Parsed {
    while let Some(b'0'..=b'9' | b'e' | b'E' | b'+' | b'-') = bytes.get(at) {
        at += 1;
    }
    if at == bytes.len() {
        return Err(NoNumber::Cut);
    }
    let number = std::str::from_utf8(&bytes[..at])
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .ok_or(NoNumber::Other)?;
    Ok((if number.is_finite() { Value::Number(number) } else { Value::Infinite }, at))
}

/// A word in place of a number.
#[cold]
fn word(bytes: &[u8]) -> Parsed {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.()#_".contains(byte))
        .count();
    if length == bytes.len() {
        return Err(NoNumber::Cut);
    }
    let text = String::from_utf8_lossy(&bytes[..length]).to_ascii_lowercase();
    let value = match text.trim_start_matches(['-', '+']) {
        "null" | "nan" | "nan(ind)" | "nan(snan)" => Value::NotANumber,
        "inf" | "infinity" => Value::Infinite,
        _ => return Err(NoNumber::Other),
    };
    Ok((value, length))
}

#[cfg(test)]
mod tests {
    use super::{NoNumber, Value, parse};

    fn value(text: &str) -> Result<Value, NoNumber> {
        // A number ends only where something else begins.
        parse(format!("{text},").as_bytes()).map(|(value, _)| value)
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
}
