"""Whether a model that sees pictures tells cause from effect, and a training that teaches it.

    choice = sentence  if  cos(x, t) > cos(x, r),    else reverse                                                  (1)

x is the code of a picture, t that of a sentence that says cause and effect, r that of the same with both exchanged. A
model of the CLIP kind is judged as it is, or trained: with captions that say no cause, with sentences that do, and with
reversed sentences as hard negatives. A vision-language model is asked which of the two is true, in both orders. Beside
every score stands what texts alone reach, and what the picture of another row does.

Source:
    Weng, Li, Wang, Huang and Zhao, What's missing in vision-language models? Probing their struggles with causal order
    reasoning, 2025. Ties count half here, and rows without a picture are counted; the source's script counts ties as
    right and drops such rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.base import Data
from aitia.data.subjects import Client, Network
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, RunError
from aitia.files import made_folder
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.sequences.saving import state_file
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Edits, Encodes, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.vqa_causal.asking import asked
from aitia.systems.vqa_causal.card import CARD
from aitia.systems.vqa_causal.clip import ClipTowers, open_clip, read_clip, with_low_rank
from aitia.systems.vqa_causal.config import VqaCausalConfig
from aitia.systems.vqa_causal.connectives import Connective, known_connectives
from aitia.systems.vqa_causal.controls import TextOnly
from aitia.systems.vqa_causal.effects import effects_of
from aitia.systems.vqa_causal.items import CHOICES, Pairs, pairs_of
from aitia.systems.vqa_causal.judge import judged
from aitia.systems.vqa_causal.page import blocks
from aitia.systems.vqa_causal.seen import things_seen
from aitia.systems.vqa_causal.small import SmallTowers, words_of
from aitia.systems.vqa_causal.training import PairBatches, trained

__all__ = ["VqaCausal"]

Values = NDArray[np.float64]
TIE = 1e-6
"""Cosines this near are equal: they are of single precision."""
AT_ONCE = 128
"""Pictures or texts that are coded together."""
CLIP_FOLDER = "clip"
"""Folder of a model of the CLIP kind that was trained, inside of what is saved."""


class VqaCausal(Pretrained, Predicts, Edits, Encodes, Explains):
    """Chooses between a sentence and its reverse by the picture, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        answered: Of the last rows that a client was asked about, what it said, verbatim.

    Example:
        >>> from aitia.worlds import PushWorld
        >>> world = PushWorld()
        >>> model = VqaCausal(steps=4, batch=8, width=16).fit(world.rows(world.sample(40, seed=0)))
        >>> asked = world.rows(world.sample(3, seed=1)).unlabelled(["choice"])
        >>> set(model.predict(asked).labels("choice")) <= {"sentence", "reverse", "neither"}
        True
    """

    card = CARD
    Config = VqaCausalConfig
    config: VqaCausalConfig
    answered: tuple[str, ...] = ()
    towers: nn.Module | None = None
    texts: TextOnly | None = None
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants rows, and one model at most."""
        if given.rows is None:
            raise OptionError("vqa-causal judges sentences about pictures: say where the rows are (--data)")
        if "model" in given.subjects and "client" in given.subjects:
            raise OptionError("a model is judged, or a client is asked: give one of --model and --client")
        if given.column("image") is None and given.column("named") is not None and not self.config.images:
            raise OptionError(f"column {given.column('named')!r} names pictures: say their folder (--images)")
        if given.column("image") is None and given.column("named") is None and not self.config.blind:
            raise OptionError("no column has the pictures: name it (--image), or ask a client blindly (--blind)")
        if self.config.blind and "client" not in given.subjects:
            raise OptionError("blind asks a client about sentences alone: give one (--client)")

    def work(self, given: Given) -> str:
        """What is trained or asked."""
        if "client" in given.subjects:
            return f"the client is asked about {len(given)} rows, each in both orders"
        if "model" in given.subjects and self.config.tune == "none":
            return f"the model is judged as it is on {len(given)} rows"
        hard = "with" if self.config.negatives else "without"
        return (
            f"{self.config.steps} steps of {self.config.batch} pictures, {hard} reversed sentences ({len(given)} rows)"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        config, pairs = self.config, self.pairs(given)
        self._told = self._counted(pairs, given)
        self.texts = TextOnly().fit(pairs)
        if "client" in given.subjects:
            self.towers = nn.Module()
            return
        rows = np.flatnonzero(pairs.seen & ~pairs.same & (pairs.right >= 0))
        if len(rows) < 2:
            raise DataError("fewer than 2 rows have a picture, two sentences and the true one: there is nothing to use")
        pairs = pairs.take(rows)
        named = cast(Network | None, given.subjects.get("model"))
        self.towers = self._small(pairs) if named is None else open_clip(named)
        if named is not None and config.tune == "none":
            return
        take_in, parameters = None, None
        if named is not None and config.tune == "lora":
            if not isinstance(self.towers, ClipTowers):
                raise OptionError("low-rank updates are of a CLIP folder: take --tune full")
            take_in = with_low_rank(self.towers, config.rank, config.seed)
            parameters = [p for p in self.towers.parameters() if p.requires_grad]
        losses = trained(
            self.towers, self._batches(pairs), negatives=config.negatives, steps=config.steps,
            learning_rate=config.learning_rate, seed=config.seed, device=config.device, parameters=parameters,
            checkpoint=state_file(run.checkpoint, "towers"), progress=run.progress,
        )  # fmt: skip
        if take_in is not None:
            take_in()
        self.towers = self.towers.cpu().eval()
        self._losses = (("pictures and sentences", losses),)

    def _small(self, pairs: Pairs) -> SmallTowers:
        config = self.config
        words = {
            word for texts in (pairs.sentences, pairs.reverses, pairs.captions) for t in texts for word in words_of(t)
        }
        longest = max(len(words_of(t)) for texts in (pairs.sentences, pairs.reverses, pairs.captions) for t in texts)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            return SmallTowers(sorted(words), config.pixels, config.width, config.layers, config.order, longest)

    def _batches(self, pairs: Pairs) -> PairBatches:
        """What is drawn from: the true sentence of each row, its reverse, and its caption."""
        towers: Any = self.towers
        true = [(a, b)[k] for a, b, k in zip(pairs.sentences, pairs.reverses, pairs.right, strict=True)]
        false = [(b, a)[k] for a, b, k in zip(pairs.sentences, pairs.reverses, pairs.right, strict=True)]
        pool = {text: k for k, text in enumerate(sorted({*true, *false, *(c for c in pairs.captions if c)}))}
        return PairBatches(
            towers.prepare_pictures(pairs.pictures), towers.prepare_texts(list(pool)),
            np.array([pool[c] if c else -1 for c in pairs.captions]),
            np.array([[pool[t]] for t in true]), np.array([[pool[t]] for t in false]),
            self.config.causal, self.config.batch, self.config.seed,
        )  # fmt: skip

    def _counted(self, pairs: Pairs, given: Given) -> tuple[str, ...]:
        """What is to be known of the rows."""
        n, found = len(pairs), []
        blind = self.config.blind
        if (gone := int((~pairs.seen).sum())) and not blind:
            if self.config.missing == "refuse":
                raise DataError(f"{gone} of {n} rows have no picture, first row {int(np.flatnonzero(~pairs.seen)[0])}")
            found.append(f"{gone} of {n} rows have no picture, and are left out of the scores")
        if same := int(pairs.same.sum()):
            found.append(f"{same} of {n} rows have the same sentence twice: a tie, which counts half")
        if plain := int((pairs.forward < 0).sum()):
            found.append(f"{plain} of {n} sentences have no known connective (--forward, --backward)")
        if given.column("choice") is None or given.column("choice") not in given.table:
            found.append("no column says which is true: `sentence` is taken for it, as in the published tables")
        return tuple(found)

    @property
    def training(self) -> Training:
        """The losses, and what to know of the rows."""
        return Training(losses=self._losses, notes=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def connectives(self) -> dict[str, Connective]:
        """Those that are known, by phrase."""
        return known_connectives(self.config.forward, self.config.backward)

    @property
    def picture(self) -> str:
        """Name of the target of the pictures: their column, or `picture` where they are named."""
        column = self.roles.get("image")
        return column if isinstance(column, str) else "picture"

    @property
    def targets(self) -> Targets:
        """The connective of both sentences, and the picture that is shown."""
        return Targets(
            [
                Target("connective", labels=tuple(self.connectives), about="joins the clauses of both sentences"),
                Target(self.picture, labels=("other", "blank"), about="the picture of another row, or a grey field"),
            ]
        )

    def pairs(self, *data: Any, **roles: Any) -> Pairs:
        """The rows as pairs, as what is held makes them."""
        found = pairs_of(self.given(*data, **roles), self.connectives, self.config.images)
        return found.under(self.held, self.picture, self.connectives)

    def margins(self, pairs: Pairs, seed: int = 0) -> Values:
        """(n,) how much the sentence is ahead of its reverse; 0 is a tie. Nan where there is no picture to see."""
        if (client := self.subjects.get("client")) is not None:
            found = asked(
                cast(Client, client), pairs, blind=self.config.blind, tokens=self.config.tokens, log=self.config.log,
                seed=seed,
            )  # fmt: skip
            self.answered = found.answered
            return found.margins
        there = np.flatnonzero(pairs.seen)
        margins = np.full(len(pairs), np.nan)
        own = pairs.take(there)
        codes = self.picture_codes(own.pictures)
        ahead = (codes * (self.text_codes(own.sentences) - self.text_codes(own.reverses))).sum(axis=1)
        margins[there] = np.where(own.same | (np.abs(ahead) < TIE), 0.0, ahead)
        return margins

    def picture_codes(self, pictures: Sequence[NDArray[np.uint8] | None]) -> Values:
        """(n, width) of unit length; none of them is missing."""
        towers: Any = fitted(self.towers, self)
        return _coded(pictures, towers.prepare_pictures, towers.picture_codes)

    def text_codes(self, texts: Sequence[str]) -> Values:
        """(n, width) of unit length; equal texts are coded once."""
        towers: Any = fitted(self.towers, self)
        pool = {text: k for k, text in enumerate(dict.fromkeys(texts))}
        return _coded(list(pool), towers.prepare_texts, towers.text_codes)[[pool[text] for text in texts]]

    def sees(self, rows: Any, present: Sequence[str], absent: Sequence[str], **roles: Any) -> Values:
        """(n,) whether all sentences of what is in the picture are nearer to it than all of what is not; nan where a
        row has no picture.

        Args:
            rows: With pictures.
            present: Columns of sentences of what is there.
            absent: Columns of sentences of what is not.
            roles: As in `fit`.

        Raises:
            OptionError: If a client was asked, or no column is named.
            DataError: If a row lacks a sentence; names the row and the column.
        """
        self._need_codes()
        return things_seen(self, self.given(rows, **roles), present, absent)

    def _need_codes(self) -> None:
        if "client" in self.subjects:
            raise OptionError("a client answers, and has no codes: give a model of the CLIP kind")

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """`choice` where it is missing, and how far the one was ahead; `neither` where nothing was."""
        pairs = self.pairs(given)
        margins = np.nan_to_num(self.margins(pairs, seed))
        names = np.array([*CHOICES, "neither"])
        chosen = names[np.where(margins > 0, 0, np.where(margins < 0, 1, 2))]
        column = given.column("choice") or "choice"
        if column in given.table:
            known = pairs_of(given, self.connectives, self.config.images).right
            chosen = np.where(known >= 0, names[known], chosen)
        columns: dict[str, Any] = {column: np.repeat(chosen, draws), "margin": np.repeat(np.round(margins, 9), draws)}
        kinds = {column: "label", "margin": "number"}
        if "client" in self.subjects:
            columns["said"] = [text for text in self.answered for _ in range(draws)]
            kinds["said"] = "text"
        rows = given.data if draws == 1 else given.data.take(np.repeat(np.arange(len(given)), draws))
        return rows.with_known(columns, kinds)

    def _edit(self, given: Given) -> Data:
        """Sentences, choice and pictures as what is held makes them."""
        if not self.held:
            return given.data
        pairs = self.pairs(given)
        columns: dict[str, Any] = {
            str(given.column("sentence")): list(pairs.sentences),
            str(given.column("reverse")): list(pairs.reverses),
        }
        kinds = dict.fromkeys(columns, "text")
        choice, image = given.column("choice"), given.column("image")
        if choice is not None and choice in given.table:
            columns[choice] = [None if k < 0 else CHOICES[k] for k in pairs.right.tolist()]
            kinds[choice] = "label"
        if image is not None and self.picture in {str(name) for name in self.held}:
            columns[image] = list(pairs.pictures)
            kinds[image] = "picture"
        return given.data.with_known(columns, kinds)

    def _encode(self, given: Given) -> Table:
        """`e1`, `e2`, ...: the code of each picture."""
        self._need_codes()
        pairs = self.pairs(given)
        if (gone := np.flatnonzero(~pairs.seen)).size:
            raise DataError(f"row {gone[0]} has no picture to encode ({gone.size} rows)")
        return Table.of_numbers("e", np.round(self.picture_codes(pairs.pictures), 9))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """What an edit does to the share right; see `effects.py`."""
        return effects_of(self, given, target, outcome)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """The share right beside what texts alone reach; see `judge.py`."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """The scores, and rows with what was chosen."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Saves the two towers as a folder: transformers opens that of a model of the CLIP kind, and another fit any.

        Raises:
            OptionError: If a client was asked, or nothing is fitted.
            RunError: If the folder cannot be written.
        """
        towers = fitted(self.towers, self)
        if not isinstance(towers, ClipTowers | SmallTowers):
            raise OptionError("a client was asked, and nothing was trained that could be exported")
        with made_folder(Path(folder), RunError):
            towers.save(Path(folder))

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes options and weights; of a CLIP model that was trained its folder, of one that was not nothing."""
        super().save_pretrained(folder)
        if isinstance(self.towers, ClipTowers) and self.config.tune != "none":
            self.export(Path(folder) / CLIP_FOLDER)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote."""
        from aitia.saving import model_folder

        found = super().from_pretrained(source)
        folder = Path(model_folder(source)) / CLIP_FOLDER
        if folder.is_dir():
            found.towers = read_clip(folder)
        return found

    def bind(self, **subjects: Any) -> Self:
        """A copy with these subjects; a model that was judged as it is is opened again."""
        other = super().bind(**subjects)
        if "model" in other.subjects and self.config.tune == "none":
            other.towers = open_clip(cast(Network, other.subjects["model"]))
        return other

    def _network(self) -> nn.Module:
        """What has weights of its own to be kept beside the options."""
        towers = fitted(self.towers, self)
        return nn.Module() if isinstance(towers, ClipTowers) else towers

    def _options(self) -> dict[str, Any]:
        small = self.towers.settings() if isinstance(self.towers, SmallTowers) else None
        texts = self.texts or TextOnly()
        words = {"words": list(texts.words), "weights": texts.weights.tolist()}
        return {"config": asdict(self.config), "small": small, "texts": words, "told": list(self._told)}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        held = dict(options["config"])
        held |= {name: tuple(held[name]) for name in ("forward", "backward")}
        model = cls(VqaCausalConfig(**held))
        model.towers = nn.Module() if options["small"] is None else SmallTowers(**options["small"]).eval()
        model.texts = TextOnly()
        model.texts.words = {word: k for k, word in enumerate(options["texts"]["words"])}
        model.texts.weights = np.array(options["texts"]["weights"])
        model._told = tuple(options["told"])
        return model


def _coded(given: Sequence[Any], prepare: Any, code: Any) -> Values:
    """(n, width) codes of unit length, some at a time."""
    found = []
    with torch.no_grad():
        for start in range(0, len(given), AT_ONCE):
            codes = code(prepare(given[start : start + AT_ONCE])).double().numpy()
            found.append(codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12))
    return np.concatenate(found) if found else np.zeros((0, 1))
