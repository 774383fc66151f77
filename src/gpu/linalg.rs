//! Decompositions of batches of matrices and triangular systems, on the device.
use super::kernel::{Call, Memory};
use super::pipeline::Role;
use super::plan::Threads;
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;

/// Turns of a thread's loops that a call may have: some drivers leave loops after 65,535 of all of them together.
const TURNS: usize = 50_000;
/// Turns of the loops in `joined`.
const JOINING: usize = 8;

/// A batch of matrices.
#[derive(Clone, Copy, Debug)]
pub struct Matrices {
    pub count: usize,
    pub rows: usize,
    pub columns: usize,
}

/// The smallest positive number of a dtype that has all its digits.
pub fn smallest(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::MIN_POSITIVE } else { f32::MIN_POSITIVE as f64 }
}

/// The distance from 1 to the next number of a dtype.
pub fn epsilon(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::EPSILON } else { f32::EPSILON as f64 }
}

/// Replaces `w`, which has its matrices column by column, by R above the diagonal and what reflections are made of below.
/// The diagonals of R go to `head`, rows of as many as the matrices have reflections.
pub fn qr(gpu: &'static Gpu, s: Matrices, w: &Memory, head: &Memory) -> Result<()> {
    (0..s.rows.min(s.columns)).try_for_each(|step| reflect(gpu, s, step, None, w, head))
}
/// Reflects identities `q`, `kept` columns each, by what `qr` left in `w`: the result is Q, column by column.
pub fn form_q(gpu: &'static Gpu, s: Matrices, kept: usize, w: &Memory, q: &Memory) -> Result<()> {
    (0..s.rows.min(s.columns)).rev().try_for_each(|step| reflect(gpu, s, step, Some(kept), w, q))
}
/// One reflection: of w by itself, or with `kept` columns of each matrix of `to`.
fn reflect(gpu: &'static Gpu, s: Matrices, step: usize, kept: Option<usize>, w: &Memory, to: &Memory) -> Result<()> {
    let targets = kept.unwrap_or(s.columns);
    let columns = s.count * (targets - step);
    let threads = Threads::whole(columns, s.rows - step, false);
    let mut call = Call::new(gpu, shader!("qr" with "lanes" guarded));
    threads.constants(&mut call);
    let y = if kept.is_some() { to } else { w };
    call.constant("FORM", kept.is_some());
    call.read("w", w, Type::F32).write("y", y, Type::F32).write("head", to, Type::F32);
    call.params([w.offset, y.offset, to.offset, s.count, s.rows, s.columns, targets]);
    call.params([s.rows.min(s.columns), step, step]).float(smallest(w.dtype));
    threads.run(&mut call, columns)
}

/// Solves systems with triangular matrices `a` (n, n); `x` has matrices (n, sides) of right sides, which solutions replace.
pub fn solve_triangular(
    gpu: &'static Gpu,
    [upper, unit]: [bool; 2],
    [count, n, sides]: [usize; 3],
    [a, x]: [&Memory; 2],
) -> Result<()> {
    let systems = count * sides;
    let threads = Threads::whole(systems, n, sides > 1);
    let mut begin = 0;
    while begin < n {
        let (mut end, mut turns) = (begin, 0);
        while end < n && (end == begin || turns < TURNS) {
            turns += end / threads.lanes + JOINING + 2;
            end += 1;
        }
        let mut call = Call::new(gpu, shader!("solve_triangular" with "lanes"));
        threads.constants(&mut call);
        call.constant("UPPER", upper).constant("UNIT", unit).read("a", a, Type::F32).write("x", x, Type::F32);
        call.params([a.offset, x.offset, systems, sides, n, begin, end]);
        threads.run(&mut call, systems)?;
        begin = end;
    }
    Ok(())
}

/// Sweeps over all pairs of columns. Most matrices need eight; the rest of the calls see that nothing is left to do.
const SWEEPS: usize = 20;
/// Sweeps before it is asked whether there is anything left to do.
const FEWEST: usize = 5;
/// A workgroup takes whole matrices of up to so many pairs of columns and so many rows, which saves calls. The pairs of larger
/// ones are spread over workgroups.
const WHOLE: [usize; 2] = [64, 4096];

/// Whether the sweep before this one turned nothing. A sweep over a large matrix is worth asking, which waits for the device.
fn is_done(gpu: &'static Gpu, count: usize, sweep: usize, turned: &Memory) -> Result<bool> {
    if sweep < FEWEST {
        return Ok(false);
    }
    let mut bytes = vec![0; count * 4];
    gpu.download(&turned.slice, turned.offset as u64 * 4, &mut bytes)?;
    Ok(bytes.chunks_exact(4).all(|b| (u32::from_ne_bytes([b[0], b[1], b[2], b[3]]) as usize) < sweep))
}

/// Turns the columns of `w`, which has its matrices column by column, until they are orthogonal, and with them the columns of
/// `v`, identities before. Elements of w are at most 1. `turned` is zeros, an int32 for each matrix.
pub fn orthogonalize(gpu: &'static Gpu, s: Matrices, w: &Memory, v: Option<&Memory>, turned: &Memory) -> Result<()> {
    let epsilon = epsilon(w.dtype);
    let players = s.columns.next_multiple_of(2);
    let each = players / 2;
    let mut threads = Threads::whole(s.count * each, s.rows, false);
    let together = each <= WHOLE[0] && s.rows <= WHOLE[1];
    if together {
        threads.lanes = threads.lanes.min(256 / each.next_power_of_two());
    }
    let places = 256 / threads.lanes;
    let block = if together { places / each * each } else { places };
    let turns = (2 * s.rows + s.columns) / threads.lanes + JOINING + 4;
    let rounds = if together { (TURNS / turns).max(1) } else { 1 };
    let all = SWEEPS * (players - 1);
    for begin in (0..all).step_by(rounds) {
        if !together && begin % (players - 1) == 0 && is_done(gpu, s.count, begin / (players - 1), turned)? {
            break;
        }
        let mut call = Call::new(gpu, shader!("svd" with "lanes"));
        threads.constants(&mut call);
        call.constant("VECTORS", v.is_some());
        let v = v.unwrap_or(w);
        call.write("w", w, Type::F32).write("v", v, Type::F32);
        call.operand("turned", &turned.slice, turned.dtype, Type::I32, Role::Atomic);
        call.params([w.offset, v.offset, turned.offset, s.count, s.rows, s.columns, players, block]);
        call.params([begin, (begin + rounds).min(all)]);
        call.float(2.0 * epsilon).float(epsilon);
        let groups = (s.count * each).div_ceil(block).min(gpu.abilities.max_groups as usize);
        call.grid([groups as u32, 1, 1])?;
    }
    Ok(())
}
