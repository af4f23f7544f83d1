"""Every table by import, so that `Base.metadata` is complete for migrations and tests."""

from __future__ import annotations

from bot.store import (  # noqa: F401 - importing is what makes the tables known
    articles,
    beginnings,
    broadcasts,
    codes,
    consents,
    deliveries,
    desk,
    erasures,
    followers,
    inbox,
    lead_events,
    lead_notes,
    lead_parts,
    leads,
    lines,
    materials,
    news,
    outbox,
    questions,
    readings,
    received,
    replies,
    staff,
    subscriptions,
    tags,
    talks,
)
from bot.store.base import Base

metadata = Base.metadata
