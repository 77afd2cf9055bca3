"""Traces and edits as files: tables, JSON, the picture, and a report that can be mailed."""

import csv
import io
from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any, Literal

from aitia.nn.sites.heat_map import heat_map
from aitia.report import Block, Callout, Code, ImageBlock, Section, TableBlock, Text, render
from aitia.runs import Run, versions

if TYPE_CHECKING:
    from aitia.inside.edit import FactEdit
    from aitia.inside.edit_scores import Scored
    from aitia.inside.trace import PromptTrace, Strong

__all__ = [
    "CAPTION",
    "PROMPT_CAPTION",
    "PROMPT_COLUMNS",
    "SCORE_COLUMNS",
    "STRONG_COLUMNS",
    "caption",
    "csv_text",
    "footer",
    "interval",
    "picture",
    "prompt_rows",
    "save",
    "save_edit",
    "score_rows",
    "sentences",
    "shown_word",
    "strong_rows",
]

STRONG_COLUMNS = ("site", "token", "effect", "95 % interval", "random direction", "its 95 % interval")
PROMPT_COLUMNS = ("what", "prompt", "before", "after", "random", "said before", "says now")
PROMPT_CAPTION = "Probability of the new answer; of neighbours, of the old one."
SCORE_COLUMNS = ("what", "prompts", "model", "success", "its 95 % interval", "probability change", "its 95 % interval")


def strong_rows(strongest: Sequence["Strong"]) -> list[list[str]]:
    """One row a site, under `STRONG_COLUMNS`."""
    return [
        [
            str(s.site),
            repr(s.token) if s.token else "",
            f"{s.effect:+.3f}",
            interval(s.low, s.high),
            "" if s.control is None else f"{s.control:+.3f}",
            interval(s.control_low, s.control_high),
        ]
        for s in strongest
    ]


def interval(low: float | None, high: float | None, form: str = "+.3f") -> str:
    """An interval in words, empty where there is none."""
    return "" if low is None or high is None else f"{low:{form}} to {high:{form}}"


def picture(found: "PromptTrace") -> bytes | None:
    """The heat map as PNG; None where no site names a place on an axis."""
    sites = found.found.sites
    axes: tuple[Literal["position", "head", "unit", "channel", "feature"], ...]
    axes = ("position", "head", "unit", "channel", "feature")
    axis = next((axis for axis in axes if any(isinstance(getattr(s, axis), int) for s in sites)), None)
    if axis is None:
        return None
    words = found.question.words
    places = sorted({int(getattr(s, axis)) for s in sites if isinstance(getattr(s, axis), int)})
    labels = [shown_word(words[place]) for place in places] if axis == "position" else None
    figure = heat_map(
        found.found,
        columns=axis,
        value="recovered" if found.operation == "patch" else "change",
        labels=labels,
        title=f"{found.operation}: {found.question.measured}",
    )
    packed = io.BytesIO()
    figure.savefig(packed, format="png", dpi=130, metadata={"Software": None})
    return packed.getvalue()


def shown_word(word: str) -> str:
    """A token as it stands under a picture."""
    return word.strip() or repr(word)[1:-1]


def save(found: "PromptTrace", run: Run, command: str | None) -> None:
    """Writes a trace into its run folder."""
    table = found.found.table()
    columns = [table.labels(n) if table.discrete(n) else table.column(n) for n in table.names]
    run.write_text("trace.csv", csv_text(table.names, zip(*columns, strict=True)))
    run.write_json("trace.json", found.to_json())
    png = picture(found)
    if png is not None:
        run.write_bytes("trace.png", png)
    run.write_text("report.html", _report(found, png, command), part_of_result=False)


def csv_text(names: Sequence[str], rows: Any) -> str:
    """Rows under their names, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def _report(found: "PromptTrace", png: bytes | None, command: str | None) -> str:
    asked = found.question
    lead = f"{found.model} on {asked.prompt!r}: {asked.measured}, {len(found.found.sites)} sites"
    told: list[Block] = [Text(sentences(found))]
    if png is not None:
        told.append(
            ImageBlock(png, f"{found.effect_name[0].upper()}{found.effect_name[1:]}, by module and place.", "Heat map")
        )
    sections = [Section("Where the answer is carried", told)]
    sections.append(
        Section("The strongest sites", [TableBlock(STRONG_COLUMNS, strong_rows(found.strongest), caption(found))])
    )
    if found.word_costs:
        rows = [[repr(word), f"{cost:+.3f}"] for word, cost in found.word_costs.items()]
        below = f"Fall of the {asked.measured} under noise on one word, mean of {found.draws} draws."
        sections.append(Section("Which word matters", [TableBlock(("word", "cost of noise"), rows, below)]))
    keep = [
        *([] if found.agreement is None else [str(found.agreement)]),
        *asked.notes,
        "One prompt is one case: what holds for it need not hold for the next fact.",
        "The last token at the last layers restores everything by itself, since the answer is read there.",
    ]
    sections.append(Section("Keep in mind", [Callout(keep, "note")]))
    if command:
        sections.append(Section("Again", [Code(command, "The command")]))
    return render(f"Trace: {asked.prompt}", f"{lead}.", sections, footer(), found.alarms)


def sentences(found: "PromptTrace") -> str:
    """The runs in words."""
    asked = found.question
    of = f"{found.model} on {asked.prompt!r}"
    if found.corrupted is None:
        return f"{of}: the {asked.measured} is {found.clean:.3f}; each site in turn is put to {found.operation}."
    return (
        f"{of}: the {asked.measured} is {found.clean:.3f} and {found.broken:.3f} under {found.corrupted}; "
        "each site in turn gets back what it has after the prompt."
    )


def caption(found: "PromptTrace") -> str:
    """What the columns of the strongest sites say."""
    told = f"Effect: {found.effect_name}{'' if found.agreement is None else ', estimated'}."
    if any(s.low is not None for s in found.strongest):
        told += f" Its interval is over {found.draws} draws of the noise."
    if any(s.control is not None for s in found.strongest):
        told += f" The control moves the site as far in a random direction, {found.draws} draws."
    return told


def footer() -> str:
    """What stands below a report."""
    return "Made with " + ", ".join(f"{name} {version}" for name, version in versions().items()) + "."


# -- edits -------------------------------------------------------------------------------------------------------------


def score_rows(found: "FactEdit") -> list[list[str]]:
    """One row a kind of prompts and model, under `SCORE_COLUMNS`."""
    of = (("edited", found.scores), ("random direction", found.control), ("unedited", found.unedited))
    rows = [
        [
            score.what,
            str(score.prompts),
            model,
            f"{score.success:.2f}",
            interval(*score.success_interval, form=".2f"),
            f"{score.change:+.3f}",
            interval(*score.change_interval),
        ]
        for model, scores in of
        for score in scores
    ]
    order = list(dict.fromkeys(score.what for score in found.scores))
    return sorted(rows, key=lambda row: order.index(row[0]))


def prompt_rows(prompts: Sequence["Scored"]) -> list[list[str]]:
    """One row a prompt, under `PROMPT_COLUMNS`."""
    return [
        [
            p.what,
            p.prompt,
            f"{p.before:.4f}",
            f"{p.after:.4f}",
            "" if isnan(p.random) else f"{p.random:.4f}",
            repr(p.said_before),
            repr(p.said_after),
        ]
        for p in prompts
    ]


def save_edit(found: "FactEdit", run: Run, command: str | None) -> None:
    """Writes an edit into its run folder."""
    run.write_json("edit.json", found.to_json())
    prompts = [[p.what, p.prompt, p.before, p.after, p.random, p.said_before, p.said_after] for p in found.prompts]
    run.write_text("prompts.csv", csv_text(("what", "prompt", *PROMPT_COLUMNS[2:]), prompts))
    blocks: list[Block] = [
        Text(
            f"The change is written into {found.edit.name}, the layer's memory, and into nothing else: its length is "
            f"{found.size:.2f} beside {found.layer_size:.2f} of the layer's weights."
        ),
        Text(found.layer_reason),
        TableBlock(SCORE_COLUMNS, score_rows(found), CAPTION),
    ]
    if found.layer_effects:
        shares = [[str(k), f"{share:.1%}"] for k, share in enumerate(found.layer_effects)]
        blocks.append(TableBlock(("layer", "share restored"), shares, LAYERS))
    sections = [
        Section("What the edit did", blocks),
        Section(
            "Every prompt",
            [TableBlock(PROMPT_COLUMNS, prompt_rows(found.prompts), PROMPT_CAPTION)],
        ),
        Section("Keep in mind", [Callout([*found.notes, *KEEP], "note")]),
    ]
    again = [Code(f"aitia edit --apply {run.path} {found.source} --save edited", "A folder with the edited model")]
    if command:
        again.insert(0, Code(command, "The command"))
    sections.append(Section("Again", again))
    lead = f"{found.model}: after {found.prompt!r} it is to say {found.answer!r}."
    page = render(f"Edit: {found.prompt}{found.answer}", lead, sections, footer(), found.alarms)
    run.write_text("report.html", page, part_of_result=False)


CAPTION = (
    "Efficacy and generalisation: the new answer is likelier than the old one, and how its probability changed. "
    "Locality: the first choice is what it was, and how its probability changed. The random direction is an edit of "
    "the same length in the same layer. All measured on the final model."
)
LAYERS = "Of the answer, by each layer's perceptron alone at the last token of the subject, under noise on the subject."
KEEP = (
    "An edit of one fact can change others that nobody asked about: name neighbours that must not move.",
    "What is edited is what the model says after such prompts, not what follows from it.",
)
