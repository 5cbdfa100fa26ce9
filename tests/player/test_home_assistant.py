"""A real Home Assistant finds a real player through a real broker, and every button is pressed.

It runs where HASS names the program `hass`, as docs/films.md says, and is left out elsewhere.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from player.reel import ReelWriter

HASS = os.environ.get("HASS")
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
ODD = "Die \"Bücher\" & <b>Öl</b> {{ 1 + 1 }} 'null' " + "x" * 100

pytestmark = pytest.mark.skipif(not HASS or not MOSQUITTO, reason="needs mosquitto, and hass named by HASS")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Processes:
    """What runs, each with a log `NAME.log` in `folder`."""

    def __init__(self, folder):
        self.folder, self.running = folder, {}

    def start(self, name, *words):
        with (self.folder / f"{name}.log").open("a") as log:
            self.running[name] = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def end(self, name, number=signal.SIGTERM):
        self.running[name].send_signal(number)
        self.running.pop(name).wait(60)


class HomeAssistant:
    """Its REST API, as a browser of the first user sees it."""

    def __init__(self, port):
        self.url, self.headers, self.refresh = f"http://127.0.0.1:{port}", {}, None

    def call(self, path, data=None, form=False):
        headers = self.headers | ({} if form else {"Content-Type": "application/json"})
        body = None if data is None else (urlencode(data) if form else json.dumps(data)).encode()
        with urlopen(Request(self.url + path, body, headers), timeout=30) as answer:
            return answer.read()

    def wait_until_it_answers(self):
        for _ in range(600):
            try:
                return self.call("/api/onboarding")
            except OSError:
                time.sleep(0.2)
        raise AssertionError("hass does not start")

    def sign_in(self, **grant):
        client = {"client_id": f"{self.url}/"}
        self.headers = {}
        token = json.loads(self.call("/auth/token", {**client, **grant}, form=True))
        self.refresh = token.get("refresh_token", self.refresh)
        self.headers = {"Authorization": f"Bearer {token['access_token']}"}

    def set_up(self, broker):
        me = {"name": "a", "username": "a", "password": "long enough", "language": "en"}
        new = json.loads(self.call("/api/onboarding/users", {**me, "client_id": f"{self.url}/"}))
        self.sign_in(grant_type="authorization_code", code=new["auth_code"])
        flows = "/api/config/config_entries/flow"
        form = json.loads(self.call(flows, {"handler": "mqtt"}))
        answer = {"broker": "127.0.0.1", "port": broker}
        if any(field["name"] == "other_settings" for field in form["data_schema"]):  # 2026.11
            other = {"set_client_cert": False, "set_ca_cert": "off", "transport": "tcp"}
            answer |= {"protocol": "5", "other_settings": other}
        assert json.loads(self.call(f"{flows}/{form['flow_id']}", answer))["type"] == "create_entry"

    def do(self, service, entity, **data):
        domain = entity.partition(".")[0]
        self.call(f"/api/services/{domain}/{service}", {"entity_id": entity, **data})

    def states(self):
        """Ours, by what follows the name of the player."""
        found = json.loads(self.call("/api/states"))
        device = next((one["entity_id"] for one in found if one["entity_id"].endswith("_panel")), "._panel")
        prefix = device.partition(".")[2].removesuffix("panel")
        return {
            one["entity_id"].replace(prefix, ""): one for one in found if f".{prefix}" in one["entity_id"]
        }

    def press(self, service, short, **data):
        self.do(service, self.states()[short]["entity_id"], **data)

    def wait(self, within=60, **good):
        """Until these states are so; `sensor_frame="2"` is that of `sensor.frame`."""
        end = time.monotonic() + within
        while True:
            states = self.states()
            now = {name: states.get(name.replace("_", ".", 1), {"state": None})["state"] for name in good}
            if all(want(now[name]) if callable(want) else now[name] == want for name, want in good.items()):
                return states
            assert time.monotonic() < end, f"waited for {good}: {now}"
            time.sleep(0.2)


def known(state):
    return state not in (None, "unavailable", "unknown")


@pytest.fixture
def processes(tmp_path):
    both = Processes(tmp_path)
    yield both
    for name in list(both.running):
        both.end(name, signal.SIGKILL)


def test_every_control_in_home_assistant(tmp_path, processes, make_film):
    for name, title in (("one", "One"), ("two", ODD)):
        with ReelWriter(tmp_path / f"{name}.reel", {"film": "x", "title": title}, 44, 24) as writer:
            for number, dither in enumerate(make_film(40)):
                writer.append(dither, number * 80, number, cut=False)
            writer.finish()
    broker, port = free_port(), free_port()
    (tmp_path / "broker.conf").write_text(f"listener {broker} 127.0.0.1\nallow_anonymous true\n")
    (tmp_path / "player.toml").write_text(f'interval = 100000\nmqtt = "127.0.0.1"\nmqtt_port = {broker}\n')
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "configuration.yaml").write_text(
        f"http:\n  server_host: 127.0.0.1\n  server_port: {port}\napi:\nconfig:\nimage:\nonboarding:\n"
    )
    hass = HASS, "-c", tmp_path / "conf", "--log-file", tmp_path / "hass.txt"
    player = (
        sys.executable, "-m", "player", "run", tmp_path, "--config", tmp_path / "player.toml",
        "--simulated", tmp_path / "panel", "--state", tmp_path / "state.json",
    )  # fmt: skip
    processes.start("broker", MOSQUITTO, "-c", tmp_path / "broker.conf")
    processes.start("hass", *hass)
    home = HomeAssistant(port)
    home.wait_until_it_answers()
    home.set_up(broker)
    processes.start("player", *player)

    there = home.wait(sensor_frame="1", image_panel=known, number_interval="100000.0", select_reel="One")
    assert len(there) == 14
    assert there["select.reel"]["attributes"]["options"] == ["One", ODD]
    attributes = {name: one["attributes"] for name, one in there.items()}
    assert attributes["sensor.progress"]["unit_of_measurement"] == "%"
    assert attributes["sensor.next_frame"]["device_class"] == "timestamp"
    picture = attributes["image.panel"]["entity_picture"]
    before = home.call(picture)
    assert before.startswith(b"\x89PNG")

    home.press("press", "button.next")
    home.wait(sensor_frame="2", sensor_progress="5.0", sensor_redraws="1")
    assert home.call(picture) != before
    home.press("press", "button.back")
    home.wait(sensor_frame="1")
    home.press("press", "button.redraw")
    home.wait(sensor_redraws="2")
    home.press("turn_on", "switch.paused")
    home.wait(switch_paused="on", sensor_next_frame="unknown")
    home.press("turn_off", "switch.paused")
    home.wait(switch_paused="off", sensor_next_frame=known)
    home.press("set_value", "number.interval", value=7200.5)
    home.wait(number_interval="7200.5")
    home.press("select_option", "select.reel", option=ODD)
    home.wait(select_reel=ODD, sensor_film=ODD)

    processes.end("player", signal.SIGKILL)
    home.wait(5, sensor_frame="unavailable", button_next="unavailable", image_panel="unavailable")
    processes.start("player", *player)
    home.wait(sensor_film=ODD, image_panel=known)
    processes.end("broker")
    home.wait(sensor_film="unavailable")
    processes.start("broker", MOSQUITTO, "-c", tmp_path / "broker.conf")  # it has forgotten everything
    home.wait(sensor_film=ODD, image_panel=known)
    processes.end("hass")
    processes.start("hass", *hass)
    home.wait_until_it_answers()
    home.sign_in(grant_type="refresh_token", refresh_token=home.refresh)
    home.wait(sensor_film=ODD, image_panel=known, select_reel=ODD, switch_paused="off")
    processes.end("player")
    home.wait(5, sensor_film="unavailable")
    processes.end("hass")

    log = (tmp_path / "hass.txt").read_text().splitlines()
    of_mqtt = [line for line in log if "components.mqtt" in line and ("WARNING" in line or "ERROR" in line)]
    assert [line for line in of_mqtt if "mqtt.client" not in line] == []  # the broker was stopped on purpose
