"""See that a Chromium is there for the browser tests; Debian's package is installed where none is found."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def main() -> int:
    if found():
        return 0
    if not shutil.which("apt-get") or os.geteuid() != 0:
        print("no Chromium found: the browser tests will be skipped; install the package chromium to run them")
        return 0
    subprocess.run(["apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL)
    subprocess.run(
        ["apt-get", "install", "-y", "-q", "chromium", "fonts-noto-cjk"], check=False, stdout=subprocess.DEVNULL
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
