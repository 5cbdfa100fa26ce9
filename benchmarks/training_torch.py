"""A training step in JAX against the same network and loss in PyTorch, on the same cores in the same run.

    pip install torch==2.13.0        # its build for CPUs; no dependency of the project
    [taskset -c 0] python benchmarks/training_torch.py [--seconds 3] [--rounds 5] [--batch 8] [--patch 64]
        [--network generator|u-net] [--eager]

Two steps: the project's own generator (proposal, planes, network, counterfactual loss, gradient, Adam) and
the film-maker's U-Net towards v1 (network, cross-entropy, gradient, Adam), in float32. The patches stand
still: no pool, no start, no polishing, on neither side. First both sides get the same weights and inputs, and
what they differ by is printed. Then they take turns, PyTorch as it comes, with `channels_last`, and compiled
(`torch.compile`); the ratios are JAX's patch-pixels per second over those of PyTorch's best, round by round,
by the clock on the wall and by processor time. Aim: 1.2. Both sides use the cores that the process may use;
beside other work PyTorch's threads wait for one another, so that only one core (`taskset -c 0`) tells what
each side's arithmetic costs. Last, the whole update of a fit, which only JAX has.
"""

import os
import statistics
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from command import begin, machine, usage
from flax import nnx

try:
    import torch
except ModuleNotFoundError:
    raise SystemExit("this compares with PyTorch: pip install torch==2.13.0") from None
import torch_networks as peer

from trainer.bench import made_clips
from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.generator import model as networks
from trainer.dithers.generator.step import energy_on, planes_of, propose
from trainer.dithers.generator.weights import arrays_of
from trainer.dithers.search.energy import reaching
from trainer.film_maker import unet
from trainer.film_maker.losses import cross_entropy
from trainer.film_maker.settings import V1
from trainer.fit.data import view
from trainer.fit.loss import counterfactual, draw
from trainer.fit.optimisers import direction
from trainer.fit.settings import Settings
from trainer.fit.sharding import compiler_options
from trainer.fit.train import start, updates

RATE = 1e-3
BETAS, CLIP = (0.9, 0.99), 1.0
"""Adam's and the gradient's greatest norm, as a fit has them where nothing else is said."""


def grained(clips):
    """With grain, lest two moves cost the same, of which each side might choose another."""
    grain = np.random.default_rng(0).normal(0, 3, clips.shape)
    return np.clip(clips + grain, 0, 255).astype(np.uint8)


def stepping(loss_of, params, scene):
    """A function that makes one step in JAX, compiled as a fit's, and waits for it: gradient of
    `loss_of(params, key, *scene)`, Adam.
    """
    optimiser = direction("adam", BETAS[0], CLIP)

    @partial(jax.jit, compiler_options=compiler_options())
    def update(params, state, key, scene):
        loss, gradient = jax.value_and_grad(loss_of)(params, key, *scene)
        step, state = optimiser.update(gradient, state, params)
        return jax.tree.map(lambda p, s: p - RATE * s, params, step), state, loss

    held = [params, optimiser.init(params), 0]

    def step():
        held[2] += 1
        held[0], held[1], loss = update(held[0], held[1], jax.random.key(held[2]), scene)
        jax.block_until_ready(loss)

    return step


def stepping_torch(loss_of, network):
    """A function that makes one step in PyTorch: gradient of `loss_of()`, Adam."""
    adam = torch.optim.Adam(network.parameters(), lr=RATE, betas=BETAS, eps=1e-8, fused=True)

    def step():
        adam.zero_grad(set_to_none=True)
        loss_of().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        adam.step()

    return step


def of_the_generator(settings, pool, clips, with_compiled):
    """(JAX's step, PyTorch's steps by name) for the project's own generator, once they are found equal."""
    scene = jax.jit(view)(pool, clips)
    network = networks.create(settings.size, settings.seed)
    params, graph = nnx.state(network, nnx.Param), nnx.graphdef(network)
    energy = energy_on((settings.patch, settings.patch))

    def forward(params, scene):
        proposal = jax.lax.optimization_barrier(propose(scene, energy))
        planes = jax.lax.optimization_barrier(planes_of(scene, proposal))
        return nnx.merge(graph, params)(planes), proposal

    def loss_of(params, key, scene):
        logits, proposal = forward(params, scene)
        drawn = draw(key, jax.lax.stop_gradient(logits))
        return counterfactual(logits, drawn, proposal, energy, settings.temperature, settings.limit)

    def drawn_loss(params, scene, drawn):
        logits, proposal = forward(params, scene)
        return counterfactual(logits, drawn, proposal, energy, settings.temperature, settings.limit), logits

    theirs = [torch.tensor(np.asarray(part)) for part in scene]
    their_energy = peer.Energy(reaching(two_eye_kernel()), settings.patch)

    def their_forward(network, layout):
        with torch.no_grad():
            proposal = their_energy.propose(*theirs[:4])
            planes = peer.planes(*theirs, proposal)
        return network(planes.to(memory_format=layout)), proposal

    def their_loss(network, layout, drawn=None):
        logits, proposal = their_forward(network, layout)
        with torch.no_grad():
            drawn = torch.bernoulli(torch.sigmoid(logits)) > 0 if drawn is None else drawn
            gains = their_energy.gains(drawn, proposal)
        return peer.counterfactual(gains, logits), logits

    def made():
        network = peer.Generator(settings.channels, settings.blocks)
        peer.load(network, arrays_of(nnx.merge(graph, params)))
        return network

    chances = np.random.default_rng(0).random(scene.frame.shape)
    drawn = chances < np.asarray(jax.nn.sigmoid(jax.jit(lambda p, s: forward(p, s)[0])(params, scene)))
    value = jax.jit(jax.value_and_grad(drawn_loss, has_aux=True))(params, scene, jnp.asarray(drawn))
    their_network = made()
    compare(
        value, graph, their_network, *their_loss(their_network, torch.contiguous_format, torch.tensor(drawn))
    )
    return stepping(loss_of, params, (scene,)), variants(
        made, lambda *which: their_loss(*which)[0], with_compiled
    )


def of_the_unet(settings, pool, clips, with_compiled):
    """The same for the film-maker's U-Net towards v1."""
    frame = jax.jit(view)(pool, clips).frame
    target = jax.jit(floyd_steinberg)(frame)
    network = unet.create(settings.size, settings.seed)
    params, graph = nnx.state(network, nnx.Param), nnx.graphdef(network)

    def loss_of(params, frame, target):
        logits = nnx.merge(graph, params)(frame[..., None])
        return cross_entropy(logits, target), logits

    their_frame, their_target = (torch.tensor(np.asarray(picture)) for picture in (frame, target))

    def their_loss(network, layout):
        logits = network(their_frame[:, None].to(memory_format=layout))
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, their_target), logits

    def made():
        network = peer.UNet(settings.channels)
        peer.load(network, arrays_of(nnx.merge(graph, params)))
        return network

    value = jax.jit(jax.value_and_grad(loss_of, has_aux=True))(params, frame, target)
    their_network = made()
    compare(value, graph, their_network, *their_loss(their_network, torch.contiguous_format))
    return (
        stepping(lambda params, key, *scene: loss_of(params, *scene)[0], params, (frame, target)),
        variants(made, lambda *which: their_loss(*which)[0], with_compiled),
    )


def variants(made, loss_of, with_compiled):
    """PyTorch's steps by name, each with a network of its own."""
    plain, last = torch.contiguous_format, torch.channels_last
    steps = {}
    for name, layout in (("as it comes", plain), ("channels_last", last)):
        network = made().to(memory_format=layout)
        steps[name] = stepping_torch(lambda n=network, m=layout: loss_of(n, m), network)
    if not with_compiled:
        return steps
    for name, layout in (("compiled", plain), ("compiled, channels_last", last)):
        network = made().to(memory_format=layout)
        compiled = torch.compile(loss_of)
        steps[name] = stepping_torch(lambda c=compiled, n=network, m=layout: c(n, m), network)
    return steps


def compare(value, graph, their_network, their_loss, their_logits):
    """Print by how much the two sides differ; SystemExit where that is more than rounding."""
    (loss, logits), gradient = value
    their_loss.backward()
    theirs = peer.gradients(their_network)
    ours = arrays_of(nnx.merge(graph, gradient))
    assert ours.keys() == theirs.keys()
    off_logits = np.abs(np.asarray(logits) - their_logits.detach().numpy()).max()
    off_loss = abs(float(loss) - float(their_loss.detach()))
    largest = max(np.abs(part).max() for part in ours.values())
    off_gradient = max(np.abs(ours[name] - theirs[name]).max() for name in ours) / largest
    print(
        f"  same weights, same inputs: logits differ by {off_logits:.1e}, the loss ({float(loss):.4f}) "
        f"by {off_loss:.1e}, gradients by {off_gradient:.1e} of the largest"
    )
    if max(off_logits, off_loss, off_gradient) > 1e-3:
        raise SystemExit("the two sides are not the same: no comparison")


def per_second(step, seconds: float) -> np.ndarray:
    """Steps per second over so long, and per second of processor time."""
    begun, worked, count = time.perf_counter(), time.process_time(), 0
    while (spent := time.perf_counter() - begun) < seconds:
        step()
        count += 1
    return count / np.array([spent, time.process_time() - worked])


def speed_line(side: str, rounds) -> str:
    wall, processor = np.median(rounds, 0) / 1e6
    return f"  {side:32} {wall:7.3f} million patch-pixels/s, {processor:7.3f} per second of processor time"


def race(pixels: int, ours, theirs, options) -> None:
    """Take turns and print; `pixels` are those of the patches of a step."""
    steps = {"JAX": ours}
    for label, step in theirs.items():
        side = f"PyTorch, {label}"
        try:
            step()  # compiles
            steps[side] = step
        except Exception as error:  # some version of its compiler may not manage some network
            print(f"  {side:32} fails: {str(error).splitlines()[0]}"[:110])
    speeds = {side: [] for side in steps}
    for number in range(options.rounds + 1):
        for side, step in steps.items():
            speed = per_second(step, options.seconds)
            if number:  # the first round warms up
                speeds[side].append(pixels * speed)
    for side, rounds in speeds.items():
        print(speed_line(side, rounds), flush=True)
    for column, clock in enumerate(("by the wall", "by processor time")):
        best = max(list(speeds)[1:], key=lambda side: np.median(speeds[side], 0)[column])
        ratios = [a[column] / b[column] for a, b in zip(speeds["JAX"], speeds[best], strict=True)]
        print(
            f"  JAX / {best}, {clock}: {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}; aim 1.20)"
        )


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each side in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=64)
    parser.add_argument("--network", choices=("generator", "u-net"), help="this one only")
    parser.add_argument("--eager", action="store_true", help="leave torch.compile out, which takes minutes")
    options = parser.parse_args()

    print(machine("numpy", "jax", "flax", "torch"))
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    torch.set_flush_denormal(
        True
    )  # as XLA does: patches that stand still are learned by heart, to gradients of 0
    print(f"on {cores} of the cores, with as many threads on either side")
    clips = jnp.asarray(grained(made_clips(4, 2 * options.patch)))
    pixels = options.batch * options.patch**2
    for short, name, kind, prepare in (
        ("generator", "the project's generator, counterfactual", Settings, of_the_generator),
        ("u-net", "the film-maker's U-Net, v1", V1, of_the_unet),
    ):
        if options.network not in (None, short):
            continue
        settings = kind(batch=options.batch, patch=options.patch)
        state = start(settings, clips)
        print(f"{name}, {options.batch} patches of {options.patch}x{options.patch}", flush=True)
        race(pixels, *prepare(settings, state.pool, clips, not options.eager), options)
        many = updates(settings)
        held = [many(state, clips, np.full(3, RATE, np.float32))[0]]

        def update(many=many, held=held):
            held[0], means = many(held[0], clips, np.full(1, RATE, np.float32))
            jax.block_until_ready((held[0], means))

        speeds = [pixels * per_second(update, options.seconds) for _ in range(options.rounds)]
        print(speed_line("JAX, a whole update of a fit", speeds), flush=True)


if __name__ == "__main__":
    begin(main)
