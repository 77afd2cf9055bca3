"""Folders of images with labels: what comes back, and what is said of a folder that is not right."""

import numpy as np
import pytest

from aitia.data.images import ImageSet, read_images, write_images
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, UnknownVariableError


def pictures(n=4, size=8):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def folder_of(place, images, rows, column="render_path"):
    write_images(images, place / "images", [f"{i}.png" for i in range(len(images))])
    header, *lines = rows
    text = [f"{column},{header}", *(f"images/{i}.png,{line}" for i, line in enumerate(lines))]
    (place / "labels.csv").write_text("\n".join(text) + "\n")
    return place


@pytest.mark.parametrize("column", ["render_path", "path", "filename"])
def test_a_folder_comes_back_pixel_by_pixel_with_its_labels(tmp_path, column):
    images = pictures()
    found = read_images(folder_of(tmp_path, images, ("angle,site", "1,a", "2,a", "3.5,b", "4,b"), column))
    assert np.array_equal(found.images, images)
    assert found.labels.column("angle").tolist() == [1, 2, 3.5, 4]
    assert list(found.labels.labels("site")) == ["a", "a", "b", "b"]
    assert column not in found.labels


def test_a_folder_that_holds_a_hub_data_set_is_read_as_one(tmp_path):
    import datasets
    from PIL import Image

    images = pictures()
    set_ = datasets.Dataset.from_dict(
        {"image": [Image.fromarray(one) for one in images], "angle": [1.0, 2.0, 3.0, 4.0]}
    )
    (tmp_path / "data").mkdir()
    set_.to_parquet(str(tmp_path / "data" / "train-00000-of-00001.parquet"))
    found = read_images(tmp_path)
    assert np.array_equal(found.images, images)
    assert found.labels.column("angle").tolist() == [1, 2, 3, 4]


def test_the_first_three_missing_files_are_named(tmp_path):
    place = folder_of(tmp_path, pictures(6), ("a", *"123456"))
    for i in (1, 2, 4, 5):
        (place / "images" / f"{i}.png").unlink()
    with pytest.raises(FormatError, match=r"4 images of 6 are missing.*1\.png.*2\.png.*4\.png, \.\.\."):
        read_images(place)


def test_images_of_different_sizes_are_refused_or_scaled(tmp_path):
    place = folder_of(tmp_path, pictures(2), ("a", "1", "2"))
    write_images(pictures(1, 16), place / "images", ["1.png"])
    with pytest.raises(DataError, match=r"0\.png is 8x8, .*1\.png is 16x16; give a size"):
        read_images(place)
    assert read_images(place, size=8).images.shape == (2, 8, 8, 3)


def test_scaling_down_averages_areas():
    images = np.repeat(np.repeat(pictures(1, 4), 2, axis=1), 2, axis=2)
    small = ImageSet(images, Table.of({"a": [1.0]})).resized(4)
    assert np.array_equal(small.images, pictures(1, 4))


def test_a_file_that_is_no_image_is_named(tmp_path):
    place = folder_of(tmp_path, pictures(2), ("a", "1", "2"))
    (place / "images" / "1.png").write_text("no image")
    with pytest.raises(FormatError, match=r"1\.png is no image"):
        read_images(place)


def test_a_folder_without_labels_or_with_several_files_says_so(tmp_path):
    with pytest.raises(FormatError, match="no CSV file"):
        read_images(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n1\n")
    with pytest.raises(FormatError, match=r"several CSV files \(a\.csv.*b\.csv\)"):
        read_images(tmp_path)
    with pytest.raises(FormatError, match="name it 'render_path'"):
        read_images(tmp_path, labels=tmp_path / "a.csv")
    with pytest.raises(FormatError, match="there is no folder"):
        read_images(tmp_path / "none")


def test_labels_that_teach_nothing_are_refused():
    set_ = ImageSet(
        pictures(3), Table.of({"same": [1.0, 1.0, 1.0], "hole": [1.0, np.nan, 2.0], "good": [1.0, 2.0, 3.0]})
    )
    set_.check_labels(["good"])
    with pytest.raises(DataError, match="'same' of given is constant"):
        set_.check_labels(["same"])
    with pytest.raises(DataError, match="'hole' of given is missing in row 1"):
        set_.check_labels(["hole"])
    with pytest.raises(UnknownVariableError):
        set_.check_labels(["gone"])


def test_as_many_rows_as_images_of_bytes_are_wanted():
    with pytest.raises(DataError, match="3 images and 2 rows"):
        ImageSet(pictures(3), Table.of({"a": [1.0, 2.0]}))
    with pytest.raises(DataError, match="float64"):
        ImageSet(pictures(1).astype(float), Table.of({"a": [1.0]}))
