"""The panel measured from the page: photographs of its chart come in, the exporter reads them (`orders`), and
the profile is kept where exports find it once somebody says yes.
"""

import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from player.errors import FileError, PlayerError
from player.files import make_directory, sync_directory, why, write_whole
from player.films.orders import CALIBRATION, Answer, Orders, State
from player.films.queue import Queue
from player.profile import Profile, read_profile
from player.web.exchange import Field, Problem
from player.web.tokens import create_private
from player.web.uploads import BUSY, Upload

LARGEST = 30_000_000
"""Bytes of a photograph."""
MOST = 6
"""Photographs that are measured together."""
PHOTOGRAPH = Field("bytes", "integer", low=1, high=LARGEST)
"""What the API says of a photograph before it is sent."""
_HEADS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}
_HEAD = 8  # bytes that tell them apart
_PART = ".photograph-{}.part"


class Calibration:
    """Takes photographs as `streaming.Receiver`. `queue`: None where nothing can be exported; `profile`:
    where the panel's is kept. `size`: (width, height) of the panel, None while unknown; `keep`: bytes that
    must stay free; `clock`: monotonic seconds. Thread-safe; raises Problem.
    """

    def __init__(
        self,
        queue: Queue | None,
        profile: Path | None,
        size: Callable[[], tuple[int, int] | None],
        keep: int,
        clock: Callable[[], float],
        free: Callable[[Path], int],
        log: Callable[[str], None],
    ) -> None:
        self._orders = None if queue is None or profile is None else Orders(queue)
        self._profile = profile
        self._size, self._keep, self._clock, self._free, self._log = size, keep, clock, free, log
        self._lock = threading.Lock()
        self._current: Upload | None = None
        self._touched = 0.0

    @property
    def is_possible(self) -> bool:
        """Whether there is an exporter that could measure."""
        return self._orders is not None

    def begin(
        self, name: str, bytes: int, stamp: str = "", options: Mapping[str, str] | None = None
    ) -> Upload:
        """A new photograph; another one in progress is given up, if nothing has come of it lately."""
        folder = self._folder()
        with self._lock:
            if self._current is not None and self._clock() - self._touched < BUSY:
                raise Problem(409, "another photograph is being sent; wait for it")
            if bytes > LARGEST:
                raise Problem(413, f"a photograph may have up to {LARGEST / 1e6:.0f} MB")
            if len(self._photographs()) >= MOST:
                raise Problem(409, f"{MOST} photographs are enough; begin anew to send others")
            try:
                make_directory(folder)
                for left in folder.glob(_PART.format("*")):
                    left.unlink()
                if self._free(folder) - bytes < self._keep:
                    raise Problem(507, "the disk is full; remove reels")
                self._current = Upload(secrets.token_hex(8), name, bytes)
                self._touched = self._clock()
                os.close(create_private(self._part()))
            except (OSError, FileError) as error:
                self._current = None
                raise _unwritable(folder, error) from None
            return self._current

    def piece(self, id: str, offset: int, data: bytes) -> Upload:
        """Append the next bytes; 415 for what is no picture, by its first ones."""
        with self._lock:
            upload = self._named(id)
            if offset != upload.received or len(data) > upload.bytes - offset:
                raise Problem(409, "the photograph was cut off; send it again")
            if offset == 0 and _suffix(data) is None:
                self._drop()
                raise Problem(415, "this is no photograph; send a JPEG or PNG file")
            try:
                with self._part().open("ab") as file:
                    file.write(data)
            except OSError as error:
                self._drop()
                raise _unwritable(self._folder(), error) from None
            self._current = replace(upload, received=offset + len(data))
            self._touched = self._clock()
            return self._current

    def finish(self, id: str) -> Path:
        """The photograph is whole: measure it, together with those that came before."""
        with self._lock:
            upload, part = self._named(id), self._part()
            try:
                if upload.received != upload.bytes:
                    raise Problem(400, "the photograph was cut off; send it again")
                with part.open("rb") as file:
                    suffix = _suffix(file.read(_HEAD))
                    os.fsync(file.fileno())
                if suffix is None:
                    raise Problem(415, "this is no photograph; send a JPEG or PNG file")
                part.chmod(0o640)  # for the exporter, of the same group
                self._drop_refused()
                taken = {int(path.stem.rpartition("-")[2]) for path in self._photographs()}
                target = part.with_name(f"photograph-{min(set(range(1, MOST + 2)) - taken)}{suffix}")
                part.rename(target)
                sync_directory(target.parent)
                self._found().ask(CALIBRATION, {})
            except (OSError, FileError) as error:
                raise _unwritable(self._folder(), error) from None
            finally:
                self._drop()
        self._log(f"remote: {target.name} has come, {upload.bytes / 1e6:,.1f} MB")
        return target

    def cancel(self, id: str) -> None:
        """Abandon the photograph that is coming."""
        with self._lock:
            self._named(id)
            self._drop()

    def state(self) -> State:
        """How far the measurement is."""
        return "none" if self._orders is None else self._orders.state(CALIBRATION)

    def photographs(self) -> int:
        """How many have been sent."""
        return 0 if self._orders is None else len(self._photographs())

    def report(self) -> bytes:
        """What was found, as PNG. Problem where there is none."""
        if self._orders is not None:
            with suppress(OSError):
                return self._orders.path(CALIBRATION, ".png").read_bytes()
        raise Problem(404, "there is no report; send a photograph")

    def measured(self) -> Profile | None:
        """The profile that was measured, None where there is none."""
        return None if self._orders is None else _profile(self._orders.path(CALIBRATION, ".toml"))

    def used(self) -> Profile | None:
        """The profile in use, None where there is none."""
        return None if self._profile is None else _profile(self._profile)

    def accept(self) -> None:
        """Keep what was measured: films that are exported from now on are made for it."""
        profile, path = self.measured(), self._profile
        if profile is None or path is None:
            raise Problem(409, "nothing has been measured; send a photograph")
        if (size := self._size()) is not None and size != profile.size:
            raise Problem(409, "the photograph shows another panel than this one")
        try:
            make_directory(path.parent)
            write_whole(path, profile.as_toml().encode())
        except FileError as error:
            raise Problem(507, str(error)) from None
        self._log(f"remote: {path}: the panel is known")

    def forget(self) -> None:
        """Do without a profile."""
        if self._profile is not None:
            try:
                self._profile.unlink(missing_ok=True)
            except OSError as error:
                raise _unwritable(self._profile, error) from None
            self._log(f"remote: {self._profile}: removed")

    def again(self) -> None:
        """Begin anew, without the photographs that were sent."""
        orders = self._found()
        with self._lock, suppress(OSError):
            orders.forget(CALIBRATION)
            for photograph in self._photographs():
                photograph.unlink(missing_ok=True)

    def _drop_refused(self) -> None:
        """Remove the photograph that the last measurement has refused: the new one replaces it."""
        state = self.state()
        if isinstance(state, Answer) and state.error:
            for photograph in self._photographs():
                if photograph.name in state.error:
                    photograph.unlink(missing_ok=True)

    def _found(self) -> Orders:
        if self._orders is None:
            raise Problem(409, "photographs are measured where films are exported: set inbox and films")
        return self._orders

    def _folder(self) -> Path:
        return self._found().folder

    def _photographs(self) -> list[Path]:
        return sorted(self._folder().glob("photograph-*"))

    def _named(self, id: str) -> Upload:
        if self._current is None or self._current.id != id:
            raise Problem(404, "this photograph was given up; send it again")
        return self._current

    def _part(self) -> Path:
        assert self._current is not None
        return self._folder() / _PART.format(self._current.id)

    def _drop(self) -> None:
        if self._current is not None:
            with suppress(OSError):
                self._part().unlink(missing_ok=True)
        self._current = None


def _suffix(head: bytes) -> str | None:
    """How the name of a picture with these first bytes ends; None: it is no JPEG or PNG."""
    return next((suffix for begin, suffix in _HEADS.items() if head.startswith(begin)), None)


def _profile(path: Path) -> Profile | None:
    try:
        return read_profile(path)
    except PlayerError:
        return None


def _unwritable(path: Path, error: OSError | FileError) -> Problem:
    if isinstance(error, OSError):
        return Problem(507, f"{path}: cannot be written: {why(error)}; check the disk and its permissions")
    return Problem(507, str(error))
