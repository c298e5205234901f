// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Turns a graph of the `FRRegressor` family into a plan, or says which node is not of it.
//!
//! Every value is either a constant or rows derived from the inputs. Rows form a chain: each node
//! that changes them ends one version and begins the next, and a node that reads an ended version
//! branches, which the family does not. Only two things stay symbolic until something needs them,
//! so that GELU is recognised however its factors are grouped: a scalar factor, and p + q erf(r x)
//! with or without a factor x.
//!
//! Scalers stay operations of their own, in the graph's order: worked into the weights they would
//! round otherwise, and where large products cancel that is more than the engines may differ.

use std::collections::{HashMap, HashSet};
use std::f64::consts::FRAC_1_SQRT_2;
use std::fmt;
use std::rc::Rc;

use super::constant::{self, Budget, Constant};
use super::plan::{Layer, Map, Plan};
use crate::error::{Result, bail, err};
use crate::onnx::proto::{self, AttributeProto};
use crate::onnx::{Graph, Node, Tensor, node_label};

/// The widest rows that scratch memory is made for.
const MAX_WIDTH: usize = 1 << 16;

/// The oldest operator set whose definitions are the ones here.
const MIN_OPSET: i64 = 7;

/// The node that an error is about.
pub(super) struct At<'a> {
    pub op: &'a str,
    node: &'a Node,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&node_label(self.node))
    }
}

/// The attributes of a node.
pub(super) struct Attributes<'a> {
    at: &'a At<'a>,
    all: &'a [AttributeProto],
}

impl<'a> Attributes<'a> {
    fn get(&self, name: &str) -> Option<&'a AttributeProto> {
        self.all.iter().find(|a| a.name.as_deref() == Some(name))
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.get(name).map(|a| a.i.unwrap_or(0))
    }

    fn float(&self, name: &str) -> Option<f32> {
        self.get(name).map(|a| a.f.unwrap_or(0.0))
    }

    pub(super) fn ints(&self, name: &str) -> &'a [i64] {
        self.get(name).map_or(&[], |a| &a.ints)
    }

    fn string(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name).map(|a| a.s.as_deref().unwrap_or_default())
    }

    /// The attribute of a node that has exactly one.
    pub(super) fn only(&self) -> Result<&'a AttributeProto> {
        match self.all {
            [a] => Ok(a),
            other => {
                bail!(Malformed, "{}: {} attributes where one was expected", self.at, other.len())
            }
        }
    }

    pub(super) fn cast_to_float(&self) -> Result<()> {
        match self.int("to") {
            Some(to) if to == i64::from(proto::FLOAT) => Ok(()),
            to => bail!(Unsupported, "{}: to element type {}, not FLOAT", self.at, to.unwrap_or(0)),
        }
    }
}

/// What a value is of its version of the rows x.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// factor * x; where `divided`, by a division.
    Scaled { factor: f64, divided: bool },
    /// p + q * erf(r * x), times x where `by_x`. Where `divided`, r * x is a quotient.
    Erf { by_x: bool, p: f64, q: f64, r: f64, divided: bool },
}

impl Form {
    /// x itself.
    const X: Self = Self::Scaled { factor: 1.0, divided: false };

    fn scale(self, by: f64) -> Self {
        match self {
            Self::Scaled { factor, .. } => Self::Scaled { factor: factor * by, divided: false },
            Self::Erf { by_x, p, q, r, divided } => {
                Self::Erf { by_x, p: p * by, q: q * by, r, divided }
            }
        }
    }

    fn divide(self, by: f64) -> Self {
        match self.scale(by.recip()) {
            Self::Scaled { factor, .. } => Self::Scaled { factor, divided: self == Self::X },
            erf @ Self::Erf { .. } => erf,
        }
    }

    fn times(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Scaled { factor: a, .. }, Self::Erf { by_x: false, p, q, r, divided })
            | (Self::Erf { by_x: false, p, q, r, divided }, Self::Scaled { factor: a, .. }) => {
                // ONNX Runtime makes x (1 + erf) and the half one operation, which multiplies; where
                // the half comes before x, it leaves the graph's division.
                let divided = divided && p.to_bits() != 1.0_f64.to_bits();
                Some(Self::Erf { by_x: true, p: p * a, q: q * a, r, divided })
            }
            _ => None,
        }
    }

    fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Scaled { factor: a, .. }, Self::Scaled { factor: b, .. }) => {
                Some(Self::Scaled { factor: a + b, divided: false })
            }
            (Self::Scaled { factor: a, .. }, Self::Erf { by_x: true, p, q, r, divided })
            | (Self::Erf { by_x: true, p, q, r, divided }, Self::Scaled { factor: a, .. }) => {
                Some(Self::Erf { by_x: true, p: p + a, q, r, divided })
            }
            _ => None,
        }
    }
}

/// Rows of one version.
#[derive(Debug, Clone)]
struct Rows {
    version: usize,
    /// Dimensions after the batch's.
    tail: Vec<usize>,
    form: Form,
}

#[derive(Debug, Clone)]
enum Value {
    Constant(Constant),
    Rows(Rows),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Features,
    Codec,
}

/// Columns that come from one input.
struct Part {
    role: Role,
    width: usize,
    maps: Vec<Map>,
}

/// What the live version of a chain is made of.
enum Stage {
    Input(Vec<Part>),
    /// Outputs of the last layer.
    Hidden,
}

struct Compiler<'g> {
    graph: &'g Graph,
    budget: Budget,
    values: HashMap<&'g str, Value>,
    live: HashMap<usize, Stage>,
    n_versions: usize,
    feature_maps: Vec<Map>,
    codec_maps: Vec<Map>,
    codec_weights: Vec<f32>,
    layers: Vec<Layer>,
}

/// Compiles a graph.
///
/// # Errors
/// `Unsupported`: a node outside the family, or one used in a way the family does not. `Malformed`: shapes
/// that do not fit. `Inconsistent`: an output of another shape than declared.
pub(super) fn plan(graph: &Graph) -> Result<Plan> {
    if graph.opset < MIN_OPSET {
        bail!(Unsupported, "operator set {} is older than {MIN_OPSET}", graph.opset);
    }
    let mut compiler = Compiler {
        graph,
        budget: Budget::default(),
        values: HashMap::new(),
        live: HashMap::new(),
        n_versions: 0,
        feature_maps: Vec::new(),
        codec_maps: Vec::new(),
        codec_weights: Vec::new(),
        layers: Vec::new(),
    };
    compiler.input(&graph.features, Role::Features, graph.n_features)?;
    if let Some((name, width)) = &graph.codec {
        compiler.input(name, Role::Codec, *width)?;
    }
    for node in needed(graph) {
        compiler.node(node)?;
    }
    compiler.finish()
}

/// The nodes that the output depends on, in order.
fn needed(graph: &Graph) -> Vec<&Node> {
    let mut names: HashSet<&str> = HashSet::from([graph.output.as_str()]);
    let mut nodes: Vec<&Node> = Vec::new();
    for node in graph.nodes.iter().rev() {
        if node.output.iter().any(|o| names.contains(o.as_str())) {
            names.extend(node.input.iter().map(String::as_str).filter(|n| !n.is_empty()));
            nodes.push(node);
        }
    }
    nodes.reverse();
    nodes
}

fn width_of(tail: &[usize]) -> Option<usize> {
    tail.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)).filter(|n| (1..=MAX_WIDTH).contains(n))
}

fn shape_text(tail: &[usize]) -> String {
    let dims: Vec<String> = tail.iter().map(ToString::to_string).collect();
    std::iter::once("N".to_owned()).chain(dims).collect::<Vec<_>>().join(", ")
}

impl<'g> Compiler<'g> {
    fn input(&mut self, name: &'g str, role: Role, width: usize) -> Result<()> {
        if width == 0 || width > MAX_WIDTH {
            bail!(
                Unsupported,
                "input '{name}' of width {width}; the embedded engine takes {MAX_WIDTH}"
            );
        }
        let version = self.begin(Stage::Input(vec![Part { role, width, maps: Vec::new() }]));
        let rows = Rows { version, tail: vec![width], form: Form::X };
        self.values.insert(name, Value::Rows(rows));
        Ok(())
    }

    fn begin(&mut self, stage: Stage) -> usize {
        self.n_versions += 1;
        self.live.insert(self.n_versions, stage);
        self.n_versions
    }

    fn end(&mut self, at: &dyn fmt::Display, version: usize) -> Result<Stage> {
        self.live.remove(&version).ok_or_else(|| {
            err!(Unsupported, "{at}: reads a value that another node has changed; branches other than GELU's are not supported")
        })
    }

    /// The value of an input; `None` where an optional one is left out.
    fn value(&mut self, at: &At<'_>, name: &'g str) -> Result<Option<Value>> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(value) = self.values.get(name) {
            return Ok(Some(value.clone()));
        }
        let Some(tensor) = self.graph.initializers.get(name) else {
            bail!(
                Unsupported,
                "{at}: reads '{name}', a second output or an input of no known role"
            );
        };
        let value = Value::Constant(Rc::new(tensor.clone()));
        self.values.insert(name, value.clone());
        Ok(Some(value))
    }

    fn node(&mut self, node: &'g Node) -> Result<()> {
        let at = At { op: node.op_type.as_deref().unwrap_or(""), node };
        let attributes = Attributes { at: &at, all: &node.attribute };
        let mut inputs = Vec::with_capacity(node.input.len());
        for name in &node.input {
            inputs.push(self.value(&at, name)?);
        }
        let constants: Option<Vec<Option<Constant>>> = inputs
            .iter()
            .map(|v| match v {
                None => Some(None),
                Some(Value::Constant(c)) => Some(Some(Rc::clone(c))),
                Some(Value::Rows(_)) => None,
            })
            .collect();
        let value = match constants {
            _ if at.op == "Constant" => {
                Value::Constant(Rc::new(constant::of_node(&at, &attributes)?))
            }
            Some(constants) => {
                let opset = self.graph.opset;
                let folded = constant::fold(&at, &attributes, opset, &constants, &mut self.budget)?;
                Value::Constant(folded.ok_or_else(|| {
                    err!(Unsupported, "{at}: operator '{}' on constants is not supported", at.op)
                })?)
            }
            None => Value::Rows(self.rows_node(&at, &attributes, &inputs)?),
        };
        if let Some(name) = node.output.first() {
            self.values.insert(name, value);
        }
        Ok(())
    }

    /// A node that reads rows.
    fn rows_node(
        &mut self,
        at: &At<'_>,
        attributes: &Attributes<'_>,
        inputs: &[Option<Value>],
    ) -> Result<Rows> {
        match (at.op, inputs) {
            ("Concat", _) => return self.concat(at, attributes, inputs),
            ("Add" | "Sub" | "Mul" | "Div", [Some(a), Some(b)]) => return self.binary(at, a, b),
            ("Add" | "Sub" | "Mul" | "Div", _) => bail!(Malformed, "{at}: two inputs expected"),
            _ => {}
        }
        let Some(Some(Value::Rows(x))) = inputs.first() else {
            bail!(Unsupported, "{at}: operator '{}' with a constant as first input", at.op);
        };
        let others = &inputs[1..];
        match at.op {
            "Gemm" => self.gemm(at, attributes, x, others),
            "MatMul" => self.matmul(at, x, others),
            "Erf" => match x.form {
                Form::Scaled { factor: r, divided } => {
                    let form = Form::Erf { by_x: false, p: 0.0, q: 1.0, r, divided };
                    Ok(Rows { form, ..x.clone() })
                }
                Form::Erf { .. } => bail!(Unsupported, "{at}: Erf of Erf"),
            },
            "Gelu" => match attributes.string("approximate") {
                None | Some(b"none") => self.map(at, x, Map::Gelu { divides: false }),
                Some(other) => bail!(
                    Unsupported,
                    "{at}: approximate '{}' is not supported, only none",
                    String::from_utf8_lossy(other)
                ),
            },
            "Relu" => self.map(at, x, Map::Relu),
            "Clip" => {
                let map = self.clip(at, attributes, others)?;
                self.map(at, x, map)
            }
            "Neg" => Ok(Rows { form: x.form.scale(-1.0), ..x.clone() }),
            "Identity" => Ok(x.clone()),
            "Cast" => attributes.cast_to_float().map(|()| x.clone()),
            "Dropout" => match others.get(1) {
                None | Some(None) => Ok(x.clone()),
                // BOOL: false is a single zero byte, but training at inference is never of use.
                Some(Some(_)) => bail!(Unsupported, "{at}: with an input 'training_mode'"),
            },
            "Squeeze" | "Unsqueeze" | "Flatten" | "Reshape" => {
                let tail = self.reshaped(at, attributes, &x.tail, others)?;
                if width_of(&tail) != width_of(&x.tail) {
                    bail!(Unsupported, "{at}: changes what a row is");
                }
                Ok(Rows { tail, ..x.clone() })
            }
            other => bail!(Unsupported, "{at}: the embedded engine does not support '{other}'"),
        }
    }

    /// The version that holds a value itself, its symbolic form worked into the chain.
    fn settle(&mut self, at: &dyn fmt::Display, x: &Rows) -> Result<usize> {
        // x (p + p erf(r x)) is GELU(y) 2 p / a of y = a x, a = r sqrt 2.
        let (before, after) = match x.form {
            Form::Scaled { factor, .. } => (factor, None),
            Form::Erf { by_x: true, p, q, r, divided }
                if (p - q).abs() <= 1e-6 * p.abs() && r != 0.0 =>
            {
                let a = r / FRAC_1_SQRT_2;
                // The constants are rounded to f32: take what is 1 but for that as 1.
                let a = if (a - 1.0).abs() <= 1e-6 { 1.0 } else { a };
                let divides = divided && a.to_bits() == 1.0_f64.to_bits();
                (a, Some((Map::Gelu { divides }, 2.0 * p / a)))
            }
            Form::Erf { by_x, p, q, r, .. } => bail!(
                Unsupported,
                "{at}: Erf is supported as GELU, x (0.5 + 0.5 erf(x / sqrt 2)), only; \
                 this is {}({p} + {q} erf({r} x))",
                if by_x { "x " } else { "" }
            ),
        };
        let mut version = self.push_factor(at, x, x.version, before)?;
        if let Some((gelu, after)) = after {
            version = self.push(at, version, gelu)?;
            version = self.push_factor(at, x, version, after)?;
        }
        Ok(version)
    }

    fn push_factor(
        &mut self,
        at: &dyn fmt::Display,
        x: &Rows,
        version: usize,
        factor: f64,
    ) -> Result<usize> {
        if factor.to_bits() == 1.0_f64.to_bits() {
            return Ok(version);
        }
        let width =
            width_of(&x.tail).ok_or_else(|| err!(Unsupported, "{at}: rows are too wide"))?;
        self.push(at, version, Map::Mul(vec![factor as f32; width]))
    }

    fn map(&mut self, at: &At<'_>, x: &Rows, map: Map) -> Result<Rows> {
        let settled = self.settle(at, x)?;
        let version = self.push(at, settled, map)?;
        Ok(Rows { version, tail: x.tail.clone(), form: Form::X })
    }

    /// Ends a version and begins the next with a map.
    fn push(&mut self, at: &dyn fmt::Display, version: usize, map: Map) -> Result<usize> {
        if let Map::Add(c) | Map::Sub(c) | Map::SubFrom(c) | Map::Mul(c) | Map::Div(c) = &map {
            if c.iter().any(|c| !c.is_finite()) {
                bail!(Unsupported, "{at}: a constant that is not finite");
            }
            self.budget.spend_on_plan(c.len()).map_err(|e| e.of(at))?;
        } else {
            self.budget.spend_on_plan(0).map_err(|e| e.of(at))?;
        }
        let mut stage = self.end(at, version)?;
        match &mut stage {
            Stage::Input(parts) => {
                let mut first = 0;
                for part in parts {
                    part.maps.push(map.columns(first..first + part.width));
                    first += part.width;
                }
            }
            Stage::Hidden => {
                if let Some(layer) = self.layers.last_mut() {
                    match map {
                        // MatMul, then Add.
                        Map::Add(bias)
                            if layer.then.is_empty() && layer.bias.iter().all(|b| *b == 0.0) =>
                        {
                            layer.bias = bias;
                        }
                        map => layer.then.push(map),
                    }
                }
            }
        }
        Ok(self.begin(stage))
    }

    fn binary(&mut self, at: &At<'_>, a: &Value, b: &Value) -> Result<Rows> {
        let (x, c, constant_first) = match (a, b) {
            (Value::Rows(a), Value::Rows(b)) => return combine(at, a, b),
            (Value::Rows(x), Value::Constant(c)) => (x, c, false),
            (Value::Constant(c), Value::Rows(x)) => (x, c, true),
            (Value::Constant(_), Value::Constant(_)) => bail!(Unsupported, "{at}: of constants"),
        };
        // One value is not spread over the columns before something needs it there.
        let columns = match constant::scalar(c) {
            Some(value) if c.dims.len() <= 1 + x.tail.len() => vec![value],
            _ => {
                self.budget.spend_on_plan(width_of(&x.tail).unwrap_or(0)).map_err(|e| e.of(at))?;
                columns(at, c, &x.tail)?
            }
        };
        let uniform = columns.iter().all(|v| v.to_bits() == columns[0].to_bits());
        let s = f64::from(columns[0]);
        let form = match (at.op, x.form) {
            ("Mul", form) if uniform => Some(form.scale(s)),
            ("Div", form) if uniform && !constant_first => Some(form.divide(s)),
            ("Add", Form::Erf { by_x: false, p, q, r, divided }) if uniform => {
                Some(Form::Erf { by_x: false, p: p + s, q, r, divided })
            }
            ("Sub", Form::Erf { by_x: false, p, q, r, divided }) if uniform && constant_first => {
                Some(Form::Erf { by_x: false, p: s - p, q: -q, r, divided })
            }
            ("Sub", Form::Erf { by_x: false, p, q, r, divided }) if uniform => {
                Some(Form::Erf { by_x: false, p: p - s, q, r, divided })
            }
            _ => None,
        };
        if let Some(form) = form {
            return Ok(Rows { form, ..x.clone() });
        }
        let columns = match columns.as_slice() {
            &[value] => vec![value; width_of(&x.tail).unwrap_or(1)],
            _ => columns,
        };
        let map = match (at.op, constant_first) {
            ("Add", _) => Map::Add(columns),
            ("Sub", false) => Map::Sub(columns),
            ("Sub", true) => Map::SubFrom(columns),
            ("Mul", _) => Map::Mul(columns),
            ("Div", false) => Map::Div(columns),
            _ => bail!(Unsupported, "{at}: division by a value that depends on the inputs"),
        };
        self.map(at, x, map)
    }

    fn concat(
        &mut self,
        at: &At<'_>,
        attributes: &Attributes<'_>,
        inputs: &[Option<Value>],
    ) -> Result<Rows> {
        match attributes.int("axis") {
            Some(-1 | 1) => {}
            axis => {
                bail!(Unsupported, "{at}: along axis {} where 1 was expected", axis.unwrap_or(0))
            }
        }
        let mut joined: Vec<Part> = Vec::new();
        for input in inputs {
            let Some(Value::Rows(x)) = input else {
                bail!(Unsupported, "{at}: with a constant");
            };
            if x.tail.len() != 1 {
                bail!(
                    Unsupported,
                    "{at}: of [{}] where [N, width] was expected",
                    shape_text(&x.tail)
                );
            }
            let version = self.settle(at, x)?;
            match self.end(at, version)? {
                Stage::Input(parts) => joined.extend(parts),
                Stage::Hidden => bail!(Unsupported, "{at}: after the first layer"),
            }
        }
        let width: usize = joined.iter().map(|p| p.width).sum();
        if width > MAX_WIDTH {
            bail!(Unsupported, "{at}: {width} columns; the embedded engine takes {MAX_WIDTH}");
        }
        let version = self.begin(Stage::Input(joined));
        Ok(Rows { version, tail: vec![width], form: Form::X })
    }

    fn gemm(
        &mut self,
        at: &At<'_>,
        attributes: &Attributes<'_>,
        x: &Rows,
        others: &[Option<Value>],
    ) -> Result<Rows> {
        if attributes.int("transA").unwrap_or(0) != 0 {
            bail!(Unsupported, "{at}: transA = 1");
        }
        let Some(Some(Value::Constant(b))) = others.first() else {
            bail!(Unsupported, "{at}: weights that are not constant");
        };
        let transposed = attributes.int("transB").unwrap_or(0) != 0;
        let &[rows, columns] = b.dims.as_slice() else {
            bail!(
                Malformed,
                "{at}: weights of shape {:?} where two dimensions were expected",
                b.dims
            );
        };
        let (n_inputs, n_outputs) = if transposed { (columns, rows) } else { (rows, columns) };
        self.check_weights(at, x, n_inputs, n_outputs)?;
        let values = constant::floats(at, b)?;
        let alpha = f64::from(attributes.float("alpha").unwrap_or(1.0));
        let scaled = |v: f32| (f64::from(v) * alpha) as f32;
        let weights: Vec<f32> = if transposed {
            (0..n_inputs)
                .flat_map(|i| (0..n_outputs).map(move |j| scaled(values[j * n_inputs + i])))
                .collect()
        } else {
            values.iter().map(|&v| scaled(v)).collect()
        };
        let bias = match others.get(1) {
            None | Some(None) => vec![0.0; n_outputs],
            Some(Some(Value::Constant(c))) => {
                let beta = f64::from(attributes.float("beta").unwrap_or(1.0));
                let bias = self::columns(at, c, &[n_outputs])?;
                bias.into_iter().map(|v| (f64::from(v) * beta) as f32).collect()
            }
            Some(Some(Value::Rows(_))) => bail!(Unsupported, "{at}: bias that is not constant"),
        };
        let layer = Layer { n_inputs, n_outputs, weights, bias, then: Vec::new() };
        self.layer(at, x, layer, vec![n_outputs])
    }

    fn matmul(&mut self, at: &At<'_>, x: &Rows, others: &[Option<Value>]) -> Result<Rows> {
        let Some(Some(Value::Constant(b))) = others.first() else {
            bail!(Unsupported, "{at}: weights that are not constant");
        };
        let (n_inputs, n_outputs, tail) = match b.dims.as_slice() {
            &[k, m] => (k, m, vec![m]),
            &[k] => (k, 1, vec![]),
            dims => bail!(Unsupported, "{at}: weights of shape {dims:?}"),
        };
        self.check_weights(at, x, n_inputs, n_outputs)?;
        let weights = constant::floats(at, b)?.to_vec();
        let bias = vec![0.0; n_outputs];
        let layer = Layer { n_inputs, n_outputs, weights, bias, then: Vec::new() };
        self.layer(at, x, layer, tail)
    }

    fn check_weights(
        &mut self,
        at: &At<'_>,
        x: &Rows,
        n_inputs: usize,
        n_outputs: usize,
    ) -> Result<()> {
        if x.tail != [n_inputs] {
            bail!(
                Malformed,
                "{at}: inputs [{}] and weights of {n_inputs} by {n_outputs} do not fit",
                shape_text(&x.tail)
            );
        }
        if n_inputs == 0 || n_outputs == 0 || n_outputs > MAX_WIDTH {
            bail!(
                Unsupported,
                "{at}: {n_outputs} outputs; the embedded engine takes 1 to {MAX_WIDTH}"
            );
        }
        self.budget.spend_on_plan(n_inputs.saturating_mul(n_outputs)).map_err(|e| e.of(at))
    }

    /// Adds a layer to the chain.
    fn layer(&mut self, at: &At<'_>, x: &Rows, mut layer: Layer, tail: Vec<usize>) -> Result<Rows> {
        let version = self.settle(at, x)?;
        match self.end(at, version)? {
            Stage::Input(parts) => layer = self.first_layer(at, parts, layer)?,
            Stage::Hidden => {}
        }
        self.layers.push(layer);
        let version = self.begin(Stage::Hidden);
        Ok(Rows { version, tail, form: Form::X })
    }

    /// Splits the first layer's weights into those of the features and those of the codec block.
    fn first_layer(&mut self, at: &At<'_>, parts: Vec<Part>, all: Layer) -> Result<Layer> {
        let Layer { n_outputs, weights, bias, .. } = all;
        if !self.layers.is_empty() {
            bail!(Unsupported, "{at}: a second first layer");
        }
        let mut features = None;
        let mut rest = weights.as_slice();
        for part in parts {
            let (own, after) = rest.split_at(part.width * n_outputs);
            rest = after;
            let own = own.to_vec();
            match part.role {
                Role::Features => {
                    self.feature_maps = part.maps;
                    features = Some((part.width, own));
                }
                Role::Codec => {
                    self.codec_maps = part.maps;
                    self.codec_weights = own;
                }
            }
        }
        let Some((n_inputs, weights)) = features else {
            bail!(Unsupported, "{at}: a layer of the codec block alone");
        };
        Ok(Layer { n_inputs, n_outputs, weights, bias, then: Vec::new() })
    }

    fn clip(
        &self,
        at: &At<'_>,
        attributes: &Attributes<'_>,
        others: &[Option<Value>],
    ) -> Result<Map> {
        let bound = |i: usize, name: &str, default: f32| match others.get(i) {
            _ if self.graph.opset < 11 => Ok(attributes.float(name).unwrap_or(default)),
            None | Some(None) => Ok(default),
            Some(Some(Value::Constant(c))) => constant::scalar(c)
                .ok_or_else(|| err!(Unsupported, "{at}: input '{name}' is not a scalar of FLOAT")),
            Some(Some(Value::Rows(_))) => {
                bail!(Unsupported, "{at}: input '{name}' is not constant")
            }
        };
        let min = bound(0, "min", f32::NEG_INFINITY)?;
        let max = bound(1, "max", f32::INFINITY)?;
        if min.is_nan() || max.is_nan() || min == f32::INFINITY || max == f32::NEG_INFINITY {
            bail!(Unsupported, "{at}: from {min} to {max}");
        }
        Ok(Map::Clamp { min, max })
    }

    /// The dimensions after the batch's that a node gives rows of `tail`.
    fn reshaped(
        &self,
        at: &At<'_>,
        attributes: &Attributes<'_>,
        tail: &[usize],
        others: &[Option<Value>],
    ) -> Result<Vec<usize>> {
        let second = match others.first() {
            None | Some(None) => None,
            Some(Some(Value::Constant(c))) => Some(c.as_ref()),
            Some(Some(Value::Rows(_))) => bail!(Unsupported, "{at}: shape or axes not constant"),
        };
        let moves_batch = || err!(Unsupported, "{at}: changes the batch dimension");
        let listed = |added: usize| {
            let rank = 1 + tail.len() + added;
            constant::axes(at, attributes, self.graph.opset, second, rank)
        };
        match at.op {
            "Squeeze" => {
                let axes = listed(0)?;
                if axes.is_empty() {
                    return Ok(tail.iter().copied().filter(|&d| d != 1).collect());
                }
                let mut kept = Vec::new();
                for (i, &d) in tail.iter().enumerate() {
                    match axes.contains(&(i + 1)) {
                        true if d != 1 => bail!(Malformed, "{at}: axis {} of size {d}", i + 1),
                        true => {}
                        false => kept.push(d),
                    }
                }
                if axes.contains(&0) { Err(moves_batch()) } else { Ok(kept) }
            }
            "Unsqueeze" => {
                let given = match second {
                    Some(t) if self.graph.opset >= 13 => constant::integers(at, t)?.len(),
                    _ => attributes.ints("axes").len(),
                };
                let mut axes = listed(given)?;
                axes.sort_unstable();
                let mut tail = tail.to_vec();
                for axis in axes {
                    match axis.checked_sub(1) {
                        Some(i) if i <= tail.len() => tail.insert(i, 1),
                        Some(_) => bail!(Malformed, "{at}: axis {axis} is out of range"),
                        None => return Err(moves_batch()),
                    }
                }
                Ok(tail)
            }
            "Flatten" => {
                let rank = 1 + tail.len() as i64;
                let given = attributes.int("axis").unwrap_or(1);
                let first = if given < 0 { given.saturating_add(rank) } else { given };
                if !(1..=rank).contains(&first) {
                    return Err(moves_batch());
                }
                let (before, after) = tail.split_at(first as usize - 1);
                if before.iter().any(|&d| d != 1) {
                    return Err(moves_batch());
                }
                Ok(vec![after.iter().product()])
            }
            _ => {
                let Some(shape) = second else {
                    bail!(Unsupported, "{at}: a shape that is not constant");
                };
                let shape = constant::integers(at, shape)?;
                let copies = attributes.int("allowzero").unwrap_or(0) == 0;
                reshaped_tail(shape, tail, copies).ok_or_else(|| {
                    err!(
                        Unsupported,
                        "{at}: [{}] to {shape:?} changes what a row is",
                        shape_text(tail)
                    )
                })
            }
        }
    }

    fn finish(mut self) -> Result<Plan> {
        let graph = self.graph;
        let at = format!("output '{}'", graph.output);
        let Some(Value::Rows(rows)) = self.values.get(graph.output.as_str()).cloned() else {
            bail!(Unsupported, "{at}: does not depend on the features");
        };
        let version = self.settle(&at, &rows)?;
        if !matches!(self.end(&at, version)?, Stage::Hidden) {
            bail!(Unsupported, "{at}: no layer on the way to it");
        }
        let declared = if graph.output_is_matrix { vec![graph.output_width] } else { vec![] };
        if rows.tail != declared {
            bail!(
                Inconsistent,
                "{at}: declared as [{}], computed as [{}]",
                shape_text(&declared),
                shape_text(&rows.tail)
            );
        }
        let n_codecs = graph.codec.as_ref().map_or(0, |(_, width)| *width);
        // A codec block that the graph never reads adds nothing.
        self.codec_weights.resize(n_codecs * self.layers[0].n_outputs, 0.0);
        Ok(Plan {
            n_features: graph.n_features,
            n_codecs,
            feature_maps: self.feature_maps,
            codec_maps: self.codec_maps,
            codec_weights: self.codec_weights,
            layers: self.layers,
        })
    }
}

/// The dimensions after the batch's of a Reshape that leaves the batch's where it is.
fn reshaped_tail(shape: &[i64], tail: &[usize], zero_copies: bool) -> Option<Vec<usize>> {
    let width = width_of(tail)?;
    let (&batch, rest) = shape.split_first()?;
    let infers_batch = batch == -1;
    if !(infers_batch || (batch == 0 && zero_copies)) {
        return None;
    }
    let mut out = Vec::with_capacity(rest.len());
    let mut inferred = None;
    for (i, &d) in rest.iter().enumerate() {
        out.push(match d {
            -1 if !infers_batch && inferred.is_none() => {
                inferred = Some(i);
                1
            }
            0 if zero_copies => *tail.get(i)?,
            d => usize::try_from(d).ok()?,
        });
    }
    let known = width_of(&out)?;
    if let Some(i) = inferred {
        out[i] = width / known;
    }
    (width_of(&out)? == width).then_some(out)
}

/// Two values of the same rows.
fn combine(at: &At<'_>, a: &Rows, b: &Rows) -> Result<Rows> {
    let form = if a.version == b.version && a.tail == b.tail {
        match at.op {
            "Mul" => a.form.times(b.form),
            "Add" => a.form.plus(b.form),
            "Sub" => a.form.plus(b.form.scale(-1.0)),
            _ => None,
        }
    } else {
        None
    };
    match form {
        Some(form) => Ok(Rows { form, ..a.clone() }),
        None => bail!(
            Unsupported,
            "{at}: of two values that both depend on the inputs is supported within GELU only"
        ),
    }
}

/// A constant broadcast to one value per column of rows of `tail`.
fn columns(at: &At<'_>, c: &Tensor, tail: &[usize]) -> Result<Vec<f32>> {
    let values = constant::floats(at, c)?;
    let rank = 1 + tail.len();
    let misfit = || {
        err!(
            Malformed,
            "{at}: constant of shape {:?} does not fit rows of [{}]",
            c.dims,
            shape_text(tail)
        )
    };
    let width = width_of(tail).ok_or_else(misfit)?;
    if c.dims.len() > rank || (c.dims.len() == rank && c.dims[0] != 1) {
        bail!(
            Unsupported,
            "{at}: constant of shape {:?} over rows of [{}] has a batch dimension",
            c.dims,
            shape_text(tail)
        );
    }
    let own = &c.dims[c.dims.len().saturating_sub(tail.len())..];
    let aligned = &tail[tail.len() - own.len()..];
    if own.iter().zip(aligned).any(|(&c, &t)| c != t && c != 1) {
        return Err(misfit());
    }
    if values.len() == width {
        return Ok(values.to_vec());
    }
    if let [value] = values {
        return Ok(vec![*value; width]);
    }
    bail!(Unsupported, "{at}: constant of shape {:?} over rows of [{}]", c.dims, shape_text(tail))
}
