"""The parts of causal-diffae: encoder, causal layer and UNet, with the loss (4)."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.errors import DataError, FormatError, MissingExtraError
from aitia.graph.graph import Graph
from aitia.nn.causal_layer import CausalLayer
from aitia.nn.diffusion import Denoise, Schedule, guided
from aitia.nn.gaussian import draw
from aitia.systems.causal_diffae.config import CausalDiffaeConfig

__all__ = ["Network", "Objective", "small_unet", "unet_of"]

_LOG_2PI = 1.8378770664093453


def small_unet(config: CausalDiffaeConfig, size: tuple[int, int], channels: int = 3) -> Any:
    """A `UNet2DModel` of diffusers with random weights, for pictures of this height and width.

    Raises:
        MissingExtraError: If diffusers is not installed.
    """
    levels = len(config.channels)
    return unet_of(
        {
            "sample_size": list(size),
            "in_channels": channels,
            "out_channels": channels,
            "block_out_channels": list(config.channels),
            "layers_per_block": config.layers,
            "down_block_types": ["DownBlock2D"] * levels,
            "up_block_types": ["UpBlock2D"] * levels,
            "norm_num_groups": 8,
            "add_attention": False,
        }
    )


def unet_of(options: Mapping[str, Any]) -> Any:
    """A `UNet2DModel` of these options, with random weights.

    Raises:
        MissingExtraError: If diffusers is not installed.
        FormatError: If diffusers makes none of them.
    """
    try:
        from diffusers import UNet2DModel
    except ImportError as error:
        raise MissingExtraError("this needs diffusers: pip install 'aitia[vision]'") from error
    try:
        return UNet2DModel.from_config(dict(options), trust_remote_code=False)
    except (TypeError, ValueError) as error:
        raise FormatError(f"diffusers makes no UNet of these options: {error}") from error


class Encoder(nn.Module):
    """Pictures (n, channels, height, width) to means and log-variances of the causes, (n, d) each."""

    def __init__(self, causes: int, width: int, size: tuple[int, int], channels: int = 3) -> None:
        super().__init__()
        grid = (min(4, size[0] // 4), min(4, size[1] // 4))
        self.net = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.GroupNorm(4, width),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.GroupNorm(4, 2 * width),
            nn.SiLU(),
            nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(grid),
            nn.Flatten(),
            nn.Linear(2 * width * grid[0] * grid[1], 4 * width),
            nn.SiLU(),
            nn.Linear(4 * width, 2 * causes),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances."""
        mean, log_variance = self.net(x).chunk(2, dim=-1)
        return mean, log_variance.clamp(-8, 4)


class Network(nn.Module):
    """q, F and the denoiser of (1) to (3); causes are standardised inside.

    Args:
        config: Sizes.
        graph: Over the causes.
        size: Height and width of the pictures, or of their latents.
        unet: A `UNet2DModel`; it is told the causes where it would be told a class.

    Raises:
        DataError: If the UNet does not take pictures of this size.
    """

    def __init__(self, config: CausalDiffaeConfig, graph: Graph, size: tuple[int, int], unet: Any) -> None:
        super().__init__()
        d, levels = len(graph.nodes), len(unet.config.block_out_channels)
        step = 2 ** (levels - 1)
        if min(size) < 8 or size[0] % step or size[1] % step:
            what = "pictures" if unet.config.in_channels == 3 else "latents"
            raise DataError(
                f"{what} are {size[1]}x{size[0]}: a UNet of {levels} levels takes sides that are multiples of "
                f"{step}, 8 or more; scale them (--size)"
            )
        self.causes = CausalLayer(graph, config.hidden)
        self.shape = (int(unet.config.in_channels), *size)
        self.encoder = Encoder(d, config.width, size, self.shape[0])
        # A UNet adds its class embedding to that of the time, in every residual block: here the causes stand there.
        unet.class_embedding = nn.Identity()
        self.unet = unet
        told = unet.time_embedding.linear_2.out_features
        self.say = nn.Sequential(nn.Linear(2 * d, config.hidden), nn.SiLU(), nn.Linear(config.hidden, told))
        self.register_buffer("centre", torch.zeros(d))
        self.register_buffer("spread", torch.ones(d))

    centre: Tensor
    spread: Tensor

    def scaled(self, y: Tensor) -> Tensor:
        """Labels to standardised causes."""
        return (y - self.centre.to(y)) / self.spread.to(y)

    def out(self, z: Tensor) -> Tensor:
        """The way back."""
        return z * self.spread.to(z) + self.centre.to(z)

    def forward(self, x: Tensor, time: Tensor, z: Tensor, told: Tensor) -> Tensor:
        """What is predicted of noised pictures.

        Args:
            x: (n, 3, height, width).
            time: (n,).
            z: (n, d) standardised causes.
            told: (n, 1), 1 where the denoiser is told them and 0 where not: no causes are other than average ones.
        """
        said = self.say(torch.cat([z * told, told.expand_as(z)], dim=-1))
        return cast(Tensor, self.unet(x, time, class_labels=said).sample)

    def denoiser(self, z: Tensor, strength: float = 1.0) -> Denoise:
        """The denoiser of pictures with these causes; (5) where the strength is not 1."""
        told = z.new_ones(len(z), 1)

        def denoise(x: Tensor, time: Tensor) -> Tensor:
            if strength == 1.0:
                return cast(Tensor, self(x, time, z, told))
            both = self(torch.cat([x, x]), torch.cat([time, time]), torch.cat([z, z]), torch.cat([told, 0 * told]))
            conditional, empty = both.chunk(2)
            return guided(conditional, empty, strength)

        return denoise

    @torch.no_grad()
    def moved(self, u: Tensor, act: Mapping[str, Callable[[Tensor], Tensor]]) -> Tensor:
        """Standardised causes of noise (n, d) in double precision, under actions."""
        return cast(Tensor, self._precise()(u, act))

    @torch.no_grad()
    def noise_of(self, z: Tensor) -> Tensor:
        """The noise of standardised causes (n, d) in double precision."""
        return self._precise().inverse(z)[0]

    def _precise(self) -> CausalLayer:
        """Of 64-bit numbers, so that a cause that is left alone comes back."""
        return copy.deepcopy(self.causes).cpu().double()


class Objective(nn.Module):
    """The loss (4) of a network, and the moving mean of its weights.

    Args:
        net: What is trained.
        config: Weights and shares.
        schedule: Of the noise.
    """

    def __init__(self, net: Network, config: CausalDiffaeConfig, schedule: Schedule) -> None:
        super().__init__()
        self.net, self.config, self.schedule = net, config, schedule
        self.mean = copy.deepcopy(net).requires_grad_(False)

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """(4) and its parts, as means over rows; y is NaN where a label is missing."""
        net, known = self.net, ~torch.isnan(y)
        mean, log_variance = net.encoder(x)
        z = draw(mean, log_variance)
        # Where no label ties it, a cause that the UNet may shape tells the UNet what no label tells: no gradient then.
        z = torch.where(known, z, z.detach())
        labels = torch.where(known, y, mean.detach())
        apart = 0.5 * (_LOG_2PI + log_variance + (labels - mean).square() * torch.exp(-log_variance))
        label = (apart * known).sum(1).mean()
        prior = -net.causes.log_prob(torch.where(known, y, z.detach())).mean()
        told = (torch.rand(len(x), 1, device=x.device) >= self.config.empty).to(x)
        t = torch.randint(len(self.schedule), (len(x),), device=x.device)
        noise = torch.randn_like(x)
        times = t if self.schedule.times is None else self.schedule.times.to(x.device)[t]
        said = net(self.schedule.noised(x, noise, t), times, z, told)
        diffusion = (said - self.schedule.target(x, noise, t)).square().mean()
        loss = diffusion + self.config.label_weight * (label + prior) / y.shape[1]
        return {"loss": loss, "diffusion": diffusion, "label": label, "causal prior": prior}

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """The mean after `step` updates; an early one forgets fast, or its random start would stay in it."""
        kept = min(self.config.mean, step / (step + 20))
        for mean, now in zip(self.mean.parameters(), self.net.parameters(), strict=True):
            mean.lerp_(now.detach(), 1 - kept)
