"""What the platform keeps of an article's HTML: no scripts, no styles, no classes, no foreign pictures."""

from __future__ import annotations

import html
from collections.abc import Container
from html.parser import HTMLParser

DROPPED = {
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "form",
    "input",
    "button",
    "textarea",
    "select",
    "link",
    "meta",
}
WITH_CONTENT = {"script", "style", "iframe", "object", "textarea", "select"}
VOID = {"img", "br", "hr"}
ATTRIBUTES = {"style", "href", "src", "alt", "title", "width", "height", "colspan", "rowspan", "data-src"}


class _Kept(HTMLParser):
    def __init__(self, pictures: Container[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._pictures = pictures
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in WITH_CONTENT:
            self._inside += 1
        if self._inside or tag in DROPPED or (tag == "img" and not self._is_ours(dict(attrs))):
            return
        kept = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attrs if _may_stay(name, value or ""))
        self.out.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in WITH_CONTENT and self._inside:
            self._inside -= 1
        elif not self._inside and tag not in DROPPED | VOID:
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.out.append(html.escape(data, quote=False))

    def _is_ours(self, attrs: dict[str, str | None]) -> bool:
        return (attrs.get("src") or "") in self._pictures


def _may_stay(name: str, value: str) -> bool:
    return name in ATTRIBUTES and not value.strip().lower().startswith("javascript:")


def kept(content: str, pictures: Container[str]) -> str:
    parser = _Kept(pictures)
    parser.feed(content)
    parser.close()
    return "".join(parser.out)
