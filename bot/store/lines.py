"""Lines that stand at the beginning or the end of many different articles: the firm's own, learned by counting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.articles import Article
from bot.store.base import Base, add_missing

FEW, MOST_OF = 4, 0.6
"""At a small site so few articles are enough, if they are so large a part of all."""


class EdgeLine(Base):
    """A line near the beginning or the end of an article, by its key; kept until the line is learned."""

    __tablename__ = "edge_lines"

    key: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (sa.Index("ix_edge_lines_article_id", "article_id"),)


class LearnedLine(Base):
    """A line that is not the articles' own. sample: how it reads; staff can see what was learned."""

    __tablename__ = "learned_lines"

    origin: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    sample: Mapped[str] = mapped_column(sa.Text)
    learned_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Threshold:
    """From how many different articles on a line is the firm's."""

    articles: int = 8


def learned(session: Session, origin: str) -> frozenset[str]:
    return frozenset(session.scalars(sa.select(LearnedLine.key).where(LearnedLine.origin == origin)))


def note(
    session: Session, origin: str, article_id: int, edges: Mapping[str, str], threshold: Threshold, now: datetime
) -> frozenset[str]:
    """Count the lines of a new article (key -> how it reads); gives the keys learned by that."""
    known = learned_among(session, origin, edges)
    unknown = [key for key in edges if key not in known]
    add_missing(session, EdgeLine, [{"key": key, "article_id": article_id} for key in unknown])
    found = frozenset(_often(session, origin, unknown, threshold))
    session.add_all(LearnedLine(origin=origin, key=key, sample=edges[key], learned_at=now) for key in found)
    return found


def learned_among(session: Session, origin: str, keys: Iterable[str]) -> set[str]:
    wanted = sa.and_(LearnedLine.origin == origin, LearnedLine.key.in_(list(keys)))
    return set(session.scalars(sa.select(LearnedLine.key).where(wanted)))


def having(session: Session, origin: str, keys: Iterable[str]) -> list[Article]:
    """The articles that were stored with these lines, before they were learned."""
    with_line = sa.select(EdgeLine.article_id).where(EdgeLine.key.in_(list(keys)))
    return list(session.scalars(sa.select(Article).where(Article.origin == origin, Article.id.in_(with_line))))


def forget_counts(session: Session, origin: str, keys: Iterable[str]) -> None:
    """Learned lines need not be counted any longer."""
    mine = sa.select(Article.id).where(Article.origin == origin)
    session.execute(sa.delete(EdgeLine).where(EdgeLine.key.in_(list(keys)), EdgeLine.article_id.in_(mine)))


def _often(session: Session, origin: str, keys: list[str], threshold: Threshold) -> list[str]:
    """A story told many times counts once: only articles that are shown count."""
    own = sa.and_(Article.origin == origin, Article.duplicate_of.is_(None), EdgeLine.key.in_(keys))
    counted = sa.select(EdgeLine.key, sa.func.count()).join(Article, Article.id == EdgeLine.article_id)
    counts = {key: int(count) for key, count in session.execute(counted.where(own).group_by(EdgeLine.key))}
    most = max(counts.values(), default=0)
    if most < FEW:
        return []
    whole = sa.select(sa.func.count()).where(Article.origin == origin)
    enough = min(threshold.articles, max(FEW, int(MOST_OF * int(session.scalar(whole) or 0) + 0.99)))
    return [key for key, count in counts.items() if count >= enough]
