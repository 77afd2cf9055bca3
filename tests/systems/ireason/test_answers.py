"""Answers, ranks and scores of ireason: against counting, scikit-learn and transformers; bad rows, their sentences."""

import csv
import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from tests.systems.ireason import models

import aitia
from aitia.data.clips import Clips
from aitia.data.tables import read_table
from aitia.errors import AitiaError, DataError, FormatError, OptionError
from aitia.graph.lagged import lag_of, variable_of
from aitia.systems.ireason import Ireason
from aitia.systems.ireason.answers import Answer, answers_of, graph_of
from aitia.systems.ireason.events import ClipEvents, Happening
from aitia.systems.ireason.judge import calibration_error, judged, over_videos, ranks_of
from aitia.systems.ireason.page import _clip, _links
from aitia.systems.ireason.pairs import pairs_of
from aitia.systems.ireason.seeing import open_captioner, open_detector
from aitia.systems.ireason.trivial import Counts, just_before, recall_by_chance
from aitia.systems.ireason.vis_causal import _main, read_vis_causal
from aitia.worlds import ClipsWorld

WORLD = ClipsWorld()
SMALL = {"steps": 3, "batch": 16, "width": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return models.clips(tmp_path_factory.mktemp("clips"))


def fit(home, **options):
    return Ireason(**{**SMALL, "clips": str(home / "clips"), "context": "colours", **options})


def clip(n=4, causes=((0, 3),), name="kitchen"):
    """A clip with events at frames 0, 1, ..., the last one the effect."""
    events = tuple(Happening(k, k + 1, f"thing {k} moves") for k in range(n))
    pairs = tuple((i, j) for j in range(n) for i in range(j))
    return ClipEvents(name, events, tuple(range(n)), tuple(range(1, n + 1)), pairs, frozenset(causes),
                      frozenset(range(n)), None, n)  # fmt: skip


# -- answers -----------------------------------------------------------------------------------------------------------


def test_answers_name_one_cause_none_or_say_that_there_is_no_single_one():
    one = clip()
    pairs = pairs_of([one], [{}])
    chance = {(0, 3): 0.9, (1, 3): 0.2, (2, 3): 0.1, (0, 1): 0.7, (0, 2): 0.8, (1, 2): 0.6}
    scores = np.array([np.log(chance[tuple(p)] / (1 - chance[tuple(p)])) for p in pairs.events.tolist()])
    found = {a.effect: a for a in answers_of(pairs, scores, None, threshold=0.5, probabilities=True)}
    assert found[3].chosen == (0,)
    assert found[3].told(one) == "thing 3 moves BECAUSE thing 0 moves (0.90, frames 0 to 3)"
    assert found[2].chosen == (0, 1)
    assert found[2].told(one).startswith("thing 2 moves: NO SINGLE CAUSE, thing 0 moves (0.80) or thing 1 moves (0.60)")
    none = answers_of(pairs, scores - 9, None, threshold=0.5, probabilities=True)
    assert all(a.chosen == () and "NO CAUSE" in a.told(one) for a in none)
    graph = graph_of(one, list(found.values()))
    edges = {(variable_of(e.left), variable_of(e.right)) for e in graph.edges}
    wanted = {(0, 3), (0, 2), (1, 2), (0, 1)}
    assert edges == {(f"thing {i} moves", f"thing {j} moves") for i, j in wanted}
    assert {variable_of(name): lag_of(name) for name in graph.nodes} == {f"thing {k} moves": 3 - k for k in range(4)}


def test_a_report_has_an_arrow_for_each_chosen_cause_and_no_graph_without_one():
    one = replace(clip(), events=(*clip().events[:3], Happening(3, 4, "thing 0 moves")))
    links = _links(one, [Answer(0, 3, (0, 1), (0.9, 0.2), (0,)), Answer(0, 2, (1, 0), (0.3, 0.1), ())])
    assert list(links) == [("thing 0 moves, frame 0", "thing 0 moves, frame 3")]
    assert links["thing 0 moves, frame 0", "thing 0 moves, frame 3"][1] == "Scored 0.900."
    blind = replace(one, seen=False)
    kinds = [type(block).__name__ for block in _clip(None, blind, [Answer(0, 2, (1, 0), (0.3, 0.1), ())])]
    assert "GraphFigure" not in kinds


def test_holes_are_filled_and_what_is_known_stays(home):
    model = fit(home).fit(home / "events.csv")
    table = read_table(home / "events.csv", kinds={"causes": "list", "sentence": "text"})
    cells = [None if k % 3 else cell for k, cell in enumerate(table.lists("causes"))]
    filled = model.predict(table.with_columns({"causes": cells}, kinds={"causes": "list"})).known
    assert all(filled.lists("causes")[k] == cells[k] for k in range(len(cells)) if cells[k] is not None)
    assert None not in filled.lists("causes")
    for row, told in enumerate(filled.lists("scores")):
        chances = [p for _, p in told]
        assert chances == sorted(chances, reverse=True)
        assert all(0 <= p <= 1 for p in chances)
        if row % 3:
            assert filled.lists("causes")[row] == [name for name, p in told if p >= 0.5]
    clips = WORLD.rows(WORLD.sample(5, seed=3), size=24)
    bare = Clips(clips.images, clips.known.drop(["causes"]))
    found = Ireason(**SMALL, context="colours").fit(WORLD.rows(WORLD.sample(30, seed=1), size=24)).predict(bare)
    for told, pairs in zip(found.known.lists("scores"), found.known.lists("causes"), strict=True):
        assert sorted(pairs) == sorted([i, j] for i, j, p in told if p >= 0.5)


def test_a_saved_fit_answers_as_before(home, tmp_path):
    for name, options in {"bag": {}, "small": {"texts": "small"}, "video": {"use": "video"}}.items():
        model = fit(home, **options).fit(home / "events.csv")
        model.save_pretrained(tmp_path / name)
        again = aitia.load(tmp_path / name)
        assert again.predict(home / "fresh.csv").hash() == model.predict(home / "fresh.csv").hash()
        assert again.graphs() == model.graphs()
        assert again.training.notes == model.training.notes


# -- scores ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=3, max_size=3), st.sets(st.integers(0, 2), min_size=1))
@settings(deadline=None, max_examples=40)
def test_ranks_are_those_of_counting(scores, causes):
    pairs = pairs_of([clip(4, tuple((i, 3) for i in causes))], [{}])
    pairs = pairs.take(pairs.events[:, 1] == 3)
    order = [scores[i] for i in pairs.events[:, 0]]
    ranks, many, count = ranks_of(pairs, np.array(order))
    best = max(scores[i] for i in causes)
    others = [scores[i] for i in range(3) if i not in causes]
    assert ranks.tolist() == [1 + sum(s > best for s in others) + sum(s == best for s in others) / 2]
    assert (many.tolist(), count.tolist()) == ([3], [len(causes)])


@pytest.mark.parametrize(("n", "causes", "k"), [(4, 1, 1), (5, 2, 2), (5, 3, 4), (3, 1, 10)])
def test_recall_by_chance_is_that_of_all_orders(n, causes, k):
    hits = [min(order.index(c) for c in range(causes)) < k for order in permutations(range(n))]
    assert recall_by_chance(n, causes, k) == pytest.approx(np.mean(hits))


def test_scores_stand_beside_what_needs_no_model():
    data = WORLD.rows(WORLD.sample(80, seed=0, env="train"), size=24)
    model = Ireason(**SMALL, use="text").fit(data)
    read = model.read(WORLD.rows(WORLD.sample(60, seed=1, env="train"), size=24))
    scores = model.scores(read)
    found = judged(model, read.pairs, scores, read.videos)
    area, label = found["AUROC of pairs"], read.pairs.label
    assert area.value == pytest.approx(roc_auc_score(label, scores))
    assert area.baselines["PMI of the fit"] == pytest.approx(roc_auc_score(label, model.counts.pmi(read.pairs)))
    assert area.baselines["the event just before"] == pytest.approx(roc_auc_score(label, just_before(read.pairs)))
    ranks, many, _ = ranks_of(read.pairs, scores)
    of = np.array([read.videos[r[0]] for r in read.pairs.effects if (label[r] == 1).any()])
    mean = np.mean([(ranks[of == video] == 1).mean() for video in np.unique(of)])
    assert found["recall at 1"].value == pytest.approx(mean)
    chance = np.mean([(1 / many[of == video]).mean() for video in np.unique(of)])
    assert found["recall at 1"].baselines["by chance"] == pytest.approx(chance)
    assert found["ECE"].value == pytest.approx(calibration_error(1 / (1 + np.exp(-scores)), label))


def test_intervals_are_over_videos_and_not_over_pairs():
    random = np.random.default_rng(0)
    own = random.normal(size=40)
    values, videos = np.repeat(own, 50), np.repeat(np.arange(40), 50)
    mean, low, high = over_videos(values, videos)
    half = 1.96 * own.std(ddof=1) / np.sqrt(40)
    assert mean == pytest.approx(own.mean())
    assert (high - low) / 2 == pytest.approx(half, rel=0.2)


def test_pmi_and_rates_are_those_of_the_counts():
    pairs = pairs_of([clip(3, ((0, 2),)), clip(3, (), "garden")], [{}, {}])
    counts = Counts().fit(pairs)
    said = [tuple(pairs.sentences[k] for k in row) for row in pairs.said.tolist()]
    assert counts.pairs[("thing 0 moves", "thing 2 moves")] == (2, 1)
    k = said.index(("thing 0 moves", "thing 2 moves"))
    assert counts.pmi(pairs)[k] == pytest.approx(np.log((2 + 1) * (6 + 1) / ((4 + 1) * (4 + 1))))
    assert counts.rate(pairs)[k] == pytest.approx((1 + 1 / 6) / 3)
    assert Counts.from_json(json.loads(json.dumps(counts.to_json()))).pairs == counts.pairs


# -- models of others --------------------------------------------------------------------------------------------------


FRAMES = np.random.default_rng(0).integers(0, 255, (3, 24, 24, 3), dtype=np.uint8)


def test_a_detector_gives_what_transformers_gives(tmp_path):
    from transformers import YolosForObjectDetection

    folder = models.detector(tmp_path / "detector")
    sight = open_detector(models.network(folder), 0.0)
    found = sight.look(FRAMES)
    peer = YolosForObjectDetection.from_pretrained(folder).eval()
    with torch.no_grad():
        out = peer(pixel_values=sight.eye.prepare(FRAMES))
    chances = out.logits.softmax(2)[..., :-1]
    for k, one in enumerate(found):
        order = chances[k].max(1).values.argsort(descending=True)
        assert one.names == tuple(peer.config.id2label[int(c)] for c in chances[k].argmax(1)[order])
        assert one.boxes[:, :4] == pytest.approx(out.pred_boxes[k, order].numpy(), abs=1e-6)
        assert one.features == pytest.approx(out.last_hidden_state[k, -5:][order].numpy(), abs=1e-6)
    none = open_detector(models.network(folder), 0.99).look(FRAMES)
    assert [one.names for one in none] == [()] * 3


def test_a_vit_gives_patches_and_an_encoder_reads_as_it_is(home, tmp_path):
    from transformers import ViTModel

    folder = models.vit(tmp_path / "vit")
    sight = open_detector(models.network(folder), 0.3)
    with torch.no_grad():
        states = ViTModel.from_pretrained(folder).eval()(pixel_values=sight.eye.prepare(FRAMES)).last_hidden_state
    assert sight.look(FRAMES)[1].features == pytest.approx(states[1, 1:].numpy(), abs=1e-6)
    model = fit(home).fit(home / "events.csv", detector=folder, encoder=models.encoder(tmp_path / "encoder"))
    assert model.network.encoder is None
    assert model.network.feature.in_features == 16
    model.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved")
    assert again.predict(home / "fresh.csv").hash() == model.predict(home / "fresh.csv").hash()


def test_a_captioner_writes_what_transformers_writes(home, tmp_path):
    from transformers import AutoTokenizer, VisionEncoderDecoderModel

    folder = models.captioner(tmp_path / "captioner")
    writer = open_captioner(models.network(folder))
    peer, tokenizer = VisionEncoderDecoderModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    ids = peer.generate(pixel_values=writer.eye.prepare(FRAMES), max_new_tokens=20, do_sample=False)
    told = writer.write(FRAMES)
    assert [text for text, _ in told] == [" ".join(t.split()) for t in tokenizer.batch_decode(ids, True)]
    assert all(0 < sure < 1 for _, sure in told)
    table = read_table(home / "events.csv", kinds={"causes": "list", "sentence": "text"})
    texts = [None if k < 2 else text for k, text in enumerate(table.texts("sentence"))]
    silent = table.with_columns({"sentence": texts}, kinds={"sentence": "text"})
    model = fit(home, least=0.0).fit(silent, captioner=folder)
    assert model.training.notes[-1].startswith("2 sentences were written by the captioner, 0 more")
    unsure = fit(home, least=0.9).fit(silent, captioner=folder)
    assert unsure.training.notes[-1].startswith("0 sentences were written by the captioner, 2 more")
    with pytest.raises(DataError, match=r"clip-0: event 1 has no sentence \(2 such in all\)"):
        fit(home).fit(silent)


def test_a_language_model_scores_pairs_by_its_own_log_probabilities(home, tmp_path):
    from transformers import AutoTokenizer, LlamaForCausalLM

    folder = models.language_model(tmp_path / "lm")
    bare = read_table(home / "fresh.csv", kinds={"sentence": "text"})
    model = Ireason().fit(bare, client=folder)
    read = model.read(bare)
    scores = model.scores(read)
    peer, tokenizer = LlamaForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)

    def log_probability(prompt, option):
        start = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        ids = start + tokenizer(option, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = peer(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(1)
        return sum(float(logits[t - 1, ids[t]]) for t in range(len(start), len(ids)))

    for k in (0, 5, 9):
        cause, effect = (read.pairs.sentences[s] for s in read.pairs.said[k])
        wanted = log_probability(f"{effect} because", cause) - log_probability("because", cause)
        assert scores[k] == pytest.approx(wanted, abs=1e-4)
    filled = model.predict(bare).known
    assert all(len(some) <= 1 for some in filled.lists("causes"))
    model.save_pretrained(tmp_path / "saved")
    assert aitia.load(tmp_path / "saved").predict(bare).hash() == model.predict(bare).hash()
    with pytest.raises(OptionError, match="nothing was trained that could be explained"):
        model.effects(bare)
    with pytest.raises(OptionError, match="gives no log-probabilities"):
        Ireason().fit(bare, client=lambda prompts: ["A"] * len(prompts))


# -- Vis-Causal --------------------------------------------------------------------------------------------------------


def published(folder, **more):
    """A file as `Contextual_dataset.json` is, of two videos that are one and the same."""
    images = {f"image_{k}": {"event": {}, "entity": {}} for k in range(5)}
    first = {"event": {"a": [["a dog shakes$$a woman gets wet", 1], ["a dog shakes$$a man sits", 0]]},
             "entity": {"dog": 0.9, "towel": 0.4}}  # fmt: skip
    second = {"event": {}, "entity": {"woman": 0.8}}
    video = {**images, "image_0": first, "image_1": second, "category": "Bathing dog"}
    told = {"training": {"video_0": video}, "validation": {}, "testing": {"video_3": video}, **more}
    (folder / "Contextual_dataset.json").write_text(json.dumps(told), encoding="utf-8")
    ids = {"training": {"video_0": "sJFg"}, "testing": {"video_3": "sJFg"}}
    (folder / "video2id.json").write_text(json.dumps(ids), encoding="utf-8")
    return folder / "Contextual_dataset.json"


def test_the_published_file_is_read_and_split_by_video(tmp_path, capsys):
    table = read_vis_causal(published(tmp_path))
    assert table.texts("sentence")[:3] == ["a dog shakes", "a woman gets wet", "a man sits"]
    assert table.absent("causes")[:3].tolist() == [True, False, False]
    assert table.lists("causes")[1:3] == [[1], []]
    assert set(table.labels("video")) == {"sJFg"}, "one video, in two parts of the published split"
    model = Ireason(**SMALL).fit(table)
    read = model.read(table)
    assert read.pairs.label.tolist() == [1, 0] * 2
    assert set(read.videos) == {0}
    assert model.names == ("dog", "towel", "woman")
    _main([str(tmp_path / "Contextual_dataset.json"), str(tmp_path / "events.jsonl")])
    assert "share videos" in capsys.readouterr().out
    again = Ireason(**SMALL).fit(tmp_path / "events.jsonl")
    assert again.read(tmp_path / "events.jsonl").pairs.label.tolist() == [1, 0] * 2
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FormatError, match="none of training"):
        read_vis_causal(tmp_path / "other.json")
    with pytest.raises(FormatError, match=r"testing, video_9, image_0 .* lacks 'image_0'"):
        read_vis_causal(published(tmp_path, testing={"video_9": {}}))


# -- bad input ---------------------------------------------------------------------------------------------------------


def with_cell(column, value, row=1):
    def change(lines):
        lines[row][column] = value

    return change


def moved(name):
    def change(lines):
        for line in lines:
            line["clip"] = name if line["clip"] == "clip-0" else line["clip"]

    return change


def backwards(lines):
    lines[-1].update(start="5", end="3")


def turned(lines):
    last = max(k for k, line in enumerate(lines) if line["clip"] == "clip-0")
    lines[0]["causes"] = f"[{lines[last]['event']}]"


def twice(lines):
    lines.append({**lines[0], "event": "6"})


BAD = {
    "an event that ends before it begins": (
        backwards,
        "event .* ends at frame 3, before it begins at frame 5",
    ),
    "an event beyond the clip": (with_cell("end", "9"), "lasts from frame .* to 9, and the clip has frames 0 to 7"),
    "half a frame": (with_cell("start", "1.5"), "row 1: start is the number of a frame, got 1.5"),
    "no frames": (moved("gone"), "'gone' has no frames: put them as pictures into"),
    "a clip outside": (moved("../clips"), "lies outside of"),
    "an effect before its cause": (
        turned,
        "causes name event .* which does not begin after it: mend the row of event 1",
    ),
    "an event twice": (twice, "event 6 .* stands twice"),
    "a cause that is no event": (
        with_cell("causes", "[77]"),
        "row 1: causes name event 77, and its clip has the events",
    ),
    "no such folder": (lambda lines: None, "there is no folder"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_rows_are_refused_in_a_sentence(home, tmp_path, what):
    change, sentence = BAD[what]
    with open(home / "events.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    change(lines)
    with open(tmp_path / "bad.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    options = {"clips": str(home / "nowhere")} if what == "no such folder" else {}
    with pytest.raises(AitiaError, match=sentence):
        fit(home, **options).fit(tmp_path / "bad.csv")


def test_what_cannot_be_learnt_offers_what_can(home):
    table = read_table(home / "events.csv", kinds={"causes": "list", "sentence": "text"})
    bare = table.select([name for name in table.names if name != "causes"])
    with pytest.raises(DataError, match=r"no pair of events is annotated .* \(--client FOLDER\)"):
        fit(home).fit(bare)
    with pytest.raises(OptionError, match=r"nothing is to be seen: put the table into the folder"):
        fit(home, clips="").fit(table)
    parts = ["train" if k % 2 else "test" for k in range(len(table))]
    with pytest.raises(DataError, match="clip-0 is in `test` and in `train`: a video is of one part alone"):
        fit(home).fit(table.with_columns({"split": parts}, kinds={"split": "label"}))
    few = table.take([k for k in range(len(table)) if table.labels("clip")[k] != "clip-0" or k == 0])
    assert "1 of 60 clips have fewer than two events" in " ".join(fit(home).fit(few).training.notes)
