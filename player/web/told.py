"""What the pages tell, in the reader's words: what is on, a place in the film, a film of the library."""

from pathlib import Path
from typing import NamedTuple

from player.config.settings import KEYS
from player.errors import BadFrame, FileError, ReelError
from player.films.kinds import kind_of
from player.films.queue import Job
from player.playback.status import Status
from player.schedule.due import ends_at
from player.schedule.quiet import Quiet, system_local
from player.times import film_time
from player.web.actions import place_of
from player.web.exchange import Problem
from player.web.images import shots_near
from player.web.library import Listed
from player.web.remote import Remote
from player.web.words import Words


class Now(NamedTuple):
    """What the player does now, in words. `title`, `state`, `where`: one line each; `share` of the film in
    percent, None without a film; `facts`: names and values; `undo`: where an undo leads, empty when there is
    none.
    """

    title: str
    state: str
    where: str
    share: float | None
    facts: list[tuple[str, str]]
    undo: str
    snapshot: Status
    refused: str


def now_in_words(remote: Remote, words: Words) -> Now:
    """What is on now, what comes next and when, and when the film ends."""
    snapshot, wall = remote.board.latest().snapshot, remote.wall()
    title = snapshot.title or ("" if snapshot.reel is None else snapshot.reel.rpartition("/")[2])
    where, share = "", None
    if snapshot.reel is None and snapshot.message:
        empty = "holds no *.reel file" in snapshot.message
        where = words("send one, and it begins by itself") if empty else words(snapshot.message)
    if snapshot.frame is not None and snapshot.frames:
        share = 100 * (snapshot.frame + 1) / snapshot.frames
        where = words("Frame {} of {}", words.number(snapshot.frame + 1), words.number(snapshot.frames))
        if snapshot.time_ms is not None and snapshot.duration_ms is not None:
            where += " · " + words("{} of {}", _clock(snapshot.time_ms), _clock(snapshot.duration_ms))
    return Now(
        title or words("No film yet"),
        _doing(snapshot, words),
        where,
        share,
        _facts(remote, words, snapshot, wall),
        _undo(remote, words, snapshot),
        snapshot,
        refused_in_words(words, snapshot.refused) if snapshot.refused else "",
    )


def _doing(snapshot: Status, words: Words) -> str:
    if snapshot.reel is None and snapshot.message:
        return words("Waiting for films")
    if snapshot.message:
        return words("The film is over")
    if snapshot.paused:
        return words("Paused")
    if snapshot.quiet:
        return words("Quiet hours")
    return words("Playing") if snapshot.reel is not None else words("Starting")


def _facts(remote: Remote, words: Words, snapshot: Status, wall: float) -> list[tuple[str, str]]:
    if snapshot.reel is None:
        return []
    facts = []
    if snapshot.next_due is not None and snapshot.left:
        due = snapshot.next_due
        facts.append((words("Next frame"), f"{words.moment(due, wall)} ({_whole(words.away(due, wall))})"))
    if snapshot.interval:
        facts.append((words("One frame every"), words.every(snapshot.interval)))
    if snapshot.ends is not None and snapshot.left:
        end = (
            words.moment(snapshot.ends, wall)
            if snapshot.ends - wall < 2 * 86400
            else words.date(snapshot.ends)
        )
        facts.append((words("The film ends"), f"{end} ({_whole(words.away(snapshot.ends, wall, 1))})"))
    elif snapshot.left and snapshot.interval:
        facts.append((words("Still to come"), words.span(snapshot.left * snapshot.interval)))
    if snapshot.up_next is not None:
        facts.append((words("After it"), title_of(remote, snapshot.up_next)))
    elif snapshot.left:
        facts.append((words("After it"), words("it stops")))
    return facts


def _whole(text: str) -> str:
    """The text in one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _undo(remote: Remote, words: Words, snapshot: Status) -> str:
    undo = snapshot.shelf.undo
    if undo is None:
        return ""
    frame = words("frame {}", words.number(undo.frame + 1))
    return frame if undo.reel == snapshot.reel else f"{title_of(remote, undo.reel)}, {frame}"


def title_of(remote: Remote, path: str) -> str:
    """What people call a reel."""
    reel = remote.library.find(path)
    return Path(path).stem if reel is None else reel.title


def pace_in_words(remote: Remote, words: Words, interval: float) -> str:
    """One frame every so often: when the film ends then. Empty without a film."""
    snapshot, wall = remote.board.latest().snapshot, remote.wall()
    if not snapshot.left or not 0 < interval <= (KEYS["interval"].high or 0):
        return ""
    quiet = _quiet(snapshot)
    end = ends_at(wall, interval, snapshot.left, quiet)
    if end is None:
        return words("Never shown: it is always quiet.")
    return words("{} ends {}, {}.", snapshot.title, words.date(end), words.away(end, wall))


def _quiet(snapshot: Status) -> Quiet:
    """The quiet hours in force."""
    hours, days = (str(snapshot.settings.get(name) or "") for name in ("quiet", "quiet_days"))
    return Quiet(hours, days, system_local)


class Found(NamedTuple):
    """A place in the film that is looked at. `number` of the frame, from 0; `where`, `when`: in words; `tag`
    of the reel; `shots`: frames that begin the shots around it, and their times; `problem`: why there is
    nothing.
    """

    number: int
    where: str
    when: str
    tag: str
    shots: list[tuple[int, str]]
    problem: str = ""


def seek(remote: Remote, words: Words, text: str) -> Found:
    """What is at a place of the film that is shown. `text`: as people write it."""
    reel = remote.library.shown()
    if reel is None or reel.problem:
        return Found(0, "", "", "", [], words("no film is shown now"))
    try:
        place = place_of(remote, text)
        with remote.library.open(reel) as opened:
            number = place.value if place.kind == "frame" else opened.number_at(place.value)
            number = min(number, opened.frames - 1)
            shots = [(at, _clock(opened.info(at).time_ms)) for at in shots_near(opened, number)]
            where = words("Frame {} of {}", words.number(number + 1), words.number(opened.frames))
            where += f" · {_clock(opened.info(number).time_ms)}"
            if chapter := _chapter(reel, opened.info(number).time_ms):
                where += f" · {chapter}"
    except Problem as problem:
        return Found(0, "", "", reel.tag, [], words(problem.detail))
    except (ReelError, BadFrame):
        return Found(0, "", "", reel.tag, [], words("this place cannot be read"))
    return Found(number, where, _comes(remote, words, number), reel.tag, shots)


def _chapter(reel: Listed, time_ms: int) -> str:
    """The chapter at a time of the film."""
    return next((title for begins, title in reversed(reel.chapters) if begins <= time_ms), "")


def _comes(remote: Remote, words: Words, number: int) -> str:
    """When a frame of the reel that is shown comes up by itself."""
    snapshot = remote.board.latest().snapshot
    ahead = number - (snapshot.frames - snapshot.left)
    if ahead < 0 or snapshot.next_due is None:
        return ""
    quiet = _quiet(snapshot)
    due = ends_at(snapshot.next_due, snapshot.interval, ahead, quiet)
    return "" if due is None else words("comes by itself {}", words.away(due, remote.wall()))


class Card(NamedTuple):
    """A film of the library. `facts`: what is known of it, in a line; `badge`: on now, next, or its place in
    the queue.
    """

    reel: Listed
    facts: str
    badge: str
    share: float | None


def card(remote: Remote, words: Words, reel: Listed) -> Card:
    snapshot = remote.board.latest().snapshot
    queue, place = snapshot.shelf.queue, remote.place(reel)
    badge = ""
    if reel.path == snapshot.reel:
        badge = words("On now")
    elif reel.path in queue:
        badge = (
            words("Comes next") if queue[0] == reel.path else words("Queue {}", queue.index(reel.path) + 1)
        )
    if reel.problem:
        return Card(reel, words(reel.problem), badge, None)
    facts = [] if reel.duration_ms is None else [_clock(reel.duration_ms)]
    if snapshot.interval:
        facts.append(words("shown in {}", words.span(reel.frames * snapshot.interval, 1)))
    facts.append(words.size(reel.bytes))
    if place and reel.frames:
        facts.append(words("{} seen", words.percent(place / reel.frames)))
    if not reel.complete:
        facts.append(words("not finished"))
    return Card(reel, " · ".join(facts), badge, 100 * place / reel.frames if place and reel.frames else None)


class JobCard(NamedTuple):
    """A film that is to become a reel. `facts`: how far it is, in a line; `percent`: None while unknown;
    `is_film`: trying it again, or in another way, may help; `is_away`: the computer that has it is not there.
    """

    job: Job
    facts: str
    percent: float | None
    is_film: bool = True
    is_away: bool = False


def job_card(remote: Remote, words: Words, job: Job) -> JobCard:
    """How far a film is on its way to a reel."""
    percent = job.percent if job.state == "exporting" else None
    away = bool(job.by) and job.by not in remote.computers.all()
    if job.state == "failed":
        is_film = job.is_elsewhere or _is_film(job)
        return JobCard(job, words(job.error or "the export failed"), None, is_film, away)
    if job.state == "waiting":
        facts = [words("waits until you let it begin") if job.held else words("waits")]
        if job.by and not job.held:
            facts = [words("waits for {}, which is not there now" if away else "waits for {}", job.by)]
        if job.reel is not None:
            facts.append(words("stopped halfway"))
        return JobCard(job, " · ".join(facts), None, is_away=away)
    facts = [words("being prepared") if not job.of else words.percent(job.done / job.of)]
    if job.seconds_left is not None:
        facts.append(words("{} to go", words.span(job.seconds_left, 1)))
    if job.reel is not None:
        facts.append(words("its beginning can be played already"))
    if job.by:
        facts.append(words("by {}", job.by))
    return JobCard(job, " · ".join(facts), percent)


def _is_film(job: Job) -> bool:
    try:
        return kind_of(job.film) == "film"
    except FileError:
        return False


MOST_OFFERED = 200  # films in a list


class Offer(NamedTuple):
    """Films of the computers of the house. `groups`: by computer, pairs of a value for the form and what to
    call it; `shown` of `many` that `find` has found. `computers`: how many are there.
    """

    groups: dict[str, list[tuple[str, str]]]
    shown: int
    many: int
    find: str
    computers: int


def offer(remote: Remote, words: Words, find: str) -> Offer:
    """The films of all computers in which each word of `find` is, without those that are on their way."""
    there = remote.computers.all() if remote.queue is not None else {}
    jobs = remote.jobs() if there else []
    on_their_way = {(job.by, job.film.as_posix()) for job in jobs if job.state in ("waiting", "exporting")}
    made = {(job.by, job.film.as_posix()) for job in jobs if job.state == "done"}
    parts = find.casefold().split()
    found = [
        (name, film)
        for name, computer in there.items()
        for film in computer.films
        if (name, film) not in on_their_way and all(part in film.casefold() for part in parts)
    ]
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, film in found[:MOST_OFFERED]:
        called = words("{} (made already)", film) if (name, film) in made else film
        groups.setdefault(name, []).append((f"{name}/{film}", called))
    return Offer(groups, min(len(found), MOST_OFFERED), len(found), find, len(there))


def _clock(milliseconds: int) -> str:
    """A time of the film in whole seconds."""
    return film_time(milliseconds // 1000 * 1000)


def photograph_in_words(words: Words, text: str) -> str:
    """What `trainer calibrate` says of a photograph: its number, and the rest translated where it can be."""
    name, _, rest = text.partition(": ")
    number = name.removeprefix("photograph-").partition(".")[0]
    if not (rest and number.isdecimal()):
        return sentence(words(text))
    said = words(rest)
    if said == rest:  # a list, or English
        said = ", ".join(words(part) for part in rest.split(", "))
    return words("Photograph {}", number) + f": {said}"


def verdicts(words: Words, lines: tuple[str, ...]) -> list[str]:
    """What it says of those that it has measured."""
    found = (line.rpartition("/")[2] for line in lines)
    return [photograph_in_words(words, line) for line in found if line.startswith("photograph-")]


def sentence(text: str) -> str:
    """With a capital, unless it begins with the name of a file, and a full stop."""
    first = text.partition(" ")[0]
    return (text if "." in first else text[:1].upper() + text[1:]).removesuffix(".") + "."


def refused_in_words(words: Words, text: str) -> str:
    """Why the player could not do it."""
    return sentence(words(text.partition(": ")[2] or text))
