"""Each alarm fires where an answer is worthless, and none where it is not; where they stand in output and report."""

import json
import re

import numpy as np
import pytest

import aitia as library
from aitia.data.read import read
from aitia.data.table import Table
from aitia.evidence import stored_evidence
from aitia.evidence.summary import STORED
from aitia.stats.worth import beyond_control, within_noise
from aitia.system import Given, Score
from aitia.workflow.worth import of_effects, of_fit, of_rows, of_scores
from aitia.worlds import CapabilitiesWorld


def effects(effect, control, half=0.1):
    effect = np.asarray(effect, dtype=float)
    return Table.of({"effect": effect, "low": effect - half, "high": effect + half, "control": np.asarray(control)})


# -- the cases that were found to be worthless -------------------------------------------------------------------------


def test_gcrl_on_sixteen_scenes_is_worse_than_constant_velocity_and_says_so():
    found = library.fit("gcrl", "orca", rows=16, steps=20, width=16, seed=0)
    ours = found.scores["ADE"]
    assert ours.value > 1.5 * ours.baselines["constant velocity"]
    first, second = found.alarms
    assert first.startswith("no better than the trivial baseline 'constant velocity': ADE ")
    assert first.endswith(f"{ours.value / ours.baselines['constant velocity']:.1f} times as much")
    assert second == "the scores rest on 16 fresh rows, fewer than 30: on others they may be anything"
    assert found.to_json()["alarms"] == [first, second]


def test_pictures_of_causal_vae_that_do_not_show_what_they_were_told_to_set_are_told():
    found = library.fit("causal-vae", "pendulum", rows=400, size=32, steps=5, seed=0)
    (still,) = [alarm for alarm in found.alarms if alarm.startswith("what do sets is not seen in the answers: ")]
    assert re.search(r": light \(\d% of the change that rows with other values show\), angle \(", still)
    assert any("no better than the trivial baseline 'do nothing'" in alarm for alarm in found.alarms)


def test_pictures_that_come_back_without_what_do_sets_are_told(monkeypatch):
    found = library.fit("causal-vae", "pendulum", rows=400, size=32, steps=5, seed=0)
    abduct = type(found.system)._abduct

    def without_the_noise_of_the_pixels(self, *asked):
        noise = abduct(self, *asked)
        return {**noise, "e": np.zeros_like(noise["e"])}

    monkeypatch.setattr(type(found.system), "_abduct", without_the_noise_of_the_pixels)
    (lost,) = of_fit(found.system, {}, found.given, found.fresh)
    assert re.search(
        r"^what is given back with nothing done has lost what do sets: .*(light|angle) \(\d+% of it is read off the "
        r"rows, \d+% off what comes",
        lost,
    )


def test_a_share_of_a_difference_within_noise_is_told():
    told = within_noise([0.001], control=[0.02, -0.03, 0.01])
    assert told == "the difference that shares are taken of is 0.001, and random changes make one of 0.0216"
    told = within_noise([0.4, -0.5, 0.3, -0.1, 0.2])
    assert told == "the difference that shares are taken of is 0.06, which is within its noise over 5 draws"
    assert within_noise([3.1, 2.9, 3.3, 3.0, 2.8], control=[0.5, -0.4]) is None
    assert within_noise([2.0]) is None


KNOWS_NOTHING = "'most frequent label': accuracy of the network"


def test_the_causes_in_a_network_that_knows_nothing_are_told(fitted):
    example = fitted("path-interventions").example
    found = library.fit("path-interventions", example.files, **example.named)
    effects_ = found.system.effects()
    assert effects_.column("cause").sum() > 0, "random weights have causes as well"
    assert any(KNOWS_NOTHING in alarm for alarm in found.alarms)
    # The control: the same network and causes on pictures that are called what it says, so that it knows all of them.
    rows = read(example.files)
    said = found.system.predict(rows.drop(["shape"])).labels("shape")
    assert len(set(said)) > 1
    known = rows.with_columns({"shape": said}, {"shape": "label"})
    same = library.fit("path-interventions", known, **example.named)
    assert same.system.effects().column("cause").sum() > 0
    assert not any(KNOWS_NOTHING in alarm for alarm in same.alarms)


# -- the rules ---------------------------------------------------------------------------------------------------------


def test_the_first_score_is_to_beat_every_baseline_or_those_that_are_called_trivial():
    better = Score(0.2, "lower", "", {"mean": 0.5, "last": 0.3})
    worse = Score(0.4, "lower", "", {"mean": 0.5, "last": 0.3})
    assert of_scores({"error": better}) == ()
    assert of_scores({"error": worse}) == (
        "no better than the trivial baseline 'last': error 0.4, of the baseline 0.3 (lower is better), 1.3 times as "
        "much",
    )
    assert of_scores({"error": better, "also": worse}) == (), "only the first, where nothing else is said"
    assert of_scores({"error": Score(0.4, "lower", "", {"mean": 0.5, "rival": 0.3}, ("mean",))}) == ()
    equal = Score(0.5, "higher", "", {"most frequent": 0.5}, ("most frequent",))
    assert of_scores({"error": better, "accuracy": equal}) == (
        "no better than the trivial baseline 'most frequent': accuracy 0.5, of the baseline 0.5 (higher is better)",
    )
    assert of_scores({"error": Score(float("nan"), "lower", "", {"mean": 0.5})}) == ("the error is no number",)
    assert of_scores({"error": Score(0.5, "lower", "", {"mean": float("nan")})}) == ()


def test_few_fresh_rows_are_told():
    assert of_rows(30) == ()
    assert of_rows(1) == ("the scores rest on 1 fresh row, fewer than 30: on others they may be anything",)
    assert of_rows(0) == ("no row was held out: nothing here says how good the answers are on other rows",)


def test_effects_of_which_none_is_larger_than_its_control_are_told():
    assert of_effects(effects([0.5, 0.1], [0.1, 0.2])) == ()
    assert of_effects(effects([0.1, -0.1], [0.3, 0.2])) == (
        "none of the 2 effects is larger than its control, a change that means nothing",
    )
    assert of_effects(effects([0.25], [0.2])) == (
        "the effect is not larger than its control, a change that means nothing",
    ), "its interval holds the control"
    assert of_effects(effects([0.25], [np.nan])) == ()
    assert beyond_control([-2.0, 0.1], [1.0, None]) == [True, None]


def pictures(n, rng):
    """A bright bar at a place that is known."""
    place = rng.integers(0, 16, n)
    made = np.zeros((n, 16, 16, 3), dtype=np.uint8)
    made[np.arange(n), :, place] = 255
    return Given(Table.of({"image": made, "place": place.astype(float)}, kinds={"place": "number"}))


@pytest.mark.parametrize(
    ("keeps", "moves", "told"),
    [
        (True, 1.0, None),
        (True, 0.5, None),
        (
            True,
            0.0,
            r"what do sets is not seen in the answers: place \(0% of the change that rows with other values show",
        ),
        (True, -1.0, r"what do sets is not seen in the answers: place \(0% of the change that"),
        (
            False,
            1.0,
            r"what is given back .* lost what do sets: place \(\d+% of it is read off the rows, 0% off what comes",
        ),
    ],
)
def test_what_does_not_come_back_or_does_not_move_is_told_and_what_does_is_not(keeps, moves, told, rng):
    from aitia.system import Counterfactuals, Noise, Target, Targets

    class Generator(Counterfactuals):
        """A bar that goes a share of the way from the middle to where it is told to be."""

        targets = Targets([Target("place", (), (0.0,), (15.0,))])
        asked = None

        def __init__(self):
            pass

        def do(self, intervention):
            other = Generator()
            other.asked = intervention["place"]
            return other

        def abduct(self, *data, draws=1, seed=0, **roles):
            return Noise({}, data[0], draws)

        def solve(self, noise):
            images = np.zeros_like(noise.given.data.known.pictures("image"))
            if self.asked is not None:
                images[:, :, round(7.5 + moves * (self.asked - 7.5))] = 255
            elif keeps:
                return noise.given.data
            return noise.given.data.with_known({"image": images + np.uint8(16 * (not keeps))})

        def _fit(self, given, run): ...
        def _abduct(self, given, draws, seed): ...
        def _solve(self, noise): ...
        def _state(self): ...
        @classmethod
        def _restored(cls, options, arrays): ...
        def save_pretrained(self, folder): ...
        @classmethod
        def from_pretrained(cls, folder): ...

    found = of_fit(Generator(), {}, pictures(200, rng), pictures(60, rng))
    if told is None:
        assert found == ()
    else:
        (alarm,) = found
        assert re.search(told, alarm)


# -- answers that are worth something ----------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["hca", "pc", "cd-nod", "domain-counterfactuals", "gde"])
def test_nothing_is_told_of_a_fit_that_beats_its_baselines(slug, fitted):
    example = fitted(slug).example
    share = 0.1 if slug in ("hca", "pc", "cd-nod") else 0.3
    found = library.fit(slug, example.files, test_share=share, **example.named)
    assert len(found.fresh) >= 30
    assert found.alarms == ()


def test_nothing_is_told_on_fresh_rows_of_a_claim_that_holds():
    found = {row.metric: row.verdict for row in stored_evidence(STORED, "hca").judged}
    assert any("laplace, 500 rows a base" in name and verdict == "holds" for name, verdict in found.items()), found
    world = CapabilitiesWorld(noise="laplace", seed=1000)  # a seed of development: the claim has its own
    sample = world.sample(500 * len(world.environments), seed=1000)
    scores = np.asarray(world.render(sample))
    names = [f"score {k}" for k in range(scores.shape[1])]
    rows = Table.of(
        {"base": sample.labels, **dict(zip(names, scores.T, strict=True))}, kinds=dict.fromkeys(names, "number")
    )
    fitted = library.fit("hca", rows, base="base", resamples=0, null_draws=20, seed=1000)
    assert len(fitted.fresh) == len(rows) // 10 >= 100
    assert fitted.alarms == ()
    assert of_effects(fitted.system.effects(fitted.fresh)) == ()


# -- where they stand --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(plugins, tmp_path_factory):
    """A run of 60 rows of noise, 6 of them fresh, whose outcome has nothing to do with its causes."""
    folder = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(5)
    rows = [",".join(map(repr, row)) for row in rng.normal(size=(60, 3)).tolist()]
    (folder / "rows.csv").write_text("\n".join(["z,x,y", *rows, ""]))
    return folder


def test_alarms_stand_last_in_the_output_first_in_the_report_and_in_json(small, aitia):
    run = small / "run"
    done = aitia("run", "tiny-scm", "--data", small / "rows.csv", "--out", run, check=True)
    last = "ALARM: the scores rest on 6 fresh rows, fewer than 30: on others they may be anything"
    assert done.stdout.splitlines()[-1] == last
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.index("The scores rest on 6 fresh rows") < page.index("<section>")
    assert json.loads((run / "metrics.json").read_text())["alarms"][-1] == last.removeprefix("ALARM: ")
    for verb, question in (("do", ("do(x=1)",)), ("predict", ()), ("effects", ()), ("encode", ())):
        done = aitia(verb, run, *question, "--out", small / verb, check=True)
        told = json.loads((small / verb / "answer.json").read_text())["alarms"]
        assert last.replace("ALARM: ", "of the fit: ") in told
        assert done.stdout.splitlines()[-len(told) :] == [f"ALARM: {alarm}" for alarm in told]
        assert ("none of the 2 effects is larger than its control" in told[-1]) is (verb == "effects")
    page = (small / "do" / "answer.html").read_text(encoding="utf-8")
    assert page.index("Of the fit: the scores rest on 6") < page.index("<section>")


def test_every_answer_repeats_its_question(small, aitia):
    run = small / "asked"
    aitia("run", "tiny-scm", "--data", small / "rows.csv", "--out", run, check=True)

    def told(verb, *arguments):
        done = aitia(verb, run, *arguments, "--out", small / "repeated", check=True)
        return done.stdout, json.loads((small / "repeated" / "answer.json").read_text())

    rows = small / "rows.csv"
    out, record = told("predict", rows, "--do", "do(x=1)", "--draws", "2")
    assert f"tiny-scm answers predict under do(x=1) for {rows}: 60 rows, 2 draws each" in out
    assert (record["intervention"], record["data"], record["draws"]) == ("do(x=1)", str(rows), 2)
    out, record = told("effects", "--target", "x", "--outcome", "y")
    assert "tiny-scm answers effects of x on y for the rows of the fit: 1 row\n" in out
    assert (record["target"], record["outcome"], record["intervention"]) == ("x", "y", "do()")
    out, record = told("encode")
    assert "tiny-scm answers encode for the rows of the fit: 60 rows\n" in out
    out, record = told("do", "do(x=0.5)", "--rows", "3")
    assert "do(x=0.5) for row 3" in out
    assert record["intervention"] == "do(x=0.5)"
    done = aitia("adapt", run, rows, "--out", small / "adapted", check=True)
    assert f"tiny-scm of {run} adapted to {rows}: " in done.stdout
    done = aitia("export", run, "--out", small / "exported", check=True)
    assert done.stdout.startswith(f"The system of {run} as a plain model:\n")
