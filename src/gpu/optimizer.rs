//! One step of an optimizer for many parameters, several of them in each kernel.
use super::kernel::{Call, Memory, Shader};
use super::pipeline::{MAX_OPERANDS, Role};
use super::prelude::Type;
use super::queue::Gpu;
use crate::dtype::DType;
use crate::error::Result;
use smallvec::SmallVec;
use std::fmt::Write;

/// A kind of optimizer: the step of one element, and the names that it has for what it works with.
pub struct Optimizer {
    shader: &'static Shader,
    /// The states, and for one that not every step has, the flag that says so.
    states: &'static [(&'static str, Option<&'static str>)],
    numbers: &'static [&'static str],
    flags: &'static [&'static str],
}

pub static SGD: Optimizer = Optimizer {
    shader: shader!("sgd" with "parameters"),
    states: &[("buffer", Some("MOMENTUM"))],
    numbers: &["lr", "momentum", "keep"],
    flags: &["MOMENTUM", "NESTEROV", "FIRST"],
};
pub static ADAM: Optimizer = Optimizer {
    shader: shader!("adam" with "parameters"),
    states: &[("average", None), ("square", None), ("largest", Some("AMSGRAD"))],
    numbers: &["step_size", "rest1", "rest2", "beta2", "root", "eps"],
    flags: &["AMSGRAD"],
};
pub static ADAGRAD: Optimizer = Optimizer {
    shader: shader!("adagrad" with "parameters"),
    states: &[("sum", None)],
    numbers: &["lr", "eps"],
    flags: &[],
};
/// Those that the CPU runs op by op.
static OTHERS: [Optimizer; 7] = [
    Optimizer {
        shader: shader!("rmsprop" with "parameters"),
        states: &[("square", None), ("average", Some("CENTERED")), ("buffer", Some("MOMENTUM"))],
        numbers: &["lr", "alpha", "rest", "eps", "momentum"],
        flags: &["CENTERED", "MOMENTUM"],
    },
    Optimizer {
        shader: shader!("adadelta" with "parameters"),
        states: &[("square", None), ("changes", None)],
        numbers: &["lr", "rho", "rest", "eps"],
        flags: &[],
    },
    Optimizer {
        shader: shader!("adamax" with "parameters"),
        states: &[("average", None), ("norm", None)],
        numbers: &["step_size", "rest1", "beta2", "eps"],
        flags: &[],
    },
    Optimizer {
        shader: shader!("nadam" with "parameters"),
        states: &[("average", None), ("square", None)],
        numbers: &["size_of_grad", "size_of_average", "rest1", "rest2", "beta2", "bias", "eps"],
        flags: &[],
    },
    Optimizer {
        shader: shader!("radam" with "parameters"),
        states: &[("average", None), ("square", None)],
        numbers: &["step_size", "factor", "rest1", "rest2", "beta2", "eps"],
        flags: &["RECTIFIED"],
    },
    Optimizer {
        shader: shader!("rprop" with "parameters"),
        states: &[("before", None), ("size", None)],
        numbers: &["shrinks", "grows", "smallest", "largest"],
        flags: &[],
    },
    Optimizer {
        shader: shader!("asgd" with "parameters"),
        states: &[("average", None)],
        numbers: &["lr", "share"],
        flags: &[],
    },
];

impl Optimizer {
    /// One that the CPU runs op by op.
    pub fn named(name: &str) -> Option<&'static Self> {
        OTHERS.iter().find(|o| o.shader.name == name)
    }
    /// The states that a step with these flags has.
    pub fn states(&self, flags: &[bool]) -> SmallVec<[&'static str; 3]> {
        let set = |flag: &str| self.flags.iter().zip(flags).any(|(f, v)| *f == flag && *v);
        self.states.iter().filter(|(_, flag)| flag.is_none_or(set)).map(|(name, _)| *name).collect()
    }
}

/// The numbers of a step, as the kernel wants them.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    pub optimizer: &'static Optimizer,
    /// The weight decay that is added to the gradient, times the parameter.
    pub decay: f64,
    /// What the parameter is multiplied by before the step.
    pub shrink: f64,
    pub maximize: bool,
    /// The optimizer's own, in its order.
    pub numbers: &'a [f64],
    pub flags: &'a [bool],
}

/// A parameter, its gradient and the states in use, in this order: flat memories of one size.
pub struct Parameter<'a> {
    pub n: usize,
    pub memory: SmallVec<[Memory<'a>; 5]>,
}

/// Names of a kernel's operands: a parameter, its gradient and its states, for one parameter after the other.
const OPERANDS: [[&str; 5]; 4] = [
    ["param0", "grad0", "a0", "b0", "c0"],
    ["param1", "grad1", "a1", "b1", "c1"],
    ["param2", "grad2", "a2", "b2", "c2"],
    ["param3", "grad3", "a3", "b3", "c3"],
];
/// Where each parameter's begin.
const OFFSETS: [&str; 5] = ["param", "grad", "a", "b", "c"];

/// Takes a step with all of them.
pub fn step(gpu: &'static Gpu, s: &Step, all: &[Parameter]) -> Result<()> {
    let o = s.optimizer;
    ensure!(
        s.numbers.len() == o.numbers.len() && s.flags.len() == o.flags.len(),
        "{} takes the numbers {:?} and the flags {:?}",
        o.shader.name,
        o.numbers,
        o.flags
    );
    let states = o.states(s.flags);
    let operands = 2 + states.len();
    let all: Vec<&Parameter> = all.iter().filter(|p| p.n > 0).collect();
    // A kernel is compiled for the dtypes of its operands.
    for some in all.chunk_by(|a, b| a.memory.iter().zip(&b.memory).all(|(a, b)| a.dtype == b.dtype)) {
        // Numbers of float64 leave less room for where each one's memories begin.
        let lanes = if some[0].memory[0].dtype == DType::F64 { 2 } else { 4 };
        let at_once = (MAX_OPERANDS / operands).min(lanes);
        for some in some.chunks(at_once) {
            let mut call = Call::new(gpu, o.shader);
            let (mut ends, mut end) = ([0; 4], 0);
            let mut offsets = [[0; 4]; 5];
            for (t, names) in OPERANDS.iter().enumerate() {
                // Places without a parameter are bound to the first one, and have no elements.
                let p = some.get(t).unwrap_or(&some[0]);
                end += some.get(t).map_or(0, |p| p.n);
                ends[t] = end;
                if t < at_once {
                    for (k, (name, m)) in names.iter().zip(&p.memory).enumerate() {
                        call.operand(name, &m.slice, m.dtype, Type::F32, if k == 1 { Role::Read } else { Role::Write });
                        offsets[k][t] = m.offset;
                    }
                }
            }
            call.constant("MAXIMIZE", s.maximize);
            o.flags.iter().zip(s.flags).for_each(|(name, value)| {
                call.constant(name, *value);
            });
            call.vec4(&ends, 0);
            offsets[..operands].iter().for_each(|o| {
                call.params(o[..lanes].iter().copied());
            });
            [s.decay, s.shrink].iter().chain(s.numbers).for_each(|v| {
                call.float(*v);
            });
            call.over_with(end, &|| text(o, &states, at_once, lanes))?;
        }
    }
    Ok(())
}

/// `Params`, an element with its states, and how it is loaded and stored.
fn text(o: &Optimizer, states: &[&str], at_once: usize, lanes: usize) -> String {
    let mut s = String::from("struct Params { ends: vec4<u32>");
    let fields: SmallVec<[&str; 5]> = ["param", "grad"].into_iter().chain(states.iter().copied()).collect();
    OFFSETS[..fields.len()].iter().for_each(|name| s.push_str(&format!(", {name}: vec{lanes}<u32>")));
    ["decay", "shrink"].iter().chain(o.numbers).for_each(|name| s.push_str(&format!(", {name}: F")));
    s.push_str(" }\nstruct One { param: F, grad: F");
    o.states.iter().for_each(|(name, _)| s.push_str(&format!(", {name}: F")));
    s.push_str(" }\n");
    let mut each = |head: &str, line: &dyn Fn(usize, usize, &str) -> String, end: &str| {
        let _ = writeln!(s, "{head}\n    switch t {{");
        for t in 0..at_once {
            let case = if t + 1 == at_once { "default".to_string() } else { format!("case {t}u") };
            let lines: String = fields.iter().enumerate().map(|(k, field)| line(t, k, field)).collect();
            let _ = writeln!(s, "        {case}: {{{lines} }}");
        }
        let _ = writeln!(s, "    }}\n{end}}}");
    };
    let place = |t: usize, k: usize| format!("p.{}[{t}] + i", OFFSETS[k]);
    let load = |t: usize, k: usize, field: &str| format!(" v.{field} = load_{}({});", OPERANDS[t][k], place(t, k));
    each("fn loaded(t: u32, i: u32) -> One {\n    var v = One();", &load, "    return v;\n");
    let store = |t: usize, k: usize, field: &str| match k {
        1 => String::new(),
        _ => format!(" store_{}({}, v.{field});", OPERANDS[t][k], place(t, k)),
    };
    each("fn stored(t: u32, i: u32, v: One) {", &store, "");
    s
}
