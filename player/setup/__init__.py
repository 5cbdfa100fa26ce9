"""The Python side of systemd/install: checks of the set-up, and changes of single settings."""
