"""Path interventions: which units of a classifier cause a class, layer by layer from its logit down.

With E the units of a layer that are effects, first the logit of class c alone, each unit j that leads into the layer is
cut off from them, do(w[e, j] = u for all e in E), and

    TE_j(x) = y_c(x; do) - y_c(x),      j is a cause if the mean of y_c falls significantly                        (1)

The causes are the effects of the next layer down, until the layer that sees the image. u is 0 (hard), drawn from
[beta, beta + 0.01] (soft), or what a unit hands on is held at its mean (mean), which is neutral where 0 is not.

What is changed against the paper: weights are never written; (1) is computed from the layer's linearity
(`units.paths`) for many units at once, and only the network above is run again. Layers and parents come from the
graph of the forward: the branches of a skip connection are parallel parents, batch norm is folded. Selection is by
differences, not ratios. The paired test, Benjamini-Hochberg, and mean interventions are ours.

Cost: for every layer one forward below it and, for each unit and image, the network above it; memory of `batch_size`
rows.

Source:
    Ahmad, Causal Analysis for Robust Interpretability of Neural Networks, WACV 2024, arXiv 2305.08950.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.subjects import Subject
from aitia.data.table import Kind, Table
from aitia.errors import OptionError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.nn.opening import open_classifier
from aitia.nn.pretrained import Pretrained
from aitia.nn.vision import ImageClassifier
from aitia.nn.weights import write_weights
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import made
from aitia.system import Discovers, Explains, Given, Predicts, Scores, Targets, Training
from aitia.system.base import Asked
from aitia.systems.path_interventions.answers import effects_of_held, effects_of_units
from aitia.systems.path_interventions.card import CARD
from aitia.systems.path_interventions.config import PathInterventionsConfig
from aitia.systems.path_interventions.explained import BETAS, Explained
from aitia.systems.path_interventions.explanation import CausalExplanation, LayerEffects
from aitia.systems.path_interventions.held import check_values, kept_paths, listed
from aitia.systems.path_interventions.judge import judged
from aitia.systems.path_interventions.page import blocks
from aitia.systems.path_interventions.reading import class_number, has_rows, true_classes, wanted_by
from aitia.systems.path_interventions.repairing import Repair, repair
from aitia.systems.path_interventions.units import chunks, logits_of, weight_mask
from aitia.systems.path_interventions.walk import measured_on, walk

__all__ = ["PathInterventions"]

Values = NDArray[np.float64]


class PathInterventions(Pretrained, Predicts, Explains, Discovers):
    """Explains a class of a classifier, which is a subject: it is run, and never written to; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        explanation: What was found; None before the fit.
        classes: Names of the classes; empty where they are numbers.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)).eval()
        >>> rows = {"pixels": torch.rand(40, 16).numpy()}
        >>> found = PathInterventions(test="paired", shape=(1, 4, 4)).fit(rows, model=net)
        >>> found.layer("3").layer, len(found.layer("3").blocks), found.layer("3").parents[1]
        ('3', 4, (('0', 1),))
        >>> found.do("do(graph=absent)").predict(rows).categories("label")
        (0, 1)
    """

    card = CARD
    Config = PathInterventionsConfig
    config: PathInterventionsConfig
    explanation: CausalExplanation | None = None
    classes: tuple[str, ...] = ()
    _open: tuple[Subject, ImageClassifier, Explained] | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants pictures or numbers."""
        if given.rows is None or not has_rows(given):
            raise OptionError("path interventions need rows that the network reads: pictures, or columns of numbers")

    def work(self, given: Given) -> str:
        """How many rows are run."""
        return (
            f"each unit of every layer is set on up to {self.config.images} of {len(given)} rows, and the network "
            "above it is run"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        classifier = open_classifier(given.subjects["model"])
        self.classes = self.config.classes or classifier.labels
        self._open = None
        self.explanation = walk(
            classifier.model,
            cast(Tensor, wanted_by(classifier, given, self.config.shape)),
            true_classes(given, self.classes),
            None if self.config.of_class is None else class_number(self.config.of_class, self.classes),
            self.config,
            references=wanted_by(classifier, given, self.config.shape, reference=True),
            progress=run.progress,
        )

    @property
    def training(self) -> Training:
        """What to keep in mind."""
        return Training(warnings=self.found.notes)

    @property
    def found(self) -> CausalExplanation:
        """The explanation.

        Raises:
            OptionError: Before the fit.
        """
        if self.explanation is None:
            raise OptionError("this PathInterventions has not been fitted: call fit first")
        return self.explanation

    @property
    def classifier(self) -> ImageClassifier:
        """The network with the way it wants its rows.

        Raises:
            OptionError: If a loaded system has no network yet, or another one than that of the fit.
        """
        return self._opened_on()[0]

    @property
    def explained(self) -> Explained:
        """The explanation on its network: maps, sub-networks, stability.

        Raises:
            OptionError: As `classifier`.
        """
        return self._opened_on()[1]

    def _opened_on(self) -> tuple[ImageClassifier, Explained]:
        found, subject = self.found, self.subjects.get("model")
        if subject is None:
            raise OptionError(f"the network of class {self._named(found.target)} is needed: load(folder, model=...)")
        if self._open is None or self._open[0] is not subject or self._open[2].explanation is not found:
            classifier = open_classifier(subject)
            self._open = (subject, classifier, found.on(classifier.model))
        return self._open[1], self._open[2]

    def _named(self, number: int) -> str:
        return self.classes[number] if self.classes else str(number)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """Units that were tried, the layers, and the graph."""
        return listed(self.explanation, None if self._open is None else self._open[2].network)

    def do(self, intervention: Asked = None, /, **named: Any) -> Self:
        """As of every system; a unit takes one number."""
        other = super().do(intervention, **named)
        check_values(other.held)
        return other

    def kept(self) -> dict[str, Tensor]:
        """For each layer what its paths (outputs, inputs) are multiplied by, under what is held."""
        return kept_paths(self.explained, self.held, whole=self.config.whole, seed=self.config.seed)

    def logits(self, images: Tensor, kept: Mapping[str, Tensor]) -> Tensor:
        """(n, classes) of the network whose paths are multiplied by these."""
        on, system = self.explained, self.explained.multiplied(kept)
        found = []
        with torch.no_grad():
            for part in chunks(range(len(images)), self.config.batch_size):
                few = images[part[0] : part[-1] + 1]
                found.append(logits_of(system(few)) if kept else on.network.logits(few))
        return torch.cat(found)

    def _images(self, given: Given) -> Tensor:
        return cast(Tensor, wanted_by(self.classifier, given, self.config.shape))

    def predict_proba(self, *data: Any, **roles: Any) -> Table:
        """The probability of each class under what is held, a column a class."""
        shares = (
            torch.softmax(self.logits(self._images(self.given(*data, **roles)), self.kept()).double(), dim=1)
            .cpu()
            .numpy()
        )
        names = [self._named(k) for k in range(shares.shape[1])]
        return Table.of(dict(zip(names, shares.T, strict=True)), kinds=dict.fromkeys(names, Kind.NUMBER))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The class that the network says, where none is known; each draw is the same."""
        said = self.logits(self._images(given), self.kept()).argmax(dim=1).tolist()
        name = given.column("label") or str(self.roles.get("label", "label"))
        labels: list[Any] = [self.classes[k] for k in said] if self.classes else list(said)
        if name in given.table:
            hole, known = given.table.absent(name), given.table.labels(name).tolist()
            as_text = any(isinstance(label, str) for label in known)
            labels = [
                (str(new) if as_text else new) if h else old for h, old, new in zip(hole, known, labels, strict=True)
            ]
        filled = given.data.with_known({name: labels}, {name: Kind.LABEL})
        return filled.take(np.repeat(np.arange(len(given)), draws))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Of each unit that was tried, on the rows of the fit or on these; or of all that is held at once, on these.

        `control` sets as many paths at random. Further columns: layer, unit, relative, log_probability, kl, p,
        adjusted, cause.
        """
        found, name = self.found, self._named(self.found.target)
        if outcome not in (None, name):
            raise UnknownVariableError(f"{outcome!r} is not explained here: this is about the class {name!r}")
        if self.held:
            if given.rows is None:
                raise OptionError("to tell what cut paths do takes rows: say which")
            return effects_of_held(self, self._images(given), name)
        if given.rows is not None:
            found = measured_on(self.explained.network, found, self._images(given), self.config)
        return effects_of_units(found, name, target)

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph of units, by the name of the class."""
        return {self._named(self.found.target): self.found.graph}

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """What the class loses without the graph, what the graph alone knows, and what the network knows."""
        return judged(self, self._images(fresh), true_classes(fresh, self.classes))

    def report(self, given: Given) -> Sequence[Block]:
        """The graph, where its units look, what the network does with them, and their effects."""
        return blocks(self.found, self.classifier.model, self._images(given), self._named(self.found.target))

    def export(self, folder: str | Path) -> None:
        """Writes the network with what is held in its weights: as its library writes it, or `model.safetensors`."""
        classifier, kept = self.classifier, self.kept()
        model = copy.deepcopy(classifier.model)
        with torch.no_grad():
            for name, mask in kept.items():
                weight: Any = model.get_submodule(name).weight
                weight.mul_(weight_mask(self.explained.network.layer(name), mask).to(weight.dtype))
        written: Any = model
        if callable(getattr(model, "save_pretrained", None)):
            written.save_pretrained(made(folder))
        else:
            write_weights(made(folder) / "model.safetensors", model.state_dict(), {})

    # -- what else can be asked ----------------------------------------------------------------------------------------

    def layer(self, name: str) -> LayerEffects:
        """What leads into the layer of this name; see `CausalExplanation.layer`."""
        return self.found.layer(name)

    @property
    def share(self) -> float:
        """Units kept, of all that were tried."""
        return self.found.share

    def agreement(self, other: "PathInterventions") -> float:
        """Mean over layers of the Jaccard index of causes; see `CausalExplanation.agreement`."""
        return self.found.agreement(other.found)

    def beyond(self, *others: "PathInterventions") -> Self:
        """A copy with those causes only that none of the others has; see `CausalExplanation.beyond`."""
        rest = copy.copy(self)
        rest.explanation, rest._open = self.found.beyond([other.found for other in others]), None
        return rest

    def attribute(
        self, *data: Any, layer: str | None = None, spread: Literal["each", "sum"] = "each", **roles: Any
    ) -> Values:
        """Where in each row's picture the causes look, (n, height, width); see `Explained.attribute`."""
        return self.explained.attribute(self._images(self.given(*data, **roles)), layer, spread=spread)

    def stability(self, *data: Any, layer: str, betas: Sequence[float] = BETAS, times: int = 10, **roles: Any) -> Table:
        """The causes under soft interventions, compared with those found; see `Explained.stability`."""
        images = self._images(self.given(*data, **roles))
        options = {"batch_size": self.config.batch_size, "seed": self.config.seed}
        return self.explained.stability(layer, images, betas=betas, draws=times, **options)

    def repair(
        self, *data: Any, layer: str, counts: Sequence[int] = (), tolerance: float = 0.02, **roles: Any
    ) -> Repair:
        """The network without the strongest carriers of a cue, which role `reference` lacks; see `repairing.repair`."""
        given = self.given(*data, **roles)
        without = wanted_by(self.classifier, given, self.config.shape, reference=True)
        true = true_classes(given, self.classes)
        if without is None or true is None:
            raise OptionError("a repair takes the same rows without the cue as well (reference), and their label")
        options: dict[str, Any] = {"counts": counts} if counts else {}
        return repair(self.explained, self._images(given), without, true, layer, tolerance=tolerance, **options)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return self.found._network()

    def _options(self) -> dict[str, Any]:
        return {"config": asdict(self.config), "classes": self.classes, "explanation": self.found._options()}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(PathInterventionsConfig(**options["config"]))
        model.classes = tuple(options["classes"])
        model.explanation = CausalExplanation._rebuild(options["explanation"])
        return model
