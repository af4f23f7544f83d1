"""`python -m bot qr make SCENE`: a QR code for a park, an exhibition or a colleague; followers and leads carry it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol, TextIO
from urllib.parse import quote

from bot.adapters.wechat.errors import PlatformError
from bot.store.base import Sessions
from bot.store.codes import LONGEST, MOST_DAYS, Code

PICTURE = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket={ticket}"


class Account(Protocol):
    @property
    def platform(self) -> Any: ...
    @property
    def rights(self) -> Any: ...


def make(account: Account, sessions: Sessions, scene: str, days: int, now: datetime, out: TextIO) -> int:
    """days: 0 = for ever (100 000 an account). Returns 1 where the platform refuses, 2 where it cannot be asked."""
    if not 1 <= len(scene) <= LONGEST or not 0 <= days <= MOST_DAYS:
        out.write(f"a scene has 1 to {LONGEST} characters, and a code lasts 1 to {MOST_DAYS} days, or for ever (0)\n")
        return 2
    if not account.rights.qr_codes:
        out.write("this account may not make QR codes with a scene: only for verified service accounts\n")
        return 2
    try:
        ticket, address = account.platform.qr_code(scene, timedelta(days=days) if days else None)
    except PlatformError as error:
        out.write(f"the platform made no code: {error}\n")
        return 1
    expires = now + timedelta(days=days) if days else None
    with sessions.begin() as session:
        session.add(Code(scene=scene, address=address, made_at=now, made_by="command line", expires_at=expires))
    out.write(f"scene    {scene}\npicture  {PICTURE.format(ticket=quote(ticket))}\nholds    {address}\n")
    return 0
