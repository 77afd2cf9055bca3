"""The report of a fit: the picture first, then scores beside baselines, the training, what to keep in mind, and how."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from aitia.report import Block, Callout, Code, Line, Picture, Section, TableBlock, Text, line_chart, render

if TYPE_CHECKING:
    from aitia.workflow.fit import Fit

__all__ = ["python", "report"]

MANY_NUMBERS = 6
"""A target of more numbers is told by its widest range."""


def report(found: "Fit", config: Any, command: str | None, versions: Mapping[str, str]) -> str:
    """The report as one HTML page that loads nothing.

    Args:
        found: The fit.
        config: Its options.
        command: The command line that repeats it; None where it was run from Python.
        versions: Of what it was made with.
    """
    lead = f"{found.slug} fitted to {len(found.data)} rows of {found.data.name}"
    places = found.data.environments
    if len(places) > 1:
        lead += f" from {len(places)} environments ({', '.join(places[:8])}{', ...' if len(places) > 8 else ''})"
    sections = [Section(found.method.heading, _pictures(found))]
    warnings = [*found.training.warnings]
    if found.fresh is found.data:
        warnings.append("The scores are of the rows of the fit itself: rows that were held out say more.")
    if warnings:
        sections.append(Section("Keep in mind", [Callout(warnings, "warning")]))
    sections.append(Section("How good it is", _scores(found)))
    sections.append(Section("What do can set", _targets(found)))
    sections.append(Section("Training", _training(found)))
    sections.append(Section("How it was fitted", _options(found, config)))
    sections.append(Section("Again", _again(found, config, command)))
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    return render(f"{found.slug}: {found.data.name}", f"{lead}.", sections, footer)


def python(found: "Fit", config: Any) -> str:
    """The lines that repeat the fit."""
    default = {f.name: f.default for f in fields(config)}
    options = {name: value for name, value in asdict(config).items() if value != default[name] and name != "seed"}
    source = {name: value for name, value in found.source.to_json().items() if value}
    told = [repr(found.slug), repr(found.source.data)]
    told += [f"{name}={value!r}" for name, value in source.items() if name not in ("data", "seed")]
    told += [f"test_share={found.test_share}"] if found.data.world is None else []
    told += [f"options={options!r}"] if options else []
    told += [f"seed={config.seed}"] if config.seed else []
    told += [f"out={str(found.path)!r}"] if found.path is not None else []
    lines = ["from aitia.workflow import ask, fit", "", f"found = fit({', '.join(told)})"]
    question = _question(found)
    if question is not None and found.path is not None:
        lines.append(f"ask({str(found.path)!r}, {question!r}, rows=[3, 17]).answer")
    return "\n".join(lines)


def _pictures(found: "Fit") -> list[Block]:
    blocks = list(found.method.pictures(found.model, found.fresh))
    return blocks or [Text("This model answers no interventions.")]


def _scores(found: "Fit") -> list[Block]:
    names = list(found.scores)
    if not found.measures:
        return [Text("Nothing was scored: the data hold no truth to score against.")]
    rows: list[list[object]] = []
    for m in found.measures:
        cells = [found.scores[name].get(m.name, "") for name in names]
        rows.append([m.name, m.better, *cells])
    about = [f"{m.name}: {m.about}" for m in found.measures]
    return [
        TableBlock(["measure", "better", *names], rows, f"Measured on {found.scored_on}."),
        Callout(about, "note", "What they say"),
    ]


def _targets(found: "Fit") -> list[Block]:
    if not found.targets:
        return [Text("Nothing.")]
    rows: list[list[object]] = []
    for target in found.targets:
        if target.labels:
            rows.append([target.name, ", ".join(target.labels)])
        else:
            pairs = [f"{low:.3g} to {high:.3g}" for low, high in zip(target.low, target.high, strict=True)]
            shown = "; ".join(pairs[:MANY_NUMBERS]) + ("; ..." if len(pairs) > MANY_NUMBERS else "")
            rows.append([target.name, shown])
    blocks: list[Block] = [TableBlock(["target", "labels, or range in the fit"], rows)]
    question = _question(found)
    if question is not None and found.path is not None:
        blocks.append(Code(shlex.join(["aitia", "do", str(found.path), question, "--rows", "3,17"]), "For example"))
    return blocks


def _question(found: "Fit") -> str | None:
    from aitia.do import Intervention

    if not found.targets:
        return None
    target = found.targets[0]
    middle = tuple(round(0.5 * (low + high), 3) for low, high in zip(target.low, target.high, strict=True))
    value: Any = target.labels[-1] if target.labels else middle[0] if len(middle) == 1 else middle
    return str(Intervention({target.name: value}))


def _training(found: "Fit") -> list[Block]:
    blocks: list[Block] = [Callout(found.training.notes, "note")] if found.training.notes else []
    for name, points in found.training.losses:
        if len(points) < 2:
            continue
        for part in [part for part in points[0] if part != "step"]:
            steps = [point["step"] for point in points]
            chart = line_chart(steps, [Line(part, [point[part] for point in points])], x_label="step", y_label=part)
            blocks.append(Picture(chart, name if len(found.training.losses) > 1 else ""))
    return blocks or [Text("Too short for a curve.")]


def _options(found: "Fit", config: Any) -> list[Block]:
    default = {f.name: f.default for f in fields(config)}
    rows: list[list[object]] = [
        [name, str(value), "" if value == default[name] else "chosen"] for name, value in asdict(config).items()
    ]
    card = getattr(found.method.cls, "card", None)
    told: list[Block] = []
    if card is not None:
        told.append(Text(f"{card.title}. {', '.join(card.authors)}. {card.venue}, {card.year}. {card.source}"))
    return [*told, TableBlock(["option", "value", ""], rows)]


def _again(found: "Fit", config: Any, command: str | None) -> list[Block]:
    blocks: list[Block] = [Code(command, "The command")] if command is not None else []
    return [*blocks, Code(python(found, config), "The same in Python")]
