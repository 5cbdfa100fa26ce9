"""What the simulated controller says of itself and its supply: device info, VCOM, temperature."""

from driver.simulator import errors, tables
from driver.simulator.faults import Faults


def in_words(*words: int) -> bytes:
    """16-bit words, most significant byte first."""
    return b"".join(word.to_bytes(2, "big") for word in words)


def device_info(hardware: tables.Hardware, faults: Faults) -> bytes:
    """The 20 words of GET_DEV_INFO. In each word of a string the first character is in the low byte."""
    match faults.info:
        case "zeros":
            return bytes(40)
        case "ones":
            return b"\xff" * 40
        case "garbage":
            return bytes((index * 73 + 41) % 256 for index in range(40))
    address = hardware.address
    words = [hardware.width, hardware.height, address & 0xFFFF, address >> 16]
    for text in (tables.FIRMWARE, hardware.lut):
        letters = text.encode("ascii").ljust(16, b"\0")
        words += [letters[index] | letters[index + 1] << 8 for index in range(0, 16, 2)]
    return in_words(*words)


class Supply:
    """VCOM (as a magnitude in mV) and temperature (degrees Celsius). `vcom` is what the flash holds."""

    def __init__(self, vcom: int, faults: Faults) -> None:
        self._stored_vcom = vcom
        self._faults = faults
        self.restart()

    def restart(self) -> None:
        """Whatever is not in the flash is lost."""
        self._vcom = self._stored_vcom
        self._forced_temperature = tables.ROOM_TEMPERATURE

    def vcom(self, action: int, millivolts: int = 0) -> bytes | None:
        """0 reads (and answers), 1 sets until the next reset, 2 stores in the flash as well."""
        if action == 0:
            readback = self._faults.vcom_readback
            return in_words(self._vcom if readback is None else readback)
        if action > 2:
            raise errors.BadArgument(f"VCOM 0x{action:04X}: 0 reads, 1 sets, 2 stores")
        if not tables.VCOM_LOWEST <= millivolts <= tables.VCOM_HIGHEST:
            raise errors.VcomOutOfRange(
                f"VCOM of -{millivolts} mV; panels take -{tables.VCOM_LOWEST} to -{tables.VCOM_HIGHEST} mV"
            )
        self._vcom = millivolts
        if action == 2:
            self._stored_vcom = millivolts
        return None

    def temperature(self, action: int, degrees: int = 0) -> bytes | None:
        """0 reads the real and the forced temperature, 1 forces one."""
        if action == 0:
            return in_words(tables.ROOM_TEMPERATURE, self._forced_temperature)
        if action > 1:
            raise errors.BadArgument(f"TEMPERATURE 0x{action:04X}: 0 reads, 1 forces")
        self._forced_temperature = degrees
        return None
