"""Loading of batches without worker processes, collating, saving and loading of files."""

from workloads import Row, rows

_IMAGES = (
    "n = size(4096); images, labels = rand(n, 1, 28, 28), ints(10, n); dataset = data.TensorDataset(images, labels)"
)
_PYTHON = """
class Items:
    def __len__(self): return n
    def __getitem__(self, i): return images[i], i % 10
n = size(2048); images = rand(n, 1, 28, 28)
"""
_BATCHES = "\nloader = data.DataLoader({}, batch_size=64{})"
_DRAIN = "for batch in loader: pass"
_STATE = "path = folder + '/state.pth'; state = {'weight': rand(size(2**24)), 'bias': rand(1024)}"
_LAYERS = "path = folder + '/model.pth'; model = nn.Sequential(*(nn.Linear(64, 64) for _ in range(20)))"
_ITEMS = "items = [(rand(1, 28, 28), 3) for _ in range(64)]; x = torch.stack([i for i, _ in items])"


def _loader(name: str, dataset: str, make: str, options: str = "", expect: str = "") -> Row:
    expect = expect or "images"
    return Row(
        name, dataset + _BATCHES.format(make, options), _DRAIN, expect, result="torch.cat([b[0] for b in loader])"
    )


ROWS: list[Row] = [
    _loader("DataLoader of a TensorDataset, 64 batches of 64", _IMAGES, "dataset"),
    _loader(
        "DataLoader of a TensorDataset, shuffled, 64 batches of 64",
        _IMAGES,
        "dataset",
        ", shuffle=True",
        "abs(got.sum() - images.sum()) < 0.1",
    ),
    _loader("DataLoader of a Python dataset, 32 batches of 64", _PYTHON, "Items()"),
    _loader(
        "DataLoader of a Python dataset, shuffled, 32 batches of 64",
        _PYTHON,
        "Items()",
        ", shuffle=True",
        "abs(got.sum() - images.sum()) < 0.1",
    ),
    Row("default_collate, 64 items", _ITEMS, "data.default_collate(items)[0]", "x"),
    Row(
        "save, 64 MB",
        _STATE,
        "torch.save(state, path)",
        "state['weight']",
        result="torch.load(path)['weight']",
        large=True,
    ),
    Row(
        "load, 64 MB",
        f"{_STATE}; torch.save(state, path)",
        "torch.load(path)['weight']",
        "state['weight']",
        large=True,
    ),
    Row(
        "load, 64 MB, mapped",
        f"{_STATE}; torch.save(state, path)",
        "torch.load(path, mmap=True)['weight']",
        "state['weight']",
        large=True,
    ),
    *rows(
        f"{_LAYERS}; torch.save(model.state_dict(), path); w = model[0].weight.detach()",
        ("load a model of 20 layers", "torch.load(path)['0.weight']", "w"),
        ("state_dict of 20 layers", "model.state_dict()['0.weight']", "w"),
    ),
    Row(
        "save a model of 20 layers",
        f"{_LAYERS}; w = model[0].weight.detach()",
        "torch.save(model.state_dict(), path)",
        "w",
        result="torch.load(path)['0.weight']",
    ),
    Row("torch.tensor of a list of 10000", "a = [0.5 * i for i in range(10000)]", "torch.tensor(a)", "np.array(a)"),
    Row("x.tolist(), 10000", "x = rand(10000)", "x.tolist()", "x", result="torch.tensor(x.tolist())"),
    Row(
        "from_numpy and to float, 1 M bytes",
        "a = np.ones(2**20, 'uint8')",
        "torch.from_numpy(a).to(torch.float32).div_(255)",
        "a / 255",
    ),
]
