"""Prompts as rows give them, and what the denoiser is told of them."""

import re
from collections.abc import Sequence

import torch

from aitia.errors import DataError, OptionError
from aitia.nn.conditions import Condition
from aitia.nn.pipelines import ImagePipeline
from aitia.system import Given
from aitia.systems.lina.drawing import Prompted

__all__ = ["optional", "prompted", "told", "without"]


def without(prompt: str, element: str) -> str:
    """The prompt with the last occurrence of these words left out."""
    start = prompt.lower().rfind(element.lower())
    rest = prompt[:start] + prompt[start + len(element) :]
    return re.sub(r"\s+", " ", rest).strip()


def optional(given: Given, role: str) -> list[str]:
    """The texts of a role; empty where the row, or the rows, have none."""
    column = given.column(role)
    if column is None or column not in given.table:
        return [""] * len(given)
    gone = given.table.absent(column)
    return ["" if absent else text for text, absent in zip(given.table.texts(column), gone, strict=True)]


def told(given: Given, pipeline: ImagePipeline) -> Prompted:
    """What the denoiser is told of rows.

    Raises:
        OptionError: If the model draws of no prompts.
        DataError: If a prompt is empty, or does not hold its element; names the row.
    """
    if pipeline.kind != "text":
        raise OptionError(f"{pipeline.source} draws of no prompts: it is {pipeline.kind}")
    prompts, elements = given.texts("prompt"), optional(given, "element")
    for row, (prompt, element) in enumerate(zip(prompts, elements, strict=True)):
        place = f"row {given.row_number(row)}"
        if not prompt.strip():
            raise DataError(f"the prompt of {place} is empty: say what is to be drawn")
        if element and element.lower() not in prompt.lower():
            raise DataError(
                f"the prompt of {place} does not hold its element {element!r}: {prompt!r}; the element is words of the "
                "prompt"
            )
        if element:
            pipeline.token_positions(prompt, element)  # refuses words beyond what the encoder reads
    return prompted(pipeline, prompts, elements, optional(given, "instead"))


@torch.no_grad()
def prompted(
    pipeline: ImagePipeline, prompts: Sequence[str], elements: Sequence[str] = (), instead: Sequence[str] = ()
) -> Prompted:
    """What the denoiser is told; an element or a prompt to guide away from may be empty.

    Args:
        pipeline: Whose text encoders read.
        prompts: One a row.
        elements: Words of each, or none for all.
        instead: What is drawn instead, or none for all.
    """
    n = len(prompts)
    elements, instead = list(elements) or [""] * n, list(instead) or [""] * n
    bare = [without(prompt, element) if element else "" for prompt, element in zip(prompts, elements, strict=True)]
    return Prompted(
        said=_embedded(pipeline, prompts),
        without=_embedded(pipeline, bare),
        instead=_embedded(pipeline, instead) if any(instead) else None,
        contrasted=torch.tensor([bool(text) for text in instead]),
        empty=pipeline.nothing(1).take([0] * n),
    )


def _embedded(pipeline: ImagePipeline, texts: Sequence[str]) -> Condition:
    """Each different text once, 64 at a time."""
    different = list(dict.fromkeys(texts))
    number = {text: k for k, text in enumerate(different)}
    found = pipeline.embed(different[:64])
    for start in range(64, len(different), 64):
        found = found.over(pipeline.embed(different[start : start + 64]))
    return found.take([number[text] for text in texts])
