"""The papers: list, search, item, subscription and vote, without any script; and the same as a feed.

Links of mails lead here. Looking at one changes nothing, since programs that scan mail look at all of them: a page
with a button comes, and the button acts.
"""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from aitia.errors import AitiaError, FormatError, OptionError
from aitia.feed import Item, atom_feed, confirm, subscribe, unsubscribe, vote
from aitia.feed.items import ENTRY, SYSTEM
from aitia.feed.plain import web_link
from aitia.feed.subscribers import FREQUENCIES
from aitia.feed.votes import by_votes, votes
from aitia.studio.guard import PAPERS
from aitia.studio.pages import page
from aitia.studio.papers import Papers

router = APIRouter()
SHOWN, IN_FEED, MOST_PAGES = 20, 50, 50
READER = "aitia-reader"
"""The cookie of whoever has voted by the link of a mail: holds its token, so that further votes need no mail."""


def _papers(request: Request) -> Papers:
    papers: Papers = request.app.state.papers
    return papers


def _found(papers: Papers, q: str, k: int) -> list[tuple[Item, str]]:
    """Papers with the sentence that says why: by a query, else those that are trending."""
    if q.strip():
        return [(hit.item, hit.reason) for hit in papers.search(q, k, ENTRY)]
    items = [item for item in papers.searcher().items if item.kind == ENTRY]
    with papers.store() as store:
        return [(item, "") for item in by_votes(items, votes(store), store.now())[:k]]


def _listed(request: Request, q: str, number: int, *, status: int = 200, **form: str) -> HTMLResponse:
    papers = _papers(request)
    number = min(max(number, 1), MOST_PAGES)
    fault = ""
    found: list[tuple[Item, str]] = []
    try:
        found = _found(papers, q, number * SHOWN + 1)
    except OptionError as error:
        fault = str(error)
    here = found[(number - 1) * SHOWN : number * SHOWN]
    near = papers.nearest([item for item, _ in here], SYSTEM)
    with papers.store() as store:
        given = votes(store)
    shown = [{"item": item, "reason": reason, "votes": given.get(item.number, 0), "near": near.get(item.id)}
             for item, reason in here]  # fmt: skip
    further = len(found) > number * SHOWN and number < MOST_PAGES
    ways = (("earlier", number - 1, number > 1), ("further", number + 1, further))
    pages = {name: f"/papers?{urlencode({'q': q, 'page': to})}" for name, to, there in ways if there}
    told = {"address": "", "query": q, "frequency": "daily", "trouble": ""} | form
    return page(
        request, "papers.html", title="Papers", status=status, q=q, shown=shown, pages=pages, fault=fault,
        first=(number - 1) * SHOWN + 1,
        by=papers.searcher().by if q.strip() else "", feed=f"/papers/feed.atom?{urlencode({'q': q})}" if q.strip()
        else "/papers/feed.atom", taken=papers.links is not None, frequencies=list(FREQUENCIES), form=told,
    )  # fmt: skip


@router.get("/papers")
def listed(request: Request, q: str = "", number: Annotated[str, Query(alias="page")] = "1") -> HTMLResponse:
    """What is trending, or nearest to a query."""
    return _listed(request, q, int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1)


@router.get("/papers/feed.atom")
def feed(request: Request, q: str = "") -> Response:
    """The same as an Atom feed: the latest, or those nearest to a query, the latest first."""
    papers = _papers(request)
    if q.strip():
        found = [item for item, _ in _found(papers, q, IN_FEED)]
        found.sort(key=lambda item: item.published, reverse=True)
    else:
        found = [item for item in papers.searcher().items if item.kind == ENTRY][:IN_FEED]
    base = papers.links.page if papers.links is not None else str(request.base_url).rstrip("/") + "/papers"
    address = f"{base}/feed.atom" + (f"?{urlencode({'q': q})}" if q.strip() else "")
    title = f"Papers on {q}" if q.strip() else "Papers"
    return Response(atom_feed(found, title, address, datetime.now(UTC)), media_type="application/atom+xml")


def _item(papers: Papers, name: str) -> Item:
    for item in papers.searcher().items:
        if item.id == name and item.kind == ENTRY:
            return item
    raise FormatError("there is no paper of this name, or not any more")


def _shown(request: Request, name: str, token: str, told: str = "", fault: str = "") -> HTMLResponse:
    papers = _papers(request)
    item = _item(papers, name)
    with papers.store() as store:
        given = votes(store).get(item.number, 0)
    return page(
        request, "paper.html", title=item.title, status=400 if fault else 200, item=item, link=web_link(item.link),
        votes=given, near=papers.nearest([item], SYSTEM).get(item.id), reader=bool(token or READER in request.cookies),
        act=f"/papers/vote?{urlencode({'token': token, 'item': name} if token else {'item': name})}", told=told,
        fault=fault,
    )  # fmt: skip


@router.get("/papers/item")
def item(request: Request, id: str = "") -> HTMLResponse:
    """A paper, with its abstract."""
    return _shown(request, id, "")


@router.get("/papers/vote")
def ask_vote(request: Request, token: str = "", item: str = "") -> HTMLResponse:
    """A paper, with a button that votes for it."""
    return _shown(request, item, token)


@router.post("/papers/vote")
def give_vote(request: Request, token: str = "", item: str = "") -> HTMLResponse:
    """Counts a vote; one of each subscriber for an item."""
    papers = _papers(request)
    token = token or request.cookies.get(READER, "")
    try:
        with papers.store() as store:
            vote(store, token, item)
    except OptionError as error:
        return _shown(request, item, "", fault=str(error))
    answer = _shown(request, item, token, told="Your vote is counted; a second one would not be.")
    secure = request.url.scheme == "https"
    answer.set_cookie(READER, token, path=PAPERS, httponly=True, samesite="strict", secure=secure)
    return answer


def _peer(request: Request) -> str:
    """Who asks, as limits count them: an address, or of IPv6 the net that one line has."""
    host = request.client.host if request.client is not None else "nowhere"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(address if address.version == 4 else ip_network((address, 64), strict=False))


@router.post("/papers/subscribe")
def ask_subscription(request: Request) -> HTMLResponse:
    """Sends a mail that asks whether it is meant; says the same for every address."""
    papers, form = _papers(request), request.state.form
    told = {name: str(form.get(name, ""))[:2000] for name in ("address", "query", "frequency")}
    if papers.links is None:
        return page(request, "told.html", title="Closed", told="Subscriptions are not taken here.", status=403)
    address, frequency = told["address"].strip(), told["frequency"] or "daily"
    try:
        with papers.store() as store:
            said = subscribe(store, address, told["query"], frequency, _peer(request))
    except OptionError as error:
        return _listed(request, "", 1, status=400, **told, trouble=str(error))
    return page(request, "papers_done.html", title="Look into your mail", told=said)


def _button(request: Request, title: str, about: str, label: str, **fields: str) -> HTMLResponse:
    act = f"{request.url.path}?{urlencode({'token': request.query_params.get('token', '')})}"
    return page(request, "papers_button.html", title=title, about=about, label=label, act=act, fields=fields)


@router.get("/papers/confirm")
def ask_confirm(request: Request) -> HTMLResponse:
    """A button that begins a subscription."""
    return _button(request, "Begin the subscription", "Mail comes from now on, until you end it.", "Begin")


@router.post("/papers/confirm")
def begin(request: Request, token: str = "") -> HTMLResponse:
    """Begins a subscription."""
    with _papers(request).store() as store:
        begun = confirm(store, token)
    on = f" on “{begun.query}”" if begun.query else ""
    told = f"{begun.address} gets {begun.frequency} what is new{on}. Every mail has a link that ends it."
    return page(request, "papers_done.html", title="The subscription has begun", told=told)


ONE_CLICK: dict[str, Any] = {"List-Unsubscribe": "One-Click"}
"""What the body of a request says that ends a subscription (RFC 8058), by a mail provider or by our button."""


@router.get("/papers/unsubscribe")
def ask_leave(request: Request) -> HTMLResponse:
    """A button that ends a subscription."""
    return _button(request, "No more mail", "This ends your subscription.", "End it", **ONE_CLICK)


@router.post("/papers/unsubscribe")
def leave(request: Request, token: str = "") -> Response:
    """Ends a subscription. From anywhere: the token in the address is what allows it, and it does nothing else."""
    if any(request.state.form.get(name) != value for name, value in ONE_CLICK.items()):
        return PlainTextResponse("the body says List-Unsubscribe=One-Click, or nothing ends", 400)
    try:
        with _papers(request).store() as store:
            unsubscribe(store, token)
    except AitiaError as error:
        return page(request, "told.html", title="That did not work", told=str(error), status=400)
    return page(request, "papers_done.html", title="The subscription has ended", told="No more mail comes.")
