"""Every system still gives the numbers that were written beside this file; see `write.py`.

On one machine the numbers are the same to the last byte. Other processors run other BLAS and vector kernels, which sum
in another order: a few last digits of a float32 differ, and grow in a training. So numbers are compared to a relative
1e-5 and an absolute 1e-7, text exactly. With the kernels of AVX2 in place of those of AVX-512, and on two threads, all
figures keep to that; with those of SSE alone some exceed it a few times. Where a training makes more of last digits,
the numbers of another kind of processor stand beside, and all of one kind have to come back.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aitia.system import systems

HERE = Path(__file__).parent


def _writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_writer", HERE / "write.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WRITER = _writer()


def test_every_system_has_a_file() -> None:
    """Those of before the contract; members of a suite are in the file of the suite."""
    missing = [
        slug
        for slug, entry in systems().items()
        if entry.package.startswith("aitia.") and entry.card.folder not in WRITER.slugs()
        and entry.card.member_of != "causalverse"
    ]  # fmt: skip
    assert missing == []


@pytest.mark.parametrize("slug", WRITER.slugs())
def test_a_system_gives_the_numbers_that_it_gave(slug: str) -> None:
    path = HERE / f"{slug}.json"
    if not path.is_file():
        pytest.fail(f"{path.name} is missing: write it with `python tests/golden/write.py {slug}`")
    written, made = WRITER.read(slug), WRITER.compute(slug)
    wrong = _wrong(written["numbers"], made)
    if not any(not _wrong(other["numbers"], made) for other in written.get("elsewhere", [])):
        assert not wrong, f"{slug} gives other numbers:\n" + "\n".join(wrong)


def _wrong(written: dict[str, Any], made: dict[str, Any]) -> list[str]:
    assert list(made) == list(written)
    wrong = []
    for key, value in written.items():
        if isinstance(value, str):
            same = made[key] == value
        elif isinstance(value, list) != isinstance(made[key], list):
            same = False
        else:
            same = made[key] == pytest.approx(value, rel=1e-5, abs=1e-7)
        if not same:
            wrong.append(f"{key}: was {value!r}, is {made[key]!r}")
    return wrong
