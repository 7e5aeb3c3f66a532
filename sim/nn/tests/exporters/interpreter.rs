//! An interpreter of ONNX in double precision, written from the operators' definitions and for nothing but tests. It is slow, trusts its input, and shares
//! no code with the importer.

use crate::array::{Array, axis_of, broadcast, real, signed, size, whole};
use fusion_nn::onnx::{Attribute, Graph, Node, Tensor};
use std::collections::BTreeMap;

/// The attributes of a node.
struct Given<'a>(&'a [Attribute]);

impl Given<'_> {
    fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.iter().find(|attribute| attribute.name == name)
    }

    fn int(&self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |attribute| attribute.i)
    }

    fn float(&self, name: &str, default: f32) -> f64 {
        self.get(name).map_or(default, |attribute| attribute.f).into()
    }

    fn ints(&self, name: &str, default: &[i64]) -> Vec<i64> {
        self.get(name).map_or_else(|| default.to_vec(), |attribute| attribute.ints.clone())
    }
}

/// The numbers of a constant. Half precision is read from bits one by one.
fn stored(tensor: &Tensor) -> Array {
    let shape: Vec<usize> = tensor.dims.iter().map(|dim| size(*dim)).collect();
    let raw = &tensor.raw_data;
    let half = |bits: u16| {
        let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
        let size = if exponent == 0 {
            fraction / 1024.0 * 2.0_f64.powi(-14)
        } else {
            (1.0 + fraction / 1024.0) * 2.0_f64.powi(exponent - 15)
        };
        if sign == 0 { size } else { -size }
    };
    let data: Vec<f64> = match (tensor.data_type, raw.is_empty()) {
        (1, true) => tensor.float_data.iter().map(|x| f64::from(*x)).collect(),
        (1, false) => raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect(),
        (7, true) => tensor.int64_data.iter().map(|x| real(*x)).collect(),
        (7, false) => raw.as_chunks().0.iter().map(|bytes| real(i64::from_le_bytes(*bytes))).collect(),
        (10, _) => raw.as_chunks().0.iter().map(|bytes| half(u16::from_le_bytes(*bytes))).collect(),
        (11, _) => tensor.double_data.clone(),
        (3 | 6 | 9, true) => tensor.int32_data.iter().map(|x| f64::from(*x)).collect(),
        other => panic!("no test writes {other:?}"),
    };
    Array::new(&shape, data)
}

/// Evaluates a graph on a batch, and returns each output by its name.
pub fn run(graph: &Graph, input: Array) -> BTreeMap<String, Array> {
    let mut known: BTreeMap<String, Array> =
        graph.initializer.iter().map(|tensor| (tensor.name.clone(), stored(tensor))).collect();
    known.insert(graph.input[0].name.clone(), input);
    for node in &graph.node {
        let inputs: Vec<Option<&Array>> = node.input.iter().map(|name| known.get(name)).collect();
        let output = evaluate(node, &inputs);
        known.insert(node.output[0].clone(), output);
    }
    graph.output.iter().map(|output| (output.name.clone(), known[&output.name].clone())).collect()
}

fn evaluate(node: &Node, inputs: &[Option<&Array>]) -> Array {
    let given = Given(&node.attribute);
    let x = || inputs[0].expect("an input");
    let second = || inputs[1].expect("a second input");
    let more = |place: usize| inputs.get(place).copied().flatten();
    match node.op_type.as_str() {
        "Add" => broadcast(x(), second(), |a, b| a + b),
        "Sub" => broadcast(x(), second(), |a, b| a - b),
        "Mul" => broadcast(x(), second(), |a, b| a * b),
        "Div" => broadcast(x(), second(), |a, b| a / b),
        "Max" => broadcast(x(), second(), f64::max),
        "Min" => broadcast(x(), second(), f64::min),
        "ArrayFeatureExtractor" => second().map(|place| x().data[size(whole(place))]),
        "Scaler" => {
            let part = |name: &str| {
                let floats = &given.get(name).expect("numbers").floats;
                Array::new(&[floats.len()], floats.iter().map(|x| f64::from(*x)).collect())
            };
            broadcast(&broadcast(x(), &part("offset"), |a, b| a - b), &part("scale"), |a, b| a * b)
        }
        "Relu" => x().map(|x| x.max(0.0)),
        "LeakyRelu" => x().map(|x| if x < 0.0 { given.float("alpha", 0.01) * x } else { x }),
        "PRelu" => broadcast(x(), second(), |x, slope| if x < 0.0 { slope * x } else { x }),
        "HardSigmoid" => x().map(|x| (given.float("alpha", 0.2) * x + given.float("beta", 0.5)).clamp(0.0, 1.0)),
        "Sigmoid" => x().map(sigmoid),
        "Tanh" => x().map(|x| 2.0 * sigmoid(2.0 * x) - 1.0),
        "Neg" => x().map(|x| -x),
        "Sqrt" => x().map(f64::sqrt),
        "Reciprocal" => x().map(f64::recip),
        "Clip" => {
            let low = more(1).map_or(given.float("min", f32::MIN), Array::scalar);
            let high = more(2).map_or(given.float("max", f32::MAX), Array::scalar);
            x().map(|x| x.max(low).min(high))
        }
        "Cast" if matches!(given.int("to", 0), 6 | 7) => x().map(f64::trunc),
        "Identity" | "Dropout" | "Cast" | "ZipMap" => x().clone(),
        "Constant" => match &node.attribute[0] {
            Attribute { t: Some(tensor), .. } => stored(tensor),
            Attribute { name, f, .. } if name == "value_float" => Array::new(&[], vec![(*f).into()]),
            Attribute { name, i, .. } if name == "value_int" => Array::new(&[], vec![real(*i)]),
            Attribute { ints, .. } => Array::new(&[ints.len()], ints.iter().map(|i| real(*i)).collect()),
        },
        "Gemm" => gemm(x(), second(), more(2), &given),
        "MatMul" => matmul(x(), second()),
        "Conv" => conv(x(), second(), more(2), &given),
        "MaxPool" | "AveragePool" => pool(x(), &given, node.op_type == "MaxPool"),
        "GlobalAveragePool" => reduce(x(), &[2, 3], true, false),
        "GlobalMaxPool" => reduce(x(), &[2, 3], true, true),
        "ReduceMean" | "ReduceMax" => {
            let axes = more(1).map_or_else(|| given.ints("axes", &[]), Array::sizes);
            reduce(x(), &axes, given.int("keepdims", 1) != 0, node.op_type == "ReduceMax")
        }
        "ReduceProd" => Array::new(&[], vec![x().data.iter().product()]),
        "BatchNormalization" => {
            let parts = [1, 2, 3, 4].map(|place| inputs[place].expect("its parameters"));
            Array::by(&x().shape, |index| {
                let [scale, shift, mean, variance] = parts.map(|part| part.data[index[1]]);
                (x().at(index) - mean) / (variance + given.float("epsilon", 1e-5)).sqrt() * scale + shift
            })
        }
        "Pad" => pad(x(), &more(1).map_or_else(|| given.ints("pads", &[]), Array::sizes)),
        "Softmax" | "LogSoftmax" => {
            softmax(x(), axis_of(given.int("axis", -1), x().shape.len()), node.op_type == "LogSoftmax")
        }
        "ArgMax" => arg_max(x(), axis_of(given.int("axis", 0), x().shape.len()), given.int("keepdims", 1) != 0),
        other => lay(other, &given, x(), inputs),
    }
}

/// The sigmoid as docs/models.md defines it: straight between the ends of its table, and constant beyond them.
pub fn sigmoid(x: f64) -> f64 {
    let table = [
        (0.0, 0.5),
        (0.854_396_426, 0.704_462_942),
        (1.563_937_695, 0.829_892_024),
        (2.326_666_972, 0.914_036_000),
        (3.328_935_241, 0.968_382_593),
        (5.118_611_676, 0.997_025_637),
    ];
    if x < 0.0 {
        return 1.0 - sigmoid(-x);
    }
    let Some(end) = table.iter().position(|(end, _)| x < *end) else { return table[5].1 };
    let ((a, low), (b, high)) = (table[end - 1], table[end]);
    low + (x - a) / (b - a) * (high - low)
}

/// Operators that compute nothing.
fn lay(op: &str, given: &Given<'_>, x: &Array, inputs: &[Option<&Array>]) -> Array {
    let more = |place: usize| inputs.get(place).copied().flatten();
    let rank = x.shape.len();
    match op {
        "Shape" => Array::new(&[rank], x.shape.iter().map(|size| real(signed(*size))).collect()),
        "Flatten" => {
            let rows = x.shape[..axis_of(given.int("axis", 1), rank)].iter().product::<usize>();
            Array::new(&[rows, x.data.len() / rows], x.data.clone())
        }
        "Reshape" => reshape(x, &more(1).expect("a shape").sizes()),
        "Transpose" => {
            let back: Vec<i64> = (0..signed(rank)).rev().collect();
            let perm: Vec<usize> = given.ints("perm", &back).into_iter().map(size).collect();
            let shape: Vec<usize> = perm.iter().map(|axis| x.shape[*axis]).collect();
            Array::by(&shape, |index| {
                let mut own = vec![0; rank];
                for (to, from) in perm.iter().enumerate() {
                    own[*from] = index[to];
                }
                x.at(&own)
            })
        }
        "Squeeze" => {
            let axes = more(1).map_or_else(|| given.ints("axes", &[]), Array::sizes);
            let axes: Vec<usize> = axes.into_iter().map(|axis| axis_of(axis, rank)).collect();
            let goes = |axis: usize| if axes.is_empty() { x.shape[axis] == 1 } else { axes.contains(&axis) };
            let shape: Vec<usize> = (0..rank).filter(|axis| !goes(*axis)).map(|axis| x.shape[axis]).collect();
            Array::new(&shape, x.data.clone())
        }
        "Unsqueeze" => {
            let axes = more(1).map_or_else(|| given.ints("axes", &[]), Array::sizes);
            let whole = rank + axes.len();
            let axes: Vec<usize> = axes.into_iter().map(|axis| axis_of(axis, whole)).collect();
            let mut own = x.shape.iter();
            let shape: Vec<usize> =
                (0..whole).map(|axis| if axes.contains(&axis) { 1 } else { *own.next().expect("as many") }).collect();
            Array::new(&shape, x.data.clone())
        }
        "Concat" => {
            let parts: Vec<&Array> = inputs.iter().map(|part| part.expect("a part")).collect();
            let axis = axis_of(given.int("axis", 1), rank);
            let mut shape = x.shape.clone();
            shape[axis] = parts.iter().map(|part| part.shape[axis]).sum();
            Array::by(&shape, |index| {
                let mut index = index.to_vec();
                for part in &parts {
                    if index[axis] < part.shape[axis] {
                        return part.at(&index);
                    }
                    index[axis] -= part.shape[axis];
                }
                unreachable!("within the sum")
            })
        }
        "Gather" => {
            let places = more(1).expect("places");
            Array::new(
                &places.shape,
                places.data.iter().map(|place| x.data[axis_of(whole(*place), x.data.len())]).collect(),
            )
        }
        "Slice" => {
            let part = |place: usize| whole(more(place).expect("an end").scalar());
            let length = signed(x.data.len());
            let end = |at: i64| size((if at < 0 { at + length } else { at }).clamp(0, length));
            let data = x.data[end(part(1))..end(part(2))].to_vec();
            Array::new(&[data.len()], data)
        }
        other => panic!("no test uses {other}"),
    }
}

fn reshape(x: &Array, sizes: &[i64]) -> Array {
    let copied: Vec<i64> =
        sizes.iter().enumerate().map(|(axis, to)| if *to == 0 { signed(x.shape[axis]) } else { *to }).collect();
    let known = copied.iter().filter(|to| **to > 0).product::<i64>();
    let left = signed(x.data.len()) / known;
    let shape: Vec<usize> = copied.into_iter().map(|to| size(if to == -1 { left } else { to })).collect();
    Array::new(&shape, x.data.clone())
}

fn matmul(a: &Array, b: &Array) -> Array {
    let (rank, inner) = (a.shape.len(), b.shape[0]);
    let mut shape = a.shape.clone();
    shape[rank - 1] = b.shape[1];
    Array::by(&shape, |index| {
        let mut left = index.to_vec();
        (0..inner)
            .map(|at| {
                left[rank - 1] = at;
                a.at(&left) * b.at(&[at, index[rank - 1]])
            })
            .sum()
    })
}

fn gemm(a: &Array, b: &Array, c: Option<&Array>, given: &Given<'_>) -> Array {
    let turned = given.int("transB", 0) != 0;
    let b = if turned { Array::by(&[b.shape[1], b.shape[0]], |index| b.at(&[index[1], index[0]])) } else { b.clone() };
    let product = matmul(a, &b).map(|x| x * given.float("alpha", 1.0));
    match c {
        Some(c) => broadcast(&product, &c.map(|x| x * given.float("beta", 1.0)), |a, b| a + b),
        None => product,
    }
}

/// Padding at the start and at the end of both axes, and the output's size.
fn window(x: &Array, kernel: [usize; 2], given: &Given<'_>) -> ([usize; 2], [usize; 4], [usize; 2]) {
    let stride: Vec<usize> = given.ints("strides", &[1, 1]).into_iter().map(size).collect();
    let mut pads: Vec<usize> = given.ints("pads", &[0; 4]).into_iter().map(size).collect();
    let auto = given.get("auto_pad").map_or("NOTSET", |kind| std::str::from_utf8(&kind.s).expect("text"));
    let mut output = [0; 2];
    for axis in 0..2 {
        let length = x.shape[axis + 2];
        if auto.starts_with("SAME") {
            let out = length.div_ceil(stride[axis]);
            let all = ((out - 1) * stride[axis] + kernel[axis]).saturating_sub(length);
            let start = if auto == "SAME_UPPER" { all / 2 } else { all.div_ceil(2) };
            (pads[axis], pads[axis + 2]) = (start, all - start);
        }
        let over = length + pads[axis] + pads[axis + 2] - kernel[axis];
        output[axis] = over / stride[axis] + 1;
        if given.int("ceil_mode", 0) != 0 {
            output[axis] = over.div_ceil(stride[axis]) + 1;
            if (output[axis] - 1) * stride[axis] >= length + pads[axis] {
                output[axis] -= 1;
            }
        }
    }
    ([stride[0], stride[1]], [pads[0], pads[1], pads[2], pads[3]], output)
}

/// The element under a cell of a window, or `None` in the padding.
fn under(x: &Array, [n, c]: [usize; 2], at: [usize; 2]) -> Option<f64> {
    let inside = at[0] < x.shape[2] && at[1] < x.shape[3];
    inside.then(|| x.at(&[n, c, at[0], at[1]]))
}

fn conv(x: &Array, w: &Array, bias: Option<&Array>, given: &Given<'_>) -> Array {
    let kernel = [w.shape[2], w.shape[3]];
    let apart: Vec<usize> = given.ints("dilations", &[1, 1]).into_iter().map(size).collect();
    let reach = [0, 1].map(|axis| (kernel[axis] - 1) * apart[axis] + 1);
    let (stride, pads, [height, width]) = window(x, reach, given);
    let (filters, depth) = (w.shape[0], w.shape[1]);
    let per_group = filters / size(given.int("group", 1));
    Array::by(&[x.shape[0], filters, height, width], |index| {
        let mut sum = bias.map_or(0.0, |bias| bias.data[index[1]]);
        for c in 0..depth {
            for i in 0..kernel[0] {
                for j in 0..kernel[1] {
                    let row = (index[2] * stride[0] + i * apart[0]).wrapping_sub(pads[0]);
                    let column = (index[3] * stride[1] + j * apart[1]).wrapping_sub(pads[1]);
                    let channel = index[1] / per_group * depth + c;
                    sum += w.at(&[index[1], c, i, j]) * under(x, [index[0], channel], [row, column]).unwrap_or(0.0);
                }
            }
        }
        sum
    })
}

fn pool(x: &Array, given: &Given<'_>, is_max: bool) -> Array {
    let kernel: Vec<usize> = given.ints("kernel_shape", &[]).into_iter().map(size).collect();
    let (stride, pads, [height, width]) = window(x, [kernel[0], kernel[1]], given);
    Array::by(&[x.shape[0], x.shape[1], height, width], |index| {
        let mut cells = Vec::new();
        for i in 0..kernel[0] {
            for j in 0..kernel[1] {
                let row = (index[2] * stride[0] + i).wrapping_sub(pads[0]);
                let column = (index[3] * stride[1] + j).wrapping_sub(pads[1]);
                cells.extend(under(x, [index[0], index[1]], [row, column]));
            }
        }
        if is_max {
            return cells.into_iter().fold(f64::NEG_INFINITY, f64::max);
        }
        let counted = if given.int("count_include_pad", 0) != 0 { kernel[0] * kernel[1] } else { cells.len() };
        cells.iter().sum::<f64>() / real(signed(counted))
    })
}

fn reduce(x: &Array, axes: &[i64], keeps: bool, is_max: bool) -> Array {
    let axes: Vec<usize> = axes.iter().map(|axis| axis_of(*axis, x.shape.len())).collect();
    let kept: Vec<usize> =
        x.shape.iter().enumerate().map(|(axis, size)| if axes.contains(&axis) { 1 } else { *size }).collect();
    let inner: Vec<usize> =
        x.shape.iter().enumerate().map(|(axis, size)| if axes.contains(&axis) { *size } else { 1 }).collect();
    let reduced = Array::by(&kept, |index| {
        let own = Array::by(&inner, |more| x.at(&index.iter().zip(more).map(|(a, b)| a + b).collect::<Vec<_>>()));
        if is_max {
            own.data.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        } else {
            own.data.iter().sum::<f64>() / real(signed(own.data.len()))
        }
    });
    let shape: Vec<usize> = if keeps {
        kept
    } else {
        x.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, size)| *size).collect()
    };
    Array::new(&shape, reduced.data)
}

fn pad(x: &Array, pads: &[i64]) -> Array {
    let rank = x.shape.len();
    let shape: Vec<usize> = (0..rank).map(|axis| x.shape[axis] + size(pads[axis] + pads[axis + rank])).collect();
    Array::by(&shape, |index| {
        let own: Vec<usize> = (0..rank).map(|axis| index[axis].wrapping_sub(size(pads[axis]))).collect();
        if own.iter().zip(&x.shape).all(|(at, size)| at < size) { x.at(&own) } else { 0.0 }
    })
}

fn softmax(x: &Array, axis: usize, is_log: bool) -> Array {
    assert_eq!(axis, x.shape.len() - 1, "over the last axis in every test");
    let classes = x.shape[axis];
    let mut data = Vec::new();
    for row in x.data.chunks(classes) {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|x| (x - most).exp()).sum();
        data.extend(row.iter().map(|x| x - most - sum.ln()).map(|log| if is_log { log } else { log.exp() }));
    }
    Array::new(&x.shape, data)
}

fn arg_max(x: &Array, axis: usize, keeps: bool) -> Array {
    assert_eq!(axis, x.shape.len() - 1, "over the last axis in every test");
    let rows: Vec<f64> = x
        .data
        .chunks(x.shape[axis])
        .map(|row| {
            let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            real(signed(row.iter().position(|x| x.total_cmp(&most).is_eq()).expect("the largest")))
        })
        .collect();
    let mut shape = x.shape[..axis].to_vec();
    if keeps {
        shape.push(1);
    }
    Array::new(&shape, rows)
}
