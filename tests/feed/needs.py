"""Needs as people say them, written by hand with few words of the systems that are right for them."""

import json
from pathlib import Path

import numpy as np

__all__ = ["NEEDS", "among", "first_right"]

NEEDS = [json.loads(line) for line in (Path(__file__).parent / "needs.jsonl").read_text(encoding="utf-8").splitlines()]


def first_right(order, right):
    """The place, from 0, of the first right system in an order of systems."""
    return min(order.index(slug) for slug in right)


def among(searcher, k, query=lambda need: need["need"]):
    """The share of needs of which a right system is among the first k."""
    slugs = [item.slug for item in searcher.items]
    found = []
    for need in NEEDS:
        scores = searcher.similarities(query(need))
        order = [slugs[place] for place in np.argsort(-scores, kind="stable")]
        found.append(first_right(order, need["right"]) < k)
    return float(np.mean(found))
