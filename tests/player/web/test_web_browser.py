"""The page in a real browser at the size of a phone, with and without JavaScript."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from player.playback.requests import Kind, Request
from player.times import Place
from player.web.server import Server, listen
from player.web.uploads import PIECE
from tests.chromium import Chromium, Page, find_chromium
from tests.player.conftest import film, write
from tests.player.web.house import TOKEN, House

PHONE = 360, 740, 2
LAID_OUT = "document.readyState === 'complete'"  # before that, what is to be clicked may still move


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Chromium]:
    """Skips the test where no Chromium is installed."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium is installed (on Debian: apt install chromium)")
    chromium = Chromium(executable, tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


class Living:
    """A house whose player does what it is asked, and its address."""

    def __init__(self, house: House, films: Path) -> None:
        self.house, self.frame, self.paused = house, 3, False
        self.reel = write(films / "a.reel", film(9))
        write(films / "a-longer-name-than-fits-into-one-line-of-a-phone.reel", film(4))
        house.time = time.time()
        house.post = self.do  # type: ignore[method-assign]
        house.log_tail("frame 3 of 9 (0:00.2): partial update, 4.12% flips, 3.10% since the last redraw")
        self.show()
        listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        knows = house.remote.guard.knows
        self.server: Server | None = Server(house.app, listening, knows, house.logged.append, lambda: None)
        self.server.start()

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
        self.server = None

    def show(self) -> None:
        self.house.show(self.reel, self.frame, paused=self.paused)

    def do(self, request: Request) -> None:
        self.house.asked.append(request)
        match request.kind:
            case Kind.PAUSE | Kind.RESUME:
                self.paused = request.kind is Kind.PAUSE
            case Kind.NEXT | Kind.BACK:
                self.frame += 1 if request.kind is Kind.NEXT else -1
            case Kind.GO_TO:
                assert isinstance(request.value, Place)
                self.frame = request.value.value
        self.show()

    @property
    def kinds(self) -> list[Kind]:
        return [request.kind for request in self.house.asked]


@pytest.fixture
def living(make_house, films) -> Iterator[Living]:
    made = Living(make_house(), films)
    yield made
    made.close()


@pytest.fixture
def phone(browser, living) -> Page:
    """The page on a phone, signed in by the link of the QR code."""
    page = browser.open(f"{living.url}/login#{TOKEN}", *PHONE)
    page.wait("location.pathname === '/' && document.readyState === 'complete'")
    return page


@pytest.fixture
def plain(browser, living) -> Page:
    """A phone that runs no scripts, at the login page."""
    page = browser.open("about:blank", *PHONE)
    page.command("Network.clearBrowserCookies")
    page.command("Emulation.setScriptExecutionDisabled", value=True)
    go(page, living.url)
    return page


def go(page: Page, url: str) -> None:
    page.command("Page.navigate", url=url)
    page.wait(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")


def arrived(page: Page, said: str) -> None:
    """Wait for the page that follows a form and says this."""
    page.wait(
        f"document.querySelector('.said')?.textContent.includes({json.dumps(said)})"
        " && document.readyState === 'complete'"
    )


def text(page: Page, selector: str) -> str:
    return str(page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))


def choose_file(page: Page, path: Path) -> None:
    root = page.command("DOM.getDocument")["root"]["nodeId"]
    node = page.command("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    page.command("DOM.setFileInputFiles", files=[str(path)], nodeId=node)


def test_the_link_signs_in_and_leaves_no_token_in_the_address_bar(browser, living, phone):
    assert phone.evaluate("location.href") == living.url + "/"
    assert TOKEN not in phone.evaluate(
        "JSON.stringify([document.cookie, document.referrer, document.body.innerHTML])"
    )
    entries = phone.command("Page.getNavigationHistory")["entries"]
    assert not any(TOKEN in entry["url"] for entry in entries)
    assert phone.complaints() == []


def test_the_token_leaves_the_address_bar_even_where_none_is_required(browser, make_house, films):
    open_house = Living(make_house(asks=False), films)
    try:
        page = browser.open(f"{open_house.url}/login#{TOKEN}", *PHONE)
        page.wait("document.querySelector('h1')?.innerText === 'No token needed'")
        page.wait(f"location.href === '{open_house.url}/login'")
    finally:
        open_house.close()


def test_it_fits_a_phone_and_everything_can_be_touched(phone):
    assert phone.evaluate("document.scrollingElement.scrollWidth") <= 360
    small = phone.evaluate(
        "[...document.querySelectorAll('button, input, select, summary, figcaption a')]"
        ".filter((e) => e.checkVisibility() && e.type !== 'hidden')"
        ".filter((e) => e.getBoundingClientRect().height < 40 || e.getBoundingClientRect().width < 40)"
        ".map((e) => e.outerHTML)"
    )
    assert small == []
    assert text(phone, "#title") == "A <film> & more"
    assert phone.evaluate("document.querySelector('#picture').naturalWidth") == 44
    assert phone.complaints() == []


def test_buttons_act_without_leaving_the_page(living, phone):
    phone.evaluate("window.here = true")
    phone.evaluate("document.querySelector('[data-when=running] button').focus()")
    phone.press(" ")
    phone.wait("document.querySelector('#state').textContent.includes('Paused')")
    assert phone.evaluate("document.activeElement.textContent") == "Resume"
    before = phone.evaluate("document.querySelector('#picture').src")
    phone.click("form[action='/do/next'] button")
    phone.wait("document.querySelector('#state').textContent.startsWith('Frame 4 of 9')")
    phone.wait(f"document.querySelector('#picture').src !== {json.dumps(before)}")
    phone.evaluate("document.querySelector('#place').focus()")
    phone.press("7")
    phone.press("Tab")
    phone.press(" ")
    phone.wait("document.querySelector('#state').textContent.startsWith('Frame 7 of 9')")
    phone.evaluate("document.querySelector('#place').value = '99'")
    phone.press(" ")
    phone.wait("!document.querySelector('#problem').hidden")
    assert text(phone, "#problem") == "There is no frame 99; the reel holds 0 to 8."
    assert living.kinds == [Kind.PAUSE, Kind.NEXT, Kind.GO_TO]
    assert phone.evaluate("window.here") is True


def test_it_follows_the_player_without_a_reload(living, phone):
    phone.evaluate("document.querySelector('#look-glass').click()")
    phone.wait("document.querySelector('#picture').src.includes('glass')")
    living.frame = 6
    living.show()
    phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.wait("document.querySelector('#state').textContent.startsWith('Frame 6 of 9')")
    phone.wait("document.querySelector('#share').value > 77")
    tag = living.house.remote.pictures.glass().tag
    phone.wait(f"document.querySelector('#picture').src.includes({json.dumps(tag)})")
    living.close()
    phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.wait("document.querySelector('#problem').textContent.includes('does not answer')")


def test_a_reel_is_sent_in_pieces_with_its_progress(living, phone, films, tmp_path):
    path = write(tmp_path / "Größer & länger.reel", film(12))
    with path.open("ab") as file:
        file.truncate(2 * PIECE + 100_000)
    choose_file(phone, path)
    phone.click("#upload button")
    arrived(phone, "The reel is here.")
    assert (films / "Gr-er-l-nger.reel").read_bytes() == path.read_bytes()
    assert "Gr-er-l-nger.reel" in text(phone, ".reels")


def test_a_bad_reel_is_reported_and_a_lost_connection_continues(living, phone, films, tmp_path, monkeypatch):
    bad = tmp_path / "bad.reel"
    bad.write_bytes(b"no reel")
    choose_file(phone, bad)
    phone.click("#upload button")
    phone.wait(
        "document.querySelector('#sending').textContent.startsWith('Not sent: bad.reel: is not a reel')"
    )
    path = write(tmp_path / "good.reel", film(12))
    with path.open("ab") as file:
        file.truncate(PIECE + 100_000)
    uploads, calls = living.house.remote.uploads, []
    piece = uploads.piece

    def unlucky(id, offset, data):
        calls.append((offset, len(data)))
        found = piece(id, offset, data)
        if len(calls) == 1:
            raise RuntimeError("the answer is lost")
        return found

    monkeypatch.setattr(uploads, "piece", unlucky)
    phone.evaluate(
        "{ const real = window.fetch; window.fetch = async (...a) => { const answer = await real(...a);"
        "if (answer.status === 500) throw new TypeError('lost'); return answer; } }"
    )
    choose_file(phone, path)
    phone.click("#upload button")
    arrived(phone, "The reel is here.")
    assert calls == [(0, PIECE), (PIECE, 100_000)]
    assert (films / "good.reel").read_bytes() == path.read_bytes()


def test_an_upload_can_be_cancelled_on_the_page(living, phone, films, tmp_path, monkeypatch):
    path = tmp_path / "big.reel"
    with path.open("wb") as file:
        file.truncate(4 * PIECE)
    uploads = living.house.remote.uploads
    piece = uploads.piece
    monkeypatch.setattr(uploads, "piece", lambda *a: time.sleep(0.3) or piece(*a))
    choose_file(phone, path)
    phone.click("#upload button")
    phone.wait("document.querySelector('#sending').textContent.includes('%')")
    phone.click("#cancel")
    phone.wait("document.querySelector('#sending').textContent === 'Cancelled.'")
    end = time.monotonic() + 20
    while list(films.glob(".upload*")):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert phone.evaluate("document.activeElement.textContent") == "Send"


def test_without_javascript_the_essentials_work(living, plain, films, tmp_path):
    assert plain.evaluate("location.pathname") == "/login"
    plain.evaluate("document.querySelector('#token').value = 'wrong'")
    plain.click("button")
    plain.wait(
        f"document.querySelector('[role=alert]')?.innerText === 'That is not the token.' && {LAID_OUT}"
    )
    plain.click("a[href='/login']")
    plain.wait(f"!!document.querySelector('#token') && {LAID_OUT}")
    plain.evaluate(f"document.querySelector('#token').value = {json.dumps(TOKEN)}")
    plain.click("button")
    plain.wait(f"document.querySelector('#picture')?.complete && {LAID_OUT}")
    assert plain.evaluate("document.scrollingElement.scrollWidth") <= 360
    for action, said in (
        ("pause", "Paused."),
        ("resume", "Resumed."),
        ("next", "The next frame"),
        ("redraw", "redrawn"),
    ):
        plain.click(f"form[action='/do/{action}'] button")
        arrived(plain, said)
    assert text(plain, "#state") == "Frame 4 of 9 (55.6 %). Showing"
    plain.evaluate("document.querySelector('#set-interval').value = '77'")
    plain.click("form[action='/do/settings'] button")
    arrived(plain, "The settings are changed.")
    assert living.kinds == [Kind.PAUSE, Kind.RESUME, Kind.NEXT, Kind.REDRAW, Kind.SET]
    assert living.house.asked[-1].value == {"interval": 77.0}
    assert "Without JavaScript only up to 2.1 MB" in text(plain, "#upload-hint")
    choose_file(plain, write(tmp_path / "small one.reel", film(12)))
    plain.click("#upload button")
    arrived(plain, "The reel is here.")
    assert (films / "small-one.reel").exists()
    assert plain.complaints() == [
        "Failed to load resource: the server responded with a status of 401 (Unauthorized)"
    ]


def test_it_can_be_used_with_the_keyboard_alone(phone):
    """Tab reaches every control, in the order of the page, and each shows its focus."""
    phone.evaluate("document.querySelector('.skip').focus()")
    reached, outlines = [], set()
    for _ in range(60):
        reached.append(phone.evaluate("document.activeElement.innerText || document.activeElement.id"))
        outlines.add(phone.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        phone.press("Tab")
        if phone.evaluate(
            "document.activeElement === document.body || document.activeElement.className === 'skip'"
        ):
            break
    for wanted in (
        "Panel",
        "Glass with ghosts",
        "Back",
        "Pause",
        "Next",
        "place",
        "Go",
        "Redraw",
        "Show",
        "file",
        "Send",
        "set-interval",
        "Change settings",
        "Show address",
        "Clean the panel",
        "Log",
        "Sign out",
    ):
        assert wanted in reached, wanted
    assert reached.index("Back") < reached.index("Pause") < reached.index("Next") < reached.index("Sign out")
    assert outlines == {"solid"}


def test_headings_landmarks_and_names_for_screen_readers(phone):
    tree = phone.command("Accessibility.getFullAXTree")["nodes"]
    known = [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]
    ]
    for wanted in [
        ("main", ""),
        ("heading", "A <film> & more"),
        ("heading", "Controls"),
        ("heading", "Reels"),
        ("region", "What is shown now"),
        ("image", "The panel, as it is now"),
        ("progressbar", "Progress through the film"),
        ("button", "Pause"),
        ("textbox", "Go to frame or time"),
        ("spinbutton", "Interval, seconds"),
    ]:
        assert wanted in known, wanted
    for role, name in known:
        assert name or role not in ("button", "textbox", "spinbutton", "combobox", "link", "image"), (
            role,
            name,
        )
