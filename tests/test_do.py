"""The algebra of interventions, the verbs, and the laws - on systems that are no SCM too."""

import json
import pickle
import shlex
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.do import (
    Categorical,
    Intervention,
    Normal,
    Scale,
    Shift,
    Uniform,
    Value,
    check,
    counterfactual,
    do,
    effect,
    scale,
    shift,
)
from aitia.errors import InterventionError, OptionError, UnknownVariableError
from aitia.graph.graph import Graph

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-1000, 1000)
TEXTS = st.one_of(
    st.text(max_size=8),
    st.text(alphabet="\"'\\()[]{},;:=#-+.eE0123456789 \t\n\r\x00\x1c\x85\u2028abt\u00fc\u03b1\U0001f600", max_size=12),
    st.sampled_from(
        ("", '4"', '6"', "a, b)", "do(x=1)", "True", "nan", "-inf", "007", "1e5", "1.50", "\\", '\\"', "'", "\x00")
    ),
)
"""Labels and names as hypothesis makes them, and those of the marks that the text form itself is made of."""
LABELS = TEXTS | st.booleans()
POSITIVE = st.floats(1e-6, 1e6)
ACTIONS = st.one_of(
    NUMBERS.map(Value),
    LABELS.map(Value),
    st.tuples(NUMBERS, NUMBERS).map(Value),
    NUMBERS.map(Shift),
    POSITIVE.map(Scale),
    st.tuples(NUMBERS, POSITIVE).map(lambda p: Normal(*p)),
    st.tuples(NUMBERS, POSITIVE).map(lambda p: Uniform(p[0], p[0] + 1 + p[1])),
    st.lists(TEXTS | st.integers(-9, 9), min_size=1, max_size=4, unique=True).map(
        lambda labels: Categorical({label: 1 / len(labels) for label in labels})
    ),
)
INTERVENTIONS = st.dictionaries(TEXTS, ACTIONS, max_size=4).map(Intervention)


@given(a=INTERVENTIONS)
def test_text_json_and_pickle_give_the_intervention_back(a):
    assert Intervention.parse(str(a)) == a
    assert Intervention.parse(str(a)[3:-1]) == a
    assert Intervention.from_json(a.to_json()) == a
    assert pickle.loads(pickle.dumps(a)) == a
    assert hash(Intervention.parse(str(a))) == hash(a)


@given(name=TEXTS, label=TEXTS)
def test_a_label_comes_back_as_it_was_from_text_a_file_and_the_command_line(name, label):
    def same(back):
        assert [(target, type(action.value), action.value) for target, action in back.items()] == [(name, str, label)]

    a = Intervention({name: label})
    same(Intervention.parse(str(a)))
    assert "\x00" not in str(a)
    same(Intervention.parse(shlex.split(shlex.join(["aitia", "do", "run", str(a)]))[-1]))
    with tempfile.TemporaryDirectory() as folder:
        for ascii_only in (True, False):
            file = Path(folder) / "config.json"
            file.write_text(json.dumps({"held": a.to_json()}, ensure_ascii=ascii_only), encoding="utf-8", newline="")
            same(Intervention.from_json(json.loads(file.read_text(encoding="utf-8"))["held"]))


@given(a=INTERVENTIONS, b=INTERVENTIONS, c=INTERVENTIONS)
def test_composition_is_associative_with_nothing_as_its_unit_and_the_latest_wins(a, b, c):
    assert (a | b) | c == a | (b | c)
    assert a | Intervention() == a == Intervention() | a == a | a
    assert all((a | b)[target] == b[target] for target in b)


def test_an_intervention_is_data():
    a = Intervention(x=1.5, price=shift(0.1), light=Normal(0, 1), style="formal")
    assert str(a) == 'do(x=1.5, price=shift(0.1), light=Normal(0, 1), style="formal")'
    assert a.targets == ("x", "price", "light", "style")
    assert a
    assert not Intervention()
    assert a["price"] == Shift(0.1)
    assert Intervention(x=np.float64(1.5)) == Intervention(x=1.5)
    with pytest.raises(AttributeError):
        a.extra = 1
    with pytest.raises(TypeError):
        a["x"] = Value(2)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("do()", Intervention()),
        ("", Intervention()),
        ("x=1", Intervention(x=1)),
        (" do( x = -1.5e3 , y=Shift(2) ) ", Intervention(x=-1500.0, y=Shift(2))),
        ('"body mass"=1, style=formal', Intervention({"body mass": 1, "style": "formal"})),
        ("z=[1, 2.5], flag=True", Intervention(z=(1, 2.5), flag=True)),
        ("a=scale(2), b='it is'", Intervention(a=scale(2), b="it is")),
        (
            "site=Categorical({north: 0.25, 'far west': 0.75})",
            Intervention(site=Categorical({"north": 0.25, "far west": 0.75})),
        ),
        ("mode=3rd", Intervention(mode="3rd")),
        (r'pipe="4\""', Intervention(pipe='4"')),
        (r"pipe='it\'s'", Intervention(pipe="it's")),
        ('pipe="two\nlines"', Intervention(pipe="two\nlines")),
        ('""=1', Intervention({"": 1})),
    ],
)
def test_text_is_read(text, wanted):
    assert Intervention.parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("do(x=1", r"at character 6 .*'\)' is expected"),
        ("x", r"at character 1 .*'=' is expected"),
        ("x=", "at character 2 .*a value is expected"),
        ("x=1 y=2", r"at character 4 .*',' is expected"),
        ("do(x=high dose)", "'high dose' is of several words and stands in double quotes: \"high dose\""),
        ("y=2, x=2 mg a day", "'2 mg a day' is of several words and stands in double quotes"),
        ("x=1, x=2", "at character 5 .*'x' is set twice"),
        ("x=jump(1)", "at character 2 .*'jump' is not one of shift"),
        ("x=shift(a)", "at character 8 .*a number is expected"),
        ("x=Normal(1)", r"at character 2 .*Normal takes 2 numbers, got 1"),
        ("do(x=1) y", "at character 8"),
        ("x=nan", "cannot be held at nan"),
        (
            'do(pipe="4"")',
            r"',' is expected\. Write it as .* A label that is no plain word stands in double quotes, with \\ before "
            r'each " of its own: x="6\\""$',
        ),
    ],
)
def test_text_that_cannot_be_read_shows_where(text, sentence):
    with pytest.raises(InterventionError, match=sentence):
        Intervention.parse(text)


@pytest.mark.parametrize("thing", ["run-folder", {"x": 1}, 3.0])
def test_what_is_no_system_is_refused_with_what_would_be_one(thing):
    with pytest.raises(
        InterventionError, match=rf"{type(thing).__name__} is nothing that can be .*aitia.load\(folder\)"
    ):
        do(thing, x=1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Intervention(x=float("nan")), "cannot be held at nan"),
        (lambda: Intervention(x=float("inf")), "cannot be held at inf"),
        (lambda: Intervention(x=(1.0, float("nan"))), "cannot be held at nan"),
        (lambda: Intervention(x=None), "a number, a label or a tuple of numbers, got None"),
        (lambda: Intervention(x=lambda v: v), "a number, a label or a tuple"),
        (lambda: Intervention(["x"]), "maps variables to actions"),
        (lambda: Shift(float("nan")), "by is a finite number"),
        (lambda: Scale(0), r"scale\(0\) cuts"),
        (lambda: Normal(0, 0), "sd is positive"),
        (lambda: Uniform(1, 1), "low is below high"),
        (lambda: Categorical({"a": 0.5}), "sum to 0.5"),
        (lambda: Categorical({"a": 1.5, "b": -0.5}), "negative"),
        (lambda: Intervention.from_json({"x": {"action": "jump"}}), "cannot be read"),
        (lambda: Intervention.from_json([1]), "a JSON object"),
        (lambda: Intervention({3: 1}).to_json(), "only variables with a name"),
    ],
)
def test_an_intervention_that_makes_no_sense_is_refused(make, sentence):
    with pytest.raises(InterventionError, match=sentence):
        make()


# -- a system that knows nothing of SCM -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """c -> x -> y <- c with noise-free y = x + c; x = c + u."""

    done: Intervention = field(default_factory=Intervention)
    graph = Graph("c -> x; c -> y; x -> y")

    def do(self, intervention):
        return type(self)(self.done | intervention)

    def sample(self, n, *, seed=0):
        rng = np.random.default_rng(seed)
        return self._solve(rng.normal(size=n), rng.normal(size=n))

    def counterfactual(self, rows, intervention):
        return self.do(intervention)._solve(rows.column("c"), rows.column("x") - rows.column("c"))

    def _solve(self, u_c, u_x):
        c = self._act("c", u_c)
        x = self._act("x", c + u_x)
        return Table.of({"c": c, "x": x, "y": self._act("y", x + c)})

    def _act(self, name, natural):
        return self.done[name].apply(natural, natural) if name in self.done else natural


class Conditions(Pair):
    """Mistakes seeing for doing: keeps the rows that happen to be near the value."""

    def do(self, intervention):
        return Conditions(self.done | intervention)

    def sample(self, n, *, seed=0):
        rows = Pair().sample(50 * n, seed=seed)
        for name, action in self.done.items():
            near = np.argsort(np.abs(rows.column(name) - action.value), kind="stable")
            rows = rows.take(np.sort(near[: max(n, len(near) // 50)]))
            rows = rows.with_columns({name: np.full(rows.n, float(action.value))})
        return rows.take(np.arange(n))


class Forgets(Pair):
    """The first do wins."""

    def do(self, intervention):
        return Forgets(Intervention(intervention) | self.done)


class OneAtATime(Pair):
    """A do takes back what was done to other variables."""

    def do(self, intervention):
        return OneAtATime(Intervention(intervention)) if intervention else self


class Restless(Pair):
    """Its random numbers go on from one sample to the next; every do winds them back."""

    def do(self, intervention):
        object.__setattr__(self, "drawn", 0)
        return Restless(self.done | intervention)

    def sample(self, n, *, seed=0):
        object.__setattr__(self, "drawn", getattr(self, "drawn", 0) + 1)
        return super().sample(n, seed=self.drawn)


class Busy(Pair):
    """Does something where nothing is asked of it."""

    def do(self, intervention):
        return Busy(self.done | (intervention or Intervention(x=0.5)))

    def counterfactual(self, rows, intervention):
        return Pair().counterfactual(rows, intervention)


class Near(Pair):
    """Sets almost what it was told."""

    def _act(self, name, natural):
        told = super()._act(name, natural)
        return told + 0.01 if name in self.done else told


class Upstream(Pair):
    """What is done to x reaches its cause, where samples are drawn."""

    def sample(self, n, *, seed=0):
        rows = super().sample(n, seed=seed)
        return rows.with_columns({"c": rows.column("c") + 0.001}) if tuple(self.done) == ("x",) else rows


class Mutated(Pair):
    """Leaves in itself what was done, where only samples of a system on which nothing was done see it."""

    def do(self, intervention):
        object.__setattr__(self, "left", 0.1 if intervention else 0.0)
        return Mutated(self.done | intervention)

    def sample(self, n, *, seed=0):
        rows = super().sample(n, seed=seed)
        return rows if self.done else rows.with_columns({"y": rows.column("y") + getattr(self, "left", 0.0)})


class Loses(Pair):
    """A counterfactual with nothing done is off; one with something done is not."""

    def counterfactual(self, rows, intervention):
        told = super().counterfactual(rows, intervention)
        return told if intervention else told.with_columns({"y": told.column("y") + 0.1})


class Redraws(Pair):
    """Answers counterfactuals with other noise once something is done."""

    def counterfactual(self, rows, intervention):
        return self.do(intervention).sample(rows.n, seed=99) if intervention else rows


class Drifts(Pair):
    """The noise of y moves with each counterfactual in which something was done."""

    def counterfactual(self, rows, intervention):
        told = super().counterfactual(rows, intervention)
        if not intervention or "y" in intervention:
            return told
        return told.with_columns({"y": told.column("y") + 0.1 * rows.column("y")})


def test_a_lawful_system_passes_every_law():
    laws = check(Pair())
    assert laws.holds, str(laws)
    assert all(law.holds for law in laws)
    assert str(laws).count("holds") == 10


BROKEN = {
    Restless: {"same seed, same rows"},
    Busy: {"do with nothing is the identity"},
    Near: {"do sets what it says"},
    Upstream: {"non-descendants stay put"},
    Forgets: {"the latest do wins"},
    OneAtATime: {"do(a | b) is do(b) after do(a)"},
    Loses: {"a counterfactual with nothing done is the fact"},
    Drifts: {"a counterfactual keeps the noise"},
    Mutated: {"the system is not mutated"},
    Conditions: {"do is not conditioning", "non-descendants stay put"},
    Redraws: {"a counterfactual keeps the noise"},
}
"""For each law a system with a fault that it alone finds; a cause is no descendant, so who conditions moves one too."""


@pytest.mark.parametrize("system", BROKEN, ids=lambda system: system.__name__)
def test_a_fault_is_found_by_its_law_and_by_no_other(system):
    found = check(system())
    assert {law.name for law in found if law.holds is False} == BROKEN[system], str(found)
    assert not found.holds
    assert "BROKEN" in str(found)


def test_every_law_has_a_fault_that_it_finds():
    assert set.union(*BROKEN.values()) == {law.name for law in check(Pair())}
    assert all(len(laws) == 1 for system, laws in BROKEN.items() if system is not Conditions)


def test_laws_that_ask_nothing_of_a_system_are_left_open():
    @dataclass(frozen=True)
    class Coin:
        done: Intervention = field(default_factory=Intervention)

        def do(self, intervention):
            return Coin(self.done | intervention)

        def sample(self, n, *, seed=0):
            side = np.random.default_rng(seed).integers(0, 2, n).astype(float)
            return Table.of({"side": self.done["side"].apply(side, side, (0, 1)) if self.done else side})

    laws = check(Coin())
    assert laws.holds
    assert laws["non-descendants stay put"].holds is None
    assert laws["a counterfactual keeps the noise"].holds is None
    with pytest.raises(InterventionError, match="Coin answers do, not counterfactuals"):
        counterfactual(Coin(), {"side": [0, 1]}, side=1)


def test_the_verbs_take_text_mappings_and_names():
    rows = do(Pair(), "do(c=1)", x=2).sample(3)
    assert rows.column("y").tolist() == [3.0, 3.0, 3.0]
    assert do(Pair(), {"x": 2.0}).done == Intervention(x=2)
    fact = {"c": [1.0], "x": [1.5], "y": [2.5]}
    assert counterfactual(Pair(), Table.of(fact), c=0).column("y").tolist() == [0.5]


def test_the_effect_of_a_confounded_pair_is_the_coefficient():
    # By hand: y = x + c, so E[y | do(x=1)] - E[y | do(x=0)] = 1 for every row, with no Monte Carlo error.
    found = effect(Pair(), {"x": 1}, {"x": 0}, outcome="y", n=100)
    assert found.estimate == pytest.approx(1)
    assert found.high - found.low == pytest.approx(0, abs=1e-12)
    assert str(found).startswith("do(x=1) changes y by 1 [1, 1] against do(x=0)")
    # Against the system left alone: y(x=1) - y = 1 - x, so the mean is 1 - E[x] = 1 and the sd is that of x, sqrt 2.
    alone = effect(Pair(), "x=1", outcome="y", n=40_000)
    assert alone.high - alone.low == pytest.approx(2 * 1.96 * np.sqrt(2 / 40_000), rel=0.02)
    assert alone.low < 1 < alone.high


def test_bad_questions_are_refused():
    with pytest.raises(UnknownVariableError, match=r"'xx' is not a variable of this system\. Did you mean 'x'"):
        do(Pair(), xx=1)
    with pytest.raises(UnknownVariableError):
        effect(Pair(), "x=1", outcome="z")
    with pytest.raises(OptionError, match="confidence between 0 and 1"):
        effect(Pair(), "x=1", outcome="y", confidence=95)
    with pytest.raises(InterventionError, match="has no label"):
        effect(Pair(), "x=1", outcome="y", label="high")
    with pytest.raises(OptionError, match="at least 100 rows"):
        check(Pair(), n=10)
