"""From the name of a site to tensors: modules by name, heads by layout, places on each axis."""

import copy
import dataclasses
import difflib
import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from aitia.errors import InterventionError, UnknownVariableError, join_names
from aitia.nn.sites.features import FeatureChoice, autoencoder_of, check_features
from aitia.nn.sites.site import Index, Site
from aitia.nn.sites.windows import Window, plain_window

__all__ = ["Choice", "Place", "argument_names", "find_places", "get_part", "set_part"]

_PROJECTIONS = ("c_proj", "o_proj", "out_proj", "to_out.0", "output.dense", "o", "out_lin", "wo", "dense", "proj")
"""What the output projection of an attention module is called."""

_COUNTS = ("num_attention_heads", "num_heads", "n_heads", "n_head", "heads")
_WIDTHS = ("head_dim", "attention_head_size", "key_value_proj_dim", "d_kv")


@dataclass(frozen=True)
class Heads:
    """How an attention lays out its heads: how many of queries, of keys and values, and the width of one if known."""

    count: int
    shared: int
    width: int | None


class Choice(NamedTuple):
    """Places in one tensor.

    Args:
        where: What to put between the brackets of the tensor; None takes all of it.
        here: (rows, positions) which of the chosen positions are in this run; None means all.
    """

    where: tuple[Any, ...] | None
    here: Tensor | None

    def read(self, x: Tensor) -> Tensor:
        """The chosen places; an axis of a single place stays an axis."""
        return x if self.where is None else x[self.where]

    def write_(self, x: Tensor, new: Tensor) -> None:
        """Puts values into the tensor where they are in this run."""
        if self.here is not None:
            new = torch.where(self.here[:, :, None], new, self.read(x))
        if self.where is None:
            x.copy_(new)
        else:
            x[self.where] = new


@dataclass(frozen=True, eq=False)
class Place:
    """A site in one model, without wildcards in its name.

    Args:
        site: The place as it was asked for.
        name: The module where it is found: for heads of an attention, its output projection.
        at: `in` or `out` of that module.
        module: That module.
        around: The modules around it and itself, the nearest first.
        heads: The layout of the heads around it, None where the site names no head.
    """

    site: Site
    name: str
    at: str
    module: nn.Module
    around: tuple[nn.Module, ...]
    heads: Heads | None

    def choose(self, x: Tensor, window: Window | None) -> "Choice | FeatureChoice":
        """Where the site is in what its module gives or takes.

        Raises:
            InterventionError: If the tensor has no such axis or place.
        """
        found = self._chosen(x, window)
        return found if self.site.sae is None else FeatureChoice(found, self.site, autoencoder_of(self.site))

    def _chosen(self, x: Tensor, window: Window | None) -> Choice:
        site = self.site
        channel = site.channel if site.channel is not None else site.unit if x.ndim != 3 else None
        if site.channel is not None or (channel is not None and x.ndim > 3) or site.mask is not None:
            return Choice(self._map_index(x, channel), None)
        units = self._units(x) if site.unit is not None or site.head is not None else None
        if site.position is None and site.token is None:
            return Choice(None if units is None else (..., units), None)
        if x.ndim != 3:
            raise InterventionError(f"{site} names positions, but there is a tensor {tuple(x.shape)} without them")
        column, here = self._columns(x, window)
        row = torch.arange(len(x), device=x.device)[:, None]
        where = (row, column) if units is None else (row[:, :, None], column[:, :, None], units)
        return Choice(where, None if bool(here.all()) else here)

    def unit_axis(self, x: Tensor) -> int:
        """The axis of the units, in the tensor and in what is chosen of it."""
        return 1 if x.ndim > 3 or self.site.channel is not None or self.site.mask is not None else -1

    def _map_index(self, x: Tensor, channel: Index) -> tuple[Any, ...]:
        site = self.site
        if x.ndim < 2:
            raise InterventionError(f"{site} names channels, but there is a tensor {tuple(x.shape)} without them")
        what = "channel" if site.channel is not None else "unit"
        places = torch.tensor(indices(slice(None) if channel is None else channel, x.shape[1], what, site, x.shape))
        if site.cells is None:
            return (slice(None), places.to(x.device))
        if x.ndim != 4 or x.shape[2:] != site.cells.shape:
            raise InterventionError(f"{site} has a mask for maps {site.cells.shape}, but there is {tuple(x.shape)}")
        down, across = torch.from_numpy(site.cells).to(x.device).nonzero(as_tuple=True)
        return (slice(None), places.to(x.device)[:, None], down[None], across[None])

    def _units(self, x: Tensor) -> Tensor:
        site, width = self.site, x.shape[-1]
        if x.ndim < 2:
            raise InterventionError(f"{site} names units, but there is a tensor {tuple(x.shape)} without them")
        if site.head is None:
            return torch.tensor(indices(site.unit, width, "unit", site, x.shape), device=x.device)
        assert self.heads is not None  # a place with a head was given the layout
        size = self.heads.width or width // self.heads.count
        count = width // size
        if width % size or count not in (self.heads.count, self.heads.shared):
            raise InterventionError(
                f"{site}: {width} units are not {self.heads.count} heads of {size}; the heads stand side by side "
                "at the input of the output projection, such as attn.c_proj[in, head=3]"
            )
        inside = indices(slice(None) if site.unit is None else site.unit, size, "unit of a head", site, x.shape)
        heads = indices(site.head, count, "head", site, x.shape)
        return torch.tensor([head * size + unit for head in heads for unit in inside], device=x.device)

    def _columns(self, x: Tensor, window: Window | None) -> tuple[Tensor, Tensor]:
        if window is None or window.length != x.shape[1] or len(window.prompt) != len(x):
            padded = window is not None and int(window.prompt.min()) < window.real.shape[1]
            if window is not None and window.length == x.shape[1] and padded:
                raise InterventionError(
                    f"{self.site}: the module sees {len(x)} rows and the model {len(window.prompt)}, so padding cannot "
                    "be told: run prompts of one length"
                )
            window = plain_window(len(x), x.shape[1], x.device)
        if self.site.position is not None:
            return window.at(self.site.position, self.site)
        token = self.site.token
        return window.holding(token if isinstance(token, tuple) else (token,), self.site)

    def axes(self, x: Tensor, window: Window | None) -> dict[str, int]:
        """How many places each `*` of the site stands for, in this tensor."""
        site, found = self.site, {}
        if site.head == "*":
            assert self.heads is not None
            found["head"] = x.shape[-1] // (self.heads.width or x.shape[-1] // self.heads.count)
        if site.unit == "*":
            size = x.shape[1] if x.ndim > 3 else x.shape[-1]
            if self.heads is not None:
                size = self.heads.width or size // self.heads.count
            found["unit"] = size
        if site.feature == "*":
            found["feature"] = autoencoder_of(site).features
        if site.channel == "*":
            found["channel"] = x.shape[1]
        if site.position == "*":
            known = window is not None and window.length == x.shape[1]
            found["position"] = int(window.prompt.min()) if known and window is not None else x.shape[1]
        return found


def indices(index: Index, size: int, what: str, site: Site, shape: Sequence[int]) -> list[int]:
    """The places that an index means on an axis.

    Raises:
        InterventionError: If the axis has no such place.
    """
    if isinstance(index, str):
        raise InterventionError(f"{site} stands for many sites: `trace` takes each of them in turn")
    if isinstance(index, slice):
        chosen = list(range(*index.indices(size)))
    else:
        chosen = list(index) if isinstance(index, tuple) else [index]  # type: ignore[list-item]  # never None here
    wrong = [place for place in chosen if not -size <= place < size]
    if wrong or not chosen:
        named = f"{what} {wrong[0]}" if wrong else f"a {what}"
        raise InterventionError(f"{site}: there is no {named}, only {size} of them in a tensor {tuple(shape)}")
    return [place % size for place in chosen]


# -- modules by name ---------------------------------------------------------------------------------------------------


def find_places(model: nn.Module, sites: Iterable[str]) -> list[Place]:
    """The places that sites name in a model, wildcards in names spread out in the order of the model.

    Raises:
        UnknownVariableError: If the model has no such module; says the nearest name.
        InterventionError: If the text of a site cannot be read, heads are named outside of an attention, or an
            autoencoder has no such feature.
        FormatError: If the folder of an autoencoder is missing or damaged.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    return [
        _place(model, modules, site, name)
        for site in (given if isinstance(given, Site) else Site(given) for given in sites)
        for name in _names(model, modules, site.module)
    ]


def _names(model: nn.Module, modules: dict[str, nn.Module], name: str) -> list[str]:
    if name == ".":
        return [""]
    if name in modules:
        return [name]
    if "*" in name:
        pattern = re.compile(re.escape(name).replace(r"\*", r"[^.]+"))
        if found := [known for known in modules if pattern.fullmatch(known)]:
            return found
    close = difflib.get_close_matches(name, modules, n=1, cutoff=0.3)
    if not close and (ends := [known for known in modules if known.endswith("." + name)]):
        close = ends[:1]
    known = close[0] if close else ""
    inside = [child for child, _ in modules[known].named_children()]
    hint = f" Did you mean {known!r}?" if known else ""
    raise UnknownVariableError(
        f"{name!r} is no module of this {type(model).__name__}.{hint} "
        f"{known or 'The model'} has the parts: {join_names(inside) or 'none'}"
    )


def _place(model: nn.Module, modules: dict[str, nn.Module], given: Site, name: str) -> Place:
    site, at, heads = given.with_(module=name or "."), given.at, None
    if site.sae is not None:
        check_features(site)
    if site.head is not None:
        name, at = _where_heads_stand(modules, site, name)
        heads = _heads(_around(modules, name))
        if heads is None:
            raise InterventionError(f"{site} names a head, but nothing around it says how many there are: name units")
    return Place(site, name or ".", at, modules[name], tuple(_around(modules, name)), heads)


def _where_heads_stand(modules: dict[str, nn.Module], site: Site, name: str) -> tuple[str, str]:
    """The module and side where heads stand side by side: of an attention, the input of its output projection.

    Elsewhere, the outputs of the projections to queries, keys and values have them, and an attention that leaves the
    output projection to a module beside it.
    """
    module = modules[name]
    projection = any(name == last or name.endswith("." + last) for last in _PROJECTIONS)
    if site.at == "out" and _counts_heads(module):
        inside = [child for child, _ in module.named_modules() if child]
        for last in _PROJECTIONS:
            found = [child for child in inside if child == last or child.endswith("." + last)]
            if len(found) > 1:
                raise InterventionError(f"{site} holds several attentions, {join_names(found)}: name one of them")
            if found:
                return f"{name}.{found[0]}", "in"
        return name, "out"
    weight = module._parameters.get("weight")
    if not any(map(_counts_heads, _around(modules, name))):
        raise InterventionError(f"{site} names a head, but no attention is around it: name the units (unit=32:48)")
    if projection == (site.at == "in") and weight is not None and weight.ndim == 2:
        return name, site.at
    raise InterventionError(
        f"{site}: heads are mixed there; they stand side by side at the input of the output projection: name the "
        "attention module, or that projection with [in]"
    )


def _around(modules: dict[str, nn.Module], name: str) -> list[nn.Module]:
    """The module of this name and those around it, the nearest first, the model last."""
    parts = name.split(".") if name else []
    return [modules[".".join(parts[:k])] for k in range(len(parts), -1, -1)]


def _counts_heads(module: nn.Module) -> bool:
    counted = any(isinstance(getattr(module, name, None), int) for name in _COUNTS)
    return counted or "attention" in type(module).__name__.lower()


def _heads(around: list[nn.Module]) -> Heads | None:
    inside = next((k for k, module in enumerate(around[:-1] or around) if _counts_heads(module)), None)
    if inside is None:
        return None
    for module in around[inside:]:
        for owner in (module, getattr(module, "config", None)):
            count = _first(owner, _COUNTS)
            if count is not None:
                return Heads(count, _first(owner, ("num_key_value_heads",)) or count, _first(owner, _WIDTHS))
    return None


def _first(owner: object, names: Sequence[str]) -> int | None:
    values = (getattr(owner, name, None) for name in names)
    return next((value for value in values if isinstance(value, int) and not isinstance(value, bool)), None)


# -- tensors inside of what modules take and give ----------------------------------------------------------------------


def get_part(value: Any, part: int | str | None, site: object) -> Tensor:
    """The tensor inside a tensor, tuple, mapping or dataclass; the first one of real numbers if `part` is None.

    Raises:
        InterventionError: If there is none.
    """
    return _items(value)[_key(value, part, site)]  # type: ignore[no-any-return]  # `_key` finds tensors only


def set_part(value: Any, part: int | str | None, new: Tensor, site: object) -> Any:
    """What `get_part` looked into, with the tensor replaced; the value given is left as it was."""
    key = _key(value, part, site)
    if isinstance(value, Tensor):
        return new
    if isinstance(value, (tuple, list)):
        changed = [new if k == key else v for k, v in enumerate(value)]
        return type(value)(*changed) if hasattr(value, "_fields") else type(value)(changed)
    made = copy.copy(value)
    if isinstance(value, dict):
        made[key] = new
    else:
        setattr(made, key, new)
    return made


def _items(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, (tuple, list)):
        return dict(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {0: value}


def _key(value: Any, part: int | str | None, site: object) -> Any:
    items = _items(value)
    fitting = [k for k, v in items.items() if isinstance(v, Tensor) and v.is_floating_point()]
    named = list(items)[part] if isinstance(part, int) and 0 <= part < len(items) else part
    if part is None and fitting:
        return fitting[0]
    if part is not None and named in fitting:
        return named
    which = "tensor of real numbers" if part is None else f"tensor of real numbers as part {part}"
    there = join_names(f"{k} ({_kind(v)})" for k, v in items.items()) or "nothing"
    raise InterventionError(f"{site}: there is no {which}; there is {there}")


def _kind(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    return type(value).__name__


def argument_names(module: nn.Module) -> tuple[str, ...]:
    """Names of what a module takes, in order."""
    return tuple(inspect.signature(module.forward).parameters)
