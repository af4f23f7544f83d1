"""Each web process stays on one core, and they share them out among themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.commands import cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="there is only one core to be on"
)

PROCESS = """
import os, sys, threading
from pathlib import Path
from bot.commands import cores
core = cores.settle(Path(sys.argv[1]), lambda: [tuple(map(int, one.split(":"))) for one in sys.argv[2:]])
seen = []
thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
thread.start(), thread.join()
print(core, seen == [{core}], flush=True)
sys.stdin.read()
"""


@contextmanager
def _process(lock: Path, *others: cores.Program) -> Iterator[tuple[cores.Program, int]]:
    """What others see of it, and its core."""
    command = [sys.executable, "-c", PROCESS, str(lock), *(f"{number}:{parent}" for number, parent in others)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        core, threads_too = process.stdout.readline().split()
        assert threads_too == "True"
        yield (process.pid, os.getpid()), int(core)
        process.stdin.close()
        process.wait(10)


def test_two_take_different_cores_and_the_next_one_the_core_that_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with _process(lock) as (one, first):
        with _process(lock, one) as (other, second):
            assert first != second
            assert {one, other, (os.getpid(), os.getppid())} <= set(cores.programs())
        with _process(lock, one, other) as (_, after_it):
            assert after_it != first


def test_a_sibling_counts_more_than_strangers(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with _process(lock) as ((one, parent), first), _process(lock, (one, parent)) as ((other, _), second):
        assert first != second
        strangers = [(other, 1)] * 5
        with _process(lock, (one, parent), *strangers) as (_, third):
            assert third != first


def test_nothing_changes_where_it_is_not_allowed(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    assert cores.settle(tmp_path / "no such folder" / "lock") is None
    assert os.sched_getaffinity(0) == before
