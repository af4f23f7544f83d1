"""The staff desk at /staff: `desk_door(app, desk)` hangs it into a Flask application. Read routes.py first."""

from __future__ import annotations

from handlers.web.staff.desk import Desk
from handlers.web.staff.door import desk_door

__all__ = ["Desk", "desk_door"]
