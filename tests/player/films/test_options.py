"""The options of an export: each is what `trainer export` takes, and nothing else gets through."""

import pytest

from player.errors import ConfigError
from player.films.options import OPTIONS, checked, flags
from trainer.__main__ import parser

GOOD = {
    "wait": "yes",
    "title": "Metropolis",
    "subtitles": "film:de",
    "start": "1:30",
    "end": "250",
    "levels": "0.1,0.8",
    "dial": "0.5",
    "trim_bars": "yes",
    "skip_black": "yes",
    "every": "2",
    "brightness": "-0.5",
    "contrast": "1.5",
    "gamma": "1.2",
}


def test_every_option_is_one_of_trainer_export():
    given = {name: GOOD.get(name) or option.choices[-1] for name, option in OPTIONS.items()}
    args = parser("export").parse_args(["export", *flags(checked(given)), "--", "film.mp4", "film.reel"])
    assert vars(args)["title"] == "Metropolis"
    for name, value in given.items():
        if OPTIONS[name].flag is not None:
            found = vars(args)[name]
            if name == "end":  # people count frames from 1, the trainer from 0
                assert (value, found) == ("250", "249")
            else:
                assert found in (value, True) or found == float(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", ""),
        ("title", "a\nb"),
        ("title", "x" * 201),
        ("subtitles", "/etc/passwd"),
        ("subtitles", "film:../x"),
        ("start", "later"),
        ("fit", "wide"),
        ("levels", "0.8,0.1"),
        ("levels", "nan,1"),
        ("dial", "1.5"),
        ("dial", "nan"),
        ("dial", "1e-1"),
        ("every", "0"),
        ("trim_bars", "no"),
        ("play", "later"),
        ("reel", "film.reel"),
        ("overwrite", "yes"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(name, value):
    with pytest.raises(ConfigError) as raised:
        checked({name: value})
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_value_never_becomes_an_option():
    assert flags(checked({"title": "--overwrite"})) == ["--title=--overwrite"]


def test_what_is_for_the_player_is_not_told_to_the_trainer():
    assert flags(checked({"play": "now", "fit": "letterbox"})) == ["--fit=letterbox"]
