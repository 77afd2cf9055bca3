"""`counterfactual`: what rows would have been, of a fitted system or of anything else that keeps the noise of rows."""

from typing import Any

from aitia.do import Intervention
from aitia.do import counterfactual as solved
from aitia.errors import InterventionError, OptionError, UnknownVariableError, join_names, unknown_variable
from aitia.system.base import Asked, System
from aitia.system.capabilities import Counterfactuals

__all__ = ["counterfactual"]


def counterfactual(system: Any, rows: Any, intervention: Asked = None, /, **named: Any) -> Any:
    """What these rows would have been under an intervention: their noise is kept and the system solved again.

    Of a fitted system, a name is one of three: a role or subject of its card says what the columns of the rows are,
    as in `fit`; `draws` and `seed` are of the noise; any other name is a target. Where a target bears the name of a
    role, as the column of a domain that is called `domain`, the name is that of the role: such a target is set in the
    intervention. Of an SCM or world every name is a target.

    Args:
        system: A fitted system, an SCM, a world: anything with a method `counterfactual(rows, intervention)`.
        rows: Facts, as the system reads them.
        intervention: An `Intervention`, a mapping from target to action, or text such as `"do(x=1)"`.
        named: Further targets by name; of a fitted system roles and subjects, `draws` and `seed` too.

    Returns:
        Rows of the kind that was given.

    Raises:
        UnknownVariableError: If a name is no role, subject or target; names the nearest.
        InterventionError: If the system keeps no noise, a value means nothing for its target, or nothing is done and
            a name is both a role and a target.
    """
    if not isinstance(system, System):
        return solved(system, rows, intervention, **named)
    card = system.card
    if not isinstance(system, Counterfactuals):
        why = card.absent.get("counterfactual", "it keeps no noise of a row")
        raise InterventionError(f"{card.slug} answers no counterfactual: {why}")
    roles = {n: value for n, value in named.items() if n in card.takes or n in card.subjects}
    draws, seed = (_whole(n, named.get(n, default)) for n, default in (("draws", 1), ("seed", 0)))
    targets = {n: value for n, value in named.items() if n not in roles and n not in ("draws", "seed")}
    for name in targets:
        try:
            system.targets.find(name)
        except UnknownVariableError:
            known = (*system.targets.names, *card.takes, *card.subjects)
            raise unknown_variable(name, dict.fromkeys(known), "system") from None
    base = Intervention.parse(intervention) if isinstance(intervention, str) else Intervention(intervention)
    both = [name for name in roles if name in system.targets.names]
    if both and not targets and not base:
        raise InterventionError(
            f"{join_names(both)} is a role of {card.slug} and a target: as a name it says which column of the rows it "
            f"is, so set it in the intervention, such as 'do({both[0]}=...)'"
        )
    return system.counterfactual(rows, base | targets, draws=draws, seed=seed, **roles)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise OptionError(f"{name} is a whole number, got {value!r}")
    return value
