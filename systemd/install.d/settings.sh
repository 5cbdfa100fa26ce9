# shellcheck shell=sh
# Read by systemd/install: VCOM and the web page.
# Takes $config, $vcom, $remote, $web, $drop_in.

setting() { # KEY: the setting as JSON, or null as long as there is no configuration
    if [ -e "$config" ]; then setup get "$1" --config "$config"; else echo null; fi
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

settings() {
    if [ -n "$vcom" ]; then
        run setup set vcom "$vcom" --config "$config"
    elif [ -t 0 ] && [ -z "$dry" ] && [ "$(setting vcom)" = null ] && [ "$(setting simulated)" = null ]; then
        ask_vcom
    fi
    if [ -n "$remote" ]; then
        run setup set remote "$remote" --config "$config"
    fi
    if [ "$web" = off ]; then
        [ ! -e "$drop_in" ] || run rm -f "$drop_in"
    else
        copy 644 "$here/systemd/remote.conf" "$drop_in"
    fi
}
