"""The claim at a tiny size: every row has its arms, the control its metrics, and the judge is never the chooser."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.evidence.pictures import WORDS as PAINTED
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.lina import claim, physics, ponds, unusual
from aitia.systems.lina.config import LinaConfig
from aitia.systems.lina.drawing import Strengths
from aitia.systems.lina.trial import ORACLE, OTHERS, SINGLE, arms, draw_all

pytest.importorskip("diffusers")
PAINTER = PainterConfig(size=8, channels=(8, 16), width=16, layers=1, longest=12, noise_steps=20)


class Reader:
    """Says of each picture what it says of any of the same mean, of as many labels as there are."""

    def __init__(self, seed):
        self.seed, self.fingerprint, self.labels = seed, f"reader of seed {seed}", None

    def probabilities(self, images, attribute, labels):
        mean = images.reshape(len(images), -1).mean(1)[:, None] + self.seed
        weights = 1 + np.sin(mean * (1 + np.arange(len(labels))))
        return (weights + 0.1) / (weights + 0.1).sum(1, keepdims=True)


@pytest.fixture
def tiny(monkeypatch):
    small = LinaConfig(guidance=(1.0, 3.0), push=(0.0, 1.0), contrast=(0.0, 0.5), spacing=(1.0, 0.5, 2.0), steps=4,
                       samples=2)  # fmt: skip
    for name, value in {"CHOOSING": 1, "NOISES": 2, "STEPS": 4, "SETTINGS": small, "OF_PONDS": small}.items():
        monkeypatch.setattr(claim, name, value)
    painters = [small_text_to_image(words, PAINTER) for words in (PAINTED, ponds.WORDS)]
    pairs = [(Reader(0), Reader(1)), (Reader(2), Reader(3))]
    for place, (name, readers) in enumerate((("_painter", "_readers"), ("_pond_painter", "_pond_readers"))):
        monkeypatch.setattr(claim, name, lambda place=place: painters[place])
        monkeypatch.setattr(claim, readers, lambda place=place: pairs[place])
    combinations = unusual.pairs()[:9]
    monkeypatch.setattr(unusual, "pairs", lambda: combinations)
    claim._drawn.cache_clear()
    claim._drawn_ponds.cache_clear()
    yield painters
    claim._drawn.cache_clear()
    claim._drawn_ponds.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metrics(tiny):
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("aabcdeeeeffg")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    assert claim.CLAIM.swap in rows[0].arms
    metrics = {row.metric for row in rows if row.judged}
    faced = set(context.controls[0].values)
    assert faced | set(claim.CLAIM.uncontrolled) == metrics
    assert not faced & set(claim.CLAIM.uncontrolled)
    assert rows[-1].note.startswith("Not run here: needs")
    both, held = claim._drawn(1000)
    for drawn in both:
        told = arms(drawn, held, 0)
        assert told[f"unseen, {ORACLE}"] >= max(told["unseen"], told[f"unseen, {SINGLE}"], told[f"unseen, {OTHERS}"])
        assert drawn.chooser.fingerprint != drawn.judge.fingerprint
        assert not set(drawn.groups[held]) & set(drawn.groups[~held])
    assert 0 < held.mean() < 1
    assert both[0].chooser is both[1].judge
    assert both[0].judge is both[1].chooser
    for readers, part in ((claim._readers(), "a"), (claim._pond_readers(), "f")):
        note = next(row.note for row in rows if row.part == part)
        assert all(reader.fingerprint[:12] in note for reader in readers)


def test_exchanging_the_readers_changes_no_number(tiny, monkeypatch):
    (first, second), held = claim._drawn(1000)
    assert arms(first, held, 1000) != arms(second, held, 1000), "each by itself would change"
    as_given, shuffled = claim._seed(1000), claim._shuffled(1000)
    for name in ("_readers", "_pond_readers"):
        one, other = getattr(claim, name)()
        monkeypatch.setattr(claim, name, lambda exchanged=(other, one): exchanged)
    claim._drawn.cache_clear()
    claim._drawn_ponds.cache_clear()
    assert claim._drawn(1000)[0][0].chooser is second.chooser
    assert claim._seed(1000) == as_given
    assert claim._shuffled(1000) == shuffled


def test_readers_that_differ_about_the_best_guidance_have_settings_of_their_own(tiny):
    class Only(Reader):
        """Likes pictures of one guidance, told by the order in which they come."""

        def __init__(self, seed, liked):
            super().__init__(seed)
            self.liked, self.seen = liked, 0

        def probabilities(self, images, attribute, labels):
            found = np.full((len(images), len(labels)), 1 / len(labels))
            if attribute == "colour":
                self.seen += 1
            if self.seen == self.liked:
                found = np.full((len(images), len(labels)), 0.9)
            return found

    said, wants, groups = unusual.asked(tiny[0], unusual.pairs())
    readers = (Only(0, liked=1), Only(1, liked=2))
    both = draw_all(tiny[0], readers, said, wants, groups.tolist(), claim.SETTINGS, 1, False)
    assert [[one.guidance for one in drawn.settings] for drawn in both] == [[1, 3, 1, 1, 1], [1, 3, 3, 3, 3]]
    assert readers[0].seen == readers[1].seen == 8, "no setting is drawn twice"


def test_there_are_about_130_unusual_prompts_and_each_wants_what_it_says():
    painter = small_text_to_image(PAINTED, PAINTER)
    said, wants, groups = unusual.asked(painter, unusual.pairs())
    assert len(said) == len(wants) == 126
    assert len(set(groups)) == 42
    assert not set(unusual.usual()) & set(unusual.pairs())


def test_ponds_are_all_combinations_once_with_unusual_materials_or_usual_ones():
    both = [physics.ponds(unusual, 0) for unusual in (True, False)]
    rows = {tuple(int(sample[name][row]) for name in physics.CAUSES) for sample in both for row in range(32)}
    assert len(rows) == 64
    favourite = physics.FAVOURITES[both[0]["colour"].astype(int)]
    assert (both[0]["material"] != favourite).all()


def test_masked_regions_hide_what_is_asked_and_not_what_says_it():
    world, sample = physics.WORLD, physics.ponds(True, 3)
    masks = world.segments(sample, size=32)
    parts = {"level": "ball", "reflection": "reflection", "shadow": "shadow", "time": "sun"}
    for names, region in physics._regions(32).items():
        for name in set(names) & set(parts):
            shown = masks[parts[name]]
            assert (shown & ~region).sum() <= 0.02 * shown.sum(), name
    ball = next(region for names, region in physics._regions(32).items() if "level" in names)
    assert (masks["post"] & ball).sum() == 0


def test_readings_of_redrawn_ponds_and_probes_are_shares(tiny):
    wrong = physics.diagnosed(tiny[1], (Reader(0), Reader(1)), 0, Strengths(2), 4)
    assert set(wrong) == set(physics.ORDER)
    assert all(0 <= value <= 1 for value in wrong.values())
    told = physics.separable(tiny[1], 0)
    assert {"physics", "texture"} < set(told)


def test_readers_and_painters_of_ponds_are_trained_as_they_are_said():
    one, two = (ponds.train_pond_reader(seed, rows=60, updates=2) for seed in (0, 1))
    assert one.fingerprint != two.fingerprint
    assert set(one.accuracy) == set(ponds.READ)
    config = PainterConfig(size=8, channels=(8, 16), width=16, layers=1, longest=12, updates=2, batch=4)
    painter = ponds.train_pond_painter(config, rows=20)
    texts = physics.WORLD.captions(physics.ponds(True, 0), style="unseen")
    made = painter.library.tokenizer(texts)["input_ids"]
    assert {len(ids) for ids in made} == {len(text.split()) + 2 for text in texts}
