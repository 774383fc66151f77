//! One call of a public name: the choice of an overload, in-place and `out=` forms, results, complaints.
use super::args::{ArgList, Call, Extra, Misfit, Overload, read, read_self};
use super::elementwise::call_elementwise;
use super::identity::{PyTensor, is_tensor, note_identity, tensor_of, wrap_ptr};
use super::names::Name;
use super::saved::Arguments;
use super::types::dtype_object;
use super::value::{number, type_name};
use crate::error::{Error, Kind};
use crate::graph::{Node, grad_enabled, packs};
use crate::ops::schema::Kind as ParamKind;
use crate::ops::{self, Arg, Args, Out};
use crate::site::{here, on_behalf, writing};
use crate::tensor::Tensor;
use crate::trace::{Of, Span};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// Elements from which a call lets other Python threads run meanwhile.
const DETACH: usize = 50_000;

/// Calls the name; a new reference or an error.
///
/// # Safety
/// A call in progress, the thread attached.
pub unsafe fn call_name(py: Python<'_>, name: &'static Name, call: Call, extra: &Extra) -> PyResult<*mut PyObject> {
    // SAFETY: as the caller says.
    unsafe {
        if let Some(unchanged) = name.unchanged
            && call.count() == 1
            && call.names.is_null()
            && is_tensor(call.positional(0))
            && unchanged(tensor_of(call.positional(0)))
        {
            ffi::Py_INCREF(call.positional(0));
            return Ok(call.positional(0));
        }
        if !crate::trace::on()
            && let Some(object) = call_elementwise(py, name, call)
        {
            return object;
        }
        let mut misfit = None;
        let mut args = ArgList::new();
        if let Some(o) = name.overloads.first()
            && read_self(o, call, &mut args)
        {
            return run(py, name, o, &args, call, extra);
        }
        for o in &name.overloads {
            match read(o, call, extra, &mut args) {
                Ok(()) => return run(py, name, o, &args, call, extra),
                Err(Misfit::Raised(e)) if name.overloads.len() == 1 => return Err(e),
                // An argument that could be read but is wrong (an unknown device) says more than one that does not fit.
                Err(m) if !matches!(misfit, Some(Misfit::Raised(_))) => misfit = Some(m),
                Err(_) => {}
            }
        }
        Err(complaint(name, call, misfit))
    }
}

/// Runs an overload that fits; an error of the engine names it, with the shapes and dtypes of its tensors.
unsafe fn run(
    py: Python<'_>,
    name: &'static Name,
    o: &Overload,
    args: &ArgList<'_>,
    call: Call,
    extra: &Extra,
) -> PyResult<*mut PyObject> {
    let _span = Span::begin(Of::Op, || {
        let shapes = if crate::trace::with_shapes() { shown_call("", o, args) } else { String::new() };
        (name.name.clone().into(), shapes)
    });
    // SAFETY: as the caller says.
    let done = unsafe { run_unnamed(py, name, o, args, call, extra) };
    // What was made is dropped should a warning be an error.
    let done = done.and_then(|object| match super::gpu::warn(py) {
        Ok(()) => Ok(object),
        Err(e) => {
            // SAFETY: the reference that `run_unnamed` gave.
            unsafe { ffi::Py_DECREF(object) };
            Err(e)
        }
    });
    done.map_err(|e| super::error::add_call(py, e, || shown_call(&name.name, o, args)))
}

/// `linear(input: float32[2, 3], weight: float32[5, 4])`.
fn shown_call(name: &str, o: &Overload, args: &[Arg]) -> String {
    const MOST: usize = 6;
    let tensor = |t: &Tensor| format!("{}{}", t.dtype().name(), crate::layout::show(t.shape()));
    let shown: Vec<String> = o
        .params
        .iter()
        .zip(args)
        .filter_map(|(p, a)| {
            let text = match a {
                Arg::Tensor(t) => tensor(t),
                Arg::Tensors(v) => {
                    let more = if v.len() > MOST { ", ..." } else { "" };
                    format!("[{}{more}]", v.iter().take(MOST).map(|t| tensor(t)).collect::<Vec<_>>().join(", "))
                }
                _ => return None,
            };
            Some(format!("{}: {text}", p.param.name))
        })
        .collect();
    format!("{name}({})", shown.join(", "))
}

unsafe fn run_unnamed(
    py: Python<'_>,
    name: &'static Name,
    o: &Overload,
    args: &ArgList<'_>,
    call: Call,
    extra: &Extra,
) -> PyResult<*mut PyObject> {
    // SAFETY: as the caller says.
    unsafe {
        let out = if o.op.has('o') && call.keywords() > 0 { call.find(extra.out) } else { None };
        let out = out.filter(|&o| o != ffi::Py_None());
        let slf = if call.count() > 0 { call.positional(0) } else { std::ptr::null_mut() };
        let _writing = writing(&name.name);
        if name.in_place || o.mutates {
            if slf.is_null() || !is_tensor(slf) {
                return Err(PyTypeError::new_err(format!("{}(): argument 'input' must be Tensor", name.name)));
            }
            if name.in_place {
                in_place(py, o, args, slf)?;
            } else {
                invoke(py, o, args)?;
            }
            note_all(py, call);
            ffi::Py_INCREF(slf);
            return Ok(slf);
        }
        if let Some(out) = out {
            return into_out(py, o, args, out);
        }
        let result = invoke(py, o, args)?;
        if o.has_values {
            keep_arguments(o, args, &result);
        }
        // Before results are wrapped: an op may hand back its argument.
        note_all(py, call);
        let object = to_python(py, &name.name, o, result)?;
        if o.factory
            && let Some(on) = call.find(extra.requires_grad)
            && ffi::PyObject_IsTrue(on) == 1
        {
            let made = super::object::require_new(tensor_of(object));
            note_identity(object);
            if let Err(e) = made {
                ffi::Py_DECREF(object);
                return Err(e);
            }
        }
        Ok(object)
    }
}

/// Leaves the arguments that are no tensors with the node that the call made, if it made one.
fn keep_arguments(o: &Overload, args: &[Arg], result: &Out) {
    let made = match result {
        Out::Tensor(t) => t,
        Out::Tuple(v) if !v.is_empty() => &v[0],
        Out::List(v) if !v.is_empty() => &v[0],
        _ => return,
    };
    if !args.iter().any(|a| matches!(a, Arg::Tensor(t) if t.same(made))) {
        Arguments::keep(made, || Arguments::of_call(&o.params, args));
    }
}

/// Lets tensors that got a history in this call know their objects.
pub(super) unsafe fn note_all(py: Python<'_>, call: Call) {
    // SAFETY: a call in progress.
    unsafe {
        for i in 0..call.count() + call.keywords() {
            let object = if i < call.count() { call.positional(i) } else { *call.args.add(call.n + i - call.count()) };
            if is_tensor(object) {
                note_identity(object);
            } else if ffi::PyTuple_CheckExact(object) != 0 || ffi::PyList_CheckExact(object) != 0 {
                note_identities(py, object);
            }
        }
    }
}

unsafe fn note_identities(py: Python<'_>, list: *mut PyObject) {
    // SAFETY: a live list or tuple.
    unsafe {
        for item in Borrowed::from_ptr(py, list).try_iter().into_iter().flatten().flatten() {
            if is_tensor(item.as_ptr()) {
                note_identity(item.as_ptr());
            }
        }
    }
}

/// The op itself; large work lets other Python threads run.
fn invoke(py: Python<'_>, o: &Overload, args: &[Arg]) -> PyResult<Out> {
    let work: usize = args
        .iter()
        .map(|a| match a {
            Arg::Tensor(t) => t.numel(),
            Arg::Tensors(v) => v.iter().map(|t| t.numel()).sum(),
            Arg::Ints(v) if o.factory => v.iter().map(|&n| n.max(0) as usize).fold(1, usize::saturating_mul),
            _ => 0,
        })
        .sum();
    if work < DETACH {
        return Ok(o.op.run(&Args(args))?);
    }
    let owned = Owned::new(args);
    let site = here(); // without the interpreter it could not be asked
    Ok(py.detach(|| on_behalf(site, || owned.with(|args| o.op.run(args))))?)
}

/// Arguments whose tensors are clones: good while other Python code runs, which may exchange what an object shows.
struct Owned<'a> {
    args: Vec<Arg<'a>>,
    tensors: Vec<Vec<Option<Tensor>>>,
}
impl<'a> Owned<'a> {
    fn new(args: &[Arg<'a>]) -> Self {
        let tensors = args
            .iter()
            .map(|a| match a {
                Arg::Tensor(t) => vec![Some((*t).clone())],
                Arg::Tensors(v) => v.iter().map(|t| Some((*t).clone())).collect(),
                Arg::OptTensors(v) => v.iter().map(|t| t.cloned()).collect(),
                _ => vec![],
            })
            .collect();
        Self { args: args.to_vec(), tensors }
    }
    fn with<R>(&self, f: impl FnOnce(&Args) -> R) -> R {
        let args: Vec<Arg> = self
            .args
            .iter()
            .zip(&self.tensors)
            .map(|(a, t)| match a {
                Arg::Tensor(_) => Arg::Tensor(t[0].as_ref().expect("cloned")),
                Arg::Tensors(_) => Arg::Tensors(t.iter().flatten().collect()),
                Arg::OptTensors(_) => Arg::OptTensors(t.iter().map(Option::as_ref).collect()),
                a => a.reborrow(),
            })
            .collect();
        f(&Args(&args))
    }
}

/// `x.add_(y)`: the result goes where `x` is.
unsafe fn in_place(py: Python<'_>, o: &Overload, args: &[Arg], slf: *mut PyObject) -> PyResult<()> {
    // SAFETY: a live tensor object; the borrow of its contents ends before `exchange`.
    unsafe {
        let x = tensor_of(slf);
        if o.is_view {
            if x.requires_grad() && grad_enabled() && x.grad_fn().is_none() {
                ops::check_writable(x)?;
            }
            let y = o.op.run(&Args(args))?.tensor()?;
            let place = y.place().clone();
            if let Some(e) = y.grad_fn() {
                x.set_grad_fn(e.node, e.nr);
            }
            Borrowed::from_ptr(py, slf).cast_unchecked::<PyTensor>().get().exchange(place);
            tensor_of(slf).storage().bump();
            return Ok(());
        }
        ops::check_writable(x)?;
        let tensors = || {
            args.iter().filter_map(|a| match a {
                Arg::Tensor(t) => Some(*t),
                _ => None,
            })
        };
        for t in tensors().skip(1) {
            ops::check_overlap(x, t)?;
        }
        if let Some(into) = o.op.call_into
            && !(grad_enabled() && tensors().any(Tensor::requires_grad))
        {
            o.op.scoped(&Args(args), || into(&Args(args), x))?;
            x.storage().bump();
            return Ok(());
        }
        let x = x.clone();
        let before = Node::next_seq();
        if !packs() {
            let y = invoke(py, o, args)?.tensor()?;
            return Ok(ops::assign_made_since(&x, &y, before)?);
        }
        // Hooks that pack what the op saves must not be given the memory that is about to be overwritten.
        let apart = |a: &Arg| match a {
            Arg::Tensor(t) if t.storage().same(x.storage()) => t.copy_in_graph().map(Some),
            _ => Ok(None),
        };
        let copies = args.iter().map(apart).collect::<Result<Vec<_>, _>>()?;
        let args: ArgList =
            args.iter().zip(&copies).map(|(a, c)| c.as_ref().map_or(a.reborrow(), Arg::Tensor)).collect();
        let y = invoke(py, o, &args)?.tensor()?;
        Ok(ops::assign(&x, &y)?)
    }
}

/// `add(x, y, out=z)`: resizes `z` if it must, and copies the result into it.
unsafe fn into_out(py: Python<'_>, o: &Overload, args: &[Arg], out: *mut PyObject) -> PyResult<*mut PyObject> {
    // SAFETY: a live object; borrows of contents end before `exchange`.
    unsafe {
        let targets: Vec<*mut PyObject> = if is_tensor(out) {
            vec![out]
        } else {
            let list: Vec<Bound<'_, PyAny>> = Borrowed::from_ptr(py, out).try_iter()?.collect::<PyResult<_>>()?;
            list.iter().map(|o| o.as_ptr()).collect()
        };
        if let Some(bad) = targets.iter().find(|&&t| !is_tensor(t)) {
            let found = type_name(*bad);
            return Err(PyTypeError::new_err(format!("{}(): argument 'out' must be Tensor, not {found}", o.op.name())));
        }
        let wants_grad = |a: &Arg| match a {
            Arg::Tensor(t) => t.requires_grad(),
            Arg::Tensors(v) => v.iter().any(|t| t.requires_grad()),
            _ => false,
        };
        if grad_enabled() && (args.iter().any(wants_grad) || targets.iter().any(|&t| tensor_of(t).requires_grad())) {
            let message = format!(
                "{}(): functions with out=... arguments don't support automatic differentiation, but one of the \
                 arguments requires grad.",
                o.op.name()
            );
            return Err(Error::new(Kind::Runtime, message).into());
        }
        if ops::READS_AS_IT_WRITES.contains(&o.op.name()) {
            for &target in &targets {
                for a in args {
                    match a {
                        Arg::Tensor(t) => ops::check_apart(tensor_of(target), t)?,
                        Arg::Tensors(v) => v.iter().try_for_each(|t| ops::check_apart(tensor_of(target), t))?,
                        _ => {}
                    }
                }
            }
        }
        if let (&[target], Some(into)) = (&targets[..], o.op.call_into) {
            let x = tensor_of(target);
            if ops::takes_directly(x, args) {
                o.op.scoped(&Args(args), || into(&Args(args), x))?;
                x.storage().bump();
                ffi::Py_INCREF(out);
                return Ok(out);
            }
        }
        let results = match targets.first().filter(|_| o.factory) {
            Some(&target) => invoke(py, o, &made_as(o, args, tensor_of(target))?)?.tensors(),
            None => invoke(py, o, args)?.tensors(),
        };
        if results.len() != targets.len() {
            let message = format!("{}() gives {} results, but out has {}", o.op.name(), results.len(), targets.len());
            return Err(PyTypeError::new_err(message));
        }
        for (&target, y) in targets.iter().zip(&results) {
            let (there, here) = (y.device(), tensor_of(target).device());
            if there != here {
                let message = format!("Expected out tensor to have device {there}, but got {here} instead");
                return Err(Error::new(Kind::Runtime, message).into());
            }
        }
        for (&target, y) in targets.iter().zip(&results) {
            let x = tensor_of(target).clone();
            if !crate::dtype::can_cast(y.dtype(), x.dtype()) {
                ops::assign(&x, y)?; // PyTorch's error
            }
            if x.shape() != y.shape() {
                let size: Vec<i64> = y.shape().iter().map(|&n| n as i64).collect();
                let place = super::storage::resized(&x, &size)?;
                Borrowed::from_ptr(py, target).cast_unchecked::<PyTensor>().get().exchange(place);
            }
            let x = tensor_of(target).clone();
            crate::graph::with_grad(false, || ops::assign(&x, y))?;
        }
        ffi::Py_INCREF(out);
        Ok(out)
    }
}

/// A factory's arguments with the dtype and the device of the tensor that its result goes to.
fn made_as<'a>(o: &Overload, args: &[Arg<'a>], out: &Tensor) -> PyResult<ArgList<'a>> {
    let mut args: ArgList = args.iter().cloned().collect();
    let refused = |message| Err(Error::new(Kind::Runtime, message).into());
    for (p, a) in o.params.iter().zip(&mut args) {
        match (p.param.name, &*a) {
            ("dtype", Arg::DType(asked)) if *asked != out.dtype() && matches!(p.param.default, None | Some("None")) => {
                let (asked, found) = (asked.scalar_name(), out.dtype().scalar_name());
                return refused(format!("dtype {asked} does not match dtype of out parameter ({found})"));
            }
            ("device", Arg::Device(asked)) if *asked != out.device() => {
                let (asked, found) = (asked.name(), out.device().name());
                return refused(format!("device type {asked} does not match device type of out parameter ({found})"));
            }
            ("dtype", _) => *a = Arg::DType(out.dtype()),
            ("device", _) => *a = Arg::Device(out.device()),
            _ => {}
        }
    }
    Ok(args)
}

static RESULT_TYPES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn to_python(py: Python<'_>, name: &str, o: &Overload, out: Out) -> PyResult<*mut PyObject> {
    Ok(match out {
        Out::Tensor(t) => wrap_ptr(py, t)?,
        Out::Tuple(v) => {
            let tuple = tuple_of(py, v.into_iter())?;
            if o.schema.results.is_empty() {
                return Ok(tuple.into_ptr());
            }
            let get = RESULT_TYPES.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
                Ok(py.import("rusttorch.return_types")?.getattr("get")?.unbind())
            })?;
            let class = get.bind(py).call1((name, PyTuple::new(py, &o.schema.results)?))?;
            class.call1((tuple,))?.into_ptr()
        }
        Out::List(v) => tuple_of(py, v.into_iter())?.into_ptr(),
        Out::Scalar(s) => number(py, s).into_ptr(),
        Out::Ints(v) => PyTuple::new(py, v)?.into_any().into_ptr(),
        Out::DType(d) => dtype_object(py, d).into_ptr(),
        Out::None => py.None().into_ptr(),
    })
}
fn tuple_of(py: Python<'_>, tensors: impl ExactSizeIterator<Item = Tensor>) -> PyResult<Bound<'_, PyTuple>> {
    let objects = tensors.map(|t| super::identity::wrap(py, t)).collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(py, objects)
}

/// PyTorch's TypeError for a call that fits no overload.
unsafe fn complaint(name: &Name, call: Call, last: Option<Misfit>) -> PyErr {
    // SAFETY: as the caller says.
    unsafe {
        let shown = &name.name;
        if name.overloads.len() == 1 || matches!(last, Some(Misfit::Raised(_))) {
            let message = match last {
                Some(Misfit::Raised(e)) => return e,
                Some(Misfit::Missing(p)) => {
                    let o = &name.overloads[0];
                    let missing = o.params[call.count().min(o.params.len())..]
                        .iter()
                        .filter(|p| p.param.default.is_none() && !p.param.keyword_only)
                        .map(|p| format!("\"{}\"", public(p.param.name, name.method)))
                        .collect::<Vec<_>>();
                    match missing.is_empty() {
                        true => format!("{shown}(): missing argument \"{}\"", public(&p, name.method)),
                        false => format!(
                            "{shown}() missing {} required positional arguments: {}",
                            missing.len(),
                            missing.join(", ")
                        ),
                    }
                }
                Some(Misfit::TooMany { most, given }) => {
                    let skip = name.method as usize;
                    let (most, given) = (most - skip, given - skip);
                    let s = if most == 1 { "" } else { "s" };
                    format!("{shown}() takes {most} positional argument{s} but {given} were given")
                }
                Some(Misfit::Unexpected(k)) => format!("{shown}() got an unexpected keyword argument '{k}'"),
                Some(Misfit::Wrong { name: p, position, expected, found }) => format!(
                    "{shown}(): argument '{}' (position {position}) must be {expected}, not {found}",
                    public(p, name.method)
                ),
                None => format!("{shown}() cannot be called"),
            };
            return PyTypeError::new_err(message);
        }
        let mut got: Vec<String> =
            (name.method as usize..call.count()).map(|i| type_name(call.positional(i))).collect();
        for k in 0..call.keywords() {
            let key = Borrowed::from_ptr(Python::assume_attached(), ffi::PyTuple_GET_ITEM(call.names, k as isize))
                .to_string();
            got.push(format!("{key}={}", type_name(*call.args.add(call.n + k))));
        }
        let lines: Vec<String> =
            name.overloads.iter().map(|o| format!(" * ({})\n", signature(o, name.method))).collect();
        PyTypeError::new_err(format!(
            "{shown}() received an invalid combination of arguments - got ({}), but expected one of:\n{}",
            got.join(", "),
            lines.concat()
        ))
    }
}

/// `self` is called `input` in functions.
fn public(name: &str, method: bool) -> &str {
    if name == "self" && !method { "input" } else { name }
}

/// `Tensor input, int dim, *, bool keepdim = False`
pub fn signature(o: &Overload, method: bool) -> String {
    let mut parts = vec![];
    let mut star = false;
    for p in o.params.iter().skip(method as usize) {
        if p.param.keyword_only && !star {
            parts.push("*".to_string());
            star = true;
        }
        let kind = match p.param.kind {
            ParamKind::Tensors | ParamKind::OptTensors => "tuple of Tensors",
            ParamKind::Scalar => "Number",
            ParamKind::Scalars => "tuple of Scalars",
            ParamKind::Ints(_) => "tuple of ints",
            ParamKind::Floats(_) => "tuple of floats",
            ParamKind::Bools => "tuple of bools",
            ParamKind::Tensor => "Tensor",
            ParamKind::Int => "int",
            ParamKind::Float => "float",
            ParamKind::Bool => "bool",
            ParamKind::Str => "str",
            ParamKind::DType => "torch.dtype",
            ParamKind::Layout => "torch.layout",
            ParamKind::Device => "torch.device",
            ParamKind::MemoryFormat => "torch.memory_format",
            ParamKind::Generator => "torch.Generator",
        };
        let default = p.param.default.map_or(String::new(), |d| format!(" = {d}"));
        parts.push(format!("{kind} {}{default}", public(p.param.name, method)));
    }
    parts.join(", ")
}
