"""The whole pretended platform: one account with everything that belongs to it, in memory."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable

from bot.simulator import (
    basics,
    drafts,
    mass,
    media,
    menus,
    messages,
    notices,
    oauth,
    publishing,
    qrcodes,
    quotas,
    records,
    tags,
    templates,
    tokens,
    users,
)
from bot.simulator.account import Account
from bot.simulator.api import Endpoint
from bot.simulator.callbacks import Pusher
from bot.simulator.chats import Entry, Ids, Receipts, keys_of
from bot.simulator.clock import Clock
from bot.simulator.jobs import Jobs
from bot.simulator.knobs import Knobs
from bot.simulator.records import Records
from bot.simulator.rights import Rights
from bot.simulator.robots import StaffGroup
from bot.simulator.shapes import Json
from bot.simulator.users import Follower
from bot.simulator.wire import Wire

MODULES = (
    basics, drafts, mass, media, menus, messages, notices, oauth,
    publishing, qrcodes, quotas, records, tags, templates, tokens, users,
)  # fmt: skip
ENDPOINTS: dict[str, Endpoint] = {endpoint.path: endpoint for module in MODULES for endpoint in module.ENDPOINTS}


class Simulator:
    """State of the platform. `lock` is held while an API call is answered; pushes go out without it."""

    endpoints = ENDPOINTS

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()
        self.lock = threading.RLock()
        self.clock = Clock()
        self.knobs = Knobs()
        self.wire = Wire()
        self.jobs = Jobs()
        self.pusher = Pusher(self)
        self.ids = Ids()
        self.staff = StaffGroup()
        self.started = secrets.token_hex(4)
        self._rids = itertools.count(0x10000000)
        self.clear()

    def clear(self) -> None:
        """Forget everybody and everything; the account, the clock and the knobs stay."""
        self.rights = Rights(self.account.kind)
        self.quotas = quotas.Quotas(self.clock)
        self.tokens = tokens.Tokens()
        self.tags = tags.Tags()
        self.media = media.MediaStore()
        self.drafts = drafts.Drafts()
        self.publications: dict[str, publishing.Publication] = {}
        self.mass = mass.MassSends()
        self.menus = menus.Menus()
        self.qrcodes: dict[str, qrcodes.QrCode] = {}
        self.short_keys: dict[str, tuple[str, int, int]] = {}
        self.templates = templates.Templates()
        self.logins = oauth.Logins()
        self.tickets: dict[str, tuple[str, float]] = {}
        self.clear_people()

    def clear_people(self) -> None:
        """Forget the followers and all that was said; what the bot has set up (menu, tags, tokens, drafts) stays."""
        self.followers = users.Followers()
        for tag in self.tags.known.values():
            tag.count = 0
        self.staff = StaffGroup(self.staff.rules)
        self.receipts = Receipts()
        self.records = Records()
        self.wire.rows.clear()
        self.wire.touch()

    def reset(self) -> None:
        """As freshly started."""
        self.clock.reset()
        self.knobs = Knobs()
        self.clear()

    def rid(self) -> str:
        """A request id: the first part is the time of the call, as in real ones."""
        return f"{self.clock.stamp():08x}-{next(self._rids):08x}-{secrets.randbelow(10**8):08d}"

    def enter(self, follower: Follower, by: str, via: str, kind: str, content: Json, *, quiet: bool = False) -> None:
        """A bubble in the follower's chat."""
        at = self.clock.now().isoformat(timespec="milliseconds")
        self.records.note(self.clock.stamp(), follower.openid, via, str(content.get("text", f"[{kind}]")))
        follower.chat.append(Entry(next(self.ids.entries), at, by, via, kind, content))
        if not quiet:
            self.wire.touch()

    def show(self, follower: Follower, via: str, kind: str, content: Json, *, quiet: bool = False) -> None:
        """The account's message arrives at the follower, and is counted."""
        self.receipts.note(follower.openid, keys_of(via, kind, content))
        follower.exchanged = self.clock.now().timestamp()
        self.enter(follower, "account", via, kind, content, quiet=quiet)

    def staff_says(self, channel: str, kind: str, title: str, text: str, body: Json) -> None:
        self.staff.add(self.clock.now().isoformat(timespec="milliseconds"), channel, kind, title, text, body)
        self.wire.touch()

    def after_job(self, call: Callable[[], object]) -> None:
        """The platform works on something it has accepted."""
        self.jobs.later(self.knobs.settings.job_delay, call)

    def push_job(self, openid: str, event: str, nodes: Json) -> None:
        """Tell the bot how a job ended."""
        settings = self.knobs.settings
        if not settings.push_jobs:
            return
        name = {"upper": event.upper(), "lower": event.lower()}.get(settings.event_case, event)
        head: Json = {"ToUserName": self.account.original_id, "FromUserName": openid, "CreateTime": self.clock.stamp()}
        self.pusher.push(head | {"MsgType": "event", "Event": name} | nodes)

    def check_url(self, tries: int = 600, pause: float = 1.0) -> bool:
        """The GET check, again and again until the bot is up."""
        for _ in range(tries):
            if self.pusher.check_url():
                return True
            time.sleep(pause)
        return False
