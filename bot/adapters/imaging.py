"""Turns pictures of a site into what the platform shows: small JPEGs."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

KINDS = ("WEBP", "GIF", "PNG", "JPEG", "BMP")
"""What is looked into; the other decoders stay shut."""
MOST_PIXELS = 24_000_000
"""A picture that says it is larger is not opened: unpacked it would fill the memory."""
TRIES = ((1280, 85), (1080, 75), (800, 65), (600, 50))
"""Width in pixels and quality, until it is small enough."""
TALL = 20
"""A picture may be so many times as high as it is wide: long ones with text are common."""


def as_jpeg(data: bytes, below: int) -> bytes:
    """The picture as a JPEG of less than so many bytes, a moving one by its first frame; empty where it is no picture."""
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return b""
            plain = _on_white(_upright(picture))
    except (OSError, ValueError, SyntaxError, OverflowError, Image.DecompressionBombError):
        return b""
    made = (_written(plain, width, quality) for width, quality in TRIES)
    return next((one for one in made if len(one) < below), b"")


def _upright(picture: Image.Image) -> Image.Image:
    """As it was taken, and no larger than it is shown."""
    seen = ImageOps.exif_transpose(picture).convert("RGBA")
    seen.thumbnail((TRIES[0][0], TRIES[0][0] * TALL))
    return seen


def _on_white(seen: Image.Image) -> Image.Image:
    """JPEG has no transparency: what shines through is white, as the page behind it."""
    white = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(white, seen).convert("RGB")


def _written(picture: Image.Image, width: int, quality: int) -> bytes:
    small = picture.copy()
    small.thumbnail((width, width * TALL))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
