"""What a diagram says of its variables beside the arrows: what is asked about, and what is not observed."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

__all__ = ["Roles"]


@dataclass(frozen=True)
class Roles:
    """The variables of a graph by the part that they play, as DAGitty marks them.

    Args:
        exposure: What would be set: the treatments.
        outcome: What would be watched.
        latent: Not observed, and so never adjusted for.
        adjusted: What its author adjusts for.
        selected: What the rows were selected by.

    Example:
        >>> print(Roles(exposure=("dose",), latent=("frailty",)))
        exposure dose; latent frailty
    """

    exposure: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    latent: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Roles":
        """From pairs of a role and a variable, in their order; a pair that comes again counts once."""
        told = dict.fromkeys(pairs)
        return cls(**{part.name: tuple(name for role, name in told if role == part.name) for part in fields(cls)})

    def __str__(self) -> str:
        held = ((part.name, getattr(self, part.name)) for part in fields(self))
        return "; ".join(f"{role} {', '.join(names)}" for role, names in held if names)
