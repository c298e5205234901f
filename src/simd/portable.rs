// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Arrays that compilers turn into whatever vectors the target has. No unsafe code.

use super::vector::f64_bits::{BIAS, FRACTION, INTEGER, LEAST, SHIFT};
use super::vector::{Instructions, Lanes, Task, WideLanes, padded};

/// Eight f32 in an array: two SSE or NEON registers, one of AVX.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

macro_rules! lanewise {
    ($a:ident, $b:ident, |$x:ident, $y:ident| $e:expr) => {{
        let mut out = $a;
        for i in 0..out.len() {
            let ($x, $y) = ($a[i], $b[i]);
            out[i] = $e;
        }
        out
    }};
}

impl Instructions for Portable {
    #[inline(never)]
    fn enable<R, T: Task<R>>(self, task: T) -> R {
        task.run()
    }
}

impl Lanes for Portable {
    type V = [f32; 8];
    type Index = [usize; 8];
    /// All bits of a lane or none.
    type Mask = [u32; 8];
    const WIDTH: usize = 8;
    // Without the instruction, `mul_add` would be a call into the C library.
    const FUSES: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
    const CHOOSES: bool = false;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; 8]
    }
    #[inline(always)]
    fn pack(self, x: &[f32]) -> Self::V {
        padded(x)
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(a, b, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(a, b, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(a, b, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(a, b, |x, y| x / y)
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(a, b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        lanewise!(a, b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        let mut out = c;
        for i in 0..8 {
            out[i] = if Self::FUSES { a[i].mul_add(b[i], c[i]) } else { a[i] * b[i] + c[i] };
        }
        out
    }
    #[inline(always)]
    fn neg(self, a: Self::V) -> Self::V {
        a.map(|x| -x)
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        a.map(f32::abs)
    }
    #[inline(always)]
    fn copy_sign(self, a: Self::V, sign: Self::V) -> Self::V {
        lanewise!(a, sign, |x, s| x.copysign(s))
    }
    #[inline(always)]
    fn greater(self, a: Self::V, b: Self::V) -> Self::Mask {
        let mut mask = [0; 8];
        for i in 0..8 {
            mask[i] = if a[i] > b[i] { u32::MAX } else { 0 };
        }
        mask
    }
    #[inline(always)]
    fn select(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V {
        let mut out = a;
        for i in 0..8 {
            out[i] = f32::from_bits((a[i].to_bits() & mask[i]) | (b[i].to_bits() & !mask[i]));
        }
        out
    }
    #[inline(always)]
    fn scale(self, a: Self::V, k: Self::V) -> Self::V {
        lanewise!(a, k, |x, k| f32::from_bits(x.to_bits().wrapping_add(k.to_bits() << 23)))
    }
    #[inline(always)]
    fn index(self, numbers: &[i32]) -> Self::Index {
        padded(numbers).map(|number: i32| number as usize)
    }
    #[inline(always)]
    fn lookup(self, table: &[f32], index: Self::Index) -> Self::V {
        index.map(|i| table[i])
    }
    #[inline(always)]
    fn flat(v: &[Self::V]) -> &[f32] {
        v.as_flattened()
    }
    #[inline(always)]
    fn flat_mut(v: &mut [Self::V]) -> &mut [f32] {
        v.as_flattened_mut()
    }
}

impl<const N: usize> WideLanes<N> for Portable {
    type Wide = [f64; N];
    type Narrow = [f32; N];

    #[inline(always)]
    fn splat(self, x: f64) -> Self::Wide {
        [x; N]
    }
    #[inline(always)]
    fn load(self, x: &[f64; N]) -> Self::Wide {
        *x
    }
    #[inline(always)]
    fn load_narrow(self, x: &[f32; N]) -> Self::Narrow {
        *x
    }
    #[inline(always)]
    fn store_narrow(self, to: &mut [f32; N], x: Self::Narrow) {
        *to = x;
    }
    #[inline(always)]
    fn widen(self, x: Self::Narrow) -> Self::Wide {
        x.map(f64::from)
    }
    #[inline(always)]
    fn narrow(self, x: Self::Wide) -> Self::Narrow {
        x.map(|x| x as f32)
    }
    #[inline(always)]
    fn add(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        lanewise!(a, b, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        lanewise!(a, b, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        lanewise!(a, b, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        lanewise!(a, b, |x, y| x / y)
    }
    #[inline(always)]
    fn exponent_and_fraction(self, x: Self::Wide) -> (Self::Wide, Self::Wide) {
        let (mut exponent, mut fraction) = (x, x);
        for i in 0..N {
            let bits = x[i].to_bits().wrapping_add(SHIFT);
            exponent[i] = f64::from_bits((bits >> 52) | INTEGER) - BIAS;
            fraction[i] = f64::from_bits((bits & FRACTION) + LEAST);
        }
        (exponent, fraction)
    }
    #[inline(always)]
    fn min(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        lanewise!(a, b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn max(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        lanewise!(a, b, |x, y| if x > y { x } else { y })
    }
    /// A division, for any operands.
    #[inline(always)]
    fn divide(self, a: Self::Wide, b: Self::Wide, _: Self::Wide) -> Self::Wide {
        lanewise!(a, b, |x, y| x / y)
    }
    #[inline(always)]
    fn add_zero_times(self, sums: Self::Narrow, x: Self::Narrow) -> Self::Narrow {
        lanewise!(sums, x, |sum, x| sum + 0.0 * x)
    }
    #[inline(always)]
    fn is_zero(self, x: Self::Narrow) -> bool {
        x.iter().all(|&x| x == 0.0)
    }
    #[inline(always)]
    fn where_nan(self, x: Self::Narrow, a: Self::Narrow, b: Self::Narrow) -> Self::Narrow {
        let mut out = a;
        for i in 0..N {
            if x[i].is_nan() {
                out[i] = b[i];
            }
        }
        out
    }
}
