"""Options of GCRL."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["UPDATES", "GCRLConfig", "Update"]

Update = Literal["style", "style without flow", "all"]
UPDATES: tuple[Update, ...] = ("style", "style without flow", "all")


@dataclass(frozen=True)
class GCRLConfig:
    """Options of `GCRL`.

    Args:
        form: `pair` or `group`; see `aitia.systems.gcrl`.
        latents: `causal` is (1) there; `plain` gives both latents one standard normal law (a plain VAE); `none` has no
            s and no chance (empirical risk minimisation). Both know no environment, and see the same scenes in the same
            order as `causal`.
        style: Whether s is read from the `past` or from whole reference scenes.
        objective: `joint`, `decoupled` or `weighted`; see `aitia.systems.gcrl`.
        components: Of the mixture that is the law of s.
        labels: Whether the law of s in training is that of a scene's own environment, p(s | e), with weights of the
            components that are learned for each; otherwise p(s), as published.
        learned: Whether means and variances of the components are learned.
        coupling: Whether there are coupling flows between the latents and their laws.
        observed: Frames of the past.
        future: Frames that are forecast.
        width: Of the perceptrons, or of the LSTMs.
        z_size: Numbers of z an agent.
        s_size: Numbers of s a scene.
        best_of: K of the decoupled objective.
        latent_draws: N of (2) there; 10 in the source, where `weighted` needs them.
        variance: Of a coordinate given the latents, in square metres.
        prediction_weight: Of the mean squared distance of the best draw, in the decoupled objective; None makes it
            the log-density of the future at `variance`.
        raw: Whether the pair form takes positions as they are, as published; see `aitia.systems.gcrl`.
        steps: Updates.
        learning_rate: Of Adam, falling to zero.
        batch: Scenes of each environment a step.
        adapt_update: What `adapt` updates: `style` the encoder and the law of s and both decoders, leaving z as it is;
            `style without flow` leaves the flow of s as well; `all` everything.
        adapt_steps: Its updates; None goes through the scenes 100 times.
        adapt_learning_rate: Of Adam in it, falling to zero.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    form: Literal["pair", "group"] = "pair"
    latents: Literal["causal", "plain", "none"] = "causal"
    style: Literal["past", "references"] = "past"
    objective: Literal["joint", "decoupled", "weighted"] = "joint"
    components: int = 5
    labels: bool = True
    learned: bool = True
    coupling: bool = True
    observed: int = 8
    future: int = 12
    width: int = 64
    z_size: int = 2
    s_size: int = 2
    best_of: int = 20
    latent_draws: int = 2
    variance: float = 1e-3
    prediction_weight: float | None = None
    raw: bool = False
    steps: int = 2000
    learning_rate: float = 2e-3
    batch: int = 64
    adapt_update: Update = "style"
    adapt_steps: int | None = None
    adapt_learning_rate: float = 1e-3
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(
            self,
            form=("pair", "group"),
            latents=("causal", "plain", "none"),
            style=("past", "references"),
            objective=("joint", "decoupled", "weighted"),
        )
        need_at_least(self, observed=2, future=1, z_size=1, s_size=1, components=1, latent_draws=1, batch=1)
        if self.adapt_update not in UPDATES:
            raise OptionError(f"update is {', '.join(map(repr, UPDATES))}, got {self.adapt_update!r}")
        if self.width < 8 or self.width % 8:
            raise OptionError(f"width is a multiple of 8, got {self.width}")
        if self.objective == "decoupled" and self.best_of < 2:
            raise OptionError(f"the decoupled objective takes the best of 2 draws or more, got best_of={self.best_of}")
        if not self.variance > 0 or (self.prediction_weight is not None and not self.prediction_weight > 0):
            raise OptionError(
                f"variance and prediction_weight are positive, got {self.variance} and {self.prediction_weight}"
            )
        if self.latents == "causal" and self.coupling:
            for name in ("z_size", "s_size"):
                if getattr(self, name) % 2:
                    raise OptionError(
                        f"coupling needs an even size, got {name}={getattr(self, name)}: take another or coupling=False"
                    )
        if self.raw and self.form == "group":
            raise OptionError("raw positions are for the pair form")
