//! Copies: into another tensor, of another dtype, in another order of memory.
use crate::device::{Device, Inside};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::graph::grad_enabled;
use crate::layout::{Layout, broadcast, show};
use crate::ops::create::{check_fill, formatted, like_layout};
use crate::ops::inplace::{check_fillable, overwrite};
use crate::ops::view::one_grad;
use crate::ops::*;
use crate::tensor::Tensor;

/// A copy; `preserve_format` keeps the order of dims.
pub fn clone(x: &Tensor, memory_format: Option<u8>) -> Result<Tensor> {
    let y = Tensor::empty_as(like_layout(x, memory_format)?, x.dtype())?;
    y.copy_data(x);
    y.record("clone", &[x], |_, _| one_grad(|_, g| Ok(g.clone())))
}

/// The tensor itself if it is contiguous, otherwise a copy.
pub fn contiguous(x: &Tensor) -> Result<Tensor> {
    if x.is_contiguous() { Ok(x.clone()) } else { clone(x, Some(0)) }
}
fn contiguous_in(x: &Tensor, memory_format: u8) -> Result<Tensor> {
    if in_format(x, memory_format)? {
        return Ok(x.clone());
    }
    ensure!(memory_format != 1, "preserve memory format is unsupported by the contiguous operator");
    clone(x, Some(memory_format))
}
/// Whether the tensor's memory is ordered as the format says.
fn in_format(x: &Tensor, memory_format: u8) -> Result<bool> {
    if memory_format < 2 {
        return Ok(x.is_contiguous());
    }
    let wanted = formatted(x.shape(), memory_format)?;
    let fits = |((&n, &s), &w): ((&usize, &usize), &usize)| n == 1 || s == w;
    Ok(x.numel() == 0 || x.shape().iter().zip(x.strides()).zip(&wanted.strides).all(fits))
}

/// Another element type; the tensor itself if it has it already.
pub fn cast(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype { Ok(x.clone()) } else { cast_copy(x, dtype) }
}
pub(crate) fn cast_copy(x: &Tensor, dtype: DType) -> Result<Tensor> {
    to_copy(x, x.device(), dtype, None)
}
/// The tensor on a device; itself if it is there.
pub fn moved(x: &Tensor, device: Device) -> Result<Tensor> {
    if x.device() == device { Ok(x.clone()) } else { to_copy(x, device, x.dtype(), None) }
}
fn to_copy(x: &Tensor, device: Device, dtype: DType, memory_format: Option<u8>) -> Result<Tensor> {
    let y = {
        let _inside = Inside::of(device);
        Tensor::empty_as(like_layout(x, memory_format)?, dtype)?
    };
    y.copy_data(x);
    let from = x.device();
    // The engine casts every gradient to its target's dtype, so the formula is the identity but for the device.
    y.record("to_copy", &[x], |_, _| match from == device {
        true => one_grad(|_, g| Ok(g.clone())),
        false => one_grad(move |_, g| moved(g, from)),
    })
}
/// The tensor itself where nothing changes and no copy is asked for.
pub(crate) fn to(
    x: &Tensor,
    device: Option<Device>,
    dtype: Option<DType>,
    copy: bool,
    memory_format: Option<u8>,
) -> Result<Tensor> {
    let (dtype, device) = (dtype.unwrap_or(x.dtype()), device.unwrap_or(x.device()));
    let stays = match memory_format {
        None | Some(1) => true,
        Some(format) => in_format(x, format)?,
    };
    let stays = stays && dtype == x.dtype() && device == x.device();
    if stays && !copy { Ok(x.clone()) } else { to_copy(x, device, dtype, memory_format) }
}

/// Writes `src`, broadcast and cast, into `x`.
pub fn copy_into(x: &Tensor, src: &Tensor) -> Result<()> {
    if x.same(src) {
        return Ok(());
    }
    let shape = broadcast(x.shape(), src.shape())?;
    ensure!(
        &shape[..] == x.shape(),
        "output with shape {} doesn't match the broadcast shape {}",
        show(x.shape()),
        show(&shape)
    );
    if !(grad_enabled() && x.dtype().is_differentiable() && (x.requires_grad() || src.requires_grad())) {
        check_writable(x)?;
        check_overlap(x, src)?;
        x.copy_data(src);
        x.storage().bump();
        return Ok(());
    }
    check_overlap(x, src)?;
    let src = &moved(src, x.device())?;
    let y = src.with_layout(src.layout().expand(&shape.iter().map(|&n| n as i64).collect::<Vec<_>>())?);
    overwrite(x, &in_place_of(x, y, src, "CopyBackwards")?)
}
/// `y`, made from `src` alone, recorded as what takes the place of `x`.
fn in_place_of(x: &Tensor, y: Tensor, src: &Tensor, op: &'static str) -> Result<Tensor> {
    if is_tracked_view(x) {
        return y.record(op, &[src], |_, _| one_grad(|_, g| Ok(g.clone())));
    }
    // What was in `x` has no influence any more, but stays in its graph: a gradient of zeros.
    y.record(op, &[x, src], |_, _| {
        Box::new(|node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
            let old = node.needs(0).then(|| zeros_like(g)).transpose()?;
            Ok(smallvec::smallvec![old, Some(g.clone())])
        })
    })
}
/// Whether a write goes on to a base, where the node of the write joins both.
fn is_tracked_view(x: &Tensor) -> bool {
    x.creation().is_some()
}

/// Writes a number into every element.
fn fill_as(x: &Tensor, value: Scalar, op: &'static str) -> Result<()> {
    check_fill(value, x.dtype())?;
    if x.layout().may_overlap_itself() && !(grad_enabled() && x.requires_grad()) {
        check_fillable(x)?;
        x.fill_data(value);
        x.storage().bump();
        return Ok(());
    }
    overwritten(x, op, || {
        x.fill_data(value);
        Ok(())
    })
}
/// Lets `write` overwrite all of `x`: version and history. What was in `x` gets a gradient of zeros.
pub(crate) fn overwritten(x: &Tensor, op: &'static str, write: impl FnOnce() -> Result<()>) -> Result<()> {
    check_writable(x)?;
    write()?;
    if !(grad_enabled() && x.requires_grad()) {
        x.storage().bump();
        return Ok(());
    }
    let y = Tensor::empty_as(x.layout().like(), x.dtype())?;
    y.copy_data(x);
    if is_tracked_view(x) {
        return overwrite(x, &y);
    }
    overwrite(x, &y.record(op, &[x], |_, _| one_grad(|_, g| zeros_like(g)))?)
}

/// Writes the value of a 0-dim tensor into every element; its gradient is the sum.
fn fill_from(x: &Tensor, value: &Tensor) -> Result<()> {
    ensure!(
        value.rank() == 0,
        "fill_ only supports 0-dimension value tensor but got tensor with {} dimensions.",
        value.rank()
    );
    let y = expanded(&value.cast_data(x.dtype())?, x.shape());
    if !value.requires_grad() || !grad_enabled() {
        return overwritten(x, "fill#3", || {
            x.copy_data(&y);
            Ok(())
        });
    }
    overwrite(x, &in_place_of(x, y, value, "fill#3")?)
}
/// A 0-dim tensor's element in every place of a shape, outside the graph.
fn expanded(value: &Tensor, shape: &[usize]) -> Tensor {
    let strides = smallvec::smallvec![0; shape.len()];
    value.with_layout(Layout { shape: shape.into(), strides, offset: value.layout().offset })
}
/// As `fill_from`, into a new tensor.
fn filled_from(x: &Tensor, value: &Tensor) -> Result<Tensor> {
    ensure!(
        value.rank() == 0,
        "fill only supports 0-dimension value tensor but got tensor with {} dimensions.",
        value.rank()
    );
    let y = Tensor::empty_as(x.layout().like(), x.dtype())?;
    y.copy_data(&expanded(value, x.shape()));
    y.record("fill#1", &[x, value], |_, _| {
        Box::new(|node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
            let old = node.needs(0).then(|| zeros_like(g)).transpose()?;
            Ok(smallvec::smallvec![old, Some(g.clone())])
        })
    })
}
/// What an op that writes into `x` hands back.
fn handed_back(x: &Tensor, done: Result<()>) -> Result<Tensor> {
    done.map(|()| x.clone())
}

fn no_cuda() -> Result<Tensor> {
    Device::parse("cuda").map(|_| unreachable!("there is no such device"))
}

rows! {
    /// A copy, recorded.
    "clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor" "fm"
    |a| clone(a.tensor(0)?, a.opt_memory_format(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None], vec![s.transposed(&[2, 3]), Value::None]];
    /// The tensor itself if its memory is in this order, otherwise a copy.
    "contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)" "m"
    |a| contiguous_in(a.tensor(0)?, a.opt_memory_format(1)?.unwrap_or(0));
    |s| vec![vec![s.transposed(&[2, 3]), Value::None]];
    /// A copy of another dtype or order of memory.
    "_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor" "f"
    |a| to(a.tensor(0)?, a.opt_device(3)?, a.opt_dtype(1)?, true, a.opt_memory_format(6)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None, Value::None, Value::None, Value::None, false.into(), Value::None]];
    /// The tensor on another device or in another dtype; itself if nothing changes and `copy` is not asked for.
    "to.device(Tensor(a) self, Device? device=None, ScalarType? dtype=None, bool non_blocking=False, bool copy=False, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, a.opt_device(1)?, a.opt_dtype(2)?, a.bool(4)?, a.opt_memory_format(5)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None, Value::None, false.into(), true.into(), Value::None]];
    /// The tensor in another dtype; itself if nothing changes and `copy` is not asked for.
    "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, None, a.opt_dtype(1)?, a.bool(3)?, a.opt_memory_format(4)?);
    |s| vec![vec![s.t(&[2, 3]), DType::C128.into(), false.into(), false.into(), Value::None]];
    /// The tensor in the dtype of another; itself if nothing changes and `copy` is not asked for.
    "to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, Some(a.tensor(1)?.device()), Some(a.tensor(1)?.dtype()), a.bool(3)?, a.opt_memory_format(4)?);
    |s| vec![
        vec![s.t(&[2, 3]), s.ints(3, &[1]), false.into(), false.into(), Value::None],
        vec![s.t(&[2, 3]), s.complex(&[1]), false.into(), false.into(), Value::None],
    ];
    /// The tensor in the dtype of another.
    "type_as(Tensor self, Tensor other) -> Tensor" "m"
    |a| to(a.tensor(0)?, Some(a.tensor(1)?.device()), Some(a.tensor(1)?.dtype()), false, None);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[1])]];
    /// The tensor as float32.
    "float(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, None, Some(DType::F32), false, a.opt_memory_format(1)?);
    |s| vec![vec![s.ints(5, &[2, 3]), Value::None]];
    /// The tensor as float64.
    "double(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, None, Some(DType::F64), false, a.opt_memory_format(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None]];
    /// The tensor as float16.
    "half(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, None, Some(DType::F16), false, a.opt_memory_format(1)?);
    |s| vec![vec![s.ints(5, &[2, 3]), Value::None]];
    /// The tensor as bfloat16.
    "bfloat16(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, None, Some(DType::BF16), false, a.opt_memory_format(1)?);
    |s| vec![vec![s.ints(5, &[2, 3]), Value::None]];
    /// The tensor as complex64.
    "cfloat(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, None, Some(DType::C64), false, a.opt_memory_format(1)?);
    |s| vec![vec![s.ints(5, &[2, 3]), Value::None]];
    /// The tensor as complex128.
    "cdouble(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, None, Some(DType::C128), false, a.opt_memory_format(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None]];
    /// The tensor as int64.
    "long(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "mn"
    |a| to(a.tensor(0)?, None, Some(DType::I64), false, a.opt_memory_format(1)?);
    |_s| vec![];
    /// The tensor as int32.
    "int(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "mn"
    |a| to(a.tensor(0)?, None, Some(DType::I32), false, a.opt_memory_format(1)?);
    |_s| vec![];
    /// The tensor as int16.
    "short(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "mn"
    |a| to(a.tensor(0)?, None, Some(DType::I16), false, a.opt_memory_format(1)?);
    |_s| vec![];
    /// The tensor as int8.
    "char(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "mn"
    |a| to(a.tensor(0)?, None, Some(DType::I8), false, a.opt_memory_format(1)?);
    |_s| vec![];
    /// The tensor as uint8.
    "byte(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "mn"
    |a| to(a.tensor(0)?, None, Some(DType::U8), false, a.opt_memory_format(1)?);
    |_s| vec![];
    /// The tensor as bool.
    "bool(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "mn"
    |a| to(a.tensor(0)?, None, Some(DType::Bool), false, a.opt_memory_format(1)?);
    |_s| vec![];
    /// The tensor on the CPU; itself if it is there.
    "cpu(Tensor(a) self, *, MemoryFormat? memory_format=None) -> Tensor(a)" "m"
    |a| to(a.tensor(0)?, Some(Device::Cpu), None, false, a.opt_memory_format(1)?);
    |s| vec![vec![s.t(&[2, 3]), Value::None]];
    /// Raises: there is no CUDA device.
    "cuda(Tensor(a) self, Device? device=None, bool non_blocking=False, *, MemoryFormat? memory_format=None) -> Tensor(a)" "mn"
    |_a| no_cuda();
    |_s| vec![];
    /// Writes another tensor, broadcast and cast, into this one.
    "copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)" "ms"
    |a| match a.operand(1)? {
        Operand::Tensor(src) => handed_back(a.tensor(0)?, copy_into(a.tensor(0)?, src)),
        number => handed_back(a.tensor(0)?, copy_into(a.tensor(0)?, &number.to_tensor(number.dtype())?)),
    };
    |s| vec![
        vec![s.t(&[2, 3]), s.t(&[2, 3]), false.into()],
        vec![s.transposed(&[2, 3]), s.t(&[3]), false.into()],
    ];
    /// Writes the value of a 0-dim tensor into every element.
    "fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)" "fm"
    |a| handed_back(a.tensor(0)?, fill_from(a.tensor(0)?, a.tensor(1)?));
    |s| vec![vec![s.t(&[2, 3]), s.t(&[])]];
    /// Writes one number into every element.
    "fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)" "fm"
    |a| handed_back(a.tensor(0)?, fill_as(a.tensor(0)?, a.scalar(1)?, "fill#2"));
    |s| vec![vec![s.t(&[2, 3]), 1.5.into()]];
    /// The value of a 0-dim tensor throughout, shaped like another tensor.
    "fill.Tensor(Tensor self, Tensor value) -> Tensor" "f"
    |a| filled_from(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[])]];
    /// One number throughout, shaped like another tensor.
    "fill.Scalar(Tensor self, Scalar value) -> Tensor" "f"
    |a| full_like(a.tensor(0)?, a.scalar(1)?, None)?.record("fill", &[a.tensor(0)?], |_, _| one_grad(|_, g| zeros_like(g)));
    |s| vec![vec![s.t(&[2, 3]), 1.5.into()]];
    /// Writes zero into every element.
    "zero_(Tensor(a!) self) -> Tensor(a!)" "fm"
    |a| handed_back(a.tensor(0)?, fill_as(a.tensor(0)?, Scalar::Int(0), "zero"));
    |s| vec![vec![s.t(&[2, 3])]];
}
