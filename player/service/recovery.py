"""A panel that gets over faults: when a call fails it is reset and started anew, a few times an hour.

Controllers hang after days of good work, and what helped their owners was a reset. The call that failed is
not repeated here: it ends with PanelReset, so that the caller, who knows the picture, draws it once more as
a whole. So a fault costs one redraw, all of it is in the log, and a panel that keeps failing ends the run.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from player.errors import PanelError, PanelFault, PanelReset

HOUR = 3600.0
PAUSE = 5.0  # seconds before the next attempt when even the start fails: a supply that sags needs a moment


class DevicePanel(Protocol):
    """The driver's panel as `panels` hands it out. A fault that a reset may cure is a PanelFault, everything
    else a PanelError. Every call is bounded in time.
    """

    @property
    def size(self) -> tuple[int, int]: ...
    def show(self, dither: NDArray[np.uint8], rows: slice, shown: NDArray[np.uint8]) -> None: ...
    def redraw(self, dither: NDArray[np.uint8]) -> None: ...
    def clear(self) -> None: ...
    def sleep(self) -> None: ...
    def shut_down(self) -> None: ...
    def close(self) -> None: ...


class SteadyPanel:
    """The panel that playback sees, over one `panel` after another.

    `reopen` resets and starts the panel; at most `limit` times within an hour of `clock` (seconds,
    monotonic). `wait` takes the seconds to pause. `alive` is called whenever a call to the driver has come to
    its end, well or badly: each of them is bounded, so whoever watches need not allow for their sum.
    """

    def __init__(
        self,
        panel: DevicePanel,
        reopen: Callable[[], DevicePanel],
        *,
        limit: int,
        log: Callable[[str], None],
        clock: Callable[[], float],
        wait: Callable[[float], None],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.size = panel.size
        self.resets = 0
        self._panel: DevicePanel | None = panel
        self._reopen, self._limit = reopen, limit
        self._log, self._clock, self._wait, self._alive = log, clock, wait, alive
        self._recent: list[float] = []  # when it was reset, the last hour
        self._must_redraw = False

    def show(self, dither: NDArray[np.uint8], rows: slice, shown: NDArray[np.uint8]) -> None:
        """Partial update. PanelReset when the panel was reset since the last redraw."""
        if self._must_redraw:
            raise PanelReset("the panel was reset, so its picture has to be drawn as a whole")
        self._call(lambda panel: panel.show(dither, rows, shown))

    def redraw(self, dither: NDArray[np.uint8]) -> None:
        """The flashing full refresh."""
        self._call(lambda panel: panel.redraw(dither))
        self._must_redraw = False

    def clear(self) -> None:
        """INIT of the whole glass: the strongest erase, white afterwards."""
        self._call(lambda panel: panel.clear())
        self._must_redraw = False

    def sleep(self) -> None:
        """Least power until the next call. A fault is got over here: the picture stands, and the next
        frame is redrawn.
        """
        try:
            self._call(lambda panel: panel.sleep())
        except PanelReset:
            self._call(lambda panel: panel.sleep())

    def close(self) -> None:
        """Put the panel to sleep, by a reset if need be, and give it back. PanelError when it does not."""
        if self._panel is None:
            return
        try:
            self._panel.shut_down()
        finally:
            self._panel.close()

    def _call(self, do: Callable[[DevicePanel], None]) -> None:
        if self._panel is None:
            raise PanelError("the panel was given up")
        try:
            do(self._panel)
        except PanelFault as fault:
            self._alive()
            self._recover(fault)
            raise PanelReset(f"{fault}; the panel was reset") from fault
        self._alive()

    def _recover(self, fault: PanelFault) -> None:
        """Reset until it starts. PanelError when the limit is reached before."""
        self._must_redraw = True
        while True:
            now = self._clock()
            self._recent = [time for time in self._recent if now - time < HOUR]
            if len(self._recent) >= self._limit:
                raise PanelError(f"{fault}; {self._tried()}") from fault
            self._recent.append(now)
            self.resets += 1
            count = f"{len(self._recent)} of at most {self._limit} within an hour"
            self._log(f"the panel failed: {fault}; resetting it ({count})")
            if self._panel is not None:
                with suppress(PanelError):
                    self._panel.close()
                self._panel = None
            try:
                self._panel = self._reopen()
            except PanelFault as again:
                fault = again
                self._wait(PAUSE)
            else:
                self._log("the panel answers again after the reset")
                return
            finally:
                self._alive()

    def _tried(self) -> str:
        if not self._limit:
            return "it is not reset, as recoveries is 0"
        times = "once" if self._limit == 1 else f"{self._limit} times"
        return f"it was reset {times} within an hour, which did not help"
