"""Tokens with tags: every scheme, back and forth, and faults by their line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.reading.conll import lines_of, spans_of_tags
from aitia.data.table import Table
from aitia.data.tables import read_table, write_table
from aitia.errors import FormatError

SCHEMES = {
    "BIO": "B-p I-p O B-q B-q",
    "BILOU": "B-p L-p O U-q U-q",
    "BIOES": "B-p E-p O S-q S-q",
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_says_the_same(scheme):
    found = spans_of_tags(["Ann", "Lee", "met", "Bo", "Cy"], SCHEMES[scheme].split())
    assert found == [[0, 7, "p"], [12, 14, "q"], [15, 17, "q"]]


def test_a_file_is_a_table_of_texts_and_spans(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("-DOCSTART- -X- O O\n\nAnn NNP B-p\nLee NNP I-p\nleft VBD O\n\n\nrain NN O\n", encoding="utf-8")
    table = read_table(path)
    assert table.texts("text") == ["Ann Lee left", "rain"]
    assert table.spans("spans") == [[(0, 7, "p")], []]


words = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=8)


@given(st.lists(st.tuples(words, st.integers(0, 2**31)), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_what_is_written_comes_back(tmp_path_factory, rows):
    import numpy as np

    texts, spans = [], []
    for tokens, seed in rows:
        random, tags, open_label = np.random.default_rng(seed), [], None
        for _ in tokens:
            kind = random.choice(["O", "B", "I"])
            if kind == "I" and open_label:
                tags.append(f"I-{open_label}")
            elif kind == "B":
                open_label = str(random.choice(["p", "q"]))
                tags.append(f"B-{open_label}")
            else:
                open_label = None
                tags.append("O")
        texts.append(" ".join(tokens))
        spans.append(spans_of_tags(tokens, tags))
        assert [line.split()[1] for line in lines_of(texts[-1], spans[-1], 0)] == tags
    path = tmp_path_factory.mktemp("conll") / "a.conll"
    write_table(Table.of({"text": texts, "spans": spans}, kinds={"text": "text", "spans": "spans"}), path)
    again = read_table(path)
    assert again.texts("text") == texts
    assert [[list(one) for one in row] for row in again.spans("spans")] == spans


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ann\n", "line 1: 'Ann' has a token and no tag"),
        ("a O\nAnn I-p\n", "line 2: I-p goes on with no span of p before it; write B-p"),
        ("a B-q\nAnn I-p\n", "line 2: I-p goes on with no span of p"),
        ("a L-p\n", "line 1: L-p goes on"),
        ("a O\nAnn X-p\n", "line 2: 'X-p' is no tag"),
        ("\n", "holds no sentence"),
    ],
)
def test_faults_are_named_by_their_line(tmp_path, text, said):
    path = tmp_path / "a.conll"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=said):
        read_table(path)


def test_spans_may_begin_inside_where_the_file_says_so(tmp_path):
    path = tmp_path / "a.iob1"
    path.write_text("Ann I-p\nLee I-p\nBo B-p\nx O\n", encoding="utf-8")
    assert read_table(path).spans("spans") == [[(0, 7, "p"), (8, 10, "p")]]


def test_spans_that_cut_a_token_are_not_written_as_tags(tmp_path):
    for spans in ([[0, 2, "p"]], [[1, 3, "p"]]):
        table = Table.of({"text": ["Ann left"], "spans": [spans]}, kinds={"text": "text", "spans": "spans"})
        with pytest.raises(FormatError, match="inside of"):
            write_table(table, tmp_path / "a.conll")


def test_json_lines_of_tokens_with_tags_are_the_same_table(tmp_path):
    tokens = [["Ann", "Lee", "left"], ["rain", "."], ["Bo"]]
    tags = [["B-p", "I-p", "O"], ["O", "O"], ["S-q"]]
    blocks = ("\n".join(f"{a} {b}" for a, b in zip(*pair, strict=True)) for pair in zip(tokens, tags, strict=True))
    (tmp_path / "a.conll").write_text("\n\n".join(blocks), encoding="utf-8")
    rows = [{"tokens": a, "tags": b, "page": k} for k, (a, b) in enumerate(zip(tokens, tags, strict=True))]
    rows.append({"tokens": ["Cy", "left"], "tags": None, "page": 3})
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    one, two = read_table(tmp_path / "a.conll"), read_table(tmp_path / "a.jsonl")
    assert two.names == ("text", "spans", "page")
    assert two.texts("text") == [*one.texts("text"), "Cy left"]
    assert two.spans("spans")[:3] == one.spans("spans")
    assert two.absent("spans").tolist() == [False, False, False, True]


def test_lists_of_unlike_lengths_or_with_gaps_are_lists_and_others_rows_of_an_array(tmp_path):
    rows = [{"a": [1, 2], "b": [1, 2], "c": [1]}, {"a": [3], "b": [3, 4]}, {"a": [], "b": [5, 6], "c": [2]}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = read_table(tmp_path / "a.jsonl")
    assert table.lists("a") == [[1, 2], [3], []]
    assert table.column("b").tolist() == [[1, 2], [3, 4], [5, 6]]
    assert table.lists("c") == [[1], [], [2]]
    assert table.absent("c").tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"tokens": ["a", "b"], "tags": ["O"]}, r"line 2, token 1: 2 tokens have 1 tags"),
        ({"tokens": ["a", "b"], "tags": ["O", "I-p"]}, r"line 2, token 2: I-p goes on with no span"),
        ({"tokens": ["a"], "tags": [3]}, r"line 2: tags is a list of words, one for each token, got '\[3\]'"),
        ({"tokens": "a b", "tags": ["O", "O"]}, r"line 2: tokens is a list of words"),
        ({"tags": ["O"]}, r"line 2: tokens is a list of words"),
    ],
)
def test_faults_of_tokens_with_tags_are_named_by_their_line(tmp_path, row, said):
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps(one) + "\n" for one in ({"tokens": ["x"], "tags": ["O"]}, row)), encoding="utf-8"
    )
    with pytest.raises(FormatError, match=said):
        read_table(path)
