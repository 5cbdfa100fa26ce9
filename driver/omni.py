"""Any panel that omni-epd knows, slowly: it has no partial update, so every change of the picture flashes.

    panel = open_panel(PanelSettings(panel="omni:waveshare_epd.epd7in3f"))

omni-epd (https://github.com/robweber/omni-epd, the extra `omni`) brings the libraries of several makers under
one interface: prepare, display, sleep, clear, close. Panels of colour and of greys get black and white. These
libraries wait for their panels for ever, and some leave by exit(): here each call is bounded, and ends in an
error of driver/errors.py.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import Any, NoReturn

import numpy as np
from PIL import Image

from driver.dither import on_glass
from driver.errors import AccessError, DriverError, MissingModuleError, SettingsError, StateError

PREFIX = "omni:"
MOCK = "omni:omni_epd.mock"
OWN_DRIVER = {"waveshare_epd.it8951": "waveshare-6-hd"}
"""Panels that a driver of our own drives without a flash; and omni-epd sets a VCOM that may harm them."""

LONGEST_CALL = 120.0
"""Seconds. A redraw in seven colours takes about 35, in the cold more."""

INSTALL = "pip install 'omni-epd @ git+https://github.com/robweber/omni-epd.git@v0.4.2'"
HINTS = (
    "Nothing, or an error: try the panel with omni-epd's own test, omni-epd-test -e NAME.",
    "With a flash: omni-epd knows no other way.",
    "Colours: omni-epd.ini names a mode for this panel; take it out.",
)


def _setting(help: str, default: Any) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class PanelSettings:
    """Which panel, and which way it stands. What else omni-epd can be told stands in its omni-epd.ini."""

    panel: str = _setting("omni: and the name that omni-epd gives the panel", MOCK)
    rotate: int = _setting("turn the picture by 0 or 180 degrees", 0)
    mirror: bool = _setting("exchange left and right", False)

    @classmethod
    def of(cls, values: Mapping[str, Any], *, simulated: bool = False) -> "PanelSettings":
        """The settings among `values`, by name; other names are ignored. SettingsError."""
        if simulated:
            raise SettingsError(
                f"this panel cannot be simulated: try the panel {MOCK}, which draws in a file"
            )
        return cls(**{item.name: values[item.name] for item in fields(cls) if item.name in values})

    def __post_init__(self) -> None:
        """SettingsError for the first value that is out of range."""
        if not self.panel.startswith(PREFIX):
            raise SettingsError(f"panel is {self.panel!r}: give omni:NAME, for example {MOCK}")
        if own := OWN_DRIVER.get(self.name):
            raise SettingsError(f"panel is {self.panel!r}, which has a driver of its own here: give {own}")
        if self.rotate not in (0, 180):
            raise SettingsError(f"rotate is {self.rotate!r}: give one of 0, 180")

    @property
    def name(self) -> str:
        """The panel's name in omni-epd."""
        return self.panel.removeprefix(PREFIX)


class Display:
    """A display of omni-epd, every call to it bounded.

    MissingModuleError, SettingsError for a name that omni-epd does not know, StateError after a call that did
    not come back, AccessError for all that its libraries raise.
    """

    def __init__(self, settings: PanelSettings) -> None:
        self._settings = settings
        self._stuck = False
        self._display = self._bounded("load", lambda: _load(settings.name))
        self.mode = str(self._display.mode)
        self.size = int(self._display.width), int(self._display.height)

    def call(self, name: str, *arguments: Any) -> None:
        """Call a method of the display."""
        self._bounded(name, lambda: getattr(self._display, name)(*arguments))

    def close(self) -> None:
        """Release the panel; a second call does nothing, nor does one after a call that did not come back."""
        if self._display is not None and not self._stuck:
            self.call("close")
            self._display = None

    def _bounded(self, name: str, call: Callable[[], Any]) -> Any:
        if self._stuck:
            self._give_up(name)
        results: list[Any] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(call())
            except BaseException as error:
                errors.append(error)

        # A daemon: what never comes back must not keep the program from ending.
        thread = threading.Thread(target=run, name=f"omni-epd {name}", daemon=True)
        thread.start()
        try:
            thread.join(LONGEST_CALL)
        except BaseException:  # Ctrl-C: nothing else may talk to the panel before this call is over
            thread.join(LONGEST_CALL)
            self._stuck = thread.is_alive()
            raise
        if thread.is_alive():
            self._stuck = True
            self._give_up(name)
        if errors:
            self._translate(name, errors[0])
        return results[0]

    def _give_up(self, name: str) -> NoReturn:
        raise StateError(
            f"omni-epd is stuck for {LONGEST_CALL:.0f} s ({name} of {self._settings.name}): check "
            "the cable of the panel and its name, and start the program again"
        )

    def _translate(self, name: str, error: BaseException) -> NoReturn:
        if isinstance(error, DriverError):
            raise error
        if isinstance(error, SystemExit | ImportError):
            raise MissingModuleError(
                f"omni-epd lacks the library of {self._settings.name} ({error}): {INSTALL}"
            ) from error
        raise AccessError(
            f"omni-epd failed ({name} of {self._settings.name}: {type(error).__name__} {error}): check the "
            "cable of the panel, and try it with omni-epd-test"
        ) from error


SpiWire = Display
"""What stands here for a wire: omni-epd knows nothing below its display."""


def _load(name: str) -> Any:
    try:
        factory, refusals = import_module("omni_epd.displayfactory"), import_module("omni_epd.errors")
    except ImportError as error:
        raise MissingModuleError(f"omni-epd is not installed ({error}): {INSTALL}") from error
    known: list[str] = factory.list_supported_displays()
    if name not in known:
        import difflib

        nearest = difflib.get_close_matches(name, sorted(set(known) - set(OWN_DRIVER)), n=1)
        hint = f"did you mean {PREFIX}{nearest[0]}?" if nearest else "omni-epd-test --list prints what it has"
        raise SettingsError(f"omni-epd has no panel {name!r}, or not its library; {hint}")
    try:
        return factory.load_display_driver(name, {"EPD": {"mode": "bw"}})
    except refusals.EPDConfigurationError:  # a panel that has only greys takes black and white as two of them
        return factory.load_display_driver(name)


def open_panel(settings: PanelSettings, *, attach: bool = False) -> "OmniPanel":
    """Open the panel. `attach` makes no difference: nothing is drawn or reset before the first picture."""
    display = Display(settings)
    panel = OmniPanel(display, settings)
    panel.owned_display = display
    return panel


def open_on(
    wire: Display,
    settings: PanelSettings,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    *,
    attach: bool = False,
) -> "OmniPanel":
    """The panel on a display that stays the caller's to close. Clock and sleep are omni-epd's own."""
    return OmniPanel(wire, settings)


class OmniPanel:
    """The Panel on a display of omni-epd."""

    partial = False
    """See Panel."""

    def __init__(self, display: Display, settings: PanelSettings) -> None:
        self.display = display
        self.settings = settings
        self.size = display.size
        self.owned_display: Display | None = None  # close() closes it
        self._awake = False

    def show(self, dither: np.ndarray, rows: slice, shown: np.ndarray) -> None:
        """See Panel: a redraw of the whole glass, where there are rows to draw."""
        image = self._image(dither)
        if len(range(self.size[1])[rows]):
            self._draw("display", image)

    def redraw(self, dither: np.ndarray) -> None:
        """See Panel."""
        self._draw("display", self._image(dither))

    def clear(self) -> None:
        """See Panel, by the panel's own library."""
        self._draw("clear")

    def sleep(self) -> None:
        """See Panel. Panels that cannot sleep do nothing."""
        if self._awake:
            self.display.call("sleep")
            self._awake = False

    def shut_down(self) -> None:
        """See Panel."""
        self.sleep()

    def close(self) -> None:
        """See Panel."""
        if self.owned_display is not None:
            self.owned_display.close()

    def _draw(self, name: str, *arguments: Any) -> None:
        """As omni-epd asks for: prepare before each picture."""
        self._awake = True
        self.display.call("prepare")
        self.display.call(name, *arguments)

    def _image(self, dither: np.ndarray) -> Image.Image:
        """A picture of pure black and white; RGB is what every library takes. DitherError."""
        dither = on_glass(dither, self.size, mirror=self.settings.mirror, rotate=self.settings.rotate)
        return Image.fromarray(dither * np.uint8(255)).convert("RGB")


def describe(panel: OmniPanel) -> Sequence[tuple[str, str]]:
    """What omni-epd says of the panel: names and values for a person."""
    width, height = panel.size
    return [
        ("panel", f"{width} x {height}"),
        ("omni-epd", f"{panel.settings.name}, mode {panel.display.mode}"),
        ("partial updates", "none: every change of the picture flashes"),
    ]
