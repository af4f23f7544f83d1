"""Small disks that can be filled to the last byte and freed again. Mounting them takes root."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_BALLAST = "ballast"
_PIECE = b"\0" * (1 << 20)


@dataclass(frozen=True)
class Disk:
    """A tmpfs at `folder`."""

    folder: Path

    def fill(self) -> None:
        with contextlib.suppress(OSError), (self.folder / _BALLAST).open("wb", buffering=0) as ballast:
            for size in (len(_PIECE), 4096, 1):
                with contextlib.suppress(OSError):
                    while ballast.write(_PIECE[:size]) == size:
                        pass

    def free(self) -> None:
        (self.folder / _BALLAST).unlink(missing_ok=True)

    def take_away(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, timeout=30, stderr=subprocess.DEVNULL)


def mounted(folder: Path, megabytes: int) -> Disk | None:
    """The folder as a disk of its own; None where that is not allowed: then the folder is an ordinary one."""
    folder.mkdir(mode=0o755, exist_ok=True)
    if os.getuid() != 0:
        return None
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    done = subprocess.run(command, check=False, timeout=30, capture_output=True)
    return Disk(folder) if done.returncode == 0 else None
