"""Parts of forecasters of tracks: frames of reference, attention between agents, encoders, a decoder that walks."""

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, leaky_relu

__all__ = ["AgentEncoder", "GraphAttention", "Walk", "from_frame", "nearest_offsets", "scene_frame", "to_frame"]


def scene_frame(past: Tensor, own: bool = False) -> tuple[Tensor, Tensor]:
    """A frame of reference in which scenes that differ by a shift and a turn look alike.

    Args:
        past: (..., agents, frames, 2).
        own: A frame for each agent, at its last position along its way; otherwise one for the scene, between the last
            positions of the first two agents, along the line from one to the other.

    Returns:
        The origin (..., agents or 1, 1, 2) and the rotation (..., agents or 1, 2, 2), whose rows are the axes.
    """
    last = past[..., -1:, :]
    if own:
        origin, axis = last, (last - past[..., :1, :]).squeeze(-2)
    else:
        first, second = last[..., :1, :, :], last[..., 1:2, :, :]
        origin, axis = 0.5 * (first + second), (second - first).squeeze(-2)
    length = axis.norm(dim=-1, keepdim=True)
    standing = torch.tensor([1.0, 0.0], dtype=past.dtype, device=past.device)
    axis = torch.where(length > 1e-6, axis / length.clamp(min=1e-6), standing)
    across = torch.stack([-axis[..., 1], axis[..., 0]], dim=-1)
    return origin, torch.stack([axis, across], dim=-2)


def to_frame(tracks: Tensor, frame: tuple[Tensor, Tensor]) -> Tensor:
    """Tracks (..., agents, frames, 2) as seen from the frame."""
    origin, rotation = frame
    return (tracks - origin) @ rotation.transpose(-1, -2)


def from_frame(tracks: Tensor, frame: tuple[Tensor, Tensor]) -> Tensor:
    """The way back of `to_frame`."""
    origin, rotation = frame
    return tracks @ rotation + origin


def nearest_offsets(tracks: Tensor, present: Tensor) -> Tensor:
    """For each agent, where the one is that comes nearest to it, frame by frame, seen along its own way.

    Args:
        tracks: (..., agents, frames, 2).
        present: (..., agents) whether the agent is there.

    Returns:
        (..., agents, frames, 2); zero for an agent that is alone or not there.
    """
    agents = tracks.shape[-3]
    offsets = tracks[..., None, :, :, :] - tracks[..., :, None, :, :]  # [a, b] = where b is, seen from a
    distance = offsets.square().sum(-1).amin(-1)
    itself = torch.eye(agents, dtype=torch.bool, device=tracks.device)
    there = present[..., None, :] & present[..., :, None] & ~itself
    nearest = distance.masked_fill(~there, torch.inf).argmin(-1)
    index = nearest[..., None, None, None].expand(*nearest.shape, 1, *tracks.shape[-2:])
    chosen = offsets.gather(-3, index).squeeze(-3)
    _, rotation = scene_frame(tracks[..., :2, :], own=True)
    seen = chosen @ rotation.transpose(-1, -2)
    return seen * there.any(-1)[..., None, None]


class GraphAttention(nn.Module):
    """One layer of attention over the agents of a scene that are there.

    h_a' = sum_b softmax_b( leaky(s(h_a) + r(h_b)) ) W h_b, with several heads side by side, concatenated.

    Args:
        size: Numbers an agent.
        out: Numbers an agent and head.
        heads: Number of heads.

    Source:
        Velickovic et al., Graph attention networks, ICLR 2018, equations 1-5.
    """

    def __init__(self, size: int, out: int, heads: int = 1) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(size, heads * out, bias=False)
        self.send = nn.Parameter(torch.randn(heads, out) / out**0.5)
        self.receive = nn.Parameter(torch.randn(heads, out) / out**0.5)
        self.bias = nn.Parameter(torch.zeros(heads * out))

    def forward(self, h: Tensor, present: Tensor) -> Tensor:
        """(..., agents, heads * out) of states (..., agents, size)."""
        w: Tensor = self.project(h).unflatten(-1, (self.heads, -1)).transpose(-2, -3)  # (..., heads, agents, out)
        of, to = ((w * part[:, None]).sum(-1) for part in (self.receive, self.send))
        scores = leaky_relu(of[..., :, None] + to[..., None, :], 0.2)
        weights = scores.masked_fill(~present[..., None, None, :], -1e9).softmax(dim=-1)
        return (weights @ w).transpose(-2, -3).flatten(-2) + self.bias


class AgentEncoder(nn.Module):
    """A code for each agent of a scene of any size: an LSTM over its steps, attention at each step, an LSTM over that.

    Args:
        channels: Numbers a step, displacement included.
        hidden: Width of both LSTMs.

    Source:
        Huang, Bi, Li, Mao and Wang, STGAT, ICCV 2019, sections 3.2-3.4.
    """

    def __init__(self, channels: int = 2, hidden: int = 32) -> None:
        super().__init__()
        self.size = 2 * hidden
        self.alone = nn.LSTM(channels, hidden, batch_first=True)
        self.first = GraphAttention(hidden, hidden // 8, heads=4)
        self.second = GraphAttention(hidden // 2, hidden)
        self.together = nn.LSTM(hidden, hidden, batch_first=True)

    def forward(self, steps: Tensor, present: Tensor) -> Tensor:
        """(..., agents, 2 hidden) from steps (..., agents, frames, channels); zero for an agent that is not there."""
        states, _ = self.alone(steps[present])
        by_step = states.new_zeros(*steps.shape[:-1], states.shape[-1]).masked_scatter(present[..., None, None], states)
        by_step = by_step.transpose(-2, -3)  # (..., frames, agents, hidden)
        there = present[..., None, :].expand(by_step.shape[:-1])
        mixed = self.second(elu(self.first(by_step, there)), there)
        social, _ = self.together(mixed.transpose(-2, -3)[present])
        code = torch.cat([states[:, -1], social[:, -1]], dim=-1)
        return code.new_zeros(*present.shape, self.size).masked_scatter(present[..., None], code)


class Walk(nn.Module):
    """Displacements, one after another, from a code: an LSTM cell that is fed its own last step.

    Args:
        code: Numbers an agent.
        future: Steps.
        hidden: Width of the cell.
    """

    def __init__(self, code: int, future: int, hidden: int = 32) -> None:
        super().__init__()
        self.future = future
        self.start = nn.Linear(code, hidden)
        self.cell = nn.LSTMCell(2, hidden)
        self.out = nn.Linear(hidden, 2)

    def forward(self, code: Tensor, step: Tensor) -> Tensor:
        """(..., future, 2) displacements from a code (..., code) and the last seen step (..., 2)."""
        h = torch.tanh(self.start(code.flatten(0, -2)))
        c, now, steps = torch.zeros_like(h), step.flatten(0, -2), []
        for _ in range(self.future):
            h, c = self.cell(now, (h, c))
            now = now + self.out(h)
            steps.append(now)
        return torch.stack(steps, dim=-2).reshape(*code.shape[:-1], self.future, 2)
