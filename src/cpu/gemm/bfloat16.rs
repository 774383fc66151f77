//! Matrix products of bfloat16, where the machine multiplies it: by the tiles of AMX, or by AVX-512's pairwise products.
//!
//! Both take the same packed form. A is packed in squares of 16 rows by 32 elements, B in squares of 32 by 16, each pair of
//! elements of a column side by side; a square is 1 KiB. A block of C is 32 by 32 sums in float32, over all of k.

use super::{Mat, Scratch};
use crate::cpu::parallel::parallel_for;
use std::arch::x86_64::*;
use std::ops::Range;
use std::sync::OnceLock;

/// Rows of a square of A, columns of one of B.
const SIDE: usize = 16;
/// Elements along k of a square.
const DEEP: usize = 32;
/// Elements of a square.
const SQUARE: usize = SIDE * DEEP;
/// Rows and columns of a block of C.
const BLOCK: usize = 2 * SIDE;
/// Blocks of columns in a task.
const COLUMNS: usize = 8;

/// `c = [a0; a1] [b0 b1]`, each a row of `deep` squares.
type Block = unsafe fn(deep: usize, a: [*const u16; 2], b: [*const u16; 2], c: *mut f32);

/// What makes blocks on this machine, if it can.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Machine {
    block: Block,
    amx: bool,
}

/// The best way of this machine, found once; none where products of float32 serve as well.
pub(in crate::cpu) fn machine() -> Option<Machine> {
    static FOUND: OnceLock<Option<Machine>> = OnceLock::new();
    if crate::cpu::simd::isa() != crate::cpu::simd::Isa::V4 {
        return None;
    }
    *FOUND.get_or_init(|| {
        if has_amx() {
            return Some(Machine { block: amx_block, amx: true });
        }
        is_x86_feature_detected!("avx512bf16").then_some(Machine { block: avx_block, amx: false })
    })
}

/// Whether there are tiles of bfloat16, and the system lets this process use them.
fn has_amx() -> bool {
    if __cpuid(0).eax < 7 {
        return false;
    }
    let edx = __cpuid_count(7, 0).edx;
    if edx >> 22 & 1 == 0 || edx >> 24 & 1 == 0 {
        return false;
    }
    #[cfg(target_os = "linux")]
    {
        const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
        const TILE_DATA: libc::c_long = 18;
        // SAFETY: asks for permission; nothing else changes.
        unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) == 0 }
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// The shapes of the eight tiles: 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

fn configure(on: bool) {
    let mut config = Config { palette: 1, start: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
    config.bytes[..8].fill(64);
    config.rows[..8].fill(SIDE as u8);
    // SAFETY: only called where AMX is there; the tiles belong to nobody else.
    unsafe {
        if on {
            std::arch::asm!("ldtilecfg [{}]", in(reg) &config, options(nostack, readonly));
        } else {
            std::arch::asm!("tilerelease", options(nostack, nomem));
        }
    }
}

unsafe fn amx_block(deep: usize, a: [*const u16; 2], b: [*const u16; 2], c: *mut f32) {
    // SAFETY: the caller gives `deep` squares of each and 32 by 32 sums; the tiles are configured.
    unsafe {
        std::arch::asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a0} + {row}]", "tileloadd tmm6, [{b0} + {row}]",
            "tileloadd tmm5, [{a1} + {row}]", "tileloadd tmm7, [{b1} + {row}]",
            "tdpbf16ps tmm0, tmm4, tmm6", "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6", "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a0}, 1024", "add {a1}, 1024", "add {b0}, 1024", "add {b1}, 1024",
            "dec {deep}", "jnz 2b",
            "tilestored [{c} + {wide}], tmm0", "tilestored [{c} + {wide} + 64], tmm1",
            "add {c}, 2048",
            "tilestored [{c} + {wide}], tmm2", "tilestored [{c} + {wide} + 64], tmm3",
            a0 = inout(reg) a[0] => _, a1 = inout(reg) a[1] => _, b0 = inout(reg) b[0] => _, b1 = inout(reg) b[1] => _,
            c = inout(reg) c => _, deep = inout(reg) deep => _, row = in(reg) 64usize, wide = in(reg) 128usize,
            options(nostack),
        );
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")]
unsafe fn avx_block(deep: usize, a: [*const u16; 2], b: [*const u16; 2], c: *mut f32) {
    const ROWS: usize = 8;
    // SAFETY: the caller gives `deep` squares of each and 32 by 32 sums.
    unsafe {
        for part in 0..BLOCK / ROWS {
            let rows = a[part * ROWS / SIDE].add(part * ROWS % SIDE * DEEP);
            let mut acc = [[_mm512_setzero_ps(); 2]; ROWS];
            for d in 0..deep {
                for p in 0..DEEP / 2 {
                    let at = d * SQUARE + p * 2 * SIDE;
                    let y0: __m512bh = std::mem::transmute(_mm512_loadu_si512(b[0].add(at).cast()));
                    let y1: __m512bh = std::mem::transmute(_mm512_loadu_si512(b[1].add(at).cast()));
                    for i in 0..ROWS {
                        let pair = rows.add(d * SQUARE + i * DEEP + 2 * p).cast::<i32>().read_unaligned();
                        let x: __m512bh = std::mem::transmute(_mm512_set1_epi32(pair));
                        acc[i][0] = _mm512_dpbf16_ps(acc[i][0], x, y0);
                        acc[i][1] = _mm512_dpbf16_ps(acc[i][1], x, y1);
                    }
                }
            }
            for i in 0..ROWS {
                let c = c.add((part * ROWS + i) * BLOCK);
                _mm512_storeu_ps(c, acc[i][0]);
                _mm512_storeu_ps(c.add(SIDE), acc[i][1]);
            }
        }
    }
}

/// A whole number of blocks of rows or columns, and of squares along k.
fn blocks(n: usize) -> usize {
    n.div_ceil(BLOCK)
}

/// Packs 16 rows of A: rows that it has not are zero.
unsafe fn pack_rows(a: Mat<*const u16>, rows: usize, k: usize, to: *mut u16) {
    // SAFETY: the caller gives rows of k elements, and room for whole squares.
    unsafe {
        for d in 0..k.div_ceil(DEEP) {
            let to = to.add(d * SQUARE);
            let n = DEEP.min(k - d * DEEP);
            if rows < SIDE || n < DEEP {
                std::slice::from_raw_parts_mut(to, SQUARE).fill(0);
            }
            for i in 0..rows {
                let to = to.add(i * DEEP);
                if a.cs == 1 && n == DEEP {
                    to.cast::<[u16; DEEP]>().write_unaligned(a.at(i, d * DEEP).cast::<[u16; DEEP]>().read_unaligned());
                } else {
                    (0..n).for_each(|l| *to.add(l) = *a.at(i, d * DEEP + l));
                }
            }
        }
    }
}

/// Packs 16 columns of B: columns that it has not are zero.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
unsafe fn pack_columns(b: Mat<*const u16>, columns: usize, k: usize, to: *mut u16) {
    // SAFETY: the caller gives columns of k elements, and room for whole squares.
    unsafe {
        for d in 0..k.div_ceil(DEEP) {
            let to = to.add(d * SQUARE);
            let n = DEEP.min(k - d * DEEP);
            let whole = columns == SIDE && n == DEEP;
            if whole && b.cs == 1 {
                for p in 0..DEEP / 2 {
                    let x = _mm256_loadu_si256(b.at(d * DEEP + 2 * p, 0).cast());
                    let y = _mm256_loadu_si256(b.at(d * DEEP + 2 * p + 1, 0).cast());
                    let y = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(y));
                    let pairs = _mm512_or_si512(_mm512_cvtepu16_epi32(x), y);
                    _mm512_storeu_si512(to.add(p * 2 * SIDE).cast(), pairs);
                }
            } else if whole && b.rs == 1 {
                for j in 0..SIDE {
                    let pairs = b.at(d * DEEP, j).cast::<[u32; DEEP / 2]>().read_unaligned();
                    for p in 0..DEEP / 2 {
                        to.add(p * 2 * SIDE + 2 * j).cast::<u32>().write_unaligned(pairs[p]);
                    }
                }
            } else {
                if !whole {
                    std::slice::from_raw_parts_mut(to, SQUARE).fill(0);
                }
                for l in 0..n {
                    for j in 0..columns {
                        *to.add(l / 2 * 2 * SIDE + 2 * j + l % 2) = *b.at(d * DEEP + l, j);
                    }
                }
            }
        }
    }
}

/// Rounds a block of sums to bfloat16, to the nearest, ties to even.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
unsafe fn round(from: *const f32, rows: usize, columns: usize, c: Mat<*mut u16>) {
    // SAFETY: the caller gives the block and as much of C.
    unsafe {
        for i in 0..rows {
            let mut narrow = [0u16; BLOCK];
            let direct = c.cs == 1 && columns == BLOCK;
            let to = if direct { c.at_mut(i, 0) } else { narrow.as_mut_ptr() };
            for half in [0, SIDE] {
                let x = _mm512_loadu_ps(from.add(i * BLOCK + half));
                let bits = _mm512_castps_si512(x);
                let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
                let rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
                let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
                let quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x40_0000));
                let bits = _mm512_srli_epi32::<16>(_mm512_mask_blend_epi32(nan, rounded, quiet));
                _mm256_storeu_si256(to.add(half).cast(), _mm512_cvtepi32_epi16(bits));
            }
            if !direct {
                (0..columns).for_each(|j| *c.at_mut(i, j) = narrow[j]);
            }
        }
    }
}

/// C = A B of bfloat16, where A is m by k, B k by n and C m by n; summed in float32.
///
/// # Safety
/// As for [`super::gemm`].
pub(in crate::cpu) unsafe fn gemm(
    machine: Machine,
    [m, n, k]: [usize; 3],
    a: Mat<*const u16>,
    b: Mat<*const u16>,
    c: Mat<*mut u16>,
) {
    let deep = k.div_ceil(DEEP);
    let (rows, columns) = (blocks(m), blocks(n));
    let strip = BLOCK * deep * DEEP;
    let mut scratch = Scratch::<u16>::new((rows + columns) * strip);
    let packed = Mat { ptr: scratch.ptr(), rs: 0, cs: 0 };
    let half = |of: usize, size: usize, side: usize| (size - of * BLOCK).saturating_sub(side * SIDE).min(SIDE);
    parallel_for(rows + columns, ((1 << 17) / strip.max(1)).max(1), &|range: Range<usize>| {
        let packed = &packed;
        for i in range {
            for side in 0..2 {
                let to = packed.ptr.wrapping_add(i * strip + side * strip / 2);
                // SAFETY: each strip is packed once; the operands are as the caller says.
                unsafe {
                    if i < rows {
                        pack_rows(a.from(i * BLOCK + side * SIDE, 0), half(i, m, side), k, to);
                    } else {
                        let j = i - rows;
                        pack_columns(b.from(0, j * BLOCK + side * SIDE), half(j, n, side), k, to);
                    }
                }
            }
        }
    });
    let groups = columns.div_ceil(COLUMNS);
    let group = columns.div_ceil(groups);
    let work = BLOCK * BLOCK * group * k;
    parallel_for(rows * groups, ((1 << 22) / work.max(1)).max(1), &|range: Range<usize>| {
        let packed = &packed;
        let mut sums = [0f32; BLOCK * BLOCK];
        if machine.amx {
            configure(true);
        }
        for task in range {
            let (g, i) = (task / rows, task % rows);
            for j in g * group..columns.min((g + 1) * group) {
                let pair =
                    |at: usize| [at * strip, at * strip + strip / 2].map(|at| packed.ptr.wrapping_add(at).cast_const());
                // SAFETY: packed strips; each task writes its own blocks of C.
                unsafe {
                    (machine.block)(deep, pair(i), pair(rows + j), sums.as_mut_ptr());
                    let (height, width) = (BLOCK.min(m - i * BLOCK), BLOCK.min(n - j * BLOCK));
                    round(sums.as_ptr(), height, width, c.from(i * BLOCK, j * BLOCK));
                }
            }
        }
        if machine.amx {
            configure(false);
        }
    });
}
