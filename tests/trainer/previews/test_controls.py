"""The page's controls in a real browser: keyboard, mouse, chart, words, a phone, light and dark."""

import re

import numpy as np
import pytest

from tests.trainer.previews.preview_browser import assert_shows, at, corner, glass_of, opened, part, text
from tests.trainer.previews.preview_cases import COUNT, HEIGHT, LABELS, WIDTH


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
    assert shown.evaluate("document.querySelectorAll('#chart .redraw').length") == 3
    for series in (1, 2):  # interrupted by the redraws, which have no flips
        line = shown.evaluate(f"document.querySelector('#chart .line.c{series}').getAttribute('d')")
        assert line.count("M") == 3
        assert line.count("L") == COUNT - 2 * 3
    label = shown.evaluate("document.querySelector('#chart').ariaLabel")
    assert re.search(r"26 frames, 2 redraws after.* lively: 10\.\d % .*\. calm:0\.5: 0\.\d+ %", label)


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
