//! The singular value decomposition of one matrix, by faer's serial kernels.
use crate::dtype::C64;
use faer::MatRef;
use faer::traits::ComplexField;

/// U (rows x k), the singular values in decreasing order and V's conjugate transpose (k x columns) of a row-major matrix.
pub struct Svd<T> {
    pub u: Vec<T>,
    pub s: Vec<T>,
    pub vh: Vec<T>,
}

/// What the decomposition asks of an element beyond faer's arithmetic.
pub trait Element: ComplexField + Copy + std::ops::Mul<Output = Self> {
    fn conj(self) -> Self;
    fn size(self) -> f64;
    /// The number of absolute value 1 that turns this one to the positive real axis.
    fn to_positive(self) -> Self;
}
impl Element for f64 {
    fn conj(self) -> Self {
        self
    }
    fn size(self) -> f64 {
        self.abs()
    }
    fn to_positive(self) -> Self {
        1f64.copysign(self)
    }
}
impl Element for C64 {
    fn conj(self) -> Self {
        C64::conj(&self)
    }
    fn size(self) -> f64 {
        self.norm()
    }
    fn to_positive(self) -> Self {
        if self.norm() == 0.0 { C64::ONE } else { C64::conj(&self) / self.norm() }
    }
}

/// k is the smaller side, or with `full` U and V are square. None where the matrix is not finite.
///
/// Of each pair of singular vectors, whose sign is arbitrary, the largest component of the left one is made positive: so
/// the vectors vary smoothly with the matrix.
pub fn svd<T: Element>(a: &[T], rows: usize, columns: usize, full: bool) -> Option<Svd<T>> {
    let a = MatRef::from_row_major_slice(a, rows, columns);
    let found = if full { a.svd() } else { a.thin_svd() }.ok()?;
    let (u, s, v) = (found.U(), found.S().column_vector(), found.V());
    let turn = |j: usize| {
        let largest = (0..u.nrows()).max_by(|&p, &q| u[(p, j)].size().total_cmp(&u[(q, j)].size()));
        largest.map_or_else(T::one_impl, |i| u[(i, j)].to_positive())
    };
    let turns: Vec<T> = (0..rows.min(columns)).map(turn).collect();
    let turned = |x: T, j: usize| turns.get(j).map_or(x, |&t| x * t);
    Some(Svd {
        u: (0..u.nrows())
            .flat_map(|i| (0..u.ncols()).map(move |j| (i, j)))
            .map(|(i, j)| turned(u[(i, j)], j))
            .collect(),
        s: s.iter().copied().collect(),
        vh: (0..v.ncols())
            .flat_map(|i| (0..v.nrows()).map(move |j| (i, j)))
            .map(|(i, j)| turned(v[(j, i)], i).conj())
            .collect(),
    })
}
