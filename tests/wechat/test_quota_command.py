"""`python -m bot quota`: shows what is used, and sets it back with the platform and with ourselves."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.adapters.redis_scripts import Client
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.quota import Ledger, Usage
from bot.commands import quota

from .conftest import Api
from .sender import NOW


@dataclass
class Account:
    platform: Platform
    ledger: Ledger

    def usage(self, now: datetime) -> tuple[Usage, ...]:
        return (self.ledger.mass_usage(now), *self.ledger.usage(now))


def test_a_cleared_quota_can_be_used_again(api: Api, platform: Platform, client: Client) -> None:
    ledger, out = Ledger(client, "wx1", is_service=True), io.StringIO()
    ledger.calls_used_up("message/custom/send", NOW)
    ledger.hold("service", timedelta(hours=1))
    ledger.spend_mass("any", NOW)
    account = Account(platform, ledger)
    quota.show(account, NOW, out)
    assert "message/custom/send" in out.getvalue()
    assert "service rests" in out.getvalue()
    assert "mass_month                  1 used, 3 left" in out.getvalue()
    assert quota.clear(account, NOW, out) == 0
    assert ledger.calls_left("message/custom/send", NOW) == 500_000
    assert not ledger.is_held("service")
    assert api.last("clear_quota").json["appid"] == platform.app_id


def test_a_refusal_changes_nothing(api: Api, platform: Platform, client: Client) -> None:
    ledger, out = Ledger(client, "wx1", is_service=True), io.StringIO()
    ledger.calls_used_up("message/custom/send", NOW)
    api.answers["clear_quota"] = [{"errcode": 48006, "errmsg": "forbid to clear quota"}]
    assert quota.clear(Account(platform, ledger), NOW, out) == 1
    assert ledger.calls_left("message/custom/send", NOW) == 0
