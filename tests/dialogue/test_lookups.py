"""What one message asks twice is looked up once."""

from __future__ import annotations

from bot.dialogue.lookups import Article, Found, SearchedOnce


class Counting:
    """An empty index that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def search(self, text: str, limit: int = 30) -> Found:
        self.asked.append((text, limit))
        return Found((), answered=False)

    def get(self, ids: tuple[int, ...]) -> tuple[Article, ...]:
        return ()

    def related(self, article_id: int, limit: int = 5) -> tuple[Article, ...]:
        return ()

    def newest(self, topic: str = "", limit: int = 10) -> tuple[Article, ...]:
        return ()


def test_the_same_words_are_searched_for_once_and_others_again() -> None:
    index = Counting()
    articles = SearchedOnce(index)
    first = articles.search("光模块")
    assert articles.search("光模块") is first
    articles.search("光模块", 5)
    articles.search("硅光")
    assert index.asked == [("光模块", 30), ("光模块", 5), ("硅光", 30)]
