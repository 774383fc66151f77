//! Updates of whole lists of parameters in one call: SGD, Adam, AdamW and Adagrad; on GPUs the other optimizers, too.
use crate::cpu::optimizer::{self, Adagrad, Adam, Memory, Sgd};
use crate::dtype::{Class, DType};
use crate::error::Result;
use crate::gpu::optimizer::{ADAGRAD, ADAM, Parameter, SGD, Step};
use crate::gpu::{Gpu, optimizer as on_gpu};
use crate::graph::with_grad;
use crate::ops::inplace::check_writable;
use crate::ops::*;
use crate::tensor::Tensor;
use smallvec::SmallVec;

/// The gradients' common factor and whether to leave everything as it is, for scaled half-precision training.
struct Scaling {
    divisor: Option<f64>,
    skip: bool,
}

impl Scaling {
    fn new(scale: Option<&Tensor>, found_inf: Option<&Tensor>) -> Result<Self> {
        let number = |t: &Tensor| t.item().map(|s| s.to_f64());
        Ok(Self { divisor: scale.map(number).transpose()?, skip: found_inf.map(number).transpose()? == Some(1.0) })
    }
}

fn equal_lengths(op: &str, lists: &[(&str, usize)]) -> Result<()> {
    let (_, n) = lists[0];
    for (name, len) in &lists[1..] {
        ensure!(*len == n, "{op}: expected {n} {name}, as many as parameters, but got {len}");
    }
    Ok(())
}

/// Refuses what an update cannot take, and unscales the gradient.
fn check(param: &Tensor, grad: &Tensor, states: &[Option<&Tensor>], scaling: &Scaling) -> Result<()> {
    for t in states.iter().flatten().copied().chain([grad]) {
        ensure!(
            t.shape() == param.shape(),
            "The size of the parameter {} does not match that of its gradient or state {}",
            crate::layout::show(param.shape()),
            crate::layout::show(t.shape())
        );
    }
    ensure!(
        param.dtype().is_float() && grad.dtype().is_float(),
        NotImplemented,
        "\"fused_optimizer_kernel\" not implemented for '{}'",
        param.dtype().scalar_name()
    );
    check_writable(param)?;
    states.iter().flatten().try_for_each(|s| check_writable(s))?;
    if let Some(divisor) = scaling.divisor {
        with_grad(false, || inplace::assign(grad, &div(grad, divisor)?))?;
    }
    Ok(())
}

/// Runs `kernel` on the memory of one parameter; tensors of other layouts or of half precision go through copies.
fn update(
    param: &Tensor,
    grad: &Tensor,
    states: &[Option<&Tensor>],
    scaling: &Scaling,
    kernel: impl Fn(Class, usize, Memory),
) -> Result<()> {
    check(param, grad, states, scaling)?;
    let class = param.dtype().class();
    let fits = |t: &Tensor| {
        t.dtype() == class.dtype()
            && t.strides() == param.strides()
            && (t.data_ptr() as usize).is_multiple_of(class.size())
    };
    let direct = param.layout().is_dense() && fits(param);
    let prepared = |t: &Tensor| if direct && fits(t) { Ok(t.detach()) } else { laid_out_as(t, param, class.dtype(), direct) };
    let (p, g) = (prepared(param)?, prepared(grad)?);
    let copies = states.iter().map(|s| s.map(prepared).transpose()).collect::<Result<Vec<_>>>()?;
    let mut memory = Memory { param: p.data_ptr(), grad: g.data_ptr(), state: [std::ptr::null_mut(); 3] };
    for (slot, s) in memory.state.iter_mut().zip(&copies) {
        *slot = s.as_ref().map_or(std::ptr::null_mut(), Tensor::data_ptr);
    }
    kernel(class, param.numel(), memory);
    for (t, made) in std::iter::once((Some(param), Some(&p))).chain(states.iter().copied().zip(copies.iter().map(Option::as_ref))) {
        if let (Some(t), Some(made)) = (t, made) {
            if !made.storage().same(t.storage()) {
                t.copy_data(made);
            }
            t.storage().bump();
        }
    }
    Ok(())
}

/// A parameter, its gradient and its states.
type Lists<'a> = (&'a Tensor, &'a Tensor, SmallVec<[Option<&'a Tensor>; 3]>);

/// Takes a step with all parameters of a GPU; tensors of other layouts go through copies.
fn update_on_gpu(gpu: &'static Gpu, all: &[Lists], scaling: &Scaling, step: &Step) -> Result<()> {
    if scaling.skip {
        return Ok(());
    }
    // What is worked on, and the tensor that it was copied from.
    let mut memory: Vec<SmallVec<[(Tensor, Option<&Tensor>); 5]>> = vec![];
    for (param, grad, states) in all {
        check(param, grad, states, scaling)?;
        let direct = param.layout().is_dense();
        let prepared = |t: &Tensor| {
            let fits = direct && t.gpu().is_some() && t.strides() == param.strides();
            if fits { Ok(t.detach()) } else { laid_out_as(t, param, t.dtype(), direct) }
        };
        let mut own = smallvec::smallvec![(prepared(param)?, Some(*param)), (prepared(grad)?, None)];
        for s in states.iter().flatten() {
            own.push((prepared(s)?, Some(*s)));
        }
        memory.push(own);
    }
    let parameters = memory
        .iter()
        .map(|own| {
            let memory = own.iter().map(|(t, _)| t.on_gpu(gpu)).collect::<Result<_>>()?;
            Ok(Parameter { n: own[0].0.numel(), memory })
        })
        .collect::<Result<Vec<_>>>()?;
    on_gpu::step(gpu, step, &parameters)?;
    for (made, t) in memory.iter().flatten() {
        let Some(t) = t else { continue };
        if !made.storage().same(t.storage()) {
            t.copy_data(made);
        }
        t.storage().bump();
    }
    Ok(())
}

/// A copy of `t` as `dtype`, its elements in the order of `param`'s memory, or contiguous where that has gaps.
fn laid_out_as(t: &Tensor, param: &Tensor, dtype: DType, like: bool) -> Result<Tensor> {
    let layout = crate::layout::Layout { offset: 0, ..param.layout().clone() };
    let layout = if like { layout } else { crate::layout::Layout::contiguous(t.shape()) };
    let y = Tensor::empty_as(layout, dtype)?;
    y.copy_data(t);
    Ok(y)
}

fn number(a: &Args, i: usize) -> Result<f64> {
    match a.operand(i)? {
        Operand::Tensor(t) => {
            ensure!(t.numel() == 1, "Tensor lr must be 1-element");
            Ok(t.item()?.to_f64())
        }
        Operand::Scalar(s) => Ok(s.to_f64()),
    }
}

fn fused_sgd(a: &Args) -> Result<()> {
    let (params, grads, buffers) = (a.tensors(0)?, a.tensors(1)?, a.tensors(2)?);
    equal_lengths("_fused_sgd_", &[("params", params.len()), ("grads", grads.len())])?;
    let momentum = a.float(4)?;
    if momentum != 0.0 {
        equal_lengths("_fused_sgd_", &[("params", params.len()), ("momentum buffers", buffers.len())])?;
    }
    let o = Sgd {
        weight_decay: a.float(3)?,
        momentum,
        lr: number(a, 5)?,
        dampening: a.float(6)?,
        nesterov: a.bool(7)?,
        maximize: a.bool(8)?,
        first: a.bool(9)?,
    };
    let scaling = Scaling::new(a.opt_tensor(10)?, a.opt_tensor(11)?)?;
    if let Some(gpu) = params.first().and_then(|p| p.gpu()) {
        let state = |i: usize| buffers.get(i).copied().filter(|_| momentum != 0.0);
        let all: Vec<Lists> =
            params.iter().zip(&grads).enumerate().map(|(i, (p, g))| (*p, *g, smallvec::smallvec![state(i)])).collect();
        let step = Step {
            optimizer: &SGD,
            decay: o.weight_decay,
            shrink: 1.0,
            maximize: o.maximize,
            numbers: &[o.lr, o.momentum, 1.0 - o.dampening],
            flags: &[momentum != 0.0, o.nesterov, o.first],
        };
        return update_on_gpu(gpu, &all, &scaling, &step);
    }
    for (i, (p, g)) in params.iter().zip(&grads).enumerate() {
        let buffer = buffers.get(i).copied().filter(|_| momentum != 0.0);
        if !scaling.skip {
            // SAFETY: `update` hands out memory of the parameter's size.
            update(p, g, &[buffer], &scaling, |c, n, m| unsafe { optimizer::sgd(c, n, m, o) })?;
        }
    }
    Ok(())
}

fn fused_adam(a: &Args, op: &str, decoupled: bool) -> Result<()> {
    let [params, grads, averages] = [a.tensors(0)?, a.tensors(1)?, a.tensors(2)?];
    let [squares, largest, steps] = [a.tensors(3)?, a.tensors(4)?, a.tensors(5)?];
    let amsgrad = a.bool(11)?;
    let n = params.len();
    let lists = [("params", n), ("grads", grads.len()), ("exp_avgs", averages.len()), ("exp_avg_sqs", squares.len())];
    equal_lengths(op, &lists)?;
    equal_lengths(op, &[("params", n), ("state_steps", steps.len())])?;
    if amsgrad {
        equal_lengths(op, &[("params", n), ("max_exp_avg_sqs", largest.len())])?;
    }
    let scaling = Scaling::new(a.opt_tensor(13)?, a.opt_tensor(14)?)?;
    let mut o = Adam {
        lr: number(a, 6)?,
        beta1: a.float(7)?,
        beta2: a.float(8)?,
        weight_decay: a.float(9)?,
        eps: a.float(10)?,
        step: 0.0,
        maximize: a.bool(12)?,
        decoupled,
    };
    if let Some(gpu) = params.first().and_then(|p| p.gpu()) {
        for (step, some) in by_step(&steps)? {
            let all: Vec<Lists> = some
                .into_iter()
                .map(|i| {
                    let last = largest.get(i).copied().filter(|_| amsgrad);
                    (params[i], grads[i], smallvec::smallvec![Some(averages[i]), Some(squares[i]), last])
                })
                .collect();
            let unbiased = [o.lr / (1.0 - o.beta1.powf(step)), (1.0 - o.beta2.powf(step)).sqrt()];
            let step = Step {
                optimizer: &ADAM,
                decay: if decoupled { 0.0 } else { o.weight_decay },
                shrink: if decoupled { 1.0 - o.lr * o.weight_decay } else { 1.0 },
                maximize: o.maximize,
                numbers: &[unbiased[0], 1.0 - o.beta1, 1.0 - o.beta2, o.beta2, unbiased[1], o.eps],
                flags: &[amsgrad],
            };
            update_on_gpu(gpu, &all, &scaling, &step)?;
        }
        return Ok(());
    }
    for i in 0..if scaling.skip { 0 } else { n } {
        o.step = steps[i].item()?.to_f64();
        let states = [Some(averages[i]), Some(squares[i]), largest.get(i).copied().filter(|_| amsgrad)];
        // SAFETY: `update` hands out memory of the parameter's size.
        update(params[i], grads[i], &states, &scaling, |c, n, m| unsafe { optimizer::adam(c, n, m, o) })?;
    }
    Ok(())
}

/// Which parameters were stepped how often. Those stepped equally often go together; nearly always, these are all.
fn by_step(steps: &[&Tensor]) -> Result<Vec<(f64, Vec<usize>)>> {
    let mut all: Vec<(f64, Vec<usize>)> = vec![];
    for (i, step) in steps.iter().enumerate() {
        let step = step.item()?.to_f64();
        match all.iter_mut().find(|(s, _)| *s == step) {
            Some((_, some)) => some.push(i),
            None => all.push((step, vec![i])),
        }
    }
    Ok(all)
}

fn fused_adagrad(a: &Args) -> Result<()> {
    let (params, grads, sums, steps) = (a.tensors(0)?, a.tensors(1)?, a.tensors(2)?, a.tensors(3)?);
    let lists = [("params", params.len()), ("grads", grads.len()), ("state_sums", sums.len()), ("state_steps", steps.len())];
    equal_lengths("_fused_adagrad_", &lists)?;
    let scaling = Scaling::new(a.opt_tensor(9)?, a.opt_tensor(10)?)?;
    let mut o = Adagrad {
        lr: number(a, 4)?,
        lr_decay: a.float(5)?,
        weight_decay: a.float(6)?,
        eps: a.float(7)?,
        step: 0.0,
        maximize: a.bool(8)?,
    };
    if let Some(gpu) = params.first().and_then(|p| p.gpu()) {
        for (step, some) in by_step(&steps)? {
            let some = some.into_iter();
            let all: Vec<Lists> = some.map(|i| (params[i], grads[i], smallvec::smallvec![Some(sums[i])])).collect();
            let step = Step {
                optimizer: &ADAGRAD,
                decay: o.weight_decay,
                shrink: 1.0,
                maximize: o.maximize,
                numbers: &[o.lr / (1.0 + (step - 1.0) * o.lr_decay), o.eps],
                flags: &[],
            };
            update_on_gpu(gpu, &all, &scaling, &step)?;
        }
        return Ok(());
    }
    for i in 0..if scaling.skip { 0 } else { params.len() } {
        o.step = steps[i].item()?.to_f64();
        // SAFETY: `update` hands out memory of the parameter's size.
        update(params[i], grads[i], &[Some(sums[i])], &scaling, |c, n, m| unsafe { optimizer::adagrad(c, n, m, o) })?;
    }
    Ok(())
}

/// The step of an optimizer that the CPU runs op by op. `states` has one list of them after the other.
fn fused_on_gpu(a: &Args) -> Result<()> {
    let (params, grads, states) = (a.tensors(0)?, a.tensors(1)?, a.tensors(2)?);
    let (name, numbers, flags) = (a.str(3)?, a.floats(6)?, a.bools(7)?);
    let Some(gpu) = params.first().and_then(|p| p.gpu()) else {
        bail!(NotImplemented, "_fused_step_: the CPU has no kernel for steps of {name}, and runs them op by op");
    };
    let Some(optimizer) = on_gpu::Optimizer::named(name) else { bail!(Value, "there is no kernel for steps of {name}") };
    let lists = optimizer.states(&flags).len();
    let n = params.len();
    equal_lengths("_fused_step_", &[("params", n), ("grads", grads.len())])?;
    ensure!(states.len() == lists * n, "_fused_step_: expected {lists} states of {n} parameters, but got {}", states.len());
    let of = |i: usize| (0..lists).map(|k| Some(states[k * n + i])).collect();
    let all: Vec<Lists> = (0..n).map(|i| (params[i], grads[i], of(i))).collect();
    let (decay, shrink, maximize) = (a.float(4)?, a.float(5)?, a.bool(8)?);
    let step = Step { optimizer, decay, shrink, maximize, numbers: &numbers, flags: &flags };
    update_on_gpu(gpu, &all, &Scaling { divisor: None, skip: false }, &step)
}

fn parameters(s: &mut Samples) -> Value {
    vec![s.tensor(&[2, 3])].into()
}

rows! {
    /// One step of SGD for a list of parameters, with momentum, Nesterov's variant and weight decay.
    "_fused_sgd_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] momentum_buffer_list, *, float weight_decay, float momentum, float lr, float dampening, bool nesterov, bool maximize, bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_sgd(a);
    |s| vec![vec![
        parameters(s), parameters(s), parameters(s), 0.1.into(), 0.9.into(), 0.5.into(), 0.1.into(), true.into(), false.into(),
        false.into(), Value::None, Value::None,
    ]];
    /// As above, with the learning rate in a tensor.
    "_fused_sgd_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] momentum_buffer_list, *, float weight_decay, float momentum, Tensor lr, float dampening, bool nesterov, bool maximize, bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_sgd(a);
    |s| vec![vec![
        parameters(s), parameters(s), parameters(s), 0.1.into(), 0.9.into(), s.t(&[]), 0.1.into(), true.into(), false.into(),
        false.into(), Value::None, Value::None,
    ]];
    /// One step of Adam for a list of parameters; `state_steps` counts this step already.
    "_fused_adam_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_adam(a, "_fused_adam_", false);
    |_s| vec![];
    /// As above, with the learning rate in a tensor.
    "_fused_adam_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, Tensor lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_adam(a, "_fused_adam_", false);
    |_s| vec![];
    /// One step of AdamW for a list of parameters; `state_steps` counts this step already.
    "_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_adam(a, "_fused_adamw_", true);
    |_s| vec![];
    /// As above, with the learning rate in a tensor.
    "_fused_adamw_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, Tensor lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_adam(a, "_fused_adamw_", true);
    |_s| vec![];
    /// One step of Adagrad for a list of parameters; `state_steps` counts this step already.
    "_fused_adagrad_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] state_sums, Tensor(d!)[] state_steps, *, float lr, float lr_decay, float weight_decay, float eps, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_adagrad(a);
    |_s| vec![];
    /// As above, with the learning rate in a tensor.
    "_fused_adagrad_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] state_sums, Tensor[] state_steps, *, Tensor lr, float lr_decay, float weight_decay, float eps, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()" "fn"
    |a| fused_adagrad(a);
    |_s| vec![];
    /// One step of an optimizer for a list of parameters on a GPU: `weight_decay` is part of the gradient, `shrink` is not, and
    /// `numbers` and `flags` are its own, in the order of its kernel.
    "_fused_step_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] states, *, str optimizer, float weight_decay, float shrink, float[] numbers, bool[] flags, bool maximize) -> ()" "fn"
    |a| fused_on_gpu(a);
    |_s| vec![];
}
