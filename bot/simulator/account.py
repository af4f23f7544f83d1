"""The official account the simulator plays: its credentials, its kind and where its callbacks go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = ("subscription-unverified", "subscription", "service-unverified", "service")
MODES = ("plain", "compatible", "safe")


@dataclass(frozen=True, slots=True)
class Account:
    """`kind` and `mode` use the words of KINDS and MODES; `original_id` is the gh_ name in ToUserName.

    name: what the phone shows; empty for the page's own.
    """

    app_id: str = "wx1234567890abcdef"
    app_secret: str = field(default="simsecret2026simsecret2026simsec", repr=False)
    token: str = field(default="simtoken2026", repr=False)
    aes_key: str = field(default="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", repr=False)
    mode: str = "safe"
    kind: str = "subscription"
    callback_url: str = "http://127.0.0.1:8000/wechat"
    original_id: str = "gh_0123456789ab"
    name: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"account kind {self.kind!r} is none of {', '.join(KINDS)}")
        if self.mode not in MODES:
            raise ValueError(f"mode {self.mode!r} is none of {', '.join(MODES)}")

    @property
    def is_service(self) -> bool:
        return self.kind.startswith("service")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Account:
        given = {name: environ[key] for name, key in _ENVIRONMENT.items() if environ.get(key)}
        return cls(**given)


_ENVIRONMENT = {
    "app_id": "WECHAT_APP_ID",
    "app_secret": "WECHAT_APP_SECRET",
    "token": "WECHAT_TOKEN",
    "aes_key": "WECHAT_AES_KEY",
    "mode": "WECHAT_MODE",
    "kind": "WECHAT_ACCOUNT",
    "callback_url": "SIM_CALLBACK_URL",
    "original_id": "SIM_ORIGINAL_ID",
    "name": "SIM_NAME",
}
