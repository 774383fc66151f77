"""The networks of the training workloads, in PyTorch's plain style; `torch` is the module under test."""

from __future__ import annotations

import importlib
from typing import Any


class Training:
    """A network, its loss on one fixed batch and its optimizer."""

    def __init__(self, torch: Any, model: Any, loss: Any, optimizer: Any, dataset: Any = None) -> None:
        self.torch, self.model, self.loss, self.optimizer, self.dataset = torch, model, loss, optimizer, dataset

    def step(self) -> None:
        """One step of training."""
        self.optimizer.zero_grad()
        self.loss().backward()
        self.optimizer.step()

    def evaluate(self) -> None:
        """The forward alone."""
        with self.torch.no_grad():
            self.loss()

    def epoch(self, batches: int) -> None:
        """Steps on shuffled batches of a loader, as the tutorials write it."""
        data = importlib.import_module(f"{self.torch.__name__}.utils.data")
        assert self.dataset is not None and len(self.dataset) >= 64
        chosen = data.Subset(self.dataset, range(min(64 * batches, len(self.dataset))))
        loss_fn = self.torch.nn.CrossEntropyLoss()
        for images, labels in data.DataLoader(chosen, batch_size=64, shuffle=True):
            loss = loss_fn(self.model(images), labels)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            loss.item()


def tiny_mlp(torch: Any, tiny: bool) -> Training:
    """10 inputs, 32 hidden units, one output."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    x = torch.randn(64, 10)
    y = x.sum(1, keepdim=True)
    return Training(
        torch, model, lambda: nn.functional.mse_loss(model(x), y), torch.optim.SGD(model.parameters(), lr=0.05)
    )


def fashion_mlp(torch: Any, tiny: bool) -> Training:
    """The network of PyTorch's beginner tutorial."""
    nn = torch.nn
    data = importlib.import_module(f"{torch.__name__}.utils.data")
    hidden = 16 if tiny else 512
    layers = [nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 10)]
    model = nn.Sequential(nn.Flatten(), *layers)
    images = torch.randn(128 if tiny else 3200, 1, 28, 28)
    labels = torch.randint(0, 10, (len(images),))
    x, y = images[:64].clone(), labels[:64].clone()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return Training(torch, model, lambda: loss_fn(model(x), y), optimizer, data.TensorDataset(images, labels))


def mnist_cnn(torch: Any, tiny: bool) -> Training:
    """The network of PyTorch's MNIST example, without its dropout's chance in the loss."""
    nn = torch.nn
    a, b, hidden = (4, 8, 16) if tiny else (32, 64, 128)
    layers = [nn.Conv2d(1, a, 3), nn.ReLU(), nn.Conv2d(a, b, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(144 * b, hidden), nn.ReLU(), nn.Linear(hidden, 10), nn.LogSoftmax(1))
    n = 4 if tiny else 64
    x, y = torch.randn(n, 1, 28, 28), torch.randint(0, 10, (n,))
    loss_fn = nn.NLLLoss()
    return Training(torch, model, lambda: loss_fn(model(x), y), torch.optim.Adadelta(model.parameters(), lr=0.1))


def resnet(torch: Any, tiny: bool) -> Training:
    """A residual network for images of 32 x 32: three stages of one block each."""
    nn = torch.nn

    class Block(nn.Module):  # type: ignore
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU(inplace=True)
            self.shortcut = nn.Identity()
            if stride != 1 or inputs != outputs:
                conv = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
                self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(outputs))

        def forward(self, x: Any) -> Any:
            y = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    width = 4 if tiny else 16
    stem = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    blocks = [Block(width, width, 1), Block(width, 2 * width, 2), Block(2 * width, 4 * width, 2)]
    model = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, 10))
    n, side = (4, 8) if tiny else (32, 32)
    x, y = torch.randn(n, 3, side, side), torch.randint(0, 10, (n,))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    return Training(torch, model, lambda: loss_fn(model(x), y), optimizer)


def gpt(torch: Any, tiny: bool) -> Training:
    """A decoder of letters: four layers of width 128, four heads, 128 positions."""
    nn, F = torch.nn, torch.nn.functional
    width, heads, depth, positions, words, n = (16, 2, 2, 8, 11, 2) if tiny else (128, 4, 4, 128, 65, 8)

    class Block(nn.Module):  # type: ignore
        def __init__(self) -> None:
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

        def forward(self, x: Any) -> Any:
            b, t, c = x.shape
            q, k, v = self.qkv(self.ln1(x)).split(c, dim=2)
            q, k, v = (each.view(b, t, heads, c // heads).transpose(1, 2) for each in (q, k, v))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
            return x + self.mlp(self.ln2(x))

    class Decoder(nn.Module):  # type: ignore
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(words, width), nn.Embedding(positions, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(depth)))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)

        def forward(self, i: Any) -> Any:
            x = self.tokens(i) + self.places(torch.arange(i.shape[1]))
            return self.head(self.norm(self.blocks(x)))

    model = Decoder()
    text = torch.randint(0, words, (n, positions + 1))
    x, y = text[:, :-1].contiguous(), text[:, 1:].contiguous()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Training(torch, model, lambda: F.cross_entropy(model(x).view(-1, words), y.view(-1)), optimizer)


def vae(torch: Any, tiny: bool) -> Training:
    """The autoencoder of PyTorch's examples: 784 to 400 to 20 and back; its noise is drawn anew from one seed."""
    nn, F = torch.nn, torch.nn.functional
    inputs, hidden, code, n = (16, 12, 4, 8) if tiny else (784, 400, 20, 128)

    class Autoencoder(nn.Module):  # type: ignore
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc21, self.fc22 = nn.Linear(inputs, hidden), nn.Linear(hidden, code), nn.Linear(hidden, code)
            self.fc3, self.fc4 = nn.Linear(code, hidden), nn.Linear(hidden, inputs)

        def forward(self, x: Any) -> Any:
            h = F.relu(self.fc1(x))
            mu, logvar = self.fc21(h), self.fc22(h)
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
            return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar

    model = Autoencoder()
    x = torch.rand(n, inputs)

    def loss() -> Any:
        torch.manual_seed(1)
        made, mu, logvar = model(x)
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return F.binary_cross_entropy(made, x, reduction="sum") + kld

    return Training(torch, model, loss, torch.optim.Adam(model.parameters(), lr=1e-3))


def training(torch: Any, name: str, tiny: bool = False) -> Training:
    """One of the above, from one seed."""
    torch.manual_seed(0)
    made: Training = globals()[name](torch, tiny)
    return made
