"""An intake over a test site and a real database, with a clock that stands still unless told to move."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.adapters.site.site import Site
from bot.search.topics import Taxonomy
from bot.store import articles
from bot.store.articles import Article, ArticleTopic, Content
from bot.store.base import Sessions, reading
from bot.store.lines import Threshold
from bot.taking import Taker
from config.texts import HERE
from jobs.ingest import Ingested, Intake, ingest
from tests.site.rules import rules, site
from tests.site.zblog import Blog

NOW = datetime.fromisoformat("2026-11-25T12:00:00+08:00")


def taxonomy() -> Taxonomy:
    return Taxonomy.from_toml(tomllib.loads((HERE / "topics.toml").read_text(encoding="utf-8")))


@dataclass
class Desk:
    """The articles of one database and the site they come from."""

    store: Sessions
    blog: Blog
    now: datetime = NOW
    stop: Callable[[], bool] = lambda: False
    told: list[tuple[int, int, str]] = field(default_factory=list)
    site: Site | None = None

    def __post_init__(self) -> None:
        self.blog.now = lambda: self.now
        self.again()

    def again(self) -> None:
        """A new process: what it knows is what the database knows."""
        with reading(self.store) as session:
            theme = articles.remembered(session, "theme").get("theme")
        self.site = site(self.blog.root)
        if theme:
            from bot.adapters.site.pages import Theme

            self.site.learned = Theme(**theme)

    def taker(self) -> Taker:
        def same(article_id: int, content: Content) -> int | None:
            with reading(self.store) as session:
                return articles.earlier_with(session, content.hash, article_id)

        return Taker(self.store, rules().cleaning, taxonomy().assign, same, lambda: self.now, Threshold(8))

    def intake(self) -> Intake:
        assert self.site is not None
        tell = lambda done, whole, told: self.told.append((done, whole, told))  # noqa: E731
        return Intake(self.store, self.taker(), lambda: self.now, tell, self.stop, self.site)

    def run(self, *, everything: bool = False) -> Ingested:
        return ingest(self.intake(), everything=everything)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def rows(self) -> dict[str, Article]:
        """Articles that are here, by title."""
        with reading(self.store) as session:
            return {one.title: one for one in session.scalars(sa.select(Article).where(Article.gone_at.is_(None)))}

    def all_rows(self) -> list[Article]:
        with reading(self.store) as session:
            return list(session.scalars(sa.select(Article)))

    def topics(self, article_id: int) -> list[ArticleTopic]:
        with reading(self.store) as session:
            return list(session.scalars(sa.select(ArticleTopic).where(ArticleTopic.article_id == article_id)))

    def state(self, name: str) -> dict[str, object]:
        with reading(self.store) as session:
            return articles.remembered(session, name)


def differences(desk: Desk) -> list[str]:
    """What is stored otherwise than it was posted: title, text, category, or the day."""
    stored, posted = desk.rows(), {one.title: one for one in desk.blog.posts.values()}
    wrong = [f"missing {title}" for title in posted.keys() - stored.keys()]
    wrong += [f"too many {title}" for title in stored.keys() - posted.keys()]
    for title in posted.keys() & stored.keys():
        row, post = stored[title], posted[title]
        if row.body != post.body:
            wrong.append(f"body {title}")
        if abs(row.published_at - post.posted) > timedelta(days=1):
            wrong.append(f"day {title}")
    return wrong
