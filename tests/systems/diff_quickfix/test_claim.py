"""The claim at a tiny size: every row has its arms, the control its metric, and the judge is not the chooser."""

from dataclasses import replace

import pytest

from aitia.evidence import ClaimContext
from aitia.evidence.pictures import LABELS, WORDS, questions, train_reader
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.diff_quickfix import claim


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"MADE": 1, "ASKED": 2, "STAY": 1, "USUAL": 1, "UPDATES": 1}.items():
        monkeypatch.setattr(claim, name, value)
    for name in ("CONFIG", "PUBLISHED"):
        monkeypatch.setattr(claim, name, replace(getattr(claim, name), steps=1, windows=1))
    model = small_text_to_image(WORDS, PainterConfig(channels=(8, 8), width=8))
    pair = train_reader(0, width=4, updates=2), train_reader(1, width=4, updates=2)
    monkeypatch.setattr(claim, "_painter", lambda: model)
    monkeypatch.setattr(claim, "_readers", lambda: pair)
    return pair


def test_every_row_has_its_arms_and_the_control_its_metric(tiny, monkeypatch):
    first = claim._seed(1000)
    monkeypatch.setattr(claim, "_seed", lambda seed: first)
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert "".join(row.part for row in rows) == "aaaabccdddebccdddeffg"
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    assert claim.CLAIM.swap in rows[5].ahead_of
    assert set(context.controls[0].values) <= {row.metric for row in rows}
    assert all(one.fingerprint[:12] in rows[5].note for one in tiny)
    assert tiny[0].fingerprint != tiny[1].fingerprint
    assert rows[-1].note.startswith("Not run here: needs")
    assert not rows[-1].values


@pytest.mark.parametrize("attribute", claim.ATTRIBUTES)
def test_prompts_of_a_task_are_captions_and_its_parts_do_not_meet(attribute):
    task = claim._task(attribute, 3)
    made, asked = ({pair.prompt for pair in some} for some in (task.pairs, task.asked))
    everything = [made, asked, set(task.usual), set(task.neighbours), set(task.never)]
    assert sum(map(len, everything)) == len(set().union(*everything))
    world = questions()
    said = world.captions(world.sample(4000, seed=0, do="do(texture=plain)"), style="plain", about=tuple(LABELS))
    assert set().union(*everything) & set(said)
    values = {task.pairs[0].concept, task.pairs[0].words}
    assert not any(values & set(text.split()) for text in (*task.usual, *task.neighbours, *task.never))
