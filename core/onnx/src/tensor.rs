/// What a tensor holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Floating point.
    Float(Vec<f32>),
    /// Integers of any width, and truth as 1 and 0.
    Int(Vec<i64>),
}

/// Numbers in a shape, the last axis the fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Lengths, outermost first.
    pub shape: Vec<usize>,
    /// As many numbers as the product of the lengths.
    pub data: Data,
}

impl Tensor {
    /// Floating point; `data` is cut or filled with noughts to what the shape holds.
    pub fn floats(shape: &[usize], mut data: Vec<f32>) -> Self {
        data.resize(elements(shape), 0.0);
        Self { shape: shape.to_vec(), data: Data::Float(data) }
    }

    /// Integers; `data` is cut or filled with noughts to what the shape holds.
    pub fn ints(shape: &[usize], mut data: Vec<i64>) -> Self {
        data.resize(elements(shape), 0);
        Self { shape: shape.to_vec(), data: Data::Int(data) }
    }

    /// Noughts of the same kind in another shape.
    pub(crate) fn nought(&self, shape: &[usize]) -> Self {
        match self.data {
            Data::Float(_) => Self::floats(shape, Vec::new()),
            Data::Int(_) => Self::ints(shape, Vec::new()),
        }
    }

    /// The floating point numbers; none if it holds others.
    pub fn as_floats(&self) -> Option<&[f32]> {
        match &self.data {
            Data::Float(data) => Some(data),
            Data::Int(_) => None,
        }
    }
}

/// The product of the lengths, or the greatest number there is.
pub(crate) fn elements(shape: &[usize]) -> usize {
    shape.iter().fold(1, |product: usize, &n| product.saturating_mul(n))
}
