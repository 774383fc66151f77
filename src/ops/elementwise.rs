//! The kind of op that is one expression per element: promotion, broadcasting, the call of the kernel, the node.
//!
//! A row names its inputs, gives an expression per compute class, and one derivative per input as a closure of the
//! gradient `g` and of whatever it names: inputs (`x` is self) and the result `y`. What it names is what is saved.
use crate::cpu::pointwise::{Kernels, Operand as Memory, run};
use crate::dtype::{Category, Class, DType, Scalar, can_cast, default_dtype};
use crate::error::Result;
use crate::graph::{Formula, Grads, Recorder, grad_enabled};
use crate::layout::{Dims, Layout, broadcast};
use crate::ops::{Args, Out};
use crate::storage::Storage;
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::mem::MaybeUninit;

/// A tensor, or a Python number that takes part in promotion by its category only.
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    Tensor(&'a Tensor),
    Scalar(Scalar),
}
impl<'a> From<&'a Tensor> for Operand<'a> {
    fn from(t: &'a Tensor) -> Self {
        Operand::Tensor(t)
    }
}
impl<T: Into<Scalar>> From<T> for Operand<'_> {
    fn from(s: T) -> Self {
        Operand::Scalar(s.into())
    }
}
impl<'a> Operand<'a> {
    pub fn tensor(self) -> Option<&'a Tensor> {
        match self {
            Operand::Tensor(t) => Some(t),
            Operand::Scalar(_) => None,
        }
    }
    pub fn dtype(self) -> DType {
        match self {
            Operand::Tensor(t) => t.dtype(),
            Operand::Scalar(s) => s.dtype(),
        }
    }
    pub fn shape(&self) -> &[usize] {
        match self {
            Operand::Tensor(t) => t.shape(),
            Operand::Scalar(_) => &[],
        }
    }
    fn requires_grad(self) -> bool {
        self.tensor().is_some_and(Tensor::requires_grad)
    }
    /// The operand as a tensor; a number becomes a 0-dim tensor of `dtype`.
    pub fn to_tensor(self, dtype: DType) -> Result<Tensor> {
        match self {
            Operand::Tensor(t) => Ok(t.clone()),
            Operand::Scalar(s) => Tensor::scalar(s, dtype),
        }
    }
}

/// PyTorch's promotion: tensors with dims count before 0-dim tensors, and those before Python numbers, unless a later
/// kind is of a higher category.
pub fn result_type(operands: &[Operand]) -> DType {
    let (mut dims, mut zero, mut number) = (None, None, None);
    let join = |slot: &mut Option<DType>, d: DType| *slot = Some(slot.map_or(d, |s| s.promote(d)));
    for o in operands {
        match o {
            Operand::Tensor(t) if t.rank() > 0 => join(&mut dims, t.dtype()),
            Operand::Tensor(t) => join(&mut zero, t.dtype()),
            Operand::Scalar(s) => join(&mut number, s.dtype()),
        }
    }
    let combine = |higher: Option<DType>, lower: Option<DType>| match (higher, lower) {
        (Some(h), None) => Some(h),
        (None, l) => l,
        (Some(h), Some(l)) => Some(match (h.category(), l.category()) {
            (Category::Complex, _) => h,
            (Category::Float, Category::Complex) => h.to_complex(),
            (Category::Float, _) => h,
            (Category::Bool, _) | (_, Category::Float | Category::Complex) => h.promote(l),
            _ => h,
        }),
    };
    combine(dims, combine(zero, number)).unwrap_or_else(default_dtype)
}

/// How a row treats its operands' common dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Computes in it.
    Keep,
    /// Integers become the default float type first.
    Float,
}

/// One derivative: for which input, from what saved tensors (numbers of inputs; `RESULT`).
pub struct Grad {
    pub input: u8,
    pub needs: &'static [u8],
    pub formula: fn(&Tensor, &[Tensor]) -> Result<Tensor>,
}
pub const RESULT: u8 = u8::MAX;

pub struct Row {
    pub op: &'static str,
    pub inputs: &'static [&'static str],
    pub kernels: Kernels,
    pub rule: Rule,
    pub grads: &'static [Grad],
}

/// The number of an input, for `pointwise!`.
pub const fn input_number(name: &str, inputs: &[&str]) -> u8 {
    const fn same(a: &[u8], b: &[u8]) -> bool {
        if a.len() != b.len() {
            return false;
        }
        let mut i = 0;
        while i < a.len() {
            if a[i] != b[i] {
                return false;
            }
            i += 1;
        }
        true
    }
    let mut i = 0;
    while i < inputs.len() {
        if same(name.as_bytes(), inputs[i].as_bytes()) {
            return i as u8;
        }
        i += 1;
    }
    assert!(same(name.as_bytes(), b"y"), "a derivative names neither an input nor the result `y`");
    RESULT
}

/// A formula may give a tensor or a result.
pub trait IntoGrad {
    fn into_grad(self) -> Result<Tensor>;
}
impl IntoGrad for Tensor {
    fn into_grad(self) -> Result<Tensor> {
        Ok(self)
    }
}
impl IntoGrad for Result<Tensor> {
    fn into_grad(self) -> Result<Tensor> {
        self
    }
}

fn not_implemented(row: &Row, dtype: DType) -> crate::Error {
    let message = format!("\"{}_cpu\" not implemented for '{}'", row.op, dtype.scalar_name());
    crate::Error::new(crate::error::Kind::NotImplemented, message)
}

pub fn apply_args(row: &'static Row, args: &Args) -> Result<Out> {
    let mut operands: SmallVec<[Operand; 3]> = SmallVec::new();
    for i in 0..args.len() {
        operands.push(args.operand(i)?);
    }
    Ok(Out::Tensor(apply(row, &operands)?))
}

pub fn apply_args_into(row: &'static Row, args: &Args, into: &Tensor) -> Result<()> {
    let mut operands: SmallVec<[Operand; 3]> = SmallVec::new();
    for i in 0..args.len() {
        operands.push(args.operand(i)?);
    }
    compute(row, &operands, Some(into)).map(drop)
}

/// The op on its operands, recorded.
pub fn apply(row: &'static Row, operands: &[Operand]) -> Result<Tensor> {
    let y = match compute_small(row, operands) {
        Some(y) => y?,
        None => compute(row, operands, None)?.expect("made when there is nothing to write into"),
    };
    if !row.grads.is_empty() && grad_enabled() && operands.iter().any(|o| o.requires_grad()) {
        return record(row, operands, y);
    }
    Ok(y)
}

/// Elements up to which `compute_small` may repeat a number on the stack.
const SMALL: usize = 64;

/// The common case of small tensors, without the general case's book-keeping: operands of one dtype, which is its own
/// compute class, of one shape and contiguous, or numbers that do not promote it. `None` where that does not hold.
#[inline]
fn compute_small(row: &'static Row, operands: &[Operand]) -> Option<Result<Tensor>> {
    let first = operands.iter().find_map(|o| o.tensor())?;
    let dtype = first.dtype();
    let class = dtype.class();
    let n = first.numel();
    if n > SMALL || n == 0 || class.dtype() != dtype || !first.is_contiguous() {
        return None;
    }
    if row.rule == Rule::Float && dtype.is_integral() {
        return None;
    }
    let kernel = row.kernels.of(class)?;
    let result = match (kernel.out, class) {
        (Class::Bool, _) => DType::Bool,
        (Class::F64, Class::C128) => return None,
        _ => dtype,
    };
    let mut numbers = [const { MaybeUninit::<[u64; SMALL]>::uninit() }; 2];
    let mut used = 0;
    let mut pointers = [std::ptr::null::<u8>(); 4];
    if operands.len() > pointers.len() {
        return None;
    }
    for (k, o) in operands.iter().enumerate() {
        pointers[k] = match o {
            Operand::Tensor(t) if t.dtype() == dtype && t.shape() == first.shape() && t.is_contiguous() => t.data_ptr(),
            Operand::Scalar(s) if s.category() <= dtype.category() && used < 2 && class.size() <= 8 => {
                let block = numbers[used].as_mut_ptr().cast::<u8>();
                used += 1;
                dispatch!(class class, T => {
                    let v = <T as crate::dtype::Element>::of(*s);
                    for i in 0..n {
                        // SAFETY: at most SMALL elements of at most 8 bytes.
                        unsafe { block.cast::<T>().add(i).write_unaligned(v) };
                    }
                });
                block.cast_const()
            }
            _ => return None,
        };
    }
    let storage = match Storage::empty(n * result.size()) {
        Ok(s) => s,
        Err(e) => return Some(Err(e)),
    };
    let layout = first.layout();
    let layout = Layout { offset: 0, ..layout.clone() };
    // SAFETY: every operand has n contiguous elements of the kernel's class, and so has the new storage.
    unsafe { (kernel.block)(n, &pointers[..operands.len()], storage.ptr()) };
    Some(Ok(Tensor::new(storage, layout, result)))
}

/// Runs the kernel into a new tensor, or into the memory of `into`. Nothing is recorded.
fn compute(row: &'static Row, operands: &[Operand], into: Option<&Tensor>) -> Result<Option<Tensor>> {
    let dtype = match operands {
        [Operand::Tensor(a)] => a.dtype(),
        [Operand::Tensor(a), Operand::Tensor(b)] if a.dtype() == b.dtype() => a.dtype(),
        _ => result_type(operands),
    };
    let dtype = if row.rule == Rule::Float && dtype.is_integral() { default_dtype() } else { dtype };
    let mut class = dtype.class();
    let kernel = match row.kernels.of(class) {
        None if class == Class::Bool => {
            class = Class::I64;
            row.kernels.int
        }
        k => k,
    };
    let Some(kernel) = kernel else { return Err(not_implemented(row, dtype)) };
    let result = match (kernel.out, class) {
        (Class::Bool, _) => DType::Bool,
        (Class::F64, Class::C128) => dtype.to_real(),
        _ => dtype,
    };

    let first = operands[0];
    let mut shape: Dims = first.shape().into();
    for o in &operands[1..] {
        if o.shape() != &shape[..] {
            shape = broadcast(&shape, o.shape())?;
        }
    }
    if let Some(t) = into {
        ensure!(
            t.shape() == &shape[..],
            "output with shape {} doesn't match the broadcast shape {}",
            crate::layout::show(t.shape()),
            crate::layout::show(&shape)
        );
        ensure!(
            can_cast(result, t.dtype()),
            "result type {} can't be cast to the desired output type {}",
            result.scalar_name(),
            t.dtype().scalar_name()
        );
    }
    let made = match into {
        Some(_) => None,
        None => {
            // The first operand of full shape gives the order of dims.
            let layout = operands.iter().find_map(|o| o.tensor().filter(|t| t.shape() == &shape[..]));
            let layout = layout.map_or_else(|| Layout::contiguous(&shape), |t| t.layout().like());
            Some(Tensor::empty_as(layout, result)?)
        }
    };
    let out = into.or(made.as_ref()).expect("one of the two");

    let mut numbers = [0u128; 4];
    let mut strides: SmallVec<[Dims; 3]> = SmallVec::new();
    for o in operands {
        strides.push(match o {
            Operand::Tensor(t) if t.shape() == &shape[..] => t.strides().into(),
            Operand::Tensor(t) => t.layout().broadcast_strides(&shape),
            Operand::Scalar(_) => smallvec::smallvec![0; shape.len()],
        });
    }
    let mut memory: SmallVec<[Memory; 3]> = SmallVec::new();
    for (k, o) in operands.iter().enumerate() {
        memory.push(match o {
            Operand::Tensor(t) => Memory { strides: &strides[k], ..t.memory() },
            Operand::Scalar(s) => {
                let ptr = (&raw mut numbers[k]).cast::<u8>();
                // SAFETY: 16 bytes hold a value of any class.
                dispatch!(class class, T => unsafe { ptr.cast::<T>().write(<T as crate::dtype::Element>::of(*s)) });
                Memory { ptr, dtype: class.dtype(), strides: &strides[k], offset: 0 }
            }
        });
    }
    // SAFETY: layouts lie inside their storages; an in-place call was checked for partial overlap by its caller.
    unsafe { run(kernel, class, &shape, out.memory(), &memory) };
    Ok(made)
}

#[cold]
fn saved_name(ident: &'static str) -> &'static str {
    match ident {
        "x" => "self",
        "y" => "result",
        name => name,
    }
}

fn record(row: &'static Row, operands: &[Operand], y: Tensor) -> Result<Tensor> {
    let dtype = result_type(operands);
    // Numbers stand in the node's inputs as constants.
    let numbers: SmallVec<[Option<Tensor>; 3]> =
        operands.iter().map(|o| o.tensor().is_none().then(|| o.to_tensor(dtype)).transpose()).collect::<Result<_>>()?;
    let inputs: SmallVec<[&Tensor; 3]> = operands
        .iter()
        .zip(&numbers)
        .map(|(o, n)| o.tensor().or(n.as_ref()).expect("a tensor or a number made one"))
        .collect();
    y.record(row.op, &inputs, |r, y| formula(row, &inputs, r, y))
}

fn formula(row: &'static Row, inputs: &[&Tensor], r: &mut Recorder, y: &Tensor) -> Formula {
    let wanted = |g: &&Grad| inputs[g.input as usize].requires_grad();
    let mut at: [Option<crate::graph::SavedAt>; 8] = [None; 8];
    for &n in row.grads.iter().filter(wanted).flat_map(|g| g.needs) {
        if n == RESULT {
            at[7].get_or_insert_with(|| r.output("result", y));
        } else {
            let n = n as usize;
            at[n].get_or_insert_with(|| r.input(saved_name(row.inputs[n]), inputs[n]));
        }
    }
    let count = inputs.len();
    Box::new(move |node, g| {
        let mut grads: Grads = smallvec::smallvec![None; count];
        let Some(g) = &g[0] else { return Ok(grads) };
        for grad in row.grads.iter().filter(|grad| node.needs(grad.input as usize)) {
            let mut saved: SmallVec<[Tensor; 3]> = SmallVec::new();
            for &n in grad.needs {
                let at = at[if n == RESULT { 7 } else { n as usize }];
                saved.push(node.get(at.expect("saved, as the formula names it"))?);
            }
            grads[grad.input as usize] = Some((grad.formula)(g, &saved)?);
        }
        Ok(grads)
    })
}

/// Rows of elementwise ops. Per row: doc, `name(inputs)`, schema, forms, rule, then expressions by class
/// (`bool`, `int`, `float`, `complex`; `_test` gives a bool, `complex_real` a real), derivatives and the tests' domain.
#[macro_export]
macro_rules! pointwise {
    ($($(#[doc = $doc:literal])* $name:ident $xs:tt $schema:literal $forms:literal $rule:ident {
        $(bool: $b:expr,)? $(int: $i:expr,)? $(int_test: $it:expr,)? $(float: $f:expr,)? $(float_test: $ft:expr,)?
        $(complex: $c:expr,)? $(complex_test: $ct:expr,)? $(complex_real: $cr:expr,)?
        grad: { $($in:ident: |$g:ident $(, $used:ident)*| $grad:expr),* $(,)? }, domain: $domain:expr $(,)?
    })*) => {
        $(
            $crate::pointwise!(@function $name $xs $(#[doc = $doc])*);
            #[allow(non_camel_case_types)]
            pub enum $name {}
            $(impl $crate::cpu::pointwise::BoolFn<{ $name::INPUTS.len() }> for $name {
                #[inline(always)]
                fn bool($crate::pointwise!(@pattern $xs): [bool; $name::INPUTS.len()]) -> bool { $b }
            })?
            $(impl $crate::cpu::pointwise::IntFn<{ $name::INPUTS.len() }> for $name {
                type Out = i64;
                #[inline(always)]
                fn int($crate::pointwise!(@pattern $xs): [i64; $name::INPUTS.len()]) -> i64 { $i }
            })?
            $(impl $crate::cpu::pointwise::IntFn<{ $name::INPUTS.len() }> for $name {
                type Out = bool;
                #[inline(always)]
                fn int($crate::pointwise!(@pattern $xs): [i64; $name::INPUTS.len()]) -> bool { $it }
            })?
            $(impl $crate::cpu::pointwise::FloatFn<{ $name::INPUTS.len() }> for $name {
                #[inline(always)]
                fn float<L: $crate::cpu::simd::Level, T: $crate::cpu::float::Float<L>>(
                    $crate::pointwise!(@pattern $xs): [T; $name::INPUTS.len()],
                ) -> T { $f }
            })?
            $(impl $crate::cpu::pointwise::FloatTest<{ $name::INPUTS.len() }> for $name {
                #[inline(always)]
                fn test<L: $crate::cpu::simd::Level, T: $crate::cpu::float::Float<L>>(
                    $crate::pointwise!(@pattern $xs): [T; $name::INPUTS.len()],
                ) -> bool { $ft }
            })?
            $(impl $crate::cpu::pointwise::ComplexFn<{ $name::INPUTS.len() }> for $name {
                type Out = $crate::dtype::C64;
                #[inline(always)]
                fn complex($crate::pointwise!(@pattern $xs): [$crate::dtype::C64; $name::INPUTS.len()]) -> $crate::dtype::C64 { $c }
            })?
            $(impl $crate::cpu::pointwise::ComplexFn<{ $name::INPUTS.len() }> for $name {
                type Out = bool;
                #[inline(always)]
                fn complex($crate::pointwise!(@pattern $xs): [$crate::dtype::C64; $name::INPUTS.len()]) -> bool { $ct }
            })?
            $(impl $crate::cpu::pointwise::ComplexFn<{ $name::INPUTS.len() }> for $name {
                type Out = f64;
                #[inline(always)]
                fn complex($crate::pointwise!(@pattern $xs): [$crate::dtype::C64; $name::INPUTS.len()]) -> f64 { $cr }
            })?
            impl $name {
                pub const INPUTS: &'static [&'static str] = &$crate::pointwise!(@names $xs);
                pub const ROW: &'static $crate::ops::elementwise::Row = &$crate::ops::elementwise::Row {
                    op: stringify!($name),
                    inputs: Self::INPUTS,
                    kernels: $crate::cpu::pointwise::Kernels::NONE
                        $(.bool::<Self, { $crate::pointwise!(@count $b; $name) }>())?
                        $(.int::<Self, { $crate::pointwise!(@count $i; $name) }>())?
                        $(.int::<Self, { $crate::pointwise!(@count $it; $name) }>())?
                        $(.float::<Self, { $crate::pointwise!(@count $f; $name) }>())?
                        $(.float_test::<Self, { $crate::pointwise!(@count $ft; $name) }>())?
                        $(.complex::<Self, { $crate::pointwise!(@count $c; $name) }>())?
                        $(.complex::<Self, { $crate::pointwise!(@count $ct; $name) }>())?
                        $(.complex::<Self, { $crate::pointwise!(@count $cr; $name) }>())?,
                    rule: $crate::ops::elementwise::Rule::$rule,
                    grads: &[$($crate::ops::elementwise::Grad {
                        input: $crate::ops::elementwise::input_number(stringify!($in), Self::INPUTS),
                        needs: &[$($crate::ops::elementwise::input_number(stringify!($used), Self::INPUTS)),*],
                        formula: |$g, saved| {
                            let [$($used),*] = saved else { unreachable!("saved by what the formula names") };
                            $crate::ops::elementwise::IntoGrad::into_grad($grad)
                        },
                    }),*],
                };
            }
        )*
        pub(super) fn pointwise_rows() -> Vec<$crate::ops::Op> {
            [$(($schema, $crate::ops::Op {
                schema: $schema,
                forms: $forms,
                doc: concat!($($doc, "\n"),*),
                row: Some($name::ROW),
                call: |a| $crate::ops::elementwise::apply_args($name::ROW, a),
                call_into: Some(|a, into| $crate::ops::elementwise::apply_args_into($name::ROW, a, into)),
                samples: |s| {
                    s.domain = $domain;
                    s.elementwise($name::INPUTS.len())
                },
            })),*].into_iter().filter(|row| !row.0.is_empty()).map(|row| row.1).collect()
        }
    };
    (@function $name:ident ($($x:ident),*) $(#[doc = $doc:literal])*) => {
        $(#[doc = $doc])*
        #[allow(clippy::needless_lifetimes, clippy::too_many_arguments)]
        pub fn $name<'a>($($x: impl Into<$crate::ops::Operand<'a>>),*) -> $crate::error::Result<$crate::Tensor> {
            $crate::ops::elementwise::apply($name::ROW, &[$($x.into()),*])
        }
    };
    (@pattern ($($x:ident),*)) => { [$($x),*] };
    (@names ($($x:ident),*)) => { [$(stringify!($x)),*] };
    // The number of inputs; `$any` only drives the repetition.
    (@count $any:expr; $name:ident) => { $name::INPUTS.len() };
}

// Operators are for formulas and tests, where shapes are right by construction; the ops themselves return Result.
macro_rules! operators {
    ($($trait:ident $method:ident $op:ident),*) => { $(
        impl std::ops::$trait<&Tensor> for &Tensor {
            type Output = Tensor;
            fn $method(self, o: &Tensor) -> Tensor { crate::ops::$op(self, o).expect(stringify!($op)) }
        }
        impl std::ops::$trait<&Tensor> for Tensor {
            type Output = Tensor;
            fn $method(self, o: &Tensor) -> Tensor { crate::ops::$op(&self, o).expect(stringify!($op)) }
        }
        impl std::ops::$trait<Tensor> for &Tensor {
            type Output = Tensor;
            fn $method(self, o: Tensor) -> Tensor { crate::ops::$op(self, &o).expect(stringify!($op)) }
        }
        impl std::ops::$trait<Tensor> for Tensor {
            type Output = Tensor;
            fn $method(self, o: Tensor) -> Tensor { crate::ops::$op(&self, &o).expect(stringify!($op)) }
        }
        impl std::ops::$trait<f64> for &Tensor {
            type Output = Tensor;
            fn $method(self, o: f64) -> Tensor { crate::ops::$op(self, o).expect(stringify!($op)) }
        }
        impl std::ops::$trait<f64> for Tensor {
            type Output = Tensor;
            fn $method(self, o: f64) -> Tensor { crate::ops::$op(&self, o).expect(stringify!($op)) }
        }
        impl std::ops::$trait<&Tensor> for f64 {
            type Output = Tensor;
            fn $method(self, o: &Tensor) -> Tensor { crate::ops::$op(self, o).expect(stringify!($op)) }
        }
        impl std::ops::$trait<Tensor> for f64 {
            type Output = Tensor;
            fn $method(self, o: Tensor) -> Tensor { crate::ops::$op(self, &o).expect(stringify!($op)) }
        }
    )* };
}
operators!(Add add add, Sub sub sub, Mul mul mul, Div div div);
impl std::ops::Neg for &Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        crate::ops::neg(self).expect("neg")
    }
}
impl std::ops::Neg for Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        crate::ops::neg(&self).expect("neg")
    }
}
