"""The life of a lead: its states and the moves that are legal, as one table."""

from __future__ import annotations

from collections.abc import Mapping

MOVES: Mapping[str, frozenset[str]] = {
    state: frozenset(following.split())
    for state, following in {
        "new": "assigned claimed nurture invalid duplicate lost withdrawn erased",
        "assigned": "assigned claimed nurture invalid duplicate lost withdrawn erased",
        "claimed": "assigned contacted nurture invalid duplicate lost withdrawn erased",
        "contacted": "assigned visited negotiating won nurture invalid duplicate lost withdrawn erased",
        "visited": "assigned visited negotiating won nurture lost withdrawn erased",
        "negotiating": "assigned visited won nurture lost withdrawn erased",
        "nurture": "assigned claimed contacted invalid duplicate lost withdrawn erased",
        "won": "withdrawn erased",
        "lost": "assigned withdrawn erased",
        "invalid": "assigned withdrawn erased",
        "duplicate": "assigned withdrawn erased",
        "withdrawn": "erased",
        "erased": "",
    }.items()
}

OPEN = frozenset({"new", "assigned", "claimed", "contacted", "visited", "negotiating", "nurture"})
"""Staff are, or will be, working on it."""

EXPIRING = frozenset({"lost", "invalid", "duplicate", "withdrawn"})
"""Came to nothing: erased when the time for keeping them is over."""

CLAIMABLE = frozenset({"new", "assigned"})

REASONED = frozenset({"lost", "invalid", "duplicate"})
"""Moves to these need a reason."""


class Illegal(Exception):
    """This move is not in the table, or lacks its reason."""


def check(before: str, after: str, reason: str) -> None:
    if after not in MOVES[before]:
        raise Illegal(f"a lead cannot go from {before} to {after}")
    if after in REASONED and not reason:
        raise Illegal(f"a lead goes to {after} only with a reason")
