//! Reads Python arguments by a row's schema: tens of nanoseconds a call, no Python code run for ordinary arguments.
use super::identity::{is_tensor, tensor_of};
use super::types::{PyDType, PyGenerator, PyLayout, PyMemoryFormat, read_device, read_dtype};
use super::value::{is_int, items, read_bool, read_float, read_int, read_scalar, type_name};
use crate::dtype::Scalar;
use crate::ops::schema::{Kind, Param, Schema};
use crate::ops::{Arg, Op};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use smallvec::SmallVec;

/// The most parameters a row may have.
pub const MAX_PARAMS: usize = 24;

/// A parameter, ready for calls.
pub struct ReadyParam {
    pub param: Param,
    /// Accepted keywords, interned: the name itself first, then PyTorch's NumPy-style second names.
    keys: Vec<usize>,
    default: Option<Arg<'static>>,
    /// A Python number may stand for this tensor.
    pub number: bool,
}

/// One row, ready for calls.
pub struct Overload {
    pub op: &'static Op,
    pub schema: Schema,
    pub params: Vec<ReadyParam>,
    positional: usize,
    /// `view(2, 3)` may stand for `view((2, 3))`: there is one positional parameter, a list of ints.
    varargs: bool,
    /// A factory: takes `requires_grad` besides what its schema says.
    pub factory: bool,
    /// The result is a view of self, so the in-place form moves self instead of writing to it.
    pub is_view: bool,
    /// Self is a tensor, and every other parameter has a default.
    defaults_after_self: bool,
    /// Writes into self by itself (`fill_`), and hands self back.
    pub mutates: bool,
    /// Some parameter is neither a tensor nor a list of them.
    pub has_values: bool,
}

fn intern(name: &str) -> usize {
    let name = std::ffi::CString::new(name).expect("a parameter's name has no NUL");
    // SAFETY: a NUL-terminated string; the interned object is kept for ever. Attached: called at import.
    unsafe { ffi::PyUnicode_InternFromString(name.as_ptr()) as usize }
}

fn second_names(name: &str, method: bool) -> &'static [&'static str] {
    match name {
        "dim" => &["axis"],
        "keepdim" => &["keepdims"],
        "self" if !method => &["input", "x", "a", "x1"],
        "other" => &["x2"],
        _ => &[],
    }
}

pub fn default_arg(p: &Param) -> Option<Arg<'static>> {
    let text = p.default?;
    Some(match (p.kind, text) {
        (_, "None") => Arg::None,
        (Kind::Bool, t) => Arg::Bool(t == "True"),
        (Kind::Int, "Mean") => Arg::Int(1),
        (Kind::Int, t) => Arg::Int(t.parse().expect("an int default")),
        (Kind::Float, t) => Arg::Float(t.parse().expect("a float default")),
        (Kind::Scalar, "True") => Arg::Scalar(Scalar::Bool(true)),
        (Kind::Scalar, "False") => Arg::Scalar(Scalar::Bool(false)),
        (Kind::Scalar, t) => Arg::Scalar(match t.parse::<i64>() {
            Ok(i) => Scalar::Int(i),
            Err(_) => Scalar::Float(t.parse().expect("a number as default")),
        }),
        (Kind::Ints(n), t) => {
            let v: SmallVec<[i64; 6]> = numbers(t).map(|s| s.parse().expect("ints as default")).collect();
            match n {
                Some(n) if v.len() == 1 && !t.starts_with('[') => Arg::Ints(smallvec::smallvec![v[0]; n as usize]),
                _ => Arg::Ints(v),
            }
        }
        (Kind::Floats(_), t) => Arg::Floats(numbers(t).map(|s| s.parse().expect("floats as default")).collect()),
        (Kind::Str, t) => Arg::Str(Box::leak(t.trim_matches(['\'', '"']).to_string().into_boxed_str())),
        (Kind::MemoryFormat, t) => Arg::MemoryFormat(match t {
            "contiguous_format" => 0,
            "preserve_format" => 1,
            _ => panic!("unknown memory format {t}"),
        }),
        (Kind::DType, "long") => Arg::DType(crate::DType::I64),
        (Kind::DType, "float") => Arg::DType(crate::DType::F32),
        (Kind::Tensors | Kind::OptTensors, "[]") => Arg::Tensors(SmallVec::new()),
        (kind, t) => panic!("no default {t} for {kind:?}"),
    })
}
fn numbers(t: &str) -> impl Iterator<Item = &str> {
    t.trim_matches(['[', ']']).split(',').map(str::trim).filter(|s| !s.is_empty())
}

impl Overload {
    pub fn new(op: &'static Op, method: bool) -> Self {
        let schema = op.parsed();
        assert!(schema.params.len() <= MAX_PARAMS, "{}: too many parameters", op.schema);
        let params: Vec<ReadyParam> = schema
            .params
            .iter()
            .map(|p| ReadyParam {
                keys: std::iter::once(p.name).chain(second_names(p.name, method).iter().copied()).map(intern).collect(),
                default: default_arg(p),
                number: op.takes_number(&schema, p),
                param: p.clone(),
            })
            .collect();
        let positional = schema.params.iter().filter(|p| !p.keyword_only).count();
        let varargs = schema.takes_loose_ints(method);
        let factory = schema.is_factory();
        let is_view = op.schema.contains("(Tensor(a) self") && op.schema.ends_with("-> Tensor(a)");
        let mutates = op.schema.contains("(Tensor(a!) self");
        let defaults_after_self = params.first().is_some_and(|p| p.param.kind == Kind::Tensor)
            && params[1..].iter().all(|p| p.default.is_some());
        let has_values =
            schema.params.iter().any(|p| !matches!(p.kind, Kind::Tensor | Kind::Tensors | Kind::OptTensors));
        Self { op, defaults_after_self, params, positional, varargs, factory, is_view, mutates, has_values, schema }
    }
}

/// A call's arguments as the interpreter passes them.
#[derive(Clone, Copy)]
pub struct Call {
    /// A method's self, or null.
    pub slf: *mut PyObject,
    pub args: *const *mut PyObject,
    pub n: usize,
    /// A tuple of names, or null; their values follow the positional ones.
    pub names: *mut PyObject,
}

impl Call {
    /// # Safety: the call is in progress, and the thread attached; so for all methods.
    pub unsafe fn keywords(&self) -> usize {
        // SAFETY: null or a live tuple.
        unsafe { if self.names.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(self.names) as usize } }
    }
    unsafe fn keyword(&self, k: usize) -> (*mut PyObject, *mut PyObject) {
        // SAFETY: k is below `keywords`.
        unsafe { (ffi::PyTuple_GET_ITEM(self.names, k as isize), *self.args.add(self.n + k)) }
    }
    /// The value of a keyword that is no parameter of the row's own (`out`, `requires_grad`).
    pub unsafe fn find(&self, name: usize) -> Option<*mut PyObject> {
        // SAFETY: as above.
        unsafe { (0..self.keywords()).map(|k| self.keyword(k)).find(|kw| same_name(kw.0, name)).map(|kw| kw.1) }
    }
    pub unsafe fn positional(&self, i: usize) -> *mut PyObject {
        // SAFETY: i is below n, one more with self.
        unsafe {
            match (self.slf.is_null(), i) {
                (false, 0) => self.slf,
                (false, i) => *self.args.add(i - 1),
                (true, i) => *self.args.add(i),
            }
        }
    }
    pub fn count(&self) -> usize {
        self.n + !self.slf.is_null() as usize
    }
}

unsafe fn same_name(given: *mut PyObject, interned: usize) -> bool {
    // SAFETY: both are live strings.
    given as usize == interned || unsafe { ffi::PyUnicode_Compare(given, interned as *mut PyObject) == 0 }
}

pub type ArgList<'a> = SmallVec<[Arg<'a>; 8]>;

/// Keywords that the caller takes care of, by interned name.
pub struct Extra {
    pub out: usize,
    pub requires_grad: usize,
}
impl Extra {
    pub fn new() -> Self {
        Self { out: intern("out"), requires_grad: intern("requires_grad") }
    }
}

/// Why a call does not fit an overload.
pub enum Misfit {
    TooMany {
        most: usize,
        given: usize,
    },
    Missing(String),
    Unexpected(String),
    Wrong {
        name: &'static str,
        position: usize,
        expected: String,
        found: String,
    },
    /// Reading the argument raised.
    Raised(PyErr),
}

/// Reads a call whose only argument is a tensor, all others having defaults: `x.t()`, `x.sum()`. False if it is none.
///
/// # Safety
/// As `read`.
#[inline]
pub unsafe fn read_self<'a>(o: &'a Overload, call: Call, args: &mut ArgList<'a>) -> bool {
    // SAFETY: as the caller says.
    unsafe {
        if call.count() != 1 || !call.names.is_null() || !o.defaults_after_self || !is_tensor(call.positional(0)) {
            return false;
        }
        args.push(Arg::Tensor(tensor_of(call.positional(0))));
        args.extend(o.params[1..].iter().filter_map(|p| p.default.as_ref().map(Arg::reborrow)));
        true
    }
}

/// Reads the call by one overload.
///
/// # Safety
/// The call must be in progress and the thread attached; the arguments borrow from it.
pub unsafe fn read<'a>(o: &'a Overload, call: Call, extra: &Extra, args: &mut ArgList<'a>) -> Result<(), Misfit> {
    // SAFETY: as the caller says.
    unsafe {
        let mut found = [std::ptr::null_mut::<PyObject>(); MAX_PARAMS];
        let given = call.count();
        let first = !call.slf.is_null() as usize;
        let mut packed = None;
        if given > o.positional || (o.varargs && given == first + 1 && is_int(call.positional(first))) {
            if o.varargs && given > first {
                packed = Some(first);
                found[..first].fill(call.slf);
            } else {
                return Err(Misfit::TooMany { most: o.positional, given });
            }
        } else {
            for (i, slot) in found.iter_mut().enumerate().take(given) {
                *slot = call.positional(i);
            }
        }
        'keywords: for k in 0..call.keywords() {
            let (name, value) = call.keyword(k);
            if same_name(name, extra.out) && o.op.has('o') && !o.params.iter().any(|p| p.param.name == "out") {
                continue;
            }
            if o.factory && same_name(name, extra.requires_grad) {
                continue;
            }
            for by_pointer in [true, false] {
                for (i, p) in o.params.iter().enumerate() {
                    let hit =
                        p.keys.iter().any(|&key| if by_pointer { name as usize == key } else { same_name(name, key) });
                    if hit {
                        if !found[i].is_null() || packed == Some(i) {
                            return Err(Misfit::Unexpected(text(name)));
                        }
                        found[i] = value;
                        continue 'keywords;
                    }
                }
            }
            return Err(Misfit::Unexpected(text(name)));
        }
        args.clear();
        for (i, p) in o.params.iter().enumerate() {
            if packed == Some(i) {
                args.push(read_varargs(p, call, first)?);
                continue;
            }
            let object = found[i];
            if object.is_null() {
                match &p.default {
                    Some(d) => args.push(d.reborrow()),
                    None if p.param.optional && p.param.kind != Kind::Tensor && p.param.keyword_only => {
                        args.push(Arg::None)
                    }
                    None => return Err(Misfit::Missing(p.param.name.to_string())),
                }
                continue;
            }
            match read_one(p, object) {
                Ok(Some(arg)) => args.push(arg),
                Ok(None) => {
                    return Err(Misfit::Wrong {
                        name: p.param.name,
                        position: i + 1 - first,
                        expected: expected(&p.param),
                        found: type_name(object),
                    });
                }
                Err(e) => return Err(Misfit::Raised(e)),
            }
        }
        Ok(())
    }
}

unsafe fn read_varargs<'a>(p: &ReadyParam, call: Call, first: usize) -> Result<Arg<'a>, Misfit> {
    let mut v = SmallVec::new();
    for i in first..call.count() {
        // SAFETY: as the caller says.
        let object = unsafe { call.positional(i) };
        // SAFETY: as above.
        match unsafe { read_int(object) } {
            Ok(Some(n)) => v.push(n),
            Ok(None) => {
                // SAFETY: as above.
                let found = unsafe { type_name(object) };
                return Err(Misfit::Wrong {
                    name: p.param.name,
                    position: i + 1 - first,
                    expected: "int".into(),
                    found,
                });
            }
            Err(e) => return Err(Misfit::Raised(e)),
        }
    }
    Ok(Arg::Ints(v))
}

unsafe fn text(name: *mut PyObject) -> String {
    // SAFETY: a live string.
    unsafe { Borrowed::from_ptr(Python::assume_attached(), name).to_string() }
}
fn expected(p: &Param) -> String {
    match p.kind {
        Kind::Tensor => "Tensor",
        Kind::Tensors | Kind::OptTensors => "tuple of Tensors",
        Kind::Scalar => "Number",
        Kind::Scalars => "tuple of Scalars",
        Kind::Int => "int",
        Kind::Ints(_) => "tuple of ints",
        Kind::Float => "float",
        Kind::Floats(_) => "tuple of floats",
        Kind::Bool => "bool",
        Kind::Bools => "tuple of bools",
        Kind::Str => "str",
        Kind::DType => "torch.dtype",
        Kind::Layout => "torch.layout",
        Kind::Device => "torch.device",
        Kind::MemoryFormat => "torch.memory_format",
        Kind::Generator => "torch.Generator",
    }
    .to_string()
}

unsafe fn read_one<'a>(p: &ReadyParam, o: *mut PyObject) -> PyResult<Option<Arg<'a>>> {
    // SAFETY: a live object; borrowed tensors live as long as the call.
    unsafe {
        let kind = p.param.kind;
        if kind == Kind::Tensor {
            if is_tensor(o) {
                return Ok(Some(Arg::Tensor(tensor_of(o))));
            }
            if p.number {
                return Ok(read_scalar(o)?.map(Arg::Scalar));
            }
        }
        if o == ffi::Py_None() {
            let listed = matches!(kind, Kind::OptTensors);
            return Ok((p.param.optional && !listed).then_some(Arg::None));
        }
        let py = Python::assume_attached();
        let b = Borrowed::from_ptr(py, o);
        Ok(match kind {
            Kind::Tensor => None,
            Kind::Tensors => match items(o) {
                Some(v) if v.iter().all(|&t| is_tensor(t)) => {
                    Some(Arg::Tensors(v.into_iter().map(|t| tensor_of(t)).collect()))
                }
                _ => None,
            },
            Kind::OptTensors => match items(o) {
                Some(v) if v.iter().all(|&t| t == ffi::Py_None() || is_tensor(t)) => {
                    Some(Arg::OptTensors(v.into_iter().map(|t| (t != ffi::Py_None()).then(|| tensor_of(t))).collect()))
                }
                _ => None,
            },
            Kind::Scalar => read_scalar(o)?.map(Arg::Scalar),
            Kind::Scalars => match items(o) {
                Some(v) => {
                    let mut out = vec![];
                    for i in v {
                        match read_scalar(i)? {
                            Some(s) => out.push(s),
                            None => return Ok(None),
                        }
                    }
                    Some(Arg::Scalars(out))
                }
                None => None,
            },
            Kind::Int => read_int(o)?.map(Arg::Int),
            Kind::Ints(size) => match items(o) {
                Some(v) => {
                    let mut out = SmallVec::new();
                    for i in v {
                        match read_int(i)? {
                            Some(n) => out.push(n),
                            None => return Ok(None),
                        }
                    }
                    // One size for every dim: `stride=(2,)` as `stride=2`.
                    if let (Some(n), [one]) = (size, &out[..])
                        && n > 1
                    {
                        out = smallvec::smallvec![*one; n as usize];
                    }
                    Some(Arg::Ints(out))
                }
                None => match (size, read_int(o)?) {
                    (Some(n), Some(i)) => Some(Arg::Ints(smallvec::smallvec![i; n as usize])),
                    _ => None,
                },
            },
            Kind::Float => read_float(o)?.map(Arg::Float),
            Kind::Floats(size) => match items(o) {
                Some(v) => {
                    let mut out = vec![];
                    for i in v {
                        match read_float(i)? {
                            Some(f) => out.push(f),
                            None => return Ok(None),
                        }
                    }
                    Some(Arg::Floats(out))
                }
                None => match (size, read_float(o)?) {
                    (Some(n), Some(f)) => Some(Arg::Floats(vec![f; n as usize])),
                    _ => None,
                },
            },
            Kind::Bool => read_bool(o).map(Arg::Bool),
            Kind::Bools => match items(o) {
                Some(v) if v.iter().all(|&i| ffi::PyBool_Check(i) != 0) => {
                    Some(Arg::Bools(v.into_iter().map(|i| i == ffi::Py_True()).collect()))
                }
                _ => None,
            },
            Kind::Str => {
                let mut len = 0;
                let text = if ffi::PyUnicode_Check(o) != 0 {
                    ffi::PyUnicode_AsUTF8AndSize(o, &mut len)
                } else {
                    return Ok(None);
                };
                if text.is_null() {
                    return Err(PyErr::fetch(py));
                }
                let bytes = std::slice::from_raw_parts(text.cast::<u8>(), len as usize);
                std::str::from_utf8(bytes).ok().map(Arg::Str)
            }
            Kind::DType => match b.cast::<PyDType>() {
                Ok(d) => Some(Arg::DType(d.get().0)),
                Err(_) => read_dtype(&b).map(Arg::DType),
            },
            Kind::Layout => match b.cast::<PyLayout>() {
                Ok(l) if l.get().0 == "strided" => Some(Arg::None),
                Ok(l) => {
                    let message =
                        format!("layout torch.{} is not supported by rusttorch: use torch.strided", l.get().0);
                    return Err(pyo3::exceptions::PyNotImplementedError::new_err(message));
                }
                Err(_) => None,
            },
            Kind::Device => read_device(&b)?.map(Arg::Device),
            Kind::MemoryFormat => b.cast::<PyMemoryFormat>().ok().map(|m| Arg::MemoryFormat(m.get().0)),
            Kind::Generator => b.cast::<PyGenerator>().ok().map(|g| Arg::Generator(g.get().stream.clone())),
        })
    }
}
