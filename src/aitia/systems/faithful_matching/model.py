"""The system: fitted to a table of texts and concepts, and asked about a classifier that is a subject."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np
from torch import nn

from aitia.data.base import Data
from aitia.data.table import Kind, Table
from aitia.do import Value
from aitia.errors import OptionError, UnknownVariableError
from aitia.nn.pretrained import Pretrained
from aitia.report import Block
from aitia.runs import RunStore
from aitia.stats.effects import mean_effects
from aitia.system import Edits, Encodes, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.faithful_matching.answers import Effects, Matches
from aitia.systems.faithful_matching.black_box import BlackBox
from aitia.systems.faithful_matching.card import CARD
from aitia.systems.faithful_matching.config import MATCHERS, FaithfulMatchingConfig
from aitia.systems.faithful_matching.explainer_errors import EffectPairs, ExplainerErrors
from aitia.systems.faithful_matching.judge import judged
from aitia.systems.faithful_matching.matching import Matching
from aitia.systems.faithful_matching.page import blocks
from aitia.systems.faithful_matching.parts import unit_codes
from aitia.systems.faithful_matching.reading import (
    black_box,
    editor_of,
    groups_of,
    known_concepts,
    parted,
    said_of,
)

__all__ = ["FaithfulMatching"]


class FaithfulMatching(Pretrained, Predicts, Edits, Encodes, Explains):
    """Explains any text classifier by matching; see the package.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        matching: The explainer of lists of texts.
        said: What labels say of texts, where there is no classifier.

    Example:
        >>> from aitia.worlds import ReviewEditor, ReviewsWorld
        >>> world = ReviewsWorld()
        >>> sample = world.sample(200, seed=0)
        >>> rows = {"text": list(world.render(sample)), **world.aspects(sample)}
        >>> model = FaithfulMatching(steps=5, treatments=["food"]).fit(rows, writer=ReviewEditor(world, sample))
        >>> asked = {"text": ["the food was bland . it was my birthday ."]}
        >>> held = model.do("do(food=positive)")
        >>> [model.concepts["food"][row] for row in held.match(asked, k=3).rows[0]]
        ['positive', 'positive', 'positive']
        >>> held.predict(asked).labels("food").tolist()
        ['positive']
    """

    card = CARD
    Config = FaithfulMatchingConfig
    config: FaithfulMatchingConfig
    matching: Matching | None = None
    said: Mapping[str, str] = {}

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants edits, or a writer of them, and not both."""
        if given.rows is None or not given.columns("concepts"):
            raise OptionError("matching needs rows of texts, and a column of labels for each concept")
        if (given.column("edit_of") is None) == ("writer" not in given.subjects):
            raise OptionError("give edits of the texts, or an editor that writes them, and not both")

    def work(self, given: Given) -> str:
        """Trainings and steps."""
        many = len(self.config.treatments or given.columns("concepts"))
        return f"{many} trainings of {self.config.steps} steps, each of {self.config.queries} texts ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        names, texts = given.columns("concepts"), given.texts("text")
        pool, edits = parted(given, names)
        known, groups = known_concepts(given, names), groups_of(given)
        concepts = {name: [values[row] for row in pool] for name, values in known.items()}
        writer = given.subjects.get("writer")
        made = Matching(self.config)
        made.fit(
            [texts[row] for row in pool],
            Table.of(concepts, kinds=dict.fromkeys(concepts, Kind.LABEL)),
            edits=edits,
            editor=None if writer is None else editor_of(writer, _categories(concepts)),
            groups=None if groups is None else [groups[row] for row in pool],
            checkpoint=run.checkpoint,
            progress=run.progress,
        )
        self.matching, self.said = made, said_of(given)

    @property
    def training(self) -> Training:
        """The losses of each embedding."""
        histories = self.found.histories.items()
        return Training(tuple((f"embedding for {name}", tuple(history.losses)) for name, history in histories))

    @property
    def found(self) -> Matching:
        """The explainer of lists of texts.

        Raises:
            OptionError: Before the fit.
        """
        if self.matching is None:
            raise OptionError("this FaithfulMatching has not been fitted: call fit first")
        return self.matching

    @property
    def concepts(self) -> dict[str, list[Any]]:
        """The concepts of the pool, those that were not given read off the texts."""
        return self.found.concepts

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The concepts, with the values that texts of the pool have; those with an embedding where it is asked for."""
        if self.matching is None:
            return Targets()
        about = f"the text becomes {'an edit' if self.config.by == 'writer' else 'its best match'} that has this value"
        return Targets(
            Target(name, tuple(str(v) for v in self.concepts_there(name)), about=about) for name in self._treatments()
        )

    def concepts_there(self, name: str) -> list[Any]:
        """The values of a concept that texts of the pool have."""
        there = set(self.found.concepts[name])
        return [value for value in self.found.categories[name] if value in there]

    def _treatments(self) -> tuple[str, ...]:
        trained = self.found.fitted().treatments
        return trained if self.config.by in ("causal", "writer") else tuple(self.found.categories)

    def _held(self) -> dict[str, Any]:
        """The value of each concept that is held."""
        return {
            name: next(v for v in self.concepts_there(name) if str(v) == str(action.value))
            for name, action in self.held.items()
            if isinstance(action, Value)
        }

    def _one_held(self) -> tuple[str, Any]:
        held = self._held()
        if len(held) != 1:
            raise OptionError(f"say which one concept is set, such as do(food=positive); now {self.held} is held")
        return next(iter(held.items()))

    def _own(self, given: Given) -> dict[str, list[Any]]:
        """The concepts of rows: as they are known, read off the texts elsewhere."""
        known = known_concepts(given, tuple(self.found.categories))
        read = self.found.read(given.texts("text"))
        return {
            name: [r if k is None else k for k, r in zip(known.get(name, [None] * len(given)), values, strict=True)]
            for name, values in read.items()
        }

    def _groups(self, given: Given) -> Sequence[Hashable] | None:
        return groups_of(given) if self.found.groups else None

    def _edit(self, given: Given) -> Data:
        """Each text that has another value becomes its match, or what the writer writes; its concept that value."""
        held, own, texts = self._held(), self._own(given), given.texts("text")
        open_ = [row for row in range(len(given)) if any(own[name][row] != value for name, value in held.items())]
        if not held or not open_:
            return given.data
        some = given.take(open_)
        new = dict(zip(open_, self._instead(some, held), strict=True))
        changed: dict[str, Any] = {str(given.column("text")): [new.get(row, text) for row, text in enumerate(texts)]}
        kinds: dict[str, str] = {str(given.column("text")): Kind.TEXT}
        for name, value in held.items():
            if name in given.table:
                changed[name] = [value] * len(given)
                kinds[name] = Kind.LABEL
        return given.data.with_known(changed, kinds)

    def _instead(self, given: Given, held: Mapping[str, Any]) -> list[str]:
        texts, seed = given.texts("text"), self.config.seed
        if self.config.by != "writer":
            known = known_concepts(given, tuple(self.found.categories))
            rows = self.found.best(texts, held, self.config.by, groups=self._groups(given), concepts=known, seed=seed)
            return [self.found.texts[row] for row in rows]
        if "writer" not in self.subjects:
            raise OptionError("by='writer' needs the writer: load(folder, writer=...)")
        editor = editor_of(self.subjects["writer"], self.found.categories)
        for name, value in held.items():
            texts = [
                new if isinstance(new, str) and new.strip() else old
                for old, new in zip(texts, editor(texts, name, [value] * len(texts), seed=seed), strict=True)
            ]
        return texts

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The concepts of each row where they are not known; of the row written anew, where something is held."""
        edited = self._edit(given)
        own = self._own(given.with_rows(edited)) | {name: [value] * len(given) for name, value in self._held().items()}
        holes = [name for name in own if name not in given.table or given.table.missing(name)]
        changed = {name: own[name] for name in holes}
        filled = edited.with_known(changed, dict.fromkeys(changed, Kind.LABEL)) if changed else edited
        return filled.take(np.repeat(np.arange(len(given)), draws))

    def _encode(self, given: Given) -> Table:
        """The embedding of each text; of what is held the one trained for it, side by side if several are."""
        columns: dict[str, Any] = {}
        for name in self._held() or ("",):
            codes = unit_codes(self.found.fitted().encoder(name), given.texts("text"))
            columns |= {f"{name or 'code'}{k + 1}": codes[:, k] for k in range(codes.shape[1])}
        return Table.of(columns, kinds=dict.fromkeys(columns, Kind.NUMBER))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Mean of (1) over the rows whose concept is another; of what is held, where something is. Rows: the pool's.

        `control` takes matches at random.
        """
        held = self._held()
        asked = self._pool(given) if given.rows is None else given
        ask, own = self.black_box(asked), self._own(asked)
        texts, groups = asked.texts("text"), self._groups(asked)
        known = known_concepts(asked, tuple(self.found.categories))
        rows: list[tuple[Any, ...]] = []
        for name in held if held else self._treatments():
            for value in [held[name]] if held else self.concepts_there(name):
                moved = [row for row, now in enumerate(own[name]) if now != value]
                if target not in (None, name) or not moved:
                    continue
                some = [texts[row] for row in moved]
                options: dict[str, Any] = {
                    "groups": None if groups is None else [groups[row] for row in moved],
                    "concepts": {of: [values[row] for row in moved] for of, values in known.items()},
                    "seed": self.config.seed,
                }
                by: Any = self.config.by if self.config.by != "writer" else self._editor()
                found = self.found.explain(some, name, value, ask, by=by, k=self.config.matches, **options).values
                random = self.found.explain(some, name, value, ask, by="random", k=self.config.matches, **options)
                for k, label in enumerate(self._classes(found.shape[1])):
                    if outcome in (None, label):
                        change = found[:, k]
                        low = high = np.nan
                        if len(change) > 1:
                            interval = mean_effects(change[None], ["one"], seed=self.config.seed)
                            low, high = interval.column("low")[0], interval.column("high")[0]
                        control = float(random.values[:, k].mean())
                        rows.append((f"{name}={value}", label, float(change.mean()), low, high, control))
        if not rows:
            raise UnknownVariableError(f"no row changes under {self.held}, or there is no class {outcome!r}")
        names = ("target", "outcome", "effect", "low", "high", "control")
        kinds = {name: Kind.LABEL if name in names[:2] else Kind.NUMBER for name in names}
        return Table.of(dict(zip(names, zip(*rows, strict=True), strict=True)), kinds=kinds)

    def _pool(self, given: Given) -> Given:
        text = str(self.roles.get("text", "text"))
        columns = {text: list(self.found.texts), **self.found.concepts}
        kinds = {name: Kind.TEXT if name == text else Kind.LABEL for name in columns}
        return replace(given, rows=Table.of(columns, kinds=kinds), roles={"text": text})

    def _editor(self) -> Any:
        if "writer" not in self.subjects:
            raise OptionError("by='writer' needs the writer: load(folder, writer=...)")
        return editor_of(self.subjects["writer"], self.found.categories)

    def _classes(self, count: int) -> list[str]:
        opened: Any = getattr(self.subjects.get("model"), "opened", None)
        named = self.config.classes or getattr(opened, "classes_", None)
        if named is None and "model" not in self.subjects:
            named = sorted(set(self.said.values()))
        return (
            [str(name) for name in named] if named is not None and len(named) == count else list(map(str, range(count)))
        )

    def black_box(self, given: Given) -> BlackBox:
        """The classifier, or what the labels of the fit and of these rows say.

        Raises:
            OptionError: If there is neither.
        """
        labels = {**self.said, **said_of(given)}
        return black_box(self.subjects.get("model"), labels, sorted(set(labels.values())))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Errors of effects beside other explainers, and how well concepts are read; see `judge.py`."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """What stands in for some texts, and the effects."""
        return blocks(self, given)

    # -- what else can be asked ----------------------------------------------------------------------------------------

    def match(
        self, *data: Any, k: int | None = None, least: float | None = None, seed: int = 0, **roles: Any
    ) -> Matches:
        """The k best texts of the pool for each row, under the one concept that is held; see `Matching.match`."""
        given, (name, value) = self.given(*data, **roles), self._one_held()
        if self.config.by == "writer":
            raise OptionError(f"a writer matches nothing: set by to one of {', '.join(MATCHERS)}")
        return self.found.match(
            given.texts("text"), name, value, self.config.matches if k is None else k, by=self.config.by, least=least,
            groups=self._groups(given), concepts=known_concepts(given, tuple(self.found.categories)), seed=seed,
        )  # fmt: skip

    def explain(self, *data: Any, k: int | None = None, by: Any = None, seed: int = 0, **roles: Any) -> Effects:
        """The effect of the one concept that is held on each row, (rows, classes); see `Matching.explain`.

        Args:
            data: Rows of texts.
            k: Matches; None takes the option `matches`.
            by: Another explainer than the option `by`: a matcher, `conexp`, `s-learner`, or an editor.
            seed: Of what is random.
            roles: As in `fit`.
        """
        given, (name, value) = self.given(*data, **roles), self._one_held()
        chosen: Any = by if by is not None else self.config.by
        return self.found.explain(
            given.texts("text"), name, value, self.black_box(given),
            by=self._editor() if isinstance(chosen, str) and chosen == "writer" else chosen,
            k=self.config.matches if k is None else k, groups=self._groups(given),
            concepts=known_concepts(given, tuple(self.found.categories)), seed=seed,
        )  # fmt: skip

    def evaluate(
        self, pairs: EffectPairs, explainers: Any = (*MATCHERS, "conexp", "s-learner"), **options: Any
    ) -> ExplainerErrors:
        """Explainers beside the true effects of pairs on the classifier; see `Matching.evaluate`."""
        return self.found.evaluate(pairs, self.black_box(Given(None)), explainers, **options)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return self.found._network()

    def _options(self) -> dict[str, Any]:
        return {**self.found._options(), "config": asdict(self.config), "said": dict(self.said)}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        rest = {name: value for name, value in options.items() if name != "said"}
        model = cls(FaithfulMatchingConfig(**options["config"]))
        model.matching, model.said = Matching._rebuild(rest), dict(options["said"])
        return model


def _categories(concepts: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    return {
        name: sorted(dict.fromkeys(v for v in values if v is not None), key=str) for name, values in concepts.items()
    }
