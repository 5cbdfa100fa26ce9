"""The API: what it tells, what it asks of the player, what it refuses."""

import io
from pathlib import Path

import numpy as np
import pytest
from bottle import Bottle
from PIL import Image

from player.playback.requests import Kind, Request
from player.progress import Shelf, Undo
from player.times import Place
from player.web import api, guard, pages
from player.web.actions import ACTIONS
from tests.player.conftest import film, write
from tests.player.web.house import SETTINGS


def test_the_status_is_the_snapshot(house, client):
    told = client.get("/api/status").json()
    assert told["title"] == "A <film> & more"
    assert (told["frame"], told["frames"], told["time_ms"], told["duration_ms"]) == (3, 9, 240, 640)
    assert (told["redraws"], told["net"], told["paused"], told["interval"]) == (2, 0.031, False, 200.0)
    assert (told["now"], told["shown_at"], told["next_due"]) == (
        house.time,
        house.time - 60,
        house.time + 140,
    )
    assert told["settings"] == SETTINGS
    assert told["picture"] == client.get("/api/panel.png").headers["etag"].strip('"')


def test_it_answers_before_anything_is_shown(make_house):
    client = make_house().client()
    told = client.get("/api/status").json()
    assert (told["frame"], told["reel"], told["picture"]) == (None, None, None)
    for path in ("/api/panel.png", "/api/glass.png"):
        assert client.get(path).status == 404
        assert "no picture yet" in client.get(path).json()["detail"]
    assert client.post("/api/go-to", {"frame": 0}).status == 409


def test_the_pictures_of_panel_and_glass_are_sent_once(house, client):
    dither, redrawn = house.board.latest().dither, house.board.latest().redrawn
    panel = client.get("/api/panel.png")
    assert panel.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(panel.body))), dither == 1)
    glass = np.asarray(Image.open(io.BytesIO(client.get("/api/glass.png").body)).convert("L"))
    np.testing.assert_array_equal(glass == 48, (dither == 0) & (redrawn == 1))
    tag = panel.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = client.get("/api/panel.png", If_None_Match=known)
        assert (again.status, again.body) == (304, b"")
    house.show(frame=4)
    assert client.get("/api/panel.png", If_None_Match=tag).status == 200


def test_head_is_get_without_the_body(client):
    for path in ("/", "/api/status", "/api/panel.png"):
        got, head = client.get(path), client.send("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


PLAIN = {action.name: action.kind for action in ACTIONS if action.fields == ()}


def test_these_actions_need_no_value():
    names = [kind.value for kind in PLAIN.values()]
    assert list(PLAIN) == names
    assert sorted(PLAIN) == ["address", "back", "chart", "clean", "next", "pause", "redraw", "resume", "undo"]


@pytest.mark.parametrize("name", PLAIN)
def test_plain_requests_are_posted(house, client, name):
    house.show(shelf=Shelf(undo=Undo("/films/a.reel", 1, house.time)))
    reply = client.post(f"/api/{name}")
    assert (reply.status, reply.json()["asked"]) == (202, name)
    assert house.asked == [Request(PLAIN[name])]
    assert house.asked[0].number == reply.json()["request"] > 0


def test_no_jump_no_undo(house, client):
    assert client.post("/api/undo").status == 409
    house.show(shelf=Shelf(undo=Undo("/films/a.reel", 1, house.time)))
    assert client.get("/api/status").json()["undo"] == {"reel": "/films/a.reel", "frame": 1}


def test_the_library_is_arranged_by_requests(make_house, films, tmp_path):
    house = make_house()
    own, other = write(films / "a.reel", film(3)), write(tmp_path / "b.reel", film(3))
    house.show(own, playlist=(str(own), str(other)), shelf=Shelf(queue=("/gone.reel",)))
    client = house.client()
    for name, given, value in [
        ("play-next", {"reel": str(other)}, other),
        ("queue", {"reel": str(own)}, own),
        ("unqueue", {"reel": "/gone.reel"}, Path("/gone.reel")),
        ("rename", {"reel": str(own), "title": "  A  new name "}, {"reel": own, "title": "A new name"}),
        ("rename", {"reel": str(own), "title": ""}, {"reel": own, "title": ""}),
        ("delete", {"reel": str(own)}, own),
    ]:
        assert client.post(f"/api/{name}", given).status == 202, name
        assert house.asked.pop().value == value
    for name, given, status in [
        ("delete", {"reel": str(other)}, 409),
        ("delete", {"reel": str(films)}, 404),
        ("delete", {"reel": f"{films}/../films/a.reel"}, 404),
        ("unqueue", {"reel": str(own)}, 404),
        ("queue", {"reel": "/gone.reel"}, 404),
        ("rename", {"reel": "/gone.reel", "title": "x"}, 404),
        ("rename", {"reel": str(own), "title": "x" * 201}, 422),
        ("rename", {"reel": str(own), "title": "a\u202eb"}, 422),
        ("rename", {"reel": str(own)}, 422),
    ]:
        assert client.post(f"/api/{name}", given).status == status, (name, given)
    assert house.asked == []


def test_go_to_takes_a_frame_or_a_time(make_house, films):
    house = make_house()
    house.show(films / "a.reel")
    client = house.client()
    for given, place in [
        ({"frame": 8}, Place("frame", 8)),
        ({"time": "0.5s"}, Place("time", 500)),
        ({"time": "0:00"}, Place("time", 0)),
    ]:
        assert client.post("/api/go-to", given).status == 202
        assert house.asked.pop() == Request(Kind.GO_TO, place)
    bad = [{}, {"frame": 9}, {"frame": -1}, {"frame": True}, {"frame": 1.5}, {"frame": "1"}, {"frame": None},
           {"time": "12"}, {"time": "0:01"}, {"time": "1:99:00"}, {"time": 5}, {"frame": 1, "time": "0s"},
           {"frame": 1, "more": 2}]  # fmt: skip
    for given in bad:
        assert client.post("/api/go-to", given).status == 422, given
    assert house.asked == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 60000, "application/json", 400),
        (b'{"frame": NaN}', "application/json", 400),
        (b'{"frame": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"1", "application/json", 422),
        (b'{"frame": 1}', "text/plain", 415),
        (b'{"frame": 1}', "", 415),
        (b" " * 70000, "application/json", 413),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(house, client, body, kind, status):
    reply = client.post("/api/go-to", body, Content_Type=kind)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == status
    assert house.asked == []


def test_a_body_that_was_cut_off_is_refused(house, client):
    assert (
        client.post(
            "/api/go-to", b'{"frame": 1}', Content_Length="40", Content_Type="application/json"
        ).status
        == 400
    )
    assert client.post("/api/go-to", b"", Content_Length="x", Content_Type="application/json").status == 400
    assert client.post("/api/go-to", b"", Content_Length="-1", Content_Type="application/json").status == 413


def test_settings_are_described_and_changed(house, client):
    told = {key["key"]: key for key in client.get("/api/settings").json()["settings"]}
    assert list(told) == list(SETTINGS)
    assert (told["interval"]["value"], told["interval"]["unit"], told["interval"]["low"]) == (
        200.0,
        "seconds",
        0,
    )
    assert told["end"]["choices"] == ["stop", "next", "loop"]
    assert client.post("/api/settings", {"interval": 60, "quiet": "", "end": "stop"}).status == 202
    assert house.asked == [Request(Kind.SET, {"interval": 60.0, "quiet": "", "end": "stop"})]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"interval": -1},
        {"interval": "60"},
        {"interval": 10**15},
        {"interval": None},
        {"interval": True},
        {"quiet": "25:00-07:00"},
        {"end": "never"},
        {"vcom": -1.5},
        {"remote": "off"},
        {"reels": ["/etc"]},
        {"interval": 60, "nothing": 1},
        {"cooldown": 1.5},
        {"darkened_only": 1},
        {"caption": "x" * 5000},
    ],
)
def test_bad_settings_change_nothing(house, client, values):
    reply = client.post("/api/settings", values)
    assert reply.status == 422
    assert len(reply.json()["detail"].splitlines()) == 1
    assert house.asked == []


def test_a_pinned_setting_is_refused_with_its_reason(make_house):
    house = make_house(pinned={"interval": "interval is set by LONGTAKE_INTERVAL"})
    house.show()
    client = house.client()
    reply = client.post("/api/settings", {"interval": 60})
    assert (reply.status, reply.json()["detail"]) == (409, "interval is set by LONGTAKE_INTERVAL")
    pinned = {key["key"]: key["pinned"] for key in client.get("/api/settings").json()["settings"]}
    assert pinned["interval"] == "interval is set by LONGTAKE_INTERVAL"
    assert pinned["end"] is None
    assert house.asked == []


def test_reels_are_listed_with_their_facts(make_house, films, tmp_path):
    good = write(films / "b.reel", film(5))
    elsewhere = write(tmp_path / "a.reel", film(3))
    (films / "c.reel").write_bytes(b"no reel")
    (films / ".upload-1.part").write_bytes(b"hidden")
    (films / ".d.reel").write_bytes(b"hidden")
    (films / "notes.txt").write_bytes(b"other")
    house = make_house()
    house.show(elsewhere, playlist=(str(elsewhere), str(films / "gone.reel")))
    listed = house.client().get("/api/reels").json()["reels"]
    assert [reel["path"].rpartition("/")[2] for reel in listed] == ["a.reel", "gone.reel", "b.reel", "c.reel"]
    a, gone, b, c = listed
    assert (a["shown"], a["frames"], a["duration_ms"], a["title"]) == (True, 3, 160, "a film")
    assert (b["shown"], b["frames"], b["bytes"], b["width"]) == (False, 5, good.stat().st_size, 44)
    assert gone["problem"] == "is not there now"
    assert c["problem"].startswith("is not a reel")
    write(films / "e.reel", film(2))
    good.unlink()
    names = [reel["path"].rpartition("/")[2] for reel in house.client().get("/api/reels").json()["reels"]]
    assert names == ["a.reel", "gone.reel", "c.reel", "e.reel"]


def test_only_a_reel_in_the_list_can_be_chosen(make_house, films, tmp_path):
    good = write(films / "b.reel", film(5))
    write(tmp_path / "secret.reel", film(3))
    (films / "c.reel").write_bytes(b"no reel")
    house = make_house()
    house.show()
    client = house.client()
    for path in ("b.reel", f"{films}/../secret.reel", str(tmp_path / "secret.reel"), f"{films}/./b.reel",
                 "/etc/passwd", "", f"{good}\0", "../secret.reel"):  # fmt: skip
        assert client.post("/api/choose", {"reel": path}).status == 404, path
    assert client.post("/api/choose", {"reel": str(films / "c.reel")}).status == 409
    assert client.post("/api/choose", {"reel": 5}).status == 422
    assert client.post("/api/choose", {}).status == 422
    assert house.asked == []
    assert client.post("/api/choose", {"reel": str(good)}).status == 202
    assert house.asked == [Request(Kind.CHOOSE, good)]


def test_a_missing_films_directory_is_an_empty_list(make_house, tmp_path):
    house = make_house(films=tmp_path / "not mounted")
    house.show()
    assert house.client().get("/api/reels").json() == {"reels": []}
    assert house.client().get("/").status == 200


def test_a_reel_is_read_again_only_when_it_has_changed(make_house, films):
    from player.reel import Reel
    from player.web.library import Library

    opened = []
    write(films / "a.reel", film(2))
    reels = Library(make_house().board, films, lambda path: opened.append(path) or Reel(path))
    for _ in range(3):
        assert [reel.frames for reel in reels.all()] == [2]
    assert len(opened) == 1
    (films / "a.reel").unlink()
    write(films / "a.reel", film(3))
    assert [reel.frames for reel in reels.all()] == [3]


def test_the_log_and_the_addresses(house, client):
    house.log_tail("frame 3 <shown>")
    assert client.get("/api/log").json() == {"lines": ["frame 3 <shown>"]}
    assert client.get("/api/address").json()["urls"][0] == "http://192.168.1.20:8080"


def test_too_many_requests_at_once_are_refused_for_a_moment(house, client):
    statuses = [client.post("/api/next").status for _ in range(25)]
    assert statuses == [202] * 20 + [429] * 5
    assert len(house.asked) == 20
    late = client.post("/api/next")
    house.time += int(late.headers["retry-after"])
    assert client.post("/api/next").status == 202


def test_get_changes_nothing_at_any_address(house, client, films):
    """GET and HEAD every route, with and without arguments: nothing is asked or written."""

    app = Bottle()
    api.mount(app, house.remote)
    pages.mount(app, house.remote)
    routes = {route.rule.replace("<id>", "x").replace("<name>", "remote.js") for route in app.routes}
    assert len(routes) > 30
    before = sorted(films.rglob("*"))
    for rule in sorted(routes):
        for query in ("", "?offset=0&reel=x&token=x&frame=1&interval=5&place=1&asked=pause"):
            for method in guard.SAFE:
                reply = client.send(method, rule + query)
                assert reply.status in (200, 303, 404, 405, 416), (method, rule, reply.status)
                assert reply.cookies == []
    assert house.asked == []
    assert sorted(films.rglob("*")) == before


def test_an_unknown_address_is_reported_as_json_or_as_a_page(client):
    assert client.get("/api/nothing").json()["status"] == 404
    assert client.get("/nothing").status == 404
    assert "<h1>There is nothing here</h1>" in client.get("/nothing").text
    for path in ("/web/../page.tpl", "/web/..%2f..%2fguard.py", "/web/page.tpl", "/web/", "/api/../status"):
        assert client.get(path).status == 404, path


def test_a_bug_is_one_line_in_the_log_and_no_traceback(house, client, monkeypatch):
    def fail(*_):
        raise RuntimeError("a\nmistake")

    monkeypatch.setattr(type(house.remote), "status", fail)
    reply = client.get("/api/status")
    assert reply.status == 500
    assert "mistake" not in reply.text
    (line,) = house.logged
    assert "RuntimeError: a mistake" in line
    assert "test_web_api.py" in line
