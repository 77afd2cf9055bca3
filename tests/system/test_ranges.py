"""What `do` may set in a fitted model, and what is said of a value beyond the trained range."""

import re

import numpy as np
import pytest

from aitia.do import Intervention
from aitia.errors import InterventionError, UnknownVariableError
from aitia.system import Target, Targets

LIGHT = Target.of_values("light", np.array([-1.0, 0.5, 1.0]))
STYLE = Target.of_values("s", np.array([[0.0, -1.0], [2.0, 1.0]]))
SITE = Target("site", ("north", "south"))
ALL = Targets((LIGHT, STYLE, SITE))


def told(text):
    return ALL.check(Intervention.parse(text))


def test_ranges_are_those_of_the_rows():
    assert (LIGHT.low, LIGHT.high) == ((-1.0,), (1.0,))
    assert (STYLE.low, STYLE.high) == ((0.0, -1.0), (2.0, 1.0))


@pytest.mark.parametrize(
    "text", ["do(light=1)", "do(light=-1)", "do(s=[0, 1])", "do(site=south)", "do()", "do(light=shift(9))"]
)
def test_inside_the_range_and_for_shifts_nothing_is_said(text):
    assert told(text) == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("do(light=1.5)", "light=1.5 lies 0.5 outside of the trained range -1 to 1, 25% of its width"),
        ("do(light=-2)", "light=-2 lies 1 outside of the trained range -1 to 1, 50% of its width"),
        ("do(light=21)", "light=21 lies 20 outside of the trained range -1 to 1, 10 widths"),
        ("do(s=[1, 4])", r"s\[1\]=4 lies 3 outside of the trained range -1 to 1, 150% of its width"),
    ],
)
def test_outside_the_range_the_sentence_says_by_how_much(text, sentence):
    (warning,) = told(text)
    assert re.match(sentence, warning)


def test_a_latent_that_never_varied_has_no_width():
    (warning,) = Targets([Target("z1", (), (2.0,), (2.0,))]).check(Intervention(z1=3.0))
    assert warning == "z1=3 lies 1 outside of the trained range 2 to 2: the answer is an extrapolation"


def test_what_the_model_has_no_answer_to_is_refused_with_the_nearest():
    with pytest.raises(
        UnknownVariableError, match=r"'lihgt' is not a variable of this system\. Did you mean 'light'\?"
    ):
        told("do(lihgt=1)")
    with pytest.raises(InterventionError, match=r"'site' is set to one of north, south, got 'nort'\. Did you mean"):
        told("do(site=nort)")
    with pytest.raises(InterventionError, match="'light' is set to a number, got"):
        told("do(light=bright)")
