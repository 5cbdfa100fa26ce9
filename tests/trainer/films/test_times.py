"""Places in a film, as typed and as printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import OptionError
from trainer.films.times import FilmTime, FrameNumber, format_time, parse_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0", FrameNumber(0)),
        ("250", FrameNumber(250)),
        (" 7 ", FrameNumber(7)),
        ("0s", FilmTime(0)),
        ("12.5s", FilmTime(12_500)),
        ("90s", FilmTime(90_000)),
        ("0.0415s", FilmTime(42)),
        ("4:05", FilmTime(245_000)),
        ("4:05.25", FilmTime(245_250)),
        ("90:00", FilmTime(5_400_000)),
        ("1:02:03", FilmTime(3_723_000)),
        ("01:02:03.004", FilmTime(3_723_004)),
    ],
)
def test_parse(text: str, place: object) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "-1s",
        "1.5",
        "12.s",
        ".5s",
        "4:5",
        "4:60",
        "1:60:00",
        "1:2:3",
        "1:00:60",
        "s",
        "1m",
        "١٢",
        "1e3s",
    ],
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(OptionError, match="write a frame number") as caught:
        parse_place(text)
    assert "\n" not in str(caught.value)


def test_format() -> None:
    printed = [format_time(ms) for ms in (0, 40, 12_500, 59_999, 60_000, 245_250, 3_600_000, 3_723_004)]
    assert printed == ["0s", "0.04s", "12.5s", "59.999s", "1:00", "4:05.25", "1:00:00", "1:02:03.004"]
    assert str(FrameNumber(12)) == "12"


@given(st.integers(0, 10**9))
def test_what_is_printed_can_be_typed(value: int) -> None:
    assert parse_place(str(FilmTime(value))) == FilmTime(value)
    assert parse_place(str(FrameNumber(value))) == FrameNumber(value)


def test_reached() -> None:
    assert [FrameNumber(5).reached(n, 0) for n in (4, 5, 6)] == [False, True, True]
    assert [FilmTime(80).reached(0, ms) for ms in (79, 80, 81)] == [False, True, True]
