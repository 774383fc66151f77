//! Orders along one dim: sorting, the k-th and the largest elements, the most frequent one.
//!
//! An element becomes an unsigned key in which nan is largest and both zeros are equal. Keys are packed with their places
//! into one integer, so an unstable sort of integers, which is the fastest there is, is a stable sort of elements.
use super::along::{Along, To};
use crate::random::largest::largest;

/// Unsigned integers that a key and a place are packed into.
pub trait Packed: Copy + Ord + Send + Sync + 'static {
    fn place(self) -> usize;
    fn same_key(self, other: Self) -> bool;
}
impl Packed for u64 {
    fn place(self) -> usize {
        self as u32 as usize
    }
    fn same_key(self, other: u64) -> bool {
        self >> 32 == other >> 32
    }
}
impl Packed for u128 {
    fn place(self) -> usize {
        self as u64 as usize
    }
    fn same_key(self, other: u128) -> bool {
        self >> 64 == other >> 64
    }
}

/// A type whose elements can be put in order.
pub trait Key: Copy + Send + Sync + PartialEq + 'static {
    type Pack: Packed;
    type Bits: Copy + Ord;
    /// Ascending, or descending where `down`.
    fn bits(self, down: bool) -> Self::Bits;
    fn pack(bits: Self::Bits, place: usize) -> Self::Pack;
    #[allow(clippy::eq_op)]
    fn is_nan(self) -> bool {
        self != self
    }
}
impl Key for f32 {
    type Pack = u64;
    type Bits = u32;
    #[inline(always)]
    fn bits(self, down: bool) -> u32 {
        // Adding 0 turns -0 into +0. Negative numbers have all bits flipped, others only the sign.
        let b = (self + 0.0).to_bits();
        let b = if self.is_nan() { u32::MAX } else { b ^ (((b as i32 >> 31) as u32) | 1 << 31) };
        if down { !b } else { b }
    }
    #[inline(always)]
    fn pack(bits: u32, place: usize) -> u64 {
        (bits as u64) << 32 | place as u32 as u64
    }
}
impl Key for f64 {
    type Pack = u128;
    type Bits = u64;
    #[inline(always)]
    fn bits(self, down: bool) -> u64 {
        let b = (self + 0.0).to_bits();
        let b = if self.is_nan() { u64::MAX } else { b ^ (((b as i64 >> 63) as u64) | 1 << 63) };
        if down { !b } else { b }
    }
    #[inline(always)]
    fn pack(bits: u64, place: usize) -> u128 {
        (bits as u128) << 64 | place as u128
    }
}
impl Key for i64 {
    type Pack = u128;
    type Bits = u64;
    #[inline(always)]
    fn bits(self, down: bool) -> u64 {
        let b = self as u64 ^ 1 << 63;
        if down { !b } else { b }
    }
    #[inline(always)]
    fn pack(bits: u64, place: usize) -> u128 {
        (bits as u128) << 64 | place as u128
    }
}

/// What an element costs, relative to an addition.
const COST: usize = 32;

/// The keys of one line with their places.
fn packed<T: Key>(a: Along, x: &[T], line: usize, down: bool) -> Vec<T::Pack> {
    let start = a.start(line);
    (0..a.n).map(|r| T::pack(x[start + r * a.inner].bits(down), r)).collect()
}

/// The places of the elements of one slice in order; equal ones in the order they had.
pub fn order<T: Key>(x: &[T], down: bool) -> Vec<T::Pack> {
    let mut keys: Vec<T::Pack> = x.iter().enumerate().map(|(i, v)| T::pack(v.bits(down), i)).collect();
    keys.sort_unstable();
    keys
}

/// Sorts each line; equal elements keep their order.
///
/// # Safety
/// `y` and `place` have room for as many elements as `x`.
pub unsafe fn sort<T: Key>(a: Along, down: bool, x: &[T], y: *mut T, place: *mut i64) {
    let (y, place) = (To(y), To(place));
    let (y, place) = (&y, &place);
    a.each_line(COST, &|line| {
        let mut keys = packed(a, x, line, down);
        keys.sort_unstable();
        let start = a.start(line);
        for (r, k) in keys.into_iter().enumerate() {
            let to = start + r * a.inner;
            // SAFETY: lines are disjoint, and each has n places.
            unsafe {
                y.at(to).write(x[start + k.place() * a.inner]);
                place.at(to).write(k.place() as i64);
            }
        }
    });
}

/// The `k` largest (or smallest) elements of each line in order, into lines of `k`. Which of equal ones, and their order,
/// is as in PyTorch.
///
/// # Safety
/// `y` and `place` have room for `k` elements per line; `k` is at most the length of a line.
pub unsafe fn top<T: Key>(a: Along, k: usize, large: bool, x: &[T], y: *mut T, place: *mut i64)
where
    T::Bits: PartialOrd,
{
    let (y, place) = (To(y), To(place));
    let (y, place) = (&y, &place);
    let to = Along { n: k, ..a };
    a.each_line(8, &|line| {
        let start = a.start(line);
        let keys: Vec<T::Bits> = match a.inner {
            1 => x[start..start + a.n].iter().map(|v| v.bits(!large)).collect(),
            _ => (0..a.n).map(|r| x[start + r * a.inner].bits(!large)).collect(),
        };
        for (r, from) in largest(&keys, k).into_iter().enumerate() {
            let at = to.start(line) + r * a.inner;
            // SAFETY: lines are disjoint.
            unsafe {
                y.at(at).write(x[start + from * a.inner]);
                place.at(at).write(from as i64);
            }
        }
    });
}

/// Which element of a line is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Which {
    /// The k-th smallest, from 0.
    Kth(usize),
    /// The lower of the two middle ones; the first nan if there is one.
    Median,
    /// The lower of the two middle ones among those that are not nan.
    NanMedian,
    /// The smallest of the most frequent ones, in its last place.
    Mode,
}

/// Selects one element of each line, which has at least one.
///
/// # Safety
/// `y` and `place` have room for one element per line.
pub unsafe fn select<T: Key>(a: Along, which: Which, x: &[T], y: *mut T, place: *mut i64) {
    let (y, place) = (To(y), To(place));
    let (y, place) = (&y, &place);
    a.each_line(COST / 4, &|line| {
        let start = a.start(line);
        let mut keys = packed(a, x, line, false);
        let nans = (0..a.n).filter(|r| x[start + r * a.inner].is_nan()).count();
        let from = match which {
            Which::Mode => most_frequent(&mut keys, nans),
            Which::Kth(k) => kth(&(0..a.n).map(|r| x[start + r * a.inner].bits(false)).collect::<Vec<_>>(), k),
            Which::Median if nans > 0 => (0..a.n).find(|r| x[start + r * a.inner].is_nan()).unwrap_or(0),
            _ => {
                let n = if which == Which::NanMedian { a.n - nans } else { a.n };
                keys.select_nth_unstable(n.saturating_sub(1) / 2).1.place()
            }
        };
        // SAFETY: one result per line.
        unsafe {
            y.at(line).write(x[start + from * a.inner]);
            place.at(line).write(from as i64);
        }
    });
}

/// The place of the k-th smallest. Which of equal ones follows PyTorch: Hoare's selection, the median of three as pivot.
fn kth<B: Copy + Ord>(keys: &[B], k: usize) -> usize {
    let mut v: Vec<(B, usize)> = keys.iter().copied().zip(0..).collect();
    let (mut left, mut right) = (0, v.len() - 1);
    while right > left {
        if right == left + 1 {
            if v[left].0 > v[right].0 {
                v.swap(left, right);
            }
            break;
        }
        v.swap(left + (right - left) / 2, left + 1);
        for (low, high) in [(left + 1, right), (left, right), (left + 1, left)] {
            if v[low].0 > v[high].0 {
                v.swap(low, high);
            }
        }
        let (pivot, mut i, mut j) = (v[left].0, left + 1, right);
        loop {
            i += 1;
            while pivot > v[i].0 {
                i += 1;
            }
            j -= 1;
            while v[j].0 > pivot {
                j -= 1;
            }
            if j < i {
                break;
            }
            v.swap(i, j);
        }
        v.swap(left, j);
        if j >= k {
            // Where `j` is 0 the answer is there already.
            right = j.saturating_sub(1);
        }
        if j <= k {
            left = i;
        }
    }
    v[k].1
}

/// The last place of the smallest of the most frequent ones; the `nans` at the end of the order equal nothing.
fn most_frequent<P: Packed>(keys: &mut [P], nans: usize) -> usize {
    keys.sort_unstable();
    let (mut best, mut place, mut run) = (0, 0, 0);
    for (i, k) in keys.iter().enumerate() {
        run += 1;
        if i + nans >= keys.len() || keys.get(i + 1).is_none_or(|next| !k.same_key(*next)) {
            if run > best {
                (best, place) = (run, k.place());
            }
            run = 0;
        }
    }
    place
}

/// For each of `values` the number of elements in an ascending sequence of `n` that stand before it: those below it, or not
/// above it where `right`. `at(i, k)` reads element k of the sequence of value i.
///
/// Several searches go on at once, for each step of one waits for memory.
pub fn search<T: Key + PartialOrd>(
    n: usize,
    values: &[T],
    right: bool,
    at: impl Fn(usize, usize) -> T,
    places: &mut [i64],
) {
    const AT_ONCE: usize = 8;
    let steps = usize::BITS - n.leading_zeros();
    for (block, (values, places)) in values.chunks(AT_ONCE).zip(places.chunks_mut(AT_ONCE)).enumerate() {
        let (mut low, mut high) = ([0; AT_ONCE], [n; AT_ONCE]);
        for _ in 0..steps {
            for (l, &v) in values.iter().enumerate() {
                let middle = low[l] + (high[l] - low[l]) / 2;
                // One that has ended looks at a place that is there, to no effect.
                let m = at(block * AT_ONCE + l, middle.min(n - 1));
                let here = if right { m > v } else { m >= v };
                let further = low[l] < high[l] && !here;
                high[l] = if here { middle } else { high[l] };
                low[l] = if further { middle + 1 } else { low[l] };
            }
        }
        for (place, low) in places.iter_mut().zip(low) {
            *place = low as i64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_numbers() {
        let v = [f32::NEG_INFINITY, -2.5, -1e-40, -0.0, 1e-40, 0.5, 3.0, f32::INFINITY, f32::NAN];
        for w in v.windows(2) {
            assert!(w[0].bits(false) < w[1].bits(false) && w[0].bits(true) > w[1].bits(true), "{w:?}");
            assert!((w[0] as f64).bits(false) < (w[1] as f64).bits(false), "{w:?}");
        }
        assert_eq!((-0.0f32).bits(false), 0.0f32.bits(false));
        assert!((-1i64).bits(false) < 0i64.bits(false) && i64::MIN.bits(false) < (-1i64).bits(false));
    }
}
