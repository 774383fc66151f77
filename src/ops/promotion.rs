//! Questions about dtypes and sizes: what type two operands meet in, what may be cast, whether sizes agree.
use crate::dtype::can_cast;
use crate::error::Result;
use crate::ops::*;
use crate::tensor::Tensor;

fn meeting(a: &Args) -> Result<Out> {
    Ok(Out::DType(result_type(&[a.operand(0)?, a.operand(1)?])))
}
/// The truth of the one element.
fn is_nonzero(x: &Tensor) -> Result<bool> {
    match x.numel() {
        0 => bail!("Boolean value of Tensor with no values is ambiguous"),
        1 => Ok(x.item()?.to_bool()),
        _ => bail!("Boolean value of Tensor with more than one value is ambiguous"),
    }
}

rows! {
    /// The dtype in which an op on both operands computes.
    "result_type.Tensor(Tensor tensor, Tensor other) -> ScalarType" "fn"
    |a| meeting(a);
    |_s| vec![];
    /// The dtype in which an op on both operands computes.
    "result_type.Scalar(Tensor tensor, Scalar other) -> ScalarType" "fn"
    |a| meeting(a);
    |_s| vec![];
    /// The dtype in which an op on both operands computes.
    "result_type.Scalar_Tensor(Scalar scalar, Tensor tensor) -> ScalarType" "fn"
    |a| meeting(a);
    |_s| vec![];
    /// The dtype in which an op on both operands computes.
    "result_type.Scalar_Scalar(Scalar scalar1, Scalar scalar2) -> ScalarType" "fn"
    |a| meeting(a);
    |_s| vec![];
    /// Whether results of one dtype may be written into tensors of another.
    "can_cast(ScalarType from_, ScalarType to) -> bool" "fn"
    |a| Ok::<_, crate::Error>(can_cast(a.dtype(0)?, a.dtype(1)?));
    |_s| vec![];
    /// The dtype in which tensors of both dtypes meet.
    "promote_types(ScalarType type1, ScalarType type2) -> ScalarType" "fn"
    |a| Ok::<_, crate::Error>(Out::DType(a.dtype(0)?.promote(a.dtype(1)?)));
    |_s| vec![];
    /// The number of elements.
    "numel(Tensor self) -> int" "fn"
    |a| a.tensor(0).map(|x| x.numel() as i64);
    |_s| vec![];
    /// Whether the one element is not zero.
    "is_nonzero(Tensor self) -> bool" "fmn"
    |a| is_nonzero(a.tensor(0)?);
    |_s| vec![];
    /// Whether the sizes are the same.
    "is_same_size(Tensor self, Tensor other) -> bool" "fmn"
    |a| Ok::<_, crate::Error>(a.tensor(0)?.shape() == a.tensor(1)?.shape());
    |_s| vec![];
}
