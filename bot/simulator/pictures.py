"""PNG pictures made of nothing: a real QR code, and plain sample photos."""

from __future__ import annotations

import struct
import zlib

from bot.simulator.qr import modules

SCALE = 6
QUIET = 4


def png(rows: list[bytes], width: int) -> bytes:
    """A grey-scale PNG of 8 bits."""
    raw = b"".join(b"\x00" + row for row in rows)
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(raw)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def qr_picture(text: str) -> bytes:
    grid = modules(text)
    side = (len(grid) + 2 * QUIET) * SCALE
    white = bytes([255]) * side
    border = [white] * (QUIET * SCALE)
    margin = bytes([255]) * (QUIET * SCALE)
    lines = [margin + b"".join(bytes([0 if dark else 255]) * SCALE for dark in row) + margin for row in grid]
    return png([*border, *(line for line in lines for _ in range(SCALE)), *border], side)
