"""Whether a model gets the link between two pictures, beside what pixels and captions tell.

    choice = argmax_k cos(a, b_k)                                                                                  (1)

a is the code of what is shown, b_k that of a candidate. Where nothing is given, two small encoders are trained on pairs
of cause and effect (`learn="pairs"`), or to recognise what a picture shows (`learn="captions"`), which is the control.
A model of the CLIP kind is judged by (1) as it is. A vision-language model is asked, with each candidate once under
each letter. `setting="words"` puts captions in the place of pictures: the text setting.

Where a cue or a sentence is asked for, a small network reads it off both pictures, or the client is asked; a sentence
is told in slots (what has moved, which way, which effect follows, which way), each of which is scored.

Source:
    Li, Wang, Liu, Zhang, Ma, Long and Cai, Multimodal causal reasoning benchmark: challenging vision large language
    models to infer causal links between siamese images, Findings of ACL 2025. Their sentences are judged by likeness to
    prose; ours by slots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.base import Data
from aitia.data.subjects import Client, Network
from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.nn.pretrained import Pretrained
from aitia.nn.sequences.saving import state_file
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Edits, Encodes, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.mucr.answered import (
    Answered,
    Pairs,
    by_cosine,
    by_reader,
    changes_of,
    inputs_of,
    pairs_of,
    slots_of,
    usual_of,
)
from aitia.systems.mucr.asking import asked
from aitia.systems.mucr.card import CARD
from aitia.systems.mucr.clip import ClipTower, open_tower
from aitia.systems.mucr.config import MucrConfig
from aitia.systems.mucr.editing import edited, effects_of
from aitia.systems.mucr.items import ORDER, OTHER, ROTATED, Items, items_of, letter
from aitia.systems.mucr.judge import judged
from aitia.systems.mucr.page import blocks
from aitia.systems.mucr.rules import chosen
from aitia.systems.mucr.towers import Reader, Siamese, bag_of, codes_of, terms_of, trained

__all__ = ["Mucr"]

Values = NDArray[np.float64]


class Mucr(Pretrained, Predicts, Edits, Encodes, Explains):
    """Chooses the effect, the cause or the cue, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> from aitia.worlds import SiameseWorld
        >>> world = SiameseWorld()
        >>> model = Mucr(steps=4, batch=8, pixels=16, width=8).fit(world.rows(world.sample(40, seed=0), 16))
        >>> asked = world.rows(world.sample(3, seed=1), 16).unlabelled(["choice"])
        >>> set(model.predict(asked).labels("choice")) <= {"a", "b", "c", "d", "neither"}
        True
    """

    card = CARD
    Config = MucrConfig
    config: MucrConfig
    siamese: Siamese | None = None
    reader: Reader | None = None
    tower: ClipTower | None = None
    usual: Mapping[str, str] = {}
    """What the rows of the fit say most: a cue, and each slot of a sentence."""
    sentences: tuple[str, ...] = ()
    """Every sentence of the rows of the fit."""
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()
    _fitted: bool = False

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants rows, and one model at most."""
        if given.rows is None:
            raise OptionError("mucr asks about pictures: say where the rows are (--data)")
        if "model" in given.subjects and "client" in given.subjects:
            raise OptionError("a model is judged, or a client is asked: give one of --model and --client")
        if "model" in given.subjects and self.config.setting == "words":
            raise OptionError("a model of the CLIP kind sees pictures: for words give a --client, or neither")

    def work(self, given: Given) -> str:
        """What is trained or asked."""
        if "client" in given.subjects:
            return f"the client is asked about {len(given)} rows, each candidate once under each letter"
        if "model" in given.subjects:
            return f"the model is judged as it is on {len(given)} rows"
        return f"{self.config.steps} steps of {self.config.batch} rows, on {self.config.learn} ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        items = items_of(given, self.config)
        self._told = (*_counted(items), f"the rows have the hash {given.hash()[:16]}")
        self.usual, self._fitted = usual_of(items), True
        self.sentences = tuple(sorted({text for text in items.reasons if slots_of(text)}))
        if "client" in given.subjects:
            return
        if "model" in given.subjects:
            self.tower = open_tower(cast(Network, given.subjects["model"]))
            return
        matched = np.flatnonzero(items.matched & (items.right >= 0))
        changed = np.flatnonzero([bool(text) for text in changes_of(items)])
        if max(len(matched), len(changed)) < 2:
            raise DataError("fewer than 2 rows say their answer (choice or reason): there is nothing to learn from")
        if len(matched) >= 2:
            self._fit_pairs(pairs_of(items.take(matched)), run)
        if len(changed) >= 2:
            self._fit_reader(items.take(changed), run)

    def _fit_pairs(self, pairs: Pairs, run: RunStore) -> None:
        config = self.config
        inputs: Any = pairs.cells if config.setting == "pictures" else pairs.said
        wants = config.setting == "words" or config.learn == "captions"
        if wants and not all(text for texts in pairs.said for text in texts):
            raise OptionError("these options want a caption of each picture (the column captions)")
        every = sorted({term for texts in pairs.said for text in texts for term in terms_of(text)}) if wants else []
        terms, said = every if config.setting == "words" else [], every if config.learn == "captions" else []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.siamese = Siamese(config.pixels, config.width, terms, said)
        tensors = [self.siamese.tower(side).prepared(own) for side, own in enumerate(inputs)]
        tensors += [bag_of(texts, said) for texts in pairs.said] if said else []
        losses = trained(
            self.siamese, tuple(tensors), config, "pairs of pictures",
            checkpoint=state_file(run.checkpoint, "pairs"), progress=run.progress,
        )  # fmt: skip
        self._losses = (*self._losses, ("pairs of pictures", losses))

    def _fit_reader(self, items: Items, run: RunStore) -> None:
        config, said = self.config, changes_of(items)
        inputs = [inputs_of(items, range(len(items)), late, config) for late in (False, True)]
        terms = sorted({t for texts in inputs for text in texts for t in terms_of(text)}) if (
            config.setting == "words") else []  # fmt: skip
        texts = sorted(set(said))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.reader = Reader(config.pixels, config.width, terms, texts)
        before, after = (self.reader.tower.prepared(cells) for cells in inputs)
        losses = trained(
            self.reader, (before, after, torch.tensor([texts.index(text) for text in said])), config, "changes",
            checkpoint=state_file(run.checkpoint, "changes"), progress=run.progress,
        )  # fmt: skip
        self._losses = (*self._losses, ("changes", losses))

    @property
    def training(self) -> Training:
        """The losses, and what to know of the rows."""
        return Training(losses=self._losses, notes=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def shown(self) -> str:
        """Name of the target of what is shown: its column, or `cause` where captions are all there is."""
        column = self.roles.get("cause")
        return column if isinstance(column, str) else "cause"

    @property
    def targets(self) -> Targets:
        """The order of what is chosen among, and what is shown."""
        return Targets(
            [
                Target(ORDER, labels=(ROTATED,), about="the last candidate or cue stands first"),
                Target(self.shown, labels=(OTHER,), about="the picture, or the caption, of another row"),
            ]
        )

    def items(self, *data: Any, **roles: Any) -> Items:
        """The rows as questions, as what is held makes them."""
        return items_of(self.given(*data, **roles), self.config).under(self.held, self.shown)

    def answers(self, items: Items, seed: int = 0) -> Answered:
        """What is answered to questions."""
        if not self._fitted:
            raise OptionError("this Mucr has not been fitted: call fit first")
        client = self.subjects.get("client")
        if client is not None:
            return asked(cast(Client, client), items, self.config, self.sentences, seed=seed)
        empty: tuple[Values, ...] = tuple(np.zeros(0) for _ in range(len(items)))
        towers = self.towers
        scores = empty if towers is None else by_cosine(items, towers, self.config)
        if self.reader is None:
            return Answered(scores, ("",) * len(items))
        read, reasons = by_reader(items, self.reader, self.config)
        return Answered(tuple(b if len(b) else a for a, b in zip(scores, read, strict=True)), reasons)

    @property
    def towers(self) -> tuple[Any, Any] | None:
        """What codes causes, and what codes effects; None where changes alone were learnt."""
        if self.tower is not None:
            return self.tower, self.tower
        return None if self.siamese is None else (self.siamese.tower(0), self.siamese.tower(1))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """`choice` and `margin`, or `reason`, where they are missing; `neither` where nothing is ahead."""
        items = self.items(given)
        found = self.answers(items, seed)
        places, margins = chosen(found.scores)
        columns: dict[str, Any] = {}
        kinds: dict[str, str] = {}
        reasons = np.array(items.asked) == "reason"
        if not reasons.all():
            names = [letter(k) if k >= 0 else "neither" for k in places]
            known = items.right if (given.column("choice") or "") in given.table else np.full(len(items), -1)
            names = [letter(k) if k >= 0 else name for k, name in zip(known.tolist(), names, strict=True)]
            columns[given.column("choice") or "choice"] = np.repeat(names, draws)
            columns["margin"] = np.repeat(np.round(margins, 9), draws)
            kinds |= {given.column("choice") or "choice": "label", "margin": "number"}
        if reasons.any():
            told = [own or new or "none" for own, new in zip(items.reasons, found.reasons, strict=True)]
            columns[given.column("reason") or "reason"] = [text for text in told for _ in range(draws)]
            kinds[given.column("reason") or "reason"] = "text"
        if found.said:
            columns["said"], kinds["said"] = [text for text in found.said for _ in range(draws)], "text"
        rows = given.data if draws == 1 else given.data.take(np.repeat(np.arange(len(given)), draws))
        return rows.with_known(columns, kinds)

    def _edit(self, given: Given) -> Data:
        """Columns as what is held makes them."""
        return edited(given, items_of(given, self.config), self.held, self.shown) if self.held else given.data

    def _encode(self, given: Given) -> Table:
        """`e1`, `e2`, ...: the code of what each row shows."""
        if "client" in self.subjects:
            raise OptionError("a client answers, and has no codes: give a model of the CLIP kind, or neither")
        towers = self.towers
        if towers is None:
            raise OptionError("these rows asked about changes: codes are of rows that ask for an effect or a cause")
        items = self.items(given)
        if (odd := np.flatnonzero(~items.matched)).size:
            raise DataError(f"row {odd[0]} asks about a change: codes are of rows that ask for an effect or a cause")
        words = self.config.setting == "words"
        codes: Values = np.zeros((len(items), 0))
        for side, kind in enumerate(("effect", "cause")):
            rows = [k for k, one in enumerate(items.asked) if one == kind]
            if rows:
                own = codes_of(towers[side], [items.said[k][0] if words else items.shown[k] for k in rows])
                codes = codes if codes.shape[1] else np.zeros((len(items), own.shape[1]))
                codes[rows] = own
        return Table.of_numbers("e", np.round(codes, 9))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """What an edit does to the share right; see `effects.py`."""
        return effects_of(self, given, target, outcome)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """The share right beside what knows no link; see `judge.py`."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """The scores, and strips of pictures with what was chosen."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def bind(self, **subjects: Any) -> Self:
        """A copy with these subjects; a model is opened again."""
        other = super().bind(**subjects)
        if "model" in other.subjects:
            other.tower = open_tower(cast(Network, other.subjects["model"]))
        return other

    def _network(self) -> nn.Module:
        """Both small networks, where there are any."""
        if not self._fitted:
            raise OptionError("this Mucr has not been fitted: call fit first")
        parts = {"siamese": self.siamese, "reader": self.reader}
        return nn.ModuleDict({name: part for name, part in parts.items() if part is not None})

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config), "siamese": None if self.siamese is None else self.siamese.settings,
            "reader": None if self.reader is None else self.reader.settings, "usual": dict(self.usual),
            "sentences": list(self.sentences), "told": list(self._told),
        }  # fmt: skip

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(MucrConfig(**options["config"]))
        if options["siamese"] is not None:
            model.siamese = Siamese(**options["siamese"]).eval()
        if options["reader"] is not None:
            model.reader = Reader(**options["reader"]).eval()
        model.usual, model.sentences = dict(options["usual"]), tuple(options["sentences"])
        model._told, model._fitted = tuple(options["told"]), True
        return model


def _counted(items: Items) -> tuple[str, ...]:
    """What is to be known of the rows."""
    n, found = len(items), []
    counts = {kind: items.asked.count(kind) for kind in dict.fromkeys(items.asked)}
    found.append("rows ask " + ", ".join(f"for the {kind} {count} times" for kind, count in counts.items()))
    silent = sum(one != "reason" for one in items.asked) - int((items.right >= 0).sum())
    if silent:
        found.append(f"{silent} of {n} rows do not say which is right, and are left out of the scores")
    prose = sum(bool(text) and not slots_of(text) for text in items.reasons)
    if prose:
        found.append(f"{prose} of {n} reasons are no sentence with slots: they are kept beside the answer, not scored")
    return tuple(found)
