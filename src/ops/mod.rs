//! Every op of the engine, as rows. A row is all that the binding, the stub, the documentation and the tests read.
//!
//! To add an op, add its row in the file of its kind; nothing else is edited. Two kinds of row: `pointwise!` (an
//! expression per element; see `elementwise.rs`) and `rows!` (a function of this crate, with PyTorch's schema).
mod alias;
mod args;
mod attention_gpu;
mod class_loss_gpu;
mod conv_gpu;
pub mod elementwise;
mod linalg_gpu;
mod norm_gpu;
mod refusal;
#[macro_use]
mod row;
mod samples;
pub mod schema;
pub mod stub;

pub use args::{Arg, Args, Out, SharedGenerator, Value};
pub use elementwise::{Operand, result_type};
pub use samples::Samples;

use crate::device::{self, Inside};
use crate::error::{Result, catch_raised};

/// One row of the op table: one overload of one name.
#[derive(Clone, Copy)]
pub struct Op {
    /// PyTorch's own: `sum.dim(Tensor self, int[1]? dim, bool keepdim=False) -> Tensor`. A prefix `_nn::` puts it there.
    pub schema: &'static str,
    /// Where it appears: `f` function, `m` method, `i` in-place method `name_` (and function), `o` `out=`;
    /// `p` attribute of a tensor; `n` says that no gradient flows through it; `s` that Python numbers may stand for its tensors.
    pub forms: &'static str,
    pub doc: &'static str,
    pub call: fn(&Args) -> Result<Out>,
    /// The elementwise expression, where the op is one: its operands are the leading arguments, in order, where the
    /// others have their defaults.
    pub row: Option<&'static elementwise::Row>,
    /// Writes the result into the first argument's own memory, where the op can; otherwise it is computed and copied.
    pub call_into: Option<fn(&Args, &crate::Tensor) -> Result<()>>,
    /// Inputs at which the tests try it.
    pub samples: fn(&mut Samples) -> Vec<Vec<Value>>,
}

impl Op {
    /// The name without namespace and overload.
    pub fn name(&self) -> &'static str {
        let head = self.schema.split(['(', '.']).next().unwrap_or("");
        head.rsplit("::").next().unwrap_or("")
    }
    pub fn namespace(&self) -> &'static str {
        let head = self.schema.split('(').next().unwrap_or("");
        head.split_once("::").map_or("", |h| h.0)
    }
    /// Runs `f`, which calls the op with these arguments, where they are.
    pub fn scoped<R>(&self, args: &Args, f: impl FnOnce() -> Result<R>) -> Result<R> {
        let device = args.device(self)?;
        if device == device::current() {
            return f();
        }
        let _inside = Inside::new(device, self.name(), args.first_dtype());
        catch_raised(f)
    }
    /// Calls the op.
    pub fn run(&self, args: &Args) -> Result<Out> {
        self.scoped(args, || (self.call)(args))
    }
    pub fn has(&self, form: char) -> bool {
        self.forms.contains(form)
    }
}

/// Rows of ops that are functions of this crate: doc, schema, forms, the call, where it can the call that writes into
/// given memory (`into |a, y| ...;`), and samples for the tests.
///
/// ```text
/// rows! {
///     /// Swaps two dims.
///     "transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)" "fm"
///     |a| transpose(a.tensor(0)?, a.int(1)?, a.int(2)?);
///     |s| vec![vec![s.t(&[2, 3]), 0.into(), 1.into()]];
/// }
/// ```
#[macro_export]
macro_rules! rows {
    (@ ($($head:tt)*) $($(#[doc = $doc:literal])* $schema:literal $forms:literal |$a:ident| $call:expr;
        $(into |$b:ident, $y:ident| $write:expr;)? |$s:ident| $samples:expr;)*) => {
        $($head)*() -> Vec<$crate::ops::Op> {
            vec![$($crate::ops::Op {
                schema: $schema,
                forms: $forms,
                doc: concat!($($doc, "\n"),*),
                call: |$a| Ok($crate::ops::Out::from($call?)),
                row: None,
                call_into: [$(Some((|$b, $y| $write) as fn(&$crate::ops::Args, &$crate::Tensor) -> $crate::Result<()>),)? None][0],
                samples: |$s| $samples,
            }),*]
        }
    };
    // Under another name, in a file that has rows of both kinds.
    ($rows:ident: $($row:tt)*) => { $crate::rows! { @ (fn $rows) $($row)* } };
    ($($row:tt)*) => { $crate::rows! { @ (pub(super) fn rows) $($row)* } };
}

macro_rules! kinds {
    ($($kind:ident)*) => {
        $(mod $kind; #[allow(unused_imports)] pub use $kind::*;)*
        /// The whole table, in PyTorch's order of trying overloads.
        pub fn table() -> Vec<Op> {
            static TABLE: std::sync::LazyLock<Vec<Op>> = std::sync::LazyLock::new(|| {
                let mut table: Vec<Op> = [$($kind::rows()),*].into_iter().flatten().collect();
                table.extend(alias::rows(&table));
                table
            });
            TABLE.clone()
        }
    };
}

// Files of rows. Where two overloads share a name, the one in the earlier file is tried first.
kinds! {
    unary
    complex
    exponential
    trigonometric
    binary
    division
    power
    compare
    logical
    ternary
    activation
    view
    strided
    create
    create_like
    create_range
    create_window
    cast
    promotion
    inplace
    pick
    reduce
    extremum
    moments
    vector_norm
    scan
    sort
    unique
    search
    statistics
    item
    places
    index
    take
    index_dim
    scatter
    mask
    embedding
    diagonal
    triangle
    flip
    view_scatter
    join
    repeat
    pieces
    dims
    matmul
    addmm
    contract
    conv
    fold
    pool
    average
    resample
    resize
    upsample
    grid
    rnn
    attention
    norm
    batch_norm
    softmax
    loss
    class_loss
    margin_loss
    distance
    ctc
    random
    random_create
    random_counts
    dropout
    rrelu
    linalg
    svd
    fft
    special
    polynomial
    composite
    fused
    foreach
    sequence
}

impl Op {
    /// The attribute that the op is, where PyTorch calls it otherwise.
    pub fn property_name(&self) -> &'static str {
        match self.name() {
            "numpy_T" => "T",
            "matrix_H" => "H",
            name => name,
        }
    }
    /// A Python number may stand for a tensor: in the few ops where PyTorch's own parser has it so. Others have rows
    /// for `Scalar`.
    pub fn takes_numbers(&self) -> bool {
        self.has('s')
    }
    /// Where Python finds it.
    pub fn public_names(&self) -> Vec<PublicName> {
        let (function, method) = (self.has('f'), self.has('m'));
        let mut names = vec![];
        if function || method {
            names.push(PublicName { name: self.name().to_string(), in_place: false, function, method });
        }
        if self.has('i') {
            names.push(PublicName { name: format!("{}_", self.name()), in_place: true, function: true, method });
        }
        names
    }
}

/// A name of an op in Python.
pub struct PublicName {
    pub name: String,
    /// Writes the result into its first argument.
    pub in_place: bool,
    pub function: bool,
    pub method: bool,
}
