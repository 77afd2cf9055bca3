"""The entry point. What a user's input causes is one sentence and exit code 2; for 130 see `aitia.stopping`."""

import errno
import sys
from typing import Annotated

import typer

from aitia import stopping
from aitia.cli.adapt import adapt_command
from aitia.cli.answer import ASK_SETTINGS
from aitia.cli.ask import ask_app
from aitia.cli.bench import bench_command
from aitia.cli.data import data_app
from aitia.cli.demo import demo_command
from aitia.cli.discover import discover_command
from aitia.cli.do import do_command
from aitia.cli.edit import edit_command
from aitia.cli.effects import effects_command
from aitia.cli.encode import encode_command
from aitia.cli.export import export_command
from aitia.cli.extras import lacking
from aitia.cli.feed import feed_app
from aitia.cli.predict import predict_command
from aitia.cli.read import read_command
from aitia.cli.resuming import way_on
from aitia.cli.run import RUN_SETTINGS, run_command
from aitia.cli.streams import UNWRITABLE, open_closed, say, unwritable
from aitia.cli.studio import studio_command
from aitia.cli.systems import list_command, show_command
from aitia.cli.trace import trace_command
from aitia.cli.verify import verify_command
from aitia.cli.world import world_command
from aitia.errors import AitiaError, OptionError
from aitia.threads import set_threads
from aitia.version import __version__

__all__ = ["app", "main"]

_SURROUNDINGS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR)
"""Errors of a disk or folder, which say nothing against the program, wherever they arise."""

app = typer.Typer(
    name="aitia",
    help="Learn a causal graph, do an intervention, verify the answer.\n\nStart with: aitia discover table.csv",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("discover")(discover_command)
app.command("run", context_settings=RUN_SETTINGS, add_help_option=False)(run_command)
for _name, _command in (
    ("do", do_command),
    ("predict", predict_command),
    ("encode", encode_command),
    ("effects", effects_command),
    ("adapt", adapt_command),
    ("export", export_command),
):
    app.command(_name, context_settings=ASK_SETTINGS)(_command)
app.command("read")(read_command)
app.command("trace")(trace_command)
app.command("edit")(edit_command)
app.command("bench")(bench_command)
app.command("world")(world_command)
app.command("list")(list_command)
app.command("show")(show_command)
app.command("verify")(verify_command)
app.command("demo")(demo_command)
app.command("studio")(studio_command)
app.add_typer(data_app, name="data")
app.add_typer(ask_app, name="ask")
app.add_typer(feed_app, name="feed")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of BLAS, OpenMP and torch, before the command; one unless the environment says."),
    ] = None,
) -> None:
    """Learn a causal graph, do an intervention, verify the answer."""
    if threads is not None:
        if threads < 1:
            raise OptionError(f"--threads is a number of threads, 1 or more, got {threads}")
        set_threads(threads)


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    open_closed()
    set_threads()
    stopping.watch(lambda: way_on(sys.argv[1:]))
    try:
        code = _code()
        told = unwritable()
        stopping.at_once()
    except stopping.Stopped:
        stopping.leave()
    if told:
        say(f"the output cannot be written: {told}")
    sys.exit(code if told is None else code or (2 if told else 1))


def _code() -> int | str | None:
    """The exit code of the command; an error of its user is one sentence."""
    try:
        app()
    except BaseException as error:
        if stopping.asked():  # whatever else came of it
            raise stopping.Stopped from None
        if isinstance(error, SystemExit):
            return error.code
        if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
            unwritable()
            say(f"the output cannot be written: {error.strerror}")
            return 2
        if isinstance(error, OSError) and not isinstance(error, AitiaError) and error.errno in _SURROUNDINGS:
            where = "" if error.filename is None else f"{error.filename}: "
            say(f"{where}{error.strerror}; what was finished before is kept")
            return 2
        if isinstance(error, ModuleNotFoundError) and (sentence := lacking(error)) is not None:
            say(sentence)
            return 2
        if not isinstance(error, AitiaError):
            raise
        say(str(error))
        return 2
    return 0
