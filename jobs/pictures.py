"""Moves pictures of articles from the site to the platform, each once; one that cannot be moved is left out."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.adapters.imaging import as_jpeg
from bot.adapters.site.addresses import SiteError
from bot.adapters.wechat.client import BODY_PICTURE
from bot.adapters.wechat.errors import PlatformError
from bot.store import materials
from bot.store.base import Sessions, reading

log = logging.getLogger(__name__)

COVER, BODY = "cover", "body"
PATIENCE = 120.0
"""Seconds for all pictures of a draft: well below the lease of the delivery that it is made for."""
_SIGNS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"))
"""The two kinds that article bodies may show (reference §7.1)."""


class Uploads(Protocol):
    """Raises PlatformError."""

    def upload_image(self, image: bytes, filename: str) -> str: ...
    def add_material(self, kind: str, data: bytes, filename: str) -> str: ...


@dataclass
class Mover:
    """Brings the pictures of one draft. fetch: a file of the site by its address, raises SiteError."""

    platform: Uploads
    sessions: Sessions
    fetch: Callable[[str], bytes] | None
    _until: float = field(default_factory=lambda: time.monotonic() + PATIENCE)
    _fetched: dict[str, bytes] = field(default_factory=dict)

    def in_body(self, url: str) -> str:
        """The address at the platform; empty if it cannot be shown there."""
        return self._moved(BODY, url, self.platform.upload_image)

    def as_cover(self, url: str) -> str:
        """The media_id of a permanent picture; empty if it cannot be one."""
        return self._moved(COVER, url, lambda data, name: self.platform.add_material("image", data, name))

    def _moved(self, use: str, url: str, upload: Callable[[bytes, str], str]) -> str:
        name = f"{use}:{hashlib.blake2b(url.encode(), digest_size=20).hexdigest()}"
        with reading(self.sessions) as session:
            known = materials.media_id(session, name)
        return known or self._upload(name, url, upload)

    def _upload(self, name: str, url: str, upload: Callable[[bytes, str], str]) -> str:
        data, form = _fitted(self._data(url))
        if not data:
            return ""
        try:
            made = upload(data, f"picture.{form}")
        except PlatformError as error:
            log.warning("a picture was not taken by the platform: %s", error, extra={"url": url})
            return ""
        with self.sessions.begin() as session:
            materials.remember(session, name, made)
        return made

    def _data(self, url: str) -> bytes:
        """The file, asked for once a draft; nothing where it cannot be had."""
        if url not in self._fetched:
            self._fetched[url] = self._asked(url)
        return self._fetched[url]

    def _asked(self, url: str) -> bytes:
        if self.fetch is None or time.monotonic() > self._until:
            return b""
        try:
            return self.fetch(url)
        except SiteError as error:
            log.info("a picture cannot be had", extra={"url": url, "why": str(error)})
            return b""


def _fitted(data: bytes) -> tuple[bytes, str]:
    """As the platform takes it, and what it is: pictures of other kinds, and those too large, become JPEGs."""
    form = next((form for sign, form in _SIGNS if data.startswith(sign)), "")
    if form and len(data) < BODY_PICTURE:
        return data, form
    return as_jpeg(data, BODY_PICTURE) if data else b"", "jpg"
