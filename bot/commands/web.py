"""`python -m bot web`: the Flask application on granian, several processes with several threads each."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import shutil
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from bot import wiring
from config.settings import Settings

log = logging.getLogger(__name__)

TARGET = "handlers.web.main:app"


def serve(settings: Settings) -> int:
    """Serve until stopped; the application itself is made in each worker process (handlers.web.main:app)."""
    wiring.migrate(settings)
    _share_figures(Path(settings.data_dir) / "metrics" / str(settings.port))
    _load_once()
    logging.getLogger("_granian").addFilter(_is_news)
    server = Granian(
        TARGET,
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    )
    server.serve()
    return 0


def _is_news(record: logging.LogRecord) -> bool:
    """That there are more threads than cores is meant: most of them wait for something."""
    return "Python threads" not in record.getMessage()


def _load_once() -> None:
    """The workers are forks of this process: what it has loaded they need not load, and share its memory, as long as
    the garbage collector does not touch it."""
    importlib.import_module(TARGET.partition(":")[0])
    gc.collect()
    gc.freeze()


def _share_figures(folder: Path) -> None:
    """All web processes of a port write their figures into one folder, so that /metrics can add them up."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
