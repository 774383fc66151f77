"""Whole training steps of small networks; `models.py` has them in PyTorch's plain style."""

from workloads import Row

# name in models.py -> name in the table
MODELS = {
    "tiny_mlp": "tiny MLP, batch of 64",
    "fashion_mlp": "FashionMNIST MLP, batch of 64",
    "mnist_cnn": "MNIST CNN, batch of 64",
    "resnet": "small ResNet, batch of 32",
    "gpt": "small GPT, 8 x 128 tokens",
    "vae": "VAE, batch of 128",
}

ROWS: list[Row] = [
    *(Row(name, f"run = training('{made}')", "run.step()", "learns(run)") for made, name in MODELS.items()),
    Row(
        "FashionMNIST MLP, 50 batches of a DataLoader", "run = training('fashion_mlp')", "run.epoch(50)", "learns(run)"
    ),
    *(
        Row(f"{MODELS[made]}, evaluating", f"run = training('{made}')", "run.evaluate()", "learns(run)")
        for made in ("tiny_mlp", "mnist_cnn", "gpt")
    ),
]
