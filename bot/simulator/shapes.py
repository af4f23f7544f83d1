"""The one loose type of the simulator: a JSON object as it travels."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
