"""Architectures and objectives of language models at equal tokens, and the changes from one to another.

    arm = visibility x objective;   trained until it has read a budget of tokens                                  (1)

Three switches make an arm: who sees whom (a causal decoder, one that sees its input both ways, an encoder with a
decoder), which positions carry loss (every token, what follows a cut, masked spans), and, for a change, that the same
weights go on under another mask and objective. Every arm tells both of its budgets, tokens read and tokens that carried
loss, for they differ by up to six times.

An arm answers a prompt by the option of the largest log-probability. Prompts may be learnt from (`task_tokens`), some
families of them held out.

Source:
    Wang et al., What language model architecture and pretraining objective work best for zero-shot generalization?,
    ICML 2022, sections 2 and 4. Positions are rotary in our small decoders and relative in T5; the source has relative
    ones in both.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.errors import DataError, OptionError
from aitia.nn.sequences import SequenceModel
from aitia.nn.sequences.saving import KeepsModels
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.system import Given, Predicts, Scores, Training
from aitia.systems.lm_objectives.card import CARD
from aitia.systems.lm_objectives.config import LmObjectivesConfig
from aitia.systems.lm_objectives.judge import judged
from aitia.systems.lm_objectives.making import begun, opened, pieces_of, tokenizer_of, with_sentinels
from aitia.systems.lm_objectives.page import blocks
from aitia.systems.lm_objectives.stages import Stage, most_spans, parsed
from aitia.systems.lm_objectives.tasks import Task, check_tasks, continued, ranked, tasks_of
from aitia.systems.lm_objectives.training import Arm, Phase, switched, taught, trained

__all__ = ["LmObjectives", "documents_of"]

Document = tuple[int, str]


class LmObjectives(KeepsModels, Predicts):
    """Trains, changes and asks language models of several architectures and objectives, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        arms: What was trained, by name; each with its model and its trainings.

    Example:
        >>> rows = {"text": ["ann lives in rome .", "bob lives in oslo ."] * 20}
        >>> model = LmObjectives(tokens=9000, width=16, layers=1, batch=8, learning_rate=0.01).fit(rows)
        >>> asked = {"prompt": ["bob lives in"], "options": [["rome", "oslo"]]}
        >>> model.predict(asked).texts("answer"), model.arms["cd:flm"].processed
        (['oslo'], 9024)
    """

    card = CARD
    Config = LmObjectivesConfig
    config: LmObjectivesConfig
    arms: Mapping[str, Arm]
    _told: tuple[str, ...] = ()

    def __init__(self, config: LmObjectivesConfig | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self.arms = {}

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants texts or prompts, options with the answer among them, and no task on both sides."""
        if given.rows is None:
            raise OptionError("lm-objectives learns from texts, or from prompts with their answers: say where they are")
        documents, tasks = documents_of(given), tasks_of(given)
        for row, text in documents:
            if not text.strip():
                raise DataError(f"the text of row {row} is empty: drop the row")
        check_tasks(tasks, given)
        config = self.config
        if not documents and (config.tokens or any(len(parsed(arm)) > 1 for arm in config.arms)):
            raise OptionError(
                "no row has a text to learn from: name the column (--text), or say --tokens 0 and one stage an arm"
            )
        if config.task_tokens and not _taught(tasks):
            raise OptionError("task_tokens asks for prompts to learn from, and no row has a prompt with its answer")
        if not config.tokens and not config.task_tokens:
            raise OptionError("tokens and task_tokens are both 0: there is nothing to train")

    def work(self, given: Given) -> str:
        """What a fit will do."""
        config = self.config
        found = [f"{config.tokens} tokens of {len(documents_of(given))} texts"]
        found += [f"{config.change_tokens} a change"] if any(">" in arm for arm in config.arms) else []
        found += [f"{config.task_tokens} of {len(_taught(tasks_of(given)))} prompts"] if config.task_tokens else []
        return f"{len(config.arms)} models ({', '.join(config.arms)}): {', '.join(found)}"

    def _fit(self, given: Given, run: RunStore) -> None:
        config, documents, tasks = self.config, documents_of(given), tasks_of(given)
        begin = self._beginning(given, documents, tasks)
        arms, told = {}, []
        # Every arm is made, and its texts are cut, before the first is trained: what does not fit is told at once.
        for name in config.arms:
            stages = parsed(name)
            model = begin(name, stages)
            pieces, short = pieces_of(documents, model.vocabulary, config.length, stages)
            arms[name] = Arm(model, stages[0]), pieces
            if short:
                told.append(f"{name}: {short} ends of documents were too short to learn from and are left out")
        if config.tokenizer or "model" in given.subjects:  # it was not made of these words
            said = [text for _, text in documents]
            said += [words for t in tasks for words in (t.prompt, *t.options, t.answer or "")]
            unknown = next(iter(arms.values()))[0].model.vocabulary.unknown(said, "the rows")
            told += [unknown] if unknown else []
        found = {}
        for number, (name, (arm, pieces)) in enumerate(arms.items()):
            place = _places(run, number)
            for k, stage in enumerate(parsed(name)):
                arm = Arm(switched(arm.model, stage), stage, arm.phases)
                budget = config.change_tokens if k else config.tokens
                arm = trained(arm, pieces, budget, config, config.seed + k, place, run.progress)
            if config.task_tokens:
                arm = taught(arm, _taught(tasks), config.task_tokens, config, config.seed, place, run.progress)
            found[name] = arm
        self.arms, self._told = found, tuple(told)

    def _beginning(
        self, given: Given, documents: Sequence[Document], tasks: Sequence[Task]
    ) -> Callable[[str, Sequence[Stage]], SequenceModel]:
        config, named = self.config, cast(Network | None, given.subjects.get("model"))
        if named is not None:
            return lambda name, stages: opened(named, config, name, stages)
        said = [text for _, text in documents]
        asked = [f"{t.prompt} {option}" for t in tasks for option in (*t.options, t.answer or "")]
        tokenizer = tokenizer_of(config, [*said, *asked])
        longest = max((len(tokenizer(text)["input_ids"]) + 2 for text in asked), default=0)
        longest = max(longest, config.length + 2 * most_spans(config.length) + 2)
        return lambda name, stages: begun(config, stages[0], tokenizer, longest)

    @property
    def training(self) -> Training:
        """The losses of every arm, and what each has read."""
        losses: list[tuple[str, tuple[Mapping[str, float], ...]]] = []
        notes = []
        for name, arm in self.arms.items():
            for phase in arm.phases:
                points: tuple[Mapping[str, float], ...] = tuple({"step": a, "loss": b} for a, b in phase.losses)
                losses.append((f"{name}, {phase.name}", points))
            notes.append(f"{name} read {arm.processed} tokens, of which {arm.carrying} carried loss")
        return Training(losses=tuple(losses), notes=tuple(notes), warnings=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def answering(self) -> Arm:
        """The arm that answers.

        Raises:
            OptionError: If nothing is fitted.
        """
        if not self.arms:
            raise OptionError("this LmObjectives has not been fitted: call fit first")
        return self.arms[self.config.answer_by or next(iter(self.arms))]

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Answers where they are missing; `log p` and `mean log p` hold those of the options."""
        arm, tasks = self.answering, tasks_of(given)
        check_tasks(tasks, given)
        if len(tasks) < len(given):
            row = min({*range(len(given))} - {task.row for task in tasks})
            raise DataError(f"row {row} has no prompt: name the column (--prompt)")
        column = given.column("answer") or "answer"
        answers: list[Any] = [task.answer for task in tasks for _ in range(draws)]
        sums: list[Any] = [None] * len(answers)
        means: list[Any] = [None] * len(answers)
        holes = [task for task in tasks if task.answer is None]
        chosen = [task for task in holes if task.options]
        for task, scores in zip(chosen, ranked(arm.model, chosen), strict=True):
            by = scores.total if self.config.rank_by == "sum" else scores.mean
            random = np.random.default_rng([seed, task.row])
            for k in range(draws):
                drawn = by.argmax() if draws == 1 else random.choice(len(by), p=_shares(by))
                place = task.row * draws + k
                answers[place] = task.options[int(drawn)]
                sums[place], means[place] = (np.round(s, 6).tolist() for s in (scores.total, scores.mean))
        asked = [(task.row * draws + k, task.prompt) for task in holes if not task.options for k in range(draws)]
        said = continued(
            arm.model, [prompt for _, prompt in asked], most=self.config.most,
            temperature=0.0 if draws == 1 else 1.0, seed=seed,
        )  # fmt: skip
        for (place, _), text in zip(asked, said, strict=True):
            answers[place] = text
        rows = given.data if draws == 1 else given.data.take(np.repeat(np.arange(len(given)), draws))
        return rows.with_known(
            {column: answers, "log p": sums, "mean log p": means},
            {column: "text", "log p": "list", "mean log p": "list"},
        )

    def adapt(self, few: Any, *, to: str | None = None, tokens: int | None = None, **roles: Any) -> Self:
        """A copy whose answering arm was trained on: on texts, under another mask and objective or its own; then on
        prompts with their answers, where the rows have some.

        Args:
            few: Rows with texts or with prompts and answers.
            to: Architecture and objective to change to, such as `nd:mlm`; None takes `adapt_to` of the options.
            tokens: Budget of each training; None takes `change_tokens`.
            roles: As in `fit`.

        Raises:
            DataError: If there is nothing to learn from, or a text is too short for the objective.
            OptionError: If the model cannot be changed so.
        """
        given = self.given(few, **roles)
        documents, tasks = documents_of(given), tasks_of(given)
        check_tasks(tasks, given)
        config, held = self.config, self.answering
        wanted = to if to is not None else config.adapt_to
        if not documents and (wanted or not _taught(tasks)):
            raise DataError(
                "to adapt takes texts, or prompts with their answers where nothing is changed: there are none"
            )
        budget = config.change_tokens if tokens is None else tokens
        name = config.answer_by or next(iter(self.arms))
        name = f"{name}>{wanted}" if wanted and wanted != str(held.stage) else name
        stage = parsed(name)[-1]
        model = copy.deepcopy(held.model)
        arm = Arm(switched(with_sentinels(model, config, "the model", name, (stage,)), stage), stage, held.phases)
        if documents:
            pieces, _ = pieces_of(documents, arm.model.vocabulary, config.length, (stage,))
            arm = trained(arm, pieces, budget, config, config.seed + len(arm.phases), _places(QUIET, 0), None)
        if _taught(tasks):
            arm = taught(arm, _taught(tasks), budget, config, config.seed, _places(QUIET, 0), None)
        other = copy.copy(self)
        other.config = replace(config, arms=(name,), answer_by="")
        other.arms, other._told = {name: arm}, ()
        return other

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Accuracy on prompts and perplexity on texts; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """The arms with what they read and what carried loss, and their losses."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Saves the answering arm as a folder that transformers reads.

        Raises:
            OptionError: If nothing is fitted.
            RunError: If the folder cannot be written.
        """
        self.answering.model.save(folder)

    def _models(self) -> Mapping[str, SequenceModel]:
        if not self.arms:
            raise OptionError("this LmObjectives has not been fitted: call fit first")
        return {_folder(name): arm.model for name, arm in self.arms.items()}

    def _take(self, models: Mapping[str, SequenceModel]) -> None:
        self.arms = {n: Arm(models[_folder(n)], arm.stage, arm.phases) for n, arm in self.arms.items()}

    def _options(self) -> dict[str, Any]:
        phases = {name: [phase.to_json() for phase in arm.phases] for name, arm in self.arms.items()}
        return {"config": asdict(self.config), "phases": phases, "told": list(self._told)}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        config = {**options["config"], "arms": tuple(options["config"]["arms"])}
        model = cls(LmObjectivesConfig(**config))
        model._told = tuple(options["told"])
        model.arms = {
            name: Arm(cast(SequenceModel, None), parsed(name)[-1], tuple(map(Phase.from_json, phases)))
            for name, phases in options["phases"].items()
        }
        return model


def documents_of(given: Given) -> list[Document]:
    """The rows that have a text: number in what the user gave, and text."""
    column = given.column("text")
    if given.rows is None or column is None or column not in given.table:
        return []
    there = ~given.table.absent(column)
    texts = enumerate(given.table.texts(column))
    return [(given.row_number(row), text) for row, text in texts if there[row]]


def _taught(tasks: Sequence[Task]) -> list[Task]:
    """Prompts to learn from: those with an answer that are not held out."""
    return [task for task in tasks if task.answer is not None and not task.held_out]


def _folder(arm: str) -> str:
    return arm.replace(":", "-").replace(">", "-to-").replace(" ", "")


def _places(run: RunStore, number: int) -> Callable[[str], Path | None]:
    """Where the trainings of an arm are kept, one file for each."""
    if run.checkpoint is None:
        return lambda _: None
    folder, count = run.checkpoint, iter(range(1_000))
    folder.mkdir(parents=True, exist_ok=True)
    return lambda _: folder / f"arm-{number}-training-{next(count)}.safetensors"


def _shares(logs: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    p = np.exp(logs - logs.max())
    return cast("np.ndarray[Any, np.dtype[np.float64]]", p / p.sum())
