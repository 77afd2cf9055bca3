"""Writes the regression numbers of the systems: `python tests/golden/write.py [slug ...]`, all of them by default.

Each file beside this one with a function `numbers()` fits one system to a tiny input; its numbers, together with the
versions and the commit that they were made by, go to the JSON file of the same name. Run it only where a change of
results is meant.

`python tests/golden/write.py --elsewhere SLUG ...` leaves what was written and puts the numbers of this processor
beside it, for those whose last digits grow in a training: run it on code that gives what was written on the other.
"""

import importlib.util
import json
import math
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Numbers = dict[str, list[float] | float | str]


def slugs() -> list[str]:
    """The systems that have a file here."""
    others = {"write", "test_golden", "conftest", "__init__"}
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in others)


def compute(slug: str) -> Numbers:
    """The numbers of one system, on one thread of torch."""
    import torch

    spec = importlib.util.spec_from_file_location(f"golden_{slug}", HERE / f"{slug}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        made = module.numbers()
    finally:
        torch.set_num_threads(threads)
    return {key: _plain(slug, key, value) for key, value in made.items()}


def read(slug: str) -> dict[str, Any]:
    """What was written: {"made_by": versions and commit, "numbers": ..., "elsewhere": the same of other processors}."""
    content: dict[str, Any] = json.loads((HERE / f"{slug}.json").read_text(encoding="utf-8"))
    return content


def write(slug: str) -> Path:
    """Computes and writes the numbers of one system."""
    path = HERE / f"{slug}.json"
    content = {"made_by": _made_by(), "numbers": compute(slug)}
    lines = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(lines + "\n", encoding="utf-8")
    return path


def write_elsewhere(slug: str) -> Path:
    """Puts the numbers of this processor and its kernels beside those written, in place of its own of before."""
    import torch

    from aitia.evidence.origin import machine_here

    path, content = HERE / f"{slug}.json", read(slug)
    kind = {"processor": machine_here()["processor"], "kernels": torch.backends.cpu.get_cpu_capability()}
    here = {"made_by": {**_made_by(), **kind}, "numbers": compute(slug)}
    kept = [e for e in content.get("elsewhere", []) if not kind.items() <= e["made_by"].items()]
    content["elsewhere"] = [*kept, here]
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _plain(slug: str, key: str, value: Any) -> list[float] | float | str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_number(slug, key, item) for item in value]
    return _number(slug, key, value)


def _number(slug: str, key: str, value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"golden numbers are finite, {slug} gave {number} for {key!r}")
    return number


def _made_by() -> dict[str, str]:
    import numpy as np
    import torch

    def git(*words: str) -> str:
        told = subprocess.run(["git", *words], cwd=HERE.parents[1], capture_output=True, text=True, check=False)
        return told.stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--", "src") else ""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "commit": (git("rev-parse", "HEAD") or "unknown") + changed,
    }


if __name__ == "__main__":
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")
    sys.path.insert(0, str(HERE.parents[1] / "src"))  # this tree, whichever is installed
    asked = [word for word in sys.argv[1:] if word != "--elsewhere"]
    unknown = sorted(set(asked) - set(slugs()))
    if unknown:
        sys.exit(f"no golden file {unknown[0]}.py in {HERE}; there are {', '.join(slugs())}")
    how = write_elsewhere if "--elsewhere" in sys.argv else write
    for one in asked or slugs():
        start = time.perf_counter()
        print(f"{how(one).name}  {time.perf_counter() - start:.1f} s", flush=True)
