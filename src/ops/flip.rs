//! Elements in another order along their dims: `flip`, `roll`, `rot90`.
use crate::cpu::index::Rows;
use crate::cpu::pointwise::Operand as Memory;
use crate::error::Result;
use crate::gpu;
use crate::layout::{Dims, contiguous_strides, wrap_dim, wrap_dims};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// A copy in which element i along each of `dims` is element `from(dim, i)` of `x`: the dims are turned round, or else moved
/// cyclically.
fn reordered(x: &Tensor, dims: &[usize], turns: bool, from: impl Fn(usize, usize) -> usize) -> Result<Tensor> {
    let y = Tensor::empty_as(x.layout().like(), x.dtype())?;
    if y.numel() == 0 {
        return Ok(y);
    }
    if let Some(gpu) = x.gpu() {
        // In the order of the result's memory, in which it is contiguous.
        let mut order: Dims = (0..x.rank()).collect();
        order.sort_by_key(|&d| std::cmp::Reverse(y.strides()[d]));
        let (seen, place) = (x.with_layout(x.layout().permute(&order)), y.with_layout(y.layout().permute(&order)));
        let turned: Vec<bool> = order.iter().map(|&d| dims.contains(&d) && turns).collect();
        let shift: Dims = order
            .iter()
            .map(|&d| if dims.contains(&d) && !turns { (x.shape()[d] - from(d, 0)) % x.shape()[d] } else { 0 })
            .collect();
        gpu::reorder::reorder(gpu, place.shape(), &place.on_gpu(gpu)?, &seen.on_gpu(gpu)?, &turned, &shift)?;
        return Ok(y);
    }
    // Offsets for all combinations of places along these dims; the dims behind the last of them move as blocks.
    let walked = dims.iter().max().map_or(0, |d| d + 1);
    let sizes: Dims = (0..walked).filter(|d| dims.contains(d)).map(|d| x.shape()[d]).collect();
    let mut at = vec![0usize];
    for d in (0..walked).filter(|d| dims.contains(d)) {
        let along: Vec<usize> = (0..x.shape()[d]).map(|i| from(d, i) * x.strides()[d]).collect();
        at = at.iter().flat_map(|a| along.iter().map(move |b| a + b)).collect();
    }
    let mut own = contiguous_strides(&sizes).into_iter();
    let strides = |d: usize| if dims.contains(&d) { 0 } else { x.strides()[d] };
    let x_strides: Dims = (0..walked).map(strides).collect();
    let at_strides: Dims =
        (0..walked).map(|d| if dims.contains(&d) { own.next().unwrap_or(0) } else { 0 }).collect();
    let rows = Rows {
        shape: &x.shape()[..walked],
        at: &at,
        at_strides: &at_strides,
        a: Memory { strides: &y.strides()[..walked], ..y.memory() },
        x: Memory { strides: &x_strides, ..x.memory() },
        block: &x.shape()[walked..],
        block_a: &y.strides()[walked..],
        block_x: &x.strides()[walked..],
        apart: false,
    };
    // SAFETY: `from` permutes the places of each dim; y is new.
    unsafe { rows.get() };
    Ok(y)
}

/// The order of elements along `dims` turned round.
pub fn flip(x: &Tensor, dims: &[i64]) -> Result<Tensor> {
    let wrapped = wrap_dims(dims, x.rank())?;
    let kept: Dims = wrapped.iter().copied().filter(|&d| d < x.rank()).collect();
    let dims = dims.to_vec();
    let y = if x.gpu().is_none() && x.is_contiguous() && x.numel() > 0 {
        let y = Tensor::empty(x.shape(), x.dtype())?;
        let flipped: Vec<bool> = (0..x.rank()).map(|d| kept.contains(&d)).collect();
        // SAFETY: both are contiguous and of one shape; y is new.
        unsafe { crate::cpu::flip::flip(x.dtype().size(), x.shape(), &flipped, x.data_ptr(), y.data_ptr()) };
        y
    } else {
        reordered(x, &kept, true, |d, i| x.shape()[d] - 1 - i)?
    };
    y.record("flip", &[x], |_, _| one_grad(move |_, g| flip(g, &dims)))
}

/// Elements moved along dims, those that leave at the end coming back at the start. Without dims, the flattened tensor.
pub fn roll(x: &Tensor, shifts: &[i64], dims: &[i64]) -> Result<Tensor> {
    ensure!(!shifts.is_empty(), "`shifts` required");
    if dims.is_empty() && shifts.len() == 1 {
        return reshape_to(&roll(&reshape(x, &[-1])?, shifts, &[0])?, x.shape());
    }
    ensure!(
        shifts.len() == dims.len(),
        "shifts and dimensions must align. shifts: {}, dims:{}",
        shifts.len(),
        dims.len()
    );
    // A dim may be named more than once; its shifts add up.
    let mut by = vec![0i64; x.rank()];
    for (&shift, &dim) in shifts.iter().zip(dims) {
        let d = wrap_dim(dim, x.rank())?;
        if let (Some(b), Some(&n)) = (by.get_mut(d), x.shape().get(d)) {
            *b = (*b + shift.rem_euclid(n.max(1) as i64)).rem_euclid(n.max(1) as i64);
        }
    }
    let moved: Dims = (0..x.rank()).filter(|&d| by[d] != 0).collect();
    let from = |d: usize, i: usize| (i + x.shape()[d] - by[d] as usize) % x.shape()[d];
    let back: Vec<i64> = shifts.iter().map(|s| -s).collect();
    let dims = dims.to_vec();
    reordered(x, &moved, false, from)?.record("roll", &[x], |_, _| one_grad(move |_, g| roll(g, &back, &dims)))
}

/// A quarter turn in the plane of two dims, `k` times.
pub fn rot90(x: &Tensor, k: i64, dims: &[i64]) -> Result<Tensor> {
    ensure!(dims.len() == 2, "expected total rotation dims == 2, but got dims = {}", dims.len());
    ensure!(x.rank() >= 2, "expected total dims >= 2, but got total dims = {}", x.rank());
    ensure!(
        dims[0] != dims[1] && dims[0].abs_diff(dims[1]) != x.rank() as u64,
        "expected rotation dims to be different, but got dim0 = {} and dim1 = {}",
        dims[0],
        dims[1]
    );
    let (a, b) = (wrap_dim(dims[0], x.rank())? as i64, wrap_dim(dims[1], x.rank())? as i64);
    let y = crate::graph::with_grad(false, || {
        let x = &x.detach();
        match k.rem_euclid(4) {
            1 => clone(&transpose(&flip(x, &[b])?, a, b)?, Some(0)),
            2 => flip(x, &[a, b]),
            3 => clone(&transpose(&flip(x, &[a])?, a, b)?, Some(0)),
            _ => clone(x, Some(0)),
        }
    })?;
    y.detach().record("rot90", &[x], |_, _| one_grad(move |_, g| rot90(g, -k, &[a, b])))
}

fn at_least(x: &Tensor, rank: usize) -> Result<&Tensor> {
    ensure!(x.rank() >= rank, "Input must be >= {rank}-d.");
    Ok(x)
}

rows! {
    /// A copy with the order of elements along `dims` turned round.
    "flip(Tensor self, int[] dims) -> Tensor" "fm"
    |a| flip(a.tensor(0)?, &a.ints(1)?);
    |s| vec![vec![s.t(&[2, 3, 2]), [0, 2].into()], vec![s.transposed(&[2, 3]), [1].into()]];
    /// A copy of a matrix with its columns in reverse order.
    "fliplr(Tensor self) -> Tensor" "fm"
    |a| flip(at_least(a.tensor(0)?, 2)?, &[1]);
    |s| vec![vec![s.t(&[2, 3])]];
    /// A copy with its rows in reverse order.
    "flipud(Tensor self) -> Tensor" "fm"
    |a| flip(at_least(a.tensor(0)?, 1)?, &[0]);
    |s| vec![vec![s.t(&[2, 3])]];
    /// A copy whose elements are moved by `shifts` along `dims`, those that leave at the end coming back at the start.
    /// Without dims the flattened tensor is rolled.
    "roll(Tensor self, int[1] shifts, int[1] dims=[]) -> Tensor" "fm"
    |a| roll(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?);
    |s| vec![vec![s.t(&[2, 3]), [2].into(), Value::Ints(vec![])], vec![s.t(&[2, 3, 2]), [1, -1].into(), [1, 2].into()]];
    /// A quarter turn in the plane of two dims, from the first towards the second, `k` times.
    "rot90(Tensor self, int k=1, int[] dims=[0,1]) -> Tensor" "fm"
    |a| rot90(a.tensor(0)?, a.int(1)?, &a.ints(2)?);
    |s| (0..4).map(|k| vec![s.t(&[2, 3]), k.into(), [0, 1].into()]).collect();
}
