"""The composition root: which real thing stands behind each port. Nothing else knows what is real."""

from __future__ import annotations

from bot.wiring.accounts import Account, account_of, bare_tag_of, tag_of, web_login_of
from bot.wiring.common import Base, base, migrate, reader, select_one
from bot.wiring.library import Library, document_of, is_small_talk, library_of, search_tools, topic_pictures
from bot.wiring.people import (
    bury,
    channel_names,
    forget,
    push_rules,
    routing_of,
    staff_channels,
    tombstones_of,
    worktime_of,
)
from bot.wiring.sites import html_of, other_feeds, own_page, pictures_of, site_of, site_rules, tail_of, taker_of
from bot.wiring.talking import (
    conversations_of,
    form_of,
    keeps_readings,
    links_of,
    lookups_of,
    note_reading,
    reading_links_of,
    replies_of,
)
from bot.wiring.webfront import BUSY, Front, commit, front, vitals_of, worded

__all__ = [
    "BUSY",
    "Account",
    "Base",
    "Front",
    "Library",
    "account_of",
    "bare_tag_of",
    "base",
    "bury",
    "channel_names",
    "commit",
    "conversations_of",
    "document_of",
    "forget",
    "form_of",
    "front",
    "html_of",
    "is_small_talk",
    "keeps_readings",
    "library_of",
    "links_of",
    "lookups_of",
    "migrate",
    "note_reading",
    "other_feeds",
    "own_page",
    "pictures_of",
    "push_rules",
    "reader",
    "reading_links_of",
    "replies_of",
    "routing_of",
    "search_tools",
    "select_one",
    "site_of",
    "site_rules",
    "staff_channels",
    "tag_of",
    "tail_of",
    "taker_of",
    "tombstones_of",
    "topic_pictures",
    "vitals_of",
    "web_login_of",
    "worded",
    "worktime_of",
]
