"""What hypothesis makes inputs of: known pieces in any order, and JSON that has the right names and the wrong things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


def pieces(known: Sequence[str], most: int = 25) -> SearchStrategy[bytes]:
    """Pieces of what is expected, in any order, with anything between them."""
    either = st.one_of(st.sampled_from(known), st.sampled_from(known), st.text(max_size=12))
    return st.lists(either, max_size=most).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))


PLAIN: SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["", "0", "-1", "1e999", "9" * 5000, 0, 1, 200, 10**400, "/1", "<p>光</p>", "http://[", "\ud800"]),
)  # fmt: skip


def json_like(*names: str) -> SearchStrategy[bytes]:
    """Objects in objects under these names; numbers may be endless, texts broken."""
    inner = st.one_of(PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(st.sampled_from(names), PLAIN, max_size=3))
    deeper = st.one_of(inner, st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(names), inner, max_size=3))
    return st.one_of(st.dictionaries(st.sampled_from(names), deeper, max_size=8), deeper).map(_written)


def objects_of(*names: str) -> SearchStrategy[bytes]:
    """An object with all of these names, and anything under each."""
    inner = st.one_of(PLAIN, st.dictionaries(st.sampled_from(["Name", "StaticName"]), PLAIN, max_size=2))
    return st.fixed_dictionaries(dict.fromkeys(names, inner)).map(_written)


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
