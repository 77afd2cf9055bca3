"""Tests of the old adapters, which nothing runs any more.

What they say of a system goes to `tests/systems/<slug>/` when the system is ported, and then the file goes.
"""

collect_ignore = [
    "test_connectomes.py",
    "test_contract.py",
    "test_files.py",
    "test_populations.py",
    "test_predictors.py",
    "test_sets.py",
    "test_targets.py",
]
