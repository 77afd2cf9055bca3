"""Every reasoner's rows as tasks of other harnesses: what stands in the files is what the rows say."""

import json

import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.data.writing import table_bytes
from aitia.errors import OptionError
from aitia.system import example_of, systems
from aitia.text import answer_questions, open_client, scores
from aitia.workflow.task_export import export_tasks
from aitia.workflow.tasks import asking_systems, task_questions
from aitia.worlds import AxiomsWorld, Corr2CauseWorld

SLUGS = asking_systems()


def asked_of(slug, folder, most=6):
    """Questions with labels of the example of a system."""
    given = example_of(slug, folder / "example")
    found = task_questions(slug, given.files, folder, **given.roles)
    return [question for question in found if question.label is not None][:most]


def test_every_reasoner_has_a_task(tmp_path):
    """Those that ask a client of text at the least."""
    assert len(SLUGS) == 7
    clients = {slug for slug, entry in systems().items() if {"client"} & {s.kind for s in entry.card.subjects.values()}}
    assert set(SLUGS) <= clients
    for slug in SLUGS:
        assert asked_of(slug, tmp_path / slug)


@pytest.mark.parametrize("slug", SLUGS)
def test_files_are_what_the_rows_say(slug, tmp_path):
    yaml = pytest.importorskip("yaml")
    questions = asked_of(slug, tmp_path)
    files = {path.suffix: path for path in export_tasks(tmp_path / "task", questions, name="mine")}
    rows = [json.loads(line) for line in files[".jsonl"].read_text().splitlines()]
    assert len(rows) == 2 * len(questions)
    for question, pair in zip(questions, zip(rows[::2], rows[1::2], strict=True), strict=True):
        for row in pair:
            assert row["options"][row["answer"]] == row["label"] == question.label
            assert all(
                f"{letter}. {said}" in row["prompt"]
                for letter, said in zip(row["letters"], row["options"], strict=True)
            )
            assert question.premise.strip() in row["input"]
            assert question.question in row["input"]
        assert pair[0]["options"] == pair[1]["options"][::-1]
    compile(files[".py"].read_text(), "mine.py", "exec")
    shown = [name for row in rows for name in row["pictures"]]
    if any(question.pictures for question in questions):
        assert len(shown) == 2 * sum(len(question.pictures) for question in questions)
        assert all((tmp_path / "task" / name).read_bytes().startswith(b"\x89PNG") for name in shown)
        assert set(files) == {".jsonl", ".py"}
    else:
        assert shown == []
        task = yaml.safe_load(files[".yaml"].read_text())
        assert task["dataset_kwargs"]["data_files"]["test"] == str(files[".jsonl"])
        assert {task["doc_to_text"], task["doc_to_choice"], task["doc_to_target"]} <= set(rows[0])


@pytest.mark.parametrize("world", [Corr2CauseWorld(least=3, most=3), AxiomsWorld()])
def test_labels_are_those_of_the_rows(world, tmp_path):
    rows = world.rows(world.sample(6, seed=1)).known
    slug = "corr2cause" if isinstance(world, Corr2CauseWorld) else "axiomatic-training"
    assert [question.label for question in task_questions(slug, rows, tmp_path)] == rows.labels("label").tolist()


def test_the_files_ask_what_a_client_here_is_asked(tmp_path):
    """One who knows has 1.0 of the questions, as of the rows."""
    questions = asked_of("corr2cause", tmp_path)
    right = {
        question.prompt(order): "AB"[order.index(question.answer)]
        for question in questions
        for order in ((0, 1), (1, 0))
    }
    files = export_tasks(tmp_path / "task", questions, name="mine")
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    assert {row["prompt"].removesuffix("\nAnswer:"): row["letters"][row["answer"]] for row in rows} == right
    asked = answer_questions(open_client(lambda prompts, seed: [right[str(prompt)] for prompt in prompts]), questions)
    assert scores(asked).accuracy.value == 1.0


def test_the_command_exports_rows_and_refuses_what_asks_nothing(tmp_path):
    world = AxiomsWorld()
    rows = world.rows(world.sample(6, seed=1)).select(("premise", "question", "label"))
    (tmp_path / "rows.jsonl").write_bytes(table_bytes(rows, ".jsonl"))
    words = ["ask", str(tmp_path / "rows.jsonl"), "--task", "axiomatic-training", "--export", str(tmp_path / "task")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert {path.suffix for path in (tmp_path / "task").iterdir()} == {".jsonl", ".yaml", ".py"}
    with pytest.raises(OptionError, match="the rows of pc are no questions; those of axiomatic-training, corr2cause"):
        task_questions("pc", rows, tmp_path)
