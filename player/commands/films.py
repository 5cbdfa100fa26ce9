"""`player add`, `player films` and `player export`: films that become reels on this machine."""

import argparse
import functools
import json
import os
import re
import shutil
import signal
import stat
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from player.commands.options import UsageError, given
from player.config.settings import Config
from player.config.sources import load, profile_path
from player.errors import ConfigError, FileError
from player.files import make_directory, why
from player.films.kinds import kind_of
from player.films.options import OPTIONS, checked, usual
from player.films.queue import Job, Queue
from player.panel import USUAL_SIZE, known_size
from player.service.process import say
from player.times import span

FAILED = 3
"""The exit code of `player export` where a film has failed; the service takes it for an end like others."""
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))


def add(arguments: argparse.Namespace) -> int:
    """Put films into the queue. Those that the service could not read are copied into the inbox."""
    queue = _queue(load(given(arguments), os.environ, arguments.config).config)
    wanted = {name: getattr(arguments, f"option_{name}") for name in OPTIONS}
    options = checked({name: text for name, text in wanted.items() if text is not None})
    films = [Path(film).absolute() for film in arguments.film]
    if "title" in options and len(films) > 1:
        raise UsageError("--title is for one film; add the others by themselves")
    for film in films:
        if (what := kind_of(film)) != "film":
            advice = (
                "copy it to the directory of reels" if what else "give an mp4, mkv, webm, avi, mov or ts file"
            )
            raise FileError(f"{film}: is {'a reel' if what else 'no film'}; {advice}")
    make_directory(queue.folder)
    for film in films:
        if not queue.is_inside(film) and not is_open_to_all(film):
            film = _copied(film, queue.folder)
        job = queue.add(film, options)
        print(f"{job.id}  {job.name}: joins the queue")
    return 0


def is_open_to_all(film: Path) -> bool:
    """Whether a service of another user, which sees no home, can read the film."""
    path = film.resolve()
    if any(path.is_relative_to(home) for home in _HOMES):
        return False
    try:
        return bool(path.stat().st_mode & stat.S_IROTH) and all(
            parent.stat().st_mode & stat.S_IXOTH for parent in path.parents
        )
    except OSError:
        return False


def _copied(film: Path, inbox: Path) -> Path:
    """Copy a film into the inbox, whole or not at all; returns the copy. FileError."""
    target, part = inbox / film.name.lstrip("."), inbox / f".{film.name}.part"
    if target.exists():
        raise FileError(f"{target}: is there already; rename the film, or remove that one first")
    print(f"{film.name}: is copied into {inbox}, where the exporter can read it")
    try:
        shutil.copyfile(film, part)
        part.chmod(0o664)
        part.replace(target)
    except OSError as error:
        raise FileError(
            f"{target}: cannot be written: {why(error)}; free space, or check permissions"
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return target


def films(arguments: argparse.Namespace) -> int:
    """Show the queue, after what was asked for."""
    queue = _queue(load(given(arguments), os.environ, arguments.config).config)
    if arguments.move:
        id, place = arguments.move
        if not place.isascii() or not place.isdecimal() or not 1 <= int(place) < 10_000:
            raise UsageError(f"--move {id} {place}: the place is a whole number from 1")
        queue.move(id, int(place) - 1)
    if arguments.remove:
        queue.remove(arguments.remove)
    if arguments.retry:
        queue.release(arguments.retry)
    jobs = queue.jobs()
    if arguments.json:
        print(json.dumps([told(job) for job in jobs], indent=1))
    elif jobs:
        print("\n".join(f"{job.id}  {line(job)}" for job in jobs))
    else:
        print(f"no films; copy some to {queue.folder}, or `player add FILM`")
    return 0


def told(job: Job) -> dict[str, object]:
    """A job as plain values."""
    return {**asdict(job), "film": str(job.film), "percent": job.percent}


def line(job: Job) -> str:
    """A job in words."""
    match job.state:
        case "failed":
            return f"{job.name}: failed: {job.error}"
        case "done":
            return f"{job.name}: done, {job.reel}"
        case "waiting":
            held = " for its options" if job.held else f" for {job.by}" if job.by else ""
            return f"{job.name}: waits{held}"
    percent = "" if job.percent is None else f", {job.percent:.1f} % of {job.of:,} frames"
    left = "" if job.seconds_left is None else f", {span(job.seconds_left)} left"
    by = f" by {job.by}" if job.by else ""
    return f"{job.name}: is exported{by}{percent}{left}"


def export(arguments: argparse.Namespace) -> int:
    """Export until the queue is empty. SIGTERM ends it with 0, SIGINT with 130; FAILED if a film has."""
    from player.films.exporter import Exporter, Interrupted, missing, trainer_command

    config = load(given(arguments), os.environ, arguments.config).config
    queue = _queue(config)
    if config.films is None:
        raise ConfigError("reels need a directory: set films in the configuration, or give --films DIR")
    if lacks := missing():
        raise ConfigError(
            f"exports need {', '.join(lacks)}; run pip install 'longtake[export]', or let another computer "
            "export the films (trainer serve)"
        )
    make_directory(queue.folder)
    came: list[int] = []
    keep = int(config.free_space * 1e6)
    size = _size(arguments.size, config)
    command = functools.partial(trainer_command, usual=usual(config.dial, config.flashes))
    exporter = Exporter(
        queue,
        Path(config.films),
        size,
        keep,
        say,
        lambda: bool(came),
        command,
        profile=profile_path(config, os.environ),
        panel=config.panel,
    )
    handlers = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    with suppress(OSError):
        os.nice(19)
    try:
        exporter.run()
    except Interrupted:
        say("export interrupted; it goes on from there")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 130 if signal.SIGINT in came else FAILED if exporter.failed and not came else 0


def _size(text: str | None, config: Config) -> tuple[int, int]:
    if text is None:
        return known_size(config) or USUAL_SIZE
    if not (found := re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)):
        raise UsageError(f"--size {text}: write width and height in pixels, like 1448x1072")
    return int(found[1]), int(found[2])


def _queue(config: Config) -> Queue:
    if config.inbox is None:
        raise ConfigError("films need a directory: set inbox in the configuration, or give --inbox DIR")
    return Queue(Path(config.inbox))
