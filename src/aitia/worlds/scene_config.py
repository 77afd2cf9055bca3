"""The configuration of a scene that stands still: edges between causes, mechanisms, environments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from aitia.errors import OptionError
from aitia.worlds.configured import WorldConfig
from aitia.worlds.mechanisms import Kind, Mechanism, Noise
from aitia.worlds.shifts import DomainShift

__all__ = ["SceneConfig"]


@dataclass(frozen=True)
class SceneConfig(WorldConfig):
    """What a user can change of a static scene.

    Args:
        add: Edges into causes, such as `size -> hue`, on top of the scene's own.
        remove: Edges of the scene between causes to leave out.
        mechanism: Kind of the mechanisms that `mechanisms` does not name.
        mechanisms: Mechanisms f of single causes; parents are in the order of `graph.parents`.
        noise: Family of ε in (1), of unit variance.
        noise_scale: s of (1).
        deviation: δ of (2), below 0.5; 0 for exact physics.
        environments: How many, called e1, e2, ...; or their names, the first one being that from which others differ.
        changing: Causes whose mean and scale are drawn anew in each environment but the first; None takes the scene's.
        shifts: The changes themselves, instead of drawn ones.
        world_seed: Of the weights and shifts that are drawn.

    Raises:
        OptionError: If an option is out of range. What depends on the scene is checked when the world is made.

    Example:
        >>> SceneConfig.from_dict({"add": ["light -> angle"], "environments": ["noon", "dusk"]}).environments
        ('noon', 'dusk')
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    mechanism: Kind = "linear"
    mechanisms: Mapping[str, Mechanism] = field(default_factory=dict)
    noise: Noise = "gaussian"
    noise_scale: float = 0.7
    deviation: float = 0.05
    environments: int | tuple[str, ...] = 6
    changing: tuple[str, ...] | None = None
    shifts: tuple[DomainShift, ...] | None = None
    world_seed: int = 0

    def __post_init__(self) -> None:
        self._check_shared(self.noise, get_args(Noise), ("add", "remove", "changing", "environments"))
        if not 0 <= self.deviation < 0.5:
            raise OptionError(f"deviation lies in [0, 0.5), got {self.deviation}")
        if isinstance(self.world_seed, bool) or not isinstance(self.world_seed, int) or self.world_seed < 0:
            raise OptionError(f"world_seed is a whole number, zero or more, got {self.world_seed!r}")
