"""Which event of a clip caused which.

    score(e1 -> e2 | O) = MLP[ h(e1); h(e2); sum_o a_o(e1) h(o); sum_o a_o(e2) h(o) ]                               (1)
    a(e) = softmax h(e)' W h(o)
    loss = - log sigma(score of an annotated pair) - sum over other pairs of its clip of log sigma(-score)          (2)

O is what is seen at the moments of both events. Annotations of people are no counterfactual truth: what is learnt is
what was annotated, and a report says so.

Source:
    Chadha and Jain, iReason: multimodal commonsense reasoning using videos and natural language with interpretability,
    2021; (1) is that of Zhang, Huo, Zhao, Song and Roth, Learning contextual causality from time-consecutive images,
    2021, here with what is seen at four moments, and with all pairs of a clip as negatives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.subjects import Client, Network
from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.graph import Graph
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.sequences.saving import state_file
from aitia.nn.text_encoders import StateEncoder, TextEncoder, text_encoder, text_encoder_of
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.system import Discovers, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.ireason.answers import Answer, answers_of, graph_of
from aitia.systems.ireason.card import CARD
from aitia.systems.ireason.config import IreasonConfig
from aitia.systems.ireason.context import Colours, Patches, Sight, seen_of
from aitia.systems.ireason.effects import effects_of
from aitia.systems.ireason.events import ClipEvents
from aitia.systems.ireason.judge import judged
from aitia.systems.ireason.network import PairNetwork
from aitia.systems.ireason.page import blocks
from aitia.systems.ireason.pairs import pairs_of
from aitia.systems.ireason.reading import Read, notes_of
from aitia.systems.ireason.rows import clips_of
from aitia.systems.ireason.scoring import Hold, attention_of, scores_of
from aitia.systems.ireason.training import PairBatches, trained
from aitia.systems.ireason.trivial import Counts

__all__ = ["Ireason"]

Values = NDArray[np.float64]
KEPT = 100
"""Graphs of the fit that are kept."""


class Ireason(Pretrained, Predicts, Explains, Discovers):
    """Scores pairs of events of a clip as cause and effect, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> from aitia.worlds import ClipsWorld
        >>> world = ClipsWorld()
        >>> rows = world.rows(world.sample(40, seed=0), size=16)
        >>> model = Ireason(context="colours", steps=4, batch=16, width=8).fit(rows)
        >>> filled = model.predict(world.rows(world.sample(3, seed=1), size=16)).known
        >>> {"causes", "rationale", "scores"} <= set(filled.names)
        True
    """

    card = CARD
    Config = IreasonConfig
    config: IreasonConfig
    network: PairNetwork | None = None
    names: tuple[str, ...] = ()
    counts: Counts = Counts()
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()
    _untrained: bool = False
    _drawn: tuple[tuple[str, Graph], ...] = ()
    _sight: Sight | None = None
    _reader: TextEncoder | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants rows, and a folder of frames or objects where something is to be seen."""
        if given.rows is None:
            raise OptionError("ireason reads events of clips: say where they are (--data)")
        named = any(given.column(role) in given.table for role in ("objects", "frames"))
        if (
            not (named or given.data.sequences is not None or self.config.clips)
            and self.config.use != "text"
            and "client" not in given.subjects
        ):
            raise OptionError(
                "nothing is to be seen: put the table into the folder with a folder of frames for each clip, say that "
                "folder (--clips), name the objects (--objects), or take the sentences alone (--use text)"
            )

    def work(self, given: Given) -> str:
        """What is trained or asked."""
        if "client" in given.subjects:
            return f"the client scores the pairs of {len(given)} rows, without training"
        return f"{self.config.steps} steps of {self.config.batch} pairs of events ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        self.names, self._sight, self._reader = (), None, None
        _refuse_both(given)
        self.learn(self.read(given.part("train") or given), run)

    def learn(self, read: Read, run: RunStore = QUIET) -> Self:
        """What `fit` does once the rows are read: several systems may learn from what was seen once.

        Raises:
            DataError: If no pair is annotated, or all of them are.
        """
        config = self.config
        pairs = read.pairs.take(np.isfinite(read.pairs.label))
        self._told, self.counts = notes_of(read, config.least), Counts().fit(read.pairs)
        self._untrained = "client" in self.subjects
        if self._untrained:
            self._drawn = self._graphs_of(read)
            return self
        if not len(pairs) or not 0 < pairs.label.sum() < len(pairs):
            what = "no pair" if not len(pairs) or not pairs.label.any() else "every pair"
            raise DataError(
                f"{what} of events is annotated as cause and effect, so that nothing can be learnt: say `causes` of "
                "some events and `[]` of others, or let a language model score them untrained (--client FOLDER)"
            )
        self.names = pairs.looks.names
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            ids, mask = self._opened_texts(pairs.sentences)
            encoder = None if "encoder" in self.subjects else self._reader
            self.network = PairNetwork(
                encoder, config.width if encoder is not None else ids.shape[1], len(self.names),
                pairs.looks.features.shape[2], config.width, config.use, config.attention,
            )  # fmt: skip
        weights = pairs.weights if config.balanced else np.ones(len(pairs))
        losses = trained(
            self.network, PairBatches(pairs, ids, mask, weights, config.batch, config.seed), drop=config.drop,
            steps=config.steps, learning_rate=config.learning_rate, seed=config.seed, device=config.device,
            checkpoint=state_file(run.checkpoint, "pairs"), progress=run.progress,
        )  # fmt: skip
        self._losses = (("pairs of events", losses),)
        self._drawn = self._graphs_of(read)
        return self

    def _opened_texts(self, sentences: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Tokens of sentences and their mask; of an encoder that stays as it is their codes."""
        if "encoder" in self.subjects:
            if self._reader is None:
                from aitia.nn.language import load_language_model

                network = cast(Network, self.subjects["encoder"])
                self._reader = StateEncoder(load_language_model(network.where(), "encoder"))
            return self._reader.codes(sentences).clone(), torch.ones(len(sentences), 1, dtype=torch.long)
        if self.network is not None and self.network.encoder is not None:
            self._reader = self.network.encoder
        elif self._reader is None:
            self._reader = text_encoder(self.config.texts, sentences, width=self.config.width, seed=self.config.seed)
        return self._reader.tokens(sentences)

    @property
    def training(self) -> Training:
        """The losses, and what to know of the rows."""
        return Training(losses=self._losses, notes=self._told)

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, *data: Any, **roles: Any) -> Read:
        """Rows as clips with their pairs; sentences that are missing are written by the captioner."""
        given = self.given(*data, **roles)
        clips = clips_of(given, self.config.clips, self.config.pixels)
        clips, written = self._captioned(clips)
        blind = self.config.use == "text" or "client" in self.subjects
        seen = seen_of(clips, None if blind else self.sight, most=self.config.most, cache=self.config.cache)
        pairs = pairs_of(clips, seen, self.names)
        if self.config.use == "video":
            pairs = pairs.of_whole_clips()
        number = {name: k for k, name in enumerate(dict.fromkeys(clip.group or clip.name for clip in clips))}
        of = np.array([number[clip.group or clip.name] for clip in clips], dtype=np.int64)
        return Read(tuple(clips), pairs, of[pairs.clip], written)

    @property
    def sight(self) -> Sight:
        """What looks at frames; opened once."""
        if self._sight is None:
            if "detector" in self.subjects:
                from aitia.systems.ireason.seeing import open_detector

                self._sight = open_detector(cast(Network, self.subjects["detector"]), self.config.least)
            else:
                self._sight = Colours() if self.config.context == "colours" else Patches()
        return self._sight

    def _captioned(self, clips: list[ClipEvents]) -> tuple[list[ClipEvents], tuple[int, int]]:
        silent = [(n, k) for n, clip in enumerate(clips) for k, e in enumerate(clip.events) if not e.sentence]
        if not silent:
            return clips, (0, 0)
        if "captioner" not in self.subjects:
            n, k = silent[0]
            raise DataError(
                f"{clips[n].name}: event {clips[n].titles[k]} has no sentence ({len(silent)} such in all): write "
                "it, or give a model that does (--captioner)"
            )
        from aitia.systems.ireason.seeing import open_captioner

        writer, dropped, done = open_captioner(cast(Network, self.subjects["captioner"])), 0, list(clips)
        for n in dict.fromkeys(n for n, _ in silent):
            those = [k for m, k in silent if m == n]
            middles = [(clips[n].events[k].start + clips[n].events[k].stop - 1) // 2 for k in those]
            told = writer.write(clips[n].frames(middles))
            low = {k for k, (text, sure) in zip(those, told, strict=True) if sure < self.config.least or not text}
            said = {k: text for k, (text, _) in zip(those, told, strict=True)}
            clip = clips[n].said(said)
            pairs = tuple(pair for pair in clip.pairs if not low & {*pair})
            done[n] = replace(clip, pairs=pairs)
            dropped += len(low)
        return done, (len(silent) - dropped, dropped)

    def codes_of(self, sentences: Sequence[str]) -> Tensor:
        """(n, width) codes of sentences, as the network reads them."""
        network = self.need_network()
        if not sentences:
            return torch.zeros(0, network.text.out_features)
        with torch.no_grad():
            return network.codes(*self._opened_texts(sentences))

    def need_network(self) -> PairNetwork:
        """The network.

        Raises:
            OptionError: If nothing is fitted, or a client is asked, which has none.
        """
        if "client" in self.subjects:
            raise OptionError("a client scores sentences, and nothing was trained that could be explained")
        return cast(PairNetwork, fitted(self.network, self))

    def scores(self, read: Read, seed: int = 0) -> Values:
        """(pairs,) scores under what is held: the logarithms of odds, or those of a language model."""
        if "client" in self.subjects:
            from aitia.systems.ireason.zero_shot import zero_shot

            return zero_shot(cast(Client, self.subjects["client"]), read.pairs)
        network = self.need_network()
        return scores_of(network, read.pairs, self.codes_of(read.pairs.sentences), self._hold(), seed)

    def answers(self, read: Read, seed: int = 0) -> list[Answer]:
        """What is said of each event that has a candidate."""
        asked, attention = "client" in self.subjects, None
        if not asked and self.config.use != "text":
            attention = attention_of(self.need_network(), read.pairs, self.codes_of(read.pairs.sentences))
        scores = self.scores(read, seed)
        return answers_of(
            read.pairs, scores, attention, threshold=self.config.threshold, probabilities=not asked
        )  # fmt: skip

    # -- verbs ---------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """What is said, what is seen, and each object of the fit."""
        about = "absent: the mean in its place; other: as it is in other clips"
        objects = [Target(f"object[{name}]", labels=("absent", "other"), about=about) for name in self.names]
        return Targets(
            [
                Target("text", labels=("absent",), about="what is said of both events"),
                Target("context", labels=("absent",), about="all that is seen"),
                *objects,
            ]
        )

    def _hold(self) -> Hold:
        held = {str(name): str(getattr(action, "value", "")) for name, action in self.held.items()}
        slots = {k.removeprefix("object[")[:-1]: v for k, v in held.items() if k.startswith("object[")}
        absent, other = (tuple(k for k, v in slots.items() if v == way) for way in ("absent", "other"))
        return Hold("both" if "text" in held else "", "context" in held, absent, other)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """`causes` where they are missing, with candidates and their scores, and a sentence of rationale."""
        read = self.read(given)
        column, single = given.column("causes") or "causes", given.data.sequences is not None
        n = len(given)
        causes: list[list[Any]] = [[] for _ in range(n)]
        scores: list[list[Any]] = [[] for _ in range(n)]
        told: list[list[str]] = [[] for _ in range(n)]
        for one in self.answers(read, seed):
            clip = read.clips[one.clip]
            row = clip.rows[one.effect]
            pairs: list[list[Any]] = [[k, one.effect] if single else [clip.titles[k]] for k in one.candidates]
            said = [pair for pair, k in zip(pairs, one.candidates, strict=True) if k in one.chosen]
            causes[row] += said if single else [pair[0] for pair in said]
            scores[row] += [[*pair, round(p, 6)] for pair, p in zip(pairs, one.chances, strict=True)]
            told[row].append(one.told(clip))
        if column in given.table:
            gone, cells = given.table.absent(column), given.table.lists(column)
            causes = [mine if missing else list(cell) for mine, missing, cell in zip(causes, gone, cells, strict=True)]
        at = np.repeat(np.arange(n), draws).tolist()
        rows = given.data if draws == 1 else given.data.take(at)
        filled = {
            column: [causes[k] for k in at], "scores": [scores[k] for k in at],
            "rationale": ["; ".join(told[k]) for k in at],
        }  # fmt: skip
        return rows.with_known(filled, {column: "list", "scores": "list", "rationale": "text"})

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The events of each clip with an arrow from each cause; of the first clips of the fit where none are given."""
        return dict(self._drawn if rows is None else self._graphs_of(self.read(rows), None))

    def _graphs_of(self, read: Read, most: int | None = KEPT) -> tuple[tuple[str, Graph], ...]:
        answers: dict[int, list[Answer]] = {}
        for one in self.answers(read):
            answers.setdefault(one.clip, []).append(one)
        return tuple((clip.name, graph_of(clip, answers.get(n, []))) for n, clip in enumerate(read.clips[:most]))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """What each part does to scores; see `effects.py`."""
        return effects_of(self, given, target, outcome)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Ranks, pairs and calibration beside what needs no model; see `judge.py`."""
        read = self.read(fresh.part("test") or fresh)
        return judged(self, read.pairs, self.scores(read), read.videos)

    def report(self, given: Given) -> Sequence[Block]:
        """Strips of frames with what happens, the graph of each clip and its rationale."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        """What has weights."""
        return nn.Module() if self._untrained else fitted(self.network, self)

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config), "network": None if self.network is None else dict(self.network.settings()),
            "names": list(self.names), "counts": self.counts.to_json(), "told": list(self._told),
            "drawn": [[name, list(g.nodes), [[e.left, e.right] for e in g.edges]] for name, g in self._drawn],
        }  # fmt: skip

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(IreasonConfig(**options["config"]))
        model._untrained = options["network"] is None
        if options["network"] is not None:
            held = dict(options["network"])
            encoder = held.pop("encoder")
            model.network = PairNetwork(None if encoder is None else text_encoder_of(encoder), **held).eval()
        model.names, model.counts = tuple(options["names"]), Counts.from_json(options["counts"])
        model._told = tuple(options["told"])
        model._drawn = tuple((name, Graph([tuple(e) for e in edges], nodes)) for name, nodes, edges in options["drawn"])
        return model


def _refuse_both(given: Given) -> None:
    """A clip that is in the fit and in the test at once tells nothing."""
    column = given.column("split")
    if column is None or column not in given.table or (role := given.column("group")) is None:
        return
    parts: dict[str, str] = {}
    for name, part in zip(given.table.labels(role).tolist(), given.labels("split").tolist(), strict=True):
        if parts.setdefault(str(name), part) != part:
            raise DataError(f"{name} is in `{parts[str(name)]}` and in `{part}`: a video is of one part alone")
