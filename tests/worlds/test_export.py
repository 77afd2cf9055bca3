"""What an export writes can be read back, value for value and pixel for pixel."""

import csv
import io
import json

import numpy as np
import pytest

from aitia.data import frames
from aitia.errors import FormatError, MissingExtraError, OptionError
from aitia.graph.graph import Graph
from aitia.worlds import CollisionWorld, LatentProcessWorld, ProcessConfig, ProjectileWorld, Rollout
from aitia.worlds.export import export_world, lines
from aitia.worlds.sample import Latent
from aitia.worlds.world import World

pytest.importorskip("PIL")
pytest.importorskip("pyarrow")


class Tinted(World):
    """A tint of one of two kinds, whose cause is hidden; seen from the front, or inverted."""

    name = "tinted"
    environments = ("day", "night")
    changes = {"night": ("tint",)}  # noqa: RUF012 - as in the worlds of the package
    latents = (
        Latent("cause", -4.0, 4.0, "lx", visible=False),
        Latent("tint", -9.0, 9.0),
        Latent("sort", 0.0, 1.0, kind="categorical", labels=("red", "blue")),
    )
    graph = Graph("cause -> tint; cause -> sort")

    def mechanism(self, name, parents, noise, env):
        if name == "cause":
            return noise
        return parents["cause"] + (1 + env) * noise if name == "tint" else (parents["cause"] + noise > 0) * 1.0

    def render(self, sample, *, size=64, view=None):
        level = np.clip(128 + 20 * sample["tint"], 0, 255).astype(np.uint8)
        picture = np.zeros((len(sample), size, size, 3), np.uint8)
        picture[np.arange(len(sample)), :, :, sample["sort"].astype(int) * 2] = level[:, None, None]
        return 255 - picture if view == "inverted" else picture


class Points(Tinted):
    """The same, seen as three numbers."""

    name = "points"
    seen = "vector"

    def render(self, sample, *, size=64, view=None):
        return np.stack([sample["tint"], sample["sort"], sample["tint"] ** 2], axis=1)


class Walkers(Rollout):
    """Two walkers, seen as tracks."""

    name = "walkers"
    seen = "tracks"
    frames = 5
    latents = (Latent("a", -9.0, 9.0, varies=True), Latent("b", -9.0, 9.0, varies=True))
    graph = Graph("a -> b")

    def step(self, name, frame):
        before = frame.before(name) if frame.t else 0.0
        return before + frame.noise + (frame["a"] if name == "b" else 0.0)

    def render(self, sample, *, size=64, view=None):
        return np.stack([sample["a"], sample["b"]], axis=2)[..., None]


def rows_of(folder):
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def decoded(image):
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(image)))


# -- there and back ---------------------------------------------------------------------------------------------------


def test_pictures_and_latents_come_back_from_png(tmp_path):
    world = Tinted()
    folder = export_world(world, tmp_path / "out", 300, seed=3, size=8)
    sample = world.sample(300, seed=3)
    rows = rows_of(folder)
    assert list(rows[0]) == ["id", "env", "render_path", "tint", "sort"]
    assert [row["env"] for row in rows] == sample.labels.tolist()
    assert [float(row["tint"]) for row in rows] == sample["tint"].tolist()
    assert [row["sort"] for row in rows] == [("red", "blue")[int(code)] for code in sample["sort"]]
    pictures = [decoded((folder / row["render_path"]).read_bytes()) for row in rows]
    assert np.array_equal(pictures, world.render(sample, size=8))


def test_a_video_is_a_folder_of_frames_with_a_line_each(tmp_path):
    world = ProjectileWorld(frames=4)
    folder = export_world(world, tmp_path / "out", 3, seed=1, size=16, env="earth")
    sample, rows = world.sample(3, seed=1, env="earth"), rows_of(folder)
    assert len(rows) == 12
    assert rows[5]["render_path"] == "images/000001/001.png"
    assert {row["env"] for row in rows} == {"earth"}
    for name in world.names:
        values = sample[name] if sample[name].ndim == 2 else np.repeat(sample[name][:, None], 4, axis=1)
        assert [float(row[name]) for row in rows] == values.ravel().tolist()
    pictures = np.array([decoded((folder / row["render_path"]).read_bytes()) for row in rows])
    assert np.array_equal(pictures.reshape(3, 4, 16, 16, 3), world.render(sample, size=16))


def test_views_of_a_row_share_its_id(tmp_path):
    folder = export_world(Tinted(), tmp_path / "out", 130, size=8, view=("front", "inverted"))
    rows = rows_of(folder)
    assert len(rows) == 260
    by_id = {}
    for row in rows:
        by_id.setdefault(row["id"], {})[row["view"]] = row
    assert len(by_id) == 130
    pair = by_id["129"]
    assert pair["front"]["tint"] == pair["inverted"]["tint"]
    front, inverted = (decoded((folder / pair[view]["render_path"]).read_bytes()) for view in ("front", "inverted"))
    assert np.array_equal(front, 255 - inverted)


@pytest.mark.parametrize("format", ["parquet", "arrow", "datasets"])
def test_pictures_and_latents_come_back_from_tables(tmp_path, format):
    import pyarrow as pa
    import pyarrow.parquet as pq

    world = Tinted()
    folder = export_world(world, tmp_path / "out", 200, seed=3, size=8, format=format, hidden=True)
    file = next((folder / "data").iterdir())
    table = pa.ipc.open_file(file).read_all() if format == "arrow" else pq.read_table(file)
    sample = world.sample(200, seed=3)
    assert table.column_names == ["image", "id", "env", "render_path", "cause", "tint", "sort"]
    assert table["cause"].to_pylist() == sample["cause"].tolist()
    pictures = [decoded(image["bytes"]) for image in table["image"].to_pylist()]
    assert np.array_equal(pictures, world.render(sample, size=8))
    assert (folder / "README.md").exists() == (format == "datasets")
    assert json.loads((folder / "manifest.json").read_text())["written"] == ["cause", "tint", "sort"]


@pytest.mark.filterwarnings("ignore")  # of the other library
def test_datasets_loads_the_folder_without_a_network(tmp_path, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets")
    world = ProjectileWorld(frames=3)
    folder = export_world(world, tmp_path / "out", 4, seed=1, size=16, format="datasets")
    data = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))["train"]
    assert data.column_names == ["image", "id", "env", "frame", "render_path", *world.names]
    assert data.features["gravity"].dtype == "float64"
    sample = world.sample(4, seed=1)
    assert np.array_equal(
        [np.asarray(row["image"]) for row in data], world.render(sample, size=16).reshape(12, 16, 16, 3)
    )
    assert list(data["gravity"]) == np.repeat(sample["gravity"], 3).tolist()


def test_vectors_are_columns(tmp_path):
    folder = export_world(Points(), tmp_path / "out", 10, seed=2)
    sample, rows = Points().sample(10, seed=2), rows_of(folder)
    assert list(rows[0]) == ["id", "env", "tint", "sort", "vector_1", "vector_2", "vector_3"]
    assert [float(row["vector_3"]) for row in rows] == (sample["tint"] ** 2).tolist()
    assert not (folder / "images").exists()


@pytest.mark.parametrize("format", ["png", "parquet"])
def test_tracks_are_an_array_beside_the_labels(tmp_path, format):
    world = Walkers()
    folder = export_world(world, tmp_path / "out", 200, seed=2, format=format)
    raw = np.load(folder / "raw.npz")["raw"]
    assert np.array_equal(raw, world.render(world.sample(200, seed=2)))
    if format == "png":
        rows = rows_of(folder)
        assert len(rows) == 1000
        assert [float(row["b"]) for row in rows] == raw[:, :, 1, 0].ravel().tolist()


# -- what is said about it --------------------------------------------------------------------------------------------


def test_the_manifest_holds_the_truth(tmp_path):
    config = ProcessConfig(latents=2, edges=("z1 -> z2",), environments=2, noise="laplace", frames=4)
    world = LatentProcessWorld(config).hold("z1=0.5", 1, 3)
    said = json.loads((export_world(world, tmp_path / "out", 2, size=8) / "manifest.json").read_text())
    assert said["graph"] == {"nodes": ["z1", "z2"], "edges": [["z1", "z2"]]}
    assert said["noise"] == dict.fromkeys(("z1", "z2"), "Laplace of variance 1, one a frame")
    assert said["environments"] == ["e1", "e2"]
    assert said["changes"] == {"e2": ["z1", "z2"]}
    assert said["held"] == [{"do": {"z1": 0.5}, "frames": [1, 3]}]
    assert ProcessConfig.from_dict(said["config"]) == config
    assert any("sufficient change: 2 labelled environments" in sentence for sentence in said["assumptions"])
    assert (said["rows"], said["lines"], said["seed"]) == (2, 8, 0)


def test_the_card_names_graph_ranges_units_and_what_is_withheld(tmp_path):
    card = (export_world(Tinted(), tmp_path / "out", 4, size=8, format="datasets") / "README.md").read_text()
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert "    cause -> tint\n" in card
    assert "| cause | -4 to 4 | lx | continuous | constant | no | standard normal |" in card
    assert "| sort | red, blue |" in card
    assert "- `night`: tint" in card
    assert "not offered: the values of cause are withheld" in card


def test_the_same_call_writes_the_same_bytes(tmp_path):
    one, other = (export_world(CollisionWorld(frames=3), tmp_path / name, 2, size=8) for name in ("one", "other"))
    for path in (path for path in one.rglob("*") if path.is_file()):
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes()


# -- bad input --------------------------------------------------------------------------------------------------------


def test_a_folder_with_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FormatError, match=r"is not empty \(mine.txt is there\), and what is written never mixes"):
        export_world(Tinted(), tmp_path, 2)
    with pytest.raises(FormatError, match="is there already and no folder"):
        export_world(Tinted(), tmp_path / "mine.txt", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled_and_missing_parents_are_made(tmp_path):
    (tmp_path / "empty").mkdir()
    assert (export_world(Tinted(), tmp_path / "empty", 2, size=8) / "labels.csv").exists()
    assert (export_world(Tinted(), tmp_path / "a" / "b", 2, size=8) / "labels.csv").exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_breaks_off_leaves_nothing(tmp_path, monkeypatch, error):
    calls = []

    def fail(picture):
        calls.append(picture)
        if len(calls) == 150:
            raise error
        return b""

    monkeypatch.setattr(lines, "_png", fail)
    wanted = (
        (FormatError, "No space left on device; nothing is left") if isinstance(error, OSError) else (type(error), "^$")
    )
    with pytest.raises(wanted[0], match=wanted[1]):
        export_world(Tinted(), tmp_path / "out", 200, size=8)
    assert list(tmp_path.iterdir()) == []


def test_wrong_options_are_named(tmp_path):
    for options, sentence in (
        ({"format": "hdf5"}, "format is one of png, parquet, arrow, datasets, got 'hdf5'"),
        ({"view": ("front", "front")}, "a view is named once"),
        ({"view": ()}, "a view is named once"),
        ({"env": "dusk"}, "there is no environment 'dusk'"),
    ):
        with pytest.raises(OptionError, match=sentence):
            export_world(Tinted(), tmp_path / "out", 2, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_latent_named_like_a_column_is_refused(tmp_path):
    world = LatentProcessWorld(ProcessConfig(latents=("id", "b")))
    with pytest.raises(OptionError, match="the latent 'id' has the name of a column"):
        export_world(world, tmp_path / "out", 2)


def test_a_missing_library_is_named_with_its_extra(tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(frames.importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"this needs PIL.Image.*aitia\[nets\]"):
        export_world(Tinted(), tmp_path / "out", 2)
    monkeypatch.setattr(World, "sample", lambda *_, **__: pytest.fail("nothing is drawn for what cannot be written"))
    for format in ("parquet", "arrow", "datasets"):
        with pytest.raises(MissingExtraError, match=r"this needs pyarrow.*aitia\[data\]"):
            export_world(Points(), tmp_path / "out", 2, format=format)
    assert list(tmp_path.iterdir()) == []
