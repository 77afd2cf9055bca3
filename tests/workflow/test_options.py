"""Options typed as name=value: their types, and what is said of a wrong one."""

from dataclasses import dataclass
from typing import Literal

import pytest

from aitia.errors import FormatError, OptionError
from aitia.system import find
from aitia.workflow.names import sorted_names
from aitia.workflow.options import option_names, parse_options


@dataclass(frozen=True)
class Config:
    steps: int = 3
    rate: float | None = None
    changing: int | Literal["auto"] = 2
    shape: Literal["round", "square"] = "round"
    on: bool = False
    sizes: tuple[int, ...] = ()
    name: str = ""


def test_texts_become_values_of_the_declared_types():
    given = {"steps": "20", "rate": "1e-3", "changing": "auto", "shape": "square", "on": "true", "sizes": "1,2, 3"}
    found = parse_options(Config, given, of="it")
    assert found == {"steps": 20, "rate": 1e-3, "changing": "auto", "shape": "square", "on": True, "sizes": (1, 2, 3)}
    assert parse_options(Config, {"rate": "none", "changing": "4"}, of="it") == {"rate": None, "changing": 4}


def test_values_that_are_no_texts_are_taken_as_they_are():
    assert parse_options(Config, {"steps": 5, "rate": None}, of="it") == {"steps": 5, "rate": None}


def test_arguments_of_a_class_are_options_too():
    class Thing:
        def __init__(self, side: float, *, name: str = "x") -> None: ...

    assert option_names(Thing) == ("side", "name")
    assert parse_options(Thing, {"side": "2"}, of="it") == {"side": 2.0}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"stepz": "1"}, r"it has no option 'stepz'\. Did you mean 'steps'\?"),
        ({"steps": "many"}, "it: steps is a whole number, got 'many'"),
        ({"steps": "1.5"}, "it: steps is a whole number, got '1.5'"),
        ({"shape": "oval"}, "it: shape is one of round, square, got 'oval'"),
        ({"changing": "all"}, "it: changing is a whole number or one of auto, got 'all'"),
        ({"on": "perhaps"}, "it: on is true or false, got 'perhaps'"),
        ({"sizes": "1,b"}, "it: sizes is values between commas, each a whole number, got '1,b'"),
    ],
)
def test_a_wrong_option_is_one_sentence(given, sentence):
    with pytest.raises(OptionError, match=sentence):
        parse_options(Config, given, of="it")


@pytest.mark.parametrize("name", ["config.json", "model_index.json"])
def test_a_folder_of_a_model_with_json_that_no_library_survives_is_a_sentence(name, tmp_path):
    (tmp_path / name).write_text("[" * 50_000)
    system = find("lm-objectives").load()
    with pytest.raises(FormatError, match=f"{name} is nested"):
        sorted_names(system.card, system.Config, {"model": str(tmp_path)})
    (tmp_path / name).write_text("{}")
    assert sorted_names(system.card, system.Config, {"model": str(tmp_path)})
