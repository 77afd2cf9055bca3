"""The budget of a system is in seconds of one machine: on a slower one it is as much more."""

import pytest
from tests.budget import SYSTEM, WORK_SECONDS, Budget, fixed_work


def budget(work, **spent):
    made = Budget({"vae"})
    made.work = list(work)
    made.spent.update({name.replace("_", "-"): seconds for name, seconds in spent.items()})
    return made


def test_a_system_over_its_budget_is_named_and_a_part_that_is_no_system_never():
    found = budget([WORK_SECONDS], hca=SYSTEM + 1, cd_nod=SYSTEM - 1, vae=9.0)
    found.spent["tests/docs"] = 1e6
    assert found.over() == {"hca": SYSTEM + 1, "vae": 9.0}


@pytest.mark.parametrize(
    ("times", "over"), [((2, 2, 2), {}), ((1, 1, 9), {"hca": 1.5 * SYSTEM}), ((0.5,), {"hca": 1.5 * SYSTEM})]
)
def test_a_slower_machine_has_more_seconds_and_a_faster_one_no_fewer(times, over):
    """By the median: one slow moment is not a slow machine."""
    assert budget([WORK_SECONDS * t for t in times], hca=1.5 * SYSTEM).over() == over


def test_another_machine_has_a_quarter_more_as_other_work_is_slowed_by_other_factors():
    made = budget([2 * WORK_SECONDS], hca=2.4 * SYSTEM, cd_nod=2.6 * SYSTEM)
    assert made.over() == {"cd-nod": 2.6 * SYSTEM}
    assert budget([1.1 * WORK_SECONDS], hca=1.2 * SYSTEM).over() == {"hca": 1.2 * SYSTEM}


def test_the_fixed_work_takes_time():
    assert 0 < fixed_work() < 1
