"""Prints what this package finds on the machine: `python -m rusttorch`."""

from __future__ import annotations

import platform
import sys

import rusttorch as torch


def report() -> str:
    """Versions, the CPU's instruction sets and threads, and the adapters with driver, backend, features and limits."""
    lines = [
        f"rusttorch {torch.__version__}",
        f"Python {sys.version.split()[0]} on {platform.platform()}",
    ]
    try:
        from importlib.metadata import version

        lines.append(f"NumPy {version('numpy')}")
    except ModuleNotFoundError:
        lines.append("NumPy is not installed")
    cpu = torch._C._cpu_report()
    lines += [
        "",
        f"CPU: {platform.machine()}, kernels for {cpu['kernels']} (RUSTTORCH_ISA chooses another set)",
        f"  instruction sets: {', '.join(cpu['features']) or 'the baseline'}",
        f"  threads: {torch.get_num_threads()} in use, {cpu['available']} available",
        "",
    ]
    try:
        torch.gpu.get_device_properties()
    except RuntimeError as error:
        lines.append(f"GPU: none: {error}")
    for index in range(torch.gpu.device_count()):
        d = torch.gpu.get_device_properties(index)
        lines.append(f"GPU wgpu:{index}: {d.name} ({d.kind})")
        lines.append(f"  {d.backend}, driver {d.driver}")
        lines.append(f"  features: {', '.join(d.features)}")
        lines += [f"  {name}: {value:,}" for name, value in d.limits.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
