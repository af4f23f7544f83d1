"""Staff: their hours, who gets which lead, how they are told; and how a follower is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.adapters.conversations import Conversations
from bot.adapters.holidays import is_workday
from bot.adapters.tombstones import Tombstones
from bot.dialogue.worktime import Worktime
from bot.store import erasures, news
from bot.store.base import reading
from bot.store.routing import Routing, Rule
from bot.wiring.common import Base
from config.settings import Settings


def worktime_of(made: Base) -> Worktime:
    return Worktime.from_toml(made.texts["duty"], is_workday)


def routing_of(made: Base) -> Routing:
    rules, worktime = made.texts["duty"]["routing"], worktime_of(made)
    return Routing(
        secrets=made.vault,
        score=made.texts["staff"]["score"],
        rules=[Rule.from_toml(row) for row in rules.get("rules", ())],
        most=rules["most"],
        on_duty=worktime.on_duty,
        today=worktime.today,
    )


def push_rules(made: Base) -> news.Rules:
    rules = made.texts["schedule"]["push"]
    days = {name: timedelta(days=rules[f"{name}_days"]) for name in ("backfill", "recent")}
    return news.Rules(rules["evidence"], days["backfill"], days["recent"], rules["most"])


def channel_names(settings: Settings) -> tuple[str, ...]:
    """Of the channels that are set up; the order is the order in which they are told."""
    staff = settings.staff
    addresses = {
        "wecom": staff.wecom_url,
        "dingtalk": staff.dingtalk_url,
        "feishu": staff.feishu_url,
        "mail": staff.smtp_url,
    }
    return tuple(name for name, address in addresses.items() if address)


def staff_channels(settings: Settings) -> dict[str, Any]:
    """The channels that are set up, by name, for whoever sends: the web processes only need to know their names."""
    from bot.adapters.staff.dingtalk import DingTalk
    from bot.adapters.staff.feishu import Feishu
    from bot.adapters.staff.mail import Mail
    from bot.adapters.staff.wecom import WeCom

    staff = settings.staff
    makers: dict[str, Callable[[], object]] = {
        "wecom": lambda: WeCom(staff.wecom_url),
        "dingtalk": lambda: DingTalk(staff.dingtalk_url, staff.dingtalk_secret),
        "feishu": lambda: Feishu(staff.feishu_url, staff.feishu_secret),
        "mail": lambda: Mail(staff.smtp_url, staff.mail_from, staff.mail_to),
    }
    return {name: makers[name]() for name in channel_names(settings)}


def tombstones_of(made: Base) -> Tombstones:
    return Tombstones(Path(made.settings.data_dir), made.redis)


def forget(made: Base, conversations: Conversations, openid: str) -> None:
    """What is left to do after staff erased somebody from the database. Raises Unavailable."""
    bury(made, datetime.now(UTC) - timedelta(minutes=1))
    conversations.erase(openid)


def bury(made: Base, since: datetime) -> None:
    """Keep the stones of erasures since then outside of the database, too."""
    with reading(made.sessions) as session:
        stones = erasures.all_stones(session, since)
    tombstones_of(made).add(stones)
