"""The page as HTML, without a browser: what it says, its forms, and that it needs nothing from elsewhere."""

import html
import re
from html.parser import HTMLParser

import pytest

from player.playback.requests import Kind, Request
from player.playback.status import Status
from player.times import Place, local
from player.web.pages import PIECE, SAID, now_in_words
from tests.player.conftest import film, write
from tests.player.web.house import SETTINGS


class Elements(HTMLParser):
    """All elements of a page: (tag, attributes), and whether they nest."""

    VOID = ("meta", "link", "img", "input", "br", "hr")

    def __init__(self, text):
        super().__init__()
        self.found, self._open = [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def all(self, *tags):
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.fixture
def full(make_house, films):
    """A page with everything on it: reels, one of them damaged, a pinned setting, log lines."""
    shown = write(films / "a.reel", film(9))
    write(films / "b.reel", film(3))
    (films / "c.reel").write_bytes(b"no reel")
    house = make_house(pinned={"step": "step is set by the option --step"})
    house.show(shown)
    house.log_tail("frame 1 <script>")
    return house


def test_a_name_that_is_not_text_spoils_no_page(full):
    full.log_tail("b\udcfcb.reel: begins")
    full.show(title="b\udcfcb")
    reply = full.client().get("/")
    assert reply.status == 200
    assert "b?b.reel: begins" in reply.text
    assert "b?b" in full.client().get("/now").text


def test_the_page_says_what_is_shown(full):
    text = full.client().get("/").text
    assert "A &lt;film&gt; &amp; more" in text
    assert "<film>" not in text
    assert "frame 1 &lt;script&gt;" in text
    assert "Frame 3 of 9 (44.4 %). Showing" in text
    assert "0:00.2 of 0:00.6" in text
    assert "in 2 minutes" in text
    assert "3.1%" in text
    assert "is not a reel" in text
    assert "Step is set by the option --step." in text


@pytest.mark.parametrize("path", ["/", "/?look=glass", "/now", "/login", "/nothing", "/?asked=pause"])
def test_the_html_nests_and_nothing_is_inline_or_from_elsewhere(full, path):
    text = full.client().get(path).text
    page = Elements(text)
    for tag, attributes in page.found:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert tag != "style"
        for name in ("src", "href", "action"):
            assert attributes.get(name, "/").startswith(("/", "#")), attributes
            assert not attributes.get(name, "/").startswith("//")
    assert not re.search(r"<script(?![^>]* src=)", text)


def test_every_control_has_a_label_and_every_reference_leads_somewhere(full):
    page = Elements(full.client().get("/").text)
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in page.all("label")}
    for control in page.all("input", "select"):
        assert control.get("type") == "hidden" or control["id"] in labelled
    for _, attributes in page.found:
        for name in ("aria-describedby", "aria-labelledby"):
            assert attributes.get(name, ids[0]) in ids
    for image in page.all("img"):
        assert image["alt"]
        assert (image["width"], image["height"]) == ("44", "24")
    assert [tag for tag, _ in page.found if tag in ("h1", "main", "title")] == ["title", "main", "h1"]


def test_every_form_posts_to_an_address_that_exists(full):
    client = full.client()
    forms = Elements(client.get("/").text).all("form")
    assert len(forms) >= 12
    for form in forms:
        assert form["method"] == "post"
        assert client.get(form["action"]).status == 405, "exists, and takes no GET"


def test_plain_forms_work_without_javascript(full):
    client = full.client()
    for name in ("pause", "resume", "next", "back", "redraw", "clean", "address"):
        reply = client.form(f"/do/{name}")
        assert (reply.status, reply.headers["location"]) == (303, f"/?asked={name}")
        assert (
            html.escape(SAID[name], quote=False).replace("'", "&#039;")
            in client.get(reply.headers["location"]).text
        )
        full.time += 1
    assert [request.kind.value for request in full.asked] == [
        "pause", "resume", "next", "back", "redraw", "clean", "address"]  # fmt: skip
    assert "evil" not in client.get("/?asked=evil").text


def test_a_form_waits_a_moment_for_the_player(full):
    full.client().form("/do/next")
    assert sum(full.slept) == pytest.approx(1.5)
    full.slept.clear()
    full.post = lambda request: full.show()
    full.client().form("/do/next")
    assert full.slept == []


def test_go_to_choose_and_their_mistakes(full, films):
    client = full.client()
    assert client.form("/do/go-to", place=" 5 ").status == 303
    assert client.form("/do/go-to", place="0:00").status == 303
    assert client.form("/do/choose", reel=str(films / "b.reel")).status == 303
    assert full.asked == [
        Request(Kind.GO_TO, Place("frame", 5)),
        Request(Kind.GO_TO, Place("time", 0)),
        Request(Kind.CHOOSE, films / "b.reel"),
    ]
    for path, fields, status in [
        ("/do/go-to", {"place": "nowhere"}, 422),
        ("/do/go-to", {"place": "99"}, 422),
        ("/do/go-to", {}, 422),
        ("/do/choose", {"reel": "<b>"}, 404),
        ("/do/choose", {}, 422),
    ]:
        reply = client.form(path, **fields)
        assert reply.status == status
        assert 'role="alert"' in reply.text
        assert "<b>" not in reply.text
    assert len(full.asked) == 3


def test_only_the_settings_that_were_changed_are_sent(full):
    client = full.client()
    sent = {"interval": "200", "threshold": "0.064", "cooldown": "20", "darkened_only": "false",
            "quiet": "22:00-07:00", "quiet_days": "", "order": "name", "end": "loop",
            "caption": ""}  # fmt: skip
    assert set(sent) == set(SETTINGS) - {"step"}
    assert client.form("/do/settings", **sent).headers["location"] == "/?asked=same"
    assert full.asked == []
    changed = {**sent, "interval": " 90 ", "darkened_only": "true", "quiet": ""}
    assert client.form("/do/settings", **changed).status == 303
    assert full.asked == [Request(Kind.SET, {"interval": 90.0, "darkened_only": True, "quiet": ""})]
    for wrong in ({"interval": "soon"}, {"quiet": "x"}, {"step": "2"}, {"vcom": "-1.5"}):
        assert client.form("/do/settings", **{**sent, **wrong}).status in (409, 422)
    assert len(full.asked) == 1


def test_the_settings_form_sends_back_what_is_in_force(full):
    """A browser that sends the form unchanged changes nothing."""
    text = full.client().get("/").text
    fields = {}
    for field in Elements(text).all("input"):
        if field.get("id", "").startswith("set-") and "disabled" not in field:
            fields[field["name"]] = field["value"]
    for name, options in re.findall(
        r'<select id="set-\w+" name="(\w+)"[^>]*>(.*?)</select>', text, re.DOTALL
    ):
        fields[name] = re.search(r'value="(\w+)" selected', options)[1]
    assert set(fields) == set(SETTINGS) - {"step"}
    assert full.client().form("/do/settings", **fields).headers["location"] == "/?asked=same"


def multipart(data, name="My film.reel"):
    return (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: application/octet-stream\r\n\r\n'
        + data
        + b"\r\n--x--\r\n"
    )


def test_a_small_reel_can_be_sent_by_a_plain_form(full, films, tmp_path):
    data = write(tmp_path / "made.reel", film(60)).read_bytes()
    kind = "multipart/form-data; boundary=x"
    client = full.client()
    reply = client.post("/do/upload", multipart(data), Content_Type=kind)
    assert (reply.status, reply.headers["location"]) == (303, "/?asked=upload")
    assert (films / "My-film.reel").read_bytes() == data
    assert client.post("/do/upload", multipart(data), Content_Type=kind).status == 409
    assert client.post("/do/upload", multipart(b"no reel", "x.reel"), Content_Type=kind).status == 422
    assert client.post("/do/upload", multipart(b"", "x.reel"), Content_Type=kind).status == 413
    assert client.post("/do/upload", multipart(b"x" * (PIECE + 1)), Content_Type=kind).status == 413
    assert client.post("/do/upload", b"nothing", Content_Type=kind).status in (400, 413)
    assert client.post("/do/upload", b"x", Content_Type="multipart/form-data").status in (400, 413)
    assert client.form("/do/upload", file="x").status == 415
    assert sorted(path.name for path in films.iterdir()) == ["My-film.reel", "a.reel", "b.reel", "c.reel"]


def test_bad_forms_are_refused(full):
    client = full.client()
    kind = "application/x-www-form-urlencoded"
    for body in (b"place=%ff", b"\xff", b"&".join([b"a=1"] * 200)):
        assert client.post("/do/go-to", body, Content_Type=kind).status in (400, 422)
    assert client.post("/do/go-to", b"place=1", Content_Type="text/plain").status == 415
    assert client.post("/do/go-to", b"place=" + b"1" * 70000, Content_Type=kind).status == 413
    assert full.asked == []


def test_what_cannot_be_done_is_not_offered(make_house):
    house = make_house(films=None, asks=False)
    text = house.client().get("/").text
    assert "No picture yet" in text
    assert 'id="upload"' not in text
    assert "set <code>films</code>" in text
    assert "Sign out" not in text


def test_a_problem_on_the_page_is_a_page(full):
    reply = full.client().post("/do/pause", Origin="http://evil.example")
    assert reply.status == 403
    assert reply.headers["content-type"].startswith("text/html")
    assert "another site" in reply.text
    wrong = full.client(signed_in=False).form("/login", token="x")
    assert wrong.status == 401
    assert '<a href="/login">' in wrong.text


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("snapshot", "state"),
    [
        (Status(), "Starting"),
        (Status(message="waiting for films in /films"), "Waiting for films in /films"),
        (Status(reel="/f/a.reel", frame=0, frames=9, paused=True), "Frame 0 of 9 (11.1 %). Paused"),
        (
            Status(reel="/f/a.reel", frame=1234, frames=160000, quiet=True),
            "Frame 1,234 of 160,000 (0.8 %). Quiet hours",
        ),
    ],
)
def test_the_state_in_words(snapshot, state):
    assert now_in_words(snapshot, NOW).state == state


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (0.4, ", now"),
        (140, ", in 2 minutes"),
        (59, ", in 59 seconds"),
        (-3660, ", 1 hour 1 minute ago"),
        (90000, ", in 1 day"),
    ],
)
def test_moments_in_words(away, words):
    facts = dict(now_in_words(Status(shown_at=NOW + away), NOW).facts)
    assert facts["Shown since"].endswith(words)
    assert facts["Shown since"].startswith(local(NOW + away)[:4]) == (away == 90000)
    assert facts["Next frame"] == "not now"


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_colours_have_enough_contrast(client, scheme):
    """4.5 for text, 3 for the edges of controls and for the focus (WCAG 2.2 AA)."""
    style = client.get("/web/remote.css").text
    root = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", root))
    assert len(colours) == 10
    pairs = [(text, ground, 4.5) for text in ("ink", "pale", "mark", "good") for ground in ("paper", "card")]
    pairs += [("on-mark", "mark", 4.5)]
    pairs += [(line, ground, 3.0) for line in ("edge", "focus") for ground in ("paper", "card")]
    for one, other, least in pairs:
        light, dark = sorted((luminance(colours[one]), luminance(colours[other])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least, (one, other)
