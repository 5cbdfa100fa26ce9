"""Which sigma suits the threshold mask? Energy, HVS-PSNR and texture of void-and-cluster masks.

    python benchmarks/mask_sigma.py [--size 128] [--sigma 1.1 1.3 1.5 1.7 1.9 2.1]

The energy is the two-eye energy per pixel; HVS-PSNR is in dB for the near and the distant eye; both are means
over 33 flat greys. White noise leaks 1. The mask that ships has sigma 1.5: up to there the energy hardly
changes, and of those masks it is the best one for the distant eye.
"""

import numpy as np
from command import begin, usage

from trainer.dithers.eye import EYES, energy, hvs_psnr, two_eye_kernel
from trainer.dithers.mask import Mask
from trainer.dithers.void_and_cluster import ranks
from trainer.evaluate.texture import GREYS, texture


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--sigma", type=float, nargs="+", default=[1.1, 1.3, 1.5, 1.7, 1.9, 2.1])
    args = parser.parse_args()
    kernel = two_eye_kernel()
    frames = [np.full((256, 256), grey / 34, np.float32) for grey in range(1, 34)]
    print("sigma", "energy", *(f"S={eye}" for eye in EYES), *(f"leak@{grey:g}" for grey in GREYS), sep="\t")
    for sigma in args.sigma:
        order = ranks(args.size, sigma, seed=1)
        ditherer = Mask(((order + 0.5) / order.size).astype(np.float32))
        pairs = [(frame, ditherer.dither(frame, None)) for frame in frames]
        cost = np.mean([energy(*pair, kernel) / frames[0].size for pair in pairs])
        psnr = [np.mean([hvs_psnr(*pair, eye) for pair in pairs]) for eye in EYES]
        leaks = [texture(ditherer, grey).leak for grey in GREYS]
        figures = [f"{cost:.5f}", *(f"{value:.2f}" for value in psnr), *(f"{leak:.3f}" for leak in leaks)]
        print(f"{sigma:g}", *figures, sep="\t", flush=True)


if __name__ == "__main__":
    begin(main)
