"""Two runs beside each other, runs from elsewhere, leaderboards, and members of a class."""

import json
import shutil

import numpy as np
import pytest
from tests.studio.studio import Visitor, opened

import aitia
from aitia import SCM, discover
from aitia.discovery import estimate_effect, load_discovery
from aitia.errors import GraphError, RunError
from aitia.evidence import STORED
from aitia.evidence.store import stored_evidence
from aitia.graph import Graph, shd
from aitia.studio.answers import Opened
from aitia.studio.comparing import Side, differing, graph_pairs, score_lines
from aitia.workflow.board import Bench


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A chain, whose lines the data leave open; the same with knowledge; and a bench."""
    place = tmp_path_factory.mktemp("compared")
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    b = a + 0.7 * rng.normal(size=400)
    table = {"a": a, "b": b, "c": b + 0.7 * rng.normal(size=400)}
    discover(table, method="pc", out=place / "open", bootstrap=0)
    known = aitia.Knowledge(required=[("a", "b")])
    discover(table, method="pc", out=place / "known", bootstrap=0, knowledge=known)
    aitia.bench("figure", ["pc"], seeds=2, rows=60, out=place / "bench")
    return place


@pytest.fixture
def visit(tmp_path, runs):
    with opened(tmp_path / "studio") as client:
        for name in ("open", "known", "bench"):
            shutil.copytree(runs / name, tmp_path / "studio" / "runs" / name)
        yield Visitor(client)


# -- comparing ---------------------------------------------------------------------------------------------------------


def test_runs_are_compared_by_options_graphs_and_reports(visit, runs):
    sides = [Side.at(runs / name) for name in ("open", "known")]
    assert [name for name, _, _ in differing(*sides)] == ["knowledge"]
    (pair,) = graph_pairs(*sides)
    graphs = [load_discovery(runs / name).graph for name in ("open", "known")]
    assert pair.distance == shd(*graphs) == len(pair.edges) == 2
    assert sorted(pair.edges) == [("a --- b", "a --> b"), ("b --- c", "b --> c")]
    assert pair.alone == []
    page = visit.get("/compare?a=open&b=known").text
    for told in ("a --- b", "a --&gt; b", "<strong>2</strong>", 'src="/runs/open/report.html"'):
        assert told in page, told
    same = visit.get("/compare?a=open&b=open").text
    assert "None: the same options" in same
    assert "the same graph" in same
    assert visit.get("/compare?a=open&b=..%2fopen").status_code == 400
    assert visit.get("/compare?a=open&b=none").status_code == 400
    assert 'href="/compare?a=' in visit.get("/runs").text


def test_scores_say_which_is_ahead_by_what_is_better():
    def side(**scores):
        return Side("x", "fit", {}, scores, {}, False)

    lower = {"better": "lower", "model": 0.2, "mean": 1.0}
    lines = score_lines(side(error=lower, same=lower), side(error={**lower, "model": 0.1}, same=lower, new=lower))
    assert [(line["name"], line["ahead"]) for line in lines] == [("error", 1), ("same", None), ("new", None)]
    higher = {"better": "higher", "model": 0.2}
    assert score_lines(side(r2=higher), side(r2={**higher, "model": 0.1}))[0]["ahead"] == 0
    nested = Side("x", "fit", {"options.steps": "3"}, {}, {}, False)
    assert differing(nested, side()) == [("options.steps", "3", "-")]
    two = [Side("x", "fit", {"system": s, f"options.{s}": "1", "seed": s}, {}, {}, False) for s in ("p", "q")]
    assert differing(*two) == [("system", "p", "q"), ("seed", "p", "q")]  # of another system all options differ


def test_graphs_over_other_names_say_which_are_alone():
    one, other = (
        Side("x", "fit", {}, {}, {"graph": Graph(text)}, False) for text in ("x -> y -> w; z", "y -> x; y -> w")
    )
    (pair,) = graph_pairs(one, other)
    assert (pair.distance, list(pair.edges), pair.alone) == (1, [("x --> y", "y --> x")], ["z"])
    assert graph_pairs(one, Side("x", "fit", {}, {}, {}, False)) == []


def test_a_run_from_elsewhere_opens_here_as_it_was(visit, runs, tmp_path):
    told = visit.post("/runs/open", json={"folder": str(runs / "open")})
    assert told.json() == {"go": "/runs/open-2"}
    assert visit.get("/api/runs/open-2/graph").json() == visit.get("/api/runs/open/graph").json()
    again = visit.client.app.state.workspace.runs / "open-2"
    assert visit.post("/runs/open", json={"folder": str(again)}).json() == {"go": "/runs/open-2"}
    broken = shutil.copytree(runs / "open", tmp_path / "broken")
    (broken / "summary.json").write_text("{}")
    linked = shutil.copytree(runs / "open", tmp_path / "linked")
    (linked / "more").symlink_to("/etc")
    for folder, said in ((broken, "is not as it was written"), (linked, "is a link"), (tmp_path, "no run.json"),
                         ("runs/open", "no full path")):  # fmt: skip
        answer = visit.post("/runs/open", json={"folder": str(folder)})
        assert answer.status_code == 400
        assert said in answer.json()["error"]
    assert sorted(path.name for path in again.parent.iterdir()) == ["bench", "known", "open", "open-2"]


# -- leaderboards ------------------------------------------------------------------------------------------------------


def test_a_board_holds_benches_of_the_workspace_and_claims_on_the_world(visit, runs):
    page = visit.get("/boards/figure").text
    found = Bench.from_json(json.loads((runs / "bench" / "bench.json").read_text()))
    for who, cells, why in found.lines:
        assert who in page
        for cell in (*cells.values(), why):
            assert cell in page
    evidence = stored_evidence(STORED, "gcrl")
    page = visit.get("/boards/orca").text
    assert f"Stored evidence of {evidence.date}." in page
    assert "/runs/bench" not in page  # that is of another world
    assert evidence.rows[0].metric.replace("&", "&amp;").replace("<", "&lt;") in page
    boards = visit.get("/boards").text
    assert 'href="/boards/orca"' in boards
    assert visit.get("/boards/nowhere").status_code == 400


def test_a_bench_is_read_back_as_it_was(runs):
    told = json.loads((runs / "bench" / "bench.json").read_text())
    found = Bench.from_json(told)
    assert found.to_json() == {**told, "alarms": []}
    with pytest.raises(RunError, match="damaged"):
        Bench.from_json({**told, "scores": 3})


def test_a_bench_is_the_command_that_one_would_type(visit, monkeypatch):
    jobs, submitted = visit.client.app.state.jobs, []
    monkeypatch.setattr(jobs, "submit", lambda *told: submitted.append(told) or jobs.state.add(*told))
    monkeypatch.setattr(jobs, "_next", lambda quick: None)
    told = visit.post("/boards/figure/bench", json={"systems": ["pc", "boss"], "seeds": 2, "rows": 60}).json()
    assert told["go"] == "/runs/bench-figure"
    assert submitted[0][1] == ["bench", "figure", "--systems", "boss,pc", "--seeds", "2", "--rows", "60",
                               "--out", "runs/bench-figure"]  # fmt: skip
    for wrong in ({"systems": []}, {"systems": ["pc", "nobody"]}, {"systems": ["gan-dissection"]},
                  {"systems": ["pc"], "seeds": 0}):  # fmt: skip
        assert visit.post("/boards/figure/bench", json=wrong).status_code == 400
    assert visit.post("/boards/nowhere/bench", json={"systems": ["pc"]}).status_code == 400
    assert len(submitted) == 1


# -- members -----------------------------------------------------------------------------------------------------------


def test_a_line_that_is_turned_gives_the_other_member(visit, runs):
    saved = load_discovery(runs / "open")
    one = visit.post("/api/runs/open/do", json={"values": {"a": 2.0}, "directed": [["a", "b"]]}).json()
    other = visit.post("/api/runs/open/do", json={"values": {"a": 2.0}, "directed": [["b", "a"]]}).json()
    means = [{v["name"]: v["mean after"] for v in told["variables"]} for told in (one, other)]
    assert means[0]["b"] == pytest.approx(2.0, abs=0.2)  # b = a + noise
    assert means[1]["b"] == pytest.approx(0.0, abs=0.2)  # what is set is an effect there
    assert [line for line in one["chosen"] if line["said"]] == [
        {"cause": "a", "effect": "b", "said": True, "knowledge": "required: a -> b"}
    ]
    assert {(line["cause"], line["effect"]) for line in one["chosen"]} == {("a", "b"), ("b", "c")}
    model = SCM.fit(Graph("a -> b -> c"), saved.table)
    exogenous = model.draw(2000, seed=0)
    expected = model.do({"a": 2.0}).solve(exogenous).column("c").mean()
    assert means[0]["c"] == pytest.approx(float(expected))


def test_directions_that_no_member_has_are_told(visit):
    collider = {"values": {}, "directed": [["a", "b"], ["c", "b"]]}
    answer = visit.post("/api/runs/open/do", json=collider)
    assert answer.status_code == 400
    assert "c -> b" in answer.json()["error"] or "b -> c" in answer.json()["error"]
    assert visit.post("/api/runs/open/do", json={"values": {}, "directed": [["a", "c"]]}).status_code == 400


def test_what_is_beyond_all_numbers_is_told(visit):
    answer = visit.post("/api/runs/open/do", json={"values": {"b": 1e308}})
    assert answer.status_code == 400
    assert "beyond all numbers" in answer.json()["error"]


def test_models_of_members_are_kept_and_not_without_end(runs):
    held = Opened(load_discovery(runs / "open"))
    assert held.member([("a", "b")]) is held.member([("a", "b"), ("a", "b")])
    assert held.member() is not held.member([("a", "b")])
    with pytest.raises(GraphError):
        held.member([("a", "z")])
    assert len(held._members) == 2


def test_edges_that_decide_an_effect_become_knowledge(visit, runs, monkeypatch):
    """The page of an effect over members, and its button."""
    saved = load_discovery(runs / "open")
    effect = estimate_effect(saved.graph, saved.table, "do(b=1)", "c", read_as=saved.read_as, resamples=5)
    jobs, folder = visit.client.app.state.jobs, visit.client.app.state.workspace.folder
    (folder / "runs" / "open-effect").mkdir()
    record = {"system": "discover", "verb": "effect", **effect.to_json(), "files": []}
    (folder / "runs" / "open-effect" / "answer.json").write_text(json.dumps(record))
    words = ["do", "runs/open", "do(b=1)", "--outcome", "c", "--out", "runs/open-effect"]
    jobs.state.turn(jobs.state.add("effect", words, "open-effect").id, "finished")
    page = visit.get("/runs/open-effect").text
    assert effect.range_line in page
    assert 'value="required: b -&gt; c"' in page
    assert 'value="required: c -&gt; b"' in page
    assert "estimate_effect(found.graph, found.table, &#39;do(b=1)&#39;, &#39;c&#39;" in page
    search = ["discover", "t.csv", "--out", "runs/open"]
    jobs.state.turn(jobs.state.add("discover", search, "open").id, "finished")
    submitted = []
    monkeypatch.setattr(jobs, "submit", lambda *told: submitted.append(told))
    visit.post("/api/runs/open/again", json={"knowledge": "required: c -> b"})
    (told,) = submitted
    run = told[2]
    assert told[1][-2:] == ["--knowledge", f"notes/{run}.txt"]
    assert (folder / "notes" / f"{run}.txt").read_text() == "required: c -> b\n"
