"""Every message and event of the reference becomes the content it should, and has a key of its own."""

from __future__ import annotations

import pytest

from bot.dialogue.message import (
    Cancelled,
    Click,
    Content,
    Follow,
    Image,
    Link,
    Location,
    Message,
    Other,
    Receipt,
    Scan,
    Text,
    Unfollow,
    Video,
    View,
    Voice,
)

from .sender import NOW, callback, event_xml, safe, xml

ID = "<MsgId>24000000000000002</MsgId>"


def read(body: str) -> Message:
    return callback().open(*safe(body), NOW).message


def kind(name: str, inner: str) -> str:
    return xml(f"<MsgType><![CDATA[{name}]]></MsgType>{inner}{ID}")


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (kind("text", "<Content><![CDATA[满意]]></Content><bizmsgmenuid>101</bizmsgmenuid>"), Text("满意", "101")),
        (kind("text", "<Content><![CDATA[x]]></Content><MsgDataId>1</MsgDataId><Idx>1</Idx>"), Text("x")),
        (
            kind("image", "<PicUrl><![CDATA[http://mmbiz.qpic.cn/x/0]]></PicUrl><MediaId><![CDATA[M]]></MediaId>"),
            Image("http://mmbiz.qpic.cn/x/0", "M"),
        ),
        (
            kind("voice", "<MediaId><![CDATA[MID_V]]></MediaId><Format>amr</Format><MediaId16K>X</MediaId16K>"),
            Voice("MID_V"),
        ),
        (kind("voice", "<MediaId>V</MediaId><Recognition><![CDATA[找厂房]]></Recognition>"), Voice("V", "找厂房")),
        (kind("video", "<MediaId>MID_VD</MediaId><ThumbMediaId>T</ThumbMediaId>"), Video("MID_VD")),
        (kind("shortvideo", "<MediaId>MID_SV</MediaId><ThumbMediaId>T</ThumbMediaId>"), Video("MID_SV")),
        (
            kind(
                "location",
                "<Location_X>31.2304</Location_X><Location_Y>121.4737</Location_Y><Scale>16</Scale>"
                "<Label><![CDATA[人民广场]]></Label>",
            ),
            Location(31.2304, 121.4737, "人民广场"),
        ),
        (
            kind("link", "<Title>T</Title><Description>D</Description><Url><![CDATA[https://e.com?a=1&b=2]]></Url>"),
            Link("T", "D", "https://e.com?a=1&b=2"),
        ),
        (kind("file", "<Title>plan.pdf</Title>"), Other("file", {"Title": "plan.pdf"})),
    ],
)
def test_every_message_kind_is_read(body: str, content: Content) -> None:
    message = read(body)
    assert message.content == content
    assert message.key == "24000000000000002:1767225600:oSim_user_0001"


SENDING = (
    "<SendLocationInfo><Location_X><![CDATA[31]]></Location_X><Location_Y><![CDATA[121]]></Location_Y>"
    "<Poiname><![CDATA[]]></Poiname></SendLocationInfo>"
)


@pytest.mark.parametrize(
    ("inner", "content"),
    [
        ("<Event>subscribe</Event><EventKey></EventKey>", Follow()),
        ("<Event>subscribe</Event>", Follow()),
        ("<Event>subscribe</Event><EventKey>qrscene_spring26</EventKey><Ticket>gQH</Ticket>", Follow("spring26")),
        ("<Event>unsubscribe</Event><EventKey/>", Unfollow()),
        ("<Event>SCAN</Event><EventKey>spring26</EventKey><Ticket>gQH</Ticket>", Scan("spring26")),
        ("<Event>CLICK</Event><EventKey>MENU_HELP</EventKey>", Click("MENU_HELP")),
        ("<Event>VIEW</Event><EventKey>https://e.com/</EventKey><MenuId>430000001</MenuId>", View("https://e.com/")),
        ("<Event>view_miniprogram</Event><EventKey>pages/index</EventKey><MenuId>1</MenuId>", View("pages/index")),
        (
            "<Event>scancode_waitmsg</Event><EventKey>K1</EventKey>"
            "<ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>ABC</ScanResult></ScanCodeInfo>",
            Click("K1"),
        ),
        ("<Event>scancode_push</Event><EventKey>K1</EventKey>", Click("K1")),
        (
            "<Event>pic_weixin</Event><EventKey>K2</EventKey><SendPicsInfo><Count>1</Count>"
            "<PicList><item><PicMd5Sum>0cc1</PicMd5Sum></item></PicList></SendPicsInfo>",
            Other(
                "pic_weixin",
                {"EventKey": "K2", "SendPicsInfo": {"Count": "1", "PicList": {"item": [{"PicMd5Sum": "0cc1"}]}}},
            ),
        ),
        (
            f"<Event>location_select</Event><EventKey>K3</EventKey>{SENDING}",
            Other(
                "location_select",
                {"EventKey": "K3", "SendLocationInfo": {"Location_X": "31", "Location_Y": "121", "Poiname": ""}},
            ),
        ),
        (
            "<Event>LOCATION</Event><Latitude>31.23</Latitude><Longitude>121.47</Longitude><Precision>65.0</Precision>",
            Other("LOCATION", {"Latitude": "31.23", "Longitude": "121.47", "Precision": "65.0"}),
        ),
        (
            "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>300000001</MsgID><Status>failed:user block</Status>",
            Receipt("TEMPLATESENDJOBFINISH", {"MsgID": "300000001", "Status": "failed:user block"}),
        ),
        (
            "<Event>templatesendjobfinish</Event><MsgID>300000001</MsgID><Status>success</Status>",
            Receipt("TEMPLATESENDJOBFINISH", {"MsgID": "300000001", "Status": "success"}),
        ),
        (
            "<Event>kf_switch_session</Event><FromKfAccount>a@gh</FromKfAccount><ToKfAccount>b@gh</ToKfAccount>",
            Other("kf_switch_session", {"FromKfAccount": "a@gh", "ToKfAccount": "b@gh"}),
        ),
        (
            "<Event>user_authorization_cancellation</Event><OpenID>o1</OpenID><AppID>wx</AppID>",
            Cancelled(),
        ),
        (
            "<Event>user_authorization_revoke</Event><OpenID>o1</OpenID><AppID>wx</AppID><RevokeInfo>1</RevokeInfo>",
            Other("user_authorization_revoke", {"OpenID": "o1", "AppID": "wx", "RevokeInfo": "1"}),
        ),
        ("<Event>verify_expired</Event><ExpiredTime>1</ExpiredTime>", Other("verify_expired", {"ExpiredTime": "1"})),
        ("<Event>something_new</Event>", Other("something_new", {})),
    ],
)
def test_every_event_is_read(inner: str, content: Content) -> None:
    assert read(event_xml(inner)).content == content


def test_the_end_of_a_mass_send_keeps_its_nested_figures() -> None:
    message = read(
        event_xml(
            "<Event>MASSSENDJOBFINISH</Event><MsgID>900001</MsgID><Status>send success</Status>"
            "<TotalCount>100</TotalCount><CopyrightCheckResult><Count>1</Count><ResultList><item>"
            "<ArticleIdx>1</ArticleIdx></item></ResultList><CheckState>2</CheckState></CopyrightCheckResult>"
            "<ArticleUrlResult><Count>2</Count><ResultList><item><ArticleIdx>1</ArticleIdx>"
            "<ArticleUrl><![CDATA[https://mp.weixin.qq.com/s?x]]></ArticleUrl></item><item><ArticleIdx>2</ArticleIdx>"
            "</item></ResultList></ArticleUrlResult>"
        )
    )
    assert message.content == Receipt(
        "MASSSENDJOBFINISH",
        {
            "MsgID": "900001",
            "Status": "send success",
            "TotalCount": "100",
            "CopyrightCheckResult": {
                "Count": "1",
                "ResultList": {"item": [{"ArticleIdx": "1"}]},
                "CheckState": "2",
            },
            "ArticleUrlResult": {
                "Count": "2",
                "ResultList": {
                    "item": [{"ArticleIdx": "1", "ArticleUrl": "https://mp.weixin.qq.com/s?x"}, {"ArticleIdx": "2"}]
                },
            },
        },
    )


def test_the_end_of_a_publication_is_a_receipt() -> None:
    message = read(
        event_xml(
            "<Event>PUBLISHJOBFINISH</Event><PublishEventInfo><publish_id>2247600001</publish_id>"
            "<publish_status>2</publish_status><fail_idx>1</fail_idx></PublishEventInfo>"
        )
    )
    assert message.content == Receipt(
        "PUBLISHJOBFINISH",
        {"PublishEventInfo": {"publish_id": "2247600001", "publish_status": "2", "fail_idx": ["1"]}},
    )


def notice(template: str) -> str:
    return event_xml(
        "<Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent><List>"
        f"<TemplateId>{template}</TemplateId><SubscribeStatusString>accept</SubscribeStatusString></List>"
        "</SubscribeMsgPopupEvent>"
    )


def test_a_consent_to_notices_is_a_receipt_with_a_list() -> None:
    content = read(notice("T1")).content
    assert isinstance(content, Receipt)
    assert content.fields == {
        "SubscribeMsgPopupEvent": {"List": [{"TemplateId": "T1", "SubscribeStatusString": "accept"}]}
    }


def test_a_repeat_has_the_same_key_and_another_event_of_the_same_second_has_not() -> None:
    bodies = [
        event_xml("<Event>CLICK</Event><EventKey>A</EventKey>"),
        event_xml("<Event>CLICK</Event><EventKey>B</EventKey>"),
        event_xml("<Event>VIEW</Event><EventKey>A</EventKey>"),
        event_xml(f"<Event>VIEW</Event><EventKey>https://e.com/{'x' * 900}1</EventKey>"),
        event_xml(f"<Event>VIEW</Event><EventKey>https://e.com/{'x' * 900}2</EventKey>"),
        event_xml("<Event>subscribe</Event>"),
        event_xml("<Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID>"),
        event_xml("<Event>TEMPLATESENDJOBFINISH</Event><MsgID>2</MsgID>"),
        notice("T1"),
        notice("T2"),
        kind("text", "<Content>A</Content>"),
        kind("text", "<Content>A</Content>").replace("24000000000000002", "24000000000000003"),
    ]
    keys = [read(body).key for body in bodies]
    assert keys == [read(body).key for body in bodies]
    assert len(set(keys)) == len(bodies)
    assert all(len(key) < 200 for key in keys)


def test_the_key_of_an_event_names_it() -> None:
    key = read(event_xml("<Event>CLICK</Event><EventKey>MENU_HELP</EventKey>")).key
    assert key == "CLICK:MENU_HELP:1767225600:oSim_user_0001"
