//! Tensors of the interpreter.

/// A tensor of any element type; integers and truth values are numbers too.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl Array {
    pub fn new(shape: &[usize], data: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len(), "{shape:?}");
        Self { shape: shape.to_vec(), data }
    }

    pub fn scalar(&self) -> f64 {
        assert_eq!(self.data.len(), 1);
        self.data[0]
    }

    /// The element at an index for each axis.
    pub fn at(&self, index: &[usize]) -> f64 {
        self.data[index.iter().zip(&self.shape).fold(0, |place, (at, size)| place * size + at)]
    }

    /// The array of a shape whose elements are given by their index.
    pub fn by(shape: &[usize], mut element: impl FnMut(&[usize]) -> f64) -> Self {
        let count = shape.iter().product();
        let mut data = Vec::with_capacity(count);
        for place in 0..count {
            let (mut rest, mut index) = (place, vec![0; shape.len()]);
            for axis in (0..shape.len()).rev() {
                index[axis] = rest % shape[axis];
                rest /= shape[axis];
            }
            data.push(element(&index));
        }
        Self::new(shape, data)
    }

    pub fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        Self::new(&self.shape, self.data.iter().map(|x| change(*x)).collect())
    }

    pub fn sizes(&self) -> Vec<i64> {
        self.data.iter().map(|x| whole(*x)).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
pub fn whole(x: f64) -> i64 {
    x.trunc() as i64
}

#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
pub fn real(x: i64) -> f64 {
    x as f64
}

pub fn size(x: i64) -> usize {
    usize::try_from(x).expect("a size")
}

pub fn signed(x: usize) -> i64 {
    i64::try_from(x).expect("a size")
}

pub fn axis_of(axis: i64, rank: usize) -> usize {
    size(if axis < 0 { axis + signed(rank) } else { axis })
}

pub fn broadcast(a: &Array, b: &Array, operator: impl Fn(f64, f64) -> f64) -> Array {
    let rank = a.shape.len().max(b.shape.len());
    let whole = |x: &Array| Array::new(&[vec![1; rank - x.shape.len()], x.shape.clone()].concat(), x.data.clone());
    let (a, b) = (whole(a), whole(b));
    let shape: Vec<usize> = a.shape.iter().zip(&b.shape).map(|(a, b)| *a.max(b)).collect();
    let at = |x: &Array, index: &[usize]| {
        let index: Vec<usize> = index.iter().zip(&x.shape).map(|(at, size)| if *size == 1 { 0 } else { *at }).collect();
        x.at(&index)
    };
    Array::by(&shape, |index| operator(at(&a, index), at(&b, index)))
}
