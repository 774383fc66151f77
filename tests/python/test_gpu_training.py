"""Programs that train: what surrounds a model and an optimizer does on a GPU what it does on the CPU."""

from typing import Any

import pytest
from device_parity import close, need_gpu, sample

import rusttorch as torch
from rusttorch import nn

need_gpu()


# ---- layers and their first values


@pytest.mark.parametrize("layer", ["LazyBatchNorm1d", "LazyInstanceNorm1d"])
def test_lazy_layers_become_ordinary_on_the_device(layer: str) -> None:
    x = sample(4, 3, 5)
    lazy = [getattr(nn, layer)(affine=True, track_running_stats=True).to(device) for device in ("cpu", "gpu")]
    for found, expected in zip((lazy[1](x.to("gpu")), lazy[1].running_var), (lazy[0](x), lazy[0].running_var)):
        close(found, expected)
    assert type(lazy[1]).__name__ == layer.removeprefix("Lazy")
    assert all(t.device.type == "wgpu" for t in lazy[1].state_dict().values())


@pytest.mark.parametrize(
    "fill",
    [
        nn.init.uniform_,
        nn.init.normal_,
        nn.init.trunc_normal_,
        nn.init.ones_,
        nn.init.zeros_,
        nn.init.eye_,
        nn.init.xavier_uniform_,
        nn.init.xavier_normal_,
        nn.init.kaiming_uniform_,
        nn.init.kaiming_normal_,
        nn.init.orthogonal_,
        lambda w: nn.init.orthogonal_(w.t(), gain=2.0),
        lambda w: nn.init.sparse_(w, 0.4),
        lambda w: nn.init.constant_(w, 0.5),
        lambda w: nn.init.dirac_(w.view(6, 4, 1)),
    ],
)
def test_first_values_are_the_cpus(fill: Any) -> None:
    found = []
    for device in ("cpu", "gpu"):
        torch.manual_seed(5)
        w = torch.empty(6, 4, device=device)
        fill(w)
        found.append(w)
    close(found[1], found[0])
