"""The one file that holds the studio: started where there is nothing but Python, by `env -i`, in an empty folder.

Where the machine allows it (root, as in CI) that is a root directory of its own with Python, a shell and the libraries
that these name, and nothing else of this machine.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "dist" / "aitia-studio.pyz"
SYSTEM = ("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1",
          "libz.so.1")  # fmt: skip
"""What wheels leave to the system (manylinux)."""
pytestmark = pytest.mark.slow


def libraries(program):
    """The files that a program's linker loads."""
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    return {Path(path) for path in re.findall(r"(?:=> |^\s*)(/\S+)", told, re.MULTILINE)}


def copy(place, root):
    """A file at its own path below another root."""
    to = root / place.relative_to("/")
    if not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(place.resolve(), to)


def bare_root(root):
    """A root directory with Python, a shell, and what these load."""
    base, stdlib = Path(sys.base_prefix).resolve(), Path(sysconfig.get_path("stdlib")).resolve()
    python = base / "bin" / f"python3.{sys.version_info.minor}"
    left_out = shutil.ignore_patterns("site-packages", "test", "__pycache__", "idlelib", "tkinter")
    shutil.copytree(stdlib, root / stdlib.relative_to("/"), symlinks=True, ignore=left_out)
    shell = Path("/bin/sh")
    programs = [python, shell, *(root / stdlib.relative_to("/")).rglob("*.so")]
    needed = {path for program in programs for path in libraries(program)}
    for path in [python, shell, *sorted(needed)]:
        copy(path, root)
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for name in SYSTEM:
        copy(Path(re.search(rf"^\s*{re.escape(name)} .*=> (\S+)$", known, re.MULTILINE)[1]), root)
    for name in ("tmp", "work", "dev", "usr/bin"):
        (root / name).mkdir(parents=True, exist_ok=True)
    os.mknod(root / "dev" / "null", 0o20666, os.makedev(1, 3))
    return python


@pytest.fixture
def started(tmp_path):
    """The file in a bare place, as it is started there."""
    assert FILE.is_file(), "there is no such file: make onefile"
    if os.geteuid() == 0:
        root = tmp_path / "root"
        python = bare_root(root)
        shutil.copy(FILE, root / "work" / FILE.name)
        words = [shutil.which("chroot"), str(root), "/bin/sh", "-c", f"cd /work && exec ./{FILE.name} --no-browser"]
        work = root / "work"
    else:
        python, work = Path(sys.base_prefix) / "bin" / "python3", tmp_path / "work"
        work.mkdir()
        shutil.copy(FILE, work / FILE.name)
        words = [f"./{FILE.name}", "--no-browser"]
    home = "/work" if os.geteuid() == 0 else str(work)
    bare = {"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": home}
    held = subprocess.Popen(words, cwd=work, env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield held, work
    held.terminate()
    held.communicate(timeout=60)
    shutil.rmtree(tmp_path)  # a gigabyte


def test_it_starts_and_searches_a_table_where_there_is_nothing_but_python(started):
    held, work = started
    line = held.stdout.readline()
    assert line.startswith("aitia studio: "), held.stderr.read()
    address = re.search(r"http://localhost:\d+", line)[0]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(path):
        with browser.open(address + path, timeout=60) as answer:
            return answer.read().decode()

    token = re.search(r'name="aitia-token" content="([0-9a-f]+)"', get("/"))[1]
    assert "rows" in get("/discover/survey")
    told = urllib.request.Request(
        f"{address}/discover/survey", b'{"bootstrap": 0, "method": "boss"}',
        {"origin": address, "x-aitia-token": token, "content-type": "application/json"},
    )  # fmt: skip
    with browser.open(told) as answer:
        assert b"/runs/survey" in answer.read()
    end = time.monotonic() + 240
    while 'data-job="' in (page := get("/runs/survey")):
        assert time.monotonic() < end, page
        assert 'data-state="failed"' not in page, page
        time.sleep(1)
    assert 'id="graph"' in page
    assert (work / "aitia-studio" / "runs" / "survey" / "graph.json").is_file()
    assert 'href="/systems/cd-nod"' in get("/systems?q=what+changed+between+domains")
    assert "Nothing is watched yet" in get("/papers")
