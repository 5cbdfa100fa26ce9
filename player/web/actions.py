"""What can be asked of the player from here: ONE table.

Each line of `ACTIONS` is a route of the API, a form of the page with its label and its texts, and an
operation in the API's document. So a new button is a new line here, and whatever playback does about its kind
of request. Everything is checked here before it is posted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from player.config.settings import checked
from player.config.sources import lock
from player.errors import ConfigError
from player.playback.requests import Kind
from player.progress import LONGEST_TITLE
from player.times import Place, film_time, parse_place
from player.web import forms
from player.web.exchange import Field, Problem, check_fields
from player.web.library import Listed
from player.web.remote import Remote

Given = Mapping[str, Any]
"""The body of a request: values by field."""


def _no_value(remote: Remote, given: Given) -> None:
    return None


@dataclass(frozen=True)
class Action:
    """`name`: it is POST /api/NAME, and the form /do/NAME of the page. `kind`: the request that it posts.

    `section`: where the page shows its form: in the "bar" below the picture, beside a place that is looked at
    ("seek"), at every "film", among the "settings", with what is done to the "panel", or on the page
    that says how to "calibrate" it; None: nowhere.
    `label`: on the button, with an `icon` of `pages.ICONS`; `help`: one sentence, for the API's document;
    `doing`, `done`: what the page says at once, and after it. `hint`: beside the button. `when`: whether the
    button is there always, or only while the player is running or paused. `strong`: a coloured button.
    `fold`: the heading under which the page folds it away.

    `fields`: of the body, None for an object that `value` checks by itself; `one_of`: exactly one of them is
    given. `value` turns them into the request's value. `inputs`: of the form, where they are not `fields`;
    `from_form` turns the form's texts into the body, or into None when there is nothing to ask. `offered`:
    whether a film can be asked for it. `problems`: HTTP statuses, besides the common ones, of refusals.
    """

    name: str
    kind: Kind
    section: Literal["bar", "seek", "film", "settings", "panel", "calibrate"] | None
    label: str
    help: str
    done: str
    doing: str = "One moment…"
    hint: str = ""
    icon: str = ""
    when: Literal["always", "running", "paused"] = "always"
    strong: bool = False
    fold: str = ""
    fields: tuple[Field, ...] | None = ()
    one_of: bool = False
    value: Callable[[Remote, Given], Place | Path | Mapping[str, Any] | None] = _no_value
    inputs: tuple[Field, ...] | None = None
    from_form: Callable[[Remote, Mapping[str, str]], Given | None] | None = None
    offered: Callable[[Remote, Listed], bool] = lambda remote, reel: not reel.problem
    problems: tuple[int, ...] = ()

    @property
    def form(self) -> tuple[Field, ...]:
        """The inputs of the page's form."""
        return self.inputs if self.inputs is not None else self.fields or ()

    @property
    def page(self) -> str:
        """The address of the page that shows it."""
        return {
            "film": "/films",
            "settings": "/settings",
            "panel": "/settings",
            "calibrate": "/calibrate",
        }.get(self.section or "", "/")

    def ask(self, remote: Remote, given: Given) -> int:
        """Post the request that this makes of `given`; returns its number. Problem."""
        if self.fields is not None:
            check_fields(given, self.fields, self.one_of)
        return remote.post(self.kind, self.value(remote, given))

    def read_form(self, remote: Remote, texts: Mapping[str, str]) -> Given | None:
        """The body that a form's texts stand for; None when they ask for nothing."""
        if self.from_form is not None:
            return self.from_form(remote, texts)
        return {
            field.name: field.from_text(text)
            for field in self.form
            if (text := texts.get(field.name)) is not None and (text or not field.optional)
        }


def _place(remote: Remote, given: Given) -> Place:
    """A place in the reel that is shown."""
    place = Place("frame", given["frame"]) if "frame" in given else _parsed(given["time"])
    now = remote.board.latest().snapshot
    if now.reel is None:
        raise Problem(409, "no film is shown now")
    if place.kind == "frame" and place.value >= now.frames:
        raise Problem(422, f"there is no frame {place.value}; the reel holds 0 to {now.frames - 1}")
    if place.kind == "time" and now.duration_ms is not None and place.value > now.duration_ms:
        raise Problem(422, f"the film is over by then; it lasts {film_time(now.duration_ms)}")
    return place


def place_of(remote: Remote, text: str) -> Place:
    """The place that people write into the form: they count frames from 1. Problem."""
    frames = remote.board.latest().snapshot.frames
    try:
        zero = text.strip() == "0"
        place = Place("frame", frames) if zero else parse_place(text, "place")
    except ConfigError:
        raise Problem(422, PLACE.must, fields={"place": PLACE.must}) from None
    if place.kind == "frame" and place.value >= frames:
        detail = f"the film has the frames 1 to {frames}" if frames else "no film is shown now"
        raise Problem(422, detail, fields={"place": detail})
    return place


def _place_from_form(remote: Remote, texts: Mapping[str, str]) -> Given:
    text = texts.get("place", "").strip()
    place = place_of(remote, text)
    return {"frame": place.value} if place.kind == "frame" else {"time": text}


def _parsed(text: str) -> Place:
    try:
        return parse_place(text, "go to")
    except ConfigError as error:
        raise Problem(422, str(error)) from None


def _reel(remote: Remote, given: Given) -> Path:
    """A reel of the list."""
    reel = _listed(remote, given)
    if reel.problem:
        raise Problem(409, f"{reel.title}: {reel.problem}")
    return Path(reel.path)


def _listed(remote: Remote, given: Given) -> Listed:
    reel = remote.library.find(given["reel"])
    if reel is None:
        raise Problem(404, "there is no such film; choose one from the list")
    return reel


def _queued(remote: Remote, given: Given) -> Path:
    """A reel that waits in the queue."""
    if given["reel"] not in remote.board.latest().snapshot.shelf.queue:
        raise Problem(404, "this film does not wait in the queue")
    return Path(given["reel"])


def _deletable(remote: Remote, given: Given) -> Path:
    """A reel whose file may be removed: one of those that were sent here."""
    reel = _listed(remote, given)
    if not remote.library.is_own(reel):
        raise Problem(409, f"{reel.title} does not lie in the directory of this page; delete its file there")
    return Path(reel.path)


def _renamed(remote: Remote, given: Given) -> Mapping[str, Any]:
    """A reel and its new title."""
    title = " ".join(given["title"].split())
    if not title.isprintable():
        raise Problem(422, "title must be made of letters that can be seen")
    return {"reel": Path(_listed(remote, given).path), "title": title}


def _undoable(remote: Remote, given: Given) -> None:
    if remote.board.latest().snapshot.shelf.undo is None:
        raise Problem(409, "there is no jump to undo")


def _settings(remote: Remote, given: Given) -> Mapping[str, Any]:
    """Settings and their new values."""
    settable, good = remote.settable(), {}
    for name, value in given.items():
        if name not in settable:
            raise Problem(422, f"{name[:80]} cannot be changed here")
        if (reason := lock(settable, name, given)) is not None:
            raise Problem(409, reason)
        try:
            good[name] = checked(name, value, name)
        except ConfigError as error:
            raise Problem(422, str(error)) from None
    if not good:
        raise Problem(422, "no setting was given")
    return good


def _settings_from_form(remote: Remote, texts: Mapping[str, str]) -> Given | None:
    """Only what differs from the values in force: a form sends all of them."""
    values = remote.board.latest().snapshot.settings
    changed, wrong = forms.read(texts, values)
    locks = remote.settable()
    for name in changed:
        if name in locks and (reason := lock(locks, name, changed)) is not None:
            wrong[forms.FIELD_OF.get(name, name)] = reason
    if wrong:
        raise Problem(422, next(iter(wrong.values())), fields=wrong)
    return changed or None


FRAME = Field("frame", "integer", "the number of a frame, from 0", high=10**12)
TIME = Field(
    "time",
    "string",
    "a time of the film, such as 12.5s, 4:05 or 1:02:03",
    pattern=r"^([0-9]{1,12}(\.[0-9]*)?s|\.[0-9]+s|([0-9]{1,9}:[0-5]?[0-9]|[0-9]{1,2}):[0-5]?[0-9](\.[0-9]*)?)$",
    longest=40,
)
PLACE = Field(
    "place",
    "string",
    "give a frame number (1200) or a time (4:05, 1:02:03)",
    pattern=r"\d+|[\d:.]+|[\d.]+s",
    longest=20,
    label="Frame or time",
    example="1200 or 1:02:03",
)
REEL = Field("reel", "string", "the path of a reel in /api/reels")
TITLE = Field("title", "string", longest=LONGEST_TITLE, label="Title")


def _queue(remote: Remote) -> tuple[str, ...]:
    return remote.board.latest().snapshot.shelf.queue


def _not_shown(remote: Remote, reel: Listed) -> bool:
    return not reel.problem and reel.path != remote.board.latest().snapshot.reel


ACTIONS = (
    Action(
        "back", Kind.BACK, "bar", "Back", icon="back",
        help="Show the previous frame now.",
        doing="The previous frame is on its way…",
        done="This is the previous frame.",
    ),
    Action(
        "pause", Kind.PAUSE, "bar", "Pause", icon="pause", when="running", strong=True,
        help="Keep the picture until resumed.",
        done="Paused.",
    ),
    Action(
        "resume", Kind.RESUME, "bar", "Play", icon="play", when="paused", strong=True,
        help="Continue after a pause.",
        done="The film goes on.",
    ),
    Action(
        "next", Kind.NEXT, "bar", "Next", icon="next",
        help="Show the next frame now.",
        doing="The next frame is on its way…",
        done="This is the next frame.",
    ),
    Action(
        "redraw", Kind.REDRAW, "bar", "Redraw", icon="redraw",
        help="Draw the picture again, with one flash, to remove ghosts.",
        doing="The panel flashes once…",
        done="Redrawn.",
    ),
    Action(
        "go-to", Kind.GO_TO, "seek", "Show this frame", icon="play", strong=True, value=_place,
        problems=(409,), fields=(FRAME, TIME), one_of=True, inputs=(PLACE,), from_form=_place_from_form,
        help="Show that place in the film now.",
        doing="That place in the film is on its way…",
        done="There it is.",
    ),
    Action(
        "undo", Kind.UNDO, None, "Undo the jump", value=_undoable, problems=(409,), icon="undo",
        help="Go back to where the last jump or choice led away from.",
        doing="Going back…",
        done="Back at the place before.",
    ),
    Action(
        "choose", Kind.CHOOSE, "film", "Play", fields=(REEL,), value=_reel, problems=(404, 409),
        icon="play", strong=True, offered=_not_shown,
        help="Show that reel now, from where it was left.",
        doing="The film is on its way to the panel…",
        done="The film is on the panel.",
    ),
    Action(
        "play-next", Kind.PLAY_NEXT, "film", "Play next", fields=(REEL,), value=_reel, problems=(404, 409),
        offered=lambda remote, reel: _not_shown(remote, reel) and _queue(remote)[:1] != (reel.path,),
        help="Show that reel when the present one is over, before the others in the queue.",
        done="It comes next.",
    ),
    Action(
        "queue", Kind.QUEUE, "film", "Add to the queue", fields=(REEL,), value=_reel, problems=(404, 409),
        offered=lambda remote, reel: _not_shown(remote, reel) and reel.path not in _queue(remote),
        help="Show that reel when the present one and the queue are over.",
        done="It is in the queue.",
    ),
    Action(
        "unqueue", Kind.UNQUEUE, "film", "Take out of the queue", fields=(REEL,), value=_queued,
        problems=(404,), offered=lambda remote, reel: reel.path in _queue(remote),
        help="Take that reel out of the queue.",
        done="It is out of the queue.",
    ),
    Action(
        "rename", Kind.RENAME, "film", "Rename", fields=(REEL, TITLE), value=_renamed, problems=(404,),
        help="Call a film that; an empty title is its own again.",
        done="The film has its new name.",
    ),
    Action(
        "delete", Kind.DELETE, "film", "Delete for good", fields=(REEL,), value=_deletable,
        problems=(404, 409), fold="Delete",
        hint="The file is removed from the player. This cannot be undone.",
        offered=lambda remote, reel: remote.library.is_own(reel),
        help="Delete a reel that was sent here. This cannot be undone.",
        doing="Deleting…",
        done="The film is deleted.",
    ),
    Action(
        "settings", Kind.SET, "settings", "Save", strong=True, problems=(409,),
        fields=None, value=_settings, from_form=_settings_from_form,
        help="Change settings; they are kept over restarts.",
        doing="Saving…",
        done="Saved.",
    ),
    Action(
        "clean", Kind.CLEAN, "panel", "Clean the panel",
        hint="Flickers for some seconds. For ghosts that a redraw leaves.",
        help="Erase the panel with its strongest waveform (INIT), then draw the picture again.",
        doing="The panel is being cleaned…",
        done="Cleaned.",
    ),
    Action(
        "address", Kind.ADDRESS, "panel", "Show the code",
        hint="The panel shows for a minute how another phone gets in.",
        help="Show the address of this page on the panel for a minute, as text and as a QR code.",
        done="The panel shows the code for a minute.",
    ),
    Action(
        "chart", Kind.CHART, "calibrate", "Draw the chart",
        hint="The panel flashes once. The film comes back after ten minutes, or at once with Redraw.",
        help="Show the chart for a calibration by photograph on the panel for ten minutes.",
        doing="The chart is being drawn…",
        done="The chart is on the panel. Photograph it now.",
    ),
)  # fmt: skip
