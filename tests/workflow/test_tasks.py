"""Every reasoner's rows as tasks of other harnesses: what stands in the files is what the rows say."""

import json
from collections import Counter

import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.errors import DataError, OptionError
from aitia.system import systems
from aitia.text import answer_questions, open_client, scores
from aitia.text.export import export_tasks
from aitia.workflow.tasks import asking_systems, task_questions
from aitia.worlds import AxiomsWorld, Corr2CauseWorld, PushWorld, ReportsWorld

PAIRS = {
    "x": ["altitude", "rain", "shoe size"], "y": ["temperature", "clouds", "income"], "answer": ["->", "<-", "neither"],
}  # fmt: skip


def of(world, n=6, **options):
    made = world(**options)
    return made.rows(made.sample(n, seed=1)).known


ROWS = {
    "corr2cause": lambda: of(Corr2CauseWorld, least=3, most=3),
    "axiomatic-training": lambda: of(AxiomsWorld),
    "pywhy-llm": lambda: Table.of(PAIRS, kinds={"x": "text", "y": "text", "answer": "label"}),
    "recast": lambda: of(ReportsWorld, 2),
    "vqa-causal": lambda: of(PushWorld),
}


def test_every_reasoner_has_a_task():
    assert set(asking_systems()) == set(ROWS) & set(systems())
    assert len(asking_systems()) >= 5


@pytest.mark.parametrize("slug", ROWS)
def test_files_are_what_the_rows_say(slug, tmp_path):
    yaml = pytest.importorskip("yaml")
    questions = task_questions(slug, ROWS[slug](), tmp_path)
    assert all(question.label in question.options for question in questions)
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
    if slug == "vqa-causal":
        assert len(shown) == len(rows)
        assert all((tmp_path / "task" / name).read_bytes().startswith(b"\x89PNG") for name in shown)
        assert set(files) == {".jsonl", ".py"}
    else:
        assert shown == []
        task = yaml.safe_load(files[".yaml"].read_text())
        assert task["dataset_kwargs"]["data_files"]["test"] == str(files[".jsonl"])
        assert {task["doc_to_text"], task["doc_to_choice"], task["doc_to_target"]} <= set(rows[0])


def test_labels_are_those_of_the_rows(tmp_path):
    for slug, column in (("corr2cause", "label"), ("axiomatic-training", "label")):
        rows = ROWS[slug]()
        assert [q.label for q in task_questions(slug, rows, tmp_path)] == rows.labels(column).tolist()
    said = [question.label for question in task_questions("pywhy-llm", ROWS["pywhy-llm"](), tmp_path)]
    assert said == ['"altitude" causes "temperature"', '"clouds" causes "rain"', "neither causes the other"]
    rows = ROWS["recast"]()
    asked = task_questions("recast", rows, tmp_path)
    for row in range(len(rows)):
        mine = [question for question in asked if question.group == f"row {row}"]
        names = [node if isinstance(node, str) else node[0] for node in rows.lists("nodes")[row]]
        assert len(mine) == len(names) * (len(names) - 1) // 2
        wanted = {f"{a} affects {b}" for a, b in rows.lists("edges")[row]}
        assert {question.label for question in mine} - {"neither affects the other"} == wanted
        assert Counter(question.premise for question in mine)[mine[0].premise] == len(mine)
    rows = ROWS["vqa-causal"]()
    for row, question in enumerate(task_questions("vqa-causal", rows, tmp_path)):
        assert set(question.options) == {rows.texts("sentence")[row], rows.texts("reverse")[row]}


def test_a_text_that_says_both_ways_and_rows_without_pictures(tmp_path):
    rows = {"text": ["Heat melts ice. Ice cools heat."], "nodes": [["heat", "ice"]]}
    (question,) = task_questions("recast", rows | {"edges": [[["heat", "ice"], ["ice", "heat"]]]}, tmp_path)
    assert question.label == "each affects the other"
    (question,) = task_questions("recast", rows, tmp_path)
    assert question.label is None
    with pytest.raises(DataError, match="an edge of 'steam', which is none of its variables"):
        task_questions("recast", rows | {"edges": [[["heat", "steam"]]]}, tmp_path)
    with pytest.raises(DataError, match="does not say its variables"):
        task_questions("recast", {"text": rows["text"], "edges": [[]]}, tmp_path)


def test_the_files_ask_what_a_client_here_is_asked(tmp_path):
    """One who knows has 1.0 of the questions, as of the rows."""
    questions = task_questions("corr2cause", ROWS["corr2cause"](), tmp_path)
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
    (tmp_path / "pairs.jsonl").write_bytes(table_bytes(ROWS["pywhy-llm"](), ".jsonl"))
    words = ["ask", str(tmp_path / "pairs.jsonl"), "--task", "pywhy-llm", "--export", str(tmp_path / "task")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "task").iterdir()} == {
        "pywhy_llm.jsonl",
        "pywhy_llm.yaml",
        "pywhy_llm.py",
    }
    with pytest.raises(OptionError, match="the rows of pc are no questions; those of axiomatic-training, corr2cause"):
        task_questions("pc", PAIRS, tmp_path)
