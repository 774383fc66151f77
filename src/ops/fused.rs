//! Updates of whole lists of parameters in one call: SGD, Adam, AdamW and Adagrad.
use crate::cpu::optimizer::{self, Adagrad, Adam, Memory, Sgd};
use crate::dtype::Class;
use crate::error::Result;
use crate::graph::with_grad;
use crate::ops::inplace::check_writable;
use crate::ops::*;
use crate::tensor::Tensor;

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

/// Runs `kernel` on the memory of one parameter; tensors of other layouts or of half precision go through copies.
fn update(
    param: &Tensor,
    grad: &Tensor,
    states: &[Option<&Tensor>],
    scaling: &Scaling,
    kernel: impl Fn(Class, usize, Memory),
) -> Result<()> {
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
    let class = param.dtype().class();
    let fits = |t: &Tensor| {
        t.dtype() == class.dtype()
            && t.strides() == param.strides()
            && (t.data_ptr() as usize).is_multiple_of(class.size())
    };
    let direct = param.layout().is_dense() && fits(param);
    let prepared = |t: &Tensor| if direct && fits(t) { Ok(t.detach()) } else { laid_out_as(t, param, class, direct) };
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

/// A copy of `t` as `class`, its elements in the order of `param`'s memory, or contiguous where that has gaps.
fn laid_out_as(t: &Tensor, param: &Tensor, class: Class, like: bool) -> Result<Tensor> {
    let layout = crate::layout::Layout { offset: 0, ..param.layout().clone() };
    let layout = if like { layout } else { crate::layout::Layout::contiguous(t.shape()) };
    let y = Tensor::empty_as(layout, class.dtype())?;
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
    for i in 0..if scaling.skip { 0 } else { n } {
        let o = Adam {
            lr: number(a, 6)?,
            beta1: a.float(7)?,
            beta2: a.float(8)?,
            weight_decay: a.float(9)?,
            eps: a.float(10)?,
            step: steps[i].item()?.to_f64(),
            maximize: a.bool(12)?,
            decoupled,
        };
        let states = [Some(averages[i]), Some(squares[i]), largest.get(i).copied().filter(|_| amsgrad)];
        // SAFETY: `update` hands out memory of the parameter's size.
        update(params[i], grads[i], &states, &scaling, |c, n, m| unsafe { optimizer::adam(c, n, m, o) })?;
    }
    Ok(())
}

fn fused_adagrad(a: &Args) -> Result<()> {
    let (params, grads, sums, steps) = (a.tensors(0)?, a.tensors(1)?, a.tensors(2)?, a.tensors(3)?);
    let lists = [("params", params.len()), ("grads", grads.len()), ("state_sums", sums.len()), ("state_steps", steps.len())];
    equal_lengths("_fused_adagrad_", &lists)?;
    let scaling = Scaling::new(a.opt_tensor(9)?, a.opt_tensor(10)?)?;
    for i in 0..if scaling.skip { 0 } else { params.len() } {
        let o = Adagrad {
            lr: number(a, 4)?,
            lr_decay: a.float(5)?,
            weight_decay: a.float(6)?,
            eps: a.float(7)?,
            step: steps[i].item()?.to_f64(),
            maximize: a.bool(8)?,
        };
        // SAFETY: `update` hands out memory of the parameter's size.
        update(params[i], grads[i], &[Some(sums[i])], &scaling, |c, n, m| unsafe { optimizer::adagrad(c, n, m, o) })?;
    }
    Ok(())
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
}
