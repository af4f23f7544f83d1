"""Which places are wanted; typing by sound; and names that mean several places."""

from __future__ import annotations

import pytest

from bot.understanding.reader import Reader


def regions(reader: Reader, said: str, asked: str | None = None) -> list[str]:
    return reader(said, asked).slots().get("region", [])


@pytest.mark.parametrize(
    ("said", "code"),
    [("苏洲吴江盛泽", "320509"), ("想在昆三找厂房", "320583"), ("太昌3000平", "320585"), ("东管长安找个厂房", "441900"), ("慧州", "441300")],
)  # fmt: skip
def test_a_name_typed_by_sound_is_found(reader: Reader, said: str, code: str) -> None:
    assert regions(reader, said, "region") == [code]


def test_a_name_typed_by_sound_is_less_sure(reader: Reader) -> None:
    assert reader("想在昆三找厂房").values["region"].confidence < 1


@pytest.mark.parametrize("name", ["鼓楼", "江北", "高新区", "朝阳"])
def test_a_name_of_several_places_is_a_question(reader: Reader, name: str) -> None:
    reading = reader(name, "region")
    assert "region" not in reading.slots()
    assert len(reading.values["region"].choices) >= 2


def test_the_city_beside_it_settles_the_question(reader: Reader) -> None:
    assert regions(reader, "南京鼓楼") == ["320106"]
    assert regions(reader, "徐州鼓楼区找仓库") == ["320302"]


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("我是苏州的，想在无锡找厂房", ["320200"]),
        ("现在厂子在昆山，想搬到太仓", ["320585"]),
        ("东莞厚街做鞋的，房租太贵了，想搬去赣州", ["360700"]),
        ("去年在吴中买过，现在想看常熟", ["320581"]),
        ("不是苏州，是常州", ["320400"]),
        ("城市我写成扬州了，应该是泰州", ["321200"]),
        ("苏州某某电子有限公司，找嘉兴的厂房", ["330400"]),
        ("上海有总部，考虑芜湖，土地100亩", ["340200"]),
        ("昆山或者太仓", ["320583", "320585"]),
        ("区域改成武汉", ["420100"]),
        ("连云港\n滁州除外", ["320700"]),
        ("在全椒、来安选址", ["341124", "341122"]),
    ],
)
def test_only_wanted_places_count(reader: Reader, said: str, codes: list[str]) -> None:
    assert regions(reader, said) == codes


def test_a_list_of_places_grows_and_shrinks(reader: Reader) -> None:
    assert "region" in reader("还有太仓").adds
    assert reader("不要昆山了").removes == {"region": ("320583",)}
