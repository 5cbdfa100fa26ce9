"""The pages as HTML, without a browser: what they say, their forms, and that they need nothing else."""

import ast
import gzip
import html
import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from player.config.settings import KEYS, SETTABLE
from player.films.options import OPTIONS
from player.playback.requests import Kind, Request
from player.progress import Shelf, Undo
from player.reel import ReelWriter
from player.times import Place
from player.web import forms, pages, words
from player.web.actions import ACTIONS
from player.web.guard import Bucket
from player.web.library import chapters
from player.web.pages import SAID
from player.web.told import now_in_words
from player.web.uploads import LARGEST
from player.web.words import Words
from tests.messages import GAP, templates
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


PAGES = ("/", "/films", "/settings")


def test_a_name_that_is_not_text_spoils_no_page(full):
    full.log_tail("b\udcfcb.reel: begins")
    full.show(title="b\udcfcb")
    reply = full.client().get("/settings")
    assert reply.status == 200
    assert "b?b.reel: begins" in reply.text
    assert "b?b" in full.client().get("/now").text


def test_the_page_says_what_is_shown_what_comes_and_when_it_ends(full):
    text = full.client().get("/").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "A &lt;film&gt; &amp; more" in text
    assert "<film>" not in text
    assert "<strong>Playing</strong> · Frame 4 of 9 · 0:00 of 0:00" in text
    assert "(in 2 minutes)" in text
    assert "3 min 20 s" in text
    assert f"{Words('en').date(full.time + 40 * 86400)} (in 40 days)" in text
    assert "<dt>After it</dt><dd>it stops</dd>" in text
    full.show(
        full.films / "a.reel",
        up_next=str(full.films / "b.reel"),
        shelf=Shelf(names={str(full.films / "b.reel"): "Bee"}),
    )
    assert "<dt>After it</dt><dd>Bee</dd>" in full.client().get("/").text


def test_the_library_and_the_settings_say_the_rest(full):
    films, settings = (full.client().get(path).text for path in ("/films", "/settings"))
    assert "is not a reel" in films
    assert "On now" in films
    assert "frame 1 &lt;script&gt;" in settings
    assert "3.1\N{NO-BREAK SPACE}%" in settings
    assert "step is set by the option --step" in settings.lower()


def test_in_german_nothing_of_the_page_stays_english(full):
    """Every text of the templates and of the table has its German one; and gaps are filled."""
    wanted = {text for action in ACTIONS for text in (action.label, action.doing, action.done, action.hint)}
    wanted |= set(SAID.values())
    for template in pages._ASSETS.glob("*.tpl"):
        wanted |= set(re.findall(r"\b_\('((?:[^'\\]|\\.)*)'", template.read_text()))
    for option in OPTIONS.values():
        chosen = option.choices or option.switch or option.name in pages.CHOICES
        wanted |= {option.label, "" if chosen else option.help}
    every = [*pages.CHOICES.values(), *pages.CHOICES_ELSEWHERE.values()]
    wanted |= {text for choices in every for text in choices.values()}
    for name in set(SETTABLE) - set(forms.HUMAN):
        wanted |= {name.replace("_", " ").capitalize(), KEYS[name].help}
    known = words._catalogue("de")
    assert wanted - {""} - known.keys() == set(), "give it a German text in player/web/assets/de.txt"
    for english, german in known.items():
        assert english.count("{}") == german.count("{}"), english
    full.show(reel=full.films / "a.reel", shelf=Shelf(undo=Undo(str(full.films / "a.reel"), 1, full.time)))
    text = full.client().get("/", Accept_Language="fr;q=0.9,de-DE,en;q=0.8").text
    for german in ('lang="de"', "Läuft", "Bild 4 von 9", "in 2 Minuten", "in 40 Tagen", "zurück zu Bild 2"):
        assert german in text.replace("\N{NO-BREAK SPACE}", " ")
    wrong = full.client().form("/do/go-to", place="99")
    assert "The film has the frames 1 to 9." in wrong.text
    german = full.client(Accept_Language="de").form("/do/go-to", place="99")
    assert "Der Film hat die Bilder 1 bis 9." in german.text


def test_the_language_can_be_chosen(full):
    client = full.client()
    (cookie,) = client.form("/language", language="de").cookies
    assert cookie.startswith("longtake-language=de;")
    both = f"{client.headers['Cookie']}; longtake-language=de"
    assert 'lang="de"' in client.get("/", Accept_Language="en", Cookie=both).text
    (cookie,) = client.form("/language", language="xx").cookies
    assert 'longtake-language="";' in cookie


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/?look=glass",
        "/now",
        "/login",
        "/nothing",
        "/?asked=pause",
        "/?at=2",
        "/?place=99",
        "/seek?at=x",
    ],
)
def test_the_html_nests_and_nothing_is_inline_or_from_elsewhere(full, path):
    full.show(reel=full.films / "a.reel", shelf=Shelf(undo=Undo(str(full.films / "b.reel"), 1, full.time)))
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


@pytest.mark.parametrize("path", PAGES)
def test_every_control_has_a_label_and_every_reference_leads_somewhere(full, path):
    page = Elements(full.client().get(path).text)
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in page.all("label") if "for" in label}
    for control in page.all("input", "select"):
        ticked = control.get("type") in ("radio", "checkbox")  # inside of their labels
        assert control.get("type") == "hidden" or ticked or control["id"] in labelled
    for _, attributes in page.found:
        for name in ("aria-describedby", "aria-labelledby"):
            for one in attributes.get(name, ids[0]).split(" "):
                assert one in ids, one
    assert all("alt" in image for image in page.all("img"))
    assert [tag for tag, _ in page.found if tag in ("h1", "main", "title")] == ["title", "main", "h1"]


def test_every_form_posts_to_an_address_that_exists(full):
    client = full.client()
    forms = [form for path in PAGES for form in Elements(client.get(path).text).all("form")]
    assert len(forms) >= 20
    for form in forms:
        if form["method"] == "post":
            assert client.get(form["action"]).status == 405, "exists, and takes no GET"


def test_plain_forms_work_without_javascript(full):
    client = full.client()
    for name in ("pause", "resume", "next", "back", "redraw", "clean", "address"):
        reply = client.form(f"/do/{name}")
        assert reply.status == 303
        place, _, number = reply.headers["location"].partition(f"?asked={name}&number=")
        assert place == ("/settings" if name in ("clean", "address") else "/")
        assert "The panel is still at it." in client.get(reply.headers["location"]).text
        full.show(
            handled=int(number), refused="back: no frame before this one can be shown" * (name == "back")
        )
        said = "No frame before this one can be shown." if name == "back" else SAID[name]
        assert html.escape(said, quote=False) in client.get(reply.headers["location"]).text
        full.time += 1
    assert [request.kind.value for request in full.asked] == [
        "pause", "resume", "next", "back", "redraw", "clean", "address"]  # fmt: skip
    assert "evil" not in client.get("/?asked=evil").text


def test_a_form_waits_a_moment_for_the_player(full):
    full.client().form("/do/next")
    assert sum(full.slept) == pytest.approx(1.5)
    full.slept.clear()
    full.post = lambda request: full.show(handled=request.number)
    full.client().form("/do/next")
    assert full.slept == []


def test_go_to_choose_and_their_mistakes(full, films):
    client = full.client()
    assert client.form("/do/go-to", place=" 5 ").status == 303, "people count from 1"
    assert client.form("/do/go-to", place="0:00").status == 303
    assert client.form("/do/choose", reel=str(films / "b.reel")).headers["location"].startswith("/films?")
    assert full.asked == [
        Request(Kind.GO_TO, Place("frame", 4)),
        Request(Kind.GO_TO, Place("time", 0)),
        Request(Kind.CHOOSE, films / "b.reel"),
    ]
    for path, fields, status in [
        ("/do/go-to", {"place": "nowhere"}, 422),
        ("/do/go-to", {"place": "0"}, 422),
        ("/do/go-to", {"place": "10"}, 422),
        ("/do/go-to", {}, 422),
        ("/do/choose", {"reel": "<b>"}, 404),
        ("/do/choose", {}, 422),
    ]:
        reply = client.form(path, **fields)
        assert reply.status == status
        assert 'role="alert"' in reply.text
        assert "<b>" not in reply.text
    assert len(full.asked) == 3


def test_a_place_is_looked_at_before_anything_jumps(full):
    client = full.client()
    for path in ("/?at=5", "/?place=5", "/seek?at=5", "/?place=0:00.3"):
        text = client.get(path).text
        assert "Frame 5 of 9" in text, path
        assert '<input type="hidden" name="place" value="5">' in text
        assert "comes by itself in " not in text.replace("\n", " ") or path
        (preview,) = [image for image in Elements(text).all("img") if image.get("id") == "preview"]
        assert client.get(preview["src"]).headers["content-type"] == "image/png"
    assert "The film has the frames 1 to 9." in client.get("/seek?at=10").text
    assert "Give a frame number" in client.get("/?place=%3Cb%3E").text
    full.show(reel=None)
    assert "No film is shown now." in client.get("/seek?at=1").text
    assert full.asked == []


def test_chapters_lead_to_their_places(make_house, films):
    told = [{"time_ms": 0, "title": "A <start>"}, {"time_ms": 3000, "title": ""}, {"time_ms": "x"}]
    path = films / "long.reel"
    with ReelWriter(path, {"film": "long.mp4", "chapters": json.dumps(told[:2])}, 44, 24) as writer:
        for number, dither in enumerate(film(6)):
            writer.append(dither, 1000 * number, number, number == 3)
        writer.finish()
    house = make_house()
    house.show(path, frames=6, duration_ms=5000)
    text = house.client().get("/").text
    assert "<span>A &lt;start&gt;</span> <small>0:00</small>" in text
    assert '<a href="/?place=0:03#seek" data-at="0:03">' in text
    assert "Frame 4 of 6 · 0:03" in house.client().get("/seek?at=0:03").text
    assert "· A &lt;start&gt;" in house.client().get("/seek?at=2").text
    assert chapters(json.dumps(told)) == chapters("[") == chapters("{}") == chapters("[1]") == ()


def test_pictures_of_reels_are_kept_by_the_browser(full):
    client = full.client()
    sources = [image["src"] for path in PAGES for image in Elements(client.get(path).text).all("img")]
    sources = [source for source in sources if "/poster/" in source or "/strip/" in source]
    assert len(sources) == 3
    for source in sources:
        reply = client.get(source)
        assert "immutable" in reply.headers["cache-control"]
        assert client.get(source, If_None_Match=reply.headers["etag"]).status == 304
        assert full.client(signed_in=False).get(source).status == 303
    tag = sources[0].split("/")[3].partition(".")[0]
    for path in (f"/picture/frame/{tag}/99.png", "/picture/poster/0.png", f"/picture/other/{tag}.png",
                 f"/picture/frame/{tag}/-1.png", "/picture/now/other.png"):  # fmt: skip
        assert client.get(path).status == 404, path


def test_static_files_are_packed_and_kept(full):
    client = full.client()
    text = client.get("/").text
    sources = re.findall(r'(?:href|src)="(/web/[^"]+)"', text)
    assert len(sources) == 5
    for source in sources:
        plain, packed = client.get(source), client.get(source, Accept_Encoding="gzip, br")
        assert "immutable" in plain.headers["cache-control"]
        assert client.get(source.partition("?")[0]).headers["cache-control"] == "no-cache"
        assert client.get(source, If_None_Match=plain.headers["etag"]).status == 304
        if not source.partition("?")[0].endswith(".png"):
            assert gzip.decompress(packed.body) == plain.body
            assert packed.headers["content-encoding"] == "gzip"
            assert packed.headers["vary"] == "Accept-Encoding"
    manifest = json.loads(client.get("/web/longtake.webmanifest").body)
    for icon in manifest["icons"]:
        reply = full.client(signed_in=False).get(icon["src"])
        assert (reply.status, reply.headers["content-type"]) == (200, icon["type"])


UNCHANGED = {"pace": "interval", "interval_h": "0", "interval_m": "3", "interval_s": "20", "hours": "1",
             "quiet_from_0": "22:00", "quiet_to_0": "07:00", "quiet_from_1": "", "quiet_to_1": "",
             "days": "1", "captions": "1", "end": "loop", "order": "name", "rotate": "0", "dial": "",
             "flashes": "usual", "threshold": "0.064", "cooldown": "20",
             "darkened_only": "false"}  # fmt: skip


def test_only_the_settings_that_were_changed_are_sent(full):
    client = full.client()
    assert client.form("/do/settings", **UNCHANGED).headers["location"] == "/settings?asked=same"
    assert full.asked == []
    changed = {**UNCHANGED, "interval_m": "1 min", "interval_s": "30", "darkened_only": "true",
               "quiet_from_0": "", "quiet_to_0": "", "threshold": "0,1", "day_sun": "1", "caption_time": "1",
               "rotate": "180"}  # fmt: skip
    assert client.form("/do/settings", **changed).status == 303
    assert full.asked == [
        Request(Kind.SET, {"interval": 90.0, "quiet": "", "quiet_days": "sun", "caption": "time",
                           "rotate": 180, "threshold": 0.1, "darkened_only": True})]  # fmt: skip
    by_date = {**UNCHANGED, "pace": "date", "finish_by": "2099-01-31"}
    assert client.form("/do/settings", **by_date).status == 303
    assert full.asked[-1].value == {"finish_by": "2099-01-31"}


@pytest.mark.parametrize(
    ("texts", "field", "said"),
    [
        ({"interval_m": "soon"}, "interval_m", "no time"),
        ({"interval_m": "5 parsecs"}, "interval_m", "no time"),
        ({"interval_h": "999"}, "interval_s", "0 to 604800"),
        ({"quiet_from_1": "25:00", "quiet_to_1": "07:00"}, "quiet_from_1", "a time such as 22:30"),
        ({"quiet_from_1": "13:00"}, "quiet_to_1", "a time such as 22:30"),
        ({"pace": "date"}, "finish_by", "choose a date"),
        ({"threshold": "1,5"}, "threshold", "0 to 1"),
        ({"threshold": "0.1 or so"}, "threshold", "0 to 1"),
        ({"cooldown": "20.5"}, "cooldown", "a whole number"),
        ({f"day_{day}": "1" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}, "day_mon", "six"),
    ],
)
def test_what_is_refused_is_said_beside_its_field_and_nothing_is_lost(full, texts, field, said):
    client, given = full.client(), {**UNCHANGED, "cooldown": "77", "end": "next", **texts}
    reply = client.form("/do/settings", **given)
    assert reply.status == 422
    page = Elements(reply.text)
    beside = reply.text[reply.text.index(f'id="wrong-{field}"') :].partition("</p>")[0]
    assert said in beside.replace("Choose", "choose")
    assert beside.endswith("."), "a sentence"
    assert " hidden" not in beside.partition(">")[0]
    typed = {one["name"]: one.get("value") for one in page.all("input") if "name" in one}
    for name in ("interval_m", "cooldown", "threshold", "quiet_from_1"):
        assert typed[name] == given[name]
    assert '<option value="next" selected>' in reply.text
    script = {"Content_Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    problem = client.post("/do/settings", urlencode(given).encode(), **script).json()
    assert said in problem["fields"][field]
    assert full.asked == []


def test_a_pinned_setting_and_an_unknown_one_are_refused(full):
    for wrong in ({"step": "2"}, {"vcom": "-1.5"}, {"nonsense": "1"}):
        assert full.client().form("/do/settings", **{**UNCHANGED, **wrong}).status == 422
    assert full.asked == []


def test_the_settings_form_sends_back_what_is_in_force(full):
    """A browser that sends the form unchanged changes nothing."""
    text = full.client().get("/settings").text
    form = text[text.index('action="/do/settings"') :].partition("</form>")[0]
    fields = {}
    for field in Elements("<form>" + form.partition(">")[2] + "</form>").all("input"):
        ticked = field.get("type") not in ("radio", "checkbox") or "checked" in field
        if "disabled" not in field and ticked:
            fields[field["name"]] = field.get("value", "")
    for name, options in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        fields[name] = re.search(r'value="([\w.]*)" selected', options)[1]
    assert set(UNCHANGED) <= set(fields)
    assert full.client().form("/do/settings", **fields).headers["location"] == "/settings?asked=same"


def test_the_end_is_told_for_another_pace(full):
    full.show(settings={**SETTINGS, "quiet": ""}, left=100)
    client = full.client()
    assert "in 5 days 18 hours." in client.get("/ends?interval_h=1&interval_m=23&interval_s=").text
    for wrong in ("x", "999999999", "999999999 d", "-1", "0"):
        reply = client.get(f"/ends?interval_h={wrong.replace(' ', '%20')}")
        assert (reply.status, reply.text) == (200, "")
    assert client.get("/ends").text == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 300),
        ("5 min", 300),
        ("0,1", 6),
        ("1 h 30 min", 5400),
        ("2min 5s", 125),
        ("90 Sek.", 90),
        ("", 0),
    ],
)
def test_amounts_of_time(text, seconds):
    assert forms.amount(text, 60) == seconds


@pytest.mark.parametrize("text", ["x", "5 5", "5 min 3", "-1", "1e3", "5 light years", "1:30"])
def test_what_is_no_amount_of_time(text):
    with pytest.raises(ValueError, match="no time"):
        forms.amount(text, 60)


def multipart(data, name="My film.reel"):
    return (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: application/octet-stream\r\n\r\n'
        + data
        + b"\r\n--x--\r\n"
    )


def test_a_reel_can_be_sent_by_a_plain_form(full, films, tmp_path):
    data = write(tmp_path / "made.reel", film(60)).read_bytes()
    kind = "multipart/form-data; boundary=x"
    client = full.client()
    reply = client.post("/do/upload", multipart(data), Content_Type=kind)
    assert (reply.status, reply.headers["location"]) == (303, "/films?asked=upload")
    assert (films / "My-film.reel").read_bytes() == data
    assert client.post("/do/upload", multipart(data), Content_Type=kind).status == 409
    refused = client.post("/do/upload", multipart(b"no reel", "x.reel"), Content_Type=kind)
    assert refused.status == 422
    assert "x.reel: is neither a film nor a reel." in refused.text
    assert client.post("/do/upload", multipart(b"", "x.reel"), Content_Type=kind).status == 422
    assert client.post("/do/upload", multipart(b"x" * LARGEST), Content_Type=kind).status == 413
    assert client.post("/do/upload", multipart(data, "cut.reel")[:-9], Content_Type=kind).status == 400
    assert client.post("/do/upload", b"nothing", Content_Type=kind).status == 400
    assert client.post("/do/upload", b"x", Content_Type="multipart/form-data").status == 400
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
    client = house.client()
    text = client.get("/").text
    assert "No picture yet" in text
    assert "Send a film" in text
    assert 'id="seek"' not in text
    films = client.get("/films").text
    assert 'id="upload"' not in films
    assert "set films in the configuration" in films
    assert "Sign out" not in client.get("/settings").text


def test_what_a_film_can_be_asked_for(full, films):
    def offered(name):
        text = full.client().get("/films").text
        part = text[text.index(f">{name}</h3>") :].partition("</li>")[0]
        return re.findall(r'action="/do/([a-z-]+)"', part)

    a, b = str(films / "a.reel"), str(films / "b.reel")
    names = {a: "A", b: "B"}
    full.show(films / "a.reel", shelf=Shelf(names=names))
    assert offered("A") == ["rename", "delete"]
    assert offered("B") == ["choose", "play-next", "queue", "rename", "delete"]
    assert offered("c") == ["delete"]
    full.show(films / "a.reel", shelf=Shelf((b,), names))
    assert offered("B") == ["choose", "unqueue", "rename", "delete"]
    assert "Comes next" in full.client().get("/films").text
    full.show(films / "c.reel", shelf=Shelf((b,), names))
    shown = re.findall(r'<h3 id="film-\d">(.*?)</h3>', full.client().get("/films").text)
    assert shown == ["c", "B", "A"], "what is on, the queue, the others"


def test_a_problem_on_the_page_is_a_page(full):
    reply = full.client().post("/do/pause", Origin="http://evil.example")
    assert reply.status == 403
    assert reply.headers["content-type"].startswith("text/html")
    assert "another site" in reply.text
    assert "<h1>Not allowed</h1>" in reply.text
    wrong = full.client(signed_in=False).form("/login", token="x", **{})
    assert wrong.status == 401
    assert 'href="/login">' in wrong.text


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "there is room for 1,234.5 MB here; delete films first (free_space says how much stays free)",
            "Platz für 1.234,5 MB",
        ),
        ("dial is '2'; it must be a number from 0 to 1", "es muss eine Zahl von 0 bis 1 sein"),
        ("gamma is '99'; it must be a number from 0.1 to 10", "von 0,1 bis 10"),
        ("x.reel: claims 2,000,000 frames, and 1,000,000 are the most; export fewer", "höchstens 1.000.000"),
        ("this is 20.5; it must be a whole number 0 to 1000000 frames", "eine ganze Zahl von 0 bis 1000000"),
        ("Lord of War.mkv is no film; remove it, or send another file", "Lord of War.mkv ist kein Film"),
        ("in the house: is neither a film nor a reel", "in the house: ist weder"),
    ],
)
def test_refusals_with_figures_are_translated_and_names_are_not(english, german):
    assert german in Words("de")(english)
    assert Words("en")(english) == english


FOR_PROGRAMS = ("api", "computers", "exchange", "openapi", "server", "service", "tokens")
"""Modules of player/web whose refusals no page shows."""


def test_every_refusal_of_the_page_has_its_german_text():
    said = set()
    for path in Path(pages.__file__).parent.glob("*.py"):
        if path.stem not in FOR_PROGRAMS:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
                    said.update(templates(node.args[1]))
    wanted = {text.replace(GAP, "{}") for text in said if re.search(r"[a-z]", text)}
    assert len(wanted) > 40
    assert wanted - words._catalogue("de").keys() == TO_PROGRAMS


TO_PROGRAMS = {
    "there is no frame {}; the reel holds 0 to {}",
    "sign in first, or send the token as Authorization: Bearer",
    "the request does not say which host it is for",
    "a piece has 1 to {} bytes here",
}
"""Refusals that no form of a page can bring about."""

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("fields", "state", "where"),
    [
        ({"reel": None, "frames": 0, "frame": None, "title": ""}, "Starting", ""),
        ({"reel": None, "frames": 0, "frame": None, "message": "/films holds none"}, "Waiting for films",
         "/films holds none"),
        ({"frame": 0, "frames": 9, "paused": True}, "Paused", "Frame 1 of 9 · 0:00 of 0:00"),
        ({"frame": 1234, "frames": 160000, "quiet": True, "time_ms": 3_600_000, "duration_ms": 7_200_000},
         "Quiet hours", "Frame 1,235 of 160,000 · 1:00:00 of 2:00:00"),
        ({"message": "the film is over"}, "The film is over", "Frame 4 of 9 · 0:00 of 0:00"),
    ],
)  # fmt: skip
def test_the_state_in_words(make_house, fields, state, where):
    house = make_house()
    full = {"frame": 3, **fields}
    house.show(**{"reel": house.films / "a.reel", **full})
    now = now_in_words(house.remote, Words("en"))
    assert (now.state, now.where) == (state, where)


@pytest.mark.parametrize(
    ("away", "words", "german"),
    [
        (0.4, "now", "jetzt"),
        (140, "in 2 minutes", "in 2 Minuten"),
        (59, "in 59 seconds", "in 59 Sekunden"),
        (-3660, "1 hour 1 minute ago", "vor 1 Stunde 1 Minute"),
        (90000, "in 1 day 1 hour", "in 1 Tag 1 Stunde"),
        (9 * 86400, "in 9 days", "in 9 Tagen"),
    ],
)
def test_moments_in_words(away, words, german):
    assert Words("en").away(NOW + away, NOW) == words
    assert Words("de").away(NOW + away, NOW) == german


def test_numbers_and_intervals_in_words():
    english, german = Words("en"), Words("de")
    assert (english.number(12345), german.number(12345)) == ("12,345", "12.345")
    assert (english.size(3_160_064), german.size(1_234_567_890)) == (
        "3.2\N{NO-BREAK SPACE}MB",
        "1,2\N{NO-BREAK SPACE}GB",
    )
    for seconds, text in [(200, "3 min 20 s"), (3600, "1 h"), (0.5, "0.5 s"), (90061, "1 d 1 h 1 min 1 s")]:
        assert english.every(seconds) == text


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


ODD = (
    "", "0", "-1", "9", "99999999999999999999", "1e9", "x" * 5000, "<b>", "\"'", "\0", "\u202e", "nan", "inf",
    "0,1", "5 min", "1:99", "0:00", "../../etc/passwd", "\n", "22:00", "0001-01-01", "9999-12-31", "180",
)  # fmt: skip


def test_nothing_odd_breaks_a_page(make_house, films, tmp_path):
    """Every form and every page with a query, with values that nobody means: never an error of ours."""
    reel = write(films / "a.reel", film(9))
    house = make_house(inbox=tmp_path / "inbox")
    house.show(reel)
    house.remote.pace = Bucket(10**9, 1.0, lambda: 0.0)
    chance, client = random.Random(18), house.client()
    forms = [f"/do/{action.name}" for action in ACTIONS] + ["/do/job/first", "/do/job/options", "/language"]
    names = [*UNCHANGED, "place", "reel", "title", "finish_by", "step", "job", "option_fit", "language"]
    queries = ("/?at=", "/?place=", "/seek?at=", "/?asked=", "/ends?interval_m=", "/?asked=next&number=")
    statuses = set()
    for _ in range(400):
        sent = {name: chance.choice(ODD) for name in chance.sample(names, 6)} | {"reel": str(reel)}
        statuses.add(client.form(chance.choice(forms), **sent).status)
        statuses.add(client.get(chance.choice(queries) + quote(chance.choice(ODD))).status)
    assert statuses == {200, 303, 404, 409, 422}
    assert not any("failed" in line for line in house.logged)
