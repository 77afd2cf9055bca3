"""The claim at a tiny size: every row has its arms, controls are shuffled, and no reader that scores has guided."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.nn.readers import AttributeReader
from aitia.systems.vqai import Vqai, claim
from aitia.systems.vqai.instruments import codes_of, labels_of
from aitia.systems.vqai.networks import slots_of
from aitia.worlds import WhatIfWorld


def small_reader(base, number, size=24):
    world = WhatIfWorld(base)
    rows = world.rows(world.sample(40, seed=number), size).known
    labels = labels_of(base)
    codes = codes_of(rows.texts("caption"), labels)
    reader = AttributeReader(labels, width=4, updates=2, batch=8, seed=number)
    return reader.fit(rows.pictures("image"), {name: codes[:, k] for k, name in enumerate(labels)})


@pytest.fixture(scope="module")
def readers():
    return {(base, number): small_reader(base, number) for base in ("pendulum", "town") for number in (1, 2)}


@pytest.fixture
def tiny(monkeypatch, readers):
    small = {"steps": 2, "reasoner_steps": 2, "batch": 8, "width": 6}
    for name, value in {"TEXTS": 30, "PAIRS": 20, "ASKED": 20, "TOWNS": 20, "TOWN_ASKED": 120, "SAID": 4}.items():
        monkeypatch.setattr(claim, name, value)
    for name in ("MODEL", "TOWN"):
        monkeypatch.setattr(claim, name, {**getattr(claim, name), **small})
    monkeypatch.setattr(claim, "reader_of", lambda base, number: readers[base, number])
    claim._rows.cache_clear()
    yield
    claim._rows.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metrics(tiny, monkeypatch):
    pendulum, town = claim._pendulum(1000), claim._town(1000)
    monkeypatch.setattr(claim, "_pendulum", lambda seed: pendulum)
    monkeypatch.setattr(claim, "_town", lambda seed: town)
    monkeypatch.setattr(claim, "find_spec", lambda name: None)
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("aabbcddddeeeeefg")
    assert all(len(row.values) == (0 if row.part in "fg" else 2) for row in rows)
    assert claim.CLAIM.swap in rows[0].ahead_of
    judged = {row.metric for row in rows if row.judged}
    assert set(context.controls[0].values) == judged, "a control stands against every judged row"
    assert context.controls[0].name in claim.CLAIM.controls
    assert "Not run here: needs VQAI" in rows[-1].note


def test_the_hashes_of_what_scores_and_of_what_reasons_are_apart(tiny):
    found = [claim._pendulum(1000)]
    note = claim._judges(found)
    hashes = [part.split(": ")[-1].split(".")[0][:12] for part in note.replace(". ", ", ").split(", ")]
    assert len(hashes) == len(set(hashes)) == 5


def test_exchanging_the_readers_changes_no_number(tiny, readers, monkeypatch):
    def found():
        pendulum = claim._pendulum(1000)
        return pendulum, claim._town(1000), claim._shuffled(1000), claim._judges([pendulum])

    as_given = found()
    items = Vqai(**claim.MODEL).fit(claim._rows("pendulum", 1000)).items(claim._asked("pendulum", 1000, "between"))
    alone = [claim._read(readers["pendulum", number], items.after, items) for number in claim.READERS]
    assert alone[0] != alone[1], "each by itself would change"
    monkeypatch.setattr(claim, "reader_of", lambda base, number: readers[base, 3 - number])
    assert found() == as_given


def test_the_control_has_the_questions_of_other_rows_and_all_else_of_its_own(tiny, monkeypatch):
    held = []

    class Kept(Vqai):
        def fit(self, table, **more):
            held.append(table)
            return super().fit(table, **more)

    monkeypatch.setattr(claim, "Vqai", Kept)
    claim._shuffled(1000)
    for base, table in zip(("pendulum", "town"), held, strict=True):
        own = claim._rows(base, 1000)
        assert sorted(table.texts("question")) == sorted(own.texts("question"))
        assert table.texts("question") != own.texts("question")
        assert table.texts("answer") == own.texts("answer")
        seen = {text for one in WhatIfWorld(base, "seen").questions for text in one.words}
        assert set(table.texts("question")[claim.TEXTS :]) <= seen, "pairs still ask what is seen"


def test_editors_never_learn_an_unseen_question_and_are_asked_no_other(tiny):
    table = claim._rows("pendulum", 1000)
    model = Vqai(**claim.MODEL, guide="question").fit(table)
    pairs = model._pairs(model.items(table))
    seen = {text for one in WhatIfWorld(asks="seen").questions for text in one.words}
    assert len(pairs) == claim.PAIRS
    assert set(pairs.questions) <= seen
    for asks in claim.UNSEEN:
        assert not set(claim._asked("pendulum", 1000, asks).texts("question")) & seen


def test_readings_of_the_truth_are_off_by_nothing_and_one_step_by_one_step(tiny):
    items = Vqai(**claim.MODEL).fit(claim._rows("pendulum", 1000)).items(claim._asked("pendulum", 1000, "seen"))
    labels = labels_of("pendulum")
    true = codes_of(list(items.answers), labels)

    class Known:
        def __init__(self, off):
            self.off = off

        def read(self, drawn):
            codes = {name: true[:, k] + self.off.get(name, 0) for k, name in enumerate(labels)}
            return type("Reading", (), {"codes": codes})

    assert claim._read(Known({}), items.after, items) == (0, 0)
    shadow, still = claim._read(Known({"shadow length": 1}), items.after, items)
    assert shadow == pytest.approx(0.5 / true[:, 2].std())
    assert still == 0
    off = dict.fromkeys(("light", "angle"), 1)
    angle = np.array([kind == "angle" for kind in items.kinds])
    expected = np.where(angle, 1 / true[:, 0].std(), 1 / true[:, 1].std()).mean()
    assert claim._read(Known(off), items.after, items) == pytest.approx((0, expected))


def test_labels_are_what_the_world_says_in_the_order_of_steps():
    labels = labels_of("pendulum")
    assert list(labels) == ["light", "angle", "shadow length", "shadow position"]
    assert labels["light"] == tuple(f"light {k}" for k in range(1, 13))
    assert set(labels_of("town")) == {"house", "tree", "sun", "door", "day"}
    assert codes_of(["light 3, angle 12, shadow length 1, shadow position 6"], labels).tolist() == [[2, 11, 0, 5]]


def test_parts_that_move_are_those_that_a_caption_lacks(tiny):
    items = Vqai(**claim.MODEL).fit(claim._rows("pendulum", 1000)).items(claim._asked("pendulum", 1000, "seen"))
    assert claim._moved(items.answers, items) == [1.0] * len(items)
    assert claim._moved(items.captions, items) == [0.0] * len(items)
    assert all(len(slots_of(answer)) == 4 for answer in items.answers)
