"""The explainer: fitted to a pool of texts and edits of them, and asked about any black box."""

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray
from torch import nn

from aitia.data.table import Table
from aitia.engine import Progress
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.nn.black_box import BlackBox, checked_texts
from aitia.nn.concept_reader import ConceptReader
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.text_edits import Editor, TextEdits, edit_faults
from aitia.nn.text_encoders import text_encoder, text_encoder_of
from aitia.stats.concept_effects import SLearner, conexp
from aitia.stats.explainer_errors import EffectPairs, ExplainerErrors
from aitia.systems.faithful_matching.answers import Effects, Matches
from aitia.systems.faithful_matching.card import CARD
from aitia.systems.faithful_matching.config import MATCHERS, FaithfulMatchingConfig, Matcher
from aitia.systems.faithful_matching.objective import train_embedding
from aitia.systems.faithful_matching.parts import (
    MatchingParts,
    codes_of_labels,
    rows_of_edits,
    unit_codes,
    written_edits,
)
from aitia.systems.faithful_matching.sets import MatchSets
from aitia.train import History

__all__ = ["FaithfulMatching"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

TRIES = 3
"""How often an editor is asked again for what was of no use."""


class FaithfulMatching(Pretrained):
    """Explains any text classifier by matching; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        texts: The pool.
        categories: The values of each concept.
        histories: How the training of each treatment's embedding went.

    Example:
        >>> from aitia.worlds import ReviewEditor, ReviewsWorld
        >>> world = ReviewsWorld()
        >>> sample = world.sample(200, seed=0)
        >>> texts = list(world.render(sample))
        >>> model = FaithfulMatching(steps=5, treatments=["food"])
        >>> model = model.fit(texts, world.aspects(sample), editor=ReviewEditor(world, sample))
        >>> found = model.match(["the food was bland . it was my birthday ."], "food", "positive", k=3)
        >>> [model.concepts["food"][row] for row in found.rows[0]]
        ['positive', 'positive', 'positive']
    """

    card = CARD

    def __init__(self, config: FaithfulMatchingConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or FaithfulMatchingConfig(), **options)
        except TypeError as error:
            raise OptionError(f"FaithfulMatching: {error}") from error
        self.texts: tuple[str, ...] = ()
        self.categories: dict[str, tuple[Any, ...]] = {}
        self.histories: dict[str, History] = {}
        self._labels: Codes = np.empty((0, 0), dtype=np.int64)
        self._group: Codes = np.empty(0, dtype=np.int64)
        self._group_names: dict[Hashable, int] = {}
        self._net: MatchingParts | None = None
        self._pool_codes: dict[str, Values] = {}
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
        if groups is not None and len(groups) != len(pool):
            raise DataError(f"there are {len(pool)} texts and {len(groups)} groups: each text has one")
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
        group = np.array([names.setdefault(g, len(names)) for g in groups or range(len(pool))], dtype=np.int64)
        edit_labels = codes_of_labels(reader, edit_texts, edits.concepts or {})
        every = [*pool, *edit_texts]
        base = text_encoder(config.encoder, every, width=config.width, longest=config.longest, seed=config.seed)
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
        self._labels, self._group, self._group_names = labels, group, names if groups is not None else {}
        self._net, self._pool_codes, self._pool_terms = net.cpu().eval(), {}, None
        return self

    @property
    def concepts(self) -> dict[str, list[Any]]:
        """The concepts of the pool, those that were not given read off the texts."""
        return {
            name: [values[code] for code in self._labels[:, k]]
            for k, (name, values) in enumerate(self.categories.items())
        }

    # -- asking --------------------------------------------------------------------------------------------------------

    def read(self, texts: Sequence[str]) -> dict[str, list[Any]]:
        """The concepts of texts as the model reads them.

        Raises:
            OptionError: If the model has not been fitted.
        """
        return self._fitted().reader.predict(checked_texts(texts))

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
        column, targets = self._column(treatment), self._targets(treatment, target, len(given))
        own = self._own_groups(given, groups)
        scores = self._scores(given, treatment, by, concepts, seed)
        rows, values, short = [], [], 0
        for row, wanted in enumerate(targets):
            allowed = np.flatnonzero((self._labels[:, column] == wanted) & ~own[row])
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
            return Effects(self._from_concepts(given, treatment, targets, ask, by == "s-learner", concepts), before)
        wanted = [self.categories[treatment][code] for code in targets]
        if not isinstance(by, str):
            return self._from_editor(given, treatment, wanted, ask, by, k, groups, concepts, seed)
        matches = self.match(
            given, treatment, wanted, k, by=cast(Matcher, by), groups=groups, concepts=concepts, seed=seed
        )
        return Effects(self._means(ask, matches) - before, before, matches)

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
        ask = BlackBox(black_box)
        chosen: dict[str, Any] = (
            dict(explainers) if isinstance(explainers, Mapping) else {name: name for name in explainers}
        )
        sizes = [k] if isinstance(k, int) else list(k)
        before, after = ask(pairs.texts), ask(pairs.counterfactuals)
        said: dict[str, Values] = {}
        for treatment in dict.fromkeys(pairs.treatment):
            rows = [row for row, name in enumerate(pairs.treatment) if name == treatment]
            texts, targets = [pairs.texts[row] for row in rows], [pairs.end[row] for row in rows]
            groups = None if pairs.groups is None else [pairs.groups[row] for row in rows]
            known = {name: [values[row] for row in rows] for name, values in (concepts or {}).items()}
            for name, by in chosen.items():
                matched = by in MATCHERS if isinstance(by, str) else False
                for size in sizes if matched else sizes[:1]:
                    label = f"{name}, K={size}" if matched and len(sizes) > 1 else name
                    effects = self.explain(
                        texts, treatment, targets, ask, by=by, k=size, groups=groups, concepts=known, seed=seed
                    )
                    said.setdefault(label, np.zeros_like(before))[rows] = effects.values
        return ExplainerErrors(pairs, before, after, said, seed=seed)

    # -- how a match is scored -----------------------------------------------------------------------------------------

    def _scores(
        self,
        texts: list[str],
        treatment: str,
        by: Matcher,
        concepts: Mapping[str, Sequence[Any]] | None,
        seed: int,
    ) -> Values:
        """(n, pool): higher is nearer."""
        net, column = self._fitted(), self._column(treatment)
        size = (len(texts), len(self.texts))
        if by in ("causal", "embedding"):
            name = treatment if by == "causal" else ""
            if name not in self._pool_codes:
                self._pool_codes[name] = unit_codes(net.encoder(name), self.texts)
            return np.asarray(unit_codes(net.encoder(name), texts) @ self._pool_codes[name].T)
        if by == "random":
            return np.random.default_rng(seed).random(size)
        if by == "propensity":
            here, there = (net.reader.shares(some, treatment) for some in (net.reader.codes(texts), self._terms()))
            return np.asarray(-np.linalg.norm(here[:, None] - there[None], axis=2))
        near = np.asarray((net.reader.codes(texts) @ self._terms().T).todense())
        if by == "tf-idf":
            return near
        own = codes_of_labels(net.reader, texts, concepts or {})
        others = [j for j in range(own.shape[1]) if j != column]
        equal = (own[:, None, others] == self._labels[None, :, others]).sum(axis=2)
        within = near / 2 if by == "approximate tf-idf" else np.random.default_rng(seed).random(size) / 2
        return np.asarray(equal + within)

    def _terms(self) -> Any:
        """The TF-IDF codes of the pool, made once."""
        if self._pool_terms is None:
            self._pool_terms = self._fitted().reader.codes(self.texts)
        return self._pool_terms

    def _means(self, ask: BlackBox, matches: Matches) -> Values:
        pool = ask(self.texts)
        return np.stack([pool[rows].mean(axis=0) for rows in matches.rows])

    def _from_concepts(
        self,
        texts: list[str],
        treatment: str,
        targets: Codes,
        ask: BlackBox,
        regression: bool,
        concepts: Mapping[str, Sequence[Any]] | None,
    ) -> Values:
        """CONEXP or the S-learner, from what f says of the pool."""
        pool, said = self.concepts, ask(self.texts)
        codes = codes_of_labels(self._fitted().reader, texts, concepts or {})
        own = {name: [values[c] for c in codes[:, j]] for j, (name, values) in enumerate(self.categories.items())}
        found = np.zeros((len(texts), said.shape[1]))
        learner = SLearner(pool, said) if regression else None
        for code in np.unique(targets):
            rows, value = np.flatnonzero(targets == code), self.categories[treatment][code]
            if learner is not None:
                found[rows] = learner.effect({n: [v[row] for row in rows] for n, v in own.items()}, treatment, value)
                continue
            for start in {own[treatment][row] for row in rows}:
                of = [row for row in rows if own[treatment][row] == start]
                found[of] = conexp(said, pool[treatment], start, value)
        return found

    def _from_editor(
        self,
        texts: list[str],
        treatment: str,
        wanted: list[Any],
        ask: BlackBox,
        editor: Editor,
        k: int,
        groups: Sequence[Hashable] | None,
        concepts: Mapping[str, Sequence[Any]] | None,
        seed: int,
    ) -> Effects:
        if k < 1:
            raise OptionError(f"there is at least 1 edit a text, got k={k}")
        kept: list[list[str]] = [[] for _ in texts]
        faults: dict[str, int] = {}
        for attempt in range(k + TRIES):
            open_ = [row for row in range(len(texts)) if len(kept[row]) < k]
            if not open_:
                break
            asked, targets = [texts[row] for row in open_], [wanted[row] for row in open_]
            edits = list(editor(asked, treatment, targets, seed=seed + attempt))
            if len(edits) != len(asked):
                raise DataError(f"the editor gave {len(edits)} texts for {len(asked)}: it gives one each")
            seen = self.read([edit if isinstance(edit, str) else "" for edit in edits])[treatment]
            for row, edit, fault in zip(open_, edits, edit_faults(asked, edits, targets, seen), strict=True):
                # The same edit once more is not a worse one: left out, an editor that is nearly always right would be
                # averaged over its rare mistakes.
                if fault not in ("", "duplicate"):
                    faults[fault] = faults.get(fault, 0) + 1
                else:
                    kept[row].append(edit)
        before = ask(texts)
        values = np.zeros_like(before)
        for row, own in enumerate(kept):
            if own:
                values[row] = ask(own).mean(axis=0) - before[row]
        if lost := [row for row, own in enumerate(kept) if not own]:
            warnings.warn(
                f"the editor gave no text that is of use for {len(lost)} of {len(texts)} texts: causal matches stand "
                "in for them",
                stacklevel=3,
            )
            values[lost] = self.explain(
                [texts[row] for row in lost],
                treatment,
                [wanted[row] for row in lost],
                ask,
                groups=None if groups is None else [groups[row] for row in lost],
                concepts={name: [labels[row] for row in lost] for name, labels in (concepts or {}).items()},
                seed=seed,
            ).values
        return Effects(values, before, edits=tuple(map(tuple, kept)), faults=faults)

    # -- what is asked for ---------------------------------------------------------------------------------------------

    def _column(self, treatment: str) -> int:
        self._fitted()
        if treatment not in self.categories:
            raise unknown_variable(treatment, self.categories, "model")
        return list(self.categories).index(treatment)

    def _targets(self, treatment: str, target: Any, n: int) -> Codes:
        column, values = self._column(treatment), self.categories[treatment]
        each = list(target) if isinstance(target, list | tuple | np.ndarray) else [target] * n
        if len(each) != n:
            raise DataError(f"there are {n} texts and {len(each)} targets: one for all, or one each")
        for one in dict.fromkeys(each):
            if one not in values or not (self._labels[:, column] == values.index(one)).any():
                there = [value for k, value in enumerate(values) if (self._labels[:, column] == k).any()]
                raise DataError(
                    f"no text of the pool has {treatment}={one!r}; there are {join_names(map(repr, there))}"
                )
        return np.array([values.index(one) for one in each], dtype=np.int64)

    def _own_groups(self, texts: list[str], groups: Sequence[Hashable] | None) -> NDArray[np.bool_]:
        """(n, pool): which texts of the pool are of a text's own group."""
        if groups is not None and len(groups) != len(texts):
            raise DataError(f"there are {len(texts)} texts and {len(groups)} groups: each text has one")
        if groups is not None and self._group_names:
            number = np.array([self._group_names.get(group, -1) for group in groups])
            return np.asarray(self._group[None] == number[:, None])
        place: dict[str, list[int]] = {}
        for row, text in enumerate(self.texts):
            place.setdefault(text, []).append(row)
        own = np.zeros((len(texts), len(self.texts)), dtype=np.bool_)
        for row, text in enumerate(texts):
            own[row] = np.isin(self._group, self._group[place.get(text, [])])
        return own

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _fitted(self) -> MatchingParts:
        return cast(MatchingParts, fitted(self._net, self))

    def _network(self) -> nn.Module:
        return self._fitted()

    def _options(self) -> dict[str, Any]:
        net = self._fitted()
        return {
            "config": asdict(self.config),
            "encoder": net.encoder("").described(),
            "treatments": list(net.treatments),
            "vocabulary": list(net.reader.vocabulary),
            "categories": {name: list(values) for name, values in self.categories.items()},
            "texts": list(self.texts),
            "labels": self._labels.tolist(),
            "group": self._group.tolist(),
            "groups": [list(item) for item in self._group_names.items()],
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(FaithfulMatchingConfig(**options["config"]))
        model.texts = tuple(options["texts"])
        model.categories = {name: tuple(values) for name, values in options["categories"].items()}
        model._labels = np.array(options["labels"], dtype=np.int64)
        model._group = np.array(options["group"], dtype=np.int64)
        model._group_names = dict(options["groups"])
        reader = ConceptReader(options["vocabulary"], model.categories)
        model._net = MatchingParts(reader, text_encoder_of(options["encoder"]), options["treatments"]).eval()
        return model
