"""How often something may be done: a bucket that fills with time, and one for each address that fails."""

import threading
from collections import OrderedDict
from collections.abc import Callable

ADDRESSES = 200  # remembered at once, so that memory stays bounded


class Bucket:
    """Holds `burst` at first and at most, gains `per_second`; `clock` in seconds, monotonic. Thread-safe."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float]) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._lock = threading.Lock()
        self._holds, self._at = float(burst), clock()

    def wait(self) -> float:
        """Seconds until one can be taken; 0 when that is now."""
        with self._lock:
            self._fill()
            return max(0.0, (1 - self._holds) / self._per_second)

    def take(self) -> bool:
        """Take one, if there is one."""
        with self._lock:
            self._fill()
            if self._holds < 1:
                return False
            self._holds -= 1
            return True

    def _fill(self) -> None:
        now = self._clock()
        self._holds = min(self._burst, self._holds + (now - self._at) * self._per_second)
        self._at = now


class Failures:
    """Wrong tokens: five at once from an address, then one in 20 seconds; from all 50, then one a second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._all = Bucket(50, 1.0, clock)
        self._by_address: OrderedDict[str, Bucket] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 when that is now."""
        with self._lock:
            bucket = self._by_address.get(address)
        return max(self._all.wait(), bucket.wait() if bucket else 0.0)

    def count(self, address: str) -> None:
        """A wrong token came from this address."""
        with self._lock:
            bucket = self._by_address.setdefault(address, Bucket(5, 1 / 20, self._clock))
            self._by_address.move_to_end(address)
            while len(self._by_address) > ADDRESSES:
                self._by_address.popitem(last=False)
        bucket.take()
        self._all.take()
