"""The edit of one concept of a pipeline folder, as `aitia edit` writes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.files import check_free, new_folder
from aitia.nn.edits import Edit
from aitia.report import Block
from aitia.systems.diff_quickfix.model import ABSENT, DiffQuickfix
from aitia.systems.diff_quickfix.prompts import Pair, reworded

__all__ = ["ConceptEdit", "edit_concept"]


@dataclass(frozen=True, eq=False)
class ConceptEdit:
    """An edit of a pipeline and what it does.

    Args:
        edit: The change of the weights.
        concept: Words that mean something else now.
        words: What they mean.
        layer_reason: Where the edit is and why.
        effects: Rows of `effects` about the edit.
        warnings: What a reader should know.
        blocks: The report.
    """

    edit: Edit
    concept: str
    words: str
    layer_reason: str
    effects: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def took(self) -> bool:
        """Whether pictures went further towards the other words than by a random change as long."""
        first = self.effects[0]
        return bool(first["low"] > max(first["control"], 0.0))

    def to_json(self) -> dict[str, Any]:
        """All but the weights and the report."""
        return {
            "concept": self.concept, "words": self.words, "module": self.edit.name, "took": self.took,
            "layer_reason": self.layer_reason, "effects": list(self.effects), "warnings": list(self.warnings),
        }  # fmt: skip


def edit_concept(
    model: str | Path,
    prompt: str,
    words: str,
    *,
    subject: str,
    layer: int | None = None,
    paraphrases: Sequence[str] = (),
    neighbours: Sequence[str] = (),
    seed: int = 0,
    save: str | Path | None = None,
    **options: Any,
) -> ConceptEdit:
    """Edits a pipeline so that a concept is drawn as other words are; the folder that was given stays as it is.

    Args:
        model: A pipeline folder of diffusers.
        prompt: With the concept.
        words: What is drawn in its place.
        subject: The concept's words.
        layer: Of the text encoder; None takes the one that the trace says.
        paraphrases: Other prompts with the concept.
        neighbours: Prompts whose pictures are to stay.
        seed: Of noises and the control.
        save: Folder of the edited pipeline.
        options: Further options of `DiffQuickfix`. The denoiser is not traced unless they say so: it costs most, and no
            layer is chosen by it.

    Raises:
        DataError: If a prompt does not hold the concept.
        OptionError: If no layer carries it, or the words are none.
        FormatError: If the folder holds no pipeline, or its weights are a pickle.
    """
    if not subject.strip():
        raise OptionError("the concept is a part of the prompt: say which words (--subject)")
    told = [prompt, *paraphrases]
    others = [reworded(Pair(text, text, subject.lower(), subject), words).other for text in told]
    count = len(neighbours)
    columns = {"prompt": [*told, *neighbours], "other": [*others, *[""] * count],
               "concept": [*[subject.lower()] * len(told), *["none"] * count]}  # fmt: skip
    rows = Table.of(columns, kinds={"prompt": "text", "other": "text", "concept": "label"})
    options = {"denoiser": False, **options}
    system = DiffQuickfix(layer=layer, seed=seed, **options).fit(rows, model=str(model))
    held = system.do({subject.lower(): ABSENT})
    edit = held.edit_of(held.held)
    assert edit is not None
    table = held.effects(target=subject.lower())
    heads = ("outcome", "effect", "low", "high", "control")
    effects = tuple(
        {"outcome": str(table.labels("outcome")[k]), **{head: float(table.column(head)[k]) for head in heads[1:]}}
        for k in range(len(table))
    )
    if save is not None:
        check_free(Path(save))
        with new_folder(Path(save)) as stage:
            held.export(stage)
    blocks = tuple(held.report(held.given(rows)))
    return ConceptEdit(edit, subject.lower(), words, system.notes[0], effects, system.warnings, blocks)
