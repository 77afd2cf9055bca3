"""Exported tasks, run by the harnesses that they are for: lm-evaluation-harness and inspect-ai.

They want other versions of fsspec and python-dateutil than constraints.txt has, so they stand in no extra, and in an
environment of their own: `pip install -e '.[dev]' lm-eval==0.4.13 inspect-ai==0.3.285 openai==3.54.0`.
"""

import json

import pytest
from tests.text.test_local import TEMPLATE, WORDS, folder  # noqa: F401  # a tiny model of random weights
from tests.workflow.test_tasks import SLUGS, asked_of

from aitia.nn.language import word_tokenizer
from aitia.text import Question, answer_questions, open_client, scores
from aitia.workflow.task_export import export_tasks

WANTED = "not run here: needs lm-eval, inspect-ai and openai, in an environment of their own"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

QUESTIONS = [
    Question(f"A correlates with {other} .", f"Does {one} cause {other} ?", ("Yes", "No"), label, f"{one}{other}{k}")
    for one in "ABC"
    for other in "ABC"
    for k, label in enumerate(("Yes", "No", "No"))
]


def test_lm_eval_ranks_the_options_of_the_task_as_we_do(folder, tmp_path, monkeypatch):  # noqa: F811
    lm_eval = pytest.importorskip("lm_eval", reason=WANTED)
    from lm_eval.tasks import TaskManager

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    export_tasks(tmp_path / "tasks", QUESTIONS, name="mine")
    with open_client(folder, device="cpu") as client:
        ours = answer_questions(client, QUESTIONS)
    told = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": str(folder), "dtype": "float32", "add_bos_token": False},
        tasks=["mine"],
        task_manager=TaskManager(include_path=str(tmp_path / "tasks"), include_defaults=False),
        device="cpu",
        batch_size=4,
        log_samples=True,
    )
    assert told["results"]["mine"]["acc,none"] == pytest.approx(scores(ours).accuracy.value)
    flat = [one for asked in ours.asked for one in asked]
    rows = sorted(told["samples"]["mine"], key=lambda row: row["doc_id"])
    assert len(rows) == len(flat) == 54
    for row, one in zip(rows, flat, strict=True):
        letters = [float(response[0]) for response in row["filtered_resps"]] if row["filtered_resps"] else []
        by_option = dict(zip(one.order, letters, strict=True))
        assert [by_option[k] for k in range(2)] == pytest.approx(list(one.log_probabilities), abs=1e-3)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A tiny model that reads the words of all tasks."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    place = tmp_path_factory.mktemp("reader")
    said = [question.prompt() for slug in SLUGS for question in asked_of(slug, place / slug)]
    tokenizer = word_tokenizer(sorted({word for text in said for word in text.split()} | {*WORDS}), 2048)
    tokenizer.eos_token = "[SEP]"
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=2048, bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.mark.parametrize("slug", SLUGS)
def test_lm_eval_runs_the_rows_of_every_reasoner_as_we_do(slug, reader, tmp_path, monkeypatch):
    lm_eval = pytest.importorskip("lm_eval", reason=WANTED)
    from lm_eval.tasks import TaskManager

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    questions = asked_of(slug, tmp_path, 4)
    if any(question.pictures for question in questions):
        pytest.skip("lm-evaluation-harness ranks options of texts, and these have pictures")
    export_tasks(tmp_path / "tasks", questions, name="mine")
    with open_client(reader, device="cpu") as client:
        ours = scores(answer_questions(client, questions, by="letters"))
    told = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": str(reader), "dtype": "float32", "add_bos_token": False},
        tasks=["mine"],
        task_manager=TaskManager(include_path=str(tmp_path / "tasks"), include_defaults=False),
        device="cpu",
        batch_size=4,
    )
    assert told["results"]["mine"]["acc,none"] == pytest.approx(ours.accuracy.value)


@pytest.mark.parametrize("slug", SLUGS)
def test_inspect_runs_the_rows_of_every_reasoner(slug, serve, tmp_path, monkeypatch):
    """Always A is right where the first or last option is, in one order of two; pictures come with the question."""
    pytest.importorskip("openai", reason=WANTED)
    server = serve(lambda number, body, headers: "ANSWER: A")
    monkeypatch.setenv("LOOPBACK_API_KEY", "none")
    monkeypatch.setenv("LOOPBACK_BASE_URL", server.address)
    questions = asked_of(slug, tmp_path, 3)
    *_, task = export_tasks(tmp_path / "tasks", questions, name="mine")
    log = run_inspect(task, tmp_path, monkeypatch, "openai-api/loopback/small")
    ends = [question.answer in (0, len(question.options) - 1) for question in questions]
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(sum(ends) / 2 / len(questions))
    assert len(server.asked) == 2 * len(questions)
    shown = ["data:image/png;base64" in json.dumps(body) for body in server.asked]
    assert shown == [bool(question.pictures) for question in questions for _ in range(2)]


def run_inspect(task, tmp_path, monkeypatch, model, model_args=None, **more):
    inspect_ai = pytest.importorskip("inspect_ai", reason=WANTED)
    from inspect_ai.model import get_model

    monkeypatch.chdir(task.parent)
    # A model that it remembers asks the server of the test before.
    asked = get_model(model, memoize=False, **(model_args or {}))
    (log,) = inspect_ai.eval(task.name, model=asked, log_dir=str(tmp_path / "logs"), display="none", **more)
    assert log.status == "success", log.error
    return log


def test_inspect_scores_the_task_as_we_do(serve, tmp_path, monkeypatch):
    pytest.importorskip("openai", reason=WANTED)
    server = serve(lambda number, body, headers: "ANSWER: A")
    monkeypatch.setenv("LOOPBACK_API_KEY", "none")
    monkeypatch.setenv("LOOPBACK_BASE_URL", server.address)
    *_, task = export_tasks(tmp_path / "tasks", QUESTIONS, name="mine")
    log = run_inspect(task, tmp_path, monkeypatch, "openai-api/loopback/small")
    found = scores(answer_questions(open_client(lambda prompts, seed: ["A"] * len(prompts)), QUESTIONS))
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(found.accuracy.value) == 0.5
    assert len(log.samples) == len(server.asked) == 54
    assert {sample.metadata["label"] for sample in log.samples} == {"Yes", "No"}


def test_inspect_runs_the_task_on_a_local_model(folder, tmp_path, monkeypatch):  # noqa: F811
    pytest.importorskip("inspect_ai", reason=WANTED)
    import shutil

    place = tmp_path / "chat"
    shutil.copytree(folder, place)
    config = json.loads((place / "tokenizer_config.json").read_text())
    (place / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": TEMPLATE}))
    *_, task = export_tasks(tmp_path / "tasks", QUESTIONS[:2], name="mine")
    log = run_inspect(
        task, tmp_path, monkeypatch, "hf/local", {"model_path": str(place), "device": "cpu"}, max_tokens=3
    )
    assert len(log.samples) == 4
