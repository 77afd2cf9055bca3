"""Signals of animals on one list of units: what is missing, what is refused, and the files that they come in."""

import numpy as np
import pytest

from aitia.data.reading.recordings import read_recordings, write_recordings
from aitia.data.recordings import Recording, Recordings, Stimulus
from aitia.errors import DataError, FormatError, UnknownVariableError


def recording(animal="worm 1", units=("a", "b", "c"), frames=8, seed=0, rate=4.0):
    return Recording(animal, np.random.default_rng(seed).random((frames, len(units))), tuple(units), rate)


def test_animals_share_one_list_of_units_and_what_one_lacks_is_masked():
    found = Recordings.of([recording(), recording("worm 2", ("c", "d"), seed=1)])
    assert found.units == ("a", "b", "c", "d")
    assert found.present.tolist() == [[True, True, True, False], [False, False, True, True]]
    assert not found.signals[0, :, 3].any()
    assert found.take([1]).animals == ("worm 2",)
    assert found.seconds == 2.0


def test_units_in_fewer_than_two_animals_are_told():
    found = Recordings.of([recording(), recording("worm 2", ("c", "d"), seed=1)])
    assert found.warnings == ("In fewer than two animals, so that nothing says whether others do the same: a, b, d.",)


def test_a_constant_trace_is_told_and_masked():
    flat = recording("worm 2", seed=1)
    flat.signals[:, 1] = 0.3
    found = Recordings.of([recording(), flat])
    assert not found.present[1, 1]
    assert found.warnings[0] == "Constant signals were taken for missing ones: b in worm 2."


def test_a_gap_names_the_unit_and_the_frames():
    x = np.random.default_rng(0).random((9, 2))
    x[3:6, 1] = np.nan
    with pytest.raises(DataError, match=r"worm 1: the unit 'b' has no number in frames 3 to 5: interpolate it"):
        Recording("worm 1", x, ("a", "b"))


def test_a_unit_that_occurs_twice_is_named():
    with pytest.raises(DataError, match=r"worm 1: the unit 'a' occurs 2 times"):
        recording(units=("a", "b", "a"))


def test_other_lengths_and_rates_ask_for_resampling():
    with pytest.raises(
        DataError, match=r"worm 2 has 9 frames and worm 1 has 8: bring all animals to the same times by"
    ):
        Recordings.of([recording(), recording("worm 2", frames=9)])
    with pytest.raises(DataError, match=r"worm 2 has 5 frames a second and worm 1 has 4: resample"):
        Recordings.of([recording(), recording("worm 2", rate=5.0)])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Recordings.of([]), "there is no recording"),
        (lambda: Recording("w", np.ones((3, 2)), ("a",)), "2 signals and 1 names"),
        (lambda: Recording("w", np.ones(3), ("a",)), r"\(frames, units\)"),
        (lambda: Recording("w", np.ones((3, 1)), ("a",), 0.0), "above 0"),
        (lambda: Stimulus("light", 2.0, 1.0), "stops after it starts"),
        (lambda: Recordings(np.ones((1, 3, 1)), np.ones((1, 2), bool), ("a",), ("w",)), "got shapes"),
        (lambda: Recordings.of([recording(), recording()]), "the animal 'worm 1' occurs 2 times"),
        (lambda: Recordings.of([recording()]).of_units(["z"]), "has none of the units z"),
    ],
)
def test_impossible_traces_are_refused(make, told):
    with pytest.raises(DataError, match=told):
        make()


def test_a_unit_that_the_list_lacks_is_named():
    with pytest.raises(UnknownVariableError, match="'c' is not a variable of this list of units"):
        Recordings.of([recording()], units=("a", "b"))


def test_another_list_of_units_puts_each_trace_in_its_place():
    found = Recordings.of([recording()])
    other = found.of_units(["c", "x", "a"])
    assert other.present.tolist() == [[True, False, True]]
    assert np.array_equal(other.signals[:, :, 0], found.signals[:, :, 2])


def test_a_set_comes_back_from_its_file(tmp_path):
    made = Recordings.of([recording(), recording("worm 2", ("c", "d"), seed=1)], stimuli=[Stimulus("odour", 0.5, 1.0)])
    write_recordings(made, tmp_path / "all.npz")
    found = read_recordings(tmp_path / "all.npz")
    assert np.array_equal(found.signals, made.signals)
    assert np.array_equal(found.present, made.present)
    assert (found.units, found.animals, found.rate, found.stimuli) == (made.units, made.animals, 4.0, made.stimuli)


def test_a_folder_has_a_csv_or_npz_an_animal_and_its_stimuli(tmp_path):
    (tmp_path / "ada.csv").write_text("time,AVA,AVB\n0,1,2\n0.25,2,1\n0.5,4,nan\n")
    np.savez(tmp_path / "bob.npz", signals=np.eye(3)[:, :2], units=np.array(["AVB", "AWC"]), rate=4.0)
    (tmp_path / "stimuli.csv").write_text("name,start,stop\nodour,0.2,0.4\n")
    with pytest.raises(DataError, match=r"ada: the unit 'AVB' has no number in frames 2 to 2"):
        read_recordings(tmp_path)
    (tmp_path / "ada.csv").write_text("time,AVA,AVB,AIY\n0,1,2,\n0.25,2,1,\n0.5,4,3,\n")
    found = read_recordings(tmp_path)
    assert found.animals == ("ada", "bob")
    assert found.units == ("AVA", "AVB", "AWC")  # a column that is empty is a unit that the animal lacks
    assert found.rate == 4.0
    assert found.stimuli == (Stimulus("odour", 0.2, 0.4),)
    assert read_recordings(tmp_path / "ada.csv").animals == ("ada",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n", "holds no frame"),
        ("a,b\n1,2\n3\n", "line 3: wanted 2 columns"),
        ("a,b\n1,x\n", "line 2: 'x' is no number"),
        ("time,a\n0,1\n1,2\n3,3\n", "not evenly apart: resample"),
    ],
)
def test_a_damaged_table_says_where(tmp_path, text, told):
    (tmp_path / "w.csv").write_text(text)
    with pytest.raises((DataError, FormatError), match=told):
        read_recordings(tmp_path / "w.csv")


def test_files_that_are_not_traces_are_refused(tmp_path):
    with pytest.raises(FormatError, match="holds no signals"):
        read_recordings(tmp_path)
    with pytest.raises(FormatError, match="there is no file or folder"):
        read_recordings(tmp_path / "none.csv")
    (tmp_path / "w.npz").write_bytes(b"no")
    with pytest.raises(FormatError, match=r"damaged or no \.npz file"):
        read_recordings(tmp_path / "w.npz")
    np.savez(tmp_path / "v.npz", units=np.array(["a"]))
    with pytest.raises(FormatError, match="has no array signals; it has units"):
        read_recordings(tmp_path / "v.npz")
    (tmp_path / "w.npz").unlink()
    (tmp_path / "v.npz").unlink()
    write_recordings(Recordings.of([recording(), recording("b")]), tmp_path / "both.npz")
    (tmp_path / "c.csv").write_text("a\n1\n2\n")
    with pytest.raises(FormatError, match="holds several animals"):
        read_recordings(tmp_path)
    (tmp_path / "both.npz").unlink()
    (tmp_path / "stimuli.csv").write_text("name,start\nx,1\n")
    with pytest.raises(FormatError, match="name, start and stop"):
        read_recordings(tmp_path)
