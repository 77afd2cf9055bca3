"""Questions as data: what a file may hold, and the sentence for what it may not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import FormatError, OptionError
from aitia.text import Question, orders, read_questions, write_questions

YES_NO = ("Yes", "No")
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@st.composite
def questions(draw):
    options = draw(st.sampled_from([YES_NO, ("x -> y", "y -> x", "neither"), tuple("abcdefgh")]))
    return Question(
        draw(TEXT),
        draw(TEXT.filter(str.strip)),
        options,
        draw(st.sampled_from([None, *options])),
        group=draw(TEXT),
        derived=draw(st.sampled_from(["", "d-separation"])),
        world=draw(st.sampled_from(["", "corr2cause"])),
        seed=draw(st.integers(0, 2**31)),
        more={"level": draw(st.integers(0, 9))},
    )


@given(held=st.lists(questions(), min_size=1, max_size=5), kind=st.sampled_from(["jsonl", "parquet"]))
def test_what_is_written_is_read(held, kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("q") / f"q.{kind}"
    write_questions(path, held)
    read = read_questions(path)
    assert [question.id for question in read] == [str(k + 1) for k in range(len(held))]
    for old, new in zip(held, read, strict=True):
        assert {**old.to_json(), "id": new.id} == new.to_json()
        assert new.answer == old.answer


def test_a_prompt_letters_the_options_in_the_order_that_is_asked():
    question = Question("A -> B.", "Which?", ("x", "y", "z"), "y")
    assert question.prompt((2, 0, 1)).splitlines() == [
        "A -> B.", "", "Which?", "A. z", "B. x", "C. y", "Answer with one letter, A, B or C.",
    ]  # fmt: skip
    assert question.prompt() == question.prompt((0, 1, 2))
    assert question.ordered((2, 0, 1)) == ("z", "x", "y")
    for bad in ((0, 1), (0, 1, 1), (0, 1, 3)):
        with pytest.raises(OptionError, match="names each of 3 options once"):
            question.prompt(bad)


@given(n=st.integers(2, 26))
def test_rotations_put_each_option_in_each_place(n):
    found = orders(n, "rotations")
    assert all(sorted(column) == list(range(n)) for column in zip(*found, strict=True))
    assert orders(n, "both") == [tuple(range(n)), tuple(reversed(range(n)))]
    assert orders(n, "given") == [tuple(range(n))]
    with pytest.raises(OptionError):
        orders(n, "any")


def line(**fields):
    return json.dumps({"question": "Is it?", "options": ["Yes", "No"], "label": "No", **fields})


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("{", r"line 2 of .*q\.jsonl is not valid JSON \(line 1, column 2"),
        ("[1]", "line 2 of .* holds a list, where an object was expected"),
        (line(question=""), "line 2 of .*: the question is empty"),
        (line(question=None), "line 2 of .* lacks question"),
        (line(options=None), "line 2 of .* lacks options"),
        (line(options="Yes"), "line 2 of .*: options are a list of texts, got 'Yes'"),
        (line(options=[1, 2]), "line 2 of .*: options are a list of texts"),
        (line(options=["Yes"]), "line 2 of .*: a question has 2 to 26 options, got 1"),
        (line(options=["Yes", "yes"]), "line 2 of .*: two options read alike"),
        (line(label="Maybe"), "line 2 of .*: the label is one of the options 'Yes', 'No', got 'Maybe'"),
        (line(label=1), "line 2 of .*: the label is one of the options"),
        (line(premise=3), "line 2 of .*: premise is text"),
        (line(seed="x"), "line 2 of .*: seed is a whole number"),
        (line(id="a"), "line 2 of .*: the id 'a' stands in 1 already"),
        (line(premise="x" * 1_000_001), "line 2 of .*: premise has over 1,000,000 characters"),
        (line(pictures=["../a.png"]), r"line 2 of .*: the picture '\.\./a\.png' lies outside of the folder"),
        (line(pictures=["/etc/passwd"]), "lies outside of the folder"),
        (line(pictures=["gone.png"]), "there is no picture 'gone.png'"),
        (line(pictures="a.png"), "pictures are a list of texts"),
        ('{"question": ' + "[" * 500, "line 2 of"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, bad, sentence):
    path = tmp_path / "q.jsonl"
    path.write_text(f"{line(id='a')}\n{bad}\n")
    with pytest.raises(FormatError, match=sentence):
        read_questions(path)


def test_a_table_of_questions_is_read(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(
        'row,premise,question,options,label,group,seed\n0,"A, B\nand C",Is it?,"[""Yes"",""No""]",No,3-1,7\n'
        '1,,Is it?,"[""Yes"",""No""]",,,\n'
    )
    one, two = read_questions(path)
    assert (one.premise, one.label, one.group, one.seed, one.id, dict(one.more)) == (
        "A, B\nand C", "No", "3-1", 7, "3", {"row": "0"},
    )  # fmt: skip
    assert (two.premise, two.label, two.id) == ("", None, "4")


def test_empty_lines_count_and_are_passed_over(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(f"\n{line()}\n\n{line(label='Perhaps')}\n")
    with pytest.raises(FormatError, match="line 4 of"):
        read_questions(path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("q.txt", b"a,b", r"read from \.jsonl, \.parquet or \.csv, got q\.txt"),
        ("q.csv", b"", "holds no question"),
        (
            "q.csv",
            b'question,options\nIs it?,"[""a"",""b""]"\nIs it?,"a or b"\n',
            "line 3 of .*: options is not valid JSON",
        ),
        ("q.csv", b"question,options\nIs it?\n", "line 2 of .* not as many cells as the head has names"),
        ("q.csv", b'question,options\nIs it?,"[1', "line 2 of .* cannot be read"),
        ("q.csv", b"premise\nA\n", "line 2 of .* lacks question"),
        ("q.jsonl", b"", "holds no question"),
        ("q.jsonl", b"\xff\xfe", "is not UTF-8"),
        ("q.parquet", b"PAR1", "cannot be read"),
    ],
)
def test_what_is_no_file_of_questions(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=sentence):
        read_questions(tmp_path / name)
    with pytest.raises(FormatError, match="cannot be read"):
        read_questions(tmp_path / "gone.jsonl")


def test_a_link_out_of_the_folder_is_no_picture(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    inside = tmp_path / "set"
    inside.mkdir()
    (inside / "a.png").symlink_to(tmp_path / "secret.png")
    (inside / "b.png").write_bytes(b"y")
    (inside / "q.jsonl").write_text(line(pictures=["a.png"]))
    with pytest.raises(FormatError, match="lies outside"):
        read_questions(inside / "q.jsonl")
    (inside / "q.jsonl").write_text(line(pictures=["b.png"]))
    (question,) = read_questions(inside / "q.jsonl")
    assert question.pictures == (str((inside / "b.png").resolve()),)
    write_questions(inside / "r.jsonl", [question])
    assert json.loads((inside / "r.jsonl").read_text())["pictures"] == ["b.png"]
    with pytest.raises(FormatError, match="lies outside"):
        write_questions(tmp_path / "elsewhere.jsonl" / "r.jsonl", [question])
