"""Folders of what is fitted with numpy: what was written comes back, and what is damaged is refused in a sentence."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from aitia.errors import FormatError, OptionError, RunError
from aitia.saving import SavedArrays


class Line(SavedArrays):
    def __init__(self, slope=None, name="", more=None):
        self.slope, self.name, self.more = slope, name, more or {}

    def _state(self):
        if self.slope is None:
            raise OptionError("this Line has not been fitted: call fit first")
        return {"name": self.name}, {"slope": self.slope, **self.more}

    @classmethod
    def _restored(cls, options, arrays):
        return cls(arrays["slope"], options["name"])


class Curve(Line):
    pass


@settings(deadline=None, max_examples=25)
@given(
    arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.floats(allow_nan=False)),
    st.text(max_size=20),
)
def test_arrays_and_texts_come_back_as_they_were(tmp_path_factory, slope, name):
    folder = tmp_path_factory.mktemp("line")
    Line(slope.T, name).save_pretrained(folder)
    again = Line.from_pretrained(folder)
    assert np.array_equal(again.slope, slope.T)
    assert again.name == name


@pytest.fixture
def saved(tmp_path):
    Line(np.arange(3.0), "a").save_pretrained(tmp_path / "line")
    return tmp_path / "line"


def test_what_is_no_such_folder_is_refused(saved, tmp_path):
    with pytest.raises(FormatError, match=r"there is no folder .*nothing"):
        Line.from_pretrained(tmp_path / "nothing")
    with pytest.raises(FormatError, match="holds a Line, not a Curve"):
        Curve.from_pretrained(saved)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("[]", "holds a list, where an object was expected"),
        ("{}", "is damaged: it lacks 'class'"),
        ('{"class": "Line", "options": 3}', "is damaged: 'int' object is not iterable"),
        ("[" * 100_000, "is nested too deeply: brackets in brackets are read to 100 levels"),
    ],
    ids=lambda value: value[:10],
)
def test_a_damaged_configuration_is_refused(saved, text, sentence):
    (saved / "config.json").write_text(text)
    with pytest.raises(FormatError, match=rf"config\.json {sentence}"):
        Line.from_pretrained(saved)


def test_arrays_that_are_cut_off_or_missing_are_refused(saved):
    whole = (saved / "model.safetensors").read_bytes()
    (saved / "model.safetensors").write_bytes(whole[:-5])
    with pytest.raises(FormatError, match=r"model\.safetensors is damaged or no safetensors file \(save it again\): "):
        Line.from_pretrained(saved)
    (saved / "model.safetensors").unlink()
    with pytest.raises(FormatError, match=r"there is no file .*model\.safetensors"):
        Line.from_pretrained(saved)


def test_an_entry_that_is_missing_is_named(saved):
    config = json.loads((saved / "config.json").read_text())
    del config["options"]["name"]
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(FormatError, match=r"no whole Line \(fit it again, with this version\): it lacks 'name'"):
        Line.from_pretrained(saved)


def test_what_cannot_be_written_leaves_the_old_files_as_they_were(saved, tmp_path):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(OptionError, match="has not been fitted"):
        Line().save_pretrained(saved)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        Line(np.zeros(1)).save_pretrained(tmp_path / "file" / "below")
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
