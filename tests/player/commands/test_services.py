"""What runs beside the playback starts from the settings, anew when they change, and stops in the end."""

import contextlib
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from player import panel as panels
from player.commands.run import Feed, Services, first_look, only_player
from player.config.settings import Config
from player.errors import ConfigError, ReelError
from player.pictures.png import glass_pictures
from player.playback.requests import Inbox, Kind, Request
from player.playback.status import Status, StatusBoard
from player.progress import Progress
from player.service.lock import Locked
from player.service.process import LogTail
from player.times import Place


@pytest.fixture
def page(monkeypatch):
    """In place of the web page: what it was started with, and whether it runs."""
    page = types.SimpleNamespace(starts=[], running=0, fails=None, well=True)

    @contextlib.contextmanager
    def serving(config, board, inbox, settable, films, tail, token_directory, log):
        if page.fails:
            raise ConfigError(page.fails)
        page.starts.append((config.remote_port, films, token_directory, settable()))
        page.running += 1
        try:
            yield types.SimpleNamespace(
                card=lambda: types.SimpleNamespace(url="http://frame.local:8080", qr=np.eye(21, dtype=bool)),
                alive=lambda: page.well,
            )
        finally:
            page.running -= 1

    module = types.ModuleType("player.web.service")
    module.serving = serving
    monkeypatch.setitem(sys.modules, "player.web.service", module)
    return page


@pytest.fixture
def world(tmp_path):
    world = types.SimpleNamespace(lines=[], board=StatusBoard(), inbox=Inbox())
    world.config = Config(
        remote="loopback", films=str(tmp_path / "films"), state=str(tmp_path / "state" / "p.json")
    )
    world.services = Services(
        world.board, world.inbox, lambda: {"interval": None}, LogTail(), world.lines.append
    )
    yield world
    world.services.close()
    world.inbox.close()


def test_the_page_runs_while_the_player_does(page, world, tmp_path):
    world.services.start(world.config)
    assert page.starts == [(8080, tmp_path / "films", tmp_path / "state", {"interval": None})]
    address = world.services.address()
    assert address.url == "http://frame.local:8080"
    assert address.qr.shape == (21, 21)
    world.services.close()
    assert page.running == 0
    assert world.services.address() is None


def test_it_is_started_anew_only_when_its_own_settings_change(page, world):
    world.services.start(world.config)
    world.services.apply(replace(world.config, interval=5.0, vcom=-1.0))
    assert len(page.starts) == 1
    world.services.apply(replace(world.config, remote_port=8081))
    assert [start[0] for start in page.starts] == [8080, 8081]
    assert page.running == 1
    world.services.apply(replace(world.config, remote_port=8081, mqtt_port=8883))
    assert len(page.starts) == 3
    world.services.apply(replace(world.config, remote="off"))
    assert page.running == 0
    assert world.services.address() is None


def test_at_the_start_a_page_that_cannot_be_ends_the_player_and_later_it_does_not(page, world):
    page.fails = "port 8080 is in use; choose another remote_port"
    with pytest.raises(ConfigError, match="port 8080"):
        world.services.start(world.config)
    world.services.apply(world.config)
    assert world.lines == [f"{page.fails}; web page and buttons are off until then"]
    page.fails = None
    world.services.apply(world.config)
    assert page.running == 1


def test_the_watchdog_is_fed_only_while_the_page_does_its_work(page, world):
    fed = []
    feed = Feed(lambda: fed.append(True), world.services.alive, world.lines.append)
    feed()
    assert len(fed) == 1, "nothing runs yet"
    world.services.start(world.config)
    feed()
    page.well = False
    for _ in range(3):
        feed()
    assert len(fed) == 2
    assert world.lines == ["the web page does not answer; systemd starts the player anew if that stays so"]
    page.well = True
    feed()
    assert len(fed) == 3
    assert world.lines[1:] == ["the web page answers again"]
    page.well = False
    world.services.close()
    feed()
    assert len(fed) == 4, "what does not run cannot hang"


def test_buttons_post_requests_and_know_the_pause(world, monkeypatch):
    presses = iter([[False], [False], [True], [True], [False], [False], [True], [True]])
    asked = []

    def inputs(pins):
        asked.append(list(pins))
        return lambda: next(presses, [False])

    monkeypatch.setattr(panels, "button_inputs", inputs)
    config = Config(vcom=-1.5, button_pause=5)
    world.services.start(config)
    assert world.inbox.wait(5) == Request(Kind.PAUSE)
    world.board.publish(Status(paused=True))
    assert world.inbox.wait(5) == Request(Kind.RESUME)
    world.services.close()
    world.services.start(replace(config, simulated="sim"))
    world.services.start(replace(config, button_pause=None))
    assert asked == [[5]], "neither for a simulated panel nor without pins"


def test_nothing_is_loaded_that_is_not_configured(world, monkeypatch):
    monkeypatch.setitem(sys.modules, "player.web.service", None)
    monkeypatch.setitem(sys.modules, "player.service.buttons", None)
    world.services.start(Config(vcom=-1.5))
    assert world.services.address() is None


def test_a_lock_on_the_panel_and_on_no_other(tmp_path):
    config = Config(simulated=str(tmp_path / "one"))
    with only_player(config):
        with pytest.raises(Locked), only_player(config):
            pass
        with only_player(Config(simulated=str(tmp_path / "two"))):
            pass
    with only_player(config):
        pass


def test_what_comes_first_is_looked_at_before_the_panel(make_film, make_reel, tmp_path):
    one, two = make_reel(make_film(3), "one.reel"), make_reel(make_film(3, width=32, height=8), "two.reel")
    assert first_look(Config(reels=(str(one),)), Progress(), None) == ((44, 24), False)
    both = Config(reels=(str(one), str(two)))
    assert first_look(both, Progress(reel=str(two)), None) == ((32, 8), True)
    assert first_look(both, Progress(reel=str(two)), Place("frame", 2)) == ((44, 24), True)
    with pytest.raises(ReelError, match="has no frame 4"):
        first_look(both, Progress(), Place("frame", 3))
    gone = Config(reels=(str(tmp_path / "gone.reel"),))
    with pytest.raises(ReelError, match="no such file"):
        first_look(gone, Progress(), None)
    assert first_look(replace(gone, wait_for_films=True), Progress(), None) == (panels.USUAL_SIZE, True)


@pytest.mark.parametrize("several", [False, True])
def test_pictures_of_the_simulated_glass(tmp_path, several):
    glass_pictures(str(tmp_path / "sim"), lambda: np.zeros((8, 8), np.uint8), several)(Path("a/film.reel"), 7)
    where = tmp_path / "sim" / ("film" if several else "")
    assert [path.name for path in where.iterdir()] == ["glass-000008.png"]
    glass_pictures(None, None, several)(Path("film.reel"), 8)
