"""What the benchmarks share: timing in CPU and wall seconds, the machine in words, and the JSON file."""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("aitia", "causal-learn", "numpy", "scipy", "numba")


def arguments(description: str | None, **files: str) -> argparse.Namespace:
    """The options that all benchmarks have, and those that name further files, each with its help."""
    return options(description, **files).parse_args()


def options(description: str | None, **files: str) -> argparse.ArgumentParser:
    """The parser of `arguments`, for a benchmark that has more."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--full", action="store_true", help="also what takes minutes")
    for name, told in files.items():
        parser.add_argument(f"--{name}", type=Path, help=told)
    return parser


def best(call: Callable[[], Any], repeats: int) -> tuple[float, float, Any]:
    """Least CPU and wall seconds of the repeats, and the last answer."""
    cpu, wall, answer = float("inf"), float("inf"), None
    for _ in range(repeats):
        started, started_cpu = time.perf_counter(), time.process_time()
        answer = call()
        cpu, wall = min(cpu, time.process_time() - started_cpu), min(wall, time.perf_counter() - started)
    return cpu, wall, answer


def machine_words() -> dict[str, Any]:
    """The machine and the versions that numbers were measured with."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {"machine": machine, "versions": versions}


def write(path: Path | None, rows: list[dict[str, Any]]) -> None:
    if path is not None:
        path.write_text(json.dumps(machine_words() | {"rows": rows}, indent=2) + "\n")
