# shellcheck shell=sh
# Read by systemd/install: the panel, its VCOM, and the web page.
# Takes $config, $panel, $vcom, $remote, $web, $mqtt, $drop_in, $avahi, $export.

setting() { # KEY: the setting as JSON, or null as long as there is no configuration
    if [ -e "$config" ]; then setup get "$1" --config "$config"; else echo null; fi
}

has_vcom() { # the panel that is named, or else the one that is set, or else the default
    name=${panel:-$(setting panel | tr -d '"')}
    [ "$name" = null ] || setup panels | grep -qx "$name IT8951"
}

ask_panel() {
    say "Which panel is it?"
    setup panels | nl -w 3 -s ' '
    tries=3
    while [ $tries -gt 0 ]; do
        printf 'Number or name of your panel (Enter: the first): '
        read -r panel || panel=
        case ${panel:=1} in *[!0-9]*) ;; *) panel=$(setup panels | sed -n "${panel}s/ .*//p") ;; esac
        ! setup set panel "$panel" --config "$config" || return 0
        tries=$((tries - 1))
    done
    panel=
}

ask_vcom() {
    say "The panel's flex cable has a voltage printed on it, called VCOM, such as -1.53."
    say "A wrong one harms the picture and perhaps the panel."
    tries=3
    while [ $tries -gt 0 ]; do
        printf 'VCOM of your panel (Enter: later): '
        read -r vcom || vcom=
        [ -n "$vcom" ] || return 0
        ! setup set vcom "$vcom" --config "$config" || return 0
        tries=$((tries - 1))
    done
}

announce() { # the page to other programs of the house (mDNS), by avahi, which Raspberry Pi OS has
    port=$(setting remote_port) || return 0 # unreadable settings: as it was
    if [ -n "$dry" ]; then
        say "would write: $avahi"
        return
    fi
    mkdir -p "$(dirname "$avahi")"
    sed "s/8080/$port/" "$here/systemd/avahi.xml" >"$avahi.new"
    mv -f "$avahi.new" "$avahi"
}

settings() {
    ask=''
    if [ -t 0 ] && [ -z "$dry" ] && [ "$(setting vcom)$(setting simulated)" = nullnull ] && has_vcom; then ask=1; fi
    if [ -n "$panel" ]; then
        run setup set panel "$panel" --config "$config"
    elif [ -n "$ask" ] && [ -z "$vcom" ]; then
        ask_panel
    fi
    if [ -n "$vcom" ]; then
        run setup set vcom "$vcom" --config "$config"
    elif [ -n "$ask" ] && has_vcom; then
        ask_vcom
    fi
    # The configuration of an older version has no inbox.
    if [ -n "$export" ] && [ "$(setting inbox)" = null ]; then
        run setup set inbox /var/lib/longtake/inbox --config "$config"
    fi
    if [ -n "$remote" ]; then
        run setup set remote "$remote" --config "$config"
    fi
    if [ "$web" != off ] || [ -n "$mqtt" ]; then
        copy 644 "$here/systemd/remote.conf" "$drop_in"
    elif [ -e "$drop_in" ]; then
        run rm -f "$drop_in"
    fi
    if [ "$web" = network ]; then announce; elif [ -e "$avahi" ]; then run rm -f "$avahi"; fi
}
