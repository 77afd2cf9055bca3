"""Papers as they come: our systems and any feeds a user names, searched by meaning, and told by mail.

store           one SQLite file
items           papers and systems, each known by DOI, arXiv number or title
sources         addresses and files that are watched; parsing and xml_feeds read them
bm25, encoders, search      what finds an item for a need in one's own words, and says why
votes           what is trending
subscribers     asked for twice, ended with one click, forgotten on request
digests, messages, smtp, outbox     what is new for whom, as mail that survives a kill
running         one pass of all of it
serving         passes at their time
atom            items as a feed
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.feed.atom import atom_feed
    from aitia.feed.encoders import Encoder, open_encoder
    from aitia.feed.items import Item, all_items, take_systems
    from aitia.feed.messages import Links
    from aitia.feed.parsing import Parsed, parse_feed
    from aitia.feed.running import Pass, run_pass, write_digests
    from aitia.feed.search import Hit, Searcher
    from aitia.feed.serving import every_of, serve
    from aitia.feed.smtp import MailServer
    from aitia.feed.sources import Source, Update, add_source, refresh, remove_source, watched
    from aitia.feed.store import Store
    from aitia.feed.subscribers import Subscription, confirm, forget, subscribe, told_of, unsubscribe
    from aitia.feed.votes import trending, vote

__all__ = [
    "Encoder",
    "Hit",
    "Item",
    "Links",
    "MailServer",
    "Parsed",
    "Pass",
    "Searcher",
    "Source",
    "Store",
    "Subscription",
    "Update",
    "add_source",
    "all_items",
    "atom_feed",
    "confirm",
    "every_of",
    "forget",
    "open_encoder",
    "parse_feed",
    "refresh",
    "remove_source",
    "run_pass",
    "serve",
    "subscribe",
    "take_systems",
    "told_of",
    "trending",
    "unsubscribe",
    "vote",
    "watched",
    "write_digests",
]

_HOMES = {
    "atom": "atom_feed",
    "encoders": "Encoder open_encoder",
    "items": "Item all_items take_systems",
    "messages": "Links",
    "parsing": "Parsed parse_feed",
    "running": "Pass run_pass write_digests",
    "search": "Hit Searcher",
    "serving": "every_of serve",
    "smtp": "MailServer",
    "sources": "Source Update add_source refresh remove_source watched",
    "store": "Store",
    "subscribers": "Subscription confirm forget subscribe told_of unsubscribe",
    "votes": "trending vote",
}
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
