"""What every panel can do, and the table of panels by name.

    driver = PANELS[DEFAULT_PANEL].module()
    panel = driver.open_panel(driver.PanelSettings(vcom=-1.53))
    panel.redraw(dither)                        # first: the glass may hold anything
    panel.show(after, slice(100, 300), dither)
    panel.shut_down()
    panel.close()

A new panel is one folder beside it8951/, one simulated controller in simulator/, and one line in PANELS.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Dither = NDArray[np.uint8]
"""uint8[height, width] of the panel's size: 0 black, 1 white, pixel (0, 0) at the viewer's top left."""


class Panel(Protocol):
    """A panel that shows dithers. Every call returns when the glass has come to rest, and is bounded in time.

    Errors are those of driver/errors.py, and OSError from the wire.
    """

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a dither, in pixels."""
        ...

    @property
    def partial(self) -> bool:
        """Whether it has a partial update. Where not, show() is a redraw, and no ghosts are left."""
        ...

    def show(self, dither: Dither, rows: slice, shown: Dither) -> None:
        """Partial update: draw `rows` of `dither` without a flash. Empty `rows` draw nothing.

        `shown` is the dither that is on the glass now, for controllers that do not remember it.
        """
        ...

    def redraw(self, dither: Dither) -> None:
        """Full refresh of the whole glass: it flashes, and removes what partial updates left behind."""
        ...

    def clear(self) -> None:
        """Erase the whole glass to white, as thoroughly as the panel can; also for storage."""
        ...

    def sleep(self) -> None:
        """Rest until the next call, which wakes the panel by itself. The picture stays."""
        ...

    def shut_down(self) -> None:
        """Lowest power for good, even after a failure. The picture stays."""
        ...

    def close(self) -> None:
        """Release what was opened. Sends nothing, so call shut_down() first."""
        ...


class PanelModule(Protocol):
    """What the module of a driver offers, as driver.it8951.panel does."""

    PanelSettings: Any
    """A dataclass; every field has metadata["help"]. of(values, *, simulated) makes one; `values` may hold
    the panel's name as "panel".
    """
    SpiWire: Any  # SpiWire(settings): the wire to the real panel
    HINTS: tuple[str, str, str]  # what to try when one of the three steps of the test picture looks wrong

    def open_panel(self, settings: Any, *, attach: bool = False) -> Panel:
        """Start the real panel. `attach`: without a reset, where an earlier process left it."""
        ...

    def open_on(
        self,
        wire: Any,
        settings: Any,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        attach: bool = False,
    ) -> Panel:
        """Start the panel behind `wire`, which stays the caller's to close."""
        ...

    def describe(self, panel: Any) -> Sequence[tuple[str, str]]:
        """What the controller says of itself: names and values, for a person to read."""
        ...


class PanelType(NamedTuple):
    """A type of panel; modules are named, so that a small device loads only what it uses.

    driver     a PanelModule
    simulator  a module with SimulatedWire, as driver.simulator.it8951; empty where there is none
    size       (width, height) in pixels; None: the controller reports it, and a simulated one has any
    remembers  whether the controller must keep its power to know what the glass shows; if not, each partial
               update tells it
    """

    description: str
    driver: str
    simulator: str
    size: tuple[int, int] | None = None
    remembers: bool = True

    @property
    def controller(self) -> str:
        """Its name, such as IT8951."""
        return self.driver.split(".")[1].upper()

    def module(self) -> PanelModule:
        """Import its driver."""
        found: Any = import_module(self.driver)
        return found

    def simulated_wire(self, size: tuple[int, int] | None = None, **options: Any) -> Any:
        """The wire to a new simulated panel. ValueError when its controller cannot have that size."""
        return import_module(self.simulator).SimulatedWire(*(self.size or size or ()), **options)


PANELS: dict[str, PanelType] = {
    "waveshare-6-hd": PanelType(
        "Waveshare 6 inch HD e-Paper HAT, and every other panel with an IT8951, which reports its size",
        "driver.it8951.panel",
        "driver.simulator.it8951",
    ),
    "waveshare-7.5-v2": PanelType(
        "Waveshare 7.5 inch V2 (UC8179)",
        "driver.uc8179.panel",
        "driver.simulator.uc8179",
        size=(800, 480),
        remembers=False,
    ),
    "waveshare-5.83-v2": PanelType(
        "Waveshare 5.83 inch V2 (UC8179)",
        "driver.uc8179.panel",
        "driver.simulator.uc8179",
        size=(648, 480),
        remembers=False,
    ),
}
"""Every panel, by the name that users give, but for those that find_panel knows by their prefix."""

DEFAULT_PANEL = "waveshare-6-hd"


def find_panel(name: str) -> PanelType:
    """The panel with that name; `omni:NAME` is any panel of omni-epd. ValueError names the others."""
    if name.startswith("omni:") and name != "omni:":
        return PanelType("a panel through omni-epd", "driver.omni", simulator="", remembers=False)
    if name not in PANELS:
        raise ValueError(f"{name!r} is no panel: give one of {', '.join(PANELS)}, or omni:NAME")
    return PANELS[name]


if TYPE_CHECKING:  # mypy checks that every driver is a PanelModule
    from driver import omni as _omni
    from driver.it8951 import panel as _it8951
    from driver.uc8179 import panel as _uc8179

    _drivers: list[PanelModule] = [_it8951, _omni, _uc8179]
