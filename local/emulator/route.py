"""What the launcher adds to MiniStack's routes. Apart, because the orchestrator cannot import MiniStack."""

RECYCLE = "/_lectern/recycle"
