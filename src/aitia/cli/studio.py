"""`aitia studio`: catalogue, discovery, interventions, runs and ledger in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from aitia.errors import MissingExtraError, OptionError

__all__ = ["studio_command"]

HERE = ("127.0.0.1", "localhost", "::1")


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
    import socket

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
    workspace = Workspace(folder)
    key = secrets.token_urlsafe(24) if host not in HERE else None
    with Lock(workspace.folder / ".lock"), socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((host, port))
        except OSError as error:
            raise OptionError(
                f"port {port} of {host} cannot be had: {error.strerror}; --port 0 takes a free one"
            ) from None
        held.listen()  # who follows the address at once waits, and is not turned away
        port = held.getsockname()[1]
        names = [*(f"[{name}]" if ":" in name else name for name in HERE), *([host] if host not in HERE else [])]
        if host in ("0.0.0.0", "::"):
            names += [socket.gethostname().lower(), *_addresses()]
        address = f"http://{'localhost' if host in HERE else names[-1]}:{port}/{f'?key={key}' if key else ''}"
        app = create_app(
            workspace, hosts={f"{name}:{port}" for name in names}, key=key, at_once=jobs, models=models or ()
        )
        typer.echo(f"aitia studio: {address}   (Ctrl-C ends it)")
        if key is not None:
            typer.echo("Warning: other machines can reach this; whoever has the key can read and run here.", err=True)
        if browser and key is None:
            import threading
            import webbrowser

            threading.Timer(0.7, webbrowser.open, [address]).start()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        server.run([held])


def _addresses() -> list[str]:
    """Of this machine, as its own name resolves."""
    import socket

    found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    return sorted({str(one[4][0]) for one in found})
