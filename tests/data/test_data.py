"""Laws of all rows: taking, splitting, hashing, writing and drawing, whatever their kind."""

import numpy as np
import pytest

from aitia.data.clips import Clips
from aitia.data.reading.recordings import read_recordings
from aitia.data.recordings import Recording, Recordings
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.errors import DataError, OptionError
from aitia.report import ImageBlock, Picture, TableBlock

RNG = np.random.default_rng(0)
ROWS = {
    "table": Table.of({"x": RNG.normal(size=12), "id": np.arange(12) // 2, "site": list("abc") * 4}),
    "pictures": Table.of_pictures(RNG.integers(0, 256, (12, 4, 4, 3), dtype=np.uint8), x=RNG.normal(size=12)),
    "clips": Clips(RNG.integers(0, 256, (12, 3, 4, 4, 3), dtype=np.uint8), Table.of({"x": RNG.normal(size=12)})),
    "tracks": Tracks.of(np.cumsum(RNG.normal(size=(12, 2, 20, 2)), axis=2), ["a"] * 6 + ["b"] * 6),
    "recordings": Recordings.of([Recording(f"w{i}", RNG.normal(size=(9, 3)), ("A", "B", "C")) for i in range(12)]),
}
every = pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS.keys())


@every
def test_rows_are_taken_with_what_is_known(rows):
    part = rows.take([3, 1])
    assert (len(part), part.form, type(part)) == (2, rows.form, type(rows))
    for name in rows.known.of_kind("number", "label"):
        assert part.known.labels(name).tolist() == rows.known.take([3, 1]).labels(name).tolist()
    assert rows.take(np.arange(12) < 5).hash() == rows.take(slice(0, 5)).hash()


@every
def test_hashes_are_of_the_rows_and_their_order(rows):
    assert rows.hash() == rows.take(np.arange(12)).hash()
    assert len({rows.hash(), rows.take(np.arange(12)[::-1]).hash(), rows.take([0, 1]).hash()}) == 3


@every
def test_a_split_keeps_every_row_once_and_the_same_for_a_seed(rows):
    kept, held = rows.split(0.25, seed=1)
    assert len(kept) + len(held) == 12
    assert held.hash() == rows.split(0.25, seed=1)[1].hash()
    with pytest.raises(OptionError, match="between 0 and 1"):
        rows.split(1.5, seed=1)


def test_a_split_keeps_ids_whole():
    kept, held = ROWS["table"].split(0.3, seed=0)
    assert not set(kept.column("id")) & set(held.column("id"))


@every
def test_rows_are_written_whole(rows, tmp_path):
    files = rows.take([5, 2]).write(tmp_path / "out", "fact", [5, 2])
    assert files
    assert sorted(files) == sorted((tmp_path / "out").iterdir())


def test_written_animals_are_read_again(tmp_path):
    rows = ROWS["recordings"].take([0, 1])
    rows.write(tmp_path / "out", "worm", [0, 1])
    assert np.array_equal(read_recordings(tmp_path / "out").signals, rows.signals)


@every
def test_rows_are_drawn_beside_each_other(rows):
    a, b = rows.take([0, 1]), rows.take([2, 3])
    wanted = {"table": TableBlock, "clips": ImageBlock, "tracks": Picture, "recordings": Picture}[rows.form]
    blocks = type(rows).draw({"fact": a, "do(x=1)": b, "truth": b}, ["row 0", "row 1"], "what is seen")
    assert any(isinstance(block, wanted) for block in blocks)
    assert all(block.html() for block in blocks)
    assert "what is seen" in "".join(block.html() for block in blocks)
    assert type(rows).draw({"fact": a}, ["row 0", "row 1"])


def test_pictures_and_numbers_are_both_drawn():
    blocks = Table.draw({"fact": ROWS["pictures"].take([0])}, ["row 0"])
    assert [type(block) for block in blocks] == [ImageBlock, TableBlock]


def test_the_past_that_all_tracks_share_is_drawn_as_such():
    fact = ROWS["tracks"].take([0])
    other = fact.tracks.copy()
    other[:, :, 8:] += 1
    done = Tracks(other, fact.environment)
    drawn = Tracks.draw({"fact": fact, "do(x=1)": done}, ["scene"])[0].html()
    assert "what came" in drawn
    assert "counterfactual" in drawn
    assert "forecast" not in drawn


def test_what_is_seen_frame_after_frame_is_asked_for_by_one_name():
    images = np.zeros((2, 3, 4, 4, 3), dtype=np.uint8)
    clips = Clips(images, Table.of({"x": [1.0, 2.0]}))
    assert np.array_equal(clips.sequences, images)
    other = clips.with_sequences(images + 1)
    assert (other.images.max(), clips.images.max(), other.labels) == (1, 0, clips.labels)
    assert clips.labels.sequences is None
    with pytest.raises(DataError, match="rows of a table are seen at once, and were given 3 frames"):
        clips.labels.with_sequences(images)
