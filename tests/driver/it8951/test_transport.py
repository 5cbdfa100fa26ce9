"""Words: preambles, the dummy word, chunks, and the bounded wait for HRDY."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panel_fakes import BusyWire, FakeClock

from driver.errors import BusyTimeout, DriverError, SettingsError
from driver.it8951.transport import Words


def words_on(wire: BusyWire, bufsiz: int = 4096) -> Words:
    return Words(wire, bufsiz=bufsiz, ready_timeout=5.0, clock=wire.clock, sleep=wire.clock.sleep)


def test_every_argument_has_its_own_window() -> None:
    wire = BusyWire(FakeClock())
    words_on(wire).command(0x0011, 0x1250, 0x00F0)
    assert [window.hex() for window in wire.windows] == ["60000011", "00001250", "000000f0"]


def test_a_read_skips_one_dummy_word() -> None:
    wire = BusyWire(FakeClock(), answers=[[0x0102, 0xFFFE]])
    assert words_on(wire).read(2) == [0x0102, 0xFFFE]
    assert [window.hex() for window in wire.windows] == ["1000000000000000"]


@pytest.mark.parametrize(
    ("bufsiz", "lengths"),
    [
        (4096, [4096, 4096, 1814]),
        (4097, [4096, 4096, 1814]),  # odd: one byte stays unused, no word is torn
        (64, [64] * 161 + [20]),
        (8192, [8192, 1812]),
        (65535, [10002]),
        (1 << 20, [10002]),
    ],
)
def test_windows_of_10000_bytes(bufsiz: int, lengths: list[int]) -> None:
    wire = BusyWire(FakeClock())
    words_on(wire, bufsiz).write(memoryview(bytes(10000)))
    assert [len(window) for window in wire.windows] == lengths


def test_py_spidev_cuts_at_65535() -> None:
    wire = BusyWire(FakeClock())
    words_on(wire, 1 << 20).write(memoryview(bytes(100_000)))
    assert [len(window) for window in wire.windows] == [65534, 34470]


@given(st.binary(min_size=2, max_size=300).filter(lambda data: len(data) % 2 == 0), st.integers(4, 200))
def test_chunks_join_to_the_data(data: bytes, bufsiz: int) -> None:
    wire = BusyWire(FakeClock())
    words_on(wire, bufsiz).write(memoryview(data))
    assert b"".join(window[2:] for window in wire.windows) == data
    for window in wire.windows:
        assert window[:2] == b"\x00\x00"
        assert len(window) <= bufsiz
        assert len(window) % 2 == 0


def test_no_room_for_a_word() -> None:
    with pytest.raises(SettingsError, match=r"3 bytes \(bufsiz\).*cmdline.txt"):
        words_on(BusyWire(FakeClock()), 3)


def test_waits_while_busy() -> None:
    clock = FakeClock()
    wire = BusyWire(clock, ready_at=clock.now + 4.9)
    words_on(wire).command(1)
    assert len(wire.windows) == 1
    assert clock.now == pytest.approx(1004.9, abs=0.01)


def test_gives_up_after_the_timeout() -> None:
    clock = FakeClock()
    wire = BusyWire(clock, ready_at=float("inf"))
    with pytest.raises(BusyTimeout, match=r"5\.0 s.*switch") as caught:
        words_on(wire).command(1)
    assert clock.now == pytest.approx(1005.0, abs=0.01)
    assert wire.windows == []
    assert isinstance(caught.value, DriverError)
    assert isinstance(caught.value, TimeoutError)


def test_reset_waits_too() -> None:
    clock = FakeClock()
    with pytest.raises(BusyTimeout):
        words_on(BusyWire(clock, ready_at=float("inf"))).reset()


@pytest.mark.parametrize("call", ["read", "write"])
def test_every_window_is_bounded(call: str) -> None:
    words = words_on(BusyWire(FakeClock(), ready_at=float("inf")))
    with pytest.raises(BusyTimeout):
        words.read(1) if call == "read" else words.write(memoryview(b"ab"))
