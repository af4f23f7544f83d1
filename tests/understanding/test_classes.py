"""Ways of speaking that a fresh author used and the reader once missed: one test to a class, in other words than theirs."""

from __future__ import annotations

from typing import Any

import pytest

from bot.understanding.reader import Reader


def slots(reader: Reader, said: str, asked: str | None = None) -> dict[str, Any]:
    return reader(said, asked).slots()


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("我想回老家信阳办厂，先租八百平厂房", ["411500"]),
        ("准备返乡回邵阳创业，想找个600平的车间", ["430500"]),
        ("合肥肥东找块地盖厂，50亩", ["340122"]),
        ("洛阳有研发楼出租吗，800平", ["410300"]),
        ("公司：湖北江汉腾远机械有限公司，想在荆州沙市租2000平厂房", ["421002"]),
        ("赣州南康要5000平厂房", ["360703"]),
        ("新疆收棉花的，想在郑州租3000平仓库，周转", ["410100"]),
        ("打算回老家桂林阳朔搞个米粉厂，租400平", ["450321"]),
        ("离开深圳回赣州发展，想买15亩地", ["360700"]),
        ("株洲醴陵盖个陶瓷厂，30亩", ["430281"]),
        ("租200平库房，南昌青山湖", ["360111"]),
        ("宁德福鼎有茶厂用的厂房出租么，900平", ["350982"]),
        ("温岭鞋厂停产了，准备去临海租2000平重新做", ["331082"]),
    ],
)
def test_a_place_is_where_they_want_to_be(reader: Reader, said: str, codes: list[str]) -> None:
    assert slots(reader, said)["region"] == codes


@pytest.mark.parametrize(
    "said",
    ["有没有嘉善8000平的独栋厂房出租", "佛山有2000平的仓库出租么", "你们手上有厂房出租不，青岛胶州1500平", "请问有没有独栋厂房出售，3000平，湖州", "有没有绍兴上虞的仓库招租，1000平", "谁家有小厂房转租，东莞大朗300平"],
)  # fmt: skip
def test_what_is_asked_for_is_wanted(reader: Reader, said: str) -> None:
    assert slots(reader, said).keys() >= {"deal", "asset", "area", "region"}


@pytest.mark.parametrize(
    "said",
    [
        "我家有厂房要出租，2000平，有没有人要",
        "自有厂房出租，无锡3000平",
        "我们在苏州有仓库出租，你们收吗",
        "手上有块地要转让，20亩，盐城",
    ],
)
def test_what_is_offered_is_not(reader: Reader, said: str) -> None:
    assert slots(reader, said) == {}


@pytest.mark.parametrize(
    ("said", "asked", "command"),
    [
        ("先不讲了", "company", "skip"),
        ("税收这块不说了哈", "tax", "skip"),
        ("手机号先不留了", "mobile", "skip"),
        ("名字不说了行不", "contact", "skip"),
        ("下一问", "use", "skip"),
        ("联系电话不方便留了", "mobile", "skip"),
        ("我想改前面那题", "budget", "back"),
        ("这项先过", "tax", "skip"),
        ("下一道", "use", "skip"),
        ("刚才那题我重新答一下", "budget", "back"),
        ("上一题重新填", "budget", "back"),
        ("全部重新来", None, "restart"),
        ("那不弄了，谢谢", None, "cancel"),
    ],
)
def test_commands_while_asked(reader: Reader, said: str, asked: str | None, command: str) -> None:
    assert slots(reader, said, asked) == {"cmd": command}


@pytest.mark.parametrize("said", ["租个800平仓库，剩下的电话聊", "昆山3000平厂房，细节当面谈"])
def test_talking_later_calls_nobody(reader: Reader, said: str) -> None:
    assert "cmd" not in slots(reader, said)


@pytest.mark.parametrize(
    ("said", "slot", "value"),
    [
        ("不是买，我想租", "deal", "rent"),
        ("不是仓库，我们要厂房", "asset", ["factory"]),
        ("不是买地，我们是租厂房", "asset", ["factory"]),
        ("行车吨位报错了，20吨不是10吨", "crane_t", 20),
        ("联系人变了，以后跟我们余经理对接", "contact", "余经理"),
        ("联系人换个人，小范来对接", "contact", "小范"),
        ("对接人改为我们采购部龚女士", "contact", "龚女士"),
        ("层高说错了，是9米不是6米", "height_m", 9),
        ("承重写错了，应该是3吨每平", "load_t_m2", 3),
        ("联系人换成我同事卢经理", "contact", "卢经理"),
        ("联系人改一下，由我助理赖工对接", "contact", "赖工"),
        ("对接人换一下，换成邹女士", "contact", "邹女士"),
    ],
)
def test_corrections_say_what_is_right(reader: Reader, said: str, slot: str, value: object) -> None:
    found = slots(reader, said)
    assert (found["op"], found[slot]) == ("correct", value)


def test_a_broker_who_is_none_corrects_nothing(reader: Reader) -> None:
    assert "op" not in slots(reader, "我不是中介，我要租厂房")


@pytest.mark.parametrize(
    ("said", "absent"),
    [
        ("公司：江西赣南某某食品有限公司\n地点：赣州南康", "zone"),
        ("车队28台车，嘉兴找5000平仓库", "contact"),
        ("车队28台车，嘉兴找5000平仓库", "use"),
        ("房东要加租，佛山顺德找1500平以内的厂房", "deal"),
        ("我是镇上合作社的，烘干粮食，要1000平仓库", "company"),
        ("首选张家港，实在不行就江阴", "negation"),
    ],
)
def test_what_only_looks_like_a_value(reader: Reader, said: str, absent: str) -> None:
    assert absent not in slots(reader, said)


@pytest.mark.parametrize(
    ("said", "slot", "value"),
    [
        ("受托为客户（一家德国传感器公司）在太仓找3000平厂房", "use", "传感器"),
        ("我是做鞋的，想买10亩地", "use", "鞋"),
        ("我姓欧阳，欧阳靖", "contact", "欧阳靖"),
        ("番禺附近600平以内的厂房", "area", {"min": None, "max": 600, "unit": "m2"}),
        ("年产值5亿 亩均税收30万", "output", {"min": 50000, "max": 50000, "unit": "wan"}),
        ("预算最多掏五百万", "budget", {"min": None, "max": 5000000, "unit": "CNY"}),
    ],
)
def test_values_with_words_around_them(reader: Reader, said: str, slot: str, value: object) -> None:
    assert slots(reader, said)[slot] == value


def test_what_is_added_to_an_earlier_answer_is_no_name(reader: Reader) -> None:
    reading = reader("加上常熟", "company")
    assert reading.slots() == {"region": ["320581"]}
    assert reading.adds == {"region"}
