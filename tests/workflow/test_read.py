"""`aitia read`: text, page and PDF to a graph with its sentences, files that go on to a search, and what is refused."""

import csv
import json

import pytest
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.errors import AitiaError
from aitia.graph.graph import Graph
from aitia.graph.knowledge import Knowledge
from aitia.workflow.read import read_document, read_nodes, readers

TEXT = "Rain raises the river. The river lowers trust. Trust falls as rain grows. Trust affects the river."
EDGES = (("rain", "river"), ("river", "trust"), ("rain", "trust"), ("trust", "river"))
NODES = ["rain", ["river", "stream"], "trust"]


def pdf(lines):
    """A PDF of one page as its specification has it, with a text layer of these lines."""
    shown = "BT /F1 12 Tf 20 700 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 6\n0000000000 65535 f \n{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n"
    return (made + end).encode("latin-1")


@pytest.fixture
def report(tmp_path):
    (tmp_path / "report.txt").write_text(TEXT)
    return tmp_path / "report.txt"


def test_a_report_becomes_a_graph_with_the_sentence_behind_each_edge(report, tmp_path):
    found = read_document(report, nodes=NODES, require=1)
    assert found.edges == EDGES
    assert found.quotes[2] == ("Trust falls as rain grows.",)
    found.save(tmp_path / "out", "aitia read report.txt")
    rows = list(csv.reader((tmp_path / "out" / "edges.csv").read_text().splitlines()))
    assert rows == [["cause", "effect", "quote"], *([*e, *q] for e, q in zip(EDGES, found.quotes, strict=True))]
    assert Graph((tmp_path / "out" / "graph.txt").read_text()) == found.graph
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<mark>Rain raises the river.<sup>1</sup></mark>" in page
    assert "both ways round" in page


def test_knowledge_requires_what_was_asked_for_and_nothing_that_contradicts_itself(report, tmp_path):
    for require, kept in ((None, ()), (1, (("rain", "river"), ("rain", "trust"))), (2, ())):
        found = read_document(report, nodes=NODES, require=require)
        assert found.required == kept  # river and trust are said both ways round
        (tmp_path / "knowledge.txt").write_text(found.knowledge())
        assert Knowledge.read(tmp_path / "knowledge.txt").required == kept
    (tmp_path / "loop.txt").write_text("A raises B. B raises C. C raises A. A raises D.")
    looped = read_document(tmp_path / "loop.txt", nodes=list("ABCD"), require=1)
    assert looped.required == (("A", "D"),)
    assert looped.graph.find_cycle()


def test_pages_and_pdfs_are_read_as_text(tmp_path):
    (tmp_path / "page.html").write_text(
        "<html><script>rain lowers trust.</script><p>Rain raises <b>trust</b>.</p></html>"
    )
    (tmp_path / "paper.pdf").write_bytes(pdf(["Rain raises the ri-", "ver in the", "valley. The river lowers trust."]))
    assert read_document(tmp_path / "page.html", nodes=NODES).edges == (("rain", "trust"),)
    found = read_document(tmp_path / "paper.pdf", nodes=NODES)
    assert found.quotes == (("The river lowers trust.",),) or found.edges[-1] == ("river", "trust")
    assert ("rain", "river") in found.edges


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.txt", None, "there is no file"),
        ("empty.txt", b" \n", "holds no text"),
        ("bytes.txt", b"\xff\xfe\x00a", "is not UTF-8"),
        ("zero.txt", b"a\x00b", "holds bytes of zero"),
        ("broken.pdf", b"no pdf at all", "is damaged or no PDF"),
        ("scan.pdf", pdf([]), "has no text layer"),
        ("long.txt", b"word. " * 400_000, "2,400,000 characters, and at most 2,000,000 are read"),
    ],
)
def test_what_is_no_text_is_told(name, content, said, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AitiaError, match=said):
        read_document(tmp_path / name, nodes=NODES)


def test_a_text_that_says_nothing_is_told(tmp_path):
    (tmp_path / "plain.txt").write_text("It rained. The river was high.")
    found = read_document(tmp_path / "plain.txt")
    assert not found.edges
    assert "Name the variables (--nodes)" in found.to_text()
    with pytest.raises(AitiaError, match="from 1 sentence on, got 0"):
        read_document(tmp_path / "plain.txt", require=0)
    with pytest.raises(AitiaError, match="reads no graphs off texts; there are: "):
        read_document(tmp_path / "plain.txt", method="pc")


def test_the_command_says_what_it_read(report, tmp_path):
    (tmp_path / "nodes.txt").write_text("# variables\nrain\nriver = stream | creek\n\ntrust  # of people\n")
    assert read_nodes(tmp_path / "nodes.txt") == [["rain"], ["river", "stream", "creek"], ["trust"]]
    asked = ["read", str(report), "--nodes", str(tmp_path / "nodes.txt")]
    told = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    assert 'rain --> river\n      "Rain raises the river."' in told.output
    assert "not that it is so" in told.output
    values = json.loads(CliRunner().invoke(app, [*asked, "--json"]).output)
    assert [(e["cause"], e["effect"]) for e in values["edges"]] == list(EDGES)
    assert values["characters"] == len(TEXT)
    assert len(readers()) == 1
