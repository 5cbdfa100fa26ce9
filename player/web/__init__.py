"""The web page and its JSON API, served by a thread of the player's process. Off unless the setting `remote`
says otherwise.

    service      starts it                          actions      THE table: what can be asked, and its checks
    addresses    where it is found, the QR code     api, openapi the JSON API, and its document
    server       the limits of every connection     pages        the page; templates and scripts in assets/
    app          guard, routes, security headers    uploads      reels that come over the network
    guard        who gets in, and how often         checking     their check, in a process of its own
    tokens       the token and the sessions         library      the reels that can be chosen
    exchange     bodies within bounds, problems     images       panel and glass as PNG

The page reads the player's state from `player.playback.status` and acts only by posting requests to
`player.playback.requests`, so it never touches the panel.

The libraries of the `remote` extra are Bottle, waitress and segno: pure Python, without dependencies of their
own. `benchmarks/remote_cost.py` measures what loading them costs, beside the alternatives.
"""
