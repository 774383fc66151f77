//! Names that PyTorch has besides an op's own: one table, from which whole rows are derived.
use crate::ops::Op;

/// An op's name (with its namespace) and its other names. A name keeps the op's overloads, and its forms as far as its
/// namespace has them: what stands in `_special` is a function only.
const ALIASES: &[(&str, &[&str])] = &[
    ("abs", &["absolute"]),
    ("acos", &["arccos"]),
    ("acosh", &["arccosh"]),
    ("asin", &["arcsin"]),
    ("asinh", &["arcsinh"]),
    ("atan", &["arctan"]),
    ("atan2", &["arctan2"]),
    ("atanh", &["arctanh"]),
    ("clamp", &["clip"]),
    ("digamma", &["_special::digamma", "_special::psi"]),
    ("div", &["divide"]),
    ("erf", &["_special::erf"]),
    ("erfc", &["_special::erfc"]),
    ("erfinv", &["_special::erfinv"]),
    ("exp2", &["_special::exp2"]),
    ("expm1", &["_special::expm1"]),
    ("ge", &["greater_equal"]),
    ("gt", &["greater"]),
    ("i0", &["_special::i0"]),
    ("igamma", &["_special::gammainc"]),
    ("igammac", &["_special::gammaincc"]),
    ("le", &["less_equal"]),
    ("lgamma", &["_special::gammaln"]),
    ("log1p", &["_special::log1p"]),
    ("logit", &["_special::logit"]),
    ("lt", &["less"]),
    ("mul", &["multiply"]),
    ("mvlgamma", &["_special::multigammaln"]),
    ("ne", &["not_equal"]),
    ("neg", &["negative"]),
    ("polygamma", &["_special::polygamma"]),
    ("sigmoid", &["_special::expit"]),
    ("sinc", &["_special::sinc"]),
    ("sub", &["subtract"]),
    ("trunc", &["fix"]),
    ("xlogy", &["_special::xlogy"]),
];

/// The rows of all other names. Their schemas are kept for ever: the table is made once.
pub(super) fn rows(table: &[Op]) -> Vec<Op> {
    let mut all = vec![];
    for op in table {
        let end = op.schema.find(['.', '(']).unwrap_or(op.schema.len());
        let (name, rest) = op.schema.split_at(end);
        let names = ALIASES.iter().find(|a| a.0 == name).map_or(&[][..], |a| a.1);
        for alias in names {
            let special = alias.contains("::");
            let forms: String = op.forms.chars().filter(|&f| !special || !"mi".contains(f)).collect();
            if !forms.contains(['f', 'm']) {
                continue;
            }
            all.push(Op { schema: format!("{alias}{rest}").leak(), forms: forms.leak(), ..*op });
        }
    }
    all
}
