"""Frame numbers and times as people write and read them."""

import pytest

from player.errors import ConfigError
from player.times import film_time, local, parse_place, span


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1", ("frame", 0)),
        ("1200", ("frame", 1199)),
        ("12.5s", ("time", 12500)),
        ("90s", ("time", 90000)),
        (".5s", ("time", 500)),
        ("4:05", ("time", 245000)),
        ("75:00", ("time", 4500000)),
        ("1:02:03", ("time", 3723000)),
        ("1:02:03.25", ("time", 3723250)),
        (" 7 ", ("frame", 6)),
    ],
)
def test_a_plain_integer_is_a_frame_and_the_rest_are_times(text, place):
    assert parse_place(text, "--start") == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1.5",
        "4:65",
        "1:70:00",
        "s",
        "1:2:3:4",
        "١٢",
        "1e3",
        "half",
        "4:",
        "9" * 13,
        "9" * 400 + "s",
        "9" * 5000 + ":00:00",
    ],
)
def test_anything_else_is_one_line(text):
    with pytest.raises(ConfigError, match=r"^--start: .* give a frame number \(1200\) or a time"):
        parse_place(text, "--start")


def test_there_is_no_frame_0():
    with pytest.raises(ConfigError, match="the first frame is 1, not 0"):
        parse_place("0", "--start")


def test_times_of_the_film_are_read_back():
    for ms in (0, 400, 12500, 59900, 245000, 3723000, 3723400, 36000000):
        text = film_time(ms)
        assert parse_place(text, "").value == ms
    assert film_time(59960) == "1:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (1, "1 second"), (200, "3 minutes 20 seconds"), (3600, "1 hour"),
     (86400 * 370, "1 year 5 days"), (86400 + 61, "1 day"), (0.2, "0 seconds"), (7260, "2 hours 1 minute")],
)  # fmt: skip
def test_spans_are_told_in_two_units(seconds, text):
    assert span(seconds) == text


def test_moments_are_told_in_the_local_time_zone(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC-5:30")
    time.tzset()
    try:
        assert local(0) == "1970-01-01 05:30:00"
    finally:
        monkeypatch.undo()
        time.tzset()
