//! Loops for ops that are one expression per element: any dtypes, any layouts, one kernel per compute class.
//!
//! A kernel sees contiguous blocks of its class only. The driver hands it the tensor's own memory where dtype and
//! stride allow, and otherwise loads a block into scratch memory (converting, gathering, or repeating a broadcast
//! element), which stays in the first-level cache. So an op costs one small loop per class, whatever its arguments are.
use super::convert::{load, store};
use super::float::Float;
use super::parallel::parallel_for;
use super::simd::{Base, Level};
use super::transpose::{Planes, transpose};
use super::walk::Walk;
use crate::dtype::{C64, Class, DType, Element};
use smallvec::SmallVec;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// Computes `n` elements: `ins` and `out` point at contiguous elements of the kernel's classes.
pub type Block = unsafe fn(n: usize, ins: &[*const u8], out: *mut u8);

/// A kernel of one input class: its loop, and the class it writes.
#[derive(Clone, Copy)]
pub struct Kernel {
    pub block: Block,
    pub out: Class,
}

/// The kernels of one op; `None` where it is not defined for a class.
#[derive(Clone, Copy)]
pub struct Kernels {
    pub bool: Option<Kernel>,
    pub int: Option<Kernel>,
    pub f32: Option<Kernel>,
    pub f64: Option<Kernel>,
    pub complex: Option<Kernel>,
}

impl Kernels {
    pub fn of(&self, class: Class) -> Option<Kernel> {
        match class {
            Class::Bool => self.bool,
            Class::I64 => self.int,
            Class::F32 => self.f32,
            Class::F64 => self.f64,
            Class::C128 => self.complex,
        }
    }
}

/// The expression of a row on real floats, once for f32 and f64.
pub trait FloatFn<const N: usize>: 'static {
    /// A loop of its own for f32, where one over the expression would not be vectorised.
    const BLOCK_F32: Option<Block> = None;
    /// And one for f64.
    const BLOCK_F64: Option<Block> = None;
    fn float<L: Level, T: Float<L>>(a: [T; N]) -> T;
}
/// A predicate on real floats.
pub trait FloatTest<const N: usize>: 'static {
    fn test<L: Level, T: Float<L>>(a: [T; N]) -> bool;
}
/// The expression of a row on integers; every width computes as i64, and stores wrap.
pub trait IntFn<const N: usize>: 'static {
    type Out: Element;
    fn int(a: [i64; N]) -> Self::Out;
}
pub trait BoolFn<const N: usize>: 'static {
    fn bool(a: [bool; N]) -> bool;
}
/// The expression of a row on complex numbers; complex64 computes as complex128.
pub trait ComplexFn<const N: usize>: 'static {
    type Out: Element;
    fn complex(a: [C64; N]) -> Self::Out;
}

/// One element of a block.
trait Map<T, U, const N: usize> {
    fn map(a: [T; N]) -> U;
}
struct AsFloat<L, K>(PhantomData<(L, K)>);
struct AsTest<L, K>(PhantomData<(L, K)>);
struct AsInt<K>(PhantomData<K>);
struct AsBool<K>(PhantomData<K>);
struct AsComplex<K>(PhantomData<K>);
impl<L: Level, T: Float<L>, K: FloatFn<N>, const N: usize> Map<T, T, N> for AsFloat<L, K> {
    #[inline(always)]
    fn map(a: [T; N]) -> T {
        K::float::<L, T>(a)
    }
}
impl<L: Level, T: Float<L>, K: FloatTest<N>, const N: usize> Map<T, bool, N> for AsTest<L, K> {
    #[inline(always)]
    fn map(a: [T; N]) -> bool {
        K::test::<L, T>(a)
    }
}
impl<K: IntFn<N>, const N: usize> Map<i64, K::Out, N> for AsInt<K> {
    #[inline(always)]
    fn map(a: [i64; N]) -> K::Out {
        K::int(a)
    }
}
impl<K: BoolFn<N>, const N: usize> Map<bool, bool, N> for AsBool<K> {
    #[inline(always)]
    fn map(a: [bool; N]) -> bool {
        K::bool(a)
    }
}
impl<K: ComplexFn<N>, const N: usize> Map<C64, K::Out, N> for AsComplex<K> {
    #[inline(always)]
    fn map(a: [C64; N]) -> K::Out {
        K::complex(a)
    }
}

/// Whole groups of W are read before they are written, so that in-place ops are vectorised without a check for overlap; of
/// not too many bytes, or reading them is a call.
#[inline(always)]
unsafe fn blocks<T: Copy, U: Copy, M: Map<T, U, N>, const N: usize, const W: usize>(
    n: usize,
    ins: &[*const u8],
    out: *mut u8,
) {
    let ins: [*const T; N] = std::array::from_fn(|k| ins[k].cast());
    let out = out.cast::<U>();
    let mut i = 0;
    // SAFETY: the driver hands in blocks of n elements of these types.
    unsafe {
        while i + W <= n {
            let x: [[T; W]; N] = std::array::from_fn(|k| ins[k].add(i).cast::<[T; W]>().read_unaligned());
            let mut r = [const { MaybeUninit::<U>::uninit() }; W];
            for l in 0..W {
                r[l].write(M::map(std::array::from_fn(|k| x[k][l])));
            }
            out.add(i).cast::<[MaybeUninit<U>; W]>().write_unaligned(r);
            i += W;
        }
        while i < n {
            let r = M::map(std::array::from_fn(|k| ins[k].add(i).read_unaligned()));
            out.add(i).write_unaligned(r);
            i += 1;
        }
    }
}

crate::simd_kernel! {
    unsafe fn block_f32<L, K: FloatFn<N>; const N: usize>(n: usize, ins: &[*const u8], out: *mut u8) {
        // SAFETY: passed on.
        unsafe { blocks::<f32, f32, AsFloat<L, K>, N, 32>(n, ins, out) }
    }
    unsafe fn block_test_f32<L, K: FloatTest<N>; const N: usize>(n: usize, ins: &[*const u8], out: *mut u8) {
        // SAFETY: passed on.
        unsafe { blocks::<f32, bool, AsTest<L, K>, N, 32>(n, ins, out) }
    }
}
crate::simd_kernel! {
    unsafe fn block_bool<L, K: BoolFn<N>; const N: usize>(n: usize, ins: &[*const u8], out: *mut u8) {
        // SAFETY: passed on.
        unsafe { blocks::<bool, bool, AsBool<K>, N, 32>(n, ins, out) }
    }
}
unsafe fn block<T: Copy, U: Copy, M: Map<T, U, N>, const N: usize>(n: usize, ins: &[*const u8], out: *mut u8) {
    // SAFETY: passed on.
    unsafe { blocks::<T, U, M, N, 8>(n, ins, out) }
}

/// The class whose memory holds a Rust type.
pub const fn class_of<T: Element>() -> Class {
    match T::DTYPE {
        DType::Bool => Class::Bool,
        DType::I64 => Class::I64,
        DType::F32 => Class::F32,
        DType::F64 => Class::F64,
        DType::C128 => Class::C128,
        _ => panic!("a kernel writes bool, i64, f32, f64 or complex128"),
    }
}

impl Kernels {
    pub const NONE: Kernels = Kernels { bool: None, int: None, f32: None, f64: None, complex: None };
    pub const fn float<K: FloatFn<N>, const N: usize>(mut self) -> Self {
        let block_f32: Block = match K::BLOCK_F32 {
            Some(block) => block,
            None => block_f32::<K, N>,
        };
        self.f32 = Some(Kernel { block: block_f32, out: Class::F32 });
        let block_f64: Block = match K::BLOCK_F64 {
            Some(block) => block,
            None => block::<f64, f64, AsFloat<Base, K>, N>,
        };
        self.f64 = Some(Kernel { block: block_f64, out: Class::F64 });
        self
    }
    pub const fn float_test<K: FloatTest<N>, const N: usize>(mut self) -> Self {
        self.f32 = Some(Kernel { block: block_test_f32::<K, N>, out: Class::Bool });
        self.f64 = Some(Kernel { block: block::<f64, bool, AsTest<Base, K>, N>, out: Class::Bool });
        self
    }
    pub const fn int<K: IntFn<N>, const N: usize>(mut self) -> Self {
        self.int = Some(Kernel { block: block::<i64, K::Out, AsInt<K>, N>, out: class_of::<K::Out>() });
        self
    }
    pub const fn bool<K: BoolFn<N>, const N: usize>(mut self) -> Self {
        self.bool = Some(Kernel { block: block_bool::<K, N>, out: Class::Bool });
        self
    }
    pub const fn complex<K: ComplexFn<N>, const N: usize>(mut self) -> Self {
        self.complex = Some(Kernel { block: block::<C64, K::Out, AsComplex<K>, N>, out: class_of::<K::Out>() });
        self
    }
}

/// An operand: memory, its dtype, and strides for the loop's shape.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    pub ptr: *const u8,
    pub dtype: DType,
    pub strides: &'a [usize],
    pub offset: usize,
}

impl Operand<'_> {
    /// The place of an element, counted from the start of the memory.
    #[inline(always)]
    pub fn at(&self, element: usize) -> *mut u8 {
        self.ptr.wrapping_add(element * self.dtype.size()).cast_mut()
    }
}
// SAFETY: an operand is handed to threads that work on disjoint elements; see `Storage` on races.
unsafe impl Sync for Operand<'_> {}
// SAFETY: as above.
unsafe impl Send for Operand<'_> {}

/// Elements per scratch block.
const BLOCK: usize = 512;
/// Below this many elements a second thread costs more than it brings.
const GRAIN: usize = 16_384;
const MAX_INPUTS: usize = 6;

#[repr(align(64))]
struct Scratch {
    _bytes: [MaybeUninit<u8>; BLOCK * 16],
}
/// A block of each input and of the result. Not on the stack, of which a call for every row would touch all pages.
type Blocks = [MaybeUninit<Scratch>; MAX_INPUTS + 1];

thread_local! {
    static KEPT: Cell<Option<Box<Blocks>>> = const { Cell::new(None) };
}

/// Runs `kernel` of `class` over `shape`: `out = kernel(ins)`.
///
/// # Safety
/// Each operand's memory must be good for the elements its strides reach; `out` may be the same elements as an input
/// but must not overlap one otherwise.
pub unsafe fn run(kernel: Kernel, class: Class, shape: &[usize], out: Operand, ins: &[Operand]) {
    let n: usize = shape.iter().product();
    if n == 0 {
        return;
    }
    if n == 1 || is_flat(shape, &out, ins) {
        let step = (n != 1) as usize;
        let all = std::iter::once(&out).chain(ins);
        let mut at = [0; MAX_INPUTS + 1];
        let mut steps = [step; MAX_INPUTS + 1];
        for (k, o) in all.enumerate() {
            at[k] = o.offset;
            if k > 0 && o.strides.iter().all(|&s| s == 0) {
                steps[k] = 0;
            }
        }
        let row = |r: std::ops::Range<usize>| {
            let mut from = at;
            for k in 0..=ins.len() {
                from[k] += r.start * steps[k];
            }
            // SAFETY: as the caller says.
            unsafe { rows(kernel, class, &out, ins, &from, r.len(), &steps) }
        };
        return if n <= GRAIN { row(0..n) } else { parallel_for(n, GRAIN, &row) };
    }
    // SAFETY: as the caller says.
    unsafe {
        match ins.len() {
            0 => walk::<1>(kernel, class, shape, out, ins),
            1 => walk::<2>(kernel, class, shape, out, ins),
            2 => walk::<3>(kernel, class, shape, out, ins),
            3 => walk::<4>(kernel, class, shape, out, ins),
            4 => walk::<5>(kernel, class, shape, out, ins),
            5 => walk::<6>(kernel, class, shape, out, ins),
            _ => walk::<7>(kernel, class, shape, out, ins),
        }
    }
}

/// Everything is contiguous in this shape, or one element.
fn is_flat(shape: &[usize], out: &Operand, ins: &[Operand]) -> bool {
    let mut expected = 1;
    for (&n, &s) in shape.iter().zip(out.strides).rev() {
        if n != 1 && s != expected {
            return false;
        }
        expected *= n;
    }
    ins.iter().all(|o| {
        o.strides.iter().all(|&s| s == 0)
            || shape.iter().enumerate().all(|(d, &n)| n == 1 || o.strides[d] == out.strides[d])
    })
}

unsafe fn walk<const M: usize>(kernel: Kernel, class: Class, shape: &[usize], out: Operand, ins: &[Operand]) {
    let operand = |k: usize| if k == 0 { &out } else { &ins[k - 1] };
    let walk: Walk<M> =
        Walk::new(shape, std::array::from_fn(|k| operand(k).strides), std::array::from_fn(|k| operand(k).offset));
    let size = ins.iter().map(|x| x.dtype.size()).max().unwrap_or(1);
    if let Some(planes) = Planes::of(&walk, [TILE_ROWS, TILE_BYTES / TILE_ROWS / size]) {
        // SAFETY: as the caller says.
        return unsafe { walk_planes(kernel, class, out, ins, &planes) };
    }
    let run = |range| {
        walk.run(range, |at, n, steps| {
            let (mut a, mut s) = ([0; MAX_INPUTS + 1], [0; MAX_INPUTS + 1]);
            a[..M].copy_from_slice(&at);
            s[..M].copy_from_slice(&steps);
            // SAFETY: as the caller of `run` says.
            unsafe { rows(kernel, class, &out, ins, &a, n, &s) }
        })
    };
    let n = walk.numel();
    if n <= GRAIN { run(0..n) } else { parallel_for(n, GRAIN, &run) }
}

/// Rows of a tile of planes, and its bytes in each input that is turned.
const TILE_ROWS: usize = 16;
const TILE_BYTES: usize = 16_384;

#[repr(align(64))]
struct Tile {
    _bytes: [MaybeUninit<u8>; TILE_BYTES],
}

/// Where an input's columns are contiguous and the output's rows: tile by tile, with those inputs turned in scratch memory.
#[inline(never)]
unsafe fn walk_planes<const M: usize>(kernel: Kernel, class: Class, out: Operand, ins: &[Operand], planes: &Planes<M>) {
    let grain = (GRAIN / (planes.tile[0] * planes.tile[1])).max(1);
    parallel_for(planes.count(), grain, &|range| {
        let mut turned = [const { MaybeUninit::<Tile>::uninit() }; MAX_INPUTS];
        for unit in range {
            let (at, [rows_here, columns]) = planes.tile(unit);
            let mut here: SmallVec<[Operand; MAX_INPUTS]> = ins.into();
            let (mut steps, mut down) = ([0; MAX_INPUTS + 1], [0; MAX_INPUTS + 1]);
            let mut from = [0; MAX_INPUTS + 1];
            from[..M].copy_from_slice(&at);
            steps[..M].copy_from_slice(&planes.column_steps);
            down[..M].copy_from_slice(&planes.row_steps);
            // SAFETY: as the caller of `run` says; the scratch memory holds a tile of elements of any dtype.
            unsafe {
                for k in 1..M {
                    if planes.turned(k) {
                        let x = &mut here[k - 1];
                        let to = turned[k - 1].as_mut_ptr().cast::<u8>();
                        transpose(x.dtype.size(), [rows_here, columns], x.at(from[k]), steps[k], to, columns);
                        x.ptr = to;
                        (from[k], steps[k], down[k]) = (0, 1, columns);
                    }
                }
                for _ in 0..rows_here {
                    rows(kernel, class, &out, &here, &from, columns, &steps);
                    (0..M).for_each(|k| from[k] += down[k]);
                }
            }
        }
    });
}

/// One inner row: operands at `at`, `n` elements, `steps` apart.
#[inline]
unsafe fn rows(
    kernel: Kernel,
    class: Class,
    out: &Operand,
    ins: &[Operand],
    at: &[usize; MAX_INPUTS + 1],
    n: usize,
    steps: &[usize; MAX_INPUTS + 1],
) {
    let out_at = |i: usize| out.at(at[0] + i * steps[0]);
    let in_at = |k: usize, i: usize| ins[k].at(at[k + 1] + i * steps[k + 1]).cast_const();
    let direct = |k: usize| ins[k].dtype == class.dtype() && (steps[k + 1] == 1 || n == 1);
    let out_direct = out.dtype == kernel.out.dtype() && (steps[0] == 1 || n == 1);
    let mut pointers = [std::ptr::null(); MAX_INPUTS];
    // SAFETY: as the caller says; scratch blocks hold BLOCK elements of any class.
    unsafe {
        if out_direct && (0..ins.len()).all(direct) {
            for k in 0..ins.len() {
                pointers[k] = in_at(k, 0);
            }
            return (kernel.block)(n, &pointers[..ins.len()], out_at(0));
        }
        scratch_rows(kernel, class, out, ins, n, steps, &direct, out_direct, &in_at, &out_at);
    }
}

#[inline(never)]
#[allow(clippy::too_many_arguments)]
unsafe fn scratch_rows(
    kernel: Kernel,
    class: Class,
    out: &Operand,
    ins: &[Operand],
    n: usize,
    steps: &[usize; MAX_INPUTS + 1],
    direct: &dyn Fn(usize) -> bool,
    out_direct: bool,
    in_at: &dyn Fn(usize, usize) -> *const u8,
    out_at: &dyn Fn(usize) -> *mut u8,
) {
    let mut pointers = [std::ptr::null(); MAX_INPUTS];
    // SAFETY: blocks of bytes that may be uninitialised.
    let mut scratch = KEPT.take().unwrap_or_else(|| unsafe { Box::<Blocks>::new_uninit().assume_init() });
    let block = n.min(BLOCK);
    // An operand that comes twice is loaded once.
    let twice = |k: usize| {
        (0..k).find(|&j| in_at(j, 0) == in_at(k, 0) && ins[j].dtype == ins[k].dtype && steps[j + 1] == steps[k + 1])
    };
    // SAFETY: as the caller of `rows` says; scratch blocks hold BLOCK elements of any class.
    unsafe {
        for k in 0..ins.len() {
            if !direct(k) {
                if let Some(j) = twice(k) {
                    pointers[k] = pointers[j];
                    continue;
                }
                let s = scratch[k].as_mut_ptr().cast::<u8>();
                pointers[k] = s;
                if steps[k + 1] == 0 {
                    // A broadcast element: loaded once, repeated once.
                    load(ins[k].dtype, class, 1, in_at(k, 0), 1, s);
                    super::convert::move_words(class.size(), block, s, 0, s, 1);
                }
            }
        }
        let mut i = 0;
        while i < n {
            let m = (n - i).min(BLOCK);
            for k in 0..ins.len() {
                if direct(k) {
                    pointers[k] = in_at(k, i);
                } else if steps[k + 1] != 0 && pointers[k] == scratch[k].as_ptr().cast() {
                    load(ins[k].dtype, class, m, in_at(k, i), steps[k + 1], pointers[k].cast_mut());
                }
            }
            if out_direct {
                (kernel.block)(m, &pointers[..ins.len()], out_at(i));
            } else {
                let r = scratch[MAX_INPUTS].as_mut_ptr().cast::<u8>();
                (kernel.block)(m, &pointers[..ins.len()], r);
                store(kernel.out, out.dtype, m, r, out_at(i), steps[0]);
            }
            i += m;
        }
    }
    KEPT.set(Some(scratch));
}
