"""Sign-in by a page inside WeChat (reference §10.1): where a browser is sent, and whose code it brought back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.errors import PlatformError

log = logging.getLogger(__name__)

LONGEST_CODE = 512
"""Characters of a code that are passed on."""


@dataclass(frozen=True, slots=True)
class WebLogin:
    """open_base: of the platform's own pages. public_url: of this server; its host must be 网页授权域名 at the platform."""

    platform: Platform
    open_base: str
    public_url: str
    is_allowed: Callable[[], bool]

    def closed(self) -> str:
        """ "" where it can be had, else why not: address or account."""
        if not self.public_url:
            return "address"
        return "" if self.is_allowed() else "account"

    @property
    def origin(self) -> str:
        """What forms may lead to, or "" where nobody signs in like this."""
        parts = urlsplit(self.open_base)
        return f"{parts.scheme}://{parts.netloc}" if self.public_url else ""

    def address(self, path: str, state: str) -> str:
        """snsapi_base asks nothing: the openid is all we want. The platform wants this order."""
        query = {
            "appid": self.platform.app_id,
            "redirect_uri": f"{self.public_url}{path}",
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self.open_base}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"

    def whose(self, code: str) -> str:
        """The openid of somebody real, or "": the code is wrong, was used, is too old, or of a snapshot's visitor."""
        if not 0 < len(code) <= LONGEST_CODE:
            return ""
        try:
            visitor = self.platform.web_visitor(code)
        except PlatformError as error:
            log.warning("sign-in by WeChat refused: %s", error)
            return ""
        return "" if visitor.is_virtual else visitor.openid
