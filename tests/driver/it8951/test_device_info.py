"""Device info and waveform numbers, from words written out by hand."""

import pytest

from driver.errors import WiringError
from driver.it8951.device_info import a2_mode, column_group, parse, partial_mode

# "M641": M is 4D, 6 is 36, 4 is 34, 1 is 31; the first character of a pair lies in the low byte.
M641 = [0x364D, 0x3134, 0, 0, 0, 0, 0, 0]
SW_V1 = [0x5753, 0x765F, 0x0031, 0, 0, 0, 0, 0]  # "SW_v1"
# "M841_TFAB512"
TFAB = [0x384D, 0x3134, 0x545F, 0x4146, 0x3542, 0x3231, 0, 0]
HD = [1448, 1072, 0x36E0, 0x0011]


def test_everything_is_read() -> None:
    info = parse(HD + SW_V1 + M641)
    assert info == (1448, 1072, 0x001136E0, "SW_v1", "M641")


def test_a_long_lut_name() -> None:
    assert parse(HD + SW_V1 + TFAB).lut == "M841_TFAB512"


def test_what_lies_behind_the_end_of_a_name_does_not_count() -> None:
    """A published dump of an 800x600 board: "M641", NUL, "T"; other boards leave other rubbish."""
    dump = [0x364D, 0x3134, 0x5400, 0xC9B2, 0x0A07, 0xFFFF, 0, 0x0041]
    assert parse([800, 600, 0x36E0, 0x0011, *SW_V1[:3], 0xFFFE, 0xC9B2, 0, 7, 0, *dump])[3:] == (
        "SW_v1",
        "M641",
    )


@pytest.mark.parametrize("word", [0x0000, 0xFFFF])
def test_an_open_wire(word: int) -> None:
    with pytest.raises(WiringError, match=f"all {word:04X}.*switch"):
        parse([word] * 20)


@pytest.mark.parametrize(
    "words",
    [
        [0, 1072, 0x36E0, 0x0011, *SW_V1, *M641],
        [1448, 0xFFFF, 0x36E0, 0x0011, *SW_V1, *M641],
        [1447, 1072, 0x36E0, 0x0011, *SW_V1, *M641],
        [1448, 1072, 0x36E0, 0x0011, *SW_V1, 0xC9B2, *M641[1:]],
        [1448, 1072, 0x36E0, 0x0011, 0x0107, *SW_V1[1:], *M641],
    ],
)
def test_garbage(words: list[int]) -> None:
    with pytest.raises(WiringError, match="garbage"):
        parse(words)


@pytest.mark.parametrize(
    ("lut", "number"),
    [
        ("M641", 4),
        ("6M14", 4),
        ("M841", 6),
        ("8M14", 6),
        ("M841_TFAB512", 6),
        ("8M14T_AF5B21", 6),
        ("M841_TFA2812", 6),
        ("M841_TFA5210", 6),
        ("M641_TDE90T72C", None),  # of a 9.7 inch panel; nobody has published its A2
        ("", None),
        ("M", None),
        ("V320", None),
    ],
)
def test_a2_by_lut(lut: str, number: int | None) -> None:
    assert a2_mode(lut) == number


@pytest.mark.parametrize(
    ("lut", "group"),
    [
        ("M641", 32),
        ("6M14", 32),
        ("M841_TFAB512", 32),
        ("8M14T_AF5B21", 32),
        ("M641_TDE90T72C", 32),
        ("M841", 16),
        ("M841_TFA2812", 16),
        ("M841_TFA5210", 16),
        ("V320", 16),
    ],
)
def test_columns_by_lut(lut: str, group: int) -> None:
    assert column_group(lut) == group


@pytest.mark.parametrize(
    ("waveform", "lut", "setting", "number"),
    [
        ("DU", "M641", None, 1),
        ("DU", "M841", 5, 1),
        ("A2", "M641", None, 4),
        ("A2", "M841", None, 6),
        ("A2", "M641", 6, 6),
        ("A2", "M641", 0, 0),
        ("A2", "V320", None, 1),  # unknown: DU is the same everywhere
        ("A2", "V320", 4, 4),
    ],
)
def test_partial_modes(waveform: str, lut: str, setting: int | None, number: int) -> None:
    assert partial_mode(waveform, lut, setting) == number
