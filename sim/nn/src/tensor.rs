//! Dense tensors, row-major, without the batch dimension.

/// The most elements that a tensor may have.
pub const MAX_ELEMENTS: usize = 1 << 28;

/// The most axes of a tensor that is read from a file.
pub const MAX_RANK: usize = 8;

/// The most elements that a tensor without elements would have if its sizes of 0 were 1.
const MAX_BESIDE_NOTHING: usize = 1 << 20;

/// Returns the number of elements of a shape; `None` if it overflows, or if a shape without elements has sizes beside its 0 that are of no use: whoever
/// walks along one axis must not walk far for nothing.
#[must_use]
pub fn elements(shape: &[usize]) -> Option<usize> {
    let beside = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size.max(1)))?;
    if shape.contains(&0) { (beside <= MAX_BESIDE_NOTHING).then_some(0) } else { Some(beside) }
}

/// A tensor: a shape and its elements. Invariant: there are as many elements as the shape says.
///
/// ```
/// use fusion_nn::tensor::Tensor;
/// let tensor = Tensor::new(vec![2, 3], vec![1, 2, 3, 4, 5, 6]);
/// assert_eq!(tensor.map(|tensor| tensor.map(|x| x * x).data().to_vec()), Some(vec![1, 4, 9, 16, 25, 36]));
/// assert!(Tensor::new(vec![2, 3], vec![0; 5]).is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T> {
    shape: Vec<usize>,
    data: Vec<T>,
}

impl<T> Tensor<T> {
    /// Makes a tensor of a shape from its elements, row-major. Returns `None` when the elements do not fill the shape.
    #[must_use]
    pub fn new(shape: Vec<usize>, data: Vec<T>) -> Option<Self> {
        (elements(&shape) == Some(data.len())).then_some(Self { shape, data })
    }

    /// Returns the sizes, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Returns the elements, row-major.
    #[must_use]
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// Makes a tensor of the same shape by changing each element.
    #[must_use]
    pub fn map<U>(&self, change: impl FnMut(&T) -> U) -> Tensor<U> {
        Tensor { shape: self.shape.clone(), data: self.data.iter().map(change).collect() }
    }
}
