# shellcheck shell=sh
# Read by systemd/install: units, user, devices, SPI.
# Takes $here, $lib, $units, $config; gives $reboot.

system_files() {
    for unit in $units; do
        copy 644 "$here/systemd/$unit" "$lib/systemd/system/$unit"
    done
    copy 644 "$here/systemd/sysusers.conf" "$lib/sysusers.d/longtake.conf"
    copy 644 "$here/systemd/tmpfiles.conf" "$lib/tmpfiles.d/longtake.conf"
    copy 644 "$here/systemd/60-longtake.rules" "$lib/udev/rules.d/60-longtake.rules"
    if [ -e "$config" ]; then
        say "settings: $config stays as it is"
    else
        copy 644 "$here/systemd/player.toml" "$config"
    fi
}

people() {
    run systemd-sysusers "$lib/sysusers.d/longtake.conf"
    run systemd-tmpfiles --create "$lib/tmpfiles.d/longtake.conf"
    # Whoever sets the player up will copy films to it and try the panel by hand.
    if [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
        run usermod -aG longtake,spi,gpio "$SUDO_USER"
    fi
    if booted && command -v udevadm >/dev/null; then
        run udevadm control --reload || true
        run udevadm trigger --subsystem-match=spidev --subsystem-match=gpio || true
    fi
}

spi() {
    if [ -e /dev/spidev0.0 ] || ! command -v raspi-config >/dev/null; then
        return
    fi
    [ -n "$dry" ] || say "switching SPI on"
    run raspi-config nonint do_spi 0 || problem "raspi-config could not switch SPI on; sudo raspi-config, Interface Options"
    [ -e /dev/spidev0.0 ] || reboot=1
}

frame_by_frame() { # a battery set-up, by the timer or at each boot
    systemctl is-enabled --quiet longtake.timer 2>/dev/null || systemctl is-enabled --quiet longtake-once.service 2>/dev/null
}

service() {
    if [ -z "$dry" ] && ! command -v systemctl >/dev/null; then # --dry-run would have brought it
        problem "there is no systemctl: the service is installed but not enabled"
        return
    fi
    run systemctl daemon-reload 2>/dev/null || true
    if ! frame_by_frame; then run systemctl enable -q longtake.service; fi
    if [ -n "$export" ]; then
        run systemctl enable -q longtake-export.path
        ! booted || run systemctl restart longtake-export.path || problem "longtake-export.path does not start: systemctl status longtake-export.path"
    fi
    if ! booted; then
        say "service: ${dry:+would be }enabled; systemd does not run here, so it starts with the next boot"
    elif [ "$(setting vcom)" = null ] && [ "$(setting simulated)" = null ] && has_vcom; then
        say "service: not started, because VCOM is not set"
    elif [ "$(setting simulated)" = null ] && [ ! -e "/dev/spidev$(setting spi_bus).$(setting spi_device)" ]; then
        say "service: not started, because SPI is not on yet"
    elif frame_by_frame; then
        say "service: stays off, because longtake-once.service shows the frames"
    else
        [ -n "$dry" ] || say "service: starting; it is ready when the first picture is on the glass"
        run systemctl reset-failed longtake.service 2>/dev/null || true
        start
    fi
}

start() { # wait for the first picture; say at once why there will be none
    code=0
    run timeout 90 systemctl restart longtake.service 2>/dev/null || code=$?
    case $code in
        0) ;;
        124) problem "no picture within 90 s; it may still come: journalctl -u longtake -n 20" ;;
        *)
            said=$(journalctl -u longtake.service -S -2min -o cat --no-pager 2>/dev/null | sed -n 's/^player: //p' | tail -n 1)
            problem "the service does not start: ${said:-it ended at once}; see journalctl -u longtake -n 20"
            ;;
    esac
}
