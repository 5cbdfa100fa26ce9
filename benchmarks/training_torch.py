"""A training step of the film-maker's U-Net in JAX against the same in PyTorch, on the same cores.

    pip install torch==2.13.0        # its build for CPUs; no dependency of the project
    [taskset -c 0] python benchmarks/training_torch.py [--seconds 3] [--rounds 5] [--batch 8] [--patch 64]
        [--channels 32] [--eager]

A step towards v1, in float32: network, cross-entropy, gradient, Adam. The patches stand still on both sides.
(The generator has no peer: its searches, critic and glass would have to be written twice.) First both sides
get the same weights and inputs, and what they differ by is printed. Then they take turns, PyTorch as it
comes, with `channels_last`, and compiled (`torch.compile`); the ratios are JAX's patch-pixels per second
over those of PyTorch's best, round by round, by the clock on the wall and by processor time. Both sides use
the cores that the process may use; beside other work PyTorch's threads wait for one another, so that only
one core (`taskset -c 0`) tells what each side's arithmetic costs. Last, the whole update of a fit, which only
JAX has.
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
import torch.nn.functional as F

from trainer.bench import made_clips
from trainer.dithers.batched_diffusion import floyd_steinberg
from trainer.dithers.generator.weights import arrays_of
from trainer.film_maker.losses import cross_entropy
from trainer.film_maker.patches import scene_of
from trainer.film_maker.settings import V1
from trainer.film_maker.unet import create
from trainer.fit.optimisers import direction
from trainer.fit.sharding import compiler_options
from trainer.fit.train import start, updates

RATE = 1e-3
BETAS, CLIP = (0.9, 0.99), 1.0
"""Adam's and the gradient's greatest norm, as a fit has them where nothing else is said."""


class UNet(torch.nn.Module):
    """`trainer/film_maker/unet.py` the way one writes PyTorch: frames [B, 1, H, W] -> logits of white
    [B, H, W]; nearest upsampling.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        c = channels
        widths = (c, 2 * c, 4 * c, 4 * c)
        before = (1, *widths)
        self.encoders = torch.nn.ModuleList(
            Block(before[n], widths[n], 3 if n else 7) for n in range(len(widths))
        )
        self.middle = Block(4 * c, 4 * c, 3)
        self.decoders, last = torch.nn.ModuleList(), 4 * c
        for skipped, after in zip(reversed(widths), (4 * c, 2 * c, c, c // 2), strict=True):
            self.decoders.append(Block(last + skipped, after, 3))
            last = after
        self.logit = torch.nn.Conv2d(last, 1, 1)

    def forward(self, frame: torch.Tensor) -> torch.Tensor:
        h, skipped = 2 * frame - 1, []
        for encoder in self.encoders:
            h = encoder(h)
            skipped.append(h)
            h = F.max_pool2d(h, 2)
        h = self.middle(h)
        for decoder, skip in zip(self.decoders, reversed(skipped), strict=True):
            h = decoder(torch.cat([F.interpolate(h, scale_factor=2), skip], 1))
        return self.logit(h)[:, 0]


class Block(torch.nn.Module):
    """Two convolutions, the second a residual of the first; outside of the picture its edge goes on."""

    def __init__(self, before: int, after: int, side: int) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(before, after, side, padding=side // 2, padding_mode="replicate")
        self.second = torch.nn.Conv2d(after, after, 3, padding=1, padding_mode="replicate")

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        h = self.first(h)
        return F.gelu(h + self.second(F.gelu(h, approximate="tanh")), approximate="tanh")


def load(network: torch.nn.Module, arrays: dict[str, np.ndarray]) -> None:
    """Copy weights from JAX, `logit.kernel` [h, w, in, out], into `logit.weight` [out, in, h, w]."""
    state = {}
    for name, array in arrays.items():
        layer, _, kind = name.rpartition(".")
        if kind == "kernel":
            kind, array = "weight", array.transpose(3, 2, 0, 1)
        state[f"{layer}.{kind}"] = torch.tensor(np.ascontiguousarray(array))
    network.load_state_dict(state)


def gradients(network: torch.nn.Module) -> dict[str, np.ndarray]:
    """Those of the last backward pass, by name and in the order of the arrays in JAX."""
    found = {}
    for name, weight in network.named_parameters():
        layer, _, kind = name.rpartition(".")
        gradient = weight.grad.numpy()
        if kind == "weight":
            kind, gradient = "kernel", gradient.transpose(2, 3, 1, 0)
        found[f"{layer}.{kind}"] = gradient
    return found


def grained(clips):
    """With grain, lest two moves cost the same, of which each side might choose another."""
    grain = np.random.default_rng(0).normal(0, 3, clips.shape)
    return np.clip(clips + grain, 0, 255).astype(np.uint8)


def stepping(loss_of, params, scene):
    """A function that makes one step in JAX, compiled as a fit's, and waits for it: gradient of
    `loss_of(params, *scene)`, Adam.
    """
    optimiser = direction("adam", BETAS[0], CLIP)

    @partial(jax.jit, compiler_options=compiler_options())
    def update(params, state, scene):
        loss, gradient = jax.value_and_grad(loss_of)(params, *scene)
        step, state = optimiser.update(gradient, state, params)
        return jax.tree.map(lambda p, s: p - RATE * s, params, step), state, loss

    held = [params, optimiser.init(params)]

    def step():
        *held[:], loss = update(*held, scene)
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


def both_sides(settings, state, clips, with_compiled):
    """(JAX's step, PyTorch's steps by name), once they are found equal."""
    frame = jax.jit(lambda pool, clips: scene_of(pool, clips, False, False).frame)(state.pool, clips)
    target = jax.jit(floyd_steinberg)(frame)
    network = create(settings.size, settings.seed)
    params, graph = nnx.state(network, nnx.Param), nnx.graphdef(network)

    def loss_of(params, frame, target):
        logits = nnx.merge(graph, params)(frame[..., None])
        return cross_entropy(logits, target), logits

    their_frame, their_target = (torch.tensor(np.asarray(picture)) for picture in (frame, target))

    def their_loss(network, layout):
        logits = network(their_frame[:, None].to(memory_format=layout))
        return F.binary_cross_entropy_with_logits(logits, their_target), logits

    def made():
        network = UNet(settings.channels)
        load(network, arrays_of(nnx.merge(graph, params)))
        return network

    value = jax.jit(jax.value_and_grad(loss_of, has_aux=True))(params, frame, target)
    their_network = made()
    compare(value, graph, their_network, *their_loss(their_network, torch.contiguous_format))
    step = stepping(lambda params, *scene: loss_of(params, *scene)[0], params, (frame, target))
    return step, variants(made, lambda *which: their_loss(*which)[0], with_compiled)


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
    theirs = gradients(their_network)
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
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each side in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=64)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--eager", action="store_true", help="leave torch.compile out, which takes minutes")
    options = parser.parse_args()

    print(machine("numpy", "jax", "flax", "torch"))
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    # As XLA does: patches that stand still are learned by heart, to gradients of 0.
    torch.set_flush_denormal(True)
    settings = V1(batch=options.batch, patch=options.patch, channels=options.channels)
    print(f"on {cores} of the cores; {options.batch} patches of {options.patch}x{options.patch}", flush=True)
    clips = jnp.asarray(grained(made_clips(4, 2 * options.patch)))
    state = start(settings, clips)
    pixels = options.batch * options.patch**2
    race(pixels, *both_sides(settings, state, clips, not options.eager), options)
    many = updates(settings)
    held = [many(state, clips, np.full(3, RATE, np.float32))[0]]

    def update():
        held[0], means = many(held[0], clips, np.full(1, RATE, np.float32))
        jax.block_until_ready((held[0], means))

    speeds = [pixels * per_second(update, options.seconds) for _ in range(options.rounds)]
    print(speed_line("JAX, a whole update of a fit", speeds), flush=True)


if __name__ == "__main__":
    begin(main)
