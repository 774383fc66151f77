"""nn.Module: registering, walking, state dicts with PyTorch's errors, hooks of every kind, text and copies."""

from __future__ import annotations

import copy
import pickle
import re
from collections import OrderedDict
from typing import Any

import pytest

import rusttorch as torch
from rusttorch import nn
from rusttorch.nn.modules import module as module_file


class Small(nn.Module):
    """A layer with every kind of member."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([2.0]))
        self.register_parameter("absent", None)
        self.register_buffer("shift", torch.tensor([1.0]))
        self.register_buffer("memory", torch.tensor([0.0]), persistent=False)
        self.marked = nn.Buffer(torch.tensor([5.0]), persistent=False)
        self.inner = nn.Linear(1, 1)

    def forward(self, x: Any) -> Any:
        return self.inner(x) * self.scale + self.shift


def ones_linear(size: int = 2) -> nn.Linear:
    layer = nn.Linear(size, 1)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.zero_()
    return layer


def names(pairs: Any) -> list[str]:
    return [name for name, _ in pairs]


def test_members_are_registered() -> None:
    layer = Small()
    assert names(layer.named_parameters()) == ["scale", "inner.weight", "inner.bias"]
    assert names(layer.named_buffers()) == ["shift", "memory", "marked"]
    assert list(layer.state_dict()) == ["scale", "shift", "inner.weight", "inner.bias"]
    assert names(layer.named_children()) == ["inner"] and names(layer.named_modules()) == ["", "inner"]
    assert layer.absent is None and "scale" in dir(layer) and "inner" in dir(layer)
    assert isinstance(layer.marked, nn.Buffer) and not isinstance(layer.shift, nn.Buffer)
    del layer.shift
    with pytest.raises(AttributeError, match="'Small' object has no attribute 'shift'"):
        print(layer.shift)


def test_assignment_moves_names_between_kinds() -> None:
    layer = nn.Module()
    layer.thing = 3
    layer.thing = nn.Parameter(torch.ones(1))
    assert "thing" not in layer.__dict__ and names(layer.named_parameters()) == ["thing"]
    with pytest.raises(TypeError, match="cannot assign 'torch.FloatTensor' as parameter 'thing'"):
        layer.thing = torch.ones(1)
    layer.thing = None
    del layer.thing
    layer.thing = nn.ReLU()
    assert names(layer.named_parameters()) == [] and names(layer.named_children()) == ["thing"]
    with pytest.raises(TypeError, match=re.escape("(torch.nn.Module or None expected)")):
        layer.thing = 3
    layer.thing = None
    assert layer.thing is None and names(layer.named_children()) == []
    layer.register_buffer("kept", torch.ones(1))
    layer.kept = torch.zeros(1)
    assert layer.kept.tolist() == [0.0] and names(layer.named_buffers()) == ["kept"]
    with pytest.raises(TypeError, match="cannot assign 'str' as buffer 'kept'"):
        layer.kept = "x"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.register_parameter("a.b", None), KeyError, "parameter name can't contain"),
        (lambda m: m.register_parameter("", None), KeyError, "parameter name can't be empty"),
        (lambda m: m.register_parameter(3, None), TypeError, "parameter name should be a string. Got int"),
        (lambda m: m.register_parameter("forward", None), KeyError, "attribute 'forward' already exists"),
        (lambda m: m.register_parameter("w", torch.ones(1)), TypeError, "(torch.nn.Parameter or None required)"),
        (lambda m: m.register_buffer("inner", None), KeyError, "attribute 'inner' already exists"),
        (lambda m: m.register_buffer("w", 3), TypeError, "cannot assign 'int' object to buffer 'w'"),
        (lambda m: m.add_module("w", 3), TypeError, "int is not a Module subclass"),
        (lambda m: m.add_module("a.b", nn.ReLU()), KeyError, 'module name can\'t contain ".", got: a.b'),
        (lambda m: m.get_submodule("inner.x"), AttributeError, "Linear has no attribute `x`"),
        (lambda m: m.get_submodule("scale"), AttributeError, "`scale` is not an nn.Module"),
        (lambda m: m.get_parameter("inner"), AttributeError, "`inner` is not an nn.Parameter"),
        (lambda m: m.get_buffer("scale"), AttributeError, "`scale` is not a buffer"),
        (lambda m: m.set_submodule("", nn.ReLU()), ValueError, "Cannot set the submodule without a target name!"),
        (lambda m: m.train("yes"), ValueError, "training mode is expected to be boolean"),
        (lambda m: m.to(torch.int32), TypeError, "nn.Module.to only accepts floating point or complex dtypes"),
        (lambda m: nn.Module()(1), NotImplementedError, 'Module [Module] is missing the required "forward" function'),
        (lambda m: nn.Module(1), TypeError, "Module.__init__() takes 1 positional argument but 2 were given"),
        (lambda m: nn.Module(a=1), TypeError, "Module.__init__() got an unexpected keyword argument 'a'"),
    ],
)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call(Small())
    assert message in caught.value.args[0]


def test_use_before_init() -> None:
    class Early(nn.Module):
        def __init__(self, value: Any) -> None:
            self.early = value

    with pytest.raises(AttributeError, match=re.escape("cannot assign parameters before Module.__init__() call")):
        Early(nn.Parameter(torch.ones(1)))
    with pytest.raises(AttributeError, match=re.escape("cannot assign module before Module.__init__() call")):
        Early(nn.ReLU())
    assert Early(3).early == 3


def test_paths() -> None:
    model = nn.Sequential(OrderedDict(a=nn.Sequential(nn.ReLU(), nn.Linear(1, 1))))
    assert model.get_submodule("") is model and isinstance(model.get_submodule("a.0"), nn.ReLU)
    assert model.get_parameter("a.1.weight") is model.a[1].weight
    model.set_submodule("a.0", nn.Tanh())
    assert isinstance(model.a[0], nn.Tanh)
    with pytest.raises(AttributeError, match="Sequential has no attribute `7`"):
        model.set_submodule("a.7", nn.Tanh(), strict=True)


def test_shared_parts_appear_once() -> None:
    shared = nn.Linear(1, 1)
    model = nn.Sequential(shared, shared)
    assert names(model.named_parameters()) == ["0.weight", "0.bias"]
    assert len(names(model.named_parameters(remove_duplicate=False))) == 4
    assert len(list(model.modules())) == 2 and len(list(model.modules(remove_duplicate=False))) == 3
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    copied = copy.deepcopy(model)
    assert copied[0] is copied[1] and copied[0] is not shared


def test_casts_keep_the_parameters_identity() -> None:
    layer = nn.BatchNorm1d(2)
    weight = layer.weight
    layer(torch.randn(3, 2)).sum().backward()
    layer.double()
    assert layer.weight is weight and weight.dtype == weight.grad.dtype == torch.float64
    assert layer.running_mean.dtype == torch.float64 and layer.num_batches_tracked.dtype == torch.int64
    for cast, dtype in (("half", torch.float16), ("bfloat16", torch.bfloat16), ("float", torch.float32)):
        assert getattr(layer, cast)().weight.dtype == dtype
    assert layer.to(torch.ones(1, dtype=torch.float64)).weight.dtype == torch.float64
    assert layer.to("cpu", torch.float32).weight.dtype == torch.float32
    assert layer.to(dtype=torch.float64, non_blocking=True).weight.dtype == torch.float64
    assert layer.type(torch.float32).num_batches_tracked.dtype == torch.float32
    assert layer.to_empty(device="cpu").weight.shape == (2,)


def test_modes_and_gradients() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Linear(2, 1))
    assert model.training and model.eval() is model and not model[0].training
    assert model.train()[0].training
    model[1](torch.ones(2)).backward()
    model.zero_grad(set_to_none=False)
    assert model[1].weight.grad.tolist() == [[0.0, 0.0]]
    model.zero_grad()
    assert model[1].weight.grad is None
    assert not model.requires_grad_(False)[1].weight.requires_grad
    seen: list[str] = []
    model.apply(lambda part: seen.append(type(part).__name__))
    assert seen == ["Dropout", "Linear", "Sequential"]


def test_state_dict_roundtrip() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    state = model.state_dict()
    assert type(state) is OrderedDict and state._metadata[""] == {"version": 1}
    assert state._metadata["1"] == {"version": 2} and not state["0.weight"].requires_grad
    assert model.state_dict(keep_vars=True)["0.weight"] is model[0].weight
    assert list(model[0].state_dict(prefix="p.")) == ["p.weight", "p.bias"]
    other = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    weight = other[0].weight
    result = other.load_state_dict(state)
    assert repr(result) == "<All keys matched successfully>" and result.missing_keys == []
    assert other[0].weight is weight and torch.equal(weight, model[0].weight)


def test_load_state_dict_errors() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = {"0.weight": torch.ones(3, 2), "1.extra": torch.ones(1), "other": torch.ones(1)}
    with pytest.raises(RuntimeError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "Error(s) in loading state_dict for Sequential:\n"
        '\tMissing key(s) in state_dict: "0.bias". \n'
        '\tUnexpected key(s) in state_dict: "other", "1.extra". \n'
        "\tsize mismatch for 0.weight: copying a param with shape torch.Size([3, 2]) from checkpoint, the shape in "
        "current model is torch.Size([2, 2])."
    )
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    del state["0.weight"]
    result = model.load_state_dict(state, strict=False)
    assert result.missing_keys == ["0.weight", "0.bias"] and result.unexpected_keys == ["other", "1.extra"]
    assert repr(result).startswith("_IncompatibleKeys(missing_keys=['0.weight', '0.bias'], unexpected_keys=")
    with pytest.raises(RuntimeError, match="expected torch.Tensor or Tensor-like object from checkpoint but received"):
        model.load_state_dict({"0.weight": "text", "0.bias": torch.ones(2)})
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'int'>"):
        model.load_state_dict(3)  # type: ignore[arg-type]


def test_load_by_assignment() -> None:
    layer = nn.Linear(1, 1)
    layer.bias.requires_grad_(False)
    state = {"weight": torch.ones(1, 1, dtype=torch.float64), "bias": torch.ones(1)}
    layer.load_state_dict(state, assign=True)
    assert layer.weight.dtype == torch.float64 and isinstance(layer.weight, nn.Parameter)
    assert layer.weight.requires_grad and not layer.bias.requires_grad
    state["weight"].fill_(7.0)
    assert layer.weight.item() == 7.0


def test_old_files_have_no_batch_count() -> None:
    layer = nn.BatchNorm1d(2)
    state = {name: value for name, value in layer.state_dict().items() if name != "num_batches_tracked"}
    assert repr(layer.load_state_dict(state)) == "<All keys matched successfully>"


def test_state_dict_hooks() -> None:
    log: list[Any] = []
    layer = nn.Linear(1, 1)
    state = layer.state_dict()
    layer.register_state_dict_pre_hook(lambda module, prefix, keep_vars: log.append((prefix, keep_vars)))
    layer.register_state_dict_post_hook(lambda module, found, prefix, metadata: found.update(added=1))
    assert "added" in layer.state_dict(prefix="p.") and log == [("p.", False)]
    layer.register_state_dict_post_hook(lambda module, found, prefix, metadata: found)
    with pytest.raises(RuntimeError, match="state_dict post-hook must return None"):
        layer.state_dict()
    layer = nn.Linear(1, 1)
    layer.register_load_state_dict_pre_hook(
        lambda module, found, prefix, metadata, strict, missing, unexpected, errors: found.pop("old", None)
    )
    handle = layer.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    layer.load_state_dict({"weight": state["weight"], "old": torch.ones(1)})
    handle.remove()
    with pytest.raises(RuntimeError, match='Missing key\\(s\\) in state_dict: "bias"'):
        layer.load_state_dict({"weight": state["weight"]})
    layer.register_load_state_dict_post_hook(lambda module, keys: 3)
    with pytest.raises(AssertionError, match="are not expected to return new values"):
        layer.load_state_dict(state)


def test_extra_state() -> None:
    class Counting(nn.Module):
        count = 0

        def get_extra_state(self) -> Any:
            return {"count": self.count}

        def set_extra_state(self, state: Any) -> None:
            self.count = state["count"]

    model = nn.Sequential(Counting())
    model[0].count = 7
    state = model.state_dict()
    assert state == {"0._extra_state": {"count": 7}}
    other = nn.Sequential(Counting())
    other.load_state_dict(state)
    assert other[0].count == 7
    with pytest.raises(RuntimeError, match='Missing key\\(s\\) in state_dict: "0._extra_state"'):
        other.load_state_dict({})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        nn.Sequential(nn.ReLU()).load_state_dict(state)


def test_forward_hooks() -> None:
    log: list[str] = []
    layer = ones_linear()
    x = torch.ones(2)
    handles = [
        layer.register_forward_pre_hook(lambda module, args: (args[0] * 2,)),
        layer.register_forward_pre_hook(
            lambda module, args, kwargs: log.append("first"), with_kwargs=True, prepend=True
        ),
        layer.register_forward_hook(lambda module, args, output: log.append(f"out {output.item()}")),
        layer.register_forward_hook(
            lambda module, args, kwargs, output: output + len(kwargs), with_kwargs=True, prepend=True
        ),
    ]
    assert layer(x).item() == 4.0
    assert log == ["first", "out 4.0"]
    for handle in handles:
        handle.remove()
    assert layer(x).item() == 2.0
    assert not layer._forward_hooks and not layer._forward_pre_hooks and not layer._forward_hooks_with_kwargs
    layer.register_forward_pre_hook(lambda module, args, kwargs: 5, with_kwargs=True)
    with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple of"):
        layer(x)


def test_hooks_with_kwargs_see_them() -> None:
    class Sum(nn.Module):
        def forward(self, x: Any, *, by: float = 1.0) -> Any:
            return x + by

    layer = Sum()
    layer.register_forward_pre_hook(lambda module, args, kwargs: (args, {"by": kwargs["by"] * 10}), with_kwargs=True)
    layer.register_forward_hook(lambda module, args, kwargs, output: output * kwargs["by"], with_kwargs=True)
    assert layer(torch.tensor(1.0), by=2.0).item() == 21.0 * 20.0


def test_always_called_hooks_run_after_errors() -> None:
    log: list[Any] = []

    class Failing(nn.Module):
        def forward(self, x: Any) -> Any:
            raise KeyError("inside")

    layer = Failing()
    layer.register_forward_hook(lambda module, args, output: log.append(output), always_call=True)
    layer.register_forward_hook(lambda module, args, output: log.append("never"))
    layer.register_forward_hook(lambda module, args, output: 1 / 0, always_call=True)
    with pytest.warns(UserWarning, match="raised an exception that was silenced"), pytest.raises(KeyError):
        layer(1)
    assert log == [None]


def test_full_backward_hooks() -> None:
    log: list[Any] = []
    layer = ones_linear()
    layer.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 10,))
    layer.register_full_backward_hook(
        lambda module, grad_input, grad_output: log.append((grad_input[0].tolist(), grad_output[0].tolist()))
    )
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 3,))
    x = torch.ones(2, requires_grad=True)
    layer(x).sum().backward()
    assert log == [([10.0, 10.0], [10.0])]
    assert x.grad.tolist() == [30.0, 30.0] and layer.weight.grad.tolist() == [[10.0, 10.0]]
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
        layer.register_backward_hook(lambda *given: None)
    with torch.no_grad():
        layer(x)


def test_full_backward_hooks_of_several_tensors() -> None:
    class Two(nn.Module):
        def forward(self, a: Any, b: Any, c: Any = None) -> Any:
            return a * 2, b * 3

    log: list[Any] = []
    layer = Two()
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: log.append((grad_input, grad_output)))
    x, y = torch.ones(1, requires_grad=True), torch.ones(1)
    first, second = layer(x, y, "text")
    (first + second).sum().backward()
    grad_input, grad_output = log[0]
    assert grad_input[0].tolist() == [2.0] and len(grad_input) == 3 and grad_input[2] is None
    assert grad_output[0].tolist() == [1.0] and len(grad_output) == 2


def test_backward_hook_without_input_gradients() -> None:
    log: list[Any] = []
    layer = ones_linear()
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: log.append(grad_input))
    with pytest.warns(UserWarning, match="Full backward hook is firing"):
        layer(torch.ones(2)).sum().backward()
    assert log == [(None,)] and layer.weight.grad.tolist() == [[1.0, 1.0]]


def test_old_backward_hook() -> None:
    log: list[Any] = []
    layer = ones_linear()
    layer.register_backward_hook(lambda module, grad_input, grad_output: log.append(grad_output[0].tolist()))
    with pytest.warns(FutureWarning, match="Using a non-full backward hook"):
        layer(torch.ones(1, 2)).sum().backward()
    assert log == [[[1.0]]]


def test_global_hooks() -> None:
    log: list[str] = []
    handles = [
        module_file.register_module_forward_pre_hook(lambda module, args: log.append("pre")),
        module_file.register_module_forward_hook(lambda module, args, output: log.append("post")),
        module_file.register_module_parameter_registration_hook(lambda module, name, param: log.append(name)),
        module_file.register_module_module_registration_hook(lambda module, name, part: log.append(name)),
        module_file.register_module_buffer_registration_hook(lambda module, name, buffer: log.append(name)),
    ]
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    model.register_buffer("kept", torch.ones(1))
    model(torch.ones(1))
    for handle in handles:
        handle.remove()
    model(torch.ones(1))
    assert log == ["weight", "0", "kept", "pre", "pre", "post", "post"]


def test_text() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(1, 2), nn.Linear(1, 2), nn.ReLU()])
            self.empty = nn.Sequential()

        def extra_repr(self) -> str:
            return "kind=1\nsize=2"

    assert repr(Model()) == (
        "Model(\n"
        "  kind=1\n"
        "  size=2\n"
        "  (layers): ModuleList(\n"
        "    (0-1): 2 x Linear(in_features=1, out_features=2, bias=True)\n"
        "    (2): ReLU()\n"
        "  )\n"
        "  (empty): Sequential()\n"
        ")"
    )
    parameters = nn.ParameterList([torch.ones(2, 3), 5])
    assert repr(parameters) == (
        "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2x3]\n    (1): Object of type: int\n)"
    )


def test_copies_and_pickles() -> None:
    layer = Small()
    layer.eval()
    for other in (copy.deepcopy(layer.inner), pickle.loads(pickle.dumps(layer.inner)), copy.copy(layer.inner)):
        assert not other.training and torch.equal(other.weight, layer.inner.weight)
        assert isinstance(other.weight, nn.Parameter) and other.weight.requires_grad
    parameter = nn.Parameter(torch.ones(2), requires_grad=False)
    for other in (copy.deepcopy(parameter), pickle.loads(pickle.dumps(parameter))):
        assert type(other) is nn.Parameter and not other.requires_grad and other.tolist() == [1.0, 1.0]
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.])"
    old = nn.ReLU()
    state = dict(old.__dict__)
    for name in ("_forward_pre_hooks_with_kwargs", "_non_persistent_buffers_set", "_backward_pre_hooks"):
        del state[name]
    revived = nn.ReLU.__new__(nn.ReLU)
    revived.__setstate__(state)
    assert revived(torch.tensor([-1.0, 1.0])).tolist() == [0.0, 1.0]


def test_parameter() -> None:
    data = torch.ones(2)
    parameter = nn.Parameter(data)
    data[0] = 5.0
    assert parameter.tolist() == [5.0, 1.0] and parameter.requires_grad and parameter.is_leaf
    assert type(parameter * 2) is torch.Tensor and not isinstance(data, nn.Parameter)
    assert tuple(nn.Parameter().shape) == (0,)
    with pytest.raises(RuntimeError, match="Only Tensors of floating point and complex dtype can require gradients"):
        nn.Parameter(torch.ones(2, dtype=torch.int64))


def test_several_bases() -> None:
    class Other:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.given = (args, kwargs)

    class Both(nn.Module, Other):
        call_super_init = True

    assert Both(1, b=2).given == ((1,), {"b": 2})


def test_sequential() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(model) == 3 and isinstance(model[-1], nn.Linear) and len(model[:2]) == 2
    del model[1]
    assert list(model._modules) == ["0", "1"]
    model.insert(1, nn.Tanh())
    model.append(nn.Sigmoid()).extend([nn.ReLU()])
    assert [type(part).__name__ for part in model] == ["Linear", "Tanh", "Linear", "Sigmoid", "ReLU"]
    assert len(model + model) == 10 and len(model[:1] * 3) == 3 and isinstance(model.pop(-1), nn.ReLU)
    with pytest.raises(IndexError, match="index 9 is out of range"):
        model[9]
    with pytest.raises(ValueError, match="add operator supports only objects of Sequential class"):
        model + 3


def test_module_list_and_dict() -> None:
    parts = nn.ModuleList([nn.ReLU()])
    parts += [nn.Tanh(), nn.ELU()]
    parts.insert(0, nn.GELU())
    del parts[1]
    assert [type(part).__name__ for part in parts] == ["GELU", "Tanh", "ELU"] and list(parts._modules) == list("012")
    with pytest.raises(TypeError, match="ModuleList.extend should be called with an iterable, but got int"):
        parts.extend(3)  # type: ignore[arg-type]
    named = nn.ModuleDict({"a": nn.ReLU()})
    named.update([("b", nn.Tanh())])
    assert list(named) == ["a", "b"] and "a" in named and isinstance(named.pop("a"), nn.ReLU) and len(named) == 1
    with pytest.raises(ValueError, match="has length 3; 2 is required"):
        named.update([(1, 2, 3)])


def test_parameter_list_and_dict() -> None:
    values = nn.ParameterList([torch.ones(1)])
    values.append(torch.zeros(2)).extend([3])
    assert isinstance(values[0], nn.Parameter) and values[2] == 3 and len(values[:2]) == 2
    assert names(values.named_parameters()) == ["0", "1"]
    named = nn.ParameterDict({"b": torch.ones(1), "a": torch.ones(2)})
    named["c"] = torch.zeros(1)
    assert list(named) == ["a", "b", "c"] and list(named.state_dict()) == ["a", "b", "c"]
    assert named.popitem()[0] == "c" and named.get("zz", 5) == 5 and list(named.copy()) == ["a", "b"]
    with pytest.raises(TypeError, match="Index given to ParameterDict cannot be used as a key"):
        named[3]
