"""One split of prompts for the claim: settings drawn once, and every arm read off the same pictures.

Prompts are drawn with each setting and the same noises; the first noises choose, the others score. Some groups of
prompts are held out of what is learnt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.nn.pipelines import ImagePipeline
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import Prompted, Strengths
from aitia.systems.lina.evaluators import Evaluator
from aitia.systems.lina.marks import Marks, Wants
from aitia.systems.lina.policy import learn_policy, pooled, shrunk
from aitia.systems.lina.search import first_settings, marked, more_settings

__all__ = ["BEST_OF", "DEFAULT", "NONE", "ORACLE", "OTHERS", "SEARCH", "SINGLE", "Drawn", "arms", "draw_all"]

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
    """What two readers say of all prompts under all settings.

    Args:
        settings: That were drawn.
        marks: By reader and setting.
        wants: Of the prompts.
        h: (n, width) pooled embeddings.
        groups: (n,).
        choosing: Noises that choose; the others score.
    """

    settings: list[Strengths]
    marks: list[list[Marks]]
    wants: Wants
    h: Shares
    groups: NDArray[np.str_]
    choosing: int

    def likely(self, reader: int, wants: Wants) -> Shares:
        """(n, settings, choosing) what the reader that chooses finds probable."""
        return np.stack([one.samples(slice(self.choosing)).likely(wants) for one in self.marks[reader]], axis=1)

    def shown(self, reader: int) -> Shares:
        """(n, settings) share of the scoring pictures in which the other reader sees all that is wanted."""
        later = slice(self.choosing, None)
        return np.stack([one.samples(later).joint(self.wants).mean(1) for one in self.marks[reader]], axis=1)


def draw_all(
    pipeline: ImagePipeline, readers: Sequence[Evaluator], prompted: Prompted, wants: Wants, groups: Sequence[str],
    config: LinaConfig, choosing: int, contrasted: bool,
) -> Drawn:  # fmt: skip
    """Guidance first, then all else beside the best of it by the first reader's choosing pictures."""
    noise = pipeline.noise(len(prompted) * config.samples, config.seed)

    def tried(some: Sequence[Strengths]) -> list[list[Marks]]:
        return [marked(pipeline, prompted, wants, readers, noise, one, config) for one in some]

    settings = first_settings(config)
    seen = tried(settings)
    best = int(np.argmax([one[0].samples(slice(choosing)).likely(wants).mean() for one in seen]))
    more = more_settings(config, settings[best], contrasted)
    seen += tried(more)
    marks = [[one[reader] for one in seen] for reader in range(len(readers))]
    return Drawn([*settings, *more], marks, wants, pooled(prompted.said), np.asarray(groups), choosing)


def arms(
    drawn: Drawn, held: NDArray[np.bool_], seed: int, chooser: int = 0, wants: Wants | None = None
) -> Mapping[str, float]:
    """Shares of pictures that show all that is wanted, by the other reader.

    Args:
        drawn: All pictures.
        held: (n,) the prompts that nothing is learnt of.
        seed: Of the folds.
        chooser: Which reader chooses; the other scores.
        wants: By which is chosen; None takes the true ones.
    """
    likely, shown = drawn.likely(chooser, wants or drawn.wants), drawn.shown(1 - chooser)
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
        f"unseen, {BEST_OF}": _best_of(drawn, held, chooser, single),
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


def _best_of(drawn: Drawn, held: NDArray[np.bool_], chooser: int, single: int) -> float:
    """Of all noises of a prompt, that whose picture the chooser likes most; scored by the other."""
    wants = drawn.wants.take(np.flatnonzero(held))
    likes = drawn.marks[chooser][single].take(np.flatnonzero(held)).likely(wants)
    joint = drawn.marks[1 - chooser][single].take(np.flatnonzero(held)).joint(wants)
    return float(joint[np.arange(len(joint)), likes.argmax(1)].mean())
