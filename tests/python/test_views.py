"""Views share storage, in-place writes are seen through them, and history follows."""

import pytest

import rusttorch as torch

X = lambda: torch.arange(24.0).reshape(2, 3, 4)  # noqa: E731

VIEWS = {
    "view": lambda x: x.view(6, 4),
    "view_varargs": lambda x: x.view(-1, 2),
    "reshape": lambda x: x.reshape(4, 6),
    "transpose": lambda x: x.transpose(0, 2),
    "permute": lambda x: x.permute(2, 0, 1),
    "movedim": lambda x: x.movedim(0, -1),
    "squeeze": lambda x: x[:1].squeeze(0),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "expand": lambda x: x[:, :1].expand(2, 5, 4),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "select": lambda x: x.select(1, 2),
    "slice": lambda x: x[:, ::2, 1:3],
    "split": lambda x: x.split(2, dim=1)[1],
    "chunk": lambda x: x.chunk(2, dim=2)[1],
    "unbind": lambda x: x.unbind(1)[2],
    "flatten": lambda x: x.flatten(1),
    "unflatten": lambda x: x.unflatten(2, (2, 2)),
    "diagonal": lambda x: x.diagonal(0, 1, 2),
    "as_strided": lambda x: x.as_strided((2, 2), (5, 1), 3),
    "unfold": lambda x: x.unfold(2, 2, 1),
    "t": lambda x: x[0].t(),
    "T": lambda x: x[0].T,
    "mT": lambda x: x.mT,
    "detach": lambda x: x.detach(),
    "expand_as": lambda x: x[0, 0].expand_as(x),
    "view_as": lambda x: x.view_as(torch.empty(8, 3)),
    "index_none": lambda x: x[None, ..., 0],
    "index_int": lambda x: x[-1],
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shares_storage_and_sees_writes(name):
    x = X()
    v = VIEWS[name](x)
    assert v.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    before = v.tolist()
    x.mul_(2)
    assert v.tolist() != before or not any(flat(before))
    assert v._version == x._version == 1


def flat(values):
    return [v for row in values for v in flat(row)] if isinstance(values, list) else [values]


@pytest.mark.parametrize("name", [n for n in VIEWS if n != "detach"])
def test_the_gradient_of_a_view_is_where_it_looks(name):
    x = X().requires_grad_()
    VIEWS[name](x).sum().backward()
    counted = torch.zeros(24)
    index = VIEWS[name](torch.arange(24).reshape(2, 3, 4)).reshape(-1)
    for i in index.tolist():
        counted[i] += 1
    assert x.grad.reshape(-1).tolist() == counted.tolist()


def test_base_of_a_view_of_a_view():
    x = X().clone()
    v = x[0][1:]
    assert v._base is x and x._base is None and v._is_view() and not x._is_view()


def test_a_view_needs_compatible_strides():
    with pytest.raises(RuntimeError, match="view size is not compatible with input tensor's size and stride"):
        X().transpose(0, 1).view(-1)
    with pytest.raises(RuntimeError, match=r"shape '\[5, 5\]' is invalid for input of size 24"):
        X().view(5, 5)
    assert X().transpose(0, 1).reshape(-1).shape == (24,)


def test_a_write_through_a_view_reaches_the_base_and_its_history():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    other = y[1:]
    y[1].mul_(10)
    assert y.tolist() == [2.0, 40.0, 6.0]
    assert type(y.grad_fn).__name__ == "CopySlices"
    assert type(other.grad_fn).__name__ == "AsStridedBackward0"
    (other * other).sum().backward()
    assert x.grad.tolist() == [0.0, 2 * 40.0 * 20.0, 2 * 6.0 * 2.0]


def test_a_constant_tensor_enters_the_graph_by_a_write_to_its_view():
    w = torch.tensor([3.0], requires_grad=True)
    buffer = torch.zeros(3)
    buffer[1:2].copy_(w * 2)
    assert buffer.requires_grad
    (buffer * torch.tensor([1.0, 5.0, 1.0])).sum().backward()
    assert w.grad.tolist() == [10.0]


def test_metadata_ops_in_place():
    x = X()
    v = x[0]
    assert v.t_() is v and v.shape == (4, 3) and v.stride() == (1, 4)
    assert x.unsqueeze_(0).shape == (1, 2, 3, 4)
    assert x.squeeze_().shape == (2, 3, 4)
    assert x.transpose_(0, 1).shape == (3, 2, 4)


def test_data_exchanges_what_a_parameter_shows():
    w = torch.ones(2, requires_grad=True)
    w.data = torch.zeros(3)
    assert w.shape == (3,) and w.requires_grad and w.is_leaf
    (w * 2).sum().backward()
    assert w.grad.tolist() == [2.0, 2.0, 2.0]
    w.data.add_(1)
    assert w.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (
            lambda: torch.ones(2, requires_grad=True).add_(1),
            "a leaf Variable that requires grad is being used in an in-place operation",
        ),
        (
            lambda: torch.ones(2, requires_grad=True)[0].add_(1),
            "a view of a leaf Variable that requires grad is being used in an in-place operation",
        ),
        (
            lambda: torch.zeros(1).expand(3).add_(1),
            "more than one element of the written-to tensor refers to a single memory location",
        ),
        (
            lambda: (torch.ones(4, requires_grad=True) * 1).split(2)[0].mul_(2),
            "is a view and is being modified inplace",
        ),
    ],
)
def test_writes_that_are_refused(act, error):
    with pytest.raises(RuntimeError, match=error):
        act()
