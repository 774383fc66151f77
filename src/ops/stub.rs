//! Writes the type stubs of `rusttorch._C` and its namespaces from the op table; `stub.pyi` beside this file is the part
//! written by hand, for what the binding holds besides ops.
//!
//! A namespace gets a file of its own (`_C_linalg.pyi`), so that type checkers see it as the module it is.
use super::schema::{Kind, Param, Schema};
use super::{Op, PublicName};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const TEMPLATE: &str = include_str!("stub.pyi");
const NAMESPACES: [&str; 4] = ["_nn", "_linalg", "_fft", "_special"];
const METHODS: &str = "    # [methods of the op table]\n";
const FUNCTIONS: &str = "# [functions of the op table]\n";
const RESULTS: &str = "# [named results of the op table]\n";
/// Overloads are PyTorch's, whose order is tried at run time: a checker may find that some hide others.
const PRAGMA: &str = "\n# mypy: disable-error-code=\"overload-overlap, overload-cannot-match, misc, override\"\n";

/// One overload of one name: the signatures it stands for.
struct Def {
    doc: String,
    signatures: Vec<String>,
}
type Defs = BTreeMap<String, Vec<Def>>;

/// File name and text of every stub.
pub fn generate(table: &[Op]) -> Vec<(String, String)> {
    let mut functions: BTreeMap<&str, Defs> = BTreeMap::new();
    let (mut methods, mut properties) = (Defs::new(), String::new());
    let mut results = BTreeSet::new();
    for op in table {
        let schema = op.parsed();
        if op.has('p') {
            let name = op.property_name();
            let doc = docstring(op.doc, "        ");
            writeln!(properties, "    @property\n    def {name}(self) -> Tensor:\n{doc}").expect("writing to a string");
            writeln!(properties, "    @{name}.setter\n    def {name}(self, value: Tensor | _Number) -> None: ...")
                .expect("writing to a string");
        }
        for place in op.public_names() {
            let doc = if place.in_place { format!("`{}`, in place.", op.name()) } else { op.doc.to_string() };
            let add = |defs: &mut Defs, method, results: &mut BTreeSet<String>| {
                let signatures = signatures(op, &schema, &place, method, results);
                defs.entry(place.name.clone()).or_default().push(Def { doc: doc.clone(), signatures });
            };
            if place.function {
                add(functions.entry(op.namespace()).or_default(), false, &mut results);
            }
            if place.method {
                add(&mut methods, true, &mut results);
            }
        }
    }
    let main = functions.remove("").unwrap_or_default();
    // What the class has by hand stands instead of the row's.
    let class = TEMPLATE.split("\nclass Tensor:").nth(1).and_then(|t| t.split(METHODS).next()).expect("the class");
    methods.retain(|name, _| !class.contains(&format!("\n    def {name}(")));
    for name in main.keys() {
        assert!(!TEMPLATE.contains(&format!("\ndef {name}(")), "{name} is in the op table: take it out of stub.pyi");
    }
    let main = TEMPLATE
        .replacen('\n', &format!("\n{PRAGMA}"), 1)
        .replace(METHODS, &(properties + &render(&methods, true)))
        .replace(FUNCTIONS, &render(&main, false))
        .replace(RESULTS, &results.iter().map(String::as_str).collect::<String>());
    let mut files = vec![("_C.pyi".to_string(), main)];
    for space in NAMESPACES {
        let body = render(&functions.remove(space).unwrap_or_default(), false);
        files.push((format!("_C{space}.pyi"), namespace(space, &body, &results)));
    }
    assert!(functions.is_empty(), "unknown namespaces: {:?}", functions.keys());
    files
}

fn namespace(space: &str, body: &str, results: &BTreeSet<String>) -> String {
    let mut text =
        format!("\"\"\"What `rusttorch._C.{space}` holds: made from the op table by `make stub`.\"\"\"\n{PRAGMA}\n");
    let used = |name: &&str| {
        let before = |c: char| c.is_alphanumeric() || c == '_';
        body.match_indices(*name)
            .any(|(i, _)| !body[..i].ends_with(before) && !body[i + name.len()..].starts_with(before))
    };
    for (name, ty) in [("_bool", "bool"), ("_float", "float"), ("_int", "int"), ("_str", "str")] {
        if used(&name) {
            writeln!(text, "from builtins import {ty} as {name}").expect("writing to a string");
        }
    }
    if used(&"Sequence") {
        text += "from collections.abc import Sequence\n";
    }
    if used(&"overload") {
        text += "from typing import overload\n";
    }
    let mut imports: Vec<&str> = ["Generator", "Tensor", "_Device", "_Number", "_dtype", "_layout", "_memory_format"]
        .into_iter()
        .chain(results.iter().filter_map(|r| r.strip_prefix("class ")?.split_once('(').map(|r| r.0)))
        .filter(used)
        .collect();
    imports.sort_unstable();
    if !imports.is_empty() {
        write!(text, "\nfrom ._C import {}\n", imports.join(", ")).expect("writing to a string");
    }
    text + body
}

fn render(defs: &Defs, method: bool) -> String {
    let indent = if method { "    " } else { "" };
    let mut text = String::new();
    for (name, overloads) in defs {
        let mut seen = BTreeSet::new();
        let mut docs = BTreeSet::new();
        let mut lines = vec![];
        for def in overloads {
            for signature in &def.signatures {
                if seen.insert(signature) {
                    lines.push((signature, docs.insert(&def.doc).then_some(&def.doc)));
                }
            }
        }
        text.push_str(if method { "" } else { "\n" });
        for (signature, doc) in &lines {
            if lines.len() > 1 {
                writeln!(text, "{indent}@overload").expect("writing to a string");
            }
            write!(text, "{indent}def {name}{signature}:").expect("writing to a string");
            match doc {
                None => text.push_str(" ...\n"),
                Some(doc) => {
                    writeln!(text, "\n{}", docstring(doc, &format!("{indent}    "))).expect("writing to a string")
                }
            }
        }
    }
    text
}

fn docstring(doc: &str, indent: &str) -> String {
    let lines: Vec<&str> = doc.trim().lines().map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end()).collect();
    let raw = if doc.contains('\\') { "r" } else { "" };
    let text = lines.join(&format!("\n{indent}")).replace(&format!("\n{indent}\n"), "\n\n").replace("\"\"\"", "'''");
    let close = if lines.len() > 1 || text.ends_with('"') { format!("\n{indent}") } else { String::new() };
    format!("{indent}{raw}\"\"\"{text}{close}\"\"\"")
}

// ---- signatures -----------------------------------------------------------------------------------------------------

/// The signatures of an overload: a second one where loose ints may stand for a list.
fn signatures(
    op: &Op,
    schema: &Schema,
    place: &PublicName,
    method: bool,
    results: &mut BTreeSet<String>,
) -> Vec<String> {
    let returns = if method && (place.in_place || op.schema.contains("(Tensor(a!) self")) {
        "Self".to_string()
    } else {
        result(op, results)
    };
    let mut all = vec![];
    for loose in [false, true] {
        if loose && !schema.takes_loose_ints(method) {
            continue;
        }
        let mut parts: Vec<String> = vec![];
        let mut star = false;
        for (i, p) in schema.params.iter().enumerate() {
            if method && i == 0 {
                parts.push("self".into());
                continue;
            }
            let name = match p.name {
                "self" => "input",
                "from" => "from_",
                name => name,
            };
            if loose && !p.keyword_only {
                parts.push(format!("*{name}: _int"));
                star = true;
                continue;
            }
            if p.keyword_only && !star {
                parts.push("*".into());
                star = true;
            }
            parts.push(format!("{name}: {}{}", annotation(op, schema, p), default(p)));
            if name != p.name && p.name != "self" {
                parts.push("/".into()); // a keyword of Python's own: only by position
            }
        }
        let mut extra = vec![];
        if op.has('o') && !method && !place.in_place {
            extra.push(format!("out: {} | None = None", out_annotation(schema)));
        }
        if schema.is_factory() {
            extra.push("requires_grad: _bool = False".into());
        }
        if !extra.is_empty() && !star {
            parts.push("*".into());
        }
        parts.extend(extra);
        all.push(format!("({}) -> {returns}", parts.join(", ")));
    }
    all
}

fn annotation(op: &Op, schema: &Schema, p: &Param) -> String {
    let kind = match p.kind {
        Kind::Tensor if op.takes_number(schema, p) => "Tensor | _Number",
        Kind::Tensor => "Tensor",
        Kind::Tensors => "Sequence[Tensor]",
        Kind::OptTensors => "Sequence[Tensor | None]",
        Kind::Scalar => "_Number",
        Kind::Scalars => "Sequence[_Number]",
        Kind::Int => "_int",
        Kind::Ints(None) => "Sequence[_int]",
        Kind::Ints(Some(_)) => "_int | Sequence[_int]",
        Kind::Float => "_float",
        Kind::Floats(None) => "Sequence[_float]",
        Kind::Floats(Some(_)) => "_float | Sequence[_float]",
        Kind::Bool => "_bool",
        Kind::Bools => "Sequence[_bool]",
        Kind::Str => "_str",
        Kind::DType => "_dtype",
        Kind::Layout => "_layout",
        Kind::Device => "_Device",
        Kind::MemoryFormat => "_memory_format",
        Kind::Generator => "Generator",
    };
    if p.optional { format!("{kind} | None") } else { kind.to_string() }
}

/// ` = 1`; `...` where the default is no Python literal.
fn default(p: &Param) -> String {
    let Some(text) = p.default else {
        return if p.optional && p.keyword_only { " = None".into() } else { String::new() };
    };
    let literal = match text {
        "None" | "True" | "False" => text.to_string(),
        "Mean" => "1".to_string(),
        list if list.starts_with('[') => {
            let items: Vec<&str> = list.trim_matches(['[', ']']).split(',').map(str::trim).collect();
            if items.len() == 1 && !items[0].is_empty() {
                format!("({},)", items[0])
            } else {
                format!("({})", items.join(", "))
            }
        }
        quoted if quoted.starts_with(['\'', '"']) => format!("\"{}\"", quoted.trim_matches(['\'', '"'])),
        number if number.parse::<f64>().is_ok_and(f64::is_finite) => number.to_string(),
        _ => "...".to_string(),
    };
    format!(" = {literal}")
}

fn out_annotation(schema: &Schema) -> String {
    match schema.count {
        Some(1) => "Tensor".into(),
        Some(n) => format!("tuple[{}]", vec!["Tensor"; n].join(", ")),
        None => "Sequence[Tensor]".into(),
    }
}

/// The type of the result; named results become a class, added to `results`.
fn result(op: &Op, results: &mut BTreeSet<String>) -> String {
    let text = op.schema.rsplit_once(" -> ").expect("a schema has a result").1;
    let one = |t: &str| -> &'static str {
        match t.split(['(', '[']).next().expect("split yields one") {
            "Tensor" if t.ends_with("[]") => "tuple[Tensor, ...]",
            "Tensor" => "Tensor",
            "bool" => "_bool",
            "int" | "SymInt" if t.ends_with("[]") => "tuple[_int, ...]",
            "int" | "SymInt" => "_int",
            "float" => "_float",
            "Scalar" => "_Number",
            "ScalarType" => "_dtype",
            other => panic!("unknown type of a result: {other}"),
        }
    };
    let Some(items) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return one(text).into() };
    if items.is_empty() {
        return "None".into();
    }
    let items: Vec<(&str, Option<&str>)> =
        items.split(", ").map(|i| i.split_once(' ').map_or((i, None), |(t, n)| (t, Some(n)))).collect();
    let names: Vec<&str> = items.iter().filter_map(|i| i.1).collect();
    if names.is_empty() {
        return format!("tuple[{}]", items.iter().map(|i| one(i.0)).collect::<Vec<_>>().join(", "));
    }
    let class = format!("_{}", names.join("_"));
    let mut text = format!("class {class}(NamedTuple):\n");
    for (ty, name) in &items {
        writeln!(text, "    {}: {}", name.expect("all results are named, or none"), one(ty))
            .expect("writing to a string");
    }
    results.insert(text + "\n");
    class
}
