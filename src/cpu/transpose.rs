//! Copies planes whose rows lie in memory as another's columns: in tiles, so that both are read and written in whole lines.
use super::walk::Walk;

/// Rows and columns of a tile that is turned in registers, or in the first-level cache.
const SIDE: usize = 16;

/// `dst[r * to + c] = src[c * from + r]` for `rows` times `columns` elements of `size` bytes.
///
/// # Safety
/// Both places must be good for those elements and not overlap.
pub unsafe fn transpose(
    size: usize,
    [rows, columns]: [usize; 2],
    src: *const u8,
    from: usize,
    dst: *mut u8,
    to: usize,
) {
    // SAFETY: passed on; the copy for AVX-512 runs only where the processor has it.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if super::simd::isa() == super::simd::Isa::V4 && (size == 4 || size == 8) {
            return match size {
                4 => turn_v4::<u32, 16>([rows, columns], src.cast(), from, dst.cast(), to),
                _ => turn_v4::<u64, 8>([rows, columns], src.cast(), from, dst.cast(), to),
            };
        }
        dispatch!(word size, T => turn::<T>([rows, columns], src.cast(), from, dst.cast(), to))
    }
}

/// By way of a small square that stays in the first-level cache: rows of the source in, columns of it out.
unsafe fn turn<T: Copy>([rows, columns]: [usize; 2], src: *const T, from: usize, dst: *mut T, to: usize) {
    let mut c = 0;
    // SAFETY: as the caller says.
    unsafe {
        while c < columns {
            let w = (columns - c).min(SIDE);
            let mut r = 0;
            while r < rows {
                let h = (rows - r).min(SIDE);
                let (src, dst) = (src.add(c * from + r), dst.add(r * to + c));
                if w == SIDE && h == SIDE {
                    let square: [[T; SIDE]; SIDE] =
                        std::array::from_fn(|k| src.add(k * from).cast::<[T; SIDE]>().read_unaligned());
                    for l in 0..SIDE {
                        let line: [T; SIDE] = std::array::from_fn(|k| square[k][l]);
                        dst.add(l * to).cast::<[T; SIDE]>().write_unaligned(line);
                    }
                } else {
                    edge([h, w], src, from, dst, to);
                }
                r += h;
            }
            c += w;
        }
    }
}

#[inline(always)]
unsafe fn edge<T: Copy>([rows, columns]: [usize; 2], src: *const T, from: usize, dst: *mut T, to: usize) {
    for r in 0..rows {
        for c in 0..columns {
            // SAFETY: as the caller says.
            unsafe { dst.add(r * to + c).write_unaligned(src.add(c * from + r).read_unaligned()) };
        }
    }
}

/// Words of which `N` fill a vector of 64 bytes.
#[cfg(target_arch = "x86_64")]
trait Turn<const N: usize>: Copy {
    /// # Safety
    /// The processor must have AVX-512, and both places must be good for `N` lines of `N` words.
    unsafe fn square(src: *const Self, from: usize, dst: *mut Self, to: usize);
}

#[cfg(target_arch = "x86_64")]
mod registers {
    use super::Turn;
    use std::arch::x86_64::*;

    // The compiler makes scalar moves of a square of arrays (1.7 times the time), hence the intrinsics. Laying line i
    // and line i + N/2 into one another, for all i, moves each index bit by one place; log2 N rounds exchange rows and
    // columns.
    impl Turn<16> for u32 {
        #[inline]
        #[target_feature(enable = "avx512f")]
        unsafe fn square(src: *const u32, from: usize, dst: *mut u32, to: usize) {
            let low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
            let high = _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
            // SAFETY: as the caller says.
            let mut x: [__m512i; 16] = std::array::from_fn(|k| unsafe { _mm512_loadu_si512(src.add(k * from).cast()) });
            for _ in 0..4 {
                x = std::array::from_fn(|k| {
                    _mm512_permutex2var_epi32(x[k / 2], if k % 2 == 0 { low } else { high }, x[k / 2 + 8])
                });
            }
            for (k, x) in x.into_iter().enumerate() {
                // SAFETY: as the caller says.
                unsafe { _mm512_storeu_si512(dst.add(k * to).cast(), x) };
            }
        }
    }
    impl Turn<8> for u64 {
        #[inline]
        #[target_feature(enable = "avx512f")]
        unsafe fn square(src: *const u64, from: usize, dst: *mut u64, to: usize) {
            let low = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
            let high = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
            // SAFETY: as the caller says.
            let mut x: [__m512i; 8] = std::array::from_fn(|k| unsafe { _mm512_loadu_si512(src.add(k * from).cast()) });
            for _ in 0..3 {
                x = std::array::from_fn(|k| {
                    _mm512_permutex2var_epi64(x[k / 2], if k % 2 == 0 { low } else { high }, x[k / 2 + 4])
                });
            }
            for (k, x) in x.into_iter().enumerate() {
                // SAFETY: as the caller says.
                unsafe { _mm512_storeu_si512(dst.add(k * to).cast(), x) };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn turn_v4<T: Turn<N>, const N: usize>(
    [rows, columns]: [usize; 2],
    src: *const T,
    from: usize,
    dst: *mut T,
    to: usize,
) {
    let mut c = 0;
    // SAFETY: as the caller says.
    unsafe {
        while c < columns {
            let w = (columns - c).min(N);
            let mut r = 0;
            while r < rows {
                let h = (rows - r).min(N);
                let (src, dst) = (src.add(c * from + r), dst.add(r * to + c));
                if w == N && h == N {
                    T::square(src, from, dst, to);
                } else {
                    edge([h, w], src, from, dst, to);
                }
                r += h;
            }
            c += w;
        }
    }
}

/// The loop of a walk as planes: in each, rows of operand 0 are contiguous, and columns of another operand are.
pub struct Planes<const N: usize> {
    outer: Vec<(usize, [usize; N])>,
    offsets: [usize; N],
    pub rows: usize,
    pub columns: usize,
    /// Each operand's step from row to row and from column to column.
    pub row_steps: [usize; N],
    pub column_steps: [usize; N],
    /// Rows and columns of a tile, at most.
    pub tile: [usize; 2],
    count: usize,
}

impl<const N: usize> Planes<N> {
    /// Where the walk's inner row runs across some operand's memory and another dim along it; with the size of tiles.
    pub fn of(walk: &Walk<N>, tile: [usize; 2]) -> Option<Self> {
        if walk.steps[0] != 1 || walk.len < SIDE / 2 {
            return None;
        }
        let across = |k: usize| {
            let along = |(n, steps): &(usize, [usize; N])| *n >= SIDE / 2 && steps[k] == 1;
            if walk.steps[k] > 1 { walk.dims.iter().position(along) } else { None }
        };
        let d = (1..N).find_map(across)?;
        let mut outer = walk.dims.to_vec();
        let (rows, row_steps) = outer.remove(d);
        let tiles = rows.div_ceil(tile[0]) * walk.len.div_ceil(tile[1]);
        Some(Self {
            count: outer.iter().map(|d| d.0).product::<usize>() * tiles,
            outer,
            offsets: walk.offsets,
            rows,
            columns: walk.len,
            row_steps,
            column_steps: walk.steps,
            tile,
        })
    }
    /// The number of tiles.
    pub fn count(&self) -> usize {
        self.count
    }
    /// Whether the columns of operand `k` are contiguous, not its rows.
    pub fn turned(&self, k: usize) -> bool {
        self.row_steps[k] == 1 && self.column_steps[k] > 1
    }
    /// The place of a tile's first element in each operand, and its rows and columns.
    pub fn tile(&self, i: usize) -> ([usize; N], [usize; 2]) {
        let across = self.columns.div_ceil(self.tile[1]);
        let down = self.rows.div_ceil(self.tile[0]);
        let (c, r) = (i % across * self.tile[1], i / across % down * self.tile[0]);
        let mut rest = i / across / down;
        let mut at = self.offsets;
        for (n, steps) in self.outer.iter().rev() {
            (0..N).for_each(|k| at[k] += rest % n * steps[k]);
            rest /= n;
        }
        (0..N).for_each(|k| at[k] += r * self.row_steps[k] + c * self.column_steps[k]);
        (at, [(self.rows - r).min(self.tile[0]), (self.columns - c).min(self.tile[1])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_word_and_plane_is_turned() {
        for [rows, columns] in [[1, 1], [16, 16], [8, 8], [33, 50], [7, 100], [64, 48]] {
            for size in [1, 2, 4, 8, 16] {
                let (from, to) = (rows + 3, columns + 5);
                let src: Vec<u8> = (0..columns * from * size).map(|i| (i * 7 % 251) as u8).collect();
                let mut dst = vec![0u8; rows * to * size];
                // SAFETY: both have room.
                unsafe { transpose(size, [rows, columns], src.as_ptr(), from, dst.as_mut_ptr(), to) };
                for (r, c) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
                    let (s, d) = ((c * from + r) * size, (r * to + c) * size);
                    assert_eq!(src[s..s + size], dst[d..d + size], "{rows} {columns} {size}: {r} {c}");
                }
            }
        }
    }
}
