//! The kind of op that is one expression per element: promotion, broadcasting, the call of the kernel, the node.
//!
//! A row (`row.rs`) names its inputs, gives an expression per compute class, and one derivative per input as a closure of
//! the gradient `g` and of whatever it names: inputs (`x` is self) and the result `y`. What it names is what is saved.
use crate::cpu::pointwise::{Kernels, Operand as Memory, run};
use crate::device::{self, Device, Inside};
use crate::dtype::{Category, Class, DType, Element, Scalar, can_cast, default_dtype};
use crate::error::{Result, raise};
use crate::graph::{Formula, Grads, Recorder, grad_enabled};
use crate::layout::{Dims, Layout, broadcast};
use crate::ops::{Args, Out};
use crate::tensor::Tensor;
use smallvec::SmallVec;

mod on_gpu;
mod small;
use on_gpu::{device_of, on_gpu};
use small::{compute_small, write_small};

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
    /// Computes in float64 or complex128.
    Double,
}

/// One derivative: for which input, from what saved tensors (numbers of inputs; `RESULT`) and the row's plain numbers.
pub struct Grad {
    pub input: u8,
    pub needs: &'static [u8],
    pub formula: fn(&Tensor, &[Tensor], &[Scalar]) -> Result<Tensor>,
}
pub const RESULT: u8 = u8::MAX;

/// What is one expression per element. Its operands are, in this order: masks, which have no part in promotion; the
/// other inputs; plain numbers, which have no part in promotion either and are constants of the derivatives.
pub struct Row {
    pub op: &'static str,
    pub node: &'static str,
    /// All operands, as the expressions name them.
    pub names: &'static [&'static str],
    /// Masks and inputs.
    pub inputs: &'static [&'static str],
    pub masks: usize,
    /// How many operands there are.
    pub arity: usize,
    pub kernels: Kernels,
    /// The same expressions for the GPU.
    pub wgsl: crate::gpu::pointwise::Wgsl,
    pub rule: Rule,
    /// Refuses operands that PyTorch refuses in words of its own.
    pub check: Option<fn(&[Operand]) -> Result<()>>,
    pub grads: &'static [Grad],
}

/// A row and the operands that a call means.
pub struct Chosen<'a> {
    pub row: &'static Row,
    pub operands: Operands<'a>,
}
pub type Operands<'a> = SmallVec<[Operand<'a>; 4]>;
impl<'a> Chosen<'a> {
    pub fn new<const N: usize>(row: &'static Row, operands: [Operand<'a>; N]) -> Self {
        Self { row, operands: operands.into_iter().collect() }
    }
    pub fn apply(&self) -> Result<Out> {
        Ok(Out::Tensor(apply(self.row, &self.operands)?))
    }
    pub fn apply_into(&self, into: &Tensor) -> Result<()> {
        apply_into(self.row, &self.operands, into)
    }
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

/// The name of a kernel as PyTorch's messages have it.
fn kernel_name(row: &Row) -> String {
    match row.op {
        op @ ("ceil" | "floor" | "round" | "trunc" | "erf" | "erfc" | "erfinv" | "i0" | "lgamma") => {
            format!("{op}_vml_cpu")
        }
        op @ ("pow" | "digamma") => op.into(),
        "bitwise_left_shift" => "lshift_cpu".into(),
        "bitwise_right_shift" => "rshift_cpu".into(),
        "logit_eps" => "logit_cpu".into(),
        "nextafter_in" => "nextafter_cpu".into(),
        "addcmul" => "addcmul_cpu_out".into(),
        "addcdiv" => "addcdiv_cpu_out".into(),
        "lerp" => "lerp_kernel_tensor".into(),
        "lerp_by" => "lerp_kernel_scalar".into(),
        op => format!("{}_cpu", op.strip_prefix("special_").unwrap_or(op)),
    }
}

#[cold]
fn not_implemented(row: &Row, dtype: DType) -> crate::Error {
    let message = format!("\"{}\" not implemented for '{}'", kernel_name(row), dtype.scalar_name());
    crate::Error::new(crate::error::Kind::NotImplemented, message)
}

fn operands<'a>(args: &Args<'a, '_>) -> Result<Operands<'a>> {
    (0..args.len()).map(|i| args.operand(i)).collect()
}
pub fn apply_args(row: &'static Row, args: &Args) -> Result<Out> {
    Ok(Out::Tensor(apply(row, &operands(args)?)?))
}
pub fn apply_args_into(row: &'static Row, args: &Args, into: &Tensor) -> Result<()> {
    apply_into(row, &operands(args)?, into)
}

/// The op on its operands, recorded.
pub fn apply(row: &'static Row, operands: &[Operand]) -> Result<Tensor> {
    if let Some(check) = row.check {
        check(operands)?;
    }
    let y = match compute_small(row, operands) {
        Some(y) => y?,
        None => compute(row, operands, None)?.expect("made when there is nothing to write into"),
    };
    if !row.grads.is_empty() && grad_enabled() && operands.iter().any(|o| o.requires_grad()) {
        return record(row, operands, y);
    }
    Ok(y)
}

/// The op's values, written over those of `into`; not recorded.
pub fn apply_into(row: &'static Row, operands: &[Operand], into: &Tensor) -> Result<()> {
    if let Some(check) = row.check {
        check(operands)?;
    }
    if write_small(row, operands, into) {
        return Ok(());
    }
    compute(row, operands, Some(into)).map(drop)
}

/// The dtype in which a row computes.
fn common_dtype(row: &Row, operands: &[Operand]) -> DType {
    let dtype = match &operands[row.masks..row.inputs.len()] {
        [Operand::Tensor(a)] => a.dtype(),
        [Operand::Tensor(a), Operand::Tensor(b)] if a.dtype() == b.dtype() => a.dtype(),
        several => result_type(several),
    };
    match row.rule {
        Rule::Float if dtype.is_integral() => default_dtype(),
        Rule::Double if dtype.is_complex() => DType::C128,
        Rule::Double => DType::F64,
        _ => dtype,
    }
}

/// Runs the kernel into a new tensor, or into the memory of `into`. Nothing is recorded.
fn compute(row: &'static Row, operands: &[Operand], into: Option<&Tensor>) -> Result<Option<Tensor>> {
    let device = device_of(operands, into)?;
    if device.is_gpu() && device::current() != device {
        let _inside = named(row, device, operands);
        return compute_there(row, operands, into);
    }
    compute_there(row, operands, into)
}
/// While it lives, errors and warnings name the row's op.
fn named(row: &Row, device: Device, operands: &[Operand]) -> Inside {
    Inside::new(device, row.node.split('#').next().unwrap_or(row.node), Some(operands[0].dtype()))
}
/// The same, on the device of this thread's work.
fn compute_there(row: &'static Row, operands: &[Operand], into: Option<&Tensor>) -> Result<Option<Tensor>> {
    let dtype = common_dtype(row, operands);
    let mut class = dtype.class();
    let kernel = match row.kernels.of(class) {
        // A predicate sees bools as the integers 0 and 1.
        None if class == Class::Bool && row.kernels.int.is_some_and(|k| k.out == Class::Bool) => {
            class = Class::I64;
            row.kernels.int
        }
        k => k,
    };
    let Some(kernel) = kernel else {
        // A predicate's bools could be written anywhere.
        if let Some(t) = into
            && row.kernels.f32.is_none_or(|k| k.out != Class::Bool)
        {
            check_cast(row, dtype, t)?;
        }
        return Err(not_implemented(row, dtype));
    };
    // A wider operand without dims is compared, or computed with in integers, as what it is in the common dtype.
    if dtype != class.dtype() && (dtype.is_integral() || kernel.out == Class::Bool) {
        let wide = |o: &Operand| o.tensor().is_some_and(|t| t.dtype().promote(dtype) != dtype);
        if operands[row.masks..].iter().any(wide) {
            let narrow: SmallVec<[Option<Tensor>; 4]> = operands
                .iter()
                .map(|o| if wide(o) { o.tensor().map(|t| t.cast_data(dtype)).transpose() } else { Ok(None) })
                .collect::<Result<_>>()?;
            let operands: Operands =
                operands.iter().zip(&narrow).map(|(o, n)| n.as_ref().map_or(*o, Operand::Tensor)).collect();
            return compute_there(row, &operands, into);
        }
    }
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
            kernel.out != Class::F64 || class != Class::C128 || !t.dtype().is_complex(),
            "In-place {} is not supported for complex tensors.",
            row.op
        );
        ensure!(
            t.shape() == &shape[..],
            "output with shape {} doesn't match the broadcast shape {}",
            crate::layout::show(t.shape()),
            crate::layout::show(&shape)
        );
        check_cast(row, result, t)?;
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
    if let Some(gpu) = operands.iter().find_map(|o| o.tensor()?.gpu()).or(into.and_then(Tensor::gpu)) {
        if let Some(text) = row.wgsl.of(class) {
            on_gpu(gpu, row, text, (class, kernel.out, dtype), &shape, out, operands)?;
            return Ok(made);
        }
        let _inside = named(row, out.device(), operands);
        crate::gpu::allow_fallback(out.device())?;
    }

    let mut numbers = [0u128; 6];
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
                let is_input = k < row.inputs.len() || dtype.is_integral();
                let s = if is_input { as_element(*s, dtype, kernel.out) } else { *s };
                let ptr = (&raw mut numbers[k]).cast::<u8>();
                // SAFETY: 16 bytes hold a value of any class.
                dispatch!(class class, T => unsafe { ptr.cast::<T>().write(T::of(s)) });
                Memory { ptr, dtype: class.dtype(), strides: &strides[k], offset: 0 }
            }
        });
    }
    // SAFETY: layouts lie inside their storages; an in-place call was checked for partial overlap by its caller.
    unsafe { run(kernel, class, &shape, out.memory(), &memory) };
    Ok(made)
}

fn check_cast(row: &Row, result: DType, into: &Tensor) -> Result<()> {
    let (from, to) = (result.scalar_name(), into.dtype().scalar_name());
    ensure!(
        row.rule != Rule::Double || result == into.dtype(),
        "the base given to float_power_ has dtype {to} but the operation's result requires dtype {from}"
    );
    ensure!(can_cast(result, into.dtype()), "result type {from} can't be cast to the desired output type {to}");
    Ok(())
}

/// A number as an operand of a kernel: integers wrap, and a comparison sees it rounded as the tensor's elements are.
fn as_element(s: Scalar, dtype: DType, out: Class) -> Scalar {
    if dtype == dtype.class().dtype() || (!dtype.is_integral() && out != Class::Bool) {
        return s;
    }
    dispatch!(all dtype, T => T::of(s).scalar())
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
    let (operands, numbers) = operands.split_at(row.inputs.len());
    let numbers: SmallVec<[Scalar; 2]> = numbers
        .iter()
        .map(|o| match o {
            Operand::Scalar(s) => Ok(*s),
            Operand::Tensor(t) => t.item(),
        })
        .collect::<Result<_>>()?;
    // An operand that is a number stands in the node's inputs as a constant.
    let dtype = common_dtype(row, operands);
    let constants: SmallVec<[Option<Tensor>; 3]> =
        operands.iter().map(|o| o.tensor().is_none().then(|| o.to_tensor(dtype)).transpose()).collect::<Result<_>>()?;
    let inputs: SmallVec<[&Tensor; 3]> = operands
        .iter()
        .zip(&constants)
        .map(|(o, n)| o.tensor().or(n.as_ref()).expect("a tensor or a number made one"))
        .collect();
    y.record(row.node, &inputs, |r, y| formula(row, &inputs, numbers, r, y))
}

fn formula(
    row: &'static Row,
    inputs: &[&Tensor],
    numbers: SmallVec<[Scalar; 2]>,
    r: &mut Recorder,
    y: &Tensor,
) -> Formula {
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
            grads[grad.input as usize] = Some((grad.formula)(g, &saved, &numbers)?);
        }
        Ok(grads)
    })
}

// Operators are for formulas and tests, where shapes are right by construction; the ops themselves return Result.
macro_rules! operators {
    ($($trait:ident $method:ident $op:ident),*) => { $(
        impl std::ops::$trait<&Tensor> for &Tensor {
            type Output = Tensor;
            fn $method(self, o: &Tensor) -> Tensor { crate::ops::$op(self, o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
        impl std::ops::$trait<&Tensor> for Tensor {
            type Output = Tensor;
            fn $method(self, o: &Tensor) -> Tensor { crate::ops::$op(&self, o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
        impl std::ops::$trait<Tensor> for &Tensor {
            type Output = Tensor;
            fn $method(self, o: Tensor) -> Tensor { crate::ops::$op(self, &o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
        impl std::ops::$trait<Tensor> for Tensor {
            type Output = Tensor;
            fn $method(self, o: Tensor) -> Tensor { crate::ops::$op(&self, &o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
        impl std::ops::$trait<f64> for &Tensor {
            type Output = Tensor;
            fn $method(self, o: f64) -> Tensor { crate::ops::$op(self, o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
        impl std::ops::$trait<f64> for Tensor {
            type Output = Tensor;
            fn $method(self, o: f64) -> Tensor { crate::ops::$op(&self, o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
        impl std::ops::$trait<&Tensor> for f64 {
            type Output = Tensor;
            fn $method(self, o: &Tensor) -> Tensor { crate::ops::$op(self, o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
        impl std::ops::$trait<Tensor> for f64 {
            type Output = Tensor;
            fn $method(self, o: Tensor) -> Tensor { crate::ops::$op(self, &o).unwrap_or_else(|e| raise(stringify!($op), e)) }
        }
    )* };
}
operators!(Add add add, Sub sub sub, Mul mul mul, Div div div);
impl std::ops::Neg for &Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        crate::ops::neg(self).unwrap_or_else(|e| raise("neg", e))
    }
}
impl std::ops::Neg for Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        crate::ops::neg(&self).unwrap_or_else(|e| raise("neg", e))
    }
}
