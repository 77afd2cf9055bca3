"""Axiomatic training: a decoder learns a rule about graphs from questions with their answers, and nothing else.

    loss = - log p(answer | premise, question),    over the answer alone                                          (1)

Trained from scratch on small chains, it is asked about longer ones, other orders of telling and other shapes. Where the
source asks one question a sequence, several are asked here, of a premise that is read once, and premises of few nodes
come first: a decoder of this size does not start otherwise. See `decoder.py`.

A language model that is given is tuned by (1) in place of the small decoder, whole or by low-rank updates.

Every score stands beside rules that follow no path (`rules.py`): on many test sets these are right more often than any
model, and then a score shows nothing.

Source:
    Vashishtha et al., Teaching transformers causal reasoning through axiomatic training, ICML 2025, sections 3 and 4.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import DataError, OptionError, unknown_variable
from aitia.nn.sequences import SequenceLoss
from aitia.nn.sequences.low_rank import with_low_rank
from aitia.nn.sequences.saving import state_file
from aitia.nn.sequences.tuned import KeepsTuned
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.system import Edits, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.axiomatic_training.card import CARD
from aitia.systems.axiomatic_training.config import AxiomaticTrainingConfig
from aitia.systems.axiomatic_training.corpus import Question, check_cycles, odd_answers, questions_of, truth_of
from aitia.systems.axiomatic_training.decoder import GUESSING, Curriculum, RisingLoss, Signs, made_decoder
from aitia.systems.axiomatic_training.edits import EDITS, edited_rows, effects_of
from aitia.systems.axiomatic_training.given_model import Asked, QuestionBatches
from aitia.systems.axiomatic_training.judge import judged
from aitia.systems.axiomatic_training.page import blocks
from aitia.train import TrainConfig, train
from aitia.worlds.axiom_items import ANSWERS, Item

__all__ = ["AxiomaticTraining"]

FEW = 2.0
"""Questions a premise, on average, below which a small decoder is not expected to start."""


ENOUGH, NOT_STARTED = 300, 0.6
"""Steps after which a loss of so many nats or more says that a training did not start."""


class AxiomaticTraining(KeepsTuned, Predicts, Edits, Explains):
    """Answers yes or no to questions about graphs in words, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> from aitia.worlds import AxiomsWorld
        >>> world = AxiomsWorld()
        >>> model = AxiomaticTraining(steps=4, width=16, layers=1, batch=4).fit(world.rows(world.sample(60, seed=0)))
        >>> asked = {"premise": ["It causes Rain. Rain causes Mud."], "question": ["Does Mud cause Rain?"]}
        >>> model.predict(asked).labels("label")[0] in ("Yes", "No")
        True
    """

    card = CARD
    Config = AxiomaticTrainingConfig
    config: AxiomaticTrainingConfig
    part = "answerer"
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()
    _on_given: bool = False

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants questions with answers of both kinds, of premises without cycles that the decoder can read."""
        if given.rows is None:
            raise OptionError("axiomatic-training learns from questions with their answers: say where they are")
        answered = [question for question in questions_of(given) if question.answer is not None]
        if not answered:
            raise DataError("no row has the answer Yes or No: there is nothing to learn")
        if len({question.answer for question in answered}) < 2:
            only = ANSWERS[0 if answered[0].answer else 1]
            raise DataError(f"every answer is {only}: there is nothing to learn; give rows with the other answer too")
        check_cycles(answered)
        if "model" not in given.subjects:
            Signs(made_decoder(self.config).vocabulary, self.config.symbols).check(answered, self.config.longest)

    def work(self, given: Given) -> str:
        """Steps, and what they are over."""
        questions = questions_of(given)
        premises = len({question.item.edges for question in questions})
        each = "questions" if "model" in given.subjects else f"premises with up to {self.config.queries} questions each"
        return (
            f"{self.config.steps} steps of {self.config.batch} {each} ({len(questions)} questions, {premises} premises)"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        config, questions = self.config, questions_of(given)
        answered = [question for question in questions if question.answer is not None]
        named = cast(Network | None, given.subjects.get("model"))
        self._on_given = named is not None
        self._model = made_decoder(config) if named is None else self._copied(named)
        if named is not None and config.lora:
            with_low_rank(self._model, config.lora, config.seed)
        self._told = self._warnings(questions, answered)
        self._losses = self._learn(answered, config, run)
        self._told += self._stuck()

    def _learn(
        self, answered: Sequence[Question], config: AxiomaticTrainingConfig, run: RunStore
    ) -> tuple[tuple[str, tuple[Mapping[str, float], ...]], ...]:
        model = self._fitted()
        if not config.steps:
            return ()
        if self._on_given:
            asked = Asked(model)
            asked.check(answered)
            batches: Any = QuestionBatches(asked, answered, config)
            loss, before = SequenceLoss(model), None
        else:
            signs = self._signs()
            signs.check(answered, model.longest)
            batches = Curriculum(signs, answered, config, model.longest)
            rising = RisingLoss(model, len(batches.sizes), config)
            batches.level = lambda: int(rising.level)
            loss, before = rising, rising.before
        history = train(
            loss, batches,
            TrainConfig(
                steps=config.steps, learning_rate=config.learning_rate, betas=(0.9, 0.95), weight_decay=0.1,
                schedule="one-cycle", clip=1.0, seed=config.seed, device=config.device,
            ),
            before=before, progress=run.progress, what="learning the rule",
            checkpoint=state_file(run.checkpoint, "learning"),
        )  # fmt: skip
        model.model.eval()
        return (("learning the rule", tuple(history.losses)),)

    def _warnings(self, questions: Sequence[Question], answered: Sequence[Question]) -> tuple[str, ...]:
        found = [said] if (said := odd_answers(questions)) else []
        wrong = [q for q in answered if (true := truth_of(q.item)) is not None and true != q.answer]
        if wrong:
            found.append(
                f"{len(wrong)} of {len(answered)} answers are not what transitivity or d-separation says of their "
                f"graph (first in row {wrong[0].row}): they are learnt as they stand, as another rule would be"
            )
        premises = len({question.item.edges for question in answered})
        if not self._on_given and len(answered) < FEW * premises:
            found.append(
                f"{len(answered)} questions of {premises} premises are {len(answered) / premises:.1f} a premise: a "
                "small decoder rarely starts with so few; 6 a premise, as `aitia world axioms` writes them, do"
            )
        return tuple(found)

    def _stuck(self) -> tuple[str, ...]:
        """A sentence where the loss stayed at guessing."""
        last = [point["loss"] for _, points in self._losses for point in points[-1:]]
        if self._on_given or self.config.steps < ENOUGH or not last or last[0] < NOT_STARTED:
            return ()
        return (
            f"the loss ended at {last[0]:.2f}, and guessing is {GUESSING:.2f}: the training did not start. Try another "
            "seed, more steps, fewer symbols, or questions about smaller premises too",
        )

    @property
    def training(self) -> Training:
        """The losses, and what was found in the rows."""
        return Training(losses=self._losses, warnings=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    def log_odds(self, items: Sequence[Item], seed: int = 0) -> NDArray[np.float64]:
        """(items,) log p(yes) - log p(no), each question behind its premise alone.

        Args:
            items: The questions.
            seed: Of the symbols that their names are put on.
        """
        if not items:
            return np.zeros(0)
        model = self._fitted()
        if self._on_given:
            both = Asked(model).log_probabilities(items)
        else:
            both = self._signs().log_probabilities(model, items, seed)
        odds: NDArray[np.float64] = both[:, 0] - both[:, 1]
        return odds

    @property
    def targets(self) -> Targets:
        """The edits of a premise."""
        about = {"names": "the nodes of a premise are renamed", "order": "its edges are told in another order"}
        return Targets(Target(name, labels, about=about[name]) for name, labels in EDITS.items())

    def _edit(self, given: Given) -> Data:
        """Premises and questions told otherwise; labels stay, for they are as true as before."""
        return edited_rows(given, questions_of(given), self.held, self.config.seed)

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Of each edit, or of what is held, on how often the answer is that of the label; over premises.

        `control` is the same of the model before its training.
        """
        if outcome not in (None, "right"):
            raise unknown_variable(str(outcome), ("right",), "table of effects")
        questions = [question for question in questions_of(given) if question.answer is not None]
        if not questions:
            raise DataError("no row has the answer Yes or No: an edit changes nothing that could be right")
        self._check(questions)
        labels = np.array([bool(question.answer) for question in questions])
        before = copy.copy(self)
        named = cast(Network | None, self.subjects.get("model"))
        before._model = made_decoder(self.config) if named is None else self._copied(named)
        edits = [self.held] if self.held else [Intervention({n: v}) for n, vs in EDITS.items() for v in vs]
        right = {
            name: lambda items, model=model: (model.log_odds(items, self.config.seed) > 0) == labels
            for name, model in (("model", self), ("control", before))
        }
        return effects_of(questions, [e for e in edits if target is None or target in e], right, self.config.seed)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Answers where they are missing, `p yes` beside them; one draw is the likelier answer. What is held is edited
        first.
        """
        table = edited_rows(given, questions_of(given), self.held, self.config.seed)
        given = given.with_rows(table)
        questions = questions_of(given)
        asked = [question for question in questions if question.answer is None and not question.odd]
        self._check(asked)
        odds = self.log_odds([question.item for question in asked], self.config.seed)
        p = {question.row: float(1 / (1 + np.exp(-value))) for question, value in zip(asked, odds, strict=True)}
        random = np.random.default_rng([seed, 1])
        answers: list[str] = []
        shares: list[float] = []
        for question in questions:
            for _ in range(draws):
                if question.row not in p:
                    answers.append(question.odd or ANSWERS[0 if question.answer else 1])
                    shares.append(float("nan"))
                    continue
                share = p[question.row]
                yes = share > 0.5 if draws == 1 else random.random() < share
                answers.append(ANSWERS[0 if yes else 1])
                shares.append(round(share, 6))
        rows = table.take([row for row in range(len(given)) for _ in range(draws)])
        return rows.with_columns(
            {given.column("label") or "label": answers, "p yes": shares},
            {given.column("label") or "label": "label", "p yes": "number"},
        )

    def _check(self, questions: Sequence[Question]) -> None:
        if self._on_given:
            Asked(self._fitted()).check(questions)
        else:
            self._signs().check(questions, self._fitted().longest)

    def adapt(self, few: Any, *, steps: int = 50, **roles: Any) -> Self:
        """A copy that learnt on from a few more questions, premises of all sizes from the first step on.

        Raises:
            DataError: As for a fit.
        """
        given = self.given(few, **roles)
        self.check_given(replace(given, subjects=self.subjects))
        other = copy.copy(self)
        other._model = copy.deepcopy(self._fitted())
        config = replace(self.config, steps=steps, curriculum=0.0, seed=self.config.seed + 1)
        answered = [question for question in questions_of(given) if question.answer is not None]
        other._losses = (*self._losses, *other._learn(answered, config, QUIET))
        return other

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Accuracy beside the rules; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Accuracy by cell, each beside the rules, and some of the questions."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        return {"config": asdict(self.config), "told": list(self._told), "on_given": self._on_given}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(AxiomaticTrainingConfig(**options["config"]))
        model._told, model._on_given = tuple(options["told"]), bool(options["on_given"])
        return model

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _signs(self) -> Signs:
        return Signs(self._fitted().vocabulary, self.config.symbols)
