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
    say "switching SPI on"
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
    if ! booted; then
        say "service: enabled; systemd does not run here, so it starts with the next boot"
    elif [ "$(setting vcom)" = null ] && [ "$(setting simulated)" = null ]; then
        say "service: not started, because VCOM is not set"
    elif [ "$(setting simulated)" = null ] && [ ! -e "/dev/spidev$(setting spi_bus).$(setting spi_device)" ]; then
        say "service: not started, because SPI is not on yet"
    elif frame_by_frame; then
        say "service: stays off, because longtake-once.service shows the frames"
    else
        say "service: starting; it is ready when the first picture is on the glass"
        run systemctl reset-failed longtake.service 2>/dev/null || true
        run timeout 90 systemctl restart longtake.service || problem "no picture within 90 s: journalctl -u longtake -n 20"
    fi
}
