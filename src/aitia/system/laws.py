"""The laws that every system obeys, by what it can answer; `check` puts them to one.

Each law stands here once. `tests/systems/test_contract.py` runs them over all systems on their examples, and
`tests/systems/test_broken_laws.py` breaks each of them on purpose.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.kinds import Kind
from aitia.do import Intervention, Law, LawTable
from aitia.do import check as check_sampler
from aitia.errors import AitiaError, DataError, InterventionError, OptionError, UnknownVariableError
from aitia.system.base import System
from aitia.system.capabilities import Edits, Explains, Predicts
from aitia.system.card_laws import card_is_true, names_are_told_apart, refused, refuses_unknown_names
from aitia.system.counterfactual_laws import bound_is_small, fact_stays, keeps_noise, non_descendants_stay
from aitia.system.loading import load
from aitia.system.trial import CLOSE, NothingToCheckError, Trial, first_difference, misspelt

__all__ = ["LAWS", "Trial", "check"]

APART = 0.02
"""Least distance of doing from conditioning, in standard deviations of the outcome."""


def check(system: Any, given: Any = None, /, **asked: Any) -> LawTable:
    """Runs the laws on a fitted system, or the laws of `do` on anything with `do` and `sample`.

    Args:
        system: A fitted system, an SCM, a world.
        given: Rows, as the system was fitted to; not for what draws its own.
        asked: Fields of `Trial`: `do` and `other` (two interventions; else two are taken from the targets), `rows` with
            holes, `outcome`, `mask`, `confounded`, `exogenous`, `why_not`, `seed`; `n`, `seed` and `tolerance` of what
            draws its own rows.

    Returns:
        The laws; `holds` is None for one that asks nothing of this system, and says why.

    Raises:
        OptionError: If there is nothing to check, a field is unknown, or rows are needed.
        DataError: If the system does not read these rows.
        UnknownVariableError: If an intervention is on no target of the system.
        InterventionError: If a target takes no such value.
    """
    if not isinstance(system, System):
        if not (callable(getattr(system, "do", None)) and callable(getattr(system, "sample", None))):
            raise OptionError(f"check takes a fitted system, or what has do and sample; got a {type(system).__name__}")
        return check_sampler(system, **asked) if given is None else check_sampler(system, n=len(given), **asked)
    trial = Trial.of(system, given, **asked)
    if trial.given.rows is None and system.roles:
        raise OptionError(f"{system.card.slug} was fitted to rows: give some to check, such as those of the fit")
    _ = trial.before  # rows that the system does not read are refused here, and break no law
    return LawTable(tuple(_judged(name, law, trial) for name, law in LAWS.items()))


def _judged(name: str, law: Callable[[Trial], Iterator[str]], trial: Trial) -> Law:
    try:
        broken = next(law(trial), None)
    except NothingToCheckError as reason:
        return Law(name, None, str(reason))
    except (AitiaError, NotImplementedError) as error:
        broken = f"the system raised: {error}"
    return Law(name, broken is None, broken or "")


# -- of do -------------------------------------------------------------------------------------------------------------


def identity(trial: Trial) -> Iterator[str]:
    """`do()` without targets changes no answer."""
    if found := first_difference(trial.answers(trial.system.do()), trial.before):
        yield f"under do(), {found} differs"


def latest_wins(trial: Trial) -> Iterator[str]:
    """Of two interventions on one target the latest holds; on several they add up."""
    a, b = trial.pair
    twice = trial.system.do(a).do(b)
    if twice.held != trial.system.held | a | b:
        yield f"{b} after {a} holds {twice.held}"
    told = trial.answers(twice)
    if found := first_difference(told, trial.under(a | b)):
        yield f"{b} after {a} is not {a | b}: {found} differs"
    if set(a) <= set(b) and (found := first_difference(told, trial.under(b))):
        yield f"{b} after {a} is not {b}: {found} differs"


def does_something(trial: Trial) -> Iterator[str]:
    """Two interventions that differ are answered differently."""
    a, b = trial.pair
    if trial.before and not first_difference(trial.under(a), trial.under(b)):
        yield f"{a} and {b} have the same answers"


def unchanged(trial: Trial) -> Iterator[str]:
    """The system and the rows given stay as they were."""
    before, held = trial.before, trial.system.held
    rows = None if trial.given.rows is None else trial.given.rows.hash()
    other = trial.system.do(trial.pair[0])
    trial.answers(other)
    if other is trial.system or trial.system.held != held:
        yield "do changed the system that it was given"
    if rows is not None and trial.given.data.hash() != rows:
        yield "the system changed the rows that it was given"
    after = trial.answers(trial.system)
    if odd := [verb for verb in before if before[verb] != after[verb]]:
        yield f"after do, the system that it was given answers {odd[0]} differently"


def refuses_unknown_target(trial: Trial) -> Iterator[str]:
    """A target or label that is not there is refused in one sentence with the nearest name."""
    target = trial.target
    wrong = misspelt(target.name)
    yield from refused(lambda: trial.system.do({wrong: target.labels[0] if target.labels else 0.0}), target.name,
                        UnknownVariableError)  # fmt: skip
    if target.labels:
        yield from refused(
            lambda: trial.system.do({target.name: misspelt(target.labels[0])}), target.labels[0], InterventionError
        )


def refuses_without_targets(trial: Trial) -> Iterator[str]:
    """A system without targets refuses every `do` and its card says why; its card says which of four things do is."""
    if bool(trial.system.targets) != (trial.system.card.does is not None):
        yield f"the card says that do {trial.system.card.does}, and there are {len(trial.system.targets)} targets"
    if not trial.system.targets:
        yield from refused(lambda: trial.system.do({"anything": 1.0}), trial.system.card.slug, InterventionError)


# -- of predictions ----------------------------------------------------------------------------------------------------


def fills_holes(trial: Trial) -> Iterator[str]:
    """Every hole is filled, rows keep their order and number, and draws are counted."""
    system = trial.needs(Predicts)
    filled = system.predict(trial.holes, draws=2, seed=trial.seed)
    known, given = filled.known, trial.holes.data.known
    holes = {column for role in system.card.fills for column in trial.holes.columns(role) or (role,)}
    if len(filled) != 2 * len(trial.holes):
        yield f"2 draws of {len(trial.holes)} rows are {len(filled)}"
        return
    if "draw" in known and known.column("draw").tolist() != [0.0, 1.0] * len(trial.holes):
        yield "draws of a row are not numbered one after the other"
    for draw in (0, 1):  # what is not filled tells whose answer a row is
        gaps = given.gaps(known.take(np.arange(draw, len(known), 2)))
        if odd := [column for column, gap in gaps.items() if column not in holes and gap > 0]:
            yield f"{odd[0]} of draw {draw} is not that of the rows in their order"
    for column in sorted(holes):
        if column in known and known.missing(column):
            yield f"{known.missing(column)} holes of {column} are left"


def doing_is_not_conditioning(trial: Trial) -> Iterator[str]:
    """Setting a variable differs from giving it as a fact where a cause is shared, and only there."""
    system = trial.needs(Predicts)
    if system.card.does != "sets a variable":
        raise NothingToCheckError(f"do {system.card.does}" if system.card.does else "do sets nothing")
    if trial.confounded is None and trial.exogenous is None:
        raise NothingToCheckError(trial.why_not or "the example names neither a confounded nor an exogenous target")
    for do, differ in ((trial.confounded, True), (trial.exogenous, False)):
        if do is None:
            continue
        gap, doubt = _distance(trial, system, do)
        if (gap > APART + 3 * doubt) is not differ:
            wanted = "so far from" if differ else "so near to"
            yield f"{do} is {gap:.3g} sd of {trial.answered} from its rows given as facts, not {wanted} them as it must"


def _distance(trial: Trial, system: Any, do: Intervention) -> tuple[float, float]:
    """How far the answer to `do` is from that to rows with its values as facts, and what chance alone gives."""
    given, draws = trial.holes, 16
    known = given.table
    facts = {}
    kinds = {}
    for name, action in do.items():
        if name not in known and name not in trial.given.table:
            raise InterventionError(f"{name!r} is set, and rows have no such column to give it as a fact")
        facts[name] = [getattr(action, "value", None)] * len(given)
        kinds[name] = (known if name in known else trial.given.table).kind(name)
    other = system.given(given.data.with_known(facts, kinds))
    told = []
    for side, rows in ((system.do(do), given), (system, other)):
        answers = _numbers(side.predict(rows, draws=draws, seed=trial.seed).known, trial.answered)
        if len(answers) != len(given) * draws:
            raise DataError(f"{draws} draws of {len(given)} rows are {len(answers)}")
        told.append(answers.reshape(len(given), draws))
    free = _numbers(system.predict(given, draws=draws, seed=trial.seed).known, trial.answered)
    spread = float(free.std()) or 1.0
    gap = float(np.sqrt(np.mean((told[0].mean(axis=1) - told[1].mean(axis=1)) ** 2)))
    doubt = float(np.sqrt(np.mean((told[0] - told[1]).var(axis=1, ddof=1) / draws)))
    return gap / spread, doubt / spread


def _numbers(table: Any, outcome: str) -> NDArray[np.float64]:
    if table.discrete(outcome):
        last = table.categories(outcome)[-1]
        return np.asarray(table.labels(outcome) == last, dtype=np.float64)
    return np.asarray(table.column(outcome), dtype=np.float64)


# -- of edits and effects ----------------------------------------------------------------------------------------------


def edit_keeps_the_rest(trial: Trial) -> Iterator[str]:
    """An edit keeps the bytes of what was not masked."""
    system: Any = trial.needs(Edits)
    a, _ = trial.pair
    before, after = trial.given.data, system.do(a).edit(trial.given)
    if len(before) != len(after):
        yield f"{len(before)} rows were edited to {len(after)}"
        return
    for column, gap in before.gaps(after).items():
        if column not in trial.mask and gap > 0:
            yield f"{a} changes {column}, which no mask names"
        region = trial.mask.get(column)
        if region is not None and (found := _outside(before.known, after.known, column, region)):
            yield f"{a} changes {column} outside of its mask in row {found[0]}"


def _outside(before: Any, after: Any, column: str, region: Any) -> list[int]:
    """Rows of which something outside of the region changed."""
    if before.kind(column) is Kind.PICTURE:
        mask = before.pictures(region).max(axis=-1) > 0 if isinstance(region, str) else np.asarray(region, dtype=bool)
        free = ~np.broadcast_to(mask, (before.n, *mask.shape[-2:]))
        old, new = before.pictures(column), after.pictures(column)
        return [i for i in range(before.n) if old.shape != new.shape or (old[i][free[i]] != new[i][free[i]]).any()]
    found = []
    for i, (old, new, spans) in enumerate(
        zip(before.texts(column), after.texts(column), before.spans(region), strict=True)
    ):
        place, kept = 0, []
        for start, stop, _ in sorted(spans):
            kept.append(old[place:start])
            place = stop
        kept.append(old[place:])
        if not (new.startswith(kept[0]) and new.endswith(kept[-1]) and _in_order(kept, new)):
            found.append(i)
    return found


def _in_order(parts: list[str], text: str) -> bool:
    place = 0
    for part in parts:
        at = text.find(part, place)
        if at < 0:
            return False
        place = at + len(part)
    return True


def effects_are_told(trial: Trial) -> Iterator[str]:
    """A table of effects says target, outcome, effect, interval and control; intervals are of what they stand beside.

    An interval is about the true effect, and need not hold the estimate: that of a biased estimate (a percentile or
    bias-corrected bootstrap, Wilson's of a share) may leave it out, and to stretch an end to the estimate changes how
    often it covers the truth. What cannot be is an end that is no number, ends in the wrong order, or an estimate that
    is off by more than the interval is wide: that interval is of something else.
    """
    system: Any = trial.needs(Explains)
    table = system.effects(*trial.rows_of(trial.given))
    if lacks := [n for n in ("target", "outcome", "effect", "low", "high", "control") if n not in table]:
        yield f"the table of effects has no column {lacks[0]}"
        return
    effect, low, high = (table.column(name) for name in ("effect", "low", "high"))
    if odd := np.flatnonzero(~np.isfinite(effect + low + high)).tolist():
        yield f"effect {odd[0]} or an end of its interval is no number"
    if odd := np.flatnonzero(low > high).tolist():
        yield f"the interval of effect {odd[0]} ends before it begins"
    off = np.maximum(low - effect, effect - high)
    if odd := np.flatnonzero(off > (high - low) + CLOSE).tolist():
        yield f"effect {odd[0]} lies further outside of its interval than that is wide"


# -- of keeping ----------------------------------------------------------------------------------------------------


def same_seed(trial: Trial) -> Iterator[str]:
    """The same seed gives the same bytes."""
    if found := first_difference(trial.answers(trial.system), trial.before):
        yield f"{found} differs when it is asked twice"


def saved_is_the_same(trial: Trial) -> Iterator[str]:
    """What was saved and loaded answers the same bytes, with what it holds."""
    held = trial.system.do(trial.pair[0]) if trial.system.targets else trial.system
    with tempfile.TemporaryDirectory() as place:
        held.save_pretrained(Path(place) / "model")
        again = load(Path(place) / "model")
        again = again.bind(**held.subjects) if held.subjects else again
        if again.held != held.held:
            yield f"{held.held} is {again.held} after it was saved"
        if found := first_difference(trial.answers(held), trial.answers(again)):
            yield f"{found} differs after it was saved and loaded"


LAWS: Mapping[str, Callable[[Trial], Iterator[str]]] = {
    "same seed, same bytes": same_seed,
    "do with nothing is the identity": identity,
    "the latest do wins": latest_wins,
    "different interventions have different answers": does_something,
    "the system and the rows are unchanged": unchanged,
    "an unknown target is refused": refuses_unknown_target,
    "without targets do is refused": refuses_without_targets,
    "a counterfactual with nothing done is the fact": fact_stays,
    "a counterfactual loses little of the fact": bound_is_small,
    "a counterfactual keeps the noise": keeps_noise,
    "non-descendants stay put": non_descendants_stay,
    "holes are filled": fills_holes,
    "doing is not conditioning": doing_is_not_conditioning,
    "an edit keeps what was not masked": edit_keeps_the_rest,
    "effects have intervals": effects_are_told,
    "what is saved answers the same": saved_is_the_same,
    "names are told apart": names_are_told_apart,
    "the card is true": card_is_true,
    "an unknown role or subject is refused": refuses_unknown_names,
}
"""Every law by its name."""
