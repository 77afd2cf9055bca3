"""The package's public surface, and what importing it costs."""

import subprocess
import sys

from aitia.stats import metrics


def test_every_public_name_exists_and_has_a_docstring():
    assert len(set(metrics.__all__)) == len(metrics.__all__)
    for name in metrics.__all__:
        assert getattr(metrics, name).__doc__, name


def test_importing_the_metrics_loads_no_heavy_library():
    heavy = ("scipy", "sklearn", "torch", "numba")
    code = f"import sys, aitia.stats.metrics; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
