"""`python -m bot leads --json`: every lead with its slots, one a line."""

from __future__ import annotations

import json
from typing import TextIO

from bot.store import leads as stored
from bot.store.base import Sessions, reading
from bot.store.secrets import Secrets


def leads(sessions: Sessions, secrets: Secrets, out: TextIO, *, as_json: bool) -> int:
    """With `as_json` everything, personal data included; without it a list that shows none."""
    with reading(sessions) as session:
        for row in stored.listing(session, secrets):
            if as_json:
                line = json.dumps(row, ensure_ascii=False)
            else:
                line = f"{row['number']}  {row['state']:<12}{row['submitted_at'][:16]}  {row['owner']}".rstrip()
            out.write(f"{line}\n")
    return 0
