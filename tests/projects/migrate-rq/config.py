"""Settings, read by the app and by `rq worker -c config`."""

import os

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///board.sqlite")
REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
