"""What the configurations of worlds share: options that are checked, and that JSON or YAML can hold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self, get_args

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.mechanisms import Kind, Mechanism
from aitia.worlds.options import frozen, known_options, make, one_of, thawed
from aitia.worlds.shifts import DomainShift, environment_names

__all__ = ["WorldConfig", "directed_cycle"]


class WorldConfig:
    """A frozen dataclass with these options, among others, that a JSON or YAML file can hold."""

    mechanism: Kind
    mechanisms: Mapping[str, Mechanism]
    noise_scale: float
    environments: int | tuple[str, ...]

    def _check_shared(self, noise: str, noises: tuple[str, ...], lists: Sequence[str]) -> None:
        """Refuses what no world could be made from.

        Args:
            noise: The family of noise that was given.
            noises: Those that there are.
            lists: Names of the options that are lists of texts or numbers of things.

        Raises:
            OptionError: With what is wrong.
        """
        for name in lists:
            if isinstance(getattr(self, name), str):
                raise OptionError(f"{name} is a list of texts, got the one text {getattr(self, name)!r}")
        if wrong := [each for each in self.mechanisms.values() if not isinstance(each, Mechanism)]:
            raise OptionError(f"mechanisms holds a Mechanism for each latent, got {wrong[0]!r}")
        one_of("a mechanism", self.mechanism, get_args(Kind))
        one_of("noise", noise, noises)
        if not (math.isfinite(self.noise_scale) and self.noise_scale > 0):
            raise OptionError(f"noise_scale is positive, got {self.noise_scale}")
        environment_names(self.environments)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The configuration that a JSON or YAML file holds.

        A mechanism is a kind or a mapping of `Mechanism`, a shift one of `DomainShift`.

        Raises:
            OptionError: If an option is unknown.
        """
        given = known_options(cls, data)
        if "mechanisms" in given:
            if not isinstance(given["mechanisms"], Mapping):
                raise OptionError(f"mechanisms is a mapping, got {given['mechanisms']!r}")
            given["mechanisms"] = {
                str(name): make(Mechanism, {"kind": value} if isinstance(value, str) else value)
                for name, value in given["mechanisms"].items()
            }
        if given.get("shifts") is not None:
            given["shifts"] = tuple(make(DomainShift, entry) for entry in given["shifts"])
        return cls(**{name: frozen(value) for name, value in given.items()})

    def to_dict(self) -> dict[str, Any]:
        """Numbers, text, lists and mappings, from which `from_dict` makes the same configuration."""
        listed: dict[str, Any] = thawed(asdict(self))  # type: ignore[call-overload]  # subclasses are dataclasses
        return listed


def directed_cycle(names: Sequence[str], edges: set[tuple[str, str]]) -> tuple[str, ...]:
    """A directed cycle, its first node repeated; empty where there is none. A `Graph` cannot hold x -> y -> x."""
    for cause, effect in sorted(edges):
        if (effect, cause) in edges:
            return cause, effect, cause
    return Graph(sorted(edges), names).find_cycle()
