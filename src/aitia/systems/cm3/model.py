"""CM3: a model that reads pages from the left, and learnt them with spans moved behind them.

    page = <page> a_1 ... a_n,    n ~ clamp(Poisson(1), 1, 16) spans, their ends uniform over the page              (1)
    read = the page with <mask:k> for span k, then <mask:0> span 0 <mask:1> span 1 ... end                          (2)

The loss of (2) is that of any language model, without the sentinels. To fill a hole is to write a sentinel there and to
let the model go on behind the page, where it has seen both sides of the hole. A caption, a picture, the title of a
link and a gap in the text are the same question. A picture is a row of codes of an image tokenizer in `src`.

Source:
    Aghajanyan et al., CM3: a causal masked multimodal model of the internet, 2022, sections 2 and 3. Its weights were
    not released; the small decoder that is trained here knows what the pages say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.errors import DataError, OptionError
from aitia.nn.image_tokens import PatchVQ
from aitia.nn.sequences import DrawnExamples, SequenceLoss, SequenceModel
from aitia.nn.sequences.saving import KeepsModels, state_file
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import model_folder
from aitia.system import Edits, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.cm3.answering import answered, held_alt
from aitia.systems.cm3.card import CARD
from aitia.systems.cm3.config import Cm3Config
from aitia.systems.cm3.documents import Part, parts_of, plain
from aitia.systems.cm3.filling import fill_pages
from aitia.systems.cm3.judge import judged
from aitia.systems.cm3.layout import Asked, Laid, Layout, Said, said_of, titles_of
from aitia.systems.cm3.learning import made_model, page_example
from aitia.systems.cm3.page import blocks
from aitia.systems.cm3.pictures import (
    Pictures,
    found_pictures,
    made_tokenizer,
    moved,
    opened_tokenizer,
    steps_of,
)
from aitia.train import TrainConfig, train

__all__ = ["Cm3"]


class Cm3(KeepsModels, Predicts, Edits):
    """Fills the holes of pages, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> pages = ["<h1>night</h1><p>it is dark</p>", "<h1>day</h1><p>it is light</p>"] * 8
        >>> model = Cm3(steps=80, width=16, layers=1, batch=8, device="cpu").fit({"document": pages})
        >>> found = model.predict({"document": ["<h1><mask:0></h1><p>it is dark</p>"]})
        >>> found.names
        ('document', 'infill')
    """

    card = CARD
    Config = Cm3Config
    config: Cm3Config
    _model: SequenceModel | None = None
    _codebook: PatchVQ | None = None
    _side: int = 0
    _titles: Mapping[str, Sequence[str]] = {}
    _losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    _told: tuple[str, ...] = ()
    _draws: bool = False

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants pages without gaps, and a picture in each that has a place for one and says nothing of it."""
        if given.rows is None:
            raise OptionError("cm3 learns from pages: say where they are")
        pages = [parts_of(document, row) for row, document in enumerate(given.texts("document"))]
        for row, parts in enumerate(pages):
            if any(part.kind == "gap" for part in parts):
                raise DataError(
                    f"the document of row {row} has a gap, <mask:0>, and pages to learn from are whole: write "
                    "&lt;mask:0> if it is a word of the text"
                )
        found_pictures(given, pages, self.config.pixels, scale=self.config.pixels is not None)

    def work(self, given: Given) -> str:
        """Steps of the training."""
        return f"{self.config.steps} steps of {self.config.batch} pages ({len(given)} pages)"

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        pages = [parts_of(document, row) for row, document in enumerate(given.texts("document"))]
        found = found_pictures(given, pages, config.pixels, scale=config.pixels is not None)
        every: list[NDArray[np.int64]] = []
        self.__dict__.pop("pictures", None)
        if found:
            stacked = np.stack([*found.values()])
            self._side = int(stacked.shape[1])
            self._codebook = None if "image_tokenizer" in given.subjects else made_tokenizer(config, stacked)
            held = cast(Pictures, self.pictures)
            every = [held.codes(moved(stacked, *step)) for step in steps_of(config.shift)]
        place = {row: k for k, row in enumerate(found)}
        said = said_of(given, {row: every[0][k] for row, k in place.items()})
        self._titles = titles_of(pages, said) if config.listed else {}
        self._draws = any(part.kind == "alt" for parts in pages for part in parts) and bool(found)
        named = cast(Network | None, given.subjects.get("model"))
        codes = self.pictures.tokenizer.codes if self.pictures else 0
        self._model = made_model(config, named, pages, said, codes)
        layout = self.layout
        laid = self._fitting(given, [layout.laid(*row) for row in zip(pages, said, strict=True)])
        drawn = DrawnExamples(
            self._examples(laid, place, every), len(laid), config.batch, self._model.vocabulary.pad,
            self._model.longest, config.seed,
        )  # fmt: skip
        history = train(
            SequenceLoss(self._model), drawn, self._training(), progress=run.progress, what="reading pages",
            checkpoint=state_file(run.checkpoint, "pages"),
        )  # fmt: skip
        self._model.model.eval()
        self._losses = (("reading pages", tuple(history.losses)),)

    def _examples(self, laid: Sequence[Laid], place: Mapping[int, int], every: Sequence[NDArray[np.int64]]) -> Any:
        """From the number of a page to its example, its picture moved anew each time."""
        model = self.fitted()

        def example(row: int, random: np.random.Generator) -> Any:
            page = laid[row]
            ids = page.ids
            if "image" in page.places and row in place and len(every) > 1:
                first, behind = page.places["image"]
                ids = ids.copy()
                ids[first:behind] = model.vocabulary.image[every[int(random.integers(len(every)))][place[row]]]
            return page_example(ids, self.config, model.vocabulary, model.longest, random)

        return example

    def fits(self, page: Laid, number: int) -> tuple[Laid | None, str]:
        """A page, cut where it is too long and the options say so, and what is to be told of it; None where it is not.

        Args:
            page: It.
            number: Of its row, for the sentence.
        """
        longest = self.fitted().longest - 3  # a span has two sentinels, and the page its end
        cut = page.cut(longest)
        if cut is page:
            return page, ""
        told = f"the document of row {number} has {len(page.ids)} tokens, {longest} fit"
        if cut is None:
            return None, f"{told}: its first element is longer"
        if self.config.too_long == "refuse":
            return None, f"{told}: raise longest, or let too_long=cut cut it"
        return cut, f"{told}: its first {len(cut.ids)} were learnt"

    def _fitting(self, given: Given, pages: Sequence[Laid]) -> list[Laid]:
        """The pages, those that are too long refused or cut."""
        found, said = list[Laid](), list[str]()
        for row, page in enumerate(pages):
            cut, told = self.fits(page, given.row_number(row))
            if cut is None:
                raise DataError(told)
            found.append(cut)
            said += [told] if told else []
        self._told = tuple(said)
        return found

    def _training(self) -> TrainConfig:
        config = self.config
        return TrainConfig(
            steps=config.steps, learning_rate=config.learning_rate, betas=(0.9, 0.95), weight_decay=0.1,
            schedule="cosine", clip=1.0, seed=config.seed, device=config.device,
        )  # fmt: skip

    @property
    def training(self) -> Training:
        """The losses, and which pages were cut."""
        return Training(losses=self._losses, warnings=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """What a picture shows, where pages with pictures were learnt."""
        name = self.roles.get("alt", "alt")
        about = "what the picture shows; it is drawn anew from that and from the rest of the page"
        return Targets([Target(str(name), text=True, about=about)] if self._draws else ())

    def outside(self) -> tuple[str, ...]:
        """Words of what is held of the pictures that the model does not know.

        Raises:
            DataError: If it knows none of them.
        """
        alt = held_alt(self)
        told = self.fitted().vocabulary.unknown([plain(alt)], f"what {next(iter(self.held))} is set to") if alt else ""
        return (*super().outside(), *([told] if told else []))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The holes of each page, under what is held of its picture; texts of one draw are the likeliest."""
        return answered(self, given, draws, seed)

    def _edit(self, given: Given) -> Data:
        """The pictures that what is held speaks of, drawn anew; all else stays."""
        return answered(self, given, 1, self.config.seed, redraw=True) if self.held else given.data

    def fill(self, pages: Sequence[tuple[int, Asked]], *, temperature: float, seed: int = 0) -> list[list[list[int]]]:
        """Ids for each hole of pages that `layout.asked` made, each beside the number of its row.

        Raises:
            DataError: If a page leaves no room for what is asked; says how many tokens it has.
        """
        model, most = self.fitted(), self.config.most
        for row, page in pages:
            needed = len(page.ids) + sum(1 + gap.most(1) for gap in page.gaps)
            if needed > model.longest:
                raise DataError(
                    f"the document of row {row} needs {needed} tokens with its holes, the model takes {model.longest}: "
                    "cut it behind an element"
                )
        asked = [page for _, page in pages]
        return fill_pages(model, self.config.objective, asked, most=most, temperature=temperature, seed=seed)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How well what the pages say is said from the rest of them; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Pages, what they say and what is filled in there."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Saves the model as a folder that transformers reads, its tags, codes and sentinels in the tokenizer.

        Raises:
            OptionError: If nothing is fitted.
            RunError: If the folder cannot be written.
        """
        self.fitted().save(folder)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model, and the codebook of its pictures where it found one."""
        super().save_pretrained(folder)
        if self._codebook is not None:
            self._codebook.save_pretrained(Path(folder) / "pictures")

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote."""
        folder = model_folder(source)
        found = super().from_pretrained(folder)
        if found._side and "image_tokenizer" not in found.subjects:
            found._codebook = PatchVQ.from_pretrained(folder / "pictures")
        return found

    def _models(self) -> Mapping[str, SequenceModel]:
        return {"pages": self.fitted()}

    def _take(self, models: Mapping[str, SequenceModel]) -> None:
        self._model = models["pages"]

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "side": self._side,
            "titles": {link: list(titles) for link, titles in self._titles.items()},
            "draws": self._draws,
            "told": list(self._told),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(Cm3Config(**options["config"]))
        model._side, model._titles, model._draws = options["side"], options["titles"], options["draws"]
        model._told = tuple(options["told"])
        return model

    # -- parts ---------------------------------------------------------------------------------------------------------

    def fitted(self) -> SequenceModel:
        """The model of pages.

        Raises:
            OptionError: If nothing is fitted.
        """
        if self._model is None:
            raise OptionError("this Cm3 has not been fitted: call fit first")
        return self._model

    @cached_property
    def pictures(self) -> Pictures | None:
        """The tokenizer of pictures; None where no page had one."""
        if not self._side:
            return None
        named = cast(Network | None, self.subjects.get("image_tokenizer"))
        return Pictures(self._codebook or opened_tokenizer(cast(Network, named), self._side), self._side)

    @property
    def layout(self) -> Layout:
        """How pages are laid out for this model."""
        return Layout(self.fitted().vocabulary, self.pictures.places if self.pictures else 0, self._titles)

    def rows(self, given: Given) -> tuple[list[list[Part]], list[Said]]:
        """The parts of each page, and what its row says besides.

        Raises:
            DataError: If a page or picture cannot be taken as it is; names the row.
        """
        pages = [parts_of(document, row) for row, document in enumerate(given.texts("document"))]
        found = found_pictures(given, pages, self._side, scale=self.config.pixels is not None)
        if found and self.pictures is None:
            raise DataError(
                f"row {min(found)} has a picture, and no picture was in the pages that this model learnt: fit it anew"
            )
        codes = self.pictures.codes(np.stack([*found.values()])) if self.pictures and found else np.empty((0, 0))
        return pages, said_of(given, dict(zip(found, codes, strict=True)))
