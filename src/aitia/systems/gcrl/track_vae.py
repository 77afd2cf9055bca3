"""Encoders and decoders of tracks with two latents: z of each agent, s of the scene."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from aitia.nn.layers import Condition, mlp
from aitia.nn.motion import AgentEncoder, Walk, from_frame, nearest_offsets, scene_frame, to_frame
from aitia.nn.whitening import Whitening

__all__ = ["Gaussian", "Seen", "TrackVAE"]

LOG_VARIANCES = (-14.0, 4.0)
"""Bounds of the log-variance of a latent."""


@dataclass(frozen=True)
class Gaussian:
    """A diagonal Gaussian for each agent or scene; both (..., size)."""

    mean: Tensor
    log_variance: Tensor

    def draws(self, count: int) -> Tensor:
        """(count, ..., size) draws that let gradients through."""
        mean = self.mean
        noise = torch.randn(count, *mean.shape, dtype=mean.dtype, device=mean.device)
        return mean + torch.exp(0.5 * self.log_variance) * noise


@dataclass(frozen=True)
class Seen:
    """The past of scenes in their own frame of reference.

    Args:
        past: (..., agents, observed, 2).
        last: The last step, (..., agents, 2).
        frame: The way back to the plane.
    """

    past: Tensor
    last: Tensor
    frame: tuple[Tensor, Tensor]

    def home(self, tracks: Tensor) -> Tensor:
        """Tracks as seen from the plane."""
        return from_frame(tracks, self.frame)


class TrackVAE(nn.Module):
    """The networks; they know of no prior and no loss.

    Args:
        form: `pair`, perceptrons for exactly two agents; `group`, LSTMs and attention for any number.
        observed: Frames of the past.
        future: Frames that follow.
        looked: Frames that the encoder of s reads.
        width: Of the perceptrons, or of the LSTMs; 32 is the published one.
        z_size: Numbers of z an agent.
        s_size: Numbers of s a scene; 0 has no s.
        raw: Whether positions are taken as they are. Otherwise a scene is turned and shifted to a frame of its own,
            the future is added to constant velocity, and perceptrons see and give whitened numbers. For the pair form.
    """

    def __init__(
        self,
        form: Literal["pair", "group"],
        observed: int,
        future: int,
        looked: int,
        width: int,
        z_size: int,
        s_size: int,
        raw: bool,
    ) -> None:
        super().__init__()
        self.form, self.observed, self.future, self.looked = form, observed, future, looked
        self.z_size, self.s_size, self.raw = z_size, s_size, raw
        w, half, each = width, width // 2, width // 4
        if form == "pair":
            self.read_z: nn.Module = mlp((4 * observed, w, w, half))
            self.z_head = _head(each, w, z_size)
            self.read_s: nn.Module = mlp((2 * looked, w, half))
            self.s_head = _head(half, w, s_size)
            self.past_decoder: nn.Module = _PairDecoder(2 * z_size, s_size, half, 4 * observed)
            self.future_decoder: nn.Module = _PairDecoder(2 * z_size, s_size, half, 4 * future)
            self.scale_past, self.scale_shown = Whitening(4 * observed), Whitening(2 * looked)
        else:
            self.read_z = AgentEncoder(2, w)
            self.z_head = _head(2 * w, w, z_size)
            self.read_s = AgentEncoder(4, w)
            self.s_head = _head(2 * w, w, s_size)
            self.past_decoder = Walk(z_size + s_size, observed - 1, w)
            self.future_decoder = Walk(z_size + s_size, future, w)

    def learn_scales(self, tracks: Tensor) -> None:
        """Takes the scales of the pair form from whole scenes (scenes, 2, observed + future, 2)."""
        if self.form == "pair" and not self.raw:
            seen = self.see(tracks[..., : self.observed, :])
            whole = to_frame(tracks, seen.frame)
            self.scale_past.learn(seen.past.flatten(-3))
            self.scale_shown.learn(_apart(whole[..., : self.looked, :]))

    def see(self, past: Tensor) -> Seen:
        """Of (..., agents, observed, 2)."""
        if self.raw:
            origin, turn = past.new_zeros(*past.shape[:-3], 1, 1, 2), torch.eye(2, dtype=past.dtype, device=past.device)
            frame = (origin, turn.expand(*past.shape[:-3], 1, 2, 2))
        else:
            frame = scene_frame(past, own=self.form == "group")
        seen = to_frame(past, frame)
        return Seen(seen, seen[..., -1, :] - seen[..., -2, :], frame)

    def z_of(self, seen: Seen, present: Tensor) -> Gaussian:
        """q(z | past), (..., agents, z_size)."""
        if self.form == "pair":
            code = self.read_z(self.scale_past(seen.past.flatten(-3)))
            return _gaussian(self.z_head(leaky_relu(code).reshape(*code.shape[:-1], 2, -1)))
        return _gaussian(self.z_head(self.read_z(_steps(seen.past), present)))

    def s_of(self, tracks: Tensor, present: Tensor) -> Gaussian:
        """q(s | tracks), (..., s_size), of (..., agents, looked or more frames, 2)."""
        shown = tracks[..., : self.looked, :]
        seen = to_frame(shown, self.see(shown[..., : self.observed, :]).frame)
        if self.form == "pair":
            return _gaussian(self.s_head(leaky_relu(self.read_s(self.scale_shown(_apart(seen))))))
        inputs = torch.cat([_steps(seen), nearest_offsets(shown, present)], dim=-1)
        code, weight = self.read_s(inputs, present), present[..., None].to(shown.dtype)
        return _gaussian(self.s_head((code * weight).sum(-2) / weight.sum(-2).clamp(min=1)))

    def past(self, z: Tensor, s: Tensor) -> Tensor:
        """The mean of the past in the frame, (..., agents, observed, 2)."""
        if self.form == "pair":
            flat = self.scale_past.inverse(self.past_decoder(z.flatten(-2), s))
            return flat.reshape(*flat.shape[:-1], 2, self.observed, 2)
        steps = self.past_decoder(_beside(z, s), z.new_zeros(*z.shape[:-1], 2)).cumsum(-2)
        at = torch.cat([torch.zeros_like(steps[..., :1, :]), steps], dim=-2)
        centred: Tensor = at - at[..., -1:, :]
        return centred

    def ahead(self, z: Tensor, s: Tensor, seen: Seen) -> Tensor:
        """The mean of the future in the frame, (..., agents, future, 2)."""
        if self.form == "pair":
            flat = self.future_decoder(z.flatten(-2), s)
            steps = flat.reshape(*flat.shape[:-1], 2, self.future, 2)
            steps = steps if self.raw else steps + seen.last[..., None, :]
        else:
            steps = self.future_decoder(_beside(z, s), seen.last.expand(*z.shape[:-1], 2))
        ahead: Tensor = seen.past[..., -1:, :] + steps.cumsum(-2)
        return ahead


class _PairDecoder(nn.Module):
    """Both agents' z, modulated by s twice."""

    def __init__(self, z: int, s: int, hidden: int, out: int) -> None:
        super().__init__()
        self.first = Condition(z, s, hidden)
        self.widen = mlp((z, hidden, hidden))
        self.second = Condition(hidden, s)
        self.out = mlp((hidden, 2 * hidden, out))

    def forward(self, z: Tensor, s: Tensor) -> Tensor:
        h = torch.relu(self.widen(self.first(z, s)))
        out: Tensor = self.out(torch.relu(self.second(h, s)))
        return out


def _head(code: int, width: int, size: int) -> nn.Module:
    """From a code to mean and log-variance."""
    return mlp((code, width, width, 2 * size), nn.LeakyReLU) if size else nn.Identity()


def _gaussian(numbers: Tensor) -> Gaussian:
    mean, log_variance = numbers.chunk(2, dim=-1)
    return Gaussian(mean, (log_variance - 4.0).clamp(*LOG_VARIANCES))


def _apart(tracks: Tensor) -> Tensor:
    """Where the second agent is, seen from the first, (..., frames * 2)."""
    return (tracks[..., 1, :, :] - tracks[..., 0, :, :]).flatten(-2)


def _beside(z: Tensor, s: Tensor) -> Tensor:
    """z of each agent with s of its scene."""
    return torch.cat([z, s.unsqueeze(-2).expand(*z.shape[:-1], s.shape[-1])], dim=-1)


def _steps(tracks: Tensor) -> Tensor:
    """Displacements, as many as frames: the first one twice."""
    steps = tracks.diff(dim=-2)
    return torch.cat([steps[..., :1, :], steps], dim=-2)
