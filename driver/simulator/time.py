"""Virtual time for simulated controllers: a clock that moves only when it is told to."""


class VirtualTime:
    """Seconds since the simulation began. No threads, no real waiting: a year passes in microseconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass. ValueError if they are negative."""
        if seconds < 0:
            raise ValueError(f"time cannot run backwards ({seconds} s)")
        self.now += seconds
