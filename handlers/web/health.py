"""/healthz: this process lives. /readyz: it can do its work. /metrics: how it has been doing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

log = logging.getLogger(__name__)


class Vital(Protocol):
    """One number about the whole product (bot.vitals)."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Health:
    """Checks by name; each raises when the thing it looks at is away. vitals: numbers about the whole."""

    checks: Mapping[str, Callable[[], object]]
    vitals: Callable[[], Sequence[Vital]] = tuple


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
        told = generate_latest(_registry()) + generate_latest(_Whole(health))
        return Response(told, content_type=CONTENT_TYPE_LATEST)

    return door


def _works(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the answer is: not ready
        log.warning("not ready", extra={"part": name, "error": type(error).__name__})
        return False
    return True


class _Whole:
    """Gauges of the whole product, asked when somebody looks; the same from whichever process answers."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for vital in self._health.vitals():
            if vital.value is not None:
                name = _NAMES.get(vital.name, vital.name)
                yield GaugeMetricFamily(f"bot_{name}", f"See bot/vitals.py: {vital.name}", value=vital.value)


_NAMES = {
    "last_callback": "last_callback_age_seconds",
    "token_left": "token_left_seconds",
    "oldest_notice": "oldest_notice_age_seconds",
    "index_age": "index_age_seconds",
    "queue": "queue_length",
}


def _registry() -> CollectorRegistry:
    """Figures of all web processes together where they share a folder for them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
