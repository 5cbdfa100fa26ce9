"""The page in a real browser: what its canvases show, pixel for pixel, by keyboard, mouse and on a phone."""

import base64
import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.chromium import Chromium, Page, find_chromium
from tests.trainer.preview_cases import (
    COUNT,
    HEIGHT,
    LABELS,
    WIDTH,
    comparison,
    made_dithers,
    seen_on_glass,
    selected_frames,
    view,
)
from trainer.mask import Mask
from trainer.preview import Comparison
from trainer.previews.page import page as page_of
from trainer.previews.video import mp4
from trainer.previews.view import View, parse_crop
from trainer.selection import Selected

NASTY = "</script><img src=x onerror=document.title=1> & größer.mp4"
RED, BLUE, GREY = (200, 30, 40), (25, 90, 220), (232, 232, 232)


def executable() -> str:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed (on Debian: apt install chromium)")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Chromium]:
    opened = Chromium(executable(), tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "preview.html"
    path.write_bytes(page_of(comparison(), view(film=NASTY)))
    return path


@pytest.fixture(scope="module")
def moments():
    return list(comparison())


@pytest.fixture
def shown(browser, file) -> Page:
    return opened(browser, file, 1300, 900)


def opened(browser: Chromium, file: Path, width: int, height: int, ratio: float = 1, **media: str) -> Page:
    page = browser.open(file.as_uri(), width, height, ratio, **media)
    at(page, 0)
    return page


def at(page: Page, frame: int, count: int = COUNT) -> None:
    """Wait until a frame is shown and said, and the flash of a redraw is over."""
    page.wait(f"document.querySelector('#said').textContent.startsWith('Frame {frame + 1} of {count}.')")
    page.evaluate("new Promise((later) => setTimeout(later, 170))")


def text(page: Page, selector: str) -> str:
    return page.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")


def corner(page: Page, selector: str) -> tuple[float, float]:
    """Left and top edge of an element in the window, once it is in view."""
    return tuple(
        page.evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            "found.scrollIntoView({ block: 'nearest' }); const box = found.getBoundingClientRect();"
            "return [box.x, box.y]; })()"
        )
    )


def canvas(page: Page, number: int = 0) -> np.ndarray:
    """The pixels of a panel's canvas, uint8[h, w, 4]."""
    url = page.evaluate(f"document.querySelectorAll('.view canvas')[{number}].toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))


def part(page: Page) -> tuple[int, int, int, int, int]:
    """What the page says it shows: screen pixels for a pixel, then width, height, x and y of the part."""
    words = text(page, "#scale")
    zoom = re.search(r"a pixel is (one|\d)", words)[1]
    width, height = re.search(r"(\d+) . (\d+) from", words).groups()
    x, y = re.search(r"from (\d+), (\d+) of 70 . 44", words).groups()
    return 1 if zoom == "one" else int(zoom), int(width), int(height), int(x), int(y)


def enlarged(page: Page, picture: np.ndarray) -> np.ndarray:
    """What must stand on the canvas, without what is around it: the shown part, each pixel a square."""
    zoom, width, height, x, y = part(page)
    return np.kron(picture[y : y + height, x : x + width], np.ones((zoom, zoom), np.uint8))


def inside(page: Page, pixels: np.ndarray) -> np.ndarray:
    """The pixels of a canvas without the empty rim where it is larger than the panel."""
    zoom, width, height, _, _ = part(page)
    rows, columns = pixels.shape[0] - height * zoom, pixels.shape[1] - width * zoom
    top, left = max(0, rows) // 2, max(0, columns) // 2
    assert (pixels[:top, :, 3] == 0).all()
    assert (pixels[:, :left, 3] == 0).all()
    return pixels[top : top + height * zoom, left : left + width * zoom]


def assert_shows(page: Page, picture: np.ndarray, number: int = 0) -> None:
    pixels = inside(page, canvas(page, number))
    expected = enlarged(page, picture)[: pixels.shape[0], : pixels.shape[1]]
    for channel in range(3):
        np.testing.assert_array_equal(pixels[..., channel], expected)
    assert (pixels[..., 3] == 255).all()


def assert_shows_changes(page: Page, before: np.ndarray, now: np.ndarray) -> None:
    pixels = inside(page, canvas(page))[..., :3]
    flips = enlarged(page, now + np.uint8(1) - before)[: pixels.shape[0], : pixels.shape[1]]
    for colour, change in ((RED, 0), (GREY, 1), (BLUE, 2)):
        np.testing.assert_array_equal((pixels == colour).all(axis=2), flips == change)


def glass_of(moments, label: str) -> list[np.ndarray]:
    return seen_on_glass(made_dithers()[label], [moment.shown[label].score.action for moment in moments])


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
    for key, frame in (("PageDown", 10), ("ArrowLeft", 9), ("n", 20), ("End", 25), ("p", 20)):
        shown.press(key)
        at(shown, frame)
        assert_shows_changes(shown, dithers[frame - 1], dithers[frame])
    shown.press("Home")
    at(shown, 0)
    assert_shows_changes(shown, dithers[0], dithers[0])


def test_the_frame_itself_can_be_seen(shown):
    shown.press("0")
    shown.wait("document.querySelector('.panel .name').textContent.includes('frame')")
    expected = enlarged(shown, np.rint(selected_frames()[0].frame * 255).astype(np.uint8))
    pixels = inside(shown, canvas(shown))[..., 0].astype(int)
    assert np.abs(pixels - expected[: pixels.shape[0], : pixels.shape[1]]).mean() < 5


def test_the_figures_of_the_frame_are_said(shown, moments):
    for frame in (1, 2, 3, 4, 5):
        shown.press("ArrowRight")
        at(shown, frame)
    figures = shown.evaluate(
        "[...document.querySelectorAll('.panel')].map((e) => e.innerText.replace(/\\s+/g, ' '))"
    )
    for words, label in zip(figures, LABELS, strict=True):
        score = moments[5].shown[label].score
        action = {"partial": "partial update", "nothing": "nothing changes"}[score.action]
        percent = re.search(r"flips ([\d.]+) % ↓ ([\d.]+) % ↑ ([\d.]+) %", words).groups()
        change = score.change
        for number, share in zip(percent, (change.flips, change.darkened, change.lightened), strict=True):
            assert float(number) == pytest.approx(100 * share, abs=0.051)
        assert action in words
        assert f"{score.psnr[6000]:.1f} dB" in words
        assert float(re.search(r"net ([\d.]+) %", words)[1]) == pytest.approx(100 * score.net, abs=0.051)
    said = text(shown, "#said")
    assert re.fullmatch(
        r"Frame 6 of 26\. lively: 10\.4 % flips, partial update\. calm:0\.5: 0\.00 % flips, nothing changes",
        said,
    ), said
    assert text(shown, "#place") == "6 of 26 · film frame 110 · 0:04.40"


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


def test_it_plays_and_pauses(shown):
    for _ in range(3):
        shown.press("]")
    assert shown.evaluate("document.querySelector('#speed').value") == "24"
    shown.press(" ")
    assert text(shown, "#play") == "Pause"
    shown.wait("document.querySelector('#frame').valueAsNumber >= 4")
    shown.press(" ")
    assert text(shown, "#play") == "Play"
    stopped = shown.evaluate("document.querySelector('#frame').valueAsNumber")
    assert stopped < COUNT - 1
    shown.evaluate("new Promise((later) => setTimeout(later, 200))")
    assert shown.evaluate("document.querySelector('#frame').valueAsNumber") <= stopped + 1
    shown.click("#play")
    at(shown, COUNT - 1)
    assert text(shown, "#play") == "Play"
    assert shown.evaluate("document.querySelector('#forth').disabled")


def test_a_click_on_the_chart_goes_there(shown):
    left, top = corner(shown, "#chart")
    width, height = shown.evaluate(
        "(({ clientWidth, clientHeight }) => [clientWidth, clientHeight])(document.querySelector('#chart'))"
    )
    cut = shown.evaluate("+document.querySelector('#chart .cut').getAttribute('x1')")
    shown.drag(left + cut + 1, top + height / 2, 0, 0)
    at(shown, 9)
    assert "cut" in text(shown, "#place")
    shown.drag(left + width - 30, top + height / 2, -200, 0)
    shown.wait("document.querySelector('#frame').valueAsNumber > 15")
    assert shown.evaluate("document.querySelectorAll('#chart .redraw.c1').length") == 2
    assert shown.evaluate("document.querySelectorAll('#chart .redraw.c2').length") == 1
    label = shown.evaluate("document.querySelector('#chart').ariaLabel")
    assert re.search(r"26 frames\. lively: 10\.\d % .*, 1 redraws\. calm:0\.5: 0\.\d+ % .*, 0 redraws", label)


def test_n_and_p_go_from_cut_to_redraw(shown):
    for key, frame in (("n", 9), ("n", 20), ("p", 9), ("p", 0)):
        shown.press(key)
        at(shown, frame)


def test_the_picture_can_be_enlarged_and_moved(browser, file, moments):
    shown = opened(browser, file, 700, 500)
    for _ in range(7):
        shown.press("+")
    zoom, width, height, _, y = part(shown)
    assert zoom == 8
    assert (width, height) < (WIDTH, HEIGHT)
    assert_shows(shown, glass_of(moments, "calm:0.5")[0], 1)
    shown.press("ArrowRight", shift=True)
    assert part(shown)[3] == WIDTH - width
    assert_shows(shown, glass_of(moments, "calm:0.5")[0], 1)
    left, top = corner(shown, ".view canvas")
    shown.drag(left + 100, top + 100, 3 * 8, 0)
    assert part(shown)[3:] == (WIDTH - width - 3, y)
    shown.drag(left + 100, top + 100, 3 * 8, -500)
    assert part(shown)[3:] == (WIDTH - width - 6, HEIGHT - height)
    assert_shows(shown, glass_of(moments, "lively")[0], 0)
    at(shown, 0)  # shift and an arrow move the part, not the film


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
    frames = [Selected(n, 40 * n, False, np.full((700, 900), 0.3 + n / 9, np.float32)) for n in range(2)]
    size = (900, 700)
    setting = View("large.mp4", size, 1, parse_crop("400x300+100+0", size), False, 8)
    path = tmp_path_factory.mktemp("large") / "preview.html"
    path.write_bytes(page_of(Comparison(frames, {"mask": Mask()}), setting))
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
    mask = Mask()(np.full((700, 900), 0.3, np.float32), None)
    pixels = canvas(page)
    np.testing.assert_array_equal(pixels[..., 0], mask[: pixels.shape[0], x : x + pixels.shape[1]] * 255)


@pytest.mark.parametrize(("width", "height", "ratio"), [(390, 844, 3), (320, 568, 2), (844, 390, 3)])
def test_a_phone_shows_it_without_scrolling_sideways(browser, file, width, height, ratio):
    page = opened(browser, file, width, height, ratio)
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, input[type=range]')]"
        ".filter((e) => Math.min(e.offsetWidth, e.offsetHeight) < 32).map((e) => e.id || e.className)"
    )
    assert small == []
    assert page.evaluate("document.querySelectorAll('.panel').length") == (1 if width < 640 else 2)
    assert page.complaints() == []


def test_every_control_has_a_name_and_a_visible_focus(shown):
    nameless = shown.evaluate(
        "[...document.querySelectorAll('button, select, input')]"
        ".filter((e) => !(e.ariaLabel || e.textContent.trim()"
        " || e.labels?.[0]?.textContent.trim())).length"
    )
    assert nameless == 0
    shown.press("Tab")
    focus = shown.evaluate(
        "(() => { const s = getComputedStyle(document.activeElement);"
        "return [document.activeElement.tagName, s.outlineStyle, s.outlineWidth]; })()"
    )
    assert focus == ["BUTTON", "solid", "3px"]
    # Space presses the button that has the focus, and does not play as well.
    shown.press(" ")
    assert text(shown, "#play") == "Play"


def test_letters_can_be_turned_off(shown):
    shown.evaluate("document.querySelector('#shortcuts').click()")
    shown.press("g")
    shown.press("2")
    assert shown.evaluate("document.querySelector('#glass').ariaPressed") == "true"
    assert shown.evaluate("document.querySelectorAll('.panel').length") == 2
    shown.press("ArrowRight")
    at(shown, 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_page(browser, file, scheme):
    """WCAG's contrast of 4.5 to 1 for text, by its own formula."""
    page = opened(browser, file, 1300, 900, prefers_color_scheme=scheme)

    def luminance(property_name: str) -> float:
        colour = page.evaluate(
            f"getComputedStyle(document.documentElement).getPropertyValue('--{property_name}')"
        )
        parts = np.array([int(colour.strip()[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for ink in ("ink", "pale", "mark", *(f"c{n}" for n in range(1, 10))):
        for paper in ("paper", "card"):
            lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, paper)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(246, 244, 239)" if scheme == "light" else "rgb(23, 22, 20)"
    )


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


def test_without_javascript_it_says_so(browser, file):
    assert "JavaScript" in html.unescape(re.search(r"<noscript>(.*?)</noscript>", file.read_text())[1])


def test_the_video_plays_in_a_browser(browser, tmp_path):
    path = tmp_path / "preview.mp4"
    path.write_bytes(mp4(comparison(), view()))
    page = browser.open(path.as_uri(), 800, 600)
    page.wait("document.querySelector('video')?.readyState >= 2")
    width, seconds, problem = page.evaluate(
        "(() => { const v = document.querySelector('video'); return [v.videoWidth, v.duration, v.error]; })()"
    )
    assert (width, problem) == (112, None)
    assert seconds == pytest.approx(COUNT / 8 + 2 / 16, abs=0.05)
