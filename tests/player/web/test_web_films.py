"""Films on their way: sent, refused by their first bytes, queued, and the form without JavaScript."""

import http.client
import os
import re
import socket
import time
from contextlib import closing

import pytest

from player.films.kinds import HEAD
from player.films.orders import Orders
from player.web.computers import LARGEST_PREVIEW, SILENT
from player.web.exchange import Problem
from player.web.server import STRIDE
from player.web.streaming import FormUpload
from player.web.told import MOST_OFFERED
from player.web.uploads import PIECE
from tests.player.conftest import film, write
from tests.player.web.house import HERE, TOKEN
from tests.player.web.test_web_pages import Elements, multipart

OCTETS = "application/octet-stream"
MP4 = b"\0\0\0\x20ftypisom" + b"\0" * 3000
KIND = "multipart/form-data; boundary=x"


@pytest.fixture
def house(make_house, tmp_path):
    """A house that takes films."""
    made = make_house(inbox=tmp_path / "inbox")
    made.show()
    return made


def sent(client, name, data, **more):
    """The last answer to an upload by the API."""
    reply = client.post("/api/upload", {"name": name, "bytes": len(data), **more})
    if reply.status != 201:
        return reply
    id = reply.json()["id"]
    for offset in range(0, len(data), 1000):
        piece = data[offset : offset + 1000]
        reply = client.post(f"/api/upload/{id}?offset={offset}", piece, Content_Type=OCTETS)
        if reply.status != 200:
            return reply
    return client.post(f"/api/upload/{id}/finish")


def test_a_film_goes_into_the_queue_with_its_options(house, client, films):
    reply = sent(client, "my.mp4", MP4, options={"title": "Mine", "fit": "letterbox"})
    (job,) = client.get("/api/jobs").json()["jobs"]
    assert (reply.status, reply.json()) == (201, {"reel": None, "job": job["id"]})
    assert (job["name"], job["film"], job["state"]) == ("Mine", "my.mp4", "waiting")
    assert job["options"] == {"title": "Mine", "fit": "letterbox"}
    assert (house.inbox / "my.mp4").read_bytes() == MP4
    assert os.listdir(films) == []
    assert sent(client, "my.mp4", MP4).status == 409, "nothing is replaced"


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("x.mp4", b"MZ" + b"\0" * 3000, "is neither a film nor a reel"),
        ("x.mp4", b"%PDF-1.7", "is neither a film nor a reel"),
        ("x.reel", MP4, "is a film"),
        ("x.mp4", None, "is a reel"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_by_its_first_bytes(
    house, client, tmp_path, films, name, data, why
):
    data = write(tmp_path / "made.reel", film(9)).read_bytes() if data is None else data
    begun = client.post("/api/upload", {"name": name, "bytes": 5_000_000}).json()
    first = data[:HEAD].ljust(HEAD, b"\0")
    reply = client.post(f"/api/upload/{begun['id']}?offset=0", first, Content_Type=OCTETS)
    assert reply.status == 422
    assert reply.json()["detail"].startswith(f"{name}: {why}")
    assert os.listdir(films) == os.listdir(house.inbox) == []
    assert client.get("/api/upload").json()["current"] is None


def test_a_head_may_come_in_drops_and_a_file_may_be_shorter(house, client):
    assert sent(client, "short.mp4", MP4[:20]).status == 201
    begun = client.post("/api/upload", {"name": "drops.mp4", "bytes": 3000}).json()
    for offset in range(0, HEAD + 10, 50):
        reply = client.post(f"/api/upload/{begun['id']}?offset={offset}", b"x" * 50, Content_Type=OCTETS)
        assert reply.status == (200 if offset + 50 < HEAD else 422)
        if reply.status != 200:
            break
    else:
        pytest.fail("was not refused")


def test_wrong_options_are_refused_before_anything_is_sent(house, client):
    for options in ({"fit": "big"}, {"nonsense": "1"}, {"dial": "2"}, {"title": 3}, []):
        given = {"name": "x.mp4", "bytes": 10, "options": options}
        assert client.post("/api/upload", given).status == 422, options
    wrong = given | {"options": {"dial": "2"}}
    assert client.post("/api/upload", wrong).json()["fields"] == {"dial": "it must be a number from 0 to 1"}
    german = client.post("/api/upload", wrong, Accept_Language="de").json()
    assert german["fields"] == {"dial": "es muss eine Zahl von 0 bis 1 sein"}, "our page asks this, too"
    assert client.post("/api/upload", given | {"options": {"contrast": "0,5"}}).status == 201


@pytest.mark.parametrize("name", ["README.md", "a.txt", "x", "x.mp4.exe"])
def test_what_does_not_even_have_the_name_of_a_film_is_none(client, name):
    for reply in (
        sent(client, name, MP4),
        client.post("/do/upload", multipart(MP4, name), Content_Type=KIND),
    ):
        assert reply.status == 422
        detail = reply.json()["detail"] if reply.headers["content-type"].endswith("json") else reply.text
        assert f"{name}: is neither a film nor a reel; their names end in .mp4" in detail or name == "x"


def test_of_what_is_no_film_only_removal_is_offered(house, client, monkeypatch):
    monkeypatch.setattr("player.web.pages.can_order", lambda: True)
    for name, content in (("notes.md", b"# no film"), ("film.mp4", MP4)):
        (house.inbox / name).write_bytes(content)
        job = house.remote.queue.add(house.inbox / name, held=content != MP4)
        house.remote.queue.report(job.id, state="failed", error=f"{name} was refused")

    def offered(name):
        text = client.get("/jobs").text
        return re.findall(
            r'\baction="/do/job/([a-z]+)"', text[text.index(f">{name}</h3>") :].partition("</li>")[0]
        )

    assert offered("notes") == ["remove"]
    assert offered("film") == ["again", "preview", "remove", "options"]


def test_there_is_one_figure_of_what_is_free(house, client):
    page = client.get("/films").text
    assert re.findall(r"([\d.,]+)\s[MG]B are free", page) == ["999.0"]


def test_without_an_inbox_films_are_refused(make_house):
    client = make_house().client()
    assert "takes reels only" in sent(client, "x.mp4", MP4).json()["detail"]
    assert client.get("/api/jobs").json() == {"jobs": []}
    assert client.post("/api/jobs/1/remove").status == 404
    assert "Options for films" not in client.get("/films").text


def test_the_queue_is_arranged_on_the_page_and_by_the_api(house, client):
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        assert sent(client, name, MP4).status == 201

    def order():
        return [job["name"] for job in client.get("/api/jobs").json()["jobs"]]

    a, b, c = (job["id"] for job in client.get("/api/jobs").json()["jobs"])
    assert client.form("/do/job/first", job=c).headers["location"] == "/films?asked=job"
    assert order() == ["c", "a", "b"]
    assert client.post(f"/api/jobs/{c}/move", {"place": 2}).status == 200
    assert order() == ["a", "b", "c"]
    assert client.form("/do/job/options", job=b, option_fit="crop", option_dial="0.3").status == 303
    assert client.get("/api/jobs").json()["jobs"][1]["options"] == {"dial": "0.3"}
    assert client.form("/do/job/options", job=b, option_dial="loud").status == 422
    house.remote.queue.report(a, state="failed", error="it is broken")
    assert "It is broken" in client.get("/films").text or "it is broken" in client.get("/films").text
    assert client.form("/do/job/again", job=a).status == 303
    house.remote.queue.report(a, state="exporting", done=50, of=200, seconds_left=3600.0)
    page = client.get("/jobs", Accept_Language="de").text
    assert "25,0\N{NO-BREAK SPACE}% · noch 1 Stunde" in page
    assert client.form("/do/job/remove", job=a).status == 303
    assert not (house.inbox / "a.mp4").exists()
    for path in ("/do/job/remove", "/do/job/first", "/do/job/again"):
        assert client.form(path, job=a).status == 404
    assert client.form("/do/job/format", job=b).status == 404
    Elements(client.get("/films").text)


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_the_form_is_read_as_it_comes(house, films, tmp_path, step):
    data = write(tmp_path / "made.reel", film(60)).read_bytes()
    body = b'--x\r\nContent-Disposition: form-data; name="option_title"\r\n\r\nF\xc3\xbcnf\r\n'
    body += b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n\r\n' + multipart(data, "Fünf.reel")
    form = FormUpload(house.remote.uploads, KIND, len(body))
    for at in range(0, len(body) if step > 1 else 400, step):
        form.append(body[at : at + step])
    if step == 1:
        form.append(body[at + 1 :])
    assert form.problem is None
    assert form.finish() == films / "F-nf.reel"
    assert (films / "F-nf.reel").read_bytes() == data


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"--y\r\n\r\n", 400),
        (b"x" * 70_000, 400),
        (b'--x\r\nContent-Disposition: form-data; name="option_a"\r\n\r\n' + b"x" * 70_000, 413),
        (multipart(b"", ""), 422),
        (b"--x--\r\n", 400),
        (b"", 422),
    ],
)
def test_a_form_that_is_none_is_refused(house, films, body, status):
    form = FormUpload(house.remote.uploads, KIND, len(body))
    form.append(body)
    with pytest.raises(Problem) as refused:
        form.finish()
    assert refused.value.status == status
    assert os.listdir(films) == []


def post(port, body, size=None, **headers):
    """Status, page of a form that is sent to a real server, and how many bytes it took."""
    size = len(body) if size is None else size
    head = (
        f"POST /do/upload HTTP/1.1\r\nHost: longtake.local:8080\r\nContent-Type: {KIND}\r\n"
        f"Content-Length: {size}\r\n"
    )
    given = {"Authorization": f"Bearer {TOKEN}", "Origin": HERE, **headers}
    head += "".join(f"{name}: {value}\r\n" for name, value in given.items()) + "\r\n"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as client:
        client.sendall(head.encode())
        taken = 0
        client.settimeout(0.05)
        try:
            while taken < size:
                taken += client.send((body[taken : taken + 65536] or bytes(65536))[: size - taken])
        except OSError:
            pass
        client.settimeout(20)
        reply = http.client.HTTPResponse(client)
        reply.begin()
        return reply.status, reply.read().decode(), taken


def test_a_film_of_any_size_comes_by_the_plain_form(house, serve):
    port = serve()
    data = MP4 + os.urandom(2 * PIECE + 12345)
    status, _, _ = post(port, multipart(data, "Big one.mp4"))
    assert status == 303
    assert (house.inbox / "Big-one.mp4").read_bytes() == data


def test_what_is_no_film_is_refused_before_it_has_come(house, serve):
    port = serve()
    body = multipart(b"MZ" + bytes(3 * PIECE), "virus.mp4")
    status, page, taken = post(port, body, 9_000_000)
    assert status == 422
    assert "virus.mp4: is neither a film nor a reel." in page
    assert os.listdir(house.inbox) == []
    status, page, taken = post(port, multipart(MP4, "huge.mp4"), 4 * 10**9)
    assert status == 413
    assert taken < 10 * PIECE, "nor has anything of a file that is too large"
    house.free = 10_000
    assert post(port, multipart(MP4, "full.mp4"))[0] == 507


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Basic x"}, 413),
        ({"Origin": "http://evil.example"}, 413),
        ({"Authorization": "Bearer wrong"}, 413),
    ],
)
def test_the_form_is_taken_only_after_the_guard(house, serve, headers, status):
    """A stranger's body, or one from another site, is not even begun; it has the limits of all others."""
    port = serve()
    assert post(port, b"x", 50_000_000, **headers)[0] == status
    assert house.remote.uploads.current() is None
    assert os.listdir(house.inbox) == []


def test_a_form_that_stalls_is_cut_off_and_one_that_goes_on_is_not(house, serve):
    port = serve(exchange=1.0)
    data = MP4 + bytes(5 * STRIDE)
    body = multipart(data, "slow.mp4")
    head = (
        f"POST /do/upload HTTP/1.1\r\nHost: longtake.local:8080\r\nContent-Type: {KIND}\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Bearer {TOKEN}\r\nOrigin: {HERE}\r\n\r\n"
    ).encode()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as client:
        client.sendall(head)
        for at in range(0, len(body), STRIDE):
            client.sendall(body[at : at + STRIDE])
            time.sleep(0.4)
        assert client.recv(12) == b"HTTP/1.1 303"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as client:
        client.sendall(head.replace(b"slow", b"dead") + body[:9000])
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                client.sendall(b"x")
            except OSError:
                break
            time.sleep(0.2)
        else:
            pytest.fail("was not cut off")
    end = time.monotonic() + 5
    while house.remote.uploads.current() is not None and time.monotonic() < end:
        time.sleep(0.05)
    assert house.remote.uploads.current() is None, "its part file is gone"


def test_films_of_the_computers_of_the_house_are_chosen_on_the_page(house, client):
    assert 'id="house"' not in client.get("/films").text
    here = {"by": "desk", "films": ["Metropolis (1927)/film.mp4", "<M>.mkv"]}
    assert client.post("/api/computers", here).json()["jobs"] == []
    page = client.get("/films").text
    Elements(page)
    assert '<optgroup label="desk">' in page
    sends, house_has = (
        sorted(re.findall(r'name="(option_\w+)"', part))
        for part in page.split('id="films-title"')[0].split('id="house"')
    )
    assert house_has == sends, "the same can be chosen wherever the film lies"
    assert '<option value="desk/&lt;M&gt;.mkv">&lt;M&gt;.mkv</option>' in page
    reply = client.form("/do/want", film="desk/<M>.mkv", option_fit="letterbox")
    assert reply.headers["location"] == "/films?asked=want"
    (job,) = house.remote.queue.jobs()
    assert (job.by, str(job.film), job.options) == ("desk", "<M>.mkv", {"fit": "letterbox"})
    page = client.get("/films").text
    assert 'value="desk/&lt;M&gt;.mkv"' not in page, "it is on its way"
    assert "waits for desk<" in page
    (told,) = client.post("/api/computers", here).json()["jobs"]
    assert (told["id"], told["options"]) == (job.id, {"fit": "letterbox"})
    house.remote.queue.report(job.id, state="done")
    assert "&lt;M&gt;.mkv (made already)" in client.get("/films").text
    asked = {"film": "desk/<M>.mkv", "option_dither": "hysteresis", "option_fit": "crop"}
    assert client.form("/do/want", **asked).status == 303
    again = house.remote.queue.jobs()[-1]
    assert again.options == {"dither": "hysteresis"}, "unasked the computer makes its best"
    client.form("/do/job/remove", job=again.id)
    for wrong in ("desk/x.mkv", "attic/<M>.mkv", "desk", ""):
        assert client.form("/do/want", film=wrong).status == 404
    assert client.form("/do/want", film="desk/<M>.mkv", option_dial="loud").status == 422
    client.form("/do/want", film="desk/<M>.mkv")
    house.time += SILENT + 1
    assert "waits for desk, which is not there now" in client.get("/films").text
    assert "wartet auf desk, der gerade nicht da ist" in client.get("/films", Accept_Language="de").text


PNG = b"\x89PNG\r\n\x1a\n stills"


def test_a_computer_makes_the_previews_of_its_own_films(house, client, monkeypatch):
    monkeypatch.setattr("player.web.pages.can_order", lambda: False)  # it takes nothing here
    client.post("/api/computers", {"by": "desk", "films": ["a.mkv"]})
    client.form("/do/want", film="desk/a.mkv", option_wait="yes", option_dial="0.25")
    (job,) = house.remote.queue.jobs()
    assert client.post("/api/computers", {"by": "desk", "films": ["a.mkv"]}).json()["jobs"] == [], "it waits"
    assert client.form("/do/job/preview", job=job.id).status == 303
    assert "The preview is being made" in client.get("/jobs").text
    assert not house.remote.queue.todo.exists(), "it is nothing for the exporter here"
    assert Orders(house.remote.queue).next() is None
    assert client.get("/api/computers/attic/previews").json()["previews"] == []
    told = client.get("/api/computers/desk/previews").json()
    (asked,) = told["previews"]
    assert (told["size"], asked["film"], asked["options"]) == ([44, 24], "a.mkv", {"dial": "0.25"})
    where = f"/api/previews/{asked['name']}"
    assert client.post(where, b"GIF89a", Content_Type="image/png").status == 422
    assert client.post(where, PNG, Content_Type="image/jpeg").status == 415
    assert client.post(where, PNG + bytes(LARGEST_PREVIEW), Content_Type="image/png").status == 413
    assert client.post(where, PNG, Content_Type="image/png").status == 200
    assert client.get(f"/picture/{asked['name']}.png").body == PNG
    assert f'src="/picture/{asked["name"]}.png"' in client.get("/jobs").text
    assert client.get("/api/computers/desk/previews").json()["previews"] == []
    for other in (where, "/api/previews/calibration", "/api/previews/../jobs", f"{where[:-1]}0"):
        assert client.post(other, PNG, Content_Type="image/png").status == 404
    client.form("/do/job/preview", job=job.id, option_fit="stretch", option_wait="yes")
    (asked,) = client.get("/api/computers/desk/previews").json()["previews"]
    assert (
        client.post(f"/api/previews/{asked['name']}/failed", {"error": "a.mkv has no picture"}).status == 200
    )
    assert "No preview: a.mkv has no picture." in client.get("/jobs").text
    client.form("/do/job/preview", job=job.id, option_fit="letterbox", option_wait="yes")
    house.time += SILENT + 1
    assert "desk makes the preview when it is there." in client.get("/jobs").text
    client.form("/do/job/remove", job=job.id)
    assert client.get("/api/computers/desk/previews").json()["previews"] == []
    assert not list((house.remote.queue.inside / "orders").glob("*.json"))[2:], "nothing is left of it"


def test_a_library_of_many_films_is_searched(house, client):
    films = [f"Film {number:04}.mp4" for number in range(1500)]
    client.post("/api/computers", {"by": "desk", "films": films})
    page = client.get("/films").text
    assert page.count('<option value="desk/') == MOST_OFFERED
    assert "These are the first 200 of 1,500." in page
    page = client.get("/films?find=MP4+0777").text
    assert re.findall(r'<option value="desk/([^"]*)"', page) == ["Film 0777.mp4"]
    assert "No film is found." in client.get("/films?find=%3Cnone%3E").text


def test_a_computer_that_only_reports_is_there(house, client):
    client.post("/api/computers", {"by": "desk", "films": []})
    house.inbox.mkdir(exist_ok=True)
    sent(client, "my.mp4", MP4)
    (job,) = client.post("/api/computers", {"by": "desk", "films": []}).json()["sent"]
    assert (job["film"], job["bytes"]) == ("my.mp4", len(MP4))
    assert client.post(f"/api/jobs/{job['id']}/claim", {"by": "desk"}).status == 200
    for _ in range(3):
        house.time += SILENT - 1
        assert client.post(f"/api/jobs/{job['id']}/report", {"by": "desk"}).status == 200
    assert [one["name"] for one in client.get("/api/computers").json()["computers"]] == ["desk"]
