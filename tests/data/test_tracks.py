"""Track files: what comes back, how windows are cut, and what is said of a file that is not right."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aitia.data.overlap import common_steps
from aitia.data.reading.tracks import read_tracks, write_tracks
from aitia.data.tracks import Tracks, constant_velocity, planted_confidence
from aitia.errors import DataError, FormatError, OptionError

PUBLIC = Path(__file__).parents[2] / "shared" / "data" / "gcrl" / "eth_ucy"


def text(path, people, step=10, frames=20):
    lines = [
        f"{t * step}\t{p}\t{0.1 * t + p}\t{p * 1.5}"
        for t in range(frames)
        for p, (a, b) in enumerate(people)
        if a <= t < b
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@given(
    arrays(
        float, st.tuples(st.integers(1, 4), st.integers(1, 3), st.just(20), st.just(2)), elements=st.floats(-1e3, 1e3)
    )
)
def test_scenes_come_back_from_a_file_bit_by_bit(tmp_path_factory, tracks):
    path = tmp_path_factory.mktemp("tracks") / "a.npz"
    labels = np.array(["a", "b"] * 2)[: len(tracks)]
    write_tracks(Tracks(tracks, labels), path)
    found = read_tracks(path)
    assert np.array_equal(found.tracks, tracks)
    assert found.environment.tolist() == labels.tolist()


def test_text_gives_the_agents_that_are_there_all_the_time(tmp_path):
    found = read_tracks(text(tmp_path / "site.txt", [(0, 20), (0, 19), (0, 20), (5, 20)]))
    assert found.tracks.shape == (1, 2, 20, 2)
    assert np.allclose(found.tracks[0, 1, :, 0], 0.1 * np.arange(20) + 2)
    assert found.environments == ("site",)


def test_windows_do_not_overlap_unless_asked_and_people_are_padded(tmp_path):
    path = text(tmp_path / "site.txt", [(0, 60), (0, 60), (20, 60)], frames=60)
    found = read_tracks(path)
    assert found.there.tolist() == [[True, True, False], [True, True, True], [True, True, True]]
    assert (found.tracks[0, 2] == 0).all()
    assert len(read_tracks(path, stride=1)) == 41
    early, late = read_tracks(path, stride=1).split(0.5)
    assert early.begins.max() + 20 <= late.begins.min()


def test_a_folder_gives_an_environment_a_file(tmp_path):
    for name in ("a", "b"):
        text(tmp_path / f"{name}.txt", [(0, 20), (0, 20)])
    found = read_tracks(tmp_path)
    assert found.environments == ("a", "b")
    assert len(found.of_environments("b")) == 1
    with pytest.raises(OptionError, match=r"no environment 'c'; the scenes are of a.*b"):
        found.of_environments("c")


def test_a_bad_line_is_named_with_its_number(tmp_path):
    path = text(tmp_path / "site.txt", [(0, 20), (0, 20)])
    path.write_text(path.read_text() + "200\t1\t3.0\n")
    with pytest.raises(FormatError, match=r"site\.txt, line 41: wanted frame, agent, x, y, got 3 columns"):
        read_tracks(path)
    path.write_text("0 1 2 x\n")
    with pytest.raises(FormatError, match=r"line 1: '0 1 2 x' is not four numbers"):
        read_tracks(path)


def test_an_irregular_frame_step_is_reported_and_can_be_given(tmp_path):
    path = tmp_path / "site.txt"
    frames = np.cumsum([0, *[10, 6] * 12])
    path.write_text("".join(f"{f} {p} {f} {p}\n" for f in frames for p in (1, 2)))
    with pytest.raises(FormatError, match=r"6 \(12 times\), 10 \(12 times\) apart.*--frame-step"):
        read_tracks(path)
    assert read_tracks(path, frame_step=16, observed=4, future=6).tracks.shape == (1, 2, 10, 2)


def test_short_tracks_missing_numbers_and_doubles_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"obs\+fut=20 frames; the longest track has 12"):
        read_tracks(text(tmp_path / "a.txt", [(0, 12), (0, 12)], frames=12))
    path = text(tmp_path / "b.txt", [(0, 20), (0, 20)])
    path.write_text(path.read_text().replace("0.5\t0.0", "nan\t0.0"))
    with pytest.raises(DataError, match=r"agent 0 of the window from frame 0 has no position in its frame 5"):
        read_tracks(path)
    path.write_text("0 1 2 3\n0 1 2 4\n")
    with pytest.raises(FormatError, match="agent 1 is twice in frame 0"):
        read_tracks(path)
    with pytest.raises(DataError, match=r"a scene has 12 frames, needs obs\+fut=20"):
        Tracks(np.zeros((1, 2, 12, 2)), np.array(["a"])).need_frames(8, 12)
    with pytest.raises(FormatError, match="there is no file"):
        read_tracks(tmp_path / "none.txt")


@pytest.mark.parametrize(("mark", "ending"), [(",", "csv"), (";", "txt"), ("\t", "tsv"), ("  ", "txt")])
def test_columns_of_a_file_with_heads_are_mapped(tmp_path, mark, ending):
    heads = ["scene", "track", "t", "px", "py"]
    lines = [[0, agent, 5 * t, 0.1 * t + a, 2.0 * a] for t in range(20) for a, agent in enumerate(("ann", "bob"))]
    path = tmp_path / f"site.{ending}"
    path.write_text("\n".join(mark.join(map(str, line)) for line in [heads, *lines]) + "\n")
    found = read_tracks(path, columns={"frame": "t", "agent": "track", "x": "px", "y": "py"})
    assert found.tracks.shape == (1, 2, 20, 2)
    assert np.allclose(found.tracks[0, 1], np.stack([0.1 * np.arange(20) + 1, np.full(20, 2.0)], axis=1))


def test_mapped_columns_that_are_not_right_are_named(tmp_path):
    path, wanted = tmp_path / "site.csv", {"frame": "t", "agent": "id", "x": "x", "y": "y"}
    path.write_text("t,id,x,y\n0,1,2,3\n5,1,2\n")
    with pytest.raises(FormatError, match=r"site\.csv, line 3: wanted 4 columns as in line 1, got 3"):
        read_tracks(path, columns=wanted)
    path.write_text("t,id,x,y\n0,1,2,left\n")
    with pytest.raises(FormatError, match=r"line 2: frame, x and y are numbers, got 0, 2, left"):
        read_tracks(path, columns=wanted)
    with pytest.raises(FormatError, match=r"has no column 'time'; its first line has t, id, x, y"):
        read_tracks(path, columns={**wanted, "frame": "time"})
    with pytest.raises(OptionError, match="it lacks x, y"):
        read_tracks(path, columns={"frame": "t", "agent": "id"})


@given(st.integers(0, 40), st.integers(0, 40))
def test_windows_of_one_walk_have_steps_in_common_exactly_if_they_overlap(a, b):
    walk = np.random.default_rng(0).normal(size=(2, 60, 2)).cumsum(1)
    one, other = (Tracks.of(walk[None, :, k : k + 20]) for k in (a, b))
    assert common_steps(one, other).tolist() == [[abs(a - b) < 19]]


def test_agents_that_are_not_there_or_stand_have_no_steps():
    still = Tracks.of(np.zeros((2, 2, 20, 2)))
    assert not common_steps(still, still).any()
    walk = np.random.default_rng(0).normal(size=(1, 2, 20, 2)).cumsum(2)
    first, second = (Tracks(walk, np.array(["a"]), np.array([there])) for there in ([True, False], [False, True]))
    assert not common_steps(first, second).any()
    assert common_steps(first, first).all()
    swapped = Tracks.of(walk[:, ::-1])
    assert common_steps(first, swapped).all()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"got shape \(3, 20, 2\)"):
        Tracks(np.zeros((3, 20, 2)), np.array(["a"] * 3))
    with pytest.raises(DataError, match="2 scenes and 1 labels"):
        Tracks(np.zeros((2, 2, 20, 2)), np.array(["a"]))
    hole = np.zeros((2, 2, 20, 2))
    hole[1, 0, 3, 1] = np.nan
    with pytest.raises(DataError, match=r"scene 1 \(b\), agent 0, frame 3 has no position"):
        Tracks(hole, np.array(["a", "b"]))


def test_constant_velocity_prolongs_a_straight_line():
    line = np.cumsum(np.tile([[0.3, -0.1]], (20, 1)), axis=0)[None, None]
    assert np.allclose(constant_velocity(line[:, :, :8], 12), line[:, :, 8:])


def test_the_planted_channel_is_constant_for_a_straight_walk_and_scales_with_alpha():
    rng = np.random.default_rng(0)
    straight = np.cumsum(np.tile([[0.3, -0.1]], (20, 1)), axis=0)[None, None]
    assert np.allclose(planted_confidence(straight, 3.0), 3.0)
    tracks = rng.normal(size=(5, 2, 20, 2))
    assert np.allclose(planted_confidence(tracks, 4.0), 4 * planted_confidence(tracks, 1.0))
    v = tracks[:, :, 1:] - tracks[:, :, :-1]
    by_hand = np.linalg.norm(v[:, :, 10] - v[:, :, 2], axis=-1) + 1
    assert np.allclose(planted_confidence(tracks, 1.0)[:, :, 3], by_hand)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public pedestrian tracks are not here")
def test_the_public_pedestrian_files_are_read():
    found = read_tracks(PUBLIC, stride=20)
    assert found.environments == ("biwi_eth", "biwi_hotel", "crowds_zara01", "crowds_zara02", "students003")
    assert found.there.sum(1).min() >= 2
    speed = np.linalg.norm(np.diff(found.tracks, axis=2), axis=-1)[found.there] / 0.4
    assert 0.3 < np.median(speed) < 2.0


def test_a_channel_and_further_columns_go_with_the_scenes(tmp_path):
    rng = np.random.default_rng(0)
    plain = Tracks(rng.normal(size=(4, 2, 20, 2)), np.array(["a", "b"] * 2))
    rows = Tracks(plain.tracks, plain.environment, channel=rng.random((4, 2, 8))).with_known({"style": [1, 2, 3, 4.5]})
    assert rows.known.names == ("environment", "style")
    some = rows.take([2, 0])
    assert np.array_equal(some.channel, rows.channel[[2, 0]])
    assert some.known.column("style").tolist() == [3, 1]
    assert some.with_known({"environment": ["c", "d"], "style": [0.0, 7.0]}).known.column("style").tolist() == [0, 7]
    assert len({plain.hash(), rows.hash(), rows.with_known({"style": [1, 2, 3, 4.0]}).hash()}) == 3
    write_tracks(rows, tmp_path / "rows.npz")
    assert np.array_equal(read_tracks(tmp_path / "rows.npz").channel, rows.channel)
    write_tracks(Tracks.of(plain.tracks[:, :, :8]), tmp_path / "past.npz")
    assert read_tracks(tmp_path / "past.npz").tracks.shape == (4, 2, 8, 2)
    assert np.array_equal(rows.with_future(8, np.ones((4, 2, 3, 2))).tracks[:, :, 8:], np.ones((4, 2, 3, 2)))
    with pytest.raises(DataError, match=r"the channel has shape \(4, 3, 8\)"):
        Tracks(plain.tracks, plain.environment, channel=rng.random((4, 3, 8)))


def test_several_answers_of_a_scene_are_written_with_their_number(tmp_path):
    twice = Tracks.of(np.zeros((2, 1, 1, 2))).with_known({"row": [0.0, 0.0], "draw": [0.0, 1.0]})
    lines = twice.write(tmp_path, "said", [5, 5])[0].read_text().splitlines()
    assert lines == ["row,agent,frame,x,y,environment,draw", "5,0,0,0.0,0.0,all,0", "5,0,0,0.0,0.0,all,1"]
