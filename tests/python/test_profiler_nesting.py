"""Which op a profile gives each kernel to, and whose time it adds to: on events made by hand."""

import pytest

from rusttorch.profiler import FunctionEvent
from rusttorch.profiler._nesting import nest


def host(*calls):
    """Ops (or nodes, where the name has Backward) of one thread, a microsecond each, one after the other."""
    kinds = ["backward" if "Backward" in name else "op" for name in calls]
    return [
        FunctionEvent(name, kind, 1, 2000 * k, 2000 * k + 1000, "")
        for k, (name, kind) in enumerate(zip(calls, kinds, strict=True))
    ]


def kernels(*names):
    """Kernels that take 1, 2, 4, 8 ... microseconds, long after the host has recorded them."""
    return [
        FunctionEvent(name, "kernel", 0, 10**9 * (k + 1), 10**9 * (k + 1) + 1000 * 2**k, "file")
        for k, name in enumerate(names)
    ]


def times(calls, work, ranges=()):
    nest([*calls, *work], ranges)
    return [e.self_device_time_total for e in calls]


@pytest.mark.parametrize(
    "calls, work, expected",
    [
        ("add", "add", [1]),
        ("add", "add add add", [7]),
        ("add add", "add add add add", [3, 12]),
        ("add add", "add add add", [3, 4]),
        ("add add_ AddBackward0", "add add add", [1, 2, 4]),
        ("nll_loss NllLossBackward0", "nll_loss", [1, 0]),
        ("linear relu ReluBackward0 AddmmBackward0", "linear relu relu addmm addmm", [1, 2, 4, 24]),
        # calls without a kernel: of tensors on the CPU
        ("neg add mul add", "neg mul add", [1, 0, 2, 4]),
        ("stack add stack add stack mul add", "mul add", [0, 0, 0, 0, 0, 1, 2]),
        # kernels without a call: sums of gradients, indexing
        ("mul neg exp add", "mul add neg exp", [1, 4, 8, 0]),
        ("mul neg exp add", "mul add neg exp add", [1, 4, 8, 16]),
        ("neg exp", "index neg index exp", [2, 8]),
        ("neg", "exp", [0]),
    ],
)
def test_kernels_go_to_the_calls_of_their_names(calls, work, expected):
    made = kernels(*work.split())
    assert times(host(*calls.split()), made) == expected
    assert sum(e.device_time_total for e in made if e.of_an_op) == sum(expected)


def test_long_orders_that_differ_here_and_there():
    def name(k):
        return f"op{k % 7}"

    calls, work, expected = [], [], []
    for k in range(1000):
        calls.append(name(k))
        expected.append(k % 10 != 3)
        if k % 10 != 3:  # else a call on the CPU
            work.append(name(k))
        if k % 50 == 20:  # a kernel of no call
            work.append(name(k + 3))
    made = [FunctionEvent(n, "kernel", 0, 1000 * k, 1000 * k + 1000, "") for k, n in enumerate(work)]
    found = times(host(*calls), made)
    # Where names repeat, several pairings are as good; hardly a call may go without, or get another's.
    wrong = sum((time > 0) != has for time, has in zip(found, expected, strict=True))
    assert wrong < 30 and sum(found) > len(work) - 30


def test_parts_count_their_kernels_and_separate_those_of_others():
    def recorded():
        calls, work = host("add", "add"), kernels("add", "add", "index")
        parts = [FunctionEvent(name, "part", 1, start, start + 1500, "") for name, start in (("a", 0), ("b", 1900))]
        return calls, work, parts

    calls, work, (a, b) = recorded()
    nest([calls[0], a, calls[1], b, *work], [("a", 0, 2), ("b", 2, 3)])
    assert [e.self_device_time_total for e in calls] == [3, 0]
    assert (a.device_time_total, b.device_time_total) == (3, 4) and a.self_device_time_total == 0
    # Without counts a part has what its ops have.
    calls, work, (a, b) = recorded()
    nest([calls[0], a, calls[1], b, *work], [])
    assert (a.device_time_total, b.device_time_total) == (1, 2)


def test_a_node_has_the_time_of_the_ops_inside():
    node = FunctionEvent("CustomBackward", "backward", 1, 0, 9000, "")
    inner = [FunctionEvent(name, "op", 1, start, start + 1000, "") for name, start in (("mul", 1000), ("exp", 3000))]
    elsewhere = FunctionEvent("neg", "op", 2, 2000, 3000, "")
    work = kernels("custom", "mul", "neg", "exp")
    events = nest([inner[0], elsewhere, inner[1], node, *work], [])
    assert events[0] is node and [e.cpu_parent for e in inner] == [node, node] and elsewhere.cpu_parent is None
    assert node.self_device_time_total == 1 and node.device_time_total == 1 + 2 + 8
    assert node.self_cpu_time_total == 9 - 2 and elsewhere.device_time_total == 4
