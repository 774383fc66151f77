//! Elements picked, written and joined at indexed places.
//!
//! Places are an index with a step along one dim of the indexed memory, read as it is, or a list made of several indices
//! or of a mask. Indices are checked by the kernels: a bad one is passed over and reported.
use super::copy::fill;
use super::kernel::{Call, Memory, Shader};
use super::memory::scratch;
use super::pipeline::Role;
use super::pool::Slice;
use super::prelude::Type;
use super::queue::Gpu;
use super::walk::Walk;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::layout::{Dims, contiguous_strides};
use std::sync::Arc;

/// Dims that the kernels walk which take eight.
const DIMS: usize = 8;

/// What an index says: offsets, in elements, into the indexed memory.
#[derive(Clone)]
pub enum Places {
    /// An index along a dim of this size and stride; negative entries count from the end where `wrap` says so.
    Index { slice: Arc<Slice>, dtype: DType, offset: usize, size: usize, step: usize, wrap: bool },
    /// A list of int32 offsets below `extent`, in units of `step` elements; negative entries are passed over.
    List { slice: Arc<Slice>, extent: usize, step: usize },
}

/// One walk over places: its shape, and the strides in it of index, partner and indexed memory.
pub struct Moves<'a> {
    pub shape: &'a [usize],
    pub places: &'a Places,
    pub at_strides: &'a [usize],
    pub a: Memory<'a>,
    /// The strides of the indexed dims are 0.
    pub x: Memory<'a>,
}

/// What is done at the places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `a = x[at]`.
    Get,
    /// `x[at] = a`; of several writes to one place any stays.
    Put,
    /// `x[at] += a`, for float32, float64, complex, int32 and int64 memory.
    Add,
}

/// How `Moves::join` joins what meets in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    Prod,
    Max,
    Min,
}

/// The type in which a kernel reads indices.
pub(super) fn index_type(gpu: &Gpu, dtype: DType) -> Type {
    if dtype == DType::I64 && gpu.abilities.int64 { Type::I64 } else { Type::I32 }
}
/// The type in which a kernel moves elements unchanged.
pub(super) fn moving_type(gpu: &Gpu, dtype: DType) -> Result<Type> {
    Type::of(dtype.class(), dtype, &gpu.abilities)
}

/// Two vectors of four with up to eight dims.
pub(super) fn eight(call: &mut Call, dims: &[usize]) {
    let (low, high) = dims.split_at(dims.len().min(4));
    call.vec4(low, 0).vec4(high, 0);
}
/// A walk that fits kernels of eight dims.
pub(super) fn walk_of_eight(shape: &[usize], strides: &[&[usize]]) -> Result<Walk> {
    let walk = Walk::new(shape, strides);
    ensure!(
        walk.shape.len() <= DIMS,
        NotImplemented,
        "'{}' is not implemented on the GPU for {} dims with unrelated strides: make the tensors contiguous",
        crate::device::op(),
        walk.shape.len()
    );
    Ok(walk)
}

impl Places {
    /// Offset, size and step for a kernel.
    fn numbers(&self) -> [usize; 3] {
        match self {
            Places::Index { offset, size, step, .. } => [*offset, *size, *step],
            Places::List { extent, step, .. } => [0, *extent, *step],
        }
    }
    fn bind(&self, call: &mut Call, gpu: &Gpu) {
        let (slice, dtype, wrap) = match self {
            Places::Index { slice, dtype, wrap, .. } => (slice, *dtype, *wrap),
            Places::List { slice, .. } => (slice, DType::I32, false),
        };
        call.operand("index", slice, dtype, index_type(gpu, dtype), Role::Read);
        call.constant("WRAP", wrap).constant("LISTED", matches!(self, Places::List { .. }));
    }
}

/// An index tensor's part in a list of places.
pub struct Part<'a> {
    pub index: Memory<'a>,
    /// The size and stride of the dim that it moves along.
    pub size: usize,
    pub step: usize,
    pub wrap: bool,
}

/// The places that indices, all with strides for `shape`, name together; `x` are the strides of what moves along with
/// the walk itself. The list has the order of `shape`; its offsets are below `extent`.
pub fn list(gpu: &'static Gpu, shape: &[usize], parts: &[Part], x: &[usize], extent: usize) -> Result<Places> {
    ensure!(extent <= i32::MAX as usize, NotImplemented, "an index into more than 2^31 elements on the GPU");
    let own = contiguous_strides(shape);
    let n = shape.iter().product();
    let slice = scratch(gpu, n * 4)?;
    let none: Dims = smallvec::smallvec![0; shape.len()];
    if parts.is_empty() {
        fill(
            gpu,
            &[n],
            Memory { slice: slice.clone(), dtype: DType::I32, strides: &[1], offset: 0 },
            Scalar::Int(0),
            true,
        )?;
    }
    for (k, part) in parts.iter().enumerate() {
        let walk = walk_of_eight(shape, &[&own, part.index.strides, if k == 0 { x } else { &none }])?;
        let mut call = Call::new(gpu, shader!("offsets" with "eight"));
        call.read("index", &part.index, index_type(gpu, part.index.dtype));
        call.operand("at", &slice, DType::I32, Type::I32, Role::Write).faults()?;
        call.constant("WRAP", part.wrap).constant("FIRST", k == 0).constant("RANK", walk.shape.len() as u32);
        eight(&mut call, &walk.shape);
        eight(&mut call, &walk.strides[1]);
        eight(&mut call, &walk.strides[2]);
        call.params([n, part.size, part.step, part.index.offset, 0]).over(n)?;
    }
    Ok(Places::List { slice, extent, step: 1 })
}

/// Takes out of a list of `n` places all but the last of those that are one.
fn keep_last(gpu: &'static Gpu, n: usize, slice: &Arc<Slice>, extent: usize) -> Result<()> {
    let owner = scratch(gpu, extent * 4)?;
    let all = Memory { slice: owner.clone(), dtype: DType::I32, strides: &[1], offset: 0 };
    fill(gpu, &[extent], all, Scalar::Int(0), true)?;
    let mut claim = Call::new(gpu, shader!("claim"));
    claim.operand("at", slice, DType::I32, Type::I32, Role::Read);
    claim.operand("owner", &owner, DType::I32, Type::I32, Role::Atomic);
    claim.params([n, 0, 0]).over(n)?;
    let mut winners = Call::new(gpu, shader!("winners"));
    winners.operand("at", slice, DType::I32, Type::I32, Role::Write);
    winners.operand("owner", &owner, DType::I32, Type::I32, Role::Read);
    winners.params([n, 0, 0]).over(n)
}

impl Places {
    /// These places, with strides for `shape`, as a list in the order of `shape` in which of those that are one only the
    /// last is left: where a write of different values goes. `x` and `extent` are as for `list`.
    pub fn last_alone(
        &self,
        gpu: &'static Gpu,
        shape: &[usize],
        strides: &[usize],
        x: &[usize],
        extent: usize,
    ) -> Result<Places> {
        let places = match self {
            Places::Index { slice, dtype, offset, size, step, wrap } => {
                let index = Memory { slice: slice.clone(), dtype: *dtype, strides, offset: *offset };
                list(gpu, shape, &[Part { index, size: *size, step: *step, wrap: *wrap }], x, extent)?
            }
            list => list.clone(),
        };
        if let Places::List { slice, extent, .. } = &places {
            keep_last(gpu, shape.iter().product(), slice, *extent)?;
        }
        Ok(places)
    }
}

impl Moves<'_> {
    pub fn run(&self, gpu: &'static Gpu, action: Action) -> Result<()> {
        match action {
            Action::Get => self.moved(gpu, shader!("index_get"), [Role::Write, Role::Read]),
            Action::Put => self.moved(gpu, shader!("index_put"), [Role::Read, Role::Write]),
            Action::Add if self.x.dtype.is_complex() => {
                let shape: Dims = self.shape.iter().copied().chain([2]).collect();
                let at_strides: Dims = self.at_strides.iter().copied().chain([0]).collect();
                let (a, x) = (self.a.pair_strides(), self.x.pair_strides());
                let mut places = self.places.clone();
                match &mut places {
                    Places::Index { step, .. } | Places::List { step, .. } => *step *= 2,
                }
                let (places, at_strides) = (&places, &at_strides[..]);
                let (a, x) = (self.a.pairs(&a), self.x.pairs(&x));
                Moves { shape: &shape, places, at_strides, a, x }.run(gpu, action)
            }
            Action::Add => {
                let ty = moving_type(gpu, self.x.dtype)?;
                self.called(gpu, shader!("index_add"), [Role::Read, Role::Add], ty, &|_| ())
            }
        }
    }
    /// `x[at] = join(x[at], a)`, for float32 and int32 memory, and for int64 where the adapter has atomics of it.
    pub fn join(&self, gpu: &'static Gpu, join: Join) -> Result<()> {
        let ty = moving_type(gpu, self.x.dtype)?;
        self.called(gpu, shader!("index_join"), [Role::Read, Role::Atomic], ty, &|call| {
            call.constant("JOIN", join as u32).constant("FLOAT", ty.is_float());
        })
    }

    /// Small elements that lie side by side in both memories are moved as words.
    fn moved(&self, gpu: &'static Gpu, shader: &'static Shader, roles: [Role; 2]) -> Result<()> {
        let per = 4 / self.x.dtype.size().min(4);
        let [_, _, step] = self.places.numbers();
        let whole = |m: &Memory| {
            m.offset.is_multiple_of(per)
                && m.strides.split_last().is_some_and(|(s, rest)| *s == 1 && rest.iter().all(|s| s.is_multiple_of(per)))
        };
        let fits = per > 1
            && whole(&self.a)
            && whole(&self.x)
            && self.at_strides.last() == Some(&0)
            && self.shape.last().is_some_and(|n| n.is_multiple_of(per))
            && (step.is_multiple_of(per) && matches!(self.places, Places::Index { .. }));
        if !fits {
            return self.called(gpu, shader, roles, moving_type(gpu, self.x.dtype)?, &|_| ());
        }
        let last = self.shape.len() - 1;
        let mut shape = Dims::from(self.shape);
        shape[last] /= per;
        let words =
            |m: &Memory| -> Dims { (0..=last).map(|d| if d == last { 1 } else { m.strides[d] / per }).collect() };
        let (a, x) = (words(&self.a), words(&self.x));
        let mut places = self.places.clone();
        if let Places::Index { step, .. } = &mut places {
            *step /= per;
        }
        let memory = |m: &Memory| (m.slice.clone(), m.offset / per);
        let [(slice_a, offset_a), (slice_x, offset_x)] = [memory(&self.a), memory(&self.x)];
        let wide = Moves {
            shape: &shape,
            places: &places,
            at_strides: self.at_strides,
            a: Memory { slice: slice_a, dtype: DType::I32, strides: &a, offset: offset_a },
            x: Memory { slice: slice_x, dtype: DType::I32, strides: &x, offset: offset_x },
        };
        wide.called(gpu, shader, roles, Type::I32, &|_| ())
    }

    fn called(
        &self,
        gpu: &'static Gpu,
        shader: &'static Shader,
        [role_a, role_x]: [Role; 2],
        ty: Type,
        more: &dyn Fn(&mut Call),
    ) -> Result<()> {
        if self.shape.contains(&0) {
            return Ok(());
        }
        let (a, x) = (&self.a, &self.x);
        let [offset, size, step] = self.places.numbers();
        Walk::new(self.shape, &[a.strides, self.at_strides, x.strides]).parts(&mut |walk, first| {
            let mut call = Call::new(gpu, shader);
            self.places.bind(&mut call, gpu);
            call.operand("a", &a.slice, a.dtype, ty, role_a).operand("x", &x.slice, x.dtype, ty, role_x).faults()?;
            call.constant("RANK", walk.shape.len() as u32);
            more(&mut call);
            call.vec4(&walk.shape, 1).vec4(&walk.strides[1], 0).vec4(&walk.strides[0], 0).vec4(&walk.strides[2], 0);
            call.params([walk.numel(), size, step, offset + first[1], a.offset + first[0], x.offset + first[2]]);
            call.over(walk.numel())
        })
    }
}

/// `x[index] = join(x[index], a)` along `dim` in the order of the index, for float64, and for int64 without atomics of it: two
/// of 32 bits are not one of 64, so threads that meet in one place could not take turns. All have the rank of `shape`, which is
/// the index's.
pub fn lines(
    gpu: &'static Gpu,
    shape: &[usize],
    dim: usize,
    [index, a, x]: [&Memory; 3],
    size: usize,
    join: Join,
) -> Result<()> {
    let ty = moving_type(gpu, x.dtype)?;
    let without = |s: &[usize]| -> Dims { (0..s.len()).filter(|d| *d != dim).map(|d| s[d]).collect() };
    let [si, sa, sx] = [index, a, x].map(|m| without(m.strides));
    Walk::new(&without(shape), &[&sx, &si, &sa]).parts(&mut |walk, first| {
        let mut call = Call::new(gpu, shader!("index_lines"));
        call.read("index", index, index_type(gpu, index.dtype)).read("a", a, ty).write("x", x, ty).faults()?;
        call.constant("RANK", walk.shape.len() as u32).constant("JOIN", join as u32).constant("FLOAT", ty.is_float());
        call.vec4(&walk.shape, 1).vec4(&walk.strides[1], 0).vec4(&walk.strides[2], 0).vec4(&walk.strides[0], 0);
        call.params([walk.numel(), shape[dim], size, index.strides[dim], a.strides[dim], x.strides[dim]]);
        call.params([index.offset + first[1], a.offset + first[2], x.offset + first[0]]);
        call.rows(walk.numel().div_ceil(64))
    })
}
