"""The text of a tensor equals PyTorch's, character for character."""

import json
import math
from pathlib import Path

import pytest
from repr_cases import cases, text_of

import rusttorch as torch

RECORDED = json.loads((Path(__file__).parent.parent / "fixtures" / "repr.json").read_text())


def test_every_recorded_text() -> None:
    wrong = []
    made = list(cases(torch))
    assert [name for name, _, _ in made] == [name for name, _ in RECORDED]
    for (name, tensor, options), (_, expected) in zip(made, RECORDED, strict=True):
        shown = text_of(torch, tensor, options)
        if shown != expected:
            wrong.append(f"{name}\nexpected {expected}\nbut got  {shown}")
    assert not wrong, f"{len(wrong)} of {len(made)} differ\n\n" + "\n\n".join(wrong[:5])


def test_str_and_format() -> None:
    x = torch.tensor([1.0, 2.0])
    assert str(x) == repr(x) == f"{x}" == "tensor([1., 2.])"
    assert f"{x.sum():.2f} {x.sum()}" == "3.00 3.0"
    assert str(x.sum()) == "tensor(3.)"
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{x:.2f}"


def test_set_printoptions() -> None:
    x = torch.tensor([math.pi, 100.0])
    before = torch._tensor_str.get_printoptions()
    try:
        torch.set_printoptions(precision=2, sci_mode=True)
        assert repr(x) == "tensor([3.14e+00, 1.00e+02])"
        torch.set_printoptions(profile="default")
        assert repr(x) == "tensor([  3.1416, 100.0000])"
        assert torch._tensor_str.get_printoptions() == {
            "precision": 4,
            "threshold": 1000,
            "edgeitems": 3,
            "linewidth": 80,
            "sci_mode": None,
        }
    finally:
        torch.set_printoptions(**before)


def test_printoptions_gives_the_options_back() -> None:
    before = torch._tensor_str.get_printoptions()
    with pytest.raises(ZeroDivisionError), torch._tensor_str.printoptions(precision=1, edgeitems=0):
        assert torch._tensor_str.PRINT_OPTS.precision == 1
        raise ZeroDivisionError
    assert torch._tensor_str.get_printoptions() == before


def test_subclass_is_named() -> None:
    class Named(torch.Tensor):
        pass

    assert repr(torch.tensor([1.5]).as_subclass(Named)) == "Named([1.5000])"
