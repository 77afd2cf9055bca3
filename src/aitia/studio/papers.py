"""The feed beside the studio: its file, a search that is kept ready, and its passes where they are asked for."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aitia.errors import AitiaError
from aitia.feed import Hit, Item, Links, MailServer, Pass, Searcher, Store, open_encoder, serve, take_systems
from aitia.feed.running import check_links

if TYPE_CHECKING:
    from aitia.feed import Encoder

__all__ = ["Papers"]

PATIENCE = 0.2
"""Seconds that a page waits for the search of what has come since; then the one before answers once more."""
ENDS = 10.0
"""Seconds that a pass has to end its mail when the studio ends; what is cut off goes again."""


class Papers:
    """What the pages of papers and the catalogue ask.

    Args:
        place: The file of the feed; None takes that of the user.
        encoder: Folder of the encoder that searches by meaning; None searches by words.
        links: The pages to which mails lead; None takes no subscriptions.
        server: That takes mail; None leaves sending to `aitia feed run`.
        every: From one pass to the next; None makes none.
        tell: Gets what passes did.

    Raises:
        OptionError: If mails would have no links.
    """

    def __init__(
        self,
        place: str | Path | None = None,
        *,
        encoder: Path | None = None,
        links: Links | None = None,
        server: MailServer | None = None,
        every: timedelta | None = None,
        tell: Callable[[Pass | str], None] = lambda _: None,
    ) -> None:
        check_links(server, links)
        self.place, self.links = place, links
        self._encoder, self._server, self._every, self._tell = encoder, server, every, tell
        self._opened: Encoder | None = None
        self._lock, self._asking, self._stop = threading.Lock(), threading.Lock(), threading.Event()
        self._held: dict[Sequence[str], Searcher] = {}
        self._making: dict[Sequence[str], tuple[int, Future[Searcher]]] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Brings the systems into the file, and begins the passes. A file that cannot be used is told by the pages."""
        self._pool = ThreadPoolExecutor(1)
        self._stop.clear()
        with suppress(AitiaError), self.store() as store:
            take_systems(store)
        if self._every is not None:
            self._thread = threading.Thread(target=self._serve, args=(self._every,), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the passes."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(ENDS)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def store(self) -> Store:
        """The file, opened for one request: it belongs to one thread."""
        return Store(self.place)

    def searcher(self, *kinds: str) -> Searcher:
        """The search of all that is there, or of some kinds of it; the last one for as long as a new one is made.

        Raises:
            AitiaError: If the file or the encoder cannot be opened.
        """
        with self.store() as store:
            edition = store.edition
        with self._lock:
            assert self._pool is not None
            if kinds not in self._making or self._making[kinds][0] != edition:
                self._making[kinds] = edition, self._pool.submit(self._made, kinds)
            made, held = self._making[kinds][1], self._held.get(kinds)
        try:
            found = made.result(None if held is None else PATIENCE)
        except TimeoutError:
            assert held is not None
            return held
        except AitiaError:
            with self._lock:  # it is tried again
                self._making.pop(kinds, None)
            raise
        self._held[kinds] = found
        return found

    def search(self, query: str, k: int, kind: str, *among: str) -> list[Hit]:
        """The nearest items of a kind, among all or some kinds. One at a time: an encoder is no thing of many threads.

        Raises:
            OptionError: If the query has no word.
        """
        searcher = self.searcher(*among)
        with self._asking:
            return searcher.search(query, k, (kind,))

    def nearest(self, items: Sequence[Item], kind: str) -> dict[str, Item | None]:
        """Of each item the one of another kind that is nearest to it, by the id of the first."""
        searcher = self.searcher()
        with self._asking:
            return {item.id: searcher.nearest(item, kind) for item in items}

    def _made(self, kinds: Sequence[str]) -> Searcher:
        if self._encoder is not None and self._opened is None:
            self._opened = open_encoder(self._encoder)
        with self.store() as store:
            return Searcher(store, self._opened, kinds)

    def _serve(self, every: timedelta) -> None:
        try:
            encoder = None if self._encoder is None else open_encoder(self._encoder)  # its own, in a thread of its own
            with self.store() as store:
                serve(
                    store, every, self._stop, self._tell, server=self._server, links=self.links, encoder=encoder
                )  # fmt: skip
        except AitiaError as error:
            self._tell(str(error))
