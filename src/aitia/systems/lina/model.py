"""Draws what a picture model is asked for, with strengths of guidance that suit the prompt; its weights stay.

    strengths = (g1, g2, w, a)    of prompt space, latent space, guidance and the spacing of steps, see `drawing`  (1)
    k(h)                          the setting that a prompt gets, learnt on other prompts, see `policy`            (2)

The fit draws each prompt with every setting and the same noise, an evaluator marks how probable it is that all that is
wanted is shown, and a policy is learnt of the marks by the embedding of the prompt. The best setting for all prompts is
found on the way, and is what the policy falls back to. What chooses is not what scores: the referee is another
evaluator. The strengths are options of the drawing and no interventions: `do` sets nothing.

What is changed against the paper: its evaluator is a multimodal language model and ours a reader, a model of the CLIP
kind, or code; formulas of the guidance and of the policy are ours, as the abstract gives none.

Cost: prompts x settings x samples pictures, each of `steps` runs of the denoiser, two with guidance, three in the early
steps with contrast.

Source:
    Yu and Lu, LINA: Learning interventions adaptively for physical alignment and generalization in diffusion models,
    arXiv 2512.13290.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError
from aitia.nn.opening_pictures import open_pipeline
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import to_bytes
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.weights import write_weights
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import made
from aitia.system import Encodes, Explains, Given, Opened, Predicts, Scores, Training
from aitia.systems.lina.card import CARD
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import NAMES, Prompted, Strengths
from aitia.systems.lina.effects import effect_table
from aitia.systems.lina.evaluators import Evaluator, check_labels, open_evaluator
from aitia.systems.lina.fitting import found_of
from aitia.systems.lina.found import Found
from aitia.systems.lina.judge import judged
from aitia.systems.lina.marks import Wants
from aitia.systems.lina.page import blocks
from aitia.systems.lina.policy import pooled
from aitia.systems.lina.prompts import told
from aitia.systems.lina.scene_graph import scene_graph
from aitia.systems.lina.search import by_strengths
from aitia.systems.lina.switching import Decided, decided

__all__ = ["Lina"]

Parts = tuple[ImagePipeline, tuple[Evaluator, Evaluator]]
IMAGE = "image"


class Lina(Opened[Parts], Pretrained, Predicts, Encodes, Explains):
    """Strengths of guidance for prompts; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        found: What was found; None before the fit.

    Example:
        >>> import numpy as np
        >>> from aitia.systems.lina.drawing import spaced
        >>> spaced(200, 4, 1.0), spaced(200, 4, 2.0)
        ([199, 149, 99, 49], [199, 187, 149, 87])
        >>> Lina(guidance=(1.0, 3.0), steps=6).config.steps
        6
    """

    card = CARD
    Config = LinaConfig
    config: LinaConfig
    needed = ("model", "evaluator")
    found: Found | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def work(self, given: Given) -> str:
        """How many pictures are drawn."""
        config = self.config
        most = len(config.guidance) + len(config.push) + len(config.contrast) + len(config.spacing) - 3
        tried = most if config.budget is None else min(most, config.budget)
        return (
            f"{len(given)} prompts are drawn {config.samples} times with {tried} settings at most: "
            f"{len(given) * config.samples * tried} pictures of {config.steps} steps"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        pipeline = open_pipeline(given.subjects["model"])
        judges = _judges(given.subjects)
        wants = Wants.of(given)
        for judge, who in zip(judges, ("evaluator", "referee"), strict=True):
            check_labels(judge, wants.labels, who)
        if judges[0].labels is not None:  # all labels that it could have said instead
            wants = Wants.of(given, {name: judges[0].labels[name] for name in wants.labels})
            check_labels(judges[1], wants.labels, "referee")
        scene_graph(self.config.graph, tuple(wants.labels))
        prompted = told(given, pipeline)
        self._open = (self.subjects, (pipeline, judges))
        self.found = found_of(pipeline, judges, given, prompted, wants, self.config)

    @property
    def training(self) -> Training:
        """What was chosen, and what to keep in mind."""
        return Training(notes=self._found.notes, warnings=self._found.warnings)

    # -- what it was fitted on -----------------------------------------------------------------------------------------

    @property
    def _found(self) -> Found:
        return cast(Found, fitted(self.found, self))

    @property
    def pipeline(self) -> ImagePipeline:
        """The pipeline that draws.

        Raises:
            OptionError: If a loaded system has none yet.
        """
        return self._opened_on[0]

    @property
    def judges(self) -> tuple[Evaluator, Evaluator]:
        """The evaluator that chooses, and the one that scores."""
        return self._opened_on[1]

    def _opening(self, subjects: Mapping[str, Any]) -> Parts:
        return open_pipeline(subjects["model"]), _judges(subjects)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def strengths(self, given: Given) -> list[Strengths]:
        """What the policy chooses for each row; a row that names nothing to guide away from has no contrast."""
        return self._found.chosen(pooled(told(given, self.pipeline).said), given.texts("prompt"))

    def pictures(self, prompted: Prompted, strengths: Sequence[Strengths], draws: int = 1, seed: int = 0) -> Tensor:
        """(n * draws, 3, height, width) of -1 to 1, the draws of a row one after the other.

        Args:
            prompted: n rows, as of `prompts.told`.
            strengths: One a row.
            draws: Pictures of each.
            seed: Of the noise.
        """
        rows = np.repeat(np.arange(len(prompted)), draws)
        noise = self.pipeline.noise(len(rows), seed)
        each = [strengths[int(row)] for row in rows]
        return by_strengths(self.pipeline, prompted.take(rows.tolist()), noise, each, self.config)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The picture of each prompt, and the strengths that it was drawn with; a picture that is given stays."""
        prompted = told(given, self.pipeline)
        chosen = self._found.chosen(pooled(prompted.said), given.texts("prompt"))
        drawn = to_bytes(self.pictures(prompted, chosen, draws, seed))
        rows = np.repeat(np.arange(len(given)), draws)
        name = given.column("image") or IMAGE
        if name in given.table:
            for row in np.flatnonzero(~np.asarray(given.table.absent(name))):
                kept = given.take([int(row)]).pictures("image", drawn.shape[1])
                drawn[row * draws : (row + 1) * draws] = kept
        columns: dict[str, Any] = {name: drawn, **_columns([chosen[row] for row in rows])}
        kinds: dict[str, Any] = {name: Kind.PICTURE, **dict.fromkeys(NAMES, Kind.NUMBER)}
        return given.data.take(rows).with_known(columns, kinds)

    def _encode(self, given: Given) -> Table:
        """What the policy chooses: guidance, push, contrast and spacing of each row."""
        return Table.of(_columns(self.strengths(given)))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Of each setting that was tried, beside the best for all, on what the referee reads.

        Further column: `before`, the share right with the best for all. The control is the same change of what another
        prompt wants.
        """
        settings = self._found.settings
        names = [str(one) for one in settings]
        if target is not None and target not in names:
            raise OptionError(f"effects are of the settings that were tried, got {target!r}; there are: {names}")
        asked = [one for one in settings if one != self._found.single and target in (None, str(one))]
        wants = Wants.of(given, self._found.labels)
        if outcome is not None and outcome not in wants.labels:
            raise OptionError(f"{outcome!r} is no wanted column; there are: {', '.join(wants.labels)}")
        if not asked:
            raise OptionError(f"one setting was tried, {self._found.single}: give more (guidance=1,3) to compare")
        return effect_table(self, told(given, self.pipeline), wants, asked, outcome)

    def decided(self, one: Any, other: Any, **roles: Any) -> Decided:
        """How late a picture can still become another: see `switching`.

        Args:
            one: Rows whose prompts are told in the first steps.
            other: As many rows, whose prompts are told from then on.
            roles: As in `fit`.
        """
        first, second = self.given(one, **roles), self.given(other, **roles)
        if len(first) != len(second):
            raise DataError(f"prompts are exchanged row by row, and there are {len(first)} and {len(second)}")
        both = [(told(rows, self.pipeline), Wants.of(rows, self._found.labels)) for rows in (first, second)]
        return decided(self.pipeline, both[0], both[1], self.judges[1], self._found.single, self.config)

    # -- telling and keeping -------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How often all that is wanted is shown on prompts that the fit has not seen, beside one setting for all."""
        if not set(fresh.columns("wanted")) & set(fresh.table.names):
            return {}
        return judged(self, told(fresh, self.pipeline), fresh.texts("prompt"), Wants.of(fresh, self._found.labels))

    def report(self, given: Given) -> Sequence[Block]:
        """What was tried, what each prompt gets, the scene, and pictures of the same noise side by side."""
        return blocks(self, given)

    def export(self, folder: str | Path) -> None:
        """Writes `model.safetensors`: the policy, from pooled embeddings to settings, which its metadata lists."""
        found = self._found
        tensors = {name: getattr(found, name) for name in ("mean", "basis", "weights", "base")}
        told = {"settings": [dict(zip(NAMES, astuple(one), strict=True)) for one in found.settings]}
        write_weights(made(Path(folder)) / "model.safetensors", tensors, told)

    def _network(self) -> nn.Module:
        return self._found

    def _options(self) -> dict[str, Any]:
        return {"config": asdict(self.config), "found": self._found.options()}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(LinaConfig(**options["config"]))
        model.found = Found.of_options(options["found"])
        return model


def _columns(strengths: Sequence[Strengths]) -> dict[str, Any]:
    return {name: np.array([getattr(one, name) for one in strengths], dtype=np.float64) for name in NAMES}


def _judges(subjects: Mapping[str, Any]) -> tuple[Evaluator, Evaluator]:
    chooser = open_evaluator(subjects["evaluator"])
    return chooser, open_evaluator(subjects["referee"]) if "referee" in subjects else chooser
