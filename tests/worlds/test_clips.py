"""Clips: events are what the pictures show, and causes are what the counterfactuals say."""

import csv
import json

import numpy as np
import pytest

from aitia.do import Intervention
from aitia.errors import OptionError
from aitia.workflow.trials import write_trial
from aitia.worlds import ClipsWorld

WORLD = ClipsWorld()
MOVERS = ("ball", "cart")


def by_hand(sample, row):
    """(mover, target) pairs by the rule: the only mover that hits a target which would not fall by itself."""
    found = set()
    for k, target in enumerate(("box", "tower")):
        hits = [m for m in MOVERS if sample[m][row] == 1 and sample[f"aim_{m}"][row] == k]
        if len(hits) == 1 and sample[f"own_{target}"][row] == 0:
            found.add((hits[0], target))
    return found


@pytest.mark.parametrize("env", WORLD.environments)
def test_causes_are_those_of_the_rule(env):
    sample = WORLD.sample(400, seed=1, env=env)
    events, links = WORLD.events(sample), WORLD.links(sample)
    for row in range(len(sample)):
        told = {(events[row][k.cause].thing, events[row][k.effect].thing) for k in links if k.row == row and k.caused}
        assert told == by_hand(sample, row)


def test_every_pair_before_a_fall_is_asked_and_no_other():
    sample = WORLD.sample(200, seed=2)
    asked = {(k.row, k.cause, k.effect) for k in WORLD.links(sample)}
    for row, events in enumerate(WORLD.events(sample)):
        for i, one in enumerate(events):
            for j, other in enumerate(events):
                asks = one.start < other.start and other.thing in ("box", "tower")
                assert ((row, i, j) in asked) == asks


def test_a_hit_target_falls_two_frames_after_it_was_reached():
    sample = WORLD.sample(600, seed=3, do="do(own_box=stands, own_tower=stands, cart=absent, ball=present)")
    aimed = sample["aim_ball"] == 0
    fall = (sample["fallen_box"] > 0).argmax(axis=1)
    assert np.array_equal(sample["fallen_box"][:, -1] > 0, aimed)
    assert np.array_equal(fall[aimed], sample["start_ball"][aimed] + 4)  # two frames there, two to fall
    assert not sample["fallen_tower"][sample["aim_ball"] != 1].any()


def test_what_is_held_on_the_way_does_not_hit():
    alone = WORLD.do(Intervention.parse("do(own_box=stands, cart=absent)"))
    sample = alone.sample(200, seed=4)
    stopped = alone.hold("x_ball=-0.5", 1, WORLD.frames).counterfactual(sample)
    assert (sample["fallen_box"][:, -1] > 0).any()
    assert not stopped["fallen_box"].any()


def test_aims_are_as_common_as_is_said():
    for env, rho in zip(WORLD.environments, (0.85, 0.5, 0.15), strict=True):
        sample = WORLD.sample(8000, seed=5, env=env)
        for name, target in (("ball", 0), ("cart", 1)):
            aims = sample[f"aim_{name}"]
            share = (aims == target).sum() / (aims < 2).sum()
            assert abs(share - rho) < 4 * np.sqrt(rho * (1 - rho) / (aims < 2).sum())
            assert abs((aims == 2).mean() - 0.2) < 0.02


def auroc(score, label):
    """P(score of a positive > score of a negative), ties half, by counting."""
    positive, negative = score[label], score[~label]
    return float(((positive[:, None] > negative).mean() + (positive[:, None] >= negative).mean()) / 2)


def test_texts_alone_tell_the_cause_in_train_and_mislead_in_turned():
    def asked(env):
        sample = WORLD.sample(1500, seed=6, env=env)
        events = WORLD.events(sample, style="plain")
        pairs = [(events[k.row][k.cause].thing, events[k.row][k.effect].thing, k.caused) for k in WORLD.links(sample)]
        return [pair for pair in pairs if pair[0] in MOVERS]

    learnt = asked("train")
    chance = {pair: np.mean([c for *p, c in learnt if tuple(p) == pair]) for pair in {tuple(p) for *p, _ in learnt}}
    for env, low, high in (("train", 0.75, 0.87), ("turned", 0.13, 0.27)):
        found = asked(env)
        score = np.array([chance[tuple(pair)] for *pair, _ in found])
        assert low < auroc(score, np.array([c for *_, c in found])) < high


def test_events_are_seen_in_the_pictures():
    """A thing without an event looks the same in all frames, and one with it changes when its event starts."""
    sample = WORLD.sample(60, seed=7, do="do(ball=absent, cart=absent)")
    pictures = WORLD.render(sample, size=32).astype(int)
    for row, events in enumerate(WORLD.events(sample)):
        changed = (np.abs(np.diff(pictures[row], axis=0)) > 0).any(axis=(1, 2, 3))
        assert set((np.flatnonzero(changed) + 1).tolist()) == {e.start for e in events if e.start > 0}


def test_no_sentence_names_two_things_or_a_cause():
    sample = WORLD.sample(300, seed=8)
    nouns = ("ball", "cart", "box", "tower", "lamp", "flag")
    for style in ("plain", "varied", "unseen"):
        for events in WORLD.events(sample, style=style):
            assert [e.start for e in events] == sorted(e.start for e in events)
            for event in events:
                assert [noun for noun in nouns if noun in event.sentence] == [event.thing]
                assert 0 <= event.start < event.stop <= WORLD.frames
    unseen = {e.sentence for events in WORLD.events(sample, style="unseen") for e in events}
    assert not unseen & {e.sentence for events in WORLD.events(sample) for e in events}


def test_rows_hold_events_and_causes_and_the_test_rows_no_truth(tmp_path):
    write_trial(WORLD, tmp_path / "clips", 10, size=12)
    with open(tmp_path / "clips" / "train" / "train.csv", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    sample = WORLD.sample(10, seed=0)
    for row, (line, events) in enumerate(zip(lines, WORLD.events(sample), strict=True)):
        assert json.loads(line["events"]) == [[e.start, e.stop, e.sentence] for e in events]
        causes = [[k.cause, k.effect] for k in WORLD.links(sample) if k.row == row and k.caused]
        assert json.loads(line["causes"]) == causes
    with open(tmp_path / "clips" / "test" / "test.csv", encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["row", "environment", "events"]
    assert (tmp_path / "clips" / "test" / "test-0.npz").is_file()


def test_options_out_of_range_are_refused():
    for options, text in (
        ({"own": 2.0}, "own is a probability"),
        ({"strength": 0.2}, "strength lies"),
        ({"frames": 4}, "8 frames"),
    ):
        with pytest.raises(OptionError, match=text):
            ClipsWorld(**options)
    with pytest.raises(OptionError, match="the style of captions"):
        WORLD.events(WORLD.sample(2), style="loud")
