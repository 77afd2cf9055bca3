"""Options of lina."""

from dataclasses import dataclass, fields

from aitia.errors import OptionError

__all__ = ["LinaConfig"]


@dataclass(frozen=True)
class LinaConfig:
    """Which strengths are tried, and how.

    The strengths of guidance are tried first, each with the first value of the other three; these are then tried one at
    a time beside the best of them. What all prompts share is therefore tuned before anything is chosen by prompt.

    Args:
        guidance: w of (1) in `aitia.systems.lina.drawing`; 1 asks the conditional model alone.
        push: g1, by how much the embedding is pushed along the element.
        contrast: g2, how much is guided away from what is drawn `instead`; tried where rows say that.
        spacing: a of (2): above 1 more steps are spent on high noise, below 1 on low noise.
        early: Share of the steps, from the noisiest on, in which contrast acts.
        steps: Of every picture, 4 or more.
        samples: Pictures of each prompt at each setting that is tried, and of each prompt that is scored.
        budget: The most settings that may be tried; None sets no limit.
        components: Directions of the prompts' embeddings that the policy sees.
        graph: The graph of the scene over the wanted columns, such as `light -> shadow`; says how many hops each is
            away from what prompts tell.
        batch: Pictures that are drawn at once; bounds memory.
        seed: Of the noise.

    Raises:
        OptionError: If an option is out of range.
    """

    guidance: tuple[float, ...] = (1.0, 2.0, 3.0, 5.0)
    push: tuple[float, ...] = (0.0, 0.5)
    contrast: tuple[float, ...] = (0.0, 0.5)
    spacing: tuple[float, ...] = (1.0, 0.5, 2.0)
    early: float = 0.5
    steps: int = 20
    samples: int = 4
    budget: int | None = None
    components: int = 32
    graph: str | None = None
    batch: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            if isinstance(getattr(self, field.name), list):
                object.__setattr__(self, field.name, tuple(getattr(self, field.name)))
        for name in ("guidance", "push", "contrast", "spacing"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values) or not all(abs(value) < 1e3 for value in values):
                raise OptionError(f"{name} is one or more different numbers, such as {name}=1,3; got {values!r}")
        if min(self.guidance) < 0 or min(self.contrast) < 0 or min(self.spacing) <= 0:
            raise OptionError(
                f"guidance and contrast are 0 or more and spacing is above 0, got {self.guidance}, {self.contrast} and "
                f"{self.spacing}"
            )
        if self.steps < 4:
            raise OptionError(f"steps is 4 or more, for their spacing to matter; got {self.steps}")
        for name in ("samples", "components", "batch"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is 1 or more, got {getattr(self, name)}")
        if not 0 <= self.early <= 1:
            raise OptionError(f"early is a share from 0 to 1, got {self.early}")
        if self.budget is not None and self.budget < len(self.guidance):
            raise OptionError(
                f"budget={self.budget} is fewer than the {len(self.guidance)} strengths of guidance that are tried: "
                "raise it, or give fewer (guidance=1,3)"
            )
