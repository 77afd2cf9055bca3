"""Dissects a generator: the units of a layer that draw an object are found, taken away, and put in elsewhere.

    r = the layer's output (units, h, w),    x = g(r) the picture,    s_c(x) the pixels that show c
    agreement       IoU(u, c), see `measures`; the best units of c make its set U                                  (1)
    ablation        r_U := 0 everywhere                                                                            (2)
    insertion       r_U,P := k at cells P, k_u the mean of r_u where c is                                          (3)

What chooses is not what scores: thresholds, agreement and sets come from one segmenter on pictures of its own, effects
from the referee on others. Without a referee one segmenter does both, and a warning says so. Pictures come from the
generator as it is called: see `aitia.systems.gan_dissection.generators`.

What is changed against the paper: a threshold is the best of eight quantiles; effects stand beside the largest of
random sets of as many units, and the change of every other object is told too.

Cost: a run of the generator for each picture, and for each set of units what of it comes after the layer.

Source:
    Bau, Zhu, Strobelt, Zhou, Tenenbaum, Freeman and Torralba, GAN dissection, ICLR 2019, arXiv 1811.10597.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.data.table import Kind, Table
from aitia.do import Intervention, Value
from aitia.errors import DataError, InterventionError, OptionError
from aitia.nn.pixels import to_bytes
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.segmenters import Segmenter, SmallSegmenter
from aitia.nn.sites import Site, intervene
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Counterfactuals, Explains, Given, Noise, Opened, Predicts, Scores, Targets, Training
from aitia.system.base import Asked
from aitia.systems.gan_dissection.card import CARD
from aitia.systems.gan_dissection.config import GanDissectionConfig
from aitia.systems.gan_dissection.effects import context, effect_rows, table_of
from aitia.systems.gan_dissection.exporting import without_units
from aitia.systems.gan_dissection.fitting import chosen_layer, dissected
from aitia.systems.gan_dissection.found import Found
from aitia.systems.gan_dissection.generators import ImageGenerator, open_generator
from aitia.systems.gan_dissection.held import check_values, listed, sites_of, units_of
from aitia.systems.gan_dissection.judge import judged
from aitia.systems.gan_dissection.measures import areas
from aitia.systems.gan_dissection.opening import is_labels, learnt, open_segmenter
from aitia.systems.gan_dissection.page import blocks
from aitia.systems.gan_dissection.reading import check_outcome, check_pictures, latents_of
from aitia.systems.gan_dissection.tail import Change, Tail

__all__ = ["GanDissection"]

Parts = tuple[ImageGenerator, tuple[Segmenter, Segmenter]]
IMAGE = "image"


class GanDissection(Opened[Parts], Pretrained, Predicts, Counterfactuals, Explains):
    """Units of one layer of a generator; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        found: What was found; None before the fit.

    Example:
        >>> from aitia.nn.gan import Generator
        >>> from aitia.nn.segmenters import SmallSegmenter
        >>> from aitia.worlds import TownWorld
        >>> _ = torch.manual_seed(0)
        >>> gan, world = Generator(4, (8, 8)).eval(), TownWorld()
        >>> rows = world.sample(16, seed=0)
        >>> masks = world.segments(rows, size=16)
        >>> masks["ground"] |= ~np.any(list(masks.values()), axis=0)  # pixels of which nothing has a half
        >>> town = SmallSegmenter(sorted(masks), width=4, updates=2).fit(world.render(rows, size=16), masks)
        >>> seen = Network("town", "", town.fingerprint, town)
        >>> system = GanDissection(units=2, samples=8).fit(None, model=gan, segmenter=seen)
        >>> system.found.layer, system.do("do(blocks.0[unit=3]=0)").sample(2).pictures("image").shape
        ('blocks.0', (2, 16, 16, 3))
    """

    card = CARD
    Config = GanDissectionConfig
    config: GanDissectionConfig
    needed = ("model", "segmenter")
    found: Found | None = None
    learnt: tuple[SmallSegmenter, SmallSegmenter] | None = None
    """Segmenters that were learnt from a folder of label pictures, kept with the system."""

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants latents where there are rows."""
        if given.rows is not None and not given.columns("latent"):
            raise OptionError(
                "rows of gan-dissection are latents, a column a number of z (--latent): a picture without its latent "
                "cannot be opened; without rows z is drawn"
            )

    def work(self, given: Given) -> str:
        """How many pictures are drawn."""
        return f"{self.config.samples} pictures are drawn and segmented to choose {self.config.units} units an object"

    def _fit(self, given: Given, run: RunStore) -> None:
        generator = self._generator_of(given.subjects)
        self.learnt, self._open = None, None
        if is_labels(given.subjects["segmenter"]):
            if "referee" in given.subjects:
                raise OptionError("a folder of label pictures gives the referee too: leave out referee")
            height, width = generator.size
            self.learnt = learnt(given.subjects["segmenter"].where(), (height, width), self.config.seed)
        chooser, referee = self._segmenters_of(given.subjects)
        if given.rows is not None:
            latents_of(given, generator, referee.names)
        z = generator.noise(self.config.samples, self.config.seed)
        layer = chosen_layer(generator, self.config)
        self.found = dissected(generator, layer, z, chooser, referee, self.config)

    @property
    def training(self) -> Training:
        """What was chosen, and what to keep in mind."""
        return Training(notes=self._found.notes, warnings=self._found.warnings)

    # -- what it was fitted on -----------------------------------------------------------------------------------------

    @property
    def _found(self) -> Found:
        return cast(Found, fitted(self.found, self))

    @property
    def generator(self) -> ImageGenerator:
        """The generator.

        Raises:
            OptionError: If a loaded system has none yet.
        """
        return self._opened_on[0]

    @property
    def referee(self) -> Segmenter:
        """The segmenter that scores."""
        return self._opened_on[1][1]

    def _opening(self, subjects: Mapping[str, Any]) -> Parts:
        return self._generator_of(subjects), self._segmenters_of(subjects)

    def _generator_of(self, subjects: Mapping[str, Any]) -> ImageGenerator:
        options: dict[str, Any] = {"truncation": self.config.truncation}
        if isinstance(subjects["model"], Network) and (subjects["model"].opened or ":" in subjects["model"].id):
            found = open_generator(subjects["model"], self.config.latents, **options)
        else:
            found = open_generator(subjects["model"])
        if found.labels and self.config.of_class is None:
            raise OptionError(f"this generator draws {found.labels} classes: say which (of_class=0)")
        if self.config.of_class is not None and not 0 <= self.config.of_class < max(found.labels, 1):
            raise OptionError(f"this generator has {found.labels} classes, got of_class={self.config.of_class}")
        return found

    def _segmenters_of(self, subjects: Mapping[str, Any]) -> tuple[Segmenter, Segmenter]:
        if self.learnt is not None:
            return self.learnt
        chooser = open_segmenter(subjects["segmenter"])
        referee = open_segmenter(subjects["referee"]) if "referee" in subjects else chooser
        for name in self.config.concepts or ():
            check_outcome(name, chooser.names)
            check_outcome(name, referee.names, "referee")
        return chooser, referee

    # -- doing ---------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """Objects, and units by their place."""
        return listed(self.found)

    def do(self, intervention: Asked = None, /, **named: Any) -> Self:
        """As of every system; units take one number, or one each."""
        other = super().do(intervention, **named)
        check_values(self._found, other.held)
        return other

    def inserted(self, concept: str, cells: NDArray[np.bool_]) -> Intervention:
        """The intervention that puts an object in at other cells of the map, (h, w), than `present` does.

        Raises:
            UnknownVariableError: If it was not studied.
        """
        self.targets.find(concept)
        change = self._found.change(concept, "present", self.config.ablation, torch.from_numpy(np.asarray(cells)))
        return self._found.written(change)

    def pictures(self, z: Tensor) -> Tensor:
        """(n, 3, height, width) of latents, under what is held."""
        generator, sites = self.generator, sites_of(self._found, self.held, self.config.ablation)
        drawn = []
        for part in torch.split(z, self.config.batch):
            classes = None if self.config.of_class is None else torch.full((len(part),), self.config.of_class)
            if sites:
                with intervene(generator.model, sites):
                    drawn.append(generator.draw(part, classes))
            else:
                drawn.append(generator.draw(part, classes))
        return torch.cat(drawn)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The picture of each latent, where there is none, and the share of it that shows each object."""
        generator = self.generator
        if not set(given.columns("latent")) & set(given.table.names):  # new rows
            z = generator.noise(len(given) * draws, seed)
            names = self.roles.get("latent") or [f"z{k + 1}" for k in range(generator.latents)]
            kept = {name: z[:, k].double().cpu().numpy() for k, name in enumerate(names)}
            return self._with(Table.of(kept), self.pictures(z), None)
        z = latents_of(given, generator, self.referee.names)
        image = given.column("image")
        known = None if image is None or image not in given.table else ~np.asarray(given.table.absent(image))
        filled = self._with(given.data, self.pictures(z), (image, known, given) if known is not None else None)
        return filled.take(np.repeat(np.arange(len(given)), draws))

    def _empty(self, n: int) -> Data:
        return Table.of({"number": np.arange(n, dtype=np.float64)})

    def _with(self, rows: Data, x: Tensor, facts: Any) -> Data:
        """Rows with their pictures and shares; a picture that is given stays."""
        pictures, name = to_bytes(x), IMAGE
        if facts is not None:
            name, known, given = facts
            if known.any():
                pictures[known] = given.take(np.flatnonzero(known)).pictures("image")
        seen = areas(self.referee, x).cpu().numpy()
        shares = {k: seen[:, i] for i, k in enumerate(self.referee.names)}
        kinds: dict[str, Any] = {name: Kind.PICTURE, **dict.fromkeys(shares, Kind.NUMBER)}
        return rows.with_known({name: pictures, **shares}, kinds)

    def _abduct(self, given: Given, draws: int, seed: int) -> dict[str, Any]:
        """The latents; each draw is the same.

        Raises:
            DataError: If the picture of a row is not the one that the generator draws of its latent.
        """
        generator = self.generator
        z = latents_of(given, generator, self.referee.names)
        if (image := given.column("image")) in given.table.names and not given.table.absent(str(image)).any():
            free = copy.copy(self)
            free.held = Intervention()
            check_pictures(given, to_bytes(free.pictures(z)))
        return {"z": np.repeat(z.cpu().numpy(), draws, axis=0)}

    def _solve(self, noise: Noise) -> Data:
        """What each latent would have drawn, under what is held; with nothing held the picture of the row."""
        given = noise.given.take(np.repeat(np.arange(len(noise.given)), noise.draws))
        x = self.pictures(torch.from_numpy(noise.parts["z"]).to(self.generator.noise(1, 0)))
        image = given.column("image")
        facts = None
        if image is not None and image in given.table:
            known = ~np.asarray(given.table.absent(image)) & (not self.held)
            facts = (image, known, given)
        return self._with(given.data, x, facts)

    # -- effects -------------------------------------------------------------------------------------------------------

    def _tails(self, given: Given) -> list[Tail]:
        """Rows that are given, or as many as scored, drawn anew from another seed."""
        generator = self.generator
        z = latents_of(given, generator, self.referee.names) if given.rows is not None else generator.noise(
            self.config.samples, self.config.seed + 1
        )  # fmt: skip
        parts = torch.split(z, self.config.batch)
        return [Tail(generator, self._found.layer, part, self.config.of_class) for part in parts]

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Of each object's set on every object, absent and present; or of each target that is held, by itself.

        Further columns: `before`, the mean share of a picture, and `relative`, the effect as a part of it.
        """
        check_outcome(outcome, tuple(self.referee.names))
        asked = self._asked(target)
        rows = effect_rows(
            self._tails(given), self.referee, self._found, asked, controls=self.config.controls, seed=self.config.seed
        )
        if outcome is not None:
            rows = [row for row in rows if row["outcome"] == outcome]
            if not rows:
                raise DataError(f"{outcome!r} is drawn in none of the pictures, with or without what is done")
        return table_of(rows)

    def _asked(self, target: str | None) -> list[tuple[str, Change]]:
        found, ablation = self._found, self.config.ablation
        if self.held:
            held = {str(name): action for name, action in self.held.items() if target in (None, str(name))}
            if not held:
                raise OptionError(f"{target} is not held: ask it of the system without {self.held}")
            return [(f"{name}={action}", self._change(name, action)) for name, action in held.items()]
        if target is None:
            return [
                (f"{name}={way}", found.change(name, way, ablation))
                for name in found.concepts
                for way in ("absent", "present")
            ]
        self.targets.find(target)
        if target in found.concepts:
            return [(f"{target}=absent", found.change(target, "absent", ablation))]
        return [(f"{target}=0", self._change(target, Value(0.0)))]

    def _change(self, target: str, action: Any) -> Change:
        if target in self._found.concepts:
            return self._found.change(target, str(action.value), self.config.ablation)
        site = Site(target)
        if site.module != self._found.layer or not isinstance(action, Value):
            raise InterventionError(
                f"effects are told of units of {self._found.layer} that are held at numbers, got {target}={action}: "
                "predict draws the pictures"
            )
        cells = None if site.cells is None else torch.from_numpy(site.cells)
        return Change(units_of(site, self._found.shape[0]), action.value, cells)

    def context(self, concept: str, *data: Any, controls: int = 2, **roles: Any) -> tuple[Any, Any]:
        """Where putting an object in takes, by the place of the window; see `effects.context`."""
        self.targets.find(concept)
        return context(self._tails(self.given(*data, **roles)), self.referee, self._found, concept, self.config.window,
                       controls, self.config.seed)  # fmt: skip

    def unit_table(self) -> Table:
        """Each unit of the layer with the object that it agrees with best: `unit`, `object`, `iou`, `quality`."""
        found = self._found
        best = found.iou.argmax(1)
        rows = torch.arange(len(best))
        columns = {
            "unit": rows.double().numpy(), "object": [found.names[int(k)] for k in best],
            "iou": found.iou[rows, best].numpy(), "quality": found.iqr[rows, best].numpy(),
        }  # fmt: skip
        return Table.of(columns, kinds={"object": Kind.LABEL})

    # -- telling and keeping -------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How much of each object is gone without its set, beside random sets and sets of as active units."""
        return judged(self, self._tails(fresh))

    def report(self, given: Given) -> Sequence[Block]:
        """Unit sheets, pictures with and without, effects, and where insertions take."""
        return blocks(self, self._tails(given))

    def export(self, folder: str | Path) -> None:
        """Writes `model.safetensors`: the weights of the generator without the units that are held at 0."""
        without_units(self.generator, self._found, self.held, self.config.ablation).save(Path(folder))

    def _network(self) -> nn.Module:
        parts: dict[str, nn.Module] = {"found": self._found}
        if self.learnt is not None:
            parts |= {"chooser": self.learnt[0]._network(), "referee": self.learnt[1]._network()}
        return nn.ModuleDict(parts)

    def _options(self) -> dict[str, Any]:
        segmenters = None if self.learnt is None else [one._options() for one in self.learnt]
        return {"config": asdict(self.config), "found": self._found.options(), "learnt": segmenters}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(GanDissectionConfig(**options["config"]))
        model.found = Found(**options["found"])
        if options["learnt"] is not None:
            one, two = (SmallSegmenter._rebuild(part) for part in options["learnt"])
            model.learnt = (one, two)
        return model
