"""Rows from a user's files: pictures beside a CSV file, the suite's export, clips; what is wrong with them."""

import json

import numpy as np
import pytest

from aitia.data.read import read
from aitia.data.reading.pictures import write_pictures
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, UnknownVariableError
from aitia.representations import Rows
from aitia.system import Given
from aitia.systems.multi_view import MultiView
from aitia.systems.vae import VAE
from aitia.worlds import PendulumWorld, ProjectileWorld, export_world

RNG = np.random.default_rng(0)


def read_rows(source, size=None, **roles):
    """What a method that takes tables and clips sees of a path."""
    rows = read(source, takes=VAE.card.rows, size=size)
    return Rows.of(Given.of(VAE.card, rows, **roles))


def pictures(n, size=8):
    return RNG.integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def write_split(folder, rows, header="id,view,render_path,mass,angle"):
    """A split of the suite's export, and the pictures that it names."""
    folder.mkdir(parents=True)
    names = [row.split(",")[header.split(",").index("render_path")] for row in rows]
    write_pictures(pictures(len(rows)), folder, names)
    (folder / f"{folder.name}.csv").write_text("\n".join([header, *rows]) + "\n")


def views(ids):
    return [f"{i},{view},{i}_{view}.png,{1.5 + i},{0.1 * i}" for i in range(ids) for view in ("front", "left")]


def test_a_folder_of_pictures_with_a_csv_file_is_read_and_fitted(tmp_path):
    write_pictures(pictures(30), tmp_path, [f"{i}.png" for i in range(30)])
    lines = [f"{i}.png,{i % 3},{i * 0.5},{i // 2}" for i in range(30)]
    (tmp_path / "labels.csv").write_text("\n".join(["render_path,domain,mass,id", *lines]) + "\n")
    data = read_rows(tmp_path)
    assert data.x.shape == (30, 8, 8, 3)
    assert set(data.domain) == {"0", "1", "2"}
    assert data.labels.names == ("mass",)
    assert data.views
    assert VAE(latents=2, steps=2, width=4, batch=8).fit(tmp_path).codes(tmp_path).shape == (30, 2)
    assert read_rows(tmp_path, size=16).shape == (16, 16, 3)


def test_the_exported_layout_is_read_with_its_views_and_split_by_id(tmp_path):
    write_split(tmp_path / "Spring", views(10))
    data = read_rows(tmp_path, angle="angle")
    assert len(data) == 20
    assert data.labels.names == ("mass", "angle")
    kept, held = data.split(0.2)
    assert len(held) == 4
    assert not set(kept.id) & set(held.id)
    rows = read(tmp_path)
    assert MultiView(latents=2, steps=2, width=4, batch=4).fit(rows).codes(rows.take(range(4))).shape == (4, 2)


def test_places_may_count_from_the_folder_of_all_splits(tmp_path):
    write_split(tmp_path / "FALL", views(4))
    table = tmp_path / "FALL" / "FALL.csv"
    table.write_text(table.read_text().replace(",0_", ",FALL/0_").replace(",1_", ",FALL/1_"))
    rows = table.read_text().splitlines()
    table.write_text("\n".join(row for row in rows if row[0] in "i01") + "\n")
    assert len(read_rows(tmp_path)) == 4


def test_several_splits_are_domains_and_their_ids_do_not_mix(tmp_path):
    for name in ("SCENE1", "SCENE2"):
        write_split(tmp_path / name, views(4))
    data = read_rows(tmp_path)
    assert list(np.unique(data.domain)) == ["SCENE1", "SCENE2"]
    assert len(np.unique(data.id)) == 8
    assert read_rows(tmp_path / "SCENE2").domain is None
    with pytest.raises(FormatError, match=r"no file or folder .*SCENE9"):
        read_rows(tmp_path / "SCENE9")


def test_missing_files_and_a_missing_column_of_places_are_told(tmp_path):
    write_split(tmp_path / "Fall", views(6))
    for i in range(4):
        (tmp_path / "Fall" / f"{i}_left.png").unlink()
    with pytest.raises(DataError, match=r"'image' names 4 files that are not there .*, first '0_left.png' \(row 1\)"):
        read_rows(tmp_path)
    (tmp_path / "Fall" / "Fall.csv").write_text("id,mass\n1,2.5\n2,3.5\n")
    with pytest.raises(FormatError, match="no column with the images' places: name it 'render_path'"):
        read_rows(tmp_path)


def test_the_json_of_a_column_becomes_columns_that_are_true_variables(tmp_path):
    rows = [json.dumps({"mass": i + 0.5, "list": [1]}) for i in range(12)]
    write_pictures(pictures(12), tmp_path, [f"{i}.png" for i in range(12)])
    quoted = [row.replace('"', '""') for row in rows]
    lines = [f'{i}.png,"{row}"' for i, row in enumerate(quoted)]
    (tmp_path / "labels.csv").write_text("\n".join(["render_path,metavalue", *lines]) + "\n")
    assert read_rows(tmp_path).labels.column("mass").tolist() == [i + 0.5 for i in range(12)]
    (tmp_path / "labels.csv").write_text("\n".join(["render_path,metavalue", *["0.png,{"] * 12]) + "\n")
    with pytest.raises(FormatError, match="is no JSON object"):
        read_rows(tmp_path)


# -- what our own worlds export ----------------------------------------------------------------------------------------


def test_an_exported_world_is_read_back_with_environments_and_views(tmp_path):
    world = PendulumWorld()
    folder = export_world(world, tmp_path / "pendulum", 12, size=8, view=("front", "left"))
    data = read_rows(folder)
    assert len(data) == 24
    assert set(data.domain) == set(world.environments)
    assert set(data.labels.names) == set(world.names)
    assert np.allclose(np.sort(np.unique(data.labels.column("light"))), np.sort(world.sample(12)["light"]), atol=1e-5)


def test_an_exported_video_is_read_back_as_clips(tmp_path):
    world = ProjectileWorld()
    folder = export_world(world, tmp_path / "throws", 3, size=8)
    data = read_rows(folder)
    assert data.x.shape == world.render(world.sample(3), size=8).shape
    assert np.allclose(data.labels.column("y"), world.sample(3)["y"])
    assert np.allclose(data.labels.column("speed"), world.sample(3)["speed"])


# -- clips -------------------------------------------------------------------------------------------------------------


def test_a_file_of_clips_is_read_with_labels_by_clip_and_by_frame(tmp_path):
    clips = RNG.normal(size=(6, 5, 4))
    np.savez(tmp_path / "z.npz", clips=clips, mass=np.arange(6.0) + 0.5, position=RNG.normal(size=(6, 5, 2)))
    data = read_rows(tmp_path / "z.npz")
    assert (data.frames, data.shape) == (5, (4,))
    assert data.labels.names == ("mass", "position 1", "position 2")
    assert data.labels.column("position 2").shape == (6, 5)


def test_a_folder_with_a_clip_a_file_is_read(tmp_path):
    for i in range(4):
        np.savez(tmp_path / f"{i}.npz", frames=pictures(3), velocity=RNG.normal(size=(3, 2)), mass=1.5 * i)
    data = read_rows(tmp_path)
    assert data.x.shape == (4, 3, 8, 8, 3)
    assert data.labels.column("mass").tolist() == [0.0, 1.5, 3.0, 4.5]
    np.savez(tmp_path / "4.npz", frames=pictures(2), velocity=RNG.normal(size=(2, 2)), mass=1.5)
    with pytest.raises(DataError, match=r"differ in length: 0.npz 3, .*4.npz 2"):
        read_rows(tmp_path)


def test_files_of_clips_that_are_damaged_or_lack_the_clips_are_refused(tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04cut")
    with pytest.raises(FormatError, match=r"cut.npz is missing, damaged or no .npz file"):
        read_rows(tmp_path / "cut.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(FormatError, match="no array 'clips'; it has a"):
        read_rows(tmp_path / "other.npz")
    np.savez(tmp_path / "rows.npz", clips=np.zeros((3, 2, 2)), a=np.zeros(4))
    with pytest.raises(DataError, match=r"a of .* has 4 rows for 3 clips"):
        read_rows(tmp_path / "rows.npz")


def test_frames_without_an_id_or_of_clips_of_other_lengths_are_refused(tmp_path):
    write_split(tmp_path / "a", [f"0,{t}.png,{t}" for t in range(4)], "frame,render_path,t")
    with pytest.raises(FormatError, match="name it `id`"):
        read_rows(tmp_path)
    write_split(tmp_path / "b" / "b", ["0,0,a.png", "0,1,b.png", "1,0,c.png"], "id,frame,render_path")
    with pytest.raises(DataError, match="differ in length: 1 to 2 frames"):
        read_rows(tmp_path / "b")


def test_names_that_are_not_there_are_told():
    rows = Table.of({"x": RNG.normal(size=20), "region": np.arange(20.0)})
    with pytest.raises(UnknownVariableError, match="'regoin' is not a variable of this table"):
        Given.of(VAE.card, rows, domain="regoin")
    with pytest.raises(UnknownVariableError, match="'pose'"):
        Given.of(VAE.card, rows, angle="pose")
