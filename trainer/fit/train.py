"""Fitting a network: the state, many updates, and the loop.

What an update is depends on the objective: the project's own is `gan.py`, the film-maker's are in
`trainer/film_maker`. Each brings its own network, patches and update as an `Objective`; compiling, devices
and the loop are the same for all.

All randomness comes from the seed and the number of the update, so that a resumed run makes the same updates
as one that was never cut short, on the same machine.
"""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from pkgutil import resolve_name
from types import FrameType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from trainer.dithers.generator.model import count_parameters
from trainer.dithers.generator.weights import Weights, arrays_of
from trainer.fit import data
from trainer.fit.checkpoint import Record, Run
from trainer.fit.critic import adversary_of
from trainer.fit.data import Clips, slots
from trainer.fit.metrics import Metrics, check
from trainer.fit.optimisers import direction, learning_rates
from trainer.fit.pictures import Loop
from trainer.fit.placement import PlacedClips, Placement
from trainer.fit.settings import CommonSettings, Hyper, hyper_of, shape_of
from trainer.fit.sharding import (
    AXIS,
    all_gather,
    any_process,
    broadcast,
    broadcast_numbers,
    device_put,
    on_process_zero,
    sharded_jit,
)

CHECKPOINT_SECONDS = 60.0


class Pair(NamedTuple):
    """Something of the generator and the same of the critic: weights, or their optimiser's state.

    Without a critic its half is empty.
    """

    generator: Any
    critic: Any


class State(NamedTuple):
    """All that a fit carries from one update to the next; a checkpoint holds it."""

    step: Array  # int32
    params: Pair
    optimiser: Pair
    pool: Any  # the objective's own


STATE_SPECS: Any = State._make((P(), P(), P(), P(AXIS)))
"""Of step, parameters and optimiser: whole on every device; of the pool: each device has its part."""

Update = Callable[[Hyper, State, Array, Any], tuple[State, Metrics]]
"""(traced settings, state, clips, learning rate) -> the state after one update, and its metrics."""
Updates = Callable[[State, Array, Any], tuple[State, Metrics]]
"""(state, clips, learning rates float32[n]) -> the state after n updates, and mean metrics."""


class Objective(NamedTuple):
    """What is trained, and how: functions of the settings of one objective."""

    new: Callable[[Any], nnx.Module]
    """(settings) -> a network that has learned nothing."""
    outline: Callable[[Any], nnx.Module]
    """(settings) -> the network with shapes in place of weights."""
    update: Callable[[Any, str | None], Update]
    """(settings, axis) -> one update, to be compiled; means are over the devices of the axis."""
    loop: Callable[[Any, int], Loop]
    """(settings, side) -> what the network alone makes of two frames of side x side pixels."""
    pool: Callable[..., Any]
    """(key, slots, clips, side of a patch) -> the patches before the first update."""
    reset: Callable[[Array, Any, Array], Any]
    """(key, pool, other clips) -> the pool with patches from those."""
    update_on_cpu: Callable[[Any, Mesh | None, bool], Update] | None = None
    """(settings, mesh, are the clips sharded) -> a compiled update that is quicker on a CPU, if there is."""


def objective_of(settings: CommonSettings) -> Objective:
    """The objective of these settings."""
    found: Objective = resolve_name(settings.trained_by)
    return found


def start(
    settings: CommonSettings,
    clips: Array,
    mesh: Mesh | None = None,
    parts: int = 1,
    generator: nnx.Module | None = None,
) -> State:
    """The state before the first update, for clips in so many parts on the mesh's devices.

    `generator`: the network to begin with; None: a new one.
    """
    learned, key, places = _beginning(settings, len(clips), parts, generator)
    if mesh is not None:
        learned, places = device_put(mesh, jax.device_get((learned, places)), (STATE_SPECS, P(AXIS)))
    compiled = _compiled_pool(
        objective_of(settings).pool, settings.patch, mesh, P(AXIS) if parts > 1 else P()
    )
    pool = compiled(key, places, clips)
    return learned._replace(pool=pool)


def abstract_state(settings: CommonSettings, clips: tuple[int, ...]) -> State:
    """A state with shapes in place of numbers, for clips of that shape."""
    learned, key, places = _beginning(settings, clips[0], 1)
    films = jax.ShapeDtypeStruct(clips, jnp.uint8)
    pool = jax.eval_shape(partial(objective_of(settings).pool, patch=settings.patch), key, places, films)
    return jax.eval_shape(lambda: learned._replace(pool=pool))


@cache
def _compiled_pool(pool: Callable[..., Any], patch: int, mesh: Mesh | None, clips: P) -> Callable[..., Any]:
    return sharded_jit(mesh, partial(pool, patch=patch), (P(), P(AXIS), clips), P(AXIS))


def _beginning(
    settings: CommonSettings, clips: int, parts: int, generator: nnx.Module | None = None
) -> tuple[State, Array, data.Slots]:
    """The state without its pool; the key and the places of the pool."""
    generator = objective_of(settings).new(settings) if generator is None else generator
    params = nnx.state(generator, nnx.Param)
    optimiser = direction(settings.optimiser, settings.momentum, settings.clip_norm)
    adversary = adversary_of(settings)
    critic, its_optimiser = adversary.start() if adversary else ((), ())
    nothing: Any = ()
    learned = State(jnp.int32(0), Pair(params, critic), Pair(optimiser.init(params), its_optimiser), nothing)
    return learned, jax.random.key(settings.seed), slots(settings.batch, clips, parts)


# Many updates, compiled, on one device or many.


@cache
def updates(
    settings: CommonSettings, mesh: Mesh | None = None, in_parts: bool = False, looped: bool | None = None
) -> Updates:
    """Many compiled updates; cached by settings, since compiling takes many times as long as an update.

    On a mesh the clips are whole on each device, or sharded (`in_parts`). `looped`: in one loop on the
    device, or one by one; None: as is quicker on this machine.
    """
    hyper, settings = hyper_of(settings), shape_of(settings)
    # XLA for CPUs runs convolutions within a loop ten times slower than outside of one.
    if not (jax.default_backend() != "cpu" if looped is None else looped):
        return _one_by_one(partial(one_update(settings, mesh, in_parts), hyper))
    update = objective_of(settings).update(settings, None if mesh is None else AXIS)

    def many(state: State, clips: Array, rates: Any) -> tuple[State, Metrics]:
        state, metrics = jax.lax.scan(lambda s, rate: update(hyper, s, clips, rate), state, rates)
        return state, jax.tree.map(lambda values: values.mean(0), metrics)

    return sharded_jit(mesh, many, _in_specs(in_parts)[1:], (STATE_SPECS, P()))


@cache
def one_update(settings: CommonSettings, mesh: Mesh | None = None, in_parts: bool = False) -> Update:
    """One compiled update, for a CPU, with the traced settings as an argument."""
    objective = objective_of(settings)
    if objective.update_on_cpu:
        return objective.update_on_cpu(settings, mesh, in_parts)
    return _compiled(objective.update, settings, mesh, in_parts)


@cache
def reset(settings: CommonSettings, mesh: Mesh, in_parts: bool) -> Callable[[State, Array], State]:
    """The compiled function (state, other clips) -> the state with new patches from those, everywhere."""

    def renewed(state: State, clips: Array) -> State:
        key = jax.random.fold_in(jax.random.key(settings.seed + 2), state.step)
        return state._replace(pool=objective_of(settings).reset(key, state.pool, clips))

    return sharded_jit(mesh, renewed, (STATE_SPECS, _in_specs(in_parts)[2]), STATE_SPECS)


def _compiled(make: Callable[..., Update], settings: Any, mesh: Mesh | None, in_parts: bool) -> Update:
    update = make(settings, None if mesh is None else AXIS)
    return sharded_jit(mesh, update, _in_specs(in_parts), (STATE_SPECS, P()))


def _in_specs(in_parts: bool) -> tuple[Any, ...]:
    """Of an update's traced settings, state, clips and learning rate."""
    return P(), STATE_SPECS, P(AXIS) if in_parts else P(), P()


def _one_by_one(update: Callable[[State, Array, Any], tuple[State, Metrics]]) -> Updates:
    def many(state: State, clips: Array, rates: Any) -> tuple[State, Metrics]:
        each = []
        for rate in np.asarray(rates, np.float32).tolist():
            # Devices that share a CPU's threads must not wait for each other in several updates at once.
            state, metrics = jax.block_until_ready(update(state, clips, rate))
            each.append(metrics)
        return state, Metrics(*(sum(values) / len(each) for values in zip(*each, strict=True)))

    return many


def rates(settings: CommonSettings, step: int, progress: np.ndarray) -> np.ndarray:
    """Learning rates of the updates from `step` on, at their progress in [0, 1] (`optimisers.py`)."""
    return learning_rates(settings.rate, settings.schedule, step, progress)


# The loop.


class Interrupt:
    """Notes the first Ctrl-C or SIGTERM in `asked` instead of ending the process, so that the loop can keep
    what it has. The next one ends it as usual. A context for the main thread; in others it notes nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._usual: dict[int, Any] = {}

    def __enter__(self) -> "Interrupt":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._usual[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self.__exit__()


def train(
    settings: CommonSettings,
    clips: Clips,
    placement: Placement,
    mesh: Mesh,
    budget: dict[str, float],
    run: Run | None,
    about: dict[str, Any],
    begin: Weights | None = None,
    tensorboard: bool = False,
    report: Callable[[int, float, Metrics], None] = lambda step, seconds, metrics: None,
) -> tuple[int, float]:
    """Make the updates that the budget still allows, and return how many there are and the seconds they took.

    A budget of {"steps": n} gives the same losses every time; {"minutes": m} makes as many updates as the
    machine can, beside the first, for which it compiles. Process 0 has the run's folder, all others None.
    `begin`: the weights before the first update; None: new ones. `about` is said of the weights. `report`
    gets updates and seconds so far, and the mean metrics since the last report.

    Ctrl-C and SIGTERM end it between two updates on a CPU, elsewhere at the next report: it writes a
    checkpoint and raises KeyboardInterrupt, which says how to go on.
    """
    in_parts = placement.is_sharded(mesh)
    many, renewed = updates(settings, mesh, in_parts), reset(settings, mesh, in_parts)
    together = 1 if jax.default_backend() == "cpu" and jax.process_count() == 1 else settings.chunk
    steps = budget.get("steps")
    with ExitStack() as stack:
        placed = stack.enter_context(PlacedClips(clips, placement, mesh))
        kept, spent = _restored(run, abstract_state(settings, (placement.size, *clips.shape[1:])), mesh)
        network = None if begin is None else begin.network()
        state = kept or start(settings, placed.at(0), mesh, placement.parts, network)
        first = step = int(state.step)
        record = None
        if run:
            loop, weights = compiled_loop(settings, clips.shape[-1]), partial(weights_of, settings, about)
            record = stack.enter_context(Record(run, clips, loop, weights, tensorboard, step))
        interrupt = stack.enter_context(Interrupt())
        begun = time.monotonic() - spent

        def keep(state: State, seconds: float) -> None:
            whole = all_gather(state)
            on_process_zero(lambda: record.keep(int(whole.step), whole, seconds) if record else None)

        def progress(step: int, seconds: float) -> float:
            return step / steps if steps is not None else seconds / (60 * budget["minutes"])

        [seconds] = broadcast_numbers(time.monotonic() - begun)
        saved = seconds
        since: list[tuple[int, Metrics]] = []  # the last report: updates and their mean metrics
        while progress(step, seconds) < 1:
            count = min(together, settings.chunk - step % settings.chunk)
            count = placement.left(step, count if steps is None else min(count, int(steps) - step))
            ahead = np.full(count, progress(step, seconds))
            if steps is not None:
                ahead = (step + np.arange(count)) / steps
            rate, here = rates(settings, step, ahead), placed.at(step)
            state, means = many(renewed(state, here) if placement.exchanges(step) else state, here, rate)
            since.append((count, means))
            if step == first:  # compiling does not count
                begun = time.monotonic() - spent
            step += count
            [seconds] = broadcast_numbers(time.monotonic() - begun)
            stopped = any_process(interrupt.asked)
            if step % settings.chunk and progress(step, seconds) < 1 and not stopped:
                continue
            made, metrics = _mean(since)
            since = []
            row = {"step": step, "seconds": round(seconds, 1), "rate": float(rate[-1])}
            if record:
                record.log(row | metrics._asdict())
            check(step, metrics, settings.imitates, made)
            report(step, seconds, metrics)
            if stopped:
                keep(state, seconds)
                raise KeyboardInterrupt(
                    f"stopped after update {step}; the same command with --resume goes on from there"
                )
            if seconds - saved > CHECKPOINT_SECONDS:
                keep(state, seconds)
                saved = seconds
        keep(state, seconds)
    return step, seconds


def _mean(parts: list[tuple[int, Metrics]]) -> tuple[int, Metrics]:
    """All updates of these parts, and their mean metrics as plain numbers."""
    count = sum(number for number, _ in parts)
    weighted = ([number * float(value) for value in metrics] for number, metrics in parts)
    return count, Metrics(*(sum(values) / count for values in zip(*weighted, strict=True)))


def _restored(run: Run | None, shapes: State, mesh: Mesh) -> tuple[State | None, float]:
    """The state of the newest checkpoint, on the devices, and the seconds until then; else None, 0."""
    like = jax.tree.map(lambda array: np.zeros(array.shape, array.dtype), shapes)
    kept = on_process_zero(lambda: run.restore(like) if run else None)
    is_kept, seconds = broadcast_numbers(*((1.0, kept[1]) if kept else (0.0, 0.0)))
    if not is_kept:
        return None, 0.0
    return device_put(mesh, broadcast(kept[0] if kept else like), STATE_SPECS), seconds


@cache
def compiled_loop(settings: CommonSettings, side: int) -> Loop:
    """What the network alone makes of two frames; cached, since compiling takes longer than using it."""
    return jax.jit(objective_of(settings).loop(settings, side))


def weights_of(settings: CommonSettings, about: dict[str, Any], state: State) -> Weights:
    """The generator of a state in NumPy, with what is to be said of it."""
    network = objective_of(settings).outline(settings)
    generator = nnx.merge(nnx.graphdef(network), state.params.generator)
    said = {**about, "updates": int(state.step), "parameters": count_parameters(network)}
    return Weights(arrays_of(generator), settings.size, said)
