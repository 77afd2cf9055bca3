"""A fitted run as it can be asked: what may be set, the command that a form says, and that command as Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitia.data.spreadsheet import Reading
from aitia.data.table import Table
from aitia.data.tables import TABLES, read_table, suffix_of
from aitia.do import Intervention
from aitia.errors import AitiaError, OptionError
from aitia.guard import read_json
from aitia.runs import Record
from aitia.studio.places import rows_said
from aitia.studio.workspace import Workspace
from aitia.system import find
from aitia.system.loading import FIT
from aitia.workflow.ask import parse_rows
from aitia.workflow.source import Source

__all__ = ["SHOWN", "VERBS", "Fitted", "Question", "ask_words", "python_of"]

VERBS = {
    "do": "what if: an intervention on some rows",
    "predict": "fill the holes of rows",
    "effects": "what moves an outcome, with intervals",
    "encode": "the code of each row",
}
"""What a fitted system is asked, and what that is."""
MOST_BYTES = 20 << 20
"""Of a table whose first rows are shown."""
SHOWN = 40
"""Rows of the fit that can be picked by sight."""


@dataclass(frozen=True)
class Fitted:
    """A finished fit.

    Args:
        path: Its folder.
        card: Of the system.
        told: What metrics.json says.
    """

    path: Path
    card: Any
    told: Mapping[str, Any]

    @classmethod
    def at(cls, path: Path) -> "Fitted":
        """The fit in a folder.

        Raises:
            AitiaError: If there is none, or it is not finished.
        """
        record = Record.read(path).finished(FIT)
        return cls(path, find(str(record.config.get("system"))).card, read_json(path / "metrics.json", dict))

    @property
    def targets(self) -> list[dict[str, Any]]:
        """What `do` may set, as far as it can be listed."""
        return list(self.told.get("targets", []))

    @property
    def says(self) -> str:
        """What a target looks like where more can be set than is listed."""
        return str(self.told.get("says", ""))

    @property
    def verbs(self) -> list[str]:
        """What it can be asked."""
        acts = bool(self.targets or self.says) or (self.card.does is not None and "targets" not in self.told)
        answers = any(verb in self.card.verbs for verb in ("counterfactual", "edit", "predict", "encode"))
        return [verb for verb in VERBS if (acts and answers if verb == "do" else verb in self.card.verbs)]

    @property
    def rows(self) -> Table | None:
        """The first rows of the fit, where they are a table of moderate size that is still there."""
        try:
            source = Source.from_json(
                {name: value for name, value in read_json(self.path / "source.json", dict).items()
                 if name not in ("roles", "subjects")}
            )  # fmt: skip
            place = Path(str(source.data))
            if source.is_world or suffix_of(place) not in TABLES or place.stat().st_size > MOST_BYTES:
                return None
            how, kinds = Reading(**source.reads.get("how", {})), source.reads.get("kinds")
            return read_table(place, kinds=kinds, how=how).take(slice(0, SHOWN))
        except (AitiaError, OSError):
            return None


@dataclass(frozen=True)
class Question:
    """What is asked of a fit.

    Args:
        verb: One of `VERBS`.
        values: What is set, by target: a number, a label or text, or several numbers.
        do: More of an intervention, as text.
        rows: Numbers such as 3,17 or 0-5.
        data: Rows other than those of the fit, as a form names them.
        draws: Answers a row.
        seed: Of the draws.
        target: The one target of effects.
        outcome: The one outcome of effects.
    """

    verb: str
    values: Mapping[str, Any]
    do: str = ""
    rows: str = ""
    data: str = ""
    draws: int = 1
    seed: int = 0
    target: str = ""
    outcome: str = ""

    @property
    def intervention(self) -> Intervention:
        """What is set by controls, and by text, which wins.

        Raises:
            InterventionError: If the text is none.
        """
        values = {name: tuple(v) if isinstance(v, list) else v for name, v in self.values.items()}
        return Intervention(values) | Intervention.parse(self.do or "do()")


def ask_words(
    workspace: Workspace, name: str, fitted: Fitted, question: Question, within: Path | None = None
) -> list[str]:
    """The words of the command that a question says, without `--out`.

    Raises:
        AitiaError: If the system answers no such verb, sets no such target, or there are no such rows.
    """
    if question.verb not in fitted.verbs:
        raise OptionError(f"{fitted.card.slug} is asked {', '.join(fitted.verbs) or 'nothing'}, not {question.verb!r}")
    data, words = rows_said(workspace, question.data, within), [question.verb, f"runs/{name}"]
    done = question.intervention
    if question.verb == "do":
        words += [str(done)]
        words += ["--rows", ",".join(map(str, parse_rows(question.rows)))] if question.rows.strip() else []
        words += [] if data is None else ["--data", data]
    else:
        words += [] if data is None else [data]
        words += ["--do", str(done)] if question.verb == "predict" and done else []
    if question.verb in ("do", "predict"):
        words += ["--draws", str(question.draws)] if question.draws != 1 else []
        words += ["--seed", str(question.seed)] if question.seed else []
    if question.verb == "effects":
        words += ["--target", question.target] if question.target else []
        words += ["--outcome", question.outcome] if question.outcome else []
    return words


def python_of(words: Sequence[str], folder: Path) -> str:
    """A command of `ask_words` as Python that prints the same, from anywhere.

    Args:
        words: Of the command, `--out` among them or not.
        folder: Where it is given.
    """
    plain, options = _parted(words)
    verb, run, *more = plain
    if "outcome" in options and verb == "do":
        return _effect(str(folder / run), more[0], options)
    said = [repr(str(folder / run))]
    if verb == "do":
        said += [repr(more[0])]
    elif more:
        said += [repr(_full(more[0], folder))]
    for name, value in options.items():
        if name == "rows":
            said.append(f"rows={list(parse_rows(value))!r}")
        elif name in ("draws", "seed"):
            said.append(f"{name}={int(value)}")
        elif name == "data":
            said.append(f"data={_full(value, folder)!r}")
        elif name != "out":
            said.append(f"{name}={value!r}")
    call = ", ".join(said)
    if verb == "do":
        return f'import aitia\n\nanswer = aitia.ask({call})\nprint(answer.about, *answer.first_rows(), sep="\\n")'
    return (
        f"from aitia.workflow.answers import {verb}\n\ntold = {verb}({call})\nprint(told.about)\n"
        "print(told.data.known.to_pandas())"
    )


def _effect(run: str, done: str, options: Mapping[str, str]) -> str:
    """An effect of a discovery."""
    against = f", against={options['against']!r}" if "against" in options else ""
    return "\n".join([
        "from aitia import Intervention, estimate_effect",
        "from aitia.discovery import load_discovery",
        "from aitia.discovery.effects import Search",
        "",
        f"found = load_discovery({run!r})",
        f"effect = estimate_effect(found.graph, found.table, {done!r}, {options['outcome']!r}{against},",
        "                         read_as=found.read_as, search=Search.of(found, None))",
        'print(*effect.lines(), sep="\\n")',
    ])  # fmt: skip


def _parted(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Words that stand for themselves, and values by the name of their option."""
    plain: list[str] = []
    options: dict[str, str] = {}
    left = iter(words)
    for word in left:
        if word.startswith("--"):
            options[word[2:]] = next(left, "")
        else:
            plain.append(word)
    return plain, options


def _full(data: str, folder: Path) -> str:
    """Rows as a command in `folder` names them, from anywhere."""
    return str(folder / data) if (folder / data).exists() else data
