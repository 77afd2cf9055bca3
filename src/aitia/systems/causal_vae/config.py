"""Options of causal-vae."""

from dataclasses import dataclass

from aitia.errors import OptionError

__all__ = ["LEARN", "CausalVaeConfig"]

LEARN = "learn"


@dataclass(frozen=True)
class CausalVaeConfig:
    """Options of `CausalVae`.

    Args:
        graph: The DAG over the causes as text, such as `"light -> shadow"`; empty has no edges: the causes are taken
            as independent. `learn` searches the labels for one, by tests of independence.
        alpha: Level of the tests of `graph="learn"`.
        residual: Numbers of w, for what the labels do not tell; 0 has none.
        width: Channels of the first convolution.
        hidden: Hidden units of each mechanism.
        kl_weight: beta of (3), in nats beside the squared error, which is summed over pixels.
        label_weight: alpha of (3).
        steps: Updates.
        learning_rate: Of Adam, falling to zero.
        batch: Images a step.
        held_out: Share of images for validation, whose best state is kept.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    graph: str = ""
    alpha: float = 0.05
    residual: int = 4
    width: int = 32
    hidden: int = 32
    kl_weight: float = 1.0
    label_weight: float = 10.0
    steps: int = 3000
    learning_rate: float = 2e-3
    batch: int = 64
    held_out: float = 0.1
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.residual < 0 or self.width < 1 or self.hidden < 1 or self.batch < 1:
            raise OptionError(
                "residual is zero or more, width, hidden and batch at least 1, got "
                f"{self.residual}, {self.width}, {self.hidden} and {self.batch}"
            )
        if self.kl_weight < 0 or self.label_weight <= 0 or not 0 < self.held_out < 1:
            raise OptionError(
                "kl_weight is not negative, label_weight positive and held_out between 0 and 1, got "
                f"{self.kl_weight}, {self.label_weight} and {self.held_out}"
            )
        if not 0 < self.alpha < 1:
            raise OptionError(f"alpha lies between 0 and 1, got {self.alpha}")
