"""One API call as it came in, and the row of the table that says who answers it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart form."""

    name: str
    filename: str
    data: bytes


@dataclass(frozen=True)
class Call:
    """A request of the bot to the platform."""

    method: str
    path: str
    query: Mapping[str, str]
    raw: bytes = b""
    form: Mapping[str, str] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()
    ip: str = "127.0.0.1"
    rid: str = ""

    @functools.cached_property
    def body(self) -> Json:
        return self.parsed(self.raw)

    @functools.cached_property
    def literal_body(self) -> Json:
        r"""The body of draft calls: there the platform leaves \uXXXX escapes standing as text."""
        return self.parsed(re.sub(rb"\\u([0-9a-fA-F]{4})", rb"\\\\u\1", self.raw))

    def parsed(self, raw: bytes) -> Json:
        if not raw.strip():
            raise Fail(44002)
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise Fail(47001) from error
        if not isinstance(body, dict):
            raise Fail(47001)
        return body

    @property
    def has_escapes(self) -> bool:
        return re.search(rb"\\u[0-9a-fA-F]{4}", self.raw) is not None

    def field(self, name: str, kind: type[T], code: int = 47001) -> T:
        """A required field of the body, of this type."""
        return wanted(self.body, name, kind, code)

    def upload(self) -> Upload:
        found = next((upload for upload in self.uploads if upload.name == "media"), None)
        if found is None:
            raise Fail(41005)
        if not found.data:
            raise Fail(44001)
        return found


def wanted(body: Json, name: str, kind: type[T], code: int = 47001) -> T:
    """A required field of a JSON object, of this type."""
    value = body.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise Fail(code)
    return value


Answer = Callable[["Simulator", Call], Json]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path. right: its row in the rights table. daily: calls a day (None: not limited). token: needs an access token."""

    path: str
    method: str
    answer: Answer
    right: str = "basic"
    daily: int | None = None
    minute: int | None = None
    token: bool = True
