"""What the page says, in the reader's language.

English texts are the keys: a catalogue, `assets/de.txt`, holds the same in another language. A key may have
gaps, `{}`, which match the varying parts of a sentence, so that the sentences of other modules (a setting
that is refused) need no change. What a catalogue lacks stays English. A new language is a new file, and a
line in LANGUAGES and _MONTHS.
"""

import datetime
import functools
import re
import time
from collections.abc import Mapping
from pathlib import Path

from player.times import span

LANGUAGES = {"en": "English", "de": "Deutsch"}
_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Jan. Febr. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
}
_UNITS = {"year": "Jahr", "day": "Tag", "hour": "Stunde", "minute": "Minute", "second": "Sekunde"}
_LONGEST = 500  # letters of a sentence that is compared with patterns
_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})*(?:\.\d+)?|-?\d+(?:\.\d+)?", re.ASCII)
_SHORT = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def language_of(accepted: str, chosen: str = "") -> str:
    """The language for a reader: the one `chosen`, else the first known in an Accept-Language header."""
    if chosen in LANGUAGES:
        return chosen
    wanted = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, weight = part.partition(";")
        found = re.fullmatch(r"\s*q=(\d(?:\.\d{1,3})?)\s*", weight)
        wanted.append((-float(found[1]) if found else -1.0, place, tag.strip().lower().partition("-")[0]))
    return next((tag for _, _, tag in sorted(wanted) if tag in LANGUAGES), "en")


class Words:
    """Texts, numbers and moments in one of LANGUAGES."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: str, *gaps: object) -> str:
        """A text in this language; `gaps` fill its `{}`."""
        found = _catalogue(self.language).get(text)
        if found is None:
            found = text if gaps else _sentence(self.language, text)
        return found.format(*gaps) if gaps else found

    def number(self, value: float, digits: int = 0) -> str:
        """1,234.5 or 1.234,5."""
        text = f"{value:,.{digits}f}"
        return text if self.language == "en" else text.translate(str.maketrans(",.", ".,"))

    def percent(self, share: float) -> str:
        """0.1234 as 12.3 %; one that is not 0 is not shown as 0."""
        return self.number(100 * share, 1 if share < 0.9995 else 0) + "\N{NO-BREAK SPACE}%"

    def size(self, many: float) -> str:
        """Bytes as MB or GB."""
        number, unit = (many / 1e9, "GB") if many >= 1e9 else (many / 1e6, "MB")
        return f"{self.number(number, 1)}\N{NO-BREAK SPACE}{unit}"

    def every(self, seconds: float) -> str:
        """The time from frame to frame, exactly: 3 min 20 s."""
        left, parts = round(seconds, 1), []
        for size, unit in _SHORT[:-1]:
            count, left = divmod(left, size)
            if count:
                parts.append(f"{count:.0f} {unit}")
        if left or not parts:
            parts.append(f"{self.number(left, 0 if left == int(left) else 1)} s")
        return " ".join(parts)

    def span(self, seconds: float, parts: int = 2) -> str:
        """A duration in words: 3 days 4 hours."""
        words = " ".join(span(seconds).split(" ")[: 2 * parts])
        return words if self.language == "en" else re.sub(r"(\d+) (\w+)", _german_unit, words)

    def date(self, unix: float) -> str:
        """27 Nov 2027."""
        return self.day(datetime.date(*time.localtime(unix)[:3]))

    def day(self, day: datetime.date) -> str:
        """27 Nov 2027."""
        month = _MONTHS[self.language].split(" ")[day.month - 1]
        return f"{day.day}{'.' if self.language == 'de' else ''} {month} {day.year}"

    def moment(self, unix: float, now: float) -> str:
        """14:05 today, else with the date in front."""
        clock = time.strftime("%H:%M", time.localtime(unix))
        same = time.localtime(unix)[:3] == time.localtime(now)[:3]
        return clock if same else f"{self.date(unix)}, {clock}"

    def away(self, unix: float, now: float, parts: int = 2) -> str:
        """in 3 minutes, 2 hours ago, now; beyond an hour in so many `parts`."""
        seconds = unix - now
        if abs(seconds) < 1:
            return self("now")
        text = self.span(abs(seconds), parts if abs(seconds) > 3600 else 1)
        if self.language == "de":  # the dative
            text = text.replace("Jahre", "Jahren").replace("Tage", "Tagen")
        return self("in {}", text) if seconds > 0 else self("{} ago", text)


def _german_unit(found: re.Match[str]) -> str:
    unit = _UNITS[found[2].removesuffix("s")]
    return f"{found[1]} {unit if found[1] == '1' else unit + ('n' if unit.endswith('e') else 'e')}"


@functools.cache
def _catalogue(language: str) -> Mapping[str, str]:
    """The texts of a language by the English ones."""
    if language == "en":
        return {}
    text = (Path(__file__).parent / "assets" / f"{language}.txt").read_text(encoding="utf-8")
    entries = (entry.strip().split("\n") for entry in text.split("\n\n"))
    return {entry[0]: entry[1] for entry in entries if len(entry) == 2}


@functools.cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """The keys with gaps, as patterns; those with most letters first."""
    gapped = [(key, text) for key, text in _catalogue(language).items() if "{}" in key]
    gapped.sort(key=lambda pair: -len(pair[0]))
    return [(re.compile(re.escape(key).replace(r"\{\}", "(.*?)"), re.DOTALL), text) for key, text in gapped]


def _sentence(language: str, text: str, of_numbers: bool = False) -> str:
    """A whole sentence with gaps that are filled already; what is in the gaps is translated, too.

    `of_numbers`: only one whose gaps hold nothing else, as names may look like a sentence.
    """
    for pattern, template in _patterns(language) if len(text) <= _LONGEST else ():
        found = pattern.fullmatch(text)
        if found and not (of_numbers and not all(map(_NUMBER.fullmatch, found.groups()))):
            return template.format(*(_in_gap(language, gap) for gap in found.groups()))
    return text


def _in_gap(language: str, text: str) -> str:
    if _NUMBER.fullmatch(text):
        return text.translate(str.maketrans(",.", ".,"))
    return _catalogue(language).get(text) or _sentence(language, text, of_numbers=True)
