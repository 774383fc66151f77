//! Quotients and remainders, element by element: true, rounded down or rounded to zero. To add an op, add its row.
use crate::cpu::complex_math;
use crate::cpu::parallel::parallel_for;
use crate::device;
use crate::dtype::{Category, DType};
use crate::error::Result;
use crate::ops::binary::no_derivative;
use crate::ops::elementwise::{Chosen, Grad, Row};
use crate::ops::unary::flat;
use crate::ops::*;
use crate::tensor::Tensor;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether an element of integers is zero.
fn has_zero(t: &Tensor) -> Result<bool> {
    const BLOCK: usize = 1 << 15;
    // A number on the CPU may divide what is on a GPU, where new memory is made.
    let _inside = device::Inside::of(device::Device::Cpu);
    let data = t.cast_data(DType::I64)?;
    // SAFETY: contiguous and only read.
    let v = unsafe { data.as_slice::<i64>() };
    let found = AtomicBool::new(false);
    parallel_for(v.len(), BLOCK, &|range| {
        // No way out of the middle of a block: that would be one element at a time.
        if v[range].chunks(64).any(|some| some.iter().fold(false, |zero, &i| zero | (i == 0))) {
            found.store(true, Ordering::Relaxed);
        }
    });
    Ok(found.into_inner())
}

/// Integers cannot be divided by zero.
fn no_integer_zero(o: &[Operand]) -> Result<()> {
    if result_type(o).category() != Category::Int {
        return Ok(());
    }
    let zero = match &o[1] {
        Operand::Scalar(s) => s.to_i64() == 0,
        // On a GPU, as in PyTorch, nobody waits to look: the quotient is any number.
        Operand::Tensor(t) if t.device().is_gpu() => false,
        Operand::Tensor(t) => t.numel() > 0 && o[0].shape().iter().all(|&n| n > 0) && has_zero(t)?,
    };
    ensure!(!zero, "ZeroDivisionError");
    Ok(())
}

pointwise! {
    /// True quotient of two operands; integers become floats first.
    div(x, other)
    "div.Tensor(Tensor self, Tensor other) -> Tensor" "fmios"
    "true_divide.Tensor(Tensor self, Tensor other) -> Tensor" "fmios" Float {
        float: x / other, complex: complex_math::div(x, other),
        wgsl: { float: "x / other", complex: "divide_c(x, other)" },
        grad: {
            x: |g, other| g / &conj(other)?,
            other: |g, x, other| -(g * conj(&(x / other / other))?),
        },
        domain: 0.5..2.0
    }
    /// The quotient without its fraction.
    div_trunc(x, other) => "div#2" Keep {
        check: no_integer_zero, int: quotient(x, other), float: (x / other).trunc(),
        wgsl: { int: "quotient(x, other)", float: "trunc(divide(x, other))" },
        grad: { x: |g| flat(g), other: |g| flat(g) },
    }
    /// The quotient rounded down.
    div_floor(x, other) => "div#2" Keep {
        check: no_integer_zero, int: floor_quotient(x, other), float: x.floor_div(other),
        wgsl: { int: "floor_quotient(x, other)", float: "floor_divide(x, other)" },
        grad: { x: |g| flat(g), other: |g| flat(g) },
    }
    /// The remainder of division rounded down: it has the sign of the divisor.
    remainder(x, other) => "remainder#1" "remainder.Tensor(Tensor self, Tensor other) -> Tensor" "fmio" Keep {
        check: no_integer_zero,
        int: {
            let r = remaining(x, other);
            if r != 0 && (r < 0) != (other < 0) { r + other } else { r }
        },
        float: x.remainder(other),
        wgsl: { int: "floor_remaining(x, other)", float: "remainder(x, other)" },
        grad: { x: |g| g.clone(), other: |g, x, other| -(g * div_floor(x, other)?) }, domain: 0.5..2.0
    }
    /// The remainder of division rounded to zero: it has the sign of the dividend.
    fmod(x, other) => "fmod#1" "fmod.Tensor(Tensor self, Tensor other) -> Tensor" "fmio" Keep {
        check: no_integer_zero, int: remaining(x, other), float: x.fmod(other),
        wgsl: { int: "remaining(x, other)", float: "fmod(x, other)" },
        grad: { x: |g| g.clone(), other: |g, x, other| -(g * div_trunc(x, other)?) }, domain: 0.5..2.0
    }
}

// A divisor of 0 was refused; should one come in all the same, 0 is better than a panic.
#[inline(always)]
fn quotient(a: i64, b: i64) -> i64 {
    if b == 0 { 0 } else { a.wrapping_div(b) }
}
#[inline(always)]
fn remaining(a: i64, b: i64) -> i64 {
    if b == 0 { 0 } else { a.wrapping_rem(b) }
}
#[inline(always)]
fn floor_quotient(a: i64, b: i64) -> i64 {
    let q = quotient(a, b);
    if remaining(a, b) != 0 && (a < 0) != (b < 0) { q - 1 } else { q }
}

// The same kernels under the nodes that PyTorch has for them.
const DIV_TRUE: &Row = &Row { node: "div#2", ..*div::ROW };
const FLOOR_DIVIDE: &Row = &Row {
    node: "NotImplemented",
    grads: &[
        Grad { input: 0, needs: &[], formula: |_, _, _| no_derivative("floor_divide") },
        Grad { input: 1, needs: &[], formula: |_, _, _| no_derivative("floor_divide") },
    ],
    ..*div_floor::ROW
};
const REMAINDER_BY: &Row =
    &Row { node: "remainder", grads: std::slice::from_ref(&remainder::ROW.grads[0]), ..*remainder::ROW };
const REMAINDER_OF: &Row = &Row {
    node: "NotImplemented",
    grads: &[Grad { input: 1, needs: &[], formula: |_, _, _| no_derivative("remainder") }],
    ..*remainder::ROW
};
const FMOD_BY: &Row = &Row { node: "fmod", grads: std::slice::from_ref(&fmod::ROW.grads[0]), ..*fmod::ROW };

fn rounded<'a>(x: Operand<'a>, other: Operand<'a>, mode: Option<&str>) -> Result<Chosen<'a>> {
    let row: &'static Row = match mode {
        None => DIV_TRUE,
        Some("trunc") => div_trunc::ROW,
        Some("floor") => div_floor::ROW,
        Some(mode) => {
            bail!("div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{mode}'")
        }
    };
    Ok(Chosen::new(row, [x, other]))
}
fn pair<'a>(row: &'static Row, a: &Args<'a, '_>) -> Result<Chosen<'a>> {
    Ok(Chosen::new(row, [a.operand(0)?, a.operand(1)?]))
}

chosen! {
    /// Quotient, rounded to zero (`"trunc"`), down (`"floor"`) or not at all (None).
    "div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor" "fmios"
    |a| rounded(a.operand(0)?, a.operand(1)?, a.opt_str(2)?);
    |s| {
        s.domain = 0.5..2.0;
        vec![
            vec![s.t(&[2, 3]), s.t(&[3]), Value::None],
            vec![s.t(&[2, 3]), s.t(&[3]), "floor".into()],
            vec![s.t(&[2, 3]), s.t(&[3]), "trunc".into()],
        ]
    };
    /// Quotient rounded down.
    "floor_divide(Tensor self, Tensor other) -> Tensor" "fmios"
    |a| pair(FLOOR_DIVIDE, a);
    |s| vec![vec![s.within(0.5..2.0, &[2, 3]), s.within(0.5..2.0, &[3])]];
    /// The remainder of division rounded down: it has the sign of the divisor.
    "remainder.Scalar(Tensor self, Scalar other) -> Tensor" "fmio"
    |a| pair(REMAINDER_BY, a);
    |s| vec![vec![s.t(&[2, 3]), 0.7.into()]];
    /// The remainder of division rounded down: it has the sign of the divisor.
    "remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor" "f"
    |a| pair(REMAINDER_OF, a);
    |s| vec![vec![1.5.into(), s.within(0.5..2.0, &[2, 3])]];
    /// The remainder of division rounded to zero: it has the sign of the dividend.
    "fmod.Scalar(Tensor self, Scalar other) -> Tensor" "fmio"
    |a| pair(FMOD_BY, a);
    |s| vec![vec![s.t(&[2, 3]), 0.7.into()]];
}


pub(super) fn rows() -> Vec<Op> {
    let mut all = pointwise_rows();
    all.extend(chosen_rows());
    all
}
