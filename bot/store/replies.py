"""What staff made of the firm's replies: keyword rules, welcome, menu; each change a new version, config the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.dialogue.lookups import KeywordRule
from bot.store.base import Base, BigId, add_missing

RULES, WELCOME, MENU = "rules", "welcome", "menu"
"""Names of what can be changed. Values: {"rules": [...]}, {"text": ...}, {"button": [...], "says": {...}}."""


class OwnReply(Base):
    """version: counts the changes of one name; of two who change the same at once one is told. value: {} = as shipped."""

    __tablename__ = "own_replies"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(16))
    version: Mapped[int]
    value: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(sa.String(64))

    __table_args__ = (sa.UniqueConstraint("name", "version"),)


@dataclass(frozen=True, slots=True)
class Rule:
    """A keyword rule as staff see it: with a number, and switched off where they want."""

    id: int
    words: tuple[str, ...]
    answer: str
    match: str = "contains"
    priority: int = 0
    hours: str = ""
    on: bool = True

    @property
    def spoken(self) -> KeywordRule:
        return KeywordRule(self.words, self.answer, self.match, self.priority, self.hours)

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id, "words": list(self.words), "answer": self.answer, "match": self.match,
            "priority": self.priority, "hours": self.hours, "on": self.on,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replies:
    """What counts now. versions: of each name, 0 = never changed. menu: button, says and conditional, as in config/menu.toml."""

    rules: tuple[Rule, ...]
    welcome: str
    menu: Mapping[str, Any]
    versions: Mapping[str, int]

    @property
    def keywords(self) -> tuple[KeywordRule, ...]:
        return tuple(rule.spoken for rule in self.rules if rule.on)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The same out of config."""

    rules: Sequence[Mapping[str, Any]]
    welcome: str
    menu: Mapping[str, Any]


def latest(session: Session) -> int:
    """Grows with every change of anything; 0 = none yet."""
    return session.scalar(sa.select(sa.func.max(OwnReply.id))) or 0


def current(session: Session, shipped: Shipped) -> Replies:
    """What staff wrote last, what is shipped where they wrote nothing."""
    last = sa.select(sa.func.max(OwnReply.id)).group_by(OwnReply.name)
    rows = session.scalars(sa.select(OwnReply).where(OwnReply.id.in_(last))).all()
    return _over(shipped, {row.name: row.value for row in rows}, {row.name: row.version for row in rows})


def as_shipped(shipped: Shipped) -> Replies:
    return _over(shipped, {}, {})


def _over(shipped: Shipped, values: Mapping[str, Any], versions: Mapping[str, int]) -> Replies:
    return Replies(
        rules=_rules(values.get(RULES, {}).get("rules", shipped.rules)),
        welcome=str(values.get(WELCOME, {}).get("text", shipped.welcome)),
        menu=_menu(values.get(MENU, {}), shipped.menu),
        versions=versions,
    )


def keep(session: Session, name: str, version: int, value: Mapping[str, Any], who: str, at: datetime) -> bool:
    """The next version after `version`. False: somebody else made it meanwhile, and nothing was kept."""
    row = {"name": name, "version": version + 1, "value": dict(value), "at": at, "who": who}
    newer = sa.select(OwnReply.id).where(OwnReply.name == name, OwnReply.version > version)
    return session.scalar(newer.limit(1)) is None and bool(add_missing(session, OwnReply, [row]))


def _rules(rows: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            id=int(row.get("id", number)),
            words=tuple(row["words"]),
            answer=row["answer"],
            match=row.get("match", "contains"),
            priority=int(row.get("priority", 0)),
            hours=row.get("hours", ""),
            on=bool(row.get("on", True)),
        )
        for number, row in enumerate(rows, 1)
    )


def _menu(own: Mapping[str, Any], shipped: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of menus from before keep their sentences: phones show an old menu for a while."""
    says = {**shipped.get("says", {}), **own.get("says", {})}
    of_some = list(own.get("conditional", shipped.get("conditional", ())))
    return {
        "button": list(own.get("button", shipped["button"])),
        "says": says,
        **({"conditional": of_some} if of_some else {}),
    }
