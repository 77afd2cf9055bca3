"""Options of causal-diffae."""

from dataclasses import dataclass

from aitia.errors import OptionError

__all__ = ["LEARN", "CausalDiffaeConfig"]

LEARN = "learn"
_COUNTS = ("width", "hidden", "layers", "steps", "batch", "draw_steps", "rows_at_once")


@dataclass(frozen=True)
class CausalDiffaeConfig:
    """Options of `CausalDiffae`.

    Args:
        graph: The DAG over the causes as text, such as `"light -> shadow"`; empty has no edges: the causes are taken
            as independent. `learn` searches the labels for one, by tests of independence.
        alpha: Level of the tests of `graph="learn"`.
        channels: Of each level of the UNet, multiples of 8, the last 16 or more; each level after the first halves the
            picture. A UNet that is given has its own.
        layers: Residual blocks a level.
        width: Channels of the first convolution of the encoder.
        hidden: Hidden units of each mechanism, and of what says the causes to the UNet.
        noise_steps: T of (3), at least 2; a UNet that is given has its own.
        label_weight: gamma of (4).
        empty: Share of the rows of a batch that are drawn without being told the causes.
        mean: Of the moving mean of the weights, which is what is kept.
        steps: Updates.
        learning_rate: Of Adam, rising over the first third, then falling.
        batch: Pictures an update.
        draw_steps: Steps of an inversion and of a drawing.
        refine: Iterations that solve each step of the inversion more exactly; each costs another inversion.
        strength: w of (5): 1 draws by the causes as they are, more makes them plainer and the fact come back worse.
        rows_at_once: Pictures that are drawn together.
        held_out: Share of the pictures on which the error of the inversion is measured.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    graph: str = ""
    alpha: float = 0.05
    channels: tuple[int, ...] = (32, 64, 64)
    layers: int = 1
    width: int = 32
    hidden: int = 64
    noise_steps: int = 200
    label_weight: float = 0.1
    empty: float = 0.1
    mean: float = 0.995
    steps: int = 4000
    learning_rate: float = 2e-3
    batch: int = 32
    draw_steps: int = 50
    refine: int = 0
    strength: float = 1.0
    rows_at_once: int = 64
    held_out: float = 0.1
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is 1 or more, got {getattr(self, name)}")
        if not self.channels or any(count < 8 or count % 8 for count in self.channels):
            raise OptionError(f"channels are multiples of 8, one a level, got {self.channels}")
        if self.channels[-1] < 16:
            # Blocks are told one number a channel, which a group of one channel takes off again; there are 8 groups.
            raise OptionError(f"the last level has 16 channels or more, or it hears no causes; got {self.channels}")
        if self.width % 4:
            raise OptionError(f"width is a multiple of 4, got {self.width}")
        if self.noise_steps < 2 or self.draw_steps > self.noise_steps:
            raise OptionError(
                f"noise_steps is 2 or more and draw_steps no more than it, got {self.noise_steps} and {self.draw_steps}"
            )
        if not 0 <= self.empty < 1 or not 0 <= self.mean < 1 or not 0 < self.held_out < 1:
            raise OptionError(
                f"empty and mean are shares below 1, held_out lies between 0 and 1; got {self.empty}, {self.mean} and "
                f"{self.held_out}"
            )
        if not self.label_weight > 0 or not self.learning_rate > 0 or self.refine < 0 or not self.strength >= 0:
            raise OptionError(
                "label_weight and learning_rate are positive, refine and strength not negative, got "
                f"{self.label_weight}, {self.learning_rate}, {self.refine} and {self.strength}"
            )
        if self.strength not in (0.0, 1.0) and not self.empty:
            raise OptionError("a strength other than 1 needs rows that are told no causes: give empty above 0")
        if not 0 < self.alpha < 1:
            raise OptionError(f"alpha lies between 0 and 1, got {self.alpha}")
