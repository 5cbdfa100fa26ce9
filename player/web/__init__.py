"""The web page and its JSON API, served by a thread of the player's process. Off unless the setting `remote`
says otherwise.

    service      starts it                          actions      THE table: what can be asked, and its checks
    addresses    where it is found, the QR code     api, openapi the JSON API, and its document
    server       the limits of every connection     pages        the pages; templates, script in assets/
    app          guard, routes, security headers    told, words  what they tell; English and German
    guard        who gets in, and how often         forms        the settings as people think of them
    tokens       the token and the sessions         uploads      reels and films that come over the network
    exchange     bodies within bounds, problems     streaming    the upload form, as it comes in
    remote       what the routes work with          checking     the check of a reel, in a process of its own
    library      the reels that can be chosen       images       panel, glass, posters, frames as PNG

The page reads the player's state from `player.playback.status` and acts only by posting requests to
`player.playback.requests`, so it never touches the panel. Films join the queue in `player.films`.

The libraries of the `remote` extra are Bottle, waitress and segno: pure Python, without dependencies of their
own. `benchmarks/remote_cost.py` measures what loading them costs, beside the alternatives.
"""
