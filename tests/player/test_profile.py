"""The panel profile: what is written is read, and what is no profile is refused in one line."""

from dataclasses import replace
from datetime import date

import pytest

from player.errors import FileError
from player.profile import Profile, ProfileError, read_profile

PROFILE = Profile(
    "waveshare-6-hd", (1448, 1072), date(2026, 1, 31), 0.0831, 0.004, 0.01, 0.002, 0.12,
    ((0.0, 0.0), (0.5, 0.42), (1.0, 1.0)), 15.0,
)  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "panel.toml"
    path.write_text(PROFILE.as_toml())
    assert read_profile(path) == PROFILE


def test_no_dot_gain_is_written_without_a_sign():
    assert "\ndot_gain = 0.000 " in replace(PROFILE, dot_gain=-0.0001).as_toml()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ghost = 0.0831", "ghost = 0.4", "ghost must be a number from 0 to 0.3"),
        ("ghost = 0.0831", 'ghost = "small"', "ghost must be"),
        ("ghost = 0.0831", "", "ghost must be"),
        ("ghost = 0.0831", "ghost = nan", "ghost must be"),
        ("size = [1448, 1072]", "size = [1448]", "size must be"),
        ("2026-01-31", '"today"', "measured must be"),
        ("[0.5000, 0.4200]", "[0.5, 1.2]", "tones must rise"),
        ("[1.0000, 1.0000]", "[1.0]", "tones must be pairs"),
        ("dot_gain", "dot_loss", "dot_loss is not known"),
        ("panel = ", "panel == ", "is not TOML"),
    ],
)
def test_what_is_no_profile_is_one_line(tmp_path, old, new, says):
    text = PROFILE.as_toml()
    assert old in text
    path = tmp_path / "panel.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(ProfileError, match=says) as error:
        read_profile(path)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_no_text_is_one_line(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        read_profile(tmp_path / "panel.toml")
    (tmp_path / "photo.jpg").write_bytes(bytes(range(256)) * 600)
    with pytest.raises(ProfileError, match="is not TOML"):
        read_profile(tmp_path / "photo.jpg")
