"""Which of the followers behind a lead an answer of staff goes to: whoever wrote last and still follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store import erasures, talks
from bot.store.followers import Follower
from bot.store.secrets import Secrets

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def answered(session: Session, secrets: Secrets, openids: Sequence[str]) -> str:
    """The one of these, given in the order in which they came; "" where nobody of them follows any more."""
    here = _still_following(session, secrets, openids)
    heard = dict(session.execute(sa.select(Follower.openid, Follower.heard_at).where(Follower.openid.in_(here))).all())
    spoke = talks.spoke_last(session, here)
    return max(here, key=lambda one: (spoke.get(one) or heard.get(one) or _NEVER, here.index(one)), default="")


def _still_following(session: Session, secrets: Secrets, openids: Sequence[str]) -> list[str]:
    """Those who left are known by their stones; whoever came back has a row again."""
    left = erasures.stones(session, secrets, openids)
    back = set(session.scalars(sa.select(Follower.openid).where(Follower.openid.in_(left))))
    return [one for one in openids if one not in left or one in back]
