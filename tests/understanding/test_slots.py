"""What is said for each slot, in the many ways people write it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.understanding.reader import Reader


def span(low: float | None, high: float | None, unit: str) -> dict[str, Any]:
    return {"min": low, "max": high, "unit": unit}


@pytest.mark.parametrize(
    ("said", "low", "high", "unit"),
    [
        ("3-5千平厂房", 3000, 5000, "m2"),
        ("三五百平的仓库", 300, 500, "m2"),
        ("一万二千平", 12000, 12000, "m2"),
        ("两千来方", 2000, 2000, "m2"),
        ("三千多平", 3000, None, "m2"),
        ("2万方厂房", 20000, 20000, "m2"),
        ("６０００平米以内", None, 6000, "m2"),
        ("至少20亩地", 20, None, "mu"),
        ("10000个平方到15000个平方", 10000, 15000, "m2"),
        ("现在用3000平，想扩到8000平", 8000, 8000, "m2"),
        ("不是1000平是8000平", 8000, 8000, "m2"),
        ("厂房 嘉善 1500 做纽扣", 1500, 1500, "m2"),
    ],
)
def test_an_area_is_read_as_written(reader: Reader, said: str, low: int, high: int, unit: str) -> None:
    assert reader(said).slots()["area"] == span(low, high, unit)


@pytest.mark.parametrize(
    ("said", "low", "high", "unit"),
    [
        ("一块二一平一天", 1.2, 1.2, "CNY/m2/day"),
        ("租金八毛到一块一天", 0.8, 1, "CNY/m2/day"),
        ("预算25元/平/月", 25, 25, "CNY/m2/month"),
        ("月租18块以内/平", None, 18, "CNY/m2/month"),
        ("预算两万一个月", 20000, 20000, "CNY/month"),
        ("年租不超四十万", None, 400000, "CNY/year"),
        ("地价20万一亩", 200000, 200000, "CNY/mu"),
        ("总价不能超两千万", None, 20000000, "CNY"),
        ("单价3200以内", None, 3200, "CNY/m2"),
    ],
)
def test_a_price_keeps_its_unit_and_bounds(reader: Reader, said: str, low: float, high: float, unit: str) -> None:
    assert reader(said, "budget").slots()["budget"] == span(low, high, unit)


@pytest.mark.parametrize(
    ("said", "low", "high", "unit"),
    [
        ("年税收300万", 300, 300, "wan/yr"),
        ("税收一百二十多万", 120, None, "wan/yr"),
        ("亩均税收25万", 25, 25, "wan/mu/yr"),
        ("承诺税收30万一亩", 30, 30, "wan/mu/yr"),
        ("纳税九亿六", 96000, 96000, "wan/yr"),
        ("刚成立，暂时没有税收", 0, 0, "wan/yr"),
    ],
)
def test_tax_is_in_wan(reader: Reader, said: str, low: float, high: float, unit: str) -> None:
    assert reader(said).slots()["tax"] == span(low, high, unit)


def test_investment_and_output_are_not_tax(reader: Reader) -> None:
    slots = reader("昆山买地50亩，投资3个亿，年产值5亿，投资强度300万/亩").slots()
    assert (slots["invest"]["min"], slots["output"]["min"]) == (30000, 50000)
    assert "tax" not in slots


@pytest.mark.parametrize(
    ("said", "use"),
    [
        ("食品加工，2000平以内，平湖", "食品加工"),
        ("喷涂工艺要有环评，500平", "喷涂"),
        ("宁波前湾新区 新能源汽车零部件 100亩", "新能源汽车零部件"),
        ("福建的鞋服企业，想在南安买3000平厂房", "鞋服"),
        ("昆山3000平，给核电阀门用", "核电阀门"),
        ("在抖音卖螺蛳粉，柳州租800平", "螺蛳粉"),
        ("用途：五金冲压\n面积：3000平", "五金冲压"),
        ("找800平，做丙烯腈下游材料", "丙烯腈下游材料"),
    ],
)
def test_what_is_made_is_found_by_how_it_is_said(reader: Reader, said: str, use: str) -> None:
    assert reader(said).slots().get("use") == use


@pytest.mark.parametrize(
    "said", ["昆山3000平厂房，变压器500kva", "太仓钢结构厂房3000平", "昆山2000平，要宿舍", "嘉定500平，离地铁站近"]
)
def test_what_the_building_has_is_no_product(reader: Reader, said: str) -> None:
    assert "use" not in reader(said).slots()


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("找周工就行", "周工"),
        ("免贵姓欧阳", "欧阳"),
        ("联系人：龙文斌 上海", "龙文斌"),
        ("江苏某某机电科技有限公司 王建 想买30亩地", "王建"),
        ("Kevin 13800001234", "Kevin"),
        ("昆山3000平，有消息联系我小沈", "小沈"),
    ],
)
def test_people_are_called_as_they_say(reader: Reader, said: str, name: str) -> None:
    assert reader(said, "contact").slots()["contact"] == name


@pytest.mark.parametrize(
    "said", ["周边配套怎么样，马上要搬，方便看房吗", "张家港有厂房吗", "单位：某某厂", "高标仓3000平", "谢谢"]
)
def test_the_start_of_a_word_is_nobody(reader: Reader, said: str) -> None:
    assert "contact" not in reader(said).slots()


@pytest.mark.parametrize(
    ("said", "company"),
    [
        ("杭州某某新能源集团", "杭州某某新能源集团"),
        ("公司抬头后来变更了，现叫绍兴某某纺织科技有限公司", "绍兴某某纺织科技有限公司"),
        ("正在核名", ""),
        ("营业执照下周才下来", ""),
        ("叫某锐生物科技", "某锐生物科技"),
    ],
)
def test_the_company_is_named_in_full(reader: Reader, said: str, company: str) -> None:
    assert reader(said, "company").slots()["company"] == company


def test_every_value_keeps_the_words_it_was_read_from(reader: Reader) -> None:
    values = reader("想租昆山3-5千平厂房，做注塑，王总１３８０００１２３４５").values
    assert values["area"].raw == "3-5千平"
    assert values["mobile"].raw == "１３８０００１２３４５"
    assert all(value.raw for value in values.values())
