"""Once a day at most what is new in one topic goes out as a mass send, to the topic's tag or to followers by list.

planning: which topic it is for. sending: one delivery from its claim to its end; to_tag and to_list make ready what it
goes to, settling writes down how it went, asking asks what the platform never told. press: what they all work with.
"""

from __future__ import annotations

from jobs.mass.planning import plan
from jobs.mass.press import LEASE, NO_LISTS, Lists
from jobs.mass.sending import deliver_due

__all__ = ["LEASE", "NO_LISTS", "Lists", "deliver_due", "plan"]
