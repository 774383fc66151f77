//! Inputs for the table-driven tests: small tensors with values that are far from where a function has no derivative.
use super::Value;
use super::elementwise::Row;
use super::schema::{self, Kind};
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
    /// Two operands: plain, transposed, without dims, broadcast.
    pub fn pairs(&mut self) -> Vec<Vec<Value>> {
        vec![
            vec![self.t(&[2, 3]), self.t(&[2, 3])],
            vec![self.transposed(&[2, 3]), self.transposed(&[2, 3])],
            vec![self.t(&[]), self.t(&[])],
            vec![self.t(&[2, 3]), self.t(&[3])],
            vec![self.t(&[2, 1]), self.t(&[1, 3])],
        ]
    }
    /// What a pointwise row is tried at: tensors plain, transposed, without dims, broadcast (where there are several) and
    /// complex (where the row is); bools for masks, draws for numbers.
    pub fn of_row(&mut self, row: &Row, schema: &'static str) -> Vec<Vec<Value>> {
        let params = schema::parse(schema).params;
        let mut sample = |make: &dyn Fn(&mut Self, usize) -> Value| {
            let mut k = 0;
            let value = |p: &schema::Param| match p.kind {
                Kind::Tensor => {
                    k += 1;
                    if k <= row.masks { self.bools(&[3]) } else { make(self, k - row.masks) }
                }
                Kind::Int => Value::Int(1),
                _ => Value::Float(self.draw()),
            };
            params.iter().map(value).collect::<Vec<_>>()
        };
        let mut all = vec![
            sample(&|s, _| s.t(&[2, 3])),
            sample(&|s, _| s.transposed(&[2, 3])),
            sample(&|s, _| if row.masks == 0 { s.t(&[]) } else { s.t(&[1]) }),
        ];
        if row.inputs.len() - row.masks > 1 {
            all.push(sample(&|s, k| s.t(if k == 1 { &[2, 3] } else { &[3] })));
            all.push(sample(&|s, k| s.t(if k == 1 { &[2, 1] } else { &[1, 3] })));
        }
        if row.kernels.complex.is_some() && !row.grads.is_empty() {
            all.push(sample(&|s, _| s.complex(&[3])));
        }
        all
    }
}
