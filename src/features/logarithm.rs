// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The natural logarithm, to the same bits with every instruction set: each operation rounds by itself, since not
//! every processor fuses multiply-adds.

// What is not part of the function that enables the instructions is a call per instruction.
#![allow(clippy::inline_always)]

use crate::simd::WideLanes;

/// ln 2 in two parts: few enough bits for exact products with an exponent, and the rest.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];

/// (2 atanh(s) - 2 s) / s^3 in powers of s^2, lowest first: minimax for fractions from 0.707 to 1.415, to 2^-58 of the
/// logarithm.
const SERIES: [f64; 7] = [
    0.666_666_666_666_673_4,
    0.399_999_999_994_146_76,
    0.285_714_287_423_886_9,
    0.222_221_985_730_582_1,
    0.181_835_643_334_432_08,
    0.153_140_503_473_492_03,
    0.147_959_519_105_550_02,
];

/// ln(x), within 1 ulp, for a positive, normal, finite x.
#[inline(always)]
pub(super) fn ln<I: WideLanes<N>, const N: usize>(isa: I, x: I::Wide) -> I::Wide {
    let (exponent, fraction) = isa.exponent_and_fraction(x);
    // ln(1 + f) = 2 atanh(s) with s = f / (2 + f), and 2 s = f - f^2 / 2 + s f^2 / 2.
    let f = isa.sub(fraction, isa.splat(1.0));
    let s = isa.div(f, isa.add(isa.splat(2.0), f));
    let half_square = isa.mul(isa.mul(isa.splat(0.5), f), f);
    let rest = isa.mul(s, isa.add(half_square, series(isa, isa.mul(s, s))));
    let rest = isa.add(rest, isa.mul(exponent, isa.splat(LN_2[1])));
    // From the smallest terms to the largest.
    let small = isa.sub(isa.sub(half_square, rest), f);
    isa.sub(isa.mul(exponent, isa.splat(LN_2[0])), small)
}

/// z * `SERIES`(z): even and odd powers apart, so that two chains run side by side.
#[inline(always)]
fn series<I: WideLanes<N>, const N: usize>(isa: I, z: I::Wide) -> I::Wide {
    let square = isa.mul(z, z);
    let [mut even, mut odd] = [isa.splat(SERIES[6]), isa.splat(SERIES[5])];
    for i in [2, 1, 0] {
        even = isa.add(isa.splat(SERIES[2 * i]), isa.mul(square, even));
        if i > 0 {
            odd = isa.add(isa.splat(SERIES[2 * i - 1]), isa.mul(square, odd));
        }
    }
    isa.add(isa.mul(z, even), isa.mul(square, odd))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "x86_64")]
    use crate::simd::Avx2;
    use crate::simd::{InstructionSet, Instructions, Portable, Task};

    struct All<'a, I> {
        isa: I,
        x: &'a [f64],
        ln: &'a mut Vec<f64>,
    }

    macro_rules! all {
        ($n:literal, $isa:ty) => {
            impl Task for All<'_, $isa> {
                #[inline(always)]
                fn run(self) {
                    for x in self.x.as_chunks::<$n>().0 {
                        // Narrow vectors are the only ones that are stored, so take the result apart by itself.
                        self.ln.extend_from_slice(&lanes::<_, $n>(
                            self.isa,
                            ln(self.isa, self.isa.load(x)),
                        ));
                    }
                }
            }
        };
    }

    all!(4, Portable);
    #[cfg(target_arch = "x86_64")]
    all!(4, Avx2);
    #[cfg(target_arch = "x86_64")]
    all!(8, crate::simd::Avx512);

    /// The values of a vector.
    fn lanes<I: WideLanes<N>, const N: usize>(_: I, v: I::Wide) -> [f64; N] {
        assert_eq!(size_of::<I::Wide>(), size_of::<[f64; N]>());
        // SAFETY: a vector of N packed f64 without padding, of the same size.
        unsafe { std::mem::transmute_copy(&v) }
    }

    fn logarithms(set: InstructionSet, x: &[f64]) -> Vec<f64> {
        let mut ln = Vec::with_capacity(x.len());
        match set {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512(isa) => isa.enable(All { isa, x, ln: &mut ln }),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2(isa) => isa.enable(All { isa, x, ln: &mut ln }),
            InstructionSet::Portable => Portable.enable(All { isa: Portable, x, ln: &mut ln }),
        }
        ln
    }

    /// Positive normal numbers: every exponent, the border between fractions, and close to 1 from both sides.
    fn arguments() -> Vec<f64> {
        let mut state = 5_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 12
        };
        let mut x = vec![1.0, f64::MIN_POSITIVE, f64::MAX, 0.5, 2.0, 10.0, 0.1, 1e-300];
        for exponent in 1..=2046_u64 {
            x.extend((0..20).map(|_| f64::from_bits((exponent << 52) | random())));
            let border = f64::from_bits((exponent << 52) | 0x6_a09e_0000_0000);
            x.extend([border.next_down(), border, border.next_up(), border.next_up().next_up()]);
        }
        for power in 1..=53 {
            let step = 0.5_f64.powi(power);
            x.extend([1.0 + step, 1.0 - step, 1.0 + 1.7 * step, 1.0 - 0.7 * step]);
        }
        x.extend((0..40_000).map(|_| 0.5 + 1.5 * (random() as f64 / 2_f64.powi(52))));
        x.resize(x.len().next_multiple_of(8), 1.0);
        x
    }

    #[test]
    fn is_the_logarithm_to_a_unit_in_the_last_place() {
        let x = arguments();
        for (&x, ln) in x.iter().zip(logarithms(InstructionSet::Portable, &x)) {
            // That of the C library may be off by one itself.
            let expected = libm::log(x);
            let ulps = (ln.to_bits().cast_signed() - expected.to_bits().cast_signed()).abs();
            assert!(ulps <= 1, "ln({x:e}) is {ln:e}, expected {expected:e}");
        }
        assert_eq!(logarithms(InstructionSet::Portable, &[1.0; 4])[0].to_bits(), 0);
    }

    #[test]
    fn has_the_same_bits_with_every_instruction_set() {
        let x = arguments();
        let bits = |v: Vec<f64>| v.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let portable = bits(logarithms(InstructionSet::Portable, &x));
        for set in InstructionSet::available() {
            assert!(bits(logarithms(set, &x)) == portable, "{}", set.name());
        }
    }

    /// Work written lane by lane: what the vectors have to give.
    #[test]
    fn exponents_and_fractions_make_the_number() {
        for x in arguments() {
            let (exponent, fraction) = Portable.exponent_and_fraction([x]);
            assert!((0.707..1.415).contains(&fraction[0]), "{x:e}");
            let half = (exponent[0] / 2.0).trunc();
            let powers = [half, exponent[0] - half].map(|k| 2_f64.powi(k as i32));
            assert_eq!((fraction[0] * powers[0] * powers[1]).to_bits(), x.to_bits());
        }
    }
}
