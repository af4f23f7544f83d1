"""After a restore: what was sent since the backup is not known, so nothing of before goes out a second time."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.articles import IngestState
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.news import RESTORED, News
from bot.store.outbox import Outbox
from bot.store.talks import PENDING, Talk

UNSENT = ("planned", "claimed", "sending")
UNDONE = ("waiting", "held", "approved", "open")


def settle(session: Session, now: datetime) -> None:
    """Pushes end, and answers of staff that waited are for them to look at. Staff hear of leads that waited once more,
    for a lead told twice is better than one not told."""
    dropped = {"state": "dropped", "settled_at": now, "lease_until": None, "error": "a backup was restored"}
    session.execute(sa.update(Delivery).where(Delivery.state.in_(UNSENT)).values(**dropped))
    session.execute(sa.update(Broadcast).where(Broadcast.state.in_(UNDONE)).values(state="cancelled"))
    session.execute(sa.delete(News))
    again = {"state": "waiting", "lease_until": None, "worker": "", "due_at": now, "attempts": 1}
    session.execute(sa.update(Outbox).where(Outbox.state.in_(("waiting", "sending"))).values(**again))
    doubtful = {"state": "unsure", "error": "unsure", "lease_until": None, "worker": ""}
    session.execute(sa.update(Talk).where(Talk.state.in_(PENDING)).values(**doubtful))
    session.execute(sa.delete(IngestState).where(IngestState.key == RESTORED))
    session.add(IngestState(key=RESTORED, value={"at": now.isoformat()}))
