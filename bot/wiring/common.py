"""What every process has: settings, data files, rows, Redis and the vault."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from bot.adapters.redis_scripts import Client, connected
from bot.adapters.vault import Vault
from bot.store import migrate as migrations
from bot.store.base import Sessions, reading, sessions
from bot.understanding.lexicon import Lexicon
from bot.understanding.reader import Reader
from config import texts
from config.settings import Settings
from config.texts import Texts


@dataclass(frozen=True, slots=True)
class Base:
    """What every process has: settings, data files, rows, Redis and the vault."""

    settings: Settings
    texts: Texts
    sessions: Sessions
    redis: Client
    vault: Vault

    def close(self) -> None:
        self.redis.close()
        self.sessions.kw["bind"].dispose()


def base(settings: Settings) -> Base:
    return Base(
        settings,
        texts.read(settings.config_dir),
        sessions(settings.database_url),
        connected(settings.redis_url),
        Vault(settings.data_key, settings.old_data_keys),
    )


def migrate(settings: Settings) -> None:
    migrations.upgrade(settings.database_url)


@lru_cache(4)  # it takes a quarter of a second
def reader(own: str = "") -> Reader:
    """The understanding of inquiries, with the words of config/understanding."""
    folder = Path(own) / "understanding" if own else texts.HERE / "understanding"
    return Reader(Lexicon.from_folder(folder if folder.is_dir() else texts.HERE / "understanding"))


def select_one(sessions: Sessions) -> None:
    """Asks the database something simple. Raises what the driver raises."""
    with reading(sessions) as session:
        session.execute(sa.text("SELECT 1"))
