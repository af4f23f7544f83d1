"""The library of a process: rows become findable, in this process and in the others."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

from bot import wiring
from bot.store import articles
from bot.store.articles import Content
from config.settings import read
from tests.conftest import redis_server
from tests.waiting import eventually

SOON_S = 20.0


def _made(folder: Path, redis_url: str) -> wiring.Base:
    settings = read(
        {
            "WECHAT_APP_ID": "wx1234567890abcdef",
            "WECHAT_APP_SECRET": "not-a-real-secret",
            "WECHAT_TOKEN": "simtoken2026",
            "WECHAT_AES_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "SECRET_KEY": "library-tests-secret",
            "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
            "REDIS_URL": redis_url,
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "DATA_DIR": str(folder),
        }
    )
    wiring.migrate(settings)
    return wiring.base(settings)


def _store(made: wiring.Base, title: str) -> None:
    now = datetime.now(UTC)
    with made.sessions.begin() as session:
        articles.upsert(session, Content(f"https://site.example/{title}", title, f"{title}。", now), now)


def test_a_stored_article_is_found_in_every_process_at_the_next_look(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis_url:
        made = _made(tmp_path, redis_url)
        one, other = wiring.library_of(made), wiring.library_of(made)
        _store(made, "谐振波阀门企业落户")
        one.first_look()
        other.refresh()
        assert [article.title for article in other.articles.newest()] == ["谐振波阀门企业落户"]


def test_a_library_that_keeps_fresh_finds_what_comes_later(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis_url:
        made = _made(tmp_path, redis_url)
        library = wiring.library_of(made)
        library.keep_fresh()
        _store(made, "谐振波水泵企业落户")
        assert eventually(library.articles.newest, SOON_S)


def test_rows_that_cannot_be_had_do_not_keep_a_process_from_starting(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis_url:
        made = _made(tmp_path, redis_url)
        library = wiring.library_of(made)
        (tmp_path / "bot.db").unlink()
        made.sessions.kw["bind"].dispose()
        library.first_look(patience=0.1)
        assert library.articles.newest() == ()
