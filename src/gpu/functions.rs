//! The functions of WGSL that expressions and kernels name: those of `shaders/math.wgsl`, `special.wgsl` and `complex.wgsl`.
//!
//! In float64 their namesakes of `math_f64.wgsl` and `special_f64.wgsl` stand in for them. Of the others, those that say `T`
//! serve for both types, and those that say `f32` for that type only: what needs one of them has no float64.
use super::kernel::says_f32;
use super::prelude::Type;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::OnceLock;

const NARROW: [&str; 3] = [
    include_str!("../../shaders/math.wgsl"),
    include_str!("../../shaders/special.wgsl"),
    include_str!("../../shaders/complex.wgsl"),
];
const WIDE: [&str; 2] = [include_str!("../../shaders/math_f64.wgsl"), include_str!("../../shaders/special_f64.wgsl")];

struct Function {
    name: &'static str,
    /// With the comment before it.
    text: &'static str,
}

fn in_files<const N: usize>(files: [&'static str; N]) -> impl Iterator<Item = Function> {
    files.into_iter().flat_map(|f| f.split("\n\n")).filter_map(|text| {
        let head = text.lines().find_map(|l| l.strip_prefix("fn "))?;
        Some(Function { name: head.split('(').next()?, text })
    })
}

/// All functions for expressions of float64, or of another type.
fn all(wide: bool) -> &'static [Function] {
    static ALL: [OnceLock<Vec<Function>>; 2] = [const { OnceLock::new() }; 2];
    ALL[usize::from(wide)].get_or_init(|| {
        let mut all: Vec<Function> = if wide { in_files(WIDE).collect() } else { vec![] };
        for f in in_files(NARROW) {
            if all.iter().all(|g| g.name != f.name) {
                all.push(f);
            }
        }
        all
    })
}

/// Those that a text calls, directly or through others.
fn needed(text: &str, wide: bool) -> Vec<&'static Function> {
    let all = all(wide);
    let mut wanted = vec![false; all.len()];
    let mut look = vec![text];
    while let Some(text) = look.pop() {
        for (wanted, function) in wanted.iter_mut().zip(all) {
            if !*wanted && calls(text, function.name) {
                *wanted = true;
                look.push(function.text);
            }
        }
    }
    all.iter().zip(wanted).filter(|(_, w)| *w).map(|(f, _)| f).collect()
}
fn calls(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(i, _)| {
        let before = text[..i].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_') && text[i + name.len()..].starts_with('(')
    })
}
fn joined(functions: Vec<&Function>) -> String {
    functions.iter().map(|f| f.text).collect::<Vec<_>>().join("\n\n")
}

/// What an expression of this type needs to be put before it.
pub(super) fn of(expression: &str, ty: Type) -> String {
    joined(needed(expression, ty.is_wide()))
}

/// Whether an expression can be computed in float64.
pub(super) fn in_float64(expression: &'static str) -> bool {
    static KNOWN: Mutex<Option<HashMap<&'static str, bool>>> = Mutex::new(None);
    let mut known = KNOWN.lock();
    *known
        .get_or_insert_default()
        .entry(expression)
        .or_insert_with(|| !says_f32(expression) && needed(expression, true).iter().all(|f| !says_f32(f.text)))
}

/// Functions of float64 in the places of those that SPIR-V has of 32 bits only, for a kernel that calls them.
pub(super) fn in_place_of_built_in(text: &str) -> String {
    const UNARY: [&str; 2] = ["exp", "log"];
    let mut s = String::new();
    for name in UNARY.into_iter().filter(|n| calls(text, n)) {
        let _ = writeln!(s, "fn {name}(v: f64) -> f64 {{ return {name}_of(v); }}");
    }
    if calls(text, "pow") {
        s.push_str("fn pow(v: f64, e: f64) -> f64 { return power(v, e); }\n");
    }
    let more = joined(needed(&s, true));
    s + &more
}
