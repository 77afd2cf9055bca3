"""What the claim asks of models of pages, on pages of digits whose pictures no model has seen."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.systems.cm3.filling import span_scores
from aitia.systems.cm3.layout import Laid
from aitia.systems.cm3.model import Cm3
from aitia.worlds import DigitPagesWorld, Sample
from aitia.worlds.digit_pages import captions
from aitia.worlds.digits import DIGITS, digit_tokenizer, digits, pictures

__all__ = ["Pages", "captioned", "drawn", "edited", "scores_of_pages", "shuffled", "titles_right"]

WORLD = DigitPagesWorld()
Ids = NDArray[np.int64]
MIDDLE = slice(4, 12)
"""Of the 16 codes of a picture."""


class Pages:
    """Pages that are asked about, as a sample and as rows.

    Args:
        n: How many.
        seed: Of the pages.
        which: From the elements of each page to whether it is taken.
        env: Whose pictures.
    """

    def __init__(self, n: int, seed: int, which: Callable[[dict[str, Any]], Any], env: str = "test") -> None:
        drawn = WORLD.sample(12 * n, seed=seed, env=env)
        kept = np.flatnonzero(which(WORLD.elements(drawn)))[:n]
        self.sample: Sample = drawn.take(kept)
        self.rows: Table = WORLD.rows(self.sample).known.select(["document", "alt", "image", "title"])


def laid(model: Cm3, rows: Table) -> list[Laid]:
    """The pages as ids."""
    given = model.given(rows)
    return [model.layout.laid(*row) for row in zip(*model.rows(given), strict=True)]


def titles_right(model: Cm3, pages: Pages) -> dict[str, float]:
    """Share of links whose title is told from the other one of their name: from both sides, the left, and as a page."""
    both = []
    for which in (0, 1):
        titles = [one[which] for one in WORLD.titles(pages.sample)]
        both.append(laid(model, pages.rows.with_columns({"title": titles}, {"title": "text"})))
    true = pages.sample["sense"].astype(int)
    network, objective = model.fitted(), model.config.objective

    def right(spans: Callable[[Laid], tuple[int, int]], **how: Any) -> float:
        said = [
            [one.sum() for one in span_scores(network, objective, [p.ids for p in held], list(map(spans, held)), **how)]
            for held in both
        ]
        # Where both are as likely, as from the left they may be, half a hit.
        ahead = np.array(said[1]) - np.array(said[0])
        return float(np.mean(np.where(ahead == 0, 0.5, (ahead > 0) == true)))

    found = {"fill": right(lambda page: page.places["title"])}
    if objective == "causal masking":
        found["left"] = right(lambda page: page.places["title"], left=True)
    if objective == "causal":
        found["rescored"] = right(lambda page: (1, len(page.ids)))
    return found


def scores_of_pages(model: Cm3, pages: Pages, seed: int) -> dict[str, float]:
    """-log p of a token, in nats: of spans of captions, of the middle of pictures, and of whole pages from the left."""
    network, objective = model.fitted(), model.config.objective
    held = laid(model, pages.rows)
    random = np.random.default_rng([seed, 7])
    texts, images = [], []
    for page in held:
        first, behind = page.places["alt"]
        length = int(random.integers(1, behind - first + 1))
        start = int(random.integers(first, behind - length + 1))
        texts.append((start, start + length))
        first = page.places["image"][0]
        images.append((first + MIDDLE.start, first + MIDDLE.stop))
    ids = [page.ids for page in held]
    found: dict[str, float] = {}
    for name, spans in (("text", texts), ("image", images)):
        found[name] = _mean(span_scores(network, objective, ids, spans))
        if objective == "causal masking":
            found[f"{name} left"] = _mean(span_scores(network, objective, ids, spans, left=True))
    if objective != "masked":
        found["plain"] = _mean(span_scores(network, objective, ids, [(1, len(one)) for one in ids], left=True))
    return found


def captioned(model: Cm3, pages: Pages) -> float:
    """Share of pictures whose class the caption says, which is asked for from the rest of the page."""
    rows = pages.rows.with_columns({"alt": [None] * len(pages.rows)}, {"alt": "text"})
    said = model.predict(rows).known.texts("alt")
    return float(np.mean([DIGITS[int(k)] in text.split() for k, text in zip(pages.sample["digit"], said, strict=True)]))


def drawn(model: Cm3, pages: Pages, seed: int) -> float:
    """Share of pictures, drawn where the page has none, in which the class of the caption is read."""
    rows = pages.rows.with_columns({"image": [None] * len(pages.rows)}, {"image": "picture"})
    seen = model.predict(rows, seed=seed).known.pictures("image")
    return float(np.mean(reader()(seen) == pages.sample["digit"]))


def edited(model: Cm3, pages: Pages, seed: int) -> dict[str, float]:
    """do(alt=...) with another class: share of pictures that are read as that class, and of pages else unchanged.

    The world says what the page would have been: its caption and picture are to change, and nothing else.
    """
    digit = pages.sample["digit"].astype(int)
    wanted = (digit + np.random.default_rng([seed, 3]).integers(1, len(DIGITS), len(digit))) % len(DIGITS)
    right, kept = [], []
    for new in range(len(DIGITS)):
        sample = WORLD.counterfactual(pages.sample, {"digit": DIGITS[new]})
        said, truth = np.array(captions(sample)), WORLD.rows(sample).known
        for alt in sorted({*said[wanted == new].tolist()}):
            rows = np.flatnonzero((wanted == new) & (said == alt))
            after = model.do({model.targets.names[0]: alt}).edit(pages.rows.take(rows)).known
            right += (reader()(after.pictures("image")) == new).tolist()
            kept += [
                all(after.texts(name)[k] == truth.texts(name)[row] for name in ("document", "alt", "title"))
                for k, row in enumerate(rows)
            ]
    return {"edit": float(np.mean(right)), "kept": float(np.mean(kept))}


@lru_cache(maxsize=1)
def reader() -> Callable[[NDArray[np.uint8]], Ids]:
    """Reads the class of pictures: a support vector machine over the training pictures, moved and made of codes."""
    from sklearn.svm import SVC

    held = digits("train")
    seen = digit_tokenizer()
    images = seen.decode(seen.encode(pictures(held.images)))[..., 0].reshape(len(held), -1) / 255
    machine = SVC(gamma="scale").fit(images, held.digit)
    return lambda asked: np.asarray(machine.predict(asked[..., 0].reshape(len(asked), -1) / 255), dtype=np.int64)


def shuffled(rows: Table, seed: int) -> Table:
    """The pages with pictures and titles of others, each page that has one with that of another."""
    random = np.random.default_rng([seed, 5])
    there = np.flatnonzero(~rows.absent("alt"))
    images, titles = rows.pictures("image"), np.array(rows.texts("title"), dtype=object)
    held: list[Any] = [None] * len(rows)
    for place, other in zip(there, random.permutation(there), strict=True):
        held[place] = images[other]
    linked = np.flatnonzero(titles != "")
    titles[linked] = titles[random.permutation(linked)]
    return rows.with_columns(
        {"image": held, "title": [one or None for one in titles]}, {"image": "picture", "title": "text"}
    )


def _mean(scores: Sequence[NDArray[np.float64]]) -> float:
    return float(-np.concatenate(scores).mean())
