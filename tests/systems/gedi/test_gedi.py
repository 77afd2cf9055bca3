"""The whole system: what it finds on data whose answer is known, what it refuses, and how it is kept."""

import json
import shutil
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import multivariate_normal, spearmanr
from tests.commands import command

import aitia
from aitia.data.table import Table
from aitia.errors import AitiaError, DataError, FormatError, InterventionError, OptionError, TrainingError
from aitia.runs import RunStore
from aitia.system.example import example_of
from aitia.systems.gedi import Gedi, GediConfig, fitting
from aitia.systems.gedi.agreement import matched_accuracy
from aitia.systems.gedi.losses import usage

QUICK = {"clusters": 2, "steps": 6, "hidden": 8, "batch": 16, "walk": 2, "buffer": 20, "draw_walk": 3}
CENTRES = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])


def blobs(n, seed, counts=None):
    random = np.random.default_rng(seed)
    which = random.integers(0, 3, n) if counts is None else np.repeat(np.arange(3), counts)
    return CENTRES[which] + random.normal(size=(len(which), 2)), which


def images(n, seed=0, side=8, channels=1):
    values = np.random.default_rng(seed).integers(0, 256, (n, side, side, channels)).astype(np.uint8)
    return np.repeat(values, 3 // channels, axis=3)


@pytest.fixture(scope="module")
def known():
    x, which = blobs(400, 0)
    return Gedi(clusters=3, steps=300, hidden=32, batch=100, walk=8, buffer=200).fit(x), x, which


# -- what is found -----------------------------------------------------------------------------------------------------


def test_clusters_of_numbers_are_found_and_their_energy_follows_the_density(known):
    model, _, _ = known
    x, which = blobs(300, 1)
    answer = model.predict(x)
    assert matched_accuracy(which, answer.labels("cluster")) > 0.95
    grid = np.stack(np.meshgrid(np.linspace(-4, 10, 12), np.linspace(-4, 10, 12)), -1).reshape(-1, 2)
    density = sum(multivariate_normal(c).pdf(grid) for c in CENTRES) / 3
    near = density > 1e-6
    assert spearmanr(model.encode(grid[near]).column("energy"), -np.log(density[near])).statistic > 0.6
    far = model.predict(np.array([[20.0, 20.0], [0.0, 0.0]]))
    assert far.column("energy")[0] > far.column("energy")[1]
    assert far.column("stranger")[0] > 0.95 > far.column("stranger")[1]


def test_energy_and_probabilities_are_those_of_the_logits(known):
    model, x, _ = known
    logits = model.logits(model.numbers(x[:9]))
    codes = model.encode(x[:9])
    assert np.allclose(codes.column("energy"), -np.log(np.exp(logits).sum(1)))
    assert np.allclose(codes.matrix(model.names), np.exp(logits) / np.exp(logits).sum(1, keepdims=True))
    assert np.allclose(codes.matrix(model.names).sum(1), 1)


def test_a_row_of_a_cluster_is_drawn_there_and_a_given_number_stays(known):
    model, x, _ = known
    asked = Table.of({"cluster": ["c0", "c1", "c2"] * 20}, kinds={"cluster": "label"})
    drawn = model.predict(asked, seed=3)
    told = model.predict(drawn.select(["x0", "x1"]))
    assert np.mean(told.labels("cluster") == drawn.labels("cluster")) > 0.8
    near = np.sqrt(((drawn.matrix(["x0", "x1"])[:, None] - x[None]) ** 2).sum(-1)).min(1)
    assert np.median(near) < 1.5, "draws lie where rows do"
    rows = Table.of({"x0": [6.0] * 8, "x1": [None] * 8}, kinds={"x0": "number", "x1": "number"})
    filled = model.predict(rows, seed=1)
    assert filled.column("x0").tolist() == [6.0] * 8
    assert np.abs(np.median(filled.column("x1"))) < 2.5, "beside 6 there are rows around 0 alone"
    assert model.sample(4, seed=2) == model.sample(4, seed=2)
    assert model.sample(4, seed=2) != model.sample(4, seed=3)


def test_a_given_cluster_stays_and_tells_its_own_probability(known):
    model, x, _ = known
    free = model.predict(x[:1])
    other = next(name for name in model.names if name != free.labels("cluster")[0])
    told = model.predict({"x0": x[:1, 0], "x1": x[:1, 1], "cluster": [other]})
    assert told.labels("cluster").tolist() == [other]
    assert told.column("probability")[0] == pytest.approx(model.encode(x[:1]).column(other)[0])


def test_sums_teach_the_numbers_of_clusters():
    """Dark, grey and light pictures are 0, 1 and 2; only sums are told, and some are not."""
    random = np.random.default_rng(0)
    digit = random.integers(0, 3, (2, 150))

    def painted(numbers):
        light = 30 + 90 * numbers[:, None, None, None] + random.integers(-12, 13, (len(numbers), 4, 4, 1))
        return np.repeat(light, 3, axis=3).astype(np.uint8)

    total = [str(t) if k % 3 else None for k, t in enumerate(digit.sum(0).tolist())]
    rows = Table.of(
        {"image": painted(digit[0]), "other_image": painted(digit[1]), "cluster_sum": total},
        kinds={"image": "picture", "other_image": "picture", "cluster_sum": "label"},
    )
    model = Gedi(clusters=3, steps=150, hidden=16, batch=60, walk=2, light=0.02, grain=0.02, held_out=0.05).fit(rows)
    fresh = random.integers(0, 3, 90)
    told = model.predict({"image": painted(fresh)}).labels("cluster")
    assert np.mean(told == np.array([f"c{k}" for k in fresh])) > 0.95


def test_a_prior_moves_the_shares_of_clusters_and_a_wrong_one_costs():
    x, _ = blobs(0, 2, counts=(240, 40, 20))
    options = {"clusters": 3, "steps": 250, "hidden": 32, "batch": 150, "generative": 0.0, "usage": 200.0}
    told = Gedi(**options, prior=(0.8, 0.1333333, 0.0666667)).fit(x).predict(x).labels("cluster")
    even = Gedi(**options).fit(x).predict(x).labels("cluster")
    first, second = (np.sort(np.unique(names, return_counts=True)[1] / 300)[::-1] for names in (told, even))
    assert np.abs(first - [0.8, 0.1333, 0.0667]).max() < 0.1
    assert second[0] < 0.6, "an even prior splits the large one"


def test_colour_is_seen_grey_is_drawn_grey_and_given_pictures_keep_their_bytes():
    grey, colour = images(40), images(40, channels=3)
    model = Gedi(**QUICK).fit(grey)
    table = Table.of({"image": [grey[0], None], "cluster": [None, "c1"]}, kinds={"image": "picture"})
    answer = model.predict(table).pictures("image")
    assert np.array_equal(answer[0], grey[0])
    assert (answer[1] == answer[1][..., :1]).all()
    with pytest.raises(DataError, match="row 0 is a coloured picture, and this model was trained on grey ones"):
        model.predict(colour[:2])
    assert Gedi(**QUICK).fit(colour).predict(grey[:2]).column("energy").shape == (2,)


def test_labels_are_scored_against_and_change_no_weight():
    rows = images(40)
    plain = Gedi(**QUICK).fit(rows)
    labelled = Gedi(**QUICK).fit(rows, label=["a", "b"] * 20)
    assert np.array_equal(plain.encode(rows).matrix(), labelled.encode(rows).matrix())
    given = labelled.given(rows, label=["a", "b"] * 20)
    scores = labelled.judge(given, given)
    assert set(scores) == {"strange rows", "clusters"}
    assert scores["clusters"].baselines["all in one"] == 0
    assert set(plain.judge(plain.given(rows), plain.given(rows))) == {"strange rows"}


# -- how it is trained and kept ----------------------------------------------------------------------------------------


def test_a_training_that_was_stopped_goes_on_in_the_same_bytes(tmp_path, monkeypatch):
    x, _ = blobs(60, 4)
    options = {**QUICK, "steps": 30, "warm_up": 5}
    monkeypatch.setattr(fitting, "TrainConfig", partial(fitting.TrainConfig, checkpoint_every=10))
    whole = Gedi(**options).fit(x)

    def stop(what, done, total):
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Gedi(**options).fit(x, run=RunStore(checkpoint=tmp_path, progress=stop))
    resumed = Gedi(**options).fit(x, run=RunStore(checkpoint=tmp_path))
    assert resumed.sample(4) == whole.sample(4)
    assert np.array_equal(resumed.encode(x).matrix(), whole.encode(x).matrix())


def test_energies_that_run_apart_begin_anew_at_half_of_the_rate_and_say_so(monkeypatch):
    x, _ = blobs(60, 5)
    forward, tried = fitting.Objective.forward, []

    def once(self, *rows):
        if int(self.done) == 2 and not tried:
            tried.append(True)
            raise fitting.ApartError("at update 2 data and draws are 312 nats apart")
        return forward(self, *rows)

    monkeypatch.setattr(fitting.Objective, "forward", once)
    model = Gedi(**QUICK).fit(x)
    assert "312 nats apart: the training began anew at a rate of 0.0005" in " ".join(model.warnings)
    monkeypatch.setattr(fitting.Objective, "forward", forward)
    slow = Gedi(**QUICK, learning_rate=5e-4).fit(x)
    assert np.array_equal(model.encode(x).matrix(), slow.encode(x).matrix())
    monkeypatch.setattr(fitting, "_APART", -1.0)
    with pytest.raises(TrainingError, match=r"after 4 rates down to 0\.000125: give more walk"):
        Gedi(**QUICK).fit(x)


def test_what_is_saved_draws_the_same(known, tmp_path):
    model, x, _ = known
    model.save_pretrained(tmp_path / "model")
    again = aitia.load(tmp_path / "model")
    assert again.sample(5, seed=1) == model.sample(5, seed=1)
    assert again.encode(x[:5]) == model.encode(x[:5])
    assert again.bound == model.bound


@pytest.mark.parametrize("options", [{"network": "convolution"}, {"head": "linear"}, {"flip": True}])
def test_other_networks_and_heads_are_trained_too(options):
    model = Gedi(**QUICK, **options).fit(images(40, side=16))
    assert model.predict(images(3, 1, side=16)).n == 3


@pytest.mark.slow
def test_two_processes_use_the_mean_of_all_rows(tmp_path):
    """The gradient of (5) under two processes is that of the whole batch in one."""
    import torch.multiprocessing as processes

    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 3)))
    prior = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    whole = logits.clone().requires_grad_(True)
    usage(whole, prior).backward()
    processes.spawn(_one_of_two, (str(tmp_path), logits, prior), nprocs=2)
    parts = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    assert torch.allclose(torch.cat(parts) / 2, whole.grad)


def _one_of_two(rank, folder, logits, prior):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    mine = logits[4 * rank : 4 * rank + 4].clone().requires_grad_(True)
    usage(mine, prior).backward()
    torch.save(mine.grad, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"clusters": 1}, "at least 2 clusters, got 1"),
        ({"clusters": 3, "prior": (0.5, 0.3, 0.3)}, "add up to 1, got 1.1: divide each by that"),
        ({"clusters": 3, "prior": (0.5, 0.5)}, "a share for each of 3 clusters, got 2"),
        ({"clusters": 2, "prior": (1.0, 0.0)}, "above 0, got 0.0"),
        ({"step": 0.0}, "step is positive"),
        ({"shift": 1.5}, "shift lies between 0 and 1, got 1.5"),
        ({"generative": 0.0, "invariance": 0.0, "usage": 0.0, "sums": 0.0}, "nothing is trained"),
        ({"held_out": 1.0}, "held_out between 0 and 1"),
        ({"walk": 0}, "walk is at least 1, got 0"),
        ({"temperature": 0.0}, "temperature is positive"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        GediConfig(**options)


NUMBERS = {"a": np.arange(40.0), "b": np.arange(40.0) % 7}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"a": np.arange(3.0)}, "3 rows cannot fill 4 clusters"),
        ({**NUMBERS, "c": np.ones(40)}, "column 'c' is constant: leave it out"),
        ({**NUMBERS, "a": np.where(np.arange(40) == 5, np.nan, 1.0 * np.arange(40))}, "'a' has no number in row 5"),
        ({"image": np.zeros((40, 8, 8, 3), np.uint8)}, "all 40 pictures are the same"),
        ({"image": images(3)}, "3 rows cannot fill 4 clusters"),
        ({**NUMBERS, "cluster": ["c0", "c1"] * 20}, "give known classes as label"),
        ({**NUMBERS, "energy": np.arange(40.0)}, "'energy' has the name of an answer"),
        ({**NUMBERS, "cluster_sum": ["1"] * 40}, "is the sum of the clusters of two pictures, and rows have none"),
        ({"image": images(40), "cluster_sum": ["1"] * 40}, "rows have one: name the second as other_image"),
        ({"image": images(40), "other_image": images(40, side=4), "cluster_sum": ["1"] * 40}, "8x8 and of other_image"),
        ({"image": images(40), "other_image": images(40), "cluster_sum": ["7"] * 40}, "whole number of 0 to 6"),
        ({"image": images(40), "other_image": images(40), "cluster_sum": ["two"] * 40}, "is 'two' in row 0"),
        ({"image": images(40), "other_image": images(40), "cluster_sum": [None] * 40}, "is empty in every row"),
        ({"name": ["x", "y"] * 20}, "no column of pictures, nor of numbers"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_grouped_are_refused_in_one_sentence(rows, told):
    kinds = {name: "picture" for name in ("image", "other_image") if name in rows}
    kinds |= {name: "label" for name in ("cluster", "cluster_sum", "name") if name in rows}
    with pytest.raises(AitiaError, match=told) as error:
        Gedi(**{**QUICK, "clusters": 4}).fit(Table.of(rows, kinds=kinds))
    assert "\n" not in str(error.value)


def test_few_rows_and_small_batches_are_told():
    x, _ = blobs(30, 6)
    told = " ".join(Gedi(**QUICK).fit(x).warnings)
    assert "30 rows are few for 2 clusters" in told
    assert "A batch of 16 says little of how often 2 clusters are used: take 20" in told


def picture(place, kind):
    image = Image.fromarray(images(1, 3)[0])
    if kind == "mixed sizes":
        image.resize((9, 8)).save(place.with_suffix(".png"))
    elif kind == "animated":
        image.save(place.with_suffix(".gif"), save_all=True, append_images=[Image.fromarray(images(1, 4)[0])])
    elif kind == "truncated":
        image.resize((64, 64)).save(place.with_suffix(".png"))
        file = place.with_suffix(".png")
        file.write_bytes(file.read_bytes()[:200])
    elif kind == "empty":
        place.with_suffix(".png").write_bytes(b"")
    elif kind == "CMYK":
        image.convert("CMYK").save(place.with_suffix(".jpg"))
    elif kind == "16 bit":
        Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 900).save(place.with_suffix(".png"))
    else:
        Image.new("1", (9_000, 2)).save(place.with_suffix(".png"))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("mixed sizes", "images differ in size: 00.png is 8x8, zz.png is 9x8; give a size to scale them to"),
        ("animated", r"moves \(2 pictures\): give one of them"),
        ("truncated", "no image that can be read|no picture that can be read"),
        ("empty", r"is empty \(0 bytes\), and no picture"),
        ("CMYK", "colours of print"),
        ("16 bit", "more than 8 bits"),
        ("bomb", "9,000 x 2 pixels"),
    ],
)
def test_a_picture_that_cannot_be_taken_as_it_is_is_named(tmp_path, kind, told):
    for k, one in enumerate(images(30)):
        Image.fromarray(one).save(tmp_path / f"{k:02}.png")
    picture(tmp_path / "zz", kind)
    with pytest.raises((DataError, FormatError), match=told) as error:
        Gedi(**QUICK).fit(tmp_path)
    assert "zz" in str(error.value)
    assert "\n" not in str(error.value)


def test_asked_rows_that_do_not_fit_the_fit_are_refused(known):
    model, _, _ = known
    with pytest.raises(InterventionError, match="a cluster is no variable that is set"):
        model.do("do(cluster=c1)")
    with pytest.raises(DataError, match="row 1 is given the cluster 'c9', and clusters are c0 to c2"):
        model.predict({"x0": [0.0, 1.0], "x1": [0.0, 1.0], "cluster": [None, "c9"]})
    with pytest.raises(DataError, match="'stranger' would be written over"):
        model.predict({"x0": [0.0], "x1": [0.0], "stranger": [0.5]})
    with pytest.raises(DataError, match="row 0 is not whole: predict fills it first"):
        model.encode(Table.of({"x0": [None], "x1": [1.0]}, kinds={"x0": "number", "x1": "number"}))
    with pytest.raises(AitiaError, match="'x0' is not a variable"):
        model.predict({"y": [1.0]})
    pictures = Gedi(**QUICK).fit(images(40))
    with pytest.raises(DataError, match="pictures are 4x4, this model was trained on 8x8"):
        pictures.predict(images(2, side=4))
    with pytest.raises(OptionError, match="a convolution reads square pictures, got 4x8"):
        Gedi(**QUICK, network="convolution").fit(images(40)[:, :, :4])


# -- as people use it --------------------------------------------------------------------------------------------------


def test_a_folder_of_pictures_is_fitted_asked_and_shown_and_its_clusters_are_a_column_for_discover(tmp_path):
    example = example_of("gedi", tmp_path / "example", 0)
    shutil.copytree(example.files, tmp_path / "pictures")
    options = [part for name, value in QUICK.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    told = json.loads(
        command("run", "gedi", "--data", tmp_path / "pictures", *options, "--out", tmp_path / "run", "--json")
    )
    assert set(told["scores"]) == {"strange rows", "clusters"}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for words in (
        "Taken to leave the cluster as it is",
        "Draws of each cluster",
        "Rows of the highest",
        "mean probability",
    ):
        assert words in page
    answer = json.loads(command("predict", tmp_path / "run", tmp_path / "pictures", "--out", tmp_path / "p", "--json"))
    assert answer["verb"] == "predict"
    x, _ = blobs(60, 8)
    rows = Gedi(**QUICK).fit(x).predict(x)
    assert rows.kind("cluster") == "label"
    assert rows.kind("energy") == "number"
