"""`trainer serve` against the player's real page: what is asked for there is exported, sent and shown."""

import io
from datetime import date

import pytest
from PIL import Image

from player.config.settings import Config
from player.films.queue import Queue
from player.playback.requests import Inbox
from player.playback.status import Status, StatusBoard
from player.profile import Profile
from player.reel import Reel
from player.service.process import LogTail
from player.web.service import serving
from tests.trainer.made_films import make_film
from trainer.commands.serve import address
from trainer.errors import OptionError
from trainer.serve import Player, Refused, Server, Unreachable, films_in

SIZE = 64, 48


@pytest.fixture
def house(tmp_path, monkeypatch, unused_port):
    """A running page that asks for a token, and a library of films."""
    import numpy as np

    monkeypatch.setattr("trainer.serve.LOOK", 0.0)
    films, inbox, library, work = (tmp_path / name for name in ("films", "inbox", "library", "work"))
    for folder in (films, inbox, library / "Metropolis (1927)", work):
        folder.mkdir(parents=True)
    make_film(library / "Metropolis (1927)" / "film.mp4", pictures=4)
    (library / "notes.txt").write_text("no film")
    (tmp_path / "token").write_text("abcdefghijklmnopqrstuvwxyz\n")
    (tmp_path / "token").chmod(0o600)
    config = Config(
        remote="loopback", remote_port=unused_port, remote_token=str(tmp_path / "token"), films=str(films),
        inbox=str(inbox), free_space=0.0, profile=str(tmp_path / "panel.toml"),
    )  # fmt: skip
    board, requests = StatusBoard(), Inbox()
    width, height = SIZE
    board.publish(Status(), np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8))
    with serving(config, board, requests, dict, films, LogTail(), tmp_path, print):
        player = Player(f"http://127.0.0.1:{unused_port}", "abcdefghijklmnopqrstuvwxyz")
        lines: list[str] = []
        server = Server(player, library, work, "desk", lines.append, more=["--dither=raster"])
        yield type("House", (), {"player": player, "server": server, "queue": Queue(inbox), "films": films,
                                 "library": library, "work": work, "lines": lines})  # fmt: skip
    requests.close()


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


FILM = "Metropolis (1927)/film.mp4"


def test_what_the_page_asks_for_is_exported_and_sent(house):
    assert not house.server.once()  # nothing is wanted yet
    (computer,) = house.player.get("/api/computers")["computers"]
    assert (computer["name"], computer["films"]) == ("desk", [FILM])
    asked = house.player.post("/api/computers/want", {"by": "desk", "film": FILM, "options": {"title": "M"}})
    assert house.queue.take() is None  # this machine leaves it to the other one
    assert house.server.once()
    (job,) = house.queue.jobs()
    assert (job.id, job.state, job.reel, job.by) == (asked["id"], "done", "M.reel", "desk")
    with Reel(house.films / "M.reel") as reel:
        assert (reel.frames, reel.complete, reel.meta["title"]) == (4, True, "M")
        assert (reel.width, reel.height) == SIZE
    assert [path.name for path in house.work.iterdir()] == ["done.json"]


def test_a_preview_is_made_where_the_film_lies(house):
    house.server.once()
    want = {"by": "desk", "film": FILM, "options": {"wait": "yes", "dither": "hysteresis", "dial": "0.5"}}
    job = house.player.post("/api/computers/want", want)
    place = f"/api/jobs/{job['id']}/preview"
    assert house.player.post(place, b"")["preview"] == "asked"
    assert not house.server.once()
    assert house.player.get("/api/jobs")["jobs"][0]["preview"] == "done"
    picture = Image.open(io.BytesIO(house.player.piece(f"{place}.png", 0)))
    assert picture.height == SIZE[1]
    assert list(house.work.iterdir()) == []
    house.player.post(f"/api/jobs/{job['id']}/options", {"start": "1:00:00", "wait": "yes"})
    house.player.post(place, b"")
    assert not house.server.once()
    assert house.player.get("/api/jobs")["jobs"][0]["preview"] == "failed"
    with pytest.raises(Refused, match=r"no preview: .*1:00:00"):
        house.player.piece(f"{place}.png", 0)


def test_previews_are_made_while_a_film_is_exported(house, monkeypatch):
    house.server.once()
    house.player.post("/api/computers/want", {"by": "desk", "film": FILM})
    looked: list[str] = []
    monkeypatch.setattr(
        Server, "_make_previews", lambda server: looked.extend(job.state for job in house.queue.jobs())
    )
    assert house.server.once()
    assert "exporting" in looked


def test_a_film_that_cannot_be_exported_fails_there_and_not_here(house):
    (house.library / FILM).write_bytes(b"\0\0\0\x18ftypmp42 and nothing else")
    house.server.once()
    house.player.post("/api/computers/want", {"by": "desk", "film": FILM})
    assert house.server.once()
    (job,) = house.queue.jobs()
    assert job.state == "failed"
    assert "film.mp4" in job.error


def sent(house, name="sent one.mp4", **options):
    """A film that was sent to the player."""
    make_film(house.queue.folder / name, pictures=5)
    return house.queue.add(house.queue.folder / name, options)


def test_a_film_that_was_sent_to_the_player_is_handed_over(house, monkeypatch):
    monkeypatch.setattr("trainer.serve.PIECE", 1000)
    panel = Profile("", SIZE, date(2026, 11, 28), 0.1, 0.01, 0.05, 0.01, 0.0, ((0.0, 0.0), (1.0, 1.0)))
    (house.films.parent / "panel.toml").write_text(panel.as_toml())
    assert not house.server.once()
    job = sent(house, title="Sent", fit="letterbox")
    assert house.queue.take() is None, "it is left to the computer"
    assert house.server.once()
    (done,) = house.queue.jobs()
    assert (done.id, done.state, done.reel, done.by) == (job.id, "done", "Sent.reel", "desk")
    assert (done.done, done.of) == (5, 5)
    with Reel(house.films / "Sent.reel") as reel:
        assert (reel.frames, reel.complete, reel.meta["ghost"]) == (5, True, "0.1")
        assert reel.meta["dither"].startswith("hysteresis"), "as the page says"
    assert not job.film.exists(), "it leaves the inbox as always"
    assert list(house.work.iterdir()) == []


def test_a_film_that_came_over_in_part_goes_on_there(house, monkeypatch):
    monkeypatch.setattr("trainer.serve.PIECE", 500)
    job, piece, offsets = sent(house), Player.piece, []

    def lost(self, path, offset):
        offsets.append(offset)
        if len(offsets) == 3:
            raise Unreachable("lost")
        return piece(self, path, offset)

    monkeypatch.setattr(Player, "piece", lost)
    assert not house.server.once()
    assert house.queue.job(job.id).state == "exporting"
    assert house.queue.take() is None, "never two at one film"
    assert house.server.once()
    assert offsets[2:4] == [1000, 1000]
    assert house.queue.job(job.id).state == "done"


def test_a_film_is_read_in_ranges_by_those_who_are_signed_in(house):
    job, url = sent(house), "/api/jobs/{}/film"
    whole = job.film.read_bytes()
    got = b""
    while len(got) < len(whole):
        got += house.player.piece(url.format(job.id), len(got))
    assert got == whole
    for path, status in ((url.format(job.id), 416), (url.format("gone"), 404)):
        with pytest.raises(Refused) as refused:
            house.player.piece(path, len(whole))
        assert refused.value.status == status
    with pytest.raises(Refused, match="ask for a range"):
        house.player.get(url.format(job.id))
    with pytest.raises(Refused, match="not the token"):
        Player(house.player.url, "wrong").piece(url.format(job.id), 0)
    secret = house.queue.add(house.films.parent / "token")
    with pytest.raises(Refused, match="not here"):
        house.player.piece(url.format(secret.id), 0)


def test_a_computer_that_lies_about_a_reel_keeps_no_film_from_the_player(house):
    job, by = sent(house), {"by": "desk"}
    house.player.post(f"/api/jobs/{job.id}/claim", by)
    for reel in ("none.reel", "../inbox/x.reel"):
        with pytest.raises(Refused):
            house.player.post(f"/api/jobs/{job.id}/report", {**by, "reel": reel})
    assert job.film.exists()
    assert house.queue.job(job.id).state == "exporting"
    with pytest.raises(Refused, match="not exported by attic"):
        house.player.post(f"/api/jobs/{job.id}/report", {"by": "attic", "error": "x"})


def test_a_film_that_is_removed_meanwhile_is_given_up(house, monkeypatch):
    job, begun = sent(house), Server._fetch

    def removed(self, *what):
        begun(self, *what)
        house.queue.remove(job.id)
        self._report(what[0], done=1)

    monkeypatch.setattr(Server, "_fetch", removed)
    assert house.server.once()
    assert "not wanted any more" in house.lines[-1]
    assert list(house.work.iterdir()) == list(house.films.iterdir()) == []
    assert not house.server.once()


def test_what_was_done_by_somebody_else_leaves_nothing_here(house, monkeypatch):
    job = sent(house)
    monkeypatch.setattr(Server, "_export", lambda *_: (_ for _ in ()).throw(Unreachable("switched off")))
    house.server.once()
    assert [path.name for path in house.work.iterdir()] == [f"job-{job.id}"]
    other = house.work / "job-1234"
    other.mkdir()
    (other / "order.json").write_text('["http://another.player:8080", "64x48", {}]')
    house.queue.report(job.id, state="done")
    house.server.once()
    assert list(house.work.iterdir()) == [other]


def test_a_film_without_room_is_left_to_the_player(house, monkeypatch):
    job = sent(house)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10}))
    assert not house.server.once()
    assert "no room" in house.lines[-1]
    assert house.queue.job(job.id).state == "waiting"


def test_a_reel_that_was_begun_in_another_way_is_made_anew(house):
    house.server.once()
    want = {"by": "desk", "film": FILM}
    job = house.player.post("/api/computers/want", want)
    folder = house.work / f"job-{job['id']}"
    folder.mkdir()
    (folder / "film.reel").write_bytes(b"of other options")
    (folder / "order.json").write_text("[]")
    assert house.server.once()
    assert house.queue.jobs()[0].state == "done"


def test_everything_is_exported_once_where_that_is_asked(house):
    make_film(house.library / "two.mp4", pictures=2)
    server = Server(
        house.player, house.library, house.work, "desk", print, everything=True, more=["--dither=raster"]
    )
    while server.once():
        pass
    assert [(job.name, job.state) for job in house.queue.jobs()] == [("two", "done"), ("film", "done")]
    house.queue.remove(house.queue.jobs()[0].id)
    assert not server.once()


def test_a_name_that_is_taken_gets_a_number(house):
    (house.films / "film.reel").write_bytes(b"another")
    house.server.once()
    house.player.post("/api/computers/want", {"by": "desk", "film": FILM})
    house.server.once()
    assert house.queue.jobs()[0].reel == "film-2.reel"


def test_who_is_not_there_is_asked_for_nothing(house):
    for body in ({"by": "attic", "film": FILM}, {"by": "desk", "film": "../../etc/passwd"}):
        with pytest.raises(Refused, match="no computer"):
            house.player.post("/api/computers/want", body)
    for films in (["/etc/passwd"], ["../x.mp4"], [1], "x", ["a" * 301]):
        with pytest.raises(Refused, match="films must be"):
            house.player.post("/api/computers", {"by": "desk", "films": films})


def test_a_wrong_token_ends_it_and_silence_does_not(house, unused_port):
    wrong = Server(Player(house.player.url, "wrong"), house.library, house.work, "desk", print)
    with pytest.raises(Refused) as raised:
        wrong.once()
    assert raised.value.status == 401
    silent = Player("http://127.0.0.1:9", None)
    with pytest.raises(Unreachable, match="does not answer"):
        silent.get("/api/status")
    lines: list[str] = []
    server = Server(silent, house.library, house.work, "desk", lines.append)
    assert not server.once()
    assert not server.once()
    assert len(lines) == 1


def test_films_below_a_folder(tmp_path):
    for name in ("b/two.MKV", "a.mp4", ".hidden.mp4", ".trash/x.mp4", "b/two.srt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert films_in(tmp_path) == ["a.mp4", "b/two.MKV"]


def test_the_link_that_signs_in_is_an_address():
    assert address("http://192.168.1.20:8080/login#abc_-1") == ("http://192.168.1.20:8080", "abc_-1")
    assert address("http://longtake.local:8080/") == ("http://longtake.local:8080", None)
    with pytest.raises(OptionError, match="write it like"):
        address("longtake.local")
