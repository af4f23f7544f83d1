"""The articles of one process: the index, and how it keeps up with the rows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.dialogue.wording import Heard
from bot.search.articles import IndexedArticles
from bot.search.builder import Busy, Change, catch_up, place, rebuild, tidy
from bot.search.calibration import calibrate, grown_since_calibration
from bot.search.document import Document
from bot.search.finding import Tools
from bot.search.index import Index
from bot.search.synonyms import Synonyms
from bot.search.topics import Taxonomy
from bot.store import articles as stored
from bot.store import broadcasts
from bot.store.base import Sessions, reading
from bot.wiring.common import Base
from config.texts import Texts

log = logging.getLogger(__name__)

REFRESH_S = 0.25
FIRST_LOOK_S = 60.0
REFRESH_MOST_S = 8.0
"""Between looks while they fail."""


@dataclass
class Library:
    """The articles of one process: the index, its taxonomy, and how it keeps up with the rows."""

    sessions: Sessions
    index: Index
    taxonomy: Taxonomy
    articles: IndexedArticles
    latest_news: int = 0
    _closed: threading.Event = field(default_factory=threading.Event)

    def refresh(self) -> None:
        """Take in what changed, if this process may write, and see what any process has written."""
        with reading(self.sessions) as session:
            behind = stored.latest_seq(session) > place(self.index)
            self.latest_news = broadcasts.latest_news(session)
        taken = catch_up(self.index, self.changes) if behind else 0
        left = self.index.folder
        self.index.reload()
        if self.index.folder != left:
            tidy(self.index)  # the last one to leave a generation removes it
        if taken:
            self._keep_fit()

    def _keep_fit(self) -> None:
        """Beside the answers and the next look: it asks the index a thousand questions, or builds it anew."""
        work = self.renew if self.index.is_worn else self.calibrate if grown_since_calibration(self.index) else None
        if work:
            threading.Thread(target=work, name="library-work", daemon=True).start()

    def renew(self) -> None:
        """Build the index anew, without the texts that were replaced."""
        with suppress(Busy):
            rebuild(self.index, self.changes)

    def calibrate(self) -> None:
        calibrate(self.index, self.articles.tools, datetime.now(UTC))

    def first_look(self, patience: float = FIRST_LOOK_S) -> None:
        """After a change of the analysis the index is empty: fill it, or wait for the process that fills it, before
        anybody is answered. Where the rows cannot be had, answers begin with what there is."""
        until = time.monotonic() + patience
        try:
            self.refresh()
            while self._is_behind() and time.monotonic() < until:
                time.sleep(REFRESH_S)
                self.refresh()
            tidy(self.index)
        except Exception:
            log.exception("the index cannot be looked at before the start")

    def _is_behind(self) -> bool:
        with reading(self.sessions) as session:
            return stored.latest_seq(session) > place(self.index)

    def keep_fresh(self, *others: Callable[[], object]) -> None:
        """From now on until it is closed, and whatever else is to be looked at as often."""
        threading.Thread(target=self._for_ever, args=others, name="library", daemon=True).start()

    def _for_ever(self, *others: Callable[[], object]) -> None:
        pause = 0.0
        while not self._closed.wait(pause):
            try:
                for look in (self.refresh, *others):
                    look()
                pause = REFRESH_S
            except Exception:  # the next look may go better; answers go on with what there is
                log.exception("what is kept fresh cannot be refreshed")
                pause = min(REFRESH_MOST_S, (pause or REFRESH_S) * 2)

    def close(self) -> None:
        """Nothing is kept fresh any more; answers go on with what there is."""
        self._closed.set()

    def changes(self, after: int, limit: int) -> list[Change]:
        with reading(self.sessions) as session:
            rows = stored.changed_since(session, after, limit)
            topics = stored.topics_of(session, [row.id for row in rows])
        return [Change(row.index_seq, row.id, document_of(row, topics.get(row.id, ()))) for row in rows]


def library_of(made: Base) -> Library:
    taxonomy = Taxonomy.from_toml(made.texts["topics"])
    index = Index(Path(made.settings.data_dir) / "index")
    tools, pictures = search_tools(made.texts, taxonomy), topic_pictures(made.texts)
    articles = IndexedArticles(index, taxonomy.topics, tools, pictures=pictures)
    return Library(made.sessions, index, taxonomy, articles)


def topic_pictures(files: Texts) -> dict[str, str]:
    """By topic, for its articles that have none of their own."""
    return {row["key"]: row["picture"] for row in files["topics"]["topic"] if row.get("picture")}


def is_small_talk(heard: Heard, text: str) -> bool:
    """Whether a message is answered before anybody searches: a greeting, thanks, a command."""
    return any(heard(name, text) for name in _BEFORE_SEARCH) or sum(char.isalnum() for char in text) < 2


_BEFORE_SEARCH = (
    "help",
    "greeting",
    "thanks",
    "more",
    "related",
    "contact",
    "human",
    "qr",
    "mine",
    "topics",
    "unsubscribe_all",
)


def search_tools(files: Texts, taxonomy: Taxonomy) -> Tools:
    """What the search knows of the trade: other names for things, and terms it understands by their sound."""
    return Tools.of(Synonyms.from_toml(files["synonyms"]), taxonomy.terms)


def document_of(row: stored.Article, topics: tuple[str, ...]) -> Document | None:
    if row.gone_at is not None or row.hidden_at is not None:
        return None
    return Document(
        id=row.id,
        title=row.title,
        body=row.body,
        published=row.published_at,
        category=row.category,
        topics=topics,
        url=row.url,
        picture=row.picture,
        summary=row.summary,
        duplicate_of=row.duplicate_of,
    )
