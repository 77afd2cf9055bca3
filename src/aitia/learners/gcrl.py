"""Forecasts of tracks from two latents: z, whose law never changes, and s, whose law is the environment's.

    p(x, y, z, s | e) = p(z) p(s | e) p(x | z, s) p(y | z, s),    p(s) = sum_k w_k p_k(s)                          (1)

x is the past of a scene, y its future. Of all parts only p(s | e) differs between environments, so that a new place
asks for no more than another s. Latents are inferred from the past alone, q(z, s | x) = q(z | x) q(s | x). With
q(z, s | x, y) = q(z, s | x) p(y | z, s) / q(y | x) the bound on log p(x, y) becomes, for draws i = 1..N,

    log q(y | x) + sum_i v_i [ log p(x | z_i, s_i) + log p(s_i) - log q(s_i | x) + log p(z_i) - log q(z_i | x) ]     (2)
    q(y | x) = mean_i p(y | z_i, s_i),    v = softmax_i log p(y | z_i, s_i)

which is `weighted`. `decoupled`, published for the ORCA crossing, takes v_i = 1/N and the error of the best of K draws
for -log q(y | x). The default, `joint`, takes v_i = 1/N and mean_i log p(y | z_i, s_i), which is no more than
log q(y | x) by Jensen's inequality: the plain bound on log p(x, y).

    pair     two agents, perceptrons
    group    any number of agents, LSTMs and attention

s can be read from whole reference scenes of the same place in place of the past (`style="references"`): where nothing
in the past shows the style of a place, q(s | x) cannot know it. This too is a bound on log p(x), for q may be any law.

Where we differ from the source. The best of K rewards draws that scatter, for one of them hits anyway: their mean errs
several times more than with `joint`, and s need not say which place it is, so that do(s) does little. The published
Gaussian log-density lacks the factor 1 / (2 variance) and counts one coordinate of two in the constant; here it is the
density. At the published variance of 0.25 m^2 a decimetre is worth 0.02 nats, and s can collapse to its prior: the
default variance is smaller. Positions are taken in a frame of the scene's own and added to constant
velocity, and the perceptrons of the pair form see and give whitened numbers, which alone makes the error on the ORCA
crossing several times smaller (`raw=True` does without). An intervention keeps the frame and the last step.

Source:
    Shirahmad Gale Bagi, Gharaee, Schulte and Crowley, Generative Causal Representation Learning for Out-of-Distribution
    Motion Forecasting, ICML 2023.
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, log, pi
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from aitia.card import Card
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import DataError, InterventionError, OptionError, join_names
from aitia.nn.flow_prior import FlowMixture
from aitia.nn.gaussian import gaussian_log_prob
from aitia.nn.motion import to_frame
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.track_vae import Gaussian, TrackVAE
from aitia.stats.metrics.motion import ade
from aitia.tracks import TrackSet, common_steps
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["GCRL", "GCRLConfig", "Latents", "SampledForecast"]

Values = NDArray[np.float64]
Update = Literal["style", "style without flow", "all"]
UPDATES: tuple[Update, ...] = ("style", "style without flow", "all")
COLLAPSED = 0.05
"""Nats of KL(q(s) | p(s)) below which s says nothing."""


@dataclass(frozen=True)
class GCRLConfig:
    """Options of `GCRL`.

    Args:
        form: `pair` or `group`; see the module.
        latents: `causal` is (1); `plain` gives both latents one standard normal law and pools the environments (a plain
            VAE); `none` has no s and no chance (empirical risk minimisation, pooled).
        style: Whether s is read from the `past` or from whole reference scenes.
        objective: `joint`, `decoupled` or `weighted`; see the module.
        components: Of the mixture that is the law of s.
        labels: Whether the law of s in training is that of a scene's own environment, p(s | e), with weights of the
            components that are learned for each; otherwise p(s), as published.
        learned: Whether means and variances of the components are learned.
        coupling: Whether there are coupling flows between the latents and their laws.
        observed: Frames of the past.
        future: Frames that are forecast.
        width: Of the perceptrons, or of the LSTMs.
        z_size: Numbers of z an agent.
        s_size: Numbers of s a scene.
        best_of: K of the decoupled objective.
        draws: N of (2); 10 in the source, where `weighted` needs them.
        variance: Of a coordinate given the latents, in square metres.
        prediction_weight: Of the mean squared distance of the best draw, in the decoupled objective; None makes it
            the log-density of the future at `variance`.
        raw: Whether the pair form takes positions as they are, as published; see the module.
        steps: Updates.
        learning_rate: Of Adam, falling to zero.
        batch: Scenes of each environment a step.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    form: Literal["pair", "group"] = "pair"
    latents: Literal["causal", "plain", "none"] = "causal"
    style: Literal["past", "references"] = "past"
    objective: Literal["joint", "decoupled", "weighted"] = "joint"
    components: int = 5
    labels: bool = True
    learned: bool = True
    coupling: bool = True
    observed: int = 8
    future: int = 12
    width: int = 64
    z_size: int = 2
    s_size: int = 2
    best_of: int = 20
    draws: int = 2
    variance: float = 1e-3
    prediction_weight: float | None = None
    raw: bool = False
    steps: int = 2000
    learning_rate: float = 2e-3
    batch: int = 64
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("form", ("pair", "group")),
            ("latents", ("causal", "plain", "none")),
            ("style", ("past", "references")),
            ("objective", ("joint", "decoupled", "weighted")),
        ):
            if getattr(self, name) not in allowed:
                raise OptionError(f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        sizes = ("future", "z_size", "s_size", "components", "draws", "batch")
        for name, least in (("observed", 2), *((name, 1) for name in sizes)):
            if getattr(self, name) < least:
                raise OptionError(f"{name} is at least {least}, got {getattr(self, name)}")
        if self.width < 8 or self.width % 8:
            raise OptionError(f"width is a multiple of 8, got {self.width}")
        if self.objective == "decoupled" and self.best_of < 2:
            raise OptionError(f"the decoupled objective takes the best of 2 draws or more, got best_of={self.best_of}")
        if not self.variance > 0 or (self.prediction_weight is not None and not self.prediction_weight > 0):
            raise OptionError(
                f"variance and prediction_weight are positive, got {self.variance} and {self.prediction_weight}"
            )
        if self.latents == "causal" and self.coupling:
            for name in ("z_size", "s_size"):
                if getattr(self, name) % 2:
                    raise OptionError(
                        f"coupling needs an even size, got {name}={getattr(self, name)}: take another or coupling=False"
                    )
        if self.raw and self.form == "group":
            raise OptionError("raw positions are for the pair form")


@dataclass(frozen=True)
class SampledForecast:
    """Futures of scenes, in metres.

    Args:
        mean: Mean of the samples, (scenes, agents, future, 2).
        samples: (samples, scenes, agents, future, 2).
        spread: Root mean squared distance of the samples from their mean, (scenes, agents, future).
    """

    mean: Values
    samples: Values
    spread: Values


@dataclass(frozen=True)
class Latents:
    """What the encoders say of scenes: means and standard deviations.

    Args:
        z: (scenes, agents, z_size).
        s: (scenes, s_size).
        z_spread: As z.
        s_spread: As s.
    """

    z: Values
    s: Values
    z_spread: Values
    s_spread: Values


class GCRL(Pretrained):
    """A forecaster (1) after `fit` on scenes of several environments.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        environments: Labels of the environments, in the order in which they came.
        history: How the training went.
        kl: Nats of KL(q | p) of `z` (all agents of a scene together) and of `s`, over the scenes of training.
        warnings: What to know about the fit, in words; a collapsed s is told here and as a Python warning.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> tracks = np.cumsum(rng.normal(size=(64, 2, 20, 2)), axis=2)
        >>> model = GCRL(steps=5, batch=8).fit(tracks, ["a", "b"] * 32)
        >>> forecast = model.predict(tracks[:3, :, :8], samples=6)
        >>> forecast.samples.shape, forecast.mean.shape, forecast.spread.shape
        ((6, 3, 2, 12, 2), (3, 2, 12, 2), (3, 2, 12))
    """

    card = Card(
        slug="gcrl",
        title="Generative Causal Representation Learning for Out-of-Distribution Motion Forecasting",
        authors=("Shirahmad Gale Bagi", "Gharaee", "Schulte", "Crowley"),
        year=2023,
        venue="ICML",
        task="forecasts of tracks, and of what they would be in the style of another place",
        modality="tracks",
        claim="A forecaster with one latent for physics and one for the style of a place answers what a scene would be "
        "in another style, and errs no more than a plain VAE.",
        source="https://proceedings.mlr.press/v202/shirahmad-gale-bagi23a.html",
    )

    def __init__(self, config: GCRLConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or GCRLConfig(), **options)
        except TypeError as error:
            raise OptionError(f"GCRL: {error}") from error
        self.environments: tuple[str, ...] = ()
        self.history = History()
        self.kl: dict[str, float] = {}
        self.warnings: tuple[str, ...] = ()
        self._net: _Network | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        tracks: Any,
        environment: str | Sequence[Any] | NDArray[Any] | None = None,
        *,
        validation: Any = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits the forecaster.

        Args:
            tracks: A `TrackSet`, or an array (scenes, agents, observed + future, 2) in metres.
            environment: Label of each scene, where tracks is an array.
            validation: Further whole scenes; the state with the least ADE of the mean sample on them is kept.
            checkpoint: Folder to resume from, and to keep the state of the training in.
            progress: Told how far it is.

        Raises:
            OptionError: If there is one environment only, or the pair form gets more or fewer agents than two.
            DataError: If scenes are too short, or a position is missing.
        """
        config, scenes = self.config, self._whole(TrackSet.of(tracks, environment))
        labels = tuple(dict.fromkeys(scenes.environment.tolist()))
        if config.style == "references" and config.latents != "none":
            _refuse_common_steps(scenes)
        if config.latents == "causal" and len(labels) < 2:
            raise OptionError(f"needs at least 2 training environments (got 1: {labels[0]}); use latents='none' (ERM)")
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = _Network(config, len(labels))
        net.tracks.learn_scales(_tensors(scenes)[0])
        env = _numbers(scenes, labels)
        pooled = config.latents != "causal"
        batches = EnvironmentBatches(
            _tensors(scenes),
            torch.zeros_like(env) if pooled else env,
            config.batch * (len(labels) if pooled else 1),
            config.seed,
        )
        trial = copy.copy(self)
        trial.environments, trial._net = labels, net
        held = None if validation is None else self._whole(TrackSet.of(validation))
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        history = train(
            _Objective(net, config),
            batches,
            _training(config, config.steps, config.learning_rate),
            validate=None if held is None else lambda: trial._error(held),
            checkpoint=None if checkpoint is None else checkpoint / "training.safetensors",
            progress=progress,
            what="training",
        )
        self.environments, self.history, self._net = labels, history, net.cpu().eval()
        self._look(scenes, env)
        return self

    def adapt(
        self,
        scenes: Any,
        environment: str,
        *,
        update: Update = "style",
        steps: int | None = None,
        learning_rate: float = 1e-3,
        progress: Progress | None = None,
    ) -> Self:
        """A forecaster for one more environment, from a few of its scenes; this one stays as it is.

        A forecast for a place never seen needs none of it: the past, or reference scenes, say what s is.

        Args:
            scenes: Whole scenes of the new environment.
            environment: Its label; a known one is replaced.
            update: `style` updates the encoder and the law of s and both decoders, and leaves z as it is; `style
                without flow` leaves the flow of s as well; `all` updates everything.
            steps: Updates; None goes through the scenes 100 times.
            learning_rate: Of Adam, falling to zero.
            progress: Told how far it is.

        Raises:
            OptionError: If there are too few scenes, or an option is unknown.
        """
        config = self.config
        if update not in UPDATES:
            raise OptionError(f"update is {', '.join(map(repr, UPDATES))}, got {update!r}")
        if config.latents == "none" and update != "all":
            raise OptionError("a forecaster without latents has no style to update: take update='all'")
        least = 2 if config.style == "references" else 1
        if scenes is None or len(scenes) < least:
            raise OptionError(
                f"adaptation takes at least {least} scene{'s' * (least > 1)} of the new environment, got "
                f"{0 if scenes is None else len(scenes)}"
            )
        net = copy.deepcopy(self._fitted())
        given = TrackSet.of(scenes, environment)
        few = self._whole(replace(given, environment=np.full(len(given), environment)))
        if config.style == "references":
            _refuse_common_steps(few)
        model = copy.copy(self)
        model._net = net
        kept = [k for k, label in enumerate(self.environments) if label != environment]
        model.environments = (*(self.environments[k] for k in kept), environment)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net.choose(kept, net.shares(*_tensors(few)).mean(0) if config.latents == "causal" else None)
        size = min(len(few), config.batch)
        steps = 100 * ceil(len(few) / size) if steps is None else steps
        model.history = train(
            _Objective(net, config, first=len(kept), z_kl=update == "all"),
            EnvironmentBatches(_tensors(few), torch.zeros(len(few), dtype=torch.int64), size, config.seed),
            _training(config, steps, learning_rate),
            groups=[(net.updated(update), learning_rate)],
            progress=progress,
            what=f"adapting to {environment}",
        )
        net.cpu().eval()
        model._look(few, torch.full((len(few),), len(kept)))
        return model

    def _look(self, scenes: TrackSet, env: Tensor) -> None:
        """Measures what the latents say, and which part of the mixture each environment of these scenes is."""
        net = self._fitted()
        if self.config.latents == "none":
            return
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            present_environments = sorted(set(env.tolist()))
            rows = torch.cat([torch.nonzero(env == e)[:500, 0] for e in present_environments])
            tracks, present = (tensor[rows] for tensor in _tensors(scenes))
            z, s = net.infer(tracks, present)
            z_draws, s_draws, shares = _draws(z, 20), _draws(s, 20), net.shares(tracks, present)
            for e in present_environments:
                own = shares[env[rows] == e].mean(0)
                net.weights[e] = net.label_logits[e].softmax(0) if self.config.labels else own
            kl_z, kl_s = net.divergences(z, s, z_draws, s_draws, present, net.weights.mean(0))
        self.kl = {"z": float(kl_z.mean()), "s": float(kl_s.mean())}
        self.warnings = ()
        if self.kl["s"] < COLLAPSED:
            told = (
                f"s has collapsed: it says {self.kl['s']:.3f} nats about a scene (less than {COLLAPSED}), so do(s=...) "
                "and do(environment=...) change nothing; lower the variance or raise prediction_weight"
            )
            self.warnings = (told,)
            warnings.warn(told, RuntimeWarning, stacklevel=3)

    def _error(self, scenes: TrackSet) -> float:
        """ADE of the mean of 20 samples; the references of a scene are another one of its environment."""
        references = _others(scenes) if self.config.style == "references" else None
        observed = self.config.observed
        forecast = self.predict(scenes, references, paired=True)
        return ade(forecast.mean[scenes.there], scenes.tracks[scenes.there][:, observed:])

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict(
        self,
        past: Any,
        references: Any = None,
        *,
        samples: int = 20,
        paired: bool = False,
        s: ArrayLike | None = None,
        z: ArrayLike | None = None,
        seed: int = 0,
    ) -> SampledForecast:
        """Futures of scenes.

        Args:
            past: (scenes, agents, observed or more, 2) in metres, or a `TrackSet`.
            references: Where s is from: scenes of a place, each draw of s from a random one of them that shares no step
                with the scene; or a known environment, whose law s is drawn from. None reads s from the past itself.
            samples: Draws of the latents.
            paired: Whether reference i belongs to scene i.
            s: Values to hold s at, (s_size,) or (scenes, s_size).
            z: Values to hold z at, (agents, z_size) or (scenes, agents, z_size).
            seed: Of the draws.

        Raises:
            OptionError: If the model reads s from references and there are none, or a label is unknown.
            DataError: If tracks are too short, values of latents have another shape, or a scene shares a step with all
                references that it may take.
        """
        config, net = self.config, self._fitted()
        scenes = TrackSet.of(past)
        scenes.need_frames(config.observed, 0)
        self._check_agents(scenes)
        if samples < 1:
            raise OptionError(f"there is at least 1 sample, got {samples}")
        n, agents = scenes.tracks.shape[:2]
        tracks, present = _tensors(scenes, net.device)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            seen = net.tracks.see(tracks[..., : config.observed, :])
            if z is not None:
                z_draws = _held(z, "z", (n, agents, config.z_size), samples).to(net.device)
            else:
                law = net.tracks.z_of(seen, present)
                z_draws = law.mean[None] if config.latents == "none" else _draws(law, samples)
            if s is not None:
                s_draws = _held(s, "s", (n, net.tracks.s_size), samples).to(net.device)
            else:
                s_draws = self._s_draws(scenes, references, samples, paired)
            futures = seen.home(net.tracks.ahead(z_draws, s_draws, seen))
        drawn: Values = futures.double().cpu().numpy()
        drawn = np.broadcast_to(drawn, (samples, *drawn.shape[1:]))
        mean = drawn.mean(0)
        return SampledForecast(mean, drawn, np.sqrt(((drawn - mean) ** 2).sum(-1).mean(0)))

    def _s_draws(self, scenes: TrackSet, references: Any, samples: int, paired: bool) -> Tensor:
        """(samples, scenes, s_size)."""
        config, net, n = self.config, self._fitted(), len(scenes)
        if config.latents == "none":
            return torch.zeros(1, n, 0, device=net.device)
        if references is None:
            if config.style == "references":
                raise OptionError(
                    f"give reference scenes of the place, or a known environment: {join_names(self.environments)}"
                )
            return _draws(self._s_of(scenes), samples)
        if isinstance(references, str):
            if references not in self.environments:
                raise OptionError(f"there is no environment {references!r}; known are {join_names(self.environments)}")
            weights = net.weights[self.environments.index(references)]
            return net.s_prior.sample((samples, n), weights)
        given = TrackSet.of(references)
        if paired and len(given) != n:
            raise DataError(f"there are {n} scenes and {len(given)} references: paired, they are as many")
        law, apart = self._s_of(given), ~common_steps(scenes, given)
        if config.style == "past":
            apart[:] = True
        allowed = apart.diagonal() if paired else apart.any(1)
        if not allowed.all():
            which = "its reference" if paired else "every reference"
            raise DataError(
                f"scene {np.argmin(allowed)} shares a step with {which}, which shows its future: give other scenes of "
                "the place"
            )
        if paired:
            pick = torch.arange(n).expand(samples, n)
        else:
            pick = torch.multinomial(torch.from_numpy(apart).float(), samples, replacement=True).T
        mean, log_variance = law.mean[pick], law.log_variance[pick]
        return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)

    def _s_of(self, scenes: TrackSet) -> Gaussian:
        scenes.need_frames(self.config.observed, self.config.future if self.config.style == "references" else 0)
        self._check_agents(scenes)
        net = self._fitted()
        return net.tracks.s_of(*_tensors(scenes, net.device))

    def counterfactual(
        self, tracks: Any, intervention: Intervention | str, /, *, references: Any = None, samples: int = 20
    ) -> Values:
        """The mean future (scenes, agents, future, 2) as it would be under `do`; a latent that is not set is kept.

        `do(environment=LABEL)` draws s from the law of an environment, `do(s=[a, b])` holds it at a value, and
        `do(z=[...])` gives every agent that z, or each its own where there are agents * z_size numbers.

        Args:
            tracks: Scenes; their past is read.
            intervention: What is done.
            references: As for `predict`, where s is not set.
            samples: Draws of the latents.

        Raises:
            InterventionError: If something else is set, no environment has that label, or a value has another size.
        """
        action = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
        given = {name: a.value for name, a in action.items() if isinstance(a, Value)}
        if len(given) < len(action) or not set(given) <= {"environment", "s", "z"}:
            raise InterventionError(
                f"this model answers do(environment=LABEL), do(s=NUMBERS) and do(z=NUMBERS), not {intervention}"
            )
        if "environment" in given:
            references = str(given["environment"])
            if references not in self.environments:
                raise InterventionError(
                    f"no environment {references!r} is known; there are {join_names(self.environments)}"
                )
        config, agents = self.config, TrackSet.of(tracks).tracks.shape[1]
        sizes = {"s": (config.s_size,), "z": (config.z_size, agents * config.z_size)}
        held: dict[str, Any] = {}
        for name, allowed in sizes.items():
            if name in given:
                held[name] = np.asarray(given[name], dtype=np.float64).reshape(-1)
                if held[name].size not in allowed:
                    raise InterventionError(
                        f"{name} is {' or '.join(map(str, allowed))} numbers, got {held[name].size}"
                    )
        if "z" in held:
            held["z"] = np.resize(held["z"], (agents, config.z_size))
        return self.predict(tracks, references, samples=samples, **held).mean

    def encode(self, scenes: Any) -> Latents:
        """What the encoders say of scenes: whole ones where s is read from references, otherwise their past.

        Raises:
            OptionError: If the model has no latents.
        """
        net = self._fitted()
        if self.config.latents == "none":
            raise OptionError("a forecaster with latents='none' encodes nothing")
        given = TrackSet.of(scenes)
        with torch.no_grad():
            s = self._s_of(given)
            tracks, present = _tensors(given)
            z = net.tracks.z_of(net.tracks.see(tracks[..., : self.config.observed, :]), present)
        spread = (torch.exp(0.5 * z.log_variance), torch.exp(0.5 * s.log_variance))
        return Latents(*(part.double().numpy() for part in (z.mean, s.mean, *spread)))

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _fitted(self) -> "_Network":
        net = fitted(self._net, self)
        assert isinstance(net, _Network)
        return net

    def _network(self) -> nn.Module:
        return self._fitted()

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "environments": list(self.environments),
            "kl": self.kl,
            "warnings": list(self.warnings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(GCRLConfig(**options["config"]))
        model.environments, model.kl = tuple(options["environments"]), dict(options["kl"])
        model.warnings = tuple(options["warnings"])
        model._net = _Network(model.config, len(model.environments)).eval()
        return model

    # -- checks --------------------------------------------------------------------------------------------------------

    def _whole(self, scenes: TrackSet) -> TrackSet:
        """The scenes that a training takes, cut to their length."""
        config = self.config
        scenes.need_frames(config.observed, config.future)
        self._check_agents(scenes)
        return replace(scenes, tracks=scenes.tracks[:, :, : config.observed + config.future])

    def _check_agents(self, scenes: TrackSet) -> None:
        agents = scenes.tracks.shape[1]
        if self.config.form == "pair" and (agents != 2 or not scenes.there.all()):
            most = int(scenes.there.sum(1).max())
            raise OptionError(f"the pair form takes scenes of 2 agents, got up to {most}: take form='group'")


# -- the network and the objective -----------------------------------------------------------------------------------


class _Network(nn.Module):
    """The encoders and decoders, the laws of z and s, and which parts of the mixture each environment is."""

    def __init__(self, config: GCRLConfig, environments: int) -> None:
        super().__init__()
        c, causal = config, config.latents == "causal"
        looked = c.observed + (c.future if c.style == "references" else 0)
        s_size = 0 if c.latents == "none" else c.s_size
        self.tracks = TrackVAE(c.form, c.observed, c.future, looked, c.width, c.z_size, s_size, c.raw)
        components = c.components if causal else 1
        self.z_prior = FlowMixture(c.z_size, coupling=causal and c.coupling)
        self.s_prior = FlowMixture(s_size, components, learned=causal and c.learned, coupling=causal and c.coupling)
        self.label_logits = nn.Parameter(_first_guess(environments, components))
        self.register_buffer("weights", torch.zeros(environments, components))
        unused = [self.s_prior.logits] if causal and c.labels else [self.label_logits]
        if c.latents == "none":
            seen = [self.tracks.read_z, self.tracks.z_head, self.tracks.future_decoder]
            used = {id(p) for part in seen for p in part.parameters()}
            unused = [p for p in self.parameters() if id(p) not in used]
        for parameter in unused:
            parameter.requires_grad_(False)

    weights: Tensor

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.weights.device

    def choose(self, kept: list[int], shares: Tensor | None) -> None:
        """Leaves some environments, and adds one that begins with these shares of the components."""
        for name in ("label_logits", "weights"):
            old = getattr(self, name).data
            last = old.new_zeros(old.shape[1]) if shares is None else shares.clamp(min=1e-3).log()
            new = torch.cat([old[kept], last[None]])
            learned = self.label_logits.requires_grad
            setattr(self, name, nn.Parameter(new, learned) if name == "label_logits" else new)

    def updated(self, update: Update) -> list[nn.Parameter]:
        """What an adaptation trains."""
        if update == "all":
            return [p for p in self.parameters() if p.requires_grad]
        parts: list[nn.Module] = [
            self.tracks.read_s, self.tracks.s_head, self.tracks.past_decoder, self.tracks.future_decoder
        ]  # fmt: skip
        chosen = [p for part in parts for p in part.parameters()] + [self.label_logits]
        flow = "flow." if update == "style without flow" else None
        chosen += [p for name, p in self.s_prior.named_parameters() if flow is None or not name.startswith(flow)]
        return [p for p in chosen if p.requires_grad]

    def infer(self, tracks: Tensor, present: Tensor) -> tuple[Gaussian, Gaussian]:
        """q(z | past of the tracks) and q(s | tracks)."""
        seen = self.tracks.see(tracks[..., : self.tracks.observed, :])
        return self.tracks.z_of(seen, present), self.tracks.s_of(tracks, present)

    def shares(self, tracks: Tensor, present: Tensor) -> Tensor:
        """(scenes, components): from which component the s of each scene is likely to be."""
        shares: Tensor = self.s_prior.responsibilities(_draws(self.infer(tracks, present)[1], 20)).mean(0)
        return shares

    def divergences(
        self, z: Gaussian, s: Gaussian, z_draws: Tensor, s_draws: Tensor, present: Tensor, weights: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """log q - log p of draws, (draws, ...): of z over the agents that are there, and of s."""
        of_z = gaussian_log_prob(z_draws, z.mean, z.log_variance) - self.z_prior.log_prob(z_draws)
        of_s = gaussian_log_prob(s_draws, s.mean, s.log_variance) - self.s_prior.log_prob(s_draws, weights)
        return (of_z * present).sum(-1), of_s


class _Objective(nn.Module):
    """The loss of one of the three objectives: mean over the scenes of an environment, sum over environments."""

    def __init__(self, net: _Network, config: GCRLConfig, *, first: int = 0, z_kl: bool = True) -> None:
        """The environments of a batch are those from number `first` on."""
        super().__init__()
        self.net, self.config, self.first, self.z_kl = net, config, first, z_kl

    def forward(self, tracks: Tensor, present: Tensor) -> dict[str, Tensor]:
        """tracks (environments, scenes, agents, frames, 2), present (environments, scenes, agents)."""
        config, net = self.config, self.net
        past, future = tracks[..., : config.observed, :], tracks[..., config.observed :, :]
        seen = net.tracks.see(past)
        true = to_frame(future, seen.frame)
        if config.latents == "none":
            code = net.tracks.z_of(seen, present).mean
            answer = net.tracks.ahead(code, code.new_zeros(*code.shape[:-2], 0), seen)
            error = _error(answer, true, present)
            return {"loss": error.mean(1).sum(), "error": error.mean()}
        shift = 1 if config.style == "references" else 0  # the next scene of the environment is the reference
        z, s = net.tracks.z_of(seen, present), net.tracks.s_of(tracks.roll(shift, 1), present.roll(shift, 1))
        count = config.draws
        z_draws, s_draws = (_draws(law, max(count, config.best_of)) for law in (z, s))
        by_label = net.label_logits[self.first : self.first + len(tracks), None].softmax(-1)
        weights = by_label if config.labels and config.latents == "causal" else None
        kl_z, kl_s = net.divergences(z, s, z_draws[:count], s_draws[:count], present, weights)
        rebuilt = _log_density(net.tracks.past(z_draws[:count], s_draws[:count]), seen.past, present, config.variance)
        bound = rebuilt - kl_s - (kl_z if self.z_kl else 0.0)
        parts = {"reconstruction": -rebuilt.mean(), "kl_s": kl_s.mean(), "kl_z": kl_z.mean()}
        if config.objective != "decoupled":
            answer = net.tracks.ahead(z_draws[:count], s_draws[:count], seen)
            likely = _log_density(answer, true, present, config.variance)
            parts["error"] = _error(answer, true, present).mean()
            whole = weighted_bound(likely, bound) if config.objective == "weighted" else (likely + bound).mean(0)
            return {"loss": -whole.mean(1).sum(), **parts}
        with torch.no_grad():  # the gradient of a least error is that of the draw that has it
            errors = _error(net.tracks.ahead(z_draws, s_draws, seen), true, present)
            best = errors.argmin(0, keepdim=True)
        z_best, s_best = _pick(z_draws, best), _pick(s_draws, best)
        error = _error(net.tracks.ahead(z_best, s_best, seen), true, present)[0]
        parts["error"] = error.mean()
        if config.prediction_weight is None:
            scale = present.sum(-1) * (config.future / (2 * config.variance))
        else:
            scale = torch.full_like(error, config.prediction_weight)
        return {"loss": (scale * error - bound.mean(0)).mean(1).sum(), **parts}


def _first_guess(environments: int, components: int) -> Tensor:
    """Logits by which each environment has most of one component."""
    return 3.0 * torch.eye(components)[torch.arange(environments) % components]


def weighted_bound(likely: Tensor, bound: Tensor) -> Tensor:
    """(2) of draws on the first axis, in log space.

    Args:
        likely: log p(y | z_i, s_i), (draws, ...).
        bound: What stands in the brackets of (2), (draws, ...).

    Returns:
        (...).
    """
    evidence = likely.logsumexp(0) - log(len(likely))
    return evidence + (likely.softmax(0) * bound).sum(0)


def _draws(law: Gaussian, count: int) -> Tensor:
    """(count, ...) draws that let gradients through."""
    noise = torch.randn(count, *law.mean.shape, dtype=law.mean.dtype, device=law.mean.device)
    return law.mean + torch.exp(0.5 * law.log_variance) * noise


def _pick(draws: Tensor, best: Tensor) -> Tensor:
    """The draw of each scene, (1, ...)."""
    index = best.reshape(*best.shape, *[1] * (draws.ndim - best.ndim)).expand(1, *draws.shape[1:])
    return draws.gather(0, index)


def _error(answer: Tensor, true: Tensor, present: Tensor) -> Tensor:
    """Mean squared distance of each scene over the agents that are there and frames, (...)."""
    distance = (answer - true).square().sum(-1).mean(-1) * present
    return distance.sum(-1) / present.sum(-1).clamp(min=1)


def _log_density(mean: Tensor, true: Tensor, present: Tensor, variance: float) -> Tensor:
    """log N(true; mean, variance I) of each scene, over agents, frames and coordinates, (...)."""
    squares = (mean - true).square().sum((-1, -2)) * present
    coordinates = 2 * true.shape[-2] * present.sum(-1)
    return -0.5 * (squares.sum(-1) / variance + coordinates * log(2 * pi * variance))


def _held(values: ArrayLike, name: str, shape: tuple[int, ...], samples: int) -> Tensor:
    """Values of a latent for all draws, (samples, *shape); given for every scene, or once for all."""
    given = np.asarray(values, dtype=np.float64)
    if given.shape not in (shape, shape[1:]) or not np.isfinite(given).all():
        raise DataError(f"{name} is finite numbers of shape {shape[1:]} or {shape}, got shape {given.shape}")
    return torch.from_numpy(given).float().expand(samples, *shape)


def _refuse_common_steps(scenes: TrackSet) -> None:
    """Whole scenes that share a step would show each other's future."""
    for label in scenes.environments:
        place = scenes.of_environments(label)
        for begin in range(0, len(place), 1000):
            common = common_steps(place.take(slice(begin, begin + 1000)), place)
            common[np.arange(len(common)), begin + np.arange(len(common))] = False
            if common.any():
                one, other = np.argwhere(common)[0]
                raise DataError(
                    f"scenes {begin + one} and {other} of {label} share a step, so that one shows the other's future: "
                    "with style 'references' take windows that do not overlap"
                )


def _others(scenes: TrackSet) -> TrackSet:
    """For each scene another one of its environment."""
    rows = np.arange(len(scenes))
    for label in scenes.environments:
        members = np.flatnonzero(scenes.environment == label)
        rows[members] = np.roll(members, 1)
    return scenes.take(rows)


def _numbers(scenes: TrackSet, labels: Sequence[str]) -> Tensor:
    place = {label: number for number, label in enumerate(labels)}
    return torch.tensor([place[label] for label in scenes.environment.tolist()])


def _tensors(scenes: TrackSet, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(scenes.tracks).float().to(device), torch.from_numpy(scenes.there).to(device)


def _training(config: GCRLConfig, steps: int, rate: float) -> TrainConfig:
    return TrainConfig(
        steps=steps, learning_rate=rate, schedule="cosine", clip=10.0, seed=config.seed, device=config.device
    )
