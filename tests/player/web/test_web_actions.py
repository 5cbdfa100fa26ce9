"""The table of actions: one line is a route of the API, an operation of its document, a form of the page."""

import pytest

from player.playback.requests import Kind, Request
from player.times import Place
from player.web import api, openapi, pages
from player.web.actions import ACTIONS, Action
from player.web.exchange import Field
from tests.player.web.house import SETTINGS

SKIP = Action(
    "skip",
    Kind.GO_TO,
    "panel",
    "Skip",
    help="Skip that many frames.",
    done="Skipped.",
    fields=(
        Field("count", "integer", low=1, high=9, label="Frames to skip"),
        Field("why", "string", pattern="[a-z]*", longest=5, optional=True, label="Why", example="dull"),
    ),
    value=lambda remote, given: Place("frame", given["count"]),
)


@pytest.fixture
def house(make_house, monkeypatch):
    """A house whose table has one more line."""
    for module in (api, openapi, pages):
        monkeypatch.setattr(module, "ACTIONS", (*ACTIONS, SKIP))
    made = make_house()
    made.show()
    return made


def test_every_kind_of_request_that_people_may_make_is_in_the_table_once():
    kinds = [action.kind for action in ACTIONS]
    assert sorted(kinds, key=str) == sorted(set(Kind) - {Kind.STOP, Kind.RELOAD}, key=str)
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)


def test_one_more_line_is_one_more_route(house, client):
    reply = client.post("/api/skip", {"count": 5})
    assert (reply.status, reply.json()["asked"]) == (202, "skip")
    assert client.post("/api/skip", {"count": 9, "why": "dull"}).status == 202
    assert house.asked == [Request(Kind.GO_TO, Place("frame", count)) for count in (5, 9)]


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({}, "count is missing"),
        ({"count": 0}, "count must be a whole number from 1 to 9"),
        ({"count": 10}, "count must be a whole number from 1 to 9"),
        ({"count": True}, "count must be a whole number from 1 to 9"),
        ({"count": "5"}, "count must be a whole number from 1 to 9"),
        ({"count": 5, "why": "longer"}, "why must be a text of at most 5 characters that matches [a-z]*"),
        ({"count": 5, "why": "DULL"}, "why must be a text of at most 5 characters that matches [a-z]*"),
        ({"count": 5, "more": 1}, "'more' is not known here; known are count, why"),
    ],
)
def test_its_limits_become_sentences(house, client, given, detail):
    reply = client.post("/api/skip", given)
    assert (reply.status, reply.json()["detail"]) == (422, detail)
    assert house.asked == []


def test_its_operation_is_in_the_document(house, client):
    operation = client.get("/api/openapi.json").json()["paths"]["/api/skip"]["post"]
    assert operation["summary"] == "Skip that many frames."
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["count"]
    assert schema["properties"]["count"] == {"type": "integer", "minimum": 1, "maximum": 9}
    assert schema["properties"]["why"] == {"type": "string", "pattern": "[a-z]*", "maxLength": 5}
    assert list(openapi.document(list(SETTINGS))["paths"]) == list(
        client.get("/api/openapi.json").json()["paths"]
    )


def test_its_form_is_on_the_page_and_works(house, client):
    text = client.get("/settings").text
    form = text[text.index('action="/do/skip"') :].partition("</form>")[0]
    assert '<label for="count">Frames to skip<input id="count" name="count"' in form
    assert 'type="number" min="1" max="9"' in form
    assert "required" in form.partition('<label for="why">')[0]
    assert "required" not in form.partition('<label for="why">')[2]
    assert 'maxlength="5" pattern="[a-z]*"' in form
    assert "<span>Skip</span></button>" in form
    assert client.form("/do/skip", count=" 7 ", why="").headers["location"].startswith("/settings?asked=skip")
    assert house.asked == [Request(Kind.GO_TO, Place("frame", 7))]
    for count in ("0", "x", "", "1e1", "9" * 30):
        assert client.form("/do/skip", count=count).status == 422, count


def test_the_script_gets_json_at_once(house, client):
    """It sends the form itself, and asks for JSON: no waiting for the player, and problems as for the API."""
    script = {"Content_Type": "application/x-www-form-urlencoded;charset=UTF-8", "Accept": "application/json"}
    reply = client.post("/do/skip", b"count=3", **script)
    assert (reply.status, reply.json()["asked"]) == (202, "skip")
    assert house.slept == []
    reply = client.post("/do/skip", b"count=0", **script)
    assert (reply.status, reply.json()["detail"]) == (422, "count must be a whole number from 1 to 9")
    reply = house.client(signed_in=False).post("/do/skip", b"count=3", **script)
    assert (reply.status, reply.json()["status"]) == (401, 401)
    assert client.post("/do/skip", b"count=3", **script, Origin="http://evil.example").json()["status"] == 403
    assert len(house.asked) == 1
