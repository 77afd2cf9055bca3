"""Every test runs under one hypothesis profile, on one BLAS thread, and leaves the global random state alone."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "aitia", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("aitia")


def pytest_configure(config):
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    from aitia.system import systems

    spec = spec_from_file_location("aitia_budget", Path(__file__).parent / "budget.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    members = {slug for slug, entry in systems().items() if entry.card.member_of is not None}
    config.pluginmanager.register(module.Budget(members), "budget")
