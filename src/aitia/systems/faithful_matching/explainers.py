"""How a match is scored, and what explains without matches: concepts alone, and edits that are written."""

import warnings
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError
from aitia.stats.concept_effects import SLearner, conexp
from aitia.systems.faithful_matching.answers import Effects
from aitia.systems.faithful_matching.black_box import BlackBox
from aitia.systems.faithful_matching.config import MATCHERS, Matcher
from aitia.systems.faithful_matching.explainer_errors import EffectPairs, ExplainerErrors
from aitia.systems.faithful_matching.parts import codes_of_labels, unit_codes
from aitia.systems.faithful_matching.text_edits import Editor, edit_faults

if TYPE_CHECKING:
    from aitia.systems.faithful_matching.matching import Matching

__all__ = ["evaluated", "from_concepts", "from_editor", "from_matches", "match_scores"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

TRIES = 3
"""How often an editor is asked again for what was of no use."""


def match_scores(
    of: "Matching",
    texts: list[str],
    treatment: str,
    by: Matcher,
    concepts: Mapping[str, Sequence[Any]] | None,
    seed: int,
) -> Values:
    """(n, pool): higher is nearer."""
    net, column = of.fitted(), of.column(treatment)
    size = (len(texts), len(of.texts))
    if by in ("causal", "embedding"):
        name = treatment if by == "causal" else ""
        if name not in of.pool_codes:
            of.pool_codes[name] = unit_codes(net.encoder(name), of.texts)
        return np.asarray(unit_codes(net.encoder(name), texts) @ of.pool_codes[name].T)
    if by == "random":
        return np.random.default_rng(seed).random(size)
    if by == "propensity":
        here, there = (net.reader.shares(some, treatment) for some in (net.reader.codes(texts), of.terms()))
        return np.asarray(-np.linalg.norm(here[:, None] - there[None], axis=2))
    near = np.asarray((net.reader.codes(texts) @ of.terms().T).todense())
    if by == "tf-idf":
        return near
    own = codes_of_labels(net.reader, texts, concepts or {})
    others = [j for j in range(own.shape[1]) if j != column]
    equal = (own[:, None, others] == of.labels[None, :, others]).sum(axis=2)
    within = near / 2 if by == "approximate tf-idf" else np.random.default_rng(seed).random(size) / 2
    return np.asarray(equal + within)


def from_matches(
    of: "Matching",
    texts: list[str],
    treatment: str,
    wanted: list[Any],
    ask: BlackBox,
    by: Matcher,
    k: int,
    groups: Sequence[Hashable] | None,
    concepts: Mapping[str, Sequence[Any]] | None,
    seed: int,
) -> Effects:
    """(1), or (4) with smoothing: part of f(x) gives way to matches that have the value of the text itself."""
    before, pool, share = ask(texts), ask(of.texts), of.config.smoothing
    matches = of.match(texts, treatment, wanted, k, by=by, groups=groups, concepts=concepts, seed=seed)
    values = np.stack([pool[rows].mean(axis=0) for rows in matches.rows]) - before
    if share:
        own = codes_of_labels(of.fitted().reader, texts, concepts or {})[:, of.column(treatment)]
        value = [of.categories[treatment][code] for code in own]
        alike = of.match(texts, treatment, value, k, by=by, groups=groups, concepts=concepts, seed=seed)
        values += share * (before - np.stack([pool[rows].mean(axis=0) for rows in alike.rows]))
    return Effects(values, before, matches)


def from_concepts(
    of: "Matching",
    texts: list[str],
    treatment: str,
    targets: Codes,
    ask: BlackBox,
    regression: bool,
    concepts: Mapping[str, Sequence[Any]] | None,
) -> Values:
    """CONEXP or the S-learner, from what f says of the pool."""
    pool, said = of.concepts, ask(of.texts)
    codes = codes_of_labels(of.fitted().reader, texts, concepts or {})
    own = {name: [values[c] for c in codes[:, j]] for j, (name, values) in enumerate(of.categories.items())}
    found = np.zeros((len(texts), said.shape[1]))
    learner = SLearner(pool, said) if regression else None
    for code in np.unique(targets):
        rows, value = np.flatnonzero(targets == code), of.categories[treatment][code]
        if learner is not None:
            found[rows] = learner.effect({n: [v[row] for row in rows] for n, v in own.items()}, treatment, value)
            continue
        for start in dict.fromkeys(own[treatment][row] for row in rows):
            same = [row for row in rows if own[treatment][row] == start]
            found[same] = conexp(said, pool[treatment], start, value)
    return found


def from_editor(
    of: "Matching",
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
    """What f says of edits without fault that an editor writes; causal matches stand in where there is none."""
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
        seen = of.read([edit if isinstance(edit, str) else "" for edit in edits])[treatment]
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
        values[lost] = of.explain(
            [texts[row] for row in lost],
            treatment,
            [wanted[row] for row in lost],
            ask,
            groups=None if groups is None else [groups[row] for row in lost],
            concepts={name: [labels[row] for row in lost] for name, labels in (concepts or {}).items()},
            seed=seed,
        ).values
    return Effects(values, before, edits=tuple(map(tuple, kept)), faults=faults)


def evaluated(
    of: "Matching",
    pairs: EffectPairs,
    ask: BlackBox,
    explainers: Mapping[str, Any] | Sequence[str],
    sizes: Sequence[int],
    concepts: Mapping[str, Sequence[Any]] | None,
    seed: int,
) -> ExplainerErrors:
    """See `Matching.evaluate`."""
    chosen: dict[str, Any] = (
        dict(explainers) if isinstance(explainers, Mapping) else {name: name for name in explainers}
    )
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
                effects = of.explain(
                    texts, treatment, targets, ask, by=by, k=size, groups=groups, concepts=known, seed=seed
                )
                said.setdefault(label, np.zeros_like(before))[rows] = effects.values
    return ExplainerErrors(pairs, before, after, said, seed=seed)
