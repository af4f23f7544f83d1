"""The whole front on real parts: Redis, SQLite, the article index with the sample site's articles."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from bot import wiring
from bot.samplesite.posts import Posts
from bot.store import articles
from bot.store.articles import Content
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.conftest import redis_server
from tests.transcripts.phone import Phone

TOKEN, AES_KEY, APP_ID = "simtoken2026", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "wx1234567890abcdef"


@pytest.fixture(scope="package")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[wiring.Front]:
    folder = tmp_path_factory.mktemp("front")
    with redis_server(folder) as redis_url:
        settings = read(
            {
                "WECHAT_APP_ID": APP_ID,
                "WECHAT_APP_SECRET": "not-a-real-secret",
                "WECHAT_TOKEN": TOKEN,
                "WECHAT_AES_KEY": AES_KEY,
                "SECRET_KEY": "transcripts-secret",
                "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
                "REDIS_URL": redis_url,
                "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
                "DATA_DIR": str(folder),
            }
        )
        wiring.migrate(settings)
        _fill(wiring.base(settings))
        with closing(wiring.front(settings, answer)) as made:
            yield made


@pytest.fixture
def phone(front: wiring.Front, request: pytest.FixtureRequest) -> Phone:
    """A follower nobody has met before."""
    openid = f"oSim_{abs(hash(request.node.name)):x}"[:28]
    return Phone(make(front).test_client(), TOKEN, AES_KEY, APP_ID, openid)


def _fill(made: wiring.Base) -> None:
    """The sample site's articles as rows and in the index."""
    library = wiring.library_of(made)
    for post in Posts().all():
        when = datetime.fromtimestamp(post.published, UTC)
        content = Content(
            f"https://site.example/post/{post.id}.html", post.title, post.body, when, summary=post.body[:80]
        )
        with made.sessions.begin() as session:
            article_id, _ = articles.upsert(session, content, when)
            topics = library.taxonomy.assign(content.title, content.body, post.category)
            articles.set_topics(session, article_id, topics)
    library.refresh()
