"""The panel calibrated from the page: photographs in, the report out, and the profile only on a yes."""

import pytest

from player.films.orders import CALIBRATION, Answer, Orders
from player.playback.requests import Kind
from player.profile import read_profile
from player.web import calibration
from tests.player.films.test_orders import PROFILE
from tests.player.web.house import HEIGHT, WIDTH

JPEG = b"\xff\xd8\xff\xe0" + bytes(5000)
BOUND = "XyZ"


def form(data, name="photo.jpg", end=f"\r\n--{BOUND}--\r\n"):
    head = f'--{BOUND}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + data + end.encode()


@pytest.fixture
def house(make_house, tmp_path, monkeypatch):
    monkeypatch.setattr("player.web.pages.can_order", lambda: True)
    made = make_house(inbox=tmp_path / "inbox", profile=tmp_path / "state" / "panel.toml")
    made.show()
    return made


@pytest.fixture
def send(client):
    def post(body, **more):
        return client.post(
            "/do/photograph", body, Content_Type=f"multipart/form-data; boundary={BOUND}", **more
        )

    return post


@pytest.fixture
def orders(house):
    return Orders(house.remote.queue)


def answer(orders, profile=PROFILE, **more):
    """As the exporter does."""
    if profile:
        orders.path(CALIBRATION, ".toml").write_text(profile.replace("[16, 8]", f"[{WIDTH}, {HEIGHT}]"))
        orders.path(CALIBRATION, ".png").write_bytes(b"\x89PNG report")
    orders.answer(CALIBRATION, Answer(**more))


def test_a_photograph_is_an_order_and_its_profile_is_kept_on_a_yes_alone(house, client, send, orders):
    assert client.post("/do/chart").status == 303
    assert [request.kind for request in house.asked] == [Kind.CHART]
    assert send(form(JPEG)).headers["location"] == "/calibrate?asked=upload"
    assert send(form(b"\x89PNG\r\n\x1a\n" + bytes(99), "C:\\x.reel")).status == 303
    assert sorted(path.name for path in orders.folder.glob("photograph*")) == [
        "photograph-1.jpg",
        "photograph-2.png",
    ]
    assert (orders.folder / "photograph-1.jpg").read_bytes() == JPEG
    assert orders.state(CALIBRATION) == "asked"
    assert house.remote.queue.todo.exists(), "systemd starts the exporter"
    assert "being measured" in client.get("/calibration").text
    answer(orders, words=("/x/photograph-1.jpg: good", "photograph-2.png: uneven light", "panel of 1x1"))
    text = client.get("/calibrate").text
    assert "Photograph 1: good" in text
    assert "0.080 ± 0.010" in text
    german = client.get("/calibrate", Accept_Language="de").text
    assert "Foto 2: ungleichmäßiges Licht" in german
    assert client.get("/picture/calibration.png").body == b"\x89PNG report"
    profile = house.remote.profile
    assert not profile.exists()
    assert client.form("/do/calibrate/accept").status == 303
    assert read_profile(profile).ghost == 0.08
    assert "This is in use." in client.get("/calibration").text
    client.form("/do/calibrate/again")
    assert not list(orders.folder.iterdir())
    assert profile.exists()
    client.form("/do/calibrate/forget")
    assert not profile.exists()


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (form(b"GIF89a" + bytes(99)), 415, "no photograph"),
        (form(b"\xff\xd8"), 415, "no photograph"),
        (form(b""), 422, "choose a file"),
        (form(JPEG, end="\r\n"), 400, "cannot be read"),
        (form(JPEG, end=""), 400, "cannot be read"),
    ],
)
def test_what_is_no_photograph_is_refused_and_leaves_nothing(send, orders, body, status, detail):
    reply = send(body, Accept="application/json")
    assert (reply.status, detail in reply.json()["detail"]) == (status, True)
    assert not orders.folder.exists() or not list(orders.folder.iterdir())


def test_photographs_are_bounded(house, send, orders, monkeypatch):
    monkeypatch.setattr(calibration, "LARGEST", len(JPEG) - 1)
    assert send(form(JPEG)).status == 413
    monkeypatch.setattr(calibration, "LARGEST", 10**6)
    house.free = 10**6 + 100
    assert send(form(JPEG)).status == 507
    house.free = 10**9
    assert [send(form(JPEG)).status for _ in range(calibration.MOST + 1)] == [303] * calibration.MOST + [409]


def test_only_who_has_signed_in_and_comes_from_here(house, send):
    assert send(form(JPEG), Cookie=None).status == 401
    assert send(form(JPEG), Origin="http://elsewhere.example").status == 403
    assert not (house.remote.queue.inside / "orders").exists()


def test_a_refusal_is_said_in_plain_words(client, send, orders):
    send(form(JPEG))
    answer(orders, None, error="photograph-1.jpg: it is too dark; use more light, or a longer exposure")
    assert "Photograph 1: it is too dark; use more light" in client.get("/calibrate").text
    german = client.get("/calibrate", Accept_Language="de").text
    assert "Foto 1: es ist zu dunkel" in german
    assert client.form("/do/calibrate/accept").status == 409
    send(form(JPEG + b"another"))
    (only,) = orders.folder.glob("photograph*")
    assert only.read_bytes().endswith(b"another"), "it replaces the one that was refused"
    assert orders.state(CALIBRATION) == "asked"


def test_another_panel_is_not_taken(house, client, send, orders):
    send(form(JPEG))
    answer(orders)
    house.board.publish(house.board.latest().snapshot, *(2 * [house.board.latest().dither[:8]]))
    assert client.form("/do/calibrate/accept").status == 409


def test_where_it_cannot_be_done_the_page_says_how(client, make_house, monkeypatch):
    monkeypatch.setattr("player.web.pages.can_order", lambda: False)
    text = client.get("/calibrate").text
    assert "not installed here" in text
    assert "trainer calibrate photo.jpg --out panel.toml" in text
    without = make_house()
    assert "cannot measure photographs by itself" in without.client().get("/calibrate").text
    assert without.client().form("/do/calibrate/again").status == 409


def test_a_photograph_comes_through_the_server(house, serve, orders):
    """As it is streamed."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", serve(of=house), timeout=20)
    body = form(JPEG * 500)
    headers = {
        "Host": "longtake.local:8080",
        "Origin": "http://longtake.local:8080",
        "Cookie": f"longtake={house.sessions.issue()}",
        "Content-Type": f"multipart/form-data; boundary={BOUND}",
    }
    connection.request("POST", "/do/photograph", body, headers)
    assert connection.getresponse().status == 303
    connection.close()
    assert (orders.folder / "photograph-1.jpg").stat().st_size == 500 * len(JPEG)


def test_a_film_that_waits_can_be_previewed_with_what_is_chosen(house, client, orders):
    film = house.inbox / "one.mp4"
    film.write_bytes(b"film")
    job = house.remote.queue.add(film, {"wait": "yes"})
    assert "waits until you let it begin" in client.get("/jobs").text
    reply = client.form("/do/job/preview", job=job.id, option_fit="letterbox", option_wait="yes")
    assert reply.status == 303
    (job,) = house.remote.queue.jobs()
    assert (job.options, job.held) == ({"wait": "yes", "fit": "letterbox"}, True)
    name, state = house.remote.preview(job)
    assert state == "asked"
    assert "The preview is being made" in client.get("/jobs").text
    assert client.get(f"/picture/{name}.png").status == 404
    orders.path(name, ".png").write_bytes(b"\x89PNG stills")
    orders.answer(name, Answer())
    assert f'src="/picture/{name}.png"' in client.get("/films").text
    assert client.get(f"/picture/{name}.png").body == b"\x89PNG stills"
    client.form("/do/job/options", job=job.id, option_fit="stretch", option_wait="yes")
    assert name not in client.get("/jobs").text, "it looks different now"
    client.form("/do/job/again", job=job.id)
    assert not house.remote.queue.job(job.id).held
    client.form("/do/job/preview", job=job.id)
    name, _ = house.remote.preview(house.remote.queue.job(job.id))
    orders.answer(name, Answer("one.mp4 is no film; remove it, or send another file"))
    assert "No preview: one.mp4 is no film" in client.get("/jobs").text


def test_without_what_it_takes_the_page_says_that_there_is_no_preview(house, client, monkeypatch):
    monkeypatch.setattr("player.web.pages.can_order", lambda: False)
    (house.inbox / "one.mp4").write_bytes(b"film")
    house.remote.queue.add(house.inbox / "one.mp4")
    assert "There is no preview here" in client.get("/films").text


def test_the_api_measures_the_panel_too(house, client, orders):
    where, octets = "/api/calibration/photographs", "application/octet-stream"
    assert client.get("/api/calibration").json()["state"] == "none"
    begun = client.post(where, {"bytes": len(JPEG)}).json()
    half = len(JPEG) // 2
    assert client.post(f"{where}/{begun['id']}?offset=0", JPEG[:half], Content_Type=octets).status == 200
    assert client.post(f"{where}/{begun['id']}/finish").status == 400
    begun = client.post(where, {"bytes": len(JPEG)}).json()
    for offset, data in ((0, JPEG[:half]), (half, JPEG[half:])):
        reply = client.post(f"{where}/{begun['id']}?offset={offset}", data, Content_Type=octets)
    assert reply.json()["received"] == len(JPEG)
    told = client.post(f"{where}/{begun['id']}/finish").json()
    assert (told["state"], told["photographs"], told["measured"]) == ("asked", 1, None)
    assert (orders.folder / "photograph-1.jpg").read_bytes() == JPEG
    answer(orders, words=("photograph-1.jpg: good",))
    told = client.get("/api/calibration").json()
    assert (told["state"], told["measured"]["ghost"], told["used"]) == ("done", 0.08, None)
    assert client.get("/api/calibration.png").body == b"\x89PNG report"
    assert client.post("/api/calibration/accept").json()["used"] == told["measured"]
    assert client.post("/api/calibration/again").json()["photographs"] == 0
    assert client.post("/api/calibration/forget").json()["used"] is None
    for body in ({"bytes": 0}, {"bytes": 10**9}, {"name": "x"}, {}):
        assert client.post(where, body).status == 422
    begun = client.post(where, {"bytes": 50}).json()
    assert client.post(f"{where}/{begun['id']}?offset=0", b"x" * 50, Content_Type=octets).status == 415
    begun = client.post(where, {"bytes": 50}).json()
    assert client.post(f"{where}/{begun['id']}/cancel").status == 200


def test_the_api_asks_for_previews_too(house, client, orders):
    film = house.inbox / "one.mp4"
    film.write_bytes(b"\0\0\0\x18ftypisom")
    job = house.remote.queue.add(film)
    where = f"/api/jobs/{job.id}/preview"
    assert "ask for one" in client.get(f"{where}.png").json()["detail"]
    assert client.post(where).json()["preview"] == "asked"
    assert "being made" in client.get(f"{where}.png").json()["detail"]
    name, _ = house.remote.preview(job)
    orders.answer(name, Answer("one.mp4 has no picture"))
    assert client.get("/api/jobs").json()["jobs"][0]["preview"] == "failed"
    assert client.get(f"{where}.png").json()["detail"] == "no preview: one.mp4 has no picture"
    assert client.post(where).json()["preview"] == "asked", "it is asked for again"
    orders.path(name, ".png").write_bytes(b"\x89PNG stills")
    orders.answer(name, Answer())
    assert client.get(f"{where}.png").body == b"\x89PNG stills"
    house.remote.queue.report(job.id, state="exporting")
    assert client.post(where).status == 409
    for path in ("/api/jobs/gone/preview",):
        assert client.post(path).status == client.get(f"{path}.png").status == 404
