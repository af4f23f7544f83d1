"""`python -m bot doctor`: every check of bot.commands.doctor on the real set-up."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TextIO

import httpx

from bot import wiring
from bot.commands import doctor as checks
from config.settings import Settings


def doctor(settings: Settings, out: TextIO) -> int:
    """1 where something has to be done."""
    made = wiring.base(settings)
    now = datetime.now(UTC)
    account = wiring.account_of(made)
    platform, rights = account.platform, account.rights
    return checks.examined(
        [
            partial(checks.settings_read, settings),
            partial(checks.redis_serves, made.redis),
            partial(checks.database_serves, partial(wiring.select_one, made.sessions)),
            partial(checks.token_comes, platform),
            partial(checks.platform_knows_us, platform),
            partial(checks.callback_answers, settings.public_url, settings.wechat.token, _get, now),
            partial(checks.menu_is_there, platform, rights),
            partial(checks.rights_stand, rights),
            lambda: checks.quotas_left(account.usage(now)),
        ],
        out,
    )


def _get(url: str) -> tuple[int, str]:
    try:
        answer = httpx.get(url, timeout=5)
    except httpx.HTTPError as error:
        raise OSError(str(error)) from None
    return answer.status_code, answer.text
