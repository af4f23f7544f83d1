"""/healthz: this process lives. /readyz: it can do its work. /metrics: how it has been doing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """Checks by name; each raises when the thing it looks at is away."""

    checks: Mapping[str, Callable[[], object]]


def health_door(health: Health) -> Blueprint:
    door = Blueprint("health", __name__)

    @door.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return {"ok": True}

    @door.get("/readyz")
    def readyz() -> ResponseReturnValue:
        state = {name: _works(name, check) for name, check in health.checks.items()}
        return jsonify(state), 200 if all(state.values()) else 503

    @door.get("/metrics")
    def metrics() -> ResponseReturnValue:
        return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)

    return door


def _works(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the answer is: not ready
        log.warning("not ready", extra={"part": name, "error": type(error).__name__})
        return False
    return True


def _registry() -> CollectorRegistry:
    """Figures of all web processes together where they share a folder for them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
