"""Who gets in: peers, hosts, origins, tokens, cookies, and how often anyone may guess."""

import re

import pytest

from player.errors import FileError
from player.playback.requests import Kind
from player.web.guard import ADDRESSES, Failures
from player.web.tokens import SESSIONS, Sessions
from tests.player.web.house import HERE, HOST, PHONE, TOKEN

PAGES = [
    "/",
    "/now",
    "/films",
    "/settings",
    "/seek?at=1",
    "/jobs",
    "/log",
    "/ends?interval_h=1",
    "/picture/now/panel.png",
    "/api/jobs",
    "/api/status",
    "/api/panel.png",
    "/api/log",
    "/api/openapi.json",
    "/web/remote.js",
]
NOWHERE = "/api/nothing"


@pytest.mark.parametrize("path", [*PAGES, NOWHERE])
def test_without_the_token_nothing_is_told(house, path):
    reply = house.client(signed_in=False).get(path)
    if path.startswith("/api/"):
        assert reply.status == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert set(reply.json()) == {"title", "status", "detail"}
    else:
        assert (reply.status, reply.headers["location"], reply.body) == (303, "/login", b"")


def test_without_the_token_nothing_is_done(house):
    stranger = house.client(signed_in=False)
    for path in ("/api/pause", "/do/pause", "/api/upload", "/api/settings", "/logout"):
        assert stranger.post(path, {}).status == 401
        assert stranger.post(path, {}, Origin=None).status == 401
    assert house.asked == []


@pytest.mark.parametrize("path", PAGES)
def test_with_the_cookie_or_the_token_everything_is_there(house, path):
    assert house.client().get(path).status == 200
    assert house.client(Authorization=f"Bearer {TOKEN}").get(path).status == 200
    assert house.client(Authorization=f"bearer  {TOKEN} ").get(path).status == 200


def test_the_login_page_is_open_and_needs_nothing_from_elsewhere(house):
    stranger = house.client(signed_in=False)
    page = stranger.get("/login")
    assert page.status == 200
    for wanted in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert stranger.get(wanted).status == 200, wanted


def test_signing_in_sets_a_cookie_that_does_not_reveal_the_token(house):
    stranger = house.client(signed_in=False)
    reply = stranger.form("/login", token=f" {TOKEN[:13]} {TOKEN[13:]}\n")
    assert (reply.status, reply.headers["location"]) == (303, "/")
    (cookie,) = reply.cookies
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert TOKEN not in cookie
    signed = house.client(signed_in=False, Cookie=f"other=1; {cookie.split(';')[0]}")
    assert signed.get("/api/status").status == 200
    assert signed.post("/logout").cookies[0].startswith('longtake="";')


def test_a_cookie_is_worthless_after_signing_out_and_others_are_not(house):
    kept, ended = house.client(), house.client()
    for path in ("/api/status", "/"):
        assert (kept.get(path).status, ended.get(path).status) == (200, 200)
    assert ended.post("/logout").status == 303
    assert ended.get("/api/status").status == 401, "also for whoever has a copy of it"
    assert not house.remote.guard.knows("", ended.headers["Cookie"])
    assert kept.get("/api/status").status == 200
    assert ended.post("/logout").status == 401


def test_signing_out_says_so_when_it_could_not_be_saved(house, monkeypatch):
    client = house.client()

    def full(*_):
        raise FileError("sessions: cannot be written: no space left on device")

    monkeypatch.setattr("player.web.tokens._write", full)
    reply = client.post("/logout", Accept="application/json")
    assert (reply.status, "only until the player restarts" in reply.json()["detail"]) == (507, True)
    assert client.get("/api/status").status == 401
    late = house.client()
    assert late.get("/api/status").status == 200
    assert "must do so again after a restart" in house.logged[-1]


def test_forged_and_expired_cookies_are_refused(house):
    good = house.sessions.issue()
    (seal, ends) = (house.folder / SESSIONS).read_text().split()
    another = Sessions(TOKEN[::-1], lambda: house.time, house.folder / "other", print).issue()
    for value in (
        "",
        good[:-1],
        good + "x",
        good.swapcase(),
        seal,
        f"{seal} {ends}",
        another,
        TOKEN,
        "é.é",
        "\udcff",
        "9" * 500,
    ):
        assert house.client(signed_in=False, Cookie=f"longtake={value}").get("/api/status").status == 401, (
            value
        )
    good = house.client()
    house.time += 179 * 86400
    assert good.get("/api/status").status == 200
    house.time += 2 * 86400
    assert good.get("/api/status").status == 401
    house.time -= 500 * 86400  # a clock that was wrong when it was issued
    assert good.get("/api/status").status == 401


@pytest.mark.parametrize("given", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 26, "\udcff"])
def test_a_wrong_token_is_refused(house, given):
    stranger = house.client(signed_in=False)
    assert stranger.get("/api/status", Authorization=f"Bearer {given}").status == 401
    assert stranger.form("/login", token=given.encode("utf-8", "replace").decode()).status == 401
    assert stranger.get("/api/status", Authorization=f"Basic {TOKEN}").status == 401


def test_guessing_is_limited_by_address_and_the_right_token_always_gets_in(house):
    stranger = house.client(signed_in=False)
    for _ in range(5):
        assert stranger.get("/api/status", Authorization="Bearer wrong").status == 401
    late = stranger.get("/api/status", Authorization="Bearer wrong")
    assert late.status == 429
    assert 0 < int(late.headers["retry-after"]) <= 21
    assert stranger.form("/login", token="wrong").status == 429
    assert house.logged == [f"remote: wrong token from {PHONE}"] * 5, "no log without end"
    assert house.client().get("/api/status").status == 200, "who is signed in goes on"
    for address in (PHONE, "10.0.0.9"):
        right = house.client(signed_in=False, Remote_Addr=address)
        assert right.get("/api/status", Authorization=f"Bearer {TOKEN}").status == 200
        assert right.form("/login", token=TOKEN).status == 303
    house.time += int(late.headers["retry-after"])
    assert stranger.get("/api/status", Authorization="Bearer wrong").status == 401


def test_guessing_from_many_addresses_is_slowed_down_and_takes_bounded_memory(house):
    statuses = []
    for number in range(300):
        address = f"10.1.{number // 250}.{number % 250}"
        stranger = house.client(signed_in=False, Authorization="Bearer wrong", Remote_Addr=address)
        statuses.append(stranger.get("/api/status").status)
        house.time += 0.01
    assert statuses[:50] == [401] * 50
    assert statuses.count(401) <= 54
    failures = Failures(lambda: 0.0)
    for number in range(1000):
        failures.count(str(number))
    assert len(failures._by_address) == ADDRESSES


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "longtake.local.evil.example",
        "192.168.1.21",
        "8.8.8.8",
        "[2001:db8::1]",
        "longtake.local@evil.example",
        "a b",
        "",
        "localhost, evil.example",
        "[::1",
        "localhost:http",
    ],
)
def test_a_foreign_host_is_refused_before_the_token_is_checked(house, host):
    """DNS rebinding: a page of evil.example, whose name suddenly resolves to this machine."""
    for client in (house.client(), house.client(Authorization="Bearer wrong")):
        for _ in range(10):
            assert client.get("/api/status", Host=host).status in (400, 403)
        assert client.get("/login", Host=host).status in (400, 403)
    assert house.client(Authorization=f"Bearer {TOKEN}").get("/api/status").status == 200


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:1234", "LongTake.Local.", "192.168.1.20:8080", "127.0.0.1:8080", "[::1]:8080"],
)
def test_this_machines_own_names_and_addresses_are_accepted(house, host):
    assert house.client().get("/api/status", Host=host).status == 200


@pytest.mark.parametrize("peer", ["8.8.8.8", "2a00:1450:4001::1", "", "no address"])
def test_nobody_from_the_internet_gets_in(house, peer):
    assert house.client().get("/", Remote_Addr=peer).status == 403


@pytest.mark.parametrize("peer", [PHONE, "10.1.2.3", "172.16.0.9", "169.254.7.7", "127.0.0.1", "100.64.0.5"])
def test_the_house_gets_in(house, peer):
    assert house.client().get("/", Remote_Addr=peer).status == 200


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": f"ftp://{HOST}"},
    {"Origin": f"{HERE}.evil.example"},
    {"Origin": HERE.replace("8080", "8081")},
    {"Origin": HERE, "Sec_Fetch_Site": "cross-site"},
    {"Origin": HERE, "Sec_Fetch_Site": "same-site"},
    {"Origin": None, "Sec_Fetch_Site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("asks", [True, False])
def test_a_post_from_another_site_does_nothing(make_house, headers, asks):
    house = make_house(asks=asks)
    house.show()
    assert house.client().post("/api/pause", **headers).status == 403
    assert house.client().post("/do/pause", **headers).status == 403
    assert house.client(signed_in=False).post("/login", b"token=" + TOKEN.encode(), **headers).status == 403
    assert house.asked == []


def test_a_post_with_a_cookie_must_say_where_it_comes_from(make_house, house):
    assert house.client().post("/api/pause", Origin=None).status == 403
    assert house.client().post("/api/pause", Origin=None, Sec_Fetch_Site="same-origin").status == 202
    assert house.client(Authorization=f"Bearer {TOKEN}").post("/api/pause", Origin=None).status == 202
    at_the_desk = make_house(asks=False).client()
    assert at_the_desk.post("/api/pause", Origin=None).status == 202, "curl on the machine itself"
    assert [request.kind for request in house.asked] == [Kind.PAUSE] * 2


@pytest.mark.parametrize(("host", "origin"), [("longtake.local", "http://longtake.local:80"),
                                               ("longtake.local:443", "https://longtake.local"),
                                               ("LONGTAKE.local:8080", HERE)])  # fmt: skip
def test_the_same_origin_is_recognised_with_its_default_port_and_in_capitals(house, host, origin):
    assert house.client().post("/api/pause", Host=host, Origin=origin).status == 202


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "FOO"])
def test_other_methods_need_an_origin_too_and_then_do_nothing(house, method):
    assert house.client().send(method, "/api/status").status == 403
    reply = house.client().send(method, "/api/status", Origin=HERE)
    assert reply.status == 405
    assert "GET" in reply.headers["allow"]


def test_without_a_token_the_page_is_open_to_this_machine(make_house):
    house = make_house(asks=False)
    house.show()
    assert house.client().get("/").status == 200
    assert house.client().get("/api/status", Host="evil.example").status == 403
    assert "No token needed" in house.client().get("/login").text
    assert house.client().form("/login", token="x").status == 401
