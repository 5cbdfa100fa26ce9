"""Conversations of drivers that share nothing with ours, written by hand from their published sequences.

`say(wire, text, **pictures)`: a line is a command in hexadecimal and, behind a colon, its data, one window a
byte, as the vendor sends them, or the name of a picture, sent in windows of 4096 bytes; `reset` is a pulse on
RST, `busy` waits for BUSY. Bits of a picture are uint8[H, W].
"""

import numpy as np

from driver.simulator.uc8179 import SimulatedWire


def say(wire: SimulatedWire, text: str, **pictures: np.ndarray) -> None:
    for line in text.strip().splitlines():
        line = line.partition("#")[0].strip()
        if line == "reset":
            wire.reset()
        elif line == "busy":
            wait(wire)
        elif line:
            command, _, data = line.partition(":")
            wire.send(bytes.fromhex(command), command=True)
            data = data.strip()
            if data in pictures:
                packed = np.packbits(pictures[data], axis=1).tobytes()
                for start in range(0, len(packed), 4096):
                    wire.send(packed[start : start + 4096], command=False)
            else:
                for byte in bytes.fromhex(data):
                    wire.send([byte], command=False)


def wait(wire: SimulatedWire) -> float:
    """Seconds until BUSY is high."""
    start = wire.clock()
    while not wire.ready():
        pass
    return wire.clock() - start


# The vendor's epd7in5_V2: DDX 00, so 1 is black; OLD is the inverse; the power comes on in init.
VENDOR_INIT = """
reset
06: 17 17 28 17
01: 07 07 28 17
04
busy
71
00: 1f
61: 03 20 01 e0
15: 00
50: 10 07
60: 22
"""
VENDOR_DISPLAY = """
10: white_is_one
13: black_is_one
12
busy
71
"""
VENDOR_FAST = """
reset
00: 1f
50: 10 07
04
busy
06: 27 27 18 17
e0: 02
e5: 5a
"""
# Its partial update writes only NEW, with 1 white (DDX 01), and stays in partial mode for ever.
VENDOR_PART = """
reset
00: 1f
04
busy
e0: 02
e5: 6e
"""
VENDOR_PARTIAL = """
50: a9 07
91
90: 00 00 03 1f 00 00 01 df 01
13: white_is_one
12
busy
"""
VENDOR_SLEEP = """
50: f7
02
busy
07: a5
"""
VENDOR_GREY = """
reset
00: 1f
50: 10 07
04
busy
06: 27 27 18 17
e0: 02
e5: 5f
10: old
13: new
12
busy
"""

# GxEPD2's GDEY075T7: DDX 01, N2OCP; window writes, refreshes of the whole panel; OLD is written once.
GXEPD_INIT = """
00: 1f
01: 07 07 3f 3f 09
06: 17 17 28 17
61: 03 20 01 e0
15: 00
50: 29 07
60: 22
e3: 22
"""
GXEPD_FULL = """
e0: 02
e5: 5a
12
busy
"""
GXEPD_SLOW = """
e0: 00
41: 00
12
busy
"""
GXEPD_PART_OTP = """
e0: 02
e5: 6e
04
busy
"""
GXEPD_PART_LUT = f"""
00: 3f
82: 30
50: 39 07
20: 00 1e 05 1e 05 01 {"00" * 36}
21: 00 1e 05 1e 05 01 {"00" * 36}
22: 5a 1e 05 1e 05 01 {"00" * 36}
23: 84 1e 05 1e 05 01 {"00" * 36}
24: 00 1e 05 1e 05 01 {"00" * 36}
25: 00 1e 05 1e 05 01 {"00" * 36}
04
busy
"""
# A window of 16 x 10 pixels at (32, 5).
GXEPD_WINDOW = """
91
90: 00 20 00 2f 00 05 00 0e 01
13: window
92
90: 00 20 00 2f 00 05 00 0e 01
12
busy
"""
GXEPD_HIBERNATE = """
02
busy
07: a5
"""

# The vendor's epd5in83_V2, 648 x 480: 1 is white in both pictures, OLD the same as NEW.
NARROW_INIT = """
reset
00: 1f
04
busy
50: 21 07
"""
NARROW_DISPLAY = """
10: white_is_one
13: white_is_one
12
busy
"""
NARROW_PART = """
reset
00: 1f
e0: 02
e5: 6e
04
busy
"""
NARROW_PARTIAL = """
50: a9 07
91
90: 00 00 02 87 00 00 01 df 01
13: white_is_one
12
busy
92
"""
