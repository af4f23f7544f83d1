"""Makes harmful inputs of good ones: bytes flipped, cut, doubled, put in, and pieces that have hurt others."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

PIECES = tuple(
    piece.encode("utf-8", "surrogatepass")
    for piece in (
        "\x00", "\ufeff", "\ud83d", "\u202e", "\u0000\u0001", "]]>", "<![CDATA[", "<!DOCTYPE x [<!ENTITY a 'aaaa'>]>&a;",
        "&#x1d;", "&#xd800;", "&amp;", "<a/>", "</xml>", "<xml>", "{", "}", "[", "null", "NaN", "1e999", "-1",
        "9" * 400, "0" * 30, "١٢٣", "½", "零", "一百零八万亿", "3000平" * 40, "138" * 30, "元/平" * 20, "%s%n{0}{name}", "{" * 300, "[" * 9000, "_{" * 90,
        "\r\n\r\n", "\\u0000", "'; DROP TABLE leads; --", "<script>", "../../etc/passwd", "<div>" * 200, "更多", "确认", "同意并提交",
        "昆山", "苏州工业园区", "买", "租", "改成", "不要", "除了", "或者", "到", "~", "，" * 100,
    )
)  # fmt: skip


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """One to six changes."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        chance.choice(_CHANGES)(data, chance)
    return bytes(data[:20_000])


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _put(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.choice(PIECES)


def _noise(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.randbytes(chance.randint(1, 12))


def _cut(data: bytearray, chance: random.Random) -> None:
    start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    del data[start:end]


def _double(data: bytearray, chance: random.Random) -> None:
    start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    at = chance.randint(0, len(data))
    data[at:at] = data[start:end] * chance.randint(1, 4)


_CHANGES: Sequence[Callable[[bytearray, random.Random], None]] = (_flip, _put, _noise, _cut, _double)
