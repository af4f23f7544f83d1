"""The jobs as a worker runs them: with real settings and a real database, against the simulated platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import wiring
from bot.simulator.account import Account
from bot.simulator.app import Simulator, serving
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast
from bot.store.clock import SharedClock
from config.settings import read
from jobs.__main__ import Work
from tests.jobs.shelf import Clock, Shelf

Hire = Callable[..., Work]
TOPIC = "optical"


@pytest.fixture
def platform() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator(Account(kind="subscription-unverified", callback_url="http://127.0.0.1:1/wechat"))
    simulator.knobs.settings.push_jobs = False
    with serving(simulator) as url:
        yield simulator, url


@pytest.fixture
def hire(platform: tuple[Simulator, str], url: str, redis_url: str, tmp_path: Path) -> Hire:
    """hire(**environment): a worker's jobs."""

    def made(**environ: str) -> Work:
        account = platform[0].account
        settings = read(
            {
                "WECHAT_APP_ID": account.app_id,
                "WECHAT_APP_SECRET": account.app_secret,
                "WECHAT_TOKEN": account.token,
                "WECHAT_AES_KEY": account.aes_key,
                "WECHAT_ACCOUNT": "subscription",
                "WECHAT_API_BASE": platform[1],
                "SECRET_KEY": "work-test-secret",
                "DATA_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "REDIS_URL": redis_url,
                "DATABASE_URL": url,
                "DATA_DIR": str(tmp_path / "data"),
                "QUIET_HOURS": "none",
                "PREVIEW_MINUTES": "0",
                **environ,
            }
        )
        base = wiring.base(settings)
        return Work(base, wiring.library_of(base), wiring.account_of(base), lambda _: None)

    return made


def test_pushing_goes_by_the_clock_that_all_machines_share(hire: Hire) -> None:
    work = hire()
    assert isinstance(work.now, SharedClock)
    assert work._courier().now is work.now


def test_what_the_platform_refuses_a_running_worker_is_done_another_way_and_tried_again_after_a_day(
    hire: Hire, platform: tuple[Simulator, str], store: Sessions
) -> None:
    """Said to be verified, and is not: then staff get a draft, also without a restart."""
    work = hire()
    shelf = Shelf(store, work.account.ledger, Clock(datetime.now(UTC)))
    shelf.subscribe("oA", TOPIC)
    shelf.put(1, TOPIC)
    work.digest()
    work.mass()
    work.deliver()
    assert {row.kind: row.state for row in pushed(store)}["mass"] == "failed"
    (refusal,) = work.account.refusals.all()
    assert refusal.call.startswith("tags/")
    assert "tags" not in work.account.rights
    work.mass()
    work.deliver()
    assert {row.kind: row.state for row in pushed(store)}["draft"] == "done"
    assert len(platform[0].drafts.box) == 1
    work.account.refusals.note(refusal.call, datetime.now(UTC) - timedelta(hours=25))
    assert "tags" in work.account.rights


def test_a_push_is_had_as_html_with_the_title_of_staff_and_where_it_comes_from(hire: Hire, store: Sessions) -> None:
    work = hire()
    shelf = Shelf(store, work.account.ledger, Clock(datetime.now(UTC)))
    shelf.put(1, TOPIC)
    work.digest()
    (number,) = [row.id for row in pushed(store)]
    with store.begin() as session:
        session.get_one(Broadcast, number).title = "本周<要闻>"
    text = wiring.html_of(work.made, number)
    assert text.startswith("<h2>本周&lt;要闻&gt;</h2>")
    assert "https://site.example/1" in text.splitlines()[-1]
    assert wiring.html_of(work.made, number + 1) == ""


def pushed(store: Sessions) -> list[Broadcast]:
    with reading(store) as session:
        return list(session.query(Broadcast))
