"""Questions whether a causal statement follows from correlations: every closed system of a few variables, in words.

    class even among the Markov equivalence classes on `least` to `most` variables, up to a renaming               (1)
    pair even among the pairs of its variables, hypothesis even among six                                          (2)
    relation: the hypothesis holds in every graph of the class, in some, in none; label: whether in every          (3)

The text states all that the class says (see `correlation_text`) and then asks about the pair. What the variables are
called, and which of two wordings a hypothesis has, are causes of the text and not of the label: do(names=reversed) or
do(phrasing=paraphrased) ask the same question otherwise, and an answer that changes was not read off the statements.

In the published files A, B, C, ... are in a causal order of one graph of the class (`ordered`), so that the letters of
a hypothesis say much of its answer; here they are dealt to the variables of each class at random.

Source:
    Jin et al., Can large language models infer causation from correlation?, ICLR 2024: hypotheses, wording, and both
    perturbations. Their file of 6 variables has 2,207 classes for 2,201, and 3.4 % of its labels are not those of (3).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.graph.pair_relations import READINGS, Reading
from aitia.text.questions import Question
from aitia.worlds.correlation_bank import ENTAILED, HYPOTHESES, check_size, systems
from aitia.worlds.correlation_text import Hypothesis, Premise, hypothesis_text
from aitia.worlds.sample import Latent, Sample, stream
from aitia.worlds.texts import WORDING, Wording, code_of
from aitia.worlds.world import Seen, World

__all__ = ["ANSWERS", "ASKED", "Corr2CauseWorld", "Names"]

Values = NDArray[np.float64]
Names = Literal["letters", "ordered", "permuted", "reversed", "words"]
NAMES: tuple[Names, ...] = get_args(Names)
"""A, B, C, ... dealt once for each class; in a causal order of one of its graphs, as published; dealt anew in each
question; Z, Y, X, ... in the place of A, B, C, ...; or coined words."""
PHRASINGS = ("published", "paraphrased")
ANSWERS = ("No", "Yes")
ASKED = "Can we deduce the following: {}?"
WORDS = (
    "blicket", "dax", "fep", "gorp", "kiki", "lorp", "mip", "nuzz", "pell", "quon", "rilk", "sarn", "tove", "ulm",
    "vint", "wug", "yarp", "zorn",
)  # fmt: skip


class Corr2CauseWorld(World):
    """Correlations, and whether a causal statement follows; see the module.

    `render` gives premise and hypothesis as one text; `rows` has them apart, with options, label and class.

    Args:
        least: Variables of the smallest systems.
        most: Of the largest, up to 6; 7 where `large` is said.
        names: What variables are called.
        paraphrased: Whether hypotheses have the other wording.
        reading: What a common cause and a common effect are; see `aitia.graph.pair_relations`.
        large: Whether so many are meant.
        seed: Of the letters of each class.

    Raises:
        OptionError: If an argument is out of range.

    Example:
        >>> world = Corr2CauseWorld(least=3, most=3)
        >>> fact = world.sample(1, seed=3)
        >>> world.groups(fact)[0], world.parts(fact)[1][0]
        ('3-001', 'B causes something else which causes C.')
        >>> world.parts(fact)[0][0][-55:]
        'B is independent of C. B and C are independent given A.'
        >>> other = world.counterfactual(fact, "do(names=reversed, phrasing=paraphrased)")
        >>> world.parts(other)[1][0], bool(other["label"] == fact["label"])
        ('Y influences X through some mediator(s).', True)
    """

    name: ClassVar[str] = "corr2cause"
    seen: ClassVar[Seen] = "text"
    graph = Graph("class -> pair; class -> relation <- pair; hypothesis -> relation -> label; names; phrasing; wording")
    noise_laws: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("class", "pair", "hypothesis", "relation", "label", "names", "phrasing", WORDING), "even in [0, 1)"
    )

    def __init__(
        self,
        least: int = 2,
        most: int = 5,
        names: Names = "letters",
        paraphrased: bool = False,
        reading: Reading = "path",
        large: bool = False,
        seed: int = 0,
    ) -> None:
        check_size(least, most, large)
        for name, value, known in (("names", names, NAMES), ("reading", reading, READINGS)):
            if value not in known:
                raise OptionError(f"{name} is one of {', '.join(known)}, got {value!r}")
        self.least, self.most, self.called, self.paraphrased = least, most, names, bool(paraphrased)
        self.reading: Reading = reading
        self._systems = [systems(n, reading) for n in range(least, most + 1)]
        self._first = np.cumsum([0, *map(len, self._systems)])
        self._dealt = [
            np.argsort(np.random.default_rng([seed, those.variables]).random((len(those), those.variables)), axis=1)
            for those in self._systems
        ]

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Class and pair by their numbers; the hypothesis, what follows of it, the label; names, phrasing, wording."""
        labelled = {
            "hypothesis": HYPOTHESES, "relation": ENTAILED, "label": ANSWERS, "names": NAMES, "phrasing": PHRASINGS,
        }  # fmt: skip
        pairs = self.most * (self.most - 1) / 2
        return (
            Latent("class", 0.0, float(max(self._first[-1] - 1, 1)), visible=False),
            Latent("pair", 0.0, max(pairs - 1, 1.0), visible=False),
            *(Latent(n, 0.0, len(v) - 1.0, kind="categorical", labels=v) for n, v in labelled.items()),
            Latent(WORDING, 0.0, 1.0, visible=False),
        )

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1)."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) to (3)."""
        if name == "class":
            return np.asarray(np.floor(noise * self._first[-1]))
        if name == "pair":
            sizes = self._placed(parents["class"])[0]
            return np.asarray(np.floor(noise * (sizes * (sizes - 1) // 2)))
        if name == "hypothesis":
            return code_of(noise, np.full(len(HYPOTHESES), 1 / len(HYPOTHESES)))
        if name == "relation":
            return self._relation(parents["class"], parents["pair"], parents["hypothesis"])
        if name == "label":
            return np.asarray(parents["relation"] == ENTAILED.index("entailment"), dtype=np.float64)
        if name in ("names", "phrasing"):
            code = NAMES.index(self.called) if name == "names" else int(self.paraphrased)
            return np.full(len(noise), float(code))
        return noise

    def every(self, seed: int = 0) -> Sample:
        """Each question once: every class, pair and hypothesis, in this order.

        Args:
            seed: Of the wording.
        """
        noise: dict[str, list[Values]] = {"class": [], "pair": [], "hypothesis": []}
        for first, those in zip(self._first[:-1], self._systems, strict=True):
            pairs, kinds = len(those.pairs), len(HYPOTHESES)
            grid = np.indices((len(those), pairs, kinds)).reshape(3, -1) + 0.5
            noise["class"].append((first + grid[0]) / self._first[-1])
            noise["pair"].append(grid[1] / pairs)
            noise["hypothesis"].append(grid[2] / kinds)
        drawn = {name: np.concatenate(parts) for name, parts in noise.items()}
        n = len(drawn["class"])
        drawn |= {name: stream(seed, name).random(n) for name in self.names if name not in drawn}
        return self._solve({name: drawn[name] for name in self.names}, np.zeros(n, dtype=np.int64), {})

    # -- what is seen --------------------------------------------------------------------------------------------------

    def asked(self, sample: Sample) -> list[tuple[Premise, Hypothesis]]:
        """What is stated and what is asked in each row."""
        found = []
        sizes, numbers, pairs, kinds = self._codes(sample)
        wording = Wording(sample[WORDING])
        turned = wording.chance("turned", 0.5)
        order = wording.order("order", self.most)
        words = wording.order("words", len(WORDS))
        for row, called in enumerate(sample["names"].astype(np.int64)):
            n = int(sizes[row])
            those = self._systems[n - self.least]
            dealt = {"ordered": np.arange(n), "permuted": order[row][order[row] < n]}
            places = tuple(dealt.get(NAMES[called], self._dealt[n - self.least][numbers[row]]).tolist())
            names = _names(NAMES[called], n, tuple(words[row, :n].tolist()) if NAMES[called] == "words" else ())
            stated = _premise(n, self.reading, int(numbers[row]), names, places)
            found.append((stated, those.hypothesis(int(pairs[row]), int(kinds[row]), names, places, bool(turned[row]))))
        return found

    def parts(self, sample: Sample) -> tuple[list[str], list[str]]:
        """The premise and the hypothesis of each row in words."""
        asked = self.asked(sample)
        forms = Wording(sample[WORDING]).pick("form", 2)
        other = sample["phrasing"] == 1
        told = [
            hypothesis_text(one, paraphrased=bool(otherwise), form=int(form))
            for (_, one), otherwise, form in zip(asked, other, forms, strict=True)
        ]
        return [_written(premise) for premise, _ in asked], told

    def groups(self, sample: Sample) -> list[str]:
        """The class of each row, such as `5-017`: questions of a class stand or fall together."""
        sizes, numbers, _, _ = self._codes(sample)
        return [f"{n}-{k:03d}" for n, k in zip(sizes.tolist(), numbers.tolist(), strict=True)]

    def rows(self, sample: Sample, size: int = 64) -> Data:
        """Premise, question, options and label, what is visible of the sample, and the class as `group`."""
        premises, hypotheses = self.parts(sample)
        codes = {name: sample[name].astype(np.int64) for name in self.visible}
        labels = {latent.name: latent.labels for latent in self.latents if latent.visible}
        columns: dict[str, Any] = {
            "premise": premises,
            "question": [ASKED.format(text.rstrip(".")) for text in hypotheses],
            "options": [list(ANSWERS[::-1])] * len(sample),
            "group": self.groups(sample),
            **{name: [labels[name][k] for k in codes[name]] for name in self.visible},
        }
        kinds = {"premise": "text", "question": "text", "options": "list", "group": "label"}
        return Table.of(columns, kinds=kinds | dict.fromkeys(self.visible, "label"))

    def questions(self, sample: Sample) -> list[Question]:
        """The rows as records that other programs read, with what the label was derived by."""
        premises, hypotheses = self.parts(sample)
        labels, groups = sample["label"].astype(np.int64), self.groups(sample)
        return [
            Question(
                premise,
                ASKED.format(text.rstrip(".")),
                ANSWERS[::-1],
                label=ANSWERS[label],
                id=str(row),
                group=group,
                derived=f"whether it holds in every graph of the class, common causes read as {self.reading}",
                world=self.name,
            )
            for row, (premise, text, label, group) in enumerate(zip(premises, hypotheses, labels, groups, strict=True))
        ]

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """Premise and hypothesis as the published files have them, (n,) of str.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the text: leave out view={view!r}")
        texts = np.empty(len(sample), dtype=object)
        texts[:] = [f"Premise: {a}\nHypothesis: {b}" for a, b in zip(*self.parts(sample), strict=True)]
        return texts

    # -- their parts ---------------------------------------------------------------------------------------------------

    def _placed(self, classes: Values) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Variables of each class, and its number among those of its size."""
        number = np.clip(np.floor(classes), 0, self._first[-1] - 1).astype(np.int64)
        place = np.searchsorted(self._first, number, side="right") - 1
        return place + self.least, number - self._first[place]

    def _codes(self, sample: Sample) -> tuple[NDArray[np.int64], ...]:
        """Variables, number of the class among those of its size, pair and hypothesis of each row."""
        sizes, numbers = self._placed(sample["class"])
        return sizes, numbers, _pairs(sample["pair"], sizes), sample["hypothesis"].astype(np.int64)

    def _relation(self, classes: Values, pair: Values, kind: Values) -> Values:
        sizes, numbers = self._placed(classes)
        pairs, kinds = _pairs(pair, sizes), kind.astype(np.int64)
        found = np.zeros(len(classes))
        for those in self._systems:
            rows = np.flatnonzero(sizes == those.variables)
            found[rows] = those.relations[numbers[rows], pairs[rows], kinds[rows]]
        return found


def _pairs(pair: Values, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of pairs that systems of these sizes have."""
    return np.clip(np.floor(pair), 0, sizes * (sizes - 1) // 2 - 1).astype(np.int64)


@lru_cache(maxsize=64)
def _names(called: Names, n: int, words: tuple[int, ...]) -> tuple[str, ...]:
    if called == "words":
        return tuple(WORDS[k] for k in words)
    return tuple(chr(90 - k) if called == "reversed" else chr(65 + k) for k in range(n))


@lru_cache(maxsize=4096)
def _premise(n: int, reading: Reading, number: int, names: tuple[str, ...], places: tuple[int, ...]) -> Premise:
    return systems(n, reading).premise(number, names, places)


@lru_cache(maxsize=4096)
def _written(premise: Premise) -> str:
    return str(premise)
