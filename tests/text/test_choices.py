"""Which option an answer names; what is no answer is never one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aitia.errors import OptionError
from aitia.text import LETTERS, parse_choice

YES_NO = ("Yes", "No")
CAUSES = ("smoking causes cancer", "cancer causes smoking", "neither")

SAYS = {
    0: [
        "A",
        "a",
        "A.",
        "(A)",
        "[A]",
        "A)",
        "**A**",
        "`A`",
        "A. Yes",
        "A) Yes.",
        "A: yes",
        "(A) Yes",
        "Yes",
        "YES!",
        "yes.",
        "“Yes”",
        "Yes, because x.",
        "A\nB would be wrong",
        "Answer: A",
        "**Answer:** A",
        "The answer is A.",
        "The correct answer is (A).",
        "Final answer: Yes",
        "Option A",
        "<answer>A</answer>",
        "I thought of B.\n<answer>Yes</answer>",
        '{"answer": "A"}',
        "$\\boxed{A}$",
        "The final answer is $\\boxed{\\text{A}}$.",
        "A (Yes)",
        "Yes (A)",
        "<think>B? no, A</think>\nA",
        "Let us see. B does not depend on C.\nThe answer is A.",
    ],
    1: [
        "B",
        "No, A does not cause B.",
        "No. A and B are independent given C.",
        "B) No, since A is not a cause.",
        "The answer is **no**.",
        "no",
        "Answer: B\nA is independent of C.",
    ],
    None: [
        "",
        " \n",
        "...",
        "I do not know",
        "I don't know.",
        "I'm not sure",
        "No idea",
        "no answer",
        "N/A",
        "Unclear.",
        "It is unclear.",
        "I cannot determine this from the premise.",
        "It cannot be determined.",
        "No, I do not know.",
        "Neither",
        "None of the above",
        "A or B",
        "A and B",
        "(A) or (B)",
        "A, B",
        "Yes and no",
        "yes or no",
        "both",
        "Not A",
        "A is wrong",
        "A. is wrong",
        "A isn't",
        "C",
        "Z.",
        "A. No",
        "B (Yes)",
        "No (A)",
        "A causes B",
        "A correlates with B, so it may",
        "The answer is A. The answer is B.",
        "The answer is not A.",
        "<answer>A</answer><answer>B</answer>",
        "<answer>A",
        "<answer></answer>",
        "<think>the answer is A",
        "know",
        "nothing",
        "Now",
        "note: A",
        "Yesterday",
        "Maybe",
        "Noah",
        "Yes but no",
        "As an AI, I cannot answer that.",
        "I won't help with that",
        '{"answer": "C"}',
        '{"answer": 1}',
        "{",
        "]" * 5000,
        "{" * 5000,
        "A" * 5000,
    ],
}


@pytest.mark.parametrize(("text", "wanted"), [(text, k) for k, texts in SAYS.items() for text in texts])
def test_answers_of_yes_and_no(text, wanted):
    assert parse_choice(text, YES_NO) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("B", 1), ("C. Neither", 2), ("neither", 2), ("Smoking causes cancer.", 0), ("A. cancer causes smoking", None),
        ("smoking", None), ("Answer: cancer causes smoking", 1), ("D", None),
    ],
)  # fmt: skip
def test_an_option_may_say_that_it_is_none_of_the_others(text, wanted):
    assert parse_choice(text, CAUSES) == wanted


def test_what_does_not_know_may_be_an_option():
    assert parse_choice("I do not know", ("Yes", "No", "I do not know")) == 2
    assert parse_choice("C", ("Yes", "No", "I do not know")) == 2
    assert parse_choice("It is unclear", ("Yes", "No", "I do not know")) is None


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
OPTIONS = st.lists(WORDS, min_size=2, max_size=26)


def usable(options):
    try:
        parse_choice("", options)
    except OptionError:
        return False
    return True


@given(options=OPTIONS, data=st.data())
def test_a_letter_is_its_option_unless_it_is_the_words_of_another(options, data):
    assume(usable(options))
    k = data.draw(st.integers(0, len(options) - 1))
    letter = LETTERS[k]
    assume(not [o for o in options if o.strip().casefold().startswith(letter.casefold())])
    for text in (
        letter,
        f"({letter})",
        f"{letter}.",
        f"**{letter}**",
        f"<answer>{letter}</answer>",
        f"Answer: {letter}",
    ):
        assert parse_choice(text, options) == k, text


@given(options=OPTIONS, data=st.data())
def test_the_words_of_an_option_are_that_option(options, data):
    assume(usable(options))
    k = data.draw(st.integers(0, len(options) - 1))
    assume("<" not in options[k] and "\\boxed" not in options[k])  # which are read as tags
    assert parse_choice(options[k], options) == k


@given(text=st.text(max_size=200), options=OPTIONS)
def test_any_text_is_one_of_the_options_or_none(text, options):
    assume(usable(options))
    found = parse_choice(text, options)
    assert found is None or 0 <= found < len(options)


@given(text=st.text(max_size=60), k=st.integers(0, 1))
def test_order_of_the_options_is_followed(text, k):
    """An answer in words names the same option in either order, unless it names it by its letter."""
    assume(not any(letter in text.upper() for letter in "AB"))
    there, back = parse_choice(text, YES_NO), parse_choice(text, YES_NO[::-1])
    assert (there is None) == (back is None)
    assert there is None or there == 1 - back


@given(junk=st.text(st.sampled_from(" \t\n.,;:!?-*_`'\"()[]{}<>#"), max_size=40))
def test_signs_alone_are_silence(junk):
    assert parse_choice(junk, YES_NO) is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("Yes",), "has 2 to 26 options, got 1"),
        (("Yes",) * 27, "has 2 to 26 options, got 27"),
        (("Yes", " "), "an option is empty"),
        (("Yes", "yes."), "two options read alike"),
    ],
)
def test_options_that_could_not_be_told_apart(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        parse_choice("A", options)
