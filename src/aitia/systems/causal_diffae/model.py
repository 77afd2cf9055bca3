"""A diffusion generator that is given causes and their graph: change one cause, and see the picture as it would be.

Of pictures alone it learns no causes: their labels are given, in all rows or in some, and so is the graph over them. No
graph given: the causes are taken as independent, and `do` moves the one cause only.

    z ~ q(z|x),  z = F(u)         one number a cause; F a causal layer on the DAG                              (1)
    x_T = up(x, z)                the deterministic steps of DDIM from the picture to noise                    (2)
    x = down(x_T, z)              the same steps back, of T in all; z is added to the time of every block      (3)
    loss = |target - s(x_t, t, z)|^2 + gamma / d [ - log q(y|x) - log p_F(y) ]                                 (4)
    s = w s(z) + (1 - w) s()      the strength w; s() was told no causes                                       (5)

with z drawn from q in (4). Where a row has no label of a cause, what q reads stands in its place, and no gradient goes
into it: were q free there, it would tell the UNet what no label tells. Half of each batch are rows with labels. Of a
counterfactual the abduction is u = F^-1(z) and x_T by (2), the action replaces lines of F, and (3) draws what follows.
With a vae x are latents, which it decodes. (2) and (3) undo each other in the limit of small steps only: `bound` is how
far pictures that the training was not given come back off with nothing done.

What we do otherwise than the source, or than its released code, and why:
- the released code takes for x_T the picture noised to the last step, in which nothing of it is left; here it is (2);
- its causal layer is fed by the noise of the parents, which is (1) at depth one only; here it goes node by node;
- some of its interventions set z after the layer, so that descendants stay; here they follow;
- each cause has one number, not a block that is tied to that number k times over: what the labels do not tell stays in
  x_T, and the label prior is the likelihood of the label under q, with the variance that q has;
- that a row is told no causes is a number of its own: an average cause is none that is missing;
- v is predicted, on a cosine schedule with a^2 >= 1e-4, so that something is left to invert at T.

Source:
    Komanduri, Zhao, Chen and Wu, Causal diffusion autoencoders, ECAI 2024. Song, Meng and Ermon, DDIM, ICLR 2021.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import DataError
from aitia.nn.diffusion import Schedule
from aitia.nn.pixels import to_bytes
from aitia.nn.pretrained import fitted
from aitia.report import Block
from aitia.representations.labelled_causes import labels_of, standardised
from aitia.representations.labelled_pictures import IMAGE, LabelledPictures
from aitia.runs import RunStore
from aitia.system import Given, Noise, Opened, Scores
from aitia.systems.causal_diffae.card import CARD
from aitia.systems.causal_diffae.codec import Codec, open_codec
from aitia.systems.causal_diffae.config import CausalDiffaeConfig
from aitia.systems.causal_diffae.drawing import drawn, inverted, read, tensors
from aitia.systems.causal_diffae.fitting import Fitted, causes_of, check_rows, fit, graph_told
from aitia.systems.causal_diffae.network import Network, unet_of
from aitia.systems.causal_diffae.page import blocks, judged_few

__all__ = ["CausalDiffae"]

Values = NDArray[np.float64]
MOVED = 8
"""Held out pictures on which it is measured how much `do` changes."""


class CausalDiffae(Opened[Codec], LabelledPictures):
    """Answers `do(cause=value)` on pictures with labelled causes, and is *given* the causes and their graph.

    Rows may lack labels, some or all, as long as each cause has two values or more. Counterfactuals are approximate:
    `bound` says how far pictures come back off with nothing done, `inversion` the same of each row.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        causes: Names of the causes.
        ranges: Lowest and highest value of each cause in the training.
        bound: How far at most a picture that was held out comes back off, as a mean over its pixels, 0 to 1.
        usual: The error of an inversion that 95 % of the held out pictures stay below.
        history: How the training went.
        notes: Where the graph is from, how many rows have labels, and what to beware of, in words.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> shade = rng.integers(40, 255, 24)
        >>> images = np.broadcast_to(shade[:, None, None, None], (24, 8, 8, 3)).astype(np.uint8)
        >>> rows = Table.of({"image": images, "shade": shade})
        >>> model = CausalDiffae(steps=3, channels=(16,), width=4, batch=8, draw_steps=4).fit(rows)
        >>> model.counterfactual(rows.take([0, 1]), "do(shade=90)")
        Table(2 rows: image, shade)
    """

    card = CARD
    Config = CausalDiffaeConfig
    config: CausalDiffaeConfig
    needed = ()
    usual: float = 0.0
    _net: Network | None = None
    _size: tuple[int, int] = (0, 0)
    _schedule: Schedule
    _held_out: NDArray[np.int64]

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants two pictures, and causes that are numbers of which each has two values."""
        check_rows(given, self.config)

    def work(self, given: Given) -> str:
        """Steps, rows, causes and labels."""
        names, config = causes_of(given, self.config), self.config
        missing = int(np.isnan(labels_of(given, names)).any(axis=1).sum())
        partly = f", {missing} of them without all labels" if missing else ""
        graph = graph_told(given, config) or "no graph"
        return (
            f"{config.steps} steps of {config.batch} images ({len(given)} in all{partly}), {len(names)} causes "
            f"({', '.join(names)}) with {graph}"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        self._take(fit(given, self.config, self._opened_on, run))
        self.roles = {**self.roles, "cause": self.causes}
        self._measure(given)

    def _take(self, found: Fitted) -> None:
        self._net, self._graph, self._schedule = found.net, found.graph, found.schedule
        self._size, self.ranges, self.notes, self.history = found.size, found.ranges, found.notes, found.history
        self._held_out = found.held_out

    def _measure(self, given: Given) -> None:
        """How far held out pictures come back off; says so where that is much of what `do` changes."""
        held = given.take(self._held_out)
        column = held.column(IMAGE) or IMAGE
        parts = self._abduct(held, 1, 0)
        x, u = tensors(held.pictures(IMAGE)), torch.from_numpy(parts["u"])
        back = tensors(self._pictures(parts["noise"], u))
        off = (back - x).abs().flatten(1).mean(1) / 2
        self.bound = {column: float(off.max())}
        self.usual = float(np.quantile(parts["error"], 0.95))
        changes = []
        for name, (low, high) in self.ranges.items():
            for share in (0.2, 0.8):
                held_at = self.do({name: low + share * (high - low)})
                moved = tensors(held_at._pictures(parts["noise"][:MOVED], u[:MOVED]))
                changes.append(float((moved - back[:MOVED]).abs().flatten(1).mean(1).median()) / 2)
        change = float(np.median(changes))
        self.notes += (
            f"A picture comes back within {self.bound[column]:.3g} of full brightness (mean over its pixels) with "
            f"nothing done; do() on a cause changes it by {change:.3g} (median).",
        )
        if self.bound[column] > change / 3:
            self.notes += (
                "A third of what do() changes is less than what a picture comes back off: these are no counterfactuals "
                "to rely on. Train longer (--steps), invert in more steps (--draw-steps) or more exactly (--refine).",
            )

    # -- asking --------------------------------------------------------------------------------------------------------

    def inversion(self, *data: Any, **roles: Any) -> Table:
        """How far each picture comes back off when it is inverted and drawn again.

        Returns:
            `error`, the mean over its pixels, 0 to 1, and `usual`: yes where it is below what 95 % of the pictures that
            were held out have. A picture above it is in no range that the model knows.
        """
        error = self._abduct(self.given(*data, **roles), 1, 0)["error"]
        usual = np.where(error <= self.usual, "yes", "no")
        return Table.of({"error": error, "usual": usual}, kinds={"error": "number", "usual": "label"})

    def _encode(self, given: Given) -> Table:
        """The causes that the images show, in the units of the labels."""
        net = self._ready_net
        values = net.out(read(net, self._ready(given), self.config).double().cpu()).numpy()
        return self._causes_table(values)

    def _abduct(self, given: Given, draws: int, seed: int) -> dict[str, Any]:
        """u and x_T, and the error of the inversion; causes from the labels where rows have them, else from the image.

        Nothing of it is drawn, so that each draw is the same.
        """
        net, x = self._ready_net, self._ready(given)
        shown = net.out(read(net, x, self.config).double())
        y = labels_of(given, self.causes, lenient=True)
        z = net.scaled(torch.from_numpy(np.where(np.isnan(y), shown.numpy(), y)))
        noise, error = inverted(net, x, z, self._schedule, self.config, self._opened_on)
        parts = {"u": net.noise_of(z).numpy(), "noise": noise.numpy(), "error": error.double().numpy()}
        return {name: np.repeat(part, draws, axis=0) for name, part in parts.items()}

    def _solve(self, noise: Noise) -> Data:
        """The pictures and causes with this noise, under what is held; a value out of range is warned about."""
        given = self._facts(noise)
        u = torch.from_numpy(noise.parts["u"])
        values = self._ready_net.out(self._moved(u)).numpy()
        y = labels_of(given, self.causes, lenient=True)
        moved = {name for target in self.held for name in (str(target), *self._graph.descendants(str(target)))}
        for i, name in enumerate(self.causes):
            if name in given.table and name not in moved:  # what nobody labelled and nothing moved is still not known
                values[np.isnan(y[:, i]), i] = np.nan
        return self._with(given, self._pictures(noise.parts["noise"], u), values)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Causes of a picture, the picture of causes, both of a row that has neither; draws are of u and x_T."""
        net, asked = self._ready_net, self._asked(given, draws)
        given, y, seen, told = asked.given, asked.y, asked.seen, asked.told
        u = torch.from_numpy(np.random.default_rng([seed, 91]).standard_normal((len(y), len(self.causes))))
        images = np.zeros((len(y), *self._size, 3), np.uint8)
        if seen.any():
            part = given.take(np.flatnonzero(seen))
            shown = net.out(read(net, self._ready(part), self.config).double()).numpy()
            u[seen] = net.noise_of(net.scaled(torch.from_numpy(np.where(np.isnan(y[seen]), shown, y[seen]))))
            images[seen] = part.pictures(IMAGE)
        if told.any():
            u[told] = net.noise_of(net.scaled(torch.from_numpy(y[told])))
        values = net.out(self._moved(u)).numpy()
        if (~seen).any():
            random = np.random.default_rng([seed, 92]).standard_normal((len(y), *net.shape)).astype(np.float32)
            images[~seen] = self._pictures(random, u, ~seen)
        return self._with(given, images, np.where(np.isnan(y), values, y))

    # -- steps of an answer --------------------------------------------------------------------------------------------

    @property
    def _ready_net(self) -> Network:
        net = cast(Network, fitted(self._net, self))
        gpu = self.config.device == "auto" and torch.cuda.is_available()
        return net.to("cuda" if gpu else "cpu")

    def _ready(self, given: Given) -> Tensor:
        """The pictures of rows, of the size of the training."""
        fitted(self._net, self)
        images = given.pictures(IMAGE)
        if images.shape[1:3] != self._size:
            height, width = images.shape[1:3]
            raise DataError(
                f"images are {width}x{height}, this model was trained on {self._size[1]}x{self._size[0]}: scale them "
                "(--size)"
            )
        return self._opened_on.encode(tensors(images))

    def _opening(self, subjects: Mapping[str, Any]) -> Codec:
        return open_codec(subjects.get("vae"))

    def _moved(self, u: Tensor) -> Tensor:
        """The causes, standardised, that follow from noise under what is held."""
        net, rng = self._ready_net, np.random.default_rng([self.config.seed, 89])
        centre, spread = net.centre.cpu().double(), net.spread.cpu().double()
        act = {}
        for name, action in self.held.items():
            i = self.causes.index(str(name))
            act[str(name)] = standardised(action, rng.random(len(u)), centre[i], spread[i])
        return net.moved(u, act)

    def _pictures(self, noise: Any, u: Tensor, rows: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
        """Bytes of x_T under what is held, of all rows or of some."""
        z, x = self._moved(u), torch.from_numpy(noise)
        if rows is not None:
            z, x = z[rows], x[rows]
        return to_bytes(drawn(self._ready_net, x, z, self._schedule, self.config, self._opened_on))

    # -- judging and keeping -------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Against the world's own counterfactual where there is one; see `aitia.representations.picture_judge`."""
        return judged_few(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Strips for each cause set to values of its range, the truth under them; and how pictures come back."""
        return blocks(self, given)

    def _network(self) -> nn.Module:
        return fitted(self._net, self)

    def _options(self) -> dict[str, Any]:
        net = cast(Network, fitted(self._net, self))
        schedule = self._schedule
        return {
            "config": asdict(self.config),
            **self._told_options(),
            "size": list(self._size),
            "inner": list(net.shape[1:]),
            "bound": dict(self.bound),
            "usual": self.usual,
            "unet": {name: value for name, value in net.unet.config.items() if not name.startswith("_")},
            "schedule": {
                "a": schedule.a.tolist(),
                "s": schedule.s.tolist(),
                "prediction": schedule.prediction,
                "times": None if schedule.times is None else schedule.times.tolist(),
            },
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        config = {**options["config"], "channels": tuple(options["config"]["channels"])}
        model = cls(CausalDiffaeConfig(**config))
        model._take_options(options)
        model._size = options["size"][0], options["size"][1]
        model.bound, model.usual = dict(options["bound"]), float(options["usual"])
        kept = options["schedule"]
        times = None if kept["times"] is None else torch.tensor(kept["times"])
        model._schedule = Schedule(torch.tensor(kept["a"]), torch.tensor(kept["s"]), kept["prediction"], times)
        inner = (options["inner"][0], options["inner"][1])
        model._net = Network(model.config, model._graph, inner, unet_of(options["unet"])).eval()
        return model
