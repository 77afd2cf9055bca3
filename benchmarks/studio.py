"""The studio under load: 50 clients that move sliders without a pause; what a page takes to paint, and memory.

python benchmarks/studio.py [--minutes 1] [--clients 50] [--pause SECONDS] [--json FILE]

The studio is served in a process of its own, as `aitia studio` serves it, with a discovery of 2,000 rows of 7 columns.
Each client keeps a connection and sets one variable after another to a value that nobody has set before: 9 of 10
requests are such a `do`, the others are the pages that a visitor goes to between. The bars are 300 ms for 95 of 100
`do`, no answer of 500 or above, and memory that does not grow after the first fifth of the time by more than a tenth.
The clients take time of the same machine. First paint is that of Debian's Chromium, where it is installed.
"""

import asyncio
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from _measure import options, write
from aitia import discover

BAR, PAINT, GROWS = 0.300, 1.0, 1.10
PAGES = ("/", "/runs", "/runs/mine", "/runs/mine/do", "/api/runs/mine/graph", "/systems", "/ledger")


def workspace(folder: Path) -> Path:
    """A workspace with a discovery of seven variables in a chain with two shortcuts."""
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=2000)]
    for k in range(6):
        columns.append(0.7 * columns[-1] + (0.5 * columns[k - 2] if k in (3, 5) else 0) + rng.normal(size=2000))
    (folder / "runs").mkdir(parents=True)
    (folder / "studio.sqlite").touch()
    table = {f"v{k}": column for k, column in enumerate(columns)}
    discover(table, method="boss", out=folder / "runs" / "mine", bootstrap=0)
    return folder


def served(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The studio of a folder, and where it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "aitia", "studio", str(folder), "--port", str(port), "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env={"OMP_NUM_THREADS": "1", **os.environ})
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(address, timeout=5)
            return process, address
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the studio did not answer")


def memory(process: "subprocess.Popen[bytes]") -> float:
    """Resident megabytes of the studio."""
    told = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(told.split("VmRSS:")[1].split()[0]) / 1024


def cpu(process: "subprocess.Popen[bytes]") -> float:
    """CPU seconds of the studio."""
    told = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


async def client(address: str, number: int, end: float, pause: float, took: dict[str, list[float]], codes: Any) -> None:
    """One visitor, until the end."""
    rng = random.Random(number)
    async with httpx.AsyncClient(base_url=address, timeout=120, verify=False) as visitor:
        page = (await visitor.get("/runs/mine/do")).text
        token = re.search(r'aitia-token" content="([0-9a-f]+)"', page)
        assert token is not None
        headers = {"origin": address, "x-aitia-token": token.group(1)}
        while time.monotonic() < end:
            doing = rng.random() < 0.9
            started = time.perf_counter()
            if doing:
                values = {f"v{rng.randrange(7)}": rng.uniform(-2, 2)}
                answer = await visitor.post("/api/runs/mine/do", json={"values": values}, headers=headers)
                assert answer.status_code >= 500 or "mean after" in answer.text
            else:
                answer = await visitor.get(rng.choice(PAGES))
            took["do" if doing else "page"].append(time.perf_counter() - started)
            codes[answer.status_code] += 1
            await asyncio.sleep(pause)


async def load(address: str, clients: int, seconds: float, pause: float, process: Any) -> dict[str, Any]:
    """All visitors at once, and the memory of the studio on the way."""
    took: dict[str, list[float]] = {"do": [], "page": []}
    codes: Counter[int] = Counter()
    end, seen, before = time.monotonic() + seconds, [memory(process)], cpu(process)
    visitors = [asyncio.create_task(client(address, k, end, pause, took, codes)) for k in range(clients)]
    for _ in range(10):
        await asyncio.sleep(seconds / 10)
        seen.append(memory(process))
    await asyncio.gather(*visitors)
    cuts = {name: statistics.quantiles(values, n=100) for name, values in took.items()}
    return {
        "row": f"{clients} clients", "seconds": seconds, "do": len(took["do"]), "pages": len(took["page"]),
        **{f"{name} p{q} ms": round(1000 * cuts[name][q - 1], 1) for name in cuts for q in (50, 95, 99)},
        "cpu ms a request": round(1000 * (cpu(process) - before) / sum(codes.values()), 2),
        "codes": {str(code): many for code, many in sorted(codes.items())},
        "memory MB": [round(one, 1) for one in seen], "grows": round(seen[-1] / max(seen[:3]), 3),
        "ok": cuts["do"][94] < BAR and max(codes) < 500 and seen[-1] <= GROWS * max(seen[:3]),
    }  # fmt: skip


def painted(address: str) -> list[dict[str, Any]]:
    """First contentful paint of some pages, of a browser that has seen none of them."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return []
    from playwright.sync_api import sync_playwright

    asked = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for path in ("/", "/discover", "/runs/mine", "/runs/mine/do", "/systems"):
            tab = browser.new_page()
            tab.goto(address + path, wait_until="networkidle")
            seconds = float(tab.evaluate(asked)) / 1000
            rows.append({"row": f"first paint of {path}", "ms": round(1000 * seconds), "ok": seconds < PAINT})
            tab.close()
        browser.close()
    return rows


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds of each client between two requests")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        process, address = served(workspace(Path(folder) / "studio"))
        try:
            rows = painted(address)
            rows.append(asyncio.run(load(address, asked.clients, 60 * asked.minutes, asked.pause, process)))
        finally:
            process.terminate()
            process.wait(30)
    for row in rows:
        print("  ".join(f"{name}: {value}" for name, value in row.items()))
    write(asked.json, rows)


if __name__ == "__main__":
    main()
