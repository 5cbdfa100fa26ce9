"""Workers on other machines, by dask.distributed: a scheduler knows them, `--cluster` is its address.

A stretch goes to the scheduler and from there to a worker. If that dies, the scheduler sends it to another.
One thread dithers a stretch, so a worker should have as many threads as its machine has cores.
"""

import logging
import re
import time
from concurrent.futures import CancelledError, Future
from functools import cache

from trainer import cores
from trainer.errors import OptionError, TrainerError
from trainer.export.task import DitherSpec
from trainer.export.workers import Dithered, begin_worker, dither_stretch
from trainer.films.stretches import Stretch

CONNECTING = 10.0
"""Seconds for the scheduler to answer."""
WITHOUT_WORKERS = 60.0
"""Seconds in which a cluster without workers may get some."""


class Cluster:
    """The workers of the scheduler at `address`. OptionError, TrainerError."""

    copies = 2  # here, and on the way

    def __init__(self, spec: DitherSpec, address: str) -> None:
        try:
            import dask
            from distributed import Client
        except ImportError:
            raise OptionError(
                "--cluster needs dask.distributed; install it: pip install 'longtake[cluster]'"
            ) from None
        if not re.fullmatch(r"((tcp|tls|ws|wss)://)?[^\s/]+:\d+", address):
            raise OptionError(f"--cluster {address!r}: write the scheduler's address, like tcp://host:8786")
        for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is said in one line
        self._spec, self._address = spec, address
        self._threads, self._seen = 0, time.monotonic()
        # A stretch is part of its call, so that it can be sent again. Dask warns of calls that are so large.
        self._settings = dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})
        try:
            self._client = Client(address, timeout=CONNECTING, set_as_default=False)
        except (OSError, ImportError) as error:
            raise TrainerError(
                f"--cluster {address}: no scheduler answers there ({_line(error)}); start one with "
                "`dask scheduler`, which tells its address"
            ) from None
        self._executor = self._client.get_executor(pure=False)
        self.check()

    def useful(self) -> int:
        """One for each thread, and one more for each worker."""
        return self._threads

    def submit(self, stretch: Stretch) -> Future[Dithered]:
        """Have a stretch dithered."""
        try:
            return self._executor.submit(_dither, self._spec, stretch)
        except Exception:
            self.check()
            raise

    def result(self, future: Future[Dithered]) -> Dithered:
        """The result of a future that is done."""
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except TrainerError:
            raise
        except CancelledError:
            raise self._lost() from None
        except KilledWorker:
            raise TrainerError(
                f"{self._address}: several workers died of the same stretch, perhaps for lack of memory; "
                "start them with fewer threads, then run the same command again"
            ) from None
        except (ImportError, AttributeError, RuntimeError, TypeError) as error:
            raise TrainerError(
                f"{self._address}: the scheduler or a worker cannot run longtake ({_line(error)}); install "
                "the same longtake[trainer,cluster] on all machines"
            ) from None

    def check(self) -> None:
        """TrainerError where the scheduler has gone, or has had no worker for a while."""
        if self._client.status != "running":
            raise self._lost()
        try:
            workers = self._client.nthreads(callback_timeout=CONNECTING)
        except (OSError, TimeoutError, RuntimeError):
            raise self._lost() from None
        self._threads = max(1, sum(workers.values()) + len(workers))
        now = time.monotonic()
        if workers:
            self._seen = now
        elif now > self._seen + WITHOUT_WORKERS:
            raise TrainerError(
                f"{self._address}: the scheduler has had no worker for {WITHOUT_WORKERS:.0f} s; start "
                f"`dask worker {self._address}` (one without longtake ends at once: see its log), then run "
                "the same command again"
            )

    def close(self) -> None:
        """Leave the cluster. It forgets what has not begun, and finishes the rest for nobody."""
        self._client.close(timeout=5)

    def _lost(self) -> TrainerError:
        return TrainerError(
            f"{self._address}: the scheduler has gone; what is done is kept: start it and its workers again, "
            "then run the same command again"
        )


def _dither(spec: DitherSpec, stretch: Stretch) -> Dithered:
    """`dither_stretch` in a worker of a cluster. TrainerError where its dithers would not be the export's."""
    _begin()
    spec.check()
    return dither_stretch(spec, stretch)


@cache
def _begin() -> None:
    """Set up this process, once."""
    cores.share(cores.usable())
    begin_worker()


def _line(error: Exception) -> str:
    """What an error of another library says, in one short line."""
    return " ".join(str(error).split())[:100] or type(error).__name__
