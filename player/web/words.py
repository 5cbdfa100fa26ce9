"""What the player does now, in the words of the page. Pure."""

from typing import NamedTuple

from player.playback.status import Status
from player.times import film_time, local, span


class Now(NamedTuple):
    """`title`, `state`: one line each; `share` of the film in percent, None without a film; `facts`: what and
    how much; `paused`: for the button.
    """

    title: str
    state: str
    share: float | None
    facts: list[tuple[str, str]]
    paused: bool


def now_in_words(snapshot: Status, now: float) -> Now:
    """`now`: Unix seconds."""
    title = snapshot.title or ("No film" if snapshot.reel is None else snapshot.reel.rpartition("/")[2])
    if snapshot.frame is None or not snapshot.frames:
        return Now(title, _doing(snapshot), None, _times(snapshot, now), snapshot.paused)
    share = 100 * (snapshot.frame + 1) / snapshot.frames
    where = f"Frame {snapshot.frame:,} of {snapshot.frames:,} ({share:.1f} %)"
    facts = []
    if snapshot.time_ms is not None:
        whole = "" if snapshot.duration_ms is None else f" of {film_time(snapshot.duration_ms)}"
        facts.append(("Film time", film_time(snapshot.time_ms) + whole))
    return Now(title, f"{where}. {_doing(snapshot)}", share, facts + _times(snapshot, now), snapshot.paused)


def _doing(snapshot: Status) -> str:
    if snapshot.message:
        return snapshot.message[0].upper() + snapshot.message[1:]
    if snapshot.paused:
        return "Paused"
    if snapshot.quiet:
        return "Quiet hours"
    return "Showing" if snapshot.reel is not None else "Starting"


def _times(snapshot: Status, now: float) -> list[tuple[str, str]]:
    facts = []
    if snapshot.shown_at is not None:
        facts.append(("Shown since", _moment(snapshot.shown_at, now)))
    due = "not now" if snapshot.next_due is None else _moment(snapshot.next_due, now)
    facts.append(("Next frame", due))
    if snapshot.interval:
        facts.append(("One frame in", span(snapshot.interval)))
    facts.append(("Redraws so far", f"{snapshot.redraws:,}"))
    facts.append(("Changed since the last redraw", f"{snapshot.net:.1%}"))
    return facts


def _moment(unix: float, now: float) -> str:
    """12:34:56, in 3 minutes. The date stands before it on another day."""
    date, time = local(unix).split(" ")
    text = time if date == local(now).split(" ")[0] else f"{date} {time}"
    away = unix - now
    if abs(away) < 1:
        return f"{text}, now"
    return f"{text}, in {_about(away)}" if away > 0 else f"{text}, {_about(-away)} ago"


def _about(seconds: float) -> str:
    """The largest unit alone, except that hours keep their minutes."""
    words = span(seconds).split(" ")
    return " ".join(words if words[1].startswith("hour") else words[:2])
