"""The learner: checks what is given, trains the parts in their order, and answers."""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.nn.pretrained import Pretrained, fitted
from aitia.systems.causal_info_min.backbone import HeldWeights, Tap, described, load_network, rebuild_network
from aitia.systems.causal_info_min.bias_sufficiency import Sufficiency, sufficiency
from aitia.systems.causal_info_min.card import CARD
from aitia.systems.causal_info_min.config import CausalInfoMinConfig
from aitia.systems.causal_info_min.debiasers import (
    AdjustedTotalEffect,
    Branch,
    Debiaser,
    Plain,
    Product,
    PublishedTotalEffect,
    TreatmentEffect,
)
from aitia.systems.causal_info_min.dictionary import Dictionary, cluster
from aitia.systems.causal_info_min.examples import Examples, as_inputs, as_targets, vocabulary_of
from aitia.systems.causal_info_min.network import Network, Objective, accuracy, features_of
from aitia.systems.causal_info_min.trainings import Trainings, Tried, said
from aitia.train import History, RowBatches, train

__all__ = ["CausalInfoMin"]

Values = NDArray[np.float64]
Split = tuple[Any, Any]
TIE_WEIGHTS = tuple(k / 10 for k in range(11))


class CausalInfoMin(Pretrained):
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
        >>> model = CausalInfoMin(steps=3, branch_steps=3, batch=16).fit(x, y, validation=(x[:20], y[:20]))
        >>> model.predict(x[:2]).shape, model.bias(x[:2]).shape, model.confounder(x[:2]).shape
        ((2, 3), (2, 3), (2, 8))
    """

    card = CARD

    def __init__(self, config: CausalInfoMinConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or CausalInfoMinConfig(), **options)
        except TypeError as error:
            raise OptionError(f"CausalInfoMin: {error}") from error
        self.vocabulary: tuple[Any, ...] = ()
        self.history = History()
        self.tried: tuple[Tried, ...] = ()
        self.full_accuracy: float | None = None
        self.selected_on = ""
        self.tie_weight: float | None = None
        self._names: tuple[str, ...] = ()
        self._hash = ""
        self._net: Network | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        features: Any,
        answers: Any,
        *,
        validation: Split | None = None,
        balanced: Split | None = None,
        vocabulary: Sequence[Any] | None = None,
        expert: Any = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits on features that a predictor gave before.

        Args:
            features: (n, columns).
            answers: One label a row, or scores from 0 to 1, (n, answers).
            validation: Features and answers from where the training rows are from.
            balanced: Such rows without the bias, where there are any: weights are then chosen on both alike.
            vocabulary: The answers, in the order of scores; None takes those that occur.
            expert: Probabilities of the expert of `product`, (n, answers).
            checkpoint: Folder to resume from, and to keep the state of the training in.
            progress: Told how far it is.

        Raises:
            DataError: If rows, features, answers or scores are not as they should be, or a split is the training rows.
            OptionError: If the bottleneck is wider than the feature, or the variant lacks its validation or expert.
        """
        return self._fit(Tap(None), features, answers, validation, balanced, vocabulary, expert, checkpoint, progress)

    def debias(
        self,
        model: nn.Module | str | Path,
        inputs: Any,
        answers: Any,
        *,
        feature: str = ".",
        validation: Split | None = None,
        balanced: Split | None = None,
        vocabulary: Sequence[Any] | None = None,
        expert: Any = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits on a trained predictor, which stays as it is; with `train_backbone` a copy of it learns with the rest.

        Args:
            model: Any module, or a Hugging Face id or folder.
            inputs: What it takes, by name, with one row a question.
            answers: As in `fit`.
            feature: The site of the feature, such as `pooler` or `.` for what the model gives.
            validation: Inputs and answers, as in `fit`.
            balanced: As in `fit`.
            vocabulary: As in `fit`.
            expert: As in `fit`.
            checkpoint: As in `fit`.
            progress: As in `fit`.

        Raises:
            UnknownVariableError: If there is no module of this name; names those that there are.
            DataError: As in `fit`, and if an input that the model takes is missing.
            OptionError: As in `fit`.
            FormatError: If there is no such model.
        """
        network = model if isinstance(model, nn.Module) else load_network(model)
        tap = Tap(network, feature)
        return self._fit(tap, inputs, answers, validation, balanced, vocabulary, expert, checkpoint, progress)

    def _fit(
        self,
        tap: Tap,
        inputs: Any,
        answers: Any,
        validation: Split | None,
        balanced: Split | None,
        vocabulary: Sequence[Any] | None,
        expert: Any,
        checkpoint: Path | None,
        progress: Progress | None,
    ) -> Self:
        config, work = self.config, Trainings(self.config, checkpoint, progress)
        given = as_inputs(inputs)
        tap.check(given)
        names, words = tuple(given), vocabulary_of(answers, vocabulary)
        rows = Examples(given, as_targets(answers, words, len(next(iter(given.values())))))
        held, even = (
            None if split is None else self._examples(split, names, words, rows.hash, what)
            for split, what in ((validation, "validation"), (balanced, "balanced split"))
        )
        if held is None and config.variant == "total-effect-adjusted":
            raise OptionError("the adjusted TE-D chooses its bottleneck on validation rows: give validation")
        log_expert = _expert(expert, rows.target, config.variant == "product")
        original = tap.frozen()
        x_0 = features_of(original, given, work.device)
        width, size = x_0.shape[1], len(words)
        self.tried, self.full_accuracy = (), None
        full: Plain | None = None
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            if config.variant == "total-effect-adjusted":
                assert held is not None
                x_held = features_of(original, held.inputs, work.device)
                full = work.full_head(width, x_0, rows.target, x_held, held.target)
                self.full_accuracy = accuracy(said(full, x_held), held.target)
                branch, self.tried = work.branch(width, x_0, rows.target, x_held, held.target, self.full_accuracy)
                debiaser: Debiaser = AdjustedTotalEffect(width, size, config, branch)
            elif config.variant.startswith("treatment"):
                dictionary = cluster(work.autoencoder(width, x_0), x_0, config.dictionary, config.seed)
                debiaser = TreatmentEffect(width, size, config, dictionary)
            else:
                kinds = {"plain": Plain, "product": Product, "total-effect-published": PublishedTotalEffect}
                debiaser = kinds[config.variant](width, size, config)
        learns = tap.model is not None and config.train_backbone
        backbone = copy.deepcopy(tap).requires_grad_(True) if learns else original
        net = Network(backbone, original if learns else None, debiaser, full)

        def chosen_by() -> float:
            parts = [accuracy(self._said(net, split.inputs)[0], split.target) for split in (held, even) if split]
            return 1 - float(np.mean(parts))

        self.history = train(
            Objective(net, names),
            RowBatches((*given.values(), x_0, rows.target, log_expert), min(config.batch, len(rows)), config.seed),
            work.training(config.steps),
            validate=None if held is None and even is None else chosen_by,
            checkpoint=work.place("main"),
            progress=progress,
            what="training",
        )
        splits = [name for name, split in (("iid validation", held), ("held-out balanced", even)) if split is not None]
        self.selected_on = f"accuracy on {' and '.join(splits)} rows" if splits else "nothing: the last weights"
        self.vocabulary, self._names, self._hash, self._net = words, names, rows.hash, net.cpu().eval()
        self.tie_weight = None if held is None else self._choose_tie(held)
        return self

    def _examples(self, split: Split, names: Sequence[str], words: Sequence[Any], hashed: str, what: str) -> Examples:
        inputs = as_inputs(split[0], names)
        rows = Examples(inputs, as_targets(split[1], words, len(next(iter(inputs.values())))))
        if rows.hash == hashed:
            raise DataError(f"the {what} is the training rows: it would say nothing about rows that were not seen")
        return rows

    def _choose_tie(self, held: Examples) -> float | None:
        """The largest weight whose accuracy on iid validation is within one standard error of the best."""
        answers, bias, _ = self._said(self._network(), held.inputs)
        if bias is None:
            return None
        found = [accuracy(answers - weight * bias, held.target) for weight in TIE_WEIGHTS]
        best = max(found)
        least = best - math.sqrt(max(best * (1 - best), 0.0) / len(held))
        return max(weight for weight, value in zip(TIE_WEIGHTS, found, strict=True) if value >= least)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about the fit, in words."""
        if self.full_accuracy is None:
            return ()
        chosen, least = next(each for each in self.tried if each.chosen), self.config.kept * self.full_accuracy
        if chosen.accuracy >= least:
            return ()
        return (
            f"no bottleneck keeps {self.config.kept:.0%} of the full accuracy ({least:.3f}); the most accurate one, "
            f"{chosen.accuracy:.3f} at {chosen.nats:.1f} nats, is in use and may hold more than the bias: "
            "try other kl_weights, or a lower kept",
        )

    @property
    def network(self) -> nn.Module:
        """The network that gives the feature, as it is now: to be taken further, or asked at its own.

        Raises:
            OptionError: If the model is not fitted, or was fitted on features.
        """
        model = self._network().backbone.model
        if model is None:
            raise OptionError("this was fitted on features: there is no network behind them")
        return model

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict(self, inputs: Any, *, tie: bool | float = False) -> Values:
        """Probabilities of the answers, (n, answers).

        Args:
            inputs: As in `fit` or `debias`.
            tie: Whether the bias is taken out of the answer again, p ~ p_main / p_bias^weight (the total indirect
                effect): True takes `tie_weight`, a number is a weight. Such answers are normalised to sum to one.

        Raises:
            OptionError: If the model is not fitted, or has no bias-only head or weight.
            DataError: If an input is missing, or has NaN.
        """
        answers, bias, _ = self._ask(inputs)
        if tie is False:
            return _numbers(answers.exp())
        weight = self.tie_weight if tie is True else float(tie)
        if bias is None or weight is None:
            raise OptionError(f"tie needs a bias-only head and a weight, which {self.config.variant} has not here")
        return _numbers((answers - weight * bias).softmax(dim=-1))

    def answer(self, inputs: Any, *, tie: bool | float = False) -> list[Any]:
        """The most probable answer to each question."""
        return [self.vocabulary[k] for k in self.predict(inputs, tie=tie).argmax(axis=1)]

    def bias(self, inputs: Any) -> Values:
        """p_bias of the answers, (n, answers).

        Raises:
            OptionError: If the variant has no bias-only head.
        """
        return _numbers(self._of_bias(self._ask(inputs)[1]).exp())

    def confounder(self, inputs: Any) -> Values:
        """x_c, the confounder's representation, (n, columns of the feature).

        Raises:
            OptionError: If the variant has none.
        """
        return _numbers(self._of_bias(self._ask(inputs)[2]))

    def biased(self, inputs: Any) -> Values:
        """What the feature as it came would be answered by, with no debiasing, (n, answers).

        Raises:
            OptionError: If the variant is not the adjusted TE-D.
        """
        net = self._network()
        if net.full is None:
            raise OptionError(f"{self.config.variant} has no head on the feature as it came: take the adjusted TE-D")
        given = as_inputs(inputs, self._names)
        with torch.no_grad():
            return _numbers(torch.cat([net.biased(part) for part in net.over(given)]).exp())

    def evaluate(self, splits: Mapping[str, Split], *, tie: bool | float = False) -> dict[str, float]:
        """The accuracy on each split, or the mean score of the answers.

        Args:
            splits: Inputs and answers, by name.
            tie: As in `predict`.

        Raises:
            DataError: If a split is the training rows, or as in `predict`.
        """
        found = {}
        for name, split in splits.items():
            self._network()
            rows = self._examples(split, self._names, self.vocabulary, self._hash, f"split {name!r}")
            answers = self.predict(rows.inputs, tie=tie)
            found[name] = accuracy(torch.from_numpy(answers), rows.target)
        return found

    def sufficiency(
        self, inputs: Any, answers: Any, *, types: Any = None, before: bool = False, tie: bool | float = False
    ) -> Sufficiency:
        """How far the bias explains the answers by itself, in both normalisations.

        Args:
            inputs: As in `predict`.
            answers: As in `fit`.
            types: What kind of answer each row asks for.
            before: Whether of the feature as it came, before any debiasing.
            tie: As in `predict`.

        Raises:
            OptionError: If the variant has no bias-only head, or no head from before.
            DataError: As in `fit`.
        """
        bias = self.bias(inputs)
        full = self.biased(inputs) if before else self.predict(inputs, tie=tie)
        return sufficiency(bias, full, as_targets(answers, self.vocabulary, len(bias)).numpy(), types)

    def _ask(self, inputs: Any) -> tuple[Tensor, Tensor | None, Tensor | None]:
        net = self._network()
        given = as_inputs(inputs, self._names)
        net.backbone.check(given)
        return self._said(net, given)

    def _of_bias(self, value: Tensor | None) -> Tensor:
        if value is None:
            raise OptionError(f"{self.config.variant} has no bias-only head: take one of the TE-D variants")
        return value

    @staticmethod
    def _said(net: Network, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor | None, Tensor | None]:
        with torch.no_grad():
            parts = [net.said(part) for part in net.over(inputs)]
        answers, bias, confounder = (
            None if column[0] is None else torch.cat([cast(Tensor, value).cpu() for value in column])
            for column in zip(*parts, strict=True)
        )
        return cast(Tensor, answers), bias, confounder

    # -- as a folder ---------------------------------------------------------------------------------------------------

    def attach(self, model: nn.Module) -> Self:
        """Puts the weights that were read into a network of one's own; the module given stays as it is.

        Raises:
            OptionError: If the model was not fitted on a network of one's own.
            FormatError: If the weights are another network's.
        """
        from aitia.nn.weights import load_into

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
        entries = len(debiaser.dictionary.shares) if isinstance(debiaser, TreatmentEffect) else None
        return {
            "config": asdict(self.config),
            "vocabulary": list(self.vocabulary),
            "inputs": list(self._names),
            "features": debiaser.features,
            "entries": entries,
            "backbone": described(net.backbone.model),
            "site": str(net.backbone.site),
            "learned": net.original is not None,
            "tried": [asdict(each) for each in self.tried],
            "full_accuracy": self.full_accuracy,
            "selected_on": self.selected_on,
            "tie_weight": self.tie_weight,
            "hash": self._hash,
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CausalInfoMinConfig(**options["config"]))
        config, width, size = model.config, int(options["features"]), len(options["vocabulary"])
        full: Plain | None = None
        if config.variant == "total-effect-adjusted":
            full = Plain(width, size, config)
            debiaser: Debiaser = AdjustedTotalEffect(width, size, config, Branch(width, size, config, 1.0))
        elif config.variant.startswith("treatment"):
            code, entries = config.width(width), int(options["entries"])
            blank = Dictionary(torch.zeros(code, width), torch.zeros(entries, code), torch.zeros(entries))
            debiaser = TreatmentEffect(width, size, config, blank)
        else:
            kinds = {"plain": Plain, "product": Product, "total-effect-published": PublishedTotalEffect}
            debiaser = kinds[config.variant](width, size, config)
        taps = [Tap(rebuild_network(options["backbone"]), options["site"]) for _ in range(1 + options["learned"])]
        model._net = Network(taps[0], taps[1] if options["learned"] else None, debiaser, full).eval()
        model.vocabulary, model._names = tuple(options["vocabulary"]), tuple(options["inputs"])
        model.tried = tuple(Tried(**each) for each in options["tried"])
        model.full_accuracy, model.selected_on = options["full_accuracy"], options["selected_on"]
        model.tie_weight, model._hash = options["tie_weight"], options["hash"]
        return model


def _expert(given: Any, target: Tensor, needed: bool) -> Tensor:
    if not needed:
        return torch.zeros(len(target), 0)
    if given is None:
        raise OptionError("a product needs the probabilities of its expert: give expert")
    expert = torch.as_tensor(np.asarray(given), dtype=torch.float32)
    if expert.shape != target.shape or not bool(((expert >= 0) & (expert <= 1)).all()):
        raise DataError(f"the expert gives probabilities {tuple(target.shape)}, got shape {tuple(expert.shape)}")
    return expert.clamp(min=1e-6).log()


def _numbers(values: Tensor) -> Values:
    return values.double().numpy()
