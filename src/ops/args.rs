//! Arguments and results of an op's row: what the binding reads by the row's schema, and what the row hands back.
use crate::device::{self, Device};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::ops::Op;
use crate::random::Generator;
use crate::tensor::Tensor;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::Arc;

pub type SharedGenerator = Arc<Mutex<Generator>>;

/// One argument, borrowed for the call.
#[derive(Clone)]
pub enum Arg<'a> {
    None,
    Tensor(&'a Tensor),
    Tensors(SmallVec<[&'a Tensor; 4]>),
    /// A list in which `None` may stand for a tensor.
    OptTensors(SmallVec<[Option<&'a Tensor>; 4]>),
    Scalar(Scalar),
    Scalars(Vec<Scalar>),
    Int(i64),
    Ints(SmallVec<[i64; 6]>),
    Float(f64),
    Floats(Vec<f64>),
    Bool(bool),
    Bools(SmallVec<[bool; 4]>),
    Str(&'a str),
    DType(DType),
    /// `torch.memory_format`: 0 contiguous, 1 preserve, 2 channels_last, 3 channels_last_3d.
    MemoryFormat(u8),
    Device(Device),
    Generator(SharedGenerator),
}

/// The arguments of a call, in the schema's order, defaults filled in.
#[derive(Clone, Copy)]
pub struct Args<'a, 'b>(pub &'b [Arg<'a>]);

macro_rules! getters {
    ($($(#[$m:meta])* $name:ident -> $t:ty { $($p:pat => $e:expr,)* })*) => { $(
        $(#[$m])*
        pub fn $name(&self, i: usize) -> Result<$t> {
            match &self.0[i] {
                $($p => Ok($e),)*
                other => bail!(Type, "argument {}: expected {}, got {}", i + 1, stringify!($name), other.kind()),
            }
        }
    )* };
}

impl<'a> Args<'a, '_> {
    getters! {
        tensor -> &'a Tensor { Arg::Tensor(t) => t, }
        opt_tensor -> Option<&'a Tensor> { Arg::Tensor(t) => Some(*t), Arg::None => None, }
        tensors -> SmallVec<[&'a Tensor; 4]> { Arg::Tensors(v) => v.clone(), }
        opt_tensors -> SmallVec<[Option<&'a Tensor>; 4]> {
            Arg::OptTensors(v) => v.clone(), Arg::Tensors(v) => v.iter().map(|t| Some(*t)).collect(),
        }
        operand -> super::Operand<'a> {
            Arg::Tensor(t) => super::Operand::Tensor(t), Arg::Scalar(s) => super::Operand::Scalar(*s),
            Arg::Int(v) => super::Operand::Scalar(Scalar::Int(*v)),
            Arg::Float(v) => super::Operand::Scalar(Scalar::Float(*v)),
            Arg::Bool(v) => super::Operand::Scalar(Scalar::Bool(*v)),
        }
        opt_operand -> Option<super::Operand<'a>> {
            Arg::None => None,
            Arg::Tensor(t) => Some(super::Operand::Tensor(t)), Arg::Scalar(s) => Some(super::Operand::Scalar(*s)),
            Arg::Int(v) => Some(super::Operand::Scalar(Scalar::Int(*v))),
            Arg::Float(v) => Some(super::Operand::Scalar(Scalar::Float(*v))),
        }
        scalar -> Scalar {
            Arg::Scalar(s) => *s, Arg::Int(v) => Scalar::Int(*v), Arg::Float(v) => Scalar::Float(*v),
            Arg::Bool(v) => Scalar::Bool(*v),
        }
        opt_scalar -> Option<Scalar> {
            Arg::Scalar(s) => Some(*s), Arg::Int(v) => Some(Scalar::Int(*v)), Arg::Float(v) => Some(Scalar::Float(*v)),
            Arg::Bool(v) => Some(Scalar::Bool(*v)), Arg::None => None,
        }
        int -> i64 { Arg::Int(v) => *v, Arg::Scalar(s) => s.to_i64(), Arg::Bool(v) => *v as i64, }
        opt_int -> Option<i64> { Arg::Int(v) => Some(*v), Arg::Scalar(s) => Some(s.to_i64()), Arg::None => None, }
        ints -> SmallVec<[i64; 6]> { Arg::Ints(v) => v.clone(), Arg::Int(v) => smallvec::smallvec![*v], }
        opt_ints -> Option<SmallVec<[i64; 6]>> {
            Arg::Ints(v) => Some(v.clone()), Arg::Int(v) => Some(smallvec::smallvec![*v]), Arg::None => None,
        }
        float -> f64 {
            Arg::Float(v) => *v, Arg::Int(v) => *v as f64, Arg::Scalar(s) => s.to_f64(), Arg::Bool(v) => *v as u8 as f64,
        }
        opt_float -> Option<f64> {
            Arg::Float(v) => Some(*v), Arg::Int(v) => Some(*v as f64), Arg::Scalar(s) => Some(s.to_f64()),
            Arg::None => None,
        }
        floats -> Vec<f64> { Arg::Floats(v) => v.clone(), Arg::Ints(v) => v.iter().map(|&i| i as f64).collect(), }
        opt_floats -> Option<Vec<f64>> {
            Arg::Floats(v) => Some(v.clone()), Arg::Ints(v) => Some(v.iter().map(|&i| i as f64).collect()),
            Arg::None => None,
        }
        bool -> bool { Arg::Bool(v) => *v, }
        opt_bool -> Option<bool> { Arg::Bool(v) => Some(*v), Arg::None => None, }
        bools -> SmallVec<[bool; 4]> { Arg::Bools(v) => v.clone(), }
        str -> &'a str { Arg::Str(s) => s, }
        opt_str -> Option<&'a str> { Arg::Str(s) => Some(*s), Arg::None => None, }
        dtype -> DType { Arg::DType(d) => *d, }
        opt_dtype -> Option<DType> { Arg::DType(d) => Some(*d), Arg::None => None, }
        opt_device -> Option<Device> { Arg::Device(d) => Some(*d), Arg::None => None, }
        opt_memory_format -> Option<u8> { Arg::MemoryFormat(m) => Some(*m), Arg::None => None, }
        opt_generator -> Option<&SharedGenerator> { Arg::Generator(g) => Some(g), Arg::None => None, }
    }
    /// Where an op with these arguments makes its results: where it is told to, or where its tensors are. Those must be
    /// in one place, but for tensors without dims, which may stay on the CPU, and what `APART` names.
    pub fn device(&self, op: &Op) -> Result<Device> {
        let (mut any, mut gpu) = (false, false);
        if let Some(d) = self.0.iter().find_map(|a| if let Arg::Device(d) = a { Some(*d) } else { None }) {
            return Ok(d);
        }
        self.each_tensor(|t| {
            any = true;
            gpu |= t.device().is_gpu();
        });
        match (any, gpu) {
            (_, true) => self.gpu(op),
            (true, false) => Ok(Device::Cpu),
            (false, false) => Ok(device::default()),
        }
    }
    #[inline]
    fn each_tensor(&self, mut f: impl FnMut(&Tensor)) {
        self.0.iter().for_each(|a| a.each_tensor(&mut f));
    }
    /// The same where a tensor is on a GPU.
    #[cold]
    fn gpu(&self, op: &Op) -> Result<Device> {
        let mut there = None;
        let mut dims: SmallVec<[Device; 2]> = SmallVec::new();
        let (place, apart) = op.apart();
        for (i, a) in self.0.iter().enumerate() {
            if !apart.contains(&i) {
                a.each_tensor(&mut |t| {
                    let device = t.device();
                    if there.is_none_or(|d| d == Device::Cpu) {
                        there = Some(device);
                    }
                    if t.rank() > 0 && !dims.contains(&device) {
                        dims.push(device);
                    }
                });
            } else if let (Apart::OnTheHost, Arg::Tensor(t)) = (place, a) {
                ensure!(
                    !t.device().is_gpu(),
                    "{} expected {} to be on cpu, but it's on {}",
                    op.name(),
                    op.parsed().params[i].name,
                    t.device()
                );
            }
        }
        let there = there.unwrap_or_default();
        if let Some(other) = dims.iter().find(|d| **d != there) {
            bail!(
                "Expected all tensors to be on the same device, but found at least two devices, {there} and {other}!"
            );
        }
        Ok(there)
    }
    /// The dtype of the first tensor.
    pub fn first_dtype(&self) -> Option<DType> {
        self.0.iter().find_map(|a| match a {
            Arg::Tensor(t) => Some(t.dtype()),
            Arg::Tensors(v) => v.first().map(|t| t.dtype()),
            Arg::OptTensors(v) => v.iter().flatten().next().map(|t| t.dtype()),
            _ => None,
        })
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where an argument may be that need not be where the others are.
#[derive(Clone, Copy, PartialEq)]
enum Apart {
    /// Anywhere: sources of copies, indices, lengths of `ctc_loss`.
    Anywhere,
    /// On the CPU and nowhere else, as in PyTorch, for the host reads it: lengths, numbers per step, places to cut.
    OnTheHost,
}
/// Such arguments, by overload.
const APART: &[(&str, Apart, &[usize])] = &[
    ("copy_", Apart::Anywhere, &[1]),
    ("fill.Tensor", Apart::Anywhere, &[1]),
    ("fill_.Tensor", Apart::Anywhere, &[1]),
    ("to.other", Apart::Anywhere, &[1]),
    ("type_as", Apart::Anywhere, &[1]),
    ("_unsafe_index.Tensor", Apart::Anywhere, &[1]),
    ("index_put", Apart::Anywhere, &[1]),
    ("index_put_", Apart::Anywhere, &[1]),
    ("_unsafe_index_put", Apart::Anywhere, &[1]),
    ("ctc_loss.Tensor", Apart::Anywhere, &[2, 3]),
    ("_ctc_loss.Tensor", Apart::Anywhere, &[2, 3]),
    ("_pack_padded_sequence", Apart::OnTheHost, &[1]),
    ("_pad_packed_sequence", Apart::OnTheHost, &[1]),
    ("lstm.data", Apart::OnTheHost, &[1]),
    ("gru.data", Apart::OnTheHost, &[1]),
    ("rnn_tanh.data", Apart::OnTheHost, &[1]),
    ("rnn_relu.data", Apart::OnTheHost, &[1]),
    ("tensor_split.tensor_indices_or_sections", Apart::OnTheHost, &[1]),
];
impl Op {
    fn apart(&self) -> (Apart, &'static [usize]) {
        let overload = self.schema.split('(').next().unwrap_or_default();
        let found = APART.iter().find(|(name, ..)| *name == overload);
        found.map_or((Apart::Anywhere, &[]), |(_, place, arguments)| (*place, arguments))
    }
    /// The numbers of the arguments that the host reads, which must be on the CPU.
    pub fn read_by_the_host(&self) -> &'static [usize] {
        let (place, arguments) = self.apart();
        if place == Apart::OnTheHost { arguments } else { &[] }
    }
}

impl<'a> Arg<'a> {
    /// The same argument, borrowed for less long.
    pub fn reborrow<'b>(&'b self) -> Arg<'b>
    where
        'a: 'b,
    {
        match self {
            Arg::None => Arg::None,
            Arg::Tensor(t) => Arg::Tensor(t),
            Arg::Tensors(v) => Arg::Tensors(v.iter().copied().collect()),
            Arg::OptTensors(v) => Arg::OptTensors(v.iter().copied().collect()),
            Arg::Scalar(s) => Arg::Scalar(*s),
            Arg::Scalars(v) => Arg::Scalars(v.clone()),
            Arg::Int(v) => Arg::Int(*v),
            Arg::Ints(v) => Arg::Ints(v.clone()),
            Arg::Float(v) => Arg::Float(*v),
            Arg::Floats(v) => Arg::Floats(v.clone()),
            Arg::Bool(v) => Arg::Bool(*v),
            Arg::Bools(v) => Arg::Bools(v.clone()),
            Arg::Str(s) => Arg::Str(s),
            Arg::DType(d) => Arg::DType(*d),
            Arg::MemoryFormat(m) => Arg::MemoryFormat(*m),
            Arg::Device(d) => Arg::Device(*d),
            Arg::Generator(g) => Arg::Generator(g.clone()),
        }
    }
    #[inline]
    fn each_tensor(&self, f: &mut impl FnMut(&Tensor)) {
        match self {
            Arg::Tensor(t) => f(t),
            Arg::Tensors(v) => v.iter().for_each(|t| f(t)),
            Arg::OptTensors(v) => v.iter().flatten().for_each(|t| f(t)),
            _ => {}
        }
    }
    fn kind(&self) -> &'static str {
        match self {
            Arg::None => "None",
            Arg::Tensor(_) => "Tensor",
            Arg::Tensors(_) | Arg::OptTensors(_) => "a list of Tensors",
            Arg::Scalar(_) => "a number",
            Arg::Scalars(_) => "a list of numbers",
            Arg::Int(_) => "int",
            Arg::Ints(_) => "a list of ints",
            Arg::Float(_) => "float",
            Arg::Floats(_) => "a list of floats",
            Arg::Bool(_) => "bool",
            Arg::Bools(_) => "a list of bools",
            Arg::Str(_) => "str",
            Arg::DType(_) => "dtype",
            Arg::MemoryFormat(_) => "memory_format",
            Arg::Device(_) => "device",
            Arg::Generator(_) => "Generator",
        }
    }
}

/// What an op hands back.
#[allow(clippy::large_enum_variant)] // lives on the stack of one call
pub enum Out {
    Tensor(Tensor),
    /// A tuple; named where the schema names its results.
    Tuple(SmallVec<[Tensor; 4]>),
    List(Vec<Tensor>),
    Scalar(Scalar),
    Ints(Vec<i64>),
    DType(DType),
    None,
}

impl From<Tensor> for Out {
    fn from(t: Tensor) -> Self {
        Out::Tensor(t)
    }
}
impl From<(Tensor, Tensor)> for Out {
    fn from((a, b): (Tensor, Tensor)) -> Self {
        Out::Tuple(smallvec::smallvec![a, b])
    }
}
impl From<(Tensor, Tensor, Tensor)> for Out {
    fn from((a, b, c): (Tensor, Tensor, Tensor)) -> Self {
        Out::Tuple(smallvec::smallvec![a, b, c])
    }
}
impl From<Vec<Tensor>> for Out {
    fn from(v: Vec<Tensor>) -> Self {
        Out::List(v)
    }
}
impl From<()> for Out {
    fn from((): ()) -> Self {
        Out::None
    }
}
impl From<bool> for Out {
    fn from(v: bool) -> Self {
        Out::Scalar(Scalar::Bool(v))
    }
}
impl From<i64> for Out {
    fn from(v: i64) -> Self {
        Out::Scalar(Scalar::Int(v))
    }
}
impl From<Scalar> for Out {
    fn from(v: Scalar) -> Self {
        Out::Scalar(v)
    }
}

impl Out {
    pub fn tensor(self) -> Result<Tensor> {
        match self {
            Out::Tensor(t) => Ok(t),
            _ => bail!("the op does not return one tensor"),
        }
    }
    /// All tensors of the result.
    pub fn tensors(self) -> Vec<Tensor> {
        match self {
            Out::Tensor(t) => vec![t],
            Out::Tuple(v) => v.into_vec(),
            Out::List(v) => v,
            _ => vec![],
        }
    }
}

/// An owned argument: what a row's samples are made of.
#[derive(Clone)]
pub enum Value {
    None,
    Tensor(Tensor),
    Tensors(Vec<Tensor>),
    OptTensors(Vec<Option<Tensor>>),
    Scalar(Scalar),
    Int(i64),
    Ints(Vec<i64>),
    Float(f64),
    Floats(Vec<f64>),
    Bool(bool),
    Bools(Vec<bool>),
    Str(&'static str),
    DType(DType),
}

impl Value {
    pub fn arg(&self) -> Arg<'_> {
        match self {
            Value::None => Arg::None,
            Value::Tensor(t) => Arg::Tensor(t),
            Value::Tensors(v) => Arg::Tensors(v.iter().collect()),
            Value::OptTensors(v) => Arg::OptTensors(v.iter().map(Option::as_ref).collect()),
            Value::Scalar(s) => Arg::Scalar(*s),
            Value::Int(v) => Arg::Int(*v),
            Value::Ints(v) => Arg::Ints(v.iter().copied().collect()),
            Value::Float(v) => Arg::Float(*v),
            Value::Floats(v) => Arg::Floats(v.clone()),
            Value::Bool(v) => Arg::Bool(*v),
            Value::Bools(v) => Arg::Bools(v.iter().copied().collect()),
            Value::Str(s) => Arg::Str(s),
            Value::DType(d) => Arg::DType(*d),
        }
    }
}

macro_rules! value_from {
    ($($t:ty => $v:ident),*) => { $( impl From<$t> for Value { fn from(v: $t) -> Self { Value::$v(v.into()) } } )* };
}
value_from!(Tensor => Tensor, Vec<Tensor> => Tensors, i64 => Int, Vec<i64> => Ints, f64 => Float, bool => Bool,
    &'static str => Str, DType => DType, Vec<bool> => Bools, Vec<f64> => Floats, Scalar => Scalar);
impl<const N: usize> From<[i64; N]> for Value {
    fn from(v: [i64; N]) -> Self {
        Value::Ints(v.to_vec())
    }
}
