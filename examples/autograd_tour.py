"""A tour of autograd: saved tensors, custom functions, hooks, points without a derivative, modes, errors.

    python examples/autograd_tour.py
    python examples/autograd_tour.py --graph graph.svg     # also draws a graph, where Graphviz is installed

Each part prints what it shows. Every line below the imports is plain PyTorch, but for the last picture.
"""

import argparse
import gc
import tempfile
import weakref
from pathlib import Path

import rusttorch as torch
from rusttorch import nn
from rusttorch.autograd import Function, graph


def show(what, value):
    print(f"  {what:<66} {value}")


def saved_tensors():
    print("1. What nodes save")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.pow(2)
    show("x.pow(2) keeps x itself: x is y.grad_fn._saved_self", x is y.grad_fn._saved_self)
    show("and its exponent: y.grad_fn._saved_exponent", y.grad_fn._saved_exponent)
    y = x.exp()
    saved = y.grad_fn._saved_result
    show("x.exp() keeps its result: y.equal(saved)", y.equal(saved))
    show(
        "as another object on the same memory: saved is y, same memory", (saved is y, saved.data_ptr() == y.data_ptr())
    )

    gc.disable()
    alive = weakref.ref(y.grad_fn)
    del y, saved
    show("without y its graph is gone at once, no collector needed", alive() is None)
    gc.enable()

    with tempfile.TemporaryDirectory() as folder:
        files = []

        def pack(tensor):
            files.append(Path(folder) / f"{len(files)}.pt")
            torch.save(tensor, files[-1])
            return files[-1]

        with graph.saved_tensors_hooks(pack, torch.load):
            y = (x * x).exp().sum()
        y.backward()
    show(f"gradient of exp(x^2) with {len(files)} tensors kept on disk meanwhile", x.grad.tolist())
    try:
        y.grad_fn.next_functions[0][0]._saved_result  # noqa: B018
    except RuntimeError as error:
        show("after backward:", str(error).split(" (")[0])


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 3 * x * x


def custom_functions():
    print("2. Functions of one's own")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x)
    show("y = Cube.apply(x); y.grad_fn", y.grad_fn.name())
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    show("first, second and third derivative", (first.tolist(), second.tolist(), third.tolist()))
    double = x.detach().double().requires_grad_()
    show("gradcheck(Cube.apply, x)", torch.autograd.gradcheck(Cube.apply, double))
    show("gradgradcheck(Cube.apply, x)", torch.autograd.gradgradcheck(Cube.apply, double))


def hooks():
    print("3. Hooks")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    order = []
    x.register_hook(lambda g: order.append("tensor"))
    x.register_post_accumulate_grad_hook(lambda t: order.append("accumulated"))
    y = x * 3
    y.grad_fn.register_prehook(lambda outputs: order.append("before the node"))
    y.grad_fn.register_hook(lambda inputs, outputs: order.append("after the node"))
    y.sum().backward()
    show("their order", order)
    with x.register_hook(lambda g: g.clamp(max=1.0)):
        (x * 100).sum().backward()
    show("a hook that clamps adds 1, not 100, to .grad", x.grad.tolist())
    layer = nn.Linear(2, 2)
    seen = []
    layer.register_full_backward_hook(lambda module, inputs, outputs: seen.append([tuple(g.shape) for g in inputs]))
    layer(torch.ones(4, 2, requires_grad=True)).sum().backward()
    show("a module's hook saw gradients of the shapes", seen[0])


def without_a_derivative():
    print("5. Points without a derivative")

    def slope(function, at):
        x = torch.tensor(at, requires_grad=True)
        (g,) = torch.autograd.grad(function(x), x)
        return g.item()

    show("where it exists, the derivative: x^2 at 3", slope(lambda x: x**2, 3.0))
    show("convex: the smallest subgradient, relu and abs at 0", (slope(torch.relu, 0.0), slope(torch.abs, 0.0)))
    show("concave: the smallest supergradient, -abs at 0", slope(lambda x: -x.abs(), 0.0))
    show("by continuity: sqrt at 0", slope(torch.sqrt, 0.0))
    show("not defined: sqrt and log at -1", (slope(torch.sqrt, -1.0), slope(torch.log, -1.0)))
    x = torch.tensor([0.2, 0.8], requires_grad=True)
    show("random: torch.multinomial(x, 1).requires_grad", torch.multinomial(x, 1).requires_grad)
    x = torch.tensor([3.0, 3.0, 1.0], requires_grad=True)
    show("a tie of max(x) is shared", torch.autograd.grad(x.max(), x)[0].tolist())
    show("a tie of max(x, 0) goes to one of them", torch.autograd.grad(x.max(0).values, x)[0].tolist())


def modes():
    print("6. Modes")
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).eval()
    show("eval() is no switch for gradients: requires_grad of the output", model(torch.ones(2)).requires_grad)
    with torch.no_grad():
        show("no_grad() is", model(torch.ones(2)).requires_grad)
    model[0].requires_grad_(False)
    show("and so is freezing; then nothing is recorded: grad_fn", model(torch.ones(2)).grad_fn)
    with torch.inference_mode():
        made = torch.ones(2)
    try:
        made * torch.ones(2, requires_grad=True)
    except RuntimeError as error:
        show("a tensor of inference_mode() later:", str(error).split(". ")[0])

    @torch.no_grad()
    def numbers():
        for i in range(2):
            yield torch.is_grad_enabled()

    show("in a decorated generator, and between its steps", [(inside, torch.is_grad_enabled()) for inside in numbers()])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 8), nn.Linear(4, 8)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def errors():
    print("7. Errors that help")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 1).exp()
    loss = y.sum()
    y.add_(1)
    for attempt in (loss.backward, lambda: Encoder()(torch.ones(3, 4))):
        try:
            attempt()
        except RuntimeError as error:
            print("  " + str(error).replace("\n", "\n  "))
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with torch.autograd.detect_anomaly():
            x = torch.tensor(0.0, requires_grad=True)
            try:
                ((x * 0) / x).backward()
            except RuntimeError as error:
                show("anomaly mode:", error)
    show("and the forward call it warned of:", str(caught[-1].message).splitlines()[-1].strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graph", metavar="FILE", help="draw the graph of a small network, as SVG or PNG")
    arguments = parser.parse_args()
    for part in (saved_tensors, custom_functions, hooks, without_a_derivative, modes, errors):
        part()
    if arguments.graph:
        from rusttorch.utils.viz import make_dot

        model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        dot = make_dot(model(torch.ones(1, 2)), dict(model.named_parameters()), show_saved=True)
        print(f"Drew {dot.render(arguments.graph)}")


if __name__ == "__main__":
    main()
