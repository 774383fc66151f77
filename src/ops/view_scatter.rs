//! What a view shows, written into a copy (`select_scatter`, ...), or copied out (`transpose_copy`, ...).
use crate::error::Result;
use crate::layout::{Dims, Layout, show};
use crate::ops::index::each_grad;
use crate::ops::strided::{as_strided_backward, strided_part};
use crate::ops::*;
use crate::tensor::Tensor;

/// A copy of `x` with `src` in the place that the view `part` shows.
fn scattered(
    op: &'static str,
    x: &Tensor,
    src: &Tensor,
    part: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + Clone + 'static,
) -> Result<Tensor> {
    let y = Tensor::empty(x.shape(), x.dtype())?;
    y.copy_data(x);
    let place = crate::graph::with_grad(false, || part(&y.detach()))?;
    check_size(src, &place)?;
    place.copy_data(src);
    let shape: Dims = src.shape().into();
    y.record(op, &[x, src], |_, _| {
        each_grad::<2>(move |_, g, input| match input {
            0 => scattered(op, g, &Tensor::zeros(&shape, g.dtype())?, part.clone()),
            _ => part(g),
        })
    })
}

fn check_size(src: &Tensor, place: &Tensor) -> Result<()> {
    ensure!(
        src.shape() == place.shape(),
        "expected src to have a size equal to the slice of self. src size = {}, slice size = {}",
        show(src.shape()),
        show(place.shape())
    );
    Ok(())
}

/// A copy of `x` with `src` as one slice along a dim.
pub fn select_scatter(x: &Tensor, src: &Tensor, dim: i64, i: i64) -> Result<Tensor> {
    scattered("select_scatter", x, src, move |x| select(x, dim, i))
}
/// A copy of `x` with `src` as some slices along a dim.
pub fn slice_scatter(x: &Tensor, src: &Tensor, dim: i64, start: Option<i64>, end: Option<i64>, step: i64) -> Result<Tensor> {
    scattered("slice_scatter", x, src, move |x| slice(x, dim, start, end, step))
}
/// A copy of `x` with `src` as the diagonal of two dims.
pub fn diagonal_scatter(x: &Tensor, src: &Tensor, offset: i64, dim1: i64, dim2: i64) -> Result<Tensor> {
    scattered("diagonal_scatter", x, src, move |x| diagonal(x, offset, dim1, dim2))
}

/// A copy of `x`, storage and all, with `src` in the place that strides describe.
pub fn as_strided_scatter(x: &Tensor, src: &Tensor, size: &[i64], stride: &[i64], offset: Option<i64>) -> Result<Tensor> {
    let whole = x.layout().clone();
    let all = Layout::contiguous(&[x.storage().nbytes() / x.dtype().size()]);
    let y = Tensor::empty_as(all.clone(), x.dtype())?;
    y.copy_data(&x.with_layout(all));
    let y = y.with_layout(whole.clone());
    let place = crate::graph::with_grad(false, || as_strided(&y.detach(), size, stride, offset))?;
    check_size(src, &place)?;
    place.copy_data(src);
    let view = place.layout().clone();
    y.record("as_strided_scatter", &[x, src], |_, _| {
        each_grad::<2>(move |_, g, input| {
            let part = strided_part(g, &view, &whole)?;
            match input {
                0 => sub(g, &as_strided_backward(&part, &view, &whole, g.dtype())?),
                _ => Ok(part),
            }
        })
    })
}

/// The elements of a view in memory of their own.
fn copy_of(view: Result<Tensor>) -> Result<Tensor> {
    clone(&view?, Some(0))
}
fn copies_of(views: Result<Vec<Tensor>>) -> Result<Vec<Tensor>> {
    views?.iter().map(|v| clone(v, Some(0))).collect()
}

rows! {
    /// A copy with `src` as one slice along `dim`.
    "select_scatter(Tensor self, Tensor src, int dim, int index) -> Tensor" "fm"
    |a| select_scatter(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.int(3)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2]), 1.into(), (-1).into()]];
    /// A copy with `src` as the slices `start:end:step` along `dim`.
    "slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor" "fm"
    |a| slice_scatter(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.opt_int(3)?, a.opt_int(4)?, a.int(5)?);
    |s| vec![vec![s.t(&[4, 2]), s.t(&[2, 2]), 0.into(), 0.into(), Value::None, 2.into()]];
    /// A copy with `src` as the diagonal of two dims.
    "diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor" "fm"
    |a| diagonal_scatter(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.int(3)?, a.int(4)?);
    |s| vec![vec![s.t(&[3, 3]), s.t(&[2]), 1.into(), 0.into(), 1.into()]];
    /// A copy with `src` in the place that sizes and strides (in elements) describe.
    "as_strided_scatter(Tensor self, Tensor src, int[] size, int[] stride, int? storage_offset=None) -> Tensor" "fm"
    |a| as_strided_scatter(a.tensor(0)?, a.tensor(1)?, &a.ints(2)?, &a.ints(3)?, a.opt_int(4)?);
    |s| vec![vec![s.t(&[3, 3]), s.t(&[2, 2]), [2, 2].into(), [1, 3].into(), 1.into()]];
    /// A copy of everything.
    "alias_copy(Tensor self) -> Tensor" "fo"
    |a| copy_of(alias(a.tensor(0)?));
    |s| vec![vec![s.t(&[2, 3])]];
    /// A copy outside the graph.
    "detach_copy(Tensor self) -> Tensor" "fon"
    |a| copy_of(Ok(a.tensor(0)?.detach()));
    |_s| vec![];
    /// A copy of what `as_strided` shows.
    "as_strided_copy(Tensor self, int[] size, int[] stride, int? storage_offset=None) -> Tensor" "fo"
    |a| copy_of(as_strided(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?, a.opt_int(3)?));
    |s| vec![vec![s.t(&[3, 3]), [2, 2].into(), [1, 2].into(), 1.into()]];
    /// A copy of what `expand` shows.
    "expand_copy(Tensor self, int[] size, *, bool implicit=False) -> Tensor" "fo"
    |a| copy_of(expand(a.tensor(0)?, &a.ints(1)?));
    |s| vec![vec![s.t(&[2, 1]), [2, 3].into(), false.into()]];
    /// A copy of what `permute` shows.
    "permute_copy(Tensor self, int[] dims) -> Tensor" "fo"
    |a| copy_of(permute(a.tensor(0)?, &a.ints(1)?));
    |s| vec![vec![s.t(&[2, 3]), [1, 0].into()]];
    /// A copy of one slice along `dim`.
    "select_copy.int(Tensor self, int dim, int index) -> Tensor" "fo"
    |a| copy_of(select(a.tensor(0)?, a.int(1)?, a.int(2)?));
    |s| vec![vec![s.t(&[2, 3]), 1.into(), 0.into()]];
    /// A copy of the slices `start:end:step` along `dim`.
    "slice_copy.Tensor(Tensor self, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor" "fo"
    |a| copy_of(slice(a.tensor(0)?, a.int(1)?, a.opt_int(2)?, a.opt_int(3)?, a.int(4)?));
    |s| vec![vec![s.t(&[4, 2]), 0.into(), 1.into(), Value::None, 2.into()]];
    /// A copy of `length` slices from `start` along `dim`.
    "narrow_copy(Tensor self, int dim, int start, int length) -> Tensor" "fmo"
    |a| copy_of(narrow(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?));
    |s| vec![vec![s.t(&[2, 4]), 1.into(), 1.into(), 2.into()]];
    /// Copies of the pieces of size `split_size` along `dim`.
    "split_copy.Tensor(Tensor self, int split_size, int dim=0) -> Tensor[]" "f"
    |a| copies_of(split(a.tensor(0)?, a.int(1)?, a.int(2)?));
    |s| vec![vec![s.t(&[3, 2]), 2.into(), 0.into()]];
    /// Copies of the pieces of the given sizes along `dim`.
    "split_with_sizes_copy(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]" "f"
    |a| copies_of(split_with_sizes(a.tensor(0)?, &a.ints(1)?, a.int(2)?));
    |s| vec![vec![s.t(&[3, 2]), [1, 2].into(), 0.into()]];
    /// A copy without the dims of size 1.
    "squeeze_copy(Tensor self) -> Tensor" "fo"
    |a| copy_of(squeeze(a.tensor(0)?));
    |s| vec![vec![s.t(&[2, 1, 3])]];
    /// A copy without dim `dim`, if that has size 1.
    "squeeze_copy.dim(Tensor self, int dim) -> Tensor" "fo"
    |a| copy_of(squeeze_dims(a.tensor(0)?, &[a.int(1)?]));
    |s| vec![vec![s.t(&[2, 1, 3]), 1.into()]];
    /// A copy without those of `dim` that have size 1.
    "squeeze_copy.dims(Tensor self, int[] dim) -> Tensor" "fo"
    |a| copy_of(squeeze_dims(a.tensor(0)?, &a.ints(1)?));
    |s| vec![vec![s.t(&[2, 1, 3]), [0, 1].into()]];
    /// A copy of the transpose of a matrix.
    "t_copy(Tensor self) -> Tensor" "fo"
    |a| copy_of(t(a.tensor(0)?));
    |s| vec![vec![s.t(&[2, 3])]];
    /// A copy with two dims swapped.
    "transpose_copy.int(Tensor self, int dim0, int dim1) -> Tensor" "fo"
    |a| copy_of(transpose(a.tensor(0)?, a.int(1)?, a.int(2)?));
    |s| vec![vec![s.t(&[2, 3]), 0.into(), 1.into()]];
    /// A copy with a dim of size 1 inserted at `dim`.
    "unsqueeze_copy(Tensor self, int dim) -> Tensor" "fo"
    |a| copy_of(unsqueeze(a.tensor(0)?, a.int(1)?));
    |s| vec![vec![s.t(&[2, 3]), 1.into()]];
    /// Copies of the slices along `dim`.
    "unbind_copy.int(Tensor self, int dim=0) -> Tensor[]" "f"
    |a| copies_of(unbind(a.tensor(0)?, a.int(1)?));
    |s| vec![vec![s.t(&[2, 3]), 1.into()]];
    /// A copy in another shape; one size may be -1.
    "view_copy(Tensor self, int[] size) -> Tensor" "fo"
    |a| copy_of(reshape(a.tensor(0)?, &a.ints(1)?));
    |s| vec![vec![s.t(&[2, 3]), [3, -1].into()]];
    /// A copy of the bytes as another element type.
    "view_copy.dtype(Tensor self, ScalarType dtype) -> Tensor" "fon"
    |a| copy_of(view_dtype(a.tensor(0)?, a.dtype(1)?));
    |_s| vec![];
    /// A copy of the windows of `size` along `dimension`, `step` apart.
    "unfold_copy(Tensor self, int dimension, int size, int step) -> Tensor" "fo"
    |a| copy_of(unfold(a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?));
    |s| vec![vec![s.t(&[2, 5]), 1.into(), 3.into(), 1.into()]];
    /// A copy of a complex tensor's parts, as a last dim of size 2.
    "view_as_real_copy(Tensor self) -> Tensor" "fo"
    |a| copy_of(view_as_real(a.tensor(0)?));
    |s| vec![vec![view_as_complex(&s.tensor(&[3, 2])).expect("pairs").into()]];
    /// A copy of pairs of the last dim as complex numbers.
    "view_as_complex_copy(Tensor self) -> Tensor" "fo"
    |a| copy_of(view_as_complex(&contiguous(a.tensor(0)?)?));
    |s| vec![vec![s.t(&[3, 2])]];
}
