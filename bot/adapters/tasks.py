"""The queue of background tasks in Redis: anybody may say that a task should run; workers run it."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Middleware, Retries

from bot.adapters.redis_scripts import connected

QUEUED_SECONDS = 5
"""A task that waits is not enqueued a second time; after this long we no longer believe that it still waits, for a
worker may have died with it in its hands."""


def build_broker(redis_url: str, namespace: str = "{jobs}") -> RedisBroker:
    """The namespace is a hash tag, so that all keys of the queue lie in one slot of a cluster.

    Nothing is connected before the first message. Tasks are not repeated by Dramatiq: the clock comes round again."""
    middleware: list[Middleware] = [AgeLimit(), Retries(max_retries=0)]
    broker: RedisBroker = RedisBroker(  # type: ignore[no-untyped-call]
        client=connected(redis_url), namespace=namespace, middleware=middleware, maintenance_chance=10_000
    )
    return broker


def enqueue(broker: RedisBroker, name: str) -> bool:
    """Put a task in the queue unless it waits there already. Returns whether it was put."""
    if not broker.client.set(queued_key(broker, name), "1", nx=True, ex=QUEUED_SECONDS):
        return False
    message: dramatiq.Message[Any] = dramatiq.Message(
        queue_name="default", actor_name=name, args=(), kwargs={}, options={}
    )
    broker.enqueue(message)
    return True


def queued_key(broker: RedisBroker, name: str) -> str:
    return f"{broker.namespace}:queued:{name}"
