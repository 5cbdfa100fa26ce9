"""Home Assistant by MQTT: what is said; and against a real broker (mosquitto), with password and TLS."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from player.config.settings import Config
from player.errors import ConfigError
from player.mqtt import discovery, names, node, request, speaking, state
from player.playback.requests import Inbox, Kind
from player.playback.status import Status, StatusBoard

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
STATUS = Status(
    reel="/films/one.reel", title="One", frame=24, frames=100, next_due=1_700_000_000.0, ends=None,
    interval=200.0, redraws=3, playlist=("/films/one.reel", "/films/two.reel"),
)  # fmt: skip
SERIAL = "sys/firmware/devicetree/base/serial-number"
REELS = {"One": "/films/one.reel", "Two": "/films/two.reel"}


def test_every_entity_finds_its_value():
    told = state(STATUS, REELS)
    assert (told["film"], told["percent"], told["frame"], told["reel"]) == ("One", 25.0, 25, "One")
    assert told["next_frame"].startswith("2023-11-14T")
    assert (told["ends"], told["problem"], told["paused"]) == (None, "none", "OFF")
    topic, message = discovery("longtake-0123", "attic", REELS, None)
    assert topic == "homeassistant/device/longtake-0123/config"
    assert message["device"]["name"] == "longtake attic"
    parts = message["components"]
    for name, part in parts.items():
        assert part["unique_id"] == f"longtake-0123-{name}"
        assert (part["platform"] in ("button", "image")) == ("value_template" not in part)
        assert (part["platform"] in ("sensor", "image")) == ("command_topic" not in part)
    reads = {part["value_template"] for part in parts.values() if "value_template" in part}
    assert reads == {f"{{{{ value_json.{name} }}}}" for name in told}
    categories = {name: part["entity_category"] for name, part in parts.items() if "entity_category" in part}
    assert categories == {"redraws": "diagnostic", "problem": "diagnostic", "interval": "config"}
    assert parts["reel"]["options"] == ["One", "Two"]
    assert message["state_topic"] == "longtake/longtake-0123/state"


def test_what_is_not_known_is_none():
    told = state(Status(), {})
    assert [told[name] for name in ("film", "percent", "frame", "next_frame", "ends", "reel")] == [None] * 6


def test_a_machine_called_longtake_is_not_called_so_twice_and_its_page_is_linked():
    device = discovery("longtake-0123", "longtake", [], "http://longtake.local")[1]["device"]
    assert device["name"] == "longtake"
    assert device["configuration_url"] == "http://longtake.local"


def test_names_of_reels_are_states_of_home_assistant_and_differ():
    long = "x" * 300
    found = names([("/a/1", "One"), ("/b/1", " One "), ("/c/1", long), ("/d/1", long), ("/e/1", "\udc80")])
    assert list(found.values()) == ["/a/1", "/b/1", "/c/1", "/d/1", "/e/1"]
    assert list(found)[:2] == ["One", "One (2)"]
    assert all(len(name) <= 255 and name.encode() for name in found)
    told = state(replace(STATUS, title=long, message=long, reel="/d/1"), found)
    assert max(len(told[name]) for name in ("film", "problem", "reel")) <= 255
    assert told["reel"].endswith("(2)")


@pytest.mark.parametrize(
    ("name", "text", "kind", "value"),
    [
        ("next", "PRESS", Kind.NEXT, None),
        ("redraw", "PRESS", Kind.REDRAW, None),
        ("paused", "ON", Kind.PAUSE, None),
        ("paused", "OFF", Kind.RESUME, None),
        ("interval", "60", Kind.SET, {"interval": 60.0}),
    ],
)
def test_what_a_command_asks(name, text, kind, value):
    asked = request(name, text, REELS)
    assert (asked.kind, asked.value) == (kind, value)


def test_a_reel_is_chosen_by_its_name_alone():
    assert str(request("reel", "Two", REELS).value) == "/films/two.reel"
    for name, text in (
        ("reel", "/etc/passwd"),
        ("interval", "-1"),
        ("interval", "x"),
        ("paused", "1"),
        ("stop", ""),
    ):
        with pytest.raises(ConfigError):
            request(name, text, REELS)


def test_a_player_is_another_one_on_another_machine_or_with_another_state_and_stays_it(tmp_path):
    def machine(name, **files):
        for file, text in files.items():
            path = tmp_path / name / {"serial": SERIAL, "id": "etc/machine-id"}[file]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / name

    state = Path("/var/lib/longtake")
    card = "0123456789abcdef0123456789abcdef\n"
    one, copied = machine("one", id=card, serial="100\0"), machine("copied", id=card, serial="200\0")
    board, bare = machine("board", id=card), machine("bare")
    players = [node(state, root) for root in (one, copied, board, bare)] + [node(Path("/srv/second"), one)]
    assert len(set(players)) == 5
    assert players[:2] == [node(state, one), node(state, copied)], "the same after a restart"
    for name in players:
        assert len(name) <= 23, "as MQTT 3.1 allows"
        assert re.fullmatch("longtake-[0-9a-f]+", name)
        assert card[:8] not in name


@pytest.fixture
def broker(tmp_path):
    """start(*lines of its configuration) -> its port; it can be stopped and started again."""
    if MOSQUITTO is None:
        pytest.skip("needs mosquitto")
    running = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def start(*lines):
        text = "\n".join([f"listener {port} 127.0.0.1", *lines, ""])
        (tmp_path / "broker.conf").write_text(text)
        words = [MOSQUITTO, "-c", str(tmp_path / "broker.conf")]
        running.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(100):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.05)
        raise AssertionError("mosquitto does not start")

    def stop():
        running[-1].terminate()
        running[-1].wait()

    start.stop = stop
    yield start
    stop()


class Listener:
    """A client that keeps what it hears."""

    def __init__(self, port, user=None, ca=None):
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard = {}
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda client, data, message: self.heard.update(
            {message.topic: message.payload}
        )
        self.client.on_connect = lambda client, *rest: client.subscribe("#")
        if user:
            self.client.username_pw_set(*user)
        if ca:
            self.client.tls_set(ca_certs=str(ca))
        self.client.reconnect_delay_set(1, 1)
        self.client.connect_async("localhost", port)
        self.client.loop_start()

    def wait(self, topic, good=bool):
        for _ in range(400):
            if topic in self.heard and good(self.heard[topic]):
                return self.heard[topic]
            time.sleep(0.05)
        raise AssertionError(f"{topic} is {self.heard.get(topic)}")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def certificates(tmp_path):
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)

    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "ca.pem", *name)
    (tmp_path / "key.pem").chmod(0o644)


def test_against_a_broker_with_password_and_tls_that_goes_and_comes_back(tmp_path, broker, monkeypatch):
    monkeypatch.setattr("player.mqtt.LOOK", 0.2)
    monkeypatch.setattr("player.mqtt.SLOWEST", 1)
    certificates(tmp_path)
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "users").touch(0o600)
    tool = shutil.which("mosquitto_passwd")
    subprocess.run(
        [tool, "-b", str(tmp_path / "users"), "longtake", "secret"], check=True, capture_output=True
    )
    tls = [f"{key} {tmp_path / file}" for key, file in (("certfile", "ca.pem"), ("keyfile", "key.pem"))]
    user = "root" if os.getuid() == 0 else ""
    lines = [
        *tls,
        "allow_anonymous false",
        f"password_file {tmp_path / 'users'}",
        f"user {user}" if user else "",
    ]
    port = broker(*lines)
    config = Config(
        mqtt="localhost", mqtt_port=port, mqtt_user="longtake", mqtt_password=str(tmp_path / "password"),
        mqtt_ca=str(tmp_path / "ca.pem"),
    )  # fmt: skip
    board, inbox, lines_of_log = StatusBoard(), Inbox(), []
    board.publish(STATUS, np.ones((24, 44), np.uint8), np.ones((24, 44), np.uint8))
    base = f"longtake/{node(tmp_path)}"
    listener = Listener(port, ("longtake", "secret"), tmp_path / "ca.pem")
    try:
        with speaking(config, board, inbox, tmp_path, lines_of_log.append):
            assert listener.wait(f"{base}/available") == b"online"
            assert json.loads(listener.wait(f"{base}/state"))["film"] == "One"
            assert listener.wait(f"{base}/panel").startswith(b"\x89PNG")
            listener.client.publish(f"{base}/do/next", "PRESS")
            assert inbox.wait(10).kind is Kind.NEXT
            board.publish(replace(STATUS, paused=True))
            listener.wait(f"{base}/state", lambda text: json.loads(text)["paused"] == "ON")
            broker.stop()
            broker(*lines)  # it has forgotten everything
            listener.heard.clear()
            listener.wait(f"{base}/available", lambda text: text == b"online")
            assert listener.wait(f"homeassistant/device/{node(tmp_path)}/config")
        listener.wait(f"{base}/available", lambda text: text == b"offline")
    finally:
        listener.close()
        inbox.close()
    assert lines_of_log[0] == "mqtt: connected"


def test_two_players_on_machines_of_one_name_share_a_broker(tmp_path, broker, monkeypatch):
    monkeypatch.setattr("player.mqtt.LOOK", 0.2)
    port = broker("allow_anonymous true")
    config, logged = Config(mqtt="127.0.0.1", mqtt_port=port), []
    listener = Listener(port)
    try:
        with ExitStack() as both:
            inboxes = []
            for name in ("hall", "attic"):
                board, inbox = StatusBoard(), Inbox()
                both.callback(inbox.close)
                inboxes.append(inbox)
                board.publish(
                    replace(STATUS, title=name), np.ones((24, 44), np.uint8), np.ones((24, 44), np.uint8)
                )
                both.enter_context(speaking(config, board, inbox, tmp_path / name, logged.append))
            for name in ("hall", "attic"):
                one = node(tmp_path / name)
                assert json.loads(listener.wait(f"longtake/{one}/state"))["film"] == name
                found = json.loads(listener.wait(f"homeassistant/device/{one}/config"))
                assert found["device"]["identifiers"] == [one]
            time.sleep(1.5)  # of two with one name, each would have thrown out the other by now
            listener.client.publish(f"longtake/{node(tmp_path / 'attic')}/do/next", "PRESS")
            assert inboxes[1].wait(10).kind is Kind.NEXT
            assert inboxes[0].wait(0.1) is None, "it was for the other one"
    finally:
        listener.close()
    assert logged == ["mqtt: connected"] * 2


def test_a_wrong_password_is_said_once_and_the_player_goes_on(tmp_path, broker, monkeypatch):
    monkeypatch.setattr("player.mqtt.SLOWEST", 1)
    (tmp_path / "users").touch(0o600)
    user = ["user root"] if os.getuid() == 0 else []
    port = broker("allow_anonymous false", f"password_file {tmp_path / 'users'}", *user)
    logged, inbox = [], Inbox()
    with speaking(Config(mqtt="127.0.0.1", mqtt_port=port), StatusBoard(), inbox, tmp_path, logged.append):
        time.sleep(2.5)
    inbox.close()
    assert len([line for line in logged if "mqtt_password" in line]) == 1


def test_a_missing_file_is_one_line(tmp_path):
    with (
        pytest.raises(ConfigError, match=r"mqtt_password: .*gone: cannot be read"),
        speaking(
            Config(mqtt="x", mqtt_user="x", mqtt_password=str(tmp_path / "gone")),
            StatusBoard(),
            Inbox(),
            tmp_path,
            print,
        ),
    ):
        pass
