"""PywhyLlm: what a language model says of pairs of named variables.

Each pair is asked both ways round; the model's answer counts where both say the same. From the answers follow a graph,
`Knowledge` that a search reads, the roles of variables for an effect, and a critique of a graph that is given. The
model sees names and descriptions, never a value of the table. What identifies an effect is computed from the graph, not
asked.

do(order=swapped) asks the other way round alone: an answer that follows is about the place in the question.

Source:
    Kiciman, Ness, Sharma and Tan, Causal reasoning and large language models: opening a new frontier for causality,
    TMLR (2024), sections 3.1 to 3.3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.graph import Knowledge
from aitia.graph.graph import Graph
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import SavedArrays
from aitia.stats.shares import wilson_interval
from aitia.system import Discovers, Edits, Explains, Given, Predicts, Scores, Target, Targets
from aitia.systems.pywhy_llm.card import CARD
from aitia.systems.pywhy_llm.config import WORDINGS, PywhyLlmConfig
from aitia.systems.pywhy_llm.graphs import Drawn, drawn
from aitia.systems.pywhy_llm.judge import judged, scored
from aitia.systems.pywhy_llm.memory import row_questions
from aitia.systems.pywhy_llm.page import blocks
from aitia.systems.pywhy_llm.probes import Probe, Word, probed, words_that_move
from aitia.systems.pywhy_llm.refuting import Consulted, consulted, pairs_of
from aitia.systems.pywhy_llm.renaming import NAMES, under
from aitia.systems.pywhy_llm.verdicts import Verdict, ask_pairs, ask_role
from aitia.systems.pywhy_llm.wording import Pair, check_names
from aitia.text import Answers, answer_questions

__all__ = ["PywhyLlm"]

ORDERS = ("given", "swapped", "both")
_TARGETS: Mapping[str, tuple[str, ...]] = {"order": ORDERS, "wording": WORDINGS, "names": NAMES}
_TURNED = {"->": "<-", "<-": "->"}


class PywhyLlm(SavedArrays, Predicts, Edits, Explains, Discovers):
    """Asks a language model about pairs of names; see the module.

    Example:
        >>> def altitude_first(prompts, seed=0):
        ...     return ["A" if 'A. "altitude"' in prompt else "B" for prompt in prompts]
        >>> asked = PywhyLlm().fit({"x": ["altitude"], "y": ["temperature"]}, model=altitude_first)
        >>> asked.predict({"x": ["temperature"], "y": ["altitude"]}).known.labels("answer").tolist()
        ['<-']
        >>> print(asked.graph)
        altitude --> temperature
    """

    card = CARD
    Config = PywhyLlmConfig
    config: PywhyLlmConfig
    _pairs: tuple[Pair, ...] = ()
    _verdicts: tuple[Verdict, ...] = ()
    _at_hand: tuple[Any, Any] | None = None

    def work(self, given: Given) -> str:
        """How many questions are asked."""
        from aitia.systems.pywhy_llm.verdicts import cost_of

        return cost_of(len(given), len(self._orders()), self.config.votes)

    def check_given(self, given: Given) -> None:
        """Names that hold no knowledge are refused, with the row."""
        if given.rows is not None:
            for row, pair in enumerate(self.pairs(given)):
                about = {pair.x: pair.x_about, pair.y: pair.y_about}
                check_names((pair.x, pair.y), about, f"row {row}")

    def _fit(self, given: Given, run: RunStore) -> None:
        self._pairs, self._verdicts = (), ()
        if given.rows is None:
            return
        self._pairs = tuple(self.pairs(given))
        self._verdicts = tuple(self.ask(self._pairs, log=run.store("answers"), progress=run.progress))

    # -- asking --------------------------------------------------------------------------------------------------------

    def ask(self, pairs: Sequence[Pair], *, log: Any = None, progress: Progress | None = None) -> list[Verdict]:
        """What the model says of each pair, under what is held.

        Args:
            pairs: Of names.
            log: A mapping that keeps answers; what is there is not asked again.
            progress: Told how far it is.

        Raises:
            DataError: If a name holds no knowledge.
            RunError: If the model cannot be asked.
        """
        asked = under(pairs, self._held_label("names") or NAMES[0])
        return ask_pairs(
            self._client(), asked, wording=self._held_label("wording") or self.config.wording,  # type: ignore[arg-type]
            orders=self._orders(), votes=self.config.votes, seed=self.config.seed, log=log, progress=progress,
        )  # fmt: skip

    def over(self, names: Sequence[str], about: Mapping[str, str] | None = None, **asked: Any) -> Drawn:
        """The graph over all pairs of names.

        Args:
            names: Of variables, such as the columns of a table.
            about: What they are, by name.
            asked: `log` and `progress`, as in `ask`.

        Raises:
            DataError: If there are fewer than two names, or one holds no knowledge.
        """
        known = about or {}
        if len(names) < 2:
            raise DataError(f"a graph needs 2 variables or more, got {len(names)}")
        check_names(names, known)
        pairs = [Pair(a, b, known.get(a, ""), known.get(b, "")) for a, b in combinations(names, 2)]
        self._pairs, self._verdicts = tuple(pairs), tuple(self.ask(pairs, **asked))
        return self.drawn

    def suggest(
        self,
        role: str,
        treatment: str,
        outcome: str,
        candidates: Sequence[str],
        about: Mapping[str, str] | None = None,
        **asked: Any,
    ) -> dict[str, bool | None]:
        """Which candidates have a role for the effect of a treatment on an outcome; None where the model is undecided.

        Args:
            role: `confounders`, `mediators`, `instruments` or `controls` (outcomes that the treatment does not reach).
            treatment: Name.
            outcome: Name.
            candidates: Names; none of them may be the answer.
            about: What variables are, by name.
            asked: `log` and `progress`, as in `ask`.

        Raises:
            DataError: If a name holds no knowledge, or treatment or outcome is a candidate.
            OptionError: If there is no such role.
        """
        known = about or {}
        check_names([treatment, outcome, *candidates], known)
        return ask_role(self._client(), role, treatment, outcome, candidates, known, seed=self.config.seed, **asked)

    def critique(
        self, graph: Graph, about: Mapping[str, str] | None = None, **asked: Any
    ) -> dict[tuple[str, str], Verdict]:
        """What the model says of each edge of a graph: `->` agrees, `<-` has it the other way round.

        Raises:
            DataError: If a name holds no knowledge.
        """
        known = about or {}
        check_names(graph.nodes, known)
        edges = [(edge.left, edge.right) for edge in graph.edges]
        pairs = [Pair(a, b, known.get(a, ""), known.get(b, "")) for a, b in edges]
        return dict(zip(edges, self.ask(pairs, **asked), strict=True)) if pairs else {}

    def consult(
        self, graph: Graph, about: Mapping[str, str] | None = None, *, trust: str = "tested", **asked: Any
    ) -> Consulted:
        """What the model says of a graph that data gave: what it orients, and where data and model disagree.

        Args:
            graph: A CPDAG or DAG.
            about: What variables are, by name.
            trust: `tested`, `strict`, `always` or `never`; see `refuting.consulted`.
            asked: `log` and `progress`, as in `ask`.

        Raises:
            OptionError: If the graph has other edges than --> and ---.
            DataError: If a name holds no knowledge.
            RunError: If the model cannot be asked.
        """
        if odd := [edge for edge in graph.edges if edge.symbol not in ("-->", "---")]:
            raise OptionError(
                f"a model is asked where edges are --> or ---, here is {odd[0]}: take a search whose result is a CPDAG"
            )
        known, pairs = about or {}, pairs_of(graph)
        check_names(graph.nodes, known)
        named = [Pair(a, b, known.get(a, ""), known.get(b, "")) for a, b in pairs]
        return consulted(graph, pairs, self.ask(named, **asked) if named else [], trust=trust)

    def probe(self, pairs: Sequence[Pair], true: Sequence[str], **asked: Any) -> tuple[list[Probe], list[Word]]:
        """Whether right answers may be recalled: under coined names, and with each word gone; see `probes.py`.

        Args:
            pairs: Of names.
            true: The right answer of each: `->`, `<-` or `neither`.
            asked: `log` and `progress`, as in `ask`.
        """
        return probed(self, pairs, true, **asked), words_that_move(self, pairs, **asked)

    def score(
        self, pairs: Sequence[Pair], true: Sequence[str], weights: Sequence[float] | None = None, **asked: Any
    ) -> tuple[list[Verdict], Scores]:
        """What the model says of pairs whose answer is known, and how often it is right, beside trivial answers.

        Args:
            pairs: Of names.
            true: The right answer of each.
            weights: How much each counts; all alike where None.
            asked: `log` and `progress`, as in `ask`.
        """
        self._pairs, self._verdicts = tuple(pairs), tuple(self.ask(pairs, **asked))
        return list(self._verdicts), scored(pairs, true, self._verdicts, weights)

    def remembers(self, table: Table, name: str, *, rows: int = 20, **asked: Any) -> Answers:
        """How rows of a table go on, among four ends; right once in four by chance. The one question with values.

        Args:
            table: With two columns or more.
            name: What it is called.
            rows: Drawn at random.
            asked: `log` and `progress`.

        Raises:
            DataError: If no row has four ends to choose from.
        """
        questions = row_questions(table, name, rows, self.config.seed)
        return answer_questions(self._client(), questions, rotations=True, seed=self.config.seed, **asked)

    @property
    def drawn(self) -> Drawn:
        """The graph of what was asked last, and what is not in it.

        Raises:
            OptionError: If nothing was asked.
        """
        if not self._pairs:
            raise OptionError("nothing was asked: fit it to pairs, or ask over names")
        return drawn(self._pairs, self._verdicts, prune=self.config.prune)

    @property
    def said(self) -> list[dict[str, Any]]:
        """What was asked last: x, y, answer, confidence and the texts of each pair."""
        return [
            {"x": pair.x, "y": pair.y, "answer": v.answer, "confidence": v.confidence, "texts": list(v.texts)}
            for pair, v in zip(self._pairs, self._verdicts, strict=True)
        ]

    @property
    def knowledge(self) -> Knowledge:
        """What a search may read: for each answered direction the other one is forbidden; nothing is required."""
        graph = drawn(self._pairs, self._verdicts, prune=False).graph
        return Knowledge(forbidden=[(b, a) for a, b in ((e.left, e.right) for e in graph.edges)])

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph of the answers, of the fit where no rows are given."""
        if rows is None:
            return {"names": self.drawn.graph}
        pairs = self.pairs(self.given(rows))
        return {"names": drawn(pairs, self.ask(pairs), prune=self.config.prune).graph}

    # -- verbs ---------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """How a question is put."""
        about = {"order": "which name stands first", "wording": "the words of the question", "names": "whose names"}
        return Targets(Target(name, labels=labels, about=about[name]) for name, labels in _TARGETS.items())

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Answers where they are missing, with their confidence and what was said."""
        column = given.column("answer") or "answer"
        pairs = self.pairs(given)
        there = ~given.table.absent(column) if column in given.table else np.zeros(len(given), dtype=bool)
        asked = [k for k in range(len(given)) if not there[k]]
        verdicts = dict(zip(asked, self.ask([pairs[k] for k in asked]) if asked else [], strict=True))
        held = [str(v) for v in given.table.labels(column)] if column in given.table else [""] * len(given)
        answers = [verdicts[k].answer if k in verdicts else held[k] for k in range(len(given))]
        sure = [verdicts[k].confidence if k in verdicts else np.nan for k in range(len(given))]
        said = [list(verdicts[k].texts) if k in verdicts else None for k in range(len(given))]
        again = np.repeat(np.arange(len(given)), draws)
        rows = given.data if draws == 1 else given.data.take(again)
        columns: dict[str, list[Any]] = {column: answers, "confidence": sure, "said": said}
        kinds = {column: "label", "confidence": "number", "said": "list"}
        return rows.with_known({name: [values[k] for k in again] for name, values in columns.items()}, kinds)

    def _edit(self, given: Given) -> Data:
        """The rows as they are asked about: swapped, or with the names of other rows; answers turn along."""
        pairs, order, names = self.pairs(given), self._held_label("order"), self._held_label("names")
        pairs = under(pairs, names or NAMES[0])
        if order == ORDERS[1]:
            pairs = [pair.swapped for pair in pairs]
        columns: dict[str, list[str]] = {}
        for role in ("x", "y", "x_about", "y_about"):
            name = given.column(role)
            if name is not None and name in given.table:
                columns[name] = [getattr(pair, role) for pair in pairs]
        kinds = dict.fromkeys(columns, "text")
        answer = given.column("answer")
        if order == ORDERS[1] and answer is not None and answer in given.table:
            columns[answer] = [_TURNED.get(str(v), str(v)) for v in given.table.labels(answer)]
            kinds[answer] = "label"
        return given.data.with_known(columns, kinds)

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """How often an edit of the question changes the answer; the control asks about the names of other rows."""
        pairs, plain = self.pairs(given), self.do({"order": "given", "names": "own"})
        before = [v.answer for v in plain.ask(pairs)]

        def moved(**held: str) -> int:
            return sum(a != v.answer for a, v in zip(before, plain.do(held).ask(pairs), strict=True))

        other = next(w for w in WORDINGS if w != self.config.wording)
        edits = {"order": {"order": "swapped"}, "wording": {"wording": str(other)}, "names": {"names": "permuted"}}
        control = moved(**edits["names"]) / len(pairs)
        columns: dict[str, list[Any]] = {name: [] for name in ("target", "outcome", "effect", "low", "high", "control")}
        for name, held in edits.items():
            if target in (None, name):
                hits = moved(**held)
                low, high = wilson_interval(hits, len(pairs))
                for key, value in zip(columns, (name, "answer", hits / len(pairs), low, high, control), strict=True):
                    columns[key].append(value)
        return Table.of(columns, kinds={"target": "label", "outcome": "label"})

    def pairs(self, given: Given) -> list[Pair]:
        """The pairs of the rows.

        Raises:
            DataError: If a cell is empty.
        """
        parts = []
        for role in ("x", "y", "x_about", "y_about"):
            column = given.column(role)
            if column is None or column not in given.table:
                parts.append([""] * len(given))
                continue
            missing = given.table.absent(column)
            cells = given.table.texts(column)
            if role in ("x", "y") and missing.any():
                raise DataError(f"row {int(np.flatnonzero(missing)[0])} has no name in column {column!r}")
            parts.append(["" if gone else text for text, gone in zip(cells, missing, strict=True)])
        return [Pair(*row) for row in zip(*parts, strict=True)]

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Accuracy on rows whose answer is known, beside answers that know nothing; see `judge.py`."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """The graph, what was said of each pair, and how far the place in the question decides."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        pairs = [asdict(pair) for pair in self._pairs]
        verdicts = [asdict(verdict) for verdict in self._verdicts]
        return {"config": asdict(self.config), "pairs": pairs, "verdicts": verdicts}, {"none": np.zeros(1)}

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(PywhyLlmConfig(**options["config"]))
        model._pairs = tuple(Pair(**pair) for pair in options["pairs"])
        model._verdicts = tuple(
            Verdict(v["answer"], v["confidence"], tuple(v["said"]), tuple(v["texts"]), v["firsts"])
            for v in options["verdicts"]
        )
        return model

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _client(self) -> Any:
        """The language model, opened once."""
        if "model" not in self.subjects:
            raise OptionError("nobody is asked: say which language model (--model ENDPOINT or FOLDER)")
        if self._at_hand is None or self._at_hand[0] is not self.subjects["model"]:
            from aitia.text import open_client

            self._at_hand = (self.subjects["model"], open_client(self.subjects["model"]))
        return self._at_hand[1]

    def _held_label(self, name: str) -> str | None:
        action = self.held.get(name)
        return None if action is None else str(getattr(action, "value", ""))

    def _orders(self) -> tuple[str, ...]:
        held = self._held_label("order")
        if held in ORDERS[:2]:
            return (held,)
        return ORDERS[:2] if held == ORDERS[2] or self.config.both_orders else ORDERS[:1]
