"""Whether other programs are using the machine: a busy core makes threads wait for each other, and ratios worthless."""

from __future__ import annotations

import os
import resource
import time


def allowed(threads: int) -> float:
    """Cores that others may use: those that the work leaves, and what clocks and daemons use of one."""
    return max(0, (os.cpu_count() or 1) - threads) + 0.08


def _busy() -> float | None:
    """Seconds of processor time that all programs have used, where the system tells."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _idle, _wait, irq, soft, steal = map(int, file.readline().split()[1:9])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Seconds of processor time of this program and the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Watch:
    """What others have used since it was made."""

    def __init__(self) -> None:
        self.busy, self.own, self.began = _busy(), _own(), time.perf_counter()

    def others(self) -> float:
        """Cores, on average, that other programs have kept busy."""
        now = _busy()
        if now is None or self.busy is None:
            return 0.0
        wall = max(time.perf_counter() - self.began, 1e-3)
        return max(0.0, (now - self.busy) - (_own() - self.own)) / wall


def wait(threads: int, longest: float = 60.0) -> None:
    """Come back when other programs rest, or after this many seconds."""
    end = time.perf_counter() + longest
    while time.perf_counter() < end:
        watch = Watch()
        time.sleep(0.4)
        if watch.others() <= allowed(threads):
            return
