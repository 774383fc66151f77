//! Products of matrices, vectors and batches of matrices.
//!
//! A product reads any strides, so a transposed weight is multiplied, and its gradient made, without a copy.
use crate::cpu::product::{Matrix, Sizes, batched, multiply, takes_bfloat16};
use crate::dtype::DType;
use crate::error::Result;
use crate::gpu::{self, Gpu, Memory};
use crate::graph::{Grads, grad_enabled, with_grad};
use crate::layout::{Dims, Layout, broadcast, show};
use crate::ops::*;
use crate::tensor::Tensor;

// ---- memory -----------------------------------------------------------------------------------------------------------

/// The dtype that products of `dtype` are computed in, or the refusal of bool in PyTorch's words.
pub(super) fn product_dtype(dtype: DType, kernel: &str) -> Result<DType> {
    Ok(match dtype {
        DType::Bool => bail!(NotImplemented, "\"{kernel}\" not implemented for 'Bool'"),
        DType::F16 | DType::BF16 => DType::F32,
        d if d.is_integral() => DType::I64,
        d => d,
    })
}

/// The elements of `x` as `dtype`, aligned, under any strides.
pub(super) fn prepared(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype && (x.data_ptr() as usize).is_multiple_of(dtype.size().min(8)) {
        return Ok(x.detach());
    }
    let y = Tensor::empty(x.shape(), dtype)?;
    y.copy_data(x);
    Ok(y)
}

/// The matrix in the last two dims.
pub(super) fn matrix(x: &Tensor) -> Matrix {
    let s = x.strides();
    Matrix { ptr: x.data_ptr(), row: s[s.len() - 2], column: s[s.len() - 1] }
}

/// `alpha * a @ b + beta * c` on a GPU, with `sum` as alpha, beta and c; written to `y`, to whose shape all but the last two
/// dims are broadcast.
pub(super) fn on_gpu(gpu: &'static Gpu, y: &Tensor, a: &Tensor, b: &Tensor, sum: Option<(f64, f64, Option<&Tensor>)>) -> Result<()> {
    if y.numel() == 0 {
        return Ok(());
    }
    if y.dtype().is_complex() {
        // (a + bi)(c + di) = ac - bd + (ad + bc)i, as four products of real matrices.
        let part = |t: &Tensor, k: usize| parts_of(t, k);
        for (made, a_first, b_first, sign) in [(0, 0, 0, -1.0), (1, 0, 1, 1.0)] {
            let y = part(y, made);
            on_gpu(gpu, &y, &part(a, a_first), &part(b, b_first), None)?;
            on_gpu(gpu, &y, &part(a, 1), &part(b, 1 - b_first), Some((sign, 1.0, Some(&y))))?;
        }
        return Ok(());
    }
    let batch = &y.shape()[..y.rank() - 2];
    let strides = |t: &Tensor| {
        let shape: Dims = batch.iter().chain(&t.shape()[t.rank() - 2..]).copied().collect();
        t.layout().broadcast_strides(&shape)
    };
    let (sa, sb) = (strides(a), strides(b));
    let c = sum.and_then(|s| s.2);
    let sc = c.map(strides);
    let c = match (c, &sc) {
        (Some(c), Some(strides)) => Some(Memory { strides, ..c.on_gpu(gpu)? }),
        _ => None,
    };
    let sum = sum.map(|(alpha, beta, _)| gpu::matmul::Sum { alpha, beta, c });
    let s = gpu::matmul::Sizes { m: y.shape()[batch.len()], n: y.shape()[batch.len() + 1], k: a.shape()[a.rank() - 1] };
    let (a, b) = (Memory { strides: &sa, ..a.on_gpu(gpu)? }, Memory { strides: &sb, ..b.on_gpu(gpu)? });
    gpu::matmul::product(gpu, s, batch, &y.on_gpu(gpu)?, &a, &b, sum.as_ref())
}

/// `alpha * a @ b` on the last two dims, batch dims broadcast; not recorded. Shapes are the caller's to check.
/// `columns` lays the result out by columns.
pub(super) fn product(a: &Tensor, b: &Tensor, kernel: &str, columns: bool) -> Result<Tensor> {
    let (ra, rb) = (a.rank(), b.rank());
    let s = Sizes { m: a.shape()[ra - 2], n: b.shape()[rb - 1], k: a.shape()[ra - 1] };
    let dtype = match a.dtype() {
        DType::BF16 if takes_bfloat16(s) => DType::BF16,
        dtype => product_dtype(dtype, kernel)?,
    };
    let batch = broadcast(&a.shape()[..ra - 2], &b.shape()[..rb - 2])?;
    let mut shape = batch.clone();
    shape.extend([s.m, s.n]);
    let mut layout = Layout::contiguous(&shape);
    if columns && s.m > 0 {
        layout.strides[batch.len()] = 1;
        layout.strides[batch.len() + 1] = s.m;
    }
    crate::layout::checked_numel(&shape)?;
    if let Some(gpu) = a.gpu() {
        let y = Tensor::empty_as(layout, a.dtype())?;
        on_gpu(gpu, &y, a, b, None)?;
        return Ok(y);
    }
    let (x, z) = (prepared(a, dtype)?, prepared(b, dtype)?);
    let y = Tensor::empty_as(layout, dtype)?;
    if y.numel() > 0 {
        let over = |t: &Tensor| {
            let n = t.rank() - 2;
            Layout { shape: t.shape()[..n].into(), strides: t.strides()[..n].into(), offset: 0 }.broadcast_strides(&batch)
        };
        let (sa, sb, sy) = (over(&x), over(&z), over(&y));
        // SAFETY: layouts lie inside their storages, sizes agree as the caller checked, and `y` is new.
        unsafe {
            if batch.is_empty() {
                multiply(dtype, s, 1.0, matrix(&x), matrix(&z), 0.0, matrix(&y));
            } else {
                batched(dtype, s, &batch, [&sy, &sa, &sb], 1.0, matrix(&x), matrix(&z), 0.0, matrix(&y));
            }
        }
    }
    if dtype == a.dtype() { Ok(y) } else { y.cast_data(a.dtype()) }
}

// ---- what formulas are made of ------------------------------------------------------------------------------------------

/// The complex conjugate; a real tensor itself.
pub(crate) fn conjugate(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_complex() { conj(x) } else { Ok(x.clone()) }
}

/// The last two dims exchanged. No view is tracked where nothing is recorded.
pub(crate) fn turned(x: &Tensor) -> Result<Tensor> {
    let n = x.rank();
    if grad_enabled() {
        transpose(x, n as i64 - 2, n as i64 - 1)
    } else {
        Ok(x.with_layout(x.layout().transpose(n - 2, n - 1)))
    }
}

/// The conjugate transpose of the last two dims.
pub(crate) fn adjoint(x: &Tensor) -> Result<Tensor> {
    conjugate(&turned(x)?)
}

pub(super) fn by_columns(x: &Tensor) -> bool {
    let n = x.rank();
    n >= 2 && x.strides()[n - 2] == 1 && x.strides()[n - 1] == x.shape()[n - 2] && x.shape()[n - 1] != 1
}

/// Shares the memory of a result that nobody else has, in another shape.
pub(crate) fn unsafe_view(y: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let Some(layout) = y.layout().view(shape) else { return reshape_to(y, shape) };
    let from: Dims = y.shape().into();
    y.with_layout(layout).record("_unsafe_view", &[y], move |_, _| one_grad(move |_, g| reshape_to(g, &from)))
}

/// Records a product of `a` and `b` (matrices, or batches that broadcast) under a name.
fn record_product(y: Tensor, op: &'static str, names: [&'static str; 2], a: &Tensor, b: &Tensor) -> Result<Tensor> {
    y.record(op, &[a, b], |r, _| {
        let sa = b.requires_grad().then(|| r.input(names[0], a));
        let sb = a.requires_grad().then(|| r.input(names[1], b));
        let columns = [by_columns(a), by_columns(b)];
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None, None];
            let Some(g) = &g[0] else { return Ok(grads) };
            if let (true, Some(b)) = (node.needs(0), sb) {
                grads[0] = Some(product_of(g, &adjoint(&node.get(b)?)?, columns[0])?);
            }
            if let (true, Some(a)) = (node.needs(1), sa) {
                grads[1] = Some(product_of(&adjoint(&node.get(a)?)?, g, columns[1])?);
            }
            Ok(grads)
        })
    })
}

/// The recorded product of matrices or batches that are known to fit.
pub(crate) fn product_of(a: &Tensor, b: &Tensor, columns: bool) -> Result<Tensor> {
    let op = if a.rank() == 2 && b.rank() == 2 { "mm" } else { "bmm" };
    record_product(product(a, b, op, columns)?, op, ["self", "mat2"], a, b)
}

// ---- the ops ------------------------------------------------------------------------------------------------------------

pub(super) fn check_mm(a: &Tensor, b: &Tensor) -> Result<()> {
    let (x, y) = (a.shape(), b.shape());
    ensure!(x[1] == y[0], "mat1 and mat2 shapes cannot be multiplied ({}x{} and {}x{})", x[0], x[1], y[0], y[1]);
    Ok(())
}

/// Product of two matrices.
pub fn mm(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    ensure!(a.rank() == 2, "self must be a matrix");
    ensure!(b.rank() == 2, "mat2 must be a matrix");
    check_mm(a, b)?;
    ensure!(
        a.dtype() == b.dtype(),
        "expected m1 and m2 to have the same dtype, but got: {} != {}",
        a.dtype().c_name(),
        b.dtype().c_name()
    );
    record_product(product(a, b, "addmm_impl_cpu_", false)?, "mm", ["self", "mat2"], a, b)
}

pub(super) fn check_bmm(a: &Tensor, b: &Tensor) -> Result<()> {
    ensure!(a.rank() == 3, "batch1 must be a 3D tensor");
    ensure!(b.rank() == 3, "batch2 must be a 3D tensor");
    let (x, y) = (a.shape(), b.shape());
    ensure!(
        x[0] == y[0] && x[2] == y[1],
        "Expected size for first two dimensions of batch2 tensor to be: [{}, {}] but got: [{}, {}].",
        x[0],
        x[2],
        y[0],
        y[1]
    );
    Ok(())
}

pub(super) fn same_scalar_type(a: &Tensor, b: &Tensor) -> Result<()> {
    let (x, y) = (a.dtype(), b.dtype());
    ensure!(x == y, "expected scalar type {} but found {}", x.scalar_name(), y.scalar_name());
    Ok(())
}

/// Products of the matrices of two batches, pair by pair.
pub fn bmm(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    check_bmm(a, b)?;
    same_scalar_type(a, b)?;
    record_product(product(a, b, "bmm", false)?, "bmm", ["self", "mat2"], a, b)
}

pub(super) fn check_mv(sizes: usize, a: &Tensor, v: &Tensor) -> Result<()> {
    let x = a.shape();
    ensure!(
        x[1] == v.shape()[0] && (sizes == x[0] || sizes == 1),
        "size mismatch, got input ({sizes}), mat ({}x{}), vec ({})",
        x[0],
        x[1],
        v.shape()[0]
    );
    Ok(())
}

fn mv_raw(a: &Tensor, v: &Tensor) -> Result<Tensor> {
    let column = v.with_layout(v.layout().unsqueeze(1));
    let y = product(a, &column, "addmv_impl_cpu", false)?;
    Ok(y.with_layout(y.layout().squeeze(&[1])))
}

/// Product of a matrix and a vector.
pub fn mv(a: &Tensor, v: &Tensor) -> Result<Tensor> {
    ensure!(a.rank() == 2 && v.rank() == 1, "vector + matrix @ vector expected, got 1, {}, {}", a.rank(), v.rank());
    check_mv(a.shape()[0], a, v)?;
    ensure!(
        a.dtype() == v.dtype(),
        "addmv input tensors must have the same dtype, but got {2}, {0}, and {1}",
        a.dtype().scalar_name(),
        v.dtype().scalar_name(),
        v.dtype().scalar_name()
    );
    mv_raw(a, v)?.record("mv", &[a, v], |r, _| {
        let sa = v.requires_grad().then(|| r.input("self", a));
        let sv = a.requires_grad().then(|| r.input("vec", v));
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None, None];
            let Some(g) = &g[0] else { return Ok(grads) };
            if let (true, Some(v)) = (node.needs(0), sv) {
                grads[0] = Some(mul(&unsqueeze(g, 1)?, &conjugate(&node.get(v)?)?)?);
            }
            if let (true, Some(a)) = (node.needs(1), sa) {
                grads[1] = Some(mv(&adjoint(&node.get(a)?)?, g)?);
            }
            Ok(grads)
        })
    })
}

/// The sum of products of two vectors, of `a` conjugated if asked.
fn dot_as(a: &Tensor, b: &Tensor, op: &'static str, conjugated: bool) -> Result<Tensor> {
    ensure!(a.rank() == 1 && b.rank() == 1, "1D tensors expected, but got {}D and {}D tensors", a.rank(), b.rank());
    ensure!(
        a.dtype() == b.dtype(),
        "dot : expected both vectors to have same dtype, but found {} and {}",
        a.dtype().scalar_name(),
        b.dtype().scalar_name()
    );
    ensure!(
        a.numel() == b.numel(),
        "inconsistent tensor size, expected tensor [{0}] and src [{1}] to have the same number of elements, but got \
         {0} and {1} elements respectively",
        a.numel(),
        b.numel()
    );
    let conjugated = conjugated && a.dtype().is_complex();
    let left = with_grad(false, || if conjugated { conjugate(a) } else { Ok(a.detach()) })?;
    let (row, column) = (left.with_layout(left.layout().unsqueeze(0)), b.with_layout(b.layout().unsqueeze(1)));
    let y = product(&row, &column, op, false)?;
    y.with_layout(Layout { offset: y.layout().offset, ..Layout::scalar() }).record(op, &[a, b], |r, _| {
        let sa = b.requires_grad().then(|| r.input("self", a));
        let sb = a.requires_grad().then(|| r.input(if conjugated { "other" } else { "tensor" }, b));
        Box::new(move |node, g| {
            let mut grads: Grads = smallvec::smallvec![None, None];
            let Some(g) = &g[0] else { return Ok(grads) };
            if let (true, Some(b)) = (node.needs(0), sb) {
                let b = node.get(b)?;
                grads[0] = Some(if conjugated { mul(&conjugate(g)?, &b)? } else { mul(g, &conjugate(&b)?)? });
            }
            if let (true, Some(a)) = (node.needs(1), sa) {
                let a = node.get(a)?;
                grads[1] = Some(if conjugated { mul(g, &a)? } else { mul(g, &conjugate(&a)?)? });
            }
            Ok(grads)
        })
    })
}

/// The sum of products of two vectors.
pub fn dot(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    dot_as(a, b, "dot", false)
}
/// As `dot`, with the first vector conjugated.
pub fn vdot(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    dot_as(a, b, "vdot", true)
}

/// Every product of an element of `a` and one of `b`.
pub fn outer(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    ensure!(a.rank() == 1, "outer: Expected 1-D argument self, but got {}-D", a.rank());
    ensure!(b.rank() == 1, "outer: Expected 1-D argument vec2, but got {}-D", b.rank());
    mul(&unsqueeze(a, 1)?, b)
}

/// Product by the ranks of the operands: vectors, matrices, batches that broadcast.
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (ra, rb) = (a.rank(), b.rank());
    ensure!(
        ra > 0 && rb > 0,
        "both arguments to matmul need to be at least 1D, but they are {ra}D and {rb}D"
    );
    match (ra, rb) {
        (1, 1) => dot(a, b),
        (2, 1) => mv(a, b),
        (1, 2) => squeeze_dims(&mm(&unsqueeze(a, 0)?, b)?, &[0]),
        (2, 2) => mm(a, b),
        // A batch times one matrix: all rows in one product.
        (3.., 1 | 2) if b.requires_grad() || a.layout().view(&rows_of(a)).is_some() => {
            let rows = reshape_to(a, &rows_of(a))?;
            let y = if rb == 1 { mv(&rows, b)? } else { mm(&rows, b)? };
            let mut shape: Dims = a.shape()[..ra - 1].into();
            shape.extend(b.shape().iter().skip(1).copied());
            unsafe_view(&y, &shape)
        }
        (1 | 2, 3..) if a.requires_grad() && ra == 2 => {
            let y = matmul(&turned_view(b)?, &t(a)?)?;
            contiguous(&turned_view(&y)?)
        }
        _ => {
            let left = if ra == 1 { unsqueeze(a, 0)? } else { a.clone() };
            let right = if rb == 1 { unsqueeze(b, 1)? } else { b.clone() };
            let y = matmul_batched(&left, &right)?;
            let n = y.rank();
            let mut shape: Dims = y.shape().into();
            match (ra, rb) {
                (1, _) => _ = shape.remove(n - 2),
                (_, 1) => _ = shape.remove(n - 1),
                _ => return Ok(y),
            }
            unsafe_view(&y, &shape)
        }
    }
}

fn turned_view(x: &Tensor) -> Result<Tensor> {
    transpose(x, -2, -1)
}

pub(super) fn rows_of(a: &Tensor) -> Dims {
    let n = a.rank();
    smallvec::smallvec![a.shape()[..n - 1].iter().product(), a.shape()[n - 1]]
}

/// Broadcasts batches without expanding them in memory.
fn matmul_batched(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (n, m) = (a.rank() - 2, b.rank() - 2);
    let batch = broadcast(&a.shape()[..n], &b.shape()[..m])?;
    let (k, rows) = (a.shape()[n + 1], b.shape()[m]);
    let count: usize = batch.iter().product();
    ensure!(
        k == rows,
        "Expected size for first two dimensions of batch2 tensor to be: [{count}, {k}] but got: [{count}, {rows}]."
    );
    same_scalar_type(a, b)?;
    record_product(product(a, b, "bmm", false)?, "_unsafe_view", ["self", "mat2"], a, b)
}

/// Products over the last dim of both operands; numbers multiply.
pub fn inner(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.rank() == 0 || b.rank() == 0 {
        return mul(a, b);
    }
    ensure!(
        a.shape().last() == b.shape().last(),
        "inner() the last dimension must match on both input tensors but got shapes {} and {}",
        show(a.shape()),
        show(b.shape())
    );
    tensordot(a, b, &[-1], &[-1])
}

rows! {
    /// Product of two matrices, of shapes (n, m) and (m, p). Raises RuntimeError where sizes or dtypes do not fit.
    "mm(Tensor self, Tensor mat2) -> Tensor" "fmo"
    |a| mm(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3, 4])], vec![s.transposed(&[2, 3]), s.transposed(&[3, 2])]];
    /// Products of the matrices of two batches, pair by pair: (b, n, m) by (b, m, p).
    "bmm(Tensor self, Tensor mat2) -> Tensor" "fmo"
    |a| bmm(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 2, 3]), s.t(&[2, 3, 2])], vec![s.transposed(&[2, 2, 3]), s.transposed(&[2, 3, 1])]];
    /// Product of a matrix and a vector.
    "mv(Tensor self, Tensor vec) -> Tensor" "fmo"
    |a| mv(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3])], vec![s.transposed(&[2, 3]), s.t(&[3])]];
    /// The sum of the products of two vectors' elements.
    "dot(Tensor self, Tensor tensor) -> Tensor" "fmo"
    |a| dot(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[3]), s.t(&[3])]];
    /// As `dot`, with the conjugate of the first vector.
    "vdot(Tensor self, Tensor other) -> Tensor" "fmo"
    |a| vdot(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[3]), s.t(&[3])]];
    /// Sums of products over the last dim of both operands; a 0-dim operand multiplies.
    "inner(Tensor self, Tensor other) -> Tensor" "fmo"
    |a| inner(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[2, 2, 3])], vec![s.t(&[3]), s.t(&[])]];
    /// Every product of an element of `self` and one of `vec2`, as a matrix.
    "outer(Tensor self, Tensor vec2) -> Tensor" "fmo"
    |a| outer(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2]), s.t(&[3])]];
    /// As `outer`.
    "ger(Tensor self, Tensor vec2) -> Tensor" "fmo"
    |a| outer(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2]), s.t(&[3])]];
    /// Product by the ranks of the operands: dot product, matrix by vector, matrix by matrix, or batches of matrices
    /// whose leading dims broadcast.
    "matmul(Tensor self, Tensor other) -> Tensor" "fmo"
    |a| matmul(a.tensor(0)?, a.tensor(1)?);
    |s| vec![
        vec![s.t(&[3]), s.t(&[3])],
        vec![s.t(&[3]), s.t(&[3, 2])],
        vec![s.t(&[2, 3]), s.t(&[3])],
        vec![s.t(&[2, 2, 3]), s.t(&[3, 2])],
        vec![s.transposed(&[2, 2, 3]), s.t(&[3])],
        vec![s.t(&[2, 3]), s.t(&[2, 3, 2])],
        vec![s.t(&[3]), s.t(&[2, 3, 2])],
        vec![s.t(&[2, 1, 2, 3]), s.t(&[2, 3, 1])],
    ];
    /// Product by the ranks of the operands, as `torch.matmul`.
    "_linalg::matmul(Tensor self, Tensor other) -> Tensor" "fo"
    |a| matmul(a.tensor(0)?, a.tensor(1)?);
    |s| vec![vec![s.t(&[2, 3]), s.t(&[3, 2])]];
}
