from tests.databases import database, demo_on_sqlite, demo_url, empty_url

__all__ = ["database", "demo_on_sqlite", "demo_url", "empty_url"]
