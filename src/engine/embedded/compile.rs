// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Turns a graph of the `FRRegressor` family into a plan, or says which node is not of it.
//!
//! Every value is either a constant or rows derived from the inputs. Nodes of constants fold
//! (`fold`); nodes of rows add to the steps (`steps`). What may become a GELU stays symbolic until a
//! node needs the value itself (`form`).
//!
//! Scalers stay operations of their own, in the graph's order: worked into the weights they would
//! round otherwise, and where large products cancel that is more than the engines may differ.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::rc::Rc;

use super::budget::Budget;
use super::constant::{Constant, scalar};
use super::dense::{Dense, matmul};
use super::fold::fold;
use super::form::Form;
use super::node::{Arithmetic, Node, Operator, Shaping};
use super::plan::{Map, Plan};
use super::shape::{Shape, moves_batch};
use super::steps::{Content, Steps, Version};
use crate::error::{Result, bail, err};
use crate::onnx::proto::NodeProto;
use crate::onnx::{Graph, Tensor};

/// The oldest operator set whose definitions are the ones here.
const MIN_OPSET: i64 = 7;

/// Rows of one version.
#[derive(Debug, Clone)]
struct Rows {
    version: Version,
    shape: Shape,
    form: Form,
}

#[derive(Debug, Clone)]
enum Value {
    Constant(Constant),
    Rows(Rows),
}

struct Compiler<'g> {
    graph: &'g Graph,
    budget: Budget,
    values: HashMap<&'g str, Value>,
    steps: Steps,
}

/// Compiles a graph.
///
/// # Errors
/// `Unsupported`: a node outside the family, or one used in a way the family does not. `Malformed`:
/// shapes that do not fit. `Inconsistent`: an output of another shape than declared.
pub(super) fn plan(graph: &Graph) -> Result<Plan> {
    if graph.opset < MIN_OPSET {
        bail!(Unsupported, "operator set {} is older than {MIN_OPSET}", graph.opset);
    }
    let mut compiler = Compiler {
        graph,
        budget: Budget::default(),
        values: HashMap::new(),
        steps: Steps::default(),
    };
    compiler.input(&graph.features, Content::Features, graph.n_features)?;
    if let Some((name, width)) = &graph.codec {
        compiler.input(name, Content::Codec, *width)?;
    }
    for node in needed(graph) {
        compiler.node(&Node::read(node, graph.opset)?)?;
    }
    compiler.finish()
}

/// The nodes that the output depends on, in order.
fn needed(graph: &Graph) -> Vec<&NodeProto> {
    let mut names: HashSet<&str> = HashSet::from([graph.output.as_str()]);
    let mut nodes: Vec<&NodeProto> = Vec::new();
    for node in graph.nodes.iter().rev() {
        if node.output.iter().any(|o| names.contains(o.as_str())) {
            names.extend(node.input.iter().map(String::as_str).filter(|n| !n.is_empty()));
            nodes.push(node);
        }
    }
    nodes.reverse();
    nodes
}

impl<'g> Compiler<'g> {
    fn input(&mut self, name: &'g str, content: Content, width: usize) -> Result<()> {
        let version = self.steps.input(name, content, width)?;
        let rows = Rows { version, shape: Shape::of_rows(&[width]), form: Form::X };
        self.values.insert(name, Value::Rows(rows));
        Ok(())
    }

    /// The value of an input; `None` for an optional one that is left out.
    fn value(&mut self, node: &Node<'g>, name: &'g str) -> Result<Option<Value>> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(value) = self.values.get(name) {
            return Ok(Some(value.clone()));
        }
        let Some(tensor) = self.graph.initializers.get(name) else {
            bail!(
                Unsupported,
                "{node}: reads '{name}', a second output or an input of no known role"
            );
        };
        let value = Value::Constant(Rc::new(tensor.clone()));
        self.values.insert(name, value.clone());
        Ok(Some(value))
    }

    fn node(&mut self, node: &Node<'g>) -> Result<()> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for name in node.inputs {
            inputs.push(self.value(node, name)?);
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
            Some(constants) => Value::Constant(fold(node, &constants, &mut self.budget)?),
            None => Value::Rows(self.rows(node, &inputs)?),
        };
        if let Some(name) = node.output() {
            self.values.insert(name, value);
        }
        Ok(())
    }

    /// What a node makes that reads rows.
    fn rows(&mut self, node: &Node<'_>, inputs: &[Option<Value>]) -> Result<Rows> {
        match (&node.operator, inputs) {
            (Operator::Concat { axis }, _) => return self.concat(node, *axis, inputs),
            (Operator::Arithmetic(op), [Some(a), Some(b)]) => {
                return self.arithmetic(node, *op, a, b);
            }
            (Operator::Arithmetic(_), _) => bail!(Malformed, "{node}: two inputs expected"),
            _ => {}
        }
        let Some(Some(Value::Rows(x))) = inputs.first() else {
            bail!(
                Unsupported,
                "{node}: operator '{}' with a constant as first input",
                node.op_type()
            );
        };
        let others = &inputs[1..];
        match &node.operator {
            Operator::Gemm(gemm) => {
                let weights = constant(node, others.first(), "weights that are")?;
                let bias = constant(node, others.get(1), "bias that is")?;
                let dense = gemm.dense(node, &x.shape, weights, bias, &mut self.budget)?;
                self.layer(node, x, dense)
            }
            Operator::MatMul => {
                let weights = constant(node, others.first(), "weights that are")?;
                let dense = matmul(node, &x.shape, weights, &mut self.budget)?;
                self.layer(node, x, dense)
            }
            Operator::Erf => match x.form.erf() {
                Some(form) => Ok(Rows { form, ..x.clone() }),
                None => self.map(node, x, &Map::Erf),
            },
            Operator::Gelu => self.map(node, x, &Map::Gelu { divides: false }),
            Operator::Relu => self.map(node, x, &Map::Relu),
            Operator::Clip { min, max } => {
                let min = bound(node, others.first(), "min", *min, f32::NEG_INFINITY)?;
                let max = bound(node, others.get(1), "max", *max, f32::INFINITY)?;
                if min.is_nan() || max.is_nan() || min == f32::INFINITY || max == f32::NEG_INFINITY
                {
                    bail!(Unsupported, "{node}: from {min} to {max}");
                }
                self.map(node, x, &Map::Clamp { min, max })
            }
            Operator::Neg => self.with_scalar(node, Arithmetic::Mul, x, -1.0, false),
            Operator::Identity | Operator::Cast => Ok(x.clone()),
            Operator::Dropout => match others.get(1) {
                None | Some(None) => Ok(x.clone()),
                // BOOL: false is a single zero byte, but training at inference is never of use.
                Some(Some(_)) => bail!(Unsupported, "{node}: with an input 'training_mode'"),
            },
            Operator::Shaping(shaping) => reshape(node, *shaping, x, others.first()),
            Operator::Constant(_)
            | Operator::Transpose { .. }
            | Operator::Sqrt
            | Operator::Reciprocal
            | Operator::Concat { .. }
            | Operator::Arithmetic(_) => {
                let op = node.op_type();
                bail!(Unsupported, "{node}: the embedded engine does not support '{op}'")
            }
        }
    }

    /// The version that holds a value itself, its form worked into the steps.
    fn settle(&mut self, at: &dyn Display, x: &Rows) -> Result<Version> {
        let Some(maps) = x.form.maps(x.shape.columns()) else {
            bail!(
                Unsupported,
                "{at}: Erf times its argument is supported as GELU, x (0.5 + 0.5 erf(x / sqrt 2)), \
                 only; this is {}",
                x.form
            );
        };
        let mut version = x.version.clone();
        for map in &maps {
            version = self.push(at, &version, map)?;
        }
        Ok(version)
    }

    fn map(&mut self, node: &Node<'_>, x: &Rows, map: &Map) -> Result<Rows> {
        let settled = self.settle(node, x)?;
        let version = self.push(node, &settled, map)?;
        Ok(Rows { version, shape: x.shape.clone(), form: Form::X })
    }

    /// Adds a map to the steps.
    fn push(&mut self, at: &dyn Display, version: &Version, map: &Map) -> Result<Version> {
        let constants = map.constants();
        if constants.iter().any(|c| !c.is_finite()) {
            bail!(Unsupported, "{at}: a constant that is not finite");
        }
        self.budget.spend_on_plan(constants.len()).map_err(|e| e.of(at))?;
        self.steps.map(at, version, map)
    }

    fn arithmetic(
        &mut self,
        node: &Node<'_>,
        op: Arithmetic,
        a: &Value,
        b: &Value,
    ) -> Result<Rows> {
        let (x, c, constant_first) = match (a, b) {
            (Value::Rows(a), Value::Rows(b)) => return self.combine(node, op, a, b),
            (Value::Rows(x), Value::Constant(c)) => (x, c, false),
            (Value::Constant(c), Value::Rows(x)) => (x, c, true),
            (Value::Constant(_), Value::Constant(_)) => bail!(Unsupported, "{node}: of constants"),
        };
        // One value is not spread over the columns before something needs it there.
        let columns = match scalar(c) {
            Some(value) if c.dims.len() <= x.shape.rank() => vec![value],
            _ => {
                self.budget.spend_on_plan(x.shape.columns()).map_err(|e| e.of(node))?;
                x.shape.columns_of(node, c)?
            }
        };
        if columns.iter().all(|v| v.to_bits() == columns[0].to_bits()) {
            return self.with_scalar(node, op, x, columns[0], constant_first);
        }
        self.with_constant(node, op, x, columns, constant_first)
    }

    /// Rows and one value.
    fn with_scalar(
        &mut self,
        node: &Node<'_>,
        op: Arithmetic,
        x: &Rows,
        scalar: f32,
        scalar_first: bool,
    ) -> Result<Rows> {
        match x.form.with_scalar(op, scalar, scalar_first) {
            Some(form) => Ok(Rows { form, ..x.clone() }),
            None => self.with_constant(node, op, x, vec![scalar; x.shape.columns()], scalar_first),
        }
    }

    /// Rows and a value per column.
    fn with_constant(
        &mut self,
        node: &Node<'_>,
        op: Arithmetic,
        x: &Rows,
        columns: Vec<f32>,
        constant_first: bool,
    ) -> Result<Rows> {
        match op.map(columns, constant_first) {
            Some(map) => self.map(node, x, &map),
            None => {
                bail!(Unsupported, "{node}: division by a value that depends on the inputs")
            }
        }
    }

    /// Two values that both depend on the inputs.
    fn combine(&mut self, node: &Node<'_>, op: Arithmetic, a: &Rows, b: &Rows) -> Result<Rows> {
        if a.version == b.version
            && a.shape == b.shape
            && let Some(form) = a.form.with(op, &b.form)
        {
            return Ok(Rows { form, ..a.clone() });
        }
        if op != Arithmetic::Add || a.shape != b.shape || Steps::overlap(&a.version, &b.version) {
            bail!(
                Unsupported,
                "{node}: of two values that both depend on the inputs is supported within GELU, and \
                 as the sum of two layers, only"
            );
        }
        self.budget.spend_on_plan(a.shape.columns()).map_err(|e| e.of(node))?;
        let (a_itself, b_itself) = (self.settle(node, a)?, self.settle(node, b)?);
        let version = self.steps.add(node, &a_itself, &b_itself)?;
        Ok(Rows { version, shape: a.shape.clone(), form: Form::X })
    }

    fn concat(&mut self, node: &Node<'_>, axis: i64, inputs: &[Option<Value>]) -> Result<Rows> {
        if axis != 1 && axis != -1 {
            bail!(Unsupported, "{node}: along axis {axis} where 1 was expected");
        }
        let mut versions = Vec::with_capacity(inputs.len());
        for input in inputs {
            let Some(Value::Rows(x)) = input else {
                bail!(Unsupported, "{node}: with a constant");
            };
            if x.shape.rank() != 2 {
                bail!(Unsupported, "{node}: of {} where [N, width] was expected", x.shape);
            }
            versions.push(self.settle(node, x)?);
        }
        self.budget.spend_on_plan(versions.len()).map_err(|e| e.of(node))?;
        let (version, width) = self.steps.join(node, &versions)?;
        Ok(Rows { version, shape: Shape::of_rows(&[width]), form: Form::X })
    }

    fn layer(&mut self, node: &Node<'_>, x: &Rows, (dense, shape): (Dense, Shape)) -> Result<Rows> {
        let version = self.settle(node, x)?;
        let version = self.steps.layer(node, &version, dense)?;
        Ok(Rows { version, shape, form: Form::X })
    }

    fn finish(mut self) -> Result<Plan> {
        let graph = self.graph;
        let at = format!("output '{}'", graph.output);
        let Some(Value::Rows(rows)) = self.values.get(graph.output.as_str()).cloned() else {
            bail!(Unsupported, "{at}: does not depend on the features");
        };
        let version = self.settle(&at, &rows)?;
        let n_codecs = graph.codec.as_ref().map_or(0, |(_, width)| *width);
        let plan = self.steps.finish(&at, &version, graph.n_features, n_codecs)?;
        let tail: &[usize] = if graph.output_is_matrix { &[graph.output_width] } else { &[] };
        let declared = Shape::of_rows(tail);
        if rows.shape != declared || declared.columns() != graph.output_width {
            bail!(Inconsistent, "{at}: declared as {declared}, computed as {}", rows.shape);
        }
        Ok(plan)
    }
}

/// An input that has to be constant; `None` for one that is left out.
fn constant<'v>(
    node: &Node<'_>,
    input: Option<&'v Option<Value>>,
    what: &str,
) -> Result<Option<&'v Tensor>> {
    match input {
        None | Some(None) => Ok(None),
        Some(Some(Value::Constant(c))) => Ok(Some(c)),
        Some(Some(Value::Rows(_))) => bail!(Unsupported, "{node}: {what} not constant"),
    }
}

/// A bound of Clip: an input's, else an attribute's, else the default.
fn bound(
    node: &Node<'_>,
    input: Option<&Option<Value>>,
    name: &str,
    attribute: Option<f32>,
    default: f32,
) -> Result<f32> {
    match constant(node, input, &format!("input '{name}' is"))? {
        None => Ok(attribute.unwrap_or(default)),
        Some(c) => scalar(c)
            .ok_or_else(|| err!(Unsupported, "{node}: input '{name}' is not a scalar of FLOAT")),
    }
}

fn reshape(
    node: &Node<'_>,
    shaping: Shaping<'_>,
    x: &Rows,
    second: Option<&Option<Value>>,
) -> Result<Rows> {
    let second = constant(node, second, "shape or axes")?;
    let shape = x.shape.after(node, shaping, second)?;
    if !shape.is_of_rows() {
        return Err(moves_batch(node));
    }
    Ok(Rows { shape, ..x.clone() })
}
