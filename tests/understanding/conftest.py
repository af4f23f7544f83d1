"""The reader with the words of config/understanding, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.understanding.lexicon import Lexicon
from bot.understanding.reader import Reader

WORDS = Path(__file__).resolve().parents[2] / "config" / "understanding"


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader(Lexicon.from_folder(WORDS))
