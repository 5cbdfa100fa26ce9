"""What a simulated UC8179 objects to, besides what driver/simulator/errors.py names for every controller."""

from driver.simulator.errors import ProtocolError


class DataWithoutCommand(ProtocolError):
    """A data window (DC high) before any command."""


class PlaneTooShort(ProtocolError):
    """Another command came before a picture, or its window, was full."""


class RefreshWithoutPower(ProtocolError):
    """A refresh without the high voltage (0x04): nothing would be drawn."""


class PlaneNeverWritten(ProtocolError):
    """A refresh to a picture that was not written since power-up or deep sleep: it holds noise."""


class WindowOffGrid(ProtocolError):
    """A partial window that is empty, reaches over the edge, or does not begin and end with whole bytes."""


class WrongResolution(ProtocolError):
    """The resolution that was set is not the glass's: rows would be torn."""


class SurplusPixels(ProtocolError):
    """A picture carried more bytes than it, or its window, has; the controller drops them."""

    tolerable = True


class WriteWhileBusy(ProtocolError):
    """A window other than 0x71 while BUSY was low; the controller drops it."""

    tolerable = True


class TalkInDeepSleep(ProtocolError):
    """A window in deep sleep, which only RST ends; the controller does not hear it."""

    tolerable = True


class SleepUnderPower(ProtocolError):
    """Deep sleep while the high voltage was on."""

    tolerable = True


class OldPictureDiffers(ProtocolError):
    """A partial update whose OLD picture is not what the glass shows: pixels keep the picture before it."""

    tolerable = True


class NoPartialWaveform(ProtocolError):
    """A partial update by the glass's own waveform, on old glass, which has none: it flashes."""

    tolerable = True


class ChargeLeft(ProtocolError):
    """A waveform in the registers that leaves a pixel more charge than it takes away; harmless if rare."""

    tolerable = True
