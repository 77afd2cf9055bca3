"""Folders of images with reports, DICOM among them, and pictures of more bits than are shown."""

import numpy as np
import pytest

from aitia.data.columns.picture import decoded, png
from aitia.data.read import read
from aitia.errors import DataError, FormatError


def pairs(folder, names=("a", "b"), size=4):
    folder.mkdir(parents=True, exist_ok=True)
    for k, name in enumerate(names):
        (folder / f"{name}.png").write_bytes(png(np.full((size, size, 3), 10 * k, np.uint8)))
        (folder / f"{name}.txt").write_text(f"report of {name} .\n", encoding="utf-8")
    return folder


def test_a_folder_of_pairs_is_a_table_of_images_and_reports(tmp_path):
    table = read(pairs(tmp_path / "pairs")).known
    assert table.names == ("image", "report")
    assert table.texts("report") == ["report of a .", "report of b ."]
    assert table.pictures("image")[:, 0, 0, 0].tolist() == [0, 10]


def test_sub_folders_are_domains(tmp_path):
    for name in ("cxr", "path"):
        pairs(tmp_path / name)
    table = read(tmp_path).known
    assert table.labels("domain").tolist() == ["cxr", "cxr", "path", "path"]
    pairs(tmp_path, ("loose",))
    with pytest.raises(DataError, match="in sub-folders, which are domains, and others such as loose in none"):
        read(tmp_path)


def test_a_table_beside_the_pictures_says_the_reports_too(tmp_path):
    pairs(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.txt").unlink()
    (tmp_path / "metadata.csv").write_text("image,report\na.png,all clear .\nb.png,fluid .\n")
    table = read(tmp_path, expected={"report": "text"}).known
    assert table.texts("report") == ["all clear .", "fluid ."]
    assert table.pictures("image").shape == (2, 4, 4, 3)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("b.txt", "the image b.png has no report of its name beside it: add it, or take the image away"),
        ("b.png", "the report b.txt has no image of its name beside it: add it, or take the report away"),
    ],
)
def test_an_image_without_its_report_and_the_reverse_are_named(tmp_path, gone, sentence):
    (pairs(tmp_path) / gone).unlink()
    with pytest.raises(DataError, match=sentence):
        read(tmp_path)


def test_an_empty_report_and_two_images_of_one_are_named(tmp_path):
    (pairs(tmp_path) / "b.txt").write_text(" \n")
    with pytest.raises(DataError, match=r"the report b\.txt is empty"):
        read(tmp_path)
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.png").read_bytes())
    with pytest.raises(DataError, match=r"a\.jpg and a\.png share one report"):
        read(tmp_path)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_grey_of_more_than_8_bits_is_refused(tmp_path, dtype):
    pillow = pytest.importorskip("PIL.Image")
    pillow.fromarray(np.array([[0, 256, 4095, 65535]], dtype)).save(tmp_path / "deep.tif")
    with pytest.raises(FormatError, match=r"deep\.tif has grey values of more than 8 bits \(mode [IF]"):
        decoded(tmp_path / "deep.tif")


# -- DICOM -------------------------------------------------------------------------------------------------------------


def dicom(path, values, **tags):
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileMetaDataset

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    held = pydicom.FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    held.SOPClassUID, held.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3"
    shape, deep = values.shape, 8 * values.dtype.itemsize
    held.Rows, held.Columns = shape[:2]
    held.SamplesPerPixel = shape[2] if values.ndim == 3 else 1
    held.PhotometricInterpretation = "RGB" if values.ndim == 3 else "MONOCHROME2"
    if values.ndim == 3:
        held.PlanarConfiguration = 0
    held.BitsAllocated, held.BitsStored, held.HighBit, held.PixelRepresentation = deep, deep, deep - 1, 0
    held.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(held, name, value)
    held.save_as(path, enforce_file_format=True)
    return path


GREY = np.array([[0, 1000], [2000, 4095]], np.uint16)


def test_dicom_is_shown_through_its_window(tmp_path):
    # PS3.3 C.11.2.1.2: y = ((x - (c - .5)) / (w - 1) + .5) of the range, cut at its ends.
    path = dicom(tmp_path / "a.dcm", GREY, BitsStored=12, HighBit=11, WindowCenter=1500, WindowWidth=2001)
    expected = np.clip((GREY - 1499.5) / 2000 + 0.5, 0, 1) * 255
    assert np.abs(decoded(path)[..., 0] - expected).max() <= 0.75  # pydicom rounds nothing, we round once
    assert (decoded(path) == decoded(path)[..., :1]).all()


def test_dicom_without_a_window_shows_the_range_of_its_bits_and_monochrome1_is_turned_over(tmp_path):
    plain = dicom(tmp_path / "a.dcm", GREY, BitsStored=12, HighBit=11)
    assert decoded(plain)[..., 0].tolist() == np.rint(GREY / 4095 * 255).astype(int).tolist()
    turned = dicom(tmp_path / "b.dcm", GREY, BitsStored=12, HighBit=11, PhotometricInterpretation="MONOCHROME1")
    assert decoded(turned)[..., 0].tolist() == np.rint(255 - GREY / 4095 * 255).astype(int).tolist()


def test_dicom_of_colours_of_frames_and_of_nothing(tmp_path):
    colours = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert np.array_equal(decoded(dicom(tmp_path / "a.dcm", colours)), colours)
    with pytest.raises(FormatError, match="holds 3 frames, and a picture is one"):
        decoded(dicom(tmp_path / "b.dcm", GREY, NumberOfFrames=3))
    with pytest.raises(FormatError, match="holds PALETTE COLOR pixels"):
        decoded(dicom(tmp_path / "c.dcm", GREY, PhotometricInterpretation="PALETTE COLOR"))
    (tmp_path / "d.dcm").write_text("no such thing")
    with pytest.raises(FormatError, match=r"d\.dcm is no DICOM file"):
        decoded(tmp_path / "d.dcm")


def test_dicom_files_pair_with_reports(tmp_path):
    dicom(tmp_path / "a.dcm", GREY, BitsStored=12, HighBit=11)
    (tmp_path / "a.txt").write_text("heart normal .")
    table = read(tmp_path).known
    assert table.texts("report") == ["heart normal ."]
    assert table.pictures("image").shape == (1, 2, 2, 3)


def test_without_pydicom_the_extra_is_named(tmp_path, monkeypatch):
    import sys

    from aitia.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "pydicom", None)
    (tmp_path / "a.dcm").write_bytes(b"")
    with pytest.raises(MissingExtraError, match=r"DICOM files need pydicom.*aitia\[vision\]"):
        decoded(tmp_path / "a.dcm")
