"""Reels on a panel: `loop` runs it, `state` says what comes next, `requests` and `status` are its edges."""
