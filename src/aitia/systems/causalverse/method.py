"""The contract of the suite's methods: fit, encode, save, and what each cannot do without."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.images import ImageSet
from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.nn.pretrained import Pretrained, fitted
from aitia.systems.causalverse.observations import Observations, observed_shape
from aitia.train import Batches, History, RowBatches, TrainConfig, train

__all__ = ["Assumption", "Method", "MethodConfig", "Network"]

Values = NDArray[np.float64]
Assumption = Literal["labels", "domain labels", "views", "time"]
_AT_ONCE = 512
_VALIDATIONS = 10
_VALIDATION_BATCHES = 8


@dataclass(frozen=True)
class MethodConfig:
    """Options that every method has.

    Args:
        latents: Numbers that an observation is encoded to.
        width: Channels of the first convolution, for images.
        hidden: Width of the perceptrons, for vectors.
        scale: Of vectors: `each` column has its own unit, or all have a `common` one, as befits features of images,
            where a column that varies little matters little.
        steps: Updates.
        batch: Rows a step.
        learning_rate: Of Adam, falling to zero.
        clip: Largest norm of the gradient; None leaves it.
        held_out: Share of ids kept for validation; the weights of the best validation are taken.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    latents: int = 10
    width: int = 16
    hidden: int = 64
    scale: Literal["each", "common"] = "each"
    steps: int = 2000
    batch: int = 64
    learning_rate: float = 1e-3
    clip: float | None = None
    held_out: float = 0.1
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name in ("latents", "width", "hidden", "steps"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.batch < 2 or not 0 < self.held_out < 1:
            raise OptionError(f"batch is at least 2 and held_out between 0 and 1, got {self.batch} and {self.held_out}")
        if self.scale not in ("each", "common"):
            raise OptionError(f"scale is each or common, got {self.scale!r}")
        self.training()

    def training(self) -> TrainConfig:
        """How the one training loop is run."""
        return TrainConfig(
            steps=self.steps,
            learning_rate=self.learning_rate,
            schedule="cosine",
            clip=self.clip,
            seed=self.seed,
            validate_every=max(self.steps // _VALIDATIONS, 1),
            device=self.device,
        )


class Network(nn.Module):
    """The network of a method: called with a batch it gives the loss by parts; `encode` gives the codes."""

    def learn_scale(self, x: Tensor, common: bool) -> None:
        """Learns the units of what is observed, one for all columns of vectors or one for each."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> Tensor:
        """(..., k) of raw observations with any leading axes."""
        raise NotImplementedError


class Method(Pretrained):
    """One method of the suite.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        history: How the training went.
    """

    name: ClassVar[str]
    """As it is listed in `METHODS`."""
    assumes: ClassVar[tuple[Assumption, ...]] = ()
    """What the data have to offer."""
    config_class: ClassVar[type[MethodConfig]] = MethodConfig

    def __init__(self, config: MethodConfig | None = None, **options: Any) -> None:
        known = [f.name for f in fields(self.config_class)]
        if unknown := [name for name in options if name not in known]:
            raise OptionError(f"{type(self).__name__} has no option {unknown[0]!r}; it has: {', '.join(known)}")
        if config is not None and type(config) is not self.config_class:
            raise OptionError(
                f"{type(self).__name__} takes a {self.config_class.__name__}, got a {type(config).__name__}"
            )
        self.config = replace(config or self.config_class(), **options)
        self.history: History | None = None
        self._net: Network | None = None
        self._shape: tuple[int, ...] = ()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options, by name."""
        return asdict(self.config)

    def set_params(self, **options: Any) -> Self:
        """Other options, for the next `fit`."""
        self.config = type(self)(self.config, **options).config
        return self

    # -- what a method gives -------------------------------------------------------------------------------------------

    @abstractmethod
    def _build(self) -> Network:
        """The network, for observations of the shape `_shape`."""

    def _tensors(self, data: Observations) -> tuple[Tensor, ...]:
        """What a row of a batch consists of."""
        return (torch.from_numpy(np.ascontiguousarray(data.x)),)

    def _batches(self, data: Observations) -> Batches:
        """The batches of a training."""
        return RowBatches(self._tensors(data), self.config.batch, self.config.seed)

    def _learn_from(self, data: Observations) -> None:
        """Reads off the data what the network is built by, such as the names of the domains."""

    def _learnt(self) -> dict[str, Any]:
        """What `_learn_from` learnt, as JSON values."""
        return {}

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        """Takes back what `_learnt` gave."""

    # -- the verbs -----------------------------------------------------------------------------------------------------

    def fit(self, data: Any, *, checkpoint: Path | None = None, progress: Progress | None = None) -> Self:
        """Fits the method.

        Args:
            data: `Observations`, an `ImageSet`, or an array as `Observations` takes it.
            checkpoint: Folder to resume the training from, and to keep its state in.
            progress: Told how far it is.

        Raises:
            DataError: If the data lack what the method assumes, or have no shape that it can see.
            TrainingError: If the loss is not finite.
        """
        seen = Observations.of(data)
        self._refuse(seen)
        self._shape = seen.shape
        self._learn_from(seen)
        kept, held = seen.split(self.config.held_out, self.config.seed)
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            net = self._build()
        net.learn_scale(torch.from_numpy(np.ascontiguousarray(kept.x)), self.config.scale == "common")
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        unseen = self._batches(held)
        parts = min(-(-len(held) // self.config.batch), _VALIDATION_BATCHES)

        def validate() -> float:
            device = next(net.parameters()).device
            losses = [net(*(tensor.to(device) for tensor in unseen(part, 0, 1)))["loss"] for part in range(parts)]
            return float(torch.stack(losses).mean())

        self.history = train(
            net,
            self._batches(kept),
            self.config.training(),
            validate=validate,
            checkpoint=None if checkpoint is None else checkpoint / f"{self.name}.safetensors",
            progress=progress,
            what=f"training {self.name}",
        )
        self._net = net.cpu().eval()
        return self

    def encode(self, x: Any) -> Values:
        """The codes of images, clips or vectors of the shape of the training.

        Args:
            x: As the data of `fit`; labels are not looked at.

        Returns:
            (n, k), or (n, frames, k) of clips.

        Raises:
            OptionError: If the method has not been fitted.
            DataError: If the observations have another shape than those of the training, or are not finite.
        """
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        seen = _seen(x)
        if observed_shape(seen) != self._shape:
            raise DataError(
                f"{self.name} was trained on observations of shape {self._shape}, got {observed_shape(seen)}"
            )
        with torch.no_grad():
            parts = [
                net.encode(torch.from_numpy(np.ascontiguousarray(seen[at : at + _AT_ONCE])))
                for at in range(0, len(seen), _AT_ONCE)
            ]
        codes: Values = torch.cat(parts).double().numpy()
        return codes

    def _refuse(self, data: Observations) -> None:
        """Refuses data without what the method assumes."""
        offered = {
            "labels": data.labels is not None,
            "domain labels": data.domain is not None and len(np.unique(data.domain)) > 1,
            "views": data.views,
            "time": data.frames is not None and data.frames > 1,
        }
        for assumption in self.assumes:
            if not offered[assumption]:
                raise DataError(f"{self.name} needs {_TOLD[assumption]}: {data.source} offers none")

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return fitted(self._net, self)

    def _options(self) -> dict[str, Any]:
        return {"config": asdict(self.config), "shape": list(self._shape), "learnt": self._learnt()}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(cls.config_class(**options["config"]))
        model._shape = tuple(options["shape"])
        model._restore(options["learnt"])
        model._net = model._build().eval()
        return model


_TOLD: Mapping[Assumption, str] = {
    "labels": "labels (values of the true variables)",
    "domain labels": "domain labels (a column `domain` with two or more values)",
    "views": "views (rows that share an `id`)",
    "time": "time (clips of two or more frames)",
}


def _seen(x: Any) -> NDArray[Any]:
    if isinstance(x, (Observations, ImageSet)):
        return Observations.of(x).x
    return Observations.of(np.asarray(x)).x
