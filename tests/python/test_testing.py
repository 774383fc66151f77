"""`testing.assert_close` accepts and refuses what PyTorch's does, in its words; `make_tensor` keeps its bounds."""

from typing import Any

import pytest

import rusttorch as torch
from rusttorch.testing import assert_close, make_tensor

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("actual", "expected", "options"),
    [
        (torch.ones(2), torch.ones(2) + 1e-6, {}),
        (torch.ones(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64) + 1e-8, {}),
        (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16) * 1.01, {}),
        (torch.tensor([INF, -INF]), torch.tensor([INF, -INF]), {}),
        (torch.tensor([NAN]), torch.tensor([NAN]), {"equal_nan": True}),
        (torch.ones(2), torch.ones(2, dtype=torch.float64), {"check_dtype": False}),
        (torch.empty(0), torch.empty(0), {}),
        ([torch.ones(1), {"a": (1, None)}], [torch.ones(1), {"a": (1, None)}], {}),
        (1, 1.0, {"check_dtype": False}),
        (1.0, 1.0 + 1e-9, {}),
        (1.0, 2.0, {"rtol": 0, "atol": 1.0}),
        (NAN, NAN, {"equal_nan": True}),
        (True, True, {}),
        (None, None, {}),
        (torch.nn.Parameter(torch.ones(1)), torch.ones(1), {}),
        (torch.ones(2, 2).t(), torch.ones(2, 2), {}),
    ],
)
def test_close(actual: Any, expected: Any, options: dict[str, Any]) -> None:
    assert_close(actual, expected, **options)


WORDS: list[tuple[Any, Any, dict[str, Any], type[Exception], str]] = [
    (
        torch.tensor([1.0, 2.0, 3.0]),
        torch.tensor([1.0, 2.5, 4.0]),
        {},
        AssertionError,
        "Tensor-likes are not close!\n\nMismatched elements: 2 / 3 (66.7%)\n"
        "Greatest absolute difference: 1.0 at index (2,) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.25 at index (2,) (up to 1.3e-06 allowed)",
    ),
    (
        torch.tensor([[1, 2], [3, 4]]),
        torch.tensor([[1, 2], [3, 0]]),
        {},
        AssertionError,
        "Tensor-likes are not equal!\n\nMismatched elements: 1 / 4 (25.0%)\n"
        "Greatest absolute difference: 4 at index (1, 1)\nGreatest relative difference: inf at index (1, 1)",
    ),
    (
        torch.tensor([True, False]),
        torch.tensor([True, True]),
        {},
        AssertionError,
        "Tensor-likes are not equal!\n\nMismatched elements: 1 / 2 (50.0%)\n"
        "Greatest absolute difference: 1 at index (1,)\nGreatest relative difference: 1.0 at index (1,)",
    ),
    (
        torch.tensor(1.0),
        torch.tensor(2.0),
        {"rtol": 0.0, "atol": 0.5},
        AssertionError,
        "Scalars are not close!\n\nExpected 2.0 but got 1.0.\n"
        "Absolute difference: 1.0 (up to 0.5 allowed)\nRelative difference: 0.5 (up to 0.0 allowed)",
    ),
    (
        {"a": [1.0, 2.0]},
        {"a": [1.0, 3.0]},
        {"rtol": 0, "atol": 0},
        AssertionError,
        "Scalars are not equal!\n\nExpected 3.0 but got 2.0.\nAbsolute difference: 1.0\n"
        "Relative difference: 0.3333333333333333\n\nThe failure occurred for item ['a'][1]",
    ),
    (
        torch.ones(2),
        torch.ones(3),
        {},
        AssertionError,
        "The values for attribute 'shape' do not match: torch.Size([2]) != torch.Size([3]).",
    ),
    (
        torch.ones(2),
        torch.ones(2, dtype=torch.float64),
        {},
        AssertionError,
        "The values for attribute 'dtype' do not match: torch.float32 != torch.float64.",
    ),
    (
        torch.ones(2, 3),
        torch.ones(3, 2).t(),
        {"check_stride": True},
        AssertionError,
        "The values for attribute 'stride()' do not match: (3, 1) != (1, 2).",
    ),
    ([1, 2], [1], {}, AssertionError, "The length of the sequences mismatch: 2 != 1"),
    (
        {"a": 1},
        {"b": 1},
        {},
        AssertionError,
        "The keys of the mappings do not match:\nMissing keys in the actual mapping: ['b']\n"
        "Additional keys in the actual mapping: ['a']",
    ),
    (None, 1, {}, AssertionError, "None mismatch: None is not 1"),
    (True, False, {}, AssertionError, "Booleans mismatch: True is not False"),
    (1, 1.0, {}, AssertionError, "The (d)types do not match: <class 'int'> != <class 'float'>."),
    (
        torch.ones(1),
        [1.0],
        {},
        TypeError,
        f"No comparison pair was able to handle inputs of type {torch.Tensor} and <class 'list'>.",
    ),
    (
        torch.ones(1),
        torch.ones(1),
        {"rtol": 0.1},
        ValueError,
        "Both 'rtol' and 'atol' must be either specified or omitted, but got no atol.",
    ),
    (torch.ones(1), torch.zeros(1), {"msg": "mine"}, AssertionError, "mine"),
    (
        [None],
        [1],
        {"msg": lambda m: f"<{m}>"},
        AssertionError,
        "<None mismatch: None is not 1\n\nThe failure occurred for item [0]>",
    ),
]


@pytest.mark.parametrize(("actual", "expected", "options", "kind", "words"), WORDS)
def test_not_close(actual: Any, expected: Any, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as raised:
        assert_close(actual, expected, **options)
    assert str(raised.value) == words and type(raised.value) is kind


def test_nan_is_not_close_to_nan() -> None:
    with pytest.raises(AssertionError, match="Greatest absolute difference: nan"):
        assert_close(torch.tensor([NAN, 1.0]), torch.tensor([NAN, 1.0]))


def test_wrong_structure_is_reported_before_wrong_values() -> None:
    with pytest.raises(AssertionError, match="length of the sequences"):
        assert_close([1, [1, 2]], [2, [1]])


def test_arrays() -> None:
    np = pytest.importorskip("numpy")
    assert_close(np.ones(2), np.ones(2))
    assert_close(np.float64(1), 1.0)
    assert_close(np.bool_(True), True)
    with pytest.raises(AssertionError, match="Mismatched elements: 2 / 2"):
        assert_close(np.ones(2), np.zeros(2))


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (torch.float32, -9, 9),
        (torch.float64, -9, 9),
        (torch.bfloat16, -9, 9),
        (torch.int8, -9, 10),
        (torch.uint8, 0, 10),
        (torch.int64, -9, 10),
        (torch.bool, 0, 2),
        (torch.complex64, -9, 9),
    ],
)
def test_make_tensor_usual_bounds(dtype: torch.dtype, low: int, high: int) -> None:
    made = make_tensor(20, 30, dtype=dtype, device="cpu")
    assert made.shape == (20, 30) and made.dtype is dtype
    parts = torch.view_as_real(made) if dtype is torch.complex64 else made
    drawn = parts.to(torch.float64)
    assert low <= drawn.min().item() < drawn.max().item() <= high


def test_make_tensor_options() -> None:
    strided = make_tensor((3, 4), dtype=torch.float32, device="cpu", noncontiguous=True, requires_grad=True)
    assert strided.shape == (3, 4) and not strided.is_contiguous() and strided.requires_grad
    assert (make_tensor(500, dtype=torch.int8, device="cpu", low=0, high=2, exclude_zero=True) != 0).all()
    assert make_tensor(50, dtype=torch.uint8, device="cpu", low=250, high=1000).min() >= 250


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"dtype": torch.float32, "low": 3, "high": 2}, ValueError, "`low` must be less than `high`, but got 3 >= 2"),
        ({"dtype": torch.float32, "low": NAN}, ValueError, "`low` and `high` cannot be NaN"),
        ({"dtype": torch.uint8, "low": 300, "high": 400}, ValueError, "only supports"),
        ({"dtype": torch.int64, "requires_grad": True}, ValueError, "is not supported for boolean and integral dtypes"),
        (
            {"dtype": torch.float32, "noncontiguous": True, "memory_format": torch.contiguous_format},
            ValueError,
            "mutually exclusive",
        ),
        ({"dtype": "float"}, TypeError, "is not supported by torch.testing.make_tensor"),
    ],
)
def test_make_tensor_refuses(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        make_tensor(2, 2, device="cpu", **options)
