"""The page in a real browser at the size of a phone, with and without JavaScript."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from player.playback.requests import Kind, Request
from player.progress import Shelf, Undo
from player.times import Place
from player.web.app import forms
from player.web.server import Server, listen
from player.web.uploads import PIECE
from tests.chromium import Page
from tests.player.conftest import film, write
from tests.player.web.house import TOKEN, House

PHONE = 390, 844, 2
FIRST_LOAD = 200_000  # bytes
LAID_OUT = "document.readyState === 'complete'"  # before that, what is to be clicked may still move


class Living:
    """A house whose player does what it is asked, and its address."""

    def __init__(self, house: House, films: Path) -> None:
        self.house, self.frame, self.paused, self.handled = house, 3, False, 0
        self.refused = ""
        self.shelf = Shelf()
        self.reel = write(films / "a.reel", film(9))
        write(films / "a-longer-name-than-fits-into-one-line-of-a-phone.reel", film(4))
        house.time = time.time()
        house.post = self.do  # type: ignore[method-assign]
        house.log_tail("frame 3 of 9 (0:00.2): partial update, 4.12% flips, 3.10% since the last redraw")
        self.show()
        listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        knows, log = house.remote.guard.knows, house.logged.append
        self.server: Server | None = Server(
            house.app, listening, knows, log, lambda: None, forms=forms(house.remote)
        )
        self.server.start()

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
        self.server = None

    def show(self) -> None:
        self.house.show(
            self.reel, self.frame, paused=self.paused, handled=self.handled, shelf=self.shelf,
            refused=self.refused,
        )  # fmt: skip

    def do(self, request: Request) -> None:
        self.house.asked.append(request)
        self.handled, self.refused = request.number, ""
        match request.kind:
            case Kind.PAUSE | Kind.RESUME:
                self.paused = request.kind is Kind.PAUSE
            case Kind.NEXT | Kind.BACK:
                self.frame += 1 if request.kind is Kind.NEXT else -1
            case Kind.GO_TO:
                assert isinstance(request.value, Place)
                self.shelf = Shelf(undo=Undo(str(self.reel), self.frame, time.time()))
                self.frame = request.value.value
            case Kind.UNDO:
                assert self.shelf.undo is not None
                self.frame, self.shelf = self.shelf.undo.frame, Shelf()
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
        f"document.querySelector('#toasts')?.textContent.includes({json.dumps(said)})"
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


@pytest.mark.parametrize("path", ["/", "/films", "/settings", "/?at=5"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_it_fits_a_phone_and_everything_can_be_touched(living, phone, path, language):
    phone.command("Network.enable")
    phone.command("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
    go(phone, living.url + path)
    phone.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert phone.evaluate("document.documentElement.lang") == language
    fits(phone)
    assert phone.complaints() == []


def fits(phone: Page) -> None:
    """Nothing sticks out, and everything can be touched."""
    assert phone.evaluate("document.scrollingElement.scrollWidth") <= 390
    small = phone.evaluate(
        "[...document.querySelectorAll('button, input, select, summary, nav a, .look a, .chapters a')]"
        ".filter((e) => e.checkVisibility() && e.type !== 'hidden')"
        ".map((e) => [e.closest('label.check') || e, e])"
        ".filter(([e]) => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44)"
        ".map(([, e]) => e.outerHTML)"
    )
    assert small == []


def test_the_picture_comes_first_and_the_first_load_is_small(browser, living, phone):
    page = browser.open("about:blank", *PHONE)
    page.command("Network.enable")
    page.command("Network.setCacheDisabled", cacheDisabled=True)
    before = len(browser.events)
    go(page, f"{living.url}/")
    page.wait("[...document.images].every((image) => image.complete)")
    sizes = [
        event["params"]["encodedDataLength"]
        for event in browser.events[before:]
        if event["method"] == "Network.loadingFinished"
    ]
    assert len(sizes) >= 4
    assert sum(sizes) < FIRST_LOAD - 100_000, "the picture of a real panel takes as much again"
    assert page.evaluate("document.querySelector('#picture').getBoundingClientRect().top") < 80
    assert page.evaluate("document.querySelector('#title').getBoundingClientRect().top") > 80
    assert text(page, "#title") == "A <film> & more"


def test_buttons_act_without_leaving_the_page(living, phone):
    phone.evaluate("window.here = true")
    phone.evaluate("document.querySelector('[data-when=running] button').focus()")
    phone.press(" ")
    phone.wait("document.querySelector('#state').textContent.includes('Paused')")
    assert phone.evaluate("document.activeElement.textContent.trim()") == "Play"
    before = phone.evaluate("document.querySelector('#picture').src")
    phone.click("form[action='/do/next'] button")
    phone.wait("document.querySelector('#state').textContent.includes('Frame 5 of 9')")
    phone.wait(f"document.querySelector('#picture').src !== {json.dumps(before)}")
    phone.wait("document.querySelector('#toasts').textContent === 'This is the next frame.'")
    assert living.kinds == [Kind.PAUSE, Kind.NEXT]
    assert phone.evaluate("window.here") is True


def test_something_is_said_at_once_and_the_result_when_it_is_there(living, phone):
    living.house.post = lambda request: living.house.asked.append(request)
    phone.evaluate(
        "window.said = []; new MutationObserver(() => said.push([performance.now(),"
        "document.querySelector('#toasts').textContent])).observe("
        "document.querySelector('#toasts'), {childList: true});"
        "document.querySelector(\"form[action='/do/redraw'] button\").addEventListener("
        "'click', () => { window.pressed = performance.now(); }, true)"
    )
    phone.click("form[action='/do/redraw'] button")
    phone.wait("said.length === 1")
    assert phone.evaluate("said[0][1]") == "The panel flashes once…"
    assert phone.evaluate("said[0][0] - pressed") < 100, "milliseconds"
    end = time.monotonic() + 10
    while not living.house.asked and time.monotonic() < end:
        time.sleep(0.02)
    assert phone.evaluate("said.length") == 1, "the player has not done it yet"
    living.handled, living.refused = living.house.asked[0].number, "redraw: the panel does not answer"
    living.show()
    phone.wait("document.querySelector('#toasts .wrong')?.textContent === 'The panel does not answer.'")


def test_the_link_signs_in_where_the_login_page_is_open_already(browser, living):
    page = browser.open("about:blank", *PHONE)
    page.command("Network.clearBrowserCookies")
    go(page, f"{living.url}/login")
    page.command("Page.navigate", url=f"{living.url}/login#{TOKEN}")
    page.wait(f"location.href === '{living.url}/' && {LAID_OUT}")


def test_a_jump_shows_what_it_will_show_and_can_be_undone(living, phone):
    phone.evaluate(
        "{ const at = document.querySelector('#at'); at.value = 7; at.dispatchEvent(new Event('input')); }"
    )
    phone.wait("document.querySelector('#found figcaption')?.innerText.startsWith('Frame 7 of 9')")
    assert phone.evaluate("document.querySelector('#preview').naturalWidth") == 44
    assert living.kinds == []
    phone.click("#found form button")
    phone.wait("document.querySelector('#state').textContent.includes('Frame 7 of 9')")
    phone.wait("!document.querySelector('#found').childElementCount")
    assert living.house.asked[-1].value == Place("frame", 6)
    phone.wait("document.querySelector('#undo button')?.innerText.includes('back to frame 4')")
    phone.click("#undo button")
    phone.wait("document.querySelector('#state').textContent.includes('Frame 4 of 9')")
    phone.wait("!document.querySelector('#undo button')")
    phone.evaluate("document.querySelector('#place').value = '2'")
    phone.click(".place button")
    phone.wait("document.querySelector('#found figcaption')?.innerText.startsWith('Frame 2 of 9')")
    assert phone.evaluate("document.querySelector('#at').value") == "2", "the slider follows"
    phone.evaluate("document.querySelector('#place').value = '99'")
    phone.click(".place button")
    phone.wait("document.querySelector('#found .wrong')?.innerText === 'The film has the frames 1 to 9.'")
    assert living.kinds == [Kind.GO_TO, Kind.UNDO]


def test_a_refused_setting_is_said_beside_its_field(living, phone):
    go(phone, f"{living.url}/settings")
    phone.evaluate("document.querySelector('#interval_m').value = 'soon'")
    phone.evaluate("document.querySelector('#cooldown').value = '55'")
    phone.click("#settings .save button")
    phone.wait("document.querySelector('#wrong-interval_m').checkVisibility()")
    assert "no time" in text(phone, "#wrong-interval_m")
    assert phone.evaluate("document.activeElement.id") == "interval_m"
    assert phone.evaluate("document.querySelector('#cooldown').value") == "55"
    phone.evaluate(
        "{ const m = document.querySelector('#interval_m'); m.value = '5 min';"
        " m.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    phone.wait("document.querySelector('#ends').innerText.includes('ends')")
    phone.click("#settings .save button")
    phone.wait("document.querySelector('#toasts').textContent === 'Saved.'")
    assert not phone.evaluate("document.querySelector('#wrong-interval_m').checkVisibility()")
    assert living.house.asked[-1].value == {"interval": 320.0, "cooldown": 55}


def test_the_log_is_live_while_it_is_open(living, phone):
    go(phone, f"{living.url}/settings")
    phone.click("#log-part summary")
    living.house.log_tail("a new line")
    phone.wait("document.querySelector('#log').textContent.includes('a new line')")


def test_it_follows_the_player_without_a_reload(living, phone):
    phone.evaluate("window.here = true")
    phone.evaluate("document.querySelector('#look-glass').click()")
    phone.wait("document.querySelector('#picture').src.includes('glass')")
    living.frame = 6
    living.show()
    phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.wait("document.querySelector('#state').textContent.includes('Frame 7 of 9')")
    phone.wait("document.querySelector('#share').value > 77")
    tag = living.house.remote.pictures.page("glass").tag
    phone.wait(f"document.querySelector('#picture').src.includes({json.dumps(tag)})")
    living.close()
    phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.wait("document.querySelector('#problem').textContent.includes('does not answer')")


def test_a_reel_is_sent_in_pieces_with_its_progress(living, phone, films, tmp_path):
    path = write(tmp_path / "Größer & länger.reel", film(12))
    with path.open("ab") as file:
        file.truncate(2 * PIECE + 100_000)
    go(phone, f"{living.url}/films")
    choose_file(phone, path)
    phone.click("#upload button")
    arrived(phone, "It has arrived.")
    assert (films / "Grosser-langer.reel").read_bytes() == path.read_bytes()
    assert len(phone.evaluate("[...document.querySelectorAll('.films li')].map((e) => e.innerText)")) == 3


def test_a_bad_reel_is_reported_and_a_lost_connection_continues(living, phone, films, tmp_path, monkeypatch):
    bad = tmp_path / "bad.reel"
    bad.write_bytes(b"no reel")
    go(phone, f"{living.url}/films")
    choose_file(phone, bad)
    phone.click("#upload button")
    phone.wait(
        "document.querySelector('#sending').textContent.startsWith('Not sent: bad.reel: is neither a film')"
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
    arrived(phone, "It has arrived.")
    offsets, sizes = zip(*calls, strict=True)
    assert [sum(sizes[:place]) for place in range(len(sizes))] == list(offsets), "nothing twice"
    assert max(sizes) <= PIECE
    assert (films / "good.reel").read_bytes() == path.read_bytes()


def test_an_upload_can_be_cancelled_on_the_page(living, phone, films, tmp_path, monkeypatch):
    path = tmp_path / "big.reel"
    with path.open("wb") as file:
        file.truncate(4 * PIECE)
    uploads = living.house.remote.uploads
    piece = uploads.piece
    monkeypatch.setattr(uploads, "piece", lambda *a: time.sleep(0.3) or piece(*a))
    go(phone, f"{living.url}/films")
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
    for action, said in (
        ("pause", "Paused."),
        ("resume", "The film goes on."),
        ("next", "This is the next frame."),
        ("redraw", "Redrawn."),
    ):
        plain.click(f"form[action='/do/{action}'] button")
        arrived(plain, said)
    assert text(plain, "#state").startswith("Playing · Frame 5 of 9")
    plain.evaluate("document.querySelector('#place').value = '7'")
    plain.click(".place button")
    plain.wait(f"document.querySelector('#preview')?.complete && {LAID_OUT}")
    plain.click("#found form button")
    arrived(plain, "There it is.")
    go(plain, f"{living.url}/settings")
    plain.evaluate("document.querySelector('#interval_m').value = 'x'; 1")
    plain.click("#settings .save button")
    plain.wait(f"document.querySelector('#wrong-interval_m')?.innerText.includes('no time') && {LAID_OUT}")
    plain.evaluate("document.querySelector('#interval_m').value = '1'; 1")
    plain.click("#settings .save button")
    arrived(plain, "Saved.")
    assert living.kinds == [Kind.PAUSE, Kind.RESUME, Kind.NEXT, Kind.REDRAW, Kind.GO_TO, Kind.SET]
    assert living.house.asked[-1].value == {"interval": 80.0}
    go(plain, f"{living.url}/films")
    choose_file(plain, write(tmp_path / "small one.reel", film(12)))
    plain.click("#upload button")
    arrived(plain, "It has arrived.")
    assert (films / "small-one.reel").exists()
    plain.click(".films li:last-child form[action='/do/choose'] button")
    arrived(plain, "The film is on the panel.")
    assert [one for one in plain.complaints() if "401" not in one and "422" not in one] == []


def test_without_javascript_a_large_film_is_sent_and_one_of_a_computer_is_chosen(
    make_house, films, browser, tmp_path
):
    house = make_house(inbox=tmp_path / "inbox")
    living = Living(house, films)
    page = browser.open("about:blank", *PHONE)
    page.command("Network.clearBrowserCookies")
    page.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        go(page, living.url)
        page.evaluate(f"document.querySelector('#token').value = {json.dumps(TOKEN)}")
        page.click("button")
        page.wait(f"document.querySelector('#picture')?.complete && {LAID_OUT}")
        good, bad = tmp_path / "good one.mp4", tmp_path / "bad.mp4"
        good.write_bytes(b"\0\0\0\x20ftypisom" + bytes(2 * PIECE))
        bad.write_bytes(bytes(4 * PIECE))
        for path, wanted in ((bad, "bad.mp4: is neither a film nor a reel."), (good, "It has arrived.")):
            go(page, f"{living.url}/films")
            page.evaluate("document.querySelector('[name=option_title]').value = 'Gut'; 1")
            choose_file(page, path)
            page.click("#upload button")
            page.wait(f"document.body?.innerText.includes({json.dumps(wanted)}) && {LAID_OUT}")
        assert (tmp_path / "inbox" / "good-one.mp4").stat().st_size == good.stat().st_size
        assert text(page, ".jobs h3 ~ ul h3") == "Gut"
        others = [f"A folder of a rather long name/film number {number:02}.mkv" for number in range(30)]
        house.remote.computers.here("desk", others)
        go(page, f"{living.url}/films")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        fits(page)
        page.evaluate("document.querySelector('#house [name=find]').value = 'NUMBER 17'; 1")
        page.click("#house [role=search] button")
        page.wait(f"document.querySelectorAll('#wanted option').length === 1 && {LAID_OUT}")
        page.evaluate("document.querySelector('#option_fit-house').value = 'letterbox'; 1")
        page.click("#house .strong")
        arrived(page, "The computer has been asked.")
        wanted = house.remote.queue.jobs()[-1]
        assert (wanted.film.as_posix(), wanted.by, wanted.options) == (
            others[17],
            "desk",
            {"fit": "letterbox"},
        )
    finally:
        living.close()


def test_an_option_that_is_refused_is_said_beside_it_and_nothing_typed_is_lost(
    browser, make_house, films, tmp_path
):
    house = make_house(inbox=tmp_path / "inbox")
    living = Living(house, films)
    try:
        page = browser.open(f"{living.url}/login#{TOKEN}", *PHONE)
        page.wait(f"location.pathname === '/' && {LAID_OUT}")
        house.remote.computers.here("desk", ["a.mkv"])
        go(page, f"{living.url}/films")
        page.evaluate("document.querySelector('#option_fit-house').value = 'letterbox'; 1")
        page.evaluate("document.querySelector('#option_every-house').value = 'x'; 1")
        page.click("#house .strong")
        page.wait("document.activeElement.id === 'option_every-house'")  # in two folds that were closed
        assert text(page, "#wrong-option_every-house") == "It must be a whole number from 1 to 1000."
        page.evaluate("document.activeElement.value = '2'; 1")
        page.click("#house .strong")
        arrived(page, "The computer has been asked.")
        (job,) = house.remote.queue.jobs()
        assert job.options == {"fit": "letterbox", "every": "2"}
        page.evaluate("document.querySelector('#jobs .more').open = true; 1")
        page.click("#jobs [formaction]")  # save and preview
        arrived(page, "Done.")
        assert page.evaluate("scrollY") > 100, "at the same place of the page"
        assert page.evaluate("location.href") == f"{living.url}/films"
        assert house.remote.preview(job)[1] == "asked"
    finally:
        living.close()


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/", ["Now", "Films", "Settings", "whole", "Back", "Pause", "Next", "Redraw", "Panel",
               "with its ghosts", "at", "place", "Look"]),
        ("/films", ["file", "Send", "Play", "More"]),
        ("/settings", ["interval_h", "interval_m", "interval_s", "finish_by", "quiet_from_0",
                       "Expert", "Save", "Clean the panel", "Show the code", "Change",
                       "Sign out", "Log"]),
    ],
)  # fmt: skip
def test_it_can_be_used_with_the_keyboard_alone(living, phone, path, wanted):
    """Tab reaches every control, in the order of the page, and each shows its focus."""
    go(phone, living.url + path)
    phone.evaluate("document.querySelector('.skip').focus()")
    reached, outlines = [], set()
    for _ in range(90):
        reached.append(phone.evaluate("document.activeElement.innerText.trim() || document.activeElement.id"))
        outlines.add(phone.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        phone.press("Tab")
        if phone.evaluate(
            "document.activeElement === document.body || document.activeElement.className === 'skip'"
        ):
            break
    reached = [one.partition("\n")[0] for one in reached]
    assert [one for one in wanted if one not in reached] == []
    assert outlines == {"solid"}


def test_headings_landmarks_and_names_for_screen_readers(living, phone):
    known = []
    for path in ("/", "/films", "/settings"):
        go(phone, living.url + path)
        tree = phone.command("Accessibility.getFullAXTree")["nodes"]
        known += [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in tree
            if not node["ignored"]
        ]
    for wanted in [
        ("main", ""),
        ("navigation", "Pages"),
        ("heading", "A <film> & more"),
        ("heading", "Go to another place"),
        ("heading", "Library"),
        ("region", "What is shown now"),
        ("image", "The panel, as it is now"),
        ("progressbar", "Progress through the film"),
        ("slider", "Place in the film"),
        ("button", "Pause"),
        ("textbox", "Frame or time"),
        ("textbox", "minutes"),
        ("radio", "One frame every"),
        ("combobox", "When a film is over"),
        ("checkbox", "Sat"),
    ]:
        assert wanted in known, wanted
    named = ("button", "textbox", "combobox", "link", "image", "radio", "checkbox", "slider")
    assert [role for role, name in known if role in named and not name] == []
