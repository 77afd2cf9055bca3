"""Pipelines that draw pictures: the commands of the form, told by cards alone, and the pages of what they leave."""

import json
from types import SimpleNamespace

import pytest
from tests.studio.chromium import WIDE, needs_chromium, serious, served
from tests.studio.studio import Visitor, opened

from aitia.card import Card, Role, SubjectRole
from aitia.data.tables import read_table
from aitia.studio.pipelines import concept_systems, prompt_roles
from aitia.system.registry import systems

FORM = {"model": "models/painter", "prompt": "a small Red disc", "subject": "red", "answer": "blue",
        "same": "a red disc\n\nred discs, redder", "stay": "a green disc"}  # fmt: skip


@pytest.fixture
def visit(tmp_path):
    """A studio with a pipeline's folder, and with jobs that are written down and not started."""
    with opened(tmp_path / "studio") as client:
        state = client.app.state
        (state.workspace.models / "painter").mkdir()
        (state.workspace.models / "painter" / "model_index.json").write_text("{}")
        state.jobs.submit = state.jobs.state.add
        state.jobs.state.next = lambda: None
        yield Visitor(client)


def job_of(visit):
    (job,) = visit.client.app.state.jobs.state.jobs()
    return job


def test_the_form_becomes_an_edit(visit):
    told = visit.post("/inside/edit", json={**FORM, "layer": 0})
    assert told.json() == {"go": "/runs/edit-red"}
    assert job_of(visit).command == (
        "edit", "models/painter", "--subject", "red", "--answer", "blue", "--layer", "0",
        "--paraphrases", "notes/edit-red.paraphrases.txt", "--neighbours", "notes/edit-red.neighbours.txt",
        "--out", "runs/edit-red", "a small Red disc",
    )  # fmt: skip
    notes = visit.client.app.state.workspace.notes
    assert (notes / "edit-red.paraphrases.txt").read_text() == "a red disc\nred discs, redder\n"
    assert (notes / "edit-red.neighbours.txt").read_text() == "a green disc\n"


def test_the_form_becomes_a_fit_of_what_looks_into_pipelines(visit):
    assert visit.post("/inside/concept", json=FORM).json() == {"go": "/runs/where-red"}
    command = job_of(visit).command
    (entry,) = concept_systems()
    assert command == ("run", entry.card.slug, "--data", "notes/where-red.csv", "--model", "models/painter", "--out",
                       "runs/where-red")  # fmt: skip
    rows = read_table(visit.client.app.state.workspace.notes / "where-red.csv")
    prompt, other, _ = prompt_roles(entry)
    assert rows.labels(prompt).tolist() == ["a small Red disc", "a red disc", "red discs, redder", "a green disc"]
    assert rows.labels(other).tolist()[:3] == ["a small blue disc", "a blue disc", "blue discs, redder"]  # whole words
    assert rows.missing(other) == 1


@pytest.mark.parametrize("path", ["/inside/edit", "/inside/concept"])
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"subject": "yellow"}, "does not hold 'yellow'"),
        ({"same": "a blue disc"}, "'a blue disc' does not hold 'red'"),
        ({"answer": " "}, "give a prompt, the words of it that change"),
        ({"model": "models/nobody"}, "is no model that may be opened"),
        ({"layer": -1}, "layer"),
    ],
)
def test_a_form_that_cannot_be_is_told_by_the_form_and_leaves_nothing(visit, path, changed, said):
    told = visit.post(path, json={**FORM, **changed})
    assert told.status_code == 400
    assert said in told.json()["error"]
    assert visit.client.app.state.jobs.state.jobs() == []
    assert list(visit.client.app.state.workspace.runs.iterdir()) == []


def test_the_page_of_a_pipeline_offers_what_its_cards_allow(visit, monkeypatch):
    page = visit.get("/inside?model=models/painter").text
    assert "Find where it is" in page
    assert "Edit it" in page
    monkeypatch.setattr("aitia.studio.pipelines.systems", dict)
    assert "Find where it is" not in visit.get("/inside?model=models/painter").text
    assert "no system here looks into" in visit.post("/inside/concept", json=FORM).json()["error"]


def test_a_system_of_another_package_is_found_by_its_card(monkeypatch):
    """And what lacks a part of it is not."""
    known = next(iter(concept_systems())).card

    def entry(**changed):
        given = {name: getattr(known, name) for name in ("title", "authors", "year", "venue", "task", "source", "home",
                 "takes", "subjects", "fills", "does", "do", "verbs", "claim")}  # fmt: skip
        return SimpleNamespace(card=Card(slug="theirs", **{**given, **changed}))

    more = {**known.takes, "third": Role(kind="text", about="more", needed=False)}
    reader = {**known.subjects, "eye": SubjectRole(kind="network", about="another", needed=True)}
    for changed, found in (({}, 1), ({"takes": more}, 0), ({"subjects": reader}, 0), ({"verbs": ("predict",)}, 0)):
        monkeypatch.setattr("aitia.studio.pipelines.systems", lambda changed=changed: {"theirs": entry(**changed)})
        assert len(concept_systems()) == found, changed
    assert systems()


def test_a_fitted_system_that_explains_is_asked_for_its_effects(visit):
    workspace = visit.client.app.state.workspace
    (entry,) = concept_systems()
    for name, slug in (("fitted", entry.card.slug), ("mute", "pc")):
        place = workspace.runs / name
        place.mkdir()
        record = {"kind": "fit", "config": {"system": slug}, "inputs": {}, "status": "finished", "files": [],
                  "results": {}, "versions": {}}  # fmt: skip
        (place / "run.json").write_text(json.dumps(record))
    assert 'data-post="/api/runs/fitted/effects"' in visit.get("/runs/fitted").text
    assert "/effects" not in visit.get("/runs/mute").text
    told = visit.post("/api/runs/fitted/effects", json={}).json()
    assert told["go"] == "/runs/fitted-effects"
    assert job_of(visit).command == ("effects", "runs/fitted", "--out", "runs/fitted-effects")


def left(workspace):
    """What `aitia effects` and `aitia edit` leave."""
    effects, edit = workspace.runs / "effects", workspace.runs / "edit"
    for place in (effects, edit):
        place.mkdir()
    heads = "target,outcome,effect,low,high,control"
    numbers = {"enc.layers.0.attn": 0.9, "enc.layers.0.mlp": 0.1, "enc.layers.1.attn": -0.2, "red": 0.5}
    lines = [f"{name},{'restored' if '.' in name else 'like other'},{value},-0.1,0.2,0.05"
             for name, value in numbers.items()]  # fmt: skip
    (effects / "effects.csv").write_text("\n".join([heads, *lines, ""]))
    (effects / "answer.json").write_text(json.dumps({"about": "what moves what", "alarms": ["of <little> worth"]}))
    row = {"outcome": "like other", "effect": 0.1, "low": -0.1, "high": 0.2, "control": 0.3}
    told = {"concept": "red", "words": "<b>blue</b>", "module": "enc.layers.0", "took": False,
            "layer_reason": "Asked for.", "effects": [row], "warnings": []}  # fmt: skip
    (edit / "edit.json").write_text(json.dumps(told))


def test_places_are_a_map_and_an_edit_that_did_not_take_says_so(visit):
    left(visit.client.app.state.workspace)
    page = visit.get("/runs/effects").text
    assert 'aria-label="layers.0, attn: +0.900, 95 % interval -0.10 to +0.20, a random change +0.05"' in page
    assert 'aria-label="layers.1, mlp: nothing there"' in page
    assert "of &lt;little&gt; worth" in page
    assert '<th scope="col">control</th>' in page
    page = visit.get("/runs/edit").text
    assert "The edit did not take" in page
    assert "drawn as &lt;b&gt;blue&lt;/b&gt;" in page
    assert {"effects", "edit"} <= set(visit.client.app.state.workspace.run_names())


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_maps_of_places_are_walked_by_keyboard(browser, tmp_path, scheme):
    with served(tmp_path / "studio") as address:
        from aitia.studio import Workspace

        left(Workspace(tmp_path / "studio"))
        context = browser.new_context(viewport=WIDE, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{address}/runs/effects")
        page.get_by_role("grid").get_by_role("gridcell").first.focus()
        page.keyboard.press("PageDown")
        page.keyboard.press("Enter")
        page.locator('[data-part="cell"]').get_by_text("layers.1, attn: -0.200, 95 % interval").wait_for()
        assert not serious(page)
        page.goto(f"{address}/runs/edit")
        assert not serious(page)
        context.close()
