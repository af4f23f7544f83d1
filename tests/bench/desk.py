"""How long the desk takes with 100 000 leads: `python -m tests.bench.desk [leads]`. Server time, without the network."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.store import leads
from bot.store.base import Sessions, sessions
from bot.store.lead_content import Content, seal
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead, LeadName, LeadPhone
from bot.store.migrate import upgrade
from tests.conftest import redis_server
from tests.desk.people import SLOTS, Browser, Clock, Office

MOST_MS = 300
STATES = ("new", "assigned", "claimed", "contacted", "visited", "negotiating", "nurture", "won", "lost", "invalid")
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
ROUNDS = 15


def main(count: int) -> int:
    from flask import Flask

    from handlers.web.staff import desk_door
    from tests.desk.conftest import make_desk

    folder = Path(tempfile.mkdtemp(prefix="desk"))
    try:
        with redis_server(folder) as redis_url:
            url = f"sqlite:///{folder / 'bot.db'}"
            upgrade(url)
            store, secrets, clock = sessions(url), Vault(bytes(range(32))), Clock(NOW)
            started = time.perf_counter()
            fill(store, secrets, count)
            print(f"{count} leads made in {time.perf_counter() - started:.0f} s")
            app = Flask("bench")
            desk = make_desk(store, secrets, redis_url, clock)
            desk_door(app, desk)
            office = Office(app, desk, clock)
            for name, role in (("li", "agent"), ("root", "admin")):
                office.employ(name, role)
            return max(measure(office.browser(name), name) for name in ("li", "root"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(browser: Browser, name: str) -> int:
    first = browser.get("/leads?view=all").text
    number = first.split("/staff/leads/L")[1].split('"')[0]
    token = browser.token()

    def search(text: str) -> Callable[[], object]:
        return lambda: browser.client.post("/staff/leads", data={"csrf_token": token, "q": text})

    pages: dict[str, Callable[[], object]] = {
        path: (lambda path=path: browser.get(path))  # type: ignore[misc]
        for path in (
            "/leads",
            "/leads?view=all",
            "/leads?view=working&grade=A",
            "/leads?owner=zhao&view=closed",
            "/leads?scene=expo7",
            "/board",
            f"/leads/L{number}",
        )
    }
    pages |= {"search: phone": search("13800050000"), "search: company": search("第50000号测试机械有限公司")}
    worst = 0.0
    for what, open_page in pages.items():
        took = [_ms(open_page) for _ in range(ROUNDS)]
        worst = max(worst, statistics.median(took))
        print(f"{name:<5} {what:<32} median {statistics.median(took):6.0f} ms   slowest {max(took):6.0f} ms")
    print(f"{name:<5} {'search: part of a word (opens leads)':<32} {_ms(search('号测试机')):6.0f} ms")
    return int(worst > MOST_MS)


def fill(store: Sessions, secrets: Vault, count: int) -> None:
    for start in range(0, count, 5000):
        with store.begin() as session:
            numbers = range(start, min(start + 5000, count))
            session.execute(sa.insert(Lead), [_lead(secrets, n) for n in numbers])
            session.execute(sa.insert(LeadEvent), [_event(n) for n in numbers])
            phones = [{"lead_id": n + 1, "phone_hash": leads.phone_hashes(secrets, [_phone(n)])[0]} for n in numbers]
            names = [{"lead_id": n + 1, "name_hash": leads.name_hashes(secrets, [_company(n)])[0]} for n in numbers]
            session.execute(sa.insert(LeadPhone), phones)
            session.execute(sa.insert(LeadName), names)


def _lead(secrets: Vault, n: int) -> dict[str, object]:
    at = NOW - timedelta(minutes=n)
    inside = Content({**SLOTS, "company": _company(n), "mobile": [_phone(n)]}, ("想找厂房",))
    return {
        "id": n + 1, "number": f"L{n:04}-{n:06}", "message_key": f"k{n}", "openid": f"o{n:027}", "version": 1,
        "state": STATES[n % len(STATES)], "owner": ("", "li", "zhao", "chen")[n % 4], "grade": "ABC"[n % 3],
        "shared": False, "sealed": seal(secrets, inside), "scene": f"expo{n % 9}", "consents": {}, "read": [],
        "submitted_at": at, "updated_at": at,
    }  # fmt: skip


def _event(n: int) -> dict[str, object]:
    at = NOW - timedelta(minutes=n)
    return {"lead_id": n + 1, "seq": 1, "at": at, "who": "follower", "kind": "submitted", "after": "new", "changed": []}


def _phone(n: int) -> str:
    return f"+8613800{n:06}"


def _company(n: int) -> str:
    return f"第{n}号测试机械有限公司"


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
