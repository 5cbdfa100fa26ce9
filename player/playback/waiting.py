"""Films that are missing: a card on the panel says so, and they are looked for until they are there.

A directory may not be mounted, a stick pulled out, a reel deleted or damaged. The place stays: when its reel
is back, the film goes on there. A mount that comes and goes makes no panel flash: the card is drawn at most
once in ten minutes, and a reel that opens but shows nothing is tried again only after as long.
"""

from player.errors import NoSuchFrame, ReelError
from player.playback.running import Running
from player.times import Place

POLL = 10.0  # seconds from look to look
PATIENCE = 60.0  # seconds before a reel that is gone is given up for another one
SELDOM = 600.0  # seconds from card to card, and from try to try where nothing can be shown


class Films:
    """`look_at`: when (on the clock) to look again while films are missing."""

    def __init__(self, running: Running) -> None:
        self.look_at = 0.0
        self._running = running
        self._jump: Place | None = None
        self._lost_at = 0.0
        self._card_at: float | None = None
        self._shown_before = -1

    def enter(self, jump: Place | None) -> bool:
        """Open the reel to begin with; whether its `number` was on the glass. See `Showing.enter`."""
        self._jump = jump
        on_glass = self._running.showing.enter(jump, others=False)
        self._jump = None
        return on_glass

    def lose(self, error: ReelError) -> None:
        """Films are missing, or still are. Raises the error where they are not waited for."""
        running = self._running
        if not running.config.wait_for_films:
            raise error
        now, showing = running.around.clock(), running.showing
        self.look_at = now + POLL
        if not running.missing:
            fruitless = showing.shown == self._shown_before
            self._shown_before, self._lost_at = showing.shown, now
            self.look_at = now + (SELDOM if fruitless else 0.0)
            showing.reels.close()
            running.asked = ""
        if str(error) != running.missing:
            running.around.log(f"{error}; waiting for films")
        running.missing = str(error)

    def look(self) -> bool | None:
        """Look for films; None when there are none, else as `enter`. In quiet hours no card is drawn."""
        running, now = self._running, self._running.around.clock()
        try:
            on_glass = running.showing.enter(self._jump, others=now - self._lost_at >= PATIENCE)
        except NoSuchFrame:  # of what was asked for at the start: waiting does not bring it
            raise
        except ReelError as error:
            self.lose(error)
            if not running.timing.is_quiet():
                self._show_card(now)
            return None
        running.around.log("films are found; the showing goes on")
        running.missing, self._jump = "", None
        return on_glass

    def _show_card(self, now: float) -> None:
        showing, config = self._running.showing, self._running.config
        if self._card_at is not None and (showing.is_card or now - self._card_at < SELDOM):
            return
        if showing.reels.can_open_any():  # patience: the one that was shown may come back
            return
        from player.pictures.cards import no_film_card  # only where a card is drawn

        where = ", ".join([*config.reels, *([config.films] if config.films else [])])
        card = no_film_card(showing.screen.size, where or "no place at all", self._running.url)
        showing.show_card(card, "no film is found")
        self._card_at = now
