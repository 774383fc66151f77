//! Where in the Python program an op was called: the innermost frame outside this package, found without making
//! frame objects.
use super::error::guard;
use crate::site::{Program, Site, set_program};
use parking_lot::Mutex;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Code objects seen, by number. They are kept alive, for a node may outlive the function it names.
#[derive(Default)]
struct Codes {
    numbers: HashMap<usize, u32>,
    codes: Vec<Code>,
}
struct Code {
    object: Py<PyAny>,
    /// Part of this package: the user's place is further out.
    ours: bool,
}
static CODES: Mutex<Option<Codes>> = Mutex::new(None);
/// Beyond this many (a program that makes code as it goes), new ones are not remembered.
const MOST: usize = 1 << 20;
/// Frames looked through for one outside the package.
const DEPTH: usize = 64;

/// The directory of the package.
fn package(py: Python<'_>) -> &'static str {
    static PACKAGE: OnceLock<String> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let file = py.import("rusttorch._C").and_then(|m| m.getattr("__file__")?.extract::<String>());
        file.ok().and_then(|f| Some(f[..=f.rfind(['/', '\\'])?].to_string())).unwrap_or_else(|| "\0".into())
    })
}

impl Codes {
    /// Number and kind of a code object.
    fn number(&mut self, py: Python<'_>, code: *mut PyObject) -> Option<(u32, bool)> {
        if let Some(&n) = self.numbers.get(&(code as usize)) {
            return Some((n, self.codes[n as usize].ours));
        }
        if self.codes.len() >= MOST {
            return None;
        }
        // SAFETY: a live object.
        let object = unsafe { Bound::from_borrowed_ptr(py, code) };
        let file = object.getattr("co_filename").and_then(|f| f.extract::<String>()).unwrap_or_default();
        let ours = file.starts_with(package(py));
        let n = self.codes.len() as u32;
        self.codes.push(Code { object: object.unbind(), ours });
        self.numbers.insert(code as usize, n);
        Some((n, ours))
    }
}

/// The frames of a thread, innermost first.
#[cfg(all(Py_3_11, not(Py_3_12)))]
mod frames {
    use super::*;
    use std::ffi::{c_int, c_void};

    // The heads of CPython 3.11's own structs; the public functions would make an object for every frame.
    #[repr(C)]
    struct ThreadState {
        _links: [*mut c_void; 3],
        _numbers: [c_int; 7],
        cframe: *const CFrame,
    }
    #[repr(C)]
    struct CFrame {
        _tracing: u8,
        current: *const Frame,
    }
    #[repr(C)]
    pub struct Frame {
        _names: [*mut c_void; 4],
        pub code: *mut PyObject,
        _object: *mut c_void,
        previous: *const Frame,
        instruction: *const u16,
    }

    pub unsafe fn innermost() -> *const Frame {
        // SAFETY: called attached, so there is a thread state and it is this thread's.
        unsafe {
            let cframe = (*ffi::PyThreadState_Get().cast::<ThreadState>()).cframe;
            if cframe.is_null() { std::ptr::null() } else { (*cframe).current }
        }
    }
    /// Code and offset of the instruction in it, in bytes.
    pub unsafe fn place(f: *const Frame) -> (*mut PyObject, i32) {
        // SAFETY: a live frame; its instructions lie behind the fixed part of the code object.
        unsafe {
            let head = (*ffi::Py_TYPE((*f).code)).tp_basicsize;
            ((*f).code, ((*f).instruction as isize - (*f).code as isize - head) as i32)
        }
    }
    pub unsafe fn previous(f: *const Frame) -> *const Frame {
        // SAFETY: a live frame.
        unsafe { (*f).previous }
    }
}
#[cfg(not(all(Py_3_11, not(Py_3_12))))]
mod frames {
    use super::*;

    pub type Frame = ffi::PyFrameObject;
    // References are let go at once: each frame is kept alive by the thread that runs it.
    unsafe fn borrowed<T>(o: *mut T) -> *mut T {
        // SAFETY: a new reference, or null.
        unsafe { ffi::Py_XDECREF(o.cast()) };
        o
    }
    pub unsafe fn innermost() -> *const Frame {
        // SAFETY: called attached.
        unsafe { ffi::PyEval_GetFrame() }
    }
    pub unsafe fn place(f: *const Frame) -> (*mut PyObject, i32) {
        // SAFETY: a live frame, which keeps its code alive.
        unsafe { (borrowed(ffi::PyFrame_GetCode(f.cast_mut())).cast(), ffi::PyFrame_GetLasti(f.cast_mut())) }
    }
    pub unsafe fn previous(f: *const Frame) -> *const Frame {
        // SAFETY: a live frame.
        unsafe { borrowed(ffi::PyFrame_GetBack(f.cast_mut())) }
    }
}

/// Code objects that a thread met last: address, number, whether part of this package. Never stale, for codes are kept.
const RECENT: usize = 32;
thread_local! {
    static MET: [Cell<(usize, u32, bool)>; RECENT] = const { [const { Cell::new((0, 0, false)) }; RECENT] };
}

/// As `Codes::number`, without a lock for codes met before.
fn number(py: Python<'_>, code: *mut PyObject) -> Option<(u32, bool)> {
    MET.with(|met| {
        // Objects are a few hundred bytes apart.
        let slot = &met[(code as usize >> 6 ^ code as usize >> 11) % RECENT];
        let (known, n, ours) = slot.get();
        if known == code as usize {
            return Some((n, ours));
        }
        let (n, ours) = CODES.lock().get_or_insert_default().number(py, code)?;
        slot.set((code as usize, n, ours));
        Some((n, ours))
    })
}

fn here() -> Site {
    // SAFETY: asks only whether this thread is attached, and goes on only if it is.
    unsafe {
        if ffi::PyGILState_Check() == 0 {
            return Site(0);
        }
        let py = Python::assume_attached();
        let mut frame = frames::innermost();
        let mut inner = Site(0);
        for _ in 0..DEPTH {
            if frame.is_null() {
                break;
            }
            let (code, offset) = frames::place(frame);
            let Some((n, ours)) = number(py, code) else { break };
            let site = Site(u64::from(n) << 32 | (offset as u32 as u64) | 1 << 63);
            if !ours {
                return site;
            }
            if inner == Site(0) {
                inner = site;
            }
            frame = frames::previous(frame);
        }
        inner
    }
}

fn describe(site: Site) -> Option<String> {
    Python::attach(|py| {
        let code = {
            let codes = CODES.lock();
            codes.as_ref()?.codes.get((site.0 << 1 >> 33) as usize)?.object.clone_ref(py)
        };
        let offset = site.0 as u32 as i32;
        guard(|| {
            let code = code.bind(py);
            // SAFETY: a live code object.
            let line = unsafe { ffi::PyCode_Addr2Line(code.as_ptr().cast(), offset) };
            let file: String = code.getattr("co_filename")?.extract()?;
            let name: String = code.getattr("co_name")?.extract()?;
            let text: String = py.import("linecache")?.call_method1("getline", (&file, line))?.extract()?;
            let mut s = format!("\n  File \"{file}\", line {line}, in {name}");
            if !text.trim().is_empty() {
                s += "\n    ";
                s += text.trim();
            }
            Ok(s)
        })
        .ok()
    })
}

pub fn register() {
    set_program(Program { here, describe });
}
