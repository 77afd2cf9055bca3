"""Processes that are copies of this one: the answers of one process, and an end that is told."""

import signal
import subprocess
import sys
from textwrap import dedent

import pytest

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems start fresh processes, which test_engine tests"
)


def run(code):
    """What a process of its own prints: a fork needs one without torch and without other threads."""
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, timeout=300)
    assert not done.returncode, done.stderr
    return done.stdout.split()


@linux
def test_results_come_in_order_from_other_processes():
    out = run("""
        import os
        from aitia.stats.forked import ForkedEngine, can_fork
        assert can_fork()
        found = ForkedEngine(2).map(lambda x: (x * x, os.getpid()), range(20))
        print([square for square, _ in found] == [x * x for x in range(20)], os.getpid() in {pid for _, pid in found})
    """)
    assert out == ["True", "False"]


@linux
def test_what_a_worker_raises_is_raised_here_and_the_others_end():
    out = run("""
        import multiprocessing, time
        from aitia.errors import DataError
        from aitia.stats.forked import ForkedEngine
        def work(x):
            if x == 1:
                raise DataError("no rows in it")
            time.sleep(60)
        try:
            ForkedEngine(2).map(work, range(4))
        except DataError as wrong:
            print(wrong, len(multiprocessing.active_children()))
    """)
    assert out == ["no", "rows", "in", "it", "0"]


@linux
def test_a_worker_that_dies_is_told_in_a_sentence():
    out = run("""
        import os, signal
        from aitia.stats.forked import ForkedEngine
        try:
            ForkedEngine(2).map(lambda x: os.kill(os.getpid(), signal.SIGKILL), range(4))
        except RuntimeError as wrong:
            print(wrong)
    """)
    assert " ".join(out).startswith("a worker ended with code -9 before it was done")


@linux
def test_a_worker_that_is_writing_to_a_process_that_was_killed_says_nothing():
    code = """
        import os, signal
        from aitia.stats.forked import ForkedEngine
        def end(what, done, of):
            if done:
                os.kill(os.getpid(), signal.SIGKILL)
        ForkedEngine(2).map(lambda x: x * "0" * 5_000_000, range(1, 9), progress=end)
    """
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")


@linux
def test_to_stop_the_map_stops_its_workers_and_keeps_what_was_finished():
    out = run("""
        import multiprocessing, time
        from aitia.stats.forked import ForkedEngine
        store = {}
        def work(x):
            time.sleep(0 if x == 0 else 60)
            return x
        def stop(what, done, of):
            if done:
                raise KeyboardInterrupt
        try:
            ForkedEngine(2).map(work, range(4), keys=list("abcd"), store=store, progress=stop)
        except KeyboardInterrupt:
            print(store, len(multiprocessing.active_children()))
    """)
    assert out == ["{'a':", "0}", "0"]


@linux
@pytest.mark.parametrize("kind", ["numbers", "labels"])
def test_the_shares_of_resamples_do_not_depend_on_the_jobs(kind):
    out = run(f"""
        import numpy as np
        from dataclasses import replace
        from aitia.stats.forked import can_fork
        from aitia.systems.pc.model import PC
        rng = np.random.default_rng(0)
        x = rng.normal(size=(400, 6)) @ np.triu(rng.normal(size=(6, 6)))
        kind = {kind!r}
        table = {{f"x{{k}}": np.where(c > 0, "high", "low") if kind == "labels" else c for k, c in enumerate(x.T)}}
        search = PC(test="chi2" if kind == "labels" else "fisher-z").fit(table)
        one = search.resample(30)
        search.config = replace(search.config, jobs=3)
        print(can_fork(), search.resample(30) == one)
    """)
    assert out == ["True", "True"]


def test_a_process_with_other_threads_is_not_copied():
    out = run("""
        import os, threading
        from aitia.stats.forked import can_fork
        done = threading.Event()
        threading.Thread(target=done.wait).start()
        print(can_fork())
        done.set()
    """)
    assert out == ["False"]
