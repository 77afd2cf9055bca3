"""`aitia discover`: a causal graph from a table."""

import json
import shlex
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.engines import Where, runs_on_engines
from aitia.cli.progress import progress_bar
from aitia.cli.tables import reads_tables
from aitia.errors import FormatError, OptionError

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading
    from aitia.discovery import Discovery

__all__ = ["discover_command", "read_about", "text_of"]


@reads_tables
@runs_on_engines
def discover_command(
    table: Annotated[
        list[Path],
        typer.Argument(
            help="A CSV, TSV, Excel, Parquet, JSON lines, SPSS or Stata file, or a name such as us-macro; several "
            "files hold a time series each."
        ),
    ],
    context: Annotated[str | None, typer.Option(help="Column that says when or where a row was taken.")] = None,
    context_kind: Annotated[str, typer.Option(help="time (near values are near), domain (labels), or auto.")] = "auto",
    time: Annotated[str | None, typer.Option(help="Column that says when; causes are looked for with lags.")] = None,
    series: Annotated[str | None, typer.Option(help="Column that says of which series a row is, in a panel.")] = None,
    lags: Annotated[int | None, typer.Option(help="How many steps back a cause may lie, with --time; 1.")] = None,
    method: Annotated[
        str, typer.Option(help="pc, cd-nod, boss, ges, direct-lingam, fci, pcmci-plus, or auto.")
    ] = "auto",
    test: Annotated[str, typer.Option(help="fisher-z, ranks, degenerate-gaussian, chi2, g2, kci, rcit.")] = "auto",
    alpha: Annotated[float, typer.Option(help="Level of the tests.")] = 0.05,
    max_depth: Annotated[int | None, typer.Option(help="Largest set that is conditioned on.")] = None,
    score: Annotated[str, typer.Option(help="Of boss and ges: bic, bdeu, ranks, degenerate-gaussian, auto.")] = "auto",
    colliders: Annotated[
        str, typer.Option(help="likelihood, strongest-first, max-p, majority, conservative, or auto.")
    ] = "auto",
    knowledge: Annotated[Path | None, typer.Option(help="What is known: tiers, required and forbidden edges.")] = None,
    bootstrap: Annotated[int | None, typer.Option(help="Halves of the rows for shares; 100 where quick.")] = None,
    missing: Annotated[
        str, typer.Option(help="testwise to use for each test the rows it can, complete, impute, or error.")
    ] = "testwise",
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the graph, every test and report.html.")] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap and of random features.")] = 0,
    accept_cost: Annotated[bool, typer.Option(help="Start even where hours are predicted.")] = False,
    sums: Annotated[
        bool | None,
        typer.Option(help="A folder of Parquet files by sums over its rows; so where it does not fit into memory."),
    ] = None,
    ask_model: Annotated[
        str | None, typer.Option(help="A language model for what the data leave open: https://host/v1#NAME, a folder.")
    ] = None,
    about: Annotated[
        Path | None, typer.Option(help="What columns are, for it: `name: description`, one a line.")
    ] = None,
    trust: Annotated[
        str, typer.Option(help="tested: it orients where the data bear it out; strict; always; never.")
    ] = "tested",
    compare: Annotated[bool, typer.Option(help="Run every search that fits, and show where they agree.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    *,
    where: Where,
    reading: "Reading",
    kinds: Mapping[str, str],
) -> None:
    """Learn a causal graph from a table: what causes what, what changes, and how sure.

    Example: aitia discover visits.csv --context site --bootstrap 100 --out visits-run
    """
    from aitia.data.named import located, nearest_data
    from aitia.discovery.asks import Asks

    for file in table:
        if not located(file).exists():
            raise FormatError(f"there is no file {file}. {nearest_data(str(file))}")
    rows = table[0] if len(table) == 1 else table
    options: dict[str, Any] = {
        "context": context, "context_kind": context_kind, "test": test, "alpha": alpha, "max_depth": max_depth,
        "score": score, "colliders": colliders, "sums": sums,
        "knowledge": knowledge, "missing": missing, "kinds": kinds, "reading": reading,
        "drop": drop or (), "accept_cost": accept_cost, "jobs": where.jobs, "seed": seed, "out": out,
        "command": shlex.join(["aitia", *sys.argv[1:]]),
        "ask_model": None if ask_model is None else Asks(ask_model, {} if about is None else read_about(about), trust),
    }  # fmt: skip
    with where.opened() as engine:
        options["engine"] = None if where.local else engine  # here copies of this process are quicker
        values, text = _found(rows, options, compare, method, bootstrap, time, series, lags, as_json)
    if as_json:
        typer.echo(json.dumps(values(), indent=2, ensure_ascii=False))
        return
    typer.echo(text())
    if out is not None:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")


def _found(
    rows: Any,
    options: dict[str, Any],
    compare: bool,
    method: str,
    bootstrap: int | None,
    time: str | None,
    series: str | None,
    lags: int | None,
    quiet: bool,
) -> tuple[Callable[[], Any], Callable[[], str]]:
    """The result as JSON values and as text, of one search or of all that fit."""
    of_one = {"method": method != "auto", "bootstrap": bootstrap is not None, "time": time, "series": series,
              "lags": lags, "ask-model": options["ask_model"] is not None}  # fmt: skip
    if compare and (given := [name for name, value in of_one.items() if value]):
        raise OptionError(f"--compare runs every search of a table, once: drop --{given[0]}")
    with progress_bar(quiet=quiet) as progress:
        if compare:
            from aitia.discovery.comparing import compare_searches

            options = {name: value for name, value in options.items() if name != "ask_model"}
            compared = compare_searches(rows, **options, progress=progress)
            return compared.to_json, compared.to_text
        from aitia.discovery import discover

        found = discover(
            rows, **options, method=method, bootstrap=bootstrap, time=time, series=series, lags=lags, progress=progress
        )
        return found.to_json, partial(text_of, found)


def read_about(path: Path) -> dict[str, str]:
    """What variables are, from a file: `name: description`, one a line.

    Raises:
        FormatError: If a line has no name before a colon; gives its number.
    """
    from aitia.guard import read_text

    found = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        name, colon, about = bare.partition(":")
        if not colon or not name.strip():
            raise FormatError(f"{path}, line {number}: write `name: description`, got {bare[:40]!r}")
        found[name.strip()] = about.strip()
    return found


def text_of(found: "Discovery") -> str:
    """What the command prints."""
    from aitia.discovery.sureness import sureness

    lines = [*found.reasons, "", found.graph.to_text()]
    if found.read_as == "pag":
        lines += ["", found.caption]
    if found.summary:
        lines += ["", "Over all lags:"]
        for cause, effect, lags in found.summary:
            pair = cause if effect == "either way" else f"{cause} --> {effect}"
            lines.append(f"  {pair}  lag{'s' if ',' in lags else ''} {lags}")
    if found.context is not None:
        changing = [f"{c.variable} (p = {c.p_value:.2g})" for c in found.changing]
        lines += ["", f"Changes with {found.context}: {', '.join(changing) or 'nothing'}"]
        for name, windows in found.fastest.items():
            times = ", then ".join(" to ".join(map(found.context_text, window)) for window in windows)
            lines.append(f"  {name} moves fastest {times}")
    if table := sureness(found):
        lines += ["", *table]
    if found.sortability:
        told = ", ".join(f"{k.replace('_', ' ')} {v:.2f}" for k, v in found.sortability.items())
        lines += ["", f"Scale: {told}"]
    if found.warnings:
        lines += ["", *[f"Note: {w}" for w in found.warnings]]
    return "\n".join(lines)
