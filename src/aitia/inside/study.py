"""Which places carry the answers of many prompts: `aitia trace --pairs`.

Each pair of prompts is traced as one prompt is: the corrupted prompt gets back, at each site, what it has in the clean
one. A study says what holds for pairs like these, with an interval over them::

    share of a place = sum_i (m_i(patched) - m_i(corrupted)) / sum_i (m_i(clean) - m_i(corrupted))                  (1)

over the pairs i that have the place. Shares of single pairs are not averaged, since where a pair's prompts hardly
differ in the metric its share is any number. The interval is the percentile bootstrap of (1) over pairs.

Where all pairs are of one token length a place is a site. Where they are not, tokens stand for what they are to those
that changed (`ROLES` of `pairs`), and a pair counts with the mean over its tokens of that kind.

Source:
    Meng, Bau, Andonian and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022, section 2.2 (means
    over facts by kind of token); Heimersheim and Nanda, How to use and interpret activation patching, 2024; Efron and
    Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Engine, LocalEngine, Progress, Store
from aitia.errors import OptionError
from aitia.inside.pairs import ROLES, Pair, changed_tokens, check_pairs, role
from aitia.inside.prompt import Question, ask
from aitia.inside.work import TraceWork
from aitia.inside.worth import study_alarms
from aitia.nn.causal_language import CausalLanguageModel
from aitia.nn.sites import Agreement, Site, agreement
from aitia.runs import open_run

__all__ = ["PairsTrace", "PlaceEffect", "trace_pairs"]

Values = NDArray[np.float64]
FILES = ("trace.csv", "pairs.csv", "trace.json", "trace.png", "report.html")
"""What a study writes into its folder; the picture only where places differ by token."""
RESAMPLES = 2000
COMPARED = 5
"""Pairs at which estimates are held against patches."""


@dataclass(frozen=True)
class PlaceEffect:
    """What a place restores over pairs.

    Args:
        site: The site, without its position where tokens stand for their kind.
        token: The kind of token, of `ROLES`, or its position; empty where the site names none.
        pairs: That have the place.
        effect: Share restored, (1).
        low: Of its interval over pairs.
        high: Of the same.
        control: The same for as large a change in a random direction; None where it was not among the strongest.
        control_low: Of the interval of that.
        control_high: Of the same.
    """

    site: str
    token: str
    pairs: int
    effect: float
    low: float
    high: float
    control: float | None = None
    control_low: float | None = None
    control_high: float | None = None


@dataclass(frozen=True, eq=False)
class PairsTrace:
    """What a trace of many pairs found.

    Args:
        pairs: They, in order.
        answers: What was measured after each: the answer, and what it is held against.
        clean: (pairs,) the metric of each prompt.
        broken: (pairs,) that of each corrupted prompt.
        places: Every place.
        strongest: The strongest of them, with controls.
        model: Its name.
        notes: What a reader should know.
        alarms: Why its numbers are worth little, in sentences.
        agreement: Of estimates with patches, where effects are estimates.
    """

    pairs: tuple[Pair, ...]
    answers: tuple[tuple[str, str | None], ...]
    clean: Values
    broken: Values
    places: tuple[PlaceEffect, ...]
    strongest: tuple[PlaceEffect, ...]
    model: str
    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    agreement: Agreement | None = None

    def _repr_html_(self) -> str:
        from aitia.inside.notebook import study_html

        return study_html(self)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        each = zip(self.pairs, self.answers, self.clean.tolist(), self.broken.tolist(), strict=True)
        return {
            "model": self.model,
            "n": len(self.pairs),
            "effect": "share restored",
            "clean": float(self.clean.mean()),
            "broken": float(self.broken.mean()),
            "strongest": [vars(place) for place in self.strongest],
            "places": [vars(place) for place in self.places],
            "pairs": [{**vars(pair), "answer": a, "other": o, "clean": c, "broken": b} for pair, (a, o), c, b in each],
            "notes": list(self.notes),
            "agreement": None if self.agreement is None else vars(self.agreement),
            "alarms": list(self.alarms),
        }


@dataclass(eq=False)
class _Study:
    """A study under way: changes of the metric of each pair, by place."""

    work: list[TraceWork] = field(default_factory=list)
    sites: list[dict[tuple[str, str], list[Site]]] = field(default_factory=list)
    changes: list[dict[tuple[str, str], float]] = field(default_factory=list)
    clean: list[float] = field(default_factory=list)
    broken: list[float] = field(default_factory=list)
    compared: list[tuple[list[float], list[float]]] = field(default_factory=list)

    def estimate(
        self, key: tuple[str, str], changes: Sequence[dict[tuple[str, str], float]], draws: NDArray[np.int64]
    ) -> tuple[int, float, float, float]:
        """Pairs that have the place, share of it, and its interval."""
        has = np.array([key in found for found in changes])
        change = np.array([found.get(key, 0.0) for found in changes])
        way = np.where(has, np.array(self.clean) - np.array(self.broken), 0.0)
        known = draws[has[draws].any(axis=1)]
        with np.errstate(divide="ignore", invalid="ignore"):
            again = change[known].sum(axis=1) / way[known].sum(axis=1)
        low, high = np.percentile(again[np.isfinite(again)], [2.5, 97.5])
        return int(has.sum()), float(change.sum() / way.sum()), float(low), float(high)


def trace_pairs(
    language: CausalLanguageModel,
    pairs: Sequence[Pair],
    *,
    sites: Sequence[str] = (),
    draws: int = 2,
    strongest: int = 10,
    fast: bool = False,
    batch_size: int = 64,
    seed: int = 0,
    engine: Engine | None = None,
    out: str | Path | None = None,
    source: str = "the pairs",
    command: str | None = None,
    progress: Progress | None = None,
) -> PairsTrace:
    """Traces the answers of many prompts through a language model.

    Args:
        language: The model.
        pairs: Two or more, as `read_pairs` gives them.
        sites: Where; none takes what each layer gives at each token.
        draws: Of the control, at each site of each pair.
        strongest: How many places are told and get a control.
        fast: Estimate every patch by one backward pass (`attribution`); the first five pairs are patched too, to tell
            how well the estimates agree.
        batch_size: Rows that run at once.
        seed: Of controls and the bootstrap.
        engine: Where pairs run, which changes no number; None runs them here.
        out: Folder for `trace.csv`, `pairs.csv`, `trace.json`, `trace.png` and `report.html`; a stopped run goes on
            there.
        source: What names the pairs in sentences.
        command: The command line that repeats it.
        progress: Told after each pair.

    Raises:
        OptionError: If there are fewer than two pairs, a pair is no question to this model, or an option is out of
            range.
        InterventionError: If the prompts of a pair differ in token length; names its line.
        UnknownVariableError: If a site names no module; says the nearest.
        RunError: If the folder holds another run.
    """
    if draws < 2 or strongest < 1:
        raise OptionError(f"draws is at least 2 and strongest at least 1, got {draws} and {strongest}")
    check_pairs(language, pairs, source)
    chosen = list(sites) or [f"{language.blocks}[position=*]"]
    config = {
        "pairs": [[p.prompt, p.against, p.answer, p.other] for p in pairs], "sites": chosen, "draws": draws,
        "strongest": strongest, "batch_size": batch_size, "seed": seed,
        **({"fast": True} if fast else {}),
    }  # fmt: skip
    hashes = {"model": language.fingerprint}
    opened = (
        nullcontext()
        if out is None
        else open_run(out, kind="trace-pairs", config=config, inputs=hashes, files=FILES, command=command)
    )
    with opened as run:
        questions = [ask(language, pair.prompt, pair.answer, pair.other, pair.against) for pair in pairs]
        work = [TraceWork(language, q, "patch", 3.0, draws, seed, batch_size) for q in questions]
        store = {} if run is None else run.store("pairs")
        one = _OnePair(tuple(pairs), tuple(work), tuple(chosen), fast)
        keys = [f"trace {n}" for n in range(len(pairs))]
        kept = (engine or LocalEngine()).map(
            one, range(len(pairs)), keys=keys, store=store, progress=progress, what="pairs"
        )
        study = _traced(language, pairs, work, chosen, kept)
        result = _told(study, pairs, questions, strongest, seed, store, progress)
        if run is not None:
            from aitia.inside.study_report import save

            save(result, run, command)
    return result


def _traced(
    language: CausalLanguageModel,
    pairs: Sequence[Pair],
    work: Sequence[TraceWork],
    sites: Sequence[str],
    traces: Sequence[Mapping[str, Any]],
) -> _Study:
    """The traces of all pairs, by place."""
    study = _Study(list(work))
    kinds = [changed_tokens(language, pair) for pair in pairs]
    spread = any(Site(site).position == "*" for site in sites) and len({length for length, _ in kinds}) > 1
    for pair, one, (length, changed), found in zip(pairs, work, kinds, traces, strict=True):
        one.prepare(pair.against, None)
        groups: dict[tuple[str, str], list[Site]] = {}
        for site in map(Site, found["changes"]):
            groups.setdefault(_place(site, length, changed, spread), []).append(site)
        changes = found["changes"]
        study.sites.append(groups)
        study.changes.append({k: float(np.mean([changes[str(s)] for s in mine])) for k, mine in groups.items()})
        study.clean.append(found["clean"])
        study.broken.append(found["broken"])
        if (patched := found.get("patched")) is not None:
            study.compared.append((list(changes.values()), [patched[name] for name in changes]))
    return study


@dataclass(frozen=True)
class _OnePair:
    """The trace of a pair by its number; picklable."""

    pairs: tuple[Pair, ...]
    work: tuple[TraceWork, ...]
    sites: tuple[str, ...]
    fast: bool

    def __call__(self, n: int) -> dict[str, Any]:
        one = self.work[n]
        one.prepare(self.pairs[n].against, None)
        found = one.estimate(self.sites) if self.fast else one.restore(self.sites, None, None)
        assert found.other is not None  # a patch has another run
        told = dict(zip(map(str, found.sites), found.changes[:, 0].tolist(), strict=True))
        kept: dict[str, Any] = {"changes": told, "broken": float(found.plain[0]), "clean": float(found.other[0])}
        if self.fast and n < COMPARED:
            patched = one.restore(self.sites, None, None)
            kept["patched"] = dict(zip(map(str, patched.sites), patched.changes[:, 0].tolist(), strict=True))
        return kept


def _place(site: Site, length: int, changed: Sequence[int], spread: bool) -> tuple[str, str]:
    """The place that a site of one pair is of: the site without its position, and the token."""
    if not isinstance(site.position, int):
        return str(site), ""
    if spread and site.position >= 0:
        return str(site.with_(position=None)), role(site.position, length, changed)
    return str(site.with_(position=None)), str(site.position)


def _told(
    study: _Study,
    pairs: Sequence[Pair],
    questions: Sequence[Question],
    strongest: int,
    seed: int,
    store: Store,
    tell: Progress | None,
) -> PairsTrace:
    """The effects of all places, and the strongest with their controls."""
    clean, broken = np.array(study.clean), np.array(study.broken)
    way = clean - broken
    if abs(float(way.mean())) < 1e-6:
        raise OptionError(
            f"the corrupted prompts measure as the clean ones do ({clean.mean():.3f} on average), so there is nothing "
            "to restore: give pairs whose answers differ"
        )
    draws = np.random.default_rng(seed).integers(len(pairs), size=(RESAMPLES, len(pairs)))
    keys = list(dict.fromkeys(key for found in study.changes for key in found))
    order = {name: k for k, name in enumerate(ROLES)}
    modules = {name: k for k, name in enumerate(dict.fromkeys(key[0] for key in keys))}
    keys.sort(key=lambda key: (modules[key[0]], order.get(key[1], 0)))
    places = []
    for site, token in keys:
        n, effect, low, high = study.estimate((site, token), study.changes, draws)
        places.append(PlaceEffect(site, token, n, effect, low, high))
    top = sorted(range(len(keys)), key=lambda k: -abs(places[k].effect))[:strongest]
    controls = _controls(study, [keys[k] for k in top], store, tell)
    strong = [
        PlaceEffect(**{**vars(places[k]), "control": mean, "control_low": low, "control_high": high})
        for k in top
        for _, mean, low, high in [study.estimate(keys[k], controls, draws)]
    ]
    notes = [note for question in questions for note in question.notes]
    answers = tuple((question.answer_text, question.other_text) for question in questions)
    worth = study_alarms(way, strong)
    model = study.work[0].language.name
    told = tuple(dict.fromkeys(notes))
    agreed = agreement(study.compared, np.abs(way[: len(study.compared)])) if study.compared else None
    return PairsTrace(tuple(pairs), answers, clean, broken, tuple(places), tuple(strong), model, told, worth, agreed)


def _controls(
    study: _Study, keys: Sequence[tuple[str, str]], store: Store, tell: Progress | None
) -> list[dict[tuple[str, str], float]]:
    """What as large a change in a random direction does at these places, for each pair."""
    made = []
    for n, (work, groups) in enumerate(zip(study.work, study.sites, strict=True)):
        sites = [site for key in keys for site in groups.get(key, [])]
        name = f"controls {n}"
        if name not in store:
            found = work.controls(sites, None) if sites else None
            assert found is not None or not sites  # patches have controls
            store[name] = {} if found is None else dict(zip(map(str, sites), found.mean(axis=1).tolist(), strict=True))
        known = store[name]
        made.append({k: float(np.mean([known[str(s)] for s in groups[k]])) for k in keys if k in groups})
        if tell is not None:
            tell("controls", n + 1, len(study.work))
    return made
