"""What is trained and saved: the network that gives the feature, as it came and as it learns, and what stands on it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from aitia.errors import DataError
from aitia.systems.causal_info_min.backbone import Tap
from aitia.systems.causal_info_min.debiasers import Debiaser, Plain, Said

__all__ = ["Network", "Objective", "accuracy", "features_of", "said_by"]

_AT_ONCE = 512


class Network(nn.Module):
    """From inputs to what is said.

    Args:
        backbone: Gives x.
        original: Gives x_0; None where the backbone stays as it came, so that x_0 is x.
        debiaser: Stands on both.
        full: The head that was trained on x_0 without any debiasing, where there is one.
    """

    def __init__(self, backbone: Tap, original: Tap | None, debiaser: Debiaser, full: Plain | None = None) -> None:
        super().__init__()
        self.backbone, self.original, self.debiaser, self.full = backbone, original, debiaser, full
        (backbone if original is None else original).requires_grad_(False)
        if full is not None:
            full.requires_grad_(False)

    def train(self, mode: bool = True) -> "Network":
        """What does not learn stays in evaluation mode."""
        super().train(mode)
        (self.backbone if self.original is None else self.original).eval()
        return self

    def said(self, inputs: Mapping[str, Tensor]) -> Said:
        """The debiaser's answer."""
        x = self.backbone(inputs)
        said: Said = self.debiaser(x, x if self.original is None else self.original(inputs))
        return said

    def biased(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Log-probabilities of the full head on x_0."""
        assert self.full is not None  # asked for by the adjusted variant only
        x_0 = (self.backbone if self.original is None else self.original)(inputs)
        answers: Tensor = self.full(x_0, x_0).answers
        return answers

    def over(self, inputs: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
        """The inputs in parts, where the weights are."""
        leaf = next(self.debiaser.parameters())
        rows = len(next(iter(inputs.values())))
        for begin in range(0, rows, _AT_ONCE):
            yield {name: tensor[begin : begin + _AT_ONCE].to(leaf.device) for name, tensor in inputs.items()}


class Objective(nn.Module):
    """The loss of a batch: its inputs in the order of their names, then x_0, targets and the expert."""

    def __init__(self, network: Network, names: Sequence[str]) -> None:
        super().__init__()
        self.network, self.names = network, tuple(names)

    def forward(self, *tensors: Tensor) -> dict[str, Tensor]:
        """The loss and its parts."""
        x_0, target, expert = tensors[-3:]
        inputs = dict(zip(self.names, tensors[:-3], strict=True))
        x = x_0 if self.network.original is None else self.network.backbone(inputs)
        return self.network.debiaser.losses(x, x_0, target, expert)


def features_of(tap: Tap, inputs: Mapping[str, Tensor], device: str = "cpu") -> Tensor:
    """x of every row, (n, columns), without gradient; the tap is moved to the device.

    Raises:
        DataError: If the site gives no vector a row, or a feature is not finite.
    """
    rows = len(next(iter(inputs.values())))
    tap.to(device)
    with torch.no_grad():
        parts = [
            tap({name: tensor[k : k + _AT_ONCE].to(device) for name, tensor in inputs.items()}).cpu()
            for k in range(0, rows, _AT_ONCE)
        ]
    if any(part.ndim != 2 for part in parts) or sum(map(len, parts)) != rows:
        raise DataError(
            f"the site {tap.site} gives {tuple(parts[0].shape)} for {min(rows, _AT_ONCE)} rows, not a vector a row: "
            "name another feature"
        )
    x = torch.cat(parts).float()
    if not torch.isfinite(x).all():
        row = int((~torch.isfinite(x)).nonzero()[0, 0])
        raise DataError(f"the feature has a number that is not finite in row {row}: drop the row")
    return x


def said_by(net: Network, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Log-probabilities of the answers, of the bias-only head, and x_c, of all rows, without gradient."""
    with torch.no_grad():
        parts = [net.said(part) for part in net.over(inputs)]
    answers, bias, confounder = (
        None if column[0] is None else torch.cat([cast(Tensor, value).cpu() for value in column])
        for column in zip(*parts, strict=True)
    )
    return cast(Tensor, answers), bias, confounder


def accuracy(log_probabilities: Tensor, target: Tensor) -> float:
    """Mean score of the answer that is most probable; with one right answer a row, the accuracy."""
    chosen = log_probabilities.argmax(dim=-1, keepdim=True)
    return float(target.gather(1, chosen.to(target.device)).mean())
