//! The short path of elementwise ops: small tensors and plain numbers in positional arguments.
use super::args::Call;
use super::call::note_all;
use super::identity::{is_tensor, tensor_of, wrap_ptr};
use super::names::Name;
use super::saved::Arguments;
use crate::dtype::Scalar;
use crate::error::Kind;
use crate::ops::elementwise::Row;
use crate::ops::schema::Kind as ParamKind;
use crate::ops::{self, Operand};
use crate::site::writing;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

/// The path of `x + y`: an elementwise op of small tensors and plain numbers, without reading a schema. `None` where
/// the call is not that simple; then nothing has happened.
///
/// # Safety
/// A call in progress, the thread attached.
#[inline]
pub(super) unsafe fn call_elementwise(
    py: Python<'_>,
    name: &'static Name,
    call: Call,
) -> Option<PyResult<*mut PyObject>> {
    // SAFETY: as the caller says; nothing runs Python code while the contents are borrowed.
    unsafe {
        let o = name.overloads.first()?;
        let row = o.op.row?;
        let count = call.count();
        if !call.names.is_null() || count != row.arity || count > 2 {
            return None;
        }
        // Some overload of the same row takes a number in this place.
        let number = |i: usize| {
            name.overloads.iter().any(|o| {
                o.op.row.is_some_and(|r| r.node == row.node)
                    && o.params.get(i).is_some_and(|p| p.number || p.param.kind == ParamKind::Scalar)
            })
        };
        // An int, which other rows of the name may treat in ways of their own, must be this very row's.
        let same_row = |i: usize| {
            name.overloads.iter().any(|o| {
                o.op.row.is_some_and(|r| r.op == row.op)
                    && o.params.get(i).is_some_and(|p| p.number || p.param.kind == ParamKind::Scalar)
            })
        };
        let mut operands = [Operand::Scalar(Scalar::Int(0)); 2];
        let mut graph = false;
        for (i, slot) in operands.iter_mut().enumerate().take(count) {
            let object = call.positional(i);
            *slot = if is_tensor(object) {
                let t = tensor_of(object);
                if t.numel() > 1024 {
                    return None;
                }
                graph |= t.history_if_any().is_some();
                Operand::Tensor(t)
            } else if ffi::PyFloat_CheckExact(object) != 0 && number(i) {
                Operand::Scalar(Scalar::Float(ffi::PyFloat_AS_DOUBLE(object)))
            } else if ffi::PyLong_CheckExact(object) != 0 && same_row(i) {
                let mut over = 0;
                let n = ffi::PyLong_AsLongLongAndOverflow(object, &mut over);
                if over != 0 {
                    return None;
                }
                Operand::Scalar(Scalar::Int(n))
            } else {
                return None;
            };
        }
        if name.in_place {
            return write_elementwise(name, row, &operands[..count], graph).then(|| {
                ffi::Py_INCREF(call.positional(0));
                Ok(call.positional(0))
            });
        }
        if !operands[..count].iter().any(|o| matches!(o, Operand::Tensor(_))) {
            return None;
        }
        let result = ops::elementwise::apply(row, &operands[..count]);
        if result.as_ref().is_err_and(|e| e.kind != Kind::Python) {
            return None; // the long way names the call
        }
        if graph {
            note_all(py, call);
            if let (Ok(made), Some(Operand::Scalar(s))) = (&result, operands[..count].last())
                && let Some(p) = plain_number(name, row, count - 1)
            {
                Arguments::keep(made, || Arguments::numbers([(p, *s)]));
            }
        }
        Some(result.map_err(PyErr::from).and_then(|t| wrap_ptr(py, t)))
    }
}

/// The same for `x += y` without a graph; false, and nothing is written, where something is amiss or a copy is needed.
fn write_elementwise(name: &'static Name, row: &'static Row, operands: &[Operand], graph: bool) -> bool {
    let Operand::Tensor(x) = operands[0] else { return false };
    let apart = |o: &Operand| o.tensor().is_none_or(|t| ops::same_or_apart(x, t));
    let may = !graph && ops::check_writable(x).is_ok() && operands[1..].iter().all(apart);
    let _writing = writing(&name.name);
    let done = may && ops::elementwise::apply_into(row, operands, x).is_ok();
    if done {
        x.storage().bump();
    }
    done
}

/// The name of the number that some overload of this row takes in this place.
fn plain_number(name: &Name, row: &Row, at: usize) -> Option<&'static str> {
    let of_row = name.overloads.iter().filter(|o| o.op.row.is_some_and(|r| r.node == row.node));
    of_row.filter_map(|o| o.params.get(at)).find(|p| p.param.kind == ParamKind::Scalar).map(|p| p.param.name)
}
