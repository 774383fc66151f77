"""Measures a GPU: each workload against what the adapter can do, measured in the same run, and against PyTorch on the card.

    python benches/gpu.py                          # the first adapter; RUSTTORCH_ADAPTER chooses another
    python benches/gpu.py --torch-python PATH      # and PyTorch of another Python, where it sees a CUDA device
    python benches/gpu.py --json gpu.json --small  # sizes for an adapter that runs on the CPU
    python benches/gpu.py --only sum softmax       # workloads that have one of these in their names

The ceilings are a copy of 64 MB by the driver and fused multiply-adds in registers, both through wgpu-py on the adapter
that the engine uses, so that they do not depend on the engine. What does not depend on an adapter's speed is counted:
submissions of a training step, host time for each recorded kernel, bytes copied, buffers made after warm-up. The host's
time is the shortest of several, each taken after the device has ended all it was given: where it has not, the driver has the
host wait, and the device's time would be measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

FMA = """
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    var a = vec4<f32>(f32(id.x)); var b = a + 1.0; var c = a + 2.0; var d = a + 3.0;
    for (var i = 0u; i < ROUNDSu; i += 1u) {
        a = fma(a, b, c); b = fma(b, c, d); c = fma(c, d, a); d = fma(d, a, b);
    }
    y[id.x] = dot(a + b, c + d);
}
"""


def adapter_named(name: str, backend: str = "vulkan") -> Any:
    """The adapter of this name as wgpu-py has it, on this backend if it is on several. Ends the program if there is none."""
    try:
        import wgpu
    except ModuleNotFoundError:
        raise SystemExit(
            "The ceilings are measured through wgpu-py, which is not installed: pip install wgpu"
        ) from None
    all_there = wgpu.gpu.enumerate_adapters_sync()
    found = [a for a in all_there if a.info["device"] == name]
    if not found:
        others = ", ".join(a.info["device"] for a in all_there)
        raise SystemExit(f"wgpu-py has no adapter {name!r}, which rusttorch runs on; it has: {others or 'none'}")
    return min(found, key=lambda a: a.info["backend_type"].lower() != backend)


def ceilings(adapter: Any, small: bool) -> dict[str, float]:
    """Bytes per second that a copy moves (read and written), and floating-point operations per second of fused ones."""
    import wgpu

    device = adapter.request_device_sync()
    size = 64 << 20
    usage = wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST | wgpu.BufferUsage.STORAGE
    a, b = device.create_buffer(size=size, usage=usage), device.create_buffer(size=size, usage=usage)

    def finish() -> None:
        device.queue.read_buffer(b, 0, 4)

    def copy() -> None:
        encoder = device.create_command_encoder()
        for _ in range(4):
            encoder.copy_buffer_to_buffer(a, 0, b, 0, size)
        device.queue.submit([encoder.finish()])
        finish()

    rounds, groups = (64, 64) if small else (1024, 4096)
    module = device.create_shader_module(code=FMA.replace("ROUNDS", str(rounds)))
    pipeline = device.create_compute_pipeline(layout="auto", compute={"module": module, "entry_point": "main"})
    group = device.create_bind_group(
        layout=pipeline.get_bind_group_layout(0), entries=[{"binding": 0, "resource": {"buffer": b}}]
    )

    def multiply() -> None:
        encoder = device.create_command_encoder()
        compute = encoder.begin_compute_pass()
        compute.set_pipeline(pipeline)
        compute.set_bind_group(0, group)
        compute.dispatch_workgroups(groups)
        compute.end()
        device.queue.submit([encoder.finish()])
        finish()

    operations = groups * 256 * rounds * 16 * 2
    return {"bytes/s": 4 * 2 * size / best(copy, 5), "flop/s": operations / best(multiply, 5)}


def best(run: Callable[[], Any], times: int) -> float:
    """The shortest of several runs in seconds, after two that warm up."""
    run(), run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def workloads(torch: Any, device: str, small: bool) -> dict[str, tuple[Callable[[], Any], float, float]]:
    """name -> (the work, bytes that it must move, floating-point operations that it must do)."""
    n = (1 << 20) if small else (16 << 20)
    k = 256 if small else 4096
    F = torch.nn.functional
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    rows = torch.randn(n // 1024, 1024, device=device)
    a, b = torch.randn(k, k, device=device), torch.randn(k, k, device=device)
    weight, bias = torch.ones(1024, device=device), torch.zeros(1024, device=device)
    batch = 2 if small else 32
    images = torch.randn(batch, 64, 56, 56, device=device)
    kernel = torch.randn(64, 64, 3, 3, device=device)
    length = 128 if small else 1024
    q = torch.randn(2 if small else 8, 8, length, 64, device=device)
    words = torch.randint(0, 10_000, (n // 256,), device=device)
    table = torch.randn(10_000, 128, device=device)
    found: dict[str, tuple[Callable[[], Any], float, float]] = {
        "x + y": (lambda: x + y, 12 * n, 0),
        "x.exp()": (lambda: x.exp(), 8 * n, 0),
        "gelu(x)": (lambda: F.gelu(x), 8 * n, 0),
        "x.clone()": (lambda: x.clone(), 8 * n, 0),
        "rows.t().contiguous()": (lambda: rows.t().contiguous(), 8 * n, 0),
        "x.half()": (lambda: x.half(), 6 * n, 0),
        "x.sum()": (lambda: x.sum(), 4 * n, 0),
        "rows.sum(1)": (lambda: rows.sum(1), 4 * n, 0),
        "rows.sum(0)": (lambda: rows.sum(0), 4 * n, 0),
        "rows.argmax(1)": (lambda: rows.argmax(1), 4 * n, 0),
        "softmax(rows)": (lambda: F.softmax(rows, 1), 8 * n, 0),
        "layer_norm(rows)": (lambda: F.layer_norm(rows, (1024,), weight, bias), 8 * n, 0),
        "rows.cumsum(1)": (lambda: rows.cumsum(1), 8 * n, 0),
        "embedding": (lambda: F.embedding(words, table), 4 * 128 * 2 * (n // 256), 0),
        f"a @ b, {k}": (lambda: a @ b, 0, 2 * k**3),
        f"a @ b.t(), {k}": (lambda: a @ b.t(), 0, 2 * k**3),
        f"half a @ b, {k}": (lambda: a.half() @ b.half(), 0, 2 * k**3),
        "conv2d 3x3": (lambda: F.conv2d(images, kernel, padding=1), 0, 2 * batch * 56 * 56 * 64 * 64 * 9),
        "attention, causal": (
            lambda: F.scaled_dot_product_attention(q, q, q, is_causal=True),
            0,
            2 * 2 * q.shape[0] * 8 * length * length * 64 / 2,
        ),
    }
    return found


DEMO = "the demo's step"


def wanted(name: str, only: list[str]) -> bool:
    """Whether a workload is asked for."""
    return not only or any(text in name for text in only)


def times(
    torch: Any, device: str, small: bool, only: list[str], synchronize: Callable[[], None]
) -> dict[str, tuple[float, float, float]]:
    """name -> (seconds, bytes, operations). Several calls in a row for each wait, so that the host's time is hidden."""
    found = {}
    for name, (work, moved, operations) in workloads(torch, device, small).items():
        if not wanted(name, only):
            continue
        many = 4 if small else 20

        def run(work: Callable[[], Any] = work, many: int = many) -> None:
            for _ in range(many):
                work()
            synchronize()

        with torch.no_grad():
            found[name] = (best(run, 3 if small else 7) / many, float(moved), float(operations))
    if wanted(DEMO, only):
        step, many = training(torch, device), 2 if small else 50

        def steps() -> None:
            for _ in range(many):
                step()
            synchronize()

        found[DEMO] = (best(steps, 3) / many, 0.0, 0.0)
    return found


def training(torch: Any, device: str) -> Callable[[], Any]:
    """One step of the demo's network."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    ).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x, y = torch.rand(64, 1, 28, 28).to(device), torch.randint(0, 10, (64,)).to(device)

    def step() -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def counts(torch: Any, small: bool) -> dict[str, float]:
    """What a training step of the demo costs whatever the adapter's speed."""
    step, steps = training(torch, "gpu"), 5 if small else 50
    for _ in range(steps):
        step()
    torch.gpu.synchronize()
    before, memory = torch.gpu.statistics(), torch.gpu.memory_stats()
    for _ in range(steps):
        step()
    after, memory_after = torch.gpu.statistics(), torch.gpu.memory_stats()
    per = {name: (after[name] - before[name]) / steps for name in after}
    x = torch.ones(64, device="gpu")
    y = torch.ones(64, device="gpu", requires_grad=True)

    def adds() -> None:
        for _ in range(500):
            x + y

    of_step, of_adds = host(torch, step, steps), host(torch, adds, 20)
    return {
        "kernels": per["kernels"],
        "submissions": per["submissions"],
        "bytes uploaded": per["uploaded"],
        "bytes read back": per["downloaded"],
        "kernels compiled": per["pipelines"],
        "buffers made": (memory_after["segment.all.allocated"] - memory["segment.all.allocated"]) / steps,
        "host us per step": of_step * 1e6,
        "host us per kernel": of_step * 1e6 / per["kernels"],
        "host us of x + y with autograd": of_adds / 500 * 1e6,
    }


def host(torch: Any, run: Callable[[], Any], often: int) -> float:
    """Seconds that the host takes to record some work: the shortest of several, each with a device that has nothing to do."""
    taken = []
    for _ in range(often):
        torch.gpu.synchronize()
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def one_side(side: str, small: bool, only: list[str]) -> dict[str, Any]:
    """The times of one library, in this process."""
    if side == "pytorch":
        import torch

        if not torch.cuda.is_available():
            return {}
        device, wait = "cuda", torch.cuda.synchronize
        # The engine computes in full float32, too.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        name = torch.cuda.get_device_name()
    else:
        import rusttorch as torch

        device, wait, name = "gpu", torch.gpu.synchronize, torch.gpu.get_device_name()
    found: dict[str, Any] = {"device": name, "times": times(torch, device, small, only, wait)}
    if side != "pytorch":
        found["counts"] = counts(torch, small)
    return found


def compared(ours: dict[str, Any], theirs: dict[str, Any], limits: dict[str, float]) -> dict[str, dict[str, float]]:
    """name -> the share of a ceiling that it reaches, and PyTorch's time by ours, as far as there are such."""
    found: dict[str, dict[str, float]] = {}
    for name, (seconds, moved, operations) in ours["times"].items():
        row = found[name] = {}
        if share := moved / limits["bytes/s"] / seconds or operations / limits["flop/s"] / seconds:
            row["of ceiling"] = share
        if theirs:
            row["PyTorch/ours"] = theirs["times"][name][0] / seconds
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", metavar="PATH", help="a Python that has PyTorch with CUDA")
    parser.add_argument("--small", action="store_true", help="small sizes")
    parser.add_argument("--only", nargs="+", default=[], metavar="TEXT", help="workloads with one of these in the name")
    parser.add_argument("--json", metavar="FILE", help="keep the numbers")
    parser.add_argument("--side", choices=["rusttorch", "pytorch"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(one_side(options.side, options.small, options.only)))
        return

    def side(name: str, python: str) -> dict[str, Any]:
        command = [python, str(HERE / "gpu.py"), "--side", name, *["--small"] * options.small]
        command += ["--only", *options.only] if options.only else []
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{name} failed:\n{done.stderr}", file=sys.stderr)
            return {}
        return dict(json.loads(done.stdout.splitlines()[-1]))

    import rusttorch

    card = rusttorch.gpu.get_device_properties()
    limits = ceilings(adapter_named(card.name, card.backend), options.small)
    ours = side("rusttorch", sys.executable)
    if not ours:
        raise SystemExit(1)
    theirs = side("pytorch", options.torch_python) if options.torch_python else {}
    print(
        f"{ours['device']}; copy {limits['bytes/s'] / 1e9:.1f} GB/s, fused multiply-add {limits['flop/s'] / 1e9:.0f} GFLOP/s"
    )
    if options.torch_python:
        print(
            f"PyTorch on {theirs['device']}" if theirs else "PyTorch has no numbers: it sees no CUDA device, or failed"
        )
    ratios = compared(ours, theirs, limits)
    print(f"{'workload':<26} {'ms':>9} {'of ceiling':>11} {'PyTorch/ours':>13}")
    for name, (seconds, _, _) in ours["times"].items():
        share = f"{ratios[name]['of ceiling']:.0%}" if "of ceiling" in ratios[name] else ""
        ratio = f"{ratios[name]['PyTorch/ours']:.2f}" if theirs else ""
        print(f"{name:<26} {seconds * 1e3:>9.3f} {share:>11} {ratio:>13}")
    print("\none training step of the demo, host times with a device that has nothing to do:")
    for name, value in ours["counts"].items():
        print(f"  {name:<32} {value:,.2f}")
    if options.json:
        kept = {"limits": limits, "ratios": ratios, "ours": ours, "theirs": theirs}
        Path(options.json).write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
