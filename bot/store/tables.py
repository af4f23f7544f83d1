"""Every table by import, so that `Base.metadata` is complete for migrations and tests."""

from __future__ import annotations

from bot.store.base import Base

metadata = Base.metadata
