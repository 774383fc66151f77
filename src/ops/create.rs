//! New tensors of a given size and content.
use crate::dtype::{DType, Scalar, default_dtype};
use crate::error::Result;
use crate::layout::{Layout, show_i, sizes};
use crate::ops::*;
use crate::storage::Storage;
use crate::tensor::Tensor;

/// The layout that a memory format gives to a shape: 0 contiguous, 2 `channels_last`, 3 `channels_last_3d`.
pub(crate) fn formatted(shape: &[usize], memory_format: u8) -> Result<Layout> {
    let (rank, name) = match memory_format {
        2 => (4, "channels_last"),
        3 => (5, "channels_last_3d"),
        _ => return Ok(Layout::contiguous(shape)),
    };
    ensure!(shape.len() == rank, "required rank {rank} tensor to use {name} format");
    let mut layout = Layout::contiguous(shape);
    let mut stride = 1;
    for d in std::iter::once(1).chain((2..rank).rev()).chain([0]) {
        layout.strides[d] = stride;
        stride *= shape[d];
    }
    Ok(layout)
}

/// The layout of a new tensor like `x`: its own order of dims (`None` and 1), or what the format says.
pub(crate) fn like_layout(x: &Tensor, memory_format: Option<u8>) -> Result<Layout> {
    match memory_format {
        None | Some(1) => Ok(x.layout().like()),
        Some(format) => formatted(x.shape(), format),
    }
}

/// Refuses a number that cannot fill a tensor of this dtype, in PyTorch's words.
pub(crate) fn check_fill(value: Scalar, dtype: DType) -> Result<()> {
    value.check_fits(dtype)?;
    let too_large = |f: f64| f.is_finite() && f.abs() > f32::MAX as f64;
    let fits = match (value, dtype) {
        (Scalar::Complex(c), d) if d.is_float() => c.im == 0.0 && !(d == DType::F32 && too_large(c.re)),
        (s, DType::F32) => !too_large(s.to_f64()),
        (Scalar::Complex(c), DType::C64) => !too_large(c.re) && !too_large(c.im),
        (s, DType::C64) => !too_large(s.to_f64()),
        _ => true,
    };
    ensure!(fits, "value cannot be converted to type {} without overflow", dtype.c_name());
    Ok(())
}

pub(crate) fn filled(layout: Layout, value: Scalar, dtype: DType) -> Result<Tensor> {
    check_fill(value, dtype)?;
    if value == Scalar::Int(0) {
        return Tensor::zeros_as(layout, dtype);
    }
    let y = Tensor::empty_as(layout, dtype)?;
    y.fill_data(value);
    Ok(y)
}

/// A contiguous tensor filled with one number; without a dtype, that of Python floats.
fn made(size: &[i64], value: Scalar, dtype: Option<DType>) -> Result<Tensor> {
    filled(Layout::contiguous(&sizes(size)?), value, dtype.unwrap_or_else(default_dtype))
}

fn empty(size: &[i64], dtype: Option<DType>, memory_format: Option<u8>) -> Result<Tensor> {
    ensure!(memory_format != Some(1), "unsupported memory format Preserve");
    Tensor::empty_as(formatted(&sizes(size)?, memory_format.unwrap_or(0))?, dtype.unwrap_or_else(default_dtype))
}

/// Memory of any content under the given strides.
pub(crate) fn empty_strided(size: &[i64], stride: &[i64], dtype: DType) -> Result<Tensor> {
    ensure!(
        size.len() == stride.len(),
        "dimensionality of sizes ({}) must match dimensionality of strides ({})",
        size.len(),
        stride.len()
    );
    let shape = sizes(size)?;
    let overflow = || {
        let message =
            format!("Storage size calculation overflowed with sizes={} and strides={}", show_i(size), show_i(stride));
        crate::Error::new(crate::error::Kind::Runtime, message)
    };
    let mut extent = 1usize;
    for (&n, &s) in shape.iter().zip(stride) {
        let s = usize::try_from(s).map_err(|_| overflow())?;
        let reach = n.saturating_sub(1).checked_mul(s).and_then(|r| r.checked_add(extent));
        extent = reach.filter(|&r| r <= i64::MAX as usize / 16).ok_or_else(overflow)?;
    }
    if shape.contains(&0) {
        extent = 0;
    }
    let layout = Layout { strides: stride.iter().map(|&s| s as usize).collect(), shape, offset: 0 };
    Ok(Tensor::new(Storage::empty(extent * dtype.size())?, layout, dtype))
}

/// Memory of any content whose dims lie in the given order.
fn empty_permuted(size: &[i64], order: &[i64], dtype: DType) -> Result<Tensor> {
    let shape = sizes(size)?;
    ensure!(
        order.len() == shape.len(),
        "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = {} is not \
         equal to len(physical_layout) = {}",
        shape.len(),
        order.len()
    );
    let mut layout = Layout::contiguous(&shape);
    let (mut stride, mut seen) = (1, vec![false; shape.len()]);
    for &d in order.iter().rev() {
        let known = usize::try_from(d).ok().filter(|&d| d < shape.len());
        let Some(d) = known else {
            bail!(
                "Dimension out of range (expected to be between 0 and {}, but got {d} at index {}).  NB: negative dims \
                 not currently supported; file an issue if you want it.",
                shape.len().saturating_sub(1),
                order.iter().position(|&o| o == d).unwrap_or(0)
            );
        };
        ensure!(!std::mem::replace(&mut seen[d], true), "Duplicate dim not allowed");
        layout.strides[d] = stride;
        stride *= shape[d].max(1);
    }
    Tensor::empty_as(layout, dtype)
}

/// The dtype of a tensor filled with this number when none is asked for.
fn fill_dtype(value: Scalar, dtype: Option<DType>) -> Option<DType> {
    dtype.or_else(|| Some(value.dtype()))
}

/// Ones on the main diagonal.
fn eye(n: i64, m: i64, dtype: Option<DType>) -> Result<Tensor> {
    ensure!(n >= 0, "n must be greater or equal to 0, got {n}");
    ensure!(m >= 0, "m must be greater or equal to 0, got {m}");
    let y = made(&[n, m], Scalar::Int(0), dtype)?;
    let (n, m) = (n as usize, m as usize);
    let diagonal = Layout { shape: [n.min(m)][..].into(), strides: [m + 1][..].into(), offset: 0 };
    y.with_layout(diagonal).fill_data(Scalar::Int(1));
    Ok(y)
}

/// A complex tensor from its parts, which broadcast.
pub fn complex(real: &Tensor, imag: &Tensor) -> Result<Tensor> {
    check_parts(real, imag)?;
    let shape = crate::layout::broadcast(real.shape(), imag.shape())?;
    let y = Tensor::empty(&shape, real.dtype().to_complex())?;
    for (part, x) in [real, imag].into_iter().enumerate() {
        parts_of(&y, part).copy_data(x);
    }
    y.record("complex", &[real, imag], |_, _| {
        Box::new(|node, g| {
            let Some(g) = &g[0] else { return Ok(smallvec::smallvec![None, None]) };
            // The engine takes the real part for a real input. A product with -i would make NaN of an infinite part.
            let imag = node.needs(1).then(|| complex::imag(&contiguous(g)?)).transpose()?;
            Ok(smallvec::smallvec![Some(g.clone()), imag])
        })
    })
}
/// Complex numbers from their absolute values and angles.
pub fn polar(abs: &Tensor, angle: &Tensor) -> Result<Tensor> {
    check_parts(abs, angle)?;
    complex(&mul(abs, &cos(angle)?)?, &mul(abs, &sin(angle)?)?)
}
pub(crate) fn check_parts(a: &Tensor, b: &Tensor) -> Result<()> {
    let fine = |t: &Tensor| matches!(t.dtype(), DType::F16 | DType::F32 | DType::F64);
    ensure!(
        fine(a) && fine(b),
        "Expected both inputs to be Half, Float or Double tensors but got {} and {}",
        a.dtype().scalar_name(),
        b.dtype().scalar_name()
    );
    ensure!(
        a.dtype() == b.dtype(),
        "Expected object of scalar type {} but got scalar type {} for second argument",
        a.dtype().scalar_name(),
        b.dtype().scalar_name()
    );
    ensure!(a.dtype() != DType::F16, NotImplemented, "complex numbers of half precision are not supported");
    Ok(())
}
/// The real (0) or imaginary (1) parts of a complex tensor, over the same memory and outside the graph.
pub(crate) fn parts_of(y: &Tensor, part: usize) -> Tensor {
    let l = y.layout();
    let strides = l.strides.iter().map(|s| 2 * s).collect();
    let layout = Layout { shape: l.shape.clone(), strides, offset: 2 * l.offset + part };
    Tensor::new(y.storage().clone(), layout, y.dtype().to_real())
}

rows! {
    /// Memory of any content.
    "empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor" "fno"
    |a| empty(&a.ints(0)?, a.opt_dtype(1)?, a.opt_memory_format(5)?);
    |_s| vec![];
    /// Memory of any content under the given strides.
    "empty_strided(SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| empty_strided(&a.ints(0)?, &a.ints(1)?, a.opt_dtype(2)?.unwrap_or_else(default_dtype));
    |_s| vec![];
    /// Memory of any content whose dims lie in the given order.
    "empty_permuted(SymInt[] size, int[] physical_layout, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| empty_permuted(&a.ints(0)?, &a.ints(1)?, a.opt_dtype(2)?.unwrap_or_else(default_dtype));
    |_s| vec![];
    /// Zeros of the given size.
    "zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| made(&a.ints(0)?, Scalar::Int(0), a.opt_dtype(1)?);
    |_s| vec![];
    /// Ones of the given size.
    "ones(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| made(&a.ints(0)?, Scalar::Int(1), a.opt_dtype(1)?);
    |_s| vec![];
    /// One number throughout; without a dtype, a bool makes a bool tensor, an int one of int64.
    "full(SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| made(&a.ints(0)?, a.scalar(1)?, fill_dtype(a.scalar(1)?, a.opt_dtype(2)?));
    |_s| vec![];
    /// A tensor without dims, of the default dtype unless another is given.
    "scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fn"
    |a| made(&[], a.scalar(0)?, a.opt_dtype(1)?);
    |_s| vec![];
    /// Ones on the main diagonal of a matrix, zeros elsewhere.
    "eye(SymInt n, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| eye(a.int(0)?, a.int(0)?, a.opt_dtype(1)?);
    |_s| vec![];
    /// Ones on the main diagonal of a matrix, zeros elsewhere.
    "eye.m(SymInt n, SymInt m, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor" "fno"
    |a| eye(a.int(0)?, a.int(1)?, a.opt_dtype(2)?);
    |_s| vec![];
    /// A complex tensor from its real and imaginary parts.
    "complex(Tensor real, Tensor imag) -> Tensor" "fo"
    |a| complex(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3])], vec![s.t(&[2, 3]), s.t(&[3])]];
    /// Complex numbers from their absolute values and angles.
    "polar(Tensor abs, Tensor angle) -> Tensor" "fo"
    |a| polar(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 3])], vec![s.t(&[2, 3]), s.t(&[3])]];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_come_last() {
        assert_eq!(&formatted(&[2, 3, 4, 5], 2).unwrap().strides[..], [60, 1, 15, 3]);
        assert_eq!(&formatted(&[2, 3, 4, 5, 6], 3).unwrap().strides[..], [360, 1, 90, 18, 3]);
        assert!(formatted(&[2, 3], 2).is_err());
    }
}
