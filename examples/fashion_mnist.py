"""Learns to tell clothes apart: the network of PyTorch's beginner tutorial, trained on FashionMNIST.

    python examples/fashion_mnist.py
    python examples/fashion_mnist.py --epochs 1 --plot curve.png
    python examples/fashion_mnist.py --device gpu   # on a GPU of any vendor
    python examples/fashion_mnist.py --pytorch      # the same script on PyTorch, to compare

Every line below the imports is plain PyTorch.
"""

import argparse
import sys
import time

if "--pytorch" in sys.argv:
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, Subset, TensorDataset
else:
    import rusttorch as torch
    from rusttorch import nn
    from rusttorch.utils.data import DataLoader, Subset

from rusttorch.datasets import FashionMNIST, FashionMNISTSample

try:
    from tqdm import tqdm
except ModuleNotFoundError:

    def tqdm(batches, **options):
        """Without tqdm there is no progress bar; the line at the end of each epoch has to do."""
        return batches


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, 10),
        )

    def forward(self, x):
        x = self.flatten(x)
        return self.linear_relu_stack(x)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default="data", help="folder of the data set (default: %(default)s)")
    parser.add_argument("--download", action=argparse.BooleanOptionalAction, default=True, help="fetch it if missing")
    parser.add_argument("--epochs", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--batch-size", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd", help="(default: %(default)s)")
    parser.add_argument("--lr", type=float, help="learning rate (default: 0.05 for sgd, 0.001 for adam)")
    parser.add_argument("--momentum", type=float, default=0.9, help="of sgd (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument("--limit", type=int, metavar="N", help="train on the first N images only")
    parser.add_argument("--device", default="cpu", help="where to train: cpu, gpu, gpu:1 (default: %(default)s)")
    parser.add_argument("--threads", type=int, metavar="N", help="number of threads (default: all)")
    parser.add_argument("--save", default="fashion_mnist.pth", help="where the weights go (default: %(default)s)")
    parser.add_argument("--plot", metavar="PNG", help="draw the loss and some predictions (needs matplotlib)")
    parser.add_argument("--pytorch", action="store_true", help="run on PyTorch instead of rusttorch")
    return parser.parse_args()


def load_data(options):
    """The training and test sets, and the names of the classes."""
    try:
        training_data = FashionMNIST(options.root, train=True, download=options.download)
        test_data = FashionMNIST(options.root, train=False)
    except RuntimeError as error:
        print(f"FashionMNIST is not to be had: {error}")
        print("Training on the small sample of it that comes with rusttorch instead.\n")
        training_data = FashionMNISTSample(train=True)
        test_data = FashionMNISTSample(train=False)
    classes = training_data.classes
    if options.pytorch:
        training_data, test_data = as_pytorch(training_data), as_pytorch(test_data)
    if options.limit is not None:
        training_data = Subset(training_data, range(min(options.limit, len(training_data))))
    return training_data, test_data, classes


def as_pytorch(dataset):
    """The same samples as PyTorch's tensors."""
    images = torch.from_numpy(dataset.data.numpy()).unsqueeze(1).to(torch.float32).div_(255)
    return TensorDataset(images, torch.from_numpy(dataset.targets.numpy()))


def train(dataloader, model, loss_fn, optimizer, device, description):
    """One pass over the data; returns the loss of every batch."""
    losses = []
    model.train()
    for X, y in tqdm(dataloader, desc=description, unit="batch", leave=False):
        X, y = X.to(device), y.to(device)
        pred = model(X)
        loss = loss_fn(pred, y)

        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

        losses.append(loss.detach())
    # Read at the end only: a device need not wait for the program after each batch.
    return [loss.item() for loss in losses]


def test(dataloader, model, device):
    """The share of the test images that the model names right."""
    correct = 0
    model.eval()
    with torch.no_grad():
        for X, y in dataloader:
            X, y = X.to(device), y.to(device)
            correct += (model(X).argmax(1) == y).sum().item()
    return correct / len(dataloader.dataset)


def predict(model, dataset, count):
    """For the first images: (image, true class, predicted class, the probability given to it)."""
    model.eval()
    images = torch.stack([dataset[i][0] for i in range(count)])
    with torch.no_grad():
        probabilities = model(images).softmax(1)
    predictions = []
    for i in range(count):
        best = probabilities[i].argmax().item()
        predictions.append((images[i, 0], int(dataset[i][1]), best, probabilities[i, best].item()))
    return predictions


def plot(path, losses, predictions, classes):
    """Write a picture of the losses and of the predictions."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = left.subplots()
    axes.plot(losses, color="lightsteelblue", linewidth=0.5, label="each batch")
    width = max(10, len(losses) // 100)
    means = [sum(losses[i : i + width]) / width for i in range(0, len(losses) - width + 1, width)]
    axes.plot([width * (i + 0.5) for i in range(len(means))], means, color="navy", label=f"mean of {width}")
    axes.set_xlabel("batch")
    axes.set_ylabel("loss")
    axes.legend()
    for axes, (image, true, best, probability) in zip(right.subplots(3, 4).flat, predictions, strict=False):
        axes.imshow(image.numpy(), cmap="gray_r")
        axes.set_title(f"{classes[best]} {probability:.0%}", fontsize=8, color="green" if best == true else "red")
        axes.axis("off")
    figure.savefig(path, dpi=100)
    print(f"Drew the losses and predictions to {path}")


def main():
    options = read_options()
    torch.manual_seed(options.seed)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    training_data, test_data, classes = load_data(options)
    print(f"{len(training_data)} training images, {len(test_data)} test images")

    train_dataloader = DataLoader(training_data, batch_size=options.batch_size, shuffle=True)
    test_dataloader = DataLoader(test_data, batch_size=1000)

    model = NeuralNetwork().to(options.device)
    print(model)
    loss_fn = nn.CrossEntropyLoss()
    if options.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=options.lr or 0.05, momentum=options.momentum)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=options.lr or 0.001)
    # Large steps first, small ones at the end.
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, options.epochs))

    losses = []
    for epoch in range(1, options.epochs + 1):
        start = time.perf_counter()
        epoch_losses = train(
            train_dataloader, model, loss_fn, optimizer, options.device, f"epoch {epoch}/{options.epochs}"
        )
        seconds = time.perf_counter() - start
        scheduler.step()
        losses += epoch_losses
        mean = sum(epoch_losses) / len(epoch_losses)
        accuracy = test(test_dataloader, model, options.device)
        print(f"epoch {epoch}: loss {mean:.4f}, test accuracy {accuracy:.2%}, trained in {seconds:.2f} s", flush=True)

    torch.save(model.state_dict(), options.save)
    print(f"Saved the weights to {options.save}")

    model = NeuralNetwork()
    model.load_state_dict(torch.load(options.save, map_location="cpu", weights_only=True))
    predictions = predict(model, test_data, 12)
    print("Loaded them into a new model, which sees:")
    for _, true, best, probability in predictions[:5]:
        print(f"  {classes[best]} ({probability:.0%}), and it is: {classes[true]}")
    if options.plot:
        plot(options.plot, losses, predictions, classes)


if __name__ == "__main__":
    main()
