"""A logit lens as text and as files: a table, JSON, the picture, and a report that can be mailed."""

import io

from aitia.inside.lens import LogitLens
from aitia.inside.report import csv_text, footer, shown_word
from aitia.nn.sites.heat_map import drawn_grid
from aitia.report import Block, Callout, Code, ImageBlock, Section, TableBlock, Text, render
from aitia.runs import Run

__all__ = ["LENS_COLUMNS", "lens_picture", "lens_rows", "lens_sentence", "save"]

LENS_COLUMNS = ("layer", "says", "probability", "of the answer", "rank of the answer")


def lens_rows(found: LogitLens) -> list[list[str]]:
    """One row a layer, after the prompt, under `LENS_COLUMNS`."""
    return [
        [name, repr(found.said[k][-1]), f"{found.sure[k, -1]:.3f}", f"{found.answer[k, -1]:.3g}", str(found.rank[k])]
        for k, name in enumerate(found.layers)
    ]


def lens_sentence(found: LogitLens) -> str:
    """What was found, in words."""
    asked = found.question
    told = f"{found.model} on {asked.prompt!r}, read after each layer as if it were the last: "
    if found.first is None:
        return f"{told}{asked.answer_text!r} is never the likeliest to the end."
    return f"{told}{asked.answer_text!r} is the likeliest from {found.first} on."


def lens_picture(found: LogitLens) -> bytes:
    """The probability of the answer by layer and token, as PNG."""
    packed = io.BytesIO()
    words = [shown_word(word) for word in found.question.words]
    label = f"probability of {found.question.answer_text!r}"
    drawn_grid(found.answer, found.layers, words, "token", label).savefig(
        packed, format="png", dpi=130, metadata={"Software": None}
    )
    return packed.getvalue()


def save(found: LogitLens, run: Run, command: str | None) -> None:
    """Writes a lens into its run folder."""
    rows = [
        [name, k, word, found.said[n][k], float(found.sure[n, k]), float(found.answer[n, k])]
        for n, name in enumerate(found.layers)
        for k, word in enumerate(found.question.words)
    ]
    run.write_text("lens.csv", csv_text(("layer", "position", "token", "says", "probability", "of the answer"), rows))
    run.write_json("lens.json", found.to_json())
    png = lens_picture(found)
    run.write_bytes("lens.png", png)
    blocks: list[Block] = [
        Text(lens_sentence(found)),
        ImageBlock(png, "Probability of the answer, by layer and token.", "Heat map"),
        TableBlock(LENS_COLUMNS, lens_rows(found), "After the prompt."),
    ]
    words = ["layer", *(f"{k} {shown_word(word)}" for k, word in enumerate(found.question.words))]
    each = [[name, *(shown_word(word) for word in found.said[n])] for n, name in enumerate(found.layers)]
    keep = [
        *found.question.notes,
        "Early layers need not write in the basis that the head reads: what they seem to say can be an accident.",
    ]
    sections = [
        Section("What each layer would say", blocks),
        Section("At every token", [TableBlock(words, each, "The likeliest next token.")]),
        Section("Keep in mind", [Callout(keep, "note")]),
    ]
    if command:
        sections.append(Section("Again", [Code(command, "The command")]))
    about = f"{found.model}: {len(found.layers)} places, {len(found.question.words)} tokens."
    page = render(f"Lens: {found.question.prompt}", about, sections, footer())
    run.write_text("report.html", page, part_of_result=False)
