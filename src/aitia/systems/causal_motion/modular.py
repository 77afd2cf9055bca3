"""Networks in separate parts: one reads the past, one reads a style from whole scenes, and one decodes under the style.

    code = psi(past),   style = phi(scene),   future = now + sum of steps,   steps = g(code; style)                  (1)

The style enters g in two residual blocks and nowhere else, so that either side can be trained, replaced or updated by
itself. Without a style the blocks are passed over.
"""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from aitia.nn.layers import Condition, mlp
from aitia.nn.motion import AgentEncoder, Walk, from_frame, nearest_offsets, scene_frame, to_frame
from aitia.nn.whitening import Whitening

__all__ = ["Forecaster", "GroupForecaster", "PairForecaster", "StyleReader"]


class Forecaster(nn.Module):
    """psi and g of (1).

    Attributes:
        psi: Parts that read the past.
        g: Parts that decode, without the blocks.
        modulation: The residual blocks that read the style.
    """

    psi: nn.Module
    g: nn.ModuleList
    modulation: nn.ModuleList

    @abstractmethod
    def encode(self, past: Tensor, present: Tensor, channel: Tensor | None) -> Tensor:
        """The code of the past.

        Args:
            past: (..., agents, observed, 2).
            present: (..., agents) whether the agent is there.
            channel: A further number at each past frame, (..., agents, observed), where the network reads one.
        """

    @abstractmethod
    def decode(self, code: Tensor, past: Tensor, present: Tensor, style: Tensor | None) -> Tensor:
        """The future (..., agents, future, 2) from a code, and a style (..., size) of the scene."""

    def forward(self, past: Tensor, present: Tensor, channel: Tensor | None, style: Tensor | None) -> Tensor:
        """The future (..., agents, future, 2)."""
        return self.decode(self.encode(past, present, channel), past, present, style)

    def _modulated(self, code: Tensor, style: Tensor | None) -> Tensor:
        """What the last part of g is given."""
        h = code if style is None else self.modulation[0](code, style)
        h = torch.relu(self.g[0](h))
        h = h if style is None else self.modulation[1](h, style)
        assert isinstance(h, Tensor)
        return h


class PairForecaster(Forecaster):
    """Perceptrons for scenes of two agents; with a width of 32 they have the sizes of the source.

    Args:
        observed: Frames of the past.
        future: Frames that are forecast.
        style: Numbers of a style.
        width: Of the layers.
        turned: Whether scenes are seen from a frame of their own, as last positions and steps that `standardise` has
            scaled, and g adds to the last step; otherwise coordinates are taken as they are and g gives the whole step.

    Source:
        Liu et al., Towards Robust and Adaptive Motion Forecasting, CVPR 2022, the network of the crossing.
    """

    def __init__(self, observed: int, future: int, style: int, width: int = 32, turned: bool = True) -> None:
        super().__init__()
        self.future, self.turned = future, turned
        code, out = width // 2, 4 * future
        self.psi = mlp((4 * observed, width, width, code))
        self.g = nn.ModuleList([mlp((code, width, width)), mlp((width, out, out))])
        self.modulation = nn.ModuleList([Condition(code, style), Condition(width, style)])
        self.scale_past = Whitening(4 * observed, turned=False)

    def standardise(self, past: Tensor) -> None:
        """Scales what psi reads to mean 0 and variance 1 over scenes (n, 2, observed, 2); a plane stays as it is.

        Who passes on which side shows in steps of centimetres beside positions of metres; unscaled, the training rests
        on a plateau before it sees them.
        """
        if self.turned:
            self.scale_past.learn(self._seen(past))

    def _seen(self, past: Tensor) -> Tensor:
        if not self.turned:
            return past.flatten(-3)
        x = to_frame(past, scene_frame(past))
        return torch.cat([x[..., -1:, :], x.diff(dim=-2)], dim=-2).flatten(-3)

    def encode(self, past: Tensor, present: Tensor, channel: Tensor | None) -> Tensor:
        """(..., width / 2)."""
        code: Tensor = self.psi(self.scale_past(self._seen(past)))
        return code

    def decode(self, code: Tensor, past: Tensor, present: Tensor, style: Tensor | None) -> Tensor:
        """(..., 2, future, 2)."""
        steps: Tensor = self.g[1](self._modulated(code, style)).unflatten(-1, (2, self.future, 2))
        now = past[..., -1:, :]
        if not self.turned:
            return now + steps.cumsum(-2)
        frame = scene_frame(past)
        seen = to_frame(past[..., -2:, :], frame)
        return from_frame(seen[..., 1:, :] + (seen.diff(dim=-2) + steps).cumsum(-2), frame)


class GroupForecaster(Forecaster):
    """Recurrent networks and attention for scenes of any number of agents, each seen from its own frame.

    Args:
        future: Frames that are forecast.
        style: Numbers of a style.
        width: Of the layers; the recurrent ones have half.
        channel: Whether it reads a further number at each past frame.
    """

    def __init__(self, future: int, style: int, width: int = 64, channel: bool = False) -> None:
        super().__init__()
        self.future, hidden = future, max(width // 4 * 2, 8)
        self.psi = AgentEncoder(3 if channel else 2, hidden)
        self.g = nn.ModuleList([mlp((2 * hidden, width, width)), Walk(width, future, hidden)])
        self.modulation = nn.ModuleList([Condition(2 * hidden, style), Condition(width, style)])

    def encode(self, past: Tensor, present: Tensor, channel: Tensor | None) -> Tensor:
        """(..., agents, code)."""
        steps = to_frame(past, scene_frame(past, own=True)).diff(dim=-2)
        steps = torch.cat([steps[..., :1, :], steps], dim=-2)
        inputs = steps if channel is None else torch.cat([steps, channel[..., None]], dim=-1)
        code: Tensor = self.psi(inputs, present)
        return code

    def decode(self, code: Tensor, past: Tensor, present: Tensor, style: Tensor | None) -> Tensor:
        """(..., agents, future, 2); zero for an agent that is not there."""
        frame = scene_frame(past[present][:, None], own=True)  # agents that are there, one after the other
        seen = to_frame(past[present][:, None, -2:], frame)
        each = None if style is None else style[..., None, :].expand(*code.shape[:-1], style.shape[-1])[present]
        steps = self.g[1](self._modulated(code[present], each), seen[:, 0].diff(dim=-2)[:, 0])
        future = from_frame(seen[..., 1:, :] + steps[:, None].cumsum(-2), frame)[:, 0]
        return future.new_zeros(*present.shape, self.future, 2).masked_scatter(present[..., None, None], future)


class StyleReader(nn.Module):
    """phi of (1): what a whole scene says of how agents pass each other, and the head that a contrast compares.

    Args:
        frames: Of a whole scene.
        style: Numbers of a style.
        width: Of the hidden layer.
        turned: Whether each agent's nearest other is seen from the agent's own way, the mean over agents taken;
            otherwise the second agent is seen from the first, in coordinates as they are.
    """

    def __init__(self, frames: int, style: int, width: int = 16, turned: bool = True) -> None:
        super().__init__()
        self.turned = turned
        self.phi = mlp((2 * frames, width, style))
        self.head = mlp((style, style, style))

    def forward(self, tracks: Tensor, present: Tensor) -> Tensor:
        """(..., style) of whole scenes (..., agents, frames, 2)."""
        if not self.turned:
            code: Tensor = self.phi((tracks[..., 1, :, :] - tracks[..., 0, :, :]).flatten(-2))
            return code
        seen: Tensor = self.phi(nearest_offsets(tracks, present).flatten(-2))
        weight = present[..., None].to(seen.dtype)
        return (seen * weight).sum(-2) / weight.sum(-2).clamp(min=1)

    def project(self, style: Tensor) -> Tensor:
        """(..., style) of unit length."""
        return normalize(self.head(style), dim=-1)
