"""The learner: checks what is given, trains the parts in their order, and answers."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import OptionError, unknown_variable
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.weights import load_into
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.system import Encodes, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.causal_info_min.backbone import HeldWeights, described, open_network, taken_by
from aitia.systems.causal_info_min.bias_sufficiency import Sufficiency, sufficiency
from aitia.systems.causal_info_min.building import NOT_EXPORTED, blank_network, exported
from aitia.systems.causal_info_min.card import CARD
from aitia.systems.causal_info_min.config import CausalInfoMinConfig
from aitia.systems.causal_info_min.debiasers import TreatmentEffect
from aitia.systems.causal_info_min.effects import effect_table
from aitia.systems.causal_info_min.fitting import Fitted, doubts, fit_network, notes_of
from aitia.systems.causal_info_min.judge import judged
from aitia.systems.causal_info_min.network import Network, accuracy, said_by
from aitia.systems.causal_info_min.page import blocks
from aitia.systems.causal_info_min.rows import (
    Rows,
    answered,
    columns_of,
    expert_of,
    filled,
    inputs_of,
    own_answers,
    parts_of,
    refuse_seen,
    targets_of,
    vocabulary_of,
)
from aitia.systems.causal_info_min.trainings import Tried
from aitia.train import History

__all__ = ["CausalInfoMin"]

Values = NDArray[np.float64]
BIAS = "bias"
"""The target of `do`."""


class CausalInfoMin(Pretrained, Predicts, Encodes, Explains):
    """A predictor from which the simplest features that still predict are taken as bias; see the package.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        vocabulary: The answers, in the order of the columns.
        history: How the training of the main branch went.
        tried: The bottlenecks of the adjusted TE-D, the narrowest last.
        full_accuracy: Of the head on the feature as it came, on the validation rows; None in other variants.
        selected_on: On what the weights were chosen, in words.
        tie_weight: Of the bias where it is taken out of the answer again; None without a bias-only head or validation.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(60, 8)), rng.integers(3, size=60)
        >>> rows = Table.of(x).with_columns({"answer": y, "split": ["validation"] * 20 + ["train"] * 40})
        >>> model = CausalInfoMin(steps=3, branch_steps=3, batch=16).fit(rows)
        >>> model.predict_proba(x[:2]).shape, model.bias(x[:2]).shape, model.encode(x[:2]).n
        ((2, 3), (2, 3), 2)
        >>> model.do("do(bias=absent)").predict(x[:2]).names[-4:]
        ('answer', 'P(0)', 'P(1)', 'P(2)')
    """

    card = CARD
    Config = CausalInfoMinConfig
    config: CausalInfoMinConfig
    vocabulary: tuple[Any, ...] = ()
    history: History | None = None
    tried: tuple[Tried, ...] = ()
    full_accuracy: float | None = None
    selected_on: str = ""
    tie_weight: float | None = None
    _columns: Mapping[str, str] = {}
    _hash: str = ""
    _told: tuple[str, ...] = ()
    _net: Network | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants answers, and what the variant needs: validation rows, or an expert."""
        parts = parts_of(given)
        if self.config.variant == "total-effect-adjusted" and "validation" not in parts:
            raise OptionError(
                "the adjusted TE-D chooses its bottleneck on validation rows: give validation, as rows whose `split` "
                "says so"
            )
        if self.config.variant == "product" and not given.columns("expert"):
            raise OptionError("a product needs the probabilities of its expert: give expert")

    def work(self, given: Given) -> str:
        """The trainings, their steps and rows."""
        config = self.config
        before = {"total-effect-adjusted": 1 + len(config.kl_weights)}.get(config.variant, 0)
        before += config.variant.startswith("treatment")
        more = f"{before} trainings of {config.branch_steps} steps, then " if before else ""
        return f"{more}{config.steps} steps, each of {config.batch} of {len(given)} rows"

    def debias(self, model: Any, *data: Any, run: RunStore = QUIET, **roles: Any) -> Self:
        """`fit(..., model=model)`: the network stays as it is; with `train_backbone` a copy learns with the rest."""
        return self.fit(*data, run=run, model=model, **roles)

    def _fit(self, given: Given, run: RunStore) -> None:
        config, parts = self.config, parts_of(given)
        subject = given.subjects.get("model")
        network = None if subject is None else open_network(subject)
        self._columns = columns_of(given, taken_by(network), network is not None)
        words = vocabulary_of(parts["train"], config.vocabulary)
        splits = {
            name: Rows(inputs_of(part.table, self._columns, network is not None), targets_of(part, words))
            for name, part in parts.items()
        }
        rows = splits["train"]
        for name, told in (("validation", "validation"), ("balanced", "balanced split")):
            if name in splits:
                refuse_seen(splits[name], rows.hash, told)
        expert = expert_of(parts["train"], rows.target, config.variant == "product")
        done: Fitted = fit_network(config, network, rows, splits.get("validation"), splits.get("balanced"), expert, run)
        self._net, self.history, self.tried = done.net, done.history, done.tried
        self.full_accuracy, self.selected_on = done.full_accuracy, done.selected_on
        self.tie_weight = done.tie_weight if config.tie is None or done.tie_weight is None else config.tie
        self.vocabulary, self._hash = words, rows.hash
        lost = int((~answered(given)).sum())
        self._told = (f"{lost} rows have no answer and are left out",) if lost else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about the fit, in words."""
        return (*doubts(self.config, self.tried, self.full_accuracy), *self._told)

    @property
    def training(self) -> Training:
        """Losses of the main branch, the bottleneck in use, and warnings."""
        losses = tuple(self.history.losses) if self.history is not None else ()
        notes = notes_of(self.selected_on, self.tried, self.tie_weight)
        return Training((("training", losses),), notes, self.warnings)

    @property
    def network(self) -> nn.Module:
        """The network that gives the feature, as it is now; OptionError where features were given."""
        model = self._network().backbone.model
        if model is None:
            raise OptionError("this was fitted on features: there is no network behind them")
        return model

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """`bias`, where there is a head that knows it and a weight to take it out with."""
        bias = Target(BIAS, ("absent",), about="takes the direct effect of the bias out of the answer")
        return Targets() if self._net is None or self.tie_weight is None else Targets([bias])

    def predict_proba(self, *data: Any, tie: bool | float | None = None, **roles: Any) -> Values:
        """Probabilities of the answers, (n, answers).

        Args:
            data: Rows with the columns of the fit.
            tie: Whether the bias is taken out of the answer again, p ~ p_main / p_bias^weight (the total indirect
                effect): True takes `tie_weight`, a number is a weight; None does where do(bias=absent) is held. Such
                answers are normalised to sum to one.
            roles: As in `fit`.

        Raises:
            OptionError: If the model is not fitted, or has no bias-only head or weight.
            DataError: If an input is missing, or has NaN.
        """
        answers, bias, _ = self._ask(self.given(*data, **roles))
        tie = BIAS in self.held if tie is None else tie
        if tie is False:
            return _numbers(answers.exp())
        weight = self.tie_weight if tie is True else float(tie)
        if bias is None or weight is None:
            raise OptionError(f"tie needs a bias-only head and a weight, which {self.config.variant} has not here")
        return _numbers((answers - weight * bias).softmax(dim=-1))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The most probable answers, and P(ANSWER); every draw is the same, for nothing is drawn."""
        rows = filled(given, self.predict_proba(given), self.vocabulary)
        return rows if draws == 1 else rows.take(np.repeat(np.arange(len(given)), draws))

    def bias(self, *data: Any, **roles: Any) -> Values:
        """p_bias of the answers, (n, answers).

        Raises:
            OptionError: If the variant has no bias-only head.
        """
        return _numbers(self._of_bias(self._ask(self.given(*data, **roles))[1]).exp())

    def confounder(self, *data: Any, **roles: Any) -> Values:
        """x_c, the confounder's representation, (n, columns of the feature).

        Raises:
            OptionError: If the variant has none.
        """
        return _numbers(self._of_bias(self._ask(self.given(*data, **roles))[2]))

    def _encode(self, given: Given) -> Table:
        """x_c of each row."""
        return Table.of_numbers("c", self.confounder(given))

    def biased(self, *data: Any, **roles: Any) -> Values:
        """What the feature as it came would be answered by, with no debiasing, (n, answers).

        Raises:
            OptionError: If the variant is not the adjusted TE-D.
        """
        net = self._network()
        if net.full is None:
            raise OptionError(f"{self.config.variant} has no head on the feature as it came: take the adjusted TE-D")
        inputs = self._inputs(self.given(*data, **roles))
        with torch.no_grad():
            return _numbers(torch.cat([net.biased(part) for part in net.over(inputs)]).exp())

    def evaluate(self, splits: Mapping[str, Any], *, tie: bool | float | None = None) -> dict[str, float]:
        """The accuracy on each split, or the mean score of the answers.

        Args:
            splits: Rows by name, each as `predict` takes them with their answers; a pair is features and answers.
            tie: As in `predict_proba`.

        Raises:
            DataError: If a split is the training rows.
        """
        found = {}
        for name, split in splits.items():
            given = self.split_of(split)
            rows = Rows(self._inputs(given), targets_of(given, self.vocabulary))
            refuse_seen(rows, self._hash, f"split {name!r}")
            found[name] = accuracy(torch.from_numpy(self.predict_proba(given, tie=tie)), rows.target)
        return found

    def split_of(self, split: Any) -> Given:
        """Rows with answers, given as one thing or as a pair of features and answers."""
        return self.given(*split) if isinstance(split, tuple) else self.given(split)

    def sufficiency(
        self, *data: Any, before: bool = False, tie: bool | float | None = None, **roles: Any
    ) -> Sufficiency:
        """How far the bias explains the answers by itself, in both normalisations, and for each `kind` of answer.

        Args:
            data: Rows with their answers.
            before: Whether of the feature as it came, before any debiasing.
            tie: As in `predict_proba`.
            roles: As in `fit`.

        Raises:
            OptionError: If the variant has no bias-only head, or no head from before.
        """
        given = self.given(*data, **roles)
        kinds = given.labels("kind") if given.column("kind") in given.table else None
        full = self.biased(given) if before else self.predict_proba(given, tie=tie)
        return sufficiency(self.bias(given), full, targets_of(given, self.vocabulary).numpy(), kinds)

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """What do(bias=absent) changes in the probability of the answers; see `effects.py`."""
        if self.tie_weight is None:
            raise OptionError(f"{self.config.variant} has no bias-only head and weight here: there is no bias to erase")
        own = given.column("answer") or "answer"
        known = (own, *(f"P({word})" for word in self.vocabulary))
        if outcome not in (None, *known):
            raise unknown_variable(outcome, known, "system")
        answers, bias, _ = self._ask(given)
        labels = own_answers(given, self.vocabulary, answers)
        return effect_table(answers, self._of_bias(bias), self.tie_weight, labels, known, outcome)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Accuracy beside the most frequent answer, the head before and the bias alone; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """How well it answers, what the bias knows, and which answers are given."""
        return blocks(self, given)

    def _inputs(self, given: Given) -> dict[str, Tensor]:
        net = self._network()
        inputs = inputs_of(given.table, self._columns, net.backbone.model is not None)
        net.backbone.check(inputs)
        return inputs

    def _ask(self, given: Given) -> tuple[Tensor, Tensor | None, Tensor | None]:
        return said_by(self._network(), self._inputs(given))

    def _of_bias(self, value: Tensor | None) -> Tensor:
        if value is not None:
            return value
        raise OptionError(f"{self.config.variant} has no bias-only head: take one of the TE-D variants")

    # -- as a folder ---------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Writes the network with what was learnt, and the heads on it: see `building.exported`.

        Raises:
            OptionError: If it was fitted on features; nothing is written.
            RunError: If the folder cannot be written.
        """
        if self._network().backbone.model is None:
            raise OptionError(NOT_EXPORTED)
        exported(self.network, self._network(), self.vocabulary, Path(folder))

    def attach(self, model: nn.Module) -> Self:
        """Puts the weights that were read into a network of one's own; the module given stays as it is.

        Raises:
            OptionError: If the model was not fitted on a network of one's own.
            FormatError: If the weights are another network's.
        """
        net = self._network()
        for tap in (net.backbone, net.original):
            if tap is None:
                continue
            if not isinstance(tap.model, HeldWeights):
                raise OptionError("this has its network already: nothing to attach")
            own = copy.deepcopy(model)
            load_into(own, tap.model.state_dict(), tap.model.name)
            tap.model = own
        net.eval()
        return self

    def bind(self, **subjects: Any) -> Self:
        """A copy whose own network is attached: its weights are those of the folder, so any of its class serves."""
        model = subjects.pop("model", None)
        other = super().bind(**subjects)
        if model is not None:
            other._net = copy.deepcopy(self._network())
            other.attach(open_network(Given.of(self.card, None, model=model).subjects["model"]))
        return other

    @classmethod
    def from_pretrained(cls, source: str | Path, model: nn.Module | None = None) -> Self:
        """Reads what `save_pretrained` wrote.

        Args:
            source: A folder, or a repository on the Hub.
            model: The network, where it was one of your own: its weights are taken from the folder.

        Raises:
            FormatError: If there is no such folder, a file is damaged, or it holds another model.
        """
        read = super().from_pretrained(source)
        return read if model is None else read.attach(model)

    def _network(self) -> Network:
        return cast(Network, fitted(self._net, self))

    def _options(self) -> dict[str, Any]:
        net = self._network()
        debiaser = net.debiaser
        return {
            "config": asdict(self.config),
            "vocabulary": list(self.vocabulary),
            "columns": dict(self._columns),
            "features": debiaser.features,
            "entries": len(debiaser.dictionary.shares) if isinstance(debiaser, TreatmentEffect) else None,
            "backbone": described(net.backbone.model),
            "site": str(net.backbone.site),
            "learned": net.original is not None,
            "tried": [asdict(each) for each in self.tried],
            "full_accuracy": self.full_accuracy,
            "selected_on": self.selected_on,
            "tie_weight": self.tie_weight,
            "hash": self._hash,
            "told": list(self._told),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CausalInfoMinConfig(**options["config"]))
        model._net = blank_network(model.config, options)
        model.vocabulary, model._columns = tuple(options["vocabulary"]), dict(options["columns"])
        model.tried = tuple(Tried(**each) for each in options["tried"])
        model.full_accuracy, model.selected_on = options["full_accuracy"], options["selected_on"]
        model.tie_weight, model._hash = options["tie_weight"], options["hash"]
        model._told = tuple(options["told"])
        return model


def _numbers(values: Tensor) -> Values:
    return values.double().numpy()
