"""What staff read: short, masked, and only lines that say something."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bot.dialogue.masking import masked_name, masked_phone, masked_text
from jobs.notice import Facts, Writer

TEXTS = tomllib.loads((Path(__file__).parents[2] / "config" / "staff.toml").read_text(encoding="utf-8"))
PLACES = {"320500": "苏州", "320400": "常州", "310000": "上海"}
WRITE = Writer(TEXTS, "https://bot.example", PLACES.__getitem__, lambda ids: [f"文章{id}" for id in ids])

FULL = {
    "deal": "buy",
    "asset": ["land"],
    "area": {"min": 30, "max": 50, "unit": "mu"},
    "region": ["320500|320400", "310000"],
    "use": "光模块|封装",
    "tax": {"min": 800, "max": None, "unit": "wan/yr"},
    "company": "星火精密有限公司",
    "contact": "欧阳小明",
    "mobile": ["+8613800001234"],
}


def test_a_lead_on_one_screen() -> None:
    text = WRITE(Facts("lead", "L1124-7F3K", FULL, scene="expo", shown=(1, 2, 3, 4), path="/leads/L1124-7F3K"))
    assert text.split("\n") == [
        "【新线索 L1124-7F3K】A级 100分",
        "需求：求购 土地",
        "面积：30–50亩",
        "区域：苏州/常州、上海",
        "用途：光模块/封装",
        "税收：800万/年以上",
        "联系：欧** 138****1234",
        "来源：expo",
        "发过：文章2、文章3、文章4",
        "评分：税收≥500万+30、面积≥5000㎡+15、有手机+15、有公司+10、区域明确+15、求购+10、要地+10",
        "https://bot.example/staff/leads/L1124-7F3K",
    ]
    assert len(text.encode()) < 2048


def test_what_they_opened_says_more_than_what_they_were_sent() -> None:
    text = WRITE(Facts("lead", "L1", read=(2,), shown=(1, 2, 3)))
    assert "读过：文章2" in text
    assert "发过" not in text


def test_lines_without_a_value_are_left_out() -> None:
    text = WRITE(Facts("lead", "L1", {"mobile": ["+8613800001234"]}, path="/leads/L1"))
    assert text.split("\n") == [
        "【新线索 L1】C级 15分",
        "联系： 138****1234",
        "评分：有手机+15",
        "https://bot.example/staff/leads/L1",
    ]


@pytest.mark.parametrize("kind", TEXTS["notice"])
def test_no_notice_shows_a_phone_a_name_or_a_company(kind: str) -> None:
    text = WRITE(Facts(kind, "L1", FULL, words="我是欧阳小明 13800001234", note="L1", changed=("mobile",)))
    assert "13800001234" not in text
    assert "星火" not in text
    assert kind == "human" or "小明" not in text


def test_a_repeat_says_that_it_is_one() -> None:
    assert WRITE(Facts("erased", note="L1", again=True)).endswith("（重发）")


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+8613800001234", "138****1234"), ("13800001234", "138****1234"), ("+862512345678", "****5678"), ("12", "****")],
)
def test_of_a_phone_only_the_ends_are_seen(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown


def test_a_title_stays_and_a_full_name_does_not() -> None:
    assert [masked_name(name) for name in ("王总", "王小明", "Kevin", "")] == ["王总", "王**", "K**", ""]


@pytest.mark.parametrize("text", ["打13800001234", "+86 138 0000 1234", "138-0000-1234", "身份证320500199001011234"])
def test_numbers_in_free_words_are_covered(text: str) -> None:
    shown = masked_text(text)
    assert "0000" not in shown
    assert "19900101" not in shown


@pytest.mark.parametrize(
    ("area", "shown"),
    [
        ({"min": 3000, "max": 3000, "unit": "m2"}, "3000㎡"),
        ({"min": 3000, "max": None, "unit": "m2"}, "3000㎡以上"),
        ({"min": None, "max": 20, "unit": "mu"}, "20亩以内"),
        ({"min": 1000000, "max": 2000000, "unit": "m2"}, "1000000–2000000㎡"),
    ],
)
def test_a_range_reads_as_one_says_it(area: dict[str, object], shown: str) -> None:
    assert f"面积：{shown}" in WRITE(Facts("lead", "L1", {"area": area}))


def test_a_push_that_waits_for_a_look_comes_with_the_way_to_it() -> None:
    text = WRITE(Facts("broadcast", note="第 7 号", path="/pushes#push-7"))
    assert text.splitlines()[-1].endswith("/staff/pushes#push-7")


def test_every_kind_of_notice_in_the_code_has_a_text() -> None:
    of_leads = {"lead", "revised", "withdrawn", "parted", "erased", "human", "undelivered", "channel"}
    of_time = {"remind", "next", "manager", "contact", "summary", "digest", "each"}
    assert set(TEXTS["notice"]) == of_leads | of_time | {"broadcast", "draft", "trouble"}
