"""The pages: tables that are read, graphs that are asked, interventions, systems, ledger; and what goes wrong."""

import json
import re
import shutil
import time

import numpy as np
import pytest
from tests.studio.studio import Visitor, opened

from aitia import SCM, discover
from aitia.data.shipped import data_path
from aitia.discovery import load_discovery
from aitia.discovery.choose import methods
from aitia.evidence import STORED
from aitia.evidence.store import stored_evidence
from aitia.graph import Graph, adjustment_sets
from aitia.graph.formats import from_dagitty
from aitia.system.registry import systems


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A discovery of a collider, whose arrows are sure."""
    rng = np.random.default_rng(0)
    x, y, e = rng.normal(size=(3, 400))
    place = tmp_path_factory.mktemp("searched") / "run"
    table = {"x": x, "y": y, "z": x + y + 0.5 * e, "site": np.where(x > 0, "north", "south")}
    discover({name: table[name] for name in "xyz"}, out=place, bootstrap=20)
    return place


@pytest.fixture
def visit(tmp_path, searched):
    with opened(tmp_path / "studio") as client:
        shutil.copytree(searched, tmp_path / "studio" / "runs" / "mine")
        yield Visitor(client)


def jobs_of(visit):
    return visit.client.app.state.jobs


# -- tables ------------------------------------------------------------------------------------------------------------


def test_a_table_is_dropped_and_read_as_the_command_line_reads_it(visit):
    told = visit.post("/tables/my%20visits.csv", content=b"age;dose\n1,5;2\n2,5;\n")
    assert told.json() == {"go": "/discover/my-visits.csv", "name": "my-visits.csv"}
    text = visit.get("/discover/my-visits.csv").text
    assert "2 rows, 2 columns" in text
    assert "1.5" in text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("a.exe", b"x", "is no table by its ending"), ("a.csv", b"", "is empty"), ("a.csv", b"\x00\x01", None)],
)
def test_a_file_that_is_no_table_is_told(visit, name, content, said):
    told = visit.post(f"/tables/{name}", content=content)
    if said is not None:
        assert told.status_code == 400
        assert said in told.json()["error"]
        return
    page = visit.get(told.json()["go"])
    assert page.status_code == 400
    assert 'class="fault"' in page.text


@pytest.fixture
def workbook():
    """As people keep them: a sheet of remarks, one with a title above the table and a total below, others."""
    import io

    import openpyxl

    book, rng = openpyxl.Workbook(), np.random.default_rng(0)
    first = book.active
    first.title, first["A1"], first["A3"] = "Read me", "Exported on Monday", "Ask Ada"
    visits = book.create_sheet("Visits & more")
    visits["A1"], visits["A2"] = "Clinic North, visits of 2024", "exported 2024-12-01"
    visits.merge_cells("A1:D1")
    rows = [["patient", "dose (mg)", "age", "answer"]]
    for k, (dose, age, noise) in enumerate(rng.normal(size=(60, 3))):
        rows.append([f"P{k}", round(dose, 2), round(50 + 8 * age), round(dose + age + noise, 3)])
    rows.append(["Total", round(sum(row[1] for row in rows[1:]), 2), None, None])
    for number, row in enumerate(rows, 4):
        for column, value in enumerate(row, 1):
            visits.cell(number, column, value)
    picture = book.create_chartsheet("Picture")
    picture.add_chart(openpyxl.chart.BarChart())
    book.create_sheet("Costs").append(["item"])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_a_workbook_is_dropped_as_it_is_and_another_sheet_is_chosen(visit, workbook, monkeypatch):
    place = visit.post("/tables/clinic.xlsx", content=workbook).json()["go"]
    first = visit.get(place).text
    assert "sheet &#39;Read me&#39; read" in first
    links = dict(re.findall(r'<a href="(/discover/clinic\.xlsx\?sheet=[^"]+)"[^>]*>([^<]+)</a>', first))
    assert list(links.values()) == ["Read me", "Visits &amp; more", "Costs"]  # a chart is no table
    chosen = next(link for link, name in links.items() if name.startswith("Visits"))
    page = visit.get(chosen).text
    assert "60 rows, 4 columns" in page
    assert re.findall(r'<th scope="row">([^<]+)', page) == ["patient", "dose (mg)", "age", "answer"]
    assert 'aria-current="page">Visits &amp; more' in page
    assert '<input type="hidden" name="sheet" value="Visits &amp; more">' in page
    submitted = []
    monkeypatch.setattr(jobs_of(visit), "submit", lambda *told: submitted.append(told))
    visit.post("/discover/clinic.xlsx", json={"sheet": "Visits & more", "drop": ["patient"]})
    assert submitted[0][1] == ["discover", "tables/clinic.xlsx", "--out", "runs/clinic", "--sheet", "Visits & more",
                               "--drop", "patient"]  # fmt: skip


def test_a_sheet_that_is_no_table_is_told_beside_the_others(visit, workbook):
    visit.post("/tables/clinic.xlsx", content=workbook)
    for sheet in ("none", "Picture", "<b>"):
        page = visit.get(f"/discover/clinic.xlsx?sheet={sheet}")
        assert page.status_code == 400
        assert 'class="fault"' in page.text
        assert "sheet=Visits" in page.text
        assert "<b>" not in page.text
    assert visit.get("/discover/survey?sheet=x").status_code in (200, 400)
    visit.post("/tables/broken.xlsx", content=workbook[:500])
    page = visit.get("/discover/broken.xlsx")
    assert page.status_code == 400
    assert "broken.xlsx" in page.text


def test_what_speaks_against_a_table_stands_before_the_search(visit):
    visit.post("/tables/flat.csv", content=b"a,b\n" + b"".join(b"%d,1\n" % k for k in range(30)))
    assert "b: every row has the same value; drop the column" in visit.get("/discover/flat.csv").text


def test_a_column_that_names_the_rows_is_not_searched_and_says_why(visit):
    rows = b"".join(b"P%d,%d,%d\n" % (k, k * k % 17, k * k * k % 23) for k in range(30))
    visit.post("/tables/named.csv", content=b"patient,a,b\n" + rows)
    page = visit.get("/discover/named.csv").text
    assert 'class="fault"' not in page
    assert "names the rows: left out" in page
    used = re.findall(r'value="(\w+)"( checked)? aria-label="use', page)
    assert used == [("patient", ""), ("a", " checked"), ("b", " checked")]


def test_every_search_of_the_catalogue_can_be_chosen_also_one_over_time(visit, monkeypatch):
    page = visit.get("/discover/survey").text
    chosen = re.search(r'<select name="method">(.*?)</select>', page, re.DOTALL)
    assert re.findall("<option>([^<]+)", chosen[1]) == ["auto", *methods()]
    submitted = []
    monkeypatch.setattr(jobs_of(visit), "submit", lambda *told: submitted.append(told))
    visit.post("/discover/survey", json={"method": "pcmci-plus", "time": "day", "lags": 2})
    assert submitted[0][1][4:] == ["--method", "pcmci-plus", "--time", "day", "--lags", "2"]


def test_the_form_becomes_the_command_that_one_would_type(visit, monkeypatch):
    submitted = []
    monkeypatch.setattr(jobs_of(visit), "submit", lambda *told: submitted.append(told))
    form = {"method": "boss", "alpha": 0.01, "drop": ["sex"], "bootstrap": 0, "knowledge": "tier: age\r\n", "seed": 3}
    assert visit.post("/discover/survey", json=form).json() == {"go": "/runs/survey"}
    ((title, words, run),) = submitted
    assert (title, run) == ("discover survey", "survey")
    assert words == ["discover", "survey", "--out", "runs/survey", "--method", "boss", "--alpha", "0.01", "--seed", "3",
                     "--bootstrap", "0", "--drop", "sex", "--knowledge", "notes/survey.txt"]  # fmt: skip
    folder = visit.client.app.state.workspace.folder
    assert (folder / "notes" / "survey.txt").read_text() == "tier: age\n"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"knowledge": "required: a -> b\nrequired: b -> a"}, "required"),
        ({"knowledge": "nonsense"}, "line 1"),
        ({"alpha": 2}, "alpha: input should be less than 1"),
        ({"bootstrap": -1}, "bootstrap"),
    ],
)
def test_a_form_that_cannot_be_is_told_by_the_form_and_leaves_nothing(visit, form, said):
    answer = visit.post("/discover/survey", json=form)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert not jobs_of(visit).state.jobs()
    folder = visit.client.app.state.workspace.folder
    assert list((folder / "notes").iterdir()) == []
    assert [path.name for path in (folder / "runs").iterdir()] == ["mine"]


def test_two_searches_of_a_table_that_wait_are_two_runs(visit, monkeypatch):
    """The folder of the first is there before its command begins, so the second has one of its own."""
    submitted = []
    monkeypatch.setattr(jobs_of(visit), "submit", lambda *told: submitted.append(told))
    for knowledge in ("tier: age", "tier: sex"):
        visit.post("/discover/survey", json={"knowledge": knowledge})
    assert [run for _, _, run in submitted] == ["survey", "survey-2"]
    notes = visit.client.app.state.workspace.notes
    assert [(notes / f"{run}.txt").read_text() for _, _, run in submitted] == ["tier: age\n", "tier: sex\n"]


def test_a_system_runs_on_its_example(visit):
    """By the real command, in the folder that was made for it."""
    go = visit.post("/systems/hca/example").json()["go"]
    end = time.monotonic() + 120
    while "data-job" in (page := visit.get(go).text):
        assert time.monotonic() < end
        assert "failed" not in page, page
        time.sleep(0.3)
    assert 'title="The report of hca"' in page
    assert visit.get(f"{go}/report.html").status_code == 200


# -- graphs ------------------------------------------------------------------------------------------------------------


def test_the_graph_is_that_of_the_run(visit, searched):
    told = visit.get("/api/runs/mine/graph").json()
    found = load_discovery(searched).graph
    assert {(e["left"], e["symbol"], e["right"]) for e in told["edges"]} == {
        (e.left, e.symbol, e.right) for e in found.edges
    }
    assert {node["name"] for node in told["nodes"]} == set(found.nodes)
    assert len({(node["x"], node["y"]) for node in told["nodes"]}) == len(found.nodes)
    assert from_dagitty(visit.get("/runs/mine/graph.dagitty").text) == found
    assert "attachment" in visit.get("/runs/mine/graph.dot").headers["content-disposition"]


def test_questions_are_answered_for_the_graph_as_it_was_drawn(visit):
    edges = [["x", "-->", "z"], ["y", "-->", "x"], ["y", "-->", "z"]]
    told = visit.post("/api/runs/mine/question", json={"edges": edges, "exposure": "x", "outcome": "z"}).json()
    assert told["identified"]
    assert [tuple(one) for one in told["sets"]] == list(adjustment_sets(Graph("x -> z; y -> x; y -> z"), "x", "z"))
    hidden = {"edges": edges, "exposure": "x", "outcome": "z", "hidden": ["y"]}
    told = visit.post("/api/runs/mine/question", json=hidden).json()
    assert not told["identified"]
    assert told["sets"] == []
    instrument = [["y", "-->", "x"], ["x", "-->", "z"], ["x", "<->", "z"]]
    told = visit.post("/api/runs/mine/question", json={"edges": instrument, "exposure": "x", "outcome": "z"}).json()
    assert told["instruments"] == ["y"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"edges": [["x", "-->", "z"], ["z", "-->", "x"]]}, "x"),
        ({"edges": [["x", "; z -->", "y"]]}, "an edge is one of"),
        ({"edges": [["x", "-->", "x"]]}, "its own neighbour"),
        ({"edges": [["x", "-->", "z"]], "exposure": "x", "outcome": "nobody"}, "nobody"),
        (
            {"edges": [["x", "-->", "y"], ["y", "-->", "z"], ["z", "-->", "x"]], "exposure": "x", "outcome": "z"},
            "cycle",
        ),
    ],
)
def test_a_drawing_that_is_no_graph_is_told(visit, asked, said):
    answer = visit.post("/api/runs/mine/question", json=asked)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_changes_by_hand_become_knowledge_of_the_next_search(visit, monkeypatch):
    jobs, folder = jobs_of(visit), visit.client.app.state.workspace.folder
    (folder / "notes" / "mine.txt").write_text("tier: x\nrequired: x -> z\nforbidden: y -> x\n")
    job = jobs.state.add(
        "discover", ["discover", "t.csv", "--out", "runs/mine", "--knowledge", "notes/mine.txt"], "mine"
    )
    jobs.state.turn(job.id, "finished")
    submitted = []
    monkeypatch.setattr(jobs, "submit", lambda *told: submitted.append(told))
    told = visit.post("/api/runs/mine/again", json={"knowledge": "forbidden: x -> z\nforbidden: z -> x"})
    assert told.json() == {"go": "/runs/mine-2"}
    assert submitted[0][1] == ["discover", "t.csv", "--out", "runs/mine-2", "--knowledge", "notes/mine-2.txt"]
    lines = (folder / "notes" / "mine-2.txt").read_text().splitlines()
    assert lines == ["tier: x", "forbidden: y -> x", "forbidden: x -> z", "forbidden: z -> x"]


# -- interventions -----------------------------------------------------------------------------------------------------


def test_an_intervention_moves_what_lies_below_and_nothing_else(visit, searched):
    told = {v["name"]: v for v in visit.post("/api/runs/mine/do", json={"values": {"x": 2.0}}).json()["variables"]}
    assert told["y"]["after"] == told["y"]["before"]
    saved = load_discovery(searched)
    assert "x --> z" in str(saved.graph)
    model = SCM.fit(saved.graph, saved.table)
    exogenous = model.draw(2000, seed=0)
    after = model.do({"x": 2.0}).solve(exogenous).column("z")
    assert told["z"]["mean after"] == pytest.approx(float(np.mean(after)))
    assert told["z"]["mean after"] - told["z"]["mean"] == pytest.approx(2.0, abs=0.25)  # z = x + y + noise
    assert sum(told["x"]["after"]) == pytest.approx(1.0, abs=1e-3)


def test_what_is_copied_as_python_gives_what_was_shown(visit, monkeypatch, capsys):
    code = visit.post("/api/runs/mine/do", json={"values": {"x": 2.0}}).json()["python"]
    monkeypatch.chdir(visit.client.app.state.workspace.folder)
    exec(compile(code, "copied", "exec"), {})  # what a user would paste
    assert "z" in capsys.readouterr().out


def test_hidden_causes_are_not_drawn_as_if_there_were_none(visit):
    folder = visit.client.app.state.workspace.runs / "mine"
    run = json.loads((folder / "run.json").read_text())
    graph = json.loads((folder / "graph.json").read_text())
    assert run
    assert graph
    opened_ = visit.client.app.state.answers.opened(folder)
    object.__setattr__(opened_.found, "graph", Graph("x <-> z; y -> z"))
    page = visit.get("/runs/mine/do")
    assert "hidden common causes" in page.text
    told = visit.post("/api/runs/mine/do", json={"values": {"x": 1.0}})
    assert told.status_code == 400
    assert "hidden common causes" in told.json()["error"]


def test_an_effect_is_the_command_that_one_would_type(visit, monkeypatch):
    submitted = []
    monkeypatch.setattr(
        jobs_of(visit), "submit", lambda *told: submitted.append(told) or jobs_of(visit).state.add(*told)
    )
    visit.post("/api/runs/mine/effect", json={"do": "do(x=1)", "against": "do(x=0)", "outcome": "z"})
    assert submitted[0][1] == ["do", "runs/mine", "do(x=1)", "--outcome", "z", "--out", "runs/mine-effect",
                               "--against", "do(x=0)"]  # fmt: skip
    told = visit.post("/api/runs/mine/effect", json={"do": "do(x=", "outcome": "z"})
    assert told.status_code == 400


# -- everything else ---------------------------------------------------------------------------------------------------


def test_every_system_has_its_page_by_itself(visit):
    listed = visit.get("/systems").text
    for slug, entry in systems().items():
        assert f'href="/systems/{slug}"' in listed
        page = visit.get(f"/systems/{slug}")
        assert page.status_code == 200
        assert entry.card.title.split(":")[0].replace("'", "&#39;") in page.text
    assert 'href="/systems/cd-nod"' in visit.get("/systems?q=HETEROGENEOUS").text
    assert "No card has a word of it" in visit.get("/systems?q=zebra+unicycle").text


def test_the_ledger_is_the_stored_evidence(visit):
    text = visit.get("/ledger").text
    counts = [one.verdict for one in stored_evidence(STORED, "cd-nod").judged]
    assert f'aria-label="{counts.count("holds")} holds ' in text


def test_a_report_reaches_nothing(visit):
    answer = visit.get("/runs/mine/report.html")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert visit.get("/runs/mine/..%2fmine/report.html").status_code in (400, 404)
    assert visit.get("/runs/mine/table.parquet").status_code == 404  # no file of a run but its report is given


def test_nothing_of_a_name_is_told_in_a_page(visit):
    for path in ("/nothing", "/runs/none", "/discover/none", "/systems/none", "/runs/none/do"):
        page = visit.get(path)
        assert page.status_code in (400, 404), path
        assert "<h1>" in page.text
    assert visit.get("/api/jobs/77").json() == {"error": "there is no job 77"}


def test_bundled_tables_are_offered(visit):
    assert 'href="/discover/survey"' in visit.get("/discover").text
    assert data_path("survey.csv").is_file()
