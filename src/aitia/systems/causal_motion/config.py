"""Options of causal motion."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["CausalMotionConfig", "Update"]

Update = Literal["modulation", "modulation and style", "all"]


@dataclass(frozen=True)
class CausalMotionConfig:
    """Options of `CausalMotion`.

    Args:
        form: `pair`, perceptrons for two agents; or `group`, recurrent networks and attention for any number.
        style: `modular` takes it from reference scenes, `none` has none (with invariance `none` this is empirical risk
            minimisation), `given` takes a known number for each scene (an oracle).
        frame: Of the pair form: `scene` sees each scene from a frame of its own and adds to constant velocity, `plane`
            takes coordinates as they are.
        observed: Frames of the past.
        future: Frames that are forecast.
        width: Of the layers.
        style_size: Numbers of a style.
        invariance: Penalty on the difference between environments.
        invariance_weight: lambda of (2) in `aitia.systems.causal_motion`; on after a tenth of the training.
        contrastive_weight: mu of (2) there; None takes 0.01 jointly and 1 in phases.
        temperature: Of the contrast.
        schedule: `joint` at a rate that falls to zero; or `phases` at constant rates: psi and g without style but with
            the penalty; phi by contrast; the modulation; phi and g (100 : 50 : 20 : 300 updates). Without references
            there is one phase.
        channel: Whether the group form reads a further number at each past frame, such as a tracker's confidence.
        steps: Updates, all phases together.
        learning_rate: Of Adam; in phases phi has half of it, its head and the modulation ten times.
        batch: Scenes of each environment a step; as many others are the references.
        adapt_update: What `adapt` updates: the blocks that read the style, phi as well, or everything.
        adapt_steps: Its updates.
        adapt_learning_rate: Of Adam in it, falling to zero.
        adapt_contrastive_weight: Of the contrast in it against scenes of the old environments.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    form: Literal["pair", "group"] = "pair"
    style: Literal["modular", "none", "given"] = "modular"
    frame: Literal["scene", "plane"] = "scene"
    observed: int = 8
    future: int = 12
    width: int = 128
    style_size: int = 8
    invariance: Literal["none", "irm", "v-rex"] = "none"
    invariance_weight: float = 1.0
    contrastive_weight: float | None = None
    temperature: float = 0.07
    schedule: Literal["joint", "phases"] = "joint"
    channel: bool = False
    steps: int = 4000
    learning_rate: float = 1e-3
    batch: int = 64
    adapt_update: Update = "modulation"
    adapt_steps: int = 300
    adapt_learning_rate: float = 1e-3
    adapt_contrastive_weight: float = 0.05
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(
            self,
            form=("pair", "group"),
            style=("modular", "none", "given"),
            frame=("scene", "plane"),
            invariance=("none", "irm", "v-rex"),
            schedule=("joint", "phases"),
        )
        if self.adapt_update not in get_args(Update):
            raise OptionError(f"update is 'modulation', 'modulation and style' or 'all', got {self.adapt_update!r}")
        for name in ("invariance_weight", "contrastive_weight", "adapt_contrastive_weight"):
            if (getattr(self, name) or 0.0) < 0:
                raise OptionError(f"{name} is zero or more, got {getattr(self, name)}")
        steps = 4 if self.schedule == "phases" else 1
        need_at_least(self, observed=2, future=1, width=8, style_size=1, batch=2, steps=steps)
        for name in ("temperature", "learning_rate", "adapt_learning_rate"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is positive, got {getattr(self, name)}")
        if self.form == "pair" and self.channel:
            raise OptionError("a further channel is read by the group form")
        if self.form == "group" and self.frame == "plane":
            raise OptionError("frame 'plane' is for the pair form; the group form sees each agent from its own frame")
