"""One split of prompts for the claim: settings drawn once, and every arm read off the same pictures.

Prompts are drawn with each setting and the same noises; the first noises choose, the others score. Some groups of
prompts are held out of what is learnt. Each of two readers chooses once, and the other scores what it chose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.nn.pipelines import ImagePipeline
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import Prompted, Strengths
from aitia.systems.lina.evaluators import Evaluator
from aitia.systems.lina.marks import Marks, Wants
from aitia.systems.lina.policy import learn_policy, pooled, shrunk
from aitia.systems.lina.search import first_settings, marked, more_settings

__all__ = [
    "BEST_OF",
    "DEFAULT",
    "NONE",
    "ORACLE",
    "OTHERS",
    "SEARCH",
    "SINGLE",
    "Drawn",
    "arms",
    "draw_all",
    "mean_of_both",
]

Shares = NDArray[np.float64]
SINGLE, DEFAULT, NONE, OTHERS, SEARCH, ORACLE, BEST_OF = (
    "the best setting for all",
    "guidance 3",
    "no guidance",
    "settings of other prompts",
    "searched on the prompt itself",
    "the best of each prompt, seen afterwards",
    "the best of as many pictures, by the evaluator",
)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What two readers say of all prompts under all settings, where one of them chooses and the other scores.

    Args:
        chooser: The reader that chooses.
        judge: The reader that scores.
        settings: That were drawn.
        chosen: By setting, what the chooser says.
        judged: By setting, what the judge says.
        wants: Of the prompts.
        h: (n, width) pooled embeddings.
        groups: (n,).
        choosing: Noises that choose; the others score.
    """

    chooser: Evaluator
    judge: Evaluator
    settings: list[Strengths]
    chosen: list[Marks]
    judged: list[Marks]
    wants: Wants
    h: Shares
    groups: NDArray[np.str_]
    choosing: int

    def likely(self, wants: Wants) -> Shares:
        """(n, settings, choosing) what the chooser finds probable."""
        return np.stack([one.samples(slice(self.choosing)).likely(wants) for one in self.chosen], axis=1)

    def shown(self) -> Shares:
        """(n, settings) share of the scoring pictures in which the judge sees all that is wanted."""
        later = slice(self.choosing, None)
        return np.stack([one.samples(later).joint(self.wants).mean(1) for one in self.judged], axis=1)


def draw_all(
    pipeline: ImagePipeline, readers: tuple[Evaluator, Evaluator], prompted: Prompted, wants: Wants,
    groups: Sequence[str], config: LinaConfig, choosing: int, contrasted: bool,
) -> tuple[Drawn, Drawn]:  # fmt: skip
    """Guidance first, then all else beside the best of it by the chooser's pictures that choose.

    Returns:
        The first reader as the chooser, then the second. No picture is drawn twice: where both find the same guidance
        best, they share all.
    """
    noise = pipeline.noise(len(prompted) * config.samples, config.seed)
    read: dict[Strengths, list[Marks]] = {}

    def tried(some: Sequence[Strengths], reader: int) -> list[Marks]:
        for one in some:
            if one not in read:
                read[one] = marked(pipeline, prompted, wants, readers, noise, one, config)
        return [read[one][reader] for one in some]

    found = []
    for chooser, judge in ((0, 1), (1, 0)):
        settings = first_settings(config)
        said = [one.samples(slice(choosing)).likely(wants).mean() for one in tried(settings, chooser)]
        settings += more_settings(config, settings[int(np.argmax(said))], contrasted)
        found.append(
            Drawn(readers[chooser], readers[judge], settings, tried(settings, chooser), tried(settings, judge), wants,
                  pooled(prompted.said), np.asarray(groups), choosing)
        )  # fmt: skip
    return found[0], found[1]


def mean_of_both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The mean over both assignments of the readers, number by number and list by list.

    It stays the same to the last bit where the readers are exchanged.
    """
    return {name: ((np.asarray(value) + np.asarray(second[name])) / 2).tolist() for name, value in first.items()}


def arms(drawn: Drawn, held: NDArray[np.bool_], seed: int, wants: Wants | None = None) -> Mapping[str, float]:
    """Shares of pictures that show all that is wanted, by the judge.

    Args:
        drawn: All pictures, and who chooses.
        held: (n,) the prompts that nothing is learnt of.
        seed: Of the folds.
        wants: By which is chosen; None takes the true ones.
    """
    likely, shown = drawn.likely(wants or drawn.wants), drawn.shown()
    policy = learn_policy(drawn.h[~held], likely[~held].mean(2), drawn.groups[~held], 16, seed)
    own, _ = shrunk(policy, drawn.h[~held], likely[~held])
    single, rows = policy.single, np.arange(int(held.sum()))
    picked, unseen, seen = policy.choose(drawn.h[held]), shown[held], shown[~held]
    half = len(picked) // 2
    found = {
        "unseen": float(unseen[rows, picked].mean()),
        "seen": float(seen[np.arange(len(seen)), own.argmax(1)].mean()),
        f"unseen, {OTHERS}": float(unseen[rows, np.roll(picked, half)].mean()),
        f"seen, {OTHERS}": float(seen[np.arange(len(seen)), np.roll(own.argmax(1), len(seen) // 2)].mean()),
        f"unseen, {SEARCH}": float(unseen[rows, likely[held].mean(2).argmax(1)].mean()),
        f"unseen, {BEST_OF}": _best_of(drawn, held, single),
    }
    plain = {SINGLE: single, NONE: 0, DEFAULT: drawn.settings.index(next(s for s in drawn.settings if s.guidance == 3))}
    for part, table in (("unseen", unseen), ("seen", seen)):
        found |= {f"{part}, {arm}": float(table[:, k].mean()) for arm, k in plain.items()}
        found[f"{part}, {ORACLE}"] = float(table.max(1).mean())
    for k, one in enumerate(drawn.settings):
        kinds = {"push": one.push, "contrast": one.contrast, f"spacing {one.spacing:g}": one.spacing != 1}
        found |= {f"unseen, {name} alone": float(unseen[:, k].mean()) for name, there in kinds.items() if there}
    found["different"] = float(len(set(picked.tolist())))
    return found


def _best_of(drawn: Drawn, held: NDArray[np.bool_], single: int) -> float:
    """Of all noises of a prompt, that whose picture the chooser likes most; scored by the judge."""
    rows = np.flatnonzero(held)
    wants = drawn.wants.take(rows)
    likes = drawn.chosen[single].take(rows).likely(wants)
    joint = drawn.judged[single].take(rows).joint(wants)
    return float(joint[np.arange(len(joint)), likes.argmax(1)].mean())
