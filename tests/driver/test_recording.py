"""Recordings: written, read, played back, compared."""

import json
from pathlib import Path

import numpy as np
import pytest
from panel_fakes import UNUSED, script

from driver.errors import RecordingError
from driver.it8951.panel import PanelSettings, open_on
from driver.recording import Event, PlaybackWire, RecordingWire, differences, read_recording
from driver.simulator.it8951 import SimulatedWire

SETTINGS = PanelSettings(vcom=-1.5)


def dither(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (32, 96), np.uint8)


def record(path: Path, seed: int = 0, vcom: float = -1.5) -> SimulatedWire:
    """A start, a redraw and a partial update, recorded."""
    simulated = SimulatedWire(96, 32)
    wire = RecordingWire(simulated, path, simulated.clock)
    panel = open_on(wire, PanelSettings(vcom=vcom), simulated.clock, simulated.sleep)
    panel.redraw(dither(seed))
    panel.show(dither(seed + 1), slice(3, 9), UNUSED)
    wire.close()
    return simulated


def test_what_is_written(tmp_path: Path) -> None:
    record(tmp_path / "panel.jsonl")
    lines = (tmp_path / "panel.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"at": 0.0, "reset": True}
    first = json.loads(lines[1])
    assert first["sent"] == "60000001"
    assert "got" not in first
    assert first["at"] > 0.9, "RST and the boot take their time"
    assert first["polls"] > 1
    info = json.loads(lines[3])
    assert info["sent"] == "1000" + "00" * 42
    assert info["got"][:16] == "0060002024800012"
    assert [path.name for path in tmp_path.iterdir()] == ["panel.jsonl"]


def test_a_recording_plays_the_same_conversation(tmp_path: Path) -> None:
    simulated = record(tmp_path / "panel.jsonl")
    events = read_recording(tmp_path / "panel.jsonl")
    assert sum(len(event.sent) for event in events) == simulated.bytes_on_wire
    wire = PlaybackWire(events)
    panel = open_on(wire, SETTINGS, simulated.clock, simulated.sleep)
    panel.redraw(dither(0))
    with pytest.raises(RecordingError, match=r"the recording has .*, now comes the end"):
        wire.finish()
    panel.show(dither(1), slice(3, 9), UNUSED)
    wire.finish()


def test_playback_insists(tmp_path: Path) -> None:
    events = script("reset\n60000001\n60000002")
    wire = PlaybackWire(events)
    with pytest.raises(RecordingError, match="event 1: the recording has a reset, now comes 60000001"):
        wire.exchange(bytes.fromhex("60000001"))
    wire = PlaybackWire(events)
    wire.reset()
    with pytest.raises(RecordingError, match="event 2: the recording has 60000001, now comes a reset"):
        wire.reset()
    wire = PlaybackWire(events)
    wire.reset()
    assert wire.ready()
    assert wire.exchange(bytes.fromhex("60000001")) == bytes(4)
    with pytest.raises(RecordingError, match="event 3: the recording has 60000002, now comes 60000003"):
        wire.exchange(bytes.fromhex("60000003"))
    with pytest.raises(RecordingError, match="the recording has the end"):
        wire.reset()
    wire.close()


def test_the_part_file_holds_what_was_said_before_a_crash(tmp_path: Path) -> None:
    simulated = SimulatedWire(96, 32)
    wire = RecordingWire(simulated, tmp_path / "panel.jsonl", simulated.clock)
    open_on(wire, SETTINGS, simulated.clock, simulated.sleep)
    assert [path.name for path in tmp_path.iterdir()] == ["panel.jsonl.part"]
    wire.close()
    wire.close()
    assert [path.name for path in tmp_path.iterdir()] == ["panel.jsonl"]
    assert len(read_recording(tmp_path / "panel.jsonl")) > 10


def test_same_conversations_do_not_differ(tmp_path: Path) -> None:
    """Though the engine was asked another number of times."""
    record(tmp_path / "a")
    ours = read_recording(tmp_path / "a")
    waiting = [event.sent.hex() for event in ours].index("00001224")
    question = [event._replace(got=b"") for event in ours[waiting - 1 : waiting + 2]]
    rest = [event._replace(at=0.0, polls=9) for event in ours[waiting - 1 :]]
    theirs = ours[: waiting - 1] + question * 5 + rest
    assert list(differences(ours, theirs)) == []
    assert list(differences(theirs, ours)) == []
    assert list(differences(ours, ours[: waiting - 1] + ours[waiting + 2 :])), "never asked is a difference"


def test_differences_are_named(tmp_path: Path) -> None:
    record(tmp_path / "a")
    record(tmp_path / "b", seed=5, vcom=-2.0)
    found = list(differences(read_recording(tmp_path / "a"), read_recording(tmp_path / "b")))
    assert found[0].endswith("000005dc here, 000007d0 there")
    assert "-> 05dc here" in found[1]
    assert "CRC-32" in found[2], "long image data is told apart by more than its beginning"
    assert len(found) == 4
    lengths = [Event(bytes(200) + tail) for tail in (b"ab", b"ac")]
    assert len(list(differences(lengths[:1], lengths[1:]))) == 1
    events = script("60000001")
    assert list(differences(events, [])) == ["event 1: 60000001 here, the end there"]
    assert list(differences(script("reset"), events)) == ["event 1: a reset here, 60000001 there"]


@pytest.mark.parametrize(
    "text",
    [
        '{"at": 1.0}',
        "no json",
        "[1]",
        "3",
        '{"at": 1.0, "sent": "6"}',
        '{"sent": "6000"}',
        '{"at": "x", "sent": "6000"}',
    ],
)
def test_a_line_that_is_no_event(text: str, tmp_path: Path) -> None:
    (tmp_path / "panel.jsonl").write_text('{"at": 0.0, "reset": true}\n' + text + "\n")
    with pytest.raises(RecordingError, match=r"line 2 of .* is not a recorded event"):
        read_recording(tmp_path / "panel.jsonl")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot read .*No such file"):
        read_recording(tmp_path / "none")
    (tmp_path / "film").write_bytes(bytes(range(256)))
    with pytest.raises(RecordingError, match="is not a recording"):
        read_recording(tmp_path / "film")
    with pytest.raises(RecordingError, match=r"cannot read .*directory"):
        read_recording(tmp_path)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    simulated = SimulatedWire(96, 32)
    with pytest.raises(RecordingError, match=r"cannot write .*No such file"):
        RecordingWire(simulated, tmp_path / "none" / "panel.jsonl", simulated.clock)


def test_a_full_disk(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "panel.jsonl.part").symlink_to("/dev/full")
    simulated = SimulatedWire(96, 32)
    wire = RecordingWire(simulated, tmp_path / "panel.jsonl", simulated.clock)
    with pytest.raises(RecordingError, match="No space left"):
        wire.exchange(bytes.fromhex("60000001"))
    wire.close()
    assert not (tmp_path / "panel.jsonl").exists()


def test_an_event_knows_a_reset() -> None:
    assert Event(b"").is_reset
    assert not Event(b"\x60\x00").is_reset
