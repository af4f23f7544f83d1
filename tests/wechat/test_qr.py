"""`python -m bot qr make`: a code where the account may make one, plain words where it may not."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.adapters.wechat.capabilities import Capabilities
from bot.adapters.wechat.client import Platform
from bot.commands import qr

from .conftest import Api


@dataclass
class Account:
    platform: Platform
    rights: Any


def test_a_scene_becomes_a_picture_address(api: Api, platform: Platform) -> None:
    api.answers["qrcode/create"] = [{"ticket": "gQH/+=", "url": "http://weixin.qq.com/q/x"}]
    out = io.StringIO()
    assert qr.make(Account(platform, Capabilities.of("service")), "spring26", 7, out) == 0
    assert "showqrcode?ticket=gQH/%2B%3D" in out.getvalue()
    asked = api.last("qrcode/create").json
    assert asked["expire_seconds"] == timedelta(days=7).total_seconds()
    assert asked["action_info"] == {"scene": {"scene_str": "spring26"}}


def test_what_cannot_be_made_is_said(api: Api, platform: Platform) -> None:
    out = io.StringIO()
    assert qr.make(Account(platform, Capabilities.of("subscription")), "x", 0, out) == 2
    assert qr.make(Account(platform, Capabilities.of("service")), "x" * 65, 0, out) == 2
    assert api.asked == []
    api.answers["qrcode/create"] = [{"errcode": 48001, "errmsg": "api unauthorized"}]
    assert qr.make(Account(platform, Capabilities.of("service")), "x", 0, out) == 1
