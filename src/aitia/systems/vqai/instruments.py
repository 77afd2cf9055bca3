"""Readers that say what a drawn picture shows, in the words of `WhatIfWorld`: instruments of the claim.

They learn from pictures of their own, apart from each other and from all that reasons, draws or guides.
"""

import numpy as np
from numpy.typing import NDArray

from aitia.evidence.trained_once import trained_once
from aitia.nn.readers import AttributeReader
from aitia.systems.vqai.networks import slots_of
from aitia.worlds import WhatIfWorld

__all__ = ["codes_of", "labels_of", "reader_of", "train_reader"]

Codes = NDArray[np.int64]
_ROWS, _SEED = 5000, 7_000_000
OPTIONS = {"width": 12, "updates": 700}


def reader_of(base: str, number: int, size: int = 24) -> AttributeReader:
    """A reader of pictures of a world, trained or read from the cache; about 20 CPU seconds."""
    return trained_once(
        __name__, f"reader of {base} at {size}", OPTIONS, number, train=lambda: train_reader(base, number, size),
        save=lambda model, folder: model.save_pretrained(folder), read=AttributeReader.from_pretrained,
    )  # fmt: skip


def train_reader(base: str, number: int, size: int = 24) -> AttributeReader:
    """The model of `reader_of`, trained anew; half of its pictures are as they were, half as they would have been."""
    world = WhatIfWorld(base)  # type: ignore[arg-type]  # checked there
    rows = world.rows(world.sample(_ROWS, seed=_SEED + number), size).known
    images = np.concatenate([rows.pictures("image"), rows.pictures("after")])
    said = [*rows.texts("caption"), *rows.texts("answer")]
    order = np.random.default_rng(number).permutation(len(images))
    labels = labels_of(base)
    codes = codes_of([said[k] for k in order], labels)
    reader = AttributeReader(labels, seed=number, **OPTIONS)
    return reader.fit(images[order], {name: codes[:, k] for k, name in enumerate(labels)})


def labels_of(base: str) -> dict[str, tuple[str, ...]]:
    """What each part of an answer may say, by the name of the part; steps in their order."""
    world = WhatIfWorld(base)  # type: ignore[arg-type]  # checked there
    rows = world.rows(world.sample(_ROWS, seed=_SEED - 1), 8).known
    parts = list(zip(*(slots_of(text) for text in (*rows.texts("caption"), *rows.texts("answer"))), strict=True))
    found = {}
    for part in parts:
        said = sorted(dict.fromkeys(part), key=lambda text: (len(text), text) if text[-1].isdigit() else (0, text))
        found[_name(said)] = tuple(said)
    return found


def codes_of(told: list[str], labels: dict[str, tuple[str, ...]]) -> Codes:
    """(n, parts) numbers of labels."""
    places = [{label: k for k, label in enumerate(of)} for of in labels.values()]
    return np.array([[place[part] for place, part in zip(places, slots_of(text), strict=True)] for text in told])


def _name(said: list[str]) -> str:
    """Of a part: the words that all it may say have in common, or its last word."""
    common = set(said[0].split()).intersection(*(text.split() for text in said))
    return " ".join(word for word in said[0].split() if word in common and word not in ("a", "no")) or said[0]
