"""Every file of `shaders/` has been dispatched through wgpu-py by a test, or its functions with a file that has."""

from pathlib import Path

import pytest

pytest.importorskip("wgpu")
from shader_bench import DISPATCHED, SHADERS, Bench

FILES = {path.stem: path.read_text() for path in sorted(SHADERS.glob("*.wgsl"))}


@pytest.fixture(scope="module", autouse=True)
def whole(request: pytest.FixtureRequest) -> None:
    """Skips where some tests of shaders are left out; those that are there have run before (`conftest.py`)."""
    here = {item.path for item in request.session.items}
    missing = [path.name for path in Path(__file__).parent.glob("test_shaders*.py") if path not in here]
    option = request.config.option
    if missing or option.keyword or option.markexpr or any("::" in arg for arg in request.config.args):
        pytest.skip(f"only known after all tests of shaders; not run: {missing or 'those that are deselected'}")


@pytest.fixture(scope="module")
def features() -> set[str]:
    return Bench().features


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_dispatched(features: set[str], name: str) -> None:
    if name.endswith("_f64") and not {"shader-f64", "shader-int64"} <= features:
        pytest.skip("the adapter has no float64")
    if name == "subgroups" and "subgroup" not in features:
        pytest.skip("the adapter has no subgroups")
    assert name in DISPATCHED.keys() | set().union(*DISPATCHED.values())


@pytest.mark.parametrize("name", [name for name, text in FILES.items() if "// Uses the functions of `lanes`." in text])
def test_lanes_are_dispatched_with_subgroups_and_without(features: set[str], name: str) -> None:
    expected = {"no_subgroups"} | ({"subgroups"} if "subgroup" in features else set())
    assert expected <= DISPATCHED.get(name, set())
