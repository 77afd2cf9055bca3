"""Stories of events with a known rule, and what was necessary, sufficient or the cause of what came of them.

    story = rule(structure) and facts(first, second, third; wording),    outcome = structure(first, second, third)
    label = necessary, sufficient, cause or would(structure, facts; the event that is asked about)                 (1)

Structures are small Boolean models: both are needed, each suffices, the first works first (late pre-emption), the
second is a backup (early pre-emption), two of three, and double prevention. Labels are computed by brute force over
do() (`actual_causes`). What the story is about (`surface`) and in what order the facts stand are causes of the text and
not of the label: do(surface=forest) tells the same story of a forest.

Source:
    Kiciman, Ness, Sharma and Tan, Causal reasoning and large language models, TMLR (2024), section 4; the stories are
    ours. Halpern, Actual Causality (2016), for the structures and for what an actual cause is.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.text.questions import Question
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.story_words import ASKED, EVENTS, STRUCTURES, SURFACES, question_of, rule_of
from aitia.worlds.texts import WORDING, Wording, code_of
from aitia.worlds.world import Seen, World

__all__ = ["ANSWERS", "TRIVIAL", "StoriesWorld"]

Values = NDArray[np.float64]
ANSWERS = ("No", "Yes")
TRIVIAL = ("always yes", "the event told last", "what happened together")
"""Answers without reading the rule: yes to everything; of the event that is told last; where event and outcome both
happened, or both did not."""
_STRUCTURES, _SURFACES = tuple(STRUCTURES), tuple(SURFACES)


class StoriesWorld(World):
    """Short stories with questions about causes; see the module.

    Args:
        happens: How probable each event is.
        parts: Whether part of an actual cause counts as a cause: with it each of two fires that suffice is one.

    Raises:
        OptionError: If a probability is out of range.

    Example:
        >>> world = StoriesWorld()
        >>> fact = world.sample(1, seed=5)
        >>> told = {"structure": "late", "first": "yes", "second": "yes", "asked": "cause", "candidate": "second"}
        >>> suzy = world.counterfactual(fact, {**told, "surface": "bottle"})
        >>> print(world.parts(suzy)[0][0])
        The bottle breaks if Suzy throws a stone or Billy throws a stone, and not otherwise. What Suzy does works first: if Suzy throws a stone, what Billy does comes too late and has no effect any more. Suzy threw a stone. Tom threw a stone. Billy threw a stone. The bottle broke.
        >>> world.parts(suzy)[1][0], world.answers(suzy)
        ('Is it an actual cause, or a part of one, of this outcome that Billy threw a stone?', ['No'])
    """  # noqa: E501

    name: ClassVar[str] = "stories"
    seen: ClassVar[Seen] = "text"
    graph = Graph(
        "; ".join(f"{name} -> label" for name in ("structure", *EVENTS, "candidate", "asked")) + "; surface; wording"
    )
    noise_laws: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("structure", "surface", *EVENTS, "candidate", "asked", "label", WORDING), "even in [0, 1)"
    )

    def __init__(self, happens: float = 0.7, parts: bool = True) -> None:
        if not 0 < happens < 1:
            raise OptionError(f"happens is a probability above 0 and below 1, got {happens}")
        self.happens, self.counted = float(happens), bool(parts)

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Structure and surface, the three events, what is asked of which, the label, and the wording."""
        labelled = {
            "structure": _STRUCTURES, "surface": _SURFACES, **dict.fromkeys(EVENTS, ("no", "yes")),
            "candidate": EVENTS, "asked": ASKED, "label": ANSWERS,
        }  # fmt: skip
        return (
            *(Latent(n, 0.0, len(v) - 1.0, kind="categorical", labels=v) for n, v in labelled.items()),
            Latent(WORDING, 0.0, 1.0, visible=False),
        )

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1)."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1)."""
        if name in EVENTS:
            return np.asarray(noise < self.happens, dtype=np.float64)
        if name == "label":
            of = zip(*(parents[each].astype(int).tolist() for each in _ASKED_OF), strict=True)
            return np.array([_label(*row, self.counted) for row in of], dtype=np.float64)
        kinds = self.latent(name).labels
        return code_of(noise, np.full(len(kinds), 1 / len(kinds))) if kinds else noise

    # -- what is seen --------------------------------------------------------------------------------------------------

    def parts(self, sample: Sample) -> tuple[list[str], list[str]]:
        """The story and the question of each row."""
        stories, questions = [], []
        orders = self._order(sample)
        for row in range(len(sample)):
            structure, surface = self._of(sample, row)
            events, so = SURFACES[surface].events(structure), self._so(sample, row)
            outcome, came = SURFACES[surface].outcome, _outcome(structure, tuple(so.values()))
            facts = [events[EVENTS[k]].was(so[EVENTS[k]]) for k in orders[row]]
            told = ". ".join(text[0].upper() + text[1:] for text in (*facts, outcome.was(came)))
            stories.append(f"{rule_of(structure, SURFACES[surface])} {told}.")
            name = EVENTS[int(sample["candidate"][row])]
            asked = ASKED[int(sample["asked"][row])]
            questions.append(question_of(asked, events[name], so[name], outcome, self.counted))
        return stories, questions

    def answers(self, sample: Sample) -> list[str]:
        """`No` or `Yes` of each row."""
        return [ANSWERS[int(code)] for code in sample["label"]]

    def trivial(self, sample: Sample) -> dict[str, list[str]]:
        """What is answered without reading the rule, by the name of the way; see `TRIVIAL`."""
        last = [EVENTS[order[-1]] for order in self._order(sample)]
        found: dict[str, list[str]] = {name: [] for name in TRIVIAL}
        for row in range(len(sample)):
            structure, _ = self._of(sample, row)
            so, name = self._so(sample, row), EVENTS[int(sample["candidate"][row])]
            together = so[name] == _outcome(structure, tuple(so.values()))
            for way, yes in zip(TRIVIAL, (True, last[row] == name, together), strict=True):
                found[way].append(ANSWERS[int(yes)])
        return found

    def rows(self, sample: Sample, size: int = 64) -> Table:
        """Premise, question, options and label, what is visible of the sample, and the story as `group`."""
        stories, questions = self.parts(sample)
        codes = {name: sample[name].astype(np.int64) for name in self.visible}
        columns: dict[str, Any] = {
            "premise": stories,
            "question": questions,
            "options": [list(ANSWERS[::-1])] * len(sample),
            "group": self.groups(sample),
            **{name: [self.latent(name).labels[k] for k in codes[name]] for name in self.visible},
        }
        kinds = {"premise": "text", "question": "text", "options": "list", "group": "label"}
        return Table.of(columns, kinds=kinds | dict.fromkeys(self.visible, "label"))

    def groups(self, sample: Sample) -> list[str]:
        """Structure and facts of each row, such as `late-110`: questions of one stand or fall together."""
        return [
            f"{self._of(sample, row)[0]}-{''.join(str(int(so)) for so in self._so(sample, row).values())}"
            for row in range(len(sample))
        ]

    def questions(self, sample: Sample) -> list[Question]:
        """The rows as records that other programs read, with what the label was derived by."""
        derived = "brute force over do() in the model of the rule; causes by the modified definition of Halpern-Pearl"
        told = zip(*self.parts(sample), self.answers(sample), self.groups(sample), strict=True)
        return [
            Question(
                premise, asked, ANSWERS[::-1], label=label, id=str(row), group=group, derived=derived, world=self.name
            )
            for row, (premise, asked, label, group) in enumerate(told)
        ]

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """Story and question, (n,) of str.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the text: leave out view={view!r}")
        texts = np.empty(len(sample), dtype=object)
        texts[:] = [f"{story} {question}" for story, question in zip(*self.parts(sample), strict=True)]
        return texts

    # -- their parts ---------------------------------------------------------------------------------------------------

    def _of(self, sample: Sample, row: int) -> tuple[str, str]:
        return _STRUCTURES[int(sample["structure"][row])], _SURFACES[int(sample["surface"][row])]

    def _so(self, sample: Sample, row: int) -> dict[str, bool]:
        return {name: bool(sample[name][row]) for name in EVENTS}

    def _order(self, sample: Sample) -> NDArray[np.int64]:
        return Wording(sample[WORDING]).order("facts", len(EVENTS))


_ASKED_OF = ("structure", *EVENTS, "candidate", "asked")


def _outcome(structure: str, so: tuple[bool, ...]) -> bool:
    model = STRUCTURES[structure]
    return model.solve(dict(zip(EVENTS, so, strict=True)))[model.outcome]


@lru_cache(maxsize=4096)
def _label(structure: int, first: int, second: int, third: int, candidate: int, asked: int, parts: bool) -> bool:
    model, name = STRUCTURES[_STRUCTURES[structure]], EVENTS[candidate]
    so = dict(zip(EVENTS, (bool(first), bool(second), bool(third)), strict=True))
    if ASKED[asked] == "necessary":
        return model.necessary(so, name)
    if ASKED[asked] == "sufficient":
        return model.sufficient(so, name)
    if ASKED[asked] == "would":
        return model.solve(so, {name: not so[name]})[model.outcome]
    return model.part_of_a_cause(so, name) if parts else (name,) in model.causes(so)
