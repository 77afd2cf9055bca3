"""A classifier of texts that decides by the motivation of a text and not by its style; see the package."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import ceil
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import DataError, InterventionError, OptionError, join_names
from aitia.nn.gaussian import gaussian_kl
from aitia.nn.pretrained import Pretrained, fitted
from aitia.systems.cadet.card import CARD
from aitia.systems.cadet.config import CadetConfig
from aitia.systems.cadet.inputs import (
    confidences,
    held_out,
    label_codes,
    macro_f1,
    open_transfer,
    style_codes,
    target_codes,
)
from aitia.systems.cadet.losses import Objective, back_door_weights
from aitia.systems.cadet.network import CadetNetwork, pick_words
from aitia.systems.cadet.parts import Parts, start, tokens
from aitia.train import History, RowBatches, TrainConfig, train

__all__ = ["Cadet", "RewrittenTexts", "TextLatents"]

Values = NDArray[np.float64]

COLLAPSED = 0.05
"""Nats of KL below which M or U says nothing."""
SETTLED = 5
"""Epoch from whose end on the validation texts choose."""
THRESHOLDS = tuple(np.linspace(0.05, 0.95, 19).round(2).tolist())
"""Among which the threshold of the decision is chosen."""


@dataclass(frozen=True)
class TextLatents:
    """What the encoder says of texts: means and probabilities.

    Args:
        motivation: M, (n, width); the encoder's state for `erm`.
        platform: U, (n, u_size).
        target: Probabilities, (n, targets).
        style: P(style is 1), (n,).
    """

    motivation: Values
    platform: Values
    target: Values
    style: Values


@dataclass(frozen=True)
class RewrittenTexts:
    """Texts as the model writes them under an intervention, and what it says of them.

    Args:
        texts: (n,) under the intervention.
        probability: P(second class) of these texts, read again, (n,).
        label: Their class.
        reconstruction: (n,) as the model writes the texts with nothing done.
        reconstruction_probability: P(second class) of those, (n,). The effect of the intervention by the model's own
            account is `probability - reconstruction_probability`.
    """

    texts: NDArray[Any]
    probability: Values
    label: NDArray[Any]
    reconstruction: NDArray[Any]
    reconstruction_probability: Values


class Cadet(Pretrained):
    """A classifier of texts after `fit`; see the package. It follows scikit-learn's contract.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        classes_: The two labels, sorted; probabilities are of the second.
        targets_: What a text may be about.
        threshold: P(second class) from which on a text is of the second class, chosen on validation texts.
        history: How the training went.
        kl: Nats that M and U say about a validation text.
        warnings: What to know about the fit, in words.

    Example:
        >>> texts = ["good food", "bad food", "nice soup", "poor soup"] * 10
        >>> label, style = [1, 0, 1, 0] * 10, [1, 0, 0, 1] * 10
        >>> model = Cadet(epochs=1, width=16, u_size=4, longest=8).fit(texts, label, style=style)
        >>> model.predict_proba(texts[:3]).shape, model.predict(texts[:3]).shape
        ((3, 2), (3,))
    """

    card = CARD

    def __init__(self, config: CadetConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or CadetConfig(), **options)
        except TypeError as error:
            raise OptionError(f"Cadet: {error}") from error
        self.classes_: NDArray[Any] = np.empty(0)
        self.targets_: tuple[Any, ...] = ()
        self.threshold = 0.5
        self.history = History()
        self.kl: dict[str, float] = {}
        self.warnings: tuple[str, ...] = ()
        self._net: CadetNetwork | None = None
        self._parts: Parts | None = None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name."""
        return {field.name: getattr(self.config, field.name) for field in fields(self.config)}

    def set_params(self, **options: Any) -> Self:
        """Sets options by name.

        Raises:
            OptionError: If one is unknown or out of range.
        """
        self.config = Cadet(self.config, **options).config
        return self

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        texts: Sequence[str],
        label: ArrayLike,
        *,
        style: ArrayLike | None = None,
        target: Sequence[Any] | NDArray[Any] | None = None,
        confidence: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike, ArrayLike | None] | None = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits the classifier.

        Args:
            texts: n of them.
            label: (n,) two values.
            style: (n,) 0 or 1, or scores where `style_threshold` is set. Only plain `erm` does without.
            target: (n,) what each is about, at most 200 values; None leaves the target out.
            confidence: (n,) in [0, 1] of the annotators in the target.
            validation: Texts, labels and styles of the style of the training, by which the epoch and the threshold are
                chosen; None holds `validation_share` of the texts out.
            checkpoint: File to resume from, and to keep the state of the training in.
            progress: Told how far it is.

        Raises:
            DataError: If rows do not match, a text is empty, a column has not the values it should, or the validation
                texts lack a label.
            OptionError: If the decoder has another vocabulary than the encoder.
            FormatError: If a model cannot be loaded.
        """
        config, texts = self.config, list(texts)
        self.classes_, y = label_codes(label, len(texts))
        s, told = self._styles(style, y)
        self.targets_, t = target_codes(target, len(texts))
        sure = confidences(confidence, len(texts), config.least_confidence)
        parts, net, ids, mask, cut = start(config, texts, max(len(self.targets_), 1))
        self._parts, self._net = parts, net
        if cut:
            told.append(f"{cut} of {len(texts)} texts are longer than {config.longest} tokens and are cut")
        if validation is None:
            rows, held = held_out(s, y, config.validation_share, config.seed)
            checked = ids[held], mask[held], y[held], s[held]
        else:
            rows, checked = np.arange(len(y)), self._validation(*validation)
        self._train(checked, (ids, mask, y, s, t, sure), rows, checkpoint, progress)
        told += self._measure_kl(*checked[:2])
        self.warnings = tuple(told)
        for sentence in told:
            warnings.warn(sentence, RuntimeWarning, stacklevel=2)
        return self

    def _styles(self, style: ArrayLike | None, label: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
        config = self.config
        codes = style_codes(style, len(label), config.style_threshold)
        if codes is None:
            if config.needs_style:
                raise DataError(
                    f"variant={config.variant!r} learns from the style of each text: give style, or take variant='erm' "
                    "without weights"
                )
            return np.zeros_like(label), []
        if config.needs_style and len(np.unique(codes)) < 2:
            raise DataError(
                f"every text has style {codes[0]}, so nothing says what style is: give weak labels of style within it, "
                "such as a score with style_threshold"
            )
        warning = open_transfer(codes, label, self.classes_)
        return codes, [warning] if warning else []

    def _validation(self, texts: Sequence[str], label: ArrayLike, style: ArrayLike | None) -> "_Checked":
        _, codes = label_codes(label, len(texts), self.classes_)
        styles = style_codes(style, len(texts), self.config.style_threshold)
        if styles is None and self.config.balanced:
            raise DataError("validation texts are weighted by style and label as the others: give their style")
        ids, mask, _ = tokens(self._made.tokenizer, list(texts), self.config.longest)
        return ids, mask, codes, np.zeros_like(codes) if styles is None else styles

    def _train(
        self,
        checked: "_Checked",
        data: tuple[Tensor, Tensor, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Values],
        rows: NDArray[np.int64],
        checkpoint: Path | None,
        progress: Progress | None,
    ) -> None:
        config, net = self.config, self._fitted()
        ids, mask = (part[rows] for part in data[:2])
        y, s, t = (torch.from_numpy(codes[rows]) for codes in data[2:5])
        sure, balance = torch.from_numpy(data[5][rows]).float(), back_door_weights(s, y)
        weight = balance if config.balanced else torch.ones(len(rows))
        counts = checked[2], checked[3]
        check_weight = back_door_weights(*(torch.from_numpy(c) for c in counts[::-1])).double().numpy()
        check_weight = check_weight if config.balanced else np.ones(len(check_weight))
        steps = ceil(len(rows) / config.batch)
        objective = Objective(net, config, steps, self._made.end)

        def score(*thresholds: float) -> list[float]:
            said = self._probability(*checked[:2])
            return [macro_f1(checked[2], said >= threshold, check_weight) for threshold in thresholds]

        def validate() -> float:
            # Before all losses are in force no state is kept for good: each epoch counts as better than the one before.
            return -score(0.5)[0] if objective.epoch >= SETTLED else 1 / objective.epoch

        own = {id(parameter) for parameter in net.encoder.parameters()}
        groups: list[list[nn.Parameter]] = [[], []]
        for parameter in net.parameters():
            if parameter.requires_grad:
                groups[id(parameter) not in own].append(parameter)
        self.history = train(
            objective,
            RowBatches((ids, mask, y, s, t, sure, weight, balance), config.batch, config.seed),
            TrainConfig(
                steps=config.epochs * steps,
                weight_decay=0.01,
                clip=1.0,
                seed=config.seed,
                validate_every=steps,
                checkpoint_every=steps,
                patience=config.patience,
                device=config.device,
            ),
            groups=list(zip(groups, config.rates, strict=True)),
            validate=validate,
            before=objective.begin,
            checkpoint=checkpoint,
            progress=progress,
            what=f"cadet ({config.variant})",
        )
        net.cpu().eval()
        f1 = score(*THRESHOLDS)
        best = [threshold for threshold, found in zip(THRESHOLDS, f1, strict=True) if found >= max(f1) - 1e-12]
        self.threshold = min(best, key=lambda threshold: abs(threshold - 0.5))

    def _measure_kl(self, ids: Tensor, mask: Tensor) -> list[str]:
        net = self._fitted()
        if net.decoder is None:
            return []
        nats: dict[str, list[Tensor]] = {"m": [], "u": []}
        with torch.no_grad():
            for rows in _chunks(len(ids)):
                for name, law in net.infer(net.see(ids[rows], mask[rows]), sample=False).laws.items():
                    nats[name].append(gaussian_kl(*law))
        self.kl = {told: float(torch.cat(nats[name]).mean()) for name, told in (("m", "motivation"), ("u", "platform"))}
        return [
            f"{name} has collapsed: a text says {said:.3f} nats about it; take free_bits, or drop the loss 'kl'"
            for name, said in self.kl.items()
            if said < COLLAPSED and "kl" not in self.config.drop
        ]

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict_proba(self, texts: Sequence[str]) -> Values:
        """Probabilities of the two classes, (n, 2), from means and never from draws.

        Raises:
            DataError: If a text is empty.
            OptionError: If nothing has been fitted.
        """
        self._fitted()
        ids, mask, _ = self._read(texts)
        second = self._probability(ids, mask)
        return np.column_stack([1 - second, second])

    def predict(self, texts: Sequence[str], *, threshold: float | None = None) -> NDArray[Any]:
        """The class of each text, (n,).

        Args:
            texts: n of them.
            threshold: P(second class) from which on a text is of it; None takes the one chosen in `fit`.
        """
        least = self.threshold if threshold is None else threshold
        said: NDArray[Any] = self.classes_[(self.predict_proba(texts)[:, 1] >= least).astype(int)]
        return said

    def encode(self, texts: Sequence[str]) -> TextLatents:
        """Means and probabilities of the latents; `erm` has the state of its encoder alone."""
        net = self._fitted()
        ids, mask, _ = self._read(texts)
        parts: list[list[Tensor]] = [[], [], [], []]
        with torch.no_grad():
            for rows in _chunks(len(ids)):
                h = net.see(ids[rows], mask[rows])
                found = [h, h[:, :0], h[:, :0], h[:, 0] * torch.nan]
                if net.decoder is not None:
                    latent = net.infer(h, sample=False)
                    target = net.target_head(latent.t_logits.softmax(-1)).softmax(-1)
                    style = net.style_head(latent.s_logits.softmax(-1)).softmax(-1)[:, 1]
                    found = [latent.m, latent.u, target, style]
                for part, new in zip(parts, found, strict=True):
                    part.append(new)
        return TextLatents(*(torch.cat(part).double().numpy() for part in parts))

    def counterfactual(self, texts: Sequence[str], do: Intervention | Mapping[str, Any] | str) -> RewrittenTexts:
        """The texts as the model writes them with style or target set, and what it says of what it wrote.

        The label of a text is read from M, which style and target do not enter: whether they matter all the same shows
        only where the new text is read again.

        Args:
            texts: n of them.
            do: Such as `do(style=1)`, `do(target=billing)`, or both.

        Raises:
            InterventionError: If something else is set, or to a value that is not known.
            OptionError: If the model has no latents, or nothing has been fitted.
        """
        net = self._fitted()
        if net.decoder is None:
            raise OptionError("variant='erm' has no latents to set: take 'published' or 'adjusted'")
        held = self._held(Intervention.parse(do) if isinstance(do, str) else Intervention(do))
        ids, mask, _ = self._read(texts)
        written: dict[str, list[str]] = {"done": [], "undone": []}
        said: dict[str, list[Tensor]] = {"done": [], "undone": []}
        with torch.no_grad():
            for rows in _chunks(len(ids)):
                fact = net.infer(net.see(ids[rows], mask[rows]), sample=False)
                for kind, values in (("done", held), ("undone", {})):
                    t, s = (
                        given if name not in values else nn.functional.one_hot(
                            torch.full((len(given),), values[name]), given.shape[1]
                        ).to(given.dtype)
                        for name, given in (("target", fact.t), ("style", fact.s))
                    )  # fmt: skip
                    words, there = pick_words(net.words(net.code(fact.m, fact.u, t, s)), self._made.end, sample=False)
                    said[kind].append(net.label_logits(net.see_words(words, there.long())).softmax(-1)[:, 1])
                    written[kind] += self._text(words.argmax(-1), there)
        after, before = (torch.cat(said[kind]).double().numpy() for kind in ("done", "undone"))
        label = self.classes_[(after >= self.threshold).astype(int)]
        new, old = (np.array(written[kind], dtype=object) for kind in ("done", "undone"))
        return RewrittenTexts(new, after, label, old, before)

    def _held(self, do: Intervention) -> dict[str, int]:
        held: dict[str, int] = {}
        known: dict[str, Sequence[Any]] = {"style": (0, 1), "target": self.targets_}
        for name, action in do.items():
            if name not in known:
                raise InterventionError(f"this model answers do(style=0 or 1) and do(target=...), not {do}")
            value = action.value if isinstance(action, Value) else None
            places = [k for k, each in enumerate(known[name]) if value == each]
            if not places:
                raise InterventionError(f"{name} is set to one of {join_names(known[name])}, got {action}")
            held[name] = self._category(name, places[0])
        return held

    def _category(self, name: str, code: int) -> int:
        """The category of the latent that its head reads as this code; the order of categories is free."""
        head = self._fitted().style_head if name == "style" else self._fitted().target_head
        with torch.no_grad():
            return int(head(torch.eye(head.in_features)).softmax(-1)[:, code].argmax())

    def _text(self, ids: Tensor, there: Tensor) -> Iterable[str]:
        for row, mask in zip(ids, there, strict=True):
            text: str = self._made.tokenizer.decode(row[mask].tolist(), skip_special_tokens=True)
            yield text

    def _read(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, int]:
        if not len(texts):
            raise DataError("there are no texts to read")
        return tokens(self._made.tokenizer, list(texts), self.config.longest)

    def _probability(self, ids: Tensor, mask: Tensor) -> Values:
        """P(second class), (n,)."""
        net = self._fitted()
        device = net.label_head.weight.device
        with torch.no_grad():
            logits = [net.label_logits(net.see(ids[r].to(device), mask[r].to(device))) for r in _chunks(len(ids))]
        second: Values = torch.cat(logits).softmax(-1)[:, 1].double().cpu().numpy()
        return second

    # -- keeping -------------------------------------------------------------------------------------------------------

    @property
    def _made(self) -> Parts:
        self._fitted()
        assert self._parts is not None
        return self._parts

    def _fitted(self) -> CadetNetwork:
        net = fitted(self._net, self)
        assert isinstance(net, CadetNetwork)
        return net

    def _network(self) -> nn.Module:
        return self._fitted()

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "classes": self.classes_.tolist(),
            "targets": list(self.targets_),
            "threshold": self.threshold,
            "kl": self.kl,
            "warnings": list(self.warnings),
            "parts": self._made.to_json(),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CadetConfig(**{**options["config"], "drop": tuple(options["config"]["drop"])}))
        model.classes_, model.targets_ = np.array(options["classes"]), tuple(options["targets"])
        model.threshold, model.kl = options["threshold"], dict(options["kl"])
        model.warnings = tuple(options["warnings"])
        model._parts, net = Parts.from_json(options["parts"], model.config)
        model._net = net.eval()
        return model


_Checked = tuple[Tensor, Tensor, NDArray[np.int64], NDArray[np.int64]]
"""Of validation texts: ids, mask, labels, styles."""


def _chunks(n: int, size: int = 256) -> list[slice]:
    return [slice(begin, begin + size) for begin in range(0, n, size)]
