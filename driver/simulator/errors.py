"""What a simulated controller objects to: one named exception for each breach of its protocol.

The docstring of a class says what the host did wrong; the message of an instance gives the numbers. A class
with `tolerable = True` is something that published drivers do and real controllers put up with: SimulatedWire
notes it in `tolerated` and goes on, unless it was made with strict=True. Independent of driver/errors.py on
purpose: the simulator shares nothing with the driver that it tests.
"""

from typing import ClassVar


class ProtocolError(Exception):
    """The host broke the protocol; the subclass says how."""

    tolerable: ClassVar[bool] = False


class ChipSelectError(ProtocolError):
    """Bytes were clocked while chip select was high, or a window began inside another one."""


class OddByteCount(ProtocolError):
    """A chip-select window held an odd number of bytes; the interface knows 16-bit words only."""


class UnknownPreamble(ProtocolError):
    """A window began with a word other than 0x6000 (command), 0x0000 (write data) or 0x1000 (read data)."""


class UnknownCommand(ProtocolError):
    """A command word that the controller does not have."""


class CommandFraming(ProtocolError):
    """A command window held no command word, or more than one word: each argument needs a data window."""


class TooFewArguments(ProtocolError):
    """The next command or a read came before the last command had all its arguments."""


class TooManyArguments(ProtocolError):
    """A data word came after the last argument that the command takes."""


class BadArgument(ProtocolError):
    """An argument with a value that the command does not have."""


class UnexpectedData(ProtocolError):
    """Pixel data without a load."""


class UnexpectedRead(ProtocolError):
    """A read although the last command has no answer."""


class LoadOverrun(ProtocolError):
    """A load carried more data than its area holds."""


class LoadNotEnded(ProtocolError):
    """Another command came before LD_IMG_END."""


class LoadNotBegun(ProtocolError):
    """LD_IMG_END without a load."""


class AreaOutsidePanel(ProtocolError):
    """The area of a load or of a display is empty or reaches over the edge of the panel."""


class AddressOutsideMemory(ProtocolError):
    """An address that leads outside the controller's memory."""


class ModeOutOfRange(ProtocolError):
    """A waveform mode that the panel's LUT table does not have."""


class UnalignedBitmap(ProtocolError):
    """A 1 bit per pixel display whose x or width is not a multiple of 32, on firmware that needs it."""


class UnalignedErase(UnalignedBitmap):
    """The same with INIT, which erases whatever the bits say. Published drivers clear the panel like this."""

    tolerable = True


class FormatChangeWhileDisplaying(ProtocolError):
    """The way image memory is read (UP1SR, BGVR, pitch) was changed while LUTAFSR was not 0."""


class VcomOutOfRange(ProtocolError):
    """A VCOM that harms the panel."""


class TalkWhileBusy(ProtocolError):
    """A window was opened while HRDY was low: the controller boots, or hangs."""


class WireClosed(ProtocolError):
    """The wire was used after close()."""


class HurriedTalk(TalkWhileBusy):
    """A window was opened in the short time in which HRDY is low after a command or a wake-up."""

    tolerable = True


class LoadWhileDisplaying(ProtocolError):
    """A load began while LUTAFSR was not 0. Some ESP32 libraries load the next picture during an update."""

    tolerable = True


class DisplayWhileDisplaying(ProtocolError):
    """A display command came while LUTAFSR was not 0. The controller carries them out one after the other."""

    tolerable = True


class PowerDownWhileDisplaying(ProtocolError):
    """STANDBY or SLEEP came while LUTAFSR was not 0. A kernel driver does this after each update."""

    tolerable = True


class ShortLoad(ProtocolError):
    """LD_IMG_END came before the area was full: an aborted load, or a 16-bit length that overflowed."""

    tolerable = True


class SurplusRows(LoadOverrun):
    """The window that filled the area carried more whole rows; the controller drops them."""

    tolerable = True


class UnpackedLoad(ProtocolError):
    """A load without I80CPCR set to 1 (packed mode), which every published driver does."""

    tolerable = True


class TalkWhileAsleep(ProtocolError):
    """Something other than SYS_RUN was sent to a controller in SLEEP, which does not hear it."""

    tolerable = True


class PowerCut(Exception):
    """The requested power cut has happened; the controller has lost everything but its flash."""
