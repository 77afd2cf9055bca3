"""The claim at a tiny size: every row has its arms, the control its metric, and the judge is not the chooser."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from aitia.evidence import ClaimContext
from aitia.evidence.pictures import LABELS, WORDS, questions
from aitia.nn.readers import AttributeReader
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.diff_quickfix import claim, claim_tasks


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"MADE": 1, "ASKED": 2, "STAY": 4, "USUAL": 1}.items():
        monkeypatch.setattr(claim_tasks, name, value)
    monkeypatch.setattr(claim, "UPDATES", 1)
    for name in ("CONFIG", "PUBLISHED"):
        monkeypatch.setattr(claim, name, replace(getattr(claim, name), steps=1, windows=1))
    model = small_text_to_image(WORDS, PainterConfig(channels=(8, 8), width=8))
    world = questions()
    sample = world.sample(64, seed=0, do="do(texture=plain)")
    codes, images = {name: sample[name] for name in LABELS}, world.render(sample, size=16)
    pair = tuple(AttributeReader(LABELS, seed=seed, width=4, updates=2).fit(images, codes) for seed in (0, 1))
    monkeypatch.setattr(claim, "_painter", lambda: model)
    monkeypatch.setattr(claim, "_readers", lambda: pair)
    return pair


def test_every_row_has_its_arms_and_every_judged_row_a_control_or_a_reason(tiny, monkeypatch):
    first = claim._seed(1000)
    monkeypatch.setattr(claim, "_seed", lambda seed: first)
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert "".join(row.part for row in rows) == "aaa" * 2 + "bcccdddde" * 2 + "ffg"
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    scored = next(row for row in rows if row.metric == f"colour: {claim.SAYS}")
    assert claim.CLAIM.swap in scored.ahead_of
    assert all(one.fingerprint[:12] in scored.note for one in tiny)
    assert tiny[0].fingerprint != tiny[1].fingerprint
    faced = {metric for control in context.controls for metric in control.values} | set(claim.CLAIM.uncontrolled)
    assert faced == {row.metric for row in rows if row.bar is not None}
    assert tuple(control.name for control in context.controls) == claim.CLAIM.controls
    assert rows[-1].note.startswith("Not run here: needs")
    assert not rows[-1].values


@pytest.mark.parametrize("attribute", claim.ATTRIBUTES)
def test_prompts_of_a_task_are_captions_and_its_parts_do_not_meet(attribute):
    task = claim_tasks.task_of(attribute, 3)
    made, asked, again = ({pair.prompt for pair in some} for some in (task.pairs, task.asked, task.reworded))
    everything = [made, asked, again, set(task.usual), set(task.neighbours)]
    assert sum(map(len, everything)) == len(set().union(*everything))
    assert len(asked) == len(again) == len(task.neighbours) == claim_tasks.ASKED
    world = questions()
    sample = world.sample(8000, seed=0, do="do(texture=plain)")
    plain, varied, unseen = (set(world.captions(sample, style=style, about=tuple(LABELS)))
                             for style in ("plain", "varied", "unseen"))  # fmt: skip
    assert set().union(made, asked, task.usual_of_all, task.neighbours) <= plain
    assert again <= varied | unseen
    assert again & unseen
    values = {task.pairs[0].concept, task.pairs[0].words}
    assert not any(values & set(text.split()) for text in (*task.usual_of_all, *task.neighbours))
    assert set(task.values) == set(LABELS[attribute]) - values
    assert not any(set(task.fresh) & set(text.split()) for text in task.usual)
    assert set(task.usual) < set(task.usual_of_all)
    frames = [{text.replace(value, "") for text in some for value in LABELS[attribute] if value in text.split()}
              for some in (made, asked, task.usual)]  # fmt: skip
    assert sum(map(len, frames)) == len(set().union(*frames))


def test_neighbours_are_counted_by_what_they_say_and_apart_where_no_prompt_was_given(tiny, monkeypatch):
    task = claim_tasks.task_of("colour", 0)

    class Said:
        def words(self, name):
            assert name == "colour"
            return [value if value in task.fresh else "wrong" for value in task.values]

    monkeypatch.setattr(claim, "_readers", lambda: (None, SimpleNamespace(read=lambda pictures: Said())))
    found = claim._neighbours(task, "", None, claim._painter())
    whole, spared, fresh = (
        found[f"{claim.NEIGHBOURS}{which}"] for which in ("", ", spared", ", in no prompt of the edit")
    )
    assert (whole, spared, fresh) == (0.5, 0.0, 1.0)
