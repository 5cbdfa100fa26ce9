"""Where the web page is found: this machine's addresses in the house, its names, and the QR code.

Nothing here needs the internet or a name server. The page listens on IPv4 only: an IPv6 address is often
reachable from the whole internet, and an IPv4 address in a house is not.
"""

import socket
import struct
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from player.config.settings import Config

_SIOCGIFADDR = 0x8915  # Linux, netdevice(7): the IPv4 address of an interface
_ELSEWHERE = ("192.0.2.1", 9)  # TEST-NET-1, RFC 5737: only the route is looked up, nothing is sent


def machine_addresses() -> list[str]:
    """This machine's IPv4 addresses except loopback, the one with the default route first; empty without
    network.
    """
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with suppress(OSError):
            probe.connect(_ELSEWHERE)
            found.append(probe.getsockname()[0])
        with suppress(OSError, ImportError):
            import fcntl

            for _, name in socket.if_nameindex():
                with suppress(OSError):  # an interface without an address
                    wanted = struct.pack("256s", name.encode()[:15])
                    answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, wanted)
                    found.append(socket.inet_ntoa(answer[20:24]))
    return [address for address in dict.fromkeys(found) if not address.startswith(("127.", "0."))]


def machine_names(config: Config) -> frozenset[str]:
    """The names by which browsers may reach the page, in lower case: localhost, this machine's own name with
    and without .local, and those in the setting `remote_names`.
    """
    host = socket.gethostname().lower()
    names = {"localhost", host, host.partition(".")[0] + ".local"}
    if config.remote_names is not None:
        names |= {name.strip().lower() for name in config.remote_names.split(",")}
    return frozenset(names - {""})


def address_of(config: Config) -> list[str]:
    """The URLs of the page, the one to give to people first; empty when the page is off."""
    if config.remote == "off":
        return []
    if config.remote == "loopback":
        return [_url("127.0.0.1", config)]
    host = socket.gethostname().partition(".")[0].lower()
    return [_url(place, config) for place in [*machine_addresses(), f"{host}.local"]]


def _url(host: str, config: Config) -> str:
    return f"http://{host}" + ("" if config.remote_port == 80 else f":{config.remote_port}")


def link(url: str, token: str | None) -> str:
    """The link in the QR code: to the page, or with a `token` the one that signs in.

    The token is in the fragment, which a browser never sends. So it reaches no log, no proxy and no preview
    of the link, and nothing can use it up, as would happen to a one-time path. The page's script takes it out
    of the address bar at once and sends it in a form.
    """
    return url + "/" if token is None else f"{url}/login#{token}"


def qr(url: str) -> NDArray[np.bool_]:
    """The QR code of a text, bool[n, n], true = black, without the 4 modules of quiet zone around it."""
    import segno  # takes megabytes, and few ever ask for the card

    matrix = segno.make(url, error="m", micro=False).matrix
    return np.array([list(row) for row in matrix], dtype=np.uint8) == 1
