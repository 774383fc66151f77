//! Refusals of gradients: results that have no derivative, and arguments that must not ask for one.
use crate::error::Result;
use crate::graph::grad_enabled;
use crate::tensor::Tensor;

/// The result of an op without a derivative: it requires grad, and who asks for the gradient is told.
pub(crate) fn without_derivative(y: Tensor, op: &'static str, inputs: &[&Tensor]) -> Result<Tensor> {
    y.record("NotImplemented", inputs, |_, _| {
        Box::new(move |_, _| bail!("derivative for aten::{op} is not implemented"))
    })
}

/// Refuses an argument that requires grad where no gradient would come back to it.
pub(crate) fn refuse_grad(t: Option<&Tensor>, argument: &str, op: &str) -> Result<()> {
    ensure!(
        !t.is_some_and(Tensor::requires_grad) || !grad_enabled(),
        "The function '{op}' is not differentiable with respect to argument '{argument}'. This input cannot have \
         requires_grad True."
    );
    Ok(())
}
