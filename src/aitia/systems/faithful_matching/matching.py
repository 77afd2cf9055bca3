"""The explainer of lists of texts: fitted to a pool and edits of it, and asked about any black box."""

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray
from torch import nn

from aitia.data.table import Table
from aitia.engine import Progress
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.nn.pretrained import Pretrained
from aitia.nn.pretrained import fitted as fitted_net
from aitia.systems.faithful_matching.answers import Effects, Matches
from aitia.systems.faithful_matching.black_box import BlackBox, checked_texts
from aitia.systems.faithful_matching.concept_reader import ConceptReader
from aitia.systems.faithful_matching.config import MATCHERS, FaithfulMatchingConfig, Matcher
from aitia.systems.faithful_matching.explainer_errors import EffectPairs, ExplainerErrors
from aitia.systems.faithful_matching.explainers import evaluated, from_concepts, from_editor, from_matches, match_scores
from aitia.systems.faithful_matching.frozen import encoder_as_described, encoder_of
from aitia.systems.faithful_matching.objective import train_embedding
from aitia.systems.faithful_matching.parts import MatchingParts, codes_of_labels, rows_of_edits, written_edits
from aitia.systems.faithful_matching.sets import MatchSets
from aitia.systems.faithful_matching.text_edits import Editor, TextEdits
from aitia.train import History

__all__ = ["Matching"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]


class Matching(Pretrained):
    """Explains any text classifier by matching, asked with lists of texts; see the package.

    Args:
        config: Options.

    Attributes:
        texts: The pool.
        categories: The values of each concept.
        histories: How the training of each treatment's embedding went.
        groups: The number of each group; empty where each text is its own.
    """

    def __init__(self, config: FaithfulMatchingConfig) -> None:
        self.config = config
        self.texts: tuple[str, ...] = ()
        self.categories: dict[str, tuple[Any, ...]] = {}
        self.histories: dict[str, History] = {}
        self.labels: Codes = np.empty((0, 0), dtype=np.int64)
        self._group: Codes = np.empty(0, dtype=np.int64)
        self.groups: dict[Hashable, int] = {}
        self._net: MatchingParts | None = None
        self.pool_codes: dict[str, Values] = {}
        self._pool_terms: Any = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        texts: Sequence[str],
        concepts: Any,
        *,
        edits: TextEdits | None = None,
        editor: Editor | None = None,
        groups: Sequence[Hashable] | None = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Trains one embedding a treatment on the pool and on edits of it.

        Args:
            texts: The pool, from which matches are taken.
            concepts: One column of labels a concept, n rows; missing where a label is not known, which is then read off
                the text. A table, a data frame or a mapping.
            edits: Edits of texts of the pool; they are never matches.
            editor: Writes edits where there are none: each concept of each text set to another value.
            groups: What each text is a version of, such as the id of its original; no text is matched by one of its own
                group. None takes each text as its own.
            checkpoint: Folder to resume from, and to keep the state of the trainings in.
            progress: Told how far it is.

        Raises:
            DataError: If a text is no string, a concept has one value, or no text has all four sets.
            UnknownVariableError: If a treatment is no concept.
            OptionError: If there are both edits and an editor, or neither.
        """
        config, pool = self.config, checked_texts(texts)
        table = Table.of(concepts)
        if len(table) != len(pool):
            raise DataError(f"there are {len(pool)} texts and {len(table)} rows of concepts: one row a text")
        _need_groups(pool, groups)
        for name in config.treatments or ():
            if name not in table:
                raise unknown_variable(name, table.names, "table of concepts")
        if (edits is None) == (editor is None):
            raise OptionError("give edits of the texts, or an editor that writes them, and not both")
        reader = ConceptReader.fit(pool, table)
        labels = codes_of_labels(reader, pool, {name: table.labels(name) for name in table.names})
        if editor is not None:
            edits = written_edits(editor, pool, reader.categories, labels, config.seed)
        edits = cast(TextEdits, edits)
        rows = rows_of_edits(edits, len(pool))
        edit_texts = checked_texts(edits.texts)
        names: dict[Hashable, int] = {}
        every_group = range(len(pool)) if groups is None else groups
        group = np.array([names.setdefault(g, len(names)) for g in every_group], dtype=np.int64)
        edit_labels = codes_of_labels(reader, edit_texts, edits.concepts or {})
        every = [*pool, *edit_texts]
        base = encoder_of(config, every)
        treatments = config.treatments or table.names
        net = MatchingParts(reader, base, treatments)
        ids, mask = base.tokens(every)
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        self.histories = {}
        for treatment in treatments:
            sets = MatchSets(
                np.concatenate([labels, edit_labels]),
                np.concatenate([group, group[rows]]),
                len(pool),
                list(reader.categories).index(treatment),
            )
            self.histories[treatment] = train_embedding(
                net.encoder(treatment), sets, ids, mask, treatment, config, checkpoint, progress
            )
        self.texts, self.categories = tuple(pool), dict(reader.categories)
        self.labels, self._group, self.groups = labels, group, names if groups is not None else {}
        self._net, self.pool_codes, self._pool_terms = net.cpu().eval(), {}, None
        return self

    @property
    def concepts(self) -> dict[str, list[Any]]:
        """The concepts of the pool, those that were not given read off the texts."""
        return {
            name: [values[code] for code in self.labels[:, k]]
            for k, (name, values) in enumerate(self.categories.items())
        }

    # -- asking --------------------------------------------------------------------------------------------------------

    def read(self, texts: Sequence[str]) -> dict[str, list[Any]]:
        """The concepts of texts as the model reads them.

        Raises:
            OptionError: If the model has not been fitted.
        """
        return self.fitted().reader.predict(checked_texts(texts))

    def match(
        self,
        texts: Sequence[str],
        treatment: str,
        target: Any,
        k: int = 10,
        *,
        by: Matcher = "causal",
        groups: Sequence[Hashable] | None = None,
        concepts: Mapping[str, Sequence[Any]] | None = None,
        least: float | None = None,
        seed: int = 0,
    ) -> Matches:
        """The k best texts of the pool that have the target value.

        Args:
            texts: (n,).
            treatment: The concept that is set.
            target: Its value, one for all texts or a list with one each.
            k: How many.
            by: See the module; `embedding` is the encoder before its training.
            groups: What each text is a version of, in the words of `fit`; None takes the group of the pool's text where
                a text is of the pool.
            concepts: Of the texts where they are known; what is left out is read off.
            least: Score that a match has at least; the best one stays anyway.
            seed: Of what is random.

        Warns:
            UserWarning: If a text has fewer than k candidates; all are taken.

        Raises:
            UnknownVariableError: If the treatment is no concept, or has no embedding.
            DataError: If no text of the pool has the target value, or a text has no candidate at all.
            OptionError: If k or `by` is out of range.
        """
        given = checked_texts(texts)
        if k < 1:
            raise OptionError(f"there is at least 1 match, got k={k}")
        if by not in MATCHERS:
            raise OptionError(f"by is one of {', '.join(MATCHERS)}, got {by!r}")
        column, targets = self.column(treatment), self._targets(treatment, target, len(given))
        own = self._own_groups(given, groups)
        scores = match_scores(self, given, treatment, by, concepts, seed)
        rows, values, short = [], [], 0
        for row, wanted in enumerate(targets):
            allowed = np.flatnonzero((self.labels[:, column] == wanted) & ~own[row])
            if not len(allowed):
                raise DataError(
                    f"no text of the pool has {treatment}={self.categories[treatment][wanted]!r} and is of another "
                    f"group than text {row}"
                )
            short += len(allowed) < k
            best = allowed[np.argsort(-scores[row, allowed], kind="stable")[:k]]
            if least is not None:
                best = best[: max(int((scores[row, best] >= least).sum()), 1)]
            rows.append(best)
            values.append(scores[row, best])
        if short:
            warnings.warn(
                f"{short} of {len(given)} texts have fewer than {k} candidates with the value of {treatment!r} that is "
                "asked for: all of them are taken",
                stacklevel=2,
            )
        return Matches(tuple(rows), tuple(values))

    def best(
        self,
        texts: Sequence[str],
        held: Mapping[str, Any],
        by: Matcher,
        *,
        groups: Sequence[Hashable] | None = None,
        concepts: Mapping[str, Sequence[Any]] | None = None,
        seed: int = 0,
    ) -> Codes:
        """The one best text of the pool that has all of these values, by the mean score over the concepts; as `match`.

        Raises:
            DataError: If a text has no candidate.
        """
        given = checked_texts(texts)
        fits = ~self._own_groups(given, groups)
        total = np.zeros(fits.shape)
        for name, value in held.items():
            wanted = self._targets(name, value, len(given))
            fits &= self.labels[None, :, self.column(name)] == wanted[:, None]
            total += match_scores(self, given, name, by, concepts, seed)
        if (lost := ~fits.any(axis=1)).any():
            told = ", ".join(f"{name}={value}" for name, value in held.items())
            raise DataError(f"no text of the pool has {told} and is of another group than text {int(lost.argmax())}")
        found: Codes = np.where(fits, total, -np.inf).argmax(axis=1)
        return found

    def explain(
        self,
        texts: Sequence[str],
        treatment: str,
        target: Any,
        black_box: Any,
        *,
        by: Matcher | Literal["conexp", "s-learner"] | Editor = "causal",
        k: int = 10,
        groups: Sequence[Hashable] | None = None,
        concepts: Mapping[str, Sequence[Any]] | None = None,
        seed: int = 0,
    ) -> Effects:
        """The effect of setting a concept on what a black box says of texts, (1) or a baseline of it.

        Args:
            texts: (n,).
            treatment: The concept that is set.
            target: Its value, one for all texts or a list with one each.
            black_box: As `BlackBox` takes it.
            by: A matcher; `conexp`; `s-learner`; or an editor, of whose edits those without fault are taken.
            k: Matches, or edits of an editor, over which f is averaged.
            groups: As in `match`.
            concepts: As in `match`.
            seed: Of what is random.

        Warns:
            UserWarning: If there are fewer than k candidates, or an editor gave no text that is of use: the causal
                matches stand in for it.

        Raises:
            UnknownVariableError: As `match`.
            DataError: As `match`, or if the black box gives no probabilities.
        """
        ask, given = BlackBox(black_box), checked_texts(texts)
        before = ask(given)
        targets = self._targets(treatment, target, len(given))
        if by in ("conexp", "s-learner"):
            return Effects(from_concepts(self, given, treatment, targets, ask, by == "s-learner", concepts), before)
        wanted = [self.categories[treatment][code] for code in targets]
        if not isinstance(by, str):
            return from_editor(self, given, treatment, wanted, ask, by, k, groups, concepts, seed)
        return from_matches(self, given, treatment, wanted, ask, cast(Matcher, by), k, groups, concepts, seed)

    def evaluate(
        self,
        pairs: EffectPairs,
        black_box: Any,
        explainers: Mapping[str, Any] | Sequence[str] = (*MATCHERS, "conexp", "s-learner"),
        *,
        k: int | Sequence[int] = (1, 10),
        concepts: Mapping[str, Sequence[Any]] | None = None,
        seed: int = 0,
    ) -> ExplainerErrors:
        """Explainers beside the true effects of pairs; they see the texts and what is asked, never the counterfactual.

        Args:
            pairs: Texts and their counterfactuals.
            black_box: As `BlackBox` takes it.
            explainers: What `explain` takes as `by`, by names where one is an editor.
            k: One number or several; a matcher is named `NAME, K=k` where there are several, an editor takes the first.
            concepts: Of the texts where they are known, n rows; what is left out is read off.
            seed: Of what is random.
        """
        return evaluated(self, pairs, BlackBox(black_box), explainers, [k] if isinstance(k, int) else k, concepts, seed)

    # -- its parts ---------------------------------------------------------------------------------------------------

    def terms(self) -> Any:
        """The TF-IDF codes of the pool, made once."""
        if self._pool_terms is None:
            self._pool_terms = self.fitted().reader.codes(self.texts)
        return self._pool_terms

    # -- what is asked for ---------------------------------------------------------------------------------------------

    def column(self, treatment: str) -> int:
        """Number of a concept."""
        self.fitted()
        if treatment not in self.categories:
            raise unknown_variable(treatment, self.categories, "model")
        return list(self.categories).index(treatment)

    def _targets(self, treatment: str, target: Any, n: int) -> Codes:
        column, values = self.column(treatment), self.categories[treatment]
        each = list(target) if isinstance(target, list | tuple | np.ndarray) else [target] * n
        if len(each) != n:
            raise DataError(f"there are {n} texts and {len(each)} targets: one for all, or one each")
        for one in dict.fromkeys(each):
            if one not in values or not (self.labels[:, column] == values.index(one)).any():
                there = [value for k, value in enumerate(values) if (self.labels[:, column] == k).any()]
                raise DataError(
                    f"no text of the pool has {treatment}={one!r}; there are {join_names(map(repr, there))}"
                )
        return np.array([values.index(one) for one in each], dtype=np.int64)

    def _own_groups(self, texts: list[str], groups: Sequence[Hashable] | None) -> NDArray[np.bool_]:
        """(n, pool): which texts of the pool are of a text's own group."""
        _need_groups(texts, groups)
        if groups is not None and self.groups:
            number = np.array([self.groups.get(group, -1) for group in groups])
            return np.asarray(self._group[None] == number[:, None])
        place: dict[str, list[int]] = {}
        for row, text in enumerate(self.texts):
            place.setdefault(text, []).append(row)
        own = np.zeros((len(texts), len(self.texts)), dtype=np.bool_)
        for row, text in enumerate(texts):
            own[row] = np.isin(self._group, self._group[place.get(text, [])])
        return own

    # -- keeping -------------------------------------------------------------------------------------------------------

    def fitted(self) -> MatchingParts:
        """The reader and the encoders."""
        return cast(MatchingParts, fitted_net(self._net, self))

    def _network(self) -> nn.Module:
        return self.fitted()

    def _options(self) -> dict[str, Any]:
        net = self.fitted()
        return {
            "config": asdict(self.config),
            "encoder": net.encoder("").described(),
            "treatments": list(net.treatments),
            "vocabulary": list(net.reader.vocabulary),
            "categories": {name: list(values) for name, values in self.categories.items()},
            "texts": list(self.texts),
            "labels": self.labels.tolist(),
            "group": self._group.tolist(),
            "groups": [list(item) for item in self.groups.items()],
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(FaithfulMatchingConfig(**options["config"]))
        model.texts = tuple(options["texts"])
        model.categories = {name: tuple(values) for name, values in options["categories"].items()}
        model.labels = np.array(options["labels"], dtype=np.int64)
        model._group = np.array(options["group"], dtype=np.int64)
        model.groups = dict(options["groups"])
        reader = ConceptReader(options["vocabulary"], model.categories)
        model._net = MatchingParts(reader, encoder_as_described(options["encoder"]), options["treatments"]).eval()
        return model


def _need_groups(texts: list[str], groups: Sequence[Hashable] | None) -> None:
    if groups is not None and len(groups) != len(texts):
        raise DataError(f"there are {len(texts)} texts and {len(groups)} groups: each text has one")
