"""The generator: fits, chooses how many mechanisms change, and answers; see the package."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Intervention, Value
from aitia.errors import DataError, InterventionError, OptionError, TrainingError, join_names
from aitia.nn.pretrained import Pretrained, fitted
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Counterfactuals, Encodes, Given, Noise, Predicts, Scores, Target, Targets, Training
from aitia.systems.domain_counterfactuals.card import CARD
from aitia.systems.domain_counterfactuals.config import DomainCounterfactualsConfig, SparsityChoice, choose_sparsity
from aitia.systems.domain_counterfactuals.filling import filled
from aitia.systems.domain_counterfactuals.judge import judged
from aitia.systems.domain_counterfactuals.networks import ImageModel, IndependentImages, Model, TableModel
from aitia.systems.domain_counterfactuals.page import blocks
from aitia.systems.domain_counterfactuals.reading import as_tensor, check_values, numbers, split
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["DomainCounterfactuals"]

Values = NDArray[np.float64]
FEW_ROWS = 50
ROUNDING = 1e-6
"""Standard deviations of a column: a number that comes back within so much is the same."""


class DomainCounterfactuals(Pretrained, Counterfactuals, Predicts, Encodes):
    """Answers (2) after `fit` on unpaired rows of two or more domains. No labels, graph or pairs are needed.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        domains: Labels of the domains, in the order of the model.
        history: How the training went.
        sparsity: How k was chosen, where it was.
        warnings: What to know about the fit, in words.
        shares: Of the rows of the fit, by domain.
        bound: Of pictures, how far at most one of those that the training was not given is from what comes back of it.

    Example:
        >>> from aitia.worlds.latent_domains import LatentDomainsWorld
        >>> world = LatentDomainsWorld(size=3, domains=2, intervened=(2,))
        >>> rows = world.sample(600)
        >>> model = DomainCounterfactuals(changing=1, steps=50).fit(world.render(rows), rows.labels)
        >>> model.counterfactual(world.render(rows)[:4], "do(domain=d1)", domain=rows.labels[:4])
        Table(4 rows: x0, x1, x2, domain)
    """

    card = CARD
    Config = DomainCounterfactualsConfig
    config: DomainCounterfactualsConfig
    domains: tuple[str, ...] = ()
    history: History | None = None
    sparsity: SparsityChoice | None = None
    warnings: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    _net: Model | None = None
    _shape: tuple[int, ...] = ()
    _columns: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants pictures or numbers, and two domains or more."""
        domains = sorted(set(given.labels("domain").tolist()))
        if len(domains) < 2:
            raise OptionError(f"domain counterfactuals need at least 2 domains, got only {domains[0]!r}")
        if not given.columns("image") and not given.columns("variables"):
            raise OptionError(
                f"{given.name} has no column of pictures, nor of numbers beside {given.column('domain')!r}"
            )

    def work(self, given: Given) -> str:
        """Trainings, steps and rows."""
        latents = self.config.latents if given.columns("image") else len(given.columns("variables"))
        sparse = self.config.structure in ("relaxed", "canonical")
        trainings = latents - 1 if self.config.changing == "auto" and sparse else 1
        many = f"{trainings} trainings of " if trainings > 1 else ""
        domains = len(set(given.labels("domain").tolist()))
        return (
            f"{many}{self.config.steps} steps, each of {self.config.batch} rows from every one of "
            f"{domains} domains ({len(given)} rows in all)"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        self._columns = () if given.columns("image") else given.columns("variables")
        x, labels = numbers(given, self._columns), given.labels("domain").tolist()
        self.domains = tuple(dict.fromkeys(sorted(labels)))
        self._shape = x.shape[1:]
        check_values(x, self._columns)
        env = np.searchsorted(self.domains, labels)
        counts = np.bincount(env)
        self.shares = tuple((counts / counts.sum()).tolist())
        few = [f"{d} ({c})" for d, c in zip(self.domains, counts, strict=True) if c < FEW_ROWS]
        self.warnings = (f"few rows in {', '.join(few)}: answers there are weak",) if few else ()
        held, kept = split(env, self.config.held_out, self.config.seed)
        if run.checkpoint is not None:
            run.checkpoint.mkdir(parents=True, exist_ok=True)

        def fitted_with(k: int) -> tuple["Model", History, Values]:
            return self._fit_one(x, env, held, kept, k, run)

        sizes = self._latents
        if self.config.changing == "auto" and self.config.structure in ("relaxed", "canonical"):
            found = {k: fitted_with(k) for k in range(1, sizes)}
            self.sparsity = choose_sparsity({k: losses for k, (_, _, losses) in found.items()})
            self._net, self.history, _ = found[self.sparsity.chosen]
        else:
            k = sizes - 1 if self.config.changing == "auto" else self.config.changing
            self._net, self.history, _ = fitted_with(k)
        self.bound = self._measured(given, held)

    def _measured(self, given: Given, held: NDArray[np.int64]) -> dict[str, float]:
        """How far what comes back of rows is from them; warns where that is much of what a move changes.

        Pictures: the largest of those that the training was not given. Numbers, which come back up to rounding: of all
        rows, where it is more than that.
        """
        if not self._is_image:
            gaps = given.data.gaps(self.solve(self.abduct(given)))
            return {name: gap for name, gap in gaps.items() if gap > ROUNDING}
        x, env = self._read(given.take(held)), self._numbers(given.take(held).labels("domain").tolist())
        eps = self._encode_rows(x, env)
        back = self._decode(eps, env)
        bound = float(_apart(back, x).max())
        moves = [_apart(self._decode(eps, np.full(len(x), d)), back)[d != env] for d in range(len(self.domains))]
        change = float(np.median(np.concatenate(moves)))
        if bound > change / 3:
            self.warnings += (
                f"a picture comes back within {bound:.3g} of full brightness, and a move to another domain changes it "
                f"by {change:.3g} (median): below three times the first, answers are no counterfactuals; train longer "
                "or with more latents",
            )
        return {given.column("image") or "image": bound}

    @property
    def training(self) -> Training:
        """Losses, the choice of k, and warnings."""
        notes = []
        if self.sparsity is not None:
            tried = ", ".join(
                f"{k}: {loss:.4g}" for k, loss in zip(self.sparsity.tried, self.sparsity.losses, strict=True)
            )
            notes.append(
                f"{self.sparsity.chosen} mechanisms change between domains: the fewest whose loss on held-out rows is "
                f"within one standard error of the best ({tried})."
            )
        losses = tuple(self.history.losses) if self.history is not None else ()
        return Training((("training", losses),), tuple(notes), self.warnings)

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
            raise DataError(f"images are square, got {width}x{height}: scale them (--size)")
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
        run: RunStore,
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
            checkpoint=None if run.checkpoint is None else run.checkpoint / f"training-{k}.safetensors",
            progress=run.progress,
            what=f"training with {k} changing of {self._latents}" if config.structure != "dense" else "training",
        )
        net = net.cpu().eval()
        with torch.no_grad():
            losses = net.choose(data[held], torch.from_numpy(env[held]))
        if not np.isfinite(losses).all():
            raise TrainingError(f"g became singular: lower the learning rate ({self._rate:g})")
        return net, history, losses

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The column of the domain."""
        return Targets([Target(self._domain, self.domains, about="moves each row to this domain, its noise kept")])

    @property
    def _domain(self) -> str:
        return str(self.roles.get("domain", "domain"))

    def _label(self, intervention: Intervention) -> str | None:
        """The domain that an intervention sets; None where it sets none."""
        action = intervention.get(self._domain)
        return str(action.value) if isinstance(action, Value) else None

    def _abduct(self, given: Given, draws: int, seed: int) -> dict[str, Values]:
        """eps of each row; a picture's posterior mean, so that each draw is the same."""
        eps = self._encode_rows(self._read(given), self._numbers(given.labels("domain").tolist()))
        return {"eps": np.repeat(eps, draws, axis=0)}

    def _solve(self, noise: Noise) -> Data:
        """The rows with this noise in the domain that is held; each in its own where none is."""
        given = noise.given.take(np.repeat(np.arange(len(noise.given)), noise.draws))
        there = self._label(self.held)
        labels = given.labels("domain").tolist() if there is None else [there] * len(given)
        return self._with(given, labels, self._decode(noise.parts["eps"], self._numbers(labels)))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Rows that are empty beside their domain, drawn from it; all others as they are. See `filling.py`."""
        fitted(self._net, self)
        given = given.take(np.repeat(np.arange(len(given)), draws))
        rng = np.random.default_rng(seed)
        eps = rng.standard_normal((len(given), self._latents))
        uniform = rng.random(len(given))
        labels, x, gone = filled(given, self._columns, self._shape, self._label(self.held))
        drawn = np.searchsorted(np.cumsum(self.shares), uniform).clip(max=len(self.domains) - 1)
        of = [self.domains[k] if label is None else label for label, k in zip(labels, drawn, strict=True)]
        if gone.any():
            x[gone] = self._decode(eps[gone], self._numbers(np.array(of)[gone].tolist()))
        return self._with(given, of, x)

    def _empty(self, n: int) -> Data:
        return Table.of({self._domain: [None] * n}, kinds={self._domain: "label"})

    def _with(self, given: Given, labels: Sequence[str], x: NDArray[Any]) -> Data:
        """The rows with these domains and pictures or numbers."""
        domain = given.column("domain") or self._domain
        changed: dict[str, Any] = {given.column("image") or "image": x}
        kinds = {domain: "label"}
        if not self._is_image:
            changed = dict(zip(self._columns, x.T, strict=True))
            kinds |= dict.fromkeys(self._columns, "number")
        return given.data.with_known({**changed, domain: list(labels)}, kinds)

    def _encode(self, given: Given) -> Table:
        """The noise eps of each row, which it keeps in every domain."""
        eps = self._encode_rows(self._read(given), self._numbers(given.labels("domain").tolist()))
        return Table.of(
            {f"noise{k + 1}": eps[:, k] for k in range(eps.shape[1])},
            kinds=dict.fromkeys((f"noise{k + 1}" for k in range(eps.shape[1])), "number"),
        )

    def truth(self, given: Given, intervention: Intervention) -> Data | None:
        """The world's rows in that environment."""
        there = self._label(intervention)
        return given.rows if there is None else given.truth(environment=there)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Against the world's own counterfactual where there is one; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Some rows of every domain, moved to each of the others."""
        return blocks(self, given)

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

    def log_likelihood(self, *data: Any, **roles: Any) -> Values:
        """log p(x | domain) of each row, in nats.

        Raises:
            OptionError: If the model is one of images, which has only a bound.
        """
        net = fitted(self._net, self)
        if not isinstance(net, TableModel):
            raise OptionError("a model of images has no exact likelihood")
        given = self.given(*data, **roles)
        x, d = self._read(given), self._numbers(given.labels("domain").tolist())
        with torch.no_grad():
            value: Values = net.log_prob(as_tensor(x), torch.from_numpy(d)).double().numpy()
        return value

    def _read(self, given: Given) -> NDArray[Any]:
        fitted(self._net, self)
        x = numbers(given, self._columns)
        if x.shape[1:] != self._shape:
            raise DataError(f"rows have shape {x.shape[1:]}, this model was trained on {self._shape}")
        check_values(x, self._columns, constant=False)
        return x

    def _numbers(self, labels: Sequence[str]) -> NDArray[np.int64]:
        for label in labels:
            if label not in self.domains:
                raise InterventionError(f"the training had no domain {label!r}; it had {join_names(self.domains)}")
        return np.array([self.domains.index(label) for label in labels])

    def _encode_rows(self, x: NDArray[Any], d: NDArray[np.int64]) -> Values:
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
            "shares": list(self.shares),
            "bound": dict(self.bound),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(DomainCounterfactualsConfig(**options["config"]))
        model.domains, model._columns = tuple(options["domains"]), tuple(options["columns"])
        model._shape, model.shares = tuple(options["shape"]), tuple(options["shares"])
        model.bound = dict(options["bound"])
        k = model.config.changing
        model._net = model._build(model._latents - 1 if k == "auto" else k).eval()
        return model


def _apart(x: NDArray[np.uint8], other: NDArray[np.uint8]) -> Values:
    """Mean absolute difference of each picture from its other, 0 to 1, (n,)."""
    far: Values = np.abs(x / 255.0 - other / 255.0).reshape(len(x), -1).mean(axis=1)
    return far
