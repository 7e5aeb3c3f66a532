//! What the names of a graph stand for.

use super::layout::Layout;
use crate::model::Value;
use std::rc::Rc;

/// A tensor of the graph, as a value of the network and a layout of its elements.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) value: Value,
    /// The places of the elements in the value, once what is pending was done to that.
    pub(super) layout: Rc<Layout>,
    pub(super) pending: Option<Pending>,
}

impl View {
    /// A value as it is.
    pub(super) fn whole(value: Value, shape: &[usize]) -> Self {
        Self { value, layout: Rc::new(Layout::whole(shape)), pending: None }
    }

    /// The sizes of the tensor, without the batch.
    pub(super) fn dims(&self) -> &[usize] {
        self.layout.dims()
    }

    /// The same value in another layout.
    pub(super) fn laid(&self, layout: Layout) -> Self {
        Self { layout: Rc::new(layout), ..self.clone() }
    }
}

/// What a node does to a value that the layer after it may take in. Otherwise it becomes a layer of its own.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// The index of the node.
    pub(super) node: usize,
    pub(super) what: Change,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    /// So many zeros at the top, left, bottom and right of each channel.
    Zeros([usize; 4]),
    /// Each element of a vector multiplied and then added to.
    Affine(Rc<Affine>),
}

/// A factor and an offset for each channel.
#[derive(Clone, Debug)]
pub(super) struct Affine {
    pub(super) factor: Vec<f32>,
    pub(super) offset: Vec<f32>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// A value of the network, in a layout.
    View(View),
    /// One of the constants.
    Constant(usize),
    /// The label that these logits give.
    Label(View),
    /// The output of a node that could not be read. The problem is noted at that node, and not where its output is read.
    Unreadable,
}

impl Known {
    /// The value of the network that a name stands for.
    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::View(view) | Self::Label(view) => Some(view.value),
            Self::Constant(_) | Self::Unreadable => None,
        }
    }
}
