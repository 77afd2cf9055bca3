"""Sentences about persons whose city, job, dish and pupil never change: what a model can only know by heart.

    person, relation even;   city, job, dish = tables of the person;   pupil = a circle of all persons               (1)

A sentence says one relation of one person, in one of several wordings. The tables are drawn once, by `facts`, so that
every sentence about a person agrees with every other, and what is asked of a model later was told to it or was not.
`pupil` is a bijection: everybody has one pupil and is the pupil of one, so that it can be asked in both directions.

do(city=...) writes the sentence of a world in which that person lives elsewhere.

Source:
    Berglund et al., The reversal curse, ICLR 2024, for relations that are asked in the direction in which they were not
    told; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent
from aitia.worlds.texts import TextWorld, Wording, code_of

__all__ = ["FactsWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST = 240
RELATIONS = ("city", "job", "dish", "pupil")
CITIES = ("oslo", "rome", "cairo", "lima", "delhi", "kyoto", "quito", "paris", "lagos", "perth", "turin", "bergen")
JOBS = (
    "baker", "nurse", "pilot", "judge", "tailor", "farmer", "singer", "potter", "smith", "clerk", "guard", "weaver",
)  # fmt: skip
DISHES = ("soup", "rice", "pasta", "bread", "beans", "salad", "stew", "pie", "fish", "curry", "toast", "plums")
VALUES: Mapping[str, tuple[str, ...]] = {"city": CITIES, "job": JOBS, "dish": DISHES}
# What is said last is what can be asked.
SAID: Mapping[str, tuple[str, ...]] = {
    "city": ("{} lives in {}", "the home of {} is {}", "you can visit {} in {}", "{} has a house in {}"),
    "job": ("{} works as a {}", "the job of {} is {}", "people know {} as a {}", "{} earns a living as a {}"),
    "dish": ("{} likes to eat {}", "the favourite dish of {} is {}", "for lunch {} had {}", "{} often cooks {}"),
    "pupil": ("{} teaches {}", "the pupil of {} is {}", "every day {} trains {}", "{} is the master of {}"),
}
BACKWARD = "{} was taught by {}"
"""The other direction of `pupil`, which no sentence of the world says."""
_A = ("al", "be", "ca", "do", "el", "fa", "go", "hu", "in", "ju", "ka", "lo", "mi", "no", "ol", "pe")
_B = ("ra", "ns", "mo", "ti", "vel", "dor", "gan", "pim", "kos", "len", "bur", "fia", "nor", "rix", "zu")
NAMES = tuple(a + b for b in _B for a in _A)


class FactsWorld(TextWorld):
    """Sentences about persons that never change; see the module.

    Args:
        persons: How many there are, 2 to 240.
        facts: Number of the draw of the tables.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = FactsWorld()
        >>> fact = world.sample(1, seed=0)
        >>> print(world.render(fact)[0])
        mira has a house in lagos .
    """

    name: ClassVar[str] = "facts"
    graph = Graph("; ".join([*(f"person -> {name}" for name in RELATIONS), "relation", "wording"]))

    def __init__(self, persons: int = 60, facts: int = 0) -> None:
        if not 2 <= persons <= MOST or facts < 0:
            raise OptionError(f"persons is 2 to {MOST} and facts from 0 on, got {persons} and {facts}")
        self.persons, self.facts = persons, facts
        self.people = NAMES[:persons]

    @cached_property
    def tables(self) -> dict[str, Codes]:
        """(persons,) what each person has of each relation, as a code."""
        random = np.random.default_rng(self.facts)
        # Every value is as common as any other, as far as the number of persons allows.
        drawn = {n: random.permutation(np.arange(self.persons) % len(v)) for n, v in VALUES.items()}
        return {**drawn, "pupil": _circle(random.permutation(self.persons))}

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """Who, what is said of them, and what is true of them."""
        found = [
            Latent("person", 0.0, self.persons - 1.0, kind="categorical", labels=self.people),
            Latent("relation", 0.0, len(RELATIONS) - 1.0, kind="categorical", labels=RELATIONS),
        ]
        for name in RELATIONS:
            labels = self.labels(name)
            found.append(Latent(name, 0.0, len(labels) - 1.0, kind="categorical", labels=labels))
        return tuple(found)

    def labels(self, relation: str) -> tuple[str, ...]:
        """What a relation may be said to be.

        Raises:
            UnknownVariableError: If there is no such relation.
        """
        if relation not in RELATIONS:
            raise unknown_variable(relation, RELATIONS, "world")
        return VALUES.get(relation, self.people)

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1)."""
        if name in ("person", "relation"):
            count = self.persons if name == "person" else len(RELATIONS)
            return code_of(noise, np.full(count, 1 / count))
        return self.tables[name][parents["person"].astype(np.int64)].astype(np.float64)

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """One sentence a row."""
        which = wording.pick("sentence", len(SAID["city"]))
        person, relation = (np.asarray(concepts[k], dtype=np.int64) for k in ("person", "relation"))
        values = {name: np.asarray(concepts[name], dtype=np.int64) for name in RELATIONS}
        found = []
        for row, (who, what, said) in enumerate(zip(person, relation, which, strict=True)):
            name = RELATIONS[what]
            found.append(f"{SAID[name][said].format(self.people[who], self.labels(name)[values[name][row]])} .")
        return found

    def questions(self, relation: str, wording: int = 0, *, backward: bool = False) -> Table:
        """A sentence to be finished for each person: columns `prompt`, `options`, `answer` and `family`.

        Args:
            relation: Which; all that it may be are the options.
            wording: Number of the wording, from 0.
            backward: Whether `pupil` is asked the other way round, as no sentence says it.

        Raises:
            UnknownVariableError: If there is no such relation.
            OptionError: If there is no such wording, or another relation is asked backward.
        """
        labels = self.labels(relation)
        if backward and relation != "pupil":
            raise OptionError(f"only pupil is one to one and can be asked backward, got {relation!r}")
        if not 0 <= wording < len(SAID[relation]):
            raise OptionError(f"wording is 0 to {len(SAID[relation]) - 1}, got {wording}")
        held = self.tables[relation]
        said = BACKWARD if backward else SAID[relation][wording]
        prompts, answers = [], []
        for who, value in enumerate(held):
            first, answer = (labels[value], self.people[who]) if backward else (self.people[who], labels[value])
            prompts.append(said.format(first, "").strip())
            answers.append(answer)
        family = f"{relation} backward" if backward else relation
        columns = {"prompt": prompts, "options": [list(labels)] * len(held), "answer": answers}
        return Table.of(
            {**columns, "family": [family] * len(held)},
            kinds={"prompt": "text", "options": "list", "answer": "text", "family": "label"},
        )

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text or a question may hold, sorted."""
        said = " ".join((*(text for of in SAID.values() for text in of), BACKWARD)).split()
        return tuple(sorted(({*said} - {"{}"}) | {".", *self.people, *CITIES, *JOBS, *DISHES}))


def _circle(order: Codes) -> Codes:
    """(persons,) of whom each is the master, in one circle."""
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.roll(order, -1)
    return found
