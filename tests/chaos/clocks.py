"""The wall clocks of the machines, which can be set wrong while everything runs.

By a small library of ours that is laid under each process (wrong_clock.c; it takes a C compiler). A clock of our own in
the settings would show what we thought of alone; this one everything asks, libraries too. libfaketime was tried: it
breaks time.sleep. The monotonic clock goes on, as it does when somebody sets the time of a machine. Redis, PostgreSQL and
the platform have the right time.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("wrong_clock.c")


@dataclass(frozen=True)
class Clock:
    """The clock of a machine: `file` holds by how many seconds it is wrong."""

    file: Path
    library: Path

    def set(self, seconds: int) -> None:
        with self.file.open("r+b" if self.file.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("=q", seconds))

    @property
    def environ(self) -> dict[str, str]:
        """What makes a process follow this clock."""
        return {"LD_PRELOAD": str(self.library), "WRONG_CLOCK": str(self.file)}


def made(file: Path) -> Clock | None:
    """A clock that is right; None where there is no compiler."""
    library = file.parent / "wrong_clock.so"
    if not library.exists() and not _compiled(library):
        return None
    clock = Clock(file, library)
    clock.set(0)
    return clock


def _compiled(library: Path) -> bool:
    compiler = shutil.which("cc") or shutil.which("gcc")
    command = [compiler or "", "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    return bool(compiler) and subprocess.run(command, check=False, timeout=60).returncode == 0
