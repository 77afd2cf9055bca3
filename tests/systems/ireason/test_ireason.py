"""Ireason: clips are read as they are written, scores follow the equations, truth is the world's by brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from tests.systems.ireason import models

from aitia.data.tables import read_table
from aitia.do import Intervention
from aitia.errors import FormatError, InterventionError, UnknownVariableError
from aitia.systems.ireason import Ireason
from aitia.systems.ireason.context import Colours, Patches, looks_at
from aitia.systems.ireason.events import Happening
from aitia.systems.ireason.scoring import Hold, _donors, attention_of, interchanged, scores_of
from aitia.systems.ireason.training import scene_of
from aitia.worlds import ClipsWorld

WORLD = ClipsWorld()
SMALL = {"steps": 3, "batch": 16, "width": 8, "device": "cpu"}


def rows(n=24, seed=0):
    return WORLD.rows(WORLD.sample(n, seed=seed, env="train"), size=24)


@pytest.fixture(scope="module")
def fitted():
    return Ireason(**SMALL, context="colours").fit(rows(40))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return models.clips(tmp_path_factory.mktemp("clips"))


def fit(home, **options):
    return Ireason(**{**SMALL, "clips": str(home / "clips"), "context": "colours", "pixels": 24, **options})


# -- clips and their pairs ---------------------------------------------------------------------------------------------


def test_a_folder_and_the_rows_of_the_world_are_the_same_pairs(home):
    """The files of the example say what the world says: sentences, spans, pairs, annotations, what is seen."""
    mine = fit(home).read(home / "events.csv")
    world = Ireason(context="colours").read(rows(60))
    assert len(mine.pairs) == len(world.pairs)
    for name in ("clip", "events", "times", "label"):
        assert np.array_equal(getattr(mine.pairs, name), getattr(world.pairs, name))
    assert [c.events for c in mine.clips] == [c.events for c in world.clips]
    a, b = (read.pairs.looks.boxes[read.pairs.seen] for read in (mine, world))
    assert np.allclose(a, b)


def test_a_table_beside_its_frames_is_the_same_as_one_apart(home):
    beside = Ireason(**SMALL, context="colours", pixels=24).fit(home / "clips")
    apart = fit(home).fit(home / "events.csv")
    a, b = (model.predict(home / "clips") for model in (beside, apart))
    assert a.lists("scores") == b.lists("scores")
    assert all(clip.seen for clip in beside.read(home / "clips").clips)


def test_frames_that_are_none_are_refused(home):
    table = read_table(home / "events.csv", kinds={"causes": "list", "sentence": "text"})
    for name, said in (("nowhere.png", "is no picture that is there"), (str(home / "events.csv"), "is no picture")):
        frames = table.with_columns({"frames": [[name]] * table.n}, kinds={"frames": "list"})
        with pytest.raises(FormatError, match=f"row 0: frame .*{said}"):
            Ireason(**SMALL, context="colours").fit(frames)


def test_annotated_pairs_are_those_of_a_brute_force_over_who_is_there():
    """Each thing taken out by hand, the world run again: the pair is a cause if the target then stands."""
    sample = WORLD.sample(40, seed=4, env="even")
    read = Ireason(context="colours").read(WORLD.rows(sample, size=24))
    events = WORLD.events(sample)
    out = {"ball": {"ball": "absent"}, "cart": {"cart": "absent"}, "lamp": {"lamp": "still"}, "flag": {"flag": "still"},
           "box": {"fallen_box": 0.0}, "tower": {"fallen_tower": 0.0}}  # fmt: skip
    gone = {thing: WORLD.counterfactual(sample, do) for thing, do in out.items()}
    for clip, (i, j), label in zip(read.pairs.clip, read.pairs.events, read.pairs.label, strict=True):
        cause, effect = events[clip][i].thing, events[clip][j].thing
        falls = effect in ("box", "tower")
        stands = falls and gone[cause][f"fallen_{effect}"][clip, -1] == 0
        assert label == float(stands)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3)), min_size=0, max_size=6, unique=True))
@settings(deadline=None, max_examples=30)
def test_every_event_before_another_is_a_pair(spans):
    told = [[start, start + length, f"event {k}"] for k, (start, length) in enumerate(spans)]
    table = {"events": [told], "causes": [[]]}
    clip = rows(1).with_known(table, {"events": "spans", "causes": "list"})
    wide = type(clip)(np.zeros((1, 10, 8, 8, 3), np.uint8), clip.known.select(["events", "causes"]))
    pairs = Ireason(use="text").read(wide).pairs
    wanted = {(i, j) for i, a in enumerate(spans) for j, b in enumerate(spans) if a[0] < b[0]}
    assert {tuple(pair) for pair in pairs.events.tolist()} == wanted
    assert not pairs.label.any()


def test_an_empty_cell_says_nothing_and_an_empty_list_says_none(home):
    table = read_table(home / "events.csv", kinds={"causes": "list", "sentence": "text"})
    cells = table.lists("causes")
    first = [k for k, name in enumerate(table.labels("clip")) if name == "clip-0"]
    cells = [None if k in first else cell for k, cell in enumerate(cells)]
    changed = table.with_columns({"causes": cells}, kinds={"causes": "list"})
    read = fit(home).read(changed)
    assert np.isnan(read.pairs.label[read.pairs.clip == 0]).all()
    assert np.isfinite(read.pairs.label[read.pairs.clip > 0]).all()
    asked = [[] if k % 2 else cell for k, cell in enumerate(cells)]
    some = fit(home).read(table.with_columns({"asked": asked}, kinds={"asked": "list"}))
    assert len(some.pairs) < len(read.pairs)


# -- what is seen ------------------------------------------------------------------------------------------------------


def test_colours_are_where_the_world_painted_them():
    sample = WORLD.sample(30, seed=2, do="do(ball=present, cart=absent)")
    frames = WORLD.render(sample, size=32)
    for row in range(30):
        found = Colours().look(frames[row, :1])[0]
        at = dict(zip(found.names, found.boxes, strict=True))
        assert {"red", "grey", "green", "yellow", "violet"} <= set(at)
        assert "blue" not in at
        x = (sample["x_ball"][row, 0] + 1) / 2
        assert at["red"][:2] == pytest.approx([x, 0.4], abs=0.04)  # the ball begins at y = 0.2, upwards
        assert at["grey"][:2] == pytest.approx([0.83, 0.275], abs=0.08)


def test_a_colour_is_its_largest_patch():
    frame = np.full((1, 20, 20, 3), 30, np.uint8)
    frame[0, 2:6, 2:6] = frame[0, 12:14, 15:17] = (240, 40, 40)
    found = Colours().look(frame)[0]
    assert found.names == ("red",)
    assert found.boxes[0, :2].tolist() == [0.2, 0.2]


def test_an_event_is_looked_at_before_it_begins_and_at_its_last_frame():
    assert [looks_at(Happening(start, stop, "")) for start, stop in ((3, 6), (0, 1), (5, 6))] == [
        (2, 5),
        (0, 0),
        (4, 5),
    ]
    read = Ireason(context="colours").read(rows(2))
    for pair, seen in zip(read.pairs.events.tolist(), read.pairs.seen, strict=True):
        assert len(dict.fromkeys(seen.tolist())) > 1, pair


def test_patches_are_the_means_of_squares():
    frame = np.zeros((1, 16, 16, 3), np.uint8)
    frame[0, :4, 12:] = 255
    found = Patches().look(frame)[0]
    assert found.boxes[:, 4].tolist() == [0, 0, 0, 1] + [0] * 12
    assert found.boxes[3, :4].tolist() == [0.875, 0.125, 0.25, 0.25]
    assert found.features.shape == (16, 48)


def test_a_clip_is_looked_at_once(home, tmp_path, monkeypatch):
    options = {"cache": str(tmp_path / "seen"), "context": "patches"}
    first = fit(home, **options).read(home / "events.csv")
    kept = sorted((tmp_path / "seen").glob("*.npz"))
    assert kept
    monkeypatch.setattr(Patches, "look", lambda *_: pytest.fail("it was seen before"))
    again = fit(home, **options).read(home / "events.csv")
    assert np.array_equal(first.pairs.looks.features, again.pairs.looks.features)
    kept[0].write_bytes(b"no file of arrays")
    with pytest.raises(FormatError, match=kept[0].name):
        fit(home, **options).read(home / "events.csv")


# -- the network -------------------------------------------------------------------------------------------------------


def test_the_score_is_that_of_the_equation(fitted):
    """(1), written out with loops over objects, from the weights."""
    read = fitted.read(rows(6, seed=3))
    network, codes = fitted.network, fitted.codes_of(read.pairs.sentences)
    scores = scores_of(network, read.pairs, codes)
    attention = attention_of(network, read.pairs, codes)
    for k in (0, 3, len(read.pairs) - 1):
        scene = scene_of(network, read.pairs, np.array([k]), codes)
        with torch.no_grad():
            h = network.tokens(scene)[0]
            there = [t for t in range(h.shape[0]) if scene.kinds[0, t] >= 0]
            pooled, total = [], np.zeros(len(read.pairs.looks.names))
            for event in (scene.first[0], scene.second[0]):
                logits = torch.stack([event @ (network.match.weight @ h[t]) / h.shape[1] ** 0.5 for t in there])
                a = torch.softmax(logits, 0)
                pooled.append(sum(w * h[t] for w, t in zip(a, there, strict=True)))
                for w, t in zip(a, there, strict=True):
                    total[int(scene.kinds[0, t])] += float(w)
            score = network.read(torch.cat([scene.first[0], scene.second[0], *pooled, scene.times[0]]))
        assert scores[k] == pytest.approx(float(score), abs=1e-5)
        assert attention[k] == pytest.approx(total, abs=1e-5)


def test_texts_alone_see_nothing_and_whole_clips_read_nothing():
    data = rows(30)
    texts = Ireason(**SMALL, use="text").fit(data)
    read = texts.read(data)
    scores = texts.scores(read)
    for said in np.unique(read.pairs.said, axis=0):
        assert np.ptp(scores[(read.pairs.said == said).all(axis=1)]) < 1e-6
    whole = Ireason(**SMALL, use="video", context="colours").fit(data)
    read = whole.read(data)
    scores = whole.scores(read)
    for clip in np.unique(read.pairs.clip):
        assert np.ptp(scores[read.pairs.clip == clip]) < 1e-6
    even = Ireason(**SMALL, attention=False, context="colours").fit(data)
    read = even.read(data)
    share = attention_of(even.network, read.pairs, even.codes_of(read.pairs.sentences))
    assert share.sum(axis=1) == pytest.approx(2)
    kinds = read.pairs.looks.kinds[read.pairs.seen[0]].reshape(-1)
    assert share[0] == pytest.approx([2 * (kinds == k).sum() / (kinds >= 0).sum() for k in range(share.shape[1])])


def test_an_exchanged_object_is_that_of_the_other_clip(fitted):
    """An interchange by hand: tokens of red of pair 0 are those of pair b, all else as it was."""
    read = fitted.read(rows(30, seed=6))
    pairs, network, codes = read.pairs, fitted.network, fitted.codes_of(read.pairs.sentences)
    fall = interchanged(network, pairs, codes, others=1, seed=3)
    donor, red = _donors(pairs, 1, 3)[:, 0], pairs.looks.names.index("red")
    before, checked = scores_of(network, pairs, codes), 0
    for k in range(len(pairs)):
        if np.isnan(fall[k, red]):
            continue
        own, other = (scene_of(network, pairs, np.array([r]), codes) for r in (k, donor[k]))
        mine, theirs = own.kinds[0] != red, other.kinds[0] == red
        for name in ("kinds", "boxes", "features", "moments"):
            parts = (getattr(own, name)[:, mine], getattr(other, name)[:, theirs])
            setattr(own, name, torch.cat(parts, dim=1))
        with torch.no_grad():
            assert before[k] - float(network(own)[0]) == pytest.approx(fall[k, red], abs=1e-5)
        assert pairs.clip[k] != pairs.clip[donor[k]]
        checked += 1
    assert checked > 10


def test_do_replaces_what_it_names_and_nothing_else(fitted):
    read = fitted.read(rows(12, seed=5))
    plain = fitted.scores(read)
    blank = fitted.do(text="absent").scores(read)
    again = scores_of(fitted.network, read.pairs, torch.randn(len(read.pairs.sentences), 8), Hold(text="both"))
    assert np.allclose(blank, again)  # whatever was said
    assert not np.allclose(plain, blank)
    held = fitted.do('do("object[red]"=absent)').scores(read)
    red = fitted.names.index("red")
    has = (read.pairs.looks.kinds[read.pairs.seen].reshape(len(plain), -1) == red).any(axis=1)
    assert np.array_equal(plain[~has], held[~has])
    assert (plain[has] != held[has]).any()
    with pytest.raises(UnknownVariableError, match=r"object\[red\]"):
        fitted.do('do("object[rad]"=absent)')
    with pytest.raises(InterventionError, match="absent, other"):
        fitted.do('do("object[red]"=gone)')


def test_weights_make_each_pair_of_sentences_as_often_true_as_not():
    pairs = Ireason(use="text").read(rows(120)).pairs
    group = np.unique(pairs.said, axis=0, return_inverse=True)[1].reshape(-1)
    mixed = 0
    for k in range(group.max() + 1):
        own, label = pairs.weights[group == k], pairs.label[group == k]
        assert own.sum() == pytest.approx((group == k).sum())
        if 0 < label.sum() < len(label):
            assert own[label > 0].sum() == pytest.approx(own[label == 0].sum())
            mixed += 1
    assert mixed > 3


def test_it_learns_what_a_clip_decides():
    """One mover, which hits the box or passes, and captions that are always the same: only the clip tells."""
    world = WORLD.do(Intervention.parse("do(cart=absent, ball=present)"))
    sample = world.sample(600, seed=8, env="even")
    data = world.rows(sample, size=24)
    model = Ireason(context="colours", steps=400, batch=192, width=48, learning_rate=3e-3, device="cpu").fit(data)
    fresh = world.sample(150, seed=9, env="even")
    read = model.read(world.rows(fresh, size=24))
    scores, rate, label = model.scores(read), model.counts.rate(read.pairs), read.pairs.label
    open_ = (rate > 0.2) & (rate < 0.8)  # where the sentences leave it open
    assert open_.sum() > 50
    assert roc_auc_score(label[open_], rate[open_]) < 0.65
    hit = {(link.row, link.cause, link.effect): float(link.hit) for link in world.links(fresh)}
    places = zip(read.pairs.clip.tolist(), read.pairs.events.tolist(), strict=True)
    contact = np.array([hit.get((clip, i, j), 0.0) for clip, (i, j) in places])
    bound = roc_auc_score(label[open_], contact[open_])  # who was hit may have been about to fall, which nobody sees
    assert bound > roc_auc_score(label[open_], rate[open_]) + 0.1
    ours = roc_auc_score(label[open_], scores[open_])
    assert ours > bound - 0.1
    assert ours > roc_auc_score(label[open_], rate[open_]) + 0.1
