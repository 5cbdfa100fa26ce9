"""How a fit scales: the same updates on one device and on several of this machine, in one run.

    python benchmarks/fit_scaling.py [--devices 2] [--updates 40] [--patch 64] [--batch 8] [--channels 16]
        [--blocks 2]

Strong scaling: the devices share the same batch. On a CPU the devices are virtual: they share the cores, and
XLA uses several cores for one device already, so twice the speed is impossible. `--one-core` keeps the fit
on as many cores as it uses devices, which shows what sharing costs when a device is a core. The two fits take
turns, and their medians are compared, on noise instead of a film. Prints patch-pixels per second, in all
frames of the patches, the ratio, and how much one update sends: the gradients of the network and of its
critic, and the metrics, float32.
"""

import os
import statistics
import time

from command import begin, usage


def main() -> None:
    parser = usage(__doc__)
    for name, value in (
        ("devices", 2), ("updates", 40), ("patch", 64), ("batch", 8), ("channels", 16), ("blocks", 2),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--one-core", action="store_true")
    options = parser.parse_args()
    flag = f"--xla_force_host_platform_device_count={options.devices}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}"  # says nothing to a GPU or TPU
    cores = sorted(os.sched_getaffinity(0))

    import jax
    import numpy as np
    from command import machine

    from trainer.dithers.generator.model import count_parameters, outline
    from trainer.fit.critic import adversary_of
    from trainer.fit.data import LENGTH
    from trainer.fit.metrics import Metrics
    from trainer.fit.patches import FRAMES
    from trainer.fit.settings import Settings
    from trainer.fit.sharding import P, device_put, enough_threads, make_mesh
    from trainer.fit.train import rates, start, updates

    settings = Settings(
        patch=options.patch, batch=options.batch, channels=options.channels, blocks=options.blocks
    )
    enough_threads()
    noise = np.random.default_rng(0).integers(0, 256, (16, LENGTH, *2 * (2 * options.patch,)))
    found = len(jax.devices())
    print(f"{machine('numpy', 'jax')}; {found} x {jax.devices()[0].device_kind}")
    if found < options.devices:
        parser.error(f"JAX sees {found} devices; choose --devices {found}")

    runs = {}
    for count in (1, options.devices):
        mesh = make_mesh(options.batch, count)
        clips = device_put(mesh, noise.astype(np.uint8), P())
        many = updates(settings, mesh)
        state, _ = many(start(settings, clips, mesh), clips, rates(settings, 0, np.zeros(10)))  # compiles
        runs[count] = [many, clips, state]
    seconds: dict[int, list[float]] = {count: [] for count in runs}
    for _ in range(max(3, options.updates // 10)):
        for count, run in runs.items():
            many, clips, state = run
            if options.one_core:
                _keep_to(cores[:count])
            begun = time.perf_counter()
            run[2] = jax.block_until_ready(many(state, clips, rates(settings, 0, np.zeros(10))))[0]
            seconds[count].append((time.perf_counter() - begun) / 10)
    pixels = options.batch * FRAMES * options.patch**2
    for count, each in seconds.items():
        median = statistics.median(each)
        speed = f"{1000 * median:.1f} ms an update, {pixels / median / 1e6:.3f} M patch-pixels/s"
        print(f"{count} devices: {speed}")
    gain = statistics.median(seconds[1]) / statistics.median(seconds[options.devices])
    critic, _ = adversary_of(settings).start()
    numbers = count_parameters(outline(settings.size)) + len(Metrics._fields)
    numbers += settings.critic_steps * sum(leaf.size for leaf in jax.tree.leaves(critic))
    print(f"{options.devices} against 1: {gain:.2f} times; an update sends {4 * numbers / 1e3:.1f} kB")


def _keep_to(cores: list[int]) -> None:
    """All threads of this process, those of XLA too, on these cores."""
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), cores)


if __name__ == "__main__":
    begin(main)
