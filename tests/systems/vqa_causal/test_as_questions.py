"""Pictures with two sentences as questions."""

from pathlib import Path

from aitia.workflow.tasks import task_questions
from aitia.worlds import PushWorld


def test_options_are_both_sentences_and_the_label_is_the_true_one(tmp_path):
    world = PushWorld()
    rows = world.rows(world.sample(6, seed=1)).known
    asked = task_questions("vqa-causal", rows, tmp_path)
    assert len(asked) == 6
    for row, question in enumerate(asked):
        both = {name: rows.texts(name)[row] for name in ("sentence", "reverse")}
        assert question.options == (both["sentence"], both["reverse"])
        assert question.label == both[rows.labels("choice")[row]]
        (picture,) = question.pictures
        assert Path(picture).is_relative_to(tmp_path)
    blind = task_questions("vqa-causal", rows.select(("sentence", "reverse", "choice")), tmp_path)
    assert [question.pictures for question in blind] == [()] * 6
    assert "more likely" in blind[0].question
