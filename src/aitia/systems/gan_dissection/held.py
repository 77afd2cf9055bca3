"""What `do` means in a dissected generator: objects by their sets of units, and any units by their place."""

from difflib import get_close_matches
from typing import Any

from aitia.do import Intervention, Value
from aitia.errors import InterventionError, UnknownVariableError, join_names
from aitia.nn.sites import Site
from aitia.system import Target, Targets
from aitia.systems.gan_dissection.found import Found

__all__ = ["check_values", "listed", "sites_of"]

WAYS = ("absent", "present")


def listed(found: Found | None) -> Targets:
    """The objects; units of any layer by their text."""
    if found is None:
        return Targets()

    def find(text: str) -> Target | None:
        try:
            site = Site(text)
        except InterventionError:
            return None
        shape = found.layers.get(site.module)
        if text == site.module:
            return None
        if shape is None:
            close = get_close_matches(site.module, found.layers, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise UnknownVariableError(
                f"the generator has no layer {site.module!r} whose output is a map.{hint} It has: "
                f"{join_names(found.layers, 20)}"
            )
        if odd := [name for name in ("head", "position", "token", "source", "to", "feature") if getattr(site, name)]:
            raise UnknownVariableError(f"{text} names a {odd[0]}, and {site.module} is a map: say unit and mask")
        index = site.unit if site.unit is not None else site.channel
        if beyond := [unit for unit in _numbers(index, shape[0]) if not -shape[0] <= unit < shape[0]]:
            raise UnknownVariableError(f"there is no unit {beyond[0]}: {site.module} has units 0 to {shape[0] - 1}")
        if site.cells is not None and site.cells.shape != shape[1:]:
            raise UnknownVariableError(
                f"the mask of {text} has {site.cells.shape[0]}x{site.cells.shape[1]} cells, and {site.module} "
                f"{shape[1]}x{shape[2]}"
            )
        return Target(text, about="units of a layer, at one number or one a unit")

    about = f"{len(next(iter(found.sets.values())))} units of {found.layer}"
    return Targets(
        [Target(name, WAYS, about=f"{about}: at 0 everywhere, or at their usual level at one place")
         for name in found.concepts],
        find, "LAYER[unit=N]",
    )  # fmt: skip


def check_values(found: Found, held: Intervention) -> None:
    """Refuses what no unit can be held at.

    Raises:
        InterventionError: Naming the target.
    """
    for target, action in held.items():
        if str(target) in found.concepts:
            continue
        value = action.value if isinstance(action, Value) else None
        if not isinstance(value, (int, float, tuple)):
            raise InterventionError(f"{target} is held at one number, or one a unit, got {action}")
        if isinstance(value, tuple):
            site = Site(str(target))
            count = len(units_of(site, found.layers[site.module][0]))
            if len(value) not in (1, count):
                raise InterventionError(f"{target} has {count} units, and {len(value)} numbers are given")


def sites_of(found: Found, held: Intervention, ablation: str) -> dict[Site, Any]:
    """The same on sites of the generator: what its modules are held at."""
    made: dict[Site, Any] = {}
    for target, action in held.items():
        if str(target) in found.concepts and isinstance(action, Value):
            change = found.change(str(target), str(action.value), ablation)
            made |= {Site(str(site)): value for site, value in found.written(change).items()}
        else:
            made[Site(str(target))] = action
    return made


def units_of(site: Site, count: int) -> tuple[int, ...]:
    """The units that a site names; all where it names none."""
    index = site.unit if site.unit is not None else site.channel
    return tuple(unit % count for unit in _numbers(index, count))


def _numbers(index: Any, count: int) -> tuple[int, ...]:
    if isinstance(index, slice):
        return tuple(range(*index.indices(count)))
    if isinstance(index, int):
        return (index,)
    return tuple(range(count)) if index is None or isinstance(index, str) else tuple(index)
