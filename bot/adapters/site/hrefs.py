"""Links as pages write them; apart from addresses.py, which loads all of HTTP."""

from __future__ import annotations

from urllib.parse import urljoin


def joined(base: str, href: str | None) -> str:
    """The address a link leads to; empty where it is none."""
    try:
        return urljoin(base, (href or "").strip())
    except ValueError:
        return ""
