"""Counts from outside what must be zero: in the platform's memory, in the staff group, and in the database."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
import sqlalchemy as sa

from bot import wiring
from bot.store import leads
from bot.store.leads import Lead, LeadAlias, LeadPhone
from bot.store.outbox import Outbox
from config.settings import read
from tests.chaos.machines import World
from tests.chaos.people import Crowd

APOLOGY = "抱歉，系统正忙"
LATE = "让您久等了"


@dataclass
class Verdict:
    """zeros: what must not happen. figures: what did."""

    zeros: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not any(self.zeros.values())


def settle(world: World, seconds: float) -> None:
    """Until no notice waits any more. What waits for its next try, ten minutes after a robot's nonsense, gets it now."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(sa.exc.SQLAlchemyError), wiring.base(read(world.environ)).sessions.begin() as session:
            waiting = sa.select(sa.func.count()).where(Outbox.state.in_(("waiting", "sending")))
            if not session.scalar(waiting):
                return
            now = datetime.now(UTC)
            late = sa.and_(Outbox.state == "waiting", Outbox.due_at > now)
            session.execute(sa.update(Outbox).where(late).values(due_at=now))
        time.sleep(2)


def judge(world: World, crowd: Crowd) -> Verdict:
    found = Verdict()
    _messages(crowd, found)
    _leads(world, crowd, found)
    pushed = _pushed(world)
    found.zeros["articles pushed twice"] = sum(times - 1 for times in pushed.values())
    found.figures["articles pushed"] = len(pushed)
    found.figures["kills"] = world.kills
    return found


def _pushed(world: World) -> Counter[tuple[str, str]]:
    """How often each follower got each article, alone as a card or with others in a text."""
    found: Counter[tuple[str, str]] = Counter()
    for follower in requests.get(f"{world.simulator}/sim/followers", timeout=30).json()["items"]:
        openid = follower["openid"]
        chat = requests.get(f"{world.simulator}/sim/followers/{openid}/chat", timeout=30).json()["items"]
        for entry in chat:
            if entry.get("by") == "account" and entry.get("via") != "reply":
                found.update(
                    (openid, url) for url in set(re.findall(r"https?://[^\"'\\\s]+/post/\d+\.html", str(entry)))
                )
    return found


def _messages(crowd: Crowd, found: Verdict) -> None:
    sent = list(crowd.platform.sent)
    silent = [one for one in sent if one.silent]
    real = [[text for text in one.answers if APOLOGY not in text] for one in sent]
    differing = [texts for texts in real if len(set(texts)) > 1]
    found.zeros["acknowledged but unanswered"] = len(silent)
    found.zeros["replies that differ between repeats"] = len(differing)
    found.examples += [f"{one.openid} {one.text!r} got nothing" for one in silent[:3]]
    found.examples += [f"differ: {texts[0][:90]!r} / {texts[1][:90]!r}" for texts in differing[:3]]
    times = sorted(one.seconds for one in sent if one.answers)
    found.figures |= {
        "messages": len(sent),
        "answered": sum(bool(texts) for texts in real),
        "apologies": sum(APOLOGY in one.heard for one in sent),
        "given up by the platform": sum(not one.answers and not one.silent for one in sent),
        "late answers": sum(LATE in one.heard for one in sent),
        "refused": sum(403 in one.refused or 500 in one.refused for one in sent),
        "slowest s": round(times[-1], 1) if times else 0,
    }


def _notices(world: World, number: str) -> list[str]:
    """What became of the notices of a lead."""
    with wiring.base(read(world.environ)).sessions() as session:
        lead_id = sa.select(Lead.id).where(Lead.number == number).scalar_subquery()
        rows = session.scalars(sa.select(Outbox).where(Outbox.lead_id == lead_id)).all()
    return [
        f"{row.kind} {row.state} tries {row.attempts} created {row.created_at} due {row.due_at} lease {row.lease_until} {row.error[:60]}"
        for row in rows
    ]


def _leads(world: World, crowd: Crowd, found: Verdict) -> None:
    made = wiring.base(read(world.environ))
    with made.sessions() as session:
        numbers = set(session.scalars(sa.select(Lead.number))) | set(session.scalars(sa.select(LeadAlias.number)))
        (lead_numbers,) = (set(session.scalars(sa.select(Lead.number))),)
        doubled = 0
        for phone in crowd.tried:
            (name,) = leads.phone_hashes(made.vault, [f"+86{phone}"])
            same = sa.select(sa.func.count()).where(LeadPhone.phone_hash == name)
            doubled += max(0, (session.scalar(same) or 0) - 1)
    lost = [number for number in crowd.told.values() if not any(known.startswith(number) for known in numbers)]
    staff = requests.get(f"{world.simulator}/sim/staff", timeout=30).json()["items"]
    told = "\n".join(str(one) for one in staff)
    untold = [number for number in lead_numbers if number not in told]
    found.zeros |= {"leads lost": len(lost), "leads doubled": doubled, "notices lost": len(untold)}
    found.examples += [f"lost {number}" for number in lost[:3]]
    found.examples += [f"untold {number}: {_notices(world, number)}" for number in untold[:3]]
    found.figures |= {
        "prospects": len(crowd.tried),
        "told a number": len(crowd.told),
        "leads": len(lead_numbers),
        "notices told again": len(re.findall("重发", told)),
    }
