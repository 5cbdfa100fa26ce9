"""What the patches of an update are about: their frames, and the frames before."""

import jax.numpy as jnp
from jax import Array

from trainer.fit.patches import (
    Pool,
    View,
    view,
)
from trainer.fit.settings import Settings


def shown(settings: Settings, pool: Pool, bursts: Array) -> tuple[View, Array]:
    """The pass at hand, and the frame before, float32[B, P, P].

    A patch's first frame has none before it, and counts as still; under teacher forcing, where each pair of
    frames stands for itself, the pair begins one frame later. When one frame is to be overfitted, it is that
    frame for all of the patches, as it comes, whatever was shown before it.
    """
    if settings.overfit is not None:
        scene = view(pool, bursts)
        frame = bursts[0, 0, : settings.patch, : settings.patch].astype(jnp.float32) / 255
        scene = scene._replace(frame=jnp.broadcast_to(frame, scene.frame.shape))
        return scene, scene.frame
    if settings.teacher_forcing:
        return view(pool._replace(turn=pool.turn + 1), bursts), view(pool, bursts).frame
    return view(pool, bursts), view(pool._replace(turn=pool.turn - (pool.turn > 0)), bursts).frame
