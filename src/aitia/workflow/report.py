"""The report of a fit: what it found, what to keep in mind, scores beside baselines, the training, and how."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from aitia.data.drawing import draw_flow
from aitia.do import Intervention
from aitia.report import Block, Callout, Code, Line, Picture, Section, TableBlock, Text, line_chart, render
from aitia.system import Counterfactuals, Target
from aitia.workflow.schema import options_of

if TYPE_CHECKING:
    from aitia.workflow.run import Fit

__all__ = ["python", "question", "report"]

MANY_NUMBERS = 6
"""A target of more numbers is told by its widest range."""


def report(found: "Fit", command: str | None, versions: Mapping[str, str]) -> str:
    """The report as one HTML page that loads nothing.

    Args:
        found: The fit.
        command: The command line that repeats it; None where it was run from Python.
        versions: Of what it was made with.
    """
    rows = f"fitted to {len(found.given)} rows of {found.given.name}" if found.given.rows is not None else "bound"
    roles = "; ".join(f"{role}: {', '.join(found.given.columns(role))}" for role in found.given.roles)
    lead = f"{found.slug} {rows}{f' ({roles})' if roles else ''}"
    sections = [Section("What it found", [*found.system.report(found.fresh)] or [Text("Nothing to draw.")])]
    if found.flow is not None:
        sections.append(Section("The rows", [*draw_flow(found.flow, _parts(found))]))
    warnings = [*found.training.warnings]
    if warnings:
        sections.append(Section("Keep in mind", [Callout(warnings, "warning")]))
    sections.append(Section("How good it is", _scores(found)))
    sections.append(Section("What do can set", _targets(found)))
    sections.append(Section("Training", _training(found)))
    sections.append(Section("How it was fitted", _options(found)))
    sections.append(Section("Again", _again(found, command)))
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    return render(f"{found.slug} of {Path(found.given.name).name}", lead, sections, footer, found.alarms)


def _parts(found: "Fit") -> dict[str, int]:
    """What became of the rows that were used."""
    if found.fresh is found.given or found.given.world is not None:
        return {"to fit and to score": len(found.given)}
    return {"to fit": len(found.given), "held out to score": len(found.fresh)}


def question(targets: tuple[Target, ...]) -> str | None:
    """An intervention that the first target takes; None where none is listed."""
    for target in targets:
        if target.labels:
            return str(Intervention({target.name: target.labels[-1]}))
        if target.low:
            middle = tuple(round(0.5 * (low + high), 3) for low, high in zip(target.low, target.high, strict=True))
            return str(Intervention({target.name: middle[0] if len(middle) == 1 else middle}))
    return None


def python(found: "Fit") -> str:
    """The call that repeats the fit."""
    default = {option.name: option.default for option in options_of(type(found.system.config))}
    chosen = {name: v for name, v in asdict(found.system.config).items() if v != default.get(name)}
    source = found.source
    given = {"rows": source.rows, "size": source.size, "world": dict(source.world) or None} if source.is_world else {}
    told = {**found.of, **chosen, **{name: value for name, value in given.items() if value is not None}}
    if found.path is not None:
        told["out"] = str(found.path)
    if found.test_share != 0.1 and not source.is_world:
        told["test_share"] = found.test_share
    if "seed" not in told and source.seed:
        told["seed"] = source.seed
    data = "None" if source.data is None and not source.in_memory else repr(source.data or "rows")
    arguments = "".join(f", {name}={value!r}" for name, value in told.items())
    lines = ["import aitia", "", f"found = aitia.fit({found.slug!r}, {data}{arguments})"]
    if (asked := question(found.targets)) is not None:
        lines.append(f"system = found.system.do({asked!r})")
    return "\n".join(lines)


def _scores(found: "Fit") -> list[Block]:
    if not found.scores:
        return [Text(found.unscored or "Nothing was scored; see below why.")]
    names = list(dict.fromkeys(name for score in found.scores.values() for name in score.baselines))
    rows: list[list[object]] = [
        [name, score.better, score.value, *(score.baselines.get(who, "") for who in names)]
        for name, score in found.scores.items()
    ]
    blocks: list[Block] = [TableBlock(["measure", "better", "model", *names], rows, f"Measured on {found.scored_on}.")]
    about = [f"{name}: {score.about}" for name, score in found.scores.items() if score.about]
    return [*blocks, Callout(about, "note", "What they say")] if about else blocks


def _targets(found: "Fit") -> list[Block]:
    blocks: list[Block] = [Text(f"Here do {found.system.card.does}: {found.system.card.do}")]
    if found.system.card.does is None:
        return [Text(f"{found.system.card.do[:1].upper()}{found.system.card.do[1:]}")]
    rows: list[list[object]] = []
    for target in found.targets:
        shown = "words of your own" if target.text else ", ".join(target.labels)
        if target.low:
            pairs = [f"{low:.3g} to {high:.3g}" for low, high in zip(target.low, target.high, strict=True)]
            shown = "; ".join(pairs[:MANY_NUMBERS]) + ("; ..." if len(pairs) > MANY_NUMBERS else "")
        rows.append([target.name, shown, target.about])
    if rows:
        blocks.append(TableBlock(["target", "labels, or range in the fit", ""], rows))
    elif found.system.targets.says:
        blocks.append(Text(f"A target is written as {found.system.targets.says}."))
    asked = question(found.targets)
    if asked is not None and found.path is not None:
        blocks.append(Code(shlex.join(["aitia", "do", str(found.path), asked]), "For example"))
    return blocks


def _training(found: "Fit") -> list[Block]:
    bound = found.system.bound if isinstance(found.system, Counterfactuals) else {}
    off = "; ".join(f"{column} within {gap:.3g}" for column, gap in bound.items())
    back = (f"With nothing done, a counterfactual gives back {off}.",) if off else ()
    notes = (*found.training.notes, *back)
    blocks: list[Block] = [Callout(notes, "note")] if notes else []
    for name, points in found.training.losses:
        if len(points) < 2:
            continue
        for part in [part for part in points[0] if part != "step"]:
            steps = [point["step"] for point in points]
            chart = line_chart(steps, [Line(part, [point[part] for point in points])], x_label="step", y_label=part)
            blocks.append(Picture(chart, name if len(found.training.losses) > 1 else ""))
    return blocks or [Text("Too short for a curve.")]


def _options(found: "Fit") -> list[Block]:
    values = asdict(found.system.config)
    rows: list[list[object]] = [
        [o.name, str(values[o.name]), "" if values[o.name] == o.default else "chosen", o.about]
        for o in options_of(type(found.system.config))
    ]
    card = found.system.card
    told: list[Block] = [Text(f"{card.title}. {', '.join(card.authors)}. {card.venue}, {card.year}. {card.source}")]
    subjects: list[list[object]] = [
        [name, f"{subject.id}", subject.hash[:12]] for name, subject in found.system.subjects.items()
    ]
    if subjects:
        told.append(TableBlock(["subject", "what it is", "hash"], subjects))
    return [*told, TableBlock(["option", "value", "", "meaning"], rows)] if rows else told


def _again(found: "Fit", command: str | None) -> list[Block]:
    blocks: list[Block] = [Code(command, "The command")] if command is not None else []
    return [*blocks, Code(python(found), "The same in Python")]
