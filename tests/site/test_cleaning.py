"""What is the article's own and what the firm puts under every one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.site.cleaning import key, summary
from tests.site.rules import rules
from tests.site.texts import post
from tests.site.themes import CONTACT

CLEANING = rules().cleaning
OWN = ("园区里的一家企业搬进了新厂房。", "第二段说的是它的邻居们怎么看。")


@pytest.mark.parametrize(
    "line",
    [
        "扫一扫关注公众号", "扫描二维码推送至手机访问。", "版权声明：本文由某某网发布，如需转载请注明出处。", "本文链接：http://s.example/1",
        "分享给朋友：", "相关文章", "“某某项目落户”的相关文章", "上一篇：另一个项目", "下一篇：又一个项目", "猜你喜欢", "您可能还喜欢",
        "长按识别二维码关注我们", "本文由某某网整理发布",
    ],
)  # fmt: skip
def test_from_the_themes_own_lines_on_nothing_belongs_to_the_body(line: str) -> None:
    assert CLEANING.body([*OWN, line, "后面的一切。"]) == "\n".join(OWN)


@pytest.mark.parametrize(
    "line",
    [
        "责任编辑：某某某", "编辑：某某 校对：某某", "记者 某某某", "（本报记者 某某 某某某）", "来源：某某日报", "（来源：某某社）", "文/某某",
        "见习记者：某某", "阅读全文", "阅读 233", "浏览量：88", "通讯员 某某", "返回列表", "微博", "QQ空间",
    ],
)  # fmt: skip
def test_credits_and_buttons_are_left_out_wherever_they_stand(line: str) -> None:
    assert CLEANING.body([OWN[0], line, OWN[1]]) == "\n".join(OWN)


@pytest.mark.parametrize(
    "line",
    [
        "记者:下一步有哪些打算?", "记者：这条产业链的难点在哪里？", "提供厂房土地租售服务的企业越来越多，价格也更透明。", "编辑部的意见是，先看市场再看价格。",
        "公众可拨打12345热线反映情况。", "来源于北方的企业占了三成。", "微信号称拥有十亿用户，企业微信也在追赶。", "版权保护是这个园区的另一张名片。",
        "相关文章指出，成本仍在下降。", "一、总体情况", "分享经济走进了园区。", "长按按钮三秒，设备就会重新启动。",
    ],
)  # fmt: skip
def test_sentences_that_only_look_like_it_stay(line: str) -> None:
    assert CLEANING.body([OWN[0], line, OWN[1]]) == f"{OWN[0]}\n{line}\n{OWN[1]}"


def test_the_contact_block_goes_with_all_that_follows_it() -> None:
    assert CLEANING.body([*OWN, *CONTACT, "添加好友", "24小时在线"]) == "\n".join(OWN)


def test_an_article_that_goes_on_after_a_contact_line_goes_on() -> None:
    longer = (
        "这一段很长，写的是项目怎样落地、怎样建设、怎样投产，以及它给周边的企业带来了哪些新的机会，业内人士都说值得看。"
        * 2
    )
    assert CLEANING.body([OWN[0], *CONTACT, longer]) == f"{OWN[0]}\n{longer}"


def test_an_advertised_number_inside_a_sentence_goes_and_the_sentence_stays() -> None:
    line = "新厂房可以分割，招商热线:400-000-0000，欢迎来看。"
    assert CLEANING.body([line]) == "新厂房可以分割，欢迎来看。"
    assert CLEANING.body(["选址咨询热线：13800001234"]) == ""


def test_what_portals_put_before_a_collected_article_goes() -> None:
    raw = [
        "由内容质量、互动评论、分享传播等多维度分值决定,勋章级别越高(),代表其在平台内的综合表现越好。",
        "原标题:光模块走进园区",
        *OWN,
    ]
    assert CLEANING.body(raw, title="光模块走进园区") == "\n".join(OWN)


def test_learned_lines_go_at_the_ends_and_stay_in_the_middle() -> None:
    learned = {key(one) for one in ("一、总体情况", "欢迎关注某某网", "欢迎莅临考察，今天是1号")}
    raw = ["欢迎关注某某网", OWN[0], "一、总体情况", OWN[1], "欢迎莅临考察，今天是28号"]
    assert CLEANING.body(raw, learned) == f"{OWN[0]}\n一、总体情况\n{OWN[1]}"


def test_an_article_made_of_learned_lines_alone_keeps_them() -> None:
    assert CLEANING.body(["欢迎莅临考察"], {key("欢迎莅临考察")}) == "欢迎莅临考察"


def test_a_summary_is_made_of_whole_sentences() -> None:
    assert summary("一、总体情况\n第一句。第二句！第三句没有完", 120) == "第一句。第二句！"
    long = "这一句" * 50 + "。"
    assert summary(f"{long}短的一句。", 120) == "短的一句。"
    assert summary("他说：“走吧。”后来就走了。", 120) == "他说：“走吧。”后来就走了。"
    assert summary("没有句号的一行", 120) == "没有句号的一行"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="产业链园区，。！？；、“”\n a.1", max_size=400))
def test_a_summary_is_never_too_long_and_never_made_up(body: str) -> None:
    found = summary(body, 120)
    assert len(found) <= 120
    assert all(char in body or char == " " for char in found.removesuffix("…"))


def test_every_summary_of_our_articles_ends_where_a_sentence_ends() -> None:
    for number in range(200):
        found = CLEANING.summary(post(number).body)
        assert 0 < len(found) <= 120 and found.endswith("。")
