"""Articles by way of /r/…: whoever taps gets there, staff see who did, and nobody can make up such a link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import redis
import sqlalchemy as sa
from flask import Flask

from bot import wiring
from bot.adapters import asked
from bot.adapters.links import ReadingLinks
from bot.adapters.vault import Vault
from bot.dialogue.lookups import Article
from bot.store import articles as stored
from bot.store.readings import Reading
from handlers.web.main import make
from handlers.web.reading import ReadingRoom, reading_door
from jobs.asked import take_down
from tests.transcripts.phone import Phone
from tests.webhook.conftest import TITLES, Make, Redis, phone_of

HERE = "https://bot.example"
OPENID = "oSim_reader_00000000000000001"


@pytest.fixture
def reader(make_front: Make) -> tuple[wiring.Front, Phone]:
    front = make_front(PUBLIC_URL=HERE)
    return front, phone_of(front, OPENID)


def links_in(text: str) -> list[str]:
    return re.findall(rf'href="{HERE}(/r/[^"]+)"', text)


def rows(front: wiring.Front) -> Sequence[Reading]:
    made = front.made
    take_down(made.sessions, made.vault, lambda: asked.waiting(made.redis, made.vault))
    with made.sessions() as session:
        return session.scalars(sa.select(Reading).order_by(Reading.at, Reading.article_id)).all()


def test_a_list_and_a_card_lead_to_the_articles_and_staff_learn_which_were_opened(
    reader: tuple[wiring.Front, Phone],
) -> None:
    front, phone = reader
    paths = links_in(phone.say("光模块").text)
    assert len(paths) == len(set(paths)) > 2
    client = make(front).test_client()
    responses = [client.get(paths[1]) for _ in range(3)]
    assert [response.status_code for response in responses] == [302] * 3
    (read,) = rows(front)
    (opened,) = front.library.articles.get((read.article_id,))
    assert (read.openid, responses[0].location) == (OPENID, opened.url)
    card = phone.say("1")
    assert card.url.startswith(f"{HERE}/r/")
    assert client.get(card.url.removeprefix(HERE)).status_code == 302
    assert len(rows(front)) == 2


def test_a_machine_that_only_looks_is_no_reader(reader: tuple[wiring.Front, Phone]) -> None:
    front, phone = reader
    (path, *_) = links_in(phone.say("光模块").text)
    assert make(front).test_client().head(path).status_code == 302
    assert rows(front) == []


@pytest.mark.parametrize(
    "path",
    [
        "/r/x", "/r/" + "A" * 90, "/r/" + "A" * 5000, "/r/https:%2F%2Fevil.example", "/r/%E5%85%89", "/r/-_-_", "/r/A?to=https://evil.example",
    ],
)  # fmt: skip
def test_a_made_up_link_leads_nowhere(reader: tuple[wiring.Front, Phone], path: str) -> None:
    front, _ = reader
    response = make(front).test_client().get(path)
    assert response.status_code == 404
    assert response.location is None
    assert rows(front) == []


def test_a_link_for_something_else_or_changed_by_a_sign_leads_nowhere(reader: tuple[wiring.Front, Phone]) -> None:
    front, phone = reader
    (path, *_) = links_in(phone.say("光模块").text)
    client = make(front).test_client()
    middle = len(path) // 2
    changed = path[:middle] + ("A" if path[middle] != "A" else "B") + path[middle + 1 :]
    assert client.get(changed).status_code == 404
    form = wiring.links_of(front.made).token(OPENID, datetime.now(UTC))
    assert client.get(f"/r/{form}").status_code == 404
    assert rows(front) == []


def test_an_article_that_is_gone_is_said_to_be_gone(reader: tuple[wiring.Front, Phone]) -> None:
    front, phone = reader
    (path, *_) = links_in(phone.say("光模块").text)
    with front.made.sessions.begin() as session:
        stored.mark_gone(session, session.scalars(sa.select(stored.Article.url)).all(), datetime.now(UTC))
    front.library.refresh()
    response = make(front).test_client().get(path)
    assert response.status_code == 404
    assert "下线" in response.text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "", "ftp://site.example"]
)
def test_an_address_that_is_no_web_page_is_not_led_to(address: str) -> None:
    """A site's feed is believed in much, but not in that."""
    noted: list[tuple[str, int]] = []
    app = Flask("reading")
    app.register_blueprint(
        reading_door(ReadingRoom(lambda _: (OPENID, 7), lambda _: address, lambda *one: noted.append(one), "某网", ""))
    )
    response = app.test_client().get("/r/x")
    assert (response.status_code, response.location, noted) == (404, None, [])


def test_without_redis_the_link_still_leads_there(reader: tuple[wiring.Front, Phone], own_redis: Redis) -> None:
    front, phone = reader
    (path, *_) = links_in(phone.say("光模块").text)
    client = make(front).test_client()
    assert own_redis.process is not None
    own_redis.process.kill()
    own_redis.process.wait()
    assert client.get(path).status_code == 302


def test_who_left_is_noted_no_more(reader: tuple[wiring.Front, Phone]) -> None:
    front, phone = reader
    phone.event("subscribe")
    first, second, *_ = links_in(phone.say("光模块").text)
    client = make(front).test_client()
    client.get(first)
    assert len(rows(front)) == 1
    phone.event("unsubscribe")
    assert rows(front) == []
    assert client.get(second).status_code == 302
    assert rows(front) == []


def test_a_firm_may_want_to_know_nothing(reader: tuple[wiring.Front, Phone], monkeypatch: pytest.MonkeyPatch) -> None:
    """Links that were given out before go on leading to their articles."""
    front, phone = reader
    (path, *_) = links_in(phone.say("光模块").text)
    monkeypatch.setitem(front.made.texts["firm"], "reading_links", False)  # type: ignore[arg-type]
    assert make(front).test_client().get(path).status_code == 302
    assert rows(front) == []
    plain = wiring.lookups_of(front.made, front.library, front.replies)
    (article,) = front.library.articles.get(front_ids(front)[:1])
    assert plain.trail(OPENID, article) == article.url


def front_ids(front: wiring.Front) -> tuple[int, ...]:
    return tuple(article.id for article in front.library.articles.newest())


def test_a_token_says_nothing_about_whose_it_is() -> None:
    links = ReadingLinks(Vault(bytes(range(32))), HERE)
    article = Article(7, TITLES[0], "", "https://site.example/7", "", datetime.now(UTC))
    address = links.to(OPENID, article)
    assert OPENID not in address
    assert len(address) < 140
    assert links.opened(address.rpartition("/")[2]) == (OPENID, 7)
    assert ReadingLinks(Vault(b"n" * 32), HERE).opened(address.rpartition("/")[2]) is None


def test_what_waits_in_redis_is_sealed(reader: tuple[wiring.Front, Phone], own_redis: Redis) -> None:
    front, phone = reader
    (path, *_) = links_in(phone.say("光模块").text)
    client: redis.Redis = own_redis.client
    client.delete(asked.ASKED)
    make(front).test_client().get(path)
    (waits,) = client.lrange(asked.ASKED, 0, -1)
    assert OPENID.encode() not in waits
