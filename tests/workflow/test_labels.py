"""Labels are data: whatever stands in a column of labels can be asked for, and none is read as text of the program."""

import ast
import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.commands import command

import aitia
from aitia.discovery import estimate_effect
from aitia.do import Intervention
from aitia.graph import Graph
from aitia.workflow import trials
from aitia.workflow.ask import answer_folder
from aitia.worlds import PendulumWorld

SOURCE = Path(aitia.__file__).parent
LABELS = ('4"', '6"', "a, b)", "=", "two\nlines", "\\", 'd(x="1")', "1.50", "../up", "<b>ü</b>", "4'")
WRITE_TEXT = {
    "do/intervention.py": "the text form itself",
    "graph/identification.py": "an estimand, as the field writes it",
    "cli/run.py": "what a target looks like where none can be listed",
    "systems/cadet/example.py": "its own labels, as a user types them",
    "systems/hca/page.py": "a latent under a shift that the page words itself",
    "representations/page.py": "numbers, rounded for the head of a picture",
}
"""Files that write `do(...)`, and why."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of a table with such labels."""
    folder = tmp_path_factory.mktemp("labels")
    with (folder / "pipes.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["x", "y", "pipe"])
        for row in range(220):
            place = row % len(LABELS)
            rows.writerow([f"{(row * 7 % 31) / 10 + place}", f"{(row * 11 % 29) / 10 - place}", LABELS[place]])
    told = command(
        "run", "domain-counterfactuals", "--data", folder / "pipes.csv", "--domain", "pipe",
        "--set", "steps=5", "--set", "changing=1", "--out", folder / "run",
    )  # fmt: skip
    assert "Ask:" in told
    assert json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))["status"] == "finished"
    return folder / "run"


def test_a_run_knows_its_labels_as_they_are(run):
    model = json.loads((run / "model" / "config.json").read_text(encoding="utf-8"))
    assert set(model["options"]["domains"]) == set(LABELS)
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "<b>ü</b>" not in page
    assert "&lt;b&gt;ü&lt;/b&gt;" in page


def test_each_label_is_asked_for_on_the_command_line_and_answers_do_not_lie_on_each_other(run):
    for label in LABELS:
        asked = Intervention({"pipe": label})
        told = command("do", run, str(asked), "--rows", "0,1")
        assert told.startswith(f"{asked} for row 0, 1")
    folders = list((run / "do").iterdir())
    assert len(folders) == len(LABELS)
    answers = [json.loads((folder / "answer.json").read_text(encoding="utf-8")) for folder in folders]
    assert {Intervention.parse(answer["intervention"])["pipe"].value for answer in answers} == set(LABELS)


def test_a_system_that_holds_a_label_is_saved_and_loaded_with_it(run, tmp_path):
    system = aitia.load(run)
    for k, label in enumerate(LABELS):
        system.do({"pipe": label}).save_pretrained(tmp_path / str(k))
        assert aitia.load(tmp_path / str(k)).held["pipe"].value == label


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("do(x=1)", "x=1"),
        ('do(domain="d1", x=-1.5)', "domain=d1,x=-1.5"),
        ("do(z=[1, 2])", "z=1,2"),
        ("do(x=shift(0.5))", "x=shift_0.5_"),
        ("do()", "nothing"),
        ('do(pipe="4\\"")', r"pipe=_4_-[0-9a-f]{8}"),
        ('do(pipe="' + "ü" * 300 + '")', r"pipe=ü{43}-[0-9a-f]{8}"),
    ],
)
def test_the_folder_of_an_answer_is_called_as_the_question(asked, name, tmp_path):
    assert re.fullmatch(name, answer_folder(tmp_path, "do", asked).name)


def test_other_labels_are_other_folders(tmp_path):
    labels = [*LABELS, "a b", "ab", "a  b", "4", "4\\", "x" * 99, "x" * 100, "x" * 101, ""]
    folders = {answer_folder(tmp_path, "do", str(Intervention({"pipe": label}))) for label in labels}
    assert len(folders) == len(labels)
    assert all(folder.parent == tmp_path / "do" for folder in folders)


def written_as_text(tree):
    """Lines where an intervention is put together as text, with something in the place of a name or a label."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            first = node.values[0]
        elif isinstance(node, ast.BinOp):
            first = node.left
        else:
            continue
        if isinstance(first, ast.Constant) and re.match(r"do\([^)]*$", str(first.value)):
            yield node.lineno


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("f'do({name}={label})'", True),
        ("f'do(domain={label})'", True),
        ("'do(domain=' + label + ')'", True),
        ("f'do(bias=absent) takes {weight}'", False),
        ("{'domain': label}", False),
    ],
)
def test_an_intervention_that_is_written_as_text_is_found(line, found):
    assert bool(list(written_as_text(ast.parse(line)))) == found


def test_inside_the_program_interventions_travel_as_objects():
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if list(written_as_text(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == set(WRITE_TEXT)


def test_interventions_that_a_world_writes_come_back_whatever_their_labels_hold(tmp_path, monkeypatch):
    world = PendulumWorld()
    asked = tuple(Intervention({"pipe": label}) for label in (*LABELS, "01", "1", "a=b", "do(x=1)"))
    trial = replace(trials.trial_of(world, 20, seed=0, size=16), asked=asked)
    monkeypatch.setattr(trials, "trial_of", lambda *given, **more: trial)
    trials.write_trial(world, tmp_path / "files", 20, seed=0, size=16)
    told = json.loads((tmp_path / "files" / "interventions.json").read_text(encoding="utf-8"))
    assert [Intervention.parse(line["do"])["pipe"].value for line in told] == [do["pipe"].value for do in asked]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("01", "01"),
        ("007", "007"),
        ("00.5", "00.5"),
        ("-01", "-01"),
        ("0", 0),
        ("0.5", 0.5),
        ("-0", 0),
        ("10", 10),
        ("1e-3", 1e-3),
    ],
)
def test_a_code_that_begins_with_a_zero_is_a_label_as_in_a_table(text, value):
    found = Intervention.parse(f"do(x={text})")["x"].value
    assert (found, type(found)) == (value, type(value))
    assert Intervention.parse(str(Intervention({"x": text})))["x"].value == text


def test_codes_of_a_column_are_asked_about_as_they_are_written():
    rng = np.random.default_rng(0)
    site = rng.choice(["01", "02", "03"], 90).astype(object)
    rows = aitia.Table.of({"site": site, "y": rng.normal(size=90) + (site == "02")})
    ask = {"against": Intervention.parse("do(site=01)"), "resamples": 0}
    found = estimate_effect(Graph("site -> y"), rows, Intervention.parse("do(site=02)"), "y", **ask)
    y = rows.column("y")
    assert found.estimate == pytest.approx(y[site == "02"].mean() - y[site == "01"].mean(), abs=0.1)
