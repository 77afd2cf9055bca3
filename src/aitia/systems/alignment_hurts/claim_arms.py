"""The arms of the claim on any rows: plain fine-tuning, each penalty at each lambda, a random subspace, a shrink."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.nn.language import LanguageModel
from aitia.stats.metrics import chrf, leak_rate
from aitia.systems.alignment_hurts.config import DecouplingConfig
from aitia.systems.alignment_hurts.model import Decoupling
from aitia.systems.alignment_hurts.reading import Sentences, sentences_of

__all__ = ["ENERGY", "RANDOM", "SHRINK", "Beside", "Found", "Split", "arms", "chosen", "parallel"]

Found = dict[str, dict[str, float]]
"""What each arm got."""
Lambdas = Mapping[str, Sequence[float]]
RANDOM, SHRINK = "random subspace", "shrink"
ENERGY = "energy in the standard's subspace / SFT"
TEXTS: Mapping[str, Any] = {"source": "text", "target": "text"}


@dataclass(frozen=True)
class Split:
    """Rows in every variety.

    Args:
        train: To fine-tune on.
        held: To choose lambda on; in training the probe alone sees them.
        test: To ask for.
    """

    train: Table
    held: Table
    test: Table

    @property
    def seen(self) -> Table:
        """What a fit is given."""
        both = {name: [*self.train.labels(name), *self.held.labels(name)] for name in self.train.names}
        parts = ["train"] * len(self.train) + ["validation"] * len(self.held)
        return Table.of({**both, "split": parts}, kinds=dict(TEXTS))


def parallel(sources: Sequence[str], said: Mapping[str, Sequence[str]]) -> Table:
    """The same sources in each variety."""
    columns = {
        "source": [*sources] * len(said),
        "target": [text for texts in said.values() for text in texts],
        "variety": [name for name in said for _ in sources],
    }
    return Table.of(columns, kinds=dict(TEXTS))


def arms(
    start: LanguageModel, split: Split, options: DecouplingConfig, lambdas: Lambdas, *, controls: Sequence[str] = ()
) -> Found:
    """Every arm, from the same start on the same rows; random subspace and shrink take the published penalty's lambda.

    Args:
        start: The model that has seen the standard alone.
        split: The rows.
        options: Of every arm; name the dominant variety and the seed.
        lambdas: Of each penalty, those that are tried.
        controls: Of a random subspace and a shrink of the whole state, those that are among the arms.
    """
    found: Found = {}
    seen = split.seen

    def measure(name: str, **changed: Any) -> None:
        model = Decoupling(options, **changed).fit(seen, model=start)
        found[name] = {"validation": _others(model, split.held), **_measured(model, split.test)}

    measure("SFT", strength=0.0)
    for penalty, strengths in lambdas.items():
        for strength in strengths:
            measure(f"{penalty} {strength:g}", penalty=penalty, strength=strength)
    for name in controls:
        subspace = "random" if name == RANDOM else "whole"
        measure(name, subspace=subspace, strength=float(chosen(found, "published").split()[-1]))
    return found


def chosen(found: Found, penalty: str) -> str:
    """The arm of a penalty whose lambda is best on validation."""
    names = [name for name in found if name.split()[0] == penalty]
    return max(names, key=lambda name: found[name]["validation"])


class Beside:
    """What the chosen arm of a penalty, or another arm, got beside plain fine-tuning, one number a seed."""

    def __init__(self, results: Sequence[Found], penalty: str) -> None:
        self.results = results
        self.names = [chosen(result, penalty) for result in results]

    @property
    def told(self) -> str:
        """The lambdas that were chosen."""
        return f"lambda by seed: {', '.join(name.split()[-1] for name in self.names)}."

    def of(self, metric: str, arm: str | None = None) -> list[float]:
        """Of an arm; None is the chosen one of the seed."""
        return [result[arm or name][metric] for result, name in zip(self.results, self.names, strict=True)]

    def gain(self, metric: str, arm: str | None = None) -> list[float]:
        """By how much an arm is above plain fine-tuning."""
        return [a - b for a, b in zip(self.of(metric, arm), self.of(metric, "SFT"), strict=True)]

    def ratio(self, metric: str, arm: str | None = None) -> list[float]:
        """An arm over plain fine-tuning."""
        return [a / b for a, b in zip(self.of(metric, arm), self.of(metric, "SFT"), strict=True)]


def _measured(model: Decoupling, test: Table) -> dict[str, float]:
    rows = sentences_of(model.given(test))
    standard = rows.of(model.dominant).targets
    written = _written(model, rows)
    references = {name: rows.of(name).targets for name in rows.names}
    others = [name for name in rows.names if name != model.dominant]
    audits = model.audit(test)
    return {
        "dialects": float(np.mean([chrf(written[name], references[name]) for name in others])),
        "standard": chrf(written[model.dominant], standard),
        "leak": float(np.mean([leak_rate(written[name], references[name], standard) for name in others])),
        "energy": float(np.mean([np.mean(list(audit.energy.values())) for audit in audits])),
        "bits": float(np.mean([audit.dominant_bits or 0.0 for audit in audits])),
    }


def _others(model: Decoupling, held: Table) -> float:
    """Mean chrF++ of all varieties but the dominant one."""
    rows = sentences_of(model.given(held))
    rows = rows.take([k for k, name in enumerate(rows.varieties) if name != model.dominant])
    written = _written(model, rows)
    return float(np.mean([chrf(texts, rows.of(name).targets) for name, texts in written.items()]))


def _written(model: Decoupling, rows: Sentences) -> dict[str, list[str]]:
    """What the model writes for the rows of each variety."""
    found = {}
    for name in rows.names:
        asked = {"source": rows.of(name).sources, "variety": [name] * len(rows.of(name))}
        found[name] = model.predict(asked).known.texts("target")
    return found
