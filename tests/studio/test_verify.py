"""Claims verified from the browser: the job that starts, the rows that are shown, and that nothing else is written."""

import json
import sys

import pytest
from tests.studio.studio import Visitor, opened

from aitia.evidence import STORED
from aitia.evidence.store import stored_evidence
from aitia.studio.routes.verify import evidence_in, rows_of, seconds_of
from aitia.studio.state import DONE

SLUG = "cd-nod"


@pytest.fixture
def visit(tmp_path):
    with opened(tmp_path / "studio") as client:
        yield Visitor(client)


def jobs_of(visit):
    return visit.client.app.state.jobs


def measured(visit, name="verify-cd-nod", stem=SLUG):
    """A run that holds evidence, as `verify` leaves it."""
    place = visit.client.app.state.workspace.runs / name
    place.mkdir(exist_ok=True)
    told = json.loads((STORED / f"{SLUG}.json").read_text())
    told |= {"hardware": "a machine of ours", "rows": told["rows"][:2], "controls": []}
    (place / f"{stem}.json").write_text(json.dumps(told))
    return place


@pytest.mark.parametrize(("seeds", "more"), [("first", ["--quick"]), ("all", [])])
def test_a_button_is_the_command_that_goes_on_where_it_was(visit, monkeypatch, seeds, more):
    submitted = []
    monkeypatch.setattr(jobs_of(visit), "submit", lambda *told: submitted.append(told))
    assert visit.post(f"/systems/{SLUG}/verify", json={"seeds": seeds}).json() == {"go": "/runs/verify-cd-nod"}
    ((_, words, run),) = submitted
    assert words == ["verify", SLUG, *more, "--resume", "--out", "runs/verify-cd-nod"]
    assert run == "verify-cd-nod"
    page = visit.get(f"/systems/{SLUG}").text
    assert 'name="seeds" value="first"' in page
    assert 'name="seeds" value="all"' in page


def test_what_has_no_claim_or_is_no_choice_is_told(visit):
    assert "no claim to verify" in visit.post("/systems/pc/verify", json={}).json()["error"]
    assert visit.post(f"/systems/{SLUG}/verify", json={"seeds": "some"}).status_code == 400
    assert visit.post("/systems/nobody/verify", json={}).status_code == 400
    assert list(visit.client.app.state.workspace.runs.iterdir()) == []


@pytest.mark.parametrize("stem", [SLUG, f"{SLUG}.quick"])
def test_rows_are_shown_beside_those_that_are_shipped(visit, stem):
    place = measured(visit, stem=stem)
    (place / ".journal.json").write_text("{}")  # what is hidden is nobody's evidence
    page = visit.get("/runs/verify-cd-nod").text
    assert "measured on this machine" in page
    assert "a machine of ours" in page
    stored = stored_evidence(STORED, SLUG)
    first = rows_of(stored)[0]
    assert page.count(first["found"]) == 2  # here, and shipped
    assert 'href="/runs/verify-cd-nod">verify-cd-nod</a> <span class="small">verify' in visit.get("/runs").text
    assert json.loads((STORED / f"{SLUG}.json").read_text())["hardware"] != "a machine of ours"


def test_a_folder_without_evidence_has_none(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text("nonsense")
    assert evidence_in(tmp_path) is None


def test_minutes_are_told_where_one_run_measured_all():
    stored = stored_evidence(STORED, SLUG)
    assert seconds_of(stored) == (0.0 if stored.resumed else stored.seconds)
    assert seconds_of(None) == 0.0


@pytest.mark.parametrize(
    ("command", "code", "leaves", "state"),
    [
        ("verify", 1, True, "finished"),  # not every row holds
        ("verify", 1, False, "failed"),  # it broke before anything was measured
        ("verify", 2, True, "failed"),
        ("edit", 3, True, "finished"),  # the edit did not take
        ("discover", 1, True, "failed"),
        ("discover", 0, True, "finished"),
    ],
)
def test_an_exit_code_that_says_what_was_found_is_no_failure(
    visit, tmp_path, monkeypatch, command, code, leaves, state
):
    script = tmp_path / "ends.py"
    script.write_text("import sys, pathlib\nif sys.argv[3] == 'y': pathlib.Path(sys.argv[4]).write_text('{}')\n"
                      "sys.exit(int(sys.argv[2]))\n")  # fmt: skip
    monkeypatch.setattr("aitia.studio.jobs._WORDS", [sys.executable, str(script)])
    jobs, workspace = jobs_of(visit), visit.client.app.state.workspace
    run = workspace.new_run("some")
    left = str(workspace.runs / run / "left.json")
    job = jobs.submit("it", [command, str(code), "y" if leaves else "n", left], run)
    while jobs.state.job(job.id).state not in DONE:
        pass
    assert jobs.state.job(job.id).state == state
