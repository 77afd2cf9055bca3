"""A generator with labelled causes: change one cause, and see the image that would have been.

    z = F(u),   u ~ N(0, I)       labelled causes, F a causal layer on their DAG                      (1)
    w ~ N(0, I)                   what the labels do not tell
    x = g(z, w) + noise                                                                                (2)
    loss = |x - g(z, w)|^2 + beta KL( q(w|x) | N(0, I) ) - alpha log q(y|x) - log p_F(y)               (3)

with z drawn from q(z|x), which also has to name the labels y. A counterfactual keeps the noise: u = F^-1(z) and w come
from the image, the intervention replaces lines of F, and g draws what follows. Causes that are not done to answer to
their parents, so a pendulum that is turned takes its shadow along; with no graph every label stands for itself.

This is the plain supervised member of the family, kept as the baseline of those that do more.

Source:
    Yang et al., CausalVAE: Disentangled representation learning via neural structural causal models, CVPR 2021. Ours
    learns F on the labels by exact likelihood and on a given graph, and adds w, which the source does not have.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.images import ImageSet
from aitia.data.table import Kind
from aitia.do import Action, Intervention
from aitia.engine import Progress
from aitia.errors import DataError, GraphError, OptionError, RangeWarning, unknown_variable
from aitia.graph.graph import Graph
from aitia.nn.causal_layer import CausalLayer
from aitia.nn.gaussian import draw, gaussian_kl, gaussian_log_prob
from aitia.nn.layers import ConvDecoder, ConvEncoder
from aitia.nn.pretrained import Pretrained, fitted
from aitia.train import History, RowBatches, TrainConfig, train

__all__ = ["CausalVae", "CausalVaeConfig"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class CausalVaeConfig:
    """Options of `CausalVae`.

    Args:
        graph: The DAG over the causes as text, such as `"light -> shadow"`; empty has no edges.
        residual: Numbers of w, for what the labels do not tell; 0 has none.
        width: Channels of the first convolution.
        hidden: Hidden units of each mechanism.
        kl_weight: beta of (3), in nats beside the squared error, which is summed over pixels.
        label_weight: alpha of (3).
        steps: Updates.
        learning_rate: Of Adam, falling to zero.
        batch: Images a step.
        held_out: Share of images for validation, whose best state is kept.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    graph: str = ""
    residual: int = 4
    width: int = 32
    hidden: int = 32
    kl_weight: float = 1.0
    label_weight: float = 10.0
    steps: int = 3000
    learning_rate: float = 2e-3
    batch: int = 64
    held_out: float = 0.1
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.residual < 0 or self.width < 1 or self.hidden < 1 or self.batch < 1:
            raise OptionError(
                "residual is zero or more, width, hidden and batch at least 1, got "
                f"{self.residual}, {self.width}, {self.hidden} and {self.batch}"
            )
        if self.kl_weight < 0 or self.label_weight <= 0 or not 0 < self.held_out < 1:
            raise OptionError(
                "kl_weight is not negative, label_weight positive and held_out between 0 and 1, got "
                f"{self.kl_weight}, {self.label_weight} and {self.held_out}"
            )


class CausalVae(Pretrained):
    """Answers what an image would have been under `do(cause=value)`, after `fit` on images with labelled causes.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        graph: The DAG over the causes.
        ranges: Lowest and highest value of each cause in the training.
        history: How the training went.

    Example:
        >>> from aitia.data.table import Table
        >>> rng = np.random.default_rng(0)
        >>> shade = rng.integers(40, 255, 64)
        >>> images = np.broadcast_to(shade[:, None, None, None], (64, 8, 8, 3)).astype(np.uint8)
        >>> rows = ImageSet(images, Table.of({"shade": shade}))
        >>> model = CausalVae(steps=5, width=4).fit(rows)
        >>> model.counterfactual(rows.take([0, 1]), "do(shade=90)").images.shape
        (2, 8, 8, 3)
    """

    def __init__(self, config: CausalVaeConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or CausalVaeConfig(), **options)
        except TypeError as error:
            raise OptionError(f"CausalVae: {error}") from error
        self.graph = Graph()
        self.ranges: dict[str, tuple[float, float]] = {}
        self.history: History | None = None
        self._net: _Network | None = None
        self._size = 0

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        rows: ImageSet,
        causes: Sequence[str] | None = None,
        *,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fits the generator.

        Args:
            rows: Square images and their labels.
            causes: The labels that are causes; None takes those of the graph, or else every column of numbers.
            checkpoint: Folder to resume the training from, and to keep its state in.
            progress: Told how far it is.

        Raises:
            DataError: If a label is missing, constant or no number, or the images are not square.
            UnknownVariableError: If a cause is no column of the labels.
            GraphError: If the graph has a cycle or an edge without direction.
        """
        config = self.config
        given = Graph(config.graph)
        names = tuple(causes or given.nodes or _numbers(rows))
        if not names:
            raise DataError("the images have no label that is a number: a cause is one")
        edges = _arrows(given)
        if unknown := [name for edge in edges for name in edge if name not in names]:
            raise unknown_variable(unknown[0], names, "list of causes")
        self.graph = Graph(edges, names)
        height, width = rows.images.shape[1:3]
        if height != width:
            raise DataError(f"images are square, got {width}x{height}: scale them (ImageSet.resized)")
        y = self._labels(rows)
        spread = y.std(axis=0)
        if (spread == 0).any():
            raise DataError(f"label {self.graph.nodes[int(np.argmin(spread))]!r} is constant: leave it out")
        self._size = height
        self.ranges = {name: (float(c.min()), float(c.max())) for name, c in zip(self.graph.nodes, y.T, strict=True)}
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = _Network(config, self.graph, height)
        net.mean.copy_(torch.from_numpy(y.mean(axis=0)))
        net.spread.copy_(torch.from_numpy(spread))
        x, z = _tensor(rows.images), torch.from_numpy((y - y.mean(axis=0)) / spread).float()
        order = np.random.default_rng([config.seed, 83]).permutation(len(rows))
        cut = max(int(config.held_out * len(rows)), 1)
        held, kept = order[:cut], order[cut:]
        if not len(kept):
            raise DataError("a generator is trained on at least 2 images, got 1")
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        self.history = train(
            net,
            RowBatches((x[kept], z[kept]), config.batch, config.seed),
            TrainConfig(
                steps=config.steps,
                learning_rate=config.learning_rate,
                schedule="cosine",
                seed=config.seed,
                validate_every=max(config.steps // 10, 1),
                device="cpu" if config.device == "cpu" else "auto",
            ),
            validate=lambda: net.loss_of(x[held], z[held]),
            checkpoint=None if checkpoint is None else checkpoint / "training.safetensors",
            progress=progress,
        )
        self._net = net.cpu().eval()
        return self

    def _labels(self, rows: ImageSet) -> Values:
        for name in self.graph.nodes:
            if name not in rows.labels:
                raise unknown_variable(name, rows.labels.names, "set of labels")
            if not rows.labels.continuous(name):
                raise DataError(f"label {name!r} holds labels, not numbers: declare it continuous, or leave it out")
            if missing := rows.labels.missing(name):
                raise DataError(f"label {name!r} has no value in {missing} rows: drop them")
        return rows.labels.matrix(self.graph.nodes)

    # -- asking --------------------------------------------------------------------------------------------------------

    def encode(self, rows: ImageSet) -> Values:
        """The causes that the images show, (n, causes), in the units of the labels."""
        net, x = self._ready(rows)
        with torch.no_grad():
            z = torch.cat([net.read(part)[0] for part in torch.split(x, 500)])
        return np.asarray(net.out(z).double().numpy())

    def counterfactual(self, rows: ImageSet, intervention: Intervention | str, /) -> ImageSet:
        """The images as they would have been, and the values of their causes.

        Causes are taken from the labels of the rows where these have them, and are read from the image otherwise.

        Args:
            rows: Images as those of the training.
            intervention: On causes, such as `do(light=1.2)`; `do()` gives the reconstruction.

        Raises:
            UnknownVariableError: If a target is no cause.
            InterventionError: If an action means nothing for a number.
            DataError: If the images have another size than those of the training.

        Warns:
            RangeWarning: If a cause is set to a value outside the range of the training; it says by how much.
        """
        action = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
        self._check(action)
        net, x = self._ready(rows)
        told = all(name in rows.labels and not rows.labels.missing(name) for name in self.graph.nodes)
        z = net.scaled(torch.from_numpy(self._labels(rows) if told else self.encode(rows)).float())
        rng = np.random.default_rng([self.config.seed, 89])
        draws = {name: rng.random(len(rows)) for name in action.targets}
        act = {str(name): net.act(str(name), a, draws[name]) for name, a in action.items()}
        with torch.no_grad():
            u, _ = net.causes.inverse(z)
            moved = net.causes(u, act)
            parts = [
                net.decode(a, net.read(b)[2]) for a, b in zip(torch.split(moved, 500), torch.split(x, 500), strict=True)
            ]
        values = net.out(moved).double().numpy()
        columns = {name: values[:, i] for i, name in enumerate(self.graph.nodes)}
        kinds = dict.fromkeys(columns, Kind.NUMBER)
        return ImageSet(_pixels(torch.cat(parts)), rows.labels.with_columns(columns, kinds=kinds), rows.source)

    def _check(self, action: Intervention) -> None:
        for name, what in action.items():
            if name not in self.graph.nodes:
                raise unknown_variable(name, self.graph.nodes, "model")
            what.check(name)
            value, (low, high) = getattr(what, "value", None), self.ranges[str(name)]
            if value is not None and not low <= float(value) <= high:
                beyond = low - float(value) if value < low else float(value) - high
                warnings.warn(
                    f"{name} = {value:g} is outside the training's range {low:.4g} to {high:.4g} by {beyond:.3g} "
                    f"({beyond / (high - low):.0%} of the range): the answer is extrapolated",
                    RangeWarning,
                    stacklevel=3,
                )

    def _ready(self, rows: ImageSet) -> tuple["_Network", Tensor]:
        net = fitted(self._net, self)
        assert isinstance(net, _Network)
        if rows.images.shape[1:3] != (self._size, self._size):
            height, width = rows.images.shape[1:3]
            raise DataError(f"images are {width}x{height}, this model was trained on {self._size}x{self._size}")
        return net, _tensor(rows.images)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return fitted(self._net, self)

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "causes": list(self.graph.nodes),
            "edges": [list(edge) for edge in _arrows(self.graph)],
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "size": self._size,
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CausalVaeConfig(**options["config"]))
        model.graph = Graph([(a, b) for a, b in options["edges"]], options["causes"])
        model.ranges = {name: (low, high) for name, (low, high) in options["ranges"].items()}
        model._size = options["size"]
        model._net = _Network(model.config, model.graph, model._size).eval()
        return model


class _Network(nn.Module):
    """q, F and g of (1)-(3); causes are standardised inside."""

    def __init__(self, config: CausalVaeConfig, graph: Graph, size: int) -> None:
        super().__init__()
        self.config, self.d = config, len(graph.nodes)
        self.causes = CausalLayer(graph, config.hidden)
        self.encoder = ConvEncoder(size, 2 * (self.d + config.residual), config.width)
        self.decoder = ConvDecoder(size, self.d + config.residual, config.width)
        self.register_buffer("mean", torch.zeros(self.d))
        self.register_buffer("spread", torch.ones(self.d))

    mean: Tensor
    spread: Tensor

    def scaled(self, y: Tensor) -> Tensor:
        """Labels to standardised causes."""
        return (y - self.mean) / self.spread

    def out(self, z: Tensor) -> Tensor:
        """The way back."""
        return z * self.spread + self.mean

    def read(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Means and log-variances of z and of w, given images."""
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        log_variance = log_variance.clamp(-10, 4)
        return mean[:, : self.d], log_variance[:, : self.d], mean[:, self.d :], log_variance[:, self.d :]

    def decode(self, z: Tensor, w: Tensor) -> Tensor:
        """Images of causes and the rest."""
        images: Tensor = self.decoder(torch.cat([z, w], dim=-1))
        return images

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """(3) and its parts, as means over rows; squared error in units of 100."""
        z_mean, z_log_variance, w_mean, w_log_variance = self.read(x)
        z, w = draw(z_mean, z_log_variance), draw(w_mean, w_log_variance)
        error = (self.decode(z, w) - x).square().sum(dim=(1, 2, 3)).mean()
        kl = gaussian_kl(w_mean, w_log_variance).mean()
        label = -gaussian_log_prob(y, z_mean, z_log_variance).mean()
        prior = -self.causes.log_prob(y).mean()
        config = self.config
        loss = (error + config.kl_weight * kl + config.label_weight * label) / 100 + prior
        return {"loss": loss, "squared error": error, "kl": kl, "label": label, "causal prior": prior}

    def loss_of(self, x: Tensor, y: Tensor) -> float:
        """The loss of held-out rows, in pieces that fit into memory."""
        device = self.mean.device
        pairs = zip(torch.split(x, 500), torch.split(y, 500), strict=True)
        total = sum(float(self(a.to(device), b.to(device))["loss"]) * len(a) for a, b in pairs)
        return total / len(x)

    def act(self, name: str, action: Action, u: Values) -> Callable[[Tensor], Tensor]:
        """The action on a standardised cause; actions speak the units of the labels."""
        i = self.causes.names.index(name)

        def acted(natural: Tensor) -> Tensor:
            values = (natural * self.spread[i] + self.mean[i]).double().numpy()
            made = torch.from_numpy(np.asarray(action.apply(values, u))).float()
            return (made - self.mean[i]) / self.spread[i]

        return acted


def _arrows(graph: Graph) -> list[tuple[str, str]]:
    if not graph.is_dag:
        raise GraphError("the graph over the causes is a DAG: orient every edge, and break cycles")
    return [(parent, name) for name in graph.nodes for parent in sorted(graph.parents(name))]


def _numbers(rows: ImageSet) -> tuple[str, ...]:
    return tuple(name for name in rows.labels.names if rows.labels.continuous(name))


def _tensor(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255


def _pixels(x: Tensor) -> NDArray[np.uint8]:
    pixels = (x.permute(0, 2, 3, 1).clamp(0, 1) * 255).round()
    return np.asarray(pixels.numpy(), dtype=np.uint8)
