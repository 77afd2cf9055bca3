"""What a user names becomes rows: every layout, and the sentence of every one that is not right."""

import gzip

import numpy as np
import pytest

from aitia.data.read import read
from aitia.data.reading.tracks import write_tracks
from aitia.data.table import Table
from aitia.data.tables import write_table
from aitia.data.tracks import Tracks
from aitia.errors import DataError, FormatError, MissingExtraError, OptionError

PICTURES = np.random.default_rng(1).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)


def save(folder, names, images=PICTURES):
    from PIL import Image

    for name, image in zip(names, images, strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / name)


def labelled(folder, file="metadata.csv", column="file_name", head="angle,site", cells="{i}.5,{s}"):
    save(folder, [f"images/{i}.png" for i in range(6)])
    lines = [f"images/{i}.png," + cells.format(i=i, s="ab"[i % 2]) for i in range(6)]
    (folder / file).write_text("\n".join([f"{column},{head}", *lines]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("file", "column"), [("metadata.csv", "file_name"), ("l.csv", "render_path"), ("l.csv", "image")]
)
def test_a_folder_of_pictures_with_labels(tmp_path, file, column):
    table = read(labelled(tmp_path, file, column))
    assert table.names == ("image", "angle", "site")
    assert np.array_equal(table.pictures("image"), PICTURES)
    assert table.labels("site").tolist() == list("ababab")
    assert read(tmp_path, size=4).pictures("image").shape == (6, 4, 4, 3)
    assert read(tmp_path, labels=tmp_path / file) == table


def test_metadata_wins_over_other_files_of_labels(tmp_path):
    labelled(tmp_path)
    (tmp_path / "other.csv").write_text("x\n1\n")
    assert read(tmp_path).names == ("image", "angle", "site")


def test_sub_folders_are_labels(tmp_path):
    save(tmp_path, ["cat/1.png", "cat/2.png", "dog/1.jpg"])
    table = read(tmp_path)
    assert table.labels("label").tolist() == ["cat", "cat", "dog"]
    assert np.array_equal(table.pictures("image")[:2], PICTURES[:2])
    save(tmp_path, ["stray.png"])
    with pytest.raises(FormatError, match=r"sub-folders, which are labels, and others such as stray\.png"):
        read(tmp_path)


def test_pictures_alone(tmp_path):
    save(tmp_path, ["b.png", "a.png"])
    assert np.array_equal(read(tmp_path).pictures("image"), PICTURES[[1, 0]])


def test_the_export_of_a_suite_has_a_domain_a_split(tmp_path):
    for k, split in enumerate(("day", "night")):
        folder = tmp_path / split
        save(folder, [f"{i}.png" for i in range(3)], PICTURES[3 * k :])
        lines = [f'{split}/{i}.png,{i},"{{""height"": {i}.5}}"' for i in range(3)]
        (folder / f"{split}.csv").write_text("\n".join(["render_path,id,metavalue", *lines]) + "\n")
    table = read(tmp_path)
    assert table.labels("domain").tolist() == ["day"] * 3 + ["night"] * 3
    assert table.labels("id").tolist()[:2] == ["day/0", "day/1"]
    assert table.column("height").tolist() == [0.5, 1.5, 2.5] * 2
    assert np.array_equal(table.pictures("image"), PICTURES)


def test_a_folder_that_datasets_wrote(tmp_path):
    import datasets
    from PIL import Image

    features = datasets.Features(
        {
            "image": datasets.Image(),
            "kind": datasets.ClassLabel(names=["cat", "dog"]),
            "angle": datasets.Value("float64"),
            "answers": datasets.Sequence(datasets.Value("string")),
        }
    )
    rows = {
        "image": [Image.fromarray(one) for one in PICTURES[:3]],
        "kind": [0, 1, 0],
        "angle": [1.5, 2.5, 3.5],
        "answers": [["a"], ["b", "c"], []],
    }
    made = datasets.Dataset.from_dict(rows, features=features)
    made.save_to_disk(str(tmp_path / "disk"))
    datasets.DatasetDict({"train": made}).save_to_disk(str(tmp_path / "parts"))
    (tmp_path / "hub" / "data").mkdir(parents=True)
    made.to_parquet(str(tmp_path / "hub" / "data" / "train-00000-of-00001.parquet"))
    for name in ("disk", "parts", "hub"):
        table = read(tmp_path / name)
        assert np.array_equal(table.pictures("image"), PICTURES[:3])
        assert table.labels("kind").tolist() == ["cat", "dog", "cat"]
        assert table.lists("answers") == [["a"], ["b", "c"], []]
    with pytest.raises(FormatError, match="has no split 'test'; it has train"):
        read(tmp_path / "parts", split="test")


def test_a_folder_of_texts(tmp_path):
    (tmp_path / "a.txt").write_text("first\nline")
    (tmp_path / "b.md").write_text("# head")
    (tmp_path / "c.html").write_text("<title>T</title><style>x{}</style><p>one <b>two</b></p><script>no()</script>")
    table = read(tmp_path)
    assert table.texts("file") == ["a.txt", "b.md", "c.html"]
    assert table.texts("text") == ["first\nline", "# head", "T\none two"]
    (tmp_path / "d.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match=r"d\.txt cannot be read: byte 0 is not UTF-8: save it as UTF-8"):
        read(tmp_path)


def test_texts_in_sub_folders_have_a_label(tmp_path):
    for label in ("neg", "pos"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.txt").write_text(label)
    assert read(tmp_path).labels("label").tolist() == ["neg", "pos"]


def test_tables_of_every_ending(tmp_path):
    table = Table.of({"x": [1.5, 2.5], "s": ["a", "b"]})
    for ending in (".csv", ".tsv", ".jsonl", ".csv.gz", ".parquet"):
        write_table(table, tmp_path / f"t{ending}")
        assert read(tmp_path / f"t{ending}") == table
    table.to_pandas().to_feather(tmp_path / "t.feather")
    assert read(tmp_path / "t.feather") == table


def test_excel_is_read_where_openpyxl_is_there(tmp_path):
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        (tmp_path / "t.xlsx").write_bytes(b"PK")
        with pytest.raises(MissingExtraError, match="needs openpyxl"):
            read(tmp_path / "t.xlsx")
    else:
        table = Table.of({"x": [1.5, 2.5], "s": ["a", "b"]})
        table.to_pandas().to_excel(tmp_path / "t.xlsx", index=False)
        assert read(tmp_path / "t.xlsx") == table


def test_frames_of_an_id_are_a_clip(tmp_path):
    labelled(tmp_path, head="id,frame,site,angle", cells="{i}0,0,{s},{i}.5")
    (tmp_path / "metadata.csv").write_text(
        "file_name,id,frame,environment,angle\n"
        + "\n".join(f"images/{i}.png,{10 if i % 2 else 2},{i // 2},{'ab'[i % 2]},{i}.5" for i in range(6))
    )
    clips = read(tmp_path, takes=("clips",))
    assert clips.images.shape == (2, 3, 8, 8, 3)
    assert np.array_equal(clips.images[0], PICTURES[[0, 2, 4]])
    assert clips.labels.labels("id").tolist() == ["2", "10"]
    assert clips.labels.labels("environment").tolist() == ["a", "b"]
    assert clips.labels.column("angle").tolist() == [[0.5, 2.5, 4.5], [1.5, 3.5, 5.5]]
    assert read(tmp_path).names[0] == "image"  # who takes a table gets one


def test_single_pictures_are_no_clips(tmp_path):
    labelled(tmp_path)
    with pytest.raises(FormatError, match="holds single images or texts, wanted clips"):
        read(tmp_path, takes=("clips",))
    assert read(tmp_path, takes=("clips", "table")).n == 6


def test_clips_in_arrays(tmp_path):
    clips = PICTURES.reshape(2, 3, 8, 8, 3)
    np.savez(tmp_path / "c.npz", clips=clips, x=np.arange(6.0).reshape(2, 3), domain=np.array(["a", "b"]))
    found = read(tmp_path / "c.npz", takes=("clips",))
    assert np.array_equal(found.images, clips)
    assert found.labels.labels("environment").tolist() == ["a", "b"]
    assert found.labels.column("x").shape == (2, 3)
    (tmp_path / "many").mkdir()
    for i in range(2):
        np.savez(tmp_path / "many" / f"{i}.npz", frames=clips[i], x=np.arange(3.0) + i)
    assert np.array_equal(read(tmp_path / "many", takes=("clips",)).images, clips)
    np.savez(tmp_path / "many" / "2.npz", frames=clips[0][:2], x=np.arange(2.0))
    with pytest.raises(DataError, match=r"differ in length: 0\.npz 3, 1\.npz 3, 2\.npz 2"):
        read(tmp_path / "many", takes=("clips",))
    np.savez(tmp_path / "v.npz", clips=np.zeros((2, 3, 4)))
    assert read(tmp_path / "v.npz", takes=("clips",)).images.shape == (2, 3, 4)  # vectors in time


def test_tracks_and_recordings(tmp_path):
    walk = np.cumsum(np.ones((3, 2, 20, 2)), axis=2)
    write_tracks(Tracks.of(walk, ["a", "b", "b"]), tmp_path / "walk.npz")
    assert read(tmp_path / "walk.npz", takes=("tracks",)).environments == ("a", "b")
    (tmp_path / "worm.csv").write_text("time,AVA,AVB\n0,1.5,2\n0.5,2.5,1\n1,0.5,3\n")
    assert read(tmp_path / "worm.csv", takes=("recordings",)).units == ("AVA", "AVB")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.csv", None, "there is no file or folder"),
        ("empty.csv", b"", r"empty\.csv holds no line"),
        ("binary.csv", b"\x00\xff\xfe\x80\n\x9c", r"binary\.csv"),
        ("cut.parquet", b"PAR1 damaged", r"cut\.parquet cannot be read as parquet"),
        ("cut.csv.gz", b"\x1f\x8b damaged", r"cut\.csv\.gz cannot be read as csv"),
        ("bad.jsonl", b'{"x": 1}\n{"x": ', r"bad\.jsonl, line 2 is not valid JSON \(line 1, column 7"),
        ("list.jsonl", b"[1, 2]\n", r"list\.jsonl, line 1 is no JSON object"),
        ("void.jsonl", b"\n", r"void\.jsonl holds no line"),
        ("latin.jsonl", b'{"x": "\xe9"}', r"latin\.jsonl cannot be read as jsonl"),
        ("cut.jsonl.gz", gzip.compress(b'{"x": 1}\n', mtime=0)[:12], r"cut\.jsonl\.gz cannot be read as jsonl"),
        ("page.docx", b"PK", "is a file, wanted a table"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=sentence) as raised:
        read(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_a_bad_folder_is_named(tmp_path):
    with pytest.raises(FormatError, match="is empty, wanted a table"):
        read(tmp_path)
    labelled(tmp_path)
    (tmp_path / "images" / "3.png").unlink()
    with pytest.raises(DataError, match=r"names a file that is not there in .*'images/3\.png' \(row 3\)"):
        read(tmp_path)
    (tmp_path / "metadata.csv").write_text("x\n1\n")
    with pytest.raises(FormatError, match="no column with the images' places"):
        read(tmp_path)
    (tmp_path / "metadata.csv").rename(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("x\n1\n")
    with pytest.raises(FormatError, match=r"several CSV files \(a\.csv, b\.csv\)"):
        read(tmp_path)
    with pytest.raises(OptionError, match="no form of rows 'images'; there are table"):
        read(tmp_path, takes=("images",))
