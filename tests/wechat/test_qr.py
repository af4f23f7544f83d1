"""`python -m bot qr make`: a code where the account may make one, plain words where it may not."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.wechat.capabilities import Capabilities
from bot.adapters.wechat.client import Platform
from bot.commands import qr
from bot.store import codes
from bot.store.base import Sessions, sessions
from bot.store.migrate import upgrade

from .conftest import Api

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@dataclass
class Account:
    platform: Platform
    rights: Any


@pytest.fixture
def store(database_url: str) -> Sessions:
    upgrade(database_url)
    return sessions(database_url)


def test_a_scene_becomes_a_picture_address_and_is_seen_at_the_desk(
    api: Api, platform: Platform, store: Sessions
) -> None:
    api.answers["qrcode/create"] = [{"ticket": "gQH/+=", "url": "http://weixin.qq.com/q/x"}]
    out = io.StringIO()
    assert qr.make(Account(platform, Capabilities.of("service")), store, "spring26", 7, NOW, out) == 0
    assert "showqrcode?ticket=gQH/%2B%3D" in out.getvalue()
    asked = api.last("qrcode/create").json
    assert asked["expire_seconds"] == timedelta(days=7).total_seconds()
    assert asked["action_info"] == {"scene": {"scene_str": "spring26"}}

    with store() as session:
        (code,) = codes.listing(session)
    assert (code.scene, code.address, code.expires_at) == ("spring26", "http://weixin.qq.com/q/x", NOW + timedelta(7))


def test_what_cannot_be_made_is_said(api: Api, platform: Platform, store: Sessions) -> None:
    out = io.StringIO()
    assert qr.make(Account(platform, Capabilities.of("subscription")), store, "x", 0, NOW, out) == 2
    assert qr.make(Account(platform, Capabilities.of("service")), store, "x" * 65, 0, NOW, out) == 2
    assert api.asked == []
    api.answers["qrcode/create"] = [{"errcode": 48001, "errmsg": "api unauthorized"}]
    assert qr.make(Account(platform, Capabilities.of("service")), store, "x", 0, NOW, out) == 1
    with store() as session:
        assert codes.listing(session) == []
