"""Folders of rows that were written: what `aitia world --out` leaves is read whole, frames beside a table of events."""

import csv

import numpy as np
import pytest

from aitia.data.columns.picture import png
from aitia.data.kinds import CONTINUOUS, Kind
from aitia.data.read import read
from aitia.data.reading.pictures import text_of
from aitia.errors import DataError, FormatError
from aitia.workflow.source import find_world, world_names
from aitia.workflow.trials import write_trial

EXPECTED = {"events": "spans", "causes": "list", "captions": "list", "premise": "text", "hypothesis": "text"}


@pytest.fixture
def written(tmp_path):
    def write(name, n=5, **arguments):
        world = find_world(name, arguments)
        write_trial(world, tmp_path / "trial", n, size=16, seed=3)
        return tmp_path / "trial", world.rows(world.sample(n, seed=3), 16)

    return write


def test_clips_come_back_with_what_changes_from_frame_to_frame(written):
    folder, rows = written("clips")
    back = read(folder, takes=("clips", "table"), expected=EXPECTED)
    assert (back.images == rows.images).all()
    assert set(back.known.names) == set(rows.known.names)
    assert (back.known.column("x_ball") == rows.known.column("x_ball")).all()
    assert back.known.spans("events") == rows.known.spans("events")
    assert [[*map(tuple, cell)] for cell in back.known.lists("causes")] == [
        [*map(tuple, cell)] for cell in rows.known.lists("causes")
    ]
    judged = read(folder / "test", takes=("clips",), expected=EXPECTED)
    assert "causes" not in judged.known  # the truth of the rows to be judged on is not told
    assert len(judged) == 5


def test_rows_with_several_pictures_come_back(written):
    folder, rows = written("siamese")
    back = read(folder, expected=EXPECTED)
    pictures = rows.of_kind(Kind.PICTURE)
    assert back.of_kind(Kind.PICTURE) == pictures
    for name in pictures:
        assert (back.pictures(name) == rows.pictures(name)).all()
    assert back.labels("choice").tolist() == rows.labels("choice").tolist()
    assert "choice" not in read(folder / "test", expected=EXPECTED)


DECLARED = (Kind.TEXT, Kind.LIST, Kind.SPANS)
"""What a card says of the columns that it takes, and no cell does."""


@pytest.mark.parametrize("name", world_names())
def test_what_any_world_writes_is_read_back(written, name):
    folder, rows = written(name, 4)
    told = rows.known if rows.form in ("table", "clips") else None
    kinds = {} if told is None else {column: told.kind(column) for column in told.of_kind(*DECLARED)}
    back = read(folder, takes=(rows.form,), kinds=kinds)
    assert back.form == rows.form
    if told is None:  # tracks and recordings
        if rows.form == "tracks":
            assert np.allclose(back.tracks, rows.tracks)
            assert (back.there == rows.there).all()
            assert back.environment.tolist() == rows.environment.tolist()
        assert len(back) == len(rows)
        return
    if rows.form == "clips":
        assert (back.images == rows.images).all()
    for column in told.names:
        if told.kind(column) is Kind.PICTURE:
            assert (back.known.absent(column) == told.absent(column)).all()
            there = np.flatnonzero(~told.absent(column))
            if len(there):
                assert (back.known.take(there).pictures(column) == told.take(there).pictures(column)).all()
            continue
        cells = [one.labels(column).tolist() for one in (back.known, told)]
        if told.kind(column) in CONTINUOUS:
            assert np.allclose(*(np.array(one, dtype=np.float64) for one in cells), equal_nan=True)
        else:
            assert str(cells[0]) == str(cells[1]) or [*map(text_of, cells[0])] == [*map(text_of, cells[1])]


def test_pictures_are_scaled_where_a_size_is_asked_for(written):
    folder, _ = written("siamese")
    assert read(folder, expected=EXPECTED, size=8).pictures("shown").shape == (5, 8, 8, 3)


def test_a_column_that_only_looks_like_files_stays_text(tmp_path):
    (tmp_path / "rows.csv").write_text("row,of\n0,a.png\n1,b.png\n")
    assert read(tmp_path).kind("of") is Kind.LABEL


def test_a_clip_that_is_gone_or_of_another_length_is_told(written):
    folder, rows = written("clips")
    np.savez(folder / "train" / "train-3.npz", frames=rows.images[3, :5])
    with pytest.raises(DataError, match=r"row 3 of .*train.csv has a clip of \(5, 16, 16, 3\), and row 0 one of \(8,"):
        read(folder, takes=("clips",), expected=EXPECTED)
    np.savez(folder / "train" / "train-3.npz", other=rows.images[3])
    with pytest.raises(FormatError, match="no array 'frames'; it has other"):
        read(folder, takes=("clips",), expected=EXPECTED)
    (folder / "train" / "train-3.npz").unlink()
    with pytest.raises(DataError, match=r"there is no clip .*train-3.npz: put it there, or drop its row"):
        read(folder, takes=("clips",), expected=EXPECTED)


def test_scenes_with_a_gap_or_several_answers_are_told(written):
    folder, _ = written("walkers")
    file = folder / "train" / "train.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], *lines[4:]]))
    with pytest.raises(DataError, match="agent 0 of row 0 has no position in frame 2"):
        read(folder, takes=("tracks",))
    file.write_text("\n".join([lines[0], lines[1].rsplit(",", 1)[0]]))
    with pytest.raises(FormatError, match="line 2: wanted 6 columns as in line 1, got 5"):
        read(folder, takes=("tracks",))
    file.write_text(lines[0] + ",draw\n")
    with pytest.raises(FormatError, match="several answers to a scene are no scenes"):
        read(folder, takes=("tracks",))
    file.write_text(lines[0])
    with pytest.raises(DataError, match="has no line"):
        read(folder, takes=("tracks",))


def test_rows_of_the_wrong_form_are_told(written):
    folder, _ = written("clips")
    with pytest.raises(FormatError, match="holds clips, wanted table"):
        read(folder, expected=EXPECTED)


def test_a_table_is_no_clips(written):
    folder, _ = written("corr2cause", 12)
    with pytest.raises(FormatError, match="holds a table without clips, wanted clips"):
        read(folder, takes=("clips",))


# -- a table of events beside folders of frames ------------------------------------------------------------------------


@pytest.fixture
def kitchen(tmp_path):
    lines = [["video", "clip", "start", "end", "sentence"], ["v", "a", 0, 1, "it falls"], ["v", "b", 1, 2, "it stands"],
             ["v", "a", 1, 1, "it lies"]]  # fmt: skip
    with (tmp_path / "events.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    for clip, frames in (("a", 3), ("b", 2)):
        (tmp_path / clip).mkdir()
        for k in range(frames):
            (tmp_path / clip / f"{k}.png").write_bytes(png(np.full((4, 4, 3), 40 * k, dtype=np.uint8)))
    return tmp_path


def test_frames_of_each_clip_stand_in_its_rows(kitchen):
    table = read(kitchen, takes=("clips", "table"), expected={"frames": "list", "sentence": "text"})
    assert table.names == ("video", "clip", "start", "end", "sentence", "frames")
    assert [[*map(str, cell)] for cell in table.lists("frames")] == [
        [str(kitchen / clip / f"{k}.png") for k in range(n)] for clip, n in (("a", 3), ("b", 2), ("a", 3))
    ]


def test_nobody_who_does_not_ask_for_frames_gets_them(kitchen):
    with pytest.raises(FormatError, match="no column with the images' places"):
        read(kitchen)


def test_a_clip_without_frames_and_one_outside_are_told(kitchen):
    expected = {"frames": "list"}
    with (kitchen / "events.csv").open("a") as file:
        file.write("v,c,0,1,it goes\n")
    with pytest.raises(FormatError, match="clip 'c' has no frames: put them as pictures into"):
        read(kitchen, takes=("table",), expected=expected)
    (kitchen / "events.csv").write_text("clip,start\na,0\n../a,1\n")
    with pytest.raises(FormatError, match=r"clip '\.\./a' lies outside of"):
        read(kitchen, takes=("table",), expected=expected)
    (kitchen / "c").write_bytes(b"a video")
    (kitchen / "events.csv").write_text("clip,start\na,0\nc,1\n")
    with pytest.raises(FormatError, match="is a file: take the frames of the video out"):
        read(kitchen, takes=("table",), expected=expected)
