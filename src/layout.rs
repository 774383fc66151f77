//! How a flat buffer is read as an n-d array: shape, strides and offset in elements. Every view is a new `Layout`.
use crate::error::Result;
use smallvec::SmallVec;

/// Sizes or strides; small ones need no allocation.
pub type Dims = SmallVec<[usize; 4]>;

#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    pub shape: Dims,
    pub strides: Dims,
    pub offset: usize,
}

impl Clone for Layout {
    #[inline]
    fn clone(&self) -> Self {
        // `from_slice` copies memory; the derived clone would go element by element.
        Self { shape: Dims::from_slice(&self.shape), strides: Dims::from_slice(&self.strides), offset: self.offset }
    }
}

/// `[2, 3]`, as PyTorch's messages write a shape.
pub fn show(shape: &[usize]) -> String {
    format!("[{}]", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", "))
}

/// The row-major strides of a shape.
pub fn contiguous_strides(shape: &[usize]) -> Dims {
    let mut strides: Dims = smallvec::smallvec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i].max(1);
    }
    strides
}

/// The number of elements, or an error where it does not fit an i64.
pub fn checked_numel(shape: &[usize]) -> Result<usize> {
    let mut n: usize = 1;
    if shape.contains(&0) {
        return Ok(0);
    }
    for &d in shape {
        match n.checked_mul(d).filter(|&n| n <= i64::MAX as usize) {
            Some(m) => n = m,
            None => crate::bail!("numel: integer multiplication overflow: invalid shape {}", show(shape)),
        }
    }
    Ok(n)
}

/// A dim counted from the end becomes one counted from the start; a 0-dim tensor takes -1 and 0.
pub fn wrap_dim(dim: i64, rank: usize) -> Result<usize> {
    let n = rank.max(1) as i64;
    crate::ensure!(
        (-n..n).contains(&dim),
        Index,
        "Dimension out of range (expected to be in range of [{}, {}], but got {dim})",
        -n,
        n - 1
    );
    Ok(if dim < 0 { dim + n } else { dim } as usize)
}

/// Wraps several dims and refuses one that appears twice.
pub fn wrap_dims(dims: &[i64], rank: usize) -> Result<Dims> {
    let mut out = Dims::new();
    for &d in dims {
        let d = wrap_dim(d, rank)?;
        crate::ensure!(!out.contains(&d), "dim {d} appears multiple times in the list of dims");
        out.push(d);
    }
    Ok(out)
}

/// Sizes given by the user: none may be negative.
pub fn sizes(shape: &[i64]) -> Result<Dims> {
    for &d in shape {
        crate::ensure!(
            d >= 0,
            "Trying to create tensor with negative dimension {d}: [{}]",
            shape.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
        );
    }
    let shape: Dims = shape.iter().map(|&d| d as usize).collect();
    checked_numel(&shape)?;
    Ok(shape)
}

/// Sizes where one may be -1, meaning whatever is left of `numel`.
pub fn infer_size(shape: &[i64], numel: usize) -> Result<Dims> {
    let bad = || {
        crate::error::Error::new(
            crate::error::Kind::Runtime,
            format!(
                "shape '[{}]' is invalid for input of size {numel}",
                shape.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
            ),
        )
    };
    let mut unknown = None;
    let mut known: usize = 1;
    for (i, &d) in shape.iter().enumerate() {
        match d {
            -1 if unknown.is_some() => crate::bail!("only one dimension can be inferred"),
            -1 => unknown = Some(i),
            d if d < 0 => crate::bail!("invalid shape dimension {d}"),
            d => known = known.checked_mul(d as usize).ok_or_else(bad)?,
        }
    }
    let mut out: Dims = shape.iter().map(|&d| d.max(0) as usize).collect();
    match unknown {
        Some(i) => {
            crate::ensure!(
                known != 0 || numel != 0,
                "cannot reshape tensor of 0 elements into shape [{}] because the unspecified dimension size -1 can be \
                 any value and is ambiguous",
                shape.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
            );
            if known == 0 || !numel.is_multiple_of(known) {
                return Err(bad());
            }
            out[i] = numel / known;
        }
        None if known != numel => return Err(bad()),
        None => {}
    }
    Ok(out)
}

/// The shape that all operands are expanded to.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Dims> {
    if a == b {
        return Ok(a.into());
    }
    let rank = a.len().max(b.len());
    let at = |s: &[usize], i: usize| if i + s.len() >= rank { s[i + s.len() - rank] } else { 1 };
    let mut out: Dims = smallvec::smallvec![1; rank];
    for i in (0..rank).rev() {
        out[i] = match (at(a, i), at(b, i)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            (x, y) => crate::bail!(
                "The size of tensor a ({x}) must match the size of tensor b ({y}) at non-singleton dimension {i}"
            ),
        };
    }
    Ok(out)
}

impl Layout {
    pub fn contiguous(shape: &[usize]) -> Self {
        Self { shape: Dims::from_slice(shape), strides: contiguous_strides(shape), offset: 0 }
    }
    pub fn scalar() -> Self {
        Self { shape: Dims::new(), strides: Dims::new(), offset: 0 }
    }
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&n, &s) in self.shape.iter().zip(&self.strides).rev() {
            if n == 0 {
                return true;
            }
            if n != 1 {
                if s != expected {
                    return false;
                }
                expected *= n;
            }
        }
        true
    }
    /// Every element has a place of its own and there are no gaps, in whatever order of dims.
    pub fn is_dense(&self) -> bool {
        if self.is_contiguous() {
            return true;
        }
        let mut dims: SmallVec<[(usize, usize); 4]> =
            self.strides.iter().copied().zip(self.shape.iter().copied()).filter(|d| d.1 != 1).collect();
        dims.sort_unstable();
        let mut expected = 1;
        for (s, n) in dims {
            if s != expected {
                return false;
            }
            expected *= n;
        }
        true
    }
    /// Whether two indices may name the same element (expanded dims; overlapping `as_strided`).
    pub fn may_overlap_itself(&self) -> bool {
        if self.is_contiguous() || self.numel() <= 1 {
            return false;
        }
        let mut dims: SmallVec<[(usize, usize); 4]> =
            self.strides.iter().copied().zip(self.shape.iter().copied()).filter(|d| d.1 != 1).collect();
        dims.sort_unstable();
        let mut reach = 0;
        for (s, n) in dims {
            if s <= reach {
                return true;
            }
            reach += s * (n - 1);
        }
        false
    }
    /// One past the last element that this layout reaches.
    pub fn end(&self) -> usize {
        if self.numel() == 0 {
            return self.offset;
        }
        self.offset + 1 + self.shape.iter().zip(&self.strides).map(|(&n, &s)| (n - 1) * s).sum::<usize>()
    }

    pub fn transpose(&self, a: usize, b: usize) -> Self {
        let mut l = self.clone();
        if !l.shape.is_empty() {
            l.shape.swap(a, b);
            l.strides.swap(a, b);
        }
        l
    }
    pub fn permute(&self, dims: &[usize]) -> Self {
        Self {
            shape: dims.iter().map(|&d| self.shape[d]).collect(),
            strides: dims.iter().map(|&d| self.strides[d]).collect(),
            offset: self.offset,
        }
    }
    /// Repeats dims of size 1 without copying; -1 keeps a size.
    pub fn expand(&self, shape: &[i64]) -> Result<Self> {
        let given = || show_i(shape);
        let Some(lead) = shape.len().checked_sub(self.rank()) else {
            crate::bail!(
                "expand({}, size={}): the number of sizes provided ({}) must be greater or equal to the number of \
                 dimensions in the tensor ({})",
                show(&self.shape),
                given(),
                shape.len(),
                self.rank()
            );
        };
        let (mut out, mut strides) = (Dims::new(), Dims::new());
        for (i, &to) in shape.iter().enumerate() {
            let Some(k) = i.checked_sub(lead) else {
                crate::ensure!(
                    to >= 0,
                    "The expanded size of the tensor ({to}) isn't allowed in a leading, non-existing dimension {i}"
                );
                out.push(to as usize);
                strides.push(0);
                continue;
            };
            let from = self.shape[k];
            if to == -1 || to == from as i64 {
                out.push(from);
                strides.push(self.strides[k]);
            } else {
                crate::ensure!(
                    from == 1 && to >= 0,
                    "The expanded size of the tensor ({to}) must match the existing size ({from}) at non-singleton \
                     dimension {i}.  Target sizes: {}.  Tensor sizes: {}",
                    given(),
                    show(&self.shape)
                );
                out.push(to as usize);
                strides.push(0);
            }
        }
        checked_numel(&out)?;
        Ok(Self { shape: out, strides, offset: self.offset })
    }
    /// Strides for a broadcast to `shape`, known to fit.
    pub fn broadcast_strides(&self, shape: &[usize]) -> Dims {
        let lead = shape.len() - self.rank();
        (0..shape.len())
            .map(|i| if i < lead || self.shape[i - lead] != shape[i] { 0 } else { self.strides[i - lead] })
            .collect()
    }
    pub fn unsqueeze(&self, dim: usize) -> Self {
        let mut l = self.clone();
        let stride = if dim < l.rank() { l.shape[dim] * l.strides[dim] } else { 1 };
        l.shape.insert(dim, 1);
        l.strides.insert(dim, stride);
        l
    }
    /// Removes those of `dims` that have size 1.
    pub fn squeeze(&self, dims: &[usize]) -> Self {
        let keep = |d: &usize| !(dims.contains(d) && self.shape[*d] == 1);
        let kept: Dims = (0..self.rank()).filter(keep).collect();
        self.permute(&kept)
    }
    pub fn select(&self, dim: usize, index: usize) -> Self {
        let mut l = self.clone();
        l.offset += index * l.strides[dim];
        l.shape.remove(dim);
        l.strides.remove(dim);
        l
    }
    /// Elements `start`, `start + step`, ... `len` of them, along `dim`.
    pub fn slice(&self, dim: usize, start: usize, len: usize, step: usize) -> Self {
        let mut l = self.clone();
        l.offset += start * l.strides[dim];
        l.shape[dim] = len;
        l.strides[dim] *= step;
        l
    }
    /// The same memory in another shape, where strides can say so.
    pub fn view(&self, shape: &[usize]) -> Option<Self> {
        if self.is_contiguous() {
            return Some(Self { offset: self.offset, ..Self::contiguous(shape) });
        }
        if self.numel() == 0 {
            return Some(Self { offset: self.offset, ..Self::contiguous(shape) });
        }
        // Runs of old dims that are contiguous among themselves must be covered by whole new dims.
        let mut strides: Dims = smallvec::smallvec![0; shape.len()];
        let mut new = shape.len();
        let mut i = self.rank();
        while i > 0 {
            i -= 1;
            let base = self.strides[i];
            let mut run = self.shape[i];
            while i > 0 && (self.shape[i - 1] == 1 || self.strides[i - 1] == run * base) {
                i -= 1;
                run *= self.shape[i];
            }
            let mut covered = 1;
            while new > 0 && (covered < run || shape[new - 1] == 1) {
                new -= 1;
                strides[new] = covered * base;
                covered *= shape[new];
            }
            if covered != run {
                return None;
            }
        }
        while new > 0 {
            new -= 1;
            if shape[new] != 1 {
                return None;
            }
            strides[new] = 1;
        }
        Some(Self { shape: shape.into(), strides, offset: self.offset })
    }
    /// The layout of a new tensor that keeps this one's order of dims: PyTorch's `preserve_format`.
    pub fn like(&self) -> Self {
        if self.is_contiguous() {
            return Self::contiguous(&self.shape);
        }
        if self.is_dense() {
            return Self { offset: 0, ..self.clone() };
        }
        // Not dense: the same order of dims, without the gaps. An insertion sort from the last dim on, in which a dim of
        // stride 0 stays where it is, as in PyTorch.
        let mut order: Dims = (0..self.rank()).rev().collect();
        for i in 1..order.len() {
            let mut at = i;
            for before in (0..i).rev() {
                let (a, b) = (order[before], order[at]);
                let (sa, sb) = (self.strides[a], self.strides[b]);
                if sa == 0 || sb == 0 {
                    continue;
                }
                if sa > sb || (sa == sb && self.shape[a] > self.shape[b]) {
                    order.swap(before, at);
                    at = before;
                } else if sa < sb {
                    break;
                }
            }
        }
        let mut l = Self::contiguous(&self.shape);
        let mut stride = 1;
        for &d in &order {
            l.strides[d] = stride;
            stride *= self.shape[d].max(1);
        }
        l
    }
}

pub fn show_i(shape: &[i64]) -> String {
    format!("[{}]", shape.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
}
