"""NWB files, written here by pynwb: what they say is read in their units and by their names, and nothing is chosen."""

import datetime
import os
import warnings

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel

from aitia.data.read import read
from aitia.data.reading.recordings import read_recordings, write_recordings
from aitia.data.recordings import Recording, Recordings, Stimulus
from aitia.errors import DataError, FormatError

VALUES = np.random.default_rng(0).random((20, 3))


def written(
    path,
    *,
    values=VALUES,
    names=("AVAL", "AVAR", "RIML"),
    series=("DfOverF",),
    columns=(),
    epochs=(),
    more=None,
    **kept,
):
    """A file of one animal with a segmentation of as many regions as there are names."""
    held = NWBFile("a session", path.stem, datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    module = held.create_processing_module("ophys", "fluorescence")
    channel = OpticalChannel(name="green", description="-", emission_lambda=510.0)
    plane = held.create_imaging_plane(
        optical_channel=channel, description="-", device=held.create_device("scope"), excitation_lambda=488.0,
        indicator="GCaMP", location="head", name="plane",
    )  # fmt: skip
    segmentation = ImageSegmentation(name="ImageSegmentation")
    module.add(segmentation)
    table = segmentation.create_plane_segmentation(name="neurons", description="-", imaging_plane=plane)
    for k in range(len(names)):
        table.add_roi(pixel_mask=[(k, k, 1.0)], id=10 + k)
    for name, cells in (*((("ID_labels", names),) if any(names) else ()), *columns):
        table.add_column(name, "text", data=list(cells))
    rows, told = kept.pop("rows", range(len(names))), kept or {"rate": 4.0}
    for number, kind in enumerate(series):
        interface = {"DfOverF": DfOverF, "Fluorescence": Fluorescence}[kind](name=kind)
        module.add(interface)
        rois = table.create_roi_table_region(region=list(rows), description="-")
        with warnings.catch_warnings(action="ignore"):  # of shapes, which are the reader's matter here
            interface.create_roi_response_series("signals", data=values + number, rois=rois, unit="n.a.", **told)
    for name, voltages in (more or {}).items():
        held.add_acquisition(TimeSeries(name=name, data=voltages, unit="V", rate=4.0))
    return saved(held, path, epochs)


def plain(path, **traces):
    """A file of series without regions."""
    held = NWBFile("a session", path.stem, datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    for name, values in traces.items():
        held.add_acquisition(TimeSeries(name=name, data=values, unit="V", rate=2.0))
    return saved(held, path)


def saved(held, path, epochs=()):
    if epochs:
        held.add_epoch_column("stimulus", "what was shown")
    for begin, end, what in epochs:
        held.add_epoch(begin, end, stimulus=what)
    with NWBHDF5IO(str(path), "w") as file:
        file.write(held)
    return path


def test_a_file_is_what_its_arrays_are(tmp_path):
    """Against the other way in: the same numbers as an `.npz` file of the same signals."""
    found = read_recordings(written(tmp_path / "worm1.nwb"))
    same = Recordings.of([Recording("worm1", VALUES, ("AVAL", "AVAR", "RIML"), 4.0)])
    write_recordings(same, tmp_path / "worm1.npz")
    again = read_recordings(tmp_path / "worm1.npz")
    assert (found.units, found.animals, found.rate) == (again.units, again.animals, again.rate)
    assert np.array_equal(found.signals, again.signals)
    assert read(tmp_path / "worm1.nwb", takes=("recordings",)).units == found.units


@settings(max_examples=8, deadline=None)
@given(
    scale=st.floats(0.1, 10),
    offset=st.floats(-5, 5),
    rate=st.floats(0.5, 100),
    begin=st.floats(0, 50),
    sideways=st.booleans(),
)
def test_signals_come_in_their_unit_and_times_from_the_first_frame(
    tmp_path_factory, scale, offset, rate, begin, sideways
):
    path = tmp_path_factory.mktemp("nwb") / "worm.nwb"
    even = {"rate": rate, "starting_time": begin}
    clock = even if sideways else {"timestamps": begin + np.arange(20) / rate}
    values = VALUES.T.copy() if sideways else VALUES
    shown = [(begin + 2 / rate, begin + 5 / rate, "odour"), (begin + 900, begin + 901, "after")]
    found = read_recordings(written(path, values=values, epochs=shown, conversion=scale, offset=offset, **clock))
    assert found.signals[0] == pytest.approx(VALUES * scale + offset)
    assert found.rate == pytest.approx(rate)
    assert [s.name for s in found.stimuli] == ["odour"]
    assert (found.stimuli[0].start, found.stimuli[0].stop) == (pytest.approx(2 / rate), pytest.approx(5 / rate))


def test_windows_are_cut_to_the_recording_and_ordered(tmp_path):
    shown = [(14.0, 20.0, "late"), (8.0, 12.0, "across"), (1.0, 2.0, "before"), (11.0, 12.0, "")]
    found = read_recordings(written(tmp_path / "a.nwb", epochs=shown, rate=4.0, starting_time=10.0))
    assert found.stimuli == (Stimulus("across", 0.0, 2.0), Stimulus("late", 4.0, 5.0))


def test_signals_of_regions_are_taken_before_other_series(tmp_path):
    path = written(tmp_path / "a.nwb", more={"voltages": VALUES})
    assert read_recordings(path).units == ("AVAL", "AVAR", "RIML")
    assert read_recordings(path, series="voltages").units == ("a column 1", "a column 2", "a column 3")


def test_animals_of_a_folder_meet_by_names_and_a_neuron_without_one_is_in_no_other(tmp_path):
    written(tmp_path / "a.nwb", names=("AVAL", "", "RIML"))
    written(tmp_path / "b.nwb", names=("RIML", "AVAL", ""), values=VALUES + 1)
    np.savez(tmp_path / "c.npz", signals=VALUES + 2, units=["AVAL", "RIML", "SIAD"], rate=4.0)
    found = read_recordings(tmp_path)
    assert found.animals == ("a", "b", "c")
    assert found.units == ("AVAL", "a roi 11", "RIML", "b roi 12", "SIAD")
    place = {name: k for k, name in enumerate(found.units)}
    assert np.array_equal(found.signals[1, :, place["RIML"]], VALUES[:, 0] + 1)
    told = "In fewer than two animals, so that nothing says whether others do the same: a roi 11, b roi 12, SIAD."
    assert found.warnings == (told,)


def test_regions_are_those_of_the_series_in_its_order(tmp_path):
    path = written(tmp_path / "a.nwb", rows=[2, 0], values=VALUES[:, :2])
    assert read_recordings(path).units == ("RIML", "AVAL")


def test_a_neuron_without_a_number_was_not_seen_and_a_gap_is_refused(tmp_path):
    values = VALUES.copy()
    values[:, 1] = np.nan
    assert read_recordings(written(tmp_path / "a.nwb", values=values)).units == ("AVAL", "RIML")
    values[:, 1] = VALUES[:, 1]
    values[4, 0] = np.nan
    with pytest.raises(DataError, match=r"b: the unit 'AVAL' has no number in frame"):
        read_recordings(written(tmp_path / "b.nwb", values=values))


def test_without_regions_the_one_series_of_several_columns_is_taken(tmp_path):
    found = read_recordings(plain(tmp_path / "a.nwb", traces=VALUES, clicks=VALUES[:, 0]))
    assert (found.units, found.rate) == (("a column 1", "a column 2", "a column 3"), 2.0)


def test_nothing_is_chosen_among_several_series(tmp_path):
    path = written(tmp_path / "a.nwb", series=("Fluorescence", "DfOverF"))
    with pytest.raises(FormatError, match=r"several series, DfOverF/signals, Fluorescence/signals: .*series='DfOverF/"):
        read_recordings(path)
    found = read_recordings(path, series="DfOverF/signals")
    assert np.array_equal(found.signals[0], VALUES + 1)
    with pytest.raises(FormatError, match=r"holds no series 'dff'; it has DfOverF/signals"):
        read_recordings(path, series="dff")


def test_nothing_is_chosen_among_several_columns_of_text(tmp_path):
    more = ("kind", ["motor", "motor", "sensory"])
    known = read_recordings(written(tmp_path / "a.nwb", columns=[more]))
    assert known.units == ("AVAL", "AVAR", "RIML")
    unknown = written(tmp_path / "b.nwb", names=("", "", ""), columns=[more, ("side", ["left", "right", "left"])])
    with pytest.raises(FormatError, match=r"several columns of text, kind.* side.*: call the one with names 'name'"):
        read_recordings(unknown)


def test_files_that_say_otherwise_of_what_was_shown_want_a_table(tmp_path):
    written(tmp_path / "a.nwb", epochs=[(1.0, 2.0, "odour")])
    written(tmp_path / "b.nwb", epochs=[(1.5, 2.0, "odour")], values=VALUES + 1)
    with pytest.raises(DataError, match=r"do not say the same of what was shown when: write .*stimuli.csv"):
        read_recordings(tmp_path)
    (tmp_path / "stimuli.csv").write_text("name,start,stop\nlight,0,1\n")
    assert read_recordings(tmp_path).stimuli == (Stimulus("light", 0.0, 1.0),)


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        ({"series": ()}, FormatError, "holds no signals of regions, or a series of several columns"),
        ({"values": VALUES[:, :2]}, DataError, r"has the shape \(20, 2\), which does not fit its 3 regions"),
        ({"timestamps": np.arange(20.0) ** 2}, DataError, "the times are not evenly apart"),
        ({"names": ("AVAL", "AVAL", "RIML")}, DataError, "AVAL"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, made, error, said):
    with pytest.raises(error, match=said):
        read_recordings(written(tmp_path / "a.nwb", **made))


def test_a_damaged_file_and_one_of_another_kind_are_told(tmp_path):
    path = written(tmp_path / "a.nwb")
    content = path.read_bytes()
    for damaged in (content[: len(content) // 3], b"age,dose\n1,2\n", b""):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="is damaged, or no NWB file"):
            read_recordings(path)
    with h5py.File(tmp_path / "other.nwb", "w") as file:
        file["numbers"] = VALUES
    with pytest.raises(FormatError, match="is damaged, or no NWB file"):
        read_recordings(tmp_path / "other.nwb")


def test_no_other_file_is_opened(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = VALUES
    os.chmod(secret, 0o600)
    for name in ("link", "virtual", "external"):
        path = written(tmp_path / f"{name}.nwb")
        with h5py.File(path, "a") as file:
            group = file["processing/ophys/DfOverF/signals"]
            del group["data"]
            if name == "link":
                group["data"] = h5py.ExternalLink(str(secret), "x")
            elif name == "virtual":
                layout = h5py.VirtualLayout(shape=VALUES.shape, dtype="f8")
                layout[:] = h5py.VirtualSource(str(secret), "x", shape=VALUES.shape)
                group.create_virtual_dataset("data", layout)
            else:
                group.create_dataset("data", VALUES.shape, "f8", external=[(str(secret), 0, VALUES.nbytes)])
        with pytest.raises(FormatError, match=r"(leads to another file|keeps .* in another file)"):
            read_recordings(path)


def test_what_is_announced_must_fit_into_memory(tmp_path):
    path = written(tmp_path / "a.nwb")
    with h5py.File(path, "a") as file:
        group = file["processing/ophys/DfOverF/signals"]
        kept = dict(group["data"].attrs)
        del group["data"]
        huge = group.create_dataset("data", (2**40, 3), "f8", chunks=(1024, 3))
        huge.attrs.update(kept)
    with pytest.raises(FormatError, match=r"a\.nwb"):
        read_recordings(path)
