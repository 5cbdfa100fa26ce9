"""The page in a real browser: what its canvases show, pixel for pixel, whatever the way there."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.chromium import Chromium, executable
from tests.trainer.evaluate.evaluate_cases import select
from tests.trainer.previews.preview_browser import (
    NASTY,
    assert_shows,
    assert_shows_changes,
    at,
    canvas,
    corner,
    enlarged,
    glass_of,
    inside,
    opened,
    text,
)
from tests.trainer.previews.preview_cases import (
    COUNT,
    HEIGHT,
    LABELS,
    REDRAWS,
    WIDTH,
    comparison,
    made_dithers,
    selected_frames,
    view,
)
from trainer.dithers.mask import Mask
from trainer.evaluate.score import Comparison
from trainer.films.stretches import Stretch
from trainer.previews.animation import mp4
from trainer.previews.page import page as page_of
from trainer.previews.view import View, parse_crop


def test_it_opens_from_disk_with_all_dithers_side_by_side(shown, moments):
    assert text(shown, "h1") == NASTY
    assert shown.evaluate("document.title") == f"{NASTY} · longtake preview"
    for number, label in enumerate(LABELS):
        assert_shows(shown, glass_of(moments, label)[0], number)
    assert shown.evaluate("[...document.querySelectorAll('.panel .name')].map((e) => e.textContent)") == list(
        LABELS
    )
    assert shown.complaints() == []
    assert shown.evaluate("performance.getEntriesByType('resource').length") == 0


def test_the_glass_is_right_wherever_one_jumps(shown, moments):
    """Forth and back, over the redraw and not: the same pixels as by going there frame by frame."""
    glass = {label: glass_of(moments, label) for label in LABELS}
    assert 48 in glass["lively"][19]
    assert 48 not in glass["lively"][20]
    frame = 0
    for key, frame in (("ArrowRight", 1), ("ArrowRight", 2), ("PageDown", 12), ("ArrowLeft", 11), ("End", 25),
                       ("ArrowLeft", 24), ("PageUp", 14), ("Home", 0), ("PageDown", 10)):  # fmt: skip
        shown.press(key)
        at(shown, frame)
        for number, label in enumerate(LABELS):
            assert_shows(shown, glass[label][frame], number)
    assert shown.evaluate("document.querySelector('#frame').value") == str(frame)


def test_digits_choose_a_dither_and_letters_what_is_drawn_of_it(shown, moments):
    dithers = made_dithers()["calm:0.5"]
    shown.press("End")
    at(shown, 25)
    shown.press("2")
    shown.wait("document.querySelectorAll('.view canvas').length === 1")
    at(shown, 25)
    assert text(shown, ".panel .name") == "calm:0.5"
    assert shown.evaluate("[...document.querySelectorAll('.choice')].map((e) => e.ariaPressed)") == [
        "false", "false", "true", "false"]  # fmt: skip
    ghosted = glass_of(moments, "calm:0.5")[25]
    assert 48 in ghosted
    assert_shows(shown, ghosted)
    shown.press("g")
    assert_shows(shown, dithers[25] * 255)
    assert shown.evaluate("document.querySelector('#glass').ariaPressed") == "false"
    shown.press("c")
    assert_shows_changes(shown, dithers[24], dithers[25])
    shown.press("c")
    shown.press("g")
    assert_shows(shown, ghosted)
    shown.press("a")
    shown.wait("document.querySelectorAll('.view canvas').length === 2")


def test_what_changed_is_right_wherever_one_jumps(shown):
    dithers = made_dithers()["lively"]
    shown.press("1")
    shown.press("c")
    for key, frame in (("PageDown", 10), ("ArrowLeft", 9), ("ArrowRight", 10), ("n", 20), ("End", 25),
                       ("p", 20), ("ArrowLeft", 19), ("Home", 0)):  # fmt: skip
        shown.press(key)
        at(shown, frame)
        before = frame if frame in (0, *REDRAWS) else frame - 1
        assert_shows_changes(shown, dithers[before], dithers[frame])


def test_the_frame_itself_can_be_seen(shown):
    shown.press("0")
    shown.wait("document.querySelector('.panel .name').textContent.includes('frame')")
    expected = enlarged(shown, np.rint(selected_frames()[0].frame * 255).astype(np.uint8))
    pixels = inside(shown, canvas(shown))[..., 0].astype(int)
    assert np.abs(pixels - expected[: pixels.shape[0], : pixels.shape[1]]).mean() < 5


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_redraw_flashes_unless_motion_is_to_be_reduced(browser, file, moments, motion):
    page = opened(browser, file, 1300, 900, prefers_reduced_motion=motion)
    for key, frame in (("PageDown", 10), ("ArrowLeft", 9), ("PageDown", 19)):
        page.press(key)
        at(page, frame)
    page.evaluate("""
        window.seen = new Set();
        window.look = setInterval(() => seen.add(document.querySelector('.view canvas').toDataURL()), 5);
    """)
    page.press("ArrowRight")
    at(page, 20)
    looks = page.evaluate("clearInterval(look); [...seen]")
    assert "redraw" in text(page, ".panel .action")
    redrawn = glass_of(moments, "lively")[20]
    assert_shows(page, redrawn)
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))) for url in looks]
    negatives = [
        np.array_equal(inside(page, seen)[..., 0], enlarged(page, 256 - redrawn.astype(int)))
        for seen in pictures
    ]
    assert negatives.count(True) == (1 if motion == "no-preference" else 0)


@pytest.mark.parametrize("ratio", [1, 1.25, 2.625])
def test_a_pixel_is_a_whole_number_of_screen_pixels(file, moments, tmp_path, ratio):
    """Not on the canvas alone: on the screen, as the screenshot shows it."""
    browser = Chromium(executable(), tmp_path, ratio)
    try:
        page = browser.open(file.as_uri())
        at(page, 0)
        assert page.evaluate("devicePixelRatio") == ratio
        page.press("+")
        page.press("1")
        page.wait("document.querySelectorAll('.view canvas').length === 1")
        at(page, 0)
        assert_shows(page, glass_of(moments, "lively")[0])
        drawn = canvas(page)
        left, top = (round(ratio * edge) for edge in corner(page, ".view canvas"))
        screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    finally:
        browser.close()
    drawn = drawn[: screen.shape[0] - top]
    opaque = drawn[..., 3] == 255
    assert opaque.sum() >= 4 * WIDTH * HEIGHT
    # A rectangle of the page may begin half a pixel beside; it is then put on a pixel, one way or the other.
    exact = [
        np.array_equal(np.roll(screen, (-top - down, -left), (0, 1))[: len(drawn), : drawn.shape[1]][opaque],
                       drawn[opaque][:, :3])
        for down in (-1, 0, 1)
    ]  # fmt: skip
    assert exact.count(True) == 1


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A page whose panel is larger than the window."""
    frames = tuple(select(n, 40 * n, np.full((700, 900), 0.2 + n / 5)) for n in range(2))
    size = (900, 700)
    setting = View("large.mp4", size, 1, parse_crop("400x300+100+0", size), False, 8)
    path = tmp_path_factory.mktemp("large") / "preview.html"
    path.write_bytes(page_of(Comparison([Stretch(frames)], {"mask": Mask()}), setting))
    return path


def test_the_whole_panel_says_that_it_is_resampled(browser, large):
    page = browser.open(large.as_uri(), 800, 700)
    at(page, 0, 2)
    assert text(page, "#scale").startswith("1:1, a pixel is one screen pixel")
    page.press("w")
    words = text(page, "#scale")
    assert re.match(r"Resampled to \d\d %: moiré lies\.", words)
    share = int(re.search(r"\d+", words)[0]) / 100
    box = page.evaluate(
        "(() => { const c = document.querySelector('.view canvas'); return [c.width, c.height]; })()"
    )
    assert share == pytest.approx(min(box[0] / 900, box[1] / 700), abs=0.006)
    page.press("w")
    assert text(page, "#scale").startswith("1:1")


def test_the_first_part_is_the_one_asked_for(browser, large):
    page = browser.open(large.as_uri(), 800, 700)
    at(page, 0, 2)
    width, x = map(int, re.search(r"(\d+) . \d+ from (\d+),", text(page, "#scale")).groups())
    assert x + width / 2 == pytest.approx(min(max(300, width / 2), 900 - width / 2), abs=1)
    mask = Mask().dither(np.full((700, 900), 0.2, np.float32), None)
    pixels = canvas(page)
    np.testing.assert_array_equal(pixels[..., 0], mask[: pixels.shape[0], x : x + pixels.shape[1]] * 255)


def test_damaged_data_is_reported_and_not_shown(browser, file, tmp_path):
    page_text = file.read_text()
    flips = json.loads(re.search(r'id="data">(.*?)</script>', page_text, re.DOTALL)[1])
    broken = flips["dithers"][0]["frames"][1]["flips_deflated"]
    damaged = tmp_path / "damaged.html"
    damaged.write_text(page_text.replace(broken, flips["dithers"][1]["frames"][0]["flips_deflated"][:40]))
    page = opened(browser, damaged, 1300, 900)
    page.press("ArrowRight")
    page.wait("!document.querySelector('#problem').hidden")
    assert "Make it again with trainer preview" in text(page, "#problem")


def test_the_video_plays_in_a_browser(browser, tmp_path):
    path = tmp_path / "preview.mp4"
    path.write_bytes(mp4(comparison(), view()))
    page = browser.open(path.as_uri(), 800, 600)
    page.wait("document.querySelector('video')?.readyState >= 2")
    width, seconds, problem = page.evaluate(
        "(() => { const v = document.querySelector('video'); return [v.videoWidth, v.duration, v.error]; })()"
    )
    assert (width, problem) == (112, None)
    assert seconds == pytest.approx(COUNT / 8 + len(REDRAWS) * 2 / 16, abs=0.05)
