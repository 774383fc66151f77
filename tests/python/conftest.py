"""What the tests of shaders share: the bench for kernels with lanes, and what has been dispatched when all have run."""

import pytest


@pytest.fixture(scope="module", params=["subgroups", "alone"])
def lane_bench(request: pytest.FixtureRequest):
    """With subgroups, and without."""
    pytest.importorskip("wgpu")
    from shader_bench import Bench

    return Bench(subgroups=request.param == "subgroups")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The test of what has been dispatched comes after those that dispatch."""
    items.sort(key=lambda item: item.path.name == "test_shaders.py")
