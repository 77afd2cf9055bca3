"""Compiled loops run wherever there is no place for their cache, and keep it where there is one."""

import subprocess
import sys

import pytest
from tests.unprivileged import run_unprivileged

KERNEL = """
from aitia.compiled import njit

@njit(nogil=True)
def twice(x):
    return 2 * x
"""
CALL = "import sys; sys.path.insert(0, sys.argv[1]); from kernel import twice; print(twice(21)); print(twice.stats)"
PLAIN = KERNEL.replace("from aitia.compiled import njit", "from numba import njit").replace("nogil=True", "cache=True")


@pytest.fixture
def closed(tmp_path):
    (tmp_path / "kernel.py").write_text(KERNEL)
    tmp_path.chmod(0o555)
    yield tmp_path
    tmp_path.chmod(0o755)


def test_without_a_writable_cache_a_kernel_compiles_for_itself(closed):
    done = run_unprivileged(CALL, closed, HOME=str(closed), XDG_CACHE_HOME=str(closed), PYTHONDONTWRITEBYTECODE="1")
    assert (done.returncode, done.stdout.splitlines()[0], done.stderr) == (0, "42", "")
    closed.chmod(0o755)
    (closed / "kernel.py").write_text(PLAIN)
    closed.chmod(0o555)
    done = run_unprivileged(CALL, closed, HOME=str(closed), XDG_CACHE_HOME=str(closed), PYTHONDONTWRITEBYTECODE="1")
    assert "cannot cache function 'twice': no locator available" in done.stderr, "numba itself goes on without a cache"


def test_with_one_the_second_process_reads_what_the_first_compiled(tmp_path):
    (tmp_path / "kernel.py").write_text(KERNEL)
    told = [
        subprocess.run([sys.executable, "-c", CALL, str(tmp_path)], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert ["cache_misses=Counter()" in text for text in told] == [False, True], told


def test_a_full_disk_at_the_cache_stops_no_kernel(tmp_path, monkeypatch):
    (tmp_path / "full_kernel.py").write_text(KERNEL)
    monkeypatch.syspath_prepend(tmp_path)
    import numba.core.caching

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "save", full)
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "load", full)
    from full_kernel import twice

    assert twice(21) == 42
