"""Every transcript beside this file is played through the encrypted webhook, with real Redis and a real database.

> words of the follower          >! event or other kind: follow, scan, click, image, location …
< must be in the reply           <~ must not be in it
<! kind of the reply: card, silence, handover, or: short (fits into one message)
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.phone import Answer, Phone

HERE = Path(__file__).parent
KINDS = {"card": "news", "silence": "silence", "handover": "transfer_customer_service"}
EVENTS = {"follow": "subscribe", "unfollow": "unsubscribe", "scan": "SCAN", "click": "CLICK"}


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_the_conversation_goes_as_written(path: Path, phone: Phone) -> None:
    heard = Answer("silence")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.name}:{number} {line!r}; heard {heard.kind} {heard.title} {heard.text}"
        match line[:2].strip():
            case ">":
                heard = _spoken(line[1:].strip(), phone)
            case ">!":
                heard = _done(line[2:].strip(), phone)
            case "<":
                assert line[1:].strip() in heard.text + heard.title, where
            case "<~":
                assert line[2:].strip() not in heard.text, where
            case "<!":
                _check(line[2:].strip(), heard, where)


def _spoken(said: str, phone: Phone) -> Answer:
    return _done(said[1:], phone) if said.startswith("!") else phone.say(said)


def _check(wanted: str, heard: Answer, where: str) -> None:
    if wanted == "short":
        assert len(heard.text.encode()) <= 2047, where
    else:
        assert heard.kind == KINDS[wanted], where


def _done(deed: str, phone: Phone) -> Answer:
    name, _, rest = deed.partition(" ")
    if name in EVENTS:
        key = f"qrscene_{rest}" if name == "follow" and rest else rest
        return phone.event(EVENTS[name], EventKey=key)
    match name:
        case "event":
            return phone.event(rest)
        case "location":
            latitude, longitude, label = rest.split(",", 2)
            return phone.send("location", Location_X=latitude, Location_Y=longitude, Scale="16", Label=label)
        case "image":
            return phone.send("image", PicUrl="http://p.example/0", MediaId="M")
        case "link":
            return phone.send("link", Title="T", Description="D", Url="https://e.example/")
        case "unknown":
            return phone.send(rest)
        case _:
            return phone.send(name, MediaId="M", ThumbMediaId="T", Format="amr")
