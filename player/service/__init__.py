"""What surrounds a playback that runs for a year: systemd, the lock, buttons."""
