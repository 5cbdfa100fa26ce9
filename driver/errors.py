"""Everything the driver raises on purpose; each message is one line that names the fix.

Every class inherits DriverError, so that a program catches the driver with one name, and the builtin that a
Python programmer would expect for that kind of trouble.
"""


class DriverError(Exception):
    """Base of all errors of this package."""


class SettingsError(DriverError, ValueError):
    """A setting is out of its range, or two settings contradict each other."""


class MissingModuleError(DriverError, ImportError):
    """A module of the `pi` extra is not installed, or does not run on this machine."""


class AccessError(DriverError, OSError):
    """The SPI device or a pin is missing, forbidden, or failed in the middle of a transfer."""


class WiringError(DriverError, OSError):
    """The controller answers with what only an open wire, a wrong switch or a wrong clock can produce."""


class BusyTimeout(DriverError, TimeoutError):
    """HRDY stayed low: the controller takes no commands."""


class DisplayTimeout(DriverError, TimeoutError):
    """LUTAFSR stayed non-zero: the display engine did not finish an update."""


class VcomError(DriverError, ValueError):
    """The controller reports another VCOM than the one that was set."""


class StateError(DriverError, RuntimeError):
    """The call is not possible in the state the panel is in, for example a draw while it sleeps."""


class DitherError(DriverError, ValueError):
    """What was given to draw is not a dither, or its size is not the panel's."""


class RecordingError(DriverError, ValueError):
    """A recording cannot be read, or a conversation differs from the recorded one."""
