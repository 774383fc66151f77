//! Attention of a few queries, as of a decoder that makes one token at a time: a vector of queries would be mostly empty, so
//! the keys are read along their width instead.
use super::{Heads, Sizes, TASK, Weight};
use crate::cpu::gemm::{DOTS, Mat, Scratch, add_rows};
use crate::cpu::parallel::parallel_for;
use std::ops::Range;

/// Up to so many queries; a block of more shares what it reads of the keys.
const FEW: usize = 4;

pub(super) fn fits<T>(s: &Sizes, k: &Heads<*const T>, v: &Heads<*const T>) -> bool {
    s.queries <= FEW && k.column == 1 && v.column == 1
}

crate::simd_kernel! {
    /// Scores, and the mask where there is one, become weights relative to their maximum; gives the maximum and their sum.
    fn relative<L, T: Weight>(scores: &mut [T]) -> (T, T) {
        let mut tops = [T::LEAST; 16];
        let mut chunks = scores.chunks_exact(16);
        for chunk in &mut chunks {
            for l in 0..16 {
                // Drops NaN, which the exponentials bring back.
                tops[l] = if tops[l] > chunk[l] { tops[l] } else { chunk[l] };
            }
        }
        let rest = chunks.remainder();
        let top = tops.iter().chain(rest).fold(T::LEAST, |top, &x| if top > x { top } else { x });
        let base = if top == T::LEAST { T::default() } else { top };
        let mut sums = [T::default(); 16];
        let mut chunks = scores.chunks_exact_mut(16);
        for chunk in &mut chunks {
            for l in 0..16 {
                chunk[l] = chunk[l].minus(base).exp::<L>();
                sums[l] = sums[l] + chunk[l];
            }
        }
        let mut total = sums.iter().fold(T::default(), |total, &x| total + x);
        for x in chunks.into_remainder() {
            *x = x.minus(base).exp::<L>();
            total = total + *x;
        }
        (top, total)
    }
}

/// See `forward` of the module above.
///
/// # Safety
/// As there; the columns of keys and values must lie side by side.
pub(super) unsafe fn forward<T: Weight>(
    s: &Sizes,
    [q, k, v]: [Heads<*const T>; 3],
    mask: Option<Heads<*const T>>,
    y: Heads<*mut T>,
    logs: Heads<*mut T>,
) {
    let dots = T::kernels().dots;
    let run = |range: Range<usize>| {
        let mut scratch = Scratch::<T>::new(s.width + s.keys);
        let (q, k, v, mask, y, logs) = (&q, &k, &v, &mask, &y, &logs);
        for unit in range {
            let at = (unit / s.heads, unit % s.heads);
            let (q, k, v) = (q.of(at.0, at.1), k.of(at.0, at.1), v.of(at.0, at.1));
            let (y, logs) = (y.of_mut(at.0, at.1), logs.of_mut(at.0, at.1));
            for i in 0..s.queries {
                let seen = if s.causal { s.keys.min(i + 1) } else { s.keys };
                // SAFETY: the scratch memory holds a query and its scores; the rest is inside the operands, and the head's
                // results are this thread's own.
                unsafe {
                    let query = std::slice::from_raw_parts_mut(scratch.ptr(), s.width);
                    let scores = std::slice::from_raw_parts_mut(scratch.ptr().add(s.width), seen);
                    for (j, x) in query.iter_mut().enumerate() {
                        *x = *q.at(i, j) * T::narrow(s.scale);
                    }
                    for (block, scores) in scores.chunks_mut(DOTS).enumerate() {
                        let mut sums = [T::default(); DOTS];
                        dots(s.width, k.from(block * DOTS, 0), scores.len(), query.as_ptr(), &mut sums);
                        scores.copy_from_slice(&sums[..scores.len()]);
                    }
                    if let Some(mask) = mask {
                        let mask = mask.of(at.0, at.1);
                        for (j, x) in scores.iter_mut().enumerate() {
                            *x = *x + *mask.at(i, j);
                        }
                    }
                    let (top, total) = relative(scores);
                    *logs.at_mut(i, 0) = top + total.ln();
                    let by = if total == T::default() { total } else { total.inverse() };
                    scores.iter_mut().for_each(|x| *x = *x * by);
                    let row = std::slice::from_raw_parts_mut(y.at_mut(i, 0), s.values);
                    row.fill(T::default());
                    add_rows(seen, Mat { ptr: scores.as_ptr(), rs: 0, cs: 1 }, v, row);
                }
            }
        }
    };
    // Every element of keys and values is used a few times only: it is their way from memory that is shared out.
    let each = s.queries * s.keys * (s.width + s.values) * 8;
    parallel_for(s.batch * s.heads, (TASK / each.max(1)).max(1), &run);
}
