//! Copies of a convolution's input in which the input of a kernel tap, for all output places at once, lies a fixed distance on.
//!
//! Padding lies around the copy, and places are sorted by their residues by the stride: one plane for each. There the places
//! that neighbouring outputs read are neighbours.
use super::Geometry;
use smallvec::SmallVec;
use std::ops::Range;

/// How the planes of one channel are made: element `j` of the plane of residue `r` is the tensor's at `j step + r - before`
/// along each dim, or zero.
pub(super) struct Planes {
    /// The tensor's dims.
    pub from: [usize; 3],
    step: [usize; 3],
    before: [usize; 3],
    /// Elements of a plane along each dim.
    pub len: [usize; 3],
    /// The residues that are read.
    residues: [SmallVec<[usize; 4]>; 3],
}

/// Output places of one pass over planes: their number, and where they go along each dim; and per dim which taps are read,
/// with residue and shift.
pub(super) struct Places {
    pub count: [usize; 3],
    pub start: [usize; 3],
    pub step: [usize; 3],
    taps: [Vec<(usize, usize, usize)>; 3],
}

/// Elements behind the last plane that may be read: vectors reach over the end.
pub(super) const SLACK: usize = 64;

impl Planes {
    /// Planes of the input, and the places of the output.
    pub fn of_input(g: &Geometry) -> (Self, Places) {
        let taps: [Vec<_>; 3] = std::array::from_fn(|d| {
            let at = |t: usize| t * g.dilation[d];
            (0..g.kernel[d]).map(|t| (t, at(t) % g.stride[d], at(t) / g.stride[d])).collect()
        });
        let residues = std::array::from_fn(|d| {
            let mut all: SmallVec<[usize; 4]> = taps[d].iter().map(|t| t.1).collect();
            all.sort_unstable();
            all.dedup();
            all
        });
        let len = std::array::from_fn(|d| g.output[d] + taps[d].iter().map(|t| t.2).max().unwrap_or(0));
        let planes = Planes { from: g.input, step: g.stride, before: g.padding, len, residues };
        (planes, Places { count: g.output, start: [0; 3], step: [1; 3], taps })
    }
    /// Planes of the output's gradient, and the places of the input's: one pass for each residue by the stride.
    pub fn of_output(g: &Geometry) -> (Self, Vec<Places>) {
        // Input place i = stride m + r - padding reads output place m - q for each tap of residue r and shift q.
        let (mut before, mut len) = ([0; 3], [1; 3]);
        let per_dim: [Vec<_>; 3] = std::array::from_fn(|d| {
            let (s, p, n) = (g.stride[d], g.padding[d], g.input[d]);
            let of = |r: usize| {
                let first = p.saturating_sub(r).div_ceil(s);
                let count = (n + p).saturating_sub(r).div_ceil(s).saturating_sub(first);
                let at = (0..g.kernel[d]).map(|t| (t, t * g.dilation[d]));
                let taps: Vec<_> = at.filter(|&(_, at)| at % s == r).map(|(t, at)| (t, at / s)).collect();
                (r, first, count, taps)
            };
            let all: Vec<_> = (0..s).map(of).filter(|c| c.2 > 0).collect();
            let reach = |c: &(usize, usize, usize, Vec<(usize, usize)>)| c.3.iter().map(|t| t.1).max().unwrap_or(0);
            before[d] = all.iter().map(|c| reach(c).saturating_sub(c.1)).max().unwrap_or(0);
            len[d] = all.iter().map(|c| before[d] + c.1 + c.2).max().unwrap_or(1);
            all
        });
        let mut passes = vec![];
        for a in &per_dim[0] {
            for b in &per_dim[1] {
                for c in &per_dim[2] {
                    let of = [a, b, c];
                    passes.push(Places {
                        count: of.map(|c| c.2),
                        start: std::array::from_fn(|d| of[d].1 * g.stride[d] + of[d].0 - g.padding[d]),
                        step: g.stride,
                        taps: std::array::from_fn(|d| {
                            of[d].3.iter().map(|&(t, q)| (t, 0, before[d] + of[d].1 - q)).collect()
                        }),
                    });
                }
            }
        }
        let residues = std::array::from_fn(|_| smallvec::smallvec![0]);
        (Planes { from: g.output, step: [1; 3], before, len, residues }, passes)
    }

    fn plane(&self) -> usize {
        self.len.iter().product()
    }
    /// Elements of one channel's planes.
    pub fn channel(&self) -> usize {
        self.plane() * self.residues.iter().map(SmallVec::len).product::<usize>()
    }
    /// The kernel taps of a pass, and where the place (0, 0, 0) reads for each.
    pub fn taps(&self, places: &Places, kernel: [usize; 3]) -> Vec<(usize, usize)> {
        let index = |d: usize, r: usize| self.residues[d].iter().position(|&x| x == r).unwrap_or(0);
        let mut all = vec![];
        for &(a, ra, qa) in &places.taps[0] {
            for &(b, rb, qb) in &places.taps[1] {
                for &(c, rc, qc) in &places.taps[2] {
                    let residue =
                        (index(0, ra) * self.residues[1].len() + index(1, rb)) * self.residues[2].len() + index(2, rc);
                    let at = (qa * self.len[1] + qb) * self.len[2] + qc;
                    all.push(((a * kernel[1] + b) * kernel[2] + c, residue * self.plane() + at));
                }
            }
        }
        all
    }
    /// Makes rows of the planes of some channels, `from` and `to` being where the first channel of all is.
    ///
    /// # Safety
    /// The memory must be good for the channels.
    pub unsafe fn make<T: Copy + Default>(
        &self,
        channels: Range<usize>,
        rows: Range<usize>,
        from: *const T,
        to: *mut T,
    ) {
        let size: usize = self.from.iter().product();
        for c in channels {
            let mut to = to.wrapping_add(c * self.channel());
            for &a in &self.residues[0] {
                for &b in &self.residues[1] {
                    for &r in &self.residues[2] {
                        // SAFETY: as the caller says.
                        unsafe { make_plane(self, [a, b, r], rows.clone(), from.wrapping_add(c * size), to) };
                        to = to.wrapping_add(self.plane());
                    }
                }
            }
        }
    }
}

crate::simd_kernel! {
    unsafe fn make_plane<L, T: Plain>(p: &Planes, r: [usize; 3], rows: Range<usize>, from: *const T, to: *mut T) {
        const N: usize = 16;
        let inside = |d: usize, j: usize| (j * p.step[d] + r[d]).checked_sub(p.before[d]).filter(|&i| i < p.from[d]);
        let n = p.len[2];
        let lo = p.before[2].saturating_sub(r[2]).div_ceil(p.step[2]).min(n);
        let hi = (p.from[2] + p.before[2]).saturating_sub(r[2]).div_ceil(p.step[2]).clamp(lo, n);
        let len = hi - lo;
        // SAFETY: the caller gives the plane; `inside`, `lo` and `hi` give places in the tensor.
        unsafe {
            for a in 0..p.len[0] {
                let first = to.add((a * p.len[1] + rows.start) * n);
                std::slice::from_raw_parts_mut(first, rows.len() * n).fill(T::default());
                for b in rows.clone() {
                    let (Some(ia), Some(ib)) = (inside(0, a), inside(1, b)) else { continue };
                    let to = to.add((a * p.len[1] + b) * n + lo);
                    let at = (ia * p.from[1] + ib) * p.from[2] + (lo * p.step[2] + r[2]).wrapping_sub(p.before[2]);
                    let from = from.wrapping_add(at);
                    match p.step[2] {
                        1 if len >= N => {
                            let mut i = 0;
                            while i < len {
                                // The last vector overlaps the one before.
                                let at = i.min(len - N);
                                let x = from.add(at).cast::<[T; N]>().read_unaligned();
                                to.add(at).cast::<[T; N]>().write_unaligned(x);
                                i += N;
                            }
                        }
                        2 => {
                            let to = std::slice::from_raw_parts_mut(to, len);
                            to.iter_mut().enumerate().for_each(|(i, x)| *x = *from.add(2 * i));
                        }
                        s => (0..len).for_each(|i| *to.add(i) = *from.add(s * i)),
                    }
                }
            }
        }
    }
}

/// What `make_plane` copies.
pub(super) trait Plain: Copy + Default {}
impl<T: Copy + Default> Plain for T {}
