"""An index of the sample site's articles, and one that a test fills itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.samplesite.posts import Posts
from bot.search.articles import IndexedArticles
from bot.search.document import Document
from bot.search.finding import Tools
from bot.search.index import Index
from bot.search.synonyms import Synonyms
from bot.search.topics import Taxonomy
from config import texts

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
FILES = texts.read()

Shelve = Callable[[Iterable[Document]], IndexedArticles]


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return Taxonomy.from_toml(FILES["topics"])


@pytest.fixture(scope="session")
def tools(taxonomy: Taxonomy) -> Tools:
    return Tools.of(Synonyms.from_toml(FILES["synonyms"]), taxonomy.terms)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy, tools: Tools) -> IndexedArticles:
    """The sample site's articles, one published every five days, the last of them today."""
    posts = sorted(Posts().all(), key=lambda post: post.id)
    documents = (
        Document(
            post.id,
            post.title,
            post.body,
            NOW - timedelta(days=5 * (len(posts) - number)),
            post.category,
            tuple(key for key, _, _ in taxonomy.assign(post.title, post.body, post.category)),
        )
        for number, post in enumerate(posts, 1)
    )
    return _shelved(tmp_path_factory.mktemp("sample"), documents, taxonomy, tools)


@pytest.fixture
def shelve(tmp_path: Path, taxonomy: Taxonomy, tools: Tools) -> Shelve:
    """Articles in an index of their own."""
    return lambda documents: _shelved(tmp_path, documents, taxonomy, tools)


def _shelved(folder: Path, documents: Iterable[Document], taxonomy: Taxonomy, tools: Tools) -> IndexedArticles:
    index = Index(folder)
    writer = index.writer()
    for document in documents:
        writer.put(document)
    writer.commit()
    writer.close()
    index.reload()
    return IndexedArticles(index, taxonomy.topics, tools, lambda: NOW)


def article(number: int, title: str, body: str = "", days_ago: float = 0, duplicate_of: int | None = None) -> Document:
    when = NOW - timedelta(days=days_ago)
    return Document(number, title, body or f"{title}。", when, duplicate_of=duplicate_of)


def others() -> list[Document]:
    """Old articles about other things, so that words have the weight they have in an index of some size."""
    return [article(1000 + post.id, post.title, post.body, days_ago=900) for post in Posts().all()]
