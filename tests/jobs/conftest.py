"""The jobs run on the same two databases as the store."""

from __future__ import annotations

from tests.store.conftest import migrated_file, migrated_postgres, secrets, store, url

__all__ = ["migrated_file", "migrated_postgres", "secrets", "store", "url"]
