//! The public names of the op table as builtin functions, methods and attributes: one C function per name.
use super::args::{Call, Extra, Overload};
use super::call::{call_name, signature};
use super::error::guard;
use super::identity::tensor_type;
use crate::DType;
use crate::ops::{self, Op, PublicName};
use crate::tensor::Tensor;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One public name in one place: as a function of a namespace, or as a method.
pub struct Name {
    pub name: String,
    pub overloads: Vec<Overload>,
    /// `add_`: writes the result into its first argument.
    pub in_place: bool,
    pub method: bool,
    /// Of a method without arguments: whether its result is the tensor itself.
    pub unchanged: Option<fn(&Tensor) -> bool>,
}

/// See `Name::unchanged`.
fn unchanged(name: &str) -> Option<fn(&Tensor) -> bool> {
    Some(match name {
        "contiguous" => |t| t.is_contiguous(),
        "cpu" => |t| !t.device().is_gpu(),
        "float" => |t| t.dtype() == DType::F32,
        "double" => |t| t.dtype() == DType::F64,
        "long" => |t| t.dtype() == DType::I64,
        _ => return None,
    })
}

/// All names: functions and methods each have a number of their own.
pub struct Names {
    /// By namespace (empty: the module itself) and name.
    pub functions: Vec<(&'static str, Name)>,
    pub methods: Vec<Name>,
    /// Attributes of a tensor that are ops: `x.T`, `x.real`.
    properties: Vec<Name>,
    extra: Extra,
}

static NAMES: OnceLock<Names> = OnceLock::new();

fn build() -> Names {
    let table: &'static [Op] = Box::leak(ops::table().into_boxed_slice());
    let mut functions: BTreeMap<(&'static str, String), Name> = BTreeMap::new();
    let mut methods: BTreeMap<String, Name> = BTreeMap::new();
    let mut properties = vec![];
    for op in table {
        if op.has('p') {
            let name = op.property_name().to_string();
            properties.push(Name {
                name,
                overloads: vec![Overload::new(op, true)],
                in_place: false,
                method: true,
                unchanged: None,
            });
        }
        for PublicName { name, in_place, function, method } in op.public_names() {
            let make = |method| {
                let unchanged = if method { unchanged(&name) } else { None };
                Name { name: name.clone(), overloads: vec![], in_place, method, unchanged }
            };
            if function {
                let entry = functions.entry((op.namespace(), name.clone())).or_insert_with(|| make(false));
                entry.overloads.push(Overload::new(op, false));
            }
            if method {
                let entry = methods.entry(name.clone()).or_insert_with(|| make(true));
                entry.overloads.push(Overload::new(op, true));
            }
        }
    }
    let functions = functions.into_iter().map(|((space, _), n)| (space, n)).collect();
    Names { functions, methods: methods.into_values().collect(), properties, extra: Extra::new() }
}

type Fast = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, isize, *mut PyObject) -> *mut PyObject;

/// The function or method numbered N.
unsafe extern "C" fn trampoline<const N: usize, const METHOD: bool>(
    slf: *mut PyObject,
    args: *const *mut PyObject,
    n: isize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the interpreter calls with live arguments, attached.
    unsafe {
        let all = NAMES.get().expect("made at import");
        let name = if METHOD { &all.methods[N] } else { &all.functions[N].1 };
        let slf = if METHOD { slf } else { std::ptr::null_mut() };
        enter(name, Call { slf, args, n: n as usize, names }, &all.extra)
    }
}
unsafe fn enter(name: &'static Name, call: Call, extra: &Extra) -> *mut PyObject {
    // SAFETY: as the caller says.
    unsafe {
        let py = Python::assume_attached();
        match guard(|| call_name(py, name, call, extra)) {
            Ok(object) => object,
            Err(e) => {
                e.restore(py);
                std::ptr::null_mut()
            }
        }
    }
}

macro_rules! sixteen {
    ($m:literal, $base:expr) => {
        [
            trampoline::<{ $base }, $m>,
            trampoline::<{ $base + 1 }, $m>,
            trampoline::<{ $base + 2 }, $m>,
            trampoline::<{ $base + 3 }, $m>,
            trampoline::<{ $base + 4 }, $m>,
            trampoline::<{ $base + 5 }, $m>,
            trampoline::<{ $base + 6 }, $m>,
            trampoline::<{ $base + 7 }, $m>,
            trampoline::<{ $base + 8 }, $m>,
            trampoline::<{ $base + 9 }, $m>,
            trampoline::<{ $base + 10 }, $m>,
            trampoline::<{ $base + 11 }, $m>,
            trampoline::<{ $base + 12 }, $m>,
            trampoline::<{ $base + 13 }, $m>,
            trampoline::<{ $base + 14 }, $m>,
            trampoline::<{ $base + 15 }, $m>,
        ]
    };
}
macro_rules! block {
    ($m:literal, $b:expr) => {
        [
            sixteen!($m, $b),
            sixteen!($m, $b + 16),
            sixteen!($m, $b + 32),
            sixteen!($m, $b + 48),
            sixteen!($m, $b + 64),
            sixteen!($m, $b + 80),
            sixteen!($m, $b + 96),
            sixteen!($m, $b + 112),
            sixteen!($m, $b + 128),
            sixteen!($m, $b + 144),
            sixteen!($m, $b + 160),
            sixteen!($m, $b + 176),
            sixteen!($m, $b + 192),
            sixteen!($m, $b + 208),
            sixteen!($m, $b + 224),
            sixteen!($m, $b + 240),
        ]
    };
}
type Block = [[Fast; 16]; 16];
static FUNCTIONS: [Block; 6] = [
    block!(false, 0),
    block!(false, 256),
    block!(false, 512),
    block!(false, 768),
    block!(false, 1024),
    block!(false, 1280),
];
static METHODS: [Block; 4] = [block!(true, 0), block!(true, 256), block!(true, 512), block!(true, 768)];

/// `x.T`: the op of the property, whose name is the closure.
unsafe extern "C" fn get_property(slf: *mut PyObject, closure: *mut std::ffi::c_void) -> *mut PyObject {
    // SAFETY: the closure is a name of the table, which lives for ever; the interpreter's self is alive.
    unsafe {
        let all = NAMES.get().expect("made at import");
        let call = Call { slf, args: std::ptr::null(), n: 0, names: std::ptr::null_mut() };
        enter(&*closure.cast::<Name>(), call, &all.extra)
    }
}
/// `x.real = v`: copies into what the property shows.
unsafe extern "C" fn set_property(
    slf: *mut PyObject,
    value: *mut PyObject,
    closure: *mut std::ffi::c_void,
) -> std::ffi::c_int {
    // SAFETY: as above; a null value means deletion.
    unsafe {
        let py = Python::assume_attached();
        let view = get_property(slf, closure);
        if view.is_null() {
            return -1;
        }
        let view = Bound::from_owned_ptr(py, view);
        let done = match value.is_null() {
            true => Err(PyTypeError::new_err("this attribute cannot be deleted")),
            false => view.call_method1("copy_", (Borrowed::from_ptr(py, value),)),
        };
        match done {
            Ok(_) => 0,
            Err(e) => {
                e.restore(py);
                -1
            }
        }
    }
}

fn c_text(s: &str) -> *const std::ffi::c_char {
    std::ffi::CString::new(s.replace('\0', "")).expect("no NUL is left").into_raw()
}

fn definition(name: &Name, f: Fast) -> *mut ffi::PyMethodDef {
    let lines: Vec<String> =
        name.overloads.iter().map(|o| format!("{}({}) -> Tensor", name.name, signature(o, name.method))).collect();
    let mut docs: Vec<&str> = vec![];
    for o in &name.overloads {
        if !docs.contains(&o.op.doc) {
            docs.push(o.op.doc);
        }
    }
    let doc = format!("{}\n\n{}", lines.join("\n"), docs.concat());
    Box::into_raw(Box::new(ffi::PyMethodDef {
        ml_name: c_text(&name.name),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: f },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: c_text(&doc),
    }))
}

/// Calls a name with positional arguments: what operators do. A new reference.
///
/// # Safety
/// The arguments are live objects, and the thread attached.
pub unsafe fn call_operator(py: Python<'_>, name: &'static Name, args: &[*mut PyObject]) -> PyResult<*mut PyObject> {
    let all = NAMES.get().expect("made at import");
    let (slf, rest) = if name.method { (args[0], &args[1..]) } else { (std::ptr::null_mut(), args) };
    let call = Call { slf, args: rest.as_ptr(), n: rest.len(), names: std::ptr::null_mut() };
    // SAFETY: as the caller says.
    unsafe { call_name(py, name, call, &all.extra) }
}
/// The method of that name, if there is one.
pub fn method(name: &str) -> Option<&'static Name> {
    NAMES.get().expect("made at import").methods.iter().find(|m| m.name == name)
}
/// The function of that name, if there is one.
pub fn function(name: &str) -> Option<&'static Name> {
    NAMES.get().expect("made at import").functions.iter().find(|f| f.0.is_empty() && f.1.name == name).map(|f| &f.1)
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    let names = NAMES.get_or_init(build);
    assert!(names.functions.len() <= FUNCTIONS.len() * 256 && names.methods.len() <= METHODS.len() * 256);
    let mut spaces: BTreeMap<&str, Bound<'_, PyModule>> = BTreeMap::new();
    for (i, (space, name)) in names.functions.iter().enumerate() {
        let def = definition(name, FUNCTIONS[i >> 8][i >> 4 & 15][i & 15]);
        let module_name = match *space {
            "" => "rusttorch._C".to_string(),
            space => format!("rusttorch._C.{space}"),
        };
        let module_name = pyo3::types::PyString::new(py, &module_name);
        // SAFETY: the definition is kept for ever.
        let f = unsafe {
            Bound::from_owned_ptr(py, ffi::PyCFunction_NewEx(def, std::ptr::null_mut(), module_name.as_ptr()))
        };
        if space.is_empty() {
            m.add(name.name.as_str(), f)?;
        } else {
            let sub = match spaces.entry(space) {
                std::collections::btree_map::Entry::Occupied(e) => e.into_mut(),
                std::collections::btree_map::Entry::Vacant(v) => v.insert(PyModule::new(py, space)?),
            };
            sub.add(name.name.as_str(), f)?;
        }
    }
    for space in ["_nn", "_linalg", "_fft", "_special"] {
        let sub = match spaces.remove(space) {
            Some(sub) => sub,
            None => PyModule::new(py, space)?,
        };
        // Registered under its full name, so that its functions can be pickled.
        py.import("sys")?.getattr("modules")?.set_item(format!("rusttorch._C.{space}"), &sub)?;
        m.add(space, sub)?;
    }
    // SAFETY: the class object lives for ever.
    let class = unsafe { Borrowed::from_ptr(py, tensor_type().cast()) };
    for (i, name) in names.methods.iter().enumerate() {
        if class.hasattr(name.name.as_str())? && class.getattr("__dict__")?.contains(name.name.as_str())? {
            continue; // written by hand in `object.rs`
        }
        let def = definition(name, METHODS[i >> 8][i >> 4 & 15][i & 15]);
        // SAFETY: the definition is kept for ever, and the class is a type.
        let d = unsafe { Bound::from_owned_ptr(py, ffi::PyDescr_NewMethod(tensor_type(), def)) };
        class.setattr(name.name.as_str(), d)?;
    }
    for name in &names.properties {
        let def = Box::leak(Box::new(ffi::PyGetSetDef {
            name: c_text(&name.name),
            get: Some(get_property),
            set: Some(set_property),
            doc: c_text(name.overloads[0].op.doc),
            closure: std::ptr::from_ref(name).cast_mut().cast(),
        }));
        // SAFETY: the definition is kept for ever, and the class is a type.
        let d = unsafe { Bound::from_owned_ptr(py, ffi::PyDescr_NewGetSet(tensor_type(), def)) };
        class.setattr(name.name.as_str(), d)?;
    }
    super::method::register(m)
}
