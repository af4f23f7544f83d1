"""A site of our own over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.site.zblog import Blog, serving


@pytest.fixture
def blog() -> Iterator[Blog]:
    with serving(Blog()) as made:
        yield made
