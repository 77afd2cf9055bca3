"""How well each variety is written: chrF++ and leaked words, beside what takes no model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.errors import DataError
from aitia.stats.metrics import chrf, leak_rate
from aitia.system import Given, Score, Scores
from aitia.systems.alignment_hurts.reading import Sentences, sentences_of

if TYPE_CHECKING:
    from aitia.systems.alignment_hurts.model import Decoupling

__all__ = ["judged", "known_rows", "score_of", "written_anew"]

Texts = Mapping[str, Sequence[str]]
"""What is written for the rows of each variety."""
CHRF = "chrF++ of "
DRAWN_SEED = 17
"""Of the sentences of the fit that are drawn as a baseline."""


def judged(model: "Decoupling", fresh: Given, seen: Given) -> Scores:
    """chrF++ of what is written for each variety, the mean of all but the dominant one first, and the leak rate."""
    fresh, seen = known_rows(fresh), known_rows(seen)
    if not len(fresh):
        return {}
    rows, known = sentences_of(fresh), sentences_of(seen) if len(seen) else None
    written = written_anew(model, fresh)
    standard = _standard(rows, known, model.dominant)
    others = [name for name in rows.names if name != model.dominant]
    baselines = {
        who: score_of(rows, texts) for who, texts in _without_a_model(model, rows, known, standard).items() if texts
    }
    ours = score_of(rows, written)
    made: dict[str, Score] = {}
    if others:
        made[f"{CHRF}the other varieties"] = Score(
            float(np.mean([ours[name] for name in others])),
            "higher",
            "Mean over all varieties but the dominant one.",
            {
                who: float(np.mean([of[name] for name in others]))
                for who, of in baselines.items()
                if all(name in of for name in others)
            },
        )
    for name in rows.names:
        made[f"{CHRF}{name}"] = Score(
            ours[name],
            "higher",
            f"Letters and words in common with how {name} says it, 0 to 100.",
            {who: of[name] for who, of in baselines.items() if name in of},
        )
    if (leaked := _leaked(rows, written, standard, others)) is not None:
        made["leak rate"] = Score(
            leaked,
            "lower",
            "Words of the dominant variety that were written where another says a different one.",
            {"the dominant variety's text": 1.0},
        )
    return made


def known_rows(given: Given) -> Given:
    """The rows for which it is known how the variety says it."""
    column = given.column("written")
    if column is None or column not in given.table:
        return given.take([])
    return given.take([row for row, text in enumerate(given.texts("written")) if text.strip()])


def written_anew(model: "Decoupling", given: Given) -> Texts:
    """What the model writes for these rows, by variety, whatever they say."""
    column = given.column("written") or "written"
    empty = given.with_rows(given.data.with_known({column: [""] * len(given)}, {column: "text"}))
    texts, varieties = model.predict(empty).known.texts(column), given.labels("variety").tolist()
    return {
        name: [text for text, variety in zip(texts, varieties, strict=True) if variety == name]
        for name in dict.fromkeys(varieties)
    }


def score_of(rows: Sentences, written: Texts) -> dict[str, float]:
    """chrF++ of what is written for each variety."""
    return {name: chrf(texts, rows.of(name).targets) for name, texts in written.items()}


def _standard(rows: Sentences, known: Sentences | None, dominant: str) -> dict[str, str]:
    """How the dominant variety says each source, where a row tells it."""
    return {
        source: target
        for part in (known, rows)
        if part is not None
        for source, target, variety in zip(part.sources, part.targets, part.varieties, strict=True)
        if variety == dominant
    }


def _without_a_model(
    model: "Decoupling", rows: Sentences, known: Sentences | None, standard: Mapping[str, str]
) -> dict[str, Texts]:
    """For each baseline what it writes for the rows of the varieties for which it can."""
    rng = np.random.default_rng(DRAWN_SEED)
    found: dict[str, dict[str, Sequence[str]]] = {
        "the source": {},
        "the dominant variety's text": {},
        "a sentence of the fit": {},
    }
    for name in rows.names:
        sources = rows.of(name).sources
        found["the source"][name] = sources
        if name != model.dominant and all(source in standard for source in sources):
            found["the dominant variety's text"][name] = [standard[source] for source in sources]
        if known is not None and name in known.names:
            found["a sentence of the fit"][name] = rng.choice(known.of(name).targets, len(sources)).tolist()
    return dict(found)


def _leaked(rows: Sentences, written: Texts, standard: Mapping[str, str], others: Sequence[str]) -> float | None:
    """The mean leak rate; None where nobody knows how the dominant variety says it, or it says all the same."""
    shares = []
    for name in others:
        part = rows.of(name)
        if not all(source in standard for source in part.sources):
            return None
        try:
            shares.append(leak_rate(written[name], part.targets, [standard[source] for source in part.sources]))
        except DataError:  # says everything alike
            continue
    return float(np.mean(shares)) if shares else None
