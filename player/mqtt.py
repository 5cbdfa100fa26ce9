"""Home Assistant by MQTT: the player appears there by itself, with its picture, its state and its buttons.

Discovery: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, one message for the
device. It is retained, as is all that is told, so that a Home Assistant that starts anew finds everything.
`names`, `discovery`, `state` and `request` are pure. paho-mqtt's own thread connects, again and again for
ever, two minutes apart at most; a thread of ours looks every second whether there is something new to tell.
"""

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from player.config.settings import Config, from_text
from player.errors import ConfigError, PlayerError
from player.files import why
from player.playback.requests import Inbox, Kind, Request
from player.playback.status import Status, StatusBoard, View
from player.service.process import repeating
from player.web.addresses import address_of
from player.web.images import Pictures
from player.web.library import Library

LOOK = 1.0  # seconds from look to look
FILMS = 60.0  # seconds within which a new film is told
SLOWEST = 120  # seconds from try to try
KEEPALIVE = 60  # seconds; the broker says that we are offline after one and a half times as long
LONGEST = 255  # characters of a state in Home Assistant, so of a film's name
_CONNECTED = "connected"
_BUTTONS = {"next": Kind.NEXT, "back": Kind.BACK, "redraw": Kind.REDRAW}
_ENTITIES: dict[str, tuple[str, dict[str, Any]]] = {
    "panel": ("image", {"name": "Panel", "content_type": "image/png"}),
    "film": ("sensor", {"name": "Film", "icon": "mdi:filmstrip"}),
    "percent": ("sensor", {
        "name": "Progress", "icon": "mdi:progress-clock", "unit_of_measurement": "%",
        "suggested_display_precision": 1,
    }),
    "frame": ("sensor", {"name": "Frame", "icon": "mdi:image-frame"}),
    "next_frame": ("sensor", {"name": "Next frame", "device_class": "timestamp"}),
    "ends": ("sensor", {"name": "Film ends", "device_class": "timestamp"}),
    "redraws": ("sensor", {
        "name": "Redraws", "icon": "mdi:flash", "state_class": "total_increasing",
        "entity_category": "diagnostic",
    }),
    "problem": ("sensor", {
        "name": "Problem", "icon": "mdi:alert-circle-outline", "entity_category": "diagnostic",
    }),
    "next": ("button", {"name": "Next", "icon": "mdi:skip-next"}),
    "back": ("button", {"name": "Back", "icon": "mdi:skip-previous"}),
    "redraw": ("button", {"name": "Redraw", "icon": "mdi:refresh"}),
    "paused": ("switch", {"name": "Paused", "icon": "mdi:pause"}),
    "interval": ("number", {
        "name": "Interval", "device_class": "duration", "unit_of_measurement": "s", "min": 0, "max": 604800,
        "mode": "box", "entity_category": "config",
    }),
    "reel": ("select", {"name": "Reel", "icon": "mdi:movie-open"}),
}  # fmt: skip


def node(beside: Path, root: Path = Path("/")) -> str:
    """The identifier of the player that keeps its state in the folder `beside`, for topics: another one on
    every machine, whatever its name, and the same for ever. A copied card has the machine-id of the first, so
    a Raspberry Pi's serial number goes before it.
    """
    for file in ("sys/firmware/devicetree/base/serial-number", "etc/machine-id"):
        with suppress(OSError):
            if machine := (root / file).read_bytes().strip(b"\0\n "):
                break
    else:
        machine = socket.gethostname().encode()  # a container, say
    whole = machine + b"\0" + os.fsencode(beside.absolute())
    # Hashed, as machine-id(5) asks; 21 characters in all, for MQTT 3.1 allows 23 in a client's identifier.
    return "longtake-" + hashlib.blake2b(whole, digest_size=6, person=b"longtake").hexdigest()


def discovery(node: str, host: str, reels: Iterable[str], page: str | None) -> tuple[str, dict[str, Any]]:
    """The topic and message by which Home Assistant finds the player. `host`: the machine's name, for people;
    `reels`: the names to choose from; `page`: the URL of the player's own page.
    """
    base = f"longtake/{node}"
    parts: dict[str, dict[str, Any]] = {}
    for name, (platform, more) in _ENTITIES.items():
        parts[name] = {"platform": platform, "unique_id": f"{node}-{name}", **more}
        if platform in ("button", "switch", "number", "select"):
            parts[name]["command_topic"] = f"{base}/do/{name}"
        if platform in ("sensor", "switch", "number", "select"):
            parts[name]["value_template"] = f"{{{{ value_json.{name} }}}}"
    parts["panel"]["image_topic"] = f"{base}/panel"
    parts["reel"]["options"] = list(reels)
    device = {"identifiers": [node], "name": "longtake" if host in ("longtake", "") else f"longtake {host}"}
    return f"homeassistant/device/{node}/config", {
        "device": {
            **device, "manufacturer": "longtake", "model": "player",
            **({} if page is None else {"configuration_url": page}),
        },
        "origin": {"name": "longtake"},
        "availability_topic": f"{base}/available",
        "state_topic": f"{base}/state",
        "components": parts,
    }  # fmt: skip


def names(reels: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Reels by name, from their paths and titles: paths by names, no two alike."""
    found: dict[str, str] = {}
    for path, title in reels:
        name, number = _short(title), 1
        while name in found:
            number += 1
            name = f"{_short(title)[: LONGEST - 6]} ({number})"
        found[name] = path
    return found


def state(status: Status, reels: Mapping[str, str]) -> dict[str, Any]:
    """What the sensors show; `reels`: see `names`. Times as ISO 8601, None for what is not known."""
    number = status.frame
    return {
        "film": _short(status.title) or None,
        "percent": None
        if number is None or not status.frames
        else round(100 * (number + 1) / status.frames, 2),
        "frame": None if number is None else number + 1,
        "next_frame": _moment(status.next_due),
        "ends": _moment(status.ends),
        "redraws": status.redraws,
        "problem": _short(status.message or status.refused) or "none",
        "paused": "ON" if status.paused else "OFF",
        "interval": round(status.interval, 3),
        "reel": next((name for name, path in reels.items() if path == status.reel), None),
    }


def _short(text: str) -> str:
    """As Home Assistant keeps a state: without space around it, and not too long."""
    return text.encode(errors="replace").decode()[:LONGEST].strip()


def _moment(unix: float | None) -> str | None:
    try:
        return (
            None if unix is None else datetime.fromtimestamp(unix).astimezone().isoformat(timespec="seconds")
        )
    except (OverflowError, ValueError, OSError):
        return None


def request(name: str, text: str, reels: Mapping[str, str]) -> Request:
    """What a command asks of the player; `reels`: see `names`. ConfigError for one that means nothing."""
    if name in _BUTTONS:
        return Request(_BUTTONS[name])
    if name == "paused" and text in ("ON", "OFF"):
        return Request(Kind.PAUSE if text == "ON" else Kind.RESUME)
    if name == "interval":
        return Request(Kind.SET, {"interval": from_text("interval", text, "interval")})
    if name == "reel" and text in reels:
        return Request(Kind.CHOOSE, Path(reels[text]))
    raise ConfigError(f"{name} {text[:80]!r} is nothing that can be asked")


class House:
    """Speaks with a broker through `client`, a paho client that is not yet connected. `node`: see `node`;
    `page` tells the URL of the player's own page now.
    """

    def __init__(
        self,
        client: Any,
        node: str,
        page: Callable[[], str | None],
        board: StatusBoard,
        library: Library,
        post: Callable[[Request], None],
        log: Callable[[str], None],
    ) -> None:
        self._client, self._node, self._page = client, node, page
        self._board, self._library, self._post, self._log = board, library, post, log
        self._base = f"longtake/{node}"
        self._pictures = Pictures(board)
        self._reels: dict[str, str] = {}
        self._told: dict[str, Any] = {}  # what was published last, by topic
        self._seen: tuple[View, float] | None = None  # what was looked at last, and when
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
            view, now = self._board.latest(), time.monotonic()
            if view.snapshot == Status():
                return  # the player has not begun
            if self._seen is not None and self._seen[0] is view and now < self._seen[1] + FILMS:
                return
            self._seen = view, now
            self._reels = names((reel.path, reel.title) for reel in self._library.all() if not reel.problem)
            topic, message = discovery(self._node, socket.gethostname(), self._reels, self._page())
            self._publish(topic, json.dumps(message))
            self._publish(f"{self._base}/state", json.dumps(state(view.snapshot, self._reels)))
            picture = self._pictures.page("panel")
            if picture is not None:
                self._publish(f"{self._base}/panel", picture.png)

    def say_goodbye(self) -> None:
        """Say that the player has ended: the broker would only do so after a while."""
        if self._client.is_connected():
            self._client.publish(f"{self._base}/available", "offline", qos=1, retain=True).wait_for_publish(2)

    def _publish(self, topic: str, payload: str | bytes) -> None:
        if self._told.get(topic) != payload:
            self._client.publish(topic, payload, qos=1, retain=True)
            self._told[topic] = payload

    # paho's thread calls these.

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any = None) -> None:
        if reason.is_failure:
            self._say(f"the broker refuses: {reason}; see mqtt_user and mqtt_password".lower())
            return
        self._say(_CONNECTED)
        client.subscribe(f"{self._base}/do/+", 1)
        client.publish(f"{self._base}/available", "online", qos=1, retain=True)
        with self._lock:
            self._told.clear()  # the broker may have forgotten it
            self._seen = None
        self.tell()

    def _disconnected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any = None) -> None:
        if reason.is_failure and self._was == _CONNECTED:
            self._say(f"connection lost ({reason}); trying again".lower())

    def _failed(self, client: Any, data: Any) -> None:
        self._say("the broker cannot be reached; trying again")

    def _asked(self, client: Any, data: Any, message: Any) -> None:
        if message.retain or len(message.payload) > 4 * LONGEST:
            return  # a command that was kept is none
        try:
            text = message.payload.decode(errors="replace")
            self._post(request(message.topic.rpartition("/")[2], text, self._reels))
        except PlayerError as error:
            self._log(f"mqtt: {error}")

    def _say(self, text: str) -> None:
        if text != self._was:
            self._was = text
            self._log(f"mqtt: {text}")


@contextmanager
def speaking(
    config: Config, board: StatusBoard, inbox: Inbox, beside: Path, log: Callable[[str], None]
) -> Iterator[None]:
    """Speak with the broker that the settings name. `beside`: the folder of the player's state. ConfigError
    for a missing library or a bad file.
    """
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError:
        raise ConfigError(
            "mqtt needs paho-mqtt from 2.0 on; run pip install 'longtake[mqtt]', or leave mqtt out"
        ) from None
    assert config.mqtt is not None
    name = node(beside)
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
    films = None if config.films is None else Path(config.films)

    def page() -> str | None:  # the address, for two machines may have one name
        return address_of(config)[0] if config.remote == "network" else None

    house = House(client, name, page, board, Library(board, films), inbox.post, log)
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
