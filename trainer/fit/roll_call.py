"""The processes of a fit find each other before JAX is asked to, so that what is wrong can be said in a line.

JAX's own service ends a process with a stack trace when the coordinator does not answer, a process is
missing or a number is taken twice. So the processes 1, 2 ... first call at the coordinator's address, where
process 0 listens, and say which they are: one line of JSON, {"process": 1, "processes": 2}. Once all have
called, or one has said what does not fit, each is answered: {"wrong": ""}, or what is wrong.
"""

import json
import socket
import time
from contextlib import ExitStack, closing, suppress
from typing import Any

from trainer.errors import OptionError, TrainerError

_LONGEST = 1000
_BETWEEN = 0.2
_LISTENING = 5


def roll_call(host: str, port: int, processes: int, process: int, seconds: float) -> None:
    """Return once all processes have called, after `seconds` at most. OptionError, TrainerError."""
    until = time.monotonic() + seconds
    if process:
        _call(host, port, processes, process, until)
    else:
        _listen(port, processes, until)


def _listen(port: int, processes: int, until: float) -> None:
    with ExitStack() as open_until_then:
        try:
            listener = socket.create_server(("", port), backlog=processes)
        except OSError as error:
            raise OptionError(
                f"--coordinator: process 0 cannot listen on port {port}: {_reason(error)}; choose another"
            ) from None
        callers: dict[int, list[socket.socket]] = {}
        wrong = ""
        with closing(listener):
            while len(callers) < processes - 1 and not wrong:
                try:
                    listener.settimeout(max(0.0, until - time.monotonic()))
                    caller, _ = listener.accept()
                except OSError:
                    missing = ", ".join(str(k) for k in range(1, processes) if k not in callers)
                    wrong = f"process {missing} of {processes} has not called; start {processes} processes"
                    break
                open_until_then.enter_context(closing(caller))
                said = _line(caller, min(until, time.monotonic() + _LISTENING))
                try:
                    number, count = int(said["process"]), int(said["processes"])
                except (KeyError, TypeError, ValueError):
                    continue  # a stranger
                if count != processes:
                    wrong = f"process {number} has --processes {count}, process 0 {processes}"
                elif number in callers:
                    wrong = f"two processes were started with --process {number}"
                callers.setdefault(number, []).append(caller)
        for caller in (one for several in callers.values() for one in several):
            with suppress(OSError):
                caller.sendall(json.dumps({"wrong": wrong}).encode() + b"\n")
                caller.settimeout(max(0.0, until - time.monotonic()))
                caller.recv(1)  # it hangs up first, lest the port be left waiting
    if wrong:
        raise TrainerError(f"{wrong}; start all of them again")


def _call(host: str, port: int, processes: int, process: int, until: float) -> None:
    try:
        caller = _reached(host, port, until)
    except OSError as error:
        raise TrainerError(
            f"--coordinator {host}:{port} cannot be reached: {_reason(error)}; "
            "start process 0 there, with the same option"
        ) from None
    with closing(caller):
        with suppress(OSError):
            said = {"process": process, "processes": processes}
            caller.sendall(json.dumps(said).encode() + b"\n")
        # Process 0 may have begun to wait later.
        answer = _line(caller, until + 60)
    wrong = answer.get("wrong", "process 0 has gone")
    if wrong:
        raise TrainerError(f"{wrong}; start all of them again")


def _reached(host: str, port: int, until: float) -> socket.socket:
    while True:
        try:
            return socket.create_connection((host, port), timeout=max(0.1, until - time.monotonic()))
        except OSError as error:
            if time.monotonic() + _BETWEEN > until or isinstance(error, socket.gaierror):
                raise
            time.sleep(_BETWEEN)


def _line(connection: socket.socket, until: float) -> dict[str, Any]:
    """What is said in the first line; nothing where that is no JSON or does not come in time."""
    data = b""
    with suppress(OSError, ValueError):
        while not data.endswith(b"\n") and len(data) < _LONGEST:
            connection.settimeout(max(0.001, until - time.monotonic()))
            more = connection.recv(_LONGEST)
            if not more:
                break
            data += more
        said = json.loads(data)
        if isinstance(said, dict):
            return said
    return {}


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
