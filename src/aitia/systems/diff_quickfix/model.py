"""Finds where a text-to-image model carries a concept, and changes one matrix so that it draws another in its place.

The fit traces (`tracing`): prompts are corrupted, states restored one by one, and what of the concept comes back is
measured, by a reader or by pixels. The self-attention of the text encoder that restores most is the place of the edit,
where it restores `least` more than a random change of the same length does; else the fit refuses, with what it found.
`do(CONCEPT=absent)` then draws from the pipeline with that attention's output matrix changed in closed form
(`closed_form`), and leaves the pipeline itself as it was.

What to keep in mind. An edit hits more than it is aimed at: `effects` tells what becomes of the prompts whose pictures
are to stay. To rewrite the prompt costs nothing and always works; an edit is for a model that is handed on. A concept
that is erased may be reached by other words, by embeddings or by picture prompts.

Source:
    Basu, Zhao, Morariu, Feizi and Manjunatha, Localizing and editing knowledge in text-to-image generative models, ICLR
    2024, arXiv 2310.13730.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.data.table import Kind, Table
from aitia.do import Intervention, Value
from aitia.errors import InterventionError, OptionError, UnknownVariableError
from aitia.nn.edits import Edit
from aitia.nn.opening_pictures import open_pipeline
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import to_bytes
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.readers import AttributeReader
from aitia.nn.sites.places import find_places
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Explains, Given, Opened, Predicts, Scores, Target, Targets, Training
from aitia.systems.diff_quickfix.card import CARD
from aitia.systems.diff_quickfix.closed_form import attention_of, random_edit, solve_edit
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.effects import in_force, in_parts, look, of_pairs
from aitia.systems.diff_quickfix.judge import judged
from aitia.systems.diff_quickfix.page import blocks
from aitia.systems.diff_quickfix.prompts import Pair, of_concept, read_prompts, reworded
from aitia.systems.diff_quickfix.restoring import other_states
from aitia.systems.diff_quickfix.saving import save_edited
from aitia.systems.diff_quickfix.states import self_attentions
from aitia.systems.diff_quickfix.tracing import Restored, Tracer

__all__ = ["DiffQuickfix"]

ABSENT, OTHER = "absent", "other"
FAINT = 0.05
"""Share of what two noises do to a picture, below which a concept does next to nothing."""


class _Traced(nn.Module):
    """Shares restored, with their intervals and controls."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.register_buffer("numbers", torch.zeros(places, 4, dtype=torch.float64))


class DiffQuickfix(Opened[tuple[ImagePipeline, AttributeReader | None]], Pretrained, Predicts, Explains):
    """A traced text-to-image pipeline, whose concepts `do` replaces; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        pairs: Of the fit.
        kept: Prompts whose pictures are to stay.
        layer: Whose self-attention is edited.
        places: Of the trace: site and kind.

    Example:
        >>> from aitia.nn.text_to_image import PainterConfig, small_text_to_image
        >>> tiny = small_text_to_image(["a", "red", "blue", "disc"], PainterConfig(size=8, channels=(8, 8), width=8))
        >>> rows = {"prompt": ["a red disc", "a disc"], "other": ["a blue disc", ""]}
        >>> system = DiffQuickfix(layer=0, steps=2, noises=1, denoiser=False).fit(rows, model=tiny)
        >>> system.targets.names, system.edit_of(system.do(red="absent").held).name
        (('red',), 'text_encoder.encoder.layers.0.self_attn.out_proj')
        >>> system.do(red="absent").predict({"prompt": ["a red disc"]}).pictures("image").shape
        (1, 8, 8, 3)
    """

    card = CARD
    Config = DiffQuickfixConfig
    config: DiffQuickfixConfig
    pairs: tuple[Pair, ...] = ()
    kept: tuple[str, ...] = ()
    layer: int = 0
    places: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    traced: _Traced | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants a pipeline that reads text, and prompts of which one at least says what is drawn instead."""
        if "model" not in given.subjects:
            raise OptionError(f"{CARD.slug} edits a text-to-image pipeline: say which (model)")
        if given.rows is None:
            raise OptionError(f"{CARD.slug} takes prompts with the concept and with other words for it: give rows")
        read_prompts(given)

    def work(self, given: Given) -> str:
        """How many pictures are drawn."""
        pairs, kept = read_prompts(given)
        count = min(len(pairs), self.config.traced) * self.config.noises
        return (
            f"{count} pictures are drawn for each traced place, of {len(pairs)} pairs; {len(kept)} prompts are to stay"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        pairs, kept = read_prompts(given)
        self.pairs, self.kept, self._open = tuple(pairs), tuple(kept), None
        pipeline, reader = self._opened_on
        attentions = self_attentions(pipeline, self.config.encoder)
        if self.config.layer is not None:
            attention_of(pipeline, self.config.encoder, self.config.layer)
        tracer = Tracer(pipeline, pairs[: self.config.traced], self.config, reader)
        found = tracer.everything(run.progress)
        self.places = tuple((each.site, each.part) for each in found)
        self.traced = _Traced(len(found))
        numbers = [[each.share, each.low, each.high, each.control] for each in found]
        self._numbers.copy_(torch.tensor(numbers, dtype=torch.float64))
        self.layer, told = self._place(found, attentions)
        start = time.perf_counter()
        edit = solve_edit(pipeline, self.layer, pairs, kept, self.config)
        seconds = time.perf_counter() - start
        size = float(edit.delta.norm())
        self.notes = (told, f"The edit of all concepts together changes {edit.name} by {size:.3g} in length.")
        self.warnings = tuple(self._warned(tracer, kept, seconds))

    def _place(self, found: Sequence[Restored], attentions: Sequence[str]) -> tuple[int, str]:
        """The layer that is edited, and why."""
        by_site = {each.site: each for each in found}
        each = [by_site[site] for site in attentions]
        best = max(range(len(each)), key=lambda k: each[k].share - each[k].control)
        at = f"layer {best} restores {each[best].share:.2f}, a random change {each[best].control:.2f}"
        if self.config.layer is not None:
            return self.config.layer, f"Layer {self.config.layer} was asked for; of the self-attentions {at}."
        if each[best].share - each[best].control < self.config.least:
            raise OptionError(
                f"no self-attention of {self.config.encoder} carries the concept: {at}, and an edit there would not be "
                "about it. Trace with later=true or corruption=other, give more prompts or noises, or say the layer"
            )
        return best, f"Of the self-attentions {at}: that is where the edit is."

    def _warned(self, tracer: Tracer, kept: Sequence[str], seconds: float) -> list[str]:
        config = self.config
        told = []
        if tracer.faint < FAINT:
            told.append(
                f"Without the concept pictures change by {tracer.faint:.1%} of what another noise changes: the model "
                "hardly knows it."
            )
        if not kept:
            told.append("No prompts are to stay (rows without other): what else the edit moves is not measured.")
        if config.method == "published":
            told.append("The published edit spares nothing: look at what becomes of the prompts that are to stay.")
        if "reader" not in self.subjects:
            told.append("Without a reader pictures are compared by pixels, and no attribute was measured.")
        if seconds > 1:
            told.append("The edit took more than a second.")
        return told

    @property
    def training(self) -> Training:
        """Where the edit is and why, and what to keep in mind."""
        return Training(notes=self.notes, warnings=self.warnings)

    # -- what it was fitted on -----------------------------------------------------------------------------------------

    @property
    def pipeline(self) -> ImagePipeline:
        """The pipeline, as it was given.

        Raises:
            OptionError: If a loaded system has none yet.
        """
        return self._opened_on[0]

    @property
    def reader(self) -> AttributeReader | None:
        """What says which attributes pictures show; None where none was given."""
        return self._opened_on[1]

    def _opening(self, subjects: Mapping[str, Any]) -> tuple[ImagePipeline, AttributeReader | None]:
        pipeline = open_pipeline(subjects["model"])
        if pipeline.kind != "text":
            raise OptionError(f"{subjects['model'].id} reads no prompts: it is {pipeline.kind}")
        return pipeline, _reader_of(subjects["reader"]) if "reader" in subjects else None

    @property
    def _numbers(self) -> Tensor:
        return cast(Tensor, cast(_Traced, fitted(self.traced, self)).numbers)

    @property
    def restored(self) -> list[Restored]:
        """What each traced place restores."""
        return [Restored(*place, *map(float, row)) for place, row in zip(self.places, self._numbers, strict=True)]

    # -- doing ---------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The concepts; and any place of the pipeline, whose state is that of the other prompt."""
        about = "other words mean what it meant"
        listed = [Target(name, about=about, text=True) for name in dict.fromkeys(p.concept for p in self.pairs)]
        return Targets(listed, self._find, "SITE")

    def _find(self, text: str) -> Target | None:
        if "." not in text.split("[")[0]:
            return None
        try:
            find_places(self.pipeline, [text])
        except (InterventionError, UnknownVariableError):
            return None
        return Target(text, (OTHER,), about="the state of the same row's other", does="replaces a state")

    def edit_of(self, held: Intervention) -> Edit | None:
        """The change of the weights by the concepts that are held, solved together; None where none is."""
        pairs: list[Pair] = []
        for name, action in held.items():
            if str(name) not in self.targets.names:
                continue
            if not isinstance(action, Value) or not isinstance(action.value, str):
                raise InterventionError(f"{name!r} is set to absent or to other words, got {action}")
            some = of_concept(self.pairs, str(name))
            pairs += some if action.value == ABSENT else [reworded(pair, action.value) for pair in some]
        if not pairs:
            return None
        return solve_edit(self.pipeline, self.layer, pairs, self.kept, self.config)

    def _sites(self) -> list[str]:
        return [str(name) for name in self.held if str(name) not in self.targets.names]

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The picture of each prompt that has none; all prompts begin with the same noise, one a draw."""
        prompts = given.texts("prompt")
        n, pipeline = len(prompts), self.pipeline
        one = pipeline.noise(draws, seed)
        noise = one.repeat(n, *[1] * (one.ndim - 1))
        told = [prompt for prompt in prompts for _ in range(draws)]
        with in_force(pipeline, self.edit_of(self.held)):
            if sites := self._sites():
                x = other_states(pipeline, given, told, draws, sites, noise, self.config)
            else:
                x = in_parts(pipeline, told, noise, self.config)
        pictures, column = to_bytes(x), given.column("image") or "image"
        rows = given.data.take(np.repeat(np.arange(n), draws))
        if column in given.table and (known := ~np.asarray(given.table.absent(column))).any():
            there = np.repeat(known, draws)
            picked = given.take(np.flatnonzero(known)).pictures("image", pictures.shape[1])
            pictures[there] = np.repeat(picked, draws, axis=0)
        return rows.with_known({column: pictures}, {column: Kind.PICTURE})

    # -- effects -------------------------------------------------------------------------------------------------------

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """Of each concept's edit, and of each traced place.

        Outcomes of a concept are `like other`, the share of the way to the pictures of the other prompts, and `others
        moved`, how far the pictures that are to stay went; of a place it is `restored`. The control is a change as long
        in a random direction.
        """
        rows: list[tuple[Any, ...]] = []
        for concept in self.targets.names:
            if target in (None, concept):
                rows += self._concept_rows(concept)
        for each in self.restored:
            if target in (None, each.site):
                rows.append((each.site, "restored", each.share, each.low, each.high, each.control))
        if outcome is not None:
            rows = [row for row in rows if row[1] == outcome]
        if not rows:
            raise OptionError(
                f"{target or 'the fit'} has no such outcome: there are like other, others moved, restored"
            )
        heads = ("target", "outcome", "effect", "low", "high", "control")
        kinds = {head: Kind.LABEL if head in heads[:2] else Kind.NUMBER for head in heads}
        return Table.of({head: [row[k] for row in rows] for k, head in enumerate(heads)}, kinds=kinds)

    def _concept_rows(self, concept: str) -> list[tuple[Any, ...]]:
        config, pipeline, reader = self.config, self.pipeline, self.reader
        pairs = of_concept(self.pairs, concept)[: config.traced]
        edit = self.edit_of(Intervention({concept: self._held_words(concept)}))
        assert edit is not None
        chance = random_edit(edit, config.seed)
        seen = of_pairs(pipeline, pairs, config)
        ours, control = (seen.efficacy(seen.after(pipeline, one, config), reader) for one in (edit, chance))
        rows = [(concept, "like other", ours.share, *ours.interval(config.seed), control.share)]
        if self.kept:
            stay = look(pipeline, self.kept[: config.traced], None, config)
            ours, control = (stay.moved(stay.after(pipeline, one, config), reader) for one in (edit, chance))
            rows.append((concept, "others moved", ours.share, *ours.interval(config.seed), control.share))
        return rows

    def _held_words(self, concept: str) -> str:
        action = {str(name): action for name, action in self.held.items()}.get(concept)
        return str(action.value) if isinstance(action, Value) else ABSENT

    # -- telling and keeping -------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How far the edits go on prompts that they were not made from, beside what needs no trace."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """The trace as a map, and strips of pictures before and after."""
        return blocks(self)

    def export(self, folder: str | Path) -> None:
        """Writes the pipeline folder with what is held in its weights; with nothing held, all concepts absent.

        Raises:
            InterventionError: If a state is held: that is no change of weights.
        """
        if sites := self._sites():
            raise InterventionError(
                f"{sites[0]} is a state, and no weights hold it: export what do(CONCEPT=...) changes"
            )
        held = self.held or Intervention(dict.fromkeys(self.targets.names, ABSENT))
        save_edited(self.pipeline, self.edit_of(held), folder)

    def _network(self) -> nn.Module:
        return fitted(self.traced, self)

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "pairs": [asdict(pair) for pair in self.pairs],
            "kept": list(self.kept),
            "layer": self.layer,
            "places": [list(place) for place in self.places],
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(DiffQuickfixConfig(**options["config"]))
        model.pairs = tuple(Pair(**pair) for pair in options["pairs"])
        model.kept, model.layer = tuple(options["kept"]), int(options["layer"])
        model.places = tuple((str(site), str(part)) for site, part in options["places"])
        model.notes, model.warnings = tuple(options["notes"]), tuple(options["warnings"])
        model.traced = _Traced(len(model.places))
        return model


def _reader_of(subject: Any) -> AttributeReader:
    """The reader of a subject.

    Raises:
        OptionError: If it is something else that was opened.
    """
    found = subject.opened if isinstance(subject, Network) else None
    if found is None or isinstance(found, bool):
        return AttributeReader.from_pretrained(subject.where())
    if not isinstance(found, AttributeReader):
        raise OptionError(f"a reader is an AttributeReader or its folder, got a {type(found).__name__}")
    return found
