"""LazyModuleMixin: layers that learn the sizes of their inputs from the first one."""

from __future__ import annotations

from typing import Any

from ..parameter import is_lazy


class LazyModuleMixin:
    """Makes a layer's parameters wait for the first forward.

    A subclass of this and of the layer creates `UninitializedParameter` and `UninitializedBuffer` objects, gives them
    their shapes in ``initialize_parameters(*args, **kwargs)``, called with the arguments of the first forward, and
    names in ``cls_to_become`` the class that the object then turns into.

    A state dict with shapes initialises it too. Parameters without a shape are saved as they are.
    """

    cls_to_become: type[Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)  # type: ignore[attr-defined]
        self._initialize_hook = self.register_forward_pre_hook(  # type: ignore[attr-defined]
            self._infer_parameters, with_kwargs=True
        )

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        # A parameter without shape cannot be detached, and is put in as it is.
        for name, param in self._persistent_state().items():  # type: ignore[attr-defined]
            destination[prefix + name] = param if is_lazy(param) or keep_vars else param.detach()

    def _lazy_load_hook(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Before loading: gives this module's tensors the shapes of those in the dict."""
        own = (self._parameters, self._buffers)  # type: ignore[attr-defined]
        for members in own:
            for name, param in members.items():
                loaded = state_dict.get(prefix + name)
                if loaded is not None and is_lazy(param) and not is_lazy(loaded):
                    param.materialize(loaded.shape)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Gives the parameters their shapes; every lazy class defines it."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer of this module still has no shape."""
        members = (self._parameters, self._buffers)  # type: ignore[attr-defined]
        return any(is_lazy(param) for own in members for param in own.values())

    def _infer_parameters(self, module: Any, args: Any, kwargs: dict[str, Any] | None = None) -> None:
        """Before the first forward: initialises, and turns the module into what it is to become."""
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")  # type: ignore[attr-defined]
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook
        del module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _replicate_for_data_parallel(self) -> Any:
        raise RuntimeError(
            "Modules with uninitialized parameters can't be used with `DataParallel`. Run a dummy forward pass to "
            "correctly initialize the modules"
        )
