"""Profiles: which steps are recorded, what an op's row adds up, tables, traces, and what is said of options without effect."""

import json
import warnings

import pytest
from device_parity import need_gpu

import rusttorch as torch
from rusttorch import nn
from rusttorch.profiler import ProfilerActivity, profile, record_function, schedule


def work(device="cpu"):
    x = torch.ones(3, 4, device=device)
    return torch.cat([x + 1, x * 2])


def names(prof):
    return {e.name for e in prof.events()}


# ---- when


@pytest.mark.parametrize("steps, expected", [(12, [4, 8]), (3, [3]), (2, [2]), (1, []), (5, [4])])
def test_a_finished_recording_is_handed_over_with_the_number_that_pytorch_gives(steps, expected):
    seen = []
    with profile(
        schedule=schedule(wait=1, warmup=1, active=2, repeat=2), on_trace_ready=lambda p: seen.append(p.step_num)
    ) as prof:
        for _ in range(steps):
            work()
            prof.step()
    assert seen == expected and prof.step_num == steps


def test_only_the_active_steps_are_recorded():
    seen = []
    with profile(
        schedule=schedule(wait=1, warmup=0, active=2), on_trace_ready=lambda p: seen.append(p.events())
    ) as prof:
        for _ in range(6):
            work()
            prof.step()
    assert [len([e for e in events if e.name == "cat"]) for events in seen] == [2, 2]
    assert [[e.trace_name for e in events if e.name == "ProfilerStep*"] for events in seen] == [
        ["ProfilerStep#1", "ProfilerStep#2"],
        ["ProfilerStep#4", "ProfilerStep#5"],
    ]
    assert {e.key: e.count for e in seen[0].key_averages()}["ProfilerStep*"] == 2


def test_events_of_earlier_recordings_are_kept_where_that_is_asked_for():
    counts = []
    for keep in (False, True):
        with profile(schedule=schedule(wait=0, warmup=1, active=1), acc_events=keep) as prof:
            for _ in range(4):
                work()
                prof.step()
        counts.append(sum(e.name == "cat" for e in prof.events()))
    assert counts == [1, 2]


def test_a_schedule_that_stops_a_recording_before_its_end_hands_nothing_over():
    actions = [torch.profiler.ProfilerAction.RECORD, torch.profiler.ProfilerAction.NONE]
    seen = []
    with profile(schedule=lambda n: actions[min(n, 1)], on_trace_ready=seen.append) as prof:
        work()
        with pytest.warns(UserWarning, match="RECORD followed by NONE"):
            prof.step()
        torch.zeros(3).neg()
    assert seen == [] and "cat" in names(prof) and "neg" not in names(prof)


@pytest.mark.parametrize(
    "ask, what",
    [
        (lambda p: p.events(), "accessing events"),
        (lambda p: p.key_averages(), "getting key averages"),
        (lambda p: p.export_chrome_trace("never.json"), "exporting chrome trace"),
        (lambda p: p.export_stacks("never.txt"), "exporting stacks"),
        (lambda p: p.stop(), "stopping trace"),
    ],
)
def test_without_a_recording_there_is_nothing_to_ask(ask, what):
    with pytest.raises(AssertionError, match=f"Profiler must be initialized before {what}"):
        ask(profile())


def test_one_profile_at_a_time():
    with profile() as prof:
        with pytest.raises(RuntimeError, match="already"):
            profile().start()
        work()
    assert "cat" in names(prof)


# ---- what


def test_events_are_inside_one_another():
    with profile(record_shapes=True) as prof:
        with record_function("outer"):
            with record_function("inner"):
                work()
    by_name = {e.name: e for e in prof.events()}
    outer, inner, cat = by_name["outer"], by_name["inner"], by_name["cat"]
    assert outer.cpu_parent is None and inner.cpu_parent is outer and cat.cpu_parent is inner
    assert [e.name for e in outer.cpu_children] == ["inner"] and cat in inner.cpu_children
    assert outer.self_cpu_time_total == pytest.approx(outer.cpu_time_total - inner.cpu_time_total)
    assert outer.time_range.start <= inner.time_range.start <= inner.time_range.end <= outer.time_range.end
    assert outer.cpu_time_total == pytest.approx(outer.time_range.elapsed_us())
    assert outer.is_user_annotation and not cat.is_user_annotation
    assert cat.device_type == torch.autograd.DeviceType.CPU
    averages = prof.key_averages()
    total = sum(e.self_cpu_time_total for e in averages)
    assert averages.self_cpu_time_total == pytest.approx(total) == pytest.approx(outer.cpu_time_total)
    table = averages.table(top_level_events_only=True)
    assert "outer" in table and "inner" not in table and "cat" not in table


def test_shapes_are_lists():
    with profile(record_shapes=True) as prof:
        torch.ones(3, 4) + torch.ones(4)
        torch.cat([torch.ones(2), torch.ones(3)])
        torch.tensor(1.0) * torch.tensor(2.0)
        torch.ones(5, 1) + 1
    by_name = {e.name: e for e in reversed(prof.events())}
    assert by_name["add"].input_shapes == [[3, 4], [4]] and by_name["mul"].input_shapes == [[], []]
    assert by_name["cat"].input_shapes == [[]] and by_name["cat"].structured_input_shapes == [[[2], [3]]]
    assert by_name["ones"].input_shapes == []
    assert by_name["add"].input_dtypes == ["float32", "float32"]
    shapes = [e.input_shapes for e in prof.key_averages(group_by_input_shape=True) if e.key == "add"]
    assert shapes == [[[3, 4], [4]], [[5, 1]]]
    (row,) = [e for e in prof.key_averages() if e.key == "add"]
    assert row.count == 2 and row.input_shapes == []
    assert "[[3, 4], [4]]" in prof.key_averages(group_by_input_shape=True).table()
    assert "Input Shapes" not in prof.key_averages().table()


PYTORCHS_KEYS = [
    *("cpu_time", "cuda_time", "xpu_time", "cpu_time_total", "cuda_time_total", "self_cpu_time_total"),
    *("self_cuda_time_total", "device_time_total", "self_device_time_total", "cpu_memory_usage", "cuda_memory_usage"),
    *("self_cpu_memory_usage", "self_cuda_memory_usage", "self_xpu_memory_usage", "count", "gpu_time_total"),
    *("self_gpu_time_total", "gpu_memory_usage", "device_time", "device_memory_usage", "key"),
]


@pytest.mark.parametrize("key", PYTORCHS_KEYS)
def test_tables_are_sorted_by_what_pytorch_sorts_by(key):
    with profile() as prof:
        work()
    for events in (prof.events(), prof.key_averages()):
        assert "cat" in events.table(sort_by=key)


def test_tables_are_sorted_largest_first_and_refuse_what_there_is_not():
    with profile() as prof:
        for _ in range(3):
            torch.zeros(2).neg()
        work()
    averages = prof.key_averages()
    assert averages.table(sort_by="count").split().index("neg") < averages.table(sort_by="count").split().index("cat")
    with pytest.raises(AttributeError, match="'FunctionEventAvg' object has no attribute 'nosuch'"):
        averages.table(sort_by="nosuch")
    assert "ms" not in averages.table(time_unit="us") and "us" not in averages.table(time_unit="s")
    assert torch.profiler.EventList().table() == ""
    rows = averages.table(row_limit=1).splitlines()
    assert f"({len(averages) - 1} more)" in rows
    assert str(averages) == averages.table()


def test_metadata_is_in_the_trace(tmp_path):
    prof = profile(activities=[ProfilerActivity.CPU])
    prof.add_metadata("run", 'of "today"')
    prof.preset_metadata_json("rank", "3")
    with prof:
        with record_function("part"):
            work()
        prof.add_metadata_json("sizes", "[1, 2]")
    with pytest.raises(ValueError):
        prof.add_metadata_json("broken", "[1,")
    for name in ("trace.json", "trace.json.gz"):
        prof.export_chrome_trace(str(tmp_path / name))
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert (trace["run"], trace["rank"], trace["sizes"]) == ('of "today"', 3, [1, 2]) and "broken" not in trace
    assert {"part", "cat"} <= {e["name"] for e in trace["traceEvents"]}
    prof.events().export_chrome_trace(str(tmp_path / "events.json"))
    assert json.loads((tmp_path / "events.json").read_text())["traceEvents"] == trace["traceEvents"]


@pytest.mark.parametrize("option", ["profile_memory", "with_stack", "with_flops", "with_modules"])
def test_an_option_without_effect_says_so_once(option):
    torch.profiler._warned.discard(option)
    with pytest.warns(UserWarning, match=option):
        profile(**{option: True})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        profile(**{option: True})
        profile(**{option: False})


def test_grouping_by_stacks_says_that_there_are_none():
    torch.profiler._warned.discard("group_by_stack_n")
    with profile() as prof:
        work()
    with pytest.warns(UserWarning, match="group_by_stack_n"):
        prof.key_averages(group_by_stack_n=5)


# ---- the older interface


def test_profiles_of_autograd():
    assert torch.autograd.profiler.record_function is record_function
    with torch.autograd.profiler.profile(record_shapes=True) as prof:
        with torch.autograd.profiler.record_function("part"):
            work()
    assert {"part", "cat"} <= {e.name for e in prof.function_events}
    averages = prof.key_averages(group_by_input_shape=True)
    assert [e.input_shapes for e in averages if e.key == "mul"] == [[[3, 4]]]
    assert prof.total_average().count == len(prof.function_events)
    assert prof.self_cpu_time_total == pytest.approx(prof.function_events.self_cpu_time_total) and "cat" in str(prof)
    assert "cat" in prof.table(sort_by="cpu_time_total")
    with pytest.raises(RuntimeError, match="not reentrant"):
        prof.__enter__()
    with torch.autograd.profiler.profile(enabled=False) as nothing:
        work()
    assert nothing is None
    assert list(torch.autograd.profiler.profile().function_events) == []


# ---- on a device


def training(device):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 5)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(16, 20).to(device), torch.randint(0, 5, (16,)).to(device)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    step()
    return step


def device_profile(run):
    need_gpu()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.GPU]) as prof:
        run()
    kernels = [e for e in prof.events() if e.is_kernel]
    if not kernels:
        pytest.skip("the driver has no timestamps")
    return prof, kernels


def test_an_op_has_the_time_of_its_kernels():
    need_gpu()
    step = training("gpu")
    prof, kernels = device_profile(step)
    averages = prof.key_averages()
    rows = {e.key: e for e in averages}
    assert len(rows) == len(averages), "one row for each name"
    for op in ("linear", "cross_entropy_loss", "layer_norm"):
        mine = sum(e.device_time_total for e in kernels if e.name == op)
        assert rows[op].device_time_total == pytest.approx(mine) and mine > 0
        assert rows[op].self_device_time_total == pytest.approx(mine) and rows[op].cpu_time_total > 0
    # forward and backward of these have kernels of the same name
    addmm = sum(e.device_time_total for e in kernels if e.name == "addmm")
    assert rows["AddmmBackward0"].device_time_total == pytest.approx(addmm) and addmm > 0
    relus = [e.device_time_total for e in kernels if e.name == "relu"]
    assert [rows["relu"].device_time_total, rows["ReluBackward0"].device_time_total] == pytest.approx(relus)
    whole = sum(e.device_time_total for e in kernels)
    assert sum(e.self_device_time_total for e in averages) == pytest.approx(whole)
    assert averages.total_average().self_device_time_total == pytest.approx(whole)
    (event,) = [e for e in prof.events() if e.name == "layer_norm" and not e.is_kernel]
    assert [k.name for k in event.kernels] == ["layer_norm"]
    assert event.device_time_total == pytest.approx(sum(k.duration for k in event.kernels))
    assert kernels[0].device_type == torch.autograd.DeviceType.GPU == torch.autograd.DeviceType.CUDA
    table = averages.table(sort_by="self_cuda_time_total")
    assert "Self Device" in table and "Self device time total" in table


def test_a_part_has_the_time_of_what_ran_inside():
    need_gpu()
    step, x = training("gpu"), torch.ones(64, 64, device="gpu")

    def run():
        with record_function("twice"):
            with record_function("step"):
                step()
            with record_function("step"):
                step()
        with record_function("some rows"):
            x[torch.tensor([1, 2], device="gpu")]
        with record_function("nothing"):
            pass

    prof, kernels = device_profile(run)
    rows = {e.key: e for e in prof.key_averages()}
    index = sum(e.device_time_total for e in kernels if e.name == "index")
    whole = sum(e.device_time_total for e in kernels)
    assert rows["step"].device_time_total == pytest.approx(whole - index)
    assert rows["twice"].device_time_total == pytest.approx(whole - index)
    assert rows["some rows"].device_time_total == pytest.approx(index) and index > 0
    assert rows["nothing"].device_time_total == rows["step"].self_device_time_total == 0
    first, second = (e for e in prof.events() if e.name == "step")
    half = len([e for e in kernels if e.name != "index"]) // 2
    assert first.device_time_total == pytest.approx(sum(e.device_time_total for e in kernels[:half]))
    linears = [e for e in prof.events() if e.name == "linear" and not e.is_kernel]
    mine = [e.device_time_total for e in kernels if e.name == "linear"]
    assert [e.device_time_total for e in linears] == pytest.approx(mine)
    assert sum(e.self_device_time_total for e in prof.key_averages()) == pytest.approx(whole)


def test_kernels_that_no_call_has_do_not_move_those_of_others():
    need_gpu()
    x = torch.ones(8, device="gpu", requires_grad=True)
    host = torch.ones(8)

    def run():
        (x * x).sum().backward()  # whose gradients of x are added by a kernel "add" of the node
        with record_function("add"):
            pass
        for _ in range(40):
            host + 1  # a call of "add" without a kernel
        x.detach().neg()
        x.detach().exp() + 1

    prof, kernels = device_profile(run)
    events = {e.name: e for e in prof.events() if e.kind in ("op", "backward")}
    for op in ("neg", "exp", "sum"):
        (mine,) = [e.device_time_total for e in kernels if e.name == op]
        assert events[op].device_time_total == pytest.approx(mine)
    *of_the_node, last = [e.device_time_total for e in kernels if e.name == "add"]
    assert events["add"].device_time_total == pytest.approx(last)
    assert set(of_the_node) <= {k.duration for k in events["MulBackward0"].kernels} and of_the_node
    rows = {e.key: e for e in prof.key_averages() if not e.is_user_annotation}
    assert rows["add"].count == 41
    assert rows["add"].self_device_time_total == pytest.approx(last)


def test_calls_of_one_op_on_host_and_device_take_turns():
    need_gpu()
    host, there = torch.ones(4), torch.ones(4, device="gpu")

    def run():
        for turn in range(6):
            (there if turn % 3 == 1 else host).exp()

    prof, kernels = device_profile(run)
    calls = [e for e in prof.events() if e.kind == "op" and e.name == "exp"]
    assert [len(e.kernels) for e in calls] == [0, 1, 0, 0, 1, 0]
    assert [e.device_time_total for e in calls if e.kernels] == [e.device_time_total for e in kernels]


def test_activities_choose_sides(tmp_path):
    need_gpu()
    for activities, of_host, of_device in (
        ([ProfilerActivity.CPU], True, False),
        ([ProfilerActivity.CUDA], False, True),
        ([ProfilerActivity.CPU, ProfilerActivity.CUDA], True, True),
    ):
        with profile(activities=activities) as prof:
            work("gpu")
        events = prof.events()
        assert any(not e.is_kernel for e in events) == of_host and any(e.is_kernel for e in events) == of_device
        rows = {e.key: e for e in prof.key_averages()}
        assert (rows["cat"].device_time_total > 0) == of_device and (rows["cat"].cpu_time_total > 0) == of_host
    prof.export_chrome_trace(str(tmp_path / "trace.json"))
    trace = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    tracks = {(e["cat"], e["tid"] == 0) for e in trace if e["ph"] == "X"}
    assert {("op", False), ("kernel", True)} == tracks
    arrows = [e for e in trace if e.get("cat") == "ac2g"]
    kernels = [e["ts"] for e in trace if e.get("cat") == "kernel"]
    assert sorted(e["ts"] for e in arrows if e["ph"] == "f") == sorted(kernels)
