"""`aitia do`: what an intervention would change, from a discovery or a fitted system."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.answer import echo_alarms
from aitia.cli.names import columns, named, pairs
from aitia.cli.progress import progress_bar
from aitia.cli.tables import reads_tables
from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading
    from aitia.discovery.effects import BeforeAfter, EstimatedEffect

__all__ = ["do_command"]


@reads_tables
def do_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a discovery or of a fitted system, or a table with --graph.")],
    intervention: Annotated[
        str | None,
        typer.Argument(help='Such as "do(x=1)" or "do(x=shift(0.5), site=north)"; the exposure of --graph if absent.'),
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(help="Variable to watch, of a discovery; the outcome that --graph marks if absent.")
    ] = None,
    against: Annotated[str | None, typer.Option(help="What to compare with; the system left alone if absent.")] = None,
    label: Annotated[str | None, typer.Option(help="Label whose share is reported, for an outcome of labels.")] = None,
    graph: Annotated[Path | None, typer.Option(help="Graph file to use in place of the one found.")] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples behind the interval.")] = 200,
    confidence: Annotated[float, typer.Option(help="Coverage of the interval.")] = 0.95,
    rows: Annotated[str | None, typer.Option(help="Rows to ask a fitted system about, such as 3,17 or 0-5.")] = None,
    data: Annotated[str | None, typer.Option(help="Other data to ask a fitted system about.")] = None,
    draws: Annotated[int, typer.Option(help="Answers a row, of a fitted system.")] = 1,
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the answer; in the run, of a fitted system, if absent.")
    ] = None,
    scale: Annotated[str, typer.Option(help="difference, ratio, or odds; of a discovery.")] = "difference",
    weights: Annotated[str | None, typer.Option(help="Column that says how much each row counts.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Column of clusters, which are drawn again whole.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Of the graph's instruments the one to use.")] = None,
    refute: Annotated[
        bool, typer.Option(help="Try to refute the effect: placebo, random cause, subsets, hidden cause.")
    ] = False,
    trim: Annotated[bool, typer.Option(help="Leave out rows that the table says nothing of.")] = False,
    accept_censored: Annotated[bool, typer.Option(help="Take an outcome that looks censored as it stands.")] = False,
    graphs: Annotated[
        int | None, typer.Option(help="Times that the graph is found again; 50 where that is cheap, if absent.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Compare before and after this date, in place of do.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of dates for --since; the context of a discovery.")] = None,
    treated: Annotated[str | None, typer.Option(help="COLUMN=LABEL of the rows that --since concerned.")] = None,
    missing: Annotated[
        str | None,
        typer.Option(
            help="Of rows with gaps: complete (usual), impute to fill gaps, error, or of a discovery testwise."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Cores; they do not change the result.")] = 1,
    seed: Annotated[int, typer.Option(help="Of noise and bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    *,
    reading: "Reading",
    kinds: Mapping[str, str],
) -> None:
    """Report what an intervention changes: an effect with its interval from a discovery, rows from a fitted system.

    Example: aitia do visits-run "do(dose=2)" --against "do(dose=1)" --outcome recovery

    Or of a fitted system: aitia do faces-run "do(domain=north)" --rows 3,17 writes the answer and opens nothing.
    """
    said = {
        "outcome": outcome, "against": against, "graph": graph, "graphs": graphs, "scale": scale, "weights": weights,
        "cluster": cluster, "instrument": instrument, "trim": trim, "refute": refute,
        "accept_censored": accept_censored, "since": since, "time": time,
        "treated": treated,
    }  # fmt: skip
    if _is_fit(run):
        _check_fit(run, intervention, said)
        how: dict[str, Any] = columns(named(context.args), pairs(role))
        how |= {"reading": reading, "kinds": kinds, "missing": missing}
        _ask(run, intervention or "", rows, data, draws, seed, how, out, as_json)
        return
    _check_discovery(run, {"rows": rows, "data": data, "role": role}, context.args)
    options: dict[str, Any] = {"label": label, "confidence": confidence}
    if since is not None:
        _before_after(run, intervention, said, options, as_json, out, (reading, kinds))
        return
    options |= {"resamples": resamples, "missing": missing or "complete", "seed": seed}
    _estimate(run, intervention, said, jobs, as_json, out, (reading, kinds), options)


def _check_fit(run: Path, intervention: str | None, said: Mapping[str, Any]) -> None:
    """Refuses of a fitted system what is of a discovery."""
    if intervention is None:
        raise OptionError(f'{run} is a fitted system: say what to do to it, such as "do(x=1)"')
    if given := _given(said):
        raise OptionError(
            f"{run} is a fitted system, which answers row by row: leave out --{given[0].replace('_', '-')}"
        )


def _given(said: Mapping[str, Any]) -> list[str]:
    """The options that were given."""
    return [name for name, value in said.items() if value and (name, value) != ("scale", "difference")]


def _check_discovery(run: Path, told: Mapping[str, Any], unknown: list[str]) -> None:
    """Refuses of a discovery what is of a fitted system."""
    if given := [name for name, value in told.items() if value is not None]:
        raise OptionError(f"--{given[0]} is for the folder of a fitted system, and {run} is none")
    if unknown:
        raise OptionError(f"there is no option {unknown[0]} for a discovery: aitia do --help lists them")


def _is_fit(run: Path) -> bool:
    from aitia.workflow.loading import is_fit

    return is_fit(run)


def _ask(
    run: Path,
    intervention: str,
    rows: str | None,
    data: str | None,
    draws: int,
    seed: int,
    given: dict[str, Any],
    out: Path | None,
    as_json: bool,
) -> None:
    from aitia.workflow.answer_files import check_place
    from aitia.workflow.ask import answer_folder, ask, parse_rows

    if out is not None:
        check_place(out)
    numbers = None if rows is None else parse_rows(rows)
    answer = ask(run, intervention, rows=numbers, data=data, draws=draws, seed=seed, **given)
    folder = out if out is not None else answer_folder(run, "do", str(answer.intervention))
    files = answer.write(folder)
    if as_json:
        typer.echo((folder / "answer.json").read_text(encoding="utf-8"), nl=False)
        return
    if answer.flow:
        typer.echo("\n".join([*answer.flow, ""]))
    for warning in answer.warnings:
        typer.echo(f"Note: {warning}")
    known = "; the truth stands beside it" if answer.truth is not None else ""
    of = f" for row {', '.join(map(str, answer.numbers))}" if answer.numbers else ""
    typer.echo(f"{answer.intervention}{of}{known}\n{answer.about}.")
    for line in answer.first_rows():
        typer.echo(line)
    for file in files if len(files) <= 6 else [*files[:5], folder]:
        typer.echo(f"  {file.resolve()}")
    echo_alarms(answer.alarms)


def _estimate(
    run: Path,
    intervention: str | None,
    said: Mapping[str, Any],
    jobs: int,
    as_json: bool,
    out: Path | None,
    how: "tuple[Reading, Mapping[str, str]]",
    options: dict[str, Any],
) -> None:
    from aitia.data.tables import read_table
    from aitia.discovery import estimate_effect, load_discovery
    from aitia.discovery.effects import Search
    from aitia.discovery.marked import marked_contrast, marked_outcome, passed_over
    from aitia.do import Intervention
    from aitia.engine import LocalEngine
    from aitia.graph import Roles
    from aitia.graph.formats import read_graph_and_roles

    search, graph, graphs = None, said["graph"], said["graphs"]
    for name in ("scale", "weights", "cluster", "instrument", "trim", "refute", "accept_censored"):
        options[name] = said[name]
    _check_out(out)
    if run.is_dir():
        saved = load_discovery(run)
        table, found, read_as = saved.table, saved.graph, saved.read_as
        search = Search.of(saved, graphs) if graph is None else None
    elif graph is not None:
        table, found = read_table(run, kinds=how[1], how=how[0]), None
    else:
        raise OptionError(f"{run} is no folder of a discovery; for a table, say which graph to use (--graph FILE)")
    if graph is not None and graphs:
        raise OptionError("--graphs finds the graph again, and --graph says which it is: leave one out")
    roles = Roles()
    if graph is not None:
        (found, roles), read_as = read_graph_and_roles(graph), "auto"
    assert found is not None
    outcome = marked_outcome(roles) if said["outcome"] is None else said["outcome"]
    reference = None if said["against"] is None else Intervention.parse(said["against"])
    if intervention is not None:
        done = Intervention.parse(intervention)
    else:
        done, left = marked_contrast(roles, table)
        reference = left if reference is None else reference
    for note in passed_over(roles):
        typer.echo(f"Note: {note}", err=True)
    with progress_bar(quiet=as_json) as progress:
        answer = estimate_effect(
            found, table, done, outcome, against=reference, latent=roles.latent, read_as=read_as,
            search=search,
            engine=LocalEngine(jobs), progress=progress, **options,
        )  # fmt: skip
    _told(answer, as_json)
    if not as_json:
        echo_alarms(answer.alarms)
    _written(answer, out, as_json)


def _told(found: "EstimatedEffect | BeforeAfter", as_json: bool) -> None:
    """The answer, and before it how the rows came to be."""
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    typer.echo("\n".join([*found.flow, *([""] if found.flow else []), *found.lines()]))


def _check_out(out: Path | None) -> None:
    """Refuses a folder that holds something else, before any work."""
    if out is not None:
        from aitia.workflow.answer_files import check_place

        check_place(out)


def _written(found: "EstimatedEffect | BeforeAfter", out: Path | None, quiet: bool) -> None:
    """The answer as a folder: answer.json and report.html."""
    if out is None:
        return
    from aitia.discovery.effects.page import page
    from aitia.runs import versions
    from aitia.workflow.answer_files import answer_place, write_record

    with answer_place(out) as stage:
        (stage / "report.html").write_text(
            page(found, shlex.join(["aitia", *sys.argv[1:]]), versions()), encoding="utf-8"
        )
        write_record(stage, {"system": "discover", "verb": "effect", **found.to_json()})
    if not quiet:
        typer.echo(f"Report: {(out / 'report.html').resolve()}")


def _before_after(
    run: Path,
    intervention: str | None,
    said: Mapping[str, Any],
    options: dict[str, Any],
    as_json: bool,
    out: Path | None,
    how: "tuple[Reading, Mapping[str, str]]",
) -> None:
    from aitia.data.tables import read_table
    from aitia.discovery import load_discovery
    from aitia.discovery.effects import before_after

    of = ("outcome", "cluster", "since", "time", "treated", "accept_censored")
    given = [f"--{name.replace('_', '-')}" for name in _given(said) if name not in of] + (
        [intervention] if intervention else []
    )
    if given:
        raise OptionError(f"{given[0]} is of an intervention, and --since compares before and after: leave one out")
    outcome, time, treated = said["outcome"], said["time"], said["treated"]
    _check_out(out)
    if run.is_dir():
        saved = load_discovery(run)
        table, time = saved.table, time or saved.context
    else:
        table = read_table(run, kinds=how[1], how=how[0])
    if time is None:
        raise OptionError("say which column is the time (--time COLUMN): --since is a moment of it")
    if outcome is None:
        raise OptionError("say which variable to watch (--outcome)")
    group = None
    if treated is not None:
        name, mark, wanted = treated.partition("=")
        if not mark:
            raise OptionError(f"--treated is COLUMN=LABEL, such as state=NJ, got {treated!r}")
        group = (name.strip(), wanted.strip())
    options |= {"treated": group, "cluster": said["cluster"], "accept_censored": said["accept_censored"]}
    found = before_after(table, outcome, time, said["since"], **options)
    _told(found, as_json)
    _written(found, out, as_json)
