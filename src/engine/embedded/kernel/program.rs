// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Packed layers and the loops over them.

use super::super::plan::{Layer, Map, Plan};
use super::lanes::Lanes;

/// Frames that go through all layers before the next ones, so that their activations stay in the
/// first-level cache beside the weights. A multiple of every tile height.
const BLOCK: usize = 24;

/// A last layer of at most this many outputs is computed as dot products: with outputs in lanes
/// most of the vector would be padding.
const MAX_DOTS: usize = 4;

/// What a layer does to its sums while they are still in registers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Activation {
    None,
    Relu,
    Gelu,
}

/// A map with its constants padded to whole vectors by values that keep the padding finite.
enum PackedMap<V> {
    Add(Vec<V>),
    Sub(Vec<V>),
    SubFrom(Vec<V>),
    Mul(Vec<V>),
    Div(Vec<V>),
    Clip { min: V, max: V },
    Activation(Activation),
}

/// Weights of `WIDTH * J` outputs, one row of J vectors per input.
enum Panel<V> {
    One(Vec<[V; 1]>),
    Two(Vec<[V; 2]>),
    Three(Vec<[V; 3]>),
    Four(Vec<[V; 4]>),
}

enum Weights<V> {
    /// Outputs in lanes.
    Panels(Vec<Panel<V>>),
    /// Inputs in lanes: for each output, its weights in whole vectors.
    Dots(Vec<V>),
}

struct PackedLayer<V> {
    n_inputs: usize,
    n_outputs: usize,
    /// Vectors per row of outputs.
    stride: usize,
    weights: Weights<V>,
    /// One row of `stride` vectors per codec id; a single row in all layers but the first.
    bias: Vec<V>,
    activation: Activation,
    then: Vec<PackedMap<V>>,
}

/// A plan packed for one instruction set, with all the memory that running it takes.
pub(super) struct Program<S: Lanes> {
    lanes: S,
    n_features: usize,
    output_width: usize,
    /// Vectors per row of features, where they go through `feature_maps` or into dot products.
    feature_stride: usize,
    feature_maps: Vec<PackedMap<S::V>>,
    copies_features: bool,
    layers: Vec<PackedLayer<S::V>>,
    front: Vec<S::V>,
    back: Vec<S::V>,
}

fn pack_rows<S: Lanes>(s: S, row: &[f32], pad: f32) -> Vec<S::V> {
    row.chunks(S::WIDTH)
        .map(|chunk| {
            let mut padded = vec![pad; S::WIDTH];
            padded[..chunk.len()].copy_from_slice(chunk);
            s.pack(&padded)
        })
        .collect()
}

fn pack_map<S: Lanes>(s: S, map: &Map) -> PackedMap<S::V> {
    match map {
        Map::Add(c) => PackedMap::Add(pack_rows(s, c, 0.0)),
        Map::Sub(c) => PackedMap::Sub(pack_rows(s, c, 0.0)),
        Map::SubFrom(c) => PackedMap::SubFrom(pack_rows(s, c, 0.0)),
        Map::Mul(c) => PackedMap::Mul(pack_rows(s, c, 1.0)),
        Map::Div(c) => PackedMap::Div(pack_rows(s, c, 1.0)),
        Map::Clip { min, max } => PackedMap::Clip { min: s.splat(*min), max: s.splat(*max) },
        Map::Relu => PackedMap::Activation(Activation::Relu),
        Map::Gelu => PackedMap::Activation(Activation::Gelu),
    }
}

fn pack_panel<S: Lanes, const J: usize>(s: S, layer: &Layer, first: usize) -> Vec<[S::V; J]> {
    layer
        .weights
        .chunks_exact(layer.n_outputs)
        .map(|row| {
            std::array::from_fn(|j| s.pack(row.get(first + j * S::WIDTH..).unwrap_or_default()))
        })
        .collect()
}

fn pack_layer<S: Lanes>(s: S, layer: &Layer, is_last: bool) -> PackedLayer<S::V> {
    let stride = layer.n_outputs.div_ceil(S::WIDTH);
    let weights = if is_last && layer.n_outputs <= MAX_DOTS {
        let mut dots = Vec::new();
        for j in 0..layer.n_outputs {
            let column: Vec<f32> =
                layer.weights.iter().skip(j).step_by(layer.n_outputs).copied().collect();
            dots.extend(pack_rows(s, &column, 0.0));
        }
        Weights::Dots(dots)
    } else {
        let panels = (0..stride).step_by(S::PANEL).map(|j| {
            let first = j * S::WIDTH;
            match (stride - j).min(S::PANEL) {
                1 => Panel::One(pack_panel(s, layer, first)),
                2 => Panel::Two(pack_panel(s, layer, first)),
                3 => Panel::Three(pack_panel(s, layer, first)),
                _ => Panel::Four(pack_panel(s, layer, first)),
            }
        });
        Weights::Panels(panels.collect())
    };
    let (activation, then) = match layer.then.split_first() {
        Some((Map::Relu, rest)) => (Activation::Relu, rest),
        Some((Map::Gelu, rest)) => (Activation::Gelu, rest),
        _ => (Activation::None, layer.then.as_slice()),
    };
    PackedLayer {
        n_inputs: layer.n_inputs,
        n_outputs: layer.n_outputs,
        stride,
        weights,
        bias: pack_rows(s, &layer.bias, 0.0),
        activation,
        then: then.iter().map(|m| pack_map(s, m)).collect(),
    }
}

impl<S: Lanes> Program<S> {
    pub(super) fn new(s: S, plan: &Plan) -> Self {
        let last = plan.layers.len() - 1;
        let layers: Vec<_> =
            plan.layers.iter().enumerate().map(|(i, l)| pack_layer(s, l, i == last)).collect();
        let feature_stride = plan.n_features.div_ceil(S::WIDTH);
        let copies_features =
            !plan.feature_maps.is_empty() || matches!(layers[0].weights, Weights::Dots(_));
        let widest = layers.iter().map(|l| l.stride).max().unwrap_or(0).max(feature_stride);
        Self {
            lanes: s,
            n_features: plan.n_features,
            output_width: plan.output_width(),
            feature_stride,
            feature_maps: plan.feature_maps.iter().map(|m| pack_map(s, m)).collect(),
            copies_features,
            layers,
            front: vec![s.zero(); widest * BLOCK],
            back: vec![s.zero(); widest * BLOCK],
        }
    }

    pub(super) fn pack_biases(&mut self, biases: &[f32]) {
        let s = self.lanes;
        let layer = &mut self.layers[0];
        layer.bias =
            biases.chunks_exact(layer.n_outputs).flat_map(|row| pack_rows(s, row, 0.0)).collect();
    }

    #[inline(always)]
    pub(super) fn run_all(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]) {
        let rows = out.len() / self.output_width;
        let mut row = 0;
        while row < rows {
            let n = (rows - row).min(BLOCK);
            let ids = if ids.is_empty() { ids } else { &ids[row..row + n] };
            self.run_block(
                &z[row * self.n_features..(row + n) * self.n_features],
                ids,
                n,
                &mut out[row * self.output_width..(row + n) * self.output_width],
            );
            row += n;
        }
    }

    /// Runs `n <= BLOCK` rows.
    #[inline(always)]
    fn run_block(&mut self, z: &[f32], ids: &[i32], n: usize, out: &mut [f32]) {
        let s = self.lanes;
        let (mut src, mut dst) = (&mut self.front[..], &mut self.back[..]);
        if self.copies_features {
            for (row, to) in
                z.chunks_exact(self.n_features).zip(src.chunks_exact_mut(self.feature_stride))
            {
                let to = S::flat_mut(to);
                to[..row.len()].copy_from_slice(row);
                to[row.len()..].fill(0.0);
            }
            let rows = &mut src[..n * self.feature_stride];
            for map in &self.feature_maps {
                apply(s, map, rows, self.feature_stride);
            }
        }
        let mut src_stride = self.feature_stride;
        for (i, layer) in self.layers.iter().enumerate() {
            let ids = if i == 0 { ids } else { &[] };
            let rows = &mut dst[..n * layer.stride];
            match &layer.weights {
                Weights::Panels(panels) => {
                    let input = if i == 0 && !self.copies_features {
                        Input { x: z, stride: self.n_features, n_inputs: layer.n_inputs, n }
                    } else {
                        Input {
                            x: S::flat(&src[..n * src_stride]),
                            stride: src_stride * S::WIDTH,
                            n_inputs: layer.n_inputs,
                            n,
                        }
                    };
                    for (p, panel) in panels.iter().enumerate() {
                        let output = Output { layer, ids, column: p * S::PANEL };
                        match panel {
                            Panel::One(w) => tiles(s, w, input, output, rows),
                            Panel::Two(w) => tiles(s, w, input, output, rows),
                            Panel::Three(w) => tiles(s, w, input, output, rows),
                            Panel::Four(w) => tiles(s, w, input, output, rows),
                        }
                    }
                }
                Weights::Dots(w) => {
                    dots(s, w, &src[..n * src_stride], src_stride, layer, ids, rows)
                }
            }
            for map in &layer.then {
                apply(s, map, rows, layer.stride);
            }
            src_stride = layer.stride;
            std::mem::swap(&mut src, &mut dst);
        }
        let values = S::flat(&src[..n * src_stride]);
        for (to, row) in
            out.chunks_exact_mut(self.output_width).zip(values.chunks_exact(src_stride * S::WIDTH))
        {
            to.copy_from_slice(&row[..self.output_width]);
        }
    }
}

/// Rows of inputs.
#[derive(Clone, Copy)]
struct Input<'a> {
    x: &'a [f32],
    /// f32 from one row to the next.
    stride: usize,
    n_inputs: usize,
    n: usize,
}

/// Where the sums of a panel come from and go to.
struct Output<'a, V> {
    layer: &'a PackedLayer<V>,
    ids: &'a [i32],
    /// First vector of the panel in a row of outputs.
    column: usize,
}

impl<V> Clone for Output<'_, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Output<'_, V> {}

/// All rows of one panel.
#[inline(always)]
fn tiles<S: Lanes, const J: usize>(
    s: S,
    w: &[[S::V; J]],
    input: Input<'_>,
    output: Output<'_, S::V>,
    rows: &mut [S::V],
) {
    let mut row = 0;
    if S::ROWS >= 6 {
        while input.n - row >= 6 {
            tile::<S, 6, J>(s, w, input, output, row, rows);
            row += 6;
        }
    }
    if S::ROWS >= 3 {
        while input.n - row >= 3 {
            tile::<S, 3, J>(s, w, input, output, row, rows);
            row += 3;
        }
    }
    while input.n - row >= 2 {
        tile::<S, 2, J>(s, w, input, output, row, rows);
        row += 2;
    }
    if row < input.n {
        tile::<S, 1, J>(s, w, input, output, row, rows);
    }
}

/// M rows of one panel. The inputs are summed in two halves, each in order, the bias first in the
/// first half: one frame alone then has two chains of additions per vector in flight.
#[inline(always)]
fn tile<S: Lanes, const M: usize, const J: usize>(
    s: S,
    w: &[[S::V; J]],
    input: Input<'_>,
    output: Output<'_, S::V>,
    row: usize,
    rows: &mut [S::V],
) {
    let layer = output.layer;
    let half = input.n_inputs.div_ceil(2);
    let (w1, w2) = w[..input.n_inputs].split_at(half);
    let mut x1: [&[f32]; M] = [&[]; M];
    let mut x2: [&[f32]; M] = [&[]; M];
    let mut bias = [[s.zero(); J]; M];
    for m in 0..M {
        let start = (row + m) * input.stride;
        (x1[m], x2[m]) = input.x[start..start + input.n_inputs].split_at(half);
        let id = output.ids.get(row + m).map_or(0, |&id| id as usize);
        let start = id * layer.stride + output.column;
        let from = &layer.bias[start..start + J];
        for j in 0..J {
            bias[m][j] = from[j];
        }
    }
    let zero = [[s.zero(); J]; M];
    let (sum1, sum2) = if 2 * M * J <= S::SUMS {
        accumulate2(s, (w1, w2), (x1, x2), (bias, zero))
    } else {
        (accumulate(s, w1, x1, bias), accumulate(s, w2, x2, zero))
    };
    for m in 0..M {
        let start = (row + m) * layer.stride + output.column;
        let to = &mut rows[start..start + J];
        for j in 0..J {
            let sum = s.add(sum1[m][j], sum2[m][j]);
            to[j] = activate(s, layer.activation, sum);
        }
    }
}

/// J vectors of sums for each of M rows.
type Sums<V, const M: usize, const J: usize> = [[V; J]; M];

/// One input of each of M rows into its sums.
#[inline(always)]
fn step<S: Lanes, const M: usize, const J: usize>(
    s: S,
    w: &[S::V; J],
    x: &[&[f32]; M],
    k: usize,
    sums: &mut Sums<S::V, M, J>,
) {
    let mut b = [s.zero(); M];
    for m in 0..M {
        b[m] = s.splat(x[m][k]);
    }
    for j in 0..J {
        for m in 0..M {
            sums[m][j] = s.fma(b[m], w[j], sums[m][j]);
        }
    }
}

// Sums go in and out by value, so that they stay in registers.

#[inline(always)]
fn accumulate<S: Lanes, const M: usize, const J: usize>(
    s: S,
    w: &[[S::V; J]],
    mut x: [&[f32]; M],
    mut sums: Sums<S::V, M, J>,
) -> Sums<S::V, M, J> {
    for x in &mut x {
        *x = &x[..w.len()];
    }
    for (k, w) in w.iter().enumerate() {
        step(s, w, &x, k, &mut sums);
    }
    sums
}

/// Both halves at once; the first may be longer by one.
#[inline(always)]
fn accumulate2<S: Lanes, const M: usize, const J: usize>(
    s: S,
    w: (&[[S::V; J]], &[[S::V; J]]),
    x: ([&[f32]; M], [&[f32]; M]),
    sums: (Sums<S::V, M, J>, Sums<S::V, M, J>),
) -> (Sums<S::V, M, J>, Sums<S::V, M, J>) {
    let n = w.1.len();
    let (w1, last) = w.0.split_at(n);
    let (mut x1, mut x2) = x;
    for m in 0..M {
        x1[m] = &x1[m][..n];
        x2[m] = &x2[m][..n];
    }
    let (mut sums1, mut sums2) = sums;
    for (k, (w1, w2)) in w1.iter().zip(w.1).enumerate() {
        step(s, w1, &x1, k, &mut sums1);
        step(s, w2, &x2, k, &mut sums2);
    }
    if let [w1] = last {
        step(s, w1, &x.0, n, &mut sums1);
    }
    (sums1, sums2)
}

/// Dot products of each row with the weights of each output, in two chains.
#[inline(always)]
fn dots<S: Lanes>(
    s: S,
    w: &[S::V],
    src: &[S::V],
    src_stride: usize,
    layer: &PackedLayer<S::V>,
    ids: &[i32],
    rows: &mut [S::V],
) {
    for (r, (x, to)) in
        src.chunks_exact(src_stride).zip(rows.chunks_exact_mut(layer.stride)).enumerate()
    {
        let id = ids.get(r).map_or(0, |&id| id as usize);
        let bias = &layer.bias[id * layer.stride..(id + 1) * layer.stride];
        to.copy_from_slice(bias);
        for (j, w) in w.chunks_exact(src_stride).enumerate() {
            let mut sums = [s.zero(); 2];
            for (i, (&x, &w)) in x.iter().zip(w).enumerate() {
                sums[i % 2] = s.fma(x, w, sums[i % 2]);
            }
            S::flat_mut(to)[j] += s.sum(s.add(sums[0], sums[1]));
        }
        for v in to {
            *v = activate(s, layer.activation, *v);
        }
    }
}

#[inline(always)]
fn activate<S: Lanes>(s: S, activation: Activation, x: S::V) -> S::V {
    match activation {
        Activation::None => x,
        Activation::Relu => s.max(x, s.zero()),
        Activation::Gelu => s.gelu(x),
    }
}

/// A map over whole rows.
#[inline(always)]
fn apply<S: Lanes>(s: S, map: &PackedMap<S::V>, rows: &mut [S::V], stride: usize) {
    for row in rows.chunks_exact_mut(stride) {
        match map {
            PackedMap::Add(c) => each(row, c, |x, c| s.add(x, c)),
            PackedMap::Sub(c) => each(row, c, |x, c| s.sub(x, c)),
            PackedMap::SubFrom(c) => each(row, c, |x, c| s.sub(c, x)),
            PackedMap::Mul(c) => each(row, c, |x, c| s.mul(x, c)),
            PackedMap::Div(c) => each(row, c, |x, c| s.div(x, c)),
            PackedMap::Clip { min, max } => {
                for x in row {
                    *x = s.min(s.max(*x, *min), *max);
                }
            }
            PackedMap::Activation(a) => {
                for x in row {
                    *x = activate(s, *a, *x);
                }
            }
        }
    }
}

#[inline(always)]
fn each<V: Copy>(row: &mut [V], c: &[V], f: impl Fn(V, V) -> V) {
    for (x, &c) in row.iter_mut().zip(c) {
        *x = f(*x, c);
    }
}
