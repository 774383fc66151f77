//! Masks: elements filled, picked and written where a bool is set, and the places of what is not zero.
use crate::cpu;
use crate::cpu::mask::Mask;
use crate::cpu::pointwise::Operand as Memory;
use crate::dtype::{DType, Element, Scalar};
use crate::error::Result;
use crate::gpu;
use crate::layout::{Dims, Layout, broadcast};
use crate::ops::index::{copied, each_grad, mask_bools, write_into};
use crate::ops::view::{embed, one_grad};
use crate::ops::*;
use crate::storage::Storage;
use crate::tensor::Tensor;

/// Refuses a number that the dtype cannot hold, large floats too.
pub(crate) fn check_number(value: Scalar, dtype: DType) -> Result<()> {
    value.check_fits(dtype)?;
    let limit = match dtype {
        DType::F16 => 65504.0,
        DType::BF16 => half::bf16::MAX.to_f64(),
        DType::F32 | DType::C64 => f32::MAX as f64,
        _ => f64::INFINITY,
    };
    let (c, over) = (value.to_c64(), |x: f64| x.is_finite() && x.abs() > limit);
    ensure!(
        !(over(c.re) || over(c.im)) && (c.im == 0.0 || !dtype.is_float()),
        "value cannot be converted to type {} without overflow",
        dtype.c_name()
    );
    Ok(())
}

/// Writes a number, a tensor of one element and of `y`'s dtype, as `fill_masked` does.
pub(crate) fn fill_masked_with(y: &Tensor, mask: &Tensor, value: &Tensor) -> Result<()> {
    let Some(gpu) = y.gpu() else {
        fill_masked_on_cpu(y, mask, value.item()?);
        return Ok(());
    };
    let strides = mask.layout().broadcast_strides(y.shape());
    let mask = gpu::Memory { strides: &strides, ..mask.on_gpu(gpu)? };
    gpu::mask::masked_fill(gpu, y.shape(), &y.on_gpu(gpu)?, &mask, &value.on_gpu(gpu)?)
}
/// Writes a number into the memory of `y` where the mask, broadcast, is set. Not recorded.
fn fill_masked(y: &Tensor, mask: &Tensor, value: Scalar) -> Result<()> {
    if y.device().is_gpu() {
        return fill_masked_with(y, mask, &Tensor::scalar(value, y.dtype())?);
    }
    fill_masked_on_cpu(y, mask, value);
    Ok(())
}
fn fill_masked_on_cpu(y: &Tensor, mask: &Tensor, value: Scalar) {
    let mut element = 0u128;
    let ptr = (&raw mut element).cast::<u8>();
    // SAFETY: 16 bytes hold any element.
    dispatch!(all y.dtype(), T => unsafe { ptr.cast::<T>().write_unaligned(T::of(value)) });
    let strides = mask.layout().broadcast_strides(y.shape());
    // SAFETY: both layouts lie inside their storages; the value is an element of y's dtype.
    unsafe { cpu::mask::masked_fill(y.shape(), y.memory(), Memory { strides: &strides, ..mask.memory() }, ptr) };
}

fn check_mask(mask: &Tensor, name: impl Fn(DType) -> &'static str, op: &str) -> Result<()> {
    ensure!(
        mask.dtype() == DType::Bool,
        "{op} only supports boolean masks, but got mask with dtype {}",
        name(mask.dtype())
    );
    Ok(())
}

/// The data of `masked_fill`.
fn filled(x: &Tensor, mask: &Tensor, value: Scalar) -> Result<Tensor> {
    check_mask(mask, DType::c_name, "masked_fill_")?;
    check_number(value, x.dtype())?;
    let shape = broadcast(mask.shape(), x.shape())?;
    let y = if shape[..] == *x.shape() {
        copied(x)?
    } else {
        let y = Tensor::empty(&shape, x.dtype())?;
        y.copy_data(x);
        y
    };
    fill_masked(&y, mask, value)?;
    Ok(y)
}

/// A copy with a number where the mask, broadcast, is set.
pub fn masked_fill(x: &Tensor, mask: &Tensor, value: Scalar) -> Result<Tensor> {
    filled(x, mask, value)?.record("masked_fill", &[x], |r, _| {
        let at = r.input("mask", mask);
        one_grad(move |node, g| masked_fill(g, &node.get(at)?, Scalar::Int(0)))
    })
}

/// As `masked_fill`, with the number in a 0-dim tensor.
pub fn masked_fill_tensor(x: &Tensor, mask: &Tensor, value: &Tensor) -> Result<Tensor> {
    check_mask(mask, DType::c_name, "masked_fill_")?;
    ensure!(
        value.rank() == 0,
        "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {} dimension(s).",
        value.rank()
    );
    filled(x, mask, value.item()?)?.record("masked_fill#1", &[x, value], |r, _| {
        let at = r.input("mask", mask);
        each_grad::<2>(move |node, g, input| match input {
            0 => masked_fill(g, &node.get(at)?, Scalar::Int(0)),
            _ => sum(&masked_select(g, &node.get(at)?)?, &[], false, None),
        })
    })
}

/// Fills in the memory of `x` itself, where nothing needs to be recorded.
fn masked_fill_into(x: &Tensor, mask: &Tensor, value: Scalar, into: &Tensor) -> Result<()> {
    check_mask(mask, DType::c_name, "masked_fill_")?;
    check_number(value, x.dtype())?;
    let shape = broadcast(mask.shape(), x.shape())?;
    ensure!(
        *into.shape() == shape[..],
        "output with shape {} doesn't match the broadcast shape {}",
        crate::layout::show(into.shape()),
        crate::layout::show(&shape)
    );
    if shape[..] != *x.shape() {
        return assign(into, &filled(x, mask, value)?);
    }
    write_into(x, into, |y| fill_masked(y, mask, value))
}

/// The elements where the mask is set (both broadcast), as a vector.
pub fn masked_select(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    ensure!(mask.dtype() == DType::Bool, "masked_select: expected BoolTensor for mask");
    let shape = broadcast(mask.shape(), x.shape())?;
    let wide = x.with_layout(Layout { strides: x.layout().broadcast_strides(&shape), shape: shape.clone(), ..x.layout().clone() });
    let y = index(&wide, &[Some(&expand_to(&mask.detach(), &shape)?)])?;
    y.record("masked_select", &[x], |r, _| {
        let at = r.input("mask", mask);
        one_grad(move |node, g| {
            masked_scatter(&Tensor::zeros(&shape, g.dtype())?, &expand_to(&node.get(at)?, &shape)?, g)
        })
    })
}

/// A copy of `x` with elements of `source`, in order, where the mask is set (both broadcast).
pub fn masked_scatter(x: &Tensor, mask: &Tensor, source: &Tensor) -> Result<Tensor> {
    ensure!(
        x.dtype() == source.dtype(),
        "masked_scatter: expected self and source to have same dtypes but got{} and {}",
        x.dtype().scalar_name(),
        source.dtype().scalar_name()
    );
    check_mask(mask, DType::scalar_name, "masked_scatter_")?;
    let shape = broadcast(mask.shape(), x.shape())?;
    let y = Tensor::empty(&shape, x.dtype())?;
    y.copy_data(x);
    let bools = mask_bools(&expand_to(&mask.detach(), &shape)?)?;
    let places = crate::ops::places::Places::new(&y, &[Some(&bools)])?;
    let n = places.result(&y)[0];
    ensure!(n <= source.numel(), "Number of elements of source < number of ones in mask");
    let flat = source.contiguous_data()?;
    let part = flat.with_layout(Layout { offset: flat.layout().offset, ..Layout::contiguous(&[n]) });
    places.put(&y, &part, false)?;
    let like: Dims = source.shape().into();
    y.record("masked_scatter", &[x, source], |r, _| {
        let at = r.input("mask", mask);
        each_grad::<2>(move |node, g, input| match input {
            0 => masked_fill(g, &node.get(at)?, Scalar::Int(0)),
            _ => {
                let picked = masked_select(g, &node.get(at)?)?;
                let (n, all) = (picked.numel() as i64, like.iter().product());
                reshape_to(&embed(&picked, &[all], move |z| narrow(z, 0, 0, n))?, &like)
            }
        })
    })
}

/// The places of what is not zero: one row of coordinates each, in order; stored column by column.
pub fn nonzero(x: &Tensor) -> Result<Tensor> {
    let bools = mask_bools(x)?;
    if let Some(gpu) = bools.gpu() {
        let mask = gpu::mask::Mask::new(gpu, &bools.on_gpu(gpu)?, bools.numel())?;
        let columns = Tensor::empty(&[x.rank(), mask.count()], DType::I64)?;
        mask.coordinates(x.shape(), &columns.on_gpu(gpu)?)?;
        return Ok(columns.with_layout(columns.layout().transpose(0, 1)));
    }
    // SAFETY: a contiguous copy, or memory that is only read here.
    let mask = Mask::new(unsafe { bools.as_slice::<bool>() });
    let (n, rank) = (mask.count(), x.rank());
    let columns = Storage::empty(n * rank * size_of::<i64>())?;
    // SAFETY: new memory of this size.
    unsafe { mask.coordinates(x.shape(), columns.ptr().cast()) };
    let layout = Layout { shape: smallvec::smallvec![n, rank], strides: smallvec::smallvec![1, n.max(1)], offset: 0 };
    Ok(Tensor::new(columns, layout, DType::I64))
}

/// The places of what is not zero as one vector per dim; a number counts as a vector of one element.
pub fn nonzero_columns(x: &Tensor) -> Result<Vec<Tensor>> {
    if x.rank() == 0 { unbind(&nonzero(&unsqueeze(x, 0)?)?, 1) } else { unbind(&nonzero(x)?, 1) }
}

/// As `nonzero`, with exactly `size` rows: cut, or filled up.
fn nonzero_static(x: &Tensor, size: i64, fill_value: i64) -> Result<Tensor> {
    ensure!(size >= 0, "nonzero_static: 'size' must be an non-negative integer");
    let found = nonzero(x)?;
    let y = Tensor::full(&[size as usize, x.rank()], Scalar::Int(fill_value), DType::I64)?;
    let n = found.shape()[0].min(size as usize);
    y.with_layout(y.layout().slice(0, 0, n, 1)).copy_data(&found.with_layout(found.layout().slice(0, 0, n, 1)));
    Ok(y)
}

rows! {
    /// A copy with the number `value` (a 0-dim tensor) where the mask, broadcast, is set.
    "masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor" "fmi"
    |a| masked_fill_tensor(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?);
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3]), s.t(&[])]];
    /// A copy with the number `value` where the mask, broadcast, is set.
    "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor" "fmi"
    |a| masked_fill(a.tensor(0)?, a.tensor(1)?, a.scalar(2)?);
    into |a, y| masked_fill_into(a.tensor(0)?, a.tensor(1)?, a.scalar(2)?, y);
    |s| vec![
        vec![s.t(&[2, 3]), s.bools(&[3]), Value::Scalar(Scalar::Float(0.5))],
        vec![s.t(&[3]), s.bools(&[2, 1]), Value::Scalar(Scalar::Float(0.5))],
    ];
    /// The elements where the mask is set (both broadcast), as a vector.
    "masked_select(Tensor self, Tensor mask) -> Tensor" "fmo"
    |a| masked_select(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3])], vec![s.transposed(&[2, 3]), s.bools(&[2, 1])]];
    /// A copy with elements of `source`, in order, where the mask is set (both broadcast).
    "masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor" "fmi"
    |a| masked_scatter(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?);
    |s| vec![vec![s.t(&[2, 3]), s.bools(&[2, 3]), s.t(&[7])], vec![s.t(&[2, 3]), s.bools(&[3]), s.t(&[2, 3])]];
    /// The places of what is not zero: one row of coordinates each.
    "nonzero(Tensor self) -> Tensor" "fmon"
    |a| nonzero(a.tensor(0)?);
    |_s| vec![];
    /// As `nonzero`; with `as_tuple`, one vector per dim.
    "nonzero.as_tuple(Tensor self, *, bool as_tuple) -> Tensor[]" "fmn"
    |a| if a.bool(1)? { nonzero_columns(a.tensor(0)?).map(Out::from) } else { nonzero(a.tensor(0)?).map(Out::from) };
    |_s| vec![];
    /// The places of what is not zero as one vector per dim.
    "nonzero_numpy(Tensor self) -> Tensor[]" "fmn"
    |a| nonzero_columns(a.tensor(0)?);
    |_s| vec![];
    /// As `nonzero`, with exactly `size` rows: cut, or filled up with `fill_value`.
    "nonzero_static(Tensor self, *, int size, int fill_value=-1) -> Tensor" "fmon"
    |a| nonzero_static(a.tensor(0)?, a.int(1)?, a.int(2)?);
    |_s| vec![];
    /// The places of what is not zero: one row of coordinates each.
    "argwhere(Tensor self) -> Tensor" "fmn"
    |a| nonzero(a.tensor(0)?);
    |_s| vec![];
    /// The places where the condition holds, as one vector per dim.
    "where(Tensor condition) -> Tensor[]" "fn"
    |a| nonzero_columns(a.tensor(0)?);
    |_s| vec![];
}