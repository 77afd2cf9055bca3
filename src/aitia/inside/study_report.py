"""A trace of many pairs as files: tables, JSON, the picture, and a report that can be mailed."""

import io
from collections.abc import Sequence

import numpy as np

from aitia.inside.report import csv_text, footer, interval
from aitia.inside.study import PairsTrace, PlaceEffect
from aitia.nn.sites.heat_map import drawn_grid
from aitia.report import Block, Callout, Code, ImageBlock, Section, TableBlock, Text, render
from aitia.runs import Run

__all__ = ["PLACE_COLUMNS", "place_caption", "place_rows", "save", "study_picture", "study_sentence"]

PLACE_COLUMNS = ("site", "token", "pairs", "effect", "95 % interval", "random direction", "its 95 % interval")


def place_rows(places: Sequence[PlaceEffect]) -> list[list[str]]:
    """One row a place, under `PLACE_COLUMNS`."""
    return [
        [
            p.site,
            p.token,
            str(p.pairs),
            f"{p.effect:+.3f}",
            interval(p.low, p.high),
            "" if p.control is None else f"{p.control:+.3f}",
            interval(p.control_low, p.control_high),
        ]
        for p in places
    ]


def study_sentence(found: PairsTrace) -> str:
    """The runs in words."""
    way = found.clean - found.broken
    return (
        f"{found.model} on {len(found.pairs)} pairs of prompts: the metric is {found.clean.mean():.3f} on average and "
        f"{found.broken.mean():.3f} in the corrupted prompts; it falls in {int((way > 0).sum())} of them. Each site in "
        "turn gets back what it has after the prompt."
    )


def place_caption(found: PairsTrace) -> str:
    """What the columns say."""
    estimated = "" if found.agreement is None else ", estimated"
    return (
        f"Effect: share restored{estimated}, of sums over pairs; its interval is over n = {len(found.pairs)} pairs. "
        "The control moves the site as far in a random direction."
    )


def study_picture(found: PairsTrace) -> bytes | None:
    """The heat map as PNG; None where no place names a token."""
    tokens = list(dict.fromkeys(place.token for place in found.places if place.token))
    if not tokens:
        return None
    modules = list(dict.fromkeys(place.site for place in found.places if place.token))
    grid = np.full((len(modules), len(tokens)), np.nan)
    for place in found.places:
        if place.token:
            grid[modules.index(place.site), tokens.index(place.token)] = place.effect
    title = f"patch: {len(found.pairs)} pairs"
    packed = io.BytesIO()
    drawn_grid(grid, modules, tokens, "token", "share recovered", title).savefig(
        packed, format="png", dpi=130, metadata={"Software": None}
    )
    return packed.getvalue()


def save(found: PairsTrace, run: Run, command: str | None) -> None:
    """Writes a trace of pairs into its run folder."""
    columns = ("site", "token", "pairs", "effect", "low", "high")
    run.write_text("trace.csv", csv_text(columns, [[getattr(p, name) for name in columns] for p in found.places]))
    told = found.to_json()
    names = ("line", "prompt", "against", "answer", "other", "clean", "broken")
    run.write_text("pairs.csv", csv_text(names, [[pair[name] for name in names] for pair in told["pairs"]]))
    run.write_json("trace.json", told)
    png = study_picture(found)
    blocks: list[Block] = [Text(study_sentence(found))]
    if png is not None:
        run.write_bytes("trace.png", png)
        blocks.append(ImageBlock(png, "Share restored, by module and kind of token.", "Heat map"))
    keep = [
        *([] if found.agreement is None else [str(found.agreement)]),
        *found.notes,
        "What holds for these pairs holds for pairs like them: the interval is over them, not over kinds of prompts.",
        "The last token at the last layers restores everything by itself, since the answer is read there.",
    ]
    each = [
        [str(p["line"] or ""), p["prompt"], p["against"], f"{p['clean']:+.3f}", f"{p['broken']:+.3f}"]
        for p in told["pairs"]
    ]
    sections = [
        Section("Where the answers are carried", blocks),
        Section("The strongest places", [TableBlock(PLACE_COLUMNS, place_rows(found.strongest), place_caption(found))]),
        Section("The pairs", [TableBlock(("line", "prompt", "against", "clean", "corrupted"), each, _MEASURED)]),
        Section("Keep in mind", [Callout(keep, "note")]),
    ]
    if command:
        sections.append(Section("Again", [Code(command, "The command")]))
    lead = f"{found.model}: {len(found.places)} places, {len(found.pairs)} pairs."
    page = render(f"Trace of {len(found.pairs)} pairs", lead, sections, footer(), found.alarms)
    run.write_text("report.html", page, part_of_result=False)


_MEASURED = (
    "Logit of the answer minus that of the other; where the model says the same after both, its log-probability."
)
