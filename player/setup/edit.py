"""One setting changed in a configuration file, with every comment and every other line left as it is.

The installer sets the panel's voltage and the remote this way.
"""

import json
import re
import tomllib
from typing import Any

from player.config.values import from_text
from player.errors import ConfigError


def with_setting(text: str, name: str, value: str, where: str) -> str:
    """`text`, a TOML file, with key `name` set to `value` (as text, checked): on the line where it stands,
    else where it stands as a comment, else at the end. ConfigError, beginning with `where`, when that
    cannot be.
    """
    new = _plain(from_text(name, value, f"{where}: {name}"))
    line = f"{name} = {json.dumps(new, ensure_ascii=False)}"
    lines = text.splitlines()
    places = [
        number
        for pattern in (rf"\s*{re.escape(name)}\s*=", rf"#\s*{re.escape(name)}\s*=")
        for number, old in enumerate(lines)
        if re.match(pattern, old)
    ]
    if places:
        lines[places[0]] = line
    else:
        lines.append(line)
    changed = "\n".join(lines) + "\n"
    try:
        before, after = tomllib.loads(text), tomllib.loads(changed)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: is not TOML: {' '.join(str(error).split())}; mend it by hand") from None
    if after != {**before, name: new}:
        raise ConfigError(f"{where}: {name} cannot be set there; write the line by hand: {line}")
    return changed


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
