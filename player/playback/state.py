"""The state of a playback, and the one place that says what comes next and when."""

import enum
import operator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player.config.settings import SETTABLE, Config
from player.config.sources import Effective
from player.errors import ConfigError
from player.playback.dependencies import Dependencies
from player.playback.reels import Reels
from player.playback.status import Status
from player.progress import Progress
from player.redraw import DAY, Decision, RedrawState
from player.schedule.due import Schedule, ends_at
from player.schedule.finish import interval_for
from player.schedule.quiet import Quiet
from player.times import Place

Dither = NDArray[np.uint8]
NEVER = float("inf")
UNDO_LASTS = 7 * 86400.0  # seconds for which a jump can be undone
_SOON = 3600.0  # seconds: the daily redraw waits for a frame that comes up within them


class Picture(NamedTuple):
    """What should be on the glass: a frame of a reel, or a card, which has no `reel`. `created`: of the reel;
    `number` of the frame; `time_ms`: its time in the film.
    """

    dither: Dither
    reel: Path | None = None
    created: str = ""
    number: int = -1
    time_ms: int | None = None


class Glass(NamedTuple):
    """What is on the glass: `shown`, its dither, None while it may be anything; `redrawn`, that of the last
    redraw; `net`: share of the pixels that differ between them, as the rule counts; `redraw_state`: what the
    redraw rule remembers.
    """

    shown: Dither | None = None
    redrawn: Dither | None = None
    net: float = 0.0
    redraw_state: RedrawState = RedrawState()

    def after(self, decision: Decision, dither: Dither, now: float) -> "Glass":
        """The glass once the decision has been carried out."""
        after = self.redraw_state.after(decision, dither, now)
        if decision.action == "redraw":
            return Glass(dither, dither, 0.0, after)
        return Glass(dither, self.redrawn, decision.net / dither.size, after)


@dataclass
class State:
    """All that changes while a player runs. Moments are seconds on the monotonic clock."""

    effective: Effective
    """The settings in force."""
    quiet: Quiet
    """Quiet hours and days, as the settings say."""
    reels: Reels
    """The playlist, the open reel, and the number of the frame that comes next."""
    schedule: Schedule
    """When it comes, but for pauses, quiet hours and what is asked for."""
    clock_offset: float
    """Unix time less the monotonic clock, as last seen: tells when the wall clock was set."""
    progress: Progress = field(default_factory=Progress)
    """The place in the film, as on disk."""

    picture: Picture | None = None
    """What should be on the glass, None before the first picture."""
    glass: Glass = field(default_factory=Glass)
    """What is on the glass; not the picture while the card with the address or the chart stands."""
    awake: bool = True
    """Whether the panel is awake."""
    shown: int = 0
    """Frames shown in this run."""

    asked: Literal["", "next", "exact"] = ""
    """A frame is wanted at once, whatever the hour; "exact": the one named, even a black one."""
    jumped: str = ""
    """Why the next frame does not follow from the one on the glass and is a redraw; empty when it follows."""
    paused: bool = False
    over: bool = False
    """The last frame is past, and requests are waited for."""
    brief_until: float | None = None
    """Until when the card with the address of the web page, or the chart, stands."""

    missing: str = ""
    """Why there is no film, empty when there is one."""
    look_at: float = 0.0
    """When to look for films again, while they are missing or the last one is over."""
    lost_at: float = 0.0
    """Since when they are missing."""
    shown_when_lost: int = -1
    card_at: float | None = None
    """When the card that says so was drawn last."""
    jump: Place | None = None
    """The place that was asked for at the start, until a reel is open."""

    ends: tuple[Any, float | None] | None = None
    """When the reel is over, and what that was reckoned from."""

    handled: int = 0
    """The number of the last request that was carried out."""
    refused: str = ""
    """Why the last request could not be carried out."""

    was_quiet: bool = False
    is_ready: bool = False
    complaint: str = ""
    """What was last said about a `finish_by` that cannot be kept."""

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self.effective.config

    @property
    def at(self) -> int | None:
        """Number of the frame that stands, if it is one of the open reel."""
        picture, reels = self.picture, self.reels
        if picture is None or not reels.is_open or picture.reel != reels.reel.path:
            return None
        return picture.number if picture.created == reels.created else None

    @property
    def is_card(self) -> bool:
        """Whether a card should be on the glass, and no frame."""
        return self.picture is not None and self.picture.reel is None

    @property
    def holds(self) -> bool:
        """Whether a pause keeps the frame that stands on the glass."""
        return self.paused and self.picture is not None and not self.is_card

    def ask(self, now: float, what: Literal["next", "exact"], jumped: str = "") -> None:
        """A frame is wanted at once; the interval begins anew with it. `jumped`: why it does not follow."""
        self.asked, self.over, self.brief_until = what, False, None
        self.jumped = jumped or self.jumped
        self.schedule = self.schedule.at_once(now)

    def choose_interval(self, deps: Dependencies, strict: bool = False) -> None:
        """Choose the interval anew: that of the settings, or with `finish_by` from the frames that are left.

        `strict`: ConfigError when `finish_by` cannot be kept; else that is said, once, and the interval of
        the settings holds.
        """
        config, schedule = self.config, self.schedule
        self.schedule = schedule._replace(interval=config.interval)
        if not config.finish_by or not self.reels.is_open:
            return
        frames = self.reels.frames_left(config) - (schedule.up is None)
        if frames <= 0:
            return
        start = deps.wall() + (0.0 if schedule.up is None else schedule.up - deps.clock())
        try:
            interval = interval_for(config.finish_by, start, frames, self.quiet, deps.local)
            self.schedule = schedule._replace(interval=interval)
        except ConfigError as error:
            if strict:
                raise
            if str(error) != self.complaint:
                deps.log(f"{error}; until then a frame comes every {config.interval:g} seconds")
            self.complaint = str(error)

    def next_due(self, now: float, wall: float) -> float | None:
        """Unix time when the next frame comes, by the clocks as they are (`wall` is Unix time); None when
        quiet hours never end.
        """
        due = self.schedule.due if self.schedule.until is None else self.schedule.until
        return self.quiet.ends(wall + max(due - now, 0.0))


class Action(enum.Enum):
    """What a playback does of its own accord."""

    SHOW = "show the next frame"
    REDRAW = "redraw what stands, a day after the last redraw"
    RESTORE = "bring back what stood before the card with the address, or the chart"
    LOOK = "look for films"
    NOTHING = "nothing: quiet hours end"


class Next(NamedTuple):
    """When something is due, on the monotonic clock; in the past: now."""

    when: float
    what: Action


def next_action(state: State, now: float, wall: float) -> Next:
    """What comes next and when, unless a request comes before. Pure. `wall`: `now` as Unix time."""
    if state.brief_until is not None:
        return Next(state.brief_until, Action.RESTORE)
    if state.asked:
        return Next(now, Action.SHOW)
    when = operator.attrgetter("when")
    quiet = state.quiet.at(wall)
    redraw = Next(NEVER if quiet else _daily_redraw(state, now), Action.REDRAW)
    if state.missing or state.over:
        return min(Next(state.look_at, Action.LOOK), redraw, key=when)
    if quiet:
        ends = state.quiet.ends(wall)
        return Next(NEVER if ends is None else now + ends - wall, Action.NOTHING)
    if state.holds:
        return redraw
    return min(Next(state.schedule.due, Action.SHOW), redraw, key=when)


def _daily_redraw(state: State, now: float) -> float:
    """When what stands is to be redrawn for the panel's sake: a day after the last redraw, unless a frame
    comes up soon after, which is redrawn then.
    """
    if state.picture is None:
        return NEVER
    when = max(state.glass.redraw_state.redrawn_at + DAY, now)
    stays = state.missing or state.over or state.holds
    return when if stays or state.schedule.due - when > _SOON else NEVER


def _ends(state: State, due: float | None, left: int) -> float | None:
    """When the reel is over, if its next frame is due at `due` (Unix time). Kept until something changes:
    with quiet hours it takes a small machine a second to find out.
    """
    if due is None:
        return None
    about = round(due), left, state.schedule.interval, state.quiet
    if state.ends is None or state.ends[0] != about:
        state.ends = about, ends_at(due, state.schedule.interval, left, state.quiet)
    return state.ends[1]


def status_of(state: State, now: float, wall: float) -> Status:
    """What the web page is told at this moment; `now` monotonic, `wall` Unix time."""
    reels, progress = state.reels, state.progress
    film = reels.is_open and not state.missing
    idle = state.paused or state.over or bool(state.missing)
    due = None if idle else state.next_due(now, wall)
    up_next = reels.up_next(state.config) if film else None
    left = reels.frames_of_this(state.config) if film else 0
    over = (
        "the film is over"
        if reels.is_open and reels.reel.complete
        else "the rest of the film is not there yet"
    )
    shelf = reels.shelf.now
    if shelf.undo is not None and wall - shelf.undo.at > UNDO_LASTS:
        shelf = replace(shelf, undo=None)
    return Status(
        reel=str(reels.reel.path) if film else None,
        title=reels.title if film else "",
        frame=state.at,
        frames=reels.reel.frames if film else 0,
        time_ms=None if state.picture is None else state.picture.time_ms,
        duration_ms=reels.duration if film else None,
        shown_at=progress.shown_at,
        next_due=due,
        interval=state.schedule.interval,
        paused=state.paused,
        quiet=state.quiet.at(wall),
        redraws=progress.redraws,
        net=state.glass.net,
        playlist=tuple(map(str, reels.paths)),
        message=state.missing or (over if state.over else ""),
        settings={name: vars(state.config)[name] for name in SETTABLE},
        ends=_ends(state, due, left) if film else None,
        left=left,
        up_next=None if up_next is None else str(up_next),
        shelf=shelf,
        handled=state.handled,
        busy=bool(state.asked) and not state.missing,
        refused=state.refused,
    )
