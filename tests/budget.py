"""CPU seconds of every system and of every other part of the tests; a system above its budget makes the run red.

A system has 30 CPU seconds for its laws, tests and example, a member of a suite 8. Time of processes that a test
starts counts; what is marked slow does not, nor does reading the tests before the first one runs, nor packages that
many systems load. The seconds are those of the machine on which the budgets were set: a fixed piece of work, timed
between tests, says how much slower this one is, and as that is another factor for other work, a quarter more is
allowed where it is another machine. All that is no system has 11 minutes of wall time together, which is
printed by part: wall time is the machine's as much as ours, so it makes nothing red.
"""

import contextlib
import os
import statistics
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.heavy import load_heavy

SYSTEM, MEMBER = 30.0, 8.0
OTHERS = 11 * 60.0
"""Seconds of wall time of all that is no system."""
KEY, WORK = "cpu", "fixed work"
WORK_SECONDS, WORK_EVERY = 0.0055, 100
"""CPU seconds of the fixed work on the machine of the budgets; between how many tests it is timed."""
ALIKE, UNLIKE = 1.2, 1.25
"""Up to which factor a machine counts as that of the budgets; what a budget is multiplied by besides on another."""
LIVING: set[int] = set()
"""Processes that work for many tests: what they take is counted as it is taken, not when they end."""
SHARED: list[float] = []
"""Seconds that such processes took before their first work, which are no one system's."""
ROOT = Path(__file__).parent


def part_of(item):
    """The system that a test is of, as its slug; else the folder it stands in."""
    place = item.path.relative_to(ROOT).parts
    if place[0] == "systems" and len(place) > 2:
        return place[1].replace("_", "-")
    params = getattr(getattr(item, "callspec", None), "params", {})
    if place[0] in ("systems", "golden") and isinstance(params.get("slug"), str):
        return params["slug"].replace("_", "-")
    return f"tests/{place[0]}"


def _cpu():
    """Seconds of this process, of those that it started and that have ended, and of those in `LIVING`."""
    spent = os.times()
    ended = spent.children_user + spent.children_system
    return spent.user + spent.system + ended + sum(map(of_living, LIVING)) - sum(SHARED)


def of_living(process):
    """Of a process and of those that it waited for, where /proc tells of them."""
    with contextlib.suppress(OSError):
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def fixed_work():
    """CPU seconds of arithmetic of Python and of products of matrices."""
    begin, total, words = time.process_time(), 0, {str(k): k for k in range(8000)}
    for k in range(60000):
        total += k * k % 7
    sorted(words, key=words.get)
    x = np.linspace(0, 1, 160 * 160).reshape(160, 160)
    for _ in range(12):
        x = x @ x
        x /= np.abs(x).max()
    return time.process_time() - begin


class Budget:
    """Measures each test where it runs, and sums up where the run is told of."""

    def __init__(self, members):
        self.members = members
        self.spent: Counter[str] = Counter()
        self.work: list[float] = []
        self._tests = 0
        self.wall: Counter[str] = Counter()
        self._last = _cpu()
        self._phases: Counter[str] = Counter()

    def pytest_collection_finish(self, session):
        if any(not part_of(item).startswith("tests/") for item in session.items):
            load_heavy()
        self._last = _cpu()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        self._phases[report.nodeid] += report.duration
        for name, value in report.user_properties:
            if name == WORK and report.when == "teardown":
                self.work.append(value)
            if name == KEY and report.when == "teardown":
                part, seconds = value
                self.spent[part] += seconds
                self.wall[part] += self._phases.pop(report.nodeid, 0.0)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        if call.when == "teardown":
            now = _cpu()
            outcome.get_result().user_properties.append((KEY, (part_of(item), now - self._last)))
            if self._tests % WORK_EVERY == 0:
                outcome.get_result().user_properties.append((WORK, fixed_work()))
                now = _cpu()
            self._tests += 1
            self._last = now

    def slower(self):
        """How many times as long as the machine of the budgets this one takes for the same work; 1 at least."""
        return max(1.0, statistics.median(self.work) / WORK_SECONDS) if self.work else 1.0

    def over(self):
        """The systems above their budget, with their seconds."""
        slower = self.slower()
        allowed = slower * (UNLIKE if slower > ALIKE else 1)
        return {part: seconds for part, seconds in self.spent.items() if seconds > self.budget(part) * allowed}

    def budget(self, part):
        """CPU seconds that a part may take; a part that is no system shares in the wall time of the others."""
        if part.startswith("tests/"):
            return float("inf")
        return MEMBER if part in self.members else SYSTEM

    def pytest_terminal_summary(self, terminalreporter, config):
        if not self.spent:
            return
        terminalreporter.section("CPU seconds by system")
        terminalreporter.write_line(f"this machine takes {self.slower():.2f} times as long as that of the budgets")
        for part, seconds in sorted(self.spent.items(), key=lambda item: -item[1]):
            if self.budget(part) < float("inf"):
                mark = "  OVER ITS BUDGET" if part in self.over() else ""
                terminalreporter.write_line(f"{seconds:7.1f} of {self.budget(part):3.0f}  {part}{mark}")
        others = [part for part in self.spent if self.budget(part) == float("inf")]
        if others:
            processes = int(getattr(config.option, "numprocesses", None) or 1)
            total = sum(self.wall[part] for part in others) / processes
            terminalreporter.section("wall seconds (CPU seconds) of all else")
            for part in sorted(others, key=lambda part: -self.wall[part]):
                terminalreporter.write_line(f"{self.wall[part]:7.1f} ({self.spent[part]:6.1f})  {part}")
            mark = "  OVER ITS BUDGET" if total > OTHERS else ""
            told = f"together in {processes} process{'es' * (processes > 1)}"
            terminalreporter.write_line(f"{total:7.1f} of {OTHERS:.0f}  {told}{mark}")

    def pytest_sessionfinish(self, session):
        if self.over() and session.exitstatus == 0 and not hasattr(session.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
