"""`aitia feed`: papers and systems found by a need in one's own words, sources that are watched, digests by mail."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit

import typer

from aitia.cli.feed_options import (
    EncoderPath,
    PublicUrl,
    Security,
    Sender,
    Smtp,
    StorePath,
    encoder_of,
    links_of,
    server_of,
    store_of,
)
from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.feed import Pass, Store, Update

__all__ = ["feed_app"]

feed_app = typer.Typer(
    no_args_is_help=True,
    help="Find a system or paper by a need in your own words, watch feeds, and get or send digests by mail.\n\n"
    'Example: aitia feed search "which of my columns changed"',
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@feed_app.command("add")
def add_command(
    place: Annotated[str, typer.Argument(help="Address (https://...) or file of an Atom, RSS or JSON feed.")],
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Read it without encryption.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="It may be on this machine or in a private net.")
    ] = False,
    contact: Annotated[str, typer.Option(help="Page or address that its server may read of who asks.")] = "",
    store: StorePath = None,
) -> None:
    """Read a feed, keep its papers, and watch it from now on.

    Example: aitia feed add papers.xml
    """
    from aitia.feed import add_source

    with store_of(store) as opened:
        _tell(add_source(opened, place, allow_http=allow_http, allow_private=allow_private, contact=contact))


@feed_app.command("search")
def search_command(
    text: Annotated[str, typer.Argument(help="The need, in your own words.")],
    k: Annotated[int, typer.Option("--k", help="How many are shown.")] = 10,
    encoder: EncoderPath = None,
    only_systems: Annotated[bool, typer.Option("--systems", help="Systems alone, no papers.")] = False,
    as_json: AsJson = False,
    store: StorePath = None,
) -> None:
    """Find systems and papers by a need, each with the sentence that says why.

    Example: aitia feed search "which of my columns changed"
    """
    from aitia.feed import Searcher, take_systems

    with store_of(store) as opened:
        take_systems(opened)
        searcher = Searcher(opened, encoder_of(encoder), ("system",) if only_systems else ())
        hits = searcher.search(text, k)
    if as_json:
        told = [
            {"id": h.item.id, "title": h.item.title, "score": round(h.score, 6), "reason": h.reason,
             "published": h.item.published, "link": h.item.link} for h in hits
        ]  # fmt: skip
        typer.echo(json.dumps({"by": searcher.by, "found": told}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"by {searcher.by}")
    if not hits:
        typer.echo("Nothing has a word of it: say it in other words, or give an encoder, which goes by meaning.")
    for hit in hits:
        item = hit.item
        typer.echo(f"\n{hit.score:.3f}  {item.title} ({item.published[:4]})")
        typer.echo(f"       {f'aitia show {item.slug}' if item.kind == 'system' else item.link or item.id}")
        typer.echo(f"       {hit.reason}")


@feed_app.command("subscribe")
def subscribe_command(
    address: Annotated[str, typer.Argument(help="Of mail, such as who@example.org.")],
    query: Annotated[str, typer.Option(help="What is looked for, in the subscriber's own words; all without.")] = "",
    frequency: Annotated[str, typer.Option(help="daily or weekly.")] = "daily",
    store: StorePath = None,
) -> None:
    """Ask for digests to an address: a mail with a link goes there, and they begin with that link.

    Example: aitia feed subscribe who@example.org --query "causal representation learning"
    """
    from aitia.feed import subscribe

    with store_of(store) as opened:
        subscribe(opened, address, query, frequency)
    typer.echo("A mail that asks for confirmation waits: `aitia feed run` sends it, and it asks again after an hour.")


@feed_app.command("confirm")
def confirm_command(
    link: Annotated[str, typer.Argument(help="Of the mail that asks for confirmation, or its token.")],
    store: StorePath = None,
) -> None:
    """Begin a subscription by the link of the mail that asks for it."""
    from aitia.feed import confirm

    token = parse_qs(urlsplit(link).query).get("token", [""])[0] if "://" in link else link
    with store_of(store) as opened:
        begun = confirm(opened, token)
    typer.echo(f"{begun.address} gets {begun.frequency} what is new" + (f" on {begun.query!r}" if begun.query else ""))


@feed_app.command("digest")
def digest_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send and change nothing; write mails to --out.")] = False,
    out: Annotated[Path | None, typer.Option(help="New folder for the .eml files of a dry run.")] = None,
    encoder: EncoderPath = None,
    smtp: Smtp = None,
    sender: Sender = None,
    security: Security = "starttls",
    public_url: PublicUrl = None,
    store: StorePath = None,
) -> None:
    """Make the digests that are due and send them, without a visit to any source; or look at them first.

    Example: aitia feed digest --dry-run --out mails
    """
    if dry_run != (out is not None):
        raise OptionError("a dry run writes mails to a folder: give both --dry-run and --out DIR, or none of them")
    with store_of(store) as opened:
        if out is None:
            _run(opened, smtp, sender, security, public_url, encoder, visit=False)
            return
        from aitia.feed import write_digests

        names = {} if sender is None else {"sender": sender}
        files = write_digests(opened, out, links_of(public_url), encoder=encoder_of(encoder), **names)
    typer.echo(f"{_count(len(files), 'mail')} in {out}; nothing was sent, and their links lead nowhere")


@feed_app.command("run")
def run_command(
    encoder: EncoderPath = None,
    smtp: Smtp = None,
    sender: Sender = None,
    security: Security = "starttls",
    public_url: PublicUrl = None,
    store: StorePath = None,
) -> None:
    """Make one pass, for cron or systemd: visit the sources, make the digests that are due, send what waits.

    Example: aitia feed run

    Without --smtp nothing is sent, and mails wait. A second pass at the same time says so and leaves.
    """
    with store_of(store) as opened:
        _run(opened, smtp, sender, security, public_url, encoder, visit=True)


@feed_app.command("serve")
def serve_command(
    every: Annotated[str, typer.Option(help="From one pass to the next: minutes, hours or days.")] = "24h",
    encoder: EncoderPath = None,
    smtp: Smtp = None,
    sender: Sender = None,
    security: Security = "starttls",
    public_url: PublicUrl = None,
    store: StorePath = None,
) -> None:
    """Make a pass now and at each time, and send in between what falls due, until Ctrl-C ends it.

    Example: aitia feed serve --every 24h

    `aitia studio --feed-every 24h` does it beside its pages.
    """
    import threading

    from aitia.feed import every_of, serve

    span, server, links = every_of(every), server_of(smtp, sender, security), links_of(public_url)
    with store_of(store) as opened:
        serve(opened, span, threading.Event(), tell_served, server=server, links=links, encoder=encoder_of(encoder))


def tell_served(done: "Pass | str") -> None:
    """Prints what a pass did, or why it did not, with the time."""
    from datetime import UTC, datetime

    typer.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    if isinstance(done, str):
        typer.echo(f"aitia: {done}", err=True)
    else:
        _tell_pass(done)


def _run(
    store: "Store", smtp: str | None, sender: str | None, security: str, public: str | None, encoder: Path | None,
    *, visit: bool,
) -> None:  # fmt: skip
    from aitia.feed import run_pass

    done = run_pass(store, server_of(smtp, sender, security), links_of(public), encoder_of(encoder), visit=visit)
    _tell_pass(done)
    if any(update.trouble for update in done.updates) or (done.mails is not None and done.mails.failed):
        raise typer.Exit(1)


def _tell_pass(done: "Pass") -> None:
    for update in done.updates:
        if not update.waited:
            _tell(update)
    typer.echo(f"{_count(done.queued, 'digest')} made")
    if done.mails is None:
        wait = f"{_count(done.waiting, 'mail')} to be sent once there is a mail server (--smtp HOST)"
        typer.echo(wait if done.waiting else "no mail waits")
        return
    mails = done.mails
    again = f", {mails.repeated} of them begun before and perhaps sent twice" if mails.repeated else ""
    typer.echo(
        f"{_count(mails.sent, 'mail')} sent{again}; {mails.later} put off, {mails.failed} given up, "
        f"{done.waiting} waiting"
    )
    for line in mails.told:
        typer.echo(f"  {line}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _tell(update: "Update") -> None:
    from aitia.addresses import bare

    if update.trouble:
        typer.echo(f"aitia: {update.trouble}", err=True)
        return
    typer.echo(f"{bare(update.place)}: {update.new} new, {update.revised} revised")
    for line in update.told:
        typer.echo(f"  {line}")


@feed_app.command("list")
def list_command(
    items: Annotated[int, typer.Option(help="How many of the papers that are trending are shown, too.")] = 0,
    address: Annotated[
        str | None, typer.Option(help="Show all that is kept of this address of mail, as JSON, and nothing else.")
    ] = None,
    as_json: AsJson = False,
    store: StorePath = None,
) -> None:
    """List what is watched, how many subscribe, and how many mails wait.

    Example: aitia feed list --items 5
    """
    from dataclasses import asdict

    from aitia.feed import told_of, trending, watched
    from aitia.feed.subscribers import counts

    with store_of(store) as opened:
        if address is not None:
            typer.echo(json.dumps(told_of(opened, address), indent=2, ensure_ascii=False))
            return
        listed, subscribers = watched(opened), counts(opened)
        mails = dict(opened.read("SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state"))
        papers = trending(opened, items) if items > 0 else []
        place = opened.place
    if as_json:
        shown = [{"id": item.id, "title": item.title, "votes": votes} for item, votes in papers]
        told = {"store": str(place), "sources": [asdict(s) for s in listed], "subscribers": subscribers,
                "mails": mails, "items": shown}  # fmt: skip
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{place}")
    for s in listed:
        typer.echo(
            f"{s.number}  {s.place}  {s.title}, {_count(s.items, 'paper')}, {s.state}, read {s.fetched[:16] or 'never'}"
        )
        if s.trouble:
            typer.echo(f"   {s.trouble}")
    if not listed:
        typer.echo("Nothing is watched: aitia feed add ADDRESS")
    for what, told_of_what in (("subscribers", subscribers), ("mails", mails)):
        typer.echo(f"{what}: {', '.join(f'{n} {state}' for state, n in told_of_what.items()) or 'none'}")
    for item, votes in papers:
        typer.echo(f"{item.published}  {_count(votes, 'vote')}  {item.title}")


@feed_app.command("remove")
def remove_command(
    place: Annotated[str, typer.Argument(help="Address, file or number of the source, as `list` shows it.")],
    store: StorePath = None,
) -> None:
    """Watch a source no more, and drop the papers that no other source lists.

    Example: aitia feed remove 1
    """
    from aitia.feed import remove_source

    with store_of(store) as opened:
        typer.echo(f"{_count(remove_source(opened, place), 'paper')} dropped")


@feed_app.command("forget")
def forget_command(
    address: Annotated[str, typer.Argument(help="Of mail.")],
    store: StorePath = None,
) -> None:
    """Delete all that is kept of an address: its subscription, votes and mails.

    Example: aitia feed forget who@example.org
    """
    from aitia.feed import forget

    with store_of(store) as opened:
        typer.echo("forgotten" if forget(opened, address) else "nothing was kept of it")
