"""Home Assistant by MQTT: the player appears there by itself, with its picture, its state and its buttons.

Discovery is that of https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery, one retained message for
each entity. `state` and `request` are pure. paho-mqtt's own thread connects, again and again for ever, two
minutes apart at most; a thread of ours looks every few seconds whether there is something new to tell.
"""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from player.config.settings import Config, from_text
from player.errors import ConfigError, PlayerError
from player.files import why
from player.playback.requests import Inbox, Kind, Request
from player.playback.status import Status, StatusBoard
from player.service.process import repeating
from player.web.images import Pictures

LOOK = 5.0  # seconds from look to look
SLOWEST = 120  # seconds from try to try
KEEPALIVE = 60  # seconds; the broker says that we are offline after one and a half times as long
LONGEST = 200  # characters of a command
PREFIX = "homeassistant"
_CONNECTED = "connected"
_BUTTONS = {"next": Kind.NEXT, "back": Kind.BACK, "redraw": Kind.REDRAW}
_SENSORS: dict[str, dict[str, Any]] = {
    "film": {"name": "Film", "icon": "mdi:filmstrip"},
    "percent": {"name": "Shown", "unit_of_measurement": "%", "icon": "mdi:progress-clock"},
    "frame": {"name": "Frame", "icon": "mdi:image-frame"},
    "next_frame": {"name": "Next frame", "device_class": "timestamp"},
    "ends": {"name": "Film ends", "device_class": "timestamp"},
    "redraws": {"name": "Redraws", "state_class": "total_increasing", "icon": "mdi:flash"},
    "problem": {"name": "Problem", "icon": "mdi:alert-circle-outline", "entity_category": "diagnostic"},
}


def node(name: str) -> str:
    """The identifier of a machine with this name, for topics."""
    return "longtake-" + (re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-") or "player")


def entities(node: str, reels: list[str]) -> dict[str, dict[str, Any]]:
    """Discovery topics and what is published there. `reels`: the names to choose from."""
    base = f"longtake/{node}"
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("sensor", name): {
            **more,
            "state_topic": f"{base}/state",
            "value_template": f"{{{{ value_json.{name} }}}}",
        }
        for name, more in _SENSORS.items()
    }
    for name in _BUTTONS:
        label = {"next": "Next frame now", "back": "Frame before", "redraw": "Redraw"}[name]
        found["button", name] = {"name": label, "command_topic": f"{base}/do/{name}"}
    found["image", "panel"] = {"name": "Panel", "image_topic": f"{base}/panel", "content_type": "image/png"}
    found["switch", "paused"] = {"name": "Paused"}
    found["number", "interval"] = {
        "name": "Interval", "min": 0, "max": 604800, "step": 1, "mode": "box", "unit_of_measurement": "s"
    }  # fmt: skip
    found["select", "reel"] = {"name": "Reel", "options": reels}
    for kind, name in (("switch", "paused"), ("number", "interval"), ("select", "reel")):
        found[kind, name] |= {
            "state_topic": f"{base}/state",
            "value_template": f"{{{{ value_json.{name} }}}}",
            "command_topic": f"{base}/do/{name}",
        }
    common = {
        "availability_topic": f"{base}/available",
        "device": {"identifiers": [node], "name": "longtake", "manufacturer": "longtake", "model": "player"},
    }
    return {
        f"{PREFIX}/{kind}/{node}/{name}/config": {
            **one,
            **common,
            "unique_id": f"{node}-{name}",
            "object_id": f"{node}-{name}",
        }
        for (kind, name), one in found.items()
    }


def reels_of(status: Status) -> dict[str, str]:
    """The reels that can be chosen: their paths by their names."""
    return {Path(path).stem: path for path in status.playlist}


def state(status: Status) -> dict[str, Any]:
    """What the sensors show. Times as ISO 8601, None for what is not known."""
    number = status.frame
    return {
        "film": status.title or None,
        "percent": None
        if number is None or not status.frames
        else round(100 * (number + 1) / status.frames, 2),
        "frame": None if number is None else number + 1,
        "next_frame": _moment(status.next_due),
        "ends": _moment(status.ends),
        "redraws": status.redraws,
        "problem": status.message or status.refused or "none",
        "paused": "ON" if status.paused else "OFF",
        "interval": round(status.interval, 3),
        "reel": None if status.reel is None else Path(status.reel).stem,
    }


def _moment(unix: float | None) -> str | None:
    try:
        return (
            None if unix is None else datetime.fromtimestamp(unix).astimezone().isoformat(timespec="seconds")
        )
    except (OverflowError, ValueError, OSError):
        return None


def request(name: str, text: str, status: Status) -> Request:
    """What a command asks of the player. ConfigError for one that means nothing."""
    if name in _BUTTONS:
        return Request(_BUTTONS[name])
    if name == "paused" and text in ("ON", "OFF"):
        return Request(Kind.PAUSE if text == "ON" else Kind.RESUME)
    if name == "interval":
        return Request(Kind.SET, {"interval": from_text("interval", text, "interval")})
    if name == "reel" and text in (known := reels_of(status)):
        return Request(Kind.CHOOSE, Path(known[text]))
    raise ConfigError(f"{name} {text[:80]!r} is nothing that can be asked")


class House:
    """Speaks with a broker through `client`, a paho client that is not yet connected. `node`: see `node`."""

    def __init__(
        self,
        client: Any,
        node: str,
        board: StatusBoard,
        post: Callable[[Request], None],
        log: Callable[[str], None],
    ) -> None:
        self._client, self._node, self._board, self._post, self._log = client, node, board, post, log
        self._base = f"longtake/{node}"
        self._pictures = Pictures(board)
        self._told: dict[str, Any] = {}  # what was published last
        self._lock = threading.Lock()
        self._was = ""  # what the log was told last of the connection
        client.will_set(f"{self._base}/available", "offline", qos=1, retain=True)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_connect_fail, client.on_message = self._failed, self._asked

    def tell(self) -> None:
        """Publish what has changed since the last time."""
        if not self._client.is_connected():
            return
        with self._lock:
            status = self._board.latest().snapshot
            for topic, entity in entities(self._node, list(reels_of(status))).items():
                self._publish(topic, json.dumps(entity))
            self._publish(f"{self._base}/state", json.dumps(state(status)))
            picture = self._pictures.page("panel")
            if picture is not None and self._told.get("picture") != picture.tag:
                self._client.publish(f"{self._base}/panel", picture.png, qos=0, retain=True)
                self._told["picture"] = picture.tag

    def say_goodbye(self) -> None:
        """Say that the player has ended: the broker would only do so after a while."""
        if self._client.is_connected():
            self._client.publish(f"{self._base}/available", "offline", qos=1, retain=True).wait_for_publish(2)

    def _publish(self, topic: str, text: str) -> None:
        if self._told.get(topic) != text:
            self._client.publish(topic, text, qos=1, retain=True)
            self._told[topic] = text

    # paho's thread calls these.

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any = None) -> None:
        if reason.is_failure:
            self._say(f"the broker refuses: {reason}; see mqtt_user and mqtt_password".lower())
            return
        self._say(_CONNECTED)
        client.subscribe([(f"{self._base}/do/+", 1), (f"{PREFIX}/status", 0)])
        client.publish(f"{self._base}/available", "online", qos=1, retain=True)
        with self._lock:
            self._told.clear()
        self.tell()

    def _disconnected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any = None) -> None:
        if reason.is_failure and self._was == _CONNECTED:
            self._say(f"connection lost ({reason}); trying again".lower())

    def _failed(self, client: Any, data: Any) -> None:
        self._say("the broker cannot be reached; trying again")

    def _asked(self, client: Any, data: Any, message: Any) -> None:
        if message.topic == f"{PREFIX}/status":  # Home Assistant has started anew
            with self._lock:
                self._told.clear()
            return
        if message.retain or len(message.payload) > LONGEST:
            return  # a command that was kept is none
        try:
            text = message.payload.decode(errors="replace")
            self._post(request(message.topic.rpartition("/")[2], text, self._board.latest().snapshot))
        except PlayerError as error:
            self._log(f"mqtt: {error}")

    def _say(self, text: str) -> None:
        if text != self._was:
            self._was = text
            self._log(f"mqtt: {text}")


@contextmanager
def speaking(config: Config, board: StatusBoard, inbox: Inbox, log: Callable[[str], None]) -> Iterator[None]:
    """Speak with the broker that the settings name. ConfigError for a missing library or a bad file."""
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError:
        raise ConfigError(
            "mqtt needs paho-mqtt from 2.0 on; run pip install 'longtake[mqtt]', or leave mqtt out"
        ) from None
    assert config.mqtt is not None
    name = node(socket.gethostname())
    client = Client(CallbackAPIVersion.VERSION2, client_id=name)
    client.reconnect_delay_set(1, SLOWEST)
    client.max_queued_messages_set(100)
    if config.mqtt_user is not None:
        client.username_pw_set(config.mqtt_user, _password(config.mqtt_password))
    if config.mqtt_tls or config.mqtt_ca is not None:
        try:
            client.tls_set(ca_certs=config.mqtt_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"mqtt_ca: {config.mqtt_ca}: cannot be used: {str(error).lower()}") from None
    house = House(client, name, board, inbox.post, log)
    client.connect_async(config.mqtt, config.mqtt_port, KEEPALIVE)
    client.loop_start()
    try:
        with repeating(house.tell, LOOK, "mqtt"):
            yield
    finally:
        house.say_goodbye()
        client.disconnect()
        client.loop_stop()


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise ConfigError(f"mqtt_password: {file}: cannot be read: {why(error)}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"mqtt_password: {file}: is not text") from None
