"""A computer of the house that exports films for a player: it asks what is wanted, exports it, and sends it.

It has films of its own, and takes those that were sent to the player. Everything goes over the player's own
API (docs/remote.md), and begins here: the player never connects to this computer. What is not reached now
is tried again, for ever.
"""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from player.errors import ConfigError, ReelError
from player.films.options import checked, flags, stills
from player.reel import Reel
from trainer.errors import TrainerError

SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".vob", ".wmv",
    ".flv", ".ogv", ".3gp", ".mxf",
)  # fmt: skip
MOST, LONGEST, ROOM = 2000, 300, 60_000
"""Films that the player is told of, characters of a film's place, and bytes of all of them."""
LOOK = 15.0  # seconds from look to look, and from report to report
TIMEOUT = 60.0  # seconds that the player may take for an answer; it may check a reel for half of that
PIECE = 1 << 20  # bytes
LONGEST_PREVIEW = 300.0  # seconds that one may take
_ORDER = "order.json"


class Refused(TrainerError):
    """The player has refused a request: `status` of HTTP."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Unreachable(TrainerError):
    """The player does not answer now."""


class Player:
    """The API of the player at `url`. `token`: None for a page that asks for none."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url, self._token = url.rstrip("/"), token

    def get(self, path: str) -> Any:
        """The answer to a GET. Refused, Unreachable."""
        return self._told(self._send("GET", path))

    def post(self, path: str, body: bytes | dict[str, Any], kind: str = "application/octet-stream") -> Any:
        """The answer to a POST of JSON, or of bytes of this `kind`. Refused, Unreachable."""
        kind = kind if isinstance(body, bytes) else "application/json"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._told(self._send("POST", path, data, {"Content-Type": kind}))

    def piece(self, path: str, offset: int) -> bytes:
        """Some bytes of a file from `offset`. Refused, Unreachable."""
        return self._send("GET", path, None, {"Range": f"bytes={offset}-{offset + PIECE - 1}"})

    def _told(self, data: bytes) -> Any:
        try:
            return json.loads(data)
        except ValueError:
            raise Unreachable(f"{self.url}: does not answer as a player does") from None

    def _send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        headers = dict(headers or {})
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        asked = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT) as answer:
                data: bytes = answer.read()
                return data
        except urllib.error.HTTPError as error:
            detail = f"{error.code} {error.reason}"
            with suppress(OSError, ValueError, KeyError, TypeError):
                detail = str(json.loads(error.read())["detail"])
            if error.code in (429, 503) or (error.code >= 500 and error.code != 507):
                raise Unreachable(f"{self.url}: {detail}") from None
            raise Refused(error.code, f"{self.url}: {detail}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unreachable(f"{self.url}: does not answer: {reason}".lower()) from None


class Wanted(NamedTuple):
    """A job of the player. `film`: its place in the library; or its name, where it is a film of so many
    `bytes` that lies with the player.
    """

    id: str
    film: str
    options: dict[str, str]
    bytes: int = 0


def films_in(library: Path) -> list[str]:
    """The places of the films below a folder, in order; no more than the player takes."""
    found: list[str] = []
    room = ROOM
    for folder, inner, names in os.walk(library):
        inner.sort()
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in sorted(names):
            place = (Path(folder) / name).relative_to(library).as_posix()
            good = name.lower().endswith(SUFFIXES) and not name.startswith(".") and place.isprintable()
            if good and len(place) <= LONGEST:
                room -= len(json.dumps(place)) + 2
                if room < 0 or len(found) == MOST:
                    return found
                found.append(place)
    return found


class Server:
    """`work`: a folder for reels that are being made. `name`: of this computer. `everything`: export all
    films of the library, one after the other, and not only those that are asked for. `more`: further options
    of `trainer export`. `clock`: monotonic seconds.
    """

    def __init__(
        self,
        player: Player,
        library: Path,
        work: Path,
        name: str,
        say: Callable[[str], None],
        everything: bool = False,
        more: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._player, self._library, self._work, self._name = player, library, work, name
        self._say, self._everything, self._more = say, everything, tuple(more)
        self._clock, self._sleep = clock, sleep
        self._was = ""

    def run(self) -> None:
        """Serve for ever. TrainerError for what waiting does not mend: a wrong token, a full disk."""
        while True:
            if not self.once():
                self._sleep(LOOK)

    def once(self) -> bool:
        """Look once what is wanted, and do the first of it; whether something was done."""
        films = films_in(self._library)
        try:
            told = self._player.post("/api/computers", {"by": self._name, "films": films})
            self._say_once(f"{self._player.url}: {len(films)} films offered")
            self._tidy()
            self._make_previews()
            found = sorted([*told["jobs"], *told.get("sent", ())], key=lambda job: job["state"] == "waiting")
            jobs = [Wanted(one["id"], one["film"], one["options"], one.get("bytes", 0)) for one in found]
            wanted = [job for job in jobs if self._has_room(job)]
            if not wanted and self._everything:
                return self._want_next(films)
            if not wanted:
                return False
            width, height = told["size"]
            self._do(wanted[0], f"{int(width)}x{int(height)}", told.get("panel", ""))
            return True
        except Unreachable as error:
            self._say_once(f"{error}; trying again")
            return False

    def _want_next(self, films: list[str]) -> bool:
        """Ask for the first film that was never done; whether there is one."""
        done = self._done()
        for film in films:
            if film not in done:
                self._player.post("/api/computers/want", {"by": self._name, "film": film})
                return True
        return False

    def _check(self, film: Path) -> None:
        """TrainerError unless this is a film of the library."""
        if not film.resolve().is_relative_to(self._library.resolve()) or not film.is_file():
            raise TrainerError(f"{film.relative_to(self._library)} is not in the library any more")

    def _make_previews(self) -> None:
        """Make the previews that are wanted, and send them. Unreachable."""
        told = self._player.get(f"/api/computers/{quote(self._name)}/previews")
        for one in told["previews"]:
            place = f"/api/previews/{quote(one['name'])}"
            width, height = told["size"]
            try:
                film = self._library / one["film"]
                self._check(film)
                picture = self._preview(film, f"{int(width)}x{int(height)}", told["panel"], one["options"])
                self._player.post(place, picture, "image/png")
                self._say(f"{one['film']}: a preview was made")
            except Unreachable:
                raise
            except (TrainerError, ConfigError, OSError) as error:
                self._say(f"{one['film']}: no preview: {error}")
                with suppress(Refused):  # nobody waits for it any more
                    self._player.post(f"{place}/failed", {"error": str(error)[:400]})

    def _preview(self, film: Path, size: str, panel: str, options: dict[str, str]) -> bytes:
        """A PNG of some frames. TrainerError, ConfigError."""
        from trainer.dithers.table import automatic

        with tempfile.TemporaryDirectory(dir=self._work) as folder:
            out, profile = Path(folder) / "preview.png", Path(folder) / "panel.toml"
            profile.write_text(panel)
            more = [f"--panel={profile}"] if panel else []
            words = [
                "--out",
                str(out),
                f"--size={size}",
                *more,
                *stills(options, automatic()),
                "--",
                str(film),
            ]
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "trainer", "preview", *words],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=LONGEST_PREVIEW,
                )
            except subprocess.TimeoutExpired:
                raise TrainerError(f"it took more than {LONGEST_PREVIEW:.0f} seconds") from None
            if done.returncode:
                raise TrainerError(_last_line(done.stderr, done.returncode))
            return out.read_bytes()

    def _has_room(self, job: Wanted) -> bool:
        """Whether the film of a job, and its reel, fit on the disk."""
        if job.bytes * 1.2 < shutil.disk_usage(self._work).free or (self._folder(job) / "film").exists():
            return True
        self._say_once(
            f"{job.film}: {job.bytes / 1e6:,.0f} MB have no room in {self._work}; the player does it"
        )
        return False

    def _folder(self, job: Wanted) -> Path:
        return self._work / f"job-{re.sub('[^0-9a-z]', '', job.id)}"

    def _do(self, job: Wanted, size: str, panel: str) -> None:
        """Export a film, send its reel and say so. Unreachable: later it goes on where it was."""
        folder = self._folder(job)
        film, reel = self._library / job.film, folder / "film.reel"
        try:
            self._player.post(f"/api/jobs/{quote(job.id)}/claim", {"by": self._name})
            more = self._begin(job, folder, size, panel)
            if job.bytes:
                film = folder / "film" / (PurePosixPath(job.film).name.lstrip(".") or "film")
                self._fetch(job, film)
            else:
                self._check(film)
            if not _is_whole(reel):
                self._export(job, film, reel, more)
            self._send(job, reel)
        except Unreachable:
            raise
        except Refused as error:
            if error.status not in (404, 409):
                self._fail(job, str(error))
                raise
            self._say(f"{job.film}: not wanted any more: {error}")
        except (TrainerError, ConfigError) as error:
            self._say(f"{job.film}: {error}")
            self._fail(job, str(error))
        except OSError as error:
            self._fail(job, f"{self._name}: {error.strerror}")
            raise TrainerError(f"{folder}: {error.strerror}; free space, or choose another --work") from None
        shutil.rmtree(folder, ignore_errors=True)
        if not job.bytes:
            self._note(job.film)

    def _begin(self, job: Wanted, folder: Path, size: str, panel: str) -> list[str]:
        """Make the folder of a job, without a reel that was begun in another way; options of the export. The
        profile of the panel is the one that was in use when the export began.
        """
        folder.mkdir(exist_ok=True)
        profile, as_ordered = folder / "panel.toml", [self._player.url, size, job.options]
        if _ordered(folder) != as_ordered:
            for left in [*folder.glob("film.reel*"), profile]:
                left.unlink(missing_ok=True)
            if panel:
                profile.write_text(panel)
            (folder / _ORDER).write_text(json.dumps(as_ordered))
        return [f"--size={size}", *([f"--panel={profile}"] if profile.exists() else [])]

    def _fetch(self, job: Wanted, film: Path) -> None:
        """Get the film of a job from the player; one that was begun goes on."""
        film.parent.mkdir(exist_ok=True)
        with film.open("ab") as file:
            if file.tell() > job.bytes:
                file.truncate(0)
                file.seek(0)
            if file.tell() < job.bytes:
                self._say(f"{job.film}: {job.bytes / 1e6:,.1f} MB come over")
            told = self._clock()
            while (at := file.tell()) < job.bytes:
                file.write(self._player.piece(f"/api/jobs/{quote(job.id)}/film", at))
                told = self._still_here(job, told)

    def _export(self, job: Wanted, film: Path, reel: Path, more: list[str]) -> None:
        command = [sys.executable, "-m", "trainer", "export", "--progress", *self._more, *more]
        self._say(f"{job.film}: export begins")
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                [*command, *flags(checked(job.options)), "--", str(film), str(reel)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            try:
                assert process.stdout is not None
                began = told = self._clock()
                first = None
                for line in process.stdout:
                    now = self._clock()
                    if line.startswith("{") and now - told >= LOOK:
                        told, found = now, json.loads(line)
                        done, of = int(found["done"]), int(found["of"] or 0)
                        first = done if first is None else first
                        left = (now - began) * (of - done) / max(done - first, 1)
                        self._report(job, done=done, of=of, seconds_left=max(int(left), 0))
                        with suppress(Unreachable):
                            self._make_previews()
            except BaseException:
                process.terminate()
                raise
            process.wait()
            errors.seek(0)
            said = errors.read().decode(errors="replace")
        if process.returncode:
            raise TrainerError(_last_line(said, process.returncode))

    def _report(self, job: Wanted, **what: int) -> None:
        with suppress(Unreachable):  # the film goes on
            self._player.post(f"/api/jobs/{quote(job.id)}/report", {"by": self._name, **what})

    def _still_here(self, job: Wanted, told: float) -> float:
        """Tell the player now and then that this goes on; when it was told last."""
        if (now := self._clock()) - told < LOOK:
            return told
        self._report(job)
        return now

    def _fail(self, job: Wanted, error: str) -> None:
        with suppress(TrainerError):
            what = {"by": self._name, "error": error[:400]}
            self._player.post(f"/api/jobs/{quote(job.id)}/report", what)

    def _send(self, job: Wanted, reel: Path) -> None:
        """Send a reel in pieces; one that was begun goes on."""
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", job.options.get("title") or Path(job.film).stem)
        stem = stem.strip(".-_")[:80] or "film"
        size = reel.stat().st_size
        for number in range(1, 100):
            name = f"{stem}.reel" if number == 1 else f"{stem}-{number}.reel"
            try:
                upload = self._player.post("/api/upload", {"name": name, "bytes": size, "stamp": job.id})
                break
            except Refused as error:
                if "another name" not in str(error):
                    if error.status == 409:  # another upload is under way
                        raise Unreachable(str(error)) from None
                    raise
        else:
            raise TrainerError(f"the player has too many reels called {stem}; rename some")
        with reel.open("rb") as file:
            told = self._clock()
            while (at := upload["received"]) < size:
                told = self._still_here(job, told)
                file.seek(at)
                upload = self._player.post(f"/api/upload/{upload['id']}?offset={at}", file.read(PIECE))
        self._player.post(f"/api/upload/{upload['id']}/finish", b"")
        self._player.post(f"/api/jobs/{quote(job.id)}/report", {"by": self._name, "reel": name})
        self._say(f"{job.film}: sent as {name}, {size / 1e6:.1f} MB")

    def _tidy(self) -> None:
        """Remove what is left of jobs of this player that others have done, or nobody wants any more."""
        left = [folder for folder in self._work.glob("job-*") if _ordered(folder)[:1] == [self._player.url]]
        if left:
            jobs = self._player.get("/api/jobs")["jobs"]
            open_ones = [job for job in jobs if job["state"] in ("waiting", "exporting")]
            mine = {f"job-{job['id']}" for job in open_ones if job["by"] in ("", self._name)}
            for folder in left:
                if folder.name not in mine:
                    shutil.rmtree(folder, ignore_errors=True)

    def _done(self) -> set[str]:
        try:
            return set(json.loads((self._work / "done.json").read_text()))
        except (OSError, ValueError, TypeError):
            return set()

    def _note(self, film: str) -> None:
        """Remember that a film was done, for `everything`."""
        file = self._work / "done.json"
        new = file.with_suffix(".new")
        new.write_text(json.dumps(sorted(self._done() | {film})))
        new.replace(file)

    def _say_once(self, text: str) -> None:
        if text != self._was:
            self._was = text
            self._say(text)


def _last_line(said: str, status: int) -> str:
    """What a program said last, why it failed."""
    lines = said.strip().splitlines()
    return (lines[-1] if lines else f"it ended with status {status}").removeprefix("trainer: ")[:300]


def _ordered(folder: Path) -> list[Any]:
    """The player, size and options that a job's folder is for; nothing where that is not known."""
    with suppress(OSError, ValueError):
        found = json.loads((folder / _ORDER).read_text())
        return found if isinstance(found, list) else []
    return []


def _is_whole(reel: Path) -> bool:
    try:
        with Reel(reel) as found:
            return found.complete
    except ReelError:
        return False
