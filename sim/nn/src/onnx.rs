//! The messages of ONNX files that reading a network needs (onnx.proto3, IR version 8). Fields that are not listed here are skipped.

use prost::Message;

/// The names of `TensorProto.DataType`, from 1 on.
const ELEMENT_TYPES: [&str; 23] = [
    "float",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "int32",
    "int64",
    "string",
    "bool",
    "float16",
    "double",
    "uint32",
    "uint64",
    "complex64",
    "complex128",
    "bfloat16",
    "float8e4m3fn",
    "float8e4m3fnuz",
    "float8e5m2",
    "float8e5m2fnuz",
    "uint4",
    "int4",
    "float4e2m1",
];

/// Returns the name of an element type in ONNX's format (`TensorProto.DataType`), or its number where it has none.
///
/// ```
/// use fusion_nn::onnx::element_type;
/// assert_eq!([1, 10, 11].map(element_type), ["float", "float16", "double"]);
/// assert_eq!([0, 99].map(element_type), ["undefined", "number 99"]);
/// ```
#[must_use]
pub fn element_type(number: i32) -> String {
    if number == 0 {
        return "undefined".into();
    }
    let name = usize::try_from(number).ok().and_then(|number| ELEMENT_TYPES.get(number - 1));
    name.map_or_else(|| format!("number {number}"), ToString::to_string)
}

/// The message `ModelProto`, which is a whole file.
#[derive(Clone, PartialEq, Message)]
pub struct ModelProto {
    /// The version of the format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// The network that the file holds.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// The versions of the operator sets that the nodes are from.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
}

/// The message `OperatorSetIdProto`, which names a version of a set of operators.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// The domain of the set, which is empty for ONNX's own operators.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// The version of the set.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// The message `GraphProto`, which is a network.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// The nodes, each after those whose outputs it reads.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// The constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    /// The inputs. Older files list the constants here too.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// The outputs.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

/// The message `NodeProto`, which applies one operator.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// The names of the values that the node reads. A name is empty for an optional input that is left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// The names of the values that the node computes.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// The name of the node, which may be empty.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The name of the operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// The attributes of the node.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    /// The domain of the operator, which is empty for ONNX's own operators.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// The message `AttributeProto`, which is one attribute of a node. The fields that hold its value depend on its type.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// The name of the attribute.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The value of an attribute of type FLOAT.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// The value of an attribute of type INT.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// The value of an attribute of type STRING.
    #[prost(bytes = "vec", tag = "4")]
    pub s: Vec<u8>,
    /// The value of an attribute of type TENSOR.
    #[prost(message, optional, tag = "5")]
    pub t: Option<Tensor>,
    /// The value of an attribute of type INTS.
    #[prost(int64, repeated, tag = "8")]
    pub ints: Vec<i64>,
    /// The value of an attribute of type FLOATS.
    #[prost(float, repeated, tag = "7")]
    pub floats: Vec<f32>,
}

/// The message `TensorProto`, which is a constant.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// The sizes of the tensor, outermost first.
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    /// The type of the elements: 1 is float, 7 is int64, 9 is bool, 10 is float16, 11 is double. [`element_type`] names it.
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// The elements as floats, if they are written one by one.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// The elements as small integers or truth values, if they are written one by one.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// The elements as integers, if they are written one by one.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// The name of the constant.
    #[prost(string, tag = "8")]
    pub name: String,
    /// The elements as little-endian bytes.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    /// The elements in double precision, if they are written one by one.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// The elements as unsigned integers, if they are written one by one.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// The place of the elements in another file: `location`, `offset` and `length`.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntry>,
    /// Where the elements are: 0 means here, 1 in another file.
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// The message `StringStringEntryProto`, which says where the elements of a constant are.
#[derive(Clone, PartialEq, Message)]
pub struct StringStringEntry {
    /// The key: `location`, `offset` or `length`.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value that belongs to the key.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// The message `ValueInfoProto`, which describes an input or output of the graph.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    /// The name of the value.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The type of the value.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
}

/// The message `TypeProto`, which is the type of a value.
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    /// The type as that of a tensor, if it is one.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

/// The message `TypeProto.Tensor`, which is the type of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// The type of the elements: 1 is float. [`element_type`] names it.
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// The shape of the tensor.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShape>,
}

/// The message `TensorShapeProto`, which is the shape of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShape {
    /// The sizes, outermost first.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// The message `TensorShapeProto.Dimension`, which is one size of a shape.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// The size, or 0 where it is free, as the batch's is.
    #[prost(int64, tag = "1")]
    pub dim_value: i64,
}
