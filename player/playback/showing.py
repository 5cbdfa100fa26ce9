"""The film on the panel: the frame that comes next, what stands now, and the place on disk.

Knows nothing of when: `playback` calls it. The intent is on disk before the panel is touched and its result
afterwards, so at most two small writes are made for a frame, and none while nothing happens.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from player.config.settings import Config
from player.errors import BadFrame, NoSuchFrame, ReelError
from player.playback.dependencies import (
    Panel,
    Surroundings,
)
from player.playback.frames import (
    Frames,
    log_line,
)
from player.playback.playlist import joined
from player.playback.reels import (
    Reels,
    number_of,
)
from player.playback.screen import (
    Dither,
    Screen,
)
from player.progress import Progress
from player.redraw import Decision, redraw_rule
from player.reel import packing
from player.schedule.timing import Timing
from player.times import Place, parse_place


class Showing:
    """`progress`: the place, as on disk; `shown` counts the frames of this run; `stands` is what should be on
    the glass, None before the first picture; `time_ms` of the frame that stands, in the film.
    """

    def __init__(self, config: Config, panel: Panel, around: Surroundings, timing: Timing) -> None:
        self.reels = Reels(panel.size, around.open_reel, around.log)
        self.screen = Screen(panel, redraw_rule(config), around.clock)
        self.progress = Progress()
        self.shown = 0
        self._at: tuple[Path, int] | None = None  # the frame that stands: its reel and number
        self.stands: Dither | None = None
        self.time_ms: int | None = None
        self._around, self._timing = around, timing
        self._frames = Frames(self.reels, config)
        self.configure(config)

    @property
    def at(self) -> int | None:
        """Number of the frame that stands, if it is of the open reel."""
        if self._at is None or not self.reels.is_open or self._at[0] != self.reels.reel.path:
            return None
        return self._at[1]

    @property
    def is_card(self) -> bool:
        """Whether a card should be on the glass, and no frame."""
        return self.stands is not None and self._at is None

    def configure(self, config: Config) -> None:
        """Take the rule, the caption and the playlist from these settings."""
        self.config = config
        self.screen.rule = redraw_rule(config)
        self._frames.configure(config)

    def enter(self, jump: Place | None, others: bool) -> bool:
        """Open the reel to begin with: where the player was, unless it is told otherwise; whether `number` of
        it is known to have been on the glass. `others`: where that reel is gone, begin the one after it.

        ReelError when there is none, NoSuchFrame when it ends before the place asked for.
        """
        reels, kept, config = self.reels, self.progress, self.config
        reels.round = kept.round
        try:
            reels.look(config)
        except ReelError:
            if jump is not None or kept.chosen_over != joined(config.reels, config.films):
                raise  # else there is the reel that was chosen
        if jump is None and kept.reel is not None and self.is_in_playlist(Path(kept.reel)):
            try:
                return reels.resume(kept)
            except ReelError:
                if not others:
                    raise
            reels.begin_after(Path(kept.reel))
        else:
            self.progress = replace(kept, chosen_over=None, round=0)
            reels.round = 0
            reels.look(config)
            if others:
                reels.begin_after(Path())
            else:
                reels.go_to(Place("frame", 0))
            reels.number = self._start(jump)
        return False

    def _start(self, jump: Place | None) -> int:
        """The frame at which the open reel begins. NoSuchFrame; but a service does not end over `start`."""
        reel = self.reels.reel
        try:
            return number_of(reel, jump or parse_place(self.config.start or "0", "start"))
        except NoSuchFrame as error:
            if jump is not None or not self.config.wait_for_films:
                raise
            self._around.log(f"start: {error}; beginning at frame 0")
            return 0

    def is_in_playlist(self, path: Path) -> bool:
        """Whether a reel is one of the configuration, or was chosen over them."""
        return path in self.reels.paths or self.progress.chosen_over == joined(
            self.config.reels, self.config.films
        )

    def choose(self, path: Path) -> None:
        """Open a reel at its beginning, also one that is not in the playlist. ReelError when it cannot be."""
        self.reels.go_to(Place("frame", 0), path)
        self._around.log(f"{path}: begins")
        chosen_over = None if path in self.reels.paths else joined(self.config.reels, self.config.films)
        self.progress = replace(self.progress, chosen_over=chosen_over)

    def take_over(self) -> bool:
        """Go on with partial updates from the glass of an earlier process; False where it is not known."""
        kept, reel = self.progress, self.reels.reel
        if kept.frame is None or kept.redrawn is None or kept.redrawn_at is None:
            return False
        try:
            (shown, info), (redrawn, _) = self._frames.picture(kept.frame), self._frames.picture(kept.redrawn)
        except (BadFrame, IndexError):
            return False
        if packing.crc(packing.pack(shown)) != kept.picture:
            return False
        age = max(self._around.wall() - kept.redrawn_at, 0.0)
        self.screen.take_over(shown, redrawn, kept.since_redraw, age)
        self.stands, self._at, self.time_ms = shown, (reel.path, kept.frame), info.time_ms
        return True

    def show(self, exact: bool = False) -> bool:
        """Show frame `number` of the reel and go on to the next; False when it was passed over.

        `exact`: also a black one. ReelError when the reel is out of reach.
        """
        reels, number = self.reels, self.reels.number
        try:
            dither, info = self._frames.picture(number)
        except BadFrame as error:
            self._pass_over(error)
            return False
        if not exact and self._frames.is_passed_over(number):
            reels.number += self.config.step
            return False
        again = self._timing.stands_until is not None
        now = self._around.clock()
        decision = self._decide(dither)
        if decision.action != "nothing":
            same = self.progress.reel == str(reels.reel.path)
            before = self.progress.frame if same else None
            self.save(**self._here(), frame=before, showing=number)
        decision = self.screen.draw(dither, decision, self.config.waveform)
        self.stands, self._at, self.time_ms = dither, (reels.reel.path, number), info.time_ms
        self._around.seen(reels.reel.path, number)
        self._timing.shown(now)
        self.shown += not again
        self._keep(decision, self.progress.shown_at if again else self._around.wall())
        self._around.log(log_line(number, reels.reel, info.time_ms, decision))
        reels.number = number + self.config.step
        return True

    def back(self, pending: bool) -> bool:
        """Make the frame before the one that stands the next, or with `pending` the one before the next;
        whether there is one that can be shown.
        """
        number: int | None = self.reels.number
        if self.at is not None and not pending:
            number = self.at
        elif self.is_card or self.stands is None:
            number = self.progress.frame
        before = self._frames.before(number)
        if before is not None:
            self.reels.number = before
        return before is not None

    def show_card(self, card: Dither, why: str) -> None:
        """A card instead of the film, by a redraw; the place in the film stays."""
        decision = self.screen.draw(card, self.screen.decide(card, why), self.config.waveform)
        self.stands, self._at, self.time_ms = card, None, None
        self._keep(decision, self.progress.shown_at)
        self._around.log(f"a card on the panel: {why}")

    def show_over(self, card: Dither, why: str) -> None:
        """A card for a moment; `repeat` brings back what should stand."""
        self.screen.draw(card, self.screen.decide(card, why), self.config.waveform)
        self.save(picture=None, redraws=self.progress.redraws + 1)
        self._around.log(f"a card on the panel: {why}")

    def repeat(self, why: str, clean: bool = False) -> None:
        """What stands once more, by a redraw; with `clean` after an INIT."""
        dither, screen = self.stands, self.screen
        assert dither is not None
        decision = (
            screen.clean(dither)
            if clean
            else screen.draw(dither, screen.decide(dither, why), self.config.waveform)
        )
        self._keep(decision, self.progress.shown_at)
        self._around.log(f"redraw ({decision.why})")

    def refresh(self) -> None:
        """The frame that stands once more, with the caption that is set now."""
        assert self.at is not None
        try:
            dither = self._frames.picture(self.at)[0]
        except (BadFrame, ReelError):  # its turn is over anyway
            return
        decision = self.screen.draw(dither, self._decide(dither), self.config.waveform)
        self.stands = dither
        self._keep(decision, self.progress.shown_at)

    def _decide(self, dither: Dither) -> Decision:
        """What to do with a frame: by the rule, but a card would leave its ghost under a partial update."""
        card = self.is_card or self.screen.shown is not self.stands
        return self.screen.decide(dither, "the film after a card" if card else "")

    def save(self, **changes: Any) -> None:
        """Keep the place on disk, with these changes of it."""
        timing = self._timing
        now = {"interval": timing.interval, "next_due": timing.next_due(), "paused": timing.paused}
        self.progress = replace(self.progress, **{**now, **changes})
        self._around.store.save(self.progress)

    def _here(self) -> dict[str, Any]:
        """The open reel, as the place names it. Only together with a frame of it."""
        reels, reel = self.reels, self.reels.reel
        place = {"reel": str(reel.path), "created": reels.created, "frames": reel.frames}
        return {**place, "round": reels.round}

    def _keep(self, decision: Decision, shown_at: float | None) -> None:
        """What stands now, and where we are, on disk."""
        redraw = decision.action == "redraw"
        changes: dict[str, Any] = {"since_redraw": self.screen.state.frames}
        if redraw:
            changes |= {"redrawn": self.at, "redrawn_at": self._around.wall()}
            changes["redraws"] = self.progress.redraws + 1
        if self.at is not None:
            if not redraw and self.progress.reel != str(self.reels.reel.path):
                changes["redrawn"] = None  # it was a frame of the reel before
            changes |= {**self._here(), "frame": self.at, "showing": None, "shown_at": shown_at}
        shown = self.screen.state.shown
        self.save(picture=None if self.at is None or shown is None else packing.crc(shown), **changes)

    def _pass_over(self, error: BadFrame) -> None:
        """Go on at the next key frame. ReelError when it is not the frame but the reel that is gone."""
        with self._around.open_reel(self.reels.reel.path):
            pass
        self._around.log(str(error))
        self.reels.number = self.reels.reel.frames if error.next_key is None else error.next_key
        self._timing.stands_until = None
