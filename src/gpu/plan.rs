//! How a reduction is laid out on a device: which dims it walks, how many threads share a result, in how many parts.
//!
//! All of it depends on shapes and strides only, so that the same tensor always gives the same bits.
use super::kernel::{Call, Memory};
use super::memory::scratch;
use super::queue::Gpu;
use super::walk::DIMS;
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::Dims;
use smallvec::SmallVec;

/// Threads of a workgroup.
const THREADS: usize = 256;
/// With so many workgroups a device is busy.
const BUSY: usize = 512;
/// Elements per thread for which a part of a result is worth a second call.
const WORTH: usize = 32;
/// Neighbouring results that are read together.
const COLUMNS: usize = 32;

/// Sizes and strides of at most four dims, the innermost last.
#[derive(Clone, Copy)]
struct Group {
    sizes: [usize; DIMS],
    strides: [usize; DIMS],
    used: usize,
}
impl Group {
    /// Neighbours that lie together are one dim; `None` where more than four are left.
    fn new(dims: impl Iterator<Item = (usize, usize)>) -> Option<Self> {
        let mut joined: SmallVec<[(usize, usize); 8]> = SmallVec::new();
        for (n, stride) in dims.filter(|d| d.0 != 1) {
            match joined.last_mut() {
                Some(last) if last.1 == n * stride => *last = (last.0 * n, stride),
                _ => joined.push((n, stride)),
            }
        }
        let first = DIMS.checked_sub(joined.len())?;
        let mut g = Group { sizes: [1; DIMS], strides: [0; DIMS], used: joined.len() };
        for (k, (n, stride)) in joined.into_iter().enumerate() {
            (g.sizes[first + k], g.strides[first + k]) = (n, stride);
        }
        Some(g)
    }
    fn count(&self) -> usize {
        self.sizes.iter().product()
    }
    /// The step from an element to the next.
    fn step(&self) -> usize {
        if self.used == 0 { usize::MAX } else { self.strides[DIMS - 1] }
    }
}

/// The layout of one call, or of two, the second of which joins parts.
pub struct Plan {
    kept: Group,
    folded: Group,
    pub outputs: usize,
    /// Elements per result.
    pub n: usize,
    lanes: usize,
    columns: bool,
    pub parts: usize,
    /// Elements per part.
    pub chunk: usize,
}

impl Plan {
    /// Over the dims named by the bits of `reduced`; `None` where there are too many to walk. `ordered` says that places
    /// count, so that reduced dims stay in their order.
    fn new(shape: &[usize], reduced: u64, strides: &[usize], ordered: bool) -> Option<Self> {
        let gone = |d: &usize| reduced >> *d & 1 == 1;
        let dims = |wanted: bool| (0..shape.len()).filter(move |d| gone(d) == wanted).map(|d| (shape[d], strides[d]));
        let mut inside: SmallVec<[(usize, usize); 8]> = dims(true).collect();
        if !ordered {
            inside.sort_by_key(|d| std::cmp::Reverse(d.1));
        }
        Some(Self::of(Group::new(dims(false))?, Group::new(inside.into_iter())?))
    }
    /// Over the first of two dims: what joins the parts of results.
    pub fn of_parts(parts: usize, outputs: usize) -> Self {
        let group = |n, stride| Group { sizes: [1, 1, 1, n], strides: [0, 0, 0, stride], used: 1 };
        Self { parts: 1, chunk: parts, ..Self::of(group(outputs, 1), group(parts, outputs)) }
    }
    fn of(kept: Group, folded: Group) -> Self {
        let (outputs, n) = (kept.count(), folded.count());
        let t = Threads::new(outputs, n, kept.step() < folded.step());
        Self { kept, folded, outputs, n, lanes: t.lanes, columns: t.columns, parts: t.parts, chunk: t.chunk }
    }
    /// Constants, and the first sixteen numbers.
    pub fn begin(&self, call: &mut Call) {
        call.constant("LANES", self.lanes as u32).constant("COLUMNS", self.columns);
        call.constant("DIMS", self.folded.used.max(1) as u32);
        for dims in [&self.kept, &self.folded] {
            call.vec4(&dims.sizes, 1).vec4(&dims.strides, 0);
        }
    }
    /// Whether results are made of lines of whole units of four elements, which begin with such.
    pub fn even(&self) -> bool {
        let units = |n: usize| n.is_multiple_of(4);
        let kept = self.kept.sizes.iter().zip(self.kept.strides).all(|(n, stride)| *n == 1 || units(stride));
        self.folded.used == 1 && self.folded.step() == 1 && units(self.n) && kept
    }
    pub fn run(&self, call: &mut Call) -> Result<()> {
        grid(call, self.outputs.div_ceil(THREADS / self.lanes), self.parts)
    }
}

/// How many threads share a result, whether neighbouring threads take neighbouring results, and the parts of a result.
pub struct Threads {
    pub lanes: usize,
    pub columns: bool,
    pub parts: usize,
    pub chunk: usize,
}
impl Threads {
    pub fn new(outputs: usize, n: usize, columns: bool) -> Self {
        // Four elements per thread keep loads in flight.
        let mut lanes = n.div_ceil(4).next_power_of_two().min(THREADS);
        if columns {
            let beside = outputs.next_power_of_two().min(COLUMNS);
            lanes = lanes.min(THREADS / beside);
            while lanes > 1 && outputs * lanes > 2 * BUSY * THREADS {
                lanes /= 2;
            }
        }
        let blocks = outputs.div_ceil(THREADS / lanes).max(1);
        let parts = BUSY.div_ceil(blocks).min(n / (lanes * WORTH)).max(1);
        let parts = if blocks >= BUSY / 2 { 1 } else { parts };
        let chunk = n.div_ceil(parts).next_multiple_of(4).max(4);
        Self { lanes, columns, parts: n.div_ceil(chunk).max(1), chunk }
    }
    /// In one part: for kernels that cannot join any.
    pub fn whole(outputs: usize, n: usize, columns: bool) -> Self {
        Self { parts: 1, chunk: n.max(1), ..Self::new(outputs, n, columns) }
    }
    pub fn constants(&self, call: &mut Call) {
        call.constant("LANES", self.lanes as u32).constant("COLUMNS", self.columns);
    }
    pub fn run(&self, call: &mut Call, outputs: usize) -> Result<()> {
        grid(call, outputs.div_ceil(THREADS / self.lanes), self.parts)
    }
}

/// Blocks of results beside each other, parts above each other; kernels loop over what a grid cannot hold.
fn grid(call: &mut Call, blocks: usize, parts: usize) -> Result<()> {
    let most = call.gpu().abilities.max_groups as usize;
    call.grid([blocks.min(most) as u32, parts.min(most) as u32, 1])
}

/// Contiguous memory as `lines` lines of `n` elements that are `inner` apart.
#[derive(Debug, Clone, Copy)]
pub struct Lines {
    pub lines: usize,
    pub n: usize,
    pub inner: usize,
}
impl Lines {
    pub fn new(shape: &[usize], dim: usize) -> Self {
        match shape.get(dim) {
            Some(&n) => {
                let inner = shape[dim + 1..].iter().product();
                Self { lines: shape[..dim].iter().product::<usize>() * inner, n, inner }
            }
            None => Self { lines: 1, n: 1, inner: 1 },
        }
    }
    /// Whether lines are of whole units of four neighbours.
    pub fn even(&self) -> bool {
        self.inner == 1 && self.n.is_multiple_of(4)
    }
    /// Threads for kernels that take a line whole.
    pub fn whole(&self) -> Threads {
        Threads::whole(self.lines, self.n, self.inner > 1)
    }
    /// Threads for kernels that can go on from one part of a line to the next.
    pub fn shared(&self) -> Threads {
        Threads::new(self.lines, self.n, self.inner > 1)
    }
}

/// A plan, and the memory that it walks: `x`, or where that has too many dims a copy of it.
pub fn plan<'a>(
    gpu: &'static Gpu,
    shape: &[usize],
    reduced: u64,
    x: Memory<'a>,
    ordered: bool,
) -> Result<(Plan, Memory<'a>)> {
    if let Some(plan) = Plan::new(shape, reduced, x.strides, ordered) {
        return Ok((plan, x));
    }
    // Kept dims, then reduced ones, are one dim each in the copy.
    let gone = |d: &usize| reduced >> *d & 1 == 1;
    let order = (0..shape.len()).filter(|d| !gone(d)).chain((0..shape.len()).filter(gone));
    let (mut strides, mut next): (Dims, usize) = (smallvec::smallvec![0; shape.len()], 1);
    for d in order.collect::<Dims>().into_iter().rev() {
        strides[d] = next;
        next *= shape[d];
    }
    let y = Memory { strides: &[], offset: 0, ..spare(gpu, next, x.dtype)? };
    super::copy::copy(gpu, shape, Memory { strides: &strides, ..y.clone() }, x, true)?;
    let plan = Plan::new(shape, reduced, &strides, ordered);
    Ok((plan.unwrap_or_else(|| unreachable!("two dims are left")), y))
}

/// Memory for one call.
pub fn spare(gpu: &'static Gpu, n: usize, dtype: DType) -> Result<Memory<'static>> {
    Ok(Memory { slice: scratch(gpu, n.max(1) * dtype.size())?, dtype, strides: &[], offset: 0 })
}
