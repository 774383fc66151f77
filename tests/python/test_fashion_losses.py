"""The demo's network, trained on FashionMNIST, has PyTorch's losses."""

import json
import pathlib

import pytest

import rusttorch as torch
from rusttorch import nn
from rusttorch.datasets import FashionMNIST
from rusttorch.utils.data import DataLoader

RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "fixtures" / "fashion_losses.json").read_text())


@pytest.mark.skipif(not FashionMNIST.is_available(), reason="the data set is not installed (dataset-fashion-mnist)")
def test_first_hundred_losses_are_pytorchs():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    losses = []
    for x, y in DataLoader(FashionMNIST(train=True), batch_size=64, shuffle=True):
        if len(losses) == len(RECORDED["losses"]):
            break
        if not losses:
            assert y.tolist() == RECORDED["first labels"]
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[:20] == pytest.approx(RECORDED["losses"][:20], rel=1e-5)
    assert losses == pytest.approx(RECORDED["losses"], rel=1e-3)
