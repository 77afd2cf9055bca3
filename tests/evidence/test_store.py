"""Evidence and its file, old and new; controls."""

import json

import pytest

from aitia.errors import FormatError, OptionError
from aitia.evidence import (
    STORED,
    ClaimContext,
    Control,
    Evidence,
    control_faults,
    row,
    stored_evidence,
    unfaced,
    verdict_of,
)
from aitia.runs import Journal

ROWS = (
    row("a", "score", [1.0, 1.1, 1.2], bar=0.8, baselines={"R": [0.9, 0.8, 0.9]}, ahead_of={"R": 0.1}),
    row("a", "error", [0.5, 0.6], direction="lower", kind="ratio", against="R", bar=0.9, statistic="mean"),
    row("b", "share", [1.0, 0.0, 1.0], kind="share", bar=0.99),
    row("b", "told", [2.0], note="A note."),
)
OLD = {
    "slug": "toy", "command": "aitia verify toy", "versions": {"python": "3.11"}, "hardware": "here", "seconds": 1.0,
    "date": "2026-01-01", "resumed": False,
    "rows": [
        {"part": "a", "metric": "score", "direction": "higher", "ours": 0.94, "low": 0.9, "high": 0.97, "seeds": 3,
         "bar": 0.9, "baselines": {"R": 0.8}, "margins": {"R": 0.04}, "holds": True, "note": "", "statistic": "mean"},
        {"part": "a", "metric": "told", "direction": "higher", "ours": 0.5, "low": 0.4, "high": 0.6, "seeds": 3,
         "bar": None, "baselines": {}, "margins": {}, "holds": None, "note": "", "statistic": "median"},
    ],
}  # fmt: skip


def evidence(**more):
    return Evidence("toy", ROWS, "aitia verify toy", {"numpy": "2"}, "here", 1.0, "2026-01-01", **more)


def test_it_reads_back_as_it_was_with_every_value():
    found = evidence(controls=(Control("shuffled", 0, {"score": 0.1}),), first={"a": {"x": [1, 2.5]}}, swap="R")
    again = Evidence.from_json(found.to_json())
    assert again == found
    assert again.rows[0].values == (1.0, 1.1, 1.2)
    assert again.rows[0].arms["R"] == (0.9, 0.8, 0.9)
    assert [j.verdict for j in again.judged] == [j.verdict for j in found.judged]


def test_verdicts_are_told_from_the_file_alone(tmp_path):
    (tmp_path / "toy.json").write_text(evidence().to_json())
    assert verdict_of("toy", tmp_path) == evidence().verdict == "holds 1, open 2, fails 1"
    assert verdict_of("other", tmp_path) == "not run here"
    (tmp_path / "toy.json").write_text("[]")
    with pytest.raises(FormatError):
        verdict_of("toy", tmp_path)


def test_evidence_without_values_is_ungraded_and_holds_nowhere(tmp_path):
    (tmp_path / "toy.json").write_text(json.dumps(OLD))
    old = stored_evidence(tmp_path, "toy")
    assert [j.verdict for j in old.judged] == ["ungraded", "ungraded"]
    assert (old.verdict, verdict_of("toy", tmp_path)) == ("ungraded", "ungraded")
    assert not old.holds
    assert [r.holds for r in old.rows] == [False, None]
    assert (old.rows[0].ours, old.rows[0].seeds, old.rows[0].baselines) == (0.94, 3, {"R": 0.8})
    again = Evidence.from_json(old.to_json())
    assert again == old


def test_what_ships_is_read_and_its_verdicts_are_those_of_its_values():
    for path in STORED.glob("*.json"):
        stored = Evidence.from_json(path.read_text())
        if path.stem == stored.slug:
            assert verdict_of(stored.slug) == stored.verdict


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", r"toy\.json: the evidence is no stored evidence: it lacks 'rows'"),
        ("[]", r"toy\.json: the evidence holds a list, where an object was expected"),
        ("{", r"toy\.json: the evidence is not valid JSON \(line 1"),
        ("[" * 100_000, r"toy\.json: the evidence is nested too deeply"),
        ('{"rows": [{}]}', "the evidence is no stored evidence: it lacks 'holds'"),
        ('{"rows": [1]}', "the evidence is no stored evidence"),
    ],
    ids=lambda value: value[:15],
)
def test_damaged_evidence_is_refused(tmp_path, text, sentence):
    (tmp_path / "toy.json").write_text(text)
    with pytest.raises(FormatError, match=sentence):
        stored_evidence(tmp_path, "toy")


def test_a_control_runs_on_one_seed_is_kept_and_goes_on_after_a_stop(tmp_path):
    asked = []

    def shuffled(seed):
        asked.append(seed)
        return {"score": 0.25 + seed}

    for _ in range(2):
        journal = Journal(tmp_path / "j")
        context = ClaimContext(store=journal, first_seed=3)
        assert context.control("labels shuffled", shuffled) == {"score": 3.25}
        assert context.controls == [Control("labels shuffled", 3, {"score": 3.25})]
        journal.close()
    assert asked == [3]
    with pytest.raises(OptionError, match="one number"):
        ClaimContext().control("nothing", lambda seed: {})


def test_a_control_that_is_missing_old_or_passes_is_told():
    kept = evidence(
        source="now", controls=(Control("shuffled", 0, {"score": 0.1}), Control("whole", 0, {"score": 5.0}))
    )
    assert control_faults(kept, ("shuffled",), "now") == []
    assert control_faults(kept, ("shuffled",), "later") == ["the stored controls are of other sources than these"]
    assert control_faults(kept, ("whole",), "now") == ["the control 'whole' holds"]
    assert control_faults(kept, ("rewards",), "now") == ["the control 'rewards' is not stored"]
    assert control_faults(None, ("rewards",), "now") == ["the control 'rewards' is not stored"]
    assert control_faults(kept, (), "later") == []


@pytest.mark.parametrize(("value", "holds"), [(0.7, False), (0.9, False), (0.98, False), (1.01, True)])
def test_a_control_holds_where_it_passes_the_bar_and_is_ahead_of_the_rivals(value, holds):
    kept = evidence(controls=(Control("c", 0, {"score": value}),))
    assert kept.control_holds("c") is holds, "the bar is 0.8, and R has 0.9 on the first seed"


def test_a_control_holds_where_it_passes_one_of_its_rows():
    kept = evidence(controls=(Control("c", 0, {"score": 0.1, "share": 1.0}), Control("d", 0, {"score": 0.1})))
    assert kept.control_holds("c")
    assert not kept.control_holds("d")


def test_every_judged_row_is_failed_by_a_control_or_says_why_by_none():
    """`told` is judged by nothing, and needs none."""
    faced = (Control("c", 0, {"score": 0.1, "error": 1.5}),)
    kept = evidence(controls=faced, uncontrolled={"share": "it is counted"})
    assert unfaced(kept) == []
    assert unfaced(evidence(controls=faced)) == ["no control stands against 'share', and nothing says why none can"]
    assert unfaced(evidence(controls=faced, uncontrolled={"share": ""})) == unfaced(evidence(controls=faced))
    passes = (*faced, Control("d", 0, {"share": 1.0}))
    assert unfaced(evidence(controls=passes)) == ["the control 'd' passes 'share'"]
    told = evidence(controls=faced, uncontrolled={"share": "a", "score": "b", "told": "c"})
    assert unfaced(told) == [
        "'told' is to have no control, and is no judged row",
        "a control stands against 'score', of which it is said that none can",
    ]


def test_a_control_of_no_judged_row_is_refused():
    kept = evidence(controls=(Control("c", 0, {"told": 1.0}),))
    with pytest.raises(OptionError, match="no judged row 'told' with values"):
        kept.control_holds("c")
    with pytest.raises(OptionError, match="no stored control"):
        kept.control_holds("d")
