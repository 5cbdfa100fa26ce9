"""When the next frame is due: pure functions of time."""
