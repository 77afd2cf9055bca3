"""Draws the picture that answers a causal question about a picture: what would it show if something were otherwise?

    a = reasoner(x, q),    y^ = editor(x, guide),    guide = words(a) | latent(x, q) | words(q)                     (1)

The reasoner is a language model where a client is given; else a small network that learns the answers of the rows,
which in rows of our worlds the world's graph gives. Rows with an answer teach the reasoner, rows with a picture after
teach the editor: many answers and few pictures are the usual case, and what the reasoner knows of a question reaches
pictures of which the editor saw no pair. The editor is a small network, or any pipeline of diffusers that takes a
picture and words. Words guide it as it is; the latent guides an InstructPix2Pix through an adapter that the rows with a
picture after teach (`adapter.py`).

What is changed against the paper: the small editor is trained by squared error, without diffusion; the latent is that
of our own reasoner, one vector a row; beside a pipeline the adapter alone learns, where the paper tunes the UNet too.

Cost: a run of each network a row; of a pipeline `draw_steps` runs of its denoiser.

Source:
    Li, Fan, Zhang, Jin, Wang, Guo, Zhao and Li, Image content generation with causal reasoning, AAAI 2024.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.subjects import Client, Network
from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError
from aitia.nn.pixels import from_bytes, to_bytes
from aitia.nn.pretrained import Pretrained
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.system import Encodes, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.vqai.adapter import Adapter
from aitia.systems.vqai.card import CARD
from aitia.systems.vqai.config import Guide, VqaiConfig
from aitia.systems.vqai.judge import judged
from aitia.systems.vqai.learning import Losses, fit_adapter, fit_editor, fit_reasoner, vocabulary
from aitia.systems.vqai.networks import Editor, Reasoner, bags_of
from aitia.systems.vqai.page import blocks
from aitia.systems.vqai.pipelines import PipelineEditor, in_states, in_words, open_editor
from aitia.systems.vqai.reading import Items, check_named, content_words, items_of
from aitia.systems.vqai.reasoning import Told, examples_of, reasoned

__all__ = ["Vqai"]

Pictures = NDArray[np.uint8]
QUESTION, ANSWER = "question", "answer"
WORDED = (ANSWER, QUESTION)
"""Guides in words, by which any editor is told."""
AT_ONCE = 256


class Vqai(Pretrained, Predicts, Encodes):
    """Fills answer and picture after, once fitted; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> from aitia.worlds import WhatIfWorld
        >>> world = WhatIfWorld()
        >>> model = Vqai(steps=4, reasoner_steps=4, batch=8, width=6, pixels=8)
        >>> model = model.fit(world.rows(world.sample(40, seed=0), 8))
        >>> asked = world.rows(world.sample(3, seed=1), 8).known.drop(["answer", "after"])
        >>> model.predict(asked).pictures("after").shape
        (3, 8, 8, 3)
    """

    card = CARD
    Config = VqaiConfig
    config: VqaiConfig
    reasoner: Reasoner | None = None
    editor: Editor | None = None
    adapter: Adapter | None = None
    """What says to a pipeline what no words say."""
    terms: tuple[str, ...] = ()
    """What the editor is told by, where it is told in words."""
    names: frozenset[str] = frozenset()
    """Words of the fit that may name something."""
    examples: tuple[str, ...] = ()
    """What a client is told first."""
    _losses: tuple[Losses, ...] = ()
    _told: tuple[str, ...] = ()
    _warned: tuple[str, ...] = ()
    _fitted: bool = False
    _pipeline: tuple[Any, PipelineEditor] | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants rows, and a guide that there is something for."""
        if given.rows is None:
            raise OptionError("vqai answers questions about pictures: say where the rows are (--data)")
        guide, after = self.config.guide, given.column("after") is not None
        if "editor" not in given.subjects and not after:
            raise OptionError(
                "nothing says what the pictures after look like: name their column (--after COLUMN), or give a "
                "pipeline that edits (--editor FOLDER)"
            )
        if guide not in WORDED and "client" in given.subjects:
            raise OptionError(f"guide={guide} is of the small reasoner: with a client take answer or question")
        if guide not in WORDED and not after:
            raise OptionError(
                f"guide={guide} reaches a pipeline through an adapter that learns from pictures after: name their "
                "column (--after COLUMN), or take answer or question, which guide a pipeline as it is"
            )
        if guide != QUESTION and "client" not in given.subjects and given.column(ANSWER) is None:
            raise OptionError(
                f"guide={guide} wants a reasoner: name the column of answers (--answer COLUMN), give a model that "
                "reasons (--client ..), or let the question guide (--guide question)"
            )

    def work(self, given: Given) -> str:
        """What is trained or asked."""
        parts = []
        if "client" not in given.subjects and given.column(ANSWER) is not None:
            parts.append(f"{self.config.reasoner_steps} steps of {2 * self.config.batch} rows for the reasoner")
        if "client" in given.subjects and self.config.guide == ANSWER and "editor" not in given.subjects:
            parts.append("the client is asked about rows that have a picture after and no answer")
        if "editor" not in given.subjects:
            parts.append(f"{self.config.steps} steps of {self.config.batch} rows for the editor")
        elif self.config.guide not in WORDED:
            parts.append(f"{self.config.steps} steps of {self.config.batch} rows for the adapter to the pipeline")
        return f"{', '.join(parts) or 'nothing is trained'} ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        self.subjects = dict(given.subjects)  # what is asked while it is fitted
        kind = type(self._drawer.library).__name__ if "editor" in self.subjects else ""
        items = items_of(given, config.pixels)
        self.names = frozenset().union(*map(content_words, (*items.questions, *items.answers, *items.captions)))
        check_named(items, self.names, given)
        self._told, self._warned, self._losses = items.notes, (), ()
        self.examples, self._fitted = examples_of(items, config.examples), True
        answered = np.flatnonzero([bool(answer) for answer in items.answers])
        if len(answered) >= 2 and "client" not in given.subjects:
            self.reasoner, losses = fit_reasoner(items.take(answered), config, run)
            self._losses = (*self._losses, losses)
        elif config.guide != QUESTION and "client" not in given.subjects:
            raise DataError("fewer than 2 rows have an answer: there is nothing to reason from")
        if kind:
            self._told = (*self._told, f"pictures are drawn by a {kind} as it is")
        self._learn(items, given, run)

    def _learn(self, items: Items, given: Given, run: RunStore) -> None:
        """To draw: the small editor, or, where states guide a pipeline, the adapter to it."""
        if "editor" not in self.subjects:
            self._fit_editor(self._pairs(items), run)
        elif self.config.guide not in WORDED:
            self._fit_adapter(items, given, run)

    def _pairs(self, items: Items, of: int | None = None) -> Items:
        """The rows that teach to draw, of so many as were given."""
        known = np.flatnonzero(items.known)
        if len(known) < 2:
            raise DataError("fewer than 2 rows have a picture after: there is nothing to draw from")
        pairs = items.take(known)
        equal = int((~pairs.changed.any(axis=(1, 2))).sum())
        if equal == len(pairs):
            raise DataError("the pictures before and after are equal in all rows: nothing is asked that changes them")
        if equal:
            self._warned = (f"{equal} of {len(pairs)} rows have equal pictures before and after: they teach to copy",)
        self._told = (*self._told, f"{of or len(items)} rows ask, {len(pairs)} of them with a picture after")
        return pairs

    def _fit_editor(self, pairs: Items, run: RunStore) -> None:
        config = self.config
        answers = self.answers(pairs, config.seed).answers if config.guide == ANSWER else ()
        if config.guide in WORDED:
            self.terms = tuple(vocabulary(answers if config.guide == ANSWER else pairs.questions))
        self.editor, losses = fit_editor(pairs, self._guides(pairs, answers), config, run)
        self._losses = (*self._losses, losses)

    def _fit_adapter(self, items: Items, given: Given, run: RunStore) -> None:
        """From the rows with a picture after, read anew in the size of the pipeline."""
        pairs = self._pairs(items_of(given.take(np.flatnonzero(items.known)), self._drawer.side), len(items))
        self.adapter, losses = fit_adapter(pairs, self._guides(pairs, ()), self._drawer, self.config, run)
        self._told = (*self._told, "an adapter learned to tell it what guides")
        self._losses = (*self._losses, losses)

    def with_guide(self, guide: Guide, *data: Any, run: RunStore = QUIET, **roles: Any) -> Self:
        """The same reasoner beside an editor, or an adapter to a pipeline, that learns anew and is guided otherwise.

        Args:
            guide: As the option.
            data: Rows with pictures after.
            run: Where the state of the training is kept.
            roles: As in `fit`.

        Raises:
            OptionError: If there is nothing that guides so, or a pipeline draws that words would guide.
            DataError: If too few rows have a picture after.
        """
        other = copy.copy(self)
        other.config = replace(self.config, guide=guide)
        given = self.given(*data, **roles)
        other.check_given(given)
        if "editor" in self.subjects and guide in WORDED:
            raise OptionError("a pipeline learns nothing that words guide: fit with another guide")
        other._warned, other._losses = (), ()
        other._learn(items_of(given, self.config.pixels), given, run)
        return other

    @property
    def training(self) -> Training:
        """The losses, and what to know of the rows."""
        return Training(losses=self._losses, notes=self._told, warnings=self._warned)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The question, and the words that guide where words do."""
        found = [Target(QUESTION, text=True, about="what is asked of every row, from which the rest follows")]
        if self.config.guide == ANSWER:
            found.append(Target(ANSWER, text=True, about="the words that guide the editor, in place of the reasoner's"))
        return Targets(found)

    @property
    def reasons(self) -> bool:
        """Whether anything reasons in words."""
        return self.reasoner is not None or "client" in self.subjects

    @property
    def _drawer(self) -> PipelineEditor:
        """The pipeline that was given; one that states cannot guide is refused where they should."""
        subject = self.subjects["editor"]
        if self._pipeline is None or self._pipeline[0] is not subject:
            self._pipeline = (subject, open_editor(cast(Network, subject)))
        if self.config.guide not in WORDED:
            self._pipeline[1].check_states()
        return self._pipeline[1]

    def items(self, *data: Any, **roles: Any) -> Items:
        """The rows as questions, as what is held makes them.

        Raises:
            DataError: If a row shows no picture, asks nothing, or names nothing that is known.
            FormatError: If a picture cannot be taken.
        """
        if not self._fitted:
            raise OptionError("this Vqai has not been fitted: call fit first")
        given = self.given(*data, **roles)
        items = items_of(given, self._drawer.side if "editor" in self.subjects else self.config.pixels)
        held = {str(name): str(getattr(action, "value", "")) for name, action in self.held.items()}
        items = items.asking(held[QUESTION]) if QUESTION in held else items
        items = items.told(held[ANSWER]) if ANSWER in held else items
        if "editor" not in self.subjects:
            check_named(items, self.names, given)
        return items

    def answers(self, items: Items, seed: int = 0) -> Told:
        """What is answered, in words: what a row gives, else what is reasoned; empty where nothing reasons."""
        open_rows = [row for row, answer in enumerate(items.answers) if not answer]
        found, said = list(items.answers), [""] * len(items)
        if open_rows and "client" in self.subjects:
            client = cast(Client, self.subjects["client"])
            told = reasoned(client, items.take(open_rows), self.config, self.examples, seed)
            for row, answer, verbatim in zip(open_rows, told.answers, told.said, strict=True):
                found[row], said[row] = answer, verbatim
        elif open_rows and self.reasoner is not None:
            seen, asked = self._seen(items.take(open_rows))
            for row, answer in zip(open_rows, self.reasoner.answers(seen, asked), strict=True):
                found[row] = answer
        return Told(found, said)

    def _seen(self, items: Items) -> tuple[Tensor, Tensor]:
        """What the reasoner sees: pictures in its size, and questions."""
        reasoner = cast(Reasoner, self.reasoner)
        pictures = from_bytes(items.pictures)
        if pictures.shape[2] != self.config.pixels:
            side = (self.config.pixels, self.config.pixels)
            pictures = nn.functional.interpolate(pictures, side, mode="area")
        return pictures, bags_of(items.questions, reasoner.terms)

    @torch.no_grad()
    def _guides(self, items: Items, answers: Sequence[str]) -> Tensor:
        """(n, numbers) what guides the small editor, or the adapter to a pipeline."""
        if self.config.guide == ANSWER:
            return bags_of(answers, self.terms)
        if self.config.guide == QUESTION:
            return bags_of(items.questions, self.terms)
        reasoner = cast(Reasoner, self.reasoner)
        seen, asked = self._seen(items)
        found: Tensor = reasoner.latent(seen, asked) if self.config.guide == "latent" else reasoner.words(asked)
        return found

    def pictures(self, items: Items, answers: Sequence[str] | None = None, seed: int = 0) -> Pictures:
        """(n, side, side, 3) what is drawn for questions.

        Args:
            items: Rows.
            answers: In words; None reasons them, where words guide.
            seed: Of a client and of a pipeline.
        """
        if answers is None and self.config.guide == ANSWER:
            answers = self.answers(items, seed).answers
        if "editor" in self.subjects:
            return self._drawer.drawn(items.pictures, self._told_to_a_pipeline(items, answers or ()), self.config, seed)
        guides, pictures = self._guides(items, answers or ()), from_bytes(items.pictures)
        editor = cast(Editor, self.editor)
        with torch.no_grad():
            drawn = [
                editor.drawn(x, told)
                for x, told in zip(torch.split(pictures, AT_ONCE), torch.split(guides, AT_ONCE), strict=True)
            ]
        return to_bytes(torch.cat(drawn))

    @torch.no_grad()
    def _told_to_a_pipeline(self, items: Items, answers: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Of each row the words, or the states that the adapter says in their place."""
        if self.config.guide in WORDED:
            return in_words(items.questions if self.config.guide == QUESTION else answers)
        if self.adapter is None:
            raise OptionError(f"guide={self.config.guide} learned no adapter to a pipeline: fit with it (--editor ..)")
        return in_states(self.adapter(self._guides(items, ())), self.adapter.null)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """`answer` where something reasons, and `after`; what a row gives stays, unless something is held."""
        items = self.items(given)
        told = self.answers(items, seed)
        stacks = []
        for draw in range(draws if "editor" in self.subjects else 1):
            drawn = self.pictures(items, told.answers, seed + draw)
            drawn[items.known] = items.after[items.known]
            stacks.append(drawn)
        number = np.repeat(np.arange(len(items)), draws)
        after = np.stack([stacks[k % len(stacks)][row] for row in range(len(items)) for k in range(draws)])
        name = given.column("after") or "after"
        columns: dict[str, Any] = {name: after}
        kinds: dict[str, Any] = {name: Kind.PICTURE}
        if self.reasons or any(told.answers):
            answer = given.column(ANSWER) or ANSWER
            columns[answer], kinds[answer] = [told.answers[row] or "none" for row in number], "text"
        if any(told.said):
            columns["said"], kinds["said"] = [told.said[row] for row in number], "text"
        if QUESTION in map(str, self.held):
            question = given.column(QUESTION) or QUESTION
            columns[question], kinds[question] = [items.questions[row] for row in number], "text"
        rows = given.data if draws == 1 else given.data.take(number)
        return rows.with_known(columns, kinds)

    def _encode(self, given: Given) -> Table:
        """`e1`, `e2`, ...: the latent of the small reasoner."""
        if self.reasoner is None:
            raise OptionError("codes are the latent of the small reasoner: fit on rows with answers, without a client")
        seen, asked = self._seen(self.items(given))
        with torch.no_grad():
            codes = self.reasoner.latent(seen, asked).double().numpy()
        return Table.of_numbers("e", np.round(codes, 9))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How far pictures are from the true ones, beside what no reasoning draws; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Scores, and strips of pictures."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        """The small networks, where there are any."""
        if not self._fitted:
            raise OptionError("this Vqai has not been fitted: call fit first")
        parts = {"reasoner": self.reasoner, "editor": self.editor, "adapter": self.adapter}
        return nn.ModuleDict({name: part for name, part in parts.items() if part is not None})

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config), "reasoner": None if self.reasoner is None else self.reasoner.settings,
            "editor": None if self.editor is None else self.editor.settings,
            "adapter": None if self.adapter is None else self.adapter.settings, "terms": list(self.terms),
            "names": sorted(self.names), "examples": list(self.examples), "told": list(self._told),
            "warned": list(self._warned),
        }  # fmt: skip

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(VqaiConfig(**options["config"]))
        if options["reasoner"] is not None:
            model.reasoner = Reasoner(**options["reasoner"]).eval()
        if options["editor"] is not None:
            model.editor = Editor(**options["editor"]).eval()
        if options.get("adapter") is not None:
            model.adapter = Adapter(**options["adapter"]).eval()
        model.terms, model.names = tuple(options["terms"]), frozenset(options["names"])
        model.examples, model._fitted = tuple(options["examples"]), True
        model._told, model._warned = tuple(options["told"]), tuple(options["warned"])
        return model
