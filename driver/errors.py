"""Errors that the driver raises on purpose; each message is one line that names the fix.

Every class inherits DriverError, so that a program can catch all of them by one name, and the builtin that a
Python programmer would expect.
"""


class DriverError(Exception):
    """Base of all errors of this package."""


class SettingsError(DriverError, ValueError):
    """A setting is missing or out of range."""


class MissingModuleError(DriverError, ImportError):
    """A module of the `pi` extra is not installed, or does not run on this machine."""


class AccessError(DriverError, OSError):
    """The SPI device or a pin is missing or forbidden, or a transfer failed."""


class WiringError(DriverError, OSError):
    """The controller's answer can only come from an open wire, a wrong switch or a wrong clock."""


class BusyTimeout(DriverError, TimeoutError):
    """The controller stayed busy and takes no commands."""


class DisplayTimeout(DriverError, TimeoutError):
    """The controller did not finish an update."""


class VcomError(DriverError, ValueError):
    """The controller reports a different VCOM from the one that was set."""


class StateError(DriverError, RuntimeError):
    """The call is not possible in the panel's present state, for example a draw while it sleeps."""


class DitherError(DriverError, ValueError):
    """The array is not a dither, or its size is not the panel's."""


class RecordingError(DriverError, ValueError):
    """A recording cannot be read or written, or a conversation differs from the recorded one."""
