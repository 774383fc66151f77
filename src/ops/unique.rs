//! Distinct elements, or distinct slices along a dim.
use crate::cpu::along::Along;
use crate::cpu::sort::{Key, Packed, order};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu::{self, Gpu, Type};
use crate::layout::{Dims, wrap_dim};
use crate::ops::extremum::any_along;
use crate::ops::pick::pick;
use crate::ops::sort::{order_class, ordered, sorted_on_gpu};
use crate::ops::*;
use crate::tensor::Tensor;

/// Which of the distinct ones each element is, how many there are of each, and an element that shows each.
struct Groups {
    of: Vec<i64>,
    counts: Vec<i64>,
    shown: Vec<i64>,
}

impl Groups {
    /// Goes through elements in `places`; `same` tells whether two places hold the same.
    fn new(places: impl Iterator<Item = usize>, n: usize, same: impl Fn(usize, usize) -> bool) -> Self {
        let mut g = Groups { of: vec![0; n], counts: vec![], shown: vec![] };
        let mut before = None;
        for p in places {
            if before.is_none_or(|b| !same(b, p)) {
                g.counts.push(0);
                g.shown.push(p as i64);
            }
            let k = g.counts.len() - 1;
            g.counts[k] += 1;
            g.of[p] = k as i64;
            before = Some(p);
        }
        g
    }
    /// What of the groups was asked for, an empty tensor in place of the rest.
    fn outputs(
        self,
        x: &Tensor,
        op: &'static str,
        values: Tensor,
        shape: &[usize],
        [inverse, counts]: [bool; 2],
    ) -> Result<(Tensor, Tensor, Tensor)> {
        let none = || Tensor::empty(&[0], DType::I64);
        Ok((
            without_slope(x, op, values)?,
            if inverse { Tensor::from_slice(&self.of, shape)? } else { none()? },
            if counts { Tensor::from_slice(&self.counts, &[self.counts.len()])? } else { none()? },
        ))
    }
    /// The elements of `flat` that show the groups.
    fn values(&self, flat: &Tensor) -> Result<Tensor> {
        let index = Tensor::from_slice(&self.shown, &[self.shown.len()])?;
        crate::graph::with_grad(false, || super::pick::pick(flat, 0, &index))
    }
}

/// Values that no gradient flows through.
fn without_slope(x: &Tensor, op: &'static str, values: Tensor) -> Result<Tensor> {
    values.record(op, &[x], |_, _| {
        let name = match op {
            "unique2" => "_unique2",
            op => op,
        };
        Box::new(move |_, _| bail!(NotImplemented, "the derivative for '{name}' is not implemented."))
    })
}

/// The outputs for elements of `x` that stand together where they are equal, and the places they come from. Their number is
/// read from the device.
fn groups_on_gpu(
    gpu: &'static Gpu,
    x: &Tensor,
    op: &'static str,
    together: &Tensor,
    places: &Tensor,
    [inverse, counts]: [bool; 2],
) -> Result<(Tensor, Tensor, Tensor)> {
    let n = together.numel();
    if n == 0 {
        let none = || Tensor::empty(&[0], DType::I64);
        return Ok((without_slope(x, op, together.detach())?, if inverse { none()?.in_shape(x.shape()) } else { none()? }, none()?));
    }
    let ty = Type::of(order_class(x.dtype()), x.dtype(), &gpu.abilities)?;
    let marks = Tensor::empty(&[n], DType::I32)?;
    gpu::search::edges(gpu, ty, n, [together.on_gpu(gpu)?, marks.on_gpu(gpu)?])?;
    let (y, of, sizes) = numbered(gpu, together, places, &marks, x.shape())?;
    chosen(without_slope(x, op, y)?, of, sizes, [inverse, counts])
}
/// What of the groups was asked for, an empty tensor in place of the rest.
fn chosen(y: Tensor, of: Tensor, sizes: Tensor, [inverse, counts]: [bool; 2]) -> Result<(Tensor, Tensor, Tensor)> {
    let none = || Tensor::empty(&[0], DType::I64);
    Ok((y, if inverse { of } else { none()? }, if counts { sizes } else { none()? }))
}
/// The first element of each group, the group of each place in `shape`, and the sizes of the groups, which begin at marks.
fn numbered(
    gpu: &'static Gpu,
    together: &Tensor,
    places: &Tensor,
    marks: &Tensor,
    shape: &[usize],
) -> Result<(Tensor, Tensor, Tensor)> {
    let ty = Type::of(order_class(together.dtype()), together.dtype(), &gpu.abilities)?;
    let numbers = cumsum(marks, 0, Some(DType::I32))?;
    let found = select(&numbers, 0, -1)?.item()?.to_i64() as usize + 1;
    let y = Tensor::empty(&[found], together.dtype())?;
    let (of, sizes) = (Tensor::empty(shape, DType::I64)?, Tensor::empty(&[found], DType::I64)?);
    let from = [together.on_gpu(gpu)?, places.on_gpu(gpu)?, numbers.on_gpu(gpu)?];
    let to = [y.on_gpu(gpu)?, of.on_gpu(gpu)?, sizes.on_gpu(gpu)?];
    gpu::search::unique(gpu, ty, together.numel(), from, to)?;
    Ok((y, of, sizes))
}

/// The distinct rows of a matrix, which of them each row is, and how many there are of each.
fn rows_on_gpu(gpu: &'static Gpu, rows: &Tensor, sorted: bool) -> Result<(Tensor, Tensor, Tensor)> {
    let (n, width) = (rows.shape()[0], rows.shape()[1]);
    let mut order = arange(0i64.into(), (n as i64).into(), 1i64.into(), None)?;
    // Stable sorts by one column after the other, the first one last.
    for c in (0..width).rev().filter(|_| sorted) {
        let column = pick(&select(rows, 1, c as i64)?, 0, &order)?;
        let [_, places] = sorted_on_gpu(gpu, &column, 0, false)?;
        order = pick(&order, 0, &places)?;
    }
    let all_of = |order: &Tensor| {
        let m = order.numel();
        pick(rows, 0, &expand_to(&reshape_to(order, &[m, 1])?, &[m, width])?)
    };
    let (seen, m) = (all_of(&order)?, n as i64 - 1);
    let differ = any_along(&ne(&narrow(&seen, 0, 1, m)?, &narrow(&seen, 0, 0, m)?)?, 1)?;
    let marks = Tensor::zeros(&[n], DType::I32)?;
    narrow(&marks, 0, 1, m)?.copy_data(&differ);
    let (shown, of, sizes) = numbered(gpu, &order, &order, &marks, &[n])?;
    Ok((all_of(&shown)?, of, sizes))
}

fn flat(x: &Tensor) -> Result<Tensor> {
    Ok(x.contiguous_data()?.in_shape(&[x.numel()]))
}

/// The distinct elements in ascending order. Each nan is distinct, as in PyTorch.
fn unique(x: &Tensor, inverse: bool, counts: bool) -> Result<(Tensor, Tensor, Tensor)> {
    ensure!(
        !x.dtype().is_complex(),
        NotImplemented,
        "\"unique\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let all = flat(x)?;
    if let Some(gpu) = x.gpu() {
        let [sorted, places] = sorted_on_gpu(gpu, &all, 0, false)?;
        return groups_on_gpu(gpu, x, "unique2", &sorted, &places, [inverse, counts]);
    }
    let class = order_class(x.dtype());
    let data = all.cast_data(class.dtype())?;
    let groups = ordered!(class, T => {
        // SAFETY: contiguous and only read.
        let v = unsafe { data.as_slice::<T>() };
        let places = order(v, false);
        Groups::new(places.iter().map(|p| p.place()), v.len(), |a, b| v[a] == v[b])
    });
    let values = groups.values(&all)?;
    groups.outputs(x, "unique2", values, x.shape(), [inverse, counts])
}

fn unique_consecutive(x: &Tensor, inverse: bool, counts: bool, dim: Option<i64>) -> Result<(Tensor, Tensor, Tensor)> {
    if let Some(dim) = dim {
        return unique_slices(x, dim, false, inverse, counts);
    }
    ensure!(
        !x.dtype().is_complex(),
        NotImplemented,
        "\"unique\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let all = flat(x)?;
    if let Some(gpu) = x.gpu() {
        let places = arange(0i64.into(), (x.numel() as i64).into(), 1i64.into(), Some(DType::I32))?;
        return groups_on_gpu(gpu, x, "unique_consecutive", &all, &places, [inverse, counts]);
    }
    let class = order_class(x.dtype());
    let data = all.cast_data(class.dtype())?;
    let groups = ordered!(class, T => {
        // SAFETY: contiguous and only read.
        let v = unsafe { data.as_slice::<T>() };
        Groups::new(0..v.len(), v.len(), |a, b| v[a] == v[b])
    });
    let values = groups.values(&all)?;
    groups.outputs(x, "unique_consecutive", values, x.shape(), [inverse, counts])
}

/// The distinct slices along `dim`: in lexicographic order, or only neighbours compared.
fn unique_slices(x: &Tensor, dim: i64, sorted: bool, inverse: bool, counts: bool) -> Result<(Tensor, Tensor, Tensor)> {
    ensure!(x.rank() > 0, Index, "Dimension specified as {dim} but tensor has no dimensions");
    let d = wrap_dim(dim, x.rank())?;
    ensure!(
        !x.dtype().is_complex(),
        NotImplemented,
        "\"unique_dim\" not implemented for '{}'",
        x.dtype().scalar_name()
    );
    let empty = x.shape().iter().filter(|&&n| n == 0).count();
    let n = x.shape()[d];
    if n == 0 {
        ensure!(empty == 1, "Number of zero sized dimensions is more than one, so unique cannot be applied ");
        let none = || Tensor::empty(&[0], DType::I64);
        return Ok((Tensor::empty(x.shape(), x.dtype())?, none()?, none()?));
    }
    ensure!(empty == 0, "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
    // Each slice as one row.
    let mut dims: Dims = (0..x.rank()).filter(|&i| i != d).collect();
    dims.insert(0, d);
    let turned = x.with_layout(x.layout().permute(&dims)).contiguous_data()?;
    let op = if sorted { "unique_dim" } else { "unique_consecutive" };
    let mut back: Dims = smallvec::smallvec![0; x.rank()];
    dims.iter().enumerate().for_each(|(i, &d)| back[d] = i);
    let mut shape: Dims = turned.shape().into();
    if let Some(gpu) = x.gpu() {
        let rows = turned.in_shape(&[n, x.numel() / n]);
        let (picked, of, sizes) = crate::graph::with_grad(false, || rows_on_gpu(gpu, &rows, sorted))?;
        shape[0] = picked.shape()[0];
        let picked = picked.in_shape(&shape);
        let values = picked.with_layout(picked.layout().permute(&back)).contiguous_data()?;
        return chosen(without_slope(x, op, values)?, of, sizes, [inverse, counts]);
    }
    let class = order_class(x.dtype());
    let data = turned.cast_data(class.dtype())?;
    let a = Along { outer: n, n: x.numel() / n, inner: 1 };
    let groups = ordered!(class, T => {
        // SAFETY: contiguous and only read.
        let v = unsafe { data.as_slice::<T>() };
        let row = |i: usize| &v[i * a.n..(i + 1) * a.n];
        let mut places: Vec<usize> = (0..n).collect();
        if sorted {
            places.sort_by(|&i, &j| {
                let keys = row(i).iter().map(|k| k.bits(false)).zip(row(j).iter().map(|k| k.bits(false)));
                keys.map(|(a, b)| a.cmp(&b)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
            });
        }
        Groups::new(places.into_iter(), n, |i, j| row(i) == row(j))
    });
    // Whole slices, through a place for each element of a row.
    let width = a.n;
    let shown: Vec<i64> = groups.shown.iter().flat_map(|&g| std::iter::repeat_n(g, width)).collect();
    let rows = turned.in_shape(&[n, width]);
    let index = Tensor::from_slice(&shown, &[groups.shown.len(), width])?;
    let picked = crate::graph::with_grad(false, || super::pick::pick(&rows, 0, &index))?;
    shape[0] = groups.shown.len();
    let picked = picked.in_shape(&shape);
    let values = picked.with_layout(picked.layout().permute(&back)).contiguous_data()?;
    groups.outputs(x, op, values, &[n], [inverse, counts])
}

rows! {
    /// The distinct elements in ascending order, which of them each element is, and how many there are of each.
    "_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)" "f"
    |a| unique(a.tensor(0)?, a.bool(2)?, a.bool(3)?);
    |s| vec![
        vec![s.ints(3, &[2, 4]), true.into(), true.into(), true.into()],
        vec![s.t(&[4]), true.into(), false.into(), false.into()],
    ];
    /// The distinct elements in ascending order, and which of them each element is.
    "_unique(Tensor self, bool sorted=True, bool return_inverse=False) -> (Tensor, Tensor)" "f"
    |a| unique(a.tensor(0)?, a.bool(2)?, false).map(|y| (y.0, y.1));
    |s| vec![vec![s.ints(3, &[2, 4]), true.into(), true.into()]];
    /// The distinct slices along `dim` in lexicographic order, which of them each slice is, and how many of each.
    "unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)" "f"
    |a| unique_slices(a.tensor(0)?, a.int(1)?, true, true, true);
    |s| vec![vec![s.ints(2, &[4, 2]), 0.into(), true.into(), true.into(), true.into()]];
    /// Elements (or slices along `dim`) that differ from the one before, in order.
    "unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> (Tensor, Tensor, Tensor)" "f"
    |a| unique_consecutive(a.tensor(0)?, a.bool(1)?, a.bool(2)?, a.opt_int(3)?);
    |s| vec![vec![s.ints(2, &[6]), true.into(), true.into(), Value::None]];
}
