// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Packed layers and the loops over them.

// Tiles are indexed by row and vector.
#![allow(clippy::needless_range_loop)]

use super::super::plan::{Addends, Layer, Map, Plan};
use super::Run;
use super::gelu::gelu;
use super::lanes::{Lanes, Task};

/// Frames that go through all layers before the next ones, so that their activations stay in the
/// first-level cache beside the weights. A multiple of the tiles' heights.
const BLOCK: usize = 24;

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

struct PackedLayer<V> {
    n_inputs: usize,
    n_outputs: usize,
    /// Vectors per row of outputs.
    stride: usize,
    panels: Vec<Panel<V>>,
    /// What is added to the sums, the bias last: `per_row` times `stride` vectors per codec id in
    /// the first layer, the bias alone in the others.
    addends: Vec<V>,
    addends_per_row: usize,
    activation: Activation,
    then: Vec<PackedMap<V>>,
}

/// A plan packed for one instruction set, with all the memory that running it takes.
pub(super) struct Program<S: Lanes> {
    lanes: S,
    n_features: usize,
    output_width: usize,
    /// Vectors per row of features, where they go through `feature_maps`.
    feature_stride: usize,
    feature_maps: Vec<PackedMap<S::V>>,
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

fn pack_layer<S: Lanes>(s: S, layer: &Layer) -> PackedLayer<S::V> {
    let stride = layer.n_outputs.div_ceil(S::WIDTH);
    let panels = (0..stride).step_by(S::PANEL).map(|j| {
        let first = j * S::WIDTH;
        match (stride - j).min(S::PANEL) {
            1 => Panel::One(pack_panel(s, layer, first)),
            2 => Panel::Two(pack_panel(s, layer, first)),
            3 => Panel::Three(pack_panel(s, layer, first)),
            _ => Panel::Four(pack_panel(s, layer, first)),
        }
    });
    let (activation, then) = match layer.then.split_first() {
        Some((Map::Relu, rest)) => (Activation::Relu, rest),
        Some((Map::Gelu, rest)) => (Activation::Gelu, rest),
        _ => (Activation::None, layer.then.as_slice()),
    };
    PackedLayer {
        n_inputs: layer.n_inputs,
        n_outputs: layer.n_outputs,
        stride,
        panels: panels.collect(),
        addends: pack_rows(s, &layer.bias, 0.0),
        addends_per_row: 1,
        activation,
        then: then.iter().map(|m| pack_map(s, m)).collect(),
    }
}

impl<S: Lanes> Program<S> {
    pub(super) fn new(s: S, plan: &Plan) -> Self {
        let layers: Vec<_> = plan.layers.iter().map(|l| pack_layer(s, l)).collect();
        let feature_stride = plan.n_features.div_ceil(S::WIDTH);
        let widest = layers.iter().map(|l| l.stride).max().unwrap_or(0).max(feature_stride);
        Self {
            lanes: s,
            n_features: plan.n_features,
            output_width: plan.output_width(),
            feature_stride,
            feature_maps: plan.feature_maps.iter().map(|m| pack_map(s, m)).collect(),
            layers,
            front: vec![s.zero(); widest * BLOCK],
            back: vec![s.zero(); widest * BLOCK],
        }
    }

    /// Runs `n <= BLOCK` rows.
    fn run_block(&mut self, z: &[f32], ids: &[i32], n: usize, out: &mut [f32]) {
        let s = self.lanes;
        let (mut src, mut dst) = (&mut self.front[..], &mut self.back[..]);
        let copies_features = !self.feature_maps.is_empty();
        if copies_features {
            for (row, to) in
                z.chunks_exact(self.n_features).zip(src.chunks_exact_mut(self.feature_stride))
            {
                let to = S::flat_mut(to);
                to[..row.len()].copy_from_slice(row);
                to[row.len()..].fill(0.0);
            }
            let rows = &mut src[..n * self.feature_stride];
            for map in &self.feature_maps {
                s.enable(Apply { s, map, rows, stride: self.feature_stride });
            }
        }
        let mut src_stride = self.feature_stride;
        for (i, layer) in self.layers.iter().enumerate() {
            let ids = if i == 0 { ids } else { &[] };
            let rows = &mut dst[..n * layer.stride];
            let input = if i == 0 && !copies_features {
                Input { x: z, stride: self.n_features, n_inputs: layer.n_inputs, n }
            } else {
                Input {
                    x: S::flat(&src[..n * src_stride]),
                    stride: src_stride * S::WIDTH,
                    n_inputs: layer.n_inputs,
                    n,
                }
            };
            for (p, panel) in layer.panels.iter().enumerate() {
                let output = Output { layer, ids, column: p * S::PANEL };
                match panel {
                    Panel::One(w) => tiles(s, w, input, output, rows),
                    Panel::Two(w) => tiles(s, w, input, output, rows),
                    Panel::Three(w) => tiles(s, w, input, output, rows),
                    Panel::Four(w) => tiles(s, w, input, output, rows),
                }
            }
            for map in &layer.then {
                s.enable(Apply { s, map, rows, stride: layer.stride });
            }
            src_stride = layer.stride;
            std::mem::swap(&mut src, &mut dst);
        }
        let (values, width) = (S::flat(src), self.output_width);
        for r in 0..n {
            let from = r * src_stride * S::WIDTH;
            for j in 0..width {
                out[r * width + j] = values[from + j];
            }
        }
    }
}

impl<S: Lanes> Run for Program<S> {
    fn set_addends(&mut self, addends: &Addends) {
        let s = self.lanes;
        let layer = &mut self.layers[0];
        layer.addends_per_row = addends.per_row;
        layer.addends = addends
            .values
            .chunks_exact(layer.n_outputs)
            .flat_map(|row| pack_rows(s, row, 0.0))
            .collect();
    }

    fn run(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]) {
        let rows = out.len() / self.output_width;
        let mut row = 0;
        while row < rows {
            let end = (row + BLOCK).min(rows);
            self.run_block(
                &z[row * self.n_features..end * self.n_features],
                if ids.is_empty() { ids } else { &ids[row..end] },
                end - row,
                &mut out[row * self.output_width..end * self.output_width],
            );
            row = end;
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

/// All rows of one panel, the most that a tile takes at a time.
fn tiles<S: Lanes, const J: usize>(
    s: S,
    w: &[[S::V; J]],
    input: Input<'_>,
    output: Output<'_, S::V>,
    rows: &mut [S::V],
) {
    let mut first = 0;
    if input.n == 1 {
        tiles_of::<S, 1, J>(s, w, input, output, rows, first);
        return;
    }
    if J == 1 && S::ROWS >= 3 {
        // One vector of outputs, most of it padding in the last layer: the more rows, the fewer
        // cycles are spent waiting for sums.
        first = tiles_of::<S, 12, J>(s, w, input, output, rows, first);
    }
    if S::ROWS >= 6 {
        first = tiles_of::<S, 6, J>(s, w, input, output, rows, first);
    }
    if S::ROWS >= 3 {
        first = tiles_of::<S, 3, J>(s, w, input, output, rows, first);
    }
    first = tiles_of::<S, 2, J>(s, w, input, output, rows, first);
    tiles_of::<S, 1, J>(s, w, input, output, rows, first);
}

/// The rows from `first` on that make up whole tiles of M; gives back the next one.
#[inline(always)]
fn tiles_of<S: Lanes, const M: usize, const J: usize>(
    s: S,
    w: &[[S::V; J]],
    input: Input<'_>,
    output: Output<'_, S::V>,
    rows: &mut [S::V],
    first: usize,
) -> usize {
    let end = first + (input.n - first) / M * M;
    if first < end {
        s.enable(Tiles::<S, M, J> { s, w, input, output, rows, first, end });
    }
    end
}

/// Rows of one panel in tiles of M.
struct Tiles<'a, S: Lanes, const M: usize, const J: usize> {
    s: S,
    w: &'a [[S::V; J]],
    input: Input<'a>,
    output: Output<'a, S::V>,
    rows: &'a mut [S::V],
    first: usize,
    end: usize,
}

impl<S: Lanes, const M: usize, const J: usize> Task for Tiles<'_, S, M, J> {
    /// For each tile the sum over the inputs in order, then the addends.
    #[inline(always)]
    fn run(self) {
        let Self { s, w, input, output, rows, first, end } = self;
        let layer = output.layer;
        for row in (first..end).step_by(M) {
            let mut x: [&[f32]; M] = [&[]; M];
            for m in 0..M {
                let start = (row + m) * input.stride;
                x[m] = &input.x[start..start + input.n_inputs];
            }
            let sums = accumulate(s, &w[..input.n_inputs], x);
            for m in 0..M {
                let id = output.ids.get(row + m).map_or(0, |&id| id as usize);
                let start = (row + m) * layer.stride + output.column;
                let to = &mut rows[start..start + J];
                let mut sum = sums[m];
                for term in 0..layer.addends_per_row {
                    let start = (id * layer.addends_per_row + term) * layer.stride + output.column;
                    let addend = &layer.addends[start..start + J];
                    for j in 0..J {
                        sum[j] = s.add(sum[j], addend[j]);
                    }
                }
                for j in 0..J {
                    to[j] = activate(s, layer.activation, sum[j]);
                }
            }
        }
    }
}

/// Products of M rows with the J vectors of a panel, summed over the inputs in order. Returned by
/// value, so that the sums stay in registers.
#[inline(always)]
fn accumulate<S: Lanes, const M: usize, const J: usize>(
    s: S,
    w: &[[S::V; J]],
    mut x: [&[f32]; M],
) -> [[S::V; J]; M] {
    for x in &mut x {
        *x = &x[..w.len()];
    }
    let mut sums = [[s.zero(); J]; M];
    // A layer has inputs; the compiler sees here that nothing reads the zeros.
    for m in 0..M {
        let b = s.splat(x[m][0]);
        for j in 0..J {
            sums[m][j] = s.mul(b, w[0][j]);
        }
    }
    for (k, w) in w[1..].iter().enumerate() {
        // The smaller of the two operands is held in registers, the larger one passes through.
        if M > J {
            for m in 0..M {
                let b = s.splat(x[m][k + 1]);
                for j in 0..J {
                    sums[m][j] = s.fma(b, w[j], sums[m][j]);
                }
            }
        } else {
            let mut b = [s.zero(); M];
            for m in 0..M {
                b[m] = s.splat(x[m][k + 1]);
            }
            for j in 0..J {
                for m in 0..M {
                    sums[m][j] = s.fma(b[m], w[j], sums[m][j]);
                }
            }
        }
    }
    sums
}

#[inline(always)]
fn activate<S: Lanes>(s: S, activation: Activation, x: S::V) -> S::V {
    match activation {
        Activation::None => x,
        Activation::Relu => s.max(x, s.zero()),
        Activation::Gelu => gelu(s, x),
    }
}

/// A map over whole rows.
struct Apply<'a, S: Lanes> {
    s: S,
    map: &'a PackedMap<S::V>,
    rows: &'a mut [S::V],
    stride: usize,
}

impl<S: Lanes> Task for Apply<'_, S> {
    #[inline(always)]
    fn run(self) {
        let Self { s, map, rows, stride } = self;
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
}

#[inline(always)]
fn each<V: Copy>(row: &mut [V], c: &[V], f: impl Fn(V, V) -> V) {
    for (x, &c) in row.iter_mut().zip(c) {
        *x = f(*x, c);
    }
}
