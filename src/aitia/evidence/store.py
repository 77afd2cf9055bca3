"""Evidence of one run of a claim, and its file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aitia.errors import FormatError, OptionError
from aitia.evidence.claim import Control
from aitia.evidence.intervals import Interval
from aitia.evidence.replaced import Replaced
from aitia.evidence.rivals import matched_by, swap_holds
from aitia.evidence.rows import Row, Summary
from aitia.evidence.verdict import Judged, judge, tally
from aitia.guard import guarded, parse_json, read_text

__all__ = ["Evidence", "Replay", "control_faults", "stored_evidence", "unfaced"]


@dataclass(frozen=True)
class Replay:
    """A first seed that was run again and gave what is stored.

    Args:
        date: When.
        commit: Of the code that ran.
        source: Its hash, under which the evidence stands since.
        machine: Where it gave what the code of before gives there; None on the kind of machine of the evidence.
    """

    date: str
    commit: str | None
    source: str
    machine: str | None = None


@dataclass(frozen=True)
class Evidence:
    """What one run of a claim measured.

    Args:
        slug: Of the system.
        rows: The numbers.
        command: That measures them again.
        versions: Of what they depend on.
        hardware: The machine, in words.
        seconds: Wall time.
        date: Of the run.
        resumed: Whether the run went on from finished seeds of an earlier one, whose time `seconds` leaves out.
        commit: Of the checkout; None outside of one.
        source: Hash of the syntax that the claim rests on; None in evidence of before it was stored.
        machine: Its kind.
        first_seed: Where the seeds began.
        quick: Whether it was `verify --quick`.
        swap: The arm that stands for the method replaced.
        controls: The negative controls.
        uncontrolled: By the metric of a judged row that no control stands against, why none can.
        first: By part, what the first seed gave, for replays.
        replays: Under which source the first seed gave the same again.
        replaced: What earlier evidence was judged by and this is not, as it was last measured.
    """

    slug: str
    rows: tuple[Row, ...]
    command: str
    versions: Mapping[str, str]
    hardware: str
    seconds: float
    date: str
    resumed: bool = False
    commit: str | None = None
    source: str | None = None
    machine: Mapping[str, str] = field(default_factory=dict)
    first_seed: int = 0
    quick: bool = False
    swap: str | None = None
    controls: tuple[Control, ...] = ()
    uncontrolled: Mapping[str, str] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    replays: tuple[Replay, ...] = ()
    replaced: tuple[Replaced, ...] = ()

    @property
    def judged(self) -> tuple[Judged, ...]:
        """Every comparison of every row."""
        return tuple(j for row in self.rows for j in row.judged)

    @property
    def holds(self) -> bool:
        """Whether something is judged, and all of it holds."""
        return bool(self.judged) and all(j.verdict == "holds" for j in self.judged)

    @property
    def verdict(self) -> str:
        """How many comparisons hold, are open and fail, in words."""
        return tally(j.verdict for j in self.judged)

    @property
    def matched_by(self) -> dict[str, tuple[str, ...]]:
        """By part, the rivals that match ours."""
        return matched_by(self.rows)

    def swap_holds(self) -> bool | None:
        """Whether the claim would hold for its swap where it holds for ours; None where that cannot be told."""
        return None if self.swap is None else swap_holds(self.rows, self.swap)

    def control_holds(self, name: str) -> bool:
        """Whether a negative control would pass any of the rows that it stands against.

        Its one value is taken as it is: it has no interval, which makes it easier for the control. It passes a row
        where it reaches the bar, and is ahead of what the rivals got on the first seed, which is its own.

        Raises:
            OptionError: If there is no such control, or no such row.
        """
        control = next((c for c in self.controls if c.name == name), None)
        if control is None:
            raise OptionError(f"{self.slug} has no stored control {name!r}")
        return any(self.passes(metric, value) for metric, value in control.values.items())

    def passes(self, metric: str, value: float) -> bool:
        """Whether one value on the first seed would pass a judged row.

        Raises:
            OptionError: If there is no such row with values.
        """
        row = next((row for row in self.rows if row.metric == metric and row.judged and row.values), None)
        if row is None:
            raise OptionError(f"{self.slug} has no judged row {metric!r} with values for a control to stand against")
        passed = row.bar is None or judge(Interval(value, value), row.bar, row.direction) == "holds"
        for rival, margin in row.ahead_of.items():
            theirs = row.arms[rival][0]
            if row.kind == "ratio":
                ahead, asked = (value / theirs if row.direction == "higher" else theirs / value), 1 + margin
            else:
                ahead, asked = (value - theirs if row.direction == "higher" else theirs - value), margin
            passed = passed and ahead > asked
        return passed

    def to_json(self) -> str:
        """As JSON text. The verdicts are in it for readers; who reads it back judges the values anew."""
        fields = asdict(self)
        for told, row in zip(fields["rows"], self.rows, strict=True):
            told["judged"] = [{**asdict(j), "interval": j.interval and list(j.interval)} for j in row.judged]
        fields["verdict"] = self.verdict
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Evidence":
        """What `to_json` wrote, or evidence of before values were stored, whose rows are then ungraded.

        Raises:
            FormatError: If the text is not evidence.
        """
        fields = parse_json(text, "the evidence", dict)
        with guarded("the evidence", "is no stored evidence"):
            fields.pop("verdict", None)
            fields["rows"] = tuple(_row(row) for row in fields["rows"])
            fields["controls"] = tuple(Control(**c) for c in fields.get("controls", ()))
            fields["replays"] = tuple(Replay(**r) for r in fields.get("replays", ()))
            fields["replaced"] = tuple(Replaced(_row(r["row"]), r["date"]) for r in fields.get("replaced", ()))
            return cls(**fields)


def _row(fields: dict[str, Any]) -> Row:
    if "values" not in fields:
        return _old_row(fields)
    fields.pop("judged", None)
    summary = fields.pop("summary", None)
    fields["values"] = tuple(fields["values"])
    fields["arms"] = {name: tuple(values) for name, values in fields["arms"].items()}
    return Row(**fields, summary=None if summary is None else Summary(**summary))


def _old_row(fields: dict[str, Any]) -> Row:
    """Of evidence that stored means and the bootstrap of few seeds in place of values."""
    judged = fields["holds"] is not None
    summary = Summary(fields["ours"], fields["seeds"], fields["baselines"], judged)
    kept = ("part", "metric", "direction", "bar", "note", "statistic")
    return Row(**{name: fields[name] for name in kept}, values=(), ahead_of=fields["margins"], summary=summary)


def stored_evidence(folder: Path, slug: str) -> Evidence | None:
    """The evidence stored in a folder; None where there is none.

    Raises:
        FormatError: If the file is damaged.
    """
    path = folder / f"{slug}.json"
    if not path.is_file():
        return None
    try:
        return Evidence.from_json(read_text(path))
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def unfaced(evidence: Evidence) -> list[str]:
    """What is wrong with how controls and judged rows meet: each row is to be failed by a control, or says why by none.

    Example:
        >>> from aitia.evidence import Control, Evidence, row
        >>> rows = (row("a", "score", [1.0, 1.1], bar=0.8), row("b", "cost", [0.5, 0.5], direction="lower", bar=0.6))
        >>> found = Evidence("toy", rows, "", {}, "", 0.0, "", controls=(Control("shuffled", 0, {"score": 0.1}),))
        >>> unfaced(found)
        ["no control stands against 'cost', and nothing says why none can"]
    """
    judged = dict.fromkeys(row.metric for row in evidence.rows if row.judged and row.values)
    faced = dict.fromkeys(metric for control in evidence.controls for metric in control.values)
    faults = [
        f"no control stands against {metric!r}, and nothing says why none can"
        for metric in judged
        if metric not in faced and not evidence.uncontrolled.get(metric)
    ]
    faults += [f"{metric!r} is to have no control, and is no judged row" for metric in evidence.uncontrolled
               if metric not in judged]  # fmt: skip
    faults += [f"a control stands against {metric!r}, of which it is said that none can" for metric in faced
               if metric in evidence.uncontrolled]  # fmt: skip
    return faults + [
        f"the control {control.name!r} passes {metric!r}"
        for control in evidence.controls
        for metric, value in control.values.items()
        if evidence.passes(metric, value)
    ]


def control_faults(evidence: Evidence | None, controls: tuple[str, ...], source: str) -> list[str]:
    """What is wrong with the stored negative controls of a claim: missing, of other code, or passed.

    Args:
        evidence: As stored; None where nothing is.
        controls: The names that the claim runs.
        source: The current hash of what the claim rests on.
    """
    stored = set() if evidence is None else {c.name for c in evidence.controls}
    faults = [f"the control {name!r} is not stored" for name in controls if name not in stored]
    if evidence is None:
        return faults
    if controls and evidence.source != source:
        faults.append("the stored controls are of other sources than these")
    return faults + [
        f"the control {name!r} holds" for name in controls if name in stored and evidence.control_holds(name)
    ]
