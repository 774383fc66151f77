//! Triangles of matrices: `tril`, `triu`, and the indices of their elements.
use crate::cpu::convert::move_words;
use crate::cpu::walk::Walk;
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu;
use crate::ops::view::one_grad;
use crate::tensor::Tensor;

/// The columns of row `i` that belong to a triangle, out of `m`.
fn columns(lower: bool, i: usize, m: usize, diagonal: i64) -> std::ops::Range<usize> {
    let edge = |d: i64| (i as i64).saturating_add(d).clamp(0, m as i64) as usize;
    if lower { 0..edge(diagonal.saturating_add(1)) } else { edge(diagonal)..m }
}

fn triangle(x: &Tensor, lower: bool, diagonal: i64) -> Result<Tensor> {
    let op = if lower { "tril" } else { "triu" };
    ensure!(x.rank() >= 2, "{op}: input tensor must have at least 2 dimensions");
    if let Some(gpu) = x.gpu() {
        let y = Tensor::empty(x.shape(), x.dtype())?;
        gpu::reorder::triangle(gpu, x.shape(), &y.on_gpu(gpu)?, &x.on_gpu(gpu)?, lower, diagonal)?;
        return recorded(y, x, lower, diagonal);
    }
    let y = Tensor::zeros(x.shape(), x.dtype())?;
    let (outer, matrix) = x.shape().split_at(x.rank() - 2);
    let (n, m, size) = (matrix[0], matrix[1], x.dtype().size());
    let (sx, sy) = (x.strides(), y.strides());
    let (row, column) = (sx[outer.len()], sx[outer.len() + 1]);
    if y.numel() > 0 {
        let walk = Walk::new(outer, [&sy[..outer.len()], &sx[..outer.len()]], [0, x.layout().offset]);
        walk.run(0..walk.numel(), |[to, from], len, [st, sf]| {
            for k in 0..len {
                for i in 0..n {
                    let kept = columns(lower, i, m, diagonal);
                    let src = x.memory().at(from + k * sf + i * row + kept.start * column);
                    let dst = y.memory().at(to + k * st + i * m + kept.start);
                    // SAFETY: the row's columns lie inside both layouts.
                    unsafe { move_words(size, kept.len(), src, column, dst, 1) };
                }
            }
        });
    }
    recorded(y, x, lower, diagonal)
}
fn recorded(y: Tensor, x: &Tensor, lower: bool, diagonal: i64) -> Result<Tensor> {
    let op = if lower { "tril" } else { "triu" };
    y.record(op, &[x], |_, _| one_grad(move |_, g| triangle(g, lower, diagonal)))
}

/// The part on and below a diagonal; zero elsewhere.
pub fn tril(x: &Tensor, diagonal: i64) -> Result<Tensor> {
    triangle(x, true, diagonal)
}
/// The part on and above a diagonal; zero elsewhere.
pub fn triu(x: &Tensor, diagonal: i64) -> Result<Tensor> {
    triangle(x, false, diagonal)
}

/// The rows and columns of the elements of a triangle, as a tensor (2, n).
fn indices(lower: bool, row: i64, col: i64, offset: i64, dtype: Option<DType>) -> Result<Tensor> {
    ensure!(row >= 0, "row must be non-negative, got{row}");
    ensure!(col >= 0, "col must be non-negative, got{col}");
    let dtype = dtype.unwrap_or(DType::I64);
    let op = if lower { "tril_indices" } else { "triu_indices" };
    ensure!(
        matches!(dtype, DType::I64 | DType::I32 | DType::I16 | DType::I8 | DType::U8),
        NotImplemented,
        "\"{op}\" not implemented for '{}'",
        dtype.scalar_name()
    );
    let (mut rows, mut cols) = (vec![], vec![]);
    for i in 0..row as usize {
        for j in columns(lower, i, col as usize, offset) {
            rows.push(i as i64);
            cols.push(j as i64);
        }
    }
    let n = rows.len();
    rows.append(&mut cols);
    Tensor::from_slice(&rows, &[2, n])?.cast_data(dtype)
}

rows! {
    /// The part of a matrix (or of each of a batch) on and below a diagonal; zero elsewhere.
    "tril(Tensor self, int diagonal=0) -> Tensor" "fmio"
    |a| tril(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[3, 4]), 0.into()], vec![s.transposed(&[2, 3, 3]), (-1).into()], vec![s.t(&[2, 2, 3]), 1.into()]];
    /// The part of a matrix (or of each of a batch) on and above a diagonal; zero elsewhere.
    "triu(Tensor self, int diagonal=0) -> Tensor" "fmio"
    |a| triu(a.tensor(0)?, a.int(1)?);
    |s| vec![vec![s.t(&[3, 4]), 0.into()], vec![s.transposed(&[2, 3, 3]), (-1).into()], vec![s.t(&[2, 2, 3]), 1.into()]];
    /// The rows and columns of the elements on and below a diagonal, as a tensor (2, n).
    "tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool requires_grad=False) -> Tensor" "fn"
    |a| indices(true, a.int(0)?, a.int(1)?, a.int(2)?, a.opt_dtype(3)?);
    |_s| vec![];
    /// The rows and columns of the elements on and above a diagonal, as a tensor (2, n).
    "triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool requires_grad=False) -> Tensor" "fn"
    |a| indices(false, a.int(0)?, a.int(1)?, a.int(2)?, a.opt_dtype(3)?);
    |_s| vec![];
}
