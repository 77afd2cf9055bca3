"""Where a network comes from: the package itself, a folder that `pretrain` wrote, or the Hub."""

from functools import cache
from pathlib import Path

from aitia.errors import FormatError
from aitia.systems.tabpfn.training import PriorFitted

__all__ = ["SHIPPED", "load_weights"]

SHIPPED = Path(__file__).parent / "weights"
"""The folder of the network that comes with the package."""


def load_weights(weights: str | Path | None) -> PriorFitted:
    """The network of a folder that `pretrain` wrote, of one on the Hub, or the one shipped.

    Raises:
        FormatError: If there is none, it is damaged, or it is a pickle.
    """
    if weights is None:
        return _shipped()
    if Path(weights).suffix.lower() in (".cpkt", ".ckpt", ".pt", ".pth", ".pkl", ".bin"):
        raise FormatError(
            f"{weights} is a pickle, which runs what its author put into it when it is opened, so it is not: give a "
            "folder that `python -m aitia.systems.tabpfn.recipe` wrote (config.json and model.safetensors)"
        )
    return PriorFitted.from_pretrained(weights)


@cache
def _shipped() -> PriorFitted:
    return PriorFitted.from_pretrained(SHIPPED)
