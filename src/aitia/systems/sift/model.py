"""SIFT: a causal language model that is tuned to write the spans of a text, with labelled texts shown before it.

    prompt = sentence_1 answer_1 ... sentence_k answer_k sentence,    then the answer                               (1)

Three ways to tune it differ in which tokens of (1) carry loss: the answer alone (single), the answers of the
demonstrations too (multi), or all of it (vanilla). Demonstrations are drawn anew for every training sequence; where
spans are asked for, k of the training rows are shown, the same to all. An answer is written under a rule that allows
runs of words of the sentence and the types, so that every span is one of the text.

Without a model of one's own a small decoder is trained on the texts first; that one knows no more than they say.

Source:
    Dukic, Glavas and Snajder, Supervised in-context fine-tuning for generative sequence labeling, 2025, section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.subjects import Network, Subject
from aitia.errors import DataError, OptionError
from aitia.nn.sequences import (
    DrawnExamples,
    SequenceLoss,
    SequenceModel,
    objectives,
    token_log_probabilities,
    write,
)
from aitia.nn.sequences.low_rank import with_low_rank
from aitia.nn.sequences.saving import state_file
from aitia.nn.sequences.tuned import KeepsTuned, copied_decoder
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.system import Given, Predicts, Scores, Training
from aitia.systems.sift.answers import Answers, Written
from aitia.systems.sift.card import CARD
from aitia.systems.sift.config import SiftConfig
from aitia.systems.sift.decoder import made_decoder
from aitia.systems.sift.judge import judged
from aitia.systems.sift.page import blocks
from aitia.systems.sift.prompts import Prompts
from aitia.systems.sift.sentences import Sentence, Span, check_spans, cut, sentence_of
from aitia.train import TrainConfig, train

__all__ = ["Labelled", "Sift"]

Labelled = tuple[Sentence, tuple[Span, ...]]
Ids = NDArray[np.int64]
AT_ONCE = 32
"""Prompts that are answered at once."""


class Sift(KeepsTuned, Predicts):
    """Writes the spans of texts, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        types: That a span may have.
        unaligned: Of the last answers, how many spans were no spans of their text.

    Example:
        >>> rows = {"text": ["ann met bob", "bob left", "it rained"] * 4,
        ...         "spans": [[[0, 3, "person"], [8, 11, "person"]], [[0, 3, "person"]], []] * 4}
        >>> model = Sift(steps=60, first_steps=20, width=16, layers=1, batch=6).fit(rows)
        >>> found = model.predict({"text": ["bob met ann"]})
        >>> found.names, all(kind == "person" for _, _, kind in found.spans("spans")[0])
        (('text', 'spans', 'log p'), True)
    """

    card = CARD
    Config = SiftConfig
    config: SiftConfig
    part = "labeller"
    types: tuple[str, ...] = ()
    unaligned: int = 0
    _shown: tuple[tuple[str, tuple[Span, ...]], ...] = ()
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants texts, spans that are in them, and more rows than demonstrations."""
        if given.rows is None:
            raise OptionError("sift learns from texts with their spans: say where they are")
        labelled = self._labelled_rows(given)
        if not labelled:
            raise DataError("no row has spans to learn from: name their column (--spans)")
        if len(labelled) <= self.config.demonstrations:
            raise DataError(
                f"{len(labelled)} rows have spans, and {self.config.demonstrations} are shown before each: give more "
                "rows or fewer demonstrations"
            )
        texts, spans = given.texts("text"), self._spans(given)
        if not any(spans[row] for row in labelled):
            raise DataError("no row has a span: there is nothing to learn")
        for row, text in enumerate(texts):
            check_spans(Sentence(text, cut(text, row), ()), spans[row], row)

    def work(self, given: Given) -> str:
        """Steps of both trainings."""
        config = self.config
        first = (
            "" if "model" in given.subjects else f"{config.first_steps} steps of a small decoder on the texts, then "
        )
        return (
            f"{first}{config.steps} steps of {config.batch} prompts with {config.demonstrations} demonstrations each "
            f"({len(given)} texts)"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        texts, spans, rows = given.texts("text"), self._spans(given), self._labelled_rows(given)
        self.types = tuple(sorted({kind for row in rows for _, _, kind in spans[row]}))
        losses = []
        named = cast(Network | None, given.subjects.get("model"))
        if named is None:
            self._model = made_decoder(config, texts, self.types)
        else:
            self._model = self._copied(named)
        numbers = [given.row_number(row) for row in range(len(given))]
        labelled = self._labelled(
            [texts[row] for row in rows], [spans[row] for row in rows], [numbers[row] for row in rows]
        )
        ids = [] if named is not None or not config.first_steps else self._ids(texts, numbers)
        if config.steps:
            self._check_fits(labelled)
        if ids:
            losses.append(self._read(ids, run))
        if config.lora:
            with_low_rank(self._model, config.lora, config.seed)
        losses.append(self._tune(labelled, config.steps, run))
        chosen = np.random.default_rng([config.seed, 1]).permutation(len(labelled))[: config.demonstrations]
        self._shown = tuple((labelled[k][0].text, labelled[k][1]) for k in chosen)
        self._losses = tuple(phase for phase in losses if phase is not None)
        self._told = self._warnings(labelled)

    def _check_fits(self, labelled: Sequence[Labelled]) -> None:
        prompts = self._prompts()
        for sentence, spans in labelled:
            prompts.check(sentence, spans)

    def _ids(self, texts: Sequence[str], numbers: Sequence[int]) -> list[Ids]:
        """The plain texts on tokens, each with its end.

        Raises:
            DataError: If one does not fit; names its row.
        """
        model = self._fitted()
        ids = [np.array([*model.vocabulary.encode(text), model.vocabulary.end]) for text in texts]
        for number, text, held in zip(numbers, texts, ids, strict=True):
            if len(held) > model.longest:
                raise DataError(
                    f"row {number}: the text {text[:40]!r} has {len(held)} tokens, {model.longest} fit: cut it, or "
                    "raise longest"
                )
        return ids

    def _read(self, ids: Sequence[Ids], run: RunStore) -> Any:
        """The plain texts, from the left: what a small decoder knows before it is tuned."""
        model, config = self._fitted(), self.config
        drawn = DrawnExamples(
            lambda row, random: objectives.full_language(ids[row]), len(ids), max(config.batch, 16),
            model.vocabulary.pad, model.longest, config.seed,
        )  # fmt: skip
        history = train(
            SequenceLoss(model), drawn, self._training(config.first_steps), progress=run.progress,
            what="reading the texts", checkpoint=state_file(run.checkpoint, "reading"),
        )  # fmt: skip
        model.model.eval()
        return "reading the texts", tuple(history.losses)

    def _tune(self, labelled: Sequence[Labelled], steps: int, run: RunStore) -> Any:
        model, config = self._fitted(), self.config
        if not steps:
            return None
        prompts = self._prompts()

        def example(row: int, random: np.random.Generator) -> objectives.Example:
            sentence, spans = labelled[row]
            others = [k for k in random.permutation(len(labelled)) if labelled[k][0].text != sentence.text]
            shown = [labelled[k] for k in others[: config.demonstrations]]
            return prompts.example(sentence, spans, shown, config.strategy)

        drawn = DrawnExamples(
            example, len(labelled), config.batch, model.vocabulary.pad, model.longest, config.seed + 1
        )
        history = train(
            SequenceLoss(model), drawn, self._training(steps), progress=run.progress, what="writing the spans",
            checkpoint=state_file(run.checkpoint, "writing"),
        )  # fmt: skip
        model.model.eval()
        return "writing the spans", tuple(history.losses)

    def _training(self, steps: int) -> TrainConfig:
        config = self.config
        return TrainConfig(
            steps=steps, learning_rate=config.learning_rate, betas=(0.9, 0.95), weight_decay=0.1, schedule="cosine",
            clip=1.0, seed=config.seed, device=config.device,
        )  # fmt: skip

    @property
    def training(self) -> Training:
        """The losses, and what was left out."""
        return Training(losses=self._losses, warnings=self._told)

    def _warnings(self, labelled: Sequence[Labelled]) -> tuple[str, ...]:
        prompts, wanted = self._prompts(), self.config.demonstrations
        fit = [prompts.shown(sentence, labelled[:wanted], self.config.most) for sentence, _ in labelled]
        short = sum(count < wanted for count in fit)
        if not short:
            return ()
        return (
            f"{short} of {len(labelled)} prompts have no room for {wanted} demonstrations beside an answer of "
            f"{self.config.most} tokens, and lack the first ones: a longer context or fewer demonstrations mends it",
        )

    # -- asking --------------------------------------------------------------------------------------------------------

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Spans where they are missing, and the log-probability of each; one draw is the likeliest answer."""
        column = given.column("spans") or "spans"
        there = np.zeros(len(given), dtype=bool)
        spans: list[Any] = [None] * len(given) * draws
        if column in given.table:
            there = ~given.table.absent(column)
            for row, held in enumerate(given.table.spans(column)):
                for draw in range(draws):
                    spans[row * draws + draw] = [list(span) for span in held]
        said: list[Any] = [None] * len(spans)
        texts = given.texts("text")
        asked = [row for row in range(len(given)) if not there[row]]
        vocabulary = self._fitted().vocabulary
        sentences = [sentence_of(texts[k], vocabulary, given.row_number(k)) for k in asked for _ in range(draws)]
        answers = self.answers(sentences, temperature=0.0 if draws == 1 else 1.0, seed=seed)
        for place, (written, scores) in enumerate(answers):
            row = asked[place // draws] * draws + place % draws
            spans[row], said[row] = [list(span) for span in written.spans], [round(score, 6) for score in scores]
        rows = given.data if draws == 1 else given.data.take(np.repeat(np.arange(len(given)), draws))
        return rows.with_known({column: spans, "log p": said}, {column: "spans", "log p": "list"})

    def answers(
        self, sentences: Sequence[Sentence], *, temperature: float = 0.0, seed: int = 0, free: bool = False
    ) -> list[tuple[Written, list[float]]]:
        """The spans of sentences as they were written, and the log-probability of each.

        Args:
            sentences: To be labelled.
            temperature: 0 takes the likeliest token.
            seed: Of the draws.
            free: Whether the model may write what it likes, to see what the rule is worth.
        """
        model, prompts, held = self._fitted(), self._prompts(), self._answers()
        shown = self._labelled([text for text, _ in self._shown], [spans for _, spans in self._shown])
        asked = []
        for sentence in sentences:
            others = [each for each in shown if each[0].text != sentence.text]
            asked.append(prompts.prompt(sentence, others, min(self.config.most, model.longest // 2)))
        found: list[tuple[Written, list[float]]] = []
        self.unaligned = 0
        for start in range(0, len(asked), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            rule = None if free else held.rule(sentences[part])
            ids = write(
                model, asked[part], most=self.config.most, ends=[*held.end], allowed=rule, temperature=temperature,
                seed=seed + start,
            )  # fmt: skip
            logs = token_log_probabilities(model, asked[part], [[*row, *held.end] for row in ids])
            for sentence, row, log in zip(sentences[part], ids, logs, strict=True):
                written = held.read(sentence, row)
                self.unaligned += written.unaligned
                found.append((written, [float(log[a:b].sum()) for a, b in written.places]))
        return found

    def adapt(self, few: Any, *, steps: int = 50, **roles: Any) -> Self:
        """A copy that was tuned on with a few labelled rows of another kind of text.

        Raises:
            DataError: If a type was not in the training, or there are fewer rows than demonstrations.
        """
        import copy

        given = self.given(few, **roles)
        texts, spans, rows = given.texts("text"), self._spans(given), self._labelled_rows(given)
        if unseen := sorted({kind for row in rows for _, _, kind in spans[row]} - set(self.types)):
            raise DataError(f"the type {unseen[0]!r} is none of the training, {', '.join(self.types)}: fit anew")
        other = copy.copy(self)
        other._model = copy.deepcopy(self._fitted())
        numbers = [given.row_number(row) for row in rows]
        labelled = other._labelled([texts[row] for row in rows], [spans[row] for row in rows], numbers)
        if len(labelled) < 2:
            raise DataError(f"{len(labelled)} rows have spans: to adapt takes 2 or more")
        other._check_fits(labelled)
        phase = other._tune(labelled, steps, QUIET)
        other._shown = tuple((s.text, held) for s, held in labelled[: self.config.demonstrations])
        other._losses = (*self._losses, *([phase] if phase else []))
        return other

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Strict F1 of spans; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Texts with their spans, found and said, and how often each type is right."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "types": list(self.types),
            "shown": [[text, [list(span) for span in spans]] for text, spans in self._shown],
            "told": list(self._told),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(SiftConfig(**options["config"]))
        model.types, model._told = tuple(options["types"]), tuple(options["told"])
        model._shown = tuple((text, tuple((a, b, kind) for a, b, kind in spans)) for text, spans in options["shown"])
        return model

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _copied(self, named: Subject) -> SequenceModel:
        return copied_decoder(named, self.config.longest)

    def _answers(self) -> Answers:
        return Answers(self._fitted().vocabulary, self.types)

    def _prompts(self) -> Prompts:
        model = self._fitted()
        longest = min(model.longest, self.config.longest or model.longest)
        return Prompts(self._answers(), self.config.instruction, longest)

    def _labelled(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], numbers: Sequence[int] | None = None
    ) -> list[Labelled]:
        vocabulary = self._fitted().vocabulary
        rows = range(len(texts)) if numbers is None else numbers
        made = [sentence_of(text, vocabulary, row) for row, text in zip(rows, texts, strict=True)]
        return [(s, check_spans(s, held, row)) for row, s, held in zip(rows, made, spans, strict=True)]

    def _spans(self, given: Given) -> list[list[Span]]:
        column = given.column("spans")
        if column is None or column not in given.table:
            return [[] for _ in range(len(given))]
        return given.table.spans(column)

    def _labelled_rows(self, given: Given) -> list[int]:
        column = given.column("spans")
        if column is None or column not in given.table:
            return []
        return [int(row) for row in np.flatnonzero(~given.table.absent(column))]
