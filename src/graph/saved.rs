//! Tensors kept from forward to backward.
use super::Node;
use crate::error::Result;
use crate::tensor::Tensor;
use std::sync::Arc;

/// Which of a node's saved tensors a formula means.
#[derive(Debug, Clone, Copy)]
pub struct SavedAt(pub(super) usize);

/// A tensor kept for the backward pass; refuses to come back if it was written to since.
pub struct Saved {
    /// As PyTorch calls it after `_saved_`: `self`, `other`, `result`.
    pub name: &'static str,
    tensor: Tensor,
    version: u32,
    /// An output is kept without its node, lest node and tensor own each other.
    output: Option<usize>,
}

/// `Mul` for `MulBackward0`.
fn short(node: &Node) -> String {
    let name = node.name();
    name.find("Backward").map_or(name.clone(), |at| name[..at].to_string())
}

impl Saved {
    pub fn input(name: &'static str, t: &Tensor) -> Self {
        Self { name, tensor: t.clone(), version: t.storage().version(), output: None }
    }
    pub fn output(name: &'static str, t: &Tensor, nr: usize) -> Self {
        Self { name, tensor: t.detach(), version: t.storage().version(), output: Some(nr) }
    }
    /// The tensor, with an output's place in the graph put back.
    pub fn get(&self, node: &Arc<Node>) -> Result<Tensor> {
        let now = self.tensor.storage().version();
        if now != self.version {
            let made_by = match (self.output, self.tensor.gradient_edge()) {
                (Some(nr), _) => format!(", which is output {nr} of {}", short(node)),
                (None, Some(e)) if !e.node.is_leaf() => format!(", which is output {} of {}", e.nr, short(&e.node)),
                _ => String::new(),
            };
            bail!(
                "one of the variables needed for gradient computation has been modified by an inplace operation: \
                 [torch.{}Tensor {}]{made_by}, is at version {now}; expected version {} instead. Hint: enable anomaly \
                 detection to find the operation that failed to compute its gradient, with \
                 torch.autograd.set_detect_anomaly(True, check_nan=False).",
                self.tensor.dtype().scalar_name(),
                crate::layout::show(self.tensor.shape()),
                self.version
            );
        }
        let Some(nr) = self.output else { return Ok(self.tensor.current()) };
        let t = self.tensor.detach();
        if node.differentiable(nr) {
            t.set_grad_fn(node.clone(), nr);
        }
        Ok(t)
    }
    /// Keeps a copy in place of memory that an in-place op is about to overwrite.
    pub(crate) fn keep_before_write(&mut self, t: &Tensor) -> Result<()> {
        if self.output.is_none() && self.tensor.storage().same(t.storage()) {
            let copy = self.tensor.copy_in_graph()?;
            self.version = copy.storage().version();
            self.tensor = copy;
        }
        Ok(())
    }
}
