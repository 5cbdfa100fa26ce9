"""The settings as people think of them: the texts of the form become settings. Pure.

A time from frame to frame is hours, minutes and seconds; quiet hours are pairs of times; days and the parts
of a caption are boxes to tick. What cannot be read is said beside its field; nothing is guessed or cut.
"""

import re
from collections.abc import Mapping
from typing import Any

from player.config.settings import KEYS, checked, from_text
from player.errors import ConfigError
from player.films.options import OPTIONS
from player.pictures.caption import PARTS
from player.schedule.quiet import DAYS

PIECES = {"interval_h": 3600.0, "interval_m": 60.0, "interval_s": 1.0}
"""The fields of the interval, and the seconds of their unit."""
MOST_HOURS = 4
"""Pairs of quiet hours that the form holds."""
HUMAN = (
    "interval", "finish_by", "quiet", "quiet_days", "end", "order", "caption", "rotate", "dial", "flashes",
)  # fmt: skip
"""The settings for everybody; the others are behind "Expert"."""
FIELD_OF = {
    "interval": "interval_s",
    "quiet": "quiet_from_0",
    "quiet_days": "day_mon",
    "caption": "caption_title",
}
"""Where what is wrong with a setting is said, if not at a field of its own name."""

_AMOUNT = re.compile(r"(\d{1,9}(?:[.,]\d{1,9})?)\s*([a-z]*)\.?")
_SECONDS = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1, "sek": 1, "sekunde": 1, "sekunden": 1,
    "m": 60, "min": 60, "minute": 60, "minutes": 60, "minuten": 60,
    "h": 3600, "hour": 3600, "hours": 3600, "std": 3600, "stunde": 3600, "stunden": 3600,
    "d": 86400, "day": 86400, "days": 86400, "tag": 86400, "tage": 86400,
}  # fmt: skip
_CLOCK = re.compile(r"(\d{1,2})[:.](\d\d)(?::\d\d)?")


def amount(text: str, unit: float) -> float:
    """Seconds: `5`, `0,1`, `5 min`, `1 h 30 min`; without a unit a number is of `unit`. ValueError."""
    left = text.strip().lower()
    if not left:
        return 0.0
    total = 0.0
    while left:
        found = _AMOUNT.match(left)
        if found is None or (found[2] and found[2] not in _SECONDS):
            raise ValueError(f"{text[:40]!r} is no time; write a number, or 5 min, or 1 h 30 min")
        total += float(found[1].replace(",", ".")) * (_SECONDS[found[2]] if found[2] else unit)
        rest = left[found.end() :].lstrip(" ,+")
        if not found[2] and (rest or left != text.strip().lower()):  # of several parts each needs a unit
            raise ValueError(f"{text[:40]!r} is no time; write a number, or 5 min, or 1 h 30 min")
        left = rest
    return total


def interval(texts: Mapping[str, str]) -> tuple[float, dict[str, str]]:
    """The seconds in the three fields, and what is wrong, by field."""
    seconds, wrong = 0.0, {}
    for name, unit in PIECES.items():
        try:
            seconds += amount(texts.get(name, ""), unit)
        except ValueError as error:
            wrong[name] = str(error)
    return seconds, wrong


def read(texts: Mapping[str, str], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings that a form changes, of `values` in force, and what is wrong, by field.

    A group of fields that is not in the form changes nothing: `pace`, `hours`, `days` and `captions` say that
    theirs are.
    """
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    if "pace" in texts:
        if texts["pace"] == "date":
            _take(found, wrong, "finish_by", texts.get("finish_by", "").strip() or None, "finish_by")
        else:
            seconds, bad = interval(texts)
            wrong.update(bad)
            if not bad:
                _take(found, wrong, "interval", seconds, "interval_s")
            found["finish_by"] = ""
    if "hours" in texts:
        hours = _hours(texts, wrong)
        if hours is not None:
            _take(found, wrong, "quiet", hours, "quiet_from_0")
    if "days" in texts:
        days = ",".join(day for day in DAYS if f"day_{day}" in texts)
        _take(found, wrong, "quiet_days", days, "day_mon")
    if "captions" in texts:
        found["caption"] = ",".join(part for part in PARTS if f"caption_{part}" in texts)
    for name, text in texts.items():
        if name in KEYS and name not in ("interval", "finish_by", "quiet", "quiet_days", "caption"):
            _take(found, wrong, name, text, name, from_text=True)
        elif name not in _OTHERS and name not in KEYS:
            wrong[name[:80]] = f"{name[:80]} cannot be changed here"
    changed = {name: value for name, value in found.items() if not _same(name, value, values.get(name))}
    return changed, wrong


_OTHERS = {
    "pace", "hours", "days", "captions", "finish_by", *PIECES,
    *(f"quiet_{end}_{place}" for end in ("from", "to") for place in range(MOST_HOURS)),
    *(f"day_{day}" for day in DAYS), *(f"caption_{part}" for part in PARTS),
}  # fmt: skip


def _take(
    found: dict[str, Any], wrong: dict[str, str], name: str, value: Any, field: str, from_text: bool = False
) -> None:
    """Add a setting, or what is wrong with it."""
    try:
        if value is None:
            raise ConfigError("choose a date")
        found[name] = _from_text(name, value) if from_text else checked(name, value, "this")
    except ConfigError as error:
        wrong[field] = str(error)


def _from_text(name: str, text: str) -> Any:
    """The value of an expert's setting; a decimal comma is one."""
    text = text.strip()
    if KEYS[name].kind == "number" and re.fullmatch(r"\d+,\d+", text):
        text = text.replace(",", ".")
    return from_text(name, text, "this")


def _same(name: str, value: Any, before: Any) -> bool:
    """Whether a setting stays as it was, whatever the spelling."""
    if name == "interval":
        return isinstance(before, float | int) and abs(value - before) < 0.05
    return value == before or (not value and not before and value is not False and value != 0)


def _hours(texts: Mapping[str, str], wrong: dict[str, str]) -> str | None:
    """The quiet hours; None when something is wrong."""
    pairs, good = [], True
    for place in range(MOST_HOURS):
        names = f"quiet_from_{place}", f"quiet_to_{place}"
        begin, end = (texts.get(name, "").strip() for name in names)
        if not begin and not end:
            continue
        clocks = []
        for name, text in zip(names, (begin, end), strict=True):
            found = _CLOCK.fullmatch(text)
            if found is None or int(found[1]) > 24 or int(found[2]) > 59:
                wrong[name], good = "give a time such as 22:30", False
            else:
                clocks.append(f"{int(found[1]):02}:{found[2]}")
        pairs.append("-".join(clocks))
    return ",".join(pairs) if good else None


def hours(text: str) -> list[tuple[str, str]]:
    """The pairs of times in `quiet`, and an empty one for a new pair."""
    pairs = [tuple(part.strip().split("-")) for part in text.split(",") if part.strip()]
    shown = [(_padded(begin), _padded(end)) for begin, end in pairs][:MOST_HOURS]
    return [*shown, ("", "")][:MOST_HOURS]


def _padded(clock: str) -> str:
    return clock.zfill(5).replace("24:00", "00:00")


def pieces(seconds: float) -> dict[str, str]:
    """The texts of the interval's fields."""
    whole = round(seconds, 3)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return {
        "interval_h": f"{hours:.0f}",
        "interval_m": f"{minutes:.0f}",
        "interval_s": f"{round(left, 3):.12g}",
    }


def options(texts: Mapping[str, str], elsewhere: bool = False) -> dict[str, str]:
    """The options of an export in a form; what is left as it usually is, is none. `elsewhere`: of a film of a
    computer of the house, whose usual dither is none of the choices but the best that it can make.
    """
    found = {name: texts.get(f"option_{name}", "").strip() for name in OPTIONS}
    usual = {name: next(iter(option.choices), "") for name, option in OPTIONS.items()}
    if elsewhere:
        usual["dither"] = ""
    return {name: text for name, text in found.items() if text and text != usual[name]}


def text_of(value: Any) -> str:
    """A value as a person writes it into a form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else "" if value is None else str(value)
