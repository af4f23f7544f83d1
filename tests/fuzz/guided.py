"""Run by tests.fuzz.engines in a process of its own: coverage of our own code shows atheris the way through a target.

python -m tests.fuzz.guided TARGET [options of libFuzzer] [corpus]
"""

from __future__ import annotations

import logging
import sys

import atheris

with atheris.instrument_imports(include=["bot", "handlers", "xmltodict"]):
    from tests.fuzz.followers import understanding
    from tests.fuzz.outside import from_outside
    from tests.fuzz.platform import from_platform


def main() -> None:
    logging.disable(logging.CRITICAL)
    (target,) = [one for one in (*from_platform(), *from_outside(), understanding()) if one.name == sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
