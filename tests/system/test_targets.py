"""What `do` may set: targets that are listed, and targets that are found by their text."""

import numpy as np
import pytest

from aitia.do import Intervention
from aitia.errors import InterventionError, UnknownVariableError
from aitia.system import Target, Targets

LISTED = Targets(
    [Target("site", ("north", "south")), Target.of_values("dose", np.array([0.0, 2.0])), Target("free")],
)


def test_values_inside_of_the_trained_range_are_taken_in_silence_and_others_are_told():
    assert LISTED.check(Intervention(dose=1.5, site="north", free=1e9)) == ()
    (told,) = LISTED.check(Intervention(dose=3.0))
    assert told == (
        "dose=3 lies 1 outside of the trained range 0 to 2, 50% of its width: the answer is an extrapolation"
    )
    (far,) = LISTED.check(Intervention(dose=-8.0))
    assert "8 outside of the trained range 0 to 2, 4 widths" in far


def test_unknown_names_labels_and_texts_for_numbers_are_refused_with_the_nearest():
    with pytest.raises(UnknownVariableError, match=r"'dosis' is not a variable of this system\. Did you mean 'dose'"):
        LISTED.check(Intervention(dosis=1))
    with pytest.raises(InterventionError, match=r"one of north, south, got 'nort'\. Did you mean 'north'"):
        LISTED.check(Intervention(site="nort"))
    with pytest.raises(InterventionError, match="'dose' is set to a number"):
        LISTED.check(Intervention(dose="much"))


def test_targets_may_be_more_than_can_be_listed():
    many = Targets(find=lambda text: Target(text) if text.startswith("layer") else None, says="layer1[unit=3]")
    assert many
    assert len(many) == 0
    assert many.find("layer7[unit=2]").name == "layer7[unit=2]"
    with pytest.raises(UnknownVariableError, match=r"It has: layer1\[unit=3\]"):
        many.find("head")


def test_a_system_without_targets_is_false():
    assert not Targets()
    assert LISTED[0].name == "site"
    assert [t.name for t in LISTED[1:]] == ["dose", "free"]
