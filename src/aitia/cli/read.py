"""`aitia read`: a text as a first graph, with the sentence that supports each edge."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["read_command"]


def read_command(
    report: Annotated[Path, typer.Argument(help="A .txt, .md, .html or .pdf file (with a text layer).")],
    nodes: Annotated[
        Path | None, typer.Option(help="Variables, one a line: `name = wording | wording`; proposed if absent.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A language model that reads: ENDPOINT#NAME, or a folder.")] = None,
    require: Annotated[
        int | None, typer.Option(help="Require an edge in knowledge.txt from so many sentences on; none if absent.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for graph, edges, knowledge.txt and report.html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Read the causal graph that a report supports; each edge with the sentence that says so.

    Example: aitia read report.pdf --nodes variables.txt --out read

    Then: aitia discover table.csv --knowledge read/knowledge.txt
    """
    from aitia.workflow.read import read_document, read_nodes

    found = read_document(
        report,
        nodes=None if nodes is None else read_nodes(nodes),
        require=require,
        subjects={} if model is None else {"model": model},
        options={} if model is None else {"reader": "model"},
    )
    if out is not None:
        found.save(out, shlex.join(["aitia", *sys.argv[1:]]))
    typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False) if as_json else found.to_text())
    if out is not None and not as_json:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")
