"""What a table names outside of its folder is shown to no model, and what cannot be sent is named by its row."""

import numpy as np
import pytest

from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.errors import DataError, FormatError
from aitia.system import Given, find
from aitia.text.shown import check_shown
from aitia.workflow.tasks import asking_systems, task_questions

GREY = np.full((4, 6, 3), 90, dtype=np.uint8)
ASKED = next(slug for slug in asking_systems() if {"image", "sentence", "reverse"} <= set(find(slug).card.takes))
"""A system that shows pictures to a client."""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "mine").mkdir()
    for place in ("mine/a.png", "secret.png"):
        (tmp_path / place).write_bytes(png(GREY))
    return tmp_path / "mine"


def rows(home, *names):
    table = home / "rows.csv"
    table.write_text("\n".join(["image,sentence,reverse", *(f"{n},the cup falls,the cup stands" for n in names)]))
    return table


def asked(home, *names, model="http://127.0.0.1:9/v1#small"):
    return Given.of(find(ASKED).card, rows(home, *names), client=model)


@pytest.mark.parametrize("name", ["../secret.png", "{outside}", "sub/../../secret.png", "link.png"])
def test_a_picture_outside_of_the_folder_is_shown_to_nobody(home, name):
    (home / "link.png").symlink_to(home.parent / "secret.png")
    (home / "sub").mkdir()
    name = name.replace("{outside}", str(home.parent / "secret.png"))
    with pytest.raises(DataError, match=r"row 1, column 'image': the picture .* lies outside of .*/mine"):
        asked(home, "a.png", name)
    with pytest.raises(DataError, match="row 1, column 'image'"):
        task_questions(ASKED, rows(home, "a.png", name), home.parent)
    Given.of(find(ASKED).card, rows(home, "a.png", name))  # who asks nobody may have pictures anywhere


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"big.png is empty \(0 bytes\)"),
        (b"no picture", "is no picture that can be read"),
        (png(np.zeros((2, 20_000, 3), dtype=np.uint8)), "has 20,000 x 2 pixels"),
    ],
)
def test_what_cannot_be_sent_is_named_by_row_and_file(home, content, said):
    (home / "big.png").write_bytes(content)
    with pytest.raises(FormatError, match=rf"row 1, column 'image': .*mine/{said}" if "big" in said else said) as told:
        asked(home, "a.png", "big.png")
    assert "row 1, column 'image'" in str(told.value)
    assert str(home / "big.png") in str(told.value)
    with pytest.raises(FormatError, match="row 1, column 'image'"):
        task_questions(ASKED, rows(home, "a.png", "big.png"), home.parent)


def test_rows_in_memory_and_rows_without_pictures_pass(home):
    check_shown(None, None)
    check_shown(Table.of({"image": GREY[None]}), None)
    check_shown(Table.of({"x": [1.0, 2.0]}), "nowhere.csv")
    table = read_table(rows(home, "a.png", ""), kinds={"image": "picture"})
    check_shown(table, home / "rows.csv")
    check_shown(table, home)
    assert asked(home, "a.png").rows.n == 1
