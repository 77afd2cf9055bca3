"""The trainings of an arm: each to a budget of tokens, with what it read and what carried loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aitia.engine import Progress
from aitia.errors import OptionError
from aitia.nn.sequences import DrawnExamples, Example, SequenceLoss, SequenceModel
from aitia.systems.lm_objectives.config import LmObjectivesConfig
from aitia.systems.lm_objectives.making import Ids, begin_of, sentinels_of
from aitia.systems.lm_objectives.stages import Stage, most_spans
from aitia.systems.lm_objectives.tasks import Task, answer_example
from aitia.train import TrainConfig, train

__all__ = ["Arm", "Phase", "switched", "taught", "trained"]

POINTS = 20
"""Of the curve of a loss."""


@dataclass(frozen=True)
class Phase:
    """One training of an arm.

    Args:
        name: The stage, or `tasks`.
        steps: Updates.
        processed: Tokens that were read.
        carrying: Positions that carried loss.
        losses: (step, mean loss since the point before).
    """

    name: str
    steps: int
    processed: int
    carrying: int
    losses: tuple[tuple[int, float], ...]

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Phase":
        """What `to_json` gave."""
        return cls(**{**stored, "losses": tuple((int(a), float(b)) for a, b in stored["losses"])})

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Arm:
    """A trained model, by what, and as what it was trained last.

    Args:
        model: Under the visibility of its last stage.
        stage: The last one.
        phases: Its trainings in order.
    """

    model: SequenceModel
    stage: Stage
    phases: tuple[Phase, ...] = ()

    @property
    def processed(self) -> int:
        """Tokens that were read."""
        return sum(phase.processed for phase in self.phases)

    @property
    def carrying(self) -> int:
        """Positions that carried loss."""
        return sum(phase.carrying for phase in self.phases)


def switched(model: SequenceModel, stage: Stage) -> SequenceModel:
    """The same weights under the visibility of a stage: nothing else changes."""
    return SequenceModel(model.model, model.vocabulary, stage.visibility, model.longest)


def drawn_documents(model: SequenceModel, stage: Stage, pieces: Sequence[Ids], size: int, seed: int) -> DrawnExamples:
    """Batches of pieces of documents, as a stage learns from them.

    Raises:
        OptionError: If a piece with its sentinels is longer than the model takes.
    """
    longest = max(map(len, pieces))
    room = 2 * most_spans(longest) if stage.objective == "mlm" else 0
    if longest + room > model.longest:
        raise OptionError(
            f"pieces of {longest} tokens are up to {longest + room} in {stage}, the model takes {model.longest}: say "
            f"--length {model.longest - room}"
        )
    sentinels, begin = sentinels_of(model.vocabulary).tolist(), begin_of(model)

    def example(row: int, random: np.random.Generator) -> Example:
        return stage.example(pieces[row], random, sentinels, begin)

    return DrawnExamples(example, len(pieces), size, model.vocabulary.pad, model.longest, seed)


def trained(
    arm: Arm, pieces: Sequence[Ids], budget: int, config: LmObjectivesConfig, seed: int,
    place: Callable[[str], Path | None], progress: Progress | None,
) -> Arm:  # fmt: skip
    """The arm after a training of its stage on pieces of documents."""
    if not budget:
        return arm
    drawn = drawn_documents(arm.model, arm.stage, pieces, config.batch, seed)
    phase = _phase(arm.model, str(arm.stage), drawn, budget, config, place, progress)
    return Arm(arm.model, arm.stage, (*arm.phases, phase))


def taught(
    arm: Arm, tasks: Sequence[Task], budget: int, config: LmObjectivesConfig, seed: int,
    place: Callable[[str], Path | None], progress: Progress | None,
) -> Arm:  # fmt: skip
    """The arm after a training on prompts, whose answers carry loss."""
    begin = begin_of(arm.model)
    made = [answer_example(arm.model, task, begin) for task in tasks]
    drawn = DrawnExamples(
        lambda row, _: made[row], len(made), config.batch, arm.model.vocabulary.pad, arm.model.longest, seed
    )
    phase = _phase(arm.model, "tasks", drawn, budget, config, place, progress)
    return Arm(arm.model, arm.stage, (*arm.phases, phase))


def _phase(
    model: SequenceModel, name: str, drawn: DrawnExamples, budget: int, config: LmObjectivesConfig,
    place: Callable[[str], Path | None], progress: Progress | None,
) -> Phase:  # fmt: skip
    planned = drawn.planned(budget, carrying=config.budget == "carrying")
    options = TrainConfig(
        steps=planned.steps, learning_rate=config.learning_rate, betas=(0.9, 0.95), weight_decay=0.1, schedule="cosine",
        clip=1.0, seed=config.seed, validate_every=max(planned.steps // POINTS, 1), device=config.device,
    )  # fmt: skip
    history = train(
        SequenceLoss(model), drawn, options, checkpoint=place(name), progress=progress, what=f"training {name}"
    )
    model.model.eval()
    losses = tuple((int(point["step"]), float(point["loss"])) for point in history.losses)
    return Phase(name, planned.steps, planned.processed, planned.carrying, losses)
