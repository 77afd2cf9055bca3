"""GAN dissection on a generator whose units are known, against loops of hooks and numbers by hand."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.systems.gan_dissection.owned import labelled
from tests.systems.gan_dissection.painted import THINGS, Conditional, Exact, Painter, exact, painter
from torch import nn

import aitia
from aitia.data.subjects import Network
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.nn.pixels import to_bytes
from aitia.nn.sites import Site, intervene
from aitia.systems.gan_dissection import GanDissection
from aitia.systems.gan_dissection.effects import context, gained, others, removed, swept
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.systems.gan_dissection.measures import agreement, areas, pixels, thresholds
from aitia.systems.gan_dissection.opening import learnt, open_segmenter
from aitia.systems.gan_dissection.study import Study, matched_units, window_at
from aitia.systems.gan_dissection.tail import Change, Tail

COLOURS = THINGS[1:]
SMALL = {"units": 1, "samples": 48, "window": (2, 2), "layer": "maps", "controls": 4}


@pytest.fixture(scope="module")
def known():
    return GanDissection(**SMALL).fit(None, model=painter(), segmenter=exact())


def rows(n=12, seed=3):
    z = np.random.default_rng(seed).standard_normal((n, 3))
    return {f"z{k}": z[:, k] for k in range(3)}


# -- what is found -----------------------------------------------------------------------------------------------------


def test_each_thing_has_its_unit_its_place_and_its_level(known):
    assert {name: known.found.sets[name] for name in COLOURS} == {"red": (0,), "green": (1,), "blue": (2,)}
    table = known.unit_table()
    assert table.labels("object")[:3].tolist() == list(COLOURS)
    for k, (row, column) in enumerate(((0, 0), (0, 2), (2, 0))):
        assert torch.equal(known.found.cells(COLOURS[k]), window_at(row, column, (2, 2), (4, 4)))
        assert float(known.found.levels[k + 1, k]) == pytest.approx(1.0)


def test_effects_are_those_by_hand(known):
    """Without its unit a colour is gone: its share was 1/4 where it is there, and nothing takes its place."""
    data = rows()
    there = np.mean(np.array([data[f"z{k}"] for k in range(3)]) > 0, axis=1)
    table = known.effects(data)
    told = {(t, o): e for t, o, e in zip(table.labels("target"), table.labels("outcome"), table.column("effect"),
                                         strict=True)}  # fmt: skip
    for k, name in enumerate(COLOURS):
        for other in COLOURS:
            expected = -there[k] / 4 if other == name else 0.0
            assert told[f"{name}=absent", other] == pytest.approx(expected)
        assert told[f"{name}=absent", "nothing"] == pytest.approx(there[k] / 4)
        assert told[f"{name}=present", name] == pytest.approx((1 - there[k]) / 4)
    assert known.effects(data, target="red", outcome="red").column("effect")[0] == pytest.approx(-there[0] / 4)
    held = known.do("do(maps[unit=0+1]=0)").effects(data, outcome="green")
    assert held.column("effect")[0] == pytest.approx(-there[1] / 4)
    assert held.labels("target")[0] == "maps[unit=0+1]=0"


def test_the_control_is_the_largest_of_random_sets(known):
    """Of 11 units two draw; whichever sets are drawn, the control is the change of one of them, by a hook loop."""
    from aitia.nn.sites import random_units

    data = rows(8)
    z = torch.tensor(np.stack([data[f"z{k}"] for k in range(3)], axis=1), dtype=torch.float32)
    net, judge = painter(), open_segmenter(Network.of(exact()))
    plain = areas(judge, net(z)).numpy().mean(0)
    moved = []
    for units in random_units((0,), 12, SMALL["controls"], 0):
        with intervene(net, {Site("maps", unit=units): 0.0}):
            moved.append(areas(judge, net(z)).numpy().mean(0) - plain)
    table = known.effects(data, target="red")
    for outcome, told in zip(table.labels("outcome"), table.column("control"), strict=True):
        change = np.array(moved)[:, THINGS.index(outcome)]
        assert told == pytest.approx(change[np.abs(change).argmax()])


def test_agreement_and_its_quality_are_those_of_a_loop_over_pixels():
    torch.manual_seed(0)
    maps, shown = torch.randn(5, 3, 4, 4), torch.zeros(5, 2, 8, 8)
    mask = torch.rand(5, 8, 8) > 0.6
    shown[:, 0], shown[:, 1] = mask.float(), (~mask).float()
    at = torch.randn(3, 2)
    found = agreement(maps, shown, at)
    large = nn.functional.interpolate(maps, size=(8, 8), mode="bilinear")
    for u in range(3):
        for c in range(2):
            a, b = (large[:, u] > at[u, c]).numpy(), shown[:, c].numpy() > 0
            assert float(found.iou[u, c]) == pytest.approx((a & b).sum() / (a | b).sum())
            joint = np.array([[np.mean(x & y) for y in (b, ~b)] for x in (a, ~a)])
            entropy = -sum(p * np.log(p) for p in joint.ravel() if p)
            mutual = sum(
                joint[i, j] * np.log(joint[i, j] / joint[i].sum() / joint[:, j].sum())
                for i in range(2) for j in range(2) if joint[i, j]
            )  # fmt: skip
            assert float(found.iqr[u, c]) == pytest.approx(mutual / entropy)


def test_thresholds_have_the_best_quality_of_the_quantiles():
    from aitia.systems.gan_dissection.measures import QUANTILES

    torch.manual_seed(1)
    maps, shown = torch.randn(6, 2, 4, 4), (torch.rand(6, 3, 8, 8) > 0.7).float()
    at = thresholds(maps, shown)
    for u in range(2):
        levels = [torch.quantile(maps[:, u], q) for q in QUANTILES]
        each = [agreement(maps, shown, torch.full((2, 3), float(level))).iqr[u] for level in levels]
        assert torch.allclose(agreement(maps, shown, at).iqr[u], torch.stack(each).amax(0))


# -- the tail ----------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True), st.booleans())
def test_a_sweep_from_kept_maps_is_a_loop_of_hooks(seed, units, inserted):
    from aitia.nn.gan import Generator

    torch.manual_seed(seed)
    generator = ImageGenerator(Generator(3, (6, 6)).eval())
    z = generator.noise(3, seed)
    cells = window_at(1, 1, (2, 2), (4, 4)) if inserted else None
    value = tuple(float(k) for k in range(len(units))) if inserted else 0.0
    change = Change(tuple(units), value, cells)
    tail = Tail(generator, "blocks.0.act", z)
    drawn = tail.changed([change, Change((0,))])
    mask = None if cells is None else cells.numpy()
    done = value if not isinstance(value, tuple) or len(value) > 1 else value[0]
    with intervene(generator.model, {Site("blocks.0.act", unit=tuple(units), mask=mask): done}):
        assert torch.allclose(drawn[0], generator.draw(z), atol=1e-5)
    assert torch.allclose(tail.pictures, generator.draw(z), atol=1e-6)
    assert torch.allclose(tail.draw(tail.maps), generator.draw(z), atol=1e-5)


def test_a_tail_has_gradients_and_leaves_no_hook():
    net = painter()
    tail = Tail(ImageGenerator(net), "maps", torch.ones(2, 3))
    maps = tail.maps.clone().requires_grad_()
    tail.draw(maps, gradients=True).sum().backward()
    assert maps.grad is not None
    assert torch.equal(maps.grad[:, :3], torch.full((2, 3, 4, 4), 8.0))  # 2 of the weight, 4 pixels a cell
    assert not maps.grad[:, 3:].any()
    assert all(not module._forward_hooks for module in net.modules())


def test_shares_gone_and_changes_of_all_else_by_hand():
    before, after = np.array([[0.2, 0.3, 0.5]]), np.array([[0.05, 0.45, 0.5]])
    assert removed(before[:, 0], after[:, 0]) == pytest.approx(0.75)
    assert others(before, after, [0]) == pytest.approx(0.15 / 0.8)
    assert removed(np.zeros(2), np.zeros(2)) == 0.0


# -- rankings and controls ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranking", ["iou", "ace", "correlation", "activation", "gradient"])
def test_every_ranking_finds_the_unit_that_draws(ranking):
    system = GanDissection(**SMALL, ranking=ranking, updates=30).fit(None, model=painter(), segmenter=exact())
    for k, name in enumerate(COLOURS):
        if ranking != "activation":  # which other units win that are active everywhere
            assert system.found.sets[name] == (k,)
        elif float(system.found.levels[k + 1, k]) < float(system.found.levels[k + 1].max()):
            assert system.found.sets[name] != (k,)


def test_the_search_keeps_what_draws_and_leaves_out_what_spoils_the_rest():
    """Red flips to nothing at alpha = 1/2 of its unit; unit 11 colours all of the picture a little."""
    net = painter()
    net.mix.weight.data[2, 11] = 0.4
    generator, judge = ImageGenerator(net), open_segmenter(Network.of(exact()))
    found = {}
    for spare in (0.0, 20.0):
        config = GanDissection(**SMALL, ranking="ace", updates=40, spare=spare).config
        study = Study.of(generator, "maps", generator.noise(48, 0), judge, config)
        alpha = found[spare] = study.scores("red", config)
        assert alpha.shape == (12,)
        assert 0 <= float(alpha.min()) <= float(alpha.max()) <= 1
        assert int(alpha.argmax()) == 0
        assert float(alpha[0]) > 0.5
    assert float(found[20.0][11]) < float(found[0.0][11])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4))
def test_matched_sets_hold_other_units_that_are_about_as_active(seed, size):
    means = torch.rand(16, generator=torch.Generator().manual_seed(seed))
    chosen = tuple(range(size))
    for units in matched_units(chosen, means, 3, seed):
        assert len(set(units)) == size
        assert not set(units) & set(chosen)


def test_an_insertion_takes_where_nothing_else_is_in_the_way(known):
    """Red put in gains its window everywhere but where it is already."""
    generator = known.generator
    tails = [Tail(generator, "maps", torch.tensor([[1.0, -1, -1], [-1.0, -1, -1]]))]
    gains, chance = context(tails, known.referee, known.found, "red", (2, 2), 2, 0)
    assert gains.shape == (3, 3)
    assert gains[0, 0] == pytest.approx(0.5)  # one of the rows has it there
    assert gains[2, 2] == pytest.approx(1.0)
    assert gains[1, 1] == pytest.approx(0.875)
    assert chance.max() <= 1
    change = known.found.change("red", "present", "zero")
    assert gained(tails, known.referee, "red", [change])[0] == pytest.approx(0.5)
    each = swept(tails, known.referee, [change])
    assert each.shape == (2, 2, 4)


# -- doing -------------------------------------------------------------------------------------------------------------


def test_pictures_under_do_are_those_of_hooks(known):
    data = rows(4)
    z = torch.tensor(np.stack([data[f"z{k}"] for k in range(3)], axis=1), dtype=torch.float32)
    net = painter()
    with intervene(net, {"maps[unit=0]": 0.0}):
        wanted = to_bytes(net(z))
    for text in ("do(red=absent)", "do(maps[unit=0]=0)", "do(maps[channel=0]=0)"):
        assert np.array_equal(known.do(text).predict(data).pictures("image"), wanted)
    put = known.do("do(red=present)").predict(data)
    assert put.column("red").tolist() == [0.25] * 4
    own = known.inserted("red", np.arange(16).reshape(4, 4) >= 12)
    assert np.array_equal(known.do(own).predict(data).pictures("image")[:, 6:], np.broadcast_to([255], (4, 2, 8, 1)) *
                          [[[[1, 0, 0]]]] | known.predict(data).pictures("image")[:, 6:])  # fmt: skip


def test_mean_ablation_holds_units_at_their_mean():
    system = GanDissection(**SMALL, ablation="mean").fit(None, model=painter(), segmenter=exact())
    change = system.found.change("red", "absent", "mean")
    assert change.value == (pytest.approx(float(system.found.means[0])),)
    assert 0 < float(system.found.means[0]) < 0.25


def test_a_counterfactual_keeps_the_latent_and_refuses_a_picture_of_another(known):
    data = rows(4)
    fact = known.predict(data)
    assert known.counterfactual(fact).hash() == known.predict(fact).hash()
    done = known.counterfactual(fact, "do(green=absent)")
    assert not done.column("green").any()
    assert done.column("red").tolist() == fact.column("red").tolist()
    wrong = fact.with_known({"image": fact.pictures("image")[::-1].copy()}, {"image": "picture"})
    with pytest.raises(DataError, match=r"the picture of row \d is not what the generator draws of its latent"):
        known.counterfactual(wrong, "do(green=absent)")


def test_new_rows_are_drawn_with_their_latents(known):
    drawn = known.do("do(red=absent, blue=absent)").sample(6, seed=2)
    assert [name for name in drawn.names if name.startswith("z")] == ["z1", "z2", "z3"]
    assert not drawn.column("red").any()
    again = known.do("do(red=absent, blue=absent)").predict(drawn.select(["z1", "z2", "z3"]), latent=("z1", "z2", "z3"))
    assert np.array_equal(again.pictures("image"), drawn.pictures("image"))


def test_what_is_exported_draws_without_the_units(tmp_path):
    from safetensors.torch import load_file

    from aitia.nn.gan import Generator, SmallGan

    torch.manual_seed(0)
    gan = SmallGan(3, (8, 8), updates=1, batch=4).fit(np.zeros((4, 16, 16, 3), np.uint8))
    gan.save_pretrained(tmp_path / "gan")
    system = GanDissection(units=2, samples=8, layer="blocks.0").fit(
        None, model=tmp_path / "gan", segmenter=Exact().eval()
    )
    system.do("do(blocks.0[unit=1+4]=0)").export(tmp_path / "out")
    other = Generator(3, (8, 8)).eval()
    other.load_state_dict(load_file(tmp_path / "out" / "model.safetensors"))
    z = torch.randn(3, 3)
    with intervene(gan.generator, {"blocks.0[unit=1+4]": 0.0}), torch.no_grad():
        assert torch.allclose(other(z), gan.generator(z), atol=1e-5)
    with pytest.raises(OptionError, match="hold it at 0"):
        system.do("do(blocks.0[unit=1]=2)").export(tmp_path / "no")


# -- segmenters and folders --------------------------------------------------------------------------------------------


def test_a_folder_of_label_pictures_gives_two_segmenters_which_are_kept(tmp_path):
    from aitia.nn.gan import Generator

    folder = labelled(tmp_path / "labelled", 24)
    torch.manual_seed(0)
    net = Generator(3, (6, 6)).eval()
    system = GanDissection(units=2, samples=8, concepts=("ground",)).fit(None, model=net, segmenter=folder)
    one, two = system.found.fingerprints
    assert one != two
    assert system.learnt is not None
    system.save_pretrained(tmp_path / "kept")
    again = aitia.load(tmp_path / "kept", model=net, segmenter=folder)
    assert again.learnt[1].fingerprint == two
    z = {f"z{k}": np.zeros(2) + k for k in range(3)}
    assert again.predict(z, latent=tuple(z)).hash() == system.predict(z, latent=tuple(z)).hash()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda f: (f / "names.txt").unlink(), "has no names.txt"),
        (lambda f: (f / "images" / "003.png").unlink(), r"003.png has no picture beside it"),
        (lambda f: (f / "labels" / "002.png").write_bytes(b"no"), r"002.png"),
        (lambda f: (f / "names.txt").write_text("ground\nsky\n"), "names.txt has 2 names"),
        (lambda f: (f / "names.txt").write_text("ground\nsky\nhouse\ntree\nsun\nboat\n"), "'boat' .* is in none"),
        (lambda f: _resize(f / "images" / "001.png"), "001.png is 20x20, and the generator draws 16x16"),
        (lambda f: _coloured(f / "labels" / "001.png"), "001.png is of mode RGB"),
        (lambda f: [p.unlink() for p in sorted((f / "labels").glob("*.png"))[4:]], "has 4 label pictures"),
    ],
)
def test_damaged_folders_of_labels_are_refused_by_file(tmp_path, harm, says):
    folder = labelled(tmp_path / "labelled", 12)
    harm(folder)
    with pytest.raises((FormatError, DataError), match=says):
        learnt(folder, (16, 16), 0)


def _resize(path):
    from PIL import Image

    Image.open(path).resize((20, 20)).save(path)


def _coloured(path):
    from PIL import Image

    Image.open(path).convert("RGB").save(path)


def test_one_segmenter_that_chooses_and_scores_is_told(known):
    assert any("one segmenter chose the units and scores them" in told for told in known.training.warnings)
    other = Exact()
    other.sharp.data += 1
    two = GanDissection(**SMALL).fit(None, model=painter(), segmenter=exact(), referee=other.eval())
    assert not two.training.warnings
    assert len(set(two.found.fingerprints)) == 2


def test_places_in_code_are_opened():
    here = "tests.systems.gan_dissection.painted"
    system = GanDissection(**SMALL).fit(None, model=f"{here}:painter", segmenter=f"{here}:exact")
    assert system.found.sets["blue"] == (2,)
    with pytest.raises(FormatError, match="does not say what it tells apart"):
        GanDissection(**SMALL).fit(None, model=painter(), segmenter=f"{here}:painter")


def test_a_saved_system_answers_the_same(known, tmp_path):
    known.do("do(red=absent)").save_pretrained(tmp_path)
    again = aitia.load(tmp_path, model=painter(), segmenter=exact())
    assert again.predict(rows(3)).hash() == known.do("do(red=absent)").predict(rows(3)).hash()
    assert json.loads((tmp_path / "config.json").read_text())


# -- bad input ---------------------------------------------------------------------------------------------------------


def fit(**options):
    return GanDissection(**{**SMALL, **options}).fit(None, model=painter(), segmenter=exact())


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"concepts": ("rod",)}, UnknownVariableError, "knows no 'rod'. Did you mean 'red'"),
        ({"layer": "map"}, UnknownVariableError, "Did you mean 'maps'"),
        ({"units": 7}, OptionError, "maps has 12 units, and sets of 7 need as many others"),
        ({"of_class": 1}, OptionError, "has 0 classes"),
        ({"samples": 4}, OptionError, "samples is a whole number of at least 8"),
        ({"ranking": "best"}, OptionError, "ranking is one of iou, ace"),
        ({"ablation": "noise"}, OptionError, "ablation is one of zero, mean"),
        ({"window": (0, 2)}, OptionError, "window is a height and a width"),
        ({"concepts": ()}, OptionError, "concepts names at least one object"),
        ({"spare": -1.0}, OptionError, "spare is 0 or more"),
        ({"latents": 0}, OptionError, "latents is 1 or more"),
    ],
)
def test_bad_options_are_refused(options, error, says):
    with pytest.raises(error, match=says):
        fit(**options)


def test_an_object_that_is_never_drawn_is_refused():
    net = painter()
    net.mix.weight.data[2] = 0
    with pytest.raises(DataError, match="'blue' is drawn in 0 of 48 pictures"):
        GanDissection(**SMALL, concepts=("blue",)).fit(None, model=net, segmenter=exact())


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("do(maps[unit=12]=0)", UnknownVariableError, "there is no unit 12: maps has units 0 to 11"),
        ("do(map[unit=1]=0)", UnknownVariableError, "has no layer 'map' .* Did you mean 'maps'"),
        ("do(red=gone)", InterventionError, "'red' is set to one of absent, present"),
        ("do(maps[unit=0, mask=2x2.f0]=0)", UnknownVariableError, "2x2 cells, and maps 4x4"),
        ("do(maps[unit=0+1]=[1, 2, 3])", InterventionError, "has 2 units, and 3 numbers are given"),
        ("do(maps[position=1]=0)", UnknownVariableError, "is a map: say unit and mask"),
    ],
)
def test_bad_interventions_are_refused(known, text, error, says):
    with pytest.raises(error, match=says):
        known.do(text)


def test_rows_that_cannot_be_opened_are_refused(known):
    pictures = known.predict(rows(4)).select(["image"])
    with pytest.raises(OptionError, match="a picture without its latent cannot be opened"):
        GanDissection(**SMALL).fit(pictures, model=painter(), segmenter=exact())
    with pytest.raises(DataError, match="z of this generator is 3 numbers, and 2 columns"):
        known.predict({"z0": np.zeros(2), "z1": np.zeros(2)}, latent=("z0", "z1"))
    with pytest.raises(UnknownVariableError, match=r"knows no 'rad'. Did you mean 'red'"):
        known.effects(rows(4), outcome="rad")


def test_generators_that_cannot_be_studied_are_refused(tmp_path):
    class Flat(Painter):
        def forward(self, z):
            return z.flatten(1) @ torch.ones(3, 12)

    class NoMaps(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 192)

        def forward(self, z):
            return self.fc(z).reshape(-1, 3, 8, 8)

    with pytest.raises(DataError, match=r"gives \(2, 12\), and pictures are \(2, 3, height, width\)"):
        GanDissection(**SMALL).fit(None, model=Flat().eval(), segmenter=exact())
    with pytest.raises(DataError, match="has no layer whose output is a map"):
        GanDissection(units=1).fit(None, model=NoMaps().eval(), segmenter=exact())
    with pytest.raises(OptionError, match="this generator draws 2 classes: say which"):
        GanDissection(**SMALL).fit(None, model=Conditional().eval(), segmenter=exact())
    (tmp_path / "gan").mkdir()
    (tmp_path / "gan" / "network.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(FormatError, match=r"package.module:function"):
        GanDissection(**SMALL).fit(None, model=tmp_path / "gan", segmenter=exact())


def test_a_class_is_drawn_where_it_is_said():
    system = GanDissection(**SMALL, of_class=1).fit(None, model=Conditional().eval(), segmenter=exact())
    assert system.found.sets["red"] == (0,)
    assert system.do("do(red=absent)").predict(rows(4)).column("red").tolist() == [0.0] * 4


def test_pixels_are_those_of_the_likeliest_name():
    seen = pixels(open_segmenter(Network.of(exact())), painter()(torch.ones(1, 3)))
    assert seen.shape == (1, 4, 8, 8)
    assert torch.equal(seen.sum(1), torch.ones(1, 8, 8))
    assert float(seen[0, 1].mean()) == 0.25


def test_the_report_shows_units_pictures_and_places(known):
    told = "".join(block.html() for block in known.report(known.given(rows(12))))
    assert "Units of red: bright is where" in told
    assert "The same latents, with and without red." in told
    assert "Where putting in" in told
