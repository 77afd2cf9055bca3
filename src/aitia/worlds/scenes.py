"""Documents that each state a little world of their own, and then say some of it again in other words.

    three persons of 24;  city and job of each, even and independent of all else;  circle: who serves whom           (1)

A document states city, job and chief of each person in random order and wording, and then restates: a fact from its
other end ("in rome lives ann"), or over two steps ("the chief of ann lives in rome"). Nothing can be known by heart:
whoever says a restatement right has read the document.

`questions` asks the same in eight families: what a person has (get), who has it (inverse), what the chief has
(two-hop), and whether a statement is right (entailment), each of cities and of jobs.

do(city_2=rome) writes the very document in which the second person lives in Rome.

Source:
    Wang et al., What language model architecture and pretraining objective work best for zero-shot generalization?,
    ICML 2022, for families of prompted tasks of which some are held out; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import OptionError, join_names
from aitia.graph.graph import Graph
from aitia.worlds.facts import CITIES, JOBS
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, TextWorld, Wording, code_of

__all__ = ["FAMILIES", "ScenesWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

PERSONS = 3
NAMES = (
    ("ann", "bob", "cleo", "dan", "eva", "fay", "gus", "hal"),
    ("ian", "joy", "kim", "leo", "mia", "ned", "ora", "pam"),
    ("quin", "ray", "sue", "tom", "una", "vic", "wes", "zoe"),
)
CIRCLES = ("up", "down")
FAMILIES = tuple(f"{kind}-{of}" for kind in ("get", "inverse", "two-hop", "entailment") for of in ("city", "job"))
"""Of questions."""
STATED = {
    "city": ("{} lives in {}", "{} stays in {}", "{} is from {}"),
    "job": ("{} is a {}", "{} works as {}", "{} became a {}"),
    "chief": ("{} serves {}", "{} helps {}", "{} obeys {}"),
}
INVERSE = {"city": "in {} lives {}", "job": "the {} is {}"}
TWO_STEPS = {"city": "the chief of {} lives in {}", "job": "the chief of {} is a {}"}
ASKED = {
    "get-city": "where does {} live ?", "get-job": "what is the job of {} ?",
    "inverse-city": "who lives in {} ?", "inverse-job": "who is the {} ?",
    "two-hop-city": "where does the chief of {} live ?", "two-hop-job": "what is the job of the chief of {} ?",
    "entailment-city": "is it true that {} lives in {} ?", "entailment-job": "is it true that {} is a {} ?",
}  # fmt: skip


@dataclass(frozen=True)
class _Scene:
    """One document's world: names, what each has, and the number of each one's chief."""

    names: tuple[str, ...]
    has: Mapping[str, tuple[str, ...]]
    chief: tuple[int, ...]


class ScenesWorld(TextWorld):
    """Documents of a little world each; see the module.

    Args:
        restated: How many statements are said again in other words.

    Raises:
        OptionError: If it is below zero.

    Example:
        >>> world = ScenesWorld(restated=1)
        >>> fact = world.sample(1, seed=1)
        >>> other = world.counterfactual(fact, "do(city_3=rome)")
        >>> before, after = world.render(fact)[0].split(" . "), world.render(other)[0].split(" . ")
        >>> [(a, b) for a, b in zip(before, after) if a != b]
        [('quin is from quito', 'quin is from rome'), ('in quito lives quin .', 'in rome lives quin .')]
    """

    name: ClassVar[str] = "scenes"

    def __init__(self, restated: int = 2) -> None:
        if restated < 0:
            raise OptionError(f"restated is from 0 on, got {restated}")
        self.restated = restated

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """Who the three are, what each has, and which way round they serve each other."""
        found = []
        for k in range(1, PERSONS + 1):
            for name, labels in ((f"person_{k}", NAMES[k - 1]), (f"city_{k}", CITIES), (f"job_{k}", JOBS)):
                found.append(Latent(name, 0.0, len(labels) - 1.0, kind="categorical", labels=labels))
        return (*found, Latent("circle", 0.0, 1.0, kind="categorical", labels=CIRCLES))

    @cached_property
    def graph(self) -> Graph:
        """No arrow: everything is drawn by itself."""
        return Graph("; ".join(self.names), self.names)

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1)."""
        count = len(self.latent(name).labels)
        return code_of(noise, np.full(count, 1 / count))

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """All statements in their order, then the restatements."""
        stated = self._stated(concepts, wording)
        return [" ".join((*parts, *more)) for parts, more in zip(stated, self._again(concepts, wording), strict=True)]

    def questions(self, sample: Sample, family: str) -> Table:
        """A question about each document: columns `prompt`, `options`, `answer`, `family` and `row`.

        The prompt is the document without what it restates, and the question. Documents in which the question has two
        answers, or one option, are left out; `row` says which are there.

        Args:
            sample: Of this world.
            family: One of `FAMILIES`.

        Raises:
            OptionError: If there is no such family.
        """
        if family not in FAMILIES:
            raise OptionError(f"a family is {join_names(FAMILIES, 10)}, got {family!r}")
        concepts = {latent.name: sample[latent.name].astype(np.int64) for latent in self.concepts}
        wording = Wording(sample[WORDING])
        turn, right = wording.pick("asked", PERSONS), wording.chance("right", 0.5)
        held: dict[str, list[object]] = {"prompt": [], "options": [], "answer": [], "row": []}
        stated = self._stated(concepts, wording)
        for row, scene in enumerate(self._scenes(concepts)):
            asked = _question(scene, family, int(turn[row]), bool(right[row]))
            if asked is None:
                continue
            text, options, answer = asked
            for name, value in zip(held, (" ".join((*stated[row], text)), options, answer, row), strict=True):
                held[name].append(value)
        return Table.of(
            {**held, "family": [family] * len(held["row"])},
            kinds={"prompt": "text", "options": "list", "answer": "text", "row": "number", "family": "label"},
        )

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a document or a question may hold, sorted."""
        said = (
            *(text for of in STATED.values() for text in of),
            *INVERSE.values(),
            *TWO_STEPS.values(),
            *ASKED.values(),
        )
        names = {name for of in NAMES for name in of}
        return tuple(sorted(({*" ".join(said).split()} - {"{}"}) | names | {".", "yes", "no", *CITIES, *JOBS}))

    def _scenes(self, concepts: Mapping[str, Codes | Values]) -> list[_Scene]:
        codes = {name: np.asarray(values, dtype=np.int64) for name, values in concepts.items()}
        found = []
        for row in range(len(codes["circle"])):
            persons = range(PERSONS)
            found.append(
                _Scene(
                    tuple(NAMES[k][codes[f"person_{k + 1}"][row]] for k in persons),
                    {
                        "city": tuple(CITIES[codes[f"city_{k + 1}"][row]] for k in persons),
                        "job": tuple(JOBS[codes[f"job_{k + 1}"][row]] for k in persons),
                    },
                    tuple((k + (2 if codes["circle"][row] else 1)) % PERSONS for k in persons),
                )
            )
        return found

    def _stated(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> list[list[str]]:
        """For each row its nine statements in their order."""
        which = {
            (what, k): wording.pick(f"{what} {k}", texts) for what, texts in STATED.items() for k in range(PERSONS)
        }
        order = wording.order("statements", len(which))
        found = []
        for row, scene in enumerate(self._scenes(concepts)):
            said = []
            for (what, k), pick in which.items():
                value = scene.names[scene.chief[k]] if what == "chief" else scene.has[what][k]
                said.append(f"{STATED[what][pick[row]].format(scene.names[k], value)} .")
            found.append([said[place] for place in order[row]])
        return found

    def _again(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> list[list[str]]:
        """For each row its restatements: of each, what kind, of what, and of whom."""
        drawn = [
            (wording.chance(f"two steps {j}", 0.5), wording.pick(f"of {j}", 2), wording.pick(f"whom {j}", PERSONS))
            for j in range(self.restated)
        ]
        found = []
        for row, scene in enumerate(self._scenes(concepts)):
            said = []
            for two, of, whom in drawn:
                what, k = ("city", "job")[of[row]], int(whom[row])
                if two[row]:
                    said.append(f"{TWO_STEPS[what].format(scene.names[k], scene.has[what][scene.chief[k]])} .")
                else:
                    said.append(f"{INVERSE[what].format(scene.has[what][k], scene.names[k])} .")
            found.append(said)
        return found


def _question(scene: _Scene, family: str, turn: int, right: bool) -> tuple[str, list[str], str] | None:
    """A question, its options and its answer; None where there is no single one."""
    kind, _, what = family.rpartition("-")
    values = scene.has[what]
    options = list(dict.fromkeys(values))
    if kind == "inverse":
        alone = [k for k in range(PERSONS) if values.count(values[(k + turn) % PERSONS]) == 1]
        if not alone:
            return None
        who = (alone[0] + turn) % PERSONS
        return ASKED[family].format(values[who]), list(scene.names), scene.names[who]
    if len(options) < 2:
        return None
    if kind == "entailment":
        others = [value for value in options if value != values[turn]]
        said = values[turn] if right else others[turn % len(others)]
        return ASKED[family].format(scene.names[turn], said), ["yes", "no"], "yes" if right else "no"
    answer = values[scene.chief[turn]] if kind == "two-hop" else values[turn]
    return ASKED[family].format(scene.names[turn]), options, answer
