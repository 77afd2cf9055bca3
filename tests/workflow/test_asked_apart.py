"""Questions part by part: the same answers from one worker and from two, and no part is asked again."""

import pytest
from tests.text.test_local import folder  # noqa: F401

from aitia.cluster import ProcessEngine
from aitia.errors import OptionError
from aitia.text import Question, answer_questions, open_client
from aitia.workflow import asked_apart
from aitia.workflow.asked_apart import PARTS, Opened
from aitia.workflow.questions import ask_questions

QUESTIONS = [
    Question(f"{a} correlates with {b} .", f"Does {a} cause {b} ?", ("Yes", "No"), "No", id=f"{a}{b}{k}")
    for k in range(4)
    for a in "ABC"
    for b in "ABC"
]


@pytest.fixture
def opened(folder):  # noqa: F811
    return Opened.of(str(folder), tokens=3, device="cpu")


def client_of(opened):
    return open_client(opened.model, **dict(opened.options))


def test_two_workers_answer_what_one_answers(opened, tmp_path):
    with client_of(opened) as client:
        one, two = (
            ask_questions(client, QUESTIONS, source="q.jsonl", out=tmp_path / str(jobs), engine=ProcessEngine(jobs),
                          opened=opened)
            for jobs in (1, 2)
        )  # fmt: skip
    assert [*one.answers.rows()] == [*two.answers.rows()]
    assert one.found == two.found
    for name in ("answers.jsonl", "scores.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_part_that_is_through_is_not_asked_again(opened, tmp_path, monkeypatch):
    asked, limit = [], [2]

    def counted(client, some, **how):
        asked.append(len(some))
        if len(asked) > limit[0]:
            raise KeyboardInterrupt
        return answer_questions(client, some, **how)

    monkeypatch.setattr(asked_apart, "answer_questions", counted)
    with client_of(opened) as client:
        with pytest.raises(KeyboardInterrupt):
            ask_questions(client, QUESTIONS, source="q.jsonl", out=tmp_path / "run", engine=ProcessEngine())
        assert asked == [16, 16, 4]
        assert (tmp_path / "run" / PARTS).read_text().count("\n") == 2
        asked.clear()
        found = ask_questions(client, QUESTIONS, source="q.jsonl", out=tmp_path / "run", engine=ProcessEngine())
    assert asked == [4]
    assert found.found.answered == len(QUESTIONS)


def test_a_budget_and_a_client_nobody_can_open_are_refused(opened):
    with client_of(opened) as client:
        with pytest.raises(OptionError, match="several workers need to know how to open the client"):
            ask_questions(client, QUESTIONS, source="q", engine=ProcessEngine(2))
        bounded = Opened.of(opened.model, token_budget=10)
        with pytest.raises(OptionError, match="a budget is kept by one process"):
            ask_questions(client, QUESTIONS, source="q", engine=ProcessEngine(2), opened=bounded)


def test_an_endpoint_is_asked_by_its_own_means(tmp_path):
    from typer.testing import CliRunner

    from aitia.cli import app

    (tmp_path / "q.jsonl").write_text('{"question": "Does A cause B?", "options": ["Yes", "No"], "label": "Yes"}\n')
    done = CliRunner().invoke(app, ["ask", str(tmp_path / "q.jsonl"), "--model", "https://host/v1#x", "--jobs", "2"])
    assert "by --concurrency: leave out --jobs" in str(done.exception)
