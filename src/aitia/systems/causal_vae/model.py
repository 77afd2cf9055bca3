"""A generator that is given causes and their graph: change one cause, and see the picture that would have been.

Of pictures alone it learns no causes: their labels are given, and so is the graph over them. No graph given: the causes
are taken as independent, and `do` moves the one cause only. `graph="learn"` searches the labels for a graph.

    z = F(u),   u ~ N(0, I)       labelled causes, F a causal layer on their DAG                      (1)
    w ~ N(0, I)                   what the labels do not tell
    x = g(z, w) + e,   e the noise of the pixels                                                       (2)
    loss = |x - g(z, w)|^2 + beta KL( q(w|x) | N(0, I) ) - alpha log q(y|x) - log p_F(y)               (3)

with z drawn from q(z|x), which also has to name the labels y. A counterfactual keeps the noise: u = F^-1(z) and w come
from the image and e = x - g(z, w) is the rest of it, the intervention replaces lines of F, and g draws what follows,
with e on top. So a fact comes back to the byte, and a network that draws badly changes little; what `do` should move
and does not is told (effectiveness, and the alarms of a run). Causes that are not done to answer to their parents, so a
pendulum that is turned takes its shadow along; with no graph every label stands for itself.

This is the plain supervised member of the family, kept as the baseline of those that do more.

Source:
    Yang et al., CausalVAE: Disentangled representation learning via neural structural causal models, CVPR 2021. Ours
    learns F on the labels by exact likelihood and on a given graph, and adds w, which the source does not have.
    Pawlowski, Castro and Glocker, Deep structural causal models for tractable counterfactual inference, NeurIPS 2020
    (the noise of the likelihood is abducted exactly; the source of the model draws the picture anew without it).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import DataError, join_names, unknown_variable
from aitia.graph.graph import Graph
from aitia.nn.pretrained import fitted
from aitia.report import Block
from aitia.representations.labelled_causes import arrows, labels_of, numbers_of
from aitia.representations.labelled_pictures import IMAGE, LabelledPictures
from aitia.representations.learnt_graph import learnt_graph
from aitia.representations.picture_judge import judged
from aitia.representations.picture_page import blocks
from aitia.runs import RunStore
from aitia.system import Given, Noise, Scores
from aitia.systems.causal_vae.card import CARD
from aitia.systems.causal_vae.config import LEARN, CausalVaeConfig
from aitia.systems.causal_vae.network import AT_ONCE, Network, as_pixels, as_tensor
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["CausalVae"]

Values = NDArray[np.float64]


class CausalVae(LabelledPictures):
    """Answers `do(cause=value)` on pictures with labelled causes, and is *given* the causes and their graph.

    No graph given: the causes are taken as independent. `graph="learn"` searches for one in the labels.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        causes: Names of the causes.
        ranges: Lowest and highest value of each cause in the training.
        history: How the training went.
        notes: Where the graph is from, in words.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> shade = rng.integers(40, 255, 64)
        >>> images = np.broadcast_to(shade[:, None, None, None], (64, 8, 8, 3)).astype(np.uint8)
        >>> rows = Table.of({"image": images, "shade": shade})
        >>> model = CausalVae(steps=5, width=4).fit(rows)
        >>> model.counterfactual(rows.take([0, 1]), "do(shade=90)")
        Table(2 rows: image, shade)
    """

    card = CARD
    Config = CausalVaeConfig
    config: CausalVaeConfig
    _net: Network | None = None
    _size = 0

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants causes that are numbers and vary, and square pictures."""
        names = self._causes(given)
        if not names:
            raise DataError("the images have no label that is a number: a cause is one")
        if self.config.graph != LEARN:
            edges = arrows(Graph(self._told(given)))
            if unknown := [name for edge in edges for name in edge if name not in names]:
                raise unknown_variable(unknown[0], names, "list of causes")
        if len(given) < 2:
            raise DataError("a generator is trained on at least 2 images, got 1")
        y = labels_of(given, names)
        for name, missing in zip(names, np.isnan(y).sum(axis=0), strict=True):
            if missing:
                raise DataError(f"label {name!r} has no value in {missing} rows: drop them")
        if (y.std(axis=0) == 0).any():
            raise DataError(f"label {names[int(np.argmin(y.std(axis=0)))]!r} is constant: leave it out")

    def work(self, given: Given) -> str:
        """Steps, rows and causes."""
        names, config = self._causes(given), self.config
        graph = "a graph that is searched for" if config.graph == LEARN else self._told(given) or "no graph"
        return (
            f"{config.steps} steps of {config.batch} images ({len(given)} in all), {len(names)} causes "
            f"({join_names(names)}) with {graph}"
        )

    def _told(self, given: Given) -> str:
        """The graph that is given: that of the options, or of the world that made the rows."""
        if self.config.graph or given.world is None:
            return self.config.graph
        names = given.columns("cause") or numbers_of(given)
        return str(given.world.graph.subgraph(names)) if set(names) <= set(given.world.names) else ""

    def _causes(self, given: Given) -> tuple[str, ...]:
        """Those that the user names, else those of the graph, else every column of numbers."""
        named = given.columns("cause")
        told = () if self.config.graph in ("", LEARN) else Graph(self.config.graph).nodes
        return named or tuple(told) or numbers_of(given)

    def _fit(self, given: Given, run: RunStore) -> None:
        config, names = self.config, self._causes(given)
        self.roles = {**self.roles, "cause": names}
        images, y = given.pictures(IMAGE), labels_of(given, names)
        height, width = images.shape[1:3]
        if height != width:
            raise DataError(f"images are square, got {width}x{height}: scale them (size)")
        if config.graph == LEARN:
            table = Table.of(dict(zip(names, y.T, strict=True)), kinds=dict.fromkeys(names, "number"))
            self._graph, self.notes = learnt_graph(table, config.alpha)
        else:
            told = self._told(given)
            self._graph = Graph(arrows(Graph(told)), names)
            self.notes = () if told else ("No graph given: the causes are taken as independent.",)
        spread = y.std(axis=0)
        self._size = height
        self.ranges = {name: (float(c.min()), float(c.max())) for name, c in zip(names, y.T, strict=True)}
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = Network(config, self._graph, height)
        net.mean.copy_(torch.from_numpy(y.mean(axis=0)))
        net.spread.copy_(torch.from_numpy(spread))
        x, z = as_tensor(images), torch.from_numpy((y - y.mean(axis=0)) / spread).float()
        order = np.random.default_rng([config.seed, 83]).permutation(len(given))
        cut = max(int(config.held_out * len(given)), 1)
        held, kept = order[:cut], order[cut:]
        if run.checkpoint is not None:
            run.checkpoint.mkdir(parents=True, exist_ok=True)
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
            checkpoint=None if run.checkpoint is None else run.checkpoint / "training.safetensors",
            progress=run.progress,
        )
        self._net = net.cpu().eval()

    # -- asking --------------------------------------------------------------------------------------------------------

    def _encode(self, given: Given) -> Table:
        """The causes that the images show, in the units of the labels."""
        z, _ = self._read(self._ready(given))
        values = self._ready_net.out(z).double().numpy()
        return self._causes_table(values)

    def _abduct(self, given: Given, draws: int, seed: int) -> dict[str, Values]:
        """u, w and e; causes from the labels where the rows have them, from the image elsewhere.

        The means of q are taken, so that each draw is the same.
        """
        x = self._ready(given)
        net, (z, w) = self._ready_net, self._read(x)
        z = self._known(given, net.out(z))
        with torch.no_grad():
            u, _ = net.causes.inverse(net.scaled(z))
            e = x - self._decoded(net.causes(u, {}), w)
        return {name: np.repeat(part.numpy(), draws, axis=0) for name, part in (("u", u), ("w", w), ("e", e))}

    def _solve(self, noise: Noise) -> Data:
        """The pictures and causes with this noise, under what is held; a value out of range is warned about."""
        given = self._facts(noise)
        u, w, e = (torch.from_numpy(noise.parts[name]) for name in ("u", "w", "e"))
        z = self._moved(u)
        return self._with(given, as_pixels(self._decoded(z, w) + e), self._ready_net.out(z).double().numpy())

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Causes of a picture, the picture of causes, both of a row that has neither; draws are of u and w."""
        net, asked = self._ready_net, self._asked(given, draws)
        given, y, seen, told = asked.given, asked.y, asked.seen, asked.told
        rng = np.random.default_rng([seed, 90])
        u, w = (torch.from_numpy(rng.standard_normal((len(y), k))).float() for k in (net.d, self.config.residual))
        if seen.any():
            part = given.take(np.flatnonzero(seen))
            read = self._abduct(part, 1, seed)
            u[seen], w[seen] = torch.from_numpy(read["u"]), torch.from_numpy(read["w"])
        if told.any():
            with torch.no_grad():
                u[told] = net.causes.inverse(net.scaled(torch.from_numpy(y[told]).float()))[0]
        z = self._moved(u)
        images = as_pixels(self._decoded(z, w))
        values = net.out(z).double().numpy()
        if seen.any():
            images[seen] = given.take(np.flatnonzero(seen)).pictures(IMAGE)
        return self._with(given, images, np.where(np.isnan(y), values, y))

    # -- steps of an answer --------------------------------------------------------------------------------------------

    @property
    def _ready_net(self) -> Network:
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        return net

    def _ready(self, given: Given) -> Tensor:
        """The pictures of rows, of the size of the training."""
        fitted(self._net, self)
        images = given.pictures(IMAGE)
        if images.shape[1:3] != (self._size, self._size):
            height, width = images.shape[1:3]
            raise DataError(f"images are {width}x{height}, this model was trained on {self._size}x{self._size}")
        return as_tensor(images)

    def _read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The means of z, standardised, and of w."""
        with torch.no_grad():
            parts = [self._ready_net.read(part) for part in torch.split(x, AT_ONCE)]
        return torch.cat([part[0] for part in parts]), torch.cat([part[2] for part in parts])

    def _known(self, given: Given, read: Tensor) -> Tensor:
        """The causes in the units of the labels: those of the rows where they have them, else those read."""
        y = labels_of(given, self.causes, lenient=True)
        return torch.from_numpy(np.where(np.isnan(y), read.double().numpy(), y)).float()

    def _moved(self, u: Tensor) -> Tensor:
        """The causes, standardised, that follow from noise under what is held."""
        net, rng = self._ready_net, np.random.default_rng([self.config.seed, 89])
        draws = {name: rng.random(len(u)) for name in self.held.targets}
        act = {str(name): net.act(str(name), action, draws[name]) for name, action in self.held.items()}
        with torch.no_grad():
            moved: Tensor = net.causes(u, act)
        return moved

    def _decoded(self, z: Tensor, w: Tensor) -> Tensor:
        """g of standardised causes and the rest, (n, 3, size, size)."""
        net = self._ready_net
        pairs = zip(torch.split(z, AT_ONCE), torch.split(w, AT_ONCE), strict=True)
        with torch.no_grad():
            return torch.cat([net.decode(a, b) for a, b in pairs])

    # -- judging and keeping -------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Against the world's own counterfactual where there is one; see `aitia.representations.picture_judge`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """For each cause, rows with it set to values from its range."""
        return blocks(self, given)

    def _network(self) -> nn.Module:
        return fitted(self._net, self)

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            **self._told_options(),
            "size": self._size,
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CausalVaeConfig(**options["config"]))
        model._take_options(options)
        model._size = options["size"]
        model._net = Network(model.config, model._graph, model._size).eval()
        return model
