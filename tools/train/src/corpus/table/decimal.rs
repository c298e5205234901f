// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The number that an unscaled decimal stands for.

/// Exact powers of ten.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/// Integers up to this are exact.
const EXACT: u128 = 1 << 53;

/// The double nearest to `unscaled / 10^scale`.
pub(super) fn nearest(unscaled: i128, scale: i32) -> f64 {
    match usize::try_from(scale).ok().and_then(|scale| POWERS.get(scale)) {
        // Both operands are exact, so that the quotient is rounded once.
        Some(power) if unscaled.unsigned_abs() <= EXACT => unscaled as f64 / power,
        _ => parse(&unscaled.to_string(), scale),
    }
}

/// The same of a big-endian two's complement of any length.
pub(super) fn nearest_of_bytes(bytes: &[u8], scale: i32) -> f64 {
    match integer(bytes) {
        Some(unscaled) => nearest(unscaled, scale),
        None => parse(&digits(bytes), scale),
    }
}

/// A big-endian two's complement, if it fits.
pub(super) fn integer(bytes: &[u8]) -> Option<i128> {
    let sign = if bytes.first().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
    let (spare, last) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut whole = [sign; 16];
    whole[16 - last.len()..].copy_from_slice(last);
    let value = i128::from_be_bytes(whole);
    let fits = spare.iter().all(|&b| b == sign) && (value < 0) == (sign == 0xff);
    fits.then_some(value)
}

/// The standard library rounds once, whatever the number of digits.
fn parse(digits: &str, scale: i32) -> f64 {
    format!("{digits}e{}", -i64::from(scale)).parse().unwrap_or(f64::NAN)
}

/// The decimal digits of a big-endian two's complement.
pub(super) fn digits(bytes: &[u8]) -> String {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let mut magnitude: Vec<u8> = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let mut reversed = Vec::new();
    while magnitude.iter().any(|&b| b != 0) {
        let mut rest = 0u16;
        for byte in &mut magnitude {
            let dividend = rest << 8 | u16::from(*byte);
            *byte = (dividend / 10) as u8;
            rest = dividend % 10;
        }
        reversed.push(b'0' + rest as u8);
    }
    if reversed.is_empty() {
        return "0".to_owned();
    }
    reversed.extend(negative.then_some(b'-'));
    reversed.iter().rev().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(got: f64, expected: f64) {
        assert_eq!(got.to_bits(), expected.to_bits(), "{got} {expected}");
    }

    #[test]
    fn a_decimal_is_the_double_that_its_text_is() {
        same(nearest(6555, 4), 0.6555);
        same(nearest(280, 2), 2.8);
        same(nearest(-12, 0), -12.0);
        same(nearest(7, -2), 700.0);
        same(nearest(123_456_789_012_345_678_901_234, 24), 0.123_456_789_012_345_68);
        same(nearest(6555 * 10i128.pow(26), 30), 0.6555);
    }

    #[test]
    fn bytes_of_any_length_hold_decimals() {
        same(nearest_of_bytes(&[0x19, 0x9b], 4), 0.6555);
        same(nearest_of_bytes(&[0xff], 1), -0.1);
        same(nearest_of_bytes(&[], 2), 0.0);
        let mut wide = [0u8; 32];
        wide[30..].copy_from_slice(&[0x19, 0x9b]);
        same(nearest_of_bytes(&wide, 4), 0.6555);
        let mut negative = [0xffu8; 32];
        negative[30..].copy_from_slice(&(-6555i16).to_be_bytes());
        same(nearest_of_bytes(&negative, 4), -0.6555);
        // 2^200 has 61 digits.
        let mut huge = [0u8; 32];
        huge[6] = 1;
        let text = "1606938044258990275541962092341162602522202993782792835301376";
        assert_eq!(digits(&huge), text);
        same(nearest_of_bytes(&huge, 60), format!("{text}e-60").parse::<f64>().unwrap());
        assert_eq!(digits(&[0; 17]), "0");
        // 128 bits whose top bit is not the sign.
        let mut unsigned = [0xffu8; 17];
        unsigned[0] = 0;
        assert_eq!(digits(&unsigned), u128::MAX.to_string());
        same(nearest_of_bytes(&unsigned, 0), u128::MAX as f64);
    }
}
