"""The jobs as a worker runs them: with real settings and a real database, against the simulated platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import wiring
from bot.simulator.account import Account
from bot.simulator.app import Simulator, serving
from bot.store.clock import SharedClock
from config.settings import read
from jobs.__main__ import Work

Hire = Callable[..., Work]


@pytest.fixture
def platform() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator(Account(kind="service", callback_url="http://127.0.0.1:1/wechat"))
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
                "WECHAT_ACCOUNT": account.kind,
                "WECHAT_API_BASE": platform[1],
                "SECRET_KEY": "work-test-secret",
                "DATA_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "REDIS_URL": redis_url,
                "DATABASE_URL": url,
                "DATA_DIR": str(tmp_path / "data"),
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
