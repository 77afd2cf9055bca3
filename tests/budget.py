"""CPU seconds of every system and of every other part of the tests; a system above its budget makes the run red.

A system has 30 CPU seconds for its laws, tests and example, a member of a suite 8. Time of processes that a test
starts counts. What is marked slow does not.
"""

import contextlib
import os
from collections import Counter
from pathlib import Path

import pytest

SYSTEM, MEMBER = 30.0, 8.0
LOADED = 1.5
"""CPU seconds count up to half as much again where two processes share a core: above that the run is red."""
ABOVE = {"causal-vae": 20.0}
"""Budgets that are above today, to be brought down: causal-vae, a member, trains with three kinds of graphs."""
KEY = "cpu"
LIVING: set[int] = set()
"""Processes that work for many tests: what they take is counted as it is taken, not when they end."""
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
    return spent.user + spent.system + spent.children_user + spent.children_system + sum(map(_of_living, LIVING))


def _of_living(process):
    """Of a process and of those that it waited for, where /proc tells of them."""
    with contextlib.suppress(OSError):
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Budget:
    """Measures each test where it runs, and sums up where the run is told of."""

    def __init__(self, members):
        self.members = members
        self.spent = Counter()
        self._last = _cpu()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        for name, value in report.user_properties:
            if name == KEY and report.when == "teardown":
                part, seconds = value
                self.spent[part] += seconds

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        if call.when == "teardown":
            now = _cpu()
            outcome.get_result().user_properties.append((KEY, (part_of(item), now - self._last)))
            self._last = now

    def over(self):
        """The systems above their budget, with their seconds."""
        return {part: seconds for part, seconds in self.spent.items() if seconds > LOADED * self.budget(part)}

    def budget(self, part):
        """CPU seconds that a part may take; parts that are no system have none."""
        if part.startswith("tests/"):
            return float("inf")
        return ABOVE.get(part, MEMBER if part in self.members else SYSTEM)

    def pytest_terminal_summary(self, terminalreporter):
        if not self.spent:
            return
        terminalreporter.section("CPU seconds by system")
        for part, seconds in sorted(self.spent.items(), key=lambda item: -item[1]):
            mark = "  OVER ITS BUDGET" if part in self.over() else ""
            terminalreporter.write_line(f"{seconds:7.1f}  {part}{mark}")

    def pytest_sessionfinish(self, session):
        if self.over() and session.exitstatus == 0 and not hasattr(session.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
