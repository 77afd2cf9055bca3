"""A system is fitted by its form and asked what if: the answer is that of the command, which is what one would type."""

import json
import os
import subprocess
import sys
import time

import pytest
from tests.studio.studio import Visitor, opened

import aitia
from aitia.errors import AitiaError, FormatError, OptionError
from aitia.studio import Workspace
from aitia.studio.asked import Fitted, python_of
from aitia.studio.form import fields_of, fit_words
from aitia.studio.places import local_place
from aitia.system.example import example_of
from aitia.system.registry import find, systems
from aitia.workflow.options import option_names

LEARNER = next(
    slug for slug, entry in systems().items()
    if "label" in entry.card.takes and not entry.card.subjects and "weights" in option_names(entry.config())
)  # fmt: skip
"""A system that learns a label of a table, with weights that may be named."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A workspace with a run of a system that needs nothing but numpy."""
    place = tmp_path_factory.mktemp("asked") / "studio"
    workspace = Workspace(place)
    (place / "studio.sqlite").touch()
    example = example_of("hca", place / "example")
    aitia.fit("hca", str(example.files), out=workspace.runs / "mine", **example.named)
    return place


@pytest.fixture(scope="module")
def visit(place):
    with opened(place) as client:
        yield Visitor(client)


def until_answered(visit, told):
    end = time.monotonic() + 120
    while (job := visit.get(f"/api/jobs/{told['job']}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < end
        time.sleep(0.2)
    return job


# -- the form ----------------------------------------------------------------------------------------------------------


def test_every_system_has_a_form_with_a_field_for_each_role_subject_and_option(visit):
    for slug, entry in systems().items():
        page = visit.get(f"/systems/{slug}/fit")
        assert page.status_code == 200, slug
        for name in entry.card.takes:
            assert f'name="role.{name}"' in page.text, (slug, name)
        for name in entry.card.subjects:
            assert f'name="subject.{name}"' in page.text, (slug, name)
        for field in fields_of(entry.config()):
            assert f'name="option.{field.name}"' in page.text, (slug, field)


def test_a_table_that_is_chosen_gives_its_columns(visit):
    page = visit.get(f"/systems/{LEARNER}/fit?data=table:survey").text
    assert '<option value="age">age (' in page
    assert 'class="fault"' in visit.get(f"/systems/{LEARNER}/fit?data=table:nothing").text
    name = "<img src=x onerror=alert(1)>"
    visit.post("/tables/odd.csv", content=f"{name},b\n1,2\n3,4\n".encode())
    page = visit.get(f"/systems/{LEARNER}/fit?data=table:odd.csv").text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_form_becomes_the_command_that_one_would_type(visit, monkeypatch):
    submitted = []
    jobs = visit.client.app.state.jobs
    monkeypatch.setattr(jobs, "submit", lambda *told: submitted.append(told) or jobs.state.add(*told))
    monkeypatch.setattr(jobs, "_next", lambda quick: None)
    form = {"data": "table:survey", "role.label": "sex", "option.trees": "", "seed": "3", "test_share": "0.2"}
    told = visit.post(f"/systems/{LEARNER}/fit", json=form).json()
    ((title, words, run),) = submitted
    assert (title, told["go"]) == (f"{LEARNER} on survey", f"/runs/{run}")
    assert words == ["run", LEARNER, "--data", "survey", "--role", "label=sex", "--seed", "3", "--test-share", "0.2",
                     "--out", f"runs/{run}"]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "form", "said"),
    [
        (LEARNER, {}, "is fitted to rows"),
        (LEARNER, {"data": "owner/name"}, "no full path"),
        (LEARNER, {"data": "https://example.org/a.csv"}, "no full path"),
        (LEARNER, {"data": "table:../studio.sqlite"}, "no name of a file here"),
        (LEARNER, {"data": "world:nowhere"}, "no world 'nowhere'"),
        (LEARNER, {"data": "table:survey", "seed": "many"}, "seed is a number"),
        (LEARNER, {"data": "table:survey", "missing": "forget"}, "missing is"),
        (LEARNER, {"data": "table:survey", "role.nothing": "age"}, "no role 'nothing'"),
        (LEARNER, {"data": "table:survey", "out": "/tmp"}, "no out"),
        ("hca", {"data": "table:survey", "option.sources": "many"}, "option"),
        (LEARNER, {"data": "table:survey", "option.weights": "owner/name"}, "no full path"),
        (LEARNER, {"data": "table:survey", "option.weights": "https://example.org/w"}, "is an address"),
        ("gan-dissection", {"data": "world:town"}, "needs model"),
        ("gan-dissection", {"data": "world:town", "subject.model": "os:system"}, "no full path"),
    ],
)
def test_a_form_that_cannot_be_is_told_and_starts_nothing(visit, slug, form, said):
    before = visit.client.app.state.jobs.state.jobs()
    answer = visit.post(f"/systems/{slug}/fit", json=form)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert visit.client.app.state.jobs.state.jobs() == before


def test_places_are_full_paths_without_links_and_hidden_folders(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / ".secret").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "model")
    assert local_place(f"{tmp_path}/model/../model") == tmp_path / "model"
    for said, why in ((f"{tmp_path}/link", "through a link"), (f"{tmp_path}/.secret", "hidden"),
                      (f"{tmp_path}/none", "no file or folder"), ("model", "no full path"), ("", "no full path"),
                      (f"{tmp_path}/model\0", "no full path")):  # fmt: skip
        with pytest.raises(FormatError, match=why):
            local_place(said)
    with pytest.raises(FormatError, match="outside"):
        local_place(str(tmp_path / "model"), within=tmp_path / "link")
    assert local_place(str(tmp_path / "model"), within=tmp_path) == tmp_path / "model"


def test_from_another_machine_only_the_workspace_is_opened(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    workspace = Workspace(tmp_path / "studio")
    form = {"data": str(tmp_path / "rows.csv")}
    words, rows = fit_words(workspace, find("pc"), form)
    assert (words, rows) == (["run", "pc", "--data", str(tmp_path / "rows.csv")], "rows.csv")
    with pytest.raises(FormatError, match="outside"):
        fit_words(workspace, find("pc"), form, within=workspace.folder)


# -- the question ------------------------------------------------------------------------------------------------------


def test_what_may_be_set_becomes_controls(visit, place):
    page = visit.get("/runs/mine/ask").text
    for target in aitia.load(place / "runs" / "mine" / "model").targets:
        assert f'data-target="{target.name}"' in page
        assert f'min="{target.low[0]}" max="{target.high[0]}"' in page
    assert page.count("data-row=") == 40
    assert 'href="/runs/mine/ask"' in visit.get("/runs/mine").text


def test_an_answer_is_that_of_the_command_and_the_command_gives_it_again(visit, place):
    """The copied text, in a shell of another folder, and the copied Python."""
    told = visit.post("/api/runs/mine/ask", json={"verb": "do", "values": {"z1": 55.0}, "rows": "0-2,7"}).json()
    assert told["do"] == "do(z1=55)"
    assert until_answered(visit, told)["state"] == "finished"
    answer = place / "runs" / told["run"]
    expected = aitia.ask(place / "runs" / "mine", "do(z1=55)", rows=[0, 1, 2, 7])
    assert json.loads((answer / "answer.json").read_text())["verb"] == "solve"
    rows = aitia.read_table(answer / "answer.csv")
    assert rows.column("reading").tolist() == pytest.approx(expected.answer.known.column("reading").tolist())
    page = visit.get(told["go"]).text
    assert "hca answers by solve" in page
    assert f'src="/runs/{told["run"]}/report.html"' in page
    assert "row 7: do(z1=55)" in visit.get(f"/runs/{told['run']}/report.html").text
    assert visit.get(f"/runs/{told['run']}/files/answer.csv").content == (answer / "answer.csv").read_bytes()
    assert visit.get(f"/runs/{told['run']}/files/..%2fanswer.csv").status_code in (400, 404)
    assert visit.get(f"/runs/{told['run']}/files/.lock").status_code == 400
    assert visit.get(f"/runs/{told['run']}/files/answer.json").status_code == 400  # it names the files, itself not

    before = {path.name: path.read_bytes() for path in sorted(answer.iterdir()) if path.is_file()}
    for path in before:
        (answer / path).unlink()
    path = os.pathsep.join([os.path.dirname(sys.executable), "/usr/bin", "/bin"])
    env = {"PATH": path, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "HOME": str(place)}
    line = told["line"].replace("aitia do", f"{sys.executable} -m aitia do")
    subprocess.run(["sh", "-ec", line], check=True, env=env, cwd="/", capture_output=True)
    after = {path.name: path.read_bytes() for path in sorted(answer.iterdir()) if path.is_file()}
    assert after == before
    found = subprocess.run([sys.executable, "-c", told["python"]], env=env, cwd="/", capture_output=True, text=True)
    assert found.stdout.splitlines() == [expected.about, *expected.first_rows()], found.stderr

    same = visit.post("/api/runs/mine/ask", json={"verb": "do", "values": {"z1": 55.0}, "rows": "0,1,2,7"}).json()
    assert same["run"] == told["run"]  # what was answered is not asked again


def test_holes_are_filled_effects_told_and_rows_encoded(visit, place):
    visit.post("/tables/holes.csv", content=b"base,reading,writing,logic,sums,facts\n"
               b"base 1,50,,45,53,40\nbase 1,60,50,,31,64\n")  # fmt: skip
    asked = [
        {"verb": "predict", "data": "table:holes.csv", "values": {}},
        {"verb": "effects", "target": "z1", "outcome": "logic"},
        {"verb": "encode"},
    ]
    for question in asked:
        told = visit.post("/api/runs/mine/ask", json=question).json()
        job = until_answered(visit, told)
        assert job["state"] == "finished", job
        assert visit.get(told["go"]).status_code == 200
        drawn = visit.get(f"/runs/{told['run']}/report.html").text
        assert question["verb"] in drawn
        assert (place / "runs" / told["run"] / f"{question['verb']}.csv").is_file()
    filled = visit.get("/runs/mine-predict/report.html").text
    assert "row 1: fact" in filled
    assert "row 1: predict" in filled


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"verb": "adapt"}, "not 'adapt'"),
        ({"verb": "do", "do": "do(z1="}, ""),
        ({"verb": "do", "values": {"z1": 1.0}, "rows": "from here"}, "rows are numbers"),
        ({"verb": "do", "values": {"z1": 1.0}, "data": "owner/name"}, "no full path"),
        ({"verb": "do", "draws": 0}, "draws"),
    ],
)
def test_a_question_that_cannot_be_is_told(visit, question, said):
    answer = visit.post("/api/runs/mine/ask", json=question)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_target_that_there_is_not_is_told_by_the_job(visit):
    told = visit.post("/api/runs/mine/ask", json={"verb": "do", "do": "do(z9=1)"}).json()
    job = until_answered(visit, told)
    assert job["state"] == "failed"
    assert "z9" in job["message"]


def test_answers_do_not_wait_for_what_is_fitted(visit, monkeypatch):
    jobs = visit.client.app.state.jobs
    fit, ask = (jobs.state.add("x", [verb, "x"], "x") for verb in ("run", "do"))
    jobs.state.turn(fit.id, "queued")
    assert jobs._next(True) == jobs.state.job(ask.id)
    assert jobs._next(True) is None
    assert jobs._next(False) == jobs.state.job(fit.id)
    for job in (fit, ask):
        jobs.state.turn(job.id, "cancelled")


def test_what_is_no_fit_is_not_asked(visit, place):
    (place / "runs" / "empty").mkdir(exist_ok=True)
    assert visit.get("/runs/empty/ask").status_code == 400
    with pytest.raises(AitiaError):
        Fitted.at(place / "runs" / "empty")


def test_python_of_a_command_names_rows_from_anywhere(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text("a\n1\n")
    words = ["predict", "runs/x", "tables/a.csv", "--do", "do(z=1)", "--draws", "3", "--out", "runs/y"]
    text = python_of(words, tmp_path)
    assert f"predict({str(tmp_path / 'runs/x')!r}, {str(tmp_path / 'tables/a.csv')!r}, do='do(z=1)', draws=3)" in text
    words = ["do", "runs/x", "do(z=1)", "--rows", "0,1", "--data", "world:pendulum", "--seed", "2"]
    assert "'do(z=1)', rows=[0, 1], data='world:pendulum', seed=2)" in python_of(words, tmp_path)


def test_options_are_refused_as_the_command_line_refuses_them(tmp_path):
    workspace = Workspace(tmp_path / "studio")
    (workspace.tables / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(OptionError, match="alpha"):
        fit_words(workspace, find("pc"), {"data": "table:a.csv", "option.alpha": "7"})
    words, _ = fit_words(workspace, find("pc"), {"data": "table:a.csv", "option.alpha": "0.01"})
    assert words[-2:] == ["--option", "alpha=0.01"]


def test_rows_are_shown_as_the_fit_read_them_and_a_search_is_asked_nothing(visit, place, tmp_path):
    lines = [f"{k % 7},{(3 * k) % 11},{(5 * k) % 13}" for k in range(60)]
    (tmp_path / "notes.csv").write_text("\n".join(["1,2,3", "a,b,c", *lines]))
    out = place / "runs" / "searched"
    aitia.fit("pc", str(tmp_path / "notes.csv"), reading=aitia.Reading(header=2), out=out)
    fitted = Fitted.at(out)
    assert fitted.rows.names == ("a", "b", "c")
    assert fitted.rows.column("b")[:3].tolist() == [0.0, 3.0, 6.0]
    assert fitted.verbs == []
    assert "answers no rows" in visit.get("/runs/searched/ask").text
    (tmp_path / "notes.csv").unlink()
    assert fitted.rows is None  # it is not there any more
