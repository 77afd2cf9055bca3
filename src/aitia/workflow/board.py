"""What a bench measured: the table with its intervals over seeds, as JSON, CSV and LaTeX."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any, Literal

from aitia.errors import RunError
from aitia.evidence.intervals import mean_interval, method_of_mean
from aitia.guard import guarded

__all__ = ["Bench", "Measure"]


@dataclass(frozen=True)
class Measure:
    """A number that systems are compared by.

    Args:
        name: As in tables.
        better: Which way is better.
        about: What it is, in one sentence.
    """

    name: str
    better: Literal["lower", "higher"]
    about: str


@dataclass(frozen=True)
class Bench:
    """What was measured.

    Args:
        world: The world's name.
        systems: In the order asked for; somebody's own first.
        seeds: How many.
        rows: Of the world, for each fit.
        options: What was set, by system.
        measures: Those with a score, the most important first.
        scores: For each system and baseline its scores by measure and seed.
        failed: Why a system gave no score, by system: seed and sentence.
        worth: Why the answers of a system are worth little, by system: seed and sentences.
        path: The run folder; None where nothing was kept.
    """

    world: str
    systems: tuple[str, ...]
    seeds: int
    rows: int
    options: Mapping[str, Mapping[str, Any]]
    measures: tuple[Measure, ...]
    scores: Mapping[str, Mapping[str, Mapping[int, float]]]
    failed: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    worth: Mapping[str, Mapping[int, Sequence[str]]] = field(default_factory=dict)
    path: Path | None = None

    @property
    def everyone(self) -> tuple[str, ...]:
        """Systems, then what needs no model."""
        return (*self.systems, *(name for name in self.scores if name not in self.systems))

    @property
    def lines(self) -> list[tuple[str, dict[str, str], str]]:
        """Of the table: who, the cells by measure (mean and interval over the seeds), and why cells are missing.

        A baseline stands in one line, also where it has another value beside each system: the range of its means.
        """
        shown = []
        for who in self.everyone:
            if who in self._of_one_system:
                continue
            cells = {m.name: cell for m in self.measures if (cell := self._told(who, m.name))}
            shown.append((who, cells, self._why(who)))
        return shown

    @property
    def notes(self) -> list[str]:
        """What to know when reading the lines."""
        plain = set(self._of_one_system.values())
        if not any(" to " in cell for who, cells, _ in self.lines if who in plain for cell in cells.values()):
            return []
        return [
            "A baseline with two values, as in 0.1 to 0.2, differs by system, such as with the part of the rows it is "
            "measured on; --json has every value."
        ]

    @property
    def alarms(self) -> tuple[str, ...]:
        """A sentence for each system whose answers are worth little, with the seeds at which they are."""
        told = []
        for who, by in self.worth.items():
            seeds: dict[str, list[int]] = {}
            for seed, sentences in by.items():
                for sentence in sentences:
                    seeds.setdefault(sentence, []).append(seed)
            for sentence, at in seeds.items():
                which = "" if len(at) == self.seeds else f", seed {', '.join(map(str, at))}"
                told.append(f"{who}{which}: {sentence}")
        return tuple(told)

    @property
    def _of_one_system(self) -> dict[str, str]:
        """Baselines that were told apart by system, and what they are called without it."""
        ends = {f" ({system})" for system in self.systems}
        return {
            who: who[: who.rindex(" (")]
            for who in self.scores
            if any(who.endswith(end) for end in ends) and who[: who.rindex(" (")] in self.scores
        }

    def _told(self, who: str, measure: str) -> str:
        """A cell: mean and interval; of a baseline with several values the range of the means."""
        names = [who, *(name for name, plain in self._of_one_system.items() if plain == who)]
        values = [list(by.values()) for name in names if (by := self.scores.get(name, {}).get(measure))]
        if not values:
            return ""
        means = sorted(mean(of) for of in values)
        low, high = f"{means[0]:.3g}", f"{means[-1]:.3g}"
        return _cell(values[0]) if low == high else f"{low} to {high}"

    def _why(self, who: str) -> str:
        failed = self.failed.get(who, {})
        if not failed:
            return ""
        sentences = dict.fromkeys(failed.values())
        if len(sentences) == 1 and len(failed) == self.seeds:
            return next(iter(sentences))
        return "; ".join(f"seed {seed}: {sentence}" for seed, sentence in failed.items())

    def to_json(self) -> dict[str, Any]:
        """Every number, in JSON values."""
        return {
            "world": self.world,
            "systems": list(self.systems),
            "seeds": self.seeds,
            "rows": self.rows,
            "options": {name: dict(options) for name, options in self.options.items()},
            "measures": [asdict(m) for m in self.measures],
            "scores": {
                who: {name: {str(seed): v for seed, v in of.items()} for name, of in by.items()}
                for who, by in self.scores.items()
            },
            "alarms": list(self.alarms),
            "failed": {who: {str(seed): why for seed, why in by.items()} for who, by in self.failed.items()},
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any], path: Path | None = None) -> "Bench":
        """What `to_json` told, as `bench.json` of a run has it; the alarms of all systems are left out.

        Raises:
            RunError: If it is not of that form.
        """
        with guarded("bench.json", "is damaged: run the bench again", RunError):
            scores = {
                str(who): {str(name): {int(seed): float(v) for seed, v in of.items()} for name, of in by.items()}
                for who, by in told["scores"].items()
            }
            failed = {who: {int(seed): str(why) for seed, why in by.items()} for who, by in told["failed"].items()}
            return cls(
                str(told["world"]), tuple(told["systems"]), int(told["seeds"]), int(told["rows"]), told["options"],
                tuple(Measure(**measure) for measure in told["measures"]), scores, failed, {}, path,
            )  # fmt: skip

    def to_csv(self) -> str:
        """A line for each system, measure and seed."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["world", "system", "measure", "better", "seed", "value"])
        for who in self.everyone:
            for m in self.measures:
                for seed, value in self.scores.get(who, {}).get(m.name, {}).items():
                    writer.writerow([self.world, who, m.name, m.better, seed, repr(value)])
        return text.getvalue()

    def to_latex(self) -> str:
        """A table for a paper: mean and interval over the seeds, the best mean of each measure in bold."""
        arrows = {"lower": r"$\downarrow$", "higher": r"$\uparrow$"}
        heads = " & ".join(f"{_escaped(m.name)} {arrows[m.better]}" for m in self.measures)
        how = f"mean and 95 % interval ({method_of_mean(self.seeds)})"
        lines = [
            rf"% {self.world}: {self.rows} rows a fit, {self.seeds} seeds, {how}",
            rf"\begin{{tabular}}{{l{'c' * len(self.measures)}}}",
            r"\hline",
            rf" & {heads} \\",
            r"\hline",
        ]
        best = {m.name: self._best(m) for m in self.measures}
        for who, told, _ in self.lines:
            cells = []
            for m in self.measures:
                values = list(self.scores.get(who, {}).get(m.name, {}).values())
                cell = told.get(m.name, "--")
                cells.append(rf"\textbf{{{cell}}}" if values and mean(values) == best[m.name] else cell)
            lines.append(rf"{_escaped(who)} & {' & '.join(cells)} \\")
        return "\n".join([*lines, r"\hline", r"\end{tabular}", ""])

    def _best(self, measure: Measure) -> float:
        means = [mean(by[measure.name].values()) for by in self.scores.values() if by.get(measure.name)]
        return min(means) if measure.better == "lower" else max(means)


def _cell(values: Sequence[float]) -> str:
    ends = mean_interval(values)
    return f"{mean(values):.3g}" + ("" if ends is None else f" [{ends[0]:.3g}, {ends[1]:.3g}]")


def _escaped(text: str) -> str:
    for char in "&%$#_{}":
        text = text.replace(char, f"\\{char}")
    return text
