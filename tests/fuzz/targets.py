"""What is fuzzed."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bot import wiring
from config.settings import read
from handlers.routes import answer
from tests.bench import world
from tests.fuzz.doors import at_the_doors, unhurried
from tests.fuzz.followers import from_followers
from tests.fuzz.outside import from_outside
from tests.fuzz.platform import from_platform
from tests.fuzz.target import Target
from tests.webhook.conftest import fill


@contextlib.contextmanager
def targets() -> Iterator[list[Target]]:
    """On a Redis and a database of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="fuzz", ignore_cleanup_errors=True) as name,
        world.environment(Path(name)) as environ,
        unhurried(),
    ):
        settings = read({**environ, "PUBLIC_URL": "http://bot.example"})
        wiring.migrate(settings)
        fill(wiring.base(settings))
        with closing(wiring.front(settings, answer)) as front:
            yield [*from_platform(), *from_outside(), *from_followers(front), *at_the_doors(front)]
