"""Images and reports by one discrete diffusion on a causal language model whose mask is taken away.

    q(x_t | x_0):  each code and word is masked by itself with probability t                                        (1)
    loss = E_t sum over masked of -log p(x_0 | x_t, t) / t                                                          (2)
    h = h + (1 + gate) f((1 + scale) norm(h) + shift),    gate, scale, shift linear in an embedding of t            (3)

An image is codes of patches, a report words, a pair one sequence; codes stand where codes may and words where words
may. Image -> report, report -> image and both at once are one question: what is known is clamped, the rest masked and
filled in steps. The authors multiply by the bare gate, which begins at 0 and switches every block of the language model
off; with 1 + gate it begins as it was.

What we add: lengths of reports are drawn, so that no padding is learnt; labels of findings are tokens too, so that
do(finding=effusion) can set one and what follows is made anew (`editing.py`). Options keep the causal mask, leave the
time out, or make an autoregressive model of the same network.

This is no medical device: what it makes shows no patient and is not for diagnosis or care.

Source:
    Mao et al., Discrete diffusion models with MLLMs for unified medical multimodal generation, 2025; Sahoo et al.,
    Simple and effective masked diffusion language models, NeurIPS 2024, for (1) and (2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.data.table import Table
from aitia.do import Value
from aitia.errors import OptionError
from aitia.nn.image_tokens import ImageTokenizer, PatchVQ
from aitia.nn.sequences import SequenceModel
from aitia.nn.sequences.saving import KeepsModels, state_file
from aitia.nn.weights import load_into, read_weights, write_weights
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import model_folder
from aitia.system import Edits, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.medim.card import CARD, NO_DEVICE
from aitia.systems.medim.config import MedimConfig
from aitia.systems.medim.editing import Asked, Edited, edited
from aitia.systems.medim.filling import PairNetwork
from aitia.systems.medim.judge import judged
from aitia.systems.medim.layout import Layout, Pair
from aitia.systems.medim.making import diffusion_on, made_model, opened_model, opened_tokenizer, trained
from aitia.systems.medim.page import blocks
from aitia.systems.medim.reading import attributes_of, check_pairs, images_of, pairs_of, reports_of
from aitia.systems.medim.words import ReportTokens, sentences

__all__ = ["Medim"]

Images = NDArray[np.uint8]


class Medim(KeepsModels, Predicts, Edits):
    """Makes images from reports, reports from images, and pairs, after `fit`; see the module. No medical device.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        attributes: Columns of labels that the pairs have, each with its labels.

    Example:
        >>> from aitia.worlds import WardWorld
        >>> world = WardWorld()
        >>> pairs = world.rows(world.sample(40, seed=0)).known.select(("image", "report", "domain"))
        >>> model = Medim(first_steps=2, steps=4, width=16, layers=1, patch=4, codes=16, words=16).fit(pairs)
        >>> made = model.predict({"domain": ["cxr", "path"]})
        >>> made.pictures("image").shape, len(made.texts("report"))
        ((2, 16, 16, 3), 2)
    """

    card = CARD
    Config = MedimConfig
    config: MedimConfig
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    _model: SequenceModel | None = None
    _patches: PatchVQ | None = None
    _network: PairNetwork | None = None
    _size: tuple[int, int] = (0, 0)
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants pairs: an image with its report in every row."""
        if given.rows is None:
            raise OptionError("medim learns from images with their reports: say where they are")
        check_pairs(given)

    def work(self, given: Given) -> str:
        """Steps of both trainings."""
        config = self.config
        first = "" if "model" in given.subjects else f"{config.first_steps} steps as a language model, then "
        return f"{first}{config.steps} steps of {config.batch} pairs ({len(given)} in all)"

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        images, _ = images_of(given)
        self._size = (int(images.shape[1]), int(images.shape[2]))
        self.attributes = attributes_of(given)
        self._patches = self._given_tokenizer = self._network = None
        self._places = 0
        if "image_tokenizer" not in given.subjects:
            self._patches = PatchVQ(config.patch, config.codes, config.seed).fit(images)
        tokenizer = self.image_tokenizer
        places = tokenizer.shape[0] * tokenizer.shape[1]
        named = cast(Network | None, given.subjects.get("model"))
        if named is None:
            reports = [report or "" for report in reports_of(given)]
            self._model = made_model(config, reports, self.attributes, tokenizer.codes, places)
        else:
            self._model = opened_model(named, config, self.attributes, tokenizer.codes, places)
        network = self._connected()
        pairs, held, short = pairs_of(given, network.layout, tokenizer, self.tokens, self._size, config.cut)
        ends = [np.cumsum([0, *map(len, ids)])[:-1].tolist() for ids in held]
        phases = [("reading pairs from the left", True, 0 if named is not None else config.first_steps, 0)]
        phases += [("learning", network.left, config.steps, 1)]
        self._losses = tuple(
            trained(
                network, pairs, ends, steps, left=left, seed=config.seed + number, what=what,
                checkpoint=state_file(run.checkpoint, what.split()[0]), progress=run.progress,
            )
            for what, left, steps, number in phases if steps
        )  # fmt: skip
        self._told = (f"{short} of {len(pairs)} reports were cut to {config.words} tokens",) if short else ()

    @property
    def training(self) -> Training:
        """The losses, what was cut, and what this is not."""
        return Training(losses=self._losses, warnings=(*self._told, NO_DEVICE))

    def outside(self) -> tuple[str, ...]:
        """What to keep in mind with every answer: what this is not."""
        return (*super().outside(), NO_DEVICE)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The columns of findings."""
        domain = self.roles.get("domain")
        return Targets(
            [
                Target(column, labels, about="sets the label; sentences and patches that follow are made anew")
                for column, labels in self.attributes
                if column != domain
            ]
        )

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Images, reports and labels where they are missing, under the labels that are held."""
        network, pairs = self._fitted(), self.pairs(given)
        for place, (column, labels) in enumerate(self.attributes):
            if (label := self._label(column)) is not None:
                pairs = [pair.with_label(place, labels.index(label)) for pair in pairs]
        open_rows = [row for row, pair in enumerate(pairs) if network.masks(pair)]
        made = network.filled([pairs[row] for row in open_rows for _ in range(draws)], seed=seed)
        found = [pair for pair in pairs for _ in range(draws)]
        for k, pair in enumerate(made):
            found[open_rows[k // draws] * draws + k % draws] = pair
        return self._rows(given.take(np.repeat(np.arange(len(given)), draws)), found)

    def _rows(self, given: Given, pairs: Sequence[Pair]) -> Data:
        """The rows with what their pairs hold where they had nothing, and the labels that are held."""
        images, there = images_of(given)
        if not there.all():
            codes = np.stack([cast(Any, pair.image) for pair in pairs])
            drawn = self.image_tokenizer.decode(codes)
            images = np.where(there[:, None, None, None], images if there.any() else drawn, drawn)
        reports = [
            self.said(pair) if report is None else report for pair, report in zip(pairs, reports_of(given), strict=True)
        ]
        labels = {
            column: [known[cast(int, pair.labels[place])] for pair in pairs]
            for place, (column, known) in enumerate(self.attributes)
        }
        names = (given.column("image") or "image", given.column("report") or "report")
        kinds = {names[0]: "picture", names[1]: "text", **dict.fromkeys(labels, "label")}
        return given.data.with_known({names[0]: images, names[1]: reports, **labels}, kinds)

    def _empty(self, n: int) -> Data:
        return Table.of({"report": [None] * n}, kinds={"report": "text"})

    def _edit(self, given: Given) -> Data:
        """Whole rows under the labels that are held; see `editing.py`."""
        network = self._fitted()
        if network.left:
            raise OptionError("an autoregressive model makes no part anew: edits take --objective diffusion")
        check_pairs(given)
        images, _ = images_of(given)
        images, reports = images.copy(), [report or "" for report in reports_of(given)]
        labels: dict[str, list[Any]] = {}
        names = (given.column("image") or "image", given.column("report") or "report")
        for place, (column, known) in enumerate(self.attributes):
            if (label := self._label(column)) is None:
                continue
            now = given.with_rows(given.data.with_known(
                {names[0]: images, names[1]: reports, **labels},
                {names[0]: "picture", names[1]: "text", **dict.fromkeys(labels, "label")},
            ))  # fmt: skip
            found, rows = self._under(now, place, known.index(label))
            for row, one in zip(rows, found, strict=True):
                reports[row] = self._rewritten(reports[row], one)
                self._paint(images[row], one)
            labels[column] = [label] * len(given)
        if not labels:
            return given.data
        kinds = {names[0]: "picture", names[1]: "text", **dict.fromkeys(labels, "label")}
        return given.data.with_known({names[0]: images, names[1]: reports, **labels}, kinds)

    def _under(self, given: Given, place: int, label: int) -> tuple[list[Edited], list[int]]:
        """What becomes of the rows that have another label, and which they are."""
        network = self._fitted()
        pairs, held, _ = pairs_of(given, network.layout, self.image_tokenizer, self.tokens, self._size, False)
        rows = [row for row, pair in enumerate(pairs) if pair.labels[place] != label]
        asked = [Asked(pairs[row], held[row], place, label) for row in rows]
        return edited(network, asked, seed=self.config.seed), rows

    def _rewritten(self, report: str, one: Edited) -> str:
        if one.kept.all():
            return report
        kept = [text for text, stays in zip(sentences(report), one.kept, strict=True) if stays]
        return " ".join([*kept, self.tokens.decode(one.written)]).strip()

    def _paint(self, image: Images, one: Edited) -> None:
        """The patches whose code is another, in place; all other pixels keep their bytes."""
        tokenizer = self.image_tokenizer
        rows, columns = tokenizer.shape
        drawn = tokenizer.decode(np.asarray(one.pair.image)[None])[0]
        high, wide = image.shape[0] // rows, image.shape[1] // columns
        for place in np.flatnonzero(one.changed):
            y, x = divmod(int(place), columns)
            area = (slice(y * high, (y + 1) * high), slice(x * wide, (x + 1) * wide))
            image[area] = drawn[area]

    def _label(self, column: str) -> str | None:
        action = self.held.get(column)
        return str(action.value) if isinstance(action, Value) else None

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Reports of images and images of reports; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Pairs with what is made of either half, and new ones."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Saves the language model of the diffusion as a folder that transformers reads; the time is not in it.

        Raises:
            OptionError: If nothing is fitted.
            RunError: If the folder cannot be written.
        """
        self._fitted().diffusion.model.save(folder)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the language model as a folder, and beside it the time and the codebook of patches."""
        super().save_pretrained(folder)
        if (time := self._fitted().diffusion.time) is not None:
            write_weights(Path(folder) / "time.safetensors", time.state_dict(), {})
        if self._patches is not None:
            self._patches.save_pretrained(Path(folder) / "patches")

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote; an image tokenizer that was given is opened when it is first asked."""
        folder = model_folder(source)
        found = super().from_pretrained(folder)
        if (folder / "patches").is_dir():
            found._patches = PatchVQ.from_pretrained(folder / "patches")
        if found.config.time_input:
            time = found._connected().diffusion.time
            tensors, _ = read_weights(folder / "time.safetensors")
            load_into(cast(Any, time), tensors, folder / "time.safetensors")
        return found

    def _models(self) -> Mapping[str, SequenceModel]:
        return {"network": self._fitted().diffusion.model}

    def _take(self, models: Mapping[str, SequenceModel]) -> None:
        self._model = models["network"]

    def _options(self) -> dict[str, Any]:
        attributes = [[column, list(labels)] for column, labels in self.attributes]
        size = {"size": list(self._size), "places": self._fitted().layout.places}
        return {"config": asdict(self.config), "attributes": attributes, "told": list(self._told), **size}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(MedimConfig(**options["config"]))
        model.attributes = tuple((column, tuple(labels)) for column, labels in options["attributes"])
        model._told, (height, width) = tuple(options["told"]), options["size"]
        model._size, model._places = (int(height), int(width)), int(options["places"])
        return model

    # -- pairs themselves, for judges ----------------------------------------------------------------------------------

    def pairs(self, given: Given) -> list[Pair]:
        """The rows as pairs of codes and words."""
        network = self._fitted()
        return pairs_of(given, network.layout, self.image_tokenizer, self.tokens, self._size, self.config.cut)[0]

    def made(self, pairs: Sequence[Pair], *, seed: int = 0, steps: int | None = None) -> list[Pair]:
        """The pairs, whole; see `PairNetwork.filled`."""
        return self._fitted().filled(pairs, seed=seed, steps=steps)

    def seen_as(self, pairs: Sequence[Pair], *, seed: int = 0) -> Images:
        """(n, height, width, 3) the images of the pairs, made where they are not there."""
        return self.image_tokenizer.decode(np.stack([np.asarray(pair.image) for pair in self.made(pairs, seed=seed)]))

    def said(self, pair: Pair) -> str:
        """The report of a whole pair."""
        return self.tokens.decode(np.asarray(pair.report))

    # -- parts ---------------------------------------------------------------------------------------------------------

    _places: int = 0
    _given_tokenizer: ImageTokenizer | None = None

    @property
    def image_tokenizer(self) -> ImageTokenizer:
        """From images to codes and back."""
        if self._patches is not None:
            return self._patches
        if self._given_tokenizer is None:
            self._given_tokenizer = opened_tokenizer(cast(Network, self.subjects["image_tokenizer"]), self._size)
        return self._given_tokenizer

    @property
    def tokens(self) -> ReportTokens:
        """From reports to words and back."""
        return ReportTokens(self._fitted().layout.vocabulary, "model" not in self.subjects)

    def _connected(self) -> PairNetwork:
        """The network on the model that is there."""
        assert self._model is not None
        if not self._places:
            shape = self.image_tokenizer.shape
            self._places = shape[0] * shape[1]
        layout = Layout(self._model.vocabulary, self.attributes, self._places, self.config.words)
        self._network = PairNetwork(layout, diffusion_on(self._model, layout.mask, self.config), self.config)
        return self._network

    def _fitted(self) -> PairNetwork:
        if self._model is None:
            raise OptionError("this Medim has not been fitted: call fit first")
        return self._network if self._network is not None else self._connected()
