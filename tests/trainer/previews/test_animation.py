"""The GIF and the video: every panel of every picture, the flash of a redraw, how long each stands."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.trainer.previews.preview_cases import (
    COUNT,
    LABELS,
    REDRAWS,
    comparison,
    made_dithers,
    seen_on_glass,
    view,
)
from trainer.errors import OptionError, TrainerError
from trainer.previews import animation
from trainer.previews.animation import HEAD, _check, animate, canvas_size, gif, left_of, mp4


def expected_pictures(glass: bool = True) -> list[tuple[dict[str, np.ndarray], float]]:
    """What each panel shows in each picture, by label, and for how many seconds."""
    made, moments = made_dithers(), list(comparison())
    actions = {label: [moment.shown[label].score.action for moment in moments] for label in LABELS}
    seen = {label: seen_on_glass(made[label], actions[label]) if glass else [d * 255 for d in made[label]]
            for label in LABELS}  # fmt: skip
    pictures: list[tuple[dict[str, np.ndarray], float]] = []
    for frame in range(COUNT):
        if glass and frame in REDRAWS:
            negative = {label: np.where(made[label][frame], 32, 224)[9:39, 21:61] for label in LABELS}
            pictures.append((negative, 0.15))
        pictures.append(({label: seen[label][frame][9:39, 21:61] for label in LABELS}, 0.125))
    return pictures


def panel(picture: np.ndarray, number: int) -> np.ndarray:
    left = left_of(number, view())
    return picture[HEAD : HEAD + 30, left : left + 40]


@pytest.mark.parametrize("glass", [True, False])
def test_the_gif_keeps_every_pixel(glass):
    image = Image.open(io.BytesIO(gif(comparison(), view(glass))))
    expected = expected_pictures(glass)
    assert image.n_frames == len(expected) == (COUNT + len(REDRAWS) if glass else COUNT)
    assert image.info["loop"] == 0
    for number, (panels, seconds) in enumerate(expected):
        image.seek(number)
        picture = np.asarray(image.convert("L"))
        for place, label in enumerate(LABELS):
            np.testing.assert_array_equal(panel(picture, place), panels[label])
        assert image.info["duration"] == pytest.approx(1000 * seconds, abs=5)


def test_at_a_redraw_every_panel_flashes_between_two_frames():
    """The second redraw is at frame 20, after the flash of the first."""
    before, flashing, after = expected_pictures()[20:23]
    assert [seconds for _, seconds in (before, flashing, after)] == [0.125, 0.15, 0.125]
    pictures = [np.asarray(picture.image) for picture in animate(comparison(), view())][20:23]
    for picture, (panels, _) in zip(pictures, (before, flashing, after), strict=True):
        np.testing.assert_array_equal(panel(picture, 0), panels["lively"])
        np.testing.assert_array_equal(panel(picture, 1), panels["calm:0.5"])


def test_every_panel_has_its_name():
    """Ink in the line of the names above each panel, and not between them."""
    first = np.asarray(next(animate(comparison(), view())).image)
    for place in range(len(LABELS)):
        name = first[8:24, left_of(place, view()) : left_of(place, view()) + 40]
        assert name.min() < 60
    assert first[:HEAD, left_of(0, view()) + 40 : left_of(1, view())].min() > 200


def test_a_gif_that_would_not_fit_is_refused(monkeypatch):
    width, height = canvas_size(comparison(), view())
    monkeypatch.setattr(animation, "GIF_LIMIT", 5 * width * height)
    with pytest.raises(OptionError, match=r"more than 5 of these .* --count"):
        gif(comparison(), view())


@pytest.mark.parametrize("fps", [8, 24, 5])
def test_the_video_keeps_every_pixel_on_its_side_of_grey(tmp_path, fps):
    path = tmp_path / "a.mp4"
    path.write_bytes(mp4(comparison(), view(fps=fps)))
    video = cv2.VideoCapture(str(path))
    rate = video.get(cv2.CAP_PROP_FPS)
    assert rate >= 16
    assert rate % fps == 0
    code = int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    assert code in (b"vp09", b"VP90")
    for panels, seconds in expected_pictures():
        flash = seconds == 0.15
        for _ in range(max(1, round(0.15 * rate)) if flash else round(rate / fps)):
            there, picture = video.read()
            assert there
            assert picture.shape[:2] == canvas_size(comparison(), view())[::-1]
            for place, label in enumerate(LABELS):
                shown = panel(picture[..., 0], place).astype(int)
                assert ((shown >= 128) == (panels[label] >= 128)).all()
                assert np.abs(shown - panels[label]).mean() < 12
    assert not video.read()[0]
    video.release()


def test_pictures_of_a_video_have_even_sides():
    assert all(side % 2 == 0 for side in canvas_size(comparison(), view()))


def test_a_video_that_cannot_be_written_says_so(monkeypatch):
    monkeypatch.setattr("trainer.previews.animation.VIDEO_CODEC", "none")
    with pytest.raises(TrainerError, match=r"cannot encode VP9.* \.gif"):
        mp4(comparison(), view())


def test_a_video_that_was_cut_off_is_noticed(tmp_path):
    whole = mp4(comparison(), view())
    path = tmp_path / "short.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainerError, match=f"only 0 of 50 .* free space in {tmp_path.parent}"):
        _check(path, 50)
    path.write_bytes(whole)
    with pytest.raises(TrainerError, match="of 1000 pictures"):
        _check(path, 1000)


def test_no_room_for_a_temporary_file_is_one_line(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    with pytest.raises(TrainerError, match="TMPDIR"):
        mp4(comparison(), view())
