"""Causal2Vec: a causal language model embeds texts, with one token in front that has read the whole of each.

    [front] [instruction] c x_1 .. x_n end,    c = map(mean state of an encoder on x)                               (1)
    e(x) = (state at c, state at end), scaled to length 1                                                           (2)
    -log exp(q.d / t) / (exp(q.d / t) + sum over other positives and hard negatives d' of exp(q.d' / t))            (3)

A causal model sees at each token what stands before it; with c in front, every token sees a summary of what is still to
come, and the model stays as it is. `fit` takes queries with what they are to find and lowers (3) over the decoder, the
encoder and the map. `arm` gives the decoder in other ways that make it embed, by the same code (`arms.py`); `do` puts
another token in the place of c.

Without models of one's own a small decoder and a much smaller encoder read the texts first.

Source:
    Lin, Causal2Vec: Improving decoder-only LLMs as versatile embedding models through a contextual token, 2025. Where
    we differ from it is said in `embedder.py`.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.subjects import Network, Subject
from aitia.data.table import Table
from aitia.errors import OptionError, join_names
from aitia.guard import guarded
from aitia.nn.language import LanguageModel
from aitia.nn.sequences import SequenceModel
from aitia.nn.sequences.low_rank import with_low_rank, write_low_rank
from aitia.nn.sequences.saving import state_file
from aitia.nn.sequences.tuned import UPDATES, TunesGiven, copied_decoder
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import made, model_folder, read_config, read_record, write_config
from aitia.system import Encodes, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.causal2vec.arms import READINGS
from aitia.systems.causal2vec.backbones import (
    made_decoder,
    made_encoder,
    opened_encoder,
    read_by_decoder,
    read_by_encoder,
)
from aitia.systems.causal2vec.card import CARD
from aitia.systems.causal2vec.config import Causal2VecConfig
from aitia.systems.causal2vec.embedder import INSTEAD, ContextualEmbedder, Instead, headless
from aitia.systems.causal2vec.judge import judged
from aitia.systems.causal2vec.page import blocks
from aitia.systems.causal2vec.pairs import PairBatches, Pairs, pairs_of, shortened, texts_of
from aitia.systems.causal2vec.sentences import write_sentence_transformer
from aitia.systems.causal2vec.training import contrasted

__all__ = ["Causal2Vec"]

Values = NDArray[np.float64]
Phase = tuple[str, tuple[Mapping[str, float], ...]]
SETTLED = 512
"""Texts from which the usual state of the encoder is taken."""
NAMED = 5
"""Texts that were cut that are named."""


class Causal2Vec(TunesGiven, Predicts, Encodes):
    """Texts as vectors, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> rows = {"text": ["ann met bob", "it rained", "the cat sleeps"] * 4,
        ...         "positive": ["bob was met by ann", "there was rain", "the cat is asleep"] * 4}
        >>> model = Causal2Vec(steps=40, first_steps=10, width=16, layers=1, encoder_width=8, batch=6).fit(rows)
        >>> model.predict({"text": ["it rained"]}).texts("positive")
        ['there was rain']
        >>> len(model.encode({"text": ["ann met bob"]}).names)
        32
    """

    card = CARD
    Config = Causal2VecConfig
    config: Causal2VecConfig
    _embedder: ContextualEmbedder | None = None
    _library: tuple[str, ...] = ()
    _losses: tuple[Phase, ...] = ()
    _told: tuple[str, ...] = ()
    _kept: Path | None = None
    _codes: dict[str, Values]

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants queries with their positives, and something to hold them against; see `pairs_of`."""
        if given.rows is None:
            raise OptionError("causal2vec learns from queries with what they are to find: say where they are")
        pairs_of(given)
        reading = READINGS[self.config.arm]
        for name, used in (("model", reading.decodes), ("encoder", reading.encodes)):
            if name in given.subjects and not used:
                raise OptionError(f"the arm {self.config.arm} has no {name}: leave it out, or take another arm")

    def work(self, given: Given) -> str:
        """Steps of all trainings."""
        config, reading = self.config, READINGS[self.config.arm]
        used = [name for name, has in (("model", reading.decodes), ("encoder", reading.encodes)) if has]
        small = sum(name not in given.subjects for name in used)
        first = f"{small * config.first_steps} steps of small models on the texts, then " if small else ""
        return f"{first}{config.steps} steps of {config.batch} queries ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        config, pairs = self.config, pairs_of(given)
        losses: list[Phase] = []
        model = self._decoder(given, pairs, run, losses)
        encoder = self._encoder(given, pairs, run, losses)
        if model is not None and config.lora:
            with_low_rank(model, config.lora, config.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            embedder = ContextualEmbedder(config.arm, model, encoder)
        some = shortened(pairs.texts, SETTLED, config.seed)
        embedder.settle(some, start=True)
        batches = PairBatches(pairs, embedder.layout, config.batch, config.seed)
        if config.steps:
            history = contrasted(embedder, batches, config, state_file(run.checkpoint, "contrast"), run.progress)
            losses.append(("finding what belongs to a query", tuple(history.losses)))
        embedder.settle(some, start=False)
        self._embedder, self._losses, self._codes = embedder.eval(), tuple(losses), {}
        self._library = tuple(dict.fromkeys(pairs.positives))[: config.kept]
        self._told = self._warnings(batches, len(set(pairs.positives)))

    def _decoder(self, given: Given, pairs: Pairs, run: RunStore, losses: list[Phase]) -> SequenceModel | None:
        config = self.config
        if not READINGS[config.arm].decodes:
            return None
        if (named := cast(Network | None, given.subjects.get("model"))) is not None:
            return self._copied(named)
        model = made_decoder(config, pairs.texts, pairs.instructions)
        if config.first_steps:
            history = read_by_decoder(model, pairs.texts, config, state_file(run.checkpoint, "decoder"), run.progress)
            losses.append(("the decoder reads the texts", tuple(history.losses)))
        return model

    def _encoder(self, given: Given, pairs: Pairs, run: RunStore, losses: list[Phase]) -> LanguageModel | None:
        config = self.config
        if not READINGS[config.arm].encodes:
            return None
        if (named := cast(Network | None, given.subjects.get("encoder"))) is not None:
            return opened_encoder(named)
        encoder = made_encoder(config, pairs.texts)
        if config.first_steps:
            history = read_by_encoder(encoder, pairs.texts, config, state_file(run.checkpoint, "encoder"), run.progress)
            losses.append(("the encoder reads the texts", tuple(history.losses)))
        return headless(encoder)

    @property
    def training(self) -> Training:
        """The losses, and what was cut."""
        return Training(losses=self._losses, warnings=self._told)

    def _warnings(self, batches: PairBatches, positives: int) -> tuple[str, ...]:
        found = []
        if batches.cut:
            found.append(
                f"{len(batches.cut)} texts are longer than the decoder takes and were cut at their end: "
                f"{join_names(batches.cut, NAMED)}"
            )
        if batches.unread:
            found.append(
                f"{len(batches.unread)} texts are longer than the encoder takes: their contextual token sums up the "
                f"first part alone: {join_names(batches.unread, NAMED)}"
            )
        if positives > self.config.kept:
            found.append(
                f"predict looks among the first {self.config.kept} of {positives} positives: `kept` says how many"
            )
        return tuple(found)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def embedder(self) -> ContextualEmbedder:
        """The network.

        Raises:
            OptionError: Before a fit.
        """
        if self._embedder is None and self._kept is not None:
            self._embedder = self._read(self._kept)
        if self._embedder is None:
            raise OptionError("this Causal2Vec has not been fitted: call fit first")
        return self._embedder

    @property
    def targets(self) -> Targets:
        """The contextual token, where the arm has one."""
        if not READINGS[self.config.arm].slot or (self._embedder is None and self._kept is None):
            return Targets()
        return Targets([Target("contextual", INSTEAD, about="what stands in the place of the contextual token")])

    def vectors(self, texts: Sequence[str], instructions: Sequence[str] | None = None) -> Values:
        """(n, width) the embeddings of texts, of length 1, under what is held.

        Args:
            texts: One a row.
            instructions: What stands before each.
        """
        held = {str(name): action for name, action in self.held.items()}.get("contextual")
        instead = None if held is None else cast(Instead, str(cast(Any, held).value))
        found: Values = self.embedder.embed(texts, instructions, instead=instead).double().numpy()
        return found

    def similarities(
        self, queries: Sequence[str], documents: Sequence[str], instructions: Sequence[str] | None = None
    ) -> Values:
        """(queries, documents) cosines."""
        return self.vectors(queries, instructions) @ self.vectors(documents).T

    def nearest(
        self, queries: Sequence[str], instructions: Sequence[str] | None, count: int
    ) -> tuple[list[list[str]], list[list[float]]]:
        """For each query the nearest texts among the positives of the fit, the nearest first, and their cosines."""
        key = str(self.held)
        if key not in self._codes:
            self._codes[key] = self.vectors(self._library)
        near = self.vectors(queries, instructions) @ self._codes[key].T
        order = np.argsort(-near, axis=1, kind="stable")[:, :count]
        texts = [[self._library[k] for k in row] for row in order]
        return texts, np.take_along_axis(near, order, axis=1).tolist()

    def tokens_of(self, texts: Sequence[str]) -> tuple[float, float]:
        """Tokens that the decoder and the encoder read of a text, in the mean."""
        laid = self.embedder.layout.laid(texts)
        return float(np.mean([len(one.ids) for one in laid])), float(np.mean([len(one.read) for one in laid]))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The nearest positive of the fit where one is missing; draw k is the k-th nearest."""
        column = given.column("positive") or "positive"
        texts, told = texts_of(given)
        there = np.zeros(len(given), dtype=bool)
        found: list[str] = [""] * len(given) * draws
        if column in given.table:
            there = ~given.table.absent(column)
            for row, text in enumerate(given.table.texts(column)):
                found[row * draws : (row + 1) * draws] = [text] * draws
        near: list[float | None] = [None] * len(found)
        asked = [row for row in range(len(given)) if not there[row]]
        if draws > len(self._library) and asked:
            raise OptionError(f"{draws} draws are asked for, and there are {len(self._library)} texts to be found")
        if asked:
            self._tell_cut(
                [texts[row] for row in asked], [told[row] for row in asked], list(map(given.row_number, asked))
            )
            nearest, cosines = self.nearest([texts[row] for row in asked], [told[row] for row in asked], draws)
            for row, said, values in zip(asked, nearest, cosines, strict=True):
                found[row * draws : (row + 1) * draws] = said
                near[row * draws : (row + 1) * draws] = [round(value, 6) for value in values]
        rows = given.data if draws == 1 else given.data.take(np.repeat(np.arange(len(given)), draws))
        cosine = [float("nan") if value is None else value for value in near]
        return rows.with_known({column: found, "cosine": cosine}, {column: "text", "cosine": "number"})

    def _encode(self, given: Given) -> Table:
        """The embedding of the text of each row."""
        texts, told = texts_of(given)
        self._tell_cut(texts, told, list(map(given.row_number, range(len(texts)))))
        codes = self.vectors(texts, told)
        columns = {f"e{k}": codes[:, k] for k in range(codes.shape[1])}
        return Table.of(columns, kinds=dict.fromkeys(columns, "number"))

    def _tell_cut(self, texts: Sequence[str], instructions: Sequence[str], rows: Sequence[int]) -> None:
        """Warns where texts are longer than what embeds them takes: the rows, and how many tokens of each are lost."""
        laid = self.embedder.layout.laid(texts, instructions)
        for who, lost in (("decoder", [one.cut for one in laid]), ("encoder", [one.unread for one in laid])):
            over = [f"row {row} ({tokens} tokens too many)" for row, tokens in zip(rows, lost, strict=True) if tokens]
            if over:
                warnings.warn(
                    f"{len(over)} of {len(laid)} texts are longer than the {who} takes, which reads them without their "
                    f"end: {join_names(over, NAMED)}",
                    RuntimeWarning,
                    stacklevel=4,
                )

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """nDCG@10 and hit@1 on new rows; see `judge.py`."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """Queries with the nearest texts, and what comes through the contextual token."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Writes a folder that sentence-transformers opens, with `trust_remote_code=True` and aitia installed.

        Raises:
            OptionError: If nothing is fitted, or a replaced token is held, which the folder could not say.
            RunError: If the folder cannot be written.
        """
        if self.held:
            raise OptionError(f"{self.held} is held, and a SentenceTransformer holds nothing: export the system itself")
        write_sentence_transformer(self.embedder, folder)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and the network; of a decoder under low-rank updates these alone.

        Raises:
            OptionError: If nothing is fitted.
            RunError: If the folder cannot be written.
        """
        embedder, place = self.embedder, made(folder)
        embedder.save(place / "embedder", decoder=not self._on_another)
        if self._on_another and embedder.language is not None:
            write_low_rank(embedder.language, place / UPDATES)
        options = {"config": asdict(self.config), "library": list(self._library), "told": list(self._told)}
        write_config(place, type(self).__name__, options, self._record())

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote; a decoder under low-rank updates is opened when it is first asked.

        Raises:
            FormatError: If there is no such folder, a file is damaged, or it holds something else.
        """
        folder = model_folder(source)
        options = read_config(folder, cls.__name__)
        with guarded(folder, f"holds no whole {cls.__name__}"):
            found = cls(Causal2VecConfig(**options["config"]))
            found._library, found._told = tuple(options["library"]), tuple(options["told"])
            found._recall(read_record(folder))
            found._codes, found._kept = {}, folder
            if not found._on_another:
                found._embedder = found._read(folder)
        return found

    def _copied(self, named: Subject) -> SequenceModel:
        return copied_decoder(named, self.config.longest, reads_on=False)

    def _read(self, folder: Path) -> ContextualEmbedder:
        model = self._with_updates(folder) if self._on_another else None
        return ContextualEmbedder.load(folder / "embedder", model)
