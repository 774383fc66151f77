//! What the class `Tensor` has besides ops: its attributes, its conversions, its part in autograd.
use super::identity::{PyTensor, bare, fill, is_tensor, note_identity, read, wrap, wrap_opt};
use super::types::{PyDevice, dtype_object, size_object, strided};
use super::value::number;
use crate::device::Device;
use crate::dtype::Scalar;
use crate::ops;
use crate::tensor::Tensor;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyDict, PyFloat, PyInt, PyList, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

fn nested(py: Python<'_>, t: &Tensor, dim: usize, offset: usize) -> PyResult<Py<PyAny>> {
    if dim + 1 >= t.rank() {
        return row(py, t, offset);
    }
    let items = (0..t.shape()[dim])
        .map(|i| nested(py, t, dim + 1, offset + i * t.strides()[dim]))
        .collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, items)?.into_any().unbind())
}
/// The numbers of the last dim; a single one where there are no dims.
fn row(py: Python<'_>, t: &Tensor, offset: usize) -> PyResult<Py<PyAny>> {
    dispatch!(all t.dtype(), T => {
        let first = t.storage().ptr().cast::<T>().wrapping_add(offset);
        // SAFETY: the layout lies inside the storage; reads need no alignment.
        let number = |at: usize| unsafe { number(py, crate::dtype::Element::scalar(first.wrapping_add(at).read_unaligned())) };
        let (Some(&n), Some(&step)) = (t.shape().last(), t.strides().last()) else { return Ok(number(0)) };
        Ok(PyList::new(py, (0..n).map(|i| number(i * step)))?.into_any().unbind())
    })
}

impl PyTensor {
    fn one(&self, what: &str) -> PyResult<Scalar> {
        let t = self.get();
        if t.numel() != 1 {
            let n = t.numel();
            return Err(match what {
                "bool" if n == 0 => PyRuntimeError::new_err("Boolean value of Tensor with no values is ambiguous"),
                "bool" => PyRuntimeError::new_err("Boolean value of Tensor with more than one value is ambiguous"),
                "index" => {
                    PyTypeError::new_err("only integer tensors of a single element can be converted to an index")
                }
                _ => PyRuntimeError::new_err(format!("a Tensor with {n} elements cannot be converted to Scalar")),
            });
        }
        Ok(t.item()?)
    }
}

#[pymethods]
impl PyTensor {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*args, **kwargs))]
    fn __new__(
        cls: &Bound<'_, PyType>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let _ = cls;
        super::make::legacy_tensor(args, kwargs).map(Self::new)
    }
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        super::hooks::visit_tensor(self.get(), &visit)
    }
    fn __clear__(&self) {
        super::hooks::clear_tensor(self.get());
    }
    // ---- shape and type
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        size_object(py, self.get().shape())
    }
    #[pyo3(signature = (dim=None))]
    fn size<'py>(&self, py: Python<'py>, dim: Option<i64>) -> PyResult<Bound<'py, PyAny>> {
        let t = self.get();
        match dim {
            None => size_object(py, t.shape()),
            Some(_) if t.rank() == 0 => {
                Err(pyo3::exceptions::PyIndexError::new_err("Dimension specified as 0 but tensor has no dimensions"))
            }
            Some(d) => Ok(PyInt::new(py, t.shape()[crate::layout::wrap_dim(d, t.rank())?]).into_any()),
        }
    }
    #[pyo3(signature = (dim=None))]
    fn stride<'py>(&self, py: Python<'py>, dim: Option<i64>) -> PyResult<Bound<'py, PyAny>> {
        let t = self.get();
        match dim {
            None => Ok(PyTuple::new(py, t.strides())?.into_any()),
            Some(_) if t.rank() == 0 => {
                Err(pyo3::exceptions::PyIndexError::new_err("Dimension specified as 0 but tensor has no dimensions"))
            }
            Some(d) => Ok(PyInt::new(py, t.strides()[crate::layout::wrap_dim(d, t.rank())?]).into_any()),
        }
    }
    fn dim(&self) -> usize {
        self.get().rank()
    }
    fn ndimension(&self) -> usize {
        self.get().rank()
    }
    #[getter]
    fn ndim(&self) -> usize {
        self.get().rank()
    }
    fn numel(&self) -> usize {
        self.get().numel()
    }
    fn nelement(&self) -> usize {
        self.get().numel()
    }
    #[getter]
    fn dtype(&self, py: Python<'_>) -> Py<super::types::PyDType> {
        dtype_object(py, self.get().dtype())
    }
    #[getter(device)]
    fn where_it_lives(&self) -> PyDevice {
        PyDevice::of(self.get().device())
    }
    #[pyo3(name = "get_device")]
    fn device_number(&self) -> i64 {
        self.get().device().index().map_or(-1, |i| i as i64)
    }
    #[getter]
    fn layout(&self, py: Python<'_>) -> Py<super::types::PyLayout> {
        strided(py)
    }
    #[getter]
    fn itemsize(&self) -> usize {
        self.get().dtype().size()
    }
    fn element_size(&self) -> usize {
        self.get().dtype().size()
    }
    #[getter]
    fn nbytes(&self) -> usize {
        self.get().numel() * self.get().dtype().size()
    }
    fn storage_offset(&self) -> usize {
        self.get().layout().offset
    }
    fn data_ptr(&self) -> usize {
        let t = self.get();
        if t.numel() == 0 && t.storage().nbytes() == 0 {
            return 0;
        }
        t.storage().address() + t.layout().offset * t.dtype().size()
    }
    #[pyo3(signature = (*, memory_format=None))]
    fn is_contiguous(&self, memory_format: Option<&Bound<'_, super::types::PyMemoryFormat>>) -> bool {
        let t = self.get();
        match memory_format.map_or(0, |m| m.get().0) {
            2 if t.rank() == 4 => t.layout().permute(&[0, 2, 3, 1]).is_contiguous(),
            3 if t.rank() == 5 => t.layout().permute(&[0, 2, 3, 4, 1]).is_contiguous(),
            2 | 3 => false,
            _ => t.is_contiguous(),
        }
    }
    fn untyped_storage(&self) -> super::storage::PyStorage {
        super::storage::PyStorage(self.get().storage().clone())
    }
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, (0..self.get().rank()).map(|_| py.None()))
    }
    fn has_names(&self) -> bool {
        false
    }
    #[getter]
    fn is_cuda(&self) -> bool {
        false
    }
    #[getter]
    fn is_cpu(&self) -> bool {
        !self.get().device().is_gpu()
    }
    #[getter]
    fn is_mps(&self) -> bool {
        false
    }
    #[getter]
    fn is_xpu(&self) -> bool {
        false
    }
    #[getter]
    fn is_meta(&self) -> bool {
        false
    }
    #[getter]
    fn is_sparse(&self) -> bool {
        false
    }
    #[getter]
    fn is_sparse_csr(&self) -> bool {
        false
    }
    #[getter]
    fn is_quantized(&self) -> bool {
        false
    }
    #[getter]
    fn is_mkldnn(&self) -> bool {
        false
    }
    #[getter]
    fn is_nested(&self) -> bool {
        false
    }
    fn is_conj(&self) -> bool {
        false
    }
    fn is_neg(&self) -> bool {
        false
    }

    // ---- values
    fn item(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(number(py, self.get().item()?))
    }
    fn tolist(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let t = self.get().moved_data(Device::Cpu)?;
        nested(py, &t, 0, t.layout().offset)
    }
    fn __bool__(&self) -> PyResult<bool> {
        Ok(self.one("bool")?.to_bool())
    }
    fn __float__(&self) -> PyResult<f64> {
        match self.one("float")? {
            Scalar::Complex(c) if c.im != 0.0 => {
                Err(PyRuntimeError::new_err("value cannot be converted to type double without overflow"))
            }
            s => Ok(s.to_f64()),
        }
    }
    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.one("int")? {
            Scalar::Float(f) => PyFloat::new(py, f).call_method0("__int__"),
            s => Ok(PyInt::new(py, s.to_i64()).into_any()),
        }
    }
    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyComplex>> {
        let c = self.one("complex")?.to_c64();
        Ok(PyComplex::from_doubles(py, c.re, c.im))
    }
    fn __index__(&self) -> PyResult<i64> {
        let t = self.get();
        match (t.numel(), t.dtype().is_integral()) {
            (1, true) => Ok(t.item()?.to_i64()),
            _ => Err(PyTypeError::new_err("only integer tensors of a single element can be converted to an index")),
        }
    }
    fn __len__(&self) -> PyResult<usize> {
        match self.get().shape().first() {
            Some(&n) => Ok(n),
            None => Err(PyTypeError::new_err("len() of a 0-d tensor")),
        }
    }
    fn __hash__(slf: &Bound<'_, Self>) -> isize {
        (slf.as_ptr() as usize >> 4) as isize
    }

    // ---- autograd
    #[getter]
    fn requires_grad(&self) -> bool {
        self.get().requires_grad()
    }
    #[setter]
    fn set_requires_grad(slf: &Bound<'_, Self>, on: bool) -> PyResult<()> {
        slf.get().get().set_requires_grad(on)?;
        // SAFETY: a live tensor object.
        unsafe { note_identity(slf.as_ptr()) };
        Ok(())
    }
    #[pyo3(signature = (requires_grad=true))]
    fn requires_grad_<'py>(slf: &Bound<'py, Self>, requires_grad: bool) -> PyResult<Bound<'py, Self>> {
        Self::set_requires_grad(slf, requires_grad)?;
        Ok(slf.clone())
    }
    #[getter]
    fn is_leaf(&self) -> bool {
        self.get().is_leaf()
    }
    fn is_inference(&self) -> bool {
        self.get().is_inference()
    }
    #[getter]
    fn grad(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let t = self.get();
        let grad = t.grad();
        if grad.is_none() && t.requires_grad() && !t.is_leaf() && !self.retains_grad() {
            let text = c"The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute \
                won't be populated during autograd.backward(). If you indeed want the .grad field to be populated for a \
                non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, \
                make sure you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more \
                informations.";
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), text, 1)?;
        }
        wrap_opt(py, grad)
    }
    #[setter]
    fn set_grad(slf: &Bound<'_, Self>, grad: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let t = slf.get().get();
        let Some(grad) = grad else {
            t.set_grad(None);
            return Ok(());
        };
        // SAFETY: a live object.
        if !unsafe { is_tensor(grad.as_ptr()) } {
            return Err(PyTypeError::new_err(format!(
                "assigned grad expected to be a Tensor or None but got grad of type {}",
                grad.get_type().name()?
            )));
        }
        if grad.is(slf) {
            return Err(PyRuntimeError::new_err("can't assign Variable as its own grad"));
        }
        let g = read(grad)?;
        if g.shape() != t.shape() {
            return Err(PyRuntimeError::new_err(format!(
                "attempting to assign a gradient of size '{}' to a tensor of size '{}'. Please ensure that the gradient and \
                 the tensor are the same size",
                crate::layout::show(g.shape()),
                crate::layout::show(t.shape())
            )));
        }
        if g.dtype() != t.dtype() {
            return Err(PyRuntimeError::new_err(format!(
                "attempting to assign a gradient with dtype '{}' to a tensor with grad_dtype '{}'. The gradient must \
                 match the tensor's grad_dtype (defaults to the tensor's dtype).",
                g.dtype().c_name(),
                t.dtype().c_name()
            )));
        }
        if g.device() != t.device() {
            return Err(PyRuntimeError::new_err(format!(
                "attempting to assign a gradient with device type '{}' to a tensor with device type '{}'. Please ensure that \
                 the gradient and the tensor are on the same device",
                g.device().name(),
                t.device().name()
            )));
        }
        t.set_grad(Some(g));
        // SAFETY: a live tensor object.
        unsafe { note_identity(slf.as_ptr()) };
        Ok(())
    }
    #[deleter]
    fn delete_grad(&self) {
        self.get().set_grad(None);
    }
    #[getter]
    fn grad_fn(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        super::node::node_object_opt(py, self.get().grad_fn().map(|e| e.node))
    }
    #[getter]
    fn output_nr(&self) -> usize {
        self.get().grad_fn().map_or(0, |e| e.nr)
    }
    #[getter]
    fn _version(&self) -> PyResult<u32> {
        if self.get().is_inference() {
            return Err(PyRuntimeError::new_err("Inference tensors do not track version counter."));
        }
        Ok(self.get().storage().version())
    }
    #[getter]
    fn _base(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wrap_opt(py, self.get().base())
    }
    fn _is_view(&self) -> bool {
        self.get().base().is_some()
    }
    fn detach(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wrap(py, self.get().detach())
    }
    fn detach_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        slf.get().get().detach_in_place()?;
        Ok(slf.clone())
    }
    #[getter]
    fn data(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let t = self.get();
        // Autograd does not see what is written through it, so it counts writes of its own.
        wrap(py, Tensor::new(t.storage().apart(0), t.layout().clone(), t.dtype()))
    }
    #[setter]
    fn set_data(&self, new: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut place = read(new)?.place().clone();
        place.storage = place.storage.apart(self.get().storage().version());
        self.exchange(place);
        Ok(())
    }
    fn retain_grad(&self) -> PyResult<()> {
        super::hooks::retain_grad(self.get())
    }
    #[getter]
    fn retains_grad(&self) -> bool {
        self.get().history_if_any().is_some_and(|h| h.state().retains_grad)
    }
    /// Hooks on this tensor's gradient by number, or None.
    #[getter]
    fn _backward_hooks(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        super::hooks::of_tensor(py, self.get())
    }
    fn _register_hook(&self, hook: Py<PyAny>) -> u64 {
        super::hooks::add(self.get(), hook)
    }
    fn _remove_hook(&self, id: u64) {
        super::hooks::remove(self.get(), id);
    }
    fn _register_post_accumulate_grad_hook(&self, hook: Py<PyAny>) -> u64 {
        super::hooks::add_after(self.get(), hook)
    }

    // ---- identity
    /// The same tensor as an object of a subclass: what `Parameter` is made by.
    #[staticmethod]
    #[pyo3(signature = (cls, data, require_grad=false))]
    fn _make_subclass<'py>(
        cls: &Bound<'py, PyType>,
        data: &Bound<'py, PyAny>,
        require_grad: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let object = bare(cls)?;
        let t = read(data)?.detach();
        if require_grad {
            require_new(&t)?;
        }
        fill(&object, t);
        Ok(object)
    }
    /// A view of this tensor as an object of a subclass; it stays in the graph.
    fn as_subclass<'py>(&self, cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        let object = bare(cls)?;
        fill(&object, ops::alias(&self.get().clone())?);
        Ok(object)
    }
    fn is_set_to(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let (a, b) = (self.get(), read(other)?);
        Ok(a.storage().same(b.storage()) && a.layout() == b.layout() && a.dtype() == b.dtype())
    }
    /// Shows other memory from now on: a storage (with offset, size and stride) or that of another tensor.
    #[pyo3(signature = (source=None, storage_offset=0, size=None, stride=None))]
    fn set_<'py>(
        slf: &Bound<'py, Self>,
        source: Option<&Bound<'py, PyAny>>,
        storage_offset: usize,
        size: Option<Vec<usize>>,
        stride: Option<Vec<usize>>,
    ) -> PyResult<Bound<'py, Self>> {
        let t = slf.get().get();
        let place = super::storage::place_of(t, source, storage_offset, size, stride)?;
        if place.dtype != t.dtype() {
            return Err(PyRuntimeError::new_err(format!(
                "Could not set tensor of type {} to a tensor of type {}",
                place.dtype.c_name(),
                t.dtype().c_name()
            )));
        }
        slf.get().exchange(place);
        slf.get().get().storage().bump();
        Ok(slf.clone())
    }
    /// Another size in place: the elements that still fit stay, new ones have any content.
    #[pyo3(signature = (*size, memory_format=None))]
    fn resize_<'py>(
        slf: &Bound<'py, Self>,
        size: &Bound<'py, PyTuple>,
        memory_format: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let _ = memory_format;
        let size: Vec<i64> = if size.len() == 1 && size.get_item(0)?.extract::<i64>().is_err() {
            size.get_item(0)?.extract()?
        } else {
            size.extract()?
        };
        let t = slf.get().get().clone();
        if t.requires_grad() {
            return Err(PyRuntimeError::new_err("cannot resize variables that require grad"));
        }
        slf.get().exchange(super::error::guard(|| super::storage::resized(&t, &size))?);
        Ok(slf.clone())
    }

    // ---- neighbours
    #[pyo3(signature = (*, force=false))]
    fn numpy<'py>(slf: &Bound<'py, Self>, force: bool) -> PyResult<Bound<'py, PyAny>> {
        super::numpy::to_numpy(slf.py(), slf.get().get().clone(), force)
    }
    fn __dlpack_device__(&self) -> (i32, i32) {
        match self.get().device() {
            Device::Cpu => (super::numpy::DL_CPU, 0),
            Device::Gpu(index) => (super::numpy::DL_WEBGPU, index.into()),
        }
    }
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        slf: &Bound<'py, Self>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<&Bound<'py, PyAny>>,
        dl_device: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = (stream, max_version, dl_device);
        super::numpy::to_dlpack(slf.py(), slf.get().get(), copy.unwrap_or(false))
    }

    // ---- items
    fn __getitem__(slf: &Bound<'_, Self>, index: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        super::item::get(slf, index)
    }
    fn __setitem__(slf: &Bound<'_, Self>, index: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let _writing = crate::site::writing("__setitem__");
        super::item::set(slf, index, value)
    }
}

/// Asks for a gradient of a tensor that is just being made.
pub fn require_new(t: &Tensor) -> PyResult<()> {
    if !t.dtype().is_differentiable() {
        return Err(PyRuntimeError::new_err("Only Tensors of floating point and complex dtype can require gradients"));
    }
    Ok(t.set_requires_grad(true)?)
}
