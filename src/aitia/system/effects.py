"""`effect`: what one intervention changes in an outcome against another, from whatever a system answers."""

from collections.abc import Mapping
from typing import Any

from aitia.do import Effect, Intervention
from aitia.do import effect as sampled
from aitia.do.verbs import contrast
from aitia.errors import InterventionError, OptionError
from aitia.system.base import System
from aitia.system.capabilities import Counterfactuals, Explains, Predicts

__all__ = ["effect"]

Asked = Intervention | Mapping[Any, Any] | str


def effect(
    system: Any,
    a: Asked,
    b: Asked | None = None,
    *,
    outcome: str,
    rows: Any = None,
    label: object | None = None,
    n: int | None = None,
    draws: int = 1,
    seed: int = 0,
    confidence: float = 0.95,
    resamples: int = 50,
    **roles: Any,
) -> Effect:
    """The effect of `a` against `b` on the mean of the outcome.

    A system that keeps the noise of rows solves them again under both; one that predicts does so with the same seed on
    both sides; else its own table of effects answers. Anything else with `do` and `sample` is sampled.

    Args:
        system: A fitted system, an SCM, a world.
        a: What is done.
        b: What it is compared with; None leaves the system alone.
        outcome: The column to watch.
        rows: Rows to ask about, as `predict` takes them; None draws new ones.
        label: For labels, the one whose probability is reported; None takes the last.
        n: New rows, where none are given; 1000, or 10,000 of an SCM or world.
        draws: Answers a row.
        seed: Of the draws.
        confidence: Coverage of the interval over the rows.
        resamples: Times that an SCM which was fitted is fitted again, for its interval.
        roles: As in `predict`.

    Raises:
        InterventionError: If the system answers no effect.
        OptionError: If a number is out of range.
    """
    if not isinstance(system, System):
        if rows is not None or roles:
            raise OptionError(f"{type(system).__name__} draws its own rows: leave out rows")
        options: dict[str, Any] = {"label": label, "confidence": confidence, "resamples": resamples}
        return sampled(system, a, b, outcome=outcome, n=n or 10_000, seed=seed, **options)
    one, two = (side.held for side in (System.do(_bare(system), a), System.do(_bare(system), b)))
    sides: list[Any] = [system.do(one), system.do(two)]
    if isinstance(system, Counterfactuals) and rows is not None:
        noise = system.abduct(rows, draws=draws, seed=seed, **roles)
        tables = [side.solve(noise).known for side in sides]
    elif isinstance(system, Predicts) and rows is not None:
        given = system.given(rows, **roles)
        tables = [side.predict(given, draws=draws, seed=seed).known for side in sides]
    elif isinstance(system, Predicts):
        tables = [side.sample(n or 1000, seed=seed).known for side in sides]
    elif isinstance(system, Explains):
        return _explained(system, one, two, outcome, rows, confidence, roles)
    else:
        answers = ", ".join(system.card.verbs) or "nothing"
        need = ": give rows" if isinstance(system, Counterfactuals) else ""
        raise InterventionError(f"{system.card.slug} answers no effect{need}; beside do it answers {answers}")
    return contrast(one, two, tables[0], tables[1], outcome, label=label, confidence=confidence)


def _bare(system: System) -> System:
    """The same system, holding nothing."""
    import copy

    other = copy.copy(system)
    other.held = Intervention()
    return other


def _explained(
    system: Explains, a: Intervention, b: Intervention, outcome: str, rows: Any, confidence: float, roles: Any
) -> Effect:
    """The line of the system's own table for the one target of `a`."""
    if len(a) != 1 or b:
        raise InterventionError(
            f"{system.card.slug} tells the effect of one target at a time against none, got {a} against {b}"
        )
    target = str(a.targets[0])
    table = system.effects(*(() if rows is None else (rows,)), target=target, outcome=outcome, **roles)
    if table.n != 1:
        raise InterventionError(
            f"{system.card.slug} tells {table.n} effects of {target!r} on {outcome!r}: see effects()"
        )
    effect, low, high = (float(table.column(name)[0]) for name in ("effect", "low", "high"))
    return Effect(a, b, outcome, None, effect, low, high, confidence, effect, 0.0, table.n)
