"""Domain counterfactuals: what a sample would have looked like, had it come from another domain.

    x = g(z),   z = f_d(eps),   eps ~ N(0, I)                                             (1)
    x_{d -> d'} = g( f_d'( f_d^-1( g^-1(x) ) ) )                                          (2)

g is shared and f_d is an invertible autoregressive map, the latent SCM of domain d. All that is assumed is that the
domains differ in few mechanisms. Two models give the same answers (2) exactly if they are linked by invertible changes
of z and eps that keep every f_d autoregressive; so neither z nor its graph is identified, and neither need be. Each
such class has a member whose changed mechanisms come last. It is therefore enough to search models whose last k
latents depend on the domain: too small a k misfits the data, too large a k loosens the bound on the error of (2).

    table    g is linear, or x = G leaky(B z) + c, or a coupling flow on top of it; exact likelihood
    images   a VAE with convolutions: eps is the posterior mean under d, decoded under d'

Where we differ from the source. Its g is G leaky(z): without B, a system whose changed mechanisms do not come last has
no member of that form which does, and the search for one misfits. The bend of the leaky ReLU is round at first
(`SHARPNESS`), G starts at a turned whitening of the data and several starts are trained side by side. In the VAE the
second map gives log-variances, both where noise is drawn and in the KL term.

Source:
    Kulinski, Zhou, Bai, Kocaoglu and Inouye, Towards Characterizing Domain Counterfactuals for Invertible Latent Causal
    Models, ICLR 2024.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from aitia.card import Card
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import DataError, InterventionError, OptionError, TrainingError, join_names
from aitia.images import ImageSet
from aitia.nn.domain_affine import DomainAffine, Structure
from aitia.nn.flows import CouplingFlow
from aitia.nn.gaussian import draw, gaussian_kl, standard_log_prob
from aitia.nn.layers import ConvDecoder, ConvEncoder
from aitia.nn.pretrained import Pretrained, fitted
from aitia.table import Kind, Table
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["DomainCounterfactuals", "DomainCounterfactualsConfig", "SparsityChoice"]

Values = NDArray[np.float64]
FEW_ROWS = 50
SHARPNESS = 30.0
"""Of the bend of the leaky ReLU at the end of the training; it starts at 1. A sharp bend makes the likelihood jump
where a row crosses zero. The gradient does not see the jump, and the training ends far from the maximum."""


@dataclass(frozen=True)
class DomainCounterfactualsConfig:
    """Options of `DomainCounterfactuals`.

    Args:
        changing: k, how many mechanisms may differ between domains; `auto` tries all and takes the smallest that fits.
        structure: `relaxed` (recommended), `canonical`, `dense` (no sparsity), or for images `independent` (a model for
            each domain that shares nothing but eps).
        mixing: g for tables: `linear`, `leaky` or `coupling`.
        latents: Number of latents for images; a table has as many as columns.
        restarts: Models trained side by side from different starts; the best likelihood on held-out rows is taken.
        kl_weight: Weight of the KL term, in nats, beside the squared error, which is summed over pixels.
        width: Channels of the first convolution.
        steps: Updates.
        learning_rate: Of Adam with betas (0.5, 0.999), falling to zero; None takes 0.03 for tables, 0.003 for images.
        batch: Rows of each domain a step.
        held_out: Share of rows kept for validation.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    changing: int | Literal["auto"] = 2
    structure: Structure | Literal["independent"] = "relaxed"
    mixing: Literal["linear", "leaky", "coupling"] = "leaky"
    latents: int = 10
    restarts: int = 4
    kl_weight: float = 1.0
    width: int = 32
    steps: int = 6000
    learning_rate: float | None = None
    batch: int = 250
    held_out: float = 0.1
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        if self.changing != "auto" and not (isinstance(self.changing, int) and self.changing >= 1):
            raise OptionError(f"changing is 'auto' or at least 1, got {self.changing!r}")
        if self.structure not in ("relaxed", "canonical", "dense", "independent"):
            raise OptionError(f"structure is relaxed, canonical, dense or independent, got {self.structure!r}")
        if self.mixing not in ("linear", "leaky", "coupling"):
            raise OptionError(f"mixing is linear, leaky or coupling, got {self.mixing!r}")
        if self.latents < 2 or self.restarts < 1 or self.batch < 1 or not 0 < self.held_out < 1 or self.kl_weight < 0:
            raise OptionError(
                "latents is at least 2, restarts and batch at least 1, held_out between 0 and 1, kl_weight not "
                f"negative; got {self.latents}, {self.restarts}, {self.batch}, {self.held_out}, {self.kl_weight}"
            )


@dataclass(frozen=True)
class SparsityChoice:
    """How well each number of changing mechanisms fits held-out rows; lower loss fits better.

    Args:
        tried: k, in order.
        losses: Loss on held-out rows.
        chosen: The smallest k whose loss is within one standard error of the best.
    """

    tried: tuple[int, ...]
    losses: tuple[float, ...]
    chosen: int


class DomainCounterfactuals(Pretrained):
    """Answers (2) after `fit` on unpaired samples of two or more domains. No labels, graph or pairs are needed.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        domains: Labels of the domains, in the order of the model.
        history: How the training went.
        sparsity: How k was chosen, where it was.
        warnings: What to know about the fit, in words.

    Example:
        >>> from aitia.worlds.latent_domains import LatentDomainsWorld
        >>> world = LatentDomainsWorld(size=3, domains=2, intervened=(2,))
        >>> rows = world.sample(600)
        >>> model = DomainCounterfactuals(changing=1, steps=50).fit(world.render(rows), rows.labels)
        >>> model.counterfactual(world.render(rows)[:4], "do(domain=d1)", domain=rows.labels[:4]).shape
        (4, 3)
    """

    card = Card(
        slug="domain-counterfactuals",
        title="Towards Characterizing Domain Counterfactuals for Invertible Latent Causal Models",
        authors=("Kulinski", "Zhou", "Bai", "Kocaoglu", "Inouye"),
        year=2024,
        venue="ICLR",
        task="what a sample would have been in another domain, from unpaired samples",
        modality="tables, images",
        claim="A model whose last k mechanisms alone depend on the domain errs less on domain counterfactuals than one "
        "without that sparsity.",
        source="https://arxiv.org/abs/2306.11281",
    )
    target: ClassVar[str] = "domain"

    def __init__(self, config: DomainCounterfactualsConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or DomainCounterfactualsConfig(), **options)
        except TypeError as error:
            raise OptionError(f"DomainCounterfactuals: {error}") from error
        self.domains: tuple[str, ...] = ()
        self.history: History | None = None
        self.sparsity: SparsityChoice | None = None
        self.warnings: tuple[str, ...] = ()
        self._net: _Model | None = None
        self._shape: tuple[int, ...] = ()
        self._columns: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        rows: Any,
        domain: str | Sequence[Any] | NDArray[Any] = "domain",
        *,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits the model.

        Args:
            rows: A table, an `ImageSet`, an array (n, m) of numbers or (n, height, width, 3) of bytes.
            domain: The column of the domain, or the label of each row.
            checkpoint: Folder to resume the training from, and to keep its state in.
            progress: Told how far it is.

        Raises:
            OptionError: If there is one domain only, or k is out of range.
            DataError: If a value is missing, a column constant, or the rows have no such shape.
            TrainingError: If the likelihood is lost to a singular g or a rate that is too high.
        """
        x, labels, self._columns = _read(rows, domain)
        self.domains = tuple(dict.fromkeys(sorted(labels)))
        if len(self.domains) < 2:
            raise OptionError(f"domain counterfactuals need at least 2 domains, got only {self.domains[0]!r}")
        self._shape = x.shape[1:]
        _check_values(x, self._columns)
        env = np.searchsorted(self.domains, labels)
        counts = np.bincount(env)
        few = [f"{d} ({c})" for d, c in zip(self.domains, counts, strict=True) if c < FEW_ROWS]
        self.warnings = (f"few rows in {', '.join(few)}: answers there are weak",) if few else ()
        held, kept = _split(env, self.config.held_out, self.config.seed)
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)

        def fitted_with(k: int) -> tuple["_Model", History, Values]:
            return self._fit_one(x, env, held, kept, k, checkpoint, progress)

        sizes = self._latents
        if self.config.changing == "auto" and self.config.structure in ("relaxed", "canonical"):
            found = {k: fitted_with(k) for k in range(1, sizes)}
            self.sparsity = _choose({k: losses for k, (_, _, losses) in found.items()})
            self._net, self.history, _ = found[self.sparsity.chosen]
        else:
            k = sizes - 1 if self.config.changing == "auto" else self.config.changing
            self._net, self.history, _ = fitted_with(k)
        return self

    @property
    def _is_image(self) -> bool:
        return len(self._shape) == 3

    @property
    def _latents(self) -> int:
        return self.config.latents if self._is_image else self._shape[0]

    def _build(self, k: int) -> "_Model":
        config, domains = self.config, len(self.domains)
        if not self._is_image:
            if config.structure == "independent":
                raise OptionError("structure 'independent' is for images; tables take 'dense'")
            return _Flow(self._shape[0], domains, config.structure, k, config.mixing, config.restarts, config.steps)
        height, width, _ = self._shape
        if height != width:
            raise DataError(f"images are square, got {width}x{height}: scale them (ImageSet.resized)")
        if config.structure == "independent":
            return _IndependentVae(height, domains, config.latents, config.width, self.config.kl_weight)
        return _Vae(height, domains, config.latents, config.structure, k, config.width, self.config.kl_weight)

    @property
    def _rate(self) -> float:
        given = self.config.learning_rate
        return given if given is not None else 3e-3 if self._is_image else 0.03

    def _fit_one(
        self,
        x: NDArray[Any],
        env: NDArray[np.int64],
        held: NDArray[np.int64],
        kept: NDArray[np.int64],
        k: int,
        checkpoint: Path | None,
        progress: Progress | None,
    ) -> tuple["_Model", History, Values]:
        config = self.config
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = self._build(k)
        data = _tensor(x)
        net.standardise(data[kept])
        batches = EnvironmentBatches((data[kept],), torch.from_numpy(env[kept]), config.batch, config.seed)
        training = TrainConfig(
            steps=config.steps,
            learning_rate=self._rate,
            betas=(0.5, 0.999),
            schedule="cosine",
            seed=config.seed,
            device=config.device,
        )
        history = train(
            net,
            batches,
            training,
            checkpoint=None if checkpoint is None else checkpoint / f"training-{k}.safetensors",
            progress=progress,
            what=f"training with {k} changing of {self._latents}" if config.structure != "dense" else "training",
        )
        net = net.cpu().eval()
        with torch.no_grad():
            losses = net.choose(data[held], torch.from_numpy(env[held]))
        if not np.isfinite(losses).all():
            raise TrainingError(f"g became singular: lower the learning rate ({self._rate:g})")
        return net, history, losses

    # -- asking --------------------------------------------------------------------------------------------------------

    def counterfactual(
        self, rows: Any, intervention: Intervention | str, /, *, domain: str | Sequence[Any] | NDArray[Any] = "domain"
    ) -> Any:
        """Each row as it would have been in the domain of `do(domain=...)`.

        Args:
            rows: As for `fit`, with the domain that each is from.
            intervention: `do(domain=LABEL)`.
            domain: The column of the domain, or the label of each row.

        Returns:
            Rows of the kind that was given.

        Raises:
            InterventionError: If something else than the domain is set, or no domain of the training has that label.
            DataError: If the rows have another shape than those of the training.
        """
        action = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
        x, labels, _ = self._rows(rows, domain)
        to = self._target(action, labels)
        new = self._decode(self._encode(x, self._numbers(labels)), to)
        return _like(rows, new, domain, [self.domains[d] for d in to], self._columns)

    def from_start(self, number: int) -> Self:
        """This model with the parameters that another of its starts led to, chosen or not.

        Raises:
            OptionError: If there was no such start, or the model is one of images, which has a single start.
        """
        net = fitted(self._net, self)
        if not isinstance(net, _Flow) or not 0 <= number < len(net.unmix):
            raise OptionError(f"there is no start {number}: count from 0 to below restarts, for tables")
        other = copy.copy(self)
        other._net = copy.deepcopy(net)
        other._net.best.fill_(number)
        return other

    def encode(self, rows: Any, domain: str | Sequence[Any] | NDArray[Any] = "domain") -> Values:
        """The noise eps of each row, (n, latents); for images the mean of its posterior."""
        x, labels, _ = self._rows(rows, domain)
        return self._encode(x, self._numbers(labels))

    def sample(self, n: int, domain: str, *, seed: int = 0) -> NDArray[Any]:
        """n new rows of a domain, as an array."""
        d = self._numbers([domain] * n)
        return self._decode(np.random.default_rng(seed).standard_normal((n, self._latents)), d)

    def log_likelihood(self, rows: Any, domain: str | Sequence[Any] | NDArray[Any] = "domain") -> Values:
        """log p(x | domain) of each row, in nats.

        Raises:
            OptionError: If the model is one of images, which has only a bound.
        """
        net = fitted(self._net, self)
        if not isinstance(net, _Flow):
            raise OptionError("a model of images has no exact likelihood")
        x, labels, _ = self._rows(rows, domain)
        with torch.no_grad():
            value: Values = net.log_prob(_tensor(x), torch.from_numpy(self._numbers(labels))).double().numpy()
        return value

    def _rows(
        self, rows: Any, domain: str | Sequence[Any] | NDArray[Any]
    ) -> tuple[NDArray[Any], list[str], tuple[str, ...]]:
        fitted(self._net, self)
        x, labels, columns = _read(rows, domain, self._columns)
        if x.shape[1:] != self._shape:
            raise DataError(f"rows have shape {x.shape[1:]}, this model was trained on {self._shape}")
        _check_values(x, columns, constant=False)
        return x, labels, columns

    def _numbers(self, labels: Sequence[str]) -> NDArray[np.int64]:
        for label in labels:
            if label not in self.domains:
                raise InterventionError(f"the training had no domain {label!r}; it had {join_names(self.domains)}")
        return np.array([self.domains.index(label) for label in labels])

    def _target(self, action: Intervention, labels: Sequence[str]) -> NDArray[np.int64]:
        if other := [t for t in action.targets if t != self.target]:
            raise InterventionError(f"this model answers do({self.target}=...) only, not {other[0]!r}")
        if not action:
            return self._numbers(labels)
        value = action[self.target]
        if not isinstance(value, Value):
            raise InterventionError(f"the domain is set to a label, got {value}")
        return self._numbers([str(value.value)] * len(labels))

    def _encode(self, x: NDArray[Any], d: NDArray[np.int64]) -> Values:
        with torch.no_grad():
            eps: Values = fitted(self._net, self).encode(_tensor(x), torch.from_numpy(d)).double().numpy()  # type: ignore[operator]
        return eps

    def _decode(self, eps: Values, d: NDArray[np.int64]) -> NDArray[Any]:
        with torch.no_grad():
            x = fitted(self._net, self).decode(torch.from_numpy(eps).float(), torch.from_numpy(d))  # type: ignore[operator]
        if self._is_image:
            pixels = (x.permute(0, 2, 3, 1).clamp(0, 1) * 255).round()
            return np.asarray(pixels.numpy(), dtype=np.uint8)
        values: Values = x.double().numpy()
        return values

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return fitted(self._net, self)

    def _options(self) -> dict[str, Any]:
        k = self.sparsity.chosen if self.sparsity is not None else self.config.changing
        return {
            "config": {**asdict(self.config), "changing": k},
            "domains": list(self.domains),
            "shape": list(self._shape),
            "columns": list(self._columns),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(DomainCounterfactualsConfig(**options["config"]))
        model.domains, model._columns = tuple(options["domains"]), tuple(options["columns"])
        model._shape = tuple(options["shape"])
        k = model.config.changing
        model._net = model._build(model._latents - 1 if k == "auto" else k).eval()
        return model


# -- the networks ----------------------------------------------------------------------------------------------------


class _Model(nn.Module):
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


class _Flow(_Model):
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


class _Vae(_Model):
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


class _IndependentVae(_Model):
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


def _reconstruction(model: _Model, x: Tensor, env: Tensor) -> Values:
    errors: Values = (model.decode(model.encode(x, env), env) - x).square().sum(dim=(1, 2, 3)).double().numpy()
    return errors


# -- reading ---------------------------------------------------------------------------------------------------------


def _read(
    rows: Any, domain: str | Sequence[Any] | NDArray[Any], columns: Sequence[str] = ()
) -> tuple[NDArray[Any], list[str], tuple[str, ...]]:
    """The numbers or bytes of each row, its domain, and the columns' names."""
    if isinstance(rows, ImageSet):
        labels = rows.labels.labels(domain) if isinstance(domain, str) else domain
        return rows.images, _texts(labels, len(rows)), ()
    if isinstance(rows, np.ndarray) and rows.ndim == 4:
        return rows, _texts(domain, len(rows)), ()
    if isinstance(rows, np.ndarray) and not isinstance(domain, str):
        if rows.ndim != 2:
            raise DataError(f"rows are an array (n, m) or images (n, height, width, 3), got {rows.shape}")
        names = tuple(columns) or tuple(f"x{i}" for i in range(rows.shape[1]))
        return rows.astype(np.float64), _texts(domain, len(rows)), names
    table = Table.of(rows)
    labels = table.labels(domain) if isinstance(domain, str) else domain
    names = tuple(columns) or tuple(n for n in table.names if n != domain and table.kind(n) is Kind.CONTINUOUS)
    return table.matrix(names), _texts(labels, table.n), names


def _texts(labels: Any, n: int) -> list[str]:
    if isinstance(labels, str):
        raise DataError("an array has no column of domains: give the label of each row")
    texts = [str(label) for label in labels]
    if len(texts) != n:
        raise DataError(f"there are {n} rows and {len(texts)} labels of domains")
    return texts


def _check_values(x: NDArray[Any], columns: Sequence[str], constant: bool = True) -> None:
    if x.dtype == np.uint8:
        return
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise DataError(f"column {columns[column]!r} has no number in row {row}: drop or fill it")
    if constant and (x.std(axis=0) == 0).any():
        raise DataError(f"column {columns[int(np.argmin(x.std(axis=0)))]!r} is constant: leave it out")


def _like(
    rows: Any, new: NDArray[Any], domain: str | Sequence[Any] | NDArray[Any], labels: list[str], columns: Sequence[str]
) -> Any:
    if isinstance(rows, ImageSet):
        name = domain if isinstance(domain, str) else "domain"
        return ImageSet(new, rows.labels.with_columns({name: labels}, kinds={name: "discrete"}), rows.source)
    if isinstance(rows, np.ndarray):
        return new
    name = domain if isinstance(domain, str) else "domain"
    changed = {column: new[:, i] for i, column in enumerate(columns)}
    return Table.of(rows).with_columns({**changed, name: labels}, kinds={name: "discrete"})


def _tensor(x: NDArray[Any]) -> Tensor:
    if x.dtype == np.uint8:
        return torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2).float() / 255
    return torch.from_numpy(x).float()


def _split(env: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Held-out and kept rows, the same share of every domain."""
    rng = np.random.default_rng([seed, 71])
    held = []
    for d in range(int(env.max()) + 1):
        members = rng.permutation(np.flatnonzero(env == d))
        if len(members) < 2:
            raise DataError(f"a domain has {len(members)} row: at least 2 are needed")
        held.append(members[: max(int(share * len(members)), 1)])
    out = np.sort(np.concatenate(held))
    return out, np.setdiff1d(np.arange(len(env)), out)


def _choose(losses: Mapping[int, Values]) -> SparsityChoice:
    tried = tuple(losses)
    best = min(tried, key=lambda k: float(losses[k].mean()))
    chosen = next(
        k
        for k in tried
        if float((losses[k] - losses[best]).mean()) <= float((losses[k] - losses[best]).std() / np.sqrt(len(losses[k])))
    )
    return SparsityChoice(tried, tuple(float(losses[k].mean()) for k in tried), chosen)
