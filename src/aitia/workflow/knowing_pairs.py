"""What a language model says of pairs: those of a table's columns, or of a folder whose answers are known."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aitia.data.reading.tuebingen import NamedPair, read_tuebingen
from aitia.data.tables import read_table
from aitia.engine import Progress
from aitia.report import Section
from aitia.report.blocks import Callout, TableBlock, Text
from aitia.stats.shares import wilson_interval
from aitia.system import Scores, systems
from aitia.workflow.knowing import ASKS, Known, ask_graph

__all__ = ["ask_memory", "ask_pairs", "ask_published", "questions_about"]

NAMED = {
    "own": "names as they are", "described": "coined names, with the descriptions", "coined": "coined names alone",
}  # fmt: skip
SHOWN = 15
"""Words that a report names."""


def ask_pairs(names: Sequence[str], model: Any, **how: Any) -> Known:
    """Asks about all pairs of names, both ways round; what is said of each, without drawing a graph.

    Args:
        names: Of variables.
        model: A client, or what `aitia.text.open_client` takes.
        how: As in `ask_graph`.

    Raises:
        DataError: If there are fewer than two names, or one holds no knowledge.
        RunError: If the model cannot be asked.
    """
    found = ask_graph(names, model, **how)
    lines = [_line(pair["x"], pair["y"], pair["answer"], pair["confidence"]) for pair in found.values["pairs"]]
    return Known(tuple(lines), {"pairs": found.values["pairs"]}, found.knowledge, found.sections, _csv(found.values))


def ask_published(
    folder: Path,
    model: Any,
    *,
    options: Mapping[str, Any] | None = None,
    probe: bool = False,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Known:
    """Asks about the Tuebingen pairs in a folder, and scores what is said beside answers that know nothing.

    Args:
        folder: See `aitia.data.reading.tuebingen`.
        model: A client, or what `aitia.text.open_client` takes.
        options: Of the system that asks.
        probe: Ask under coined names and without single words too, whether right answers may be recalled.
        out: Folder in which answers are kept as they come; the same call goes on there.
        progress: Told how far it is.

    Raises:
        FormatError: If the folder is damaged.
        RunError: If the model cannot be asked.
    """
    held, notes = read_tuebingen(folder)
    asks: Any = systems()[ASKS].load()(**(options or {})).fit(None, model=model)
    columns = {role: [getattr(pair, role) for pair in held] for role in ("x", "y", "x_about", "y_about")}
    pairs, true = asks.pairs(asks.given(columns)), [pair.answer for pair in held]
    asked: dict[str, Any] = {"log": {} if out is None else out, "progress": progress}  # what comes again is paid once
    verdicts, scores = asks.score(pairs, true, [pair.weight for pair in held], **asked)
    lines = [f"{len(held)} pairs, each with the weight of its source.", *notes]
    for name, score in scores.items():
        beside = "".join(f"; {rule} {value:.3f}" for rule, value in score.baselines.items())
        lines.append(f"{name} {score.value:.3f}{beside}")
    told = {
        "pairs": [
            {**_of(pair), "said": verdict.answer, "confidence": verdict.confidence, "texts": list(verdict.texts)}
            for pair, verdict in zip(held, verdicts, strict=True)
        ],
        "scores": {name: {"value": s.value, "trivial": dict(s.baselines)} for name, s in scores.items()},
        "left out": notes,
    }
    sections = [Section("How often it is right", [_table(scores), *([Callout(notes, "note")] if notes else [])])]
    if probe:
        more, values, section = _probed(asks, pairs, true, asked)
        lines, told, sections = [*lines, *more], told | values, [*sections, section]
    sections.append(Section("What it says", asks.report(None)))
    return Known(tuple(lines), told, "", tuple(sections), _csv(told))


def questions_about(folder: Path, votes: int, *, probe: bool) -> int:
    """How many questions `ask_published` asks at most.

    Raises:
        FormatError: If the folder is damaged.
    """
    held, _ = read_tuebingen(folder)
    asked = len(held)
    if probe:
        words = (text for pair in held for text in (pair.x, pair.y, pair.x_about, pair.y_about))
        asked += 2 * len(held) + sum(len(text.split()) for text in words)
    return 2 * votes * asked


def ask_memory(
    table: Path,
    model: Any,
    *,
    rows: int = 20,
    name: str | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Known:
    """Asks how rows of a table go on, among the ends of rows that are like it: values are sent.

    Args:
        table: That the model may have read.
        model: A client, or what `aitia.text.open_client` takes.
        rows: How many, drawn at random.
        name: What the table is called; the name of the file if absent.
        out: Folder in which answers are kept as they come.
        progress: Told how far it is.

    Raises:
        FormatError: If the file is missing or no table.
        DataError: If no row has four ends to choose from.
        RunError: If the model cannot be asked.
    """
    asks: Any = systems()[ASKS].load()().fit(None, model=model)
    found = asks.remembers(read_table(table), name or table.stem, rows=rows, log=out, progress=progress)
    right = [
        sum(one.choice == question.answer for one in several) * 2 > len(several)
        for question, several in zip(found.questions, found.asked, strict=True)
    ]
    low, high = wilson_interval(sum(right), len(right))
    chance = 1 / len(found.questions[0].options)
    verdict = "more than chance: the table may have been read" if low > chance else "no more than chance"
    lines = (
        f"{sum(right)} of {len(right)} rows go on as they do ({sum(right) / len(right):.2f}, 95 % {low:.2f} to "
        f"{high:.2f}); by chance {chance:.2f}: {verdict}.",
        "A row counts where its own end is chosen in more than half of the places that it stands in.",
    )
    values = {"right": sum(right), "rows": len(right), "low": low, "high": high, "chance": chance, "read": low > chance}
    return Known(lines, values)


def _probed(
    asks: Any, pairs: Sequence[Any], true: Sequence[str], asked: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any], Section]:
    """Lines, values and section of whether right answers may be recalled."""
    ways, words = asks.probe(pairs, true, **asked)
    lines, cells = ["May right answers be recalled?"], []
    for way in ways:
        low, high = way.interval
        share = f"{way.right / way.pairs:.3f} [{low:.3f}, {high:.3f}]"
        lines.append(f"  {NAMED[way.names]}: right {share}, undecided {way.undecided}, as under the names {way.same}")
        cells.append([NAMED[way.names], share, way.undecided, way.same])
    moved = [word for word in words if word.moves]
    for where in ("name", "description"):
        those = [word for word in words if word.where == where]
        if those:
            hits = sum(word.moves for word in those)
            lines.append(f"  a word of a {where} gone: another answer {hits} of {len(those)} times")
    values = {
        "probes": [{"names": w.names, "right": w.right, "pairs": w.pairs, "undecided": w.undecided} for w in ways],
        "words": [
            {"pair": w.row, "where": w.where, "word": w.word, "before": w.before, "after": w.after} for w in moved
        ],
    }
    told = [
        f"{word.word} ({word.where}, pair {word.row}): {word.before} becomes {word.after}" for word in moved[:SHOWN]
    ]
    blocks: list[Any] = [
        Text(
            "Under coined names with the descriptions, who reasons from what the variables are is as right as before; "
            "who knows the pair by its names is not. Under coined names alone nothing is left to know."
        ),
        TableBlock(["asked with", "right [95 %]", "undecided", "as under the names"], cells),
    ]
    if told:
        blocks.append(Callout(told, "note", "Words without which the answer is another:"))
    return lines, values, Section("May right answers be recalled?", blocks)


def _table(scores: Scores) -> TableBlock:
    cells: list[list[object]] = [[name, f"{score.value:.3f}"] for name, score in scores.items()]
    cells += [[rule, f"{value:.3f}"] for rule, value in scores["accuracy"].baselines.items()]
    return TableBlock(["score", "value"], cells)


def _of(pair: NamedPair) -> dict[str, Any]:
    return {"pair": pair.number, "x": pair.x, "y": pair.y, "x_about": pair.x_about, "y_about": pair.y_about,
            "answer": pair.answer, "weight": pair.weight}  # fmt: skip


def _line(x: str, y: str, answer: str, confidence: float) -> str:
    if answer in ("->", "<-"):
        return f"{x} {answer} {y}  ({confidence:.2f})"
    return f"{x}, {y}  {answer}" + (f"  ({confidence:.2f})" if answer == "neither" else "")


def _csv(told: Mapping[str, Any]) -> str:
    """The pairs as a table that `aitia run` takes."""
    out = io.StringIO()
    names = [name for name in told["pairs"][0] if name != "texts"] if told["pairs"] else ["x", "y", "answer"]
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(told["pairs"])
    return out.getvalue()
