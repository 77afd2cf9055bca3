"""What stands on the command line as name and value: each name once."""

import pytest

from aitia.cli.names import columns, named, pairs
from aitia.errors import OptionError
from aitia.workflow.names import sorted_names


def test_flags_and_pairs_are_names_and_values():
    assert named(["--edit-of", "row", "--steps=3", "--no-lora"], ["lora"]) == {
        "edit_of": "row",
        "steps": "3",
        "lora": "false",
    }
    assert pairs(["a=1", " b = x=y "]) == {"a": "1", "b": "x=y"}
    assert columns({"text": "a"}, {"label": "b"}) == {"text": "a", "label": "b"}
    with pytest.raises(OptionError, match="an option is name=value, got 'steps'"):
        pairs(["steps"])


@pytest.mark.parametrize(
    ("given", "name", "one", "other"),
    [
        (["--text", "a", "--text", "b"], "--text", "a", "b"),
        (["--text=a", "--text", "b"], "--text", "a", "b"),
        (["--edit-of", "a", "--edit_of", "b"], "--edit-of", "a", "b"),
        (["--lora", "--no-lora"], "--lora", "true", "false"),
    ],
)
def test_a_role_or_option_given_twice_is_refused(given, name, one, other):
    sentence = f"{name} is given twice, as '{one}' and '{other}': give it once; several columns of one role go between"
    with pytest.raises(OptionError, match=sentence):
        named(given, ["lora"])


def test_a_role_given_twice_as_a_pair_or_by_flag_and_pair_is_refused():
    with pytest.raises(OptionError, match="text is given twice, as 'a' and 'b': give it once"):
        pairs(["text=a", "text=b"])
    with pytest.raises(OptionError, match="'text' is given twice: once by its own flag and once as name=value"):
        columns(named(["--text", "a"]), pairs(["text=b"]))


def test_a_name_with_hyphens_and_one_with_underscores_are_one():
    from aitia.system import find

    entry = find("faithful-matching")
    with pytest.raises(OptionError, match="'edit_of' is given twice, once as 'edit-of': give it once"):
        sorted_names(entry.card, entry.config(), {"edit_of": "a", "edit-of": "b"})
