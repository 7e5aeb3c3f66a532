//! Graphs as exporters write them, from random weights.

use fusion_nn::onnx::{
    Attribute, Dimension, Graph, ModelProto, Node, OperatorSet, Tensor, TensorShape, TensorType, Type, ValueInfo,
};

/// A graph while it is built. Names follow from the order of the nodes.
pub struct Net {
    pub nodes: Vec<Node>,
    pub constants: Vec<Tensor>,
    state: u64,
}

pub fn ints(name: &str, ints: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: ints.into(), ..Attribute::default() }
}

pub fn int(name: &str, i: i64) -> Attribute {
    Attribute { name: name.into(), i, ..Attribute::default() }
}

pub fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.into(), f, ..Attribute::default() }
}

pub fn text(name: &str, text: &str) -> Attribute {
    Attribute { name: name.into(), s: text.into(), ..Attribute::default() }
}

impl Net {
    pub fn new(seed: u64) -> Self {
        Self { nodes: Vec::new(), constants: Vec::new(), state: seed }
    }

    /// A number from -1 to 1, in steps of 1/256 (the generator is `SplitMix64`).
    pub fn number(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let step = i16::try_from((bits ^ (bits >> 31)) % 513).expect("small") - 256;
        f32::from(step) / 256.0
    }

    fn constant(&mut self, tensor: Tensor) -> String {
        let name = format!("const{}", self.constants.len());
        self.constants.push(Tensor { name: name.clone(), ..tensor });
        name
    }

    /// A constant of random numbers.
    pub fn weights(&mut self, dims: &[i64]) -> String {
        let count = dims.iter().product::<i64>();
        let float_data = (0..count).map(|_| self.number()).collect();
        self.constant(Tensor { dims: dims.into(), data_type: 1, float_data, ..Tensor::default() })
    }

    /// A constant of random numbers from 0.5 to 1.5.
    pub fn positive(&mut self, dims: &[i64]) -> String {
        let count = dims.iter().product::<i64>();
        let float_data = (0..count).map(|_| 1.0 + self.number() / 2.0).collect();
        self.constant(Tensor { dims: dims.into(), data_type: 1, float_data, ..Tensor::default() })
    }

    /// A constant of one number, of rank 0.
    pub fn scalar(&mut self, number: f32) -> String {
        self.constant(Tensor { data_type: 1, float_data: vec![number], ..Tensor::default() })
    }

    /// A constant vector of integers.
    pub fn shape(&mut self, sizes: &[i64]) -> String {
        let dims = vec![i64::try_from(sizes.len()).expect("few")];
        self.constant(Tensor { dims, data_type: 7, int64_data: sizes.into(), ..Tensor::default() })
    }

    /// A constant integer of rank 0.
    pub fn index(&mut self, index: i64) -> String {
        self.constant(Tensor { data_type: 7, int64_data: vec![index], ..Tensor::default() })
    }

    /// A constant of random numbers of another type: half precision, or double.
    pub fn weights_as(&mut self, data_type: i32, dims: &[i64]) -> String {
        let count = dims.iter().product::<i64>();
        let numbers: Vec<f32> = (0..count).map(|_| self.number()).collect();
        let tensor = Tensor { dims: dims.into(), data_type, ..Tensor::default() };
        if data_type == 11 {
            let double_data = numbers.into_iter().map(f64::from).collect();
            return self.constant(Tensor { double_data, ..tensor });
        }
        assert_eq!(data_type, 10, "half precision");
        let raw_data = numbers.into_iter().flat_map(|number| to_half(number).to_le_bytes()).collect();
        self.constant(Tensor { raw_data, ..tensor })
    }

    /// A constant of random integers from -128 to 127.
    pub fn bytes(&mut self, dims: &[i64]) -> String {
        let count = dims.iter().product::<i64>();
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers in steps")]
        let int32_data = (0..count).map(|_| (self.number() * 127.0).round() as i32).collect();
        self.constant(Tensor { dims: dims.into(), data_type: 3, int32_data, ..Tensor::default() })
    }

    /// A node, whose output is returned.
    pub fn op(&mut self, op: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        let output = format!("v{}", self.nodes.len());
        self.nodes.push(Node {
            op_type: op.into(),
            name: format!("/{op}_{}", self.nodes.len()),
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.clone()],
            attribute: attributes.into(),
            ..Node::default()
        });
        output
    }

    /// A node of scikit-learn's own operators.
    pub fn learned(&mut self, op: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        let output = self.op(op, inputs, attributes);
        if let Some(node) = self.nodes.last_mut() {
            node.domain = "ai.onnx.ml".into();
        }
        output
    }

    /// An attribute of random numbers.
    pub fn floats(&mut self, name: &str, count: usize) -> Attribute {
        let floats = (0..count).map(|_| self.number()).collect();
        Attribute { name: name.into(), floats, ..Attribute::default() }
    }

    /// A node that holds a constant.
    pub fn constant_node(&mut self, attribute: Attribute) -> String {
        self.op("Constant", &[], &[attribute])
    }

    /// The graph with one input `x` and these outputs.
    pub fn graph(self, input: &[i64], outputs: &[&str]) -> Graph {
        let dim = input.iter().map(|&dim_value| Dimension { dim_value }).collect();
        let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
        let input = vec![ValueInfo { name: "x".into(), r#type: Some(Type { tensor_type }) }];
        let output = outputs.iter().map(|name| ValueInfo { name: (*name).into(), r#type: None }).collect();
        Graph { node: self.nodes, initializer: self.constants, input, output }
    }
}

/// A file with a graph.
pub fn file(graph: &Graph) -> Vec<u8> {
    let own = OperatorSet { domain: String::new(), version: 17 };
    let model = ModelProto { ir_version: 8, graph: Some(graph.clone()), opset_import: vec![own] };
    prost::Message::encode_to_vec(&model)
}

/// A number of few bits in half precision.
fn to_half(number: f32) -> u16 {
    let bits = number.to_bits();
    let sign = u16::try_from(bits >> 31).expect("a bit") << 15;
    if number == 0.0 {
        return sign;
    }
    let exponent = (bits >> 23 & 0xff) + 15 - 127;
    sign | u16::try_from(exponent << 10 | (bits >> 13 & 0x3ff)).expect("a number near 1")
}
