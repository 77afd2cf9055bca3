"""Pairs as questions which of the two causes the other."""

from aitia.workflow.tasks import task_questions

PAIRS = {
    "x": ["altitude", "rain", "shoe size"], "y": ["temperature", "clouds", "income"], "answer": ["->", "<-", "neither"],
}  # fmt: skip


def test_labels_are_the_answers_of_the_rows(tmp_path):
    said = [question.label for question in task_questions("pywhy-llm", PAIRS, tmp_path)]
    assert said == ['"altitude" causes "temperature"', '"clouds" causes "rain"', "neither causes the other"]
    without = {name: PAIRS[name] for name in ("x", "y")}
    assert [question.label for question in task_questions("pywhy-llm", without, tmp_path)] == [None] * 3
