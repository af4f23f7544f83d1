"""How fast pushing is, as ratios that hold on any machine: planning, and sending against a bare HTTP loop.

    python -m tests.bench.push [plan|sqlite|tag|template|service ...]

Real PostgreSQL (pgserver), a real SQLite file, real Redis, the simulator over HTTP in a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

from bot.adapters.redis_scripts import connected
from bot.adapters.vault import Vault
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.quota import Ledger
from bot.adapters.wechat.token import TokenStore
from bot.adapters.wechat.windows import MESSAGE
from bot.store import broadcasts
from bot.store.articles import Article, ArticleTopic
from bot.store.base import Sessions, engine, sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.followers import Follower
from bot.store.migrate import upgrade
from bot.store.subscriptions import Subscription
from jobs import deliver, digest, mass, release
from jobs.courier import Courier, Speed, Template, Wording
from jobs.habits import Habits
from tests.conftest import free_port, redis_server

APP, SECRET = "wx1234567890abcdef", "simsecret2026simsecret2026simsec"
FIELDS = {"thing1": "{topic}", "thing2": "{title}", "time3": "{time}"}
WORDS = Wording({}, {"chips": "芯片"}, {"template": Template("SIM_TEMPLATE_NEWS", FIELDS)})
PLAN_SECONDS, PLAN_MB, SQLITE_SECONDS, SEND_RATIO = 60, 300, 20, 0.8
LATENCY, WORKERS, MESSAGES, ROUNDS, PLANS = 0.05, 8, 600, 3, 7


def now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    import pgserver

    with tempfile.TemporaryDirectory() as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        upgrade(server.get_uri())
        yield server.get_uri()
        server.cleanup()


@contextlib.contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bot.db"
        upgrade(url)
        yield url


@contextlib.contextmanager
def simulator(latency: float = 0.0) -> Iterator[str]:
    """The platform in a process of its own; gives its address."""
    port = free_port()
    environ = {**os.environ, "WECHAT_ACCOUNT": "service", "SIM_PORT": str(port), "PYTHONPATH": str(Path.cwd())}
    environ |= {"WECHAT_APP_ID": APP, "WECHAT_APP_SECRET": SECRET, "SIM_CALLBACK_URL": "http://127.0.0.1:1/wechat"}
    process = subprocess.Popen([sys.executable, "-m", "bot.simulator"], env=environ, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{url}/sim/state", timeout=5)
                break
            time.sleep(0.05)
        say(url, "knobs", latency=latency, push_jobs=False)
        yield url
    finally:
        process.terminate()
        process.wait()


def say(url: str, where: str, /, **body: Any) -> Any:
    answer = requests.post(f"{url}/sim/{where}", json=body, timeout=120)
    answer.raise_for_status()
    return answer.json()


def put_article(store: Sessions, number: int = 1) -> None:
    moment = now() - timedelta(hours=1)
    with store.begin() as session:
        session.add(
            Article(
                id=number, title=f"文章{number}", body="一段", summary="摘要", author="", url=f"https://s.example/{number}",
                picture="", published_at=moment, published_precision="second", first_seen_at=moment,
                updated_at=moment, category="", tags=[], content_hash=f"{number:064}", source="feed", index_seq=number,
            )
        )  # fmt: skip
        session.flush()
        session.add(ArticleTopic(article_id=number, topic="chips", score=1.0, by_staff=False))


def put_people(store: Sessions, openids: list[str], *, writing: float = 1.0) -> None:
    """Followers of the topic; the first part of them wrote lately."""
    moment, edge = now() - timedelta(days=1), int(len(openids) * writing)
    with store.begin() as session:
        for start in range(0, len(openids), 5000):
            some = list(enumerate(openids[start : start + 5000], start))
            rows = [
                {"openid": one, "scene": "", "followed_at": moment, "heard_at": moment if place < edge else None}
                for place, one in some
            ]
            session.execute(sa.insert(Follower), rows)
            rows = [{"openid": one, "topic": "chips", "since": moment, "pace": ""} for _, one in some]
            session.execute(sa.insert(Subscription), rows)


def plan(make: Any, count: int, seconds: float, megabytes: float) -> bool:
    """Planning one broadcast to so many subscribers, 3 in 10 by customer-service message and the rest by template."""
    with make() as url:
        store = sessions(url)
        put_people(store, [f"oBench{number:07}" for number in range(count)], writing=0.3)
        put_article(store)
        if "postgres" in url:
            with engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("ANALYZE"))
        habits, reach = Habits(preview=timedelta(minutes=1)), Reach(("service", "template"))
        before, began = _peak(), time.perf_counter()
        digest.plan(store, ["chips"], now(), reach=reach, habits=habits)
        release.release_due(store, reach, habits, now() + timedelta(minutes=2))
        took = time.perf_counter() - began
        with store() as session:
            made = session.scalar(sa.select(sa.func.count()).select_from(Delivery))
    grown = _peak()
    name = "sqlite" if make is sqlite else "postgresql"
    print(f"plan {name}: {made} deliveries in {took:.1f} s ({took / seconds:.2f} of {seconds:.0f} s), "
          f"peak memory {grown:.0f} MB ({grown / megabytes:.2f} of {megabytes:.0f} MB; {before:.0f} before)")  # fmt: skip
    return made == count and took <= seconds and grown <= megabytes


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tag() -> bool:
    """Planning a send to a tag takes as long for many subscribers as for few."""
    took = {count: _tag_planned(count) for count in (20_000, 200_000)}
    few, many = took.values()
    print(f"plan a tag: {few * 1000:.0f} ms for 20 000, {many * 1000:.0f} ms for 200 000 subscribers "
          f"({many / few:.2f} times as long; best of {PLANS})")  # fmt: skip
    return many < 1.5 * few


def _tag_planned(count: int) -> float:
    with postgres() as url, redis() as redis_url:
        store, ledger = sessions(url), Ledger(connected(redis_url), APP, is_service=True)
        put_people(store, [f"oBench{number:07}" for number in range(count)], writing=0.0)
        put_article(store)
        with engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
        digest.plan(store, ["chips"], now(), reach=Reach(()))
        times = []
        for _ in range(PLANS):
            began = time.perf_counter()
            assert mass.plan(store, ["chips"], ledger, now())
            times.append(time.perf_counter() - began)
            with store.begin() as session:  # as if it had not been planned
                session.execute(sa.delete(Delivery))
                session.execute(sa.delete(Broadcast).where(Broadcast.kind == "mass"))
        return min(times)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as url:
        yield url


MESSAGES_OF = {
    "template": lambda openid: {
        "touser": openid, "template_id": "SIM_TEMPLATE_NEWS", "url": "https://s.example/1",
        "data": {name: {"value": "文章1"} for name in FIELDS},
    },
    "service": lambda openid: {
        "touser": openid, "msgtype": "news",
        "news": {"articles": [{"title": "文章1", "description": "摘要", "url": "https://s.example/1", "picurl": ""}]},
    },
}  # fmt: skip
CALLS = {"template": "message/template/send", "service": "message/custom/send"}


def bare(url: str, channel: str, openids: list[str]) -> float:
    """Messages a second of a loop that does nothing but send, with the same number at once."""
    body = {"grant_type": "client_credential", "appid": APP, "secret": SECRET}
    token = requests.post(f"{url}/cgi-bin/stable_token", json=body, timeout=10).json()["access_token"]
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    address = f"{url}/cgi-bin/{CALLS[channel]}?access_token={token}"

    def send(openid: str) -> None:
        assert session.post(address, json=MESSAGES_OF[channel](openid), timeout=10).json()["errcode"] == 0

    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(send, openids))
    return len(openids) / (time.perf_counter() - began)


def ours(url: str, redis_url: str, channel: str, openids: list[str]) -> float:
    with postgres() as database:
        store = sessions(database)
        client = connected(redis_url)
        ledger = Ledger(client, APP, is_service=True)
        put_people(store, openids)
        for openid in openids:
            ledger.note_inbound(openid, MESSAGE, now())
        put_article(store)
        digest.plan(store, ["chips"], now(), reach=Reach((channel,)))
        tokens = TokenStore(client, Vault(bytes(range(32))), APP)
        platform = Platform(APP, SECRET, url, tokens, watch=ledger.watch(now), today=ledger.today(now))
        courier = Courier(store, platform, ledger, WORDS, now, "bench", channels=(channel,), speed=Speed(WORKERS))
        began = time.perf_counter()
        sent = deliver.run(courier)
        took = time.perf_counter() - began
        assert sent == len(openids), sent
        with store.begin() as session:
            broadcasts.finish(session)
            assert {row.state for row in broadcasts.listing(session)} == {"done"}
    return len(openids) / took


def send(channel: str) -> bool:
    ratios = []
    with simulator(LATENCY) as url, redis() as redis_url:
        for number in range(ROUNDS):
            mine = say(url, "followers", count=MESSAGES, windows=True, prefix=f"oA{number}")["openids"]
            theirs = say(url, "followers", count=MESSAGES, windows=True, prefix=f"oB{number}")["openids"]
            loop, rate = bare(url, channel, theirs), ours(url, redis_url, channel, mine)
            ratios.append(rate / loop)
            print(f"{channel}, {WORKERS} at once, {LATENCY * 1000:.0f} ms latency: bare loop {loop:.0f}/s, "
                  f"ours {rate:.0f}/s, ratio {rate / loop:.2f}")  # fmt: skip
    print(f"{channel}: median ratio {statistics.median(ratios):.2f} (at least {SEND_RATIO})")
    return statistics.median(ratios) >= SEND_RATIO


RUNS = {
    "plan": lambda: plan(postgres, 1_000_000, PLAN_SECONDS, PLAN_MB),
    "sqlite": lambda: plan(sqlite, 100_000, SQLITE_SECONDS, PLAN_MB),
    "tag": tag,
    "template": lambda: send("template"),
    "service": lambda: send("service"),
}


def main(names: list[str]) -> int:
    done = {name: RUNS[name]() for name in names or RUNS}
    for name, good in done.items():
        print(f"{name}: {'met' if good else 'MISSED'}")
    return 0 if all(done.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
