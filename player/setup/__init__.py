"""Is everything set up to show a film? For systemd/install."""
