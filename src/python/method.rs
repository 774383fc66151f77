//! Operators: the slots of the number protocol and of comparison, filled with calls of the op table's names.
//!
//! The slots are set directly rather than by special methods written in Rust: this is the path of `x + y`, where every
//! nanosecond counts. The special methods (`Tensor.__add__`) are put into the class beside them.
use super::error::guard;
use super::identity::{is_tensor, tensor_type};
use super::names::{Name, call_operator, function, method};
use super::value::read_scalar;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use std::sync::OnceLock;

/// Operator, its function, its in-place method (if any), and its special methods.
const BINARY: [(&str, &str, &str); 12] = [
    ("add", "add", "add_"),
    ("sub", "sub", "sub_"),
    ("mul", "mul", "mul_"),
    ("truediv", "div", "div_"),
    ("floordiv", "floor_divide", "floor_divide_"),
    ("mod", "remainder", "remainder_"),
    ("matmul", "matmul", ""),
    ("and", "bitwise_and", "bitwise_and_"),
    ("or", "bitwise_or", "bitwise_or_"),
    ("xor", "bitwise_xor", "bitwise_xor_"),
    ("lshift", "bitwise_left_shift", "bitwise_left_shift_"),
    ("rshift", "bitwise_right_shift", "bitwise_right_shift_"),
];
const POW: usize = 12;
const COMPARE: [&str; 6] = ["lt", "le", "eq", "ne", "gt", "ge"];
const UNARY: [(&str, &str); 4] = [("neg", "neg"), ("pos", "positive"), ("abs", "abs"), ("invert", "bitwise_not")];

/// The names behind the operators, found once; `None` for an op that the table lacks.
struct Operators {
    functions: Vec<Option<&'static Name>>,
    in_place: Vec<Option<&'static Name>>,
    compare: Vec<Option<&'static Name>>,
    unary: Vec<Option<&'static Name>>,
}
static OPERATORS: OnceLock<Operators> = OnceLock::new();

/// A tensor, or something an operator takes for a number.
unsafe fn is_operand(o: *mut PyObject) -> bool {
    // SAFETY: a live object.
    unsafe {
        is_tensor(o)
            || ffi::PyFloat_CheckExact(o) != 0
            || ffi::PyLong_Check(o) != 0
            || matches!(read_scalar(o), Ok(Some(_)) | Err(_))
    }
}

unsafe fn answer(f: impl FnOnce() -> PyResult<*mut PyObject>) -> *mut PyObject {
    match guard(f) {
        Ok(o) => o,
        Err(e) => {
            // SAFETY: called by the interpreter, so attached.
            e.restore(unsafe { Python::assume_attached() });
            std::ptr::null_mut()
        }
    }
}
unsafe fn not_implemented() -> *mut PyObject {
    // SAFETY: an immortal object, or one that gets its reference here.
    unsafe {
        let o = ffi::Py_NotImplemented();
        ffi::Py_INCREF(o);
        o
    }
}

unsafe fn apply(name: Option<&'static Name>, a: *mut PyObject, b: *mut PyObject) -> *mut PyObject {
    // SAFETY: live operands of an operator in progress.
    unsafe {
        let Some(name) = name else { return not_implemented() };
        if !is_operand(a) || !is_operand(b) {
            return not_implemented();
        }
        answer(|| call_operator(Python::assume_attached(), name, &[a, b]))
    }
}

unsafe extern "C" fn binary<const N: usize>(a: *mut PyObject, b: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter's operands are alive.
    unsafe { apply(OPERATORS.get().expect("made at import").functions[N], a, b) }
}
unsafe extern "C" fn in_place<const N: usize>(a: *mut PyObject, b: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter's operands are alive.
    unsafe { apply(OPERATORS.get().expect("made at import").in_place[N], a, b) }
}
unsafe extern "C" fn power(a: *mut PyObject, b: *mut PyObject, modulus: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter's operands are alive.
    unsafe {
        if modulus != ffi::Py_None() {
            return not_implemented();
        }
        binary::<POW>(a, b)
    }
}
unsafe extern "C" fn in_place_power(a: *mut PyObject, b: *mut PyObject, modulus: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter's operands are alive.
    unsafe {
        if modulus != ffi::Py_None() {
            return not_implemented();
        }
        in_place::<POW>(a, b)
    }
}
unsafe extern "C" fn unary<const N: usize>(a: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter's operand is alive.
    unsafe {
        match OPERATORS.get().expect("made at import").unary[N] {
            Some(name) => answer(|| call_operator(Python::assume_attached(), name, &[a])),
            None => not_implemented(),
        }
    }
}
unsafe extern "C" fn compare(a: *mut PyObject, b: *mut PyObject, op: std::ffi::c_int) -> *mut PyObject {
    // SAFETY: the interpreter's operands are alive.
    unsafe { apply(OPERATORS.get().expect("made at import").compare[op as usize], a, b) }
}

type Fast = unsafe extern "C" fn(*mut PyObject, *mut *mut PyObject, isize) -> *mut PyObject;

/// `Tensor.__add__` and the like, as methods: N counts operators, MODE is 0 forward, 1 reflected, 2 in-place.
unsafe extern "C" fn special<const N: usize, const MODE: u8>(
    slf: *mut PyObject,
    args: *mut *mut PyObject,
    n: isize,
) -> *mut PyObject {
    // SAFETY: the interpreter calls with live arguments.
    unsafe {
        if n < 1 {
            return answer(|| Err(pyo3::exceptions::PyTypeError::new_err("expected 1 argument, got 0")));
        }
        match MODE {
            0 => binary::<N>(slf, *args),
            1 => binary::<N>(*args, slf),
            _ => in_place::<N>(slf, *args),
        }
    }
}
unsafe extern "C" fn special_compare<const OP: i32>(
    slf: *mut PyObject,
    args: *mut *mut PyObject,
    n: isize,
) -> *mut PyObject {
    // SAFETY: the interpreter calls with live arguments.
    unsafe {
        if n < 1 {
            return answer(|| Err(pyo3::exceptions::PyTypeError::new_err("expected 1 argument, got 0")));
        }
        compare(slf, *args, OP)
    }
}
unsafe extern "C" fn special_unary<const N: usize>(
    slf: *mut PyObject,
    _args: *mut *mut PyObject,
    _n: isize,
) -> *mut PyObject {
    // SAFETY: the interpreter calls with live arguments.
    unsafe { unary::<N>(slf) }
}

/// Puts a method into the class's dict without touching its slots.
unsafe fn add_special(name: String, f: Fast) -> PyResult<()> {
    let text = std::ffi::CString::new(name).expect("no NUL in a name");
    let def = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: text.into_raw(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: f },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: std::ptr::null(),
    }));
    // SAFETY: the definition is kept for ever; the class is a ready heap type, changed at import only.
    unsafe {
        let d = ffi::PyDescr_NewMethod(tensor_type(), def);
        let code = ffi::PyDict_SetItemString((*tensor_type()).tp_dict, def.ml_name, d);
        ffi::Py_DECREF(d);
        if code < 0 { Err(PyErr::fetch(Python::assume_attached())) } else { Ok(()) }
    }
}

macro_rules! each_binary {
    ($m:ident) => {
        $m!(0 nb_add nb_inplace_add, 1 nb_subtract nb_inplace_subtract, 2 nb_multiply nb_inplace_multiply,
            3 nb_true_divide nb_inplace_true_divide, 4 nb_floor_divide nb_inplace_floor_divide,
            5 nb_remainder nb_inplace_remainder, 7 nb_and nb_inplace_and, 8 nb_or nb_inplace_or,
            9 nb_xor nb_inplace_xor, 10 nb_lshift nb_inplace_lshift, 11 nb_rshift nb_inplace_rshift)
    };
}

pub fn register(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    let _ = OPERATORS.set(Operators {
        functions: BINARY.iter().map(|b| b.1).chain(["pow"]).map(function).collect(),
        in_place: BINARY.iter().map(|b| b.2).chain(["pow_"]).map(method).collect(),
        compare: COMPARE.iter().map(|c| function(c)).collect(),
        unary: UNARY.iter().map(|u| function(u.1)).collect(),
    });
    // SAFETY: `Tensor` is a heap type, so its slot tables are its own; nobody uses it before the import ends.
    unsafe {
        let heap = &mut *tensor_type().cast::<ffi::PyHeapTypeObject>();
        let slots = &mut heap.as_number;
        macro_rules! fill {
            ($($n:literal $slot:ident $slot_in_place:ident),*) => { $(
                slots.$slot = Some(binary::<$n>);
                slots.$slot_in_place = Some(in_place::<$n>);
                add_special(format!("__{}__", BINARY[$n].0), special::<$n, 0>)?;
                add_special(format!("__r{}__", BINARY[$n].0), special::<$n, 1>)?;
                add_special(format!("__i{}__", BINARY[$n].0), special::<$n, 2>)?;
            )* };
        }
        each_binary!(fill);
        slots.nb_matrix_multiply = Some(binary::<6>);
        add_special("__matmul__".into(), special::<6, 0>)?;
        add_special("__rmatmul__".into(), special::<6, 1>)?;
        slots.nb_power = Some(power);
        slots.nb_inplace_power = Some(in_place_power);
        add_special("__pow__".into(), special::<POW, 0>)?;
        add_special("__rpow__".into(), special::<POW, 1>)?;
        add_special("__ipow__".into(), special::<POW, 2>)?;
        slots.nb_negative = Some(unary::<0>);
        slots.nb_positive = Some(unary::<1>);
        slots.nb_absolute = Some(unary::<2>);
        slots.nb_invert = Some(unary::<3>);
        add_special("__neg__".into(), special_unary::<0>)?;
        add_special("__pos__".into(), special_unary::<1>)?;
        add_special("__abs__".into(), special_unary::<2>)?;
        add_special("__invert__".into(), special_unary::<3>)?;
        (*tensor_type()).tp_as_number = slots;
        (*tensor_type()).tp_richcompare = Some(compare);
        add_special("__lt__".into(), special_compare::<0>)?;
        add_special("__le__".into(), special_compare::<1>)?;
        add_special("__eq__".into(), special_compare::<2>)?;
        add_special("__ne__".into(), special_compare::<3>)?;
        add_special("__gt__".into(), special_compare::<4>)?;
        add_special("__ge__".into(), special_compare::<5>)?;
        ffi::PyType_Modified(tensor_type());
    }
    Ok(())
}
