//! One step of an optimizer for many parameters, several of them in each kernel.
use super::kernel::{Call, Memory, Shader};
use super::pipeline::Role;
use super::prelude::Type;
use super::queue::Gpu;
use crate::error::Result;
use smallvec::SmallVec;

/// A parameter, its gradient and its states, in this order: flat memories of one size.
pub struct Parameter<'a> {
    pub n: usize,
    pub memory: SmallVec<[Memory<'a>; 5]>,
}

/// The numbers of stochastic gradient descent, as `sgd.wgsl` takes them.
pub struct Sgd {
    pub lr: f32,
    pub decay: f32,
    pub momentum: f32,
    pub keep: f32,
    pub nesterov: bool,
    pub first: bool,
    pub maximize: bool,
}
/// The numbers of Adam, as `adam.wgsl` takes them.
pub struct Adam {
    pub step_size: f32,
    pub shrink: f32,
    pub decay: f32,
    pub rest1: f32,
    pub beta1: f32,
    pub rest2: f32,
    pub beta2: f32,
    pub root: f32,
    pub eps: f32,
    pub maximize: bool,
}
/// The numbers of Adagrad, as `adagrad.wgsl` takes them.
pub struct Adagrad {
    pub lr: f32,
    pub decay: f32,
    pub eps: f32,
    pub maximize: bool,
}

/// Names of a kernel's operands: of each parameter, its gradient and states, for one parameter after the other.
type Names = &'static [&'static [&'static str]];
const SGD: Names = &[
    &["param0", "grad0", "buffer0"],
    &["param1", "grad1", "buffer1"],
    &["param2", "grad2", "buffer2"],
    &["param3", "grad3", "buffer3"],
];
const ADAGRAD: Names = &[
    &["param0", "grad0", "sum0"],
    &["param1", "grad1", "sum1"],
    &["param2", "grad2", "sum2"],
    &["param3", "grad3", "sum3"],
];
const ADAM: Names = &[
    &["param0", "grad0", "average0", "square0"],
    &["param1", "grad1", "average1", "square1"],
    &["param2", "grad2", "average2", "square2"],
    &["param3", "grad3", "average3", "square3"],
];
const AMSGRAD: Names = &[
    &["param0", "grad0", "average0", "square0", "largest0"],
    &["param1", "grad1", "average1", "square1", "largest1"],
    &["param2", "grad2", "average2", "square2", "largest2"],
];

/// Calls the kernel for as many parameters at a time as it has names for.
fn each(
    gpu: &'static Gpu,
    shader: &'static Shader,
    names: Names,
    all: &[Parameter],
    numbers: &[f32],
    constants: &[(&'static str, bool)],
) -> Result<()> {
    let all: Vec<&Parameter> = all.iter().filter(|p| p.n > 0).collect();
    // A kernel is compiled for the dtypes of its operands.
    for some in all.chunk_by(|a, b| a.memory.iter().zip(&b.memory).all(|(a, b)| a.dtype == b.dtype)) {
        for some in some.chunks(names.len()) {
            let mut call = Call::new(gpu, shader);
            let (mut ends, mut end) = ([0; 4], 0);
            let mut offsets: SmallVec<[[usize; 4]; 5]> = smallvec::smallvec![[0; 4]; names[0].len()];
            for (t, names) in names.iter().enumerate() {
                // Places without a parameter are bound to the first one, and have no elements.
                let p = some.get(t).unwrap_or(&some[0]);
                end += some.get(t).map_or(0, |p| p.n);
                ends[t] = end;
                for (k, name) in names.iter().enumerate() {
                    // In place of a state that is not in use stands the gradient, which is not touched then.
                    let m = p.memory.get(k).unwrap_or(&p.memory[1]);
                    call.operand(name, &m.slice, m.dtype, Type::F32, if k == 1 { Role::Read } else { Role::Write });
                    offsets[k][t] = m.offset;
                }
            }
            constants.iter().for_each(|(name, value)| {
                call.constant(name, *value);
            });
            call.vec4(&ends, 0);
            offsets.iter().for_each(|o| {
                call.vec4(o, 0);
            });
            numbers.iter().for_each(|v| {
                call.float(f64::from(*v));
            });
            call.over(end)?;
        }
    }
    Ok(())
}

/// Stochastic gradient descent; the state is the momentum's buffer, if there is one.
pub fn sgd(gpu: &'static Gpu, all: &[Parameter], o: &Sgd) -> Result<()> {
    let momentum = all.iter().any(|p| p.memory.len() > 2);
    let constants = [("MOMENTUM", momentum), ("NESTEROV", o.nesterov), ("FIRST", o.first), ("MAXIMIZE", o.maximize)];
    each(gpu, shader!("sgd"), SGD, all, &[o.lr, o.decay, o.momentum, o.keep], &constants)
}
/// Adam; the states are the averages of the gradient and of its square and, for AMSGrad, the largest of the latter.
pub fn adam(gpu: &'static Gpu, all: &[Parameter], o: &Adam) -> Result<()> {
    let constants = [("MAXIMIZE", o.maximize)];
    let begin = [o.step_size, o.shrink, o.decay, o.rest1];
    let end = [o.rest2, o.beta2, o.root, o.eps];
    if all.iter().any(|p| p.memory.len() > 4) {
        return each(gpu, shader!("amsgrad"), AMSGRAD, all, &[begin, end].concat(), &constants);
    }
    each(gpu, shader!("adam"), ADAM, all, &[&begin[..], &[o.beta1], &end].concat(), &constants)
}
/// Adagrad; the state is the sum of squares.
pub fn adagrad(gpu: &'static Gpu, all: &[Parameter], o: &Adagrad) -> Result<()> {
    each(gpu, shader!("adagrad"), ADAGRAD, all, &[o.lr, o.decay, o.eps], &[("MAXIMIZE", o.maximize)])
}
