"""`player chart`: the chart that tells `trainer calibrate` what the panel shows, drawn on the panel."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from player import panel as panels
from player.commands.options import given
from player.commands.run import only_player
from player.config.sources import load, state_path
from player.pictures.png import save_glass
from player.progress import ProgressStore
from player.service.process import say


def chart(arguments: argparse.Namespace) -> int:
    """Draw it, with one flash, while no player runs. The film goes on afterwards with a redraw."""
    config = load(given(arguments), os.environ, arguments.config).config
    with only_player(config), panels.opened(config, panels.USUAL_SIZE, say) as (panel, glass, _):
        store = ProgressStore(state_path(config, os.environ), say)
        kept = store.load()
        if kept.frame is not None:
            store.save(replace(kept, showing=kept.frame))  # it is no longer on the panel
        advice = panels.draw_chart(panel).advice
        if glass is not None and config.simulated is not None:
            save_glass(Path(config.simulated) / "chart.png", glass())
    print(f"The chart is on the panel. {advice}")
    return 0
