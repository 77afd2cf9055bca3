"""Options of generative distribution embeddings."""

from dataclasses import dataclass
from typing import Literal

from aitia.errors import OptionError
from aitia.nn.choices import BlockKind, Discrepancy
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["GDEConfig"]


@dataclass(frozen=True)
class GDEConfig:
    """Options of `GDE`.

    Args:
        encoder: `pooled`, `residual` or `attention`, see `set_encoders`; `kernel mean` or `moments`, which are not
            learnt and stand beside it: the same sampler on a fixed vector.
        pooling: `mean` or `median`.
        sampler: `direct`, `gaussian`, `flow`, `diffusion` or `vae`, see `samplers`.
        discrepancy: What the direct sampler makes small: `sliced`, `mmd` or `sinkhorn`.
        latents: Numbers of z; moments have twice as many as columns.
        width: Of all layers.
        blocks: Of the encoder.
        projections: Directions of the sliced distance at a step.
        bandwidth: Of the kernel mean, in standard deviations of the columns.
        batch: Sets a step.
        points: Rows of a set that are encoded at a step, and as many others that are met.
        mixing: Sets that a set of a step is mixed of; 1 mixes none.
        mixing_alpha: Of the Dirichlet law of the weights.
        isometry: Weight of the term for distances, 0 as in the source.
        kl_weight: Of the vae.
        scaling: `columns` brings each column to mean 0 and variance 1 over the pooled rows, `one` all columns by one
            factor, which keeps angles and the ratios of distances; `none` leaves them.
        steps: Updates.
        learning_rate: Of Adam, falling to zero.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    encoder: BlockKind | Literal["kernel mean", "moments"] = "pooled"
    pooling: Literal["mean", "median"] = "mean"
    sampler: Literal["direct", "gaussian", "flow", "diffusion", "vae"] = "direct"
    discrepancy: Discrepancy = "sliced"
    latents: int = 16
    width: int = 64
    blocks: int = 2
    projections: int = 32
    bandwidth: float = 1.0
    batch: int = 32
    points: int = 64
    mixing: int = 1
    mixing_alpha: float = 1.0
    isometry: float = 0.0
    kl_weight: float = 1.0
    scaling: Literal["columns", "one", "none"] = "columns"
    steps: int = 2000
    learning_rate: float = 2e-3
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(
            self,
            encoder=("pooled", "residual", "attention", "kernel mean", "moments"),
            pooling=("mean", "median"),
            sampler=("direct", "gaussian", "flow", "diffusion", "vae"),
            discrepancy=("sliced", "mmd", "sinkhorn"),
            scaling=("columns", "one", "none"),
        )
        need_at_least(self, latents=1, width=4, blocks=0, projections=1, batch=1, points=2, mixing=1, steps=1)
        if self.encoder == "attention" and self.width % 4:
            raise OptionError(f"attention has 4 heads: width is a multiple of 4, got {self.width}")
        if self.encoder == "kernel mean" and self.latents % 2:
            raise OptionError(f"a kernel mean has an even number of latents, got {self.latents}")
        if self.mixing > self.batch:
            raise OptionError(f"sets of a step are mixed of at most batch={self.batch} sets, got mixing={self.mixing}")
        if min(self.mixing_alpha, self.bandwidth, self.learning_rate) <= 0 or min(self.isometry, self.kl_weight) < 0:
            raise OptionError(
                "mixing_alpha, bandwidth and learning_rate are positive, isometry and kl_weight not negative; got "
                f"{self.mixing_alpha}, {self.bandwidth}, {self.learning_rate}, {self.isometry}, {self.kl_weight}"
            )
