"""Search over 10,000 papers, after they are loaded: by words, and by vectors of an encoder; what loading takes; pages.

OMP_NUM_THREADS=1 python benchmarks/feed.py [--encoder DIR] [--json FILE]

Papers are made of words drawn by Zipf's law, with seven sentences each. Without --encoder the vectors are drawn at
random (384 numbers, as of all-MiniLM-L6-v2) and the query takes no time to encode: what is timed is the product with
all of them and the choice of ten. With it, queries are encoded by that folder. The bar is 50 ms a search, and 300 ms a
page of the studio, by words, from the request to its last byte. Another query is asked each time.
"""

import re
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.testclient import TestClient

from _measure import best, options, write
from aitia.feed import Encoder, Item, Searcher, Store, open_encoder
from aitia.feed.items import keep
from aitia.studio import Workspace, create_app
from aitia.studio.papers import Papers

PAPERS, WORDS, WIDTH, BAR, PAGE_BAR = 10_000, 30_000, 384, 0.050, 0.300
QUERY = "w340 w7 w15000 w991 w3 w88"


def papers() -> list[Item]:
    random = np.random.default_rng(0)
    rank = np.arange(1, WORDS + 1)
    share = (1 / rank) / (1 / rank).sum()
    drawn = random.choice(WORDS, size=(PAPERS, 8 + 6 * 20), p=share)

    def said(row: NDArray[Any]) -> str:
        return " ".join(f"w{k}" for k in row)

    return [
        Item(f"title:{k}", said(row[:8]), " ".join(f"W {said(part)}." for part in np.split(row[8:], 6)),
             published="2026-11-30", updated="2026-11-30") for k, row in enumerate(drawn)
    ]  # fmt: skip


class Drawn(Encoder):
    """Vectors at random."""

    def __init__(self) -> None:
        super().__init__("drawn", "0" * 64, lambda texts: np.zeros((len(texts), WIDTH), np.float32), len, 256, {})
        self._random = np.random.default_rng(0)

    def encode(self, texts: Any, what: str = "document") -> NDArray[np.float32]:
        """(n, WIDTH), of length 1."""
        found = self._random.standard_normal((len(texts), WIDTH)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def pages(folder: str) -> list[dict[str, Any]]:
    """The pages of the studio over the store in this folder."""
    number, rows = count(), []
    app = create_app(Workspace(f"{folder}/studio"), feed=Papers(f"{folder}/feed.sqlite"))
    with TestClient(app) as client:
        item = re.search(r'href="(/papers/item[^"]+)"', client.get("/papers").text)
        assert item is not None
        asked = {"list": "/papers?x=", "search": f"/papers?q={QUERY} w", "last page": "/papers?page=50&x=",
                 "item": f"{item[1]}&x=", "feed": f"/papers/feed.atom?q={QUERY} w",
                 "catalogue": "/systems?q=which of my columns changed w"}  # fmt: skip
        for name, path in asked.items():
            cpu, wall, answer = best(lambda: client.get(f"{path}{next(number)}"), 10)  # noqa: B023
            assert answer.status_code == 200
            rows.append({"case": f"page: {name}", "papers": PAPERS, "cpu_s": cpu, "wall_s": wall, "bar_s": PAGE_BAR,
                         "within": wall < PAGE_BAR})  # fmt: skip
            print(f"{name:10} {1000 * wall:7.1f} ms a page ({1000 * cpu:.1f} CPU)")
    return rows


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--encoder", type=Path, help="folder of an encoder, which encodes the queries")
    asked = parser.parse_args()
    rows, number = [], count()
    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/feed.sqlite") as store:
        with store.writing() as db:
            keep(db, papers(), store.now())
        drawn = Drawn()
        if asked.encoder is not None:  # papers of drawn vectors, queries of the encoder
            queries = open_encoder(asked.encoder)
            drawn.encode = (  # type: ignore[method-assign]
                lambda texts, what="document", first=drawn.encode: (
                    queries.encode(texts, what) if what == "query" else first(texts, what)
                )
            )
        for name, encoder in (("words", None), ("vectors", drawn)):
            started = time.perf_counter()
            Searcher(store, encoder)
            first = time.perf_counter() - started
            started = time.perf_counter()
            searcher = Searcher(store, encoder)
            again = time.perf_counter() - started
            cpu, wall, hits = best(lambda: searcher.search(f"w{next(number)} {QUERY}", 10), 20)  # noqa: B023
            assert len(hits) == 10
            rows.append({"case": name, "papers": PAPERS, "load_s": again, "first_load_s": first, "cpu_s": cpu,
                         "wall_s": wall, "bar_s": BAR, "within": wall < BAR})  # fmt: skip
            print(f"{name:8} {1000 * wall:7.1f} ms a search ({1000 * cpu:.1f} CPU), loaded in {again:.1f} s; "
                  f"at first in {first:.1f} s")  # fmt: skip
        rows += pages(folder)
    write(asked.json, rows)


if __name__ == "__main__":
    main()
