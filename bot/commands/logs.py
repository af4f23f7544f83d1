"""One JSON line per event; facts come as extra fields, never personal data or secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

from bot.commands.tracing import request_id

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_PHONE = re.compile(r"(?<![0-9a-fA-F.])(?:\+?86)?(1[3-9]\d)\d{4}(\d{4})(?![0-9a-fA-F])")
"""A mobile phone that got into a line by mistake, as in the text of somebody else's exception."""


class Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if number := request_id.get():
            line["request"] = number
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return _PHONE.sub(r"\1****\2", json.dumps(line, ensure_ascii=False, default=str))


def set_up(level: int = logging.INFO) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Some of these log addresses that carry tokens and openids, the others every tick.
    for chatty in ("alembic", "urllib3", "httpx", "httpcore", "requests", "werkzeug", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
