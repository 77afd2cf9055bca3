"""Options of `CausalInfoMin`, checked when they are made."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError

__all__ = ["CausalInfoMinConfig", "Loss", "Variant", "Weighting"]

Variant = Literal[
    "plain",
    "product",
    "total-effect-published",
    "total-effect-adjusted",
    "treatment-effect-attenuate",
    "treatment-effect-augment",
    "treatment-effect-contrast",
]
Loss = Literal["softmax", "binary"]
Weighting = Literal["complement", "inverse", "none"]


@dataclass(frozen=True)
class CausalInfoMinConfig:
    """Options of `CausalInfoMin`; None takes what the source has, in proportion to the width of the feature.

    Args:
        variant: What is trained; see the package. `plain` is empirical risk minimisation, `product` a product with an
            expert that is given.
        feature: The site of the feature in a network, such as `pooler`, or `.` for what the network gives.
        vocabulary: The answers, in the order of columns of scores; none takes those that occur.
        tie: Weight of the bias where it is taken out of the answer again; None chooses it on the validation rows.
        loss: Of the answers: `softmax` for one answer a question, `binary` for several, as published.
        weighting: Of the rows in `total-effect-adjusted`: `complement` 1 - p_bias(y), `inverse` 1 / p_bias(y), `none`.
        bottleneck: Columns of the code: of TE-D a quarter of the feature, 16 at most where it is adjusted; of ATE-D a
            twelfth, 4 at least.
        hidden: Width of the heads; None takes twice the feature.
        contrast: Weight of the contrastive loss; None takes 1 in TE-D and 0.2 in ATE-D.
        rate: gamma of the published TE-D, the share of the bias-only loss that the coding rate is held at.
        rate_normalise: Whether the coding rate is of rows of unit length; as published it is not.
        rate_steps: Updates in which the coding rate counts; None counts it in all.
        kl_weights: Of the bottlenecks that are tried in the adjusted TE-D.
        kept: Share of the full model's accuracy that the bias-only head has to keep.
        dictionary: Entries of the dictionary of ATE-D.
        average: What is averaged over the dictionary: `probabilities`, or `logits` as published.
        train_backbone: Whether the network that gives the feature learns with the rest.
        steps: Updates of the main branch.
        branch_steps: Updates of each bottleneck that is tried, of the full head beside them, and of the autoencoder.
        learning_rate: Of Adam, falling to zero.
        batch: Rows a step.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    variant: Variant = "total-effect-adjusted"
    feature: str = "."
    vocabulary: tuple[str, ...] = ()
    tie: float | None = None
    loss: Loss = "softmax"
    weighting: Weighting = "complement"
    bottleneck: int | None = None
    hidden: int | None = None
    contrast: float | None = None
    rate: float = 0.25
    rate_normalise: bool = False
    rate_steps: int | None = None
    kl_weights: tuple[float, ...] = (0.03, 0.1, 0.2, 0.3, 0.5, 0.8)
    kept: float = 0.95
    dictionary: int = 32
    average: Literal["probabilities", "logits"] = "probabilities"
    train_backbone: bool = True
    steps: int = 600
    branch_steps: int = 600
    learning_rate: float = 1e-3
    batch: int = 128
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("variant", get_args(Variant)),
            ("loss", get_args(Loss)),
            ("weighting", get_args(Weighting)),
            ("average", ("probabilities", "logits")),
        ):
            if getattr(self, name) not in allowed:
                raise OptionError(f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        for name in ("bottleneck", "hidden", "rate_steps", "dictionary", "steps", "branch_steps", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"{name} is at least 1, got {value}")
        if (self.contrast is not None and self.contrast < 0) or self.rate < 0:
            raise OptionError(f"contrast and rate are not negative, got {self.contrast} and {self.rate}")
        if self.tie is not None and self.tie < 0:
            raise OptionError(f"tie is not negative, got {self.tie}")
        object.__setattr__(self, "vocabulary", tuple(self.vocabulary))
        object.__setattr__(self, "kl_weights", tuple(float(weight) for weight in self.kl_weights))
        if not self.kl_weights or min(self.kl_weights) <= 0:
            raise OptionError(f"kl_weights are positive, one at least, got {self.kl_weights}")
        if not 0 < self.kept <= 1:
            raise OptionError(f"kept is above 0 and at most 1, got {self.kept}")
        if self.variant == "product" and self.loss == "binary":
            raise OptionError("a product of experts is of distributions over the answers: take loss='softmax'")

    def width(self, features: int) -> int:
        """Columns of the code for a feature of so many columns.

        Raises:
            OptionError: If the bottleneck is wider than the feature.
        """
        adjusted = self.variant == "total-effect-adjusted"
        if self.bottleneck is None:
            if self.variant.startswith("treatment"):
                return min(max(features // 12, 4), features)
            return max(min(features // 4, 16) if adjusted else features // 4, 1)
        if self.bottleneck > features:
            raise OptionError(
                f"a bottleneck is at most as wide as the feature, {features} columns, got bottleneck={self.bottleneck}"
            )
        return self.bottleneck
