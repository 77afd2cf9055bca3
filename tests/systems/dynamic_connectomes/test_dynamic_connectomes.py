"""Dynamic connectomes: affinity by hand, motifs of a world whose groups are known, other animals, and bad input."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from aitia.data.recordings import Recording, Recordings
from aitia.errors import (
    DataError,
    FormatError,
    InterventionError,
    MissingExtraError,
    OptionError,
    UnknownVariableError,
)
from aitia.runs import RunStore
from aitia.system import Given, find, load, verbs_of
from aitia.systems.dynamic_connectomes import (
    Affinity,
    DynamicConnectomes,
    DynamicConnectomesConfig,
    differential_affinity,
)
from aitia.systems.dynamic_connectomes.affinity import pair_matrix, pair_places, rates, shifted
from aitia.systems.dynamic_connectomes.example import write
from aitia.worlds import CalciumWorld

WORLD = CalciumWorld(seed=100)


@pytest.fixture(scope="module")
def seen():
    sample = WORLD.sample(8, seed=100)
    signals = WORLD.signals(sample)
    return sample, signals, DynamicConnectomes(rank=3, permutations=4).fit(signals)


# -- affinity ----------------------------------------------------------------------------------------------------------


def waves(present=None):
    t = np.arange(60)
    x = np.stack([np.sin(t / 5), np.sin(t / 5), -np.sin(t / 5)], axis=1)
    return Recordings(x[None], np.ones((1, 3), bool) if present is None else present, ("a", "b", "c"), ("w",))


def test_affinity_is_high_where_both_rise_and_zero_where_one_falls():
    found = differential_affinity(waves(), bin_frames=1, smooth=1.0)
    d = rates(waves(), 1.0)[0]
    d = d / d.std(axis=0)
    assert np.allclose(found.tensor[:, 0, 0], np.maximum(d[:, 0], 0), atol=1e-6)  # a and b are the same signal
    assert not found.tensor[:, 0, 1:].any()  # c falls where they rise


def test_the_symmetric_form_adds_falling_together():
    d = rates(waves(), 1.0)[0]
    d = d / d.std(axis=0)
    found = differential_affinity(waves(), bin_frames=1, smooth=1.0, symmetric=True)
    assert np.allclose(found.tensor[:, 0, 0], np.abs(d[:, 0]), atol=1e-6)


@pytest.mark.parametrize("symmetric", [False, True])
def test_affinity_is_that_of_a_loop_over_animals_frames_and_pairs(symmetric):
    rng = np.random.default_rng(5)
    signals = Recordings(rng.standard_normal((2, 30, 4)), np.ones((2, 4), bool), tuple("abcd"), ("v", "w"))
    found = differential_affinity(signals, bin_frames=7, smooth=1.0, symmetric=symmetric).tensor
    d = rates(signals, 1.0)
    for w in range(2):
        x = d[w] / d[w].std(axis=0)
        for p, (i, j) in enumerate(zip(*pair_places(4), strict=True)):
            for t in range(4):
                rise = [min(x[k, i], x[k, j]) for k in range(7 * t, 7 * t + 7)]
                fall = [min(-x[k, i], -x[k, j]) for k in range(7 * t, 7 * t + 7)]
                wanted = [max(r, 0) + symmetric * max(f, 0) for r, f in zip(rise, fall, strict=True)]
                assert found[t, w, p] == pytest.approx(np.mean(wanted), abs=1e-6)


def test_bins_are_means_of_frames_and_the_rest_is_left_out():
    fine, coarse = (differential_affinity(waves(), bin_frames=b, smooth=1.0).tensor for b in (1, 7))
    assert len(coarse) == 8
    assert np.allclose(coarse, fine[:56].reshape(8, 7, 1, 3).mean(axis=1), atol=1e-6)


def test_affinity_does_not_depend_on_the_unit_or_the_offset_of_a_trace():
    found = differential_affinity(waves(), bin_frames=5, smooth=1.0)
    x = waves().signals * np.array([3.0, 0.1, 7.0]) + 5
    other = differential_affinity(Recordings(x, waves().present, ("a", "b", "c"), ("w",)), bin_frames=5, smooth=1.0)
    assert np.allclose(found.tensor, other.tensor, atol=1e-5)


def test_pairs_that_an_animal_lacks_are_masked_and_not_zero():
    found = differential_affinity(waves(np.array([[True, True, False]])), bin_frames=5, smooth=1.0)
    assert found.mask.tolist() == [[True, False, False]]


def test_a_matrix_of_pairs_is_symmetric_in_the_order_of_the_pairs():
    i, j = pair_places(4)
    matrix = pair_matrix(np.arange(1.0, 7.0), 4)
    assert np.array_equal(matrix, matrix.T)
    assert matrix[i, j].tolist() == [1, 2, 3, 4, 5, 6]
    assert not np.diagonal(matrix).any()


def test_a_shift_in_a_circle_keeps_every_trace_and_breaks_what_is_between_them(seen):
    _, signals, model = seen
    turned = shifted(signals, 0)
    assert np.allclose(np.sort(turned.signals, axis=1), np.sort(signals.signals, axis=1))
    assert model.affinity(turned).tensor.mean() < 0.9 * model.affinity(signals).tensor.mean()


def test_the_null_of_each_pair_leaves_what_chance_does_not_give(seen):
    _, signals, _ = seen
    plain, kept = (differential_affinity(signals, bin_frames=10, smooth=1.0, shifts=n) for n in (0, 4))
    assert ((kept.tensor == 0) | (kept.tensor == plain.tensor)).all()
    loud = np.random.default_rng(0).standard_normal((1, 400, 6))
    noise = Recordings(loud, np.ones((1, 6), bool), tuple("abcdef"), ("w",))
    left = differential_affinity(noise, bin_frames=10, smooth=1.0, shifts=20, chance=0.95)
    assert (left.tensor > 0).mean() < 0.1


def test_detrending_takes_a_shared_slow_drift_off():
    rng = np.random.default_rng(0)
    drift = 40 * np.sin(np.arange(600) / 100)[:, None]
    x = rng.standard_normal((600, 8)).cumsum(axis=0) * 0.2 + drift
    signals = Recordings.of([Recording("w", x, tuple("abcdefgh"))])
    with_drift, without = (
        differential_affinity(signals, bin_frames=10, smooth=3.0, detrend=width).tensor for width in (0.0, 15.0)
    )
    assert without.mean() < 0.6 * with_drift.mean()


# -- motifs ------------------------------------------------------------------------------------------------------------


def test_motifs_find_the_groups_of_each_phase_the_times_and_the_animals(seen):
    sample, _, model = seen
    for phase, motif in enumerate(model.motifs_):
        assert adjusted_rand_score(WORLD.membership[phase], motif.labels) > 0.7
        assert motif.times[phase * 20 : (phase + 1) * 20].sum() > 0.7 * motif.times.sum()
    second = model.motifs_[1].animals  # its groups are in half of the animals
    assert second[sample.env == 0].min() > second[sample.env == 1].max()


def test_the_window_of_a_motif_is_the_shortest_that_holds_four_fifths_of_it(seen):
    _, _, model = seen
    for phase, motif in enumerate(model.motifs_):
        start, stop = motif.window
        assert 50 * phase - 10 <= start < stop <= 50 * (phase + 1) + 10
    times = np.array([0.0, 1.0, 4.0, 4.0, 1.0, 0.0])
    alone = replace(model.motifs_[0], times=times, seconds=np.arange(6) + 0.5)
    assert alone.window == (2.0, 4.0)  # 8 of 10
    assert replace(alone, times=np.ones(6)).window == (0.0, 5.0)


def test_the_control_leaves_a_larger_error(seen):
    _, _, model = seen
    assert (model.null_error_ > model.error_).all()
    assert model.p_value_ == 1 / 5


def test_silencing_a_leader_takes_its_community_and_an_idle_unit_nothing(seen):
    sample, signals, model = seen
    leader = WORLD.leaders[0][0]
    idle = WORLD.units[int(np.flatnonzero(WORLD.membership[0] < 0)[0])]
    motif = model.motifs_[0]
    home = motif.community(WORLD.followers(0)[leader][0])
    was = model.course(signals, 0, community=home)[:20].sum()
    left = {
        unit: model.course(WORLD.signals(WORLD.counterfactual(sample, {unit: 0.0})), 0, community=home)[:20].sum()
        for unit in (leader, idle)
    }
    assert left[leader] < 0.5 * was
    assert abs(left[idle] / was - 1) < 0.05
    told = motif.silencing(leader)
    assert 0 < told.alone < told.drives == 1
    assert leader in told.community
    assert "if it drives nobody" in str(told)


def test_units_are_ranked_by_what_they_hold_inside_their_community(seen):
    _, _, model = seen
    motif = model.motifs_[0]
    ranked = motif.ranked(0)
    assert {unit.unit for unit in ranked} == set(motif.members(0))
    assert [u.strength for u in ranked] == sorted((u.strength for u in ranked), reverse=True)
    assert np.isclose(sum(u.share for u in ranked), 2)  # every pair has two units
    assert motif.inside(0).sum() == len(ranked) * (len(ranked) - 1) // 2


def test_hidden_pairs_of_other_animals_are_told_better_than_by_their_means(seen):
    _, signals, model = seen
    other = WORLD.signals(WORLD.sample(6, seed=101))
    affinity = model.affinity(other)
    hidden = affinity.mask & (np.random.default_rng(0).random(affinity.mask.shape) < 0.3)
    answer = model.affinities(other, hidden=hidden)
    known = model.affinity(signals)
    by_pair = (known.tensor.mean(axis=0).sum(axis=0) / np.maximum(known.mask.sum(axis=0), 1))[None, None]
    wanted = affinity.tensor[:, hidden]
    ours, trivial = (
        ((np.broadcast_to(a, affinity.tensor.shape)[:, hidden] - wanted) ** 2).mean() for a in (answer, by_pair)
    )
    assert ours < trivial
    changed = Affinity(
        np.where(hidden, 9.0, affinity.tensor),
        affinity.mask,
        affinity.units,
        affinity.animals,
        10,
        4.0,
        affinity.scales,
    )
    assert np.array_equal(model.affinities(changed, hidden=hidden), answer)  # what is hidden is not looked at


def test_the_animals_of_the_fit_get_their_own_factors_back(seen):
    """The fit holds the best animal factors given the others, up to its last round."""
    _, signals, model = seen
    assert np.allclose(model.encode(signals).matrix(), model.factors_[1], atol=0.02)
    assert model.affinities().shape == (model.bins_, 8, 40 * 39 // 2)


def test_the_map_follows_the_largest_motif(seen):
    _, _, model = seen
    shown = model.community_map()
    assert shown.shape == (60, 40)
    assert (shown[2] == shown[10]).all()
    assert not set(shown[2].tolist()) & set(shown[30].tolist())


def test_the_rank_is_chosen_by_restarts_and_what_was_tried_is_kept(seen):
    _, signals, _ = seen
    free = DynamicConnectomes(most=4).fit(signals)
    assert [s["rank"] for s in free.sweep_] == [1, 2, 3, 4]
    assert free.rank_ == max(s["rank"] for s in free.sweep_ if s["weakest"] > 0.8) == 3
    published = DynamicConnectomes(most=4, every_motif=False).fit(signals)
    assert published.rank_ == max(s["rank"] for s in free.sweep_ if s["stability"] > 0.8)
    assert free.motifs_[0].times.argmax() < free.motifs_[-1].times.argmax()


def test_pairs_that_no_animal_has_are_told(seen):
    _, signals, _ = seen
    present = signals.present.copy()
    present[:4, 0], present[4:, 1] = False, False
    apart = Recordings(signals.signals, present, signals.units, signals.animals, signals.rate)
    found = DynamicConnectomes(rank=1, starts=2).fit(apart)
    i, j = pair_places(40)
    unseen = ~(present[:, i] & present[:, j]).any(axis=0)
    assert unseen[0]  # u1 and u2
    assert found.warnings_ == (f"{unseen.sum()} of 780 pairs are in no animal: they count as no affinity.",)
    assert not found.motifs_[0].pairs[unseen].any()


def test_an_affinity_can_be_fitted_and_progress_is_told(seen):
    _, signals, model = seen
    told = []
    other = DynamicConnectomes(rank=3).fit_affinity(
        model.affinity(signals), RunStore(progress=lambda what, done, of: told.append((done, of)))
    )
    assert np.array_equal(other.factors_[2], model.factors_[2])
    assert told == [(1, 1)]


def test_a_saved_model_says_the_same(seen, tmp_path):
    _, signals, model = seen
    model.save_pretrained(tmp_path)
    back = DynamicConnectomes.from_pretrained(tmp_path)
    assert np.array_equal(back.affinities(signals), model.affinities(signals))
    assert back.get_params() == model.get_params()
    assert back.p_value_ == model.p_value_
    for ours, theirs in zip(back.motifs_, model.motifs_, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours.levels, theirs.levels, strict=True))
        assert ours.window == theirs.window
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FormatError, match="is damaged: it lacks 'class'"):
        DynamicConnectomes.from_pretrained(tmp_path)


# -- the contract ------------------------------------------------------------------------------------------------------

SMALL = {"most": 3, "starts": 3, "orders": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings")
    world = CalciumWorld(20, 2, 8, 2, 100, seed=100)
    signals = world.signals(world.sample(6, seed=100))
    for x, present, animal in zip(signals.signals, signals.present, signals.animals, strict=True):
        with (path / f"{animal}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["time", *np.array(signals.units)[present]])
            writer.writerows([t / 4, *row] for t, row in enumerate(x[:, present]))
    (path / "stimuli.csv").write_text("name,start,stop\nodour <A>,0,25\nlight,25,50\n")
    return path


@pytest.fixture(scope="module")
def small(folder):
    given = Given.of(DynamicConnectomes.card, folder)
    kept, held = given.split(0.3, 0)
    return kept, held, DynamicConnectomes(**SMALL).fit(kept)


def test_its_verbs_are_those_of_its_card_and_its_targets_are_the_units(seen):
    _, signals, model = seen
    assert find("dynamic-connectomes").load() is DynamicConnectomes
    assert verbs_of(DynamicConnectomes) == DynamicConnectomes.card.verbs
    assert model.targets.names == signals.units
    with pytest.raises(UnknownVariableError, match="u999"):
        model.do("do(u999=silent)")
    with pytest.raises(InterventionError, match="'u1' is set to one of silent, got 'loud'"):
        model.do("do(u1=loud)")


def test_a_folder_of_recordings_gives_motifs_and_a_report(folder, small):
    _, _, model = small
    whole = DynamicConnectomes(**SMALL).fit(folder)
    assert whole.animals_ == tuple(f"animal {k}" for k in range(1, 7))
    page = "".join(block.html() for block in whole.report(Given.of(DynamicConnectomes.card, folder)))
    for said in ("pairs of units, by community", "odour &lt;A&gt; 0 to 25 s", "falls if it drives nobody"):
        assert said in page
    assert "Affinity is symmetric" in whole.training.warnings[0]
    assert "ranks tried whose restarts agree on every motif" in model.training.notes[0]


def test_hidden_pairs_are_predicted_beside_averages(small):
    kept, held, model = small
    assert len(held) == 2
    scores = model.judge(held, kept)
    assert set(scores) == {"hidden R2", "hidden RMSE"}
    assert set(scores["hidden R2"].baselines) == {"mean of the pair in the bin", "mean of the pair", "mean of all"}
    assert abs(scores["hidden R2"].baselines["mean of all"]) < 0.05
    assert max(scores["hidden R2"].value, *scores["hidden R2"].baselines.values()) < 1
    assert len(model.encode(held)) == 2


def test_a_single_animal_is_scored_on_itself(folder):
    one = Given.of(DynamicConnectomes.card, folder / "animal 1.csv")
    with pytest.raises(OptionError, match="leaves none to fit on"):
        one.split(0.3, 0)
    found = DynamicConnectomes(**SMALL).fit(one)
    assert found.animals_ == ("animal 1",)
    assert found.judge(one, one)["hidden R2"].value < 1


def test_recordings_go_to_no_other_system_and_it_takes_no_table(folder):
    with pytest.raises(OptionError, match="dynamic-connectomes takes recordings, and these rows are table"):
        DynamicConnectomes().fit({"a": [1.0, 2.0]})
    with pytest.raises(OptionError, match="pc takes table, and these rows are recordings"):
        find("pc").load()().fit(Given.of(DynamicConnectomes.card, folder).data)


def test_a_silent_unit_has_no_affinities_and_all_others_keep_theirs(seen):
    _, signals, model = seen
    held = model.do("do(u5=silent)")
    i, j = pair_places(40)
    own = (i == 4) | (j == 4)
    was, now = model.affinities(signals), held.affinities(signals)
    assert not now[:, :, own].any()
    assert was[:, :, own].any()
    assert np.array_equal(now[:, :, ~own], was[:, :, ~own])
    both = held.do("do(u7=silent)").affinities()
    assert not both[:, :, (i == 6) | own].any()
    assert not model.held


def test_codes_under_do_fall_by_what_the_silent_unit_had(seen):
    _, signals, model = seen
    motif = model.motifs_[0]
    leader = motif.ranked(motif.community(WORLD.leaders[0][0]))[0].unit
    idle = min(model.units_, key=lambda unit: motif.matrix[model.units_.index(unit)].sum())
    was, without = model.encode(signals).matrix(), model.do({leader: "silent"}).encode(signals).matrix()
    there = signals.present[:, model.units_.index(leader)]
    assert (without[there, 0] < was[there, 0]).all()
    assert np.array_equal(without[~there], was[~there])
    little = model.do({idle: "silent"}).encode(signals).matrix()
    assert (was - little)[:, 0].max() < 0.2 * (was - without)[there, 0].min()
    affinity = model.affinity(signals)
    i, j = pair_places(40)
    place = model.units_.index(leader)
    gone = np.where((i == place) | (j == place), 0, affinity.tensor)
    by_hand = replace(affinity, tensor=gone)
    assert np.allclose(model._animals(by_hand), without)


def test_effects_are_bounded_by_driving_nobody_and_driving_all(seen):
    _, _, model = seen
    table = model.effects()
    assert len(table) == 40 * 3
    leader = WORLD.leaders[0][0]
    one = model.effects(target=leader, outcome="motif 1")
    told = model.motifs_[0].silencing(leader)
    assert one.column("effect")[0] == one.column("low")[0] == told.alone
    assert one.column("high")[0] == 1
    assert one.column("control")[0] == 0
    assert (one.column("from")[0], one.column("to")[0]) == told.window
    assert one.labels("community")[0] == ", ".join(told.community)
    with pytest.raises(OptionError, match="there are motif 1, motif 2, motif 3, got 'motif 9'"):
        model.effects(outcome="motif 9")
    with pytest.raises(UnknownVariableError, match="u999"):
        model.effects(target="u999")


def test_the_truth_of_a_world_is_its_traces_with_the_unit_at_rest():
    given = Given.of_world(DynamicConnectomes.card, CalciumWorld(seed=100), 3, seed=5)
    model = DynamicConnectomes(rank=1, starts=1, iterations=5).fit(given)
    truth = model.truth(given, model.do("do(u1=silent)").held)
    assert truth.hash() == given.world.signals(given.world.counterfactual(given.sample, {"u1": 0.0})).hash()
    assert truth.signals[:, :, 0].std() < 0.7 * given.data.signals[:, :, 0].std()


def test_the_example_is_saved_with_what_is_done(tmp_path):
    example = write(tmp_path, 0)
    model = DynamicConnectomes(**example.options).fit(example.files)
    held = model.do(example.do)
    held.save_pretrained(tmp_path / "model")
    read = load(tmp_path / "model")
    assert read.held == held.held
    fact, done, other = (m.encode(example.files).matrix() for m in (model, held, model.do(example.other)))
    assert np.array_equal(read.encode(example.files).matrix(), done)
    assert not np.allclose(done, fact)
    assert not np.allclose(done, other)


# -- bad input ---------------------------------------------------------------------------------------------------------


def affinity(tensor, mask):
    return Affinity(np.asarray(tensor), np.asarray(mask), ("a", "b"), ("w",), 10, 4.0, np.ones((1, 2)))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: affinity(np.ones((3, 1, 1)), [[False]]), "every pair is masked: no animal has two units that move"),
        (lambda: affinity(np.zeros((3, 1, 1)), [[True]]), "no two units ever rise together"),
        (
            lambda: affinity([[[1.0]], [[-2.0]], [[-1.0]]], [[True]]),
            "w: the affinity of 'a' and 'b' is -2 in frames 10 to 29",
        ),
        (lambda: affinity([[[np.nan]], [[1.0]]], [[True]]), "w: the affinity of 'a' and 'b' is nan in frames 0 to 9"),
        (lambda: affinity(np.ones((3, 1, 2)), [[True]]), "got shapes"),
    ],
)
def test_affinities_without_an_answer_are_refused(make, told):
    with pytest.raises(DataError, match=told):
        make()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"bin_frames": 0}, "bin_frames is at least 1"),
        ({"rank": 0}, "the rank is 1 or more, got 0"),
        ({"smooth": 0.0}, "smooth is above 0"),
        ({"starts": 1}, "to choose the rank takes 2 starts"),
        ({"agreement": 1.0}, "agreement is between 0 and 1"),
        ({"engine": "other"}, "engine is"),
        ({"bins": 3}, "dynamic-connectomes has no option 'bins'"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        DynamicConnectomes(**options)


def test_a_rank_or_a_bin_beyond_the_data_is_refused(seen):
    _, signals, model = seen
    with pytest.raises(OptionError, match="the rank is between 1 and 60"):
        DynamicConnectomes(rank=61, starts=2).fit(signals)
    with pytest.raises(OptionError, match="a bin has 700 frames, the recordings have 600"):
        DynamicConnectomes(bin_frames=700).fit(signals)
    with pytest.raises(OptionError, match="the control turns signals in a circle"):
        DynamicConnectomes(rank=1, starts=2, permutations=1).fit_affinity(model.affinity(signals))


def test_other_animals_have_to_have_the_bins_of_the_fit(seen):
    _, signals, model = seen
    short = Recordings(signals.signals[:, :300], signals.present, signals.units, signals.animals, signals.rate)
    with pytest.raises(DataError, match=r"the fit has 60 bins at 4 frames a second, these animals 30 at 4: bring them"):
        model.affinities(short)
    with pytest.raises(DataError, match="say scales='own'"):
        model.course(signals.take([0, 1]), 0)
    with pytest.raises(OptionError, match="there are motifs 0 to 2, got 3"):
        model.course(signals, 3)
    with pytest.raises(DataError, match="give affinities on the same list"):
        model.affinities(model.affinity(signals.of_units(signals.units[:5])))


def test_asking_before_fitting_is_refused():
    with pytest.raises(OptionError, match="nothing has been fitted yet"):
        DynamicConnectomes().community_map()


def test_options_are_read_and_set_as_scikit_learn_does():
    model = DynamicConnectomes(DynamicConnectomesConfig(rank=2), seed=3)
    assert model.get_params()["rank"] == 2
    assert model.set_params(seed=4).config.seed == 4
    assert model.config.rank == 2


def test_an_engine_that_is_not_there_is_told_before_any_work():
    from importlib.util import find_spec

    if find_spec("graph_tool") is not None:
        pytest.skip("graph-tool is installed")
    told = []
    world = CalciumWorld(units=8, groups=2, members=3, phase_frames=20)
    with pytest.raises(MissingExtraError, match="python3-graph-tool"):
        DynamicConnectomes(engine="graph-tool").fit(
            world.signals(world.sample(2)), run=RunStore(progress=lambda *step: told.append(step))
        )
    assert not told
