"""The generator: fits, chooses how many mechanisms change, and answers; see the package."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import DataError, InterventionError, OptionError, TrainingError, join_names
from aitia.nn.pretrained import Pretrained, fitted
from aitia.systems.domain_counterfactuals.card import CARD
from aitia.systems.domain_counterfactuals.config import (
    DomainCounterfactualsConfig,
    SparsityChoice,
    choose_sparsity,
)
from aitia.systems.domain_counterfactuals.networks import ImageModel, IndependentImages, Model, TableModel
from aitia.systems.domain_counterfactuals.reading import as_tensor, check_values, like, read, split
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["DomainCounterfactuals"]

Values = NDArray[np.float64]
FEW_ROWS = 50


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

    card = CARD
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
        self._net: Model | None = None
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
        x, labels, self._columns = read(rows, domain)
        self.domains = tuple(dict.fromkeys(sorted(labels)))
        if len(self.domains) < 2:
            raise OptionError(f"domain counterfactuals need at least 2 domains, got only {self.domains[0]!r}")
        self._shape = x.shape[1:]
        check_values(x, self._columns)
        env = np.searchsorted(self.domains, labels)
        counts = np.bincount(env)
        few = [f"{d} ({c})" for d, c in zip(self.domains, counts, strict=True) if c < FEW_ROWS]
        self.warnings = (f"few rows in {', '.join(few)}: answers there are weak",) if few else ()
        held, kept = split(env, self.config.held_out, self.config.seed)
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)

        def fitted_with(k: int) -> tuple["Model", History, Values]:
            return self._fit_one(x, env, held, kept, k, checkpoint, progress)

        sizes = self._latents
        if self.config.changing == "auto" and self.config.structure in ("relaxed", "canonical"):
            found = {k: fitted_with(k) for k in range(1, sizes)}
            self.sparsity = choose_sparsity({k: losses for k, (_, _, losses) in found.items()})
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

    def _build(self, k: int) -> "Model":
        config, domains = self.config, len(self.domains)
        if not self._is_image:
            if config.structure == "independent":
                raise OptionError("structure 'independent' is for images; tables take 'dense'")
            return TableModel(
                self._shape[0], domains, config.structure, k, config.mixing, config.restarts, config.steps
            )
        height, width, _ = self._shape
        if height != width:
            raise DataError(f"images are square, got {width}x{height}: scale them (ImageSet.resized)")
        if config.structure == "independent":
            return IndependentImages(height, domains, config.latents, config.width, self.config.kl_weight)
        return ImageModel(height, domains, config.latents, config.structure, k, config.width, self.config.kl_weight)

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
    ) -> tuple["Model", History, Values]:
        config = self.config
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = self._build(k)
        data = as_tensor(x)
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
        return like(rows, new, domain, [self.domains[d] for d in to], self._columns)

    def from_start(self, number: int) -> Self:
        """This model with the parameters that another of its starts led to, chosen or not.

        Raises:
            OptionError: If there was no such start, or the model is one of images, which has a single start.
        """
        net = fitted(self._net, self)
        if not isinstance(net, TableModel) or not 0 <= number < len(net.unmix):
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
        if not isinstance(net, TableModel):
            raise OptionError("a model of images has no exact likelihood")
        x, labels, _ = self._rows(rows, domain)
        with torch.no_grad():
            value: Values = net.log_prob(as_tensor(x), torch.from_numpy(self._numbers(labels))).double().numpy()
        return value

    def _rows(
        self, rows: Any, domain: str | Sequence[Any] | NDArray[Any]
    ) -> tuple[NDArray[Any], list[str], tuple[str, ...]]:
        fitted(self._net, self)
        x, labels, columns = read(rows, domain, self._columns)
        if x.shape[1:] != self._shape:
            raise DataError(f"rows have shape {x.shape[1:]}, this model was trained on {self._shape}")
        check_values(x, columns, constant=False)
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
            eps: Values = fitted(self._net, self).encode(as_tensor(x), torch.from_numpy(d)).double().numpy()  # type: ignore[operator]
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
