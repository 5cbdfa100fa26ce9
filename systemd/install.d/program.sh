# shellcheck shell=sh
# Read by systemd/install: the program in its folder, and the commands that call it.
# Takes $here, $opt, $root, $python, $pypi, $export.

from_pypi() { # the wheels are kept, so that the next time needs no network
    pip="$opt/$slot/bin/python -m pip -q --disable-pip-version-check"
    "$opt/$slot/bin/python" -m ensurepip >/dev/null || return 1
    $pip install --no-index --find-links "$opt/wheels" "$@" 2>/dev/null && return
    $pip wheel --wheel-dir "$opt/wheels" "$@" && $pip install --no-index --find-links "$opt/wheels" "$@"
}

program() {
    slot=a
    [ "$(readlink "$opt/current" 2>/dev/null)" != a ] || slot=b
    if [ -n "$dry" ]; then
        say "would build: $opt/$slot, and point $opt/current to it"
        [ -z "$pypi" ] || say "would take from PyPI, as Debian does not have it: $pypi"
        return
    fi
    mkdir -p "$opt"
    rm -rf "${opt:?}/$slot"
    $python -m venv --system-site-packages --without-pip "$opt/$slot"
    mkdir "$opt/$slot/src"
    cp -R "$here/driver" "$here/player" "$here/systemd" "$here/pyproject.toml" "$opt/$slot/src"
    [ -z "$export" ] || cp -R "$here/trainer" "$opt/$slot/src"
    find "$opt/$slot/src" -name __pycache__ -prune -exec rm -rf {} +
    chmod -R u=rwX,go=rX "$opt/$slot/src"
    site=$(echo "$opt/$slot"/lib/python3*/site-packages)
    echo ../../../src >"$site/longtake.pth"
    # What importlib.metadata reads: reels say which version made them.
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/pyproject.toml")
    mkdir "$site/longtake-$version.dist-info"
    printf 'Metadata-Version: 2.1\nName: longtake\nVersion: %s\n' "$version" >"$site/longtake-$version.dist-info/METADATA"
    # The service cannot write there, and compiling at every start is slow on a Pi Zero.
    "$opt/$slot/bin/python" -m compileall -q "$opt/$slot/src"
    printf '#!/bin/sh\nexec /opt/longtake/current/bin/python -P -m player "$@"\n' >"$opt/$slot/bin/player"
    chmod 755 "$opt/$slot/bin/player"
    if [ -n "$pypi" ]; then
        say "from PyPI, as Debian does not have it: $pypi"
        # shellcheck disable=SC2086 # words
        if ! from_pypi $pypi; then
            problem "not installed from PyPI: $pypi. Is there a network? On Raspberry Pi OS apt has what the pins need"
        fi
    fi
    (cd / && "$opt/$slot/bin/python" -P -m player config --config "$here/systemd/player.toml" >/dev/null) ||
        fail "the new program in $opt/$slot does not run; the one in use stays"
    if on_system; then
        (cd / && "$opt/$slot/bin/python" -P -c 'import numpy, PIL.Image, player.commands.run') ||
            fail "the new program in $opt/$slot does not run; the one in use stays"
    fi
    if on_system && [ -n "$export" ]; then
        (cd / && "$opt/$slot/bin/python" -P -m trainer export --help >/dev/null && "$opt/$slot/bin/python" -P -c 'import av, cv2, rich') ||
            problem "films cannot become reels yet: a library is missing or does not run; see above, and start again"
    fi
    ln -sfn $slot "$opt/current.new"
    mv -fT "$opt/current.new" "$opt/current"
    say "program: $opt/$slot"
}

commands() { # player and longtake-setup, unless another program has the name
    for name in player:bin/player longtake-setup:src/systemd/install; do
        link=$root/usr/local/bin/${name%%:*} target=/opt/longtake/current/${name#*:}
        if [ -e "$link" ] && [ "$(readlink "$link")" != "$target" ]; then
            problem "$link is another program: call $target instead"
        else
            run mkdir -p "$root/usr/local/bin"
            run ln -sfn "$target" "$link"
        fi
    done
}
