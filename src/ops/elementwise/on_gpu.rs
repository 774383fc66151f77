//! Elementwise ops on a GPU: where the operands are, and the row's expression in WGSL over them.
use super::{Operand, Row, as_element};
use crate::device::{self, Device};
use crate::dtype::{Class, DType};
use crate::error::Result;
use crate::gpu::pointwise::{Expression, Input};
use crate::gpu::{self, Gpu, Type};
use crate::layout::Dims;
use crate::tensor::Tensor;
use smallvec::SmallVec;

/// Where the operands are. Tensors without dims may be on the CPU, whatever the others are.
pub(super) fn device_of(operands: &[Operand], into: Option<&Tensor>) -> Result<Device> {
    let tensors = || operands.iter().filter_map(|o| o.tensor()).chain(into);
    let Some(there) = tensors().find(|t| t.device().is_gpu()) else { return Ok(Device::Cpu) };
    let device = there.device();
    let other = tensors().find(|t| t.rank() > 0 && t.device() != device).filter(|_| !device::current().is_gpu());
    ensure!(
        other.is_none() && into.is_none_or(|t| t.device() == device),
        "Expected all tensors to be on the same device, but found at least two devices, {device} and {}!",
        other.or(into).map_or(Device::Cpu, Tensor::device)
    );
    Ok(device)
}
/// The expression on a GPU, written to `out`.
pub(super) fn on_gpu(
    gpu: &'static Gpu,
    row: &'static Row,
    text: &'static str,
    (class, result, dtype): (Class, Class, DType),
    shape: &[usize],
    out: &Tensor,
    operands: &[Operand],
) -> Result<()> {
    if out.numel() == 0 {
        return Ok(());
    }
    let ty = Type::of(class, dtype, &gpu.abilities)?;
    let result = match (result, ty) {
        (Class::Bool, _) => Type::Bool,
        (Class::F64, Type::C64) => Type::F32,
        (Class::F64, Type::C128) => Type::F64,
        _ => ty,
    };
    let mut strides: SmallVec<[Dims; 4]> = SmallVec::new();
    for o in operands {
        strides.push(o.tensor().map_or(Dims::new(), |t| t.layout().broadcast_strides(shape)));
    }
    let mut inputs: SmallVec<[Input; 4]> = SmallVec::new();
    for (k, o) in operands.iter().enumerate() {
        inputs.push(match o {
            Operand::Tensor(t) => match t.known_value() {
                Some(s) => Input::Number(s),
                None => Input::Memory(gpu::Memory { strides: &strides[k], ..t.on_gpu(gpu)? }),
            },
            Operand::Scalar(s) if k < row.inputs.len() || dtype.is_integral() => {
                Input::Number(as_element(*s, dtype, if result == Type::Bool { Class::Bool } else { class }))
            }
            Operand::Scalar(s) => Input::Number(*s),
        });
    }
    let e = Expression { text, names: row.names, ty, out: result };
    gpu::pointwise::run(gpu, e, shape, out.on_gpu(gpu)?, &inputs, out.fills_storage())
}
