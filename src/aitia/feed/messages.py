"""The mails: a confirmation and a digest, in plain text and HTML, with headers by which one click ends it all.

References: RFC 2369 and 8058 (List-Unsubscribe by one click), RFC 2919 (List-Id), RFC 3834 (Auto-Submitted).
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import quote, urlsplit

from aitia.addresses import checked_parts, is_near
from aitia.errors import OptionError
from aitia.feed.plain import inert, web_link

__all__ = ["Links", "confirmation", "digest_mail"]

MOST_AUTHORS = 5


@dataclass(frozen=True)
class Links:
    """Addresses of the pages that mails lead to.

    Args:
        public: The address under which others reach this machine's pages.

    Raises:
        OptionError: If it is none, or passwords and links would travel over it for all to read.
    """

    public: str

    def __post_init__(self) -> None:
        parts = checked_parts(self.public)
        if parts.scheme != "https" and not is_near(parts.hostname or ""):
            raise OptionError(f"links of mails lead to an address with https://, got {self.public[:200]}")

    @property
    def host(self) -> str:
        """The host of the pages."""
        return urlsplit(self.public).hostname or ""

    @property
    def page(self) -> str:
        """The list of papers."""
        return f"{self.public.rstrip('/')}/papers"

    def confirm(self, token: str) -> str:
        """Where a subscription is confirmed."""
        return f"{self.page}/confirm?token={token}"

    def unsubscribe(self, token: str) -> str:
        """Where a subscription ends: GET shows a button, POST acts."""
        return f"{self.page}/unsubscribe?token={token}"

    def vote(self, token: str, item: str) -> str:
        """Where an item is voted for."""
        return f"{self.page}/vote?token={token}&item={quote(item, safe='')}"


def confirmation(
    links: Links, sender: str, address: str, content: Mapping[str, Any], name: str, date: datetime, token: str
) -> EmailMessage:
    """The mail that asks whether a subscription is meant.

    Args:
        links: Of the pages.
        sender: Of the mail.
        address: To whom it goes.
        content: `query` and `frequency`.
        name: From which its Message-ID is made.
        date: Of it.
        token: Of its link.
    """
    said = f"papers on “{content['query']}”" if content["query"] else "all new papers"
    link = links.confirm(token)
    text = (
        f"Somebody, you we hope, asked for a {content['frequency']} mail with {said} for this address.\n\n"
        f"It begins with this link, which holds for two days:\n\n{link}\n\n"
        "If it was not you, do nothing: no further mail comes.\n"
    )
    body = (
        f"<p>Somebody, you we hope, asked for a {html.escape(content['frequency'])} mail with {html.escape(said)} for "
        f'this address.</p><p><a href="{html.escape(link)}">Begin the subscription</a> (the link holds for two days)'
        "</p><p>If it was not you, do nothing: no further mail comes.</p>"
    )
    message = _message(links, sender, address, "Confirm your subscription", name, date)
    return _filled(message, text, body)


def digest_mail(
    links: Links, sender: str, address: str, content: Mapping[str, Any], name: str, date: datetime, token: str
) -> EmailMessage:
    """The mail with what is new.

    Args:
        links: Of the pages.
        sender: Of the mail.
        address: To whom it goes.
        content: `query` and `items`.
        name: From which its Message-ID is made.
        date: Of it.
        token: Of its links.
    """
    items, query = content["items"], inert(content["query"])
    count = "1 new paper" if len(items) == 1 else f"{len(items)} new papers"
    subject = f"{count} on {query[:80]}" if query else count
    leave = links.unsubscribe(token)
    text = [f"{subject}", ""]
    body = [f"<h1>{html.escape(subject)}</h1>"]
    for item in items:
        text += [*_item_text(item), f"Vote: {links.vote(token, item['id'])}", ""]
        body.append(_item_html(item, links.vote(token, item["id"])))
    text += ["-- ", f"All papers: {links.page}", f"No more mail: {leave}"]
    body.append(
        f'<hr><p><a href="{html.escape(links.page)}">All papers</a> · '
        f'<a href="{html.escape(leave)}">No more mail</a></p>'
    )
    message = _message(links, sender, address, subject, name, date)
    message["List-Id"] = f"<papers.{links.host}>"
    message["List-Unsubscribe"] = f"<{leave}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return _filled(message, "\n".join(text) + "\n", "".join(body))


def _authors(item: Mapping[str, Any]) -> str:
    names = item["authors"]
    shown = ", ".join(names[:MOST_AUTHORS])
    return f"{shown} and {len(names) - MOST_AUTHORS} more" if len(names) > MOST_AUTHORS else shown


def _item_text(item: Mapping[str, Any]) -> list[str]:
    about = ". ".join(part for part in (_authors(item), item["published"]) if part)
    near = f"Nearest system here: {item['system']} (aitia show {item['system']})" if item["system"] else ""
    return [line for line in (item["title"], about, item["reason"], near, web_link(item["link"])) if line]


def _item_html(item: Mapping[str, Any], vote: str) -> str:
    title, link = html.escape(item["title"]), web_link(item["link"])
    head = f'<a href="{html.escape(link)}" rel="nofollow noopener">{title}</a>' if link else title
    about = html.escape(". ".join(part for part in (_authors(item), item["published"]) if part))
    reason = f"<p>{html.escape(item['reason'])}</p>" if item["reason"] else ""
    near = f"Nearest system here: <code>{html.escape(item['system'])}</code> · " if item["system"] else ""
    return f'<h2>{head}</h2><p>{about}</p>{reason}<p>{near}<a href="{html.escape(vote)}">Vote</a></p>'


def _message(links: Links, sender: str, address: str, subject: str, name: str, date: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, address
    message["Subject"] = inert(subject)
    message["Date"] = date
    message["Message-ID"] = f"<{name}@{links.host}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _filled(message: EmailMessage, text: str, body: str) -> EmailMessage:
    page = f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"></head><body>{body}</body></html>\n'
    message.set_content(text)
    message.add_alternative(page, subtype="html")
    return message
