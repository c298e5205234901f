// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What an instruction set supplies. Every method is `inline(always)`, so that it becomes part of
//! the function that enables the instructions.

/// Work for [`Instructions::enable`]; its `run` is `inline(always)`.
pub(crate) trait Task<R = ()> {
    fn run(self) -> R;
}

/// An instruction set. A value of the type proves that the processor has it.
pub(crate) trait Instructions: Copy + Send + Sync + 'static {
    /// Runs a task as a function of its own in which the instructions are enabled. What the task
    /// keeps in registers has them to itself.
    fn enable<R, T: Task<R>>(self, task: T) -> R;
}

/// Vectors of f32 and the arithmetic on them.
pub(crate) trait Lanes: Instructions {
    /// `WIDTH` packed f32.
    type V: Copy + Send + 'static;
    /// Numbers to look up by, one per lane.
    type Index: Copy;
    /// Which lanes a comparison holds for.
    type Mask: Copy;
    /// Number of f32 in a vector.
    const WIDTH: usize;
    /// Whether `fma` rounds once.
    const FUSES: bool;
    /// Whether `choose` takes less than a multiply-add.
    const CHOOSES: bool;

    fn splat(self, x: f32) -> Self::V;
    /// The first `WIDTH` values of `x`, zeros where it is shorter. For packing, not for speed.
    fn pack(self, x: &[f32]) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller one; `b` where either is NaN.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// The larger one; `b` where either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// a * b + c.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn neg(self, a: Self::V) -> Self::V;
    fn abs(self, a: Self::V) -> Self::V;
    /// `a`, which is not negative, with the sign of `sign`.
    fn copy_sign(self, a: Self::V, sign: Self::V) -> Self::V;
    fn greater(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `a` where the mask is set, else `b`.
    fn select(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;
    /// `select` of two constants, which is faster where one instruction looks them up.
    #[inline(always)]
    fn choose(self, mask: Self::Mask, a: f32, b: f32) -> Self::V {
        self.select(mask, self.splat(a), self.splat(b))
    }
    /// a * 2^k for a from 0.5 to 2 and the k from -125 to 0 that is in the low nine bits of `k`:
    /// added to the exponent, whose bits are the ones above the fraction's 23.
    fn scale(self, a: Self::V, k: Self::V) -> Self::V;
    /// The first `WIDTH` numbers, 0 where there are fewer.
    fn index(self, numbers: &[i32]) -> Self::Index;
    /// The number's value for each lane. `table`: one or more whole vectors, and more values than
    /// any number.
    fn lookup(self, table: &[f32], index: Self::Index) -> Self::V;
    /// Copies eight rows of eight values to eight columns.
    #[inline(always)]
    fn transpose8(self, from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
        for row in 0..8 {
            for column in 0..8 {
                to[column * to_stride + row] = from[row * from_stride + column];
            }
        }
    }
    /// The values of consecutive vectors.
    fn flat(v: &[Self::V]) -> &[f32];
    /// The values of consecutive vectors, to write to.
    fn flat_mut(v: &mut [Self::V]) -> &mut [f32];

    #[inline(always)]
    fn zero(self) -> Self::V {
        self.splat(0.0)
    }
}

/// Vectors of N f64 and of N f32, and what standardising takes of their arithmetic.
pub(crate) trait WideLanes<const N: usize>: Instructions {
    /// N packed f64.
    type Wide: Copy;
    /// N packed f32.
    type Narrow: Copy;

    fn splat(self, x: f64) -> Self::Wide;
    fn load(self, x: &[f64; N]) -> Self::Wide;
    fn load_narrow(self, x: &[f32; N]) -> Self::Narrow;
    fn store_narrow(self, to: &mut [f32; N], x: Self::Narrow);
    fn widen(self, x: Self::Narrow) -> Self::Wide;
    fn narrow(self, x: Self::Wide) -> Self::Narrow;
    fn add(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn sub(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn mul(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn div(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// The k and the m of x = 2^k m, with m from 0.707 to 1.415, for a positive, normal, finite x: 1 gives 0 and 1.
    /// Anything else gives some finite numbers.
    fn exponent_and_fraction(self, x: Self::Wide) -> (Self::Wide, Self::Wide);
    /// The smaller one; `b` where either is NaN.
    fn min(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// The larger one; `b` where either is NaN.
    fn max(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// a / b, correctly rounded. `reciprocal` is 1 / b, correctly rounded: with a fused multiply-add
    /// one correction of a * reciprocal has the quotient's bits (Markstein), as long as nothing
    /// under- or overflows on the way, and takes less time than a division.
    fn divide(self, a: Self::Wide, b: Self::Wide, reciprocal: Self::Wide) -> Self::Wide;
    /// sums + 0 * x.
    fn add_zero_times(self, sums: Self::Narrow, x: Self::Narrow) -> Self::Narrow;
    /// Whether all values are 0.
    fn is_zero(self, x: Self::Narrow) -> bool;
    /// `b` where `x` is NaN, else `a`.
    fn where_nan(self, x: Self::Narrow, a: Self::Narrow, b: Self::Narrow) -> Self::Narrow;
}

/// The bits by which every instruction set takes a f64 apart into exponent and fraction.
pub(super) mod f64_bits {
    /// Of the lowest fraction: a little below the square root of 1/2, so that fractions lie around 1.
    pub(in crate::simd) const LEAST: u64 = 0x3fe6_a09e_0000_0000;
    /// Added first: a fraction of `LEAST` or more then counts for the exponent above, as 1 does.
    pub(in crate::simd) const SHIFT: u64 = 0x3ff0_0000_0000_0000 - LEAST;
    /// The bits of the fraction, below those of the exponent.
    pub(in crate::simd) const FRACTION: u64 = (1 << 52) - 1;
    /// 2^52, whose low bits take a small integer.
    pub(in crate::simd) const INTEGER: u64 = 0x4330_0000_0000_0000;
    /// 2^52, and what a f64 adds to its exponent.
    pub(in crate::simd) const BIAS: f64 = 4_503_599_627_370_496.0 + 1023.0;
}

/// The first N values, zeros where there are fewer.
#[inline(always)]
pub(super) fn padded<T: Copy + Default, const N: usize>(from: &[T]) -> [T; N] {
    let mut values = [T::default(); N];
    for (to, &from) in values.iter_mut().zip(from) {
        *to = from;
    }
    values
}
