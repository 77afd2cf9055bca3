"""Who answers whether causation follows from correlation: shortcuts, a trained encoder, the exact solver, or a model.

    premise: all dependences and independences of a closed system;  hypothesis: one of six about two of its variables
    label = whether the hypothesis holds in every causal graph that has exactly these independences                 (1)

A fit learns to answer from labelled questions, tunes a language model on them (`tune`), or binds one that is asked.
What is learnt is told apart from what needs no reasoning: `memoriser` has one bit for each statement as a string,
`counts` seven numbers, and `hypothesis` does not see the premise. `solver` computes (1), and its answer stands beside
every other.

Source:
    Jin et al., Can large language models infer causation from correlation?, ICLR 2024.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import SavedArrays, model_folder
from aitia.system import Edits, Explains, Given, Predicts, Scores, Targets, Training
from aitia.systems.corr2cause import solver
from aitia.systems.corr2cause.asking import Said, said_by
from aitia.systems.corr2cause.card import CARD
from aitia.systems.corr2cause.config import Corr2CauseConfig
from aitia.systems.corr2cause.editing import TARGETS, edited, effects_of, reworded
from aitia.systems.corr2cause.features import Asked, bits, counts, shuffled_names, vocabulary
from aitia.systems.corr2cause.forest import Forest
from aitia.systems.corr2cause.judge import judged
from aitia.systems.corr2cause.page import blocks
from aitia.systems.corr2cause.reading import asked_of, classes_of, coding, label_column, labels_of, texts_of

if TYPE_CHECKING:
    from aitia.systems.corr2cause.encoder import Reader
    from aitia.systems.corr2cause.tuned import Tuned

__all__ = ["Corr2Cause"]

THRESHOLD = 2000
"""Questions on which the threshold of an encoder is chosen, at most."""
TUNED, TUNED_THRESHOLD = "tuned", 400
"""The folder of a model that was tuned; and questions on which its threshold is chosen, at most."""


class Corr2Cause(SavedArrays, Predicts, Edits, Explains):
    """Answers questions from correlation to causation, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> from aitia.worlds import Corr2CauseWorld
        >>> world = Corr2CauseWorld(least=3, most=3)
        >>> rows = world.rows(world.every())
        >>> exact = Corr2Cause(method="solver").fit(rows)
        >>> answers = exact.predict(rows.drop(["label", "relation"]))
        >>> bool((answers.labels("label") == rows.labels("label")).all())
        True
    """

    card = CARD
    Config = Corr2CauseConfig
    config: Corr2CauseConfig
    words: tuple[str, ...] = ()
    """The strings that a memoriser knows."""
    _forest: Forest | None = None
    _reader: "Reader | None" = None
    _tuned: "Tuned | None" = None
    _kept: Path | None = None
    _cut: float = 0.5
    _told: tuple[str, ...] = ()
    _losses: tuple[Mapping[str, float], ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants questions, and labels where something is learnt from them."""
        if self.config.tune:
            if "model" not in given.subjects or given.rows is None:
                raise OptionError("tune trains a model on questions with labels: give --model, a folder, and the rows")
            from aitia.systems.corr2cause.tuned import network_of

            network_of(given.subjects["model"])
        if given.rows is None:
            if "model" not in given.subjects and self.config.method != "solver":
                raise OptionError("corr2cause takes questions with labels, a model to ask (--model), or both")
            return
        texts_of(given)
        labels = labels_of(given)
        if self._learns(given) and len({label for label in labels if label is not None}) < 2:
            who = "a model that is tuned" if self.config.tune else f"the method {self.config.method}"
            raise DataError(
                f"{who} learns from questions with both labels: there are not both among "
                f"{sum(label is not None for label in labels)} labels"
            )

    def _learns(self, given: Given) -> bool:
        return self.config.tune or ("model" not in given.subjects and self.config.method != "solver")

    def work(self, given: Given) -> str:
        """What is learnt, or asked."""
        config = self.config
        if config.tune:
            what = f"updates of rank {config.lora}" if config.lora else "every weight"
            return f"{config.steps} steps of {config.batch} questions to tune a model, {what} ({len(given)} rows)"
        if "model" in given.subjects:
            return f"{len(given)} questions to a model, {'in both orders' if config.both_orders else 'in one order'}"
        if config.method == "encoder":
            return f"{config.steps} updates of {config.batch} questions"
        return f"{len(given)} questions to the method {config.method}"

    def _fit(self, given: Given, run: RunStore) -> None:
        self._forest = self._reader = self._tuned = self._kept = None
        if given.rows is None or not self._learns(given):
            return
        config = self.config
        known = [row for row, label in enumerate(labels_of(given)) if label is not None]
        part = given.take(known)
        texts, labels = texts_of(part), np.array(labels_of(part), dtype=np.bool_)
        items = asked_of(texts)
        groups = self.groups(part, items)
        if config.tune:
            self._tune(texts, items, labels, given, run)
            self._tell(labels, groups)
            return
        if config.method == "encoder":
            from aitia.systems.corr2cause.encoder import Reader
            from aitia.systems.corr2cause.forest import best_threshold

            self._reader = Reader.fit(items, labels, config, run)
            some = np.random.default_rng(config.seed).permutation(len(items))[:THRESHOLD]
            self._cut = best_threshold(self._reader.scores([items[k] for k in some]), labels[some])
            self._losses = self._reader.losses
        else:
            every = items
            if config.namings > 1:
                every = [
                    shuffled_names(item, np.random.default_rng([config.seed, row, which]))
                    for which in range(config.namings)
                    for row, item in enumerate(items)
                ]
            if config.method != "counts":
                self.words = vocabulary(every, config.method == "memoriser")
            self._forest = Forest.fit(
                self._features(every), np.tile(labels, config.namings),
                None if config.method == "memoriser" else np.tile(groups, config.namings),
                trees=config.trees, seed=config.seed, boosted=config.method == "counts",
            )  # fmt: skip
        self._tell(labels, groups)

    def _tell(self, labels: NDArray[np.bool_], groups: NDArray[np.str_]) -> None:
        count = len(set(groups.tolist()))
        self._told = (f"{len(labels)} questions of {count} classes, {labels.mean():.1%} of them entailed",)

    def _tune(
        self, texts: Sequence[tuple[str, str]], items: Sequence[Asked], labels: NDArray[np.bool_], given: Given,
        run: RunStore,
    ) -> None:  # fmt: skip
        from aitia.systems.corr2cause.forest import best_threshold
        from aitia.systems.corr2cause.tuned import Tuned

        config = self.config

        def naming(row: int, which: int) -> tuple[str, str]:
            if config.namings == 1:
                return texts[row]
            random = np.random.default_rng([config.seed, row, which])
            return reworded(texts[row], shuffled_names(items[row], random))

        self._tuned = Tuned.fit(given.subjects["model"], texts, naming, labels, config, run)
        self._losses = self._tuned.losses
        some = np.random.default_rng(config.seed).permutation(len(texts))[:TUNED_THRESHOLD]
        self._cut = best_threshold(self._tuned.scores([texts[k] for k in some]), labels[some])

    def _features(self, items: Sequence[Asked]) -> NDArray[np.float32]:
        if self.config.method == "counts":
            return counts(items)
        return bits(items, self.words, self.config.method == "memoriser")

    def groups(self, given: Given, items: Sequence[Asked]) -> NDArray[np.str_]:
        """The class of each question: as the rows say, or the same for premises that differ by names alone."""
        column = given.column("group")
        if column is not None and column in given.table:
            return given.labels("group")
        return np.array(classes_of([premise for premise, _ in items]))

    @property
    def training(self) -> Training:
        """The losses of an encoder, and what was learnt from."""
        losses = (("tuning the model" if self.config.tune else "reading questions", self._losses),)
        return Training(losses=losses if self._losses else (), notes=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    def answers(self, given: Given) -> Said:
        """What is answered to each question, with the probability of yes or the words of a model."""
        texts = texts_of(given)
        if self.config.tune:
            scores = self._fitted_tuned().scores(texts)
            return Said((scores >= self._cut).tolist(), probabilities=scores.round(6).tolist())
        if "model" in self.subjects:
            return said_by(self.subjects["model"], texts, self.config)
        items, method = asked_of(texts), self.config.method
        if method == "solver":
            found = []
            for row, (premise, asked) in enumerate(items):
                try:
                    found.append(solver.relation(premise, asked, self.config.common_cause) == "entailment")
                except DataError as error:
                    raise DataError(f"row {row}: {error}") from error
            return Said(found)
        if method == "encoder":
            scores, cut = self._fitted_reader().scores(items), self._cut
        else:
            forest = self._fitted_forest()
            scores, cut = forest.scores(self._features(items)), forest.threshold
        return Said((scores >= cut).tolist(), probabilities=scores.round(6).tolist())

    def derived(self, given: Given) -> list[bool | None]:
        """What the solver answers; None where a question is of another wording, or its premise has no causal graph."""
        found: list[bool | None] = []
        for premise, question in texts_of(given):
            try:
                found.append(solver.answer(premise, question, self.config.common_cause))
            except DataError:
                found.append(None)
        return found

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Labels where they are missing; every draw is the same. `derived` is the exact answer."""
        if self.held:
            given = given.with_rows(edited(given, self.held))
        column = label_column(given)
        no, yes = coding(given.table, column)
        labels, said = labels_of(given), self.answers(given)
        cells: list[Any] = [None] * len(given)
        for row, (label, answer) in enumerate(zip(labels, said.answers, strict=True)):
            if label is not None and column is not None:
                cells[row] = str(given.table.labels(column)[row])
            elif answer is not None:
                cells[row] = yes if answer else no
        columns: dict[str, Any] = {column or "label": cells}
        columns["derived"] = [None if one is None else yes if one else no for one in self.derived(given)]
        kinds = {column or "label": "label", "derived": "label"}
        if said.probabilities is not None:
            columns["p(yes)"] = said.probabilities
            kinds["p(yes)"] = "number"
        if said.words is not None:
            columns["said"] = said.words
            kinds["said"] = "text"
        filled = given.data.with_known(columns, kinds)
        return filled if draws == 1 else filled.take(np.repeat(np.arange(len(given)), draws))

    @property
    def targets(self) -> Targets:
        """Names and phrasing."""
        return Targets(TARGETS)

    def _edit(self, given: Given) -> Data:
        """The same questions under what is held."""
        return edited(given, self.held) if self.held else given.data

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """What each edit changes; see `editing.py`."""
        return effects_of(self, given, target, outcome)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """F1 of what is entailed; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Questions with every answer, scores by hypothesis, and labels that are not the exact answer."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        if self.config.tune:
            self._fitted_tuned()
            arrays = {"nothing": np.zeros(1, dtype=np.float32)}
        elif self._learnt:
            arrays = dict(self._forest.parts) if self._forest is not None else self._fitted_reader().arrays()
        elif "model" not in self.subjects and self.config.method != "solver":
            raise OptionError("this Corr2Cause has not been fitted: call fit first")
        else:
            arrays = {"nothing": np.zeros(1, dtype=np.float32)}
        words = self._reader.words if self._reader is not None else self.words
        threshold = self._forest.threshold if self._forest is not None else self._cut
        options = {
            "config": asdict(self.config), "words": list(words), "threshold": threshold, "told": list(self._told),
            "learnt": "forest" if self._forest is not None else "reader" if self._reader is not None else "",
        }  # fmt: skip
        return options, arrays

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(Corr2CauseConfig(**options["config"]))
        model._told, model._cut = tuple(options["told"]), float(options["threshold"])
        if options["learnt"] == "forest":
            model.words = tuple(options["words"])
            model._forest = Forest(dict(arrays), float(options["threshold"]))
        elif options["learnt"] == "reader":
            from aitia.systems.corr2cause.encoder import Reader

            model._reader = Reader(options["words"], model.config)
            model._reader.take(arrays)
        return model

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes what was learnt; a model that was tuned is the folder `tuned`, of low-rank updates these alone."""
        super().save_pretrained(folder)
        if self.config.tune:
            self._fitted_tuned().save(Path(folder) / TUNED)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote; a model that was tuned is opened when it is first asked."""
        folder = model_folder(source)
        found = super().from_pretrained(folder)
        if found.config.tune:
            found._kept = folder / TUNED
        return found

    @property
    def _learnt(self) -> bool:
        return self._forest is not None or self._reader is not None

    def _fitted_forest(self) -> Forest:
        if self._forest is None:
            raise OptionError("this Corr2Cause has not been fitted: call fit first")
        return self._forest

    def _fitted_tuned(self) -> "Tuned":
        if self._tuned is None and self._kept is not None:
            from aitia.systems.corr2cause.tuned import Tuned

            self._tuned = Tuned.load(self._kept, self.subjects["model"], self.config)
        if self._tuned is None:
            raise OptionError("this Corr2Cause has not been fitted: call fit first")
        return self._tuned

    def _fitted_reader(self) -> "Reader":
        if self._reader is None:
            raise OptionError("this Corr2Cause has not been fitted: call fit first")
        return self._reader
