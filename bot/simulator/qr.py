"""A small QR encoder: bytes, error correction L, versions 1 to 5, mask 0 (enough for a ticket's address)."""

from __future__ import annotations

# version: (data bytes, error correction bytes); one block each at level L up to version 5
CAPACITY = {1: (19, 7), 2: (34, 10), 3: (55, 15), 4: (80, 20), 5: (108, 26)}
FORMAT_L_MASK_0 = 0b111011111000100

Grid = list[list[bool | None]]


def modules(text: str) -> list[list[bool]]:
    """The dark (True) and light modules of the code."""
    data = text.encode()
    version = next((v for v, (room, _) in CAPACITY.items() if len(data) + 2 <= room), None)
    if version is None:
        raise ValueError("too long for this encoder")
    room, extra = CAPACITY[version]
    grid = _frame(version)
    _fill(grid, _bits(_codewords(data, room), extra))
    return [[bool(cell) for cell in row] for row in grid]


def _codewords(data: bytes, room: int) -> bytes:
    """Mode 4 (bytes), the length, the data, a terminator, and padding; each shifted by half a byte."""
    nibbles = [4, len(data) >> 4, len(data) & 15]
    for byte in data:
        nibbles += [byte >> 4, byte & 15]
    nibbles += [0]
    packed = bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))
    padding = b"\xec\x11" * room
    return (packed + padding)[:room]


def _bits(data: bytes, extra: int) -> list[int]:
    whole = data + _correction(data, extra)
    return [byte >> shift & 1 for byte in whole for shift in range(7, -1, -1)]


def _multiply(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def _correction(data: bytes, extra: int) -> bytes:
    """Reed-Solomon over GF(256)."""
    generator, root = [1], 1
    for _ in range(extra):
        raised = [0, *[_multiply(term, root) for term in generator]]
        generator = [a ^ b for a, b in zip([*generator, 0], raised, strict=True)]
        root = _multiply(root, 2)
    rest = [0] * extra
    for byte in data:
        factor = byte ^ rest[0]
        rest = [*rest[1:], 0]
        rest = [a ^ _multiply(term, factor) for a, term in zip(rest, generator[1:], strict=True)]
    return bytes(rest)


def _frame(version: int) -> Grid:
    """Everything but the data."""
    side = 17 + 4 * version
    grid: Grid = [[None] * side for _ in range(side)]
    for row, column in ((0, 0), (0, side - 7), (side - 7, 0)):
        _finder(grid, row, column)
    for at in range(8, side - 8):
        grid[6][at] = grid[at][6] = at % 2 == 0
    if version > 1:
        _alignment(grid, side - 7)
    grid[side - 8][8] = True
    _format(grid, side)
    return grid


def _finder(grid: Grid, top: int, left: int) -> None:
    side = len(grid)
    for row in range(max(top - 1, 0), min(top + 8, side)):
        for column in range(max(left - 1, 0), min(left + 8, side)):
            ring = max(abs(row - top - 3), abs(column - left - 3))
            grid[row][column] = ring in (0, 1, 3)


def _alignment(grid: Grid, centre: int) -> None:
    for row in range(centre - 2, centre + 3):
        for column in range(centre - 2, centre + 3):
            grid[row][column] = max(abs(row - centre), abs(column - centre)) != 1


def _format(grid: Grid, side: int) -> None:
    bits = [bool(FORMAT_L_MASK_0 >> shift & 1) for shift in range(14, -1, -1)]
    first = [(8, c) for c in (0, 1, 2, 3, 4, 5, 7, 8)] + [(r, 8) for r in (7, 5, 4, 3, 2, 1, 0)]
    second = [(side - 1 - i, 8) for i in range(7)] + [(8, side - 8 + i) for i in range(8)]
    for places in (first, second):
        for (row, column), bit in zip(places, bits, strict=True):
            grid[row][column] = bit


def _fill(grid: Grid, bits: list[int]) -> None:
    """The zigzag from the lower right corner, with mask 0."""
    side = len(grid)
    free = [(row, column) for row, column in _zigzag(side) if grid[row][column] is None]
    for index, (row, column) in enumerate(free):
        bit = bits[index] if index < len(bits) else 0
        grid[row][column] = bool(bit) ^ ((row + column) % 2 == 0)


def _zigzag(side: int) -> list[tuple[int, int]]:
    path, upward = [], True
    # The column of the timing pattern is left out, which shifts the pairs left of it by one.
    for right in [column for column in range(side - 1, 0, -2) if column > 6] + [5, 3, 1]:
        rows = range(side - 1, -1, -1) if upward else range(side)
        path += [(row, column) for row in rows for column in (right, right - 1)]
        upward = not upward
    return path
