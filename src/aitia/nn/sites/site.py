"""Where in a network: one grammar of places, as text and as a value.

    transformer.h.3.mlp                                    what the module gives
    transformer.h.3.mlp[in]                                what it is given
    transformer.h.*.mlp[unit=17]                           one unit, in every layer
    transformer.h.3.attn[head=0+5, position=-1]            two heads at the last token of the prompt
    model.layers.2[position=2:5]                           tokens 2, 3 and 4; token 0 is the first that is no padding
    model.layers.*[position=*]                             every layer and every position, each a site of its own
    encoder.layer.0[part=1]                                the second of several things that a module gives
    up_blocks.1.resnets.0[channel=5, mask=4x4.00f0]        cells of a map
    mid_block[step=3]                                      the fourth time that the module runs, as in denoising
    h.8[sae=gpt2-sae, feature=123]                         a feature of a sparse autoencoder of what is there
    fc2[source=5, to=0+3]                                  not an activation: the weights from unit 5 to units 0 and 3

A `Site` is its own text, so an `Intervention` carries, prints, hashes and saves it like the name of any variable.
"""

import re
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from aitia.errors import InterventionError

__all__ = ["Index", "Site"]

Index = int | tuple[int, ...] | slice | str | None
"""Places on one axis: a number, several, a slice, `"*"` for each as a site of its own, None for all together."""

_TEXT = re.compile(r"(?P<module>[^\s\[\],;=:(){}\"']+)(?:\[(?P<inside>[^\[\]]*)\])?")
_AXES = ("head", "unit", "channel", "position", "token", "step", "feature", "source", "to")
_NUMBER = re.compile(r"-?\d+")
_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d*))?")
_MASK = re.compile(r"(\d+)x(\d+)\.([0-9a-f]+)")


class Site(str):
    """A place in a network.

    Args:
        module: Dotted name of the module, `*` for any one part of it, `.` for the whole model; or the text of a site.
        at: `"out"` for what the module gives, `"in"` for what it is given.
        part: Which of several inputs or outputs, by number or name; None takes the first tensor.
        head: Attention heads; of an attention module, its heads before the output projection mixes them.
        unit: Places on the last axis of (rows, units) and (rows, positions, units), on axis 1 of maps (rows, channels,
            height, width). Beside `head`, units inside the head.
        channel: Places on axis 1, as in convolutions.
        position: Tokens. They count from the first that is no padding; negative ones from the end of the prompt, which
            during generation stays where it was.
        token: Every position that holds one of these token ids.
        mask: Cells of a map, a boolean array (height, width).
        step: Which run of the module counts, the first being 0; None means every run.
        sae: A folder in the layout of SAELens: the site is then among the features that its autoencoder finds there.
        feature: Which of them; None means all.
        source: Makes this a place among the weights: from these inputs of the module ...
        to: ... to these outputs.

    Raises:
        InterventionError: If the parts contradict, or the text is not of the grammar.

    Example:
        >>> site = Site("transformer.h.3.attn", head=(0, 5), position=-1)
        >>> print(site)
        transformer.h.3.attn[head=0+5, position=-1]
        >>> Site("transformer.h.3.attn[head=0+5,position=-1]") == site, site.head
        (True, (0, 5))
        >>> from aitia.do import Intervention
        >>> print(Intervention({Site("layers.3.mlp", unit=17): 0.0}))
        do(layers.3.mlp[unit=17]=0)
    """

    __slots__ = ("_fields",)
    _fields: dict[str, Any]

    def __new__(  # noqa: D102  # documented by the class
        cls,
        module: str,
        *,
        at: str = "out",
        part: int | str | None = None,
        head: Index = None,
        unit: Index = None,
        channel: Index = None,
        position: Index = None,
        token: Index = None,
        mask: Any = None,
        step: Index = None,
        sae: str | None = None,
        feature: Index = None,
        source: Index = None,
        to: Index = None,
    ) -> Self:
        given = {"head": head, "unit": unit, "channel": channel, "position": position, "token": token}
        given |= {"step": step, "feature": feature, "source": source, "to": to}
        fields = _read(str(module))
        fields |= {name: _index(name, value, str(module)) for name, value in given.items() if value is not None}
        fields |= {} if part is None else {"part": part}
        fields |= {} if sae is None else {"sae": str(sae)}
        fields |= {} if at == "out" else {"at": at}
        fields |= {} if mask is None else {"mask": _mask_text(mask)}
        _check(fields)
        made = super().__new__(cls, _write(fields))
        made._fields = fields
        return made

    def __getattr__(self, name: str) -> Any:
        if name in (*_AXES, "part", "mask", "sae"):
            return self._fields.get(name)
        raise AttributeError(f"a Site has no {name!r}")

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return str(self._fields["module"])

    @property
    def at(self) -> str:
        """`in` or `out`."""
        return str(self._fields.get("at", "out"))

    @property
    def whole(self) -> "Site":
        """The site without any choice on an axis: all that is there."""
        return Site(self.module, at=self.at, part=self.part)

    @property
    def cells(self) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
        """The mask as a boolean array (height, width)."""
        if self.mask is None:
            return None
        height, width, digits = _MASK.fullmatch(self.mask).groups()  # type: ignore[union-attr]  # checked when built
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(digits), dtype=np.uint8))
        return bits[: int(height) * int(width)].reshape(int(height), int(width)).astype(bool)

    def with_(self, **changed: Any) -> "Site":
        """The site with these parts in place of its own; None takes a part away."""
        fields = {**self._fields, **changed}
        return Site(**{name: value for name, value in fields.items() if value is not None})

    def __repr__(self) -> str:
        return f"Site({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Site, (str(self),)


def _read(text: str) -> dict[str, Any]:
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise InterventionError(
            f"cannot read the site {text!r}. Write it as 'transformer.h.3.mlp[unit=17, position=-1]'"
        )
    fields: dict[str, Any] = {"module": match["module"]}
    for item in filter(None, (part.strip() for part in (match["inside"] or "").split(","))):
        name, equals, value = (piece.strip() for piece in item.partition("="))
        if name in ("in", "out") and not equals:
            if name == "in":
                fields["at"] = "in"
        elif name == "part" and value:
            fields["part"] = int(value) if _NUMBER.fullmatch(value) else value
        elif name == "sae" and value:
            fields["sae"] = value
        elif name == "mask" and value:
            fields["mask"] = _mask_text(value)
        elif name in _AXES and value:
            fields[name] = _index(name, value, text)
        else:
            raise InterventionError(
                f"cannot read {item!r} in the site {text!r}. It can say in, part, mask, sae, {', '.join(_AXES)}, "
                "such as [unit=17, position=-1]"
            )
    return fields


def _index(name: str, value: Any, text: str) -> Index:
    """The one form of an index: numbers are sorted out of text, arrays and ranges."""
    if isinstance(value, str):
        if value == "*":
            return value
        if cut := _SLICE.fullmatch(value):
            return _slice(slice(*(int(number) if number else None for number in cut.groups())))
        if all(_NUMBER.fullmatch(number) for number in value.split("+")):
            return _index(name, [int(number) for number in value.split("+")], text)
    elif isinstance(value, slice):
        return _slice(value)
    elif isinstance(value, Iterable):
        several = tuple(int(number) for number in value)
        if several and len(set(several)) == len(several):
            return several if len(several) > 1 else several[0]
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    raise InterventionError(
        f"{name} of the site {text!r} is a number, several different ones (3+5), a slice (2:5) or *, got {value!r}"
    )


def _slice(value: slice) -> slice:
    return slice(value.start, value.stop, None if value.step == 1 else value.step)


def _mask_text(mask: Any) -> str:
    if isinstance(mask, str):
        match = _MASK.fullmatch(mask)
        if match is None or len(match[3]) != 2 * -(-int(match[1]) * int(match[2]) // 8):
            raise InterventionError(f"cannot read the mask {mask!r}: give a boolean array (height, width)")
        return mask
    cells = np.asarray(mask)
    if cells.ndim != 2 or cells.dtype != bool or not cells.any():
        raise InterventionError("a mask is a boolean array (height, width) with at least one cell that is True")
    return f"{cells.shape[0]}x{cells.shape[1]}.{np.packbits(cells).tobytes().hex()}"


def _check(fields: dict[str, Any]) -> None:
    if fields.get("at", "in") != "in":
        raise InterventionError(f"a site is at 'in' or 'out' of its module, got {fields['at']!r}")
    for one, other in (("unit", "channel"), ("position", "token"), ("head", "channel")):
        if one in fields and other in fields:
            raise InterventionError(f"the site {_write(fields)} has both {one} and {other}: give one of them")
    if "feature" in fields and "sae" not in fields:
        raise InterventionError(
            f"the site {_write(fields)} names a feature of no autoencoder: say of which (sae=FOLDER, feature=123)"
        )
    if "sae" in fields and (odd := {"unit", "channel", "head", "mask", "source", "to"} & fields.keys()):
        raise InterventionError(f"the site {_write(fields)} is among features and takes no {sorted(odd)[0]}")
    if set(str(fields.get("sae", ""))) & set(",[]="):
        raise InterventionError(
            f"the folder {fields['sae']!r} has a comma, = or bracket, which a site cannot hold: rename it"
        )
    weights = {"source", "to"} & fields.keys()
    if weights and (odd := fields.keys() - {"module", "source", "to"}):
        raise InterventionError(f"the site {_write(fields)} is among the weights and takes no {sorted(odd)[0]}")
    if isinstance(fields.get("step"), str):
        raise InterventionError(f"the site {_write(fields)} has every step without saying so: leave step out")


def _write(fields: dict[str, Any]) -> str:
    inside = ["in"] if fields.get("at") == "in" else []
    inside += [
        f"{name}={_index_text(fields[name])}"
        for name in ("part", "sae", *_AXES, "mask")
        if fields.get(name) is not None
    ]
    return str(fields["module"]) + (f"[{', '.join(inside)}]" if inside else "")


def _index_text(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    if isinstance(value, slice):
        ends = f"{'' if value.start is None else value.start}:{'' if value.stop is None else value.stop}"
        return ends if value.step is None else f"{ends}:{value.step}"
    return str(value)
