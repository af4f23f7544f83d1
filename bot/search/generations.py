"""The folders of an index: which generation answers, who is at work in which, and which of them may go.

FOLDER/FINGERPRINT/current is a link to the generation that answers. Whoever has one open holds a shared lock in it, so
that what nobody holds any more can be told from what somebody still reads; the lock of a killed process is free again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

HOLDERS = "holders"
LINK = "current"
KEPT_S = 7 * 86400.0
"""An older analysis stays so long after its last article, for who must go back to an older version."""


class Held:
    """A generation this process has open, until this object goes."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError where the folder was removed meanwhile."""
        self.folder = folder
        self._file = os.open(folder / HOLDERS, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        if not (folder / HOLDERS).exists():
            raise FileNotFoundError(folder)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            os.close(self._file)


def opened(home: Path) -> Held:
    """The generation that answers. It may be replaced and removed while we look: then there is another one."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            return Held((home / LINK).resolve(strict=True))


def fresh(home: Path) -> Held:
    """An empty generation beside the others; for whoever is alone at it."""
    numbers = [int(found.name[1:]) for found in home.glob("g*") if found.name[1:].isdigit()]
    folder = home / f"g{max(numbers, default=0) + 1}"
    folder.mkdir()
    return Held(folder)


def point(home: Path, generation: Path) -> None:
    """Replace the link in one step; whoever looks sees the old or the new one."""
    link = home / f"{LINK}.new"
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(generation.name)
    link.replace(home / LINK)


@contextlib.contextmanager
def alone(home: Path, *, patient: bool = False) -> Iterator[bool]:
    """Whether this process is the only one of the machine that makes or removes generations; `patient` waits for it."""
    with (home / "rebuild.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def sweep(home: Path) -> None:
    """Remove the generations that neither answer nor are held; for whoever is alone at it."""
    answering = (home / LINK).resolve()
    for folder in home.glob("g*"):
        if folder != answering:
            _remove_unheld(folder)


def sweep_others(home: Path) -> None:
    """Remove what earlier versions of the analysis left beside this one and nobody has written or held of late."""
    for other in home.parent.glob("v*-*"):
        if other == home or time.time() - _last_written(other) < KEPT_S:
            continue
        left = [folder for folder in other.glob("g*") if not _remove_unheld(folder)]
        if not left:
            shutil.rmtree(other, ignore_errors=True)


def _last_written(home: Path) -> float:
    files = [*home.glob("*"), *home.glob("g*/*")]
    return max((file.lstat().st_mtime for file in files), default=0.0)


def _remove_unheld(folder: Path) -> bool:
    """Whether it is gone."""
    try:
        file = os.open(folder / HOLDERS, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True
