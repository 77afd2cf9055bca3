"""`aitia studio`: catalogue, discovery, interventions, runs, ledger and papers in a browser."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.addresses import is_near
from aitia.cli.feed_options import EncoderPath, PublicUrl, Security, Sender, Smtp, StorePath, links_of, server_of
from aitia.errors import MissingExtraError, OptionError, RunError
from aitia.files import write_whole

if TYPE_CHECKING:
    import socket

    from aitia.feed import Links, MailServer
    from aitia.studio.papers import Papers

__all__ = ["studio_command"]

HERE = ("127.0.0.1", "localhost", "::1")
ADDRESS = ".address"
"""The file in which a studio says where it is, for a second start of it."""


def studio_command(
    folder: Annotated[Path, typer.Argument(help="Where tables and runs are kept.")] = Path("aitia-studio"),
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Beyond this machine only with --expose.")] = "127.0.0.1",
    expose: Annotated[bool, typer.Option("--expose", help="Answer other machines too, behind a key.")] = False,
    jobs: Annotated[int, typer.Option(help="Jobs at a time.")] = 1,
    models: Annotated[
        list[Path] | None,
        typer.Option(
            help="A model's folder, or one that holds some, that may be opened beside those in FOLDER/models."
        ),
    ] = None,
    shortcut: Annotated[
        Path | None,
        typer.Option(help="Write a launcher to double-click into this folder, such as the desktop, instead."),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
    store: StorePath = None,
    encoder: EncoderPath = None,
    feed_every: Annotated[
        str | None, typer.Option(help="Make passes of the feed, too, so far apart: minutes, hours or days (24h).")
    ] = None,
    public_url: PublicUrl = None,
    smtp: Smtp = None,
    sender: Sender = None,
    security: Security = "starttls",
) -> None:
    """Open the studio: a table, its graph, and what if, in the browser of this machine.

    Example: aitia studio analyses
    """
    try:
        import uvicorn

        from aitia.studio import Workspace, create_app
    except ImportError as error:
        raise MissingExtraError("the studio needs `pip install 'aitia[studio]'`") from error
    import secrets

    from aitia.runs import Lock

    if host not in HERE and not expose:
        raise OptionError(f"--host {host} lets other machines in: say --expose if that is meant, and keep its key")
    if jobs < 1:
        raise OptionError(f"--jobs is 1 or more, got {jobs}")
    if absent := [path for path in models or () if not path.is_dir()]:
        raise OptionError(f"--models {absent[0]} is no folder")
    if shortcut is not None:
        from aitia.studio.shortcut import write_shortcut

        typer.echo(f"{write_shortcut(shortcut, folder)}: a double click starts the studio of {folder.resolve()}")
        return
    feed = _papers(store, encoder, feed_every, links_of(public_url), server_of(smtp, sender, security))
    outside = host not in HERE or (feed.links is not None and not is_near(feed.links.host))
    key = secrets.token_urlsafe(24) if outside else None
    workspace = Workspace(folder)
    if browser and (running := _running(workspace.folder)) is not None:  # a second double click
        import webbrowser

        webbrowser.open(running)
        typer.echo(f"aitia studio: {running}   (it was running already)")
        return
    with Lock(workspace.folder / ".lock"), _bound(host, port) as held:
        names, port = _names(host), held.getsockname()[1]
        app = create_app(
            workspace, hosts={f"{name}:{port}" for name in names}, key=key, at_once=jobs, feed=feed, models=models or ()
        )
        address = f"http://{'localhost' if host in HERE else names[-1]}:{port}/{f'?key={key}' if key else ''}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        try:
            _tell(address, key, workspace.folder, browser=browser and host in HERE)
            server.run([held])
        finally:
            (workspace.folder / ADDRESS).unlink(missing_ok=True)


def _tell(address: str, key: str | None, folder: Path, *, browser: bool) -> None:
    """Says where the studio is, to a second double click as well, and opens it."""
    if key is None:  # before it is told, so that whoever reads that and clicks again finds it
        write_whole(folder / ADDRESS, address, RunError)
    typer.echo(f"aitia studio: {address}   (Ctrl-C ends it)")
    if key is not None:
        typer.echo("Warning: other machines can reach this; whoever has the key can read and run here.", err=True)
    if browser:
        import threading
        import webbrowser

        threading.Timer(0.7, webbrowser.open, [address]).start()


def _papers(
    store: Path | None, encoder: Path | None, every: str | None, links: "Links | None", server: "MailServer | None"
) -> "Papers":
    """The papers beside the studio; mail goes by its passes, or by those of `aitia feed run`."""
    from aitia.cli.feed import tell_served
    from aitia.feed import every_of
    from aitia.studio.papers import Papers

    span = None if every is None else every_of(every)
    return Papers(store, encoder=encoder, links=links, server=server if span else None, every=span, tell=tell_served)


def _running(folder: Path) -> str | None:
    """The address of a studio that runs on this folder already; None where none does, or only a key opens it."""
    from aitia.runs.lock import holder_of

    if holder_of(folder / ".lock") is None:
        return None
    try:
        told = (folder / ADDRESS).read_text(encoding="utf-8")
    except OSError:
        return None
    return told if re.fullmatch(r"http://localhost:[0-9]{1,5}/", told) else None


def _bound(host: str, port: int) -> "socket.socket":
    """A socket that listens: who follows the address at once waits, and is not turned away."""
    import socket

    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
        held.listen()
    except OSError as error:
        held.close()
        raise OptionError(f"port {port} of {host} cannot be had: {error.strerror}; --port 0 takes a free one") from None
    return held


def _names(host: str) -> list[str]:
    """Under which this machine may be asked, as a Host header has them; the last one is shown to others."""
    import socket

    names = [*(f"[{name}]" if ":" in name else name for name in HERE), *([host] if host not in HERE else [])]
    if host in ("0.0.0.0", "::"):
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        names += [socket.gethostname().lower(), *sorted({str(one[4][0]) for one in found})]
    return names
