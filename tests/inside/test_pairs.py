"""A trace of many pairs: the sums of the traces of each, with the interval of a bootstrap over pairs, and bad lines."""

import csv
import json
import re

import numpy as np
import pytest
import scipy.stats
from tests.inside.test_cli import aitia

from aitia.errors import FormatError, InterventionError, OptionError, RunError
from aitia.inside import Pair, read_pairs, trace_pairs, trace_prompt
from aitia.inside.pairs import role
from aitia.inside.study import PlaceEffect
from aitia.inside.worth import study_alarms

SAME = [
    Pair("the capital of France is", "the capital of Italy is", "Paris", "Rome"),
    Pair("the capital of Spain is", "the capital of France is", "Madrid", "Paris"),
    Pair("the city of Italy is", "the capital of Italy is", "big", "Rome"),
]
OTHERS = [
    *SAME,
    Pair("the city Rome lies in", "the city Paris lies in", "Italy"),
    Pair("a city of Italy", "a city in Spain"),
]


def _traces(language, pairs, **options):
    return [
        trace_prompt(language, p.prompt, against=p.against, answer=p.answer, other=p.other, draws=2, **options).found
        for p in pairs
    ]


def test_a_share_over_pairs_is_the_sum_of_changes_over_the_sum_of_ways(language):
    found = trace_pairs(language, SAME)
    traces = _traces(language, SAME)
    way = sum(float(t.other[0] - t.plain[0]) for t in traces)
    assert len(found.places) == 3 * 5
    for place in found.places:
        site = f"{place.site}[position={place.token}]"
        change = sum(float(t.changes[list(t.sites).index(site), 0]) for t in traces)
        assert place.effect == pytest.approx(change / way, abs=1e-5)
        assert place.pairs == 3
    assert found.clean == pytest.approx([float(t.other[0]) for t in traces], abs=1e-5)
    assert found.strongest[0].control is not None


def test_the_interval_is_that_of_a_bootstrap_over_pairs(language):
    big, inside = (language.continuation(word)[0] for word in ("big", "in"))
    said = {f"the capital of {noun} is": 0.0 for noun in ("France", "Italy", "Spain", "Rome", "Madrid", "city")}
    for prompt, logs in zip(said, language.log_probabilities(list(said)), strict=True):
        said[prompt] = float(logs[big] - logs[inside])
    pairs = [Pair(a, b, "big", "in") for a in said for b in said if said[a] > said[b] + 0.01]
    found = trace_pairs(language, pairs, sites=["transformer.h.1[position=3]", "transformer.h.0[position=-1]"])
    traces = _traces(language, pairs, sites=["transformer.h.1[position=3]", "transformer.h.0[position=-1]"])
    way = np.array([float(t.other[0] - t.plain[0]) for t in traces])
    for k, place in enumerate(found.places):
        change = np.array([float(t.changes[k, 0]) for t in traces])
        theirs = scipy.stats.bootstrap(
            (change, way),
            lambda c, w, axis: c.sum(axis=axis) / w.sum(axis=axis),
            paired=True,
            method="percentile",
            n_resamples=20_000,
            random_state=1,
        ).confidence_interval
        width = theirs.high - theirs.low
        assert (place.low, place.high) == pytest.approx((theirs.low, theirs.high), abs=0.1 * width)
        assert place.low < place.effect < place.high


def test_pairs_of_several_lengths_are_told_by_kind_of_token(language):
    found = trace_pairs(language, OTHERS, sites=["transformer.h.*[position=*]", "transformer.h.2"])
    assert {place.token for place in found.places} == {"before", "first changed", "after", "last token", ""}
    traces = _traces(language, OTHERS)
    way = [float(t.other[0] - t.plain[0]) for t in traces]
    (place,) = [p for p in found.places if p.site == "transformer.h.1" and p.token == "after"]
    after = {0: [], 1: [], 2: [2, 3], 3: [3], 4: []}  # tokens between the one that changed and the last
    mine = [k for k, positions in after.items() if positions]
    change = sum(
        float(
            np.mean(
                [traces[k].changes[list(traces[k].sites).index(f"transformer.h.1[position={p}]"), 0] for p in after[k]]
            )
        )
        for k in mine
    )
    assert place.pairs == len(mine) == 2
    assert place.effect == pytest.approx(change / sum(way[k] for k in mine), abs=1e-5)
    (whole,) = [p for p in found.places if p.site == "transformer.h.2" and not p.token]
    assert (whole.effect, whole.low, whole.high) == pytest.approx((1, 1, 1), abs=1e-4)


def test_kinds_of_tokens():
    assert [role(p, 5, [4]) for p in (0, 4)] == ["before", "last token"]
    assert role(1, 5, [1]) == "first changed"


def test_files_and_the_command(folder, language, tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(json.dumps({k: v for k, v in vars(p).items() if v}) for p in OTHERS) + "\n\n")
    table = tmp_path / "pairs.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["against", "prompt", "answer", "other"])
        writer.writerows([p.against, p.prompt, p.answer or "", p.other or ""] for p in OTHERS)
    assert [p.prompt for p in read_pairs(table)] == [p.prompt for p in OTHERS]
    assert [vars(p) | {"line": 0} for p in read_pairs(path)] == [vars(p) | {"line": 0} for p in read_pairs(table)]
    told = aitia("trace", folder, "--pairs", path, "--out", tmp_path / "run", "--strongest", 3)
    assert "on 5 pairs of prompts: the metric is" in told
    assert "its interval is over n = 5 pairs" in " ".join(told.split())
    written = {p.name for p in (tmp_path / "run").iterdir()}
    assert {"trace.csv", "pairs.csv", "trace.json", "trace.png", "report.html"} <= written
    kept = json.loads((tmp_path / "run" / "trace.json").read_text())
    assert (kept["n"], len(kept["strongest"])) == (5, 3)
    again = json.loads(aitia("trace", folder, "--pairs", table, "--strongest", 3, "--json"))
    assert again["places"] == kept["places"]


def test_a_stopped_study_goes_on_with_the_same_numbers(language, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(what, done, total):
        if (what, done) == ("pairs", 3):
            raise StoppedError

    seen = []
    with pytest.raises(StoppedError):
        trace_pairs(language, OTHERS, out=tmp_path / "run", progress=stop)
    found = trace_pairs(language, OTHERS, out=tmp_path / "run", progress=lambda *a: seen.append(a))
    whole = trace_pairs(language, OTHERS)
    assert found.to_json() == whole.to_json()
    assert ("pairs", 5, 5) in seen
    assert seen[-1] == ("controls", 5, 5)
    with pytest.raises(RunError):
        trace_pairs(language, SAME, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "holds no pair"),
        (['{"prompt": "a", "against": "b"}', "{", "[1]"], r"line 2: the line .* \(and so are lines 3\)"),
        (['{"prompt": "a"}'], "line 1: it lacks 'against'"),
        (['{"prompt": "a", "agianst": "b"}'], "line 1: 'agianst' is not of a pair, did you mean 'against'"),
        (["", '{"prompt": "a", "against": 3}'], "line 2: 'against' is a text, got 3"),
    ],
)
def test_bad_lines_are_named(tmp_path, lines, sentence):
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=sentence):
        read_pairs(path)


def test_a_table_with_too_many_cells_is_named(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("prompt,against\na,b\na,b,c\n")
    with pytest.raises(FormatError, match="line 3: more cells than the first line names"):
        read_pairs(path)


def test_pairs_that_are_no_question_are_named_before_anything_runs(folder, language, tmp_path):
    with pytest.raises(InterventionError, match=r"pair 2: a patch needs two prompts of the same token length"):
        trace_pairs(language, [SAME[0], Pair("the city", "the big city")])
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"prompt": "the city", "against": "the city"}\n{"prompt": "the city", "against": "the capital"}')
    with pytest.raises(OptionError, match=r"pairs\.jsonl line 1: both prompts are the same"):
        aitia("trace", folder, "--pairs", path)
    with pytest.raises(OptionError, match="has 1 pair, and an interval over pairs needs two or more"):
        trace_pairs(language, SAME[:1])
    with pytest.raises(OptionError, match="give one prompt, or a file of them"):
        aitia("trace", folder)
    with pytest.raises(OptionError, match=re.escape("--subject is of one prompt")):
        aitia("trace", folder, "--pairs", path, "--subject", "city")
    with pytest.raises(OptionError, match="draws is at least 2"):
        trace_pairs(language, SAME, draws=1)


def test_a_difference_within_its_noise_is_an_alarm():
    clear = [PlaceEffect("h.0", "", 4, 0.9, 0.8, 1.0, 0.1, 0.0, 0.2)]
    assert study_alarms(np.array([1.0, 1.2, 0.9, 1.1]), clear) == ()
    (told,) = study_alarms(np.array([1.0, -1.2, 0.9, -1.1]), clear)
    assert "within its noise over 4 pairs" in told
    (told,) = study_alarms(np.ones(4), [PlaceEffect("h.0", "", 4, 0.1, 0.0, 0.2, 0.15, 0.0, 0.2)])
    assert told == "the strongest site does not do more than as large a change in a random direction"


def test_a_fast_study_says_how_well_its_estimates_agree(folder, language, tmp_path):
    slow, fast = trace_pairs(language, OTHERS), trace_pairs(language, OTHERS, fast=True)
    assert [(p.site, p.token, p.pairs) for p in slow.places] == [(p.site, p.token, p.pairs) for p in fast.places]
    ours, theirs = [], []
    for pair in OTHERS:
        said = {"against": pair.against, "answer": pair.answer, "other": pair.other, "draws": 2}
        one, two = (trace_prompt(language, pair.prompt, fast=quick, **said) for quick in (True, False))
        ours.extend(one.found.changes[:, 0])
        theirs.extend(two.found.changes[:, 0])
    assert fast.agreement.compared == len(ours)
    assert fast.agreement.correlation == pytest.approx(np.corrcoef(ours, theirs)[0, 1], abs=1e-4)
    gap = np.abs(np.array(ours) - theirs).mean() / np.abs(slow.clean - slow.broken).mean()
    assert fast.agreement.gap == pytest.approx(gap, rel=1e-3)
    assert fast.agreement.gap > 0
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(json.dumps({k: v for k, v in vars(p).items() if v}) for p in OTHERS))
    told = " ".join(aitia("trace", folder, "--pairs", path, "--fast", "--out", tmp_path / "run").split())
    assert f"At {len(ours)} sites of 5 pairs that were patched too, the correlation is" in told
    assert json.loads((tmp_path / "run" / "trace.json").read_text())["agreement"]["prompts"] == 5
    told = " ".join(
        aitia("trace", folder, SAME[0].prompt, "--against", SAME[0].against, "--fast", "--strongest", 4).split()
    )
    assert "At 8 sites that were patched too" in told
    with pytest.raises(OptionError, match="fast estimates patches, and zero is none"):
        aitia("trace", folder, SAME[0].prompt, "--operation", "zero", "--fast")
