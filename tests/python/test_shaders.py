"""Every file of `shaders/` is run by a test through wgpu-py, or is used by one that is."""

import re
from pathlib import Path

import pytest
from shader_bench import SHADERS

FILES = {path.stem: path.read_text() for path in sorted(SHADERS.glob("*.wgsl"))}
TESTS = "\n".join(
    path.read_text() for path in Path(__file__).parent.glob("*shader*.py") if path.name != "test_shaders.py"
)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_run(name: str) -> None:
    users = [other for other, text in FILES.items() if f"Uses the functions of `{name}`" in text]
    for user in users or [name]:
        assert re.search(rf"""["']{user}["']""", TESTS), f"no test dispatches {user}.wgsl"
