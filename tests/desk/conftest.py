"""A desk on a real database and a real Redis, and browsers of staff who sit at it."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

from bot.adapters.vault import Vault
from bot.dialogue.form import Form
from bot.dialogue.lookups import Article
from bot.store import staff
from bot.store.base import Base, Sessions, sessions
from bot.store.migrate import upgrade
from handlers.web.staff import Desk, desk_door
from tests.desk.people import Browser, Clock, Office

CONFIG = Path(__file__).resolve().parents[2] / "config"
PLACES = {"320583": "昆山市", "320585": "太仓市"}
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def toml(name: str) -> dict[str, object]:
    return tomllib.loads((CONFIG / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Passwords hashed as cheaply as argon2 goes; test_sign_in looks at the real cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staff, "_hasher", cache(lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
        staff._nobody.cache_clear()
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("desk") / "made.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[Sessions]:
    shutil.copy(migrated, tmp_path / "bot.db")
    made = sessions(f"sqlite:///{tmp_path / 'bot.db'}")
    yield made
    made.kw["bind"].dispose()


@pytest.fixture(scope="session")
def migrated_postgres(_postgres: str) -> str:
    upgrade(_postgres)
    return _postgres


@pytest.fixture
def postgres_store(migrated_postgres: str) -> Iterator[Sessions]:
    made = sessions(migrated_postgres)
    yield made
    with made.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(sa.delete(table))
    made.kw["bind"].dispose()


@pytest.fixture
def secrets() -> Vault:
    return Vault(bytes(range(32)))


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def desk(store: Sessions, secrets: Vault, redis_url: str, clock: Clock) -> Desk:
    return make_desk(store, secrets, redis_url, clock)


def make_desk(store: Sessions, secrets: Vault, redis_url: str, clock: Clock) -> Desk:
    rules = toml("staff")
    return Desk(
        sessions=store,
        secrets=secrets,
        secret_key="not a secret, only a test",
        limiter_url=redis_url,
        texts=toml("desk"),
        form=Form.from_toml(toml("intake")),
        score=rules["score"],  # type: ignore[arg-type]
        labels=rules["slots"],  # type: ignore[arg-type]
        firm="园区招商",
        topics={"robot": "机器人"},
        place=lambda code: PLACES.get(code, code),
        articles=articles,
        channels=("wecom",),
        now=clock,
    )


def articles(ids: tuple[int, ...]) -> list[Article]:
    return [
        Article(one, f"产业链文章 {one}", "", f"https://site.example/{one}.html", "", START, ("robot",)) for one in ids
    ]


@pytest.fixture
def app(desk: Desk) -> Flask:
    made = Flask("test")
    desk_door(made, desk)
    return made


@pytest.fixture
def office(app: Flask, desk: Desk, clock: Clock) -> Office:
    """Li is an agent, so is Zhao; Wang is a manager, Admin an admin."""
    made = Office(app, desk, clock)
    for name, role in (("li", "agent"), ("zhao", "agent"), ("wang", "manager"), ("root", "admin")):
        made.employ(name, role)
    return made


@pytest.fixture
def li(office: Office) -> Browser:
    return office.browser("li")


@pytest.fixture
def zhao(office: Office) -> Browser:
    return office.browser("zhao")


@pytest.fixture
def wang(office: Office) -> Browser:
    return office.browser("wang")


@pytest.fixture
def root(office: Office) -> Browser:
    return office.browser("root")
