"""Mucr before files: records that link to each other, tables of a user's own, and each bad picture."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from aitia.data.columns.picture import decoded, png
from aitia.errors import AitiaError, DataError, FormatError, OptionError
from aitia.systems.mucr import Mucr
from aitia.worlds import SiameseWorld

WORLD = SiameseWorld()
SMALL = {"steps": 4, "batch": 8, "width": 8, "pixels": 16, "device": "cpu"}


def rows(n):
    return WORLD.rows(WORLD.sample(n, seed=0), 16)


def records(folder, n=4, **more):
    """Records as the published ones are, as JSON lines beside their pictures."""
    sample = WORLD._own(WORLD.sample(n, seed=1))
    (folder / "images").mkdir(parents=True, exist_ok=True)
    lines = []
    for row in range(n):
        for side in (0, 1):
            (folder / "images" / f"{row}_{side}.png").write_bytes(png(WORLD.picture(sample, side, 16)[row]))
        lines.append({
            "id": row + 7, "caption_0": f"a cause {row}", "caption_1": f"an effect {row}",
            "link_id": str([(row + k) % n + 7 for k in range(1, n)]), "cue": "true", "false_cue": ["x", "y", "z"],
            "style": ("photo", "comic")[row % 2], "causal_reason": ["because"] * 3,
            "image_0": f"images/{row}_0.png", "image_1": f"images/{row}_1.png",
        } | {name: values[row] for name, values in more.items()})  # fmt: skip
    (folder / "mucr.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder / "mucr.jsonl"


def test_a_record_is_asked_about_beside_the_pictures_that_it_links_to(tmp_path):
    file = records(tmp_path)
    sample = WORLD._own(WORLD.sample(4, seed=1))
    places = set()
    for asked, side in (("effect", 0), ("cause", 1)):
        model = Mucr(**SMALL, asks=asked).fit(file)
        found = model.items(file)
        for row in range(4):
            pictures = [decoded(cell) for cell in found.candidates[row]]
            true = WORLD.picture(sample, 1 - side, 16)
            assert str(found.shown[row]).endswith(f"images/{row}_{side}.png")
            assert np.array_equal(pictures[found.right[row]], true[row])
            assert {p.tobytes() for p in pictures} == {one.tobytes() for one in true}
            place = int(found.right[row])
            assert found.said[row][0] == f"a{('n effect' if side else ' cause')} {row}"
            assert found.said[row][place + 1] == f"a{(' cause' if side else 'n effect')} {row}"
            places.add(place)
        told = model.judge(model.given(file), model.given(file))
        assert {"right, style photo", "right, style comic"} <= set(told)
        assert any(note == f"the rows have the hash {model.given(file).hash()[:16]}" for note in model.training.notes)
    assert len(places) > 1
    cues = Mucr(**SMALL, asks="cue").fit(file).items(file)
    assert all(set(own) == {"true", "x", "y", "z"} and own[place] == "true"
               for own, place in zip(cues.cues, cues.right, strict=True))  # fmt: skip


def test_a_folder_of_parquet_is_read_as_the_json_lines_are(tmp_path):
    datasets = pytest.importorskip("datasets")
    file = records(tmp_path / "lines")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        for name in ("image_0", "image_1"):
            with Image.open(file.parent / line[name]) as opened:
                line[name] = opened.copy()
    (tmp_path / "packed").mkdir()
    datasets.Dataset.from_list(lines).to_parquet(tmp_path / "packed" / "train.parquet")
    model = Mucr(**SMALL).fit(file)
    other = Mucr(**SMALL).fit(tmp_path / "packed")
    one, two = model.items(file), other.items(tmp_path / "packed")
    assert np.array_equal(one.right, two.right)
    assert one.said == two.said
    for row in range(4):
        pictures = [decoded(cell) for cell in one.candidates[row]]
        assert np.array_equal(np.stack(pictures), np.stack(two.candidates[row]))
    assert np.allclose(model.encode(file).matrix(), other.encode(tmp_path / "packed").matrix(), atol=1e-6)


def test_records_that_link_to_nothing_are_named(tmp_path):
    for links, told in (
        ([str([7])] * 4, r"row 0 links to itself \(7\)"),
        ([str([8, 99])] * 4, "row 0 links to '99', and no record has that id"),
        (["[8,"] * 4, "row 0, where a list is wanted"),
        (["__import__('os')"] * 4, "row 0, where a list is wanted"),
    ):
        with pytest.raises(AitiaError, match=told):
            Mucr(**SMALL).fit(records(tmp_path, link_id=links))
    with pytest.raises(DataError, match="the id '7' is not that of one row alone"):
        Mucr(**SMALL).fit(records(tmp_path, id=[7, 7, 8, 9]))
    with pytest.raises(DataError, match="row 0 has 2 false cues: a record has three"):
        Mucr(**SMALL, asks="cue").fit(records(tmp_path, false_cue=[["x", "y"]] * 4))
    with pytest.raises(DataError, match="row 0 has the same cue twice"):
        Mucr(**SMALL, asks="cue").fit(records(tmp_path, cue=["x"] * 4))


def own_pictures(folder, heads="cause,effect,one,two"):
    sample = WORLD._own(WORLD.sample(6, seed=2))
    (folder / "p").mkdir(exist_ok=True)
    for side in (0, 1):
        for row, picture in enumerate(WORLD.picture(sample, side, 16)):
            (folder / "p" / f"{side}{row}.png").write_bytes(png(picture))
    lines = [heads, *(f"p/0{k}.png,p/1{k}.png,p/1{(k + 1) % 6}.png,p/1{k if k == 3 else (k + 2) % 6}.png"
                      for k in range(6))]  # fmt: skip
    (folder / "mine.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "mine.csv"


def test_a_table_of_cause_effect_and_candidates_is_read(tmp_path):
    file = own_pictures(tmp_path)
    model = Mucr(**SMALL).fit(file, candidates=("one", "two"))
    found = model.items(file, candidates=("one", "two"))
    assert [len(own) for own in found.candidates] == [3, 3, 3, 2, 3, 3]  # row 3 has its effect among them
    for row in range(6):
        assert found.candidates[row][found.right[row]].endswith(f"p/1{row}.png")
        assert found.shown[row].endswith(f"p/0{row}.png")
    assert found.right[3] == 1
    assert len(set(found.right.tolist())) > 1
    assert len(model.predict(file, candidates=("one", "two")).labels("choice")) == 6
    with pytest.raises(DataError, match="these candidates are no columns of the rows"):
        model.do(order="rotated").edit(file, candidates=("one", "two"))


def test_each_bad_picture_gets_one_sentence(tmp_path):
    file = own_pictures(tmp_path)
    bad = tmp_path / "p" / "00.png"

    def refused(told):
        with pytest.raises(FormatError) as caught:
            Mucr(**SMALL).fit(file, candidates=("one", "two"))
        text = str(caught.value)
        assert told in text, text
        assert "row 0 of 'cause'" in text
        assert "\n" not in text

    bad.write_bytes(b"")
    refused("is empty (0 bytes)")
    bad.write_bytes(b"no picture")
    refused("is no picture that can be read")
    frames = [Image.new("RGB", (8, 8), (k * 60, 0, 0)) for k in range(3)]
    frames[0].save(bad, "GIF", save_all=True, append_images=frames[1:])
    refused("moves (3 pictures)")
    Image.new("CMYK", (8, 8)).save(bad, "JPEG")
    refused("colours of print (CMYK)")
    Image.new("1", (20_000, 4)).save(bad, "PNG")
    refused("has 20,000 x 4 pixels")
    Image.new("1", (16_000, 16_000)).save(bad, "PNG")
    refused("is no picture that can be read: Image size (256000000 pixels) exceeds")
    bad.unlink()
    with pytest.raises(DataError, match="names a file that is not there"):
        Mucr(**SMALL).fit(file, candidates=("one", "two"))


def test_rows_that_cannot_be_asked_are_named():
    table = rows(6)
    for columns, kinds, told in (
        ({"choice": ["e", *"abcda"]}, {"choice": "label"}, "row 0 has the choice 'e': it is a letter from a to d"),
        ({"asked": ["why"] * 6}, {"asked": "label"}, "row 0 asks 'why': a row asks effect, cause, cue, reason"),
        ({"captions": [["a", "b"]] * 6}, {"captions": "list"}, "row 0 has 2 captions for 5 pictures"),
        ({"shown": [None, *table.pictures("shown")[1:]]}, {"shown": "picture"}, "row 0 shows no picture"),
        ({"candidate_c": [None, *table.pictures("candidate_c")[1:]]}, {"candidate_c": "picture"},
         "row 0 has no picture in 'candidate_c'"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=told):
            Mucr(**SMALL).fit(table.with_columns(columns, kinds=kinds))
    with pytest.raises(DataError, match="row 0 has 1 candidates: there are 2 to 26"):
        Mucr(**SMALL).fit(table.drop(["candidate_b", "candidate_c", "candidate_d", "captions", "choice"]))
    paths = {
        name: [f"{k}.png" for k in range(6)] for name in ("candidate_a", "candidate_b", "candidate_c", "candidate_d")
    }
    with pytest.raises(
        DataError, match=r"no picture to choose: .*--candidates candidate_a,candidate_b,candidate_c,cand"
    ):
        Mucr(**SMALL).fit(table.drop(list(paths)).with_columns(paths, kinds=dict.fromkeys(paths, "text")))
    with pytest.raises(DataError, match="fewer than 2 rows say their answer"):
        Mucr(**SMALL).fit(table.unlabelled(["choice"]))
    with pytest.raises(DataError, match="needs two pictures"):
        Mucr(**SMALL, asks="reason").fit(table.drop(["asked"]))
    with pytest.raises(OptionError, match="one of --model and --client"):
        Mucr(**SMALL).fit(table, model=torch.nn.Linear(1, 1), client=print)
    with pytest.raises(OptionError, match="say where the rows are"):
        Mucr(**SMALL).fit(None)
    for options in ({"learning_rate": 0}, {"layout": "grid"}, {"batch": 1}, {"setting": "sound"}, {"asks": "who"}):
        with pytest.raises(OptionError):
            Mucr(**options)
