//! Inputs for the table-driven tests: small tensors with values that are far from where a function has no derivative.
use super::Value;
use crate::dtype::{C64, DType};
use crate::tensor::Tensor;
use std::ops::Range;

/// Draws reproducible values in a row's domain.
pub struct Samples {
    seed: u64,
    pub domain: Range<f64>,
}

impl Default for Samples {
    fn default() -> Self {
        Self { seed: 7, domain: -2.0..2.0 }
    }
}

impl Samples {
    pub fn draw(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let unit = (self.seed >> 11) as f64 / (1u64 << 53) as f64;
        self.domain.start + (self.domain.end - self.domain.start) * unit
    }
    /// A float64 tensor whose values are all distinct.
    pub fn tensor(&mut self, shape: &[usize]) -> Tensor {
        let v: Vec<f64> = (0..shape.iter().product()).map(|_| self.draw()).collect();
        Tensor::from_slice(&v, shape).expect("a sample is small")
    }
    pub fn t(&mut self, shape: &[usize]) -> Value {
        Value::Tensor(self.tensor(shape))
    }
    /// A complex128 tensor; real and imaginary parts lie in the domain.
    pub fn complex(&mut self, shape: &[usize]) -> Value {
        let v: Vec<C64> = (0..shape.iter().product()).map(|_| C64::new(self.draw(), self.draw())).collect();
        Value::Tensor(Tensor::from_slice(&v, shape).expect("a sample is small"))
    }
    /// A float64 tensor in another domain.
    pub fn within(&mut self, domain: Range<f64>, shape: &[usize]) -> Value {
        let before = std::mem::replace(&mut self.domain, domain);
        let t = self.t(shape);
        self.domain = before;
        t
    }
    /// Integers below `below`.
    pub fn ints(&mut self, below: usize, shape: &[usize]) -> Value {
        let mut next = || {
            self.seed = self.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((self.seed >> 33) % below.max(1) as u64) as i64
        };
        let v: Vec<i64> = (0..shape.iter().product()).map(|_| next()).collect();
        Value::Tensor(Tensor::from_slice(&v, shape).expect("a sample is small"))
    }
    pub fn bools(&mut self, shape: &[usize]) -> Value {
        let Value::Tensor(t) = self.ints(2, shape) else { unreachable!("ints makes a tensor") };
        Value::Tensor(t.cast_data(DType::Bool).expect("a sample is small"))
    }
    /// The same values under a transposed layout.
    pub fn transposed(&mut self, shape: &[usize]) -> Value {
        let turned: Vec<usize> = shape.iter().rev().copied().collect();
        let t = self.tensor(&turned);
        let dims: Vec<usize> = (0..shape.len()).rev().collect();
        Value::Tensor(t.with_layout(t.layout().permute(&dims)))
    }
    /// What every elementwise op is tried at: `n` operands, plain, transposed and (for several) broadcast.
    pub fn elementwise(&mut self, n: usize) -> Vec<Vec<Value>> {
        let mut out = vec![
            (0..n).map(|_| self.t(&[2, 3])).collect::<Vec<_>>(),
            (0..n).map(|_| self.transposed(&[2, 3])).collect(),
            (0..n).map(|_| self.t(&[])).collect(),
        ];
        if n > 1 {
            out.push((0..n).map(|k| self.t(if k == 0 { &[2, 3] } else { &[3] })).collect());
            out.push((0..n).map(|k| self.t(if k == 0 { &[2, 1] } else { &[1, 3] })).collect());
        }
        out
    }
}
