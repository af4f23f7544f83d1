"""Media, drafts, publishing and menus."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from .conftest import JPG, PNG, World

Draft = Callable[..., str]


def thumb(world: World) -> str:
    return world.upload("/cgi-bin/material/add_material", JPG, "a.jpg", type="image")["media_id"]


@pytest.mark.parametrize(
    ("path", "kind", "data", "code"),
    [
        ("/cgi-bin/media/upload", "image", PNG, 0),
        ("/cgi-bin/media/upload", "poem", PNG, 40004),
        ("/cgi-bin/media/upload", "image", b"hello", 40005),
        ("/cgi-bin/media/upload", "image", b"", 44001),
        ("/cgi-bin/media/upload", "thumb", JPG + b"0" * 65536, 40006),
        ("/cgi-bin/media/upload", "image", b"0000ftypheic", 40113),
        ("/cgi-bin/media/uploadimg", "", JPG, 0),
        ("/cgi-bin/media/uploadimg", "", JPG + b"0" * (1 << 20), 40009),
        ("/cgi-bin/media/uploadimg", "", b"GIF89a", 40005),
        ("/cgi-bin/material/add_material", "image", b"BM00", 0),
        ("/cgi-bin/material/add_material", "video", b"0000ftypmp42", 47001),
    ],
)
def test_uploads_are_checked(service: World, path: str, kind: str, data: bytes, code: int) -> None:
    assert service.upload(path, data, type=kind).get("errcode", 0) == code


def test_a_body_without_a_file_is_named(service: World) -> None:
    answer = service.session.post(
        f"{service.base}/cgi-bin/media/uploadimg?access_token={service.token}", files={"other": b"x"}
    )
    assert answer.json()["errcode"] == 41005


def test_material_is_listed_fetched_and_deleted(service: World) -> None:
    media_id = thumb(service)
    assert service.get("/cgi-bin/material/get_materialcount")["image_count"] == 1
    listed = service.post("/cgi-bin/material/batchget_material", {"type": "image", "offset": 0, "count": 20})
    assert listed["item"][0]["media_id"] == media_id
    url = f"{service.base}/cgi-bin/material/get_material?access_token={service.token}"
    assert service.session.post(url, json={"media_id": media_id}).content == JPG
    assert service.post("/cgi-bin/material/del_material", {"media_id": media_id})["errcode"] == 0
    assert service.post("/cgi-bin/material/del_material", {"media_id": media_id})["errcode"] == 40007


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 0),
        ({"title": "字" * 32}, 0),
        ({"title": "字" * 33}, 45003),
        ({"title": ""}, 45003),
        ({"digest": "字" * 120}, 0),
        ({"digest": "字" * 121}, 45004),
        ({"author": "字" * 17}, 45110),
        ({"content": "字" * 19_999}, 0),
        ({"content": "字" * 20_000}, 45002),
        ({"content": ""}, 44003),
        ({"thumb_media_id": "no"}, 40007),
        ({"content_source_url": "ftp://x"}, 41039),
        ({"content_source_url": "https://e.com/" + "x" * 1024}, 45005),
    ],
)
def test_the_limits_of_a_draft(service: World, fields: dict, code: int) -> None:
    article = {"title": "t", "content": "<p>x</p>", "thumb_media_id": thumb(service)} | fields
    assert service.post("/cgi-bin/draft/add", {"articles": [article]}).get("errcode", 0) == code


def test_a_draft_loses_scripts_classes_and_foreign_pictures(service: World, draft: Draft) -> None:
    ours = service.upload("/cgi-bin/media/uploadimg", PNG)["url"]
    content = (
        f'<p class="a" style="color:red" onclick="x()">1 &lt; 2</p><script>alert(1)</script><style>p{{}}</style>'
        f'<img src="{ours}"><img src="https://e.com/x.png"><a href="javascript:x()">a</a>'
    )
    media_id = draft(service, content=content)
    kept = service.post("/cgi-bin/draft/get", {"media_id": media_id})["news_item"][0]["content"]
    assert kept == f'<p style="color:red">1 &lt; 2</p><img src="{ours}"><a>a</a>'


def test_escapes_show_up_as_text_in_a_draft(service: World) -> None:
    article = {"title": "标题", "content": "<p>x</p>", "thumb_media_id": thumb(service)}
    raw = json.dumps({"articles": [article]})
    answer = service.session.post(f"{service.base}/cgi-bin/draft/add?access_token={service.token}", data=raw)
    media_id = answer.json()["media_id"]
    assert service.post("/cgi-bin/draft/get", {"media_id": media_id})["news_item"][0]["title"] == "\\u6807\\u9898"


def test_drafts_are_counted_listed_changed_and_deleted(service: World, draft: Draft) -> None:
    media_id = draft(service)
    article = {"title": "new", "content": "<p>y</p>", "thumb_media_id": thumb(service)}
    update = {"media_id": media_id, "index": 0, "articles": article}
    assert service.post("/cgi-bin/draft/update", update)["errcode"] == 0
    assert service.post("/cgi-bin/draft/update", update | {"index": 5})["errcode"] == 40114
    assert service.post("/cgi-bin/draft/update", update | {"articles": {"title": "x"}})["errcode"] == 45166
    assert service.get("/cgi-bin/draft/count") == {"total_count": 1}
    listed = service.post("/cgi-bin/draft/batchget", {"offset": 0, "count": 20, "no_content": 1})
    assert listed["item"][0]["content"]["news_item"][0]["title"] == "new"
    assert "content" not in listed["item"][0]["content"]["news_item"][0]
    assert service.post("/cgi-bin/draft/delete", {"media_id": media_id})["errcode"] == 0
    assert service.get("/cgi-bin/draft/count") == {"total_count": 0}


def test_publishing_ends_with_an_event_and_an_article(safe: World, draft: Draft) -> None:
    safe.bot.reply = lambda nodes: "success"
    publish_id = safe.post("/cgi-bin/freepublish/submit", {"media_id": draft(safe)})["publish_id"]
    safe.settle()
    assert safe.bot.got[-1]["Event"] == "PUBLISHJOBFINISH"
    told = safe.post("/cgi-bin/freepublish/get", {"publish_id": publish_id})
    assert told["publish_status"] == 0
    article = {"article_id": told["article_id"]}
    assert safe.post("/cgi-bin/freepublish/getarticle", article)["news_item"][0]["is_deleted"] is False
    assert safe.post("/cgi-bin/freepublish/delete", article)["errcode"] == 0
    assert safe.post("/cgi-bin/freepublish/getarticle", article)["news_item"][0]["is_deleted"] is True
    assert safe.post("/cgi-bin/freepublish/getarticle", {"article_id": "no"})["errcode"] == 53600


def test_publishing_can_be_refused_by_the_review(service: World, draft: Draft) -> None:
    service.act("knobs", {"publish_status": 2})
    publish_id = service.post("/cgi-bin/freepublish/submit", {"media_id": draft(service)})["publish_id"]
    assert service.post("/cgi-bin/freepublish/get", {"publish_id": publish_id})["publish_status"] in (1, 2)
    service.settle()
    told = service.post("/cgi-bin/freepublish/get", {"publish_id": publish_id})
    assert (told["publish_status"], told["fail_idx"]) == (2, [1])


def click(name: str = "a", **fields: object) -> dict:
    return {"type": "click", "name": name, "key": "K"} | fields


MENUS = [
    ([click()], 0),
    ([click()] * 4, 40016),
    ([], 40016),
    ([click("")], 40018),
    ([click("汉" * 6)], 40018),
    ([click(type="fly")], 40015),
    ([click(key="")], 40019),
    ([click(key="k" * 129)], 40019),
    ([{"type": "view", "name": "a", "url": "https://e.com/" + "x" * 1024}], 40020),
    ([{"type": "view", "name": "a", "url": "e.com"}], 40055),
    ([{"type": "miniprogram", "name": "a", "url": "https://e.com"}], 45064),
    ([{"name": "a", "sub_button": [click()] * 6}], 40023),
    ([{"name": "a", "sub_button": [click("汉" * 21)]}], 40025),
    ([{"name": "a", "sub_button": [click(type="fly")]}], 40024),
    ([{"name": "a", "sub_button": [{"name": "b", "sub_button": [click()]}]}], 40024),
    ([{"name": "a", "sub_button": [{"type": "view", "name": "b", "url": "x" * 1025}]}], 40027),
    ([{"name": "a", "sub_button": [{"type": "view", "name": "b", "url": "nothing"}]}], 40054),
    ([{"type": "article_id", "name": "a", "article_id": "no"}], 53600),
]


def menu_create(world: World, buttons: list, **dumps: bool) -> int:
    raw = json.dumps({"button": buttons}, ensure_ascii=dumps.get("escaped", False)).encode()
    return world.session.post(f"{world.base}/cgi-bin/menu/create?access_token={world.token}", data=raw).json()[
        "errcode"
    ]


@pytest.mark.parametrize(("buttons", "code"), MENUS)
def test_menus_are_checked(service: World, buttons: list, code: int) -> None:
    assert menu_create(service, buttons) == code


def test_a_menu_with_escapes_is_refused(service: World) -> None:
    assert menu_create(service, [click("找文章")], escaped=True) == 40033
    assert menu_create(service, [click("找文章")]) == 0


def test_a_follower_sees_the_newest_menu_that_fits_the_last_tag(service: World) -> None:
    openid = service.follower()
    rule = {"tag_id": "2"}
    assert service.get("/cgi-bin/menu/get")["errcode"] == 46003
    menu = "/cgi-bin/menu/addconditional"
    assert service.post(menu, {"button": [click("x")], "matchrule": rule})["errcode"] == 65303
    menu_create(service, [click("default")])
    assert service.post(menu, {"button": [click("x")], "matchrule": {"sex": "1"}})["errcode"] == 65320
    assert service.post(menu, {"button": [click("x")], "matchrule": {"tag_id": "999"}})["errcode"] == 40152
    service.post("/cgi-bin/tags/members/batchtagging", {"openid_list": [openid], "tagid": 2})
    menuid = service.post(menu, {"button": [click("star")], "matchrule": rule})["menuid"]
    assert service.post("/cgi-bin/menu/trymatch", {"user_id": openid})["button"][0]["name"] == "star"
    assert service.look(f"followers/{openid}/menu")["items"][0]["name"] == "star"
    assert service.get("/cgi-bin/menu/get")["conditionalmenu"][0]["menuid"] == menuid
    assert service.post("/cgi-bin/menu/delconditional", {"menuid": "1"})["errcode"] == 65301
    assert service.post("/cgi-bin/menu/delconditional", {"menuid": menuid})["errcode"] == 0
    assert service.post("/cgi-bin/menu/trymatch", {"user_id": openid})["button"][0]["name"] == "default"


def test_conditional_menus_lead_to_three_domains_together(service: World) -> None:
    menu_create(service, [click()])
    subs = [{"type": "view", "name": "b", "url": f"https://e{n}.com/"} for n in range(4)]
    body = {"button": [{"name": "a", "sub_button": subs}], "matchrule": {"tag_id": "2"}}
    assert service.post("/cgi-bin/menu/addconditional", body)["errcode"] == 65316
