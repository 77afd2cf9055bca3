"""A classifier of texts that decides by the motivation of a text and not by its style; see the package."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import ceil
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Value
from aitia.errors import DataError, OptionError, unknown_variable
from aitia.nn.pretrained import Pretrained, fitted
from aitia.report import Block
from aitia.runs import RunStore
from aitia.stats.effects import mean_effects
from aitia.system import Edits, Encodes, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.cadet.card import CARD
from aitia.systems.cadet.config import CadetConfig
from aitia.systems.cadet.inputs import held_out, read_posts
from aitia.systems.cadet.judge import judged
from aitia.systems.cadet.network import CadetNetwork, chunks, second_class
from aitia.systems.cadet.page import blocks
from aitia.systems.cadet.parts import Parts, start, tokens
from aitia.systems.cadet.rewriting import RewrittenTexts, drawn_again, written
from aitia.systems.cadet.training import Checked, collapsed, nats_of_latents, train_network
from aitia.train import History

__all__ = ["Cadet"]

Values = NDArray[np.float64]
CONTROL_SEED = 83
"""Of the draw of latents whose texts are the control of an effect."""


class Cadet(Pretrained, Predicts, Edits, Encodes, Explains):
    """A classifier of texts after `fit`; see the package.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        classes_: The two labels, sorted; probabilities are of the second.
        styles_: What the styles 0 and 1 are called; empty where none was given.
        targets_: What a text may be about.
        threshold: P(second class) from which on a text is of the second class, chosen on validation texts.
        history: How the training went.
        kl: Nats that M and U say about a validation text.
        warnings: What to know about the fit, in words.

    Example:
        >>> posts = {"text": ["good food", "bad food", "nice soup", "poor soup"] * 10, "intent": [1, 0, 1, 0] * 10}
        >>> model = Cadet(epochs=1, width=16, u_size=4, longest=8).fit({**posts, "style": [1, 0, 0, 1] * 10})
        >>> model.predict({"text": ["good soup"]})
        Table(1 rows: text, intent, P(0), P(1))
        >>> model.do("do(style=1)").edit({"text": ["good soup"]}).names
        ('text', 'style')
    """

    card = CARD
    Config = CadetConfig
    config: CadetConfig
    classes_: NDArray[Any] = np.empty(0)
    styles_: tuple[str, ...] = ()
    targets_: tuple[Any, ...] = ()
    threshold: float = 0.5
    history: History | None = None
    kl: Mapping[str, float] = {}
    warnings: tuple[str, ...] = ()
    _net: CadetNetwork | None = None
    _parts: Parts | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants two labels and, but for plain `erm`, two styles; see `inputs.py`."""
        read_posts(given, self.config)

    def work(self, given: Given) -> str:
        """Epochs and steps."""
        steps = ceil(len(given) / self.config.batch)
        return f"{self.config.epochs} epochs of {steps} steps at most, {self.config.batch} of {len(given)} texts each"

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        posts, check, told = read_posts(given, config)
        self.classes_, self.styles_, self.targets_ = posts.classes, posts.styles, posts.topics
        parts, net, ids, mask, cut = start(config, posts.texts, max(len(posts.topics), 1))
        self._parts, self._net = parts, net
        if cut:
            told.append(f"{cut} of {len(posts.texts)} texts are longer than {config.longest} tokens and are cut")
        y, s = posts.label, posts.style
        if check is None:
            rows, held = held_out(s, y, config.validation_share, config.seed)
            checked: Checked = ids[held], mask[held], y[held], s[held]
        else:
            if config.balanced and not check.styles:
                raise DataError("validation texts are weighted by style and label as the others: give their style")
            rows, (other, there, _) = np.arange(len(y)), tokens(parts.tokenizer, check.texts, config.longest)
            checked = other, there, check.label, check.style
        data = ids[rows], mask[rows], y[rows], s[rows], posts.topic[rows], posts.sure[rows]
        self.history, chosen = train_network(net, config, parts.end, data, checked, run)
        self.threshold = chosen if config.threshold is None else config.threshold
        self.kl = nats_of_latents(net, *checked[:2])
        self.warnings = (*told, *collapsed(dict(self.kl), config))
        for sentence in self.warnings:
            warnings.warn(sentence, RuntimeWarning, stacklevel=3)

    @property
    def training(self) -> Training:
        """Losses, the threshold, and warnings."""
        nats = ", ".join(f"{name} {said:.2f}" for name, said in self.kl.items())
        notes = [f"A text is {self._second!r} from P = {self.threshold:g} on."] if len(self.classes_) else []
        notes += [f"A text says so many nats about the latents: {nats}."] if nats else []
        losses = tuple(self.history.losses) if self.history is not None else ()
        return Training((("training", losses),), tuple(notes), self.warnings)

    @property
    def _second(self) -> str:
        return str(self.classes_[1])

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The columns of style and topic; none in `erm`, which has no latents."""
        if self._net is None or self._net.decoder is None:
            return Targets()
        named = (("style", self.styles_), ("topic", tuple(map(str, self.targets_))))
        return Targets(
            Target(self._column(role), labels, about=f"writes the text anew with this {role}")
            for role, labels in named
            if labels
        )

    def _column(self, role: str) -> str:
        found = self.roles.get(role, role)
        return found if isinstance(found, str) else str(found[0])

    def predict_proba(self, *data: Any, **roles: Any) -> Values:
        """Probabilities of the two classes, (n, 2), from means and never from draws; under `do` of the new texts.

        Raises:
            DataError: If a text is empty.
            OptionError: If nothing has been fitted.
        """
        self._fitted()
        given = self.given(*data, **roles)
        if self.held:
            second = self.rewrite(given).probability
        else:
            ids, mask, _ = self._read(given)
            second = second_class(self._fitted(), ids, mask)
        return np.column_stack([1 - second, second])

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Fills the label, and adds P(LABEL) for both; every draw is the same, for nothing is drawn."""
        said = self.predict_proba(given)
        name = given.column("label") or self._column("label")
        label = self.classes_[(said[:, 1] >= self.threshold).astype(int)].astype(object)
        if name in given.table:
            there, known = ~given.table.absent(name), given.table.labels(name)
            label[there] = known[there]
        columns = {name: label, **{f"P({each})": said[:, k] for k, each in enumerate(self.classes_.tolist())}}
        kinds = {**dict.fromkeys(columns, "number"), name: "label"}
        filled = given.data.with_known(columns, kinds)
        return filled if draws == 1 else filled.take(np.repeat(np.arange(len(given)), draws))

    def _encode(self, given: Given) -> Table:
        """M and U as means, and what the model reads of topic and style; those that are held, as they are set.

        `erm` has the state of its encoder alone, as M.
        """
        net = self._fitted()
        ids, mask, _ = self._read(given)
        parts: dict[str, list[Tensor]] = {name: [] for name in ("motivation", "platform", "topic", "style")}
        with torch.no_grad():
            for rows in chunks(len(ids)):
                h = net.see(ids[rows], mask[rows])
                found = {"motivation": h}
                if net.decoder is not None:
                    latent = net.infer(h, sample=False)
                    topic = net.target_head(latent.t_logits.softmax(-1)).softmax(-1)
                    style = net.style_head(latent.s_logits.softmax(-1)).softmax(-1)[:, 1:]
                    found = {"motivation": latent.m, "platform": latent.u, "topic": topic, "style": style}
                for name, new in found.items():
                    parts[name].append(new)
        columns: dict[str, Values] = {}
        for name, part in parts.items():
            values = torch.cat(part).double().numpy() if part else np.empty((len(given), 0))
            columns |= {self._code_name(name, k): values[:, k] for k in range(values.shape[1])}
        for role, place in self._places().items():
            if role == "style":
                columns[self._code_name("style", 0)] = np.full(len(given), float(place))
            else:
                columns |= {
                    self._code_name("topic", k): np.full(len(given), float(k == place))
                    for k in range(len(self.targets_))
                }
        return Table.of(columns, kinds=dict.fromkeys(columns, "number"))

    def _code_name(self, part: str, k: int) -> str:
        if part == "style":
            return f"P({self._column('style')}={self.styles_[1] if self.styles_ else 1})"
        if part == "topic":
            return f"P({self._column('topic')}={self.targets_[k] if self.targets_ else 'any'})"
        return f"{part}{k + 1}"

    def _edit(self, given: Given) -> Data:
        """The texts written anew where something is held; the columns of what is held take its labels."""
        if not self.held:
            return given.data
        new = self.rewrite(given).texts
        labels = {str(name): [self._label_of(str(name))] * len(given) for name in self.held}
        text = given.column("text") or self._column("text")
        return given.data.with_known({text: new.tolist(), **labels}, {**dict.fromkeys(labels, "label"), text: "text"})

    def _label_of(self, column: str) -> Any:
        place, role = self._places(categories=False), self._role_of(column)
        return self.styles_[place["style"]] if role == "style" else self.targets_[place["topic"]]

    def rewrite(self, *data: Any, **roles: Any) -> RewrittenTexts:
        """The texts as the model writes them under what is held, and what it says of what it wrote.

        The label of a text is read from M, which style and topic do not enter: whether they matter all the same shows
        only where the new text is read again.

        Raises:
            OptionError: If the model has no latents, or nothing has been fitted.
            DataError: If a text is empty.
        """
        net = self._fitted()
        if net.decoder is None:
            raise OptionError("variant='erm' has no latents to set: take 'published' or 'adjusted'")
        ids, mask, _ = self._read(self.given(*data, **roles))
        new, after = written(net, self._made, ids, mask, self._places())
        old, before = written(net, self._made, ids, mask, {})
        return RewrittenTexts(new, after, self.classes_[(after >= self.threshold).astype(int)], old, before)

    def _role_of(self, column: str) -> str:
        return "style" if column == self._column("style") else "topic"

    def _places(self, categories: bool = True) -> dict[str, int]:
        """What is held: the code of each role, or the category of its latent."""
        found = {}
        for name, action in self.held.items():
            role = self._role_of(str(name))
            known: Sequence[Any] = self.styles_ if role == "style" else [str(each) for each in self.targets_]
            assert isinstance(action, Value)  # the targets have labels
            code = list(known).index(str(action.value))
            found[role] = self._category(role, code) if categories else code
        return found

    def _category(self, role: str, code: int) -> int:
        """The category of the latent that its head reads as this code; the order of categories is free."""
        head = self._fitted().style_head if role == "style" else self._fitted().target_head
        with torch.no_grad():
            return int(head(torch.eye(head.in_features)).softmax(-1)[:, code].argmax())

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Of each label of a target on P(second class): the text written with it, less the text written with nothing.

        The control is the same of a text that is written from a draw of its latents.
        """
        told = f"P({self._second})"
        if outcome not in (None, self._column("label"), told):
            raise unknown_variable(outcome, (self._column("label"), told), "system")
        net, (ids, mask, _) = self._fitted(), self._read(given)
        asked = [(t.name, label) for t in self.targets if target in (None, t.name) for label in t.labels]
        if not asked:
            raise OptionError("variant='erm' has no latents to set: take 'published' or 'adjusted'")
        before = self.rewrite(given).probability
        changes = [self.do({name: label}).rewrite(given).probability - before for name, label in asked]
        found = mean_effects(np.stack(changes), [f"{name}={label}" for name, label in asked])
        control = float((drawn_again(net, self._made, ids, mask, CONTROL_SEED) - before).mean())
        columns = {
            "target": [name for name, _ in asked],
            "value": [label for _, label in asked],
            "outcome": [told] * len(asked),
            "effect": found.column("estimate"),
            "low": found.column("low"),
            "high": found.column("high"),
            "control": np.full(len(asked), control),
        }
        numbers = ("effect", "low", "high", "control")
        return Table.of(columns, kinds={name: "number" if name in numbers else "label" for name in columns})

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Macro-F1 and accuracy beside the most frequent label and the style alone; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """What setting style and topic does to texts, and to what the model says of them."""
        return blocks(self, given)

    def _read(self, given: Given) -> tuple[Tensor, Tensor, int]:
        if given.rows is None or not len(given):
            raise DataError("there are no texts to read")
        return tokens(self._made.tokenizer, given.texts("text"), self.config.longest)

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
            "styles": list(self.styles_),
            "targets": list(self.targets_),
            "threshold": self.threshold,
            "kl": dict(self.kl),
            "warnings": list(self.warnings),
            "parts": self._made.to_json(),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CadetConfig(**options["config"]))
        model.classes_, model.targets_ = np.array(options["classes"]), tuple(options["targets"])
        model.styles_ = tuple(options["styles"])
        model.threshold, model.kl = options["threshold"], dict(options["kl"])
        model.warnings = tuple(options["warnings"])
        model._parts, net = Parts.from_json(options["parts"], model.config)
        model._net = net.eval()
        return model
