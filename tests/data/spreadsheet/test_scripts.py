"""Texts of other scripts without a mark of their codec."""

from pathlib import Path

import pytest

from aitia.data.spreadsheet import Reading, read_text
from aitia.errors import FormatError

RUSSIAN = ["Москва", "Санкт-Петербург", "Новосибирск", "Екатеринбург", "Казань", "Нижний Новгород", "Самара", "Омск"]
GREEK = ["Αθήνα", "Θεσσαλονίκη", "Πάτρα", "Ηράκλειο", "Λάρισα", "Βόλος", "Ιωάννινα", "Χανιά"]
JAPANESE = ["さくら病院", "ひかり診療所", "東京クリニック", "大阪センター"]
WESTERN = ["Müller", "Señor", "Ærø", "Gruß", "Œuvre", "Île-de-France", "Zürich", "Ångström"]


def table(names, head="город"):
    return "\n".join(
        [f"{head},балл" if head == "город" else f"{head},n", *[f"{n},{k}.5" for k, n in enumerate(names * 3)]]
    )


def read(text, codec, **how):
    found = read_text(Path("t.csv"), text.encode(codec), Reading(**how), ",", {})
    return found.columns[next(iter(found.columns))].tolist(), found.told


@pytest.mark.parametrize("codec", ["cp1251", "koi8-r", "cp866"])
def test_cyrillic_is_told_by_its_commonest_letters(codec):
    names, told = read(table(RUSSIAN), codec)
    assert names == RUSSIAN * 3
    assert told[0].startswith(f"read as {codec}, since line 1 is no UTF-8: 'город,балл' (--encoding)")


def test_greek_and_japanese_are_told():
    assert read(table(GREEK, "πόλη"), "cp1253")[0] == GREEK * 3
    names, told = read(table(JAPANESE, "場所の名"), "cp932")
    assert names == JAPANESE * 3
    assert told[0].startswith("read as cp932")


def test_western_names_stay_western():
    names, told = read(table(WESTERN, "name"), "cp1252")
    assert names == WESTERN * 3
    assert told[0].startswith("read as cp1252")


@pytest.mark.parametrize(
    ("text", "codec"), [("城市,n\n北京,1.5\n上海,2.5\n", "gbk"), ("שם,n\nדוד,1.5\nמשהכהן,2.5\n", "cp1255")]
)
def test_a_script_that_is_not_known_is_asked_about_and_the_option_serves(text, codec):
    with pytest.raises(FormatError, match=r"t.csv, line 1 is no UTF-8.*another script.*--encoding"):
        read(text, codec)
    assert read(text, codec, encoding=codec)[0] == [line.split(",")[0] for line in text.splitlines()[1:]]
