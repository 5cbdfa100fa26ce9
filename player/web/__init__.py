"""The remote: a web page and a JSON API, served by a thread of the player's process.

`service.serving` starts it; `addresses` says where it is found and draws its QR code. The remote reads the
player's state from `player.loop.board` and acts only by posting `player.loop.requests`, so it never touches
the panel. Off unless the setting `remote` says otherwise.

Who may do what, and why it is built like this: see `guard` (who gets in), `tokens` (the token and what the
browser keeps in its place), `uploads` (what may come onto the disk) and `server` (limits of every
connection).

The libraries of the `remote` extra are Bottle, waitress and segno: pure Python and without dependencies of
their own. `benchmarks/remote_cost.py` prints what loading them costs beside the alternatives.
"""
