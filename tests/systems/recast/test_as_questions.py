"""Texts as questions about each two of their variables."""

import pytest

from aitia.errors import DataError
from aitia.workflow.tasks import task_questions
from aitia.worlds import ReportsWorld


def test_labels_are_the_edges_of_the_text(tmp_path):
    world = ReportsWorld()
    rows = world.rows(world.sample(2, seed=1)).known
    asked = task_questions("recast", rows, tmp_path)
    for row in range(len(rows)):
        mine = [question for question in asked if question.group == f"row {row}"]
        names = [node if isinstance(node, str) else node[0] for node in rows.lists("nodes")[row]]
        assert len(mine) == len(names) * (len(names) - 1) // 2
        wanted = {f"{a} affects {b}" for a, b in rows.lists("edges")[row]}
        assert {question.label for question in mine} - {"neither affects the other"} == wanted
        assert {question.premise for question in mine} == {mine[0].premise}
        assert rows.texts("text")[row] in mine[0].premise


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
