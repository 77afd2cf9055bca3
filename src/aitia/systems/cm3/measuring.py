"""What the claim asks of models of pages, on pages of digits whose pictures no model has seen."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.systems.cm3.filling import span_scores
from aitia.systems.cm3.layout import Laid
from aitia.systems.cm3.model import Cm3
from aitia.worlds import DigitPagesWorld, Sample
from aitia.worlds.digit_pages import captions
from aitia.worlds.digits import DIGITS, digits, pictures, shifted

__all__ = ["Pages", "captioned", "drawn", "edited", "reader", "scores_of_pages", "short", "shuffled", "titles_right"]

WORLD = DigitPagesWorld()
Ids = NDArray[np.int64]
Reader = Callable[[NDArray[np.uint8]], NDArray[np.int64]]


class Pages:
    """Pages that are asked about, as a sample and as rows.

    Args:
        n: How many.
        seed: Of the pages.
        which: From the elements of each page to whether it is taken.
        env: Whose pictures.
    """

    def __init__(self, n: int, seed: int, which: Callable[[dict[str, Any]], Any], env: str = "test") -> None:
        drawn = WORLD.sample(18 * n, seed=seed, env=env)
        kept = np.flatnonzero(which(WORLD.elements(drawn)))[:n]
        self.sample: Sample = drawn.take(kept)
        self.rows: Table = WORLD.rows(self.sample).known.select(["document", "alt", "image", "title"])


def short(there: dict[str, Any]) -> Any:
    """Pages of a picture alone, and a third of those of a link alone."""
    alone = sum(there.values()) == 1
    third = np.arange(len(alone)) % 3 == 0
    return alone & (there["picture"] | (there["link"] & third))


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


def scores_of_pages(model: Cm3, pages: Pages, links: Pages, seed: int) -> dict[str, float]:
    """-log p of a token, in nats: of spans of captions, the middle half of pictures, and whole pages from the left.

    Args:
        model: Fitted.
        pages: With a picture.
        links: Others, for whole pages.
        seed: Of the spans.
    """
    network, objective = model.fitted(), model.config.objective
    held = laid(model, pages.rows)
    random = np.random.default_rng([seed, 7])
    texts, images = [], []
    for page in held:
        first, behind = page.places["alt"]
        length = int(random.integers(1, behind - first + 1))
        start = int(random.integers(first, behind - length + 1))
        texts.append((start, start + length))
        first, behind = page.places["image"]
        quarter = (behind - first) // 4
        images.append((first + quarter, behind - quarter))
    ids = [page.ids for page in held]
    found: dict[str, float] = {}
    for name, spans in (("text", texts), ("image", images)):
        found[name] = _mean(span_scores(network, objective, ids, spans))
        if objective == "causal masking":
            found[f"{name} left"] = _mean(span_scores(network, objective, ids, spans, left=True))
    if objective != "masked":
        ids += [page.ids for page in laid(model, links.rows)]
        found["plain"] = _mean(span_scores(network, objective, ids, [(1, len(one)) for one in ids], left=True))
    return found


def captioned(model: Cm3, pages: Pages) -> float:
    """Share of pictures whose class the caption says, which is asked for from the rest of the page."""
    rows = pages.rows.with_columns({"alt": [None] * len(pages.rows)}, {"alt": "text"})
    said = model.predict(rows).known.texts("alt")
    return float(np.mean([DIGITS[int(k)] in text.split() for k, text in zip(pages.sample["digit"], said, strict=True)]))


def drawn(model: Cm3, pages: Pages, seed: int, read: Reader) -> float:
    """Share of pictures, drawn where the page has none, in which the class of the caption is read."""
    rows = pages.rows.with_columns({"image": [None] * len(pages.rows)}, {"image": "picture"})
    seen = model.predict(rows, seed=seed).known.pictures("image")
    return float(np.mean(read(seen) == pages.sample["digit"]))


def edited(model: Cm3, pages: Pages, seed: int, read: Reader, *, exchanged: bool = False) -> dict[str, float]:
    """do(alt=...) with another class: share of pictures that are read as that class, and of pages else unchanged.

    The world says what the page would have been: its caption and picture are to change, and nothing else.

    Args:
        model: Fitted.
        pages: With a picture.
        seed: Of the classes.
        read: Reads the class of a picture.
        exchanged: Whether each page is held against what the next one would have been.
    """
    digit = pages.sample["digit"].astype(int)
    wanted = (digit + np.random.default_rng([seed, 3]).integers(1, len(DIGITS), len(digit))) % len(DIGITS)
    right, kept = [], []
    for new in range(len(DIGITS)):
        sample = WORLD.counterfactual(pages.sample, {"digit": DIGITS[new]})
        next_one = (np.arange(len(sample)) + 1) % len(sample) if exchanged else np.arange(len(sample))
        said, truth = np.array(captions(sample)), WORLD.rows(sample).known
        for alt in sorted({*said[wanted == new].tolist()}):
            rows = np.flatnonzero((wanted == new) & (said == alt))
            after = model.do({model.targets.names[0]: alt}).edit(pages.rows.take(rows)).known
            right += (read(after.pictures("image")) == new).tolist()
            kept += [
                all(after.texts(name)[k] == truth.texts(name)[next_one[row]] for name in ("document", "alt", "title"))
                for k, row in enumerate(rows)
            ]
    return {"edit": float(np.mean(right)), "kept": float(np.mean(kept))}


def reader(model: Cm3) -> Reader:
    """Reads the class of pictures that are made of the codes of a model: a support vector machine.

    It is fitted on pictures as they are learnt: moved by up to a pixel, and made of codes.
    """
    from sklearn.svm import SVC

    held, tokens = digits("train"), model.pictures
    assert tokens is not None
    random = np.random.default_rng(0)
    rows = np.tile(np.arange(len(held)), 3)
    steps = random.integers(-1, 2, (2, len(rows)))
    seen = tokens.drawn(tokens.codes(pictures(shifted(held.images[rows], *steps))))
    machine = SVC(gamma="scale", C=5).fit(_flat(seen), held.digit[rows])
    return lambda asked: np.asarray(machine.predict(_flat(asked)), dtype=np.int64)


def _flat(seen: NDArray[np.uint8]) -> NDArray[np.float64]:
    flat: NDArray[np.float64] = seen[..., 0].reshape(len(seen), -1) / 255
    return flat


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
