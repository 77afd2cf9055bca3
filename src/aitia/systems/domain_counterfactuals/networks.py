"""The networks of (1): of tables with their exact likelihood, and of images."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from aitia.errors import OptionError
from aitia.nn.flows import CouplingFlow
from aitia.nn.gaussian import draw, gaussian_kl, standard_log_prob
from aitia.nn.layers import ConvDecoder, ConvEncoder
from aitia.systems.domain_counterfactuals.config import Structure
from aitia.systems.domain_counterfactuals.domain_affine import DomainAffine

__all__ = ["ImageModel", "IndependentImages", "Model", "TableModel"]

Values = NDArray[np.float64]
SHARPNESS = 30.0
"""Of the bend of the leaky ReLU at the end of the training; it starts at 1. A sharp bend makes the likelihood jump
where a row crosses zero. The gradient does not see the jump, and the training ends far from the maximum."""


class Model(nn.Module):
    """What the two kinds of model share."""

    def standardise(self, x: Tensor) -> None:
        """Learns the scale of the data."""

    def choose(self, x: Tensor, env: Tensor) -> Values:
        """Settles on one of the models trained side by side; gives its loss for each held-out row."""
        raise NotImplementedError

    def encode(self, x: Tensor, env: Tensor) -> Tensor:
        """eps of each row."""
        raise NotImplementedError

    def decode(self, eps: Tensor, env: Tensor) -> Tensor:
        """x of each row."""
        raise NotImplementedError


class TableModel(Model):
    """(1) with an invertible g, for several starts side by side.

    y = (x - c) W', u = y + (1 - e^a) softplus(-b y) / b, z = u T', eps = f_d^-1(z). W and T are the inverses of G and
    B, which spares every solve. The second map is the inverse of a leaky ReLU of slope e^-a with a rounded bend; a is
    learnt for each coordinate, for a bend the wrong way round is a trap, and b grows during the training.
    """

    def __init__(
        self, size: int, domains: int, structure: Structure, k: int, mixing: str, copies: int, steps: int
    ) -> None:
        super().__init__()
        self.mixing, self.steps = mixing, steps
        self.latent = DomainAffine(size, domains, structure, k, copies=copies, spread=0.1)
        turns = [torch.linalg.qr(torch.randn(size, size))[0] for _ in range(copies)]
        self.unmix = nn.Parameter(torch.stack(turns))
        self.center = nn.Parameter(torch.zeros(copies, 1, size))
        self.turn = nn.Parameter(torch.eye(size).repeat(copies, 1, 1)) if mixing == "leaky" else None
        self.bend = nn.Parameter(torch.zeros(copies, 1, 1, size)) if mixing != "linear" else None
        flows = [CouplingFlow(size + size % 2) for _ in range(copies)] if mixing == "coupling" else []
        if flows and size % 2:
            raise OptionError(f"mixing 'coupling' needs an even number of columns, got {size}")
        self.flows = nn.ModuleList(flows)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.register_buffer("best", torch.zeros((), dtype=torch.int64))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    mean: Tensor
    spread: Tensor
    best: Tensor
    step: Tensor

    @property
    def _sharpness(self) -> float:
        return float(SHARPNESS ** min(int(self.step) / (0.6 * self.steps), 1.0))

    def standardise(self, x: Tensor) -> None:
        """Centres and scales the columns, and starts W at a turned whitening."""
        self.mean.copy_(x.mean(0))
        self.spread.copy_(x.std(0))
        values, vectors = torch.linalg.eigh(torch.cov(((x - self.mean) / self.spread).T).double())
        white = (vectors * values.clamp(min=1e-6 * float(values[-1])).rsqrt() @ vectors.T).float()
        with torch.no_grad():
            self.unmix.copy_(self.unmix @ white)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Minus the mean log-likelihood, summed over the starts; x is (domains, n, m)."""
        self.step += 1
        return {"loss": -self._log_prob(x).mean(dim=(1, 2)).sum()}

    def _log_prob(self, x: Tensor) -> Tensor:
        """(copies, domains, n) for rows (domains, n, m)."""
        u, log_det = self._unmixed((x - self.mean) / self.spread)
        eps, log_scale = self.latent.inverse(u)
        total = standard_log_prob(eps) + log_det + log_scale[:, :, None]
        return total - torch.log(self.spread).sum()

    def _unmixed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """u (copies, domains, n, m) and its log-determinant (copies, domains, n)."""
        y = (x - self.center[:, None]) @ self.unmix.transpose(-1, -2)[:, None]
        log_det = torch.linalg.slogdet(self.unmix)[1][:, None, None].expand(y.shape[:-1])
        if self.flows:
            moved = [flow(part, True) for flow, part in zip(self.flows, y, strict=True)]
            y = torch.stack([part for part, _ in moved])
            log_det = log_det + torch.stack([part for _, part in moved])
        if self.bend is not None:
            b, gain = self._sharpness, torch.expm1(self.bend)
            log_det = log_det + torch.log1p(gain * torch.sigmoid(-b * y)).sum(-1)
            y = y - gain * softplus(-b * y) / b
        if self.turn is not None:
            y = y @ self.turn.transpose(-1, -2)[:, None]
            log_det = log_det + torch.linalg.slogdet(self.turn)[1][:, None, None]
        return y, log_det

    def log_prob(self, x: Tensor, env: Tensor) -> Tensor:
        """Of each row, under the start that was chosen."""
        every = self._log_prob(x.expand(self.latent.domains, *x.shape))[int(self.best)]
        return every[env, torch.arange(len(x))]

    def choose(self, x: Tensor, env: Tensor) -> Values:
        """Takes the start with the best likelihood."""
        every = self._log_prob(x.expand(self.latent.domains, *x.shape))[:, env, torch.arange(len(x))]
        means = every.mean(1).nan_to_num(nan=-torch.inf)
        self.best.fill_(int(means.argmax()))
        losses: Values = -every[int(self.best)].double().numpy()
        return losses

    def encode(self, x: Tensor, env: Tensor) -> Tensor:
        """eps of each row."""
        u, _ = self._unmixed(((x - self.mean) / self.spread)[None])
        every, _ = self.latent.inverse(u.expand(-1, self.latent.domains, -1, -1))
        eps: Tensor = every[int(self.best), env, torch.arange(len(x))]
        return eps

    def decode(self, eps: Tensor, env: Tensor) -> Tensor:
        """x of each row."""
        best = int(self.best)
        every = self.latent(eps.expand(len(self.unmix), self.latent.domains, *eps.shape))
        y = every[best, env, torch.arange(len(eps))]
        if self.turn is not None:
            y = torch.linalg.solve(self.turn[best], y.T).T
        if self.bend is not None:
            y = _leaky(y, torch.expm1(self.bend[best, 0]), self._sharpness)
        if self.flows:
            y, _ = self.flows[best](y)
        x: Tensor = torch.linalg.solve(self.unmix[best], y.T).T + self.center[best, 0]
        return x * self.spread + self.mean


def _leaky(u: Tensor, gain: Tensor, sharpness: float) -> Tensor:
    """The y with y - gain softplus(-b y) / b = u, by Newton's method; the map is monotone and bends one way."""
    y = torch.where(u < 0, u / (1 + gain), u).double()
    for _ in range(30):
        gap = y - gain * softplus(-sharpness * y) / sharpness - u
        y = y - gap / (1 + gain * torch.sigmoid(-sharpness * y))
    return y.to(u.dtype)


class ImageModel(Model):
    """(1) with convolutions; eps given x is N(f_mean_d(e(x)), exp f_variance_d(e(x)))."""

    def __init__(
        self, size: int, domains: int, latents: int, structure: Structure, k: int, width: int, kl_weight: float
    ) -> None:
        super().__init__()
        self.kl_weight = kl_weight
        self.encoder = ConvEncoder(size, latents, width)
        self.decoder = ConvDecoder(size, latents, width)
        spread = 0.1 if structure == "dense" else 0.3  # with more, the many rows of a dense map start far from any use
        self.to_mean, self.to_log_variance, self.from_eps = (
            DomainAffine(latents, domains, structure, k, spread=by) for by in (spread, 0.0, spread)
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Squared error summed over pixels + weight * KL, as means over rows; x is (domains, n, 3, size, size)."""
        d, n = x.shape[:2]
        code = self.encoder(x.flatten(0, 1)).reshape(1, d, n, -1)
        mean, log_variance = self.to_mean(code), self.to_log_variance(code).clamp(-12, 6)
        z = self.from_eps(draw(mean, log_variance))
        error = (self.decoder(z.reshape(d * n, -1)) - x.flatten(0, 1)).square().sum(dim=(1, 2, 3)).mean()
        kl = gaussian_kl(mean, log_variance).mean()
        return {"loss": (error + self.kl_weight * kl) / 100, "squared error": error, "kl": kl}

    def _code(self, x: Tensor, env: Tensor) -> Tensor:
        code = self.encoder(x)
        mean: Tensor = self.to_mean(code.expand(1, self.to_mean.domains, *code.shape))
        return mean[0, env, torch.arange(len(x))]

    def encode(self, x: Tensor, env: Tensor) -> Tensor:
        """Posterior mean of eps."""
        return torch.cat([self._code(a, b) for a, b in zip(torch.split(x, 500), torch.split(env, 500), strict=True)])

    def decode(self, eps: Tensor, env: Tensor) -> Tensor:
        """x of each row."""
        z = self.from_eps(eps.expand(1, self.from_eps.domains, *eps.shape))[0, env, torch.arange(len(eps))]
        return torch.cat([self.decoder(part) for part in torch.split(z, 500)])

    def choose(self, x: Tensor, env: Tensor) -> Values:
        """Squared error of each row's reconstruction."""
        return _reconstruction(self, x, env)


class IndependentImages(Model):
    """A VAE for each domain; nothing but eps is shared."""

    def __init__(self, size: int, domains: int, latents: int, width: int, kl_weight: float) -> None:
        super().__init__()
        self.kl_weight = kl_weight
        self.encoders = nn.ModuleList(ConvEncoder(size, 2 * latents, width) for _ in range(domains))
        self.decoders = nn.ModuleList(ConvDecoder(size, latents, width) for _ in range(domains))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """As the other model's, domain by domain."""
        error, kl = x.new_zeros(()), x.new_zeros(())
        for part, encoder, decoder in zip(x, self.encoders, self.decoders, strict=True):
            mean, log_variance = encoder(part).chunk(2, dim=-1)
            back = decoder(draw(mean, log_variance.clamp(-12, 6)))
            error = error + (back - part).square().sum(dim=(1, 2, 3)).mean() / len(x)
            kl = kl + gaussian_kl(mean, log_variance.clamp(-12, 6)).mean() / len(x)
        return {"loss": (error + self.kl_weight * kl) / 100, "squared error": error, "kl": kl}

    def encode(self, x: Tensor, env: Tensor) -> Tensor:
        """Posterior mean of eps."""
        every = torch.stack([encoder(x).chunk(2, dim=-1)[0] for encoder in self.encoders])
        return every[env, torch.arange(len(x))]

    def decode(self, eps: Tensor, env: Tensor) -> Tensor:
        """x of each row."""
        every = torch.stack([decoder(eps) for decoder in self.decoders])
        return every[env, torch.arange(len(eps))]

    def choose(self, x: Tensor, env: Tensor) -> Values:
        """Squared error of each row's reconstruction."""
        return _reconstruction(self, x, env)


def _reconstruction(model: Model, x: Tensor, env: Tensor) -> Values:
    errors: Values = (model.decode(model.encode(x, env), env) - x).square().sum(dim=(1, 2, 3)).double().numpy()
    return errors
