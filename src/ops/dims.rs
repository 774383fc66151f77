//! Other names and special cases of the views: `swapaxes`, `moveaxis`, `mT`, `H`, `view_as`, `ravel`, `view(dtype)`.
use crate::dtype::DType;
use crate::error::Result;
use crate::ops::*;
use crate::tensor::Tensor;

fn shape_of(x: &Tensor) -> Vec<i64> {
    x.shape().iter().map(|&n| n as i64).collect()
}

/// All dims in reverse order.
pub fn numpy_t(x: &Tensor) -> Result<Tensor> {
    permute(x, &(0..x.rank() as i64).rev().collect::<Vec<_>>())
}

/// The last two dims swapped; `name` is how the caller calls it.
fn matrix_transposed(x: &Tensor, name: &str) -> Result<Tensor> {
    ensure!(
        x.rank() != 1,
        "tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor."
    );
    if x.rank() == 0 { Ok(x.clone()) } else { transpose(x, -2, -1) }
}

/// The conjugate transpose of a matrix or of each of a batch.
fn conjugate_transpose(x: &Tensor) -> Result<Tensor> {
    conj(&matrix_transposed(x, "adjoint()")?)
}
fn m_t(x: &Tensor) -> Result<Tensor> {
    matrix_transposed(x, "mT")
}
fn m_h(x: &Tensor) -> Result<Tensor> {
    conj(&matrix_transposed(x, "mH")?)
}
fn matrix_h(x: &Tensor) -> Result<Tensor> {
    let n = x.rank();
    let end = if n > 2 { ". For batches of matrices, consider using tensor.mH" } else { "." };
    ensure!(
        n == 0 || n == 2,
        "tensor.H is only supported on matrices (2-D tensors). Got {n}-D tensor{end}"
    );
    if n == 0 { conj(&x.clone()) } else { conj(&transpose(x, 0, 1)?) }
}

/// The same bytes as another element type; sizes of elements may differ where the last dim is contiguous.
pub fn view_dtype(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype {
        return alias(x);
    }
    if let Some(gpu) = x.gpu() {
        gpu.abilities.check(dtype, x.device())?;
    }
    let (old, new) = (x.dtype().size(), dtype.size());
    let words = || {
        format!("to view {} as {} (different element sizes)", x.dtype().scalar_name(), dtype.scalar_name())
    };
    let mut layout = x.layout().clone();
    if old != new {
        let Some(last) = x.rank().checked_sub(1) else { bail!("self.dim() cannot be 0 {}", words()) };
        ensure!(
            layout.strides[last] == 1 || layout.shape[last] == 1 && layout.is_contiguous(),
            "self.stride(-1) must be 1 {}, but got {}",
            words(),
            layout.strides[last]
        );
        if new < old {
            let k = old / new;
            layout.strides.iter_mut().take(last).for_each(|s| *s *= k);
            layout.shape[last] *= k;
            layout.offset *= k;
        } else {
            let k = new / old;
            ensure!(
                layout.shape[last].is_multiple_of(k),
                "self.size(-1) must be divisible by {k} {}, but got {}",
                words(),
                layout.shape[last]
            );
            ensure!(
                layout.offset.is_multiple_of(k),
                "self.storage_offset() must be divisible by {k} {}, but got {}",
                words(),
                layout.offset
            );
            for (d, s) in layout.strides.iter_mut().enumerate().take(last) {
                ensure!(s.is_multiple_of(k), "self.stride({d}) must be divisible by {k} {}, but got {s}", words());
                *s /= k;
            }
            layout.shape[last] /= k;
            layout.offset /= k;
        }
        layout.strides[last] = 1;
    }
    // As in PyTorch, no gradient and no history goes through other bytes: it shares memory and version, nothing else.
    Ok(Tensor::new(x.storage().clone(), layout, dtype))
}

rows! {
    /// A view with two dims swapped.
    "swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)" "fm"
    |a| transpose(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), 0.into(), 1.into()]];
    /// A view with two dims swapped.
    "swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)" "fm"
    |a| transpose(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |s| vec![vec![s.t(&[2, 3]), 0.into(), 1.into()]];
    /// A view with dim `source` moved to `destination`.
    "moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)" "fm"
    |a| movedim(a.tensor(0)?, &[a.int(1)?], &[a.int(2)?]);
    |s| vec![vec![s.t(&[2, 3, 2]), 0.into(), 2.into()]];
    /// A view with the dims `source` moved to `destination`.
    "moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)" "fm"
    |a| movedim(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?);
    |s| vec![vec![s.t(&[2, 3, 2]), [0, 1].into(), [2, 0].into()]];
    /// A view with all dims in reverse order: `x.T`.
    "numpy_T(Tensor(a) self) -> Tensor(a)" "p"
    |a| numpy_t(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3])]];
    /// A view with the last two dims swapped: `x.mT`.
    "mT(Tensor(a) self) -> Tensor(a)" "p"
    |a| m_t(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3, 2])]];
    /// The conjugate transpose of each matrix: `x.mH`.
    "mH(Tensor(a) self) -> Tensor(a)" "p"
    |a| m_h(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3, 2])]];
    /// The conjugate transpose of a matrix: `x.H`.
    "matrix_H(Tensor(a) self) -> Tensor(a)" "p"
    |a| matrix_h(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3])]];
    /// The conjugate transpose of a matrix or of each of a batch.
    "adjoint(Tensor(a) self) -> Tensor(a)" "fm"
    |a| conjugate_transpose(a.tensor(0)?);
    |s| vec![vec![s.t(&[2, 3])]];
    /// All elements as a vector: a view where possible.
    "ravel(Tensor(a) self) -> Tensor(a)" "fm"
    |a| reshape(&contiguous(a.tensor(0)?)?, &[-1]);
    |s| vec![vec![s.transposed(&[2, 3])]];
    /// The same memory in the shape of `other`.
    "view_as(Tensor(a) self, Tensor other) -> Tensor(a)" "m"
    |a| view(a.tensor(0)?, &shape_of(a.tensor(1)?));
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[3, 2])]];
    /// The same elements in the shape of `other`: a view where possible, otherwise a copy.
    "reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)" "m"
    |a| reshape(a.tensor(0)?, &shape_of(a.tensor(1)?));
    |s| vec![vec![s.transposed(&[2, 3]), s.bools(&[6])]];
    /// A view in which dims of size 1 are repeated to the shape of `other`.
    "expand_as(Tensor(a) self, Tensor other) -> Tensor(a)" "m"
    |a| expand(a.tensor(0)?, &shape_of(a.tensor(1)?));
    |s| vec![vec![s.t(&[2, 1]), s.bools(&[2, 3])]];
    /// A view in which dims of size 1 are repeated; -1 keeps a size.
    "broadcast_to(Tensor(a) self, int[] size) -> Tensor(a)" "fm"
    |a| expand(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 1]), [2, 3].into()]];
    /// The same bytes as another element type.
    "view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)" "mn"
    |a| view_dtype(a.tensor(0)?, a.dtype(1)?);
    |_s| vec![];
    /// The sum over the dims that were broadcast, in the given size.
    "sum_to_size(Tensor self, int[] size) -> Tensor" "m"
    |a| sum_to_size(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 3]), [1, 3].into()]];
}

fn sum_to_size(x: &Tensor, size: &[i64]) -> Result<Tensor> {
    let shape = crate::layout::sizes(size)?;
    ensure!(
        crate::layout::broadcast(&shape, x.shape()).is_ok_and(|s| s[..] == *x.shape()),
        "size {{{}}} is not expandable to size {{{}}}.",
        crate::layout::show(&shape),
        crate::layout::show(x.shape())
    );
    sum_to(x, &shape)
}
