"""Words typed with other characters of the same sound: 跳国 for 跳过, 转人公 for 转人工."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Typos:
    """Puts the given words right wherever they were typed by sound with at least one of their own characters."""

    def __init__(self, sound_of: Mapping[str, str], words: Iterable[str], real: Iterable[str] = ()) -> None:
        """`real`: words that only sound alike and are meant as they stand (求助 is no 求租)."""
        self._sound_of = sound_of
        self._real = frozenset(real)
        self._words = {tuple(sound_of.get(char, char) for char in word): word for word in words}
        self._sizes = sorted({len(word) for word in self._words.values()}, reverse=True)
        self._first = frozenset(sounds[0] for sounds in self._words)

    def put_right(self, text: str) -> str:
        """The text with every such word spelled as it should be; of the same length."""
        heard = tuple(self._sound_of.get(char, "") for char in text)
        starts = [start for start, sound in enumerate(heard) if sound in self._first]
        for size in self._sizes:
            for start in starts:
                sounds = heard[start : start + size]
                word = self._words.get(sounds) if len(sounds) == size else None
                window = text[start : start + size] if word else ""
                if (
                    word
                    and word != window
                    and window not in self._real
                    and any(a == b for a, b in zip(word, window, strict=True))
                ):
                    text = text[:start] + word + text[start + size :]
        return text
