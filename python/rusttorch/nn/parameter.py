"""Parameter and Buffer: the tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import rusttorch as torch
from rusttorch import _C

_Tensor: Any = _C.Tensor


class _ParameterMeta(type(_Tensor)):  # type: ignore[misc]
    """Lets a tensor of a user's own class that is marked ``_is_param`` count as a Parameter."""

    def __instancecheck__(cls, instance: object) -> bool:
        if super().__instancecheck__(instance):
            return True
        return cls is Parameter and isinstance(instance, _Tensor) and getattr(instance, "_is_param", False)


class Parameter(_C.Tensor, metaclass=_ParameterMeta):
    """A tensor that a module lists in ``parameters()`` when it is assigned as an attribute.

    Args:
        data: the values, shared and not copied. ``None`` makes an empty tensor of shape (0,).
        requires_grad: whether gradients are recorded. Default: True. Only floating point and complex tensors
            can require them, as everywhere (RuntimeError).
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = torch.empty(0)
        if type(data) is _Tensor or type(data) is Parameter:
            return _Tensor._make_subclass(cls, data, requires_grad)
        # A tensor of a class of its own keeps that class and is only marked.
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns "
                f"an instance of the same type, but return type {type(marked).__name__} was found instead. To use the "
                "type as a Parameter, please correct the detach() semantics defined by its __torch_dispatch__() "
                "implementation."
            )
        marked._is_param = True
        return marked

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        known = memo.get(id(self))
        if known is None:
            known = type(self)(self.data.clone(memory_format=torch.preserve_format), self.requires_grad)
            memo[id(self)] = known
        return known

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, proto: Any) -> tuple[Any, ...]:
        # Hooks are not kept, as in PyTorch: they are rarely picklable.
        state = {key: value for key, value in self.__dict__.items() if not key.startswith("_")}
        if state:
            rebuild = torch._utils._rebuild_parameter_with_state
            return rebuild, (self.data, self.requires_grad, OrderedDict(), state)
        return torch._utils._rebuild_parameter, (self.data, self.requires_grad, OrderedDict())


_SHAPE_UNKNOWN = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
    "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
    "parameters before accessing their attributes."
)

# The methods of a tensor that make sense before its shape is known; every other one is refused.
_CONVERSIONS = ("to", "cpu", "cuda", "type", "half", "float", "double", "bfloat16", "char", "short", "int", "long")
_MEANINGFUL = frozenset(
    {"size", "copy_", "is_complex", "is_floating_point", "get_device", "requires_grad_", "materialize"}
    | {"share_memory_", *_CONVERSIONS}
)
_OPERATORS = (
    "add radd iadd sub rsub isub mul rmul imul truediv rtruediv itruediv floordiv rfloordiv mod rmod pow rpow matmul "
    "rmatmul neg pos abs invert and rand or ror xor rxor lshift rshift lt le gt ge len iter getitem setitem bool float "
    "int index array"
).split()


class UninitializedTensorMixin:
    """What a tensor without a shape can do: be moved, be typed, and be materialized.

    Everything else raises ValueError, saying that the module's forward has to run first.
    """

    cls_to_become: type[Any]

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Turns this object, in place, into an ordinary parameter or buffer of the given shape.

        Args:
            shape: the shape of the values, which are left unset.
            device: where they live. Default: where this object is.
            dtype: their type. Default: this object's.
        """
        if device is None:
            device = self.data.device  # type: ignore[has-type]
        if dtype is None:
            dtype = self.data.dtype  # type: ignore[has-type]
        self.data = torch.empty(shape, device=device, dtype=dtype)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]

    @property
    def shape(self) -> Any:
        """Not known yet: raises RuntimeError."""
        raise RuntimeError(_SHAPE_UNKNOWN)

    def share_memory_(self) -> Any:
        """Cannot be done before the shape is known: raises RuntimeError."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("_") or name in _MEANINGFUL or not callable(value) or not hasattr(_Tensor, name):
            return value
        raise _unusable(self, f"Tensor.{name}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, proto: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad,)  # type: ignore[attr-defined]


def _unusable(tensor: Any, what: str) -> ValueError:
    return ValueError(
        f"Attempted to use an uninitialized parameter in {what}. This error happens when you are using a `LazyModule` "
        f"or explicitly manipulating `torch.nn.parameter.{type(tensor).__name__}` objects. When using LazyModules Call "
        "`forward` with a dummy batch to initialize the parameters before calling torch functions"
    )


def _refuse_operator(name: str) -> Any:
    def refuse(self: Any, *args: Any) -> Any:
        raise _unusable(self, f"Tensor.{name}")

    refuse.__name__ = name
    return refuse


# Operators are looked up on the type, past __getattribute__.
for _name in _OPERATORS:
    setattr(UninitializedTensorMixin, f"__{_name}__", _refuse_operator(f"__{_name}__"))
del _name


def is_lazy(param: Any) -> bool:
    """True for a parameter or buffer whose shape is not known yet."""
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape is not known yet, as lazy modules have before their first forward.

    Args:
        requires_grad: as for Parameter. Default: True.
        device, dtype: of the values that `materialize` will make. Default: the current defaults.
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> UninitializedParameter:
        return _Tensor._make_subclass(cls, torch.empty(0, device=device, dtype=dtype), requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedParameter:
        known = memo.get(id(self))
        if known is None:
            known = type(self)(self.requires_grad, self.data.device, self.data.dtype)
            memo[id(self)] = known
        return known


class _BufferMeta(type(_Tensor)):  # type: ignore[misc]
    """Makes every tensor marked ``_is_buffer`` an instance of Buffer."""

    def __instancecheck__(cls, instance: object) -> bool:
        if cls is Buffer and isinstance(instance, _Tensor) and getattr(instance, "_is_buffer", False):
            return True
        return super().__instancecheck__(instance)


class Buffer(_C.Tensor, metaclass=_BufferMeta):
    """Marks a tensor as a buffer: assigned to a module it is part of its state, but no parameter.

    The result is an ordinary tensor that shares its values with ``data``; ``isinstance(t, nn.Buffer)`` tells.

    Args:
        data: the values. ``None`` makes an empty tensor of shape (0,).
        persistent: whether ``state_dict()`` of the module contains it. Default: True.
    """

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        if data is None:
            data = torch.empty(0)
        marked = data.detach().requires_grad_(data.requires_grad)
        marked.persistent = persistent
        marked._is_buffer = True
        return marked


class UninitializedBuffer(UninitializedTensorMixin, _C.Tensor):  # type: ignore[misc]
    """A buffer whose shape is not known yet.

    Args:
        requires_grad: Default: False.
        device, dtype: of the values that `materialize` will make. Default: the current defaults.
        persistent: whether ``state_dict()`` of the module contains it. Default: True.
    """

    cls_to_become = _Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> UninitializedBuffer:
        made = _Tensor._make_subclass(cls, torch.empty(0, device=device, dtype=dtype), requires_grad)
        made.persistent = persistent
        made._is_buffer = True
        return made


def _conversion(name: str) -> Any:
    convert = getattr(_Tensor, name)

    def converted(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = convert(self, *args, **kwargs)
        if result is self or not isinstance(result, _Tensor):
            return result
        return UninitializedBuffer(self.requires_grad, result.device, result.dtype, self.persistent)

    converted.__name__ = name
    return converted


# On another device or in another dtype, its shape is still to be found out.
for _name in _CONVERSIONS:
    setattr(UninitializedBuffer, _name, _conversion(_name))
del _name
