"""What a fit finds: probes and directions, beside what would be found without the model, and without concepts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.nn.language import LanguageModel
from aitia.systems.next_token_concepts.config import NextTokenConceptsConfig
from aitia.systems.next_token_concepts.dictionary import DictionaryScores
from aitia.systems.next_token_concepts.reading import Examples, halves_of
from aitia.systems.next_token_concepts.readout import (
    Readout,
    accuracy_of,
    agreement,
    read_out,
    scaled,
    shuffled_sides,
)
from aitia.systems.next_token_concepts.states import States, bag_of_words, random_network

__all__ = ["BAG", "RANDOM", "Findings", "find_concepts", "other_readers"]

Values = NDArray[np.float64]
RANDOM, BAG = "random network", "bag of words"


@dataclass(frozen=True)
class Findings:
    """What a fit tells, as JSON keeps it.

    Args:
        pairs: Of each concept, or texts of its rarer value.
        accuracy: Of each probe on the half that it was not fitted to.
        baselines: The same of probes of a network with random weights, and of counts of tokens.
        products: W A.
        exchanged: Score of W A with the two halves exchanged.
        shuffled: Scores of W A with sides or labels shuffled.
        usual: Log-odds of the texts without each concept and with it, in the mean.
        dictionaries: Scores of sparse autoencoders against the probes, by what they are.
        notes: In sentences.
    """

    pairs: tuple[int, ...]
    accuracy: tuple[float, ...]
    baselines: Mapping[str, tuple[float, ...]]
    products: tuple[tuple[float, ...], ...]
    exchanged: float
    shuffled: tuple[float, ...]
    usual: tuple[tuple[float, float], ...]
    dictionaries: Mapping[str, DictionaryScores] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The mean of the diagonal of W A less the mean absolute value off it."""
        return agreement(np.array(self.products))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Findings":
        """What `dataclasses.asdict` gave, out of JSON."""
        given = {name: _tuples(value) if isinstance(value, list) else value for name, value in stored.items()}
        given["baselines"] = {name: _tuples(value) for name, value in stored["baselines"].items()}
        given["dictionaries"] = {
            name: DictionaryScores(**{key: _tuples(part) for key, part in scores.items()})
            for name, scores in stored["dictionaries"].items()
        }
        return cls(**given)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def find_concepts(
    examples: Examples, states: Values, others: Mapping[str, Values], config: NextTokenConceptsConfig,
    progress: Progress | None = None,
) -> tuple[Readout, Findings]:  # fmt: skip
    """Probes and directions on states of unit variance, and what they are worth.

    Args:
        examples: Texts and concepts.
        states: (n, width) of unit variance.
        others: What else is read, by name: (n, any width) each.
        config: Options.
        progress: Told how far it is.
    """
    halves = halves_of(examples, config.share, config.seed)
    found = read_out(states, halves, config.ridge)
    said = found.log_odds(states)
    usual = tuple((float(said[c.without, k].mean()), float(said[c.with_it, k].mean())) for k, c in enumerate(halves[1]))
    nulls = []
    for k in range(config.permutations):
        shuffled = shuffled_sides(halves, config.seed * 1000 + k)
        nulls.append(agreement(read_out(states, shuffled, config.ridge).products))
        if progress is not None:
            progress("shuffled concepts", k + 1, config.permutations)
    exchanged = read_out(states, (halves[1], halves[0]), config.ridge)
    baselines = {}
    for name, values in others.items():
        mean, spread = scaled(values)
        z = (values - mean) / spread
        baselines[name] = tuple(accuracy_of(read_out(z, halves, config.ridge), z, halves[1]).tolist())
    return found, Findings(
        tuple(len(c) for c in examples.concepts),
        tuple(accuracy_of(found, states, halves[1]).tolist()),
        baselines,
        tuple(tuple(line) for line in found.products.tolist()),
        agreement(exchanged.products),
        tuple(nulls),
        usual,
    )


def other_readers(language: LanguageModel, reader: States, examples: Examples, seed: int) -> dict[str, Values]:
    """What is read without what the model has learnt: a network with random weights, and counts of tokens."""
    found: dict[str, Values] = {}
    random = random_network(language, seed)
    if random is not None:
        found[RANDOM] = States(random, reader.site, reader.batch_size).of(examples.texts)
    found[BAG], _ = bag_of_words(language, examples.texts)
    return found
