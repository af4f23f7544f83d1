"""XML of callbacks and replies: nodes out of plain values, plain values out of nodes."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from bot.simulator.shapes import Json


class Malformed(Exception):
    """Not well-formed XML, or XML the platform would not take."""


def document(nodes: Mapping[str, object]) -> bytes:
    """`<xml>` with the nodes: text becomes CDATA, numbers stand bare, mappings nest, lists repeat their node."""
    return f"<xml>{''.join(_node(name, value) for name, value in nodes.items())}</xml>".encode()


def _node(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_node(name, each) for each in value)
    return f"<{name}>{_inside(value)}</{name}>"


def _inside(value: object) -> str:
    if isinstance(value, Mapping):
        return "".join(_node(name, each) for name, each in value.items())
    if isinstance(value, int | float):
        return str(value)
    return f"<![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]>"


def read(body: bytes) -> Json:
    """The children of `<xml>` as text, nested mappings, and lists where a node is repeated."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Malformed("declarations are not allowed")
    try:
        root = ET.fromstring(body)  # noqa: S314 # nosec B314 - declarations were refused above
    except ET.ParseError as error:
        raise Malformed(str(error)) from error
    if root.tag != "xml":
        raise Malformed(f"the root is <{root.tag}>, not <xml>")
    return _children(root)


def _children(element: ET.Element) -> Json:
    found: Json = {}
    for child in element:
        value = _children(child) if len(child) else (child.text or "")
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[child.tag] = value
    return found
