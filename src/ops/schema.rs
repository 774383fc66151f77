//! Reads an op's schema, and says what follows from it: what the binding and the stub both need to know.
use super::Op;

/// What a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Tensor,
    Tensors,
    OptTensors,
    Scalar,
    Scalars,
    Int,
    /// A list of ints; with a size, one int may stand for the list.
    Ints(Option<u8>),
    Float,
    Floats(Option<u8>),
    Bool,
    Bools,
    Str,
    DType,
    Layout,
    Device,
    MemoryFormat,
    Generator,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    pub name: &'static str,
    pub kind: Kind,
    /// `Tensor?`, `int[]?`: None is accepted.
    pub optional: bool,
    pub default: Option<&'static str>,
    pub keyword_only: bool,
}

#[derive(Debug, Clone)]
pub struct Schema {
    pub params: Vec<Param>,
    /// Names of the results, where the schema gives them: `(Tensor values, Tensor indices)`.
    pub results: Vec<&'static str>,
    /// How many results there are; `None` for a list.
    pub count: Option<usize>,
}

/// Parses PyTorch's own schema text.
pub fn parse(schema: &'static str) -> Schema {
    let (head, result) = schema.rsplit_once(" -> ").expect("a schema has a result");
    let inside = &head[head.find('(').expect("a schema has parameters") + 1..head.len() - 1];
    let mut params = vec![];
    let mut keyword_only = false;
    for p in split_params(inside) {
        if p == "*" {
            keyword_only = true;
            continue;
        }
        let (ty, decl) = p.split_once(' ').expect("type and name");
        let (name, default) = decl.split_once('=').map_or((decl, None), |(n, d)| (n, Some(d)));
        let (kind, optional) = kind(ty);
        params.push(Param { name, kind, optional, default, keyword_only });
    }
    let results: Vec<&str> = match result.strip_prefix('(') {
        Some(r) => r.trim_end_matches(')').split(", ").filter_map(|r| r.split_once(' ').map(|r| r.1)).collect(),
        None => vec![],
    };
    let count = match result {
        r if r.ends_with("[]") => None,
        "()" => Some(0),
        r if r.starts_with('(') => Some(r.split(", ").count()),
        _ => Some(1),
    };
    Schema { params, results, count }
}

fn split_params(s: &'static str) -> Vec<&'static str> {
    let (mut depth, mut quoted, mut start, mut out) = (0, false, 0, vec![]);
    for (i, c) in s.char_indices() {
        match c {
            '\'' | '"' => quoted = !quoted,
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            ',' if depth == 0 && !quoted => {
                out.push(s[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    if !s[start..].trim().is_empty() {
        out.push(s[start..].trim());
    }
    out
}

fn kind(ty: &str) -> (Kind, bool) {
    let (ty, optional) = ty.strip_suffix('?').map_or((ty, false), |t| (t, true));
    // `Tensor(a!)`: aliasing is the business of the op.
    let ty: String = match (ty.find('('), ty.find(')')) {
        (Some(a), Some(b)) => format!("{}{}", &ty[..a], &ty[b + 1..]),
        _ => ty.to_string(),
    };
    let size = |t: &str| t.split_once('[').and_then(|(_, n)| n.trim_end_matches(']').parse().ok());
    let kind = match ty.split('[').next().expect("split yields one") {
        "Tensor?" if ty.contains('[') => Kind::OptTensors,
        "Tensor" if ty.contains('[') => Kind::Tensors,
        "Tensor" => Kind::Tensor,
        "Scalar" if ty.contains('[') => Kind::Scalars,
        "Scalar" => Kind::Scalar,
        "int" | "SymInt" if ty.contains('[') => Kind::Ints(size(&ty)),
        "int" | "SymInt" => Kind::Int,
        "float" if ty.contains('[') => Kind::Floats(size(&ty)),
        "float" => Kind::Float,
        "bool" if ty.contains('[') => Kind::Bools,
        "bool" => Kind::Bool,
        "str" => Kind::Str,
        "ScalarType" => Kind::DType,
        "Layout" => Kind::Layout,
        "Device" => Kind::Device,
        "MemoryFormat" => Kind::MemoryFormat,
        "Generator" => Kind::Generator,
        other => panic!("unknown type in a schema: {other}"),
    };
    (kind, optional)
}

impl Schema {
    /// `view(2, 3)` may stand for `view((2, 3))`: the one positional parameter (after a method's self) is a list of ints.
    pub fn takes_loose_ints(&self, method: bool) -> bool {
        let mut positional = self.params.iter().filter(|p| !p.keyword_only).skip(method as usize);
        positional.next().is_some_and(|p| matches!(p.kind, Kind::Ints(_))) && positional.next().is_none()
    }
    /// A factory takes `requires_grad` besides what its schema says.
    pub fn is_factory(&self) -> bool {
        self.has("pin_memory") && !self.has("requires_grad")
    }
    pub fn has(&self, name: &str) -> bool {
        self.params.iter().any(|p| p.name == name)
    }
}

impl Op {
    pub fn parsed(&self) -> Schema {
        parse(self.schema)
    }
    /// A Python number may stand for this tensor: there is another one to take the dtype from.
    pub fn takes_number(&self, schema: &Schema, p: &Param) -> bool {
        p.kind == Kind::Tensor
            && self.takes_numbers()
            && schema.params.iter().filter(|p| p.kind == Kind::Tensor).count() > 1
    }
}
