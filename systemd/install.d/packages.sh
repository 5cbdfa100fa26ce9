# shellcheck shell=sh
# Read by systemd/install: what comes from Debian, and what Debian does not have.
# Takes $web, $mqtt, $export, $root, $opt; gives $pypi, the libraries for `program` to take from PyPI.

model() { tr -d '\0' 2>/dev/null <"$root/proc/device-tree/model" || true; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

had() { # whether the library is there already, from Debian or as a wheel from PyPI
    installed "python3-$1" || [ -n "$(find "$opt/wheels" -name "$(printf %s "$1" | tr - _)-*" 2>/dev/null)" ]
}

offered() { # PACKAGE [VERSION]: whether apt has it, at least in that version
    version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *//p')
    [ -n "$version" ] && [ "$version" != "(none)" ] && dpkg --compare-versions "$version" ge "${2:-0}"
}

# RPi.GPIO cannot reach the pins of a Pi 5. rpi-lgpio provides the same module on top of the kernel's own interface, which
# every Pi has with Linux 6.6 or newer. The two packages exclude each other. Up to a Pi 4 an installed one stays.
gpio_package() {
    lines=python3-rpi-lgpio
    memory=python3-rpi.gpio
    case $(model) in
        *"Pi 5"* | *"Compute Module 5"*) say $lines ;;
        *)
            kernel=$(uname -r)
            major=${kernel%%.*} minor=${kernel#*.}
            minor=${minor%%[!0-9]*}
            if installed $lines; then
                say $lines
            elif installed $memory; then
                say $memory
            elif [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 6 ]; } && offered $lines; then
                say $lines
            elif offered $memory; then
                say $memory
            else
                say $lines
            fi
            ;;
    esac
}

need() { # LIBRARY:VERSION...: from Debian, or from PyPI where Debian's is older
    for library in "$@"; do
        if offered "python3-${library%:*}" "${library#*:}"; then
            wanted="$wanted python3-${library%:*}"
        else
            pypi="${pypi:+$pypi }${library%:*}>=${library#*:}"
        fi
    done
}

# 32-bit systems have no numba, and PyPI nothing for them: there the dither `raster` does without it.
export_packages() {
    if [ "$(dpkg --print-architecture)" = armhf ] || [ "$(dpkg --print-architecture)" = armel ]; then
        if offered python3-av 14; then
            wanted="$wanted python3-av python3-opencv python3-rich python3-pysubs2 python3-matplotlib"
        else
            export=
            problem "films cannot become reels here: 32-bit $codename has too old a python3-av. Use Trixie, or another computer"
        fi
        return
    fi
    need av:14 numba:0.61 scipy:1.13 rich:13 pysubs2:1.8 matplotlib:3.10
    pypi="${pypi:+$pypi }opencv-python-headless>=4.11" # Debian's brings a desktop's libraries
}

packages() {
    if ! command -v apt-get >/dev/null; then
        fail "there is no apt-get: this is for Raspberry Pi OS and Debian"
    fi
    # shellcheck source=/dev/null
    codename=$(. "$root/etc/os-release" && say "${VERSION_CODENAME:-unknown}")
    case $codename in
        bookworm | trixie) ;;
        *) say "note: tried on Debian and Raspberry Pi OS Bookworm and Trixie, not on $codename" ;;
    esac
    wanted="systemd python3-venv python3-numpy python3-pil python3-spidev"
    missing=
    for package in $wanted; do
        installed "$package" || missing="$missing $package"
    done
    installed python3-rpi.gpio || had rpi-lgpio || [ -z "$(model)" ] || missing="$missing pins"
    [ "$web" = off ] || { had bottle && had segno && had waitress; } || missing="$missing web"
    [ -z "$mqtt" ] || had paho-mqtt || missing="$missing mqtt"
    [ -z "$export" ] || { had av && had rich; } || missing="$missing export"
    if [ -n "$missing" ]; then # to know what apt offers
        run apt-get update -qq || problem "apt-get update failed: is there a network?"
    fi
    board=$(model)
    if [ -n "$board" ]; then
        gpio=$(gpio_package)
        say "board: $board ($codename, Linux $(uname -r)); pins by $gpio"
        if offered "$gpio" || installed "$gpio"; then wanted="$wanted $gpio"; else pypi=rpi-lgpio; fi
    else
        say "board: not a Raspberry Pi ($codename), so nothing for the pins is installed; the panel can be simulated"
    fi
    [ "$web" = off ] || need bottle:0.13 segno:1.5 waitress:3.0.1
    [ -z "$mqtt" ] || need paho-mqtt:2
    [ -z "$export" ] || export_packages
    missing=
    for package in $wanted; do
        installed "$package" || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        [ -n "$dry" ] || say "installing:$missing (and what they need; this takes some minutes on a small Pi)"
        # After a power cut in the middle of apt it installs nothing more until this was done.
        quiet env DEBIAN_FRONTEND=noninteractive dpkg --configure -a || fail "dpkg --configure -a failed; see above, fix it and start again"
        # shellcheck disable=SC2086 # words
        quiet env DEBIAN_FRONTEND=noninteractive apt-get install -qq -o Dpkg::Use-Pty=0 --no-install-recommends $missing ||
            fail "apt-get could not install$missing; see above, fix it and start again"
    else
        say "packages: all installed"
    fi
}
