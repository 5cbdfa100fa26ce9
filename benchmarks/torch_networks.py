"""The generator, the film-maker's U-Net and what they are trained towards, in PyTorch: for comparison only.

Written afresh for `training_torch.py`, the way one writes PyTorch: NCHW tensors, the library's own layers,
no loop over pixels, the twelve swaps of a pixel as one stacked tensor, sums over moves by gather and scatter.
Names, units and arrays are those of `trainer/dithers/search/moves.py`, `generator/step.py`,
`generator/model.py`, `film_maker/unet.py` and `fit/loss.py`; `load` copies the weights of a network in JAX,
by name, and reorders what 2x2 pixels on top of one another are to each library. Pictures float32[B, H, W], H
and W divisible by 4 (U-Net: 16).
"""

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

PLANES = 9
REACH = 2
OFFSETS = [(dy, dx) for dy in range(REACH + 1) for dx in range(-REACH, REACH + 1) if (dy, dx) > (0, 0)]
NOTHING, TOGGLE, SWAP = 0, 1, 2
TEMPERATURE, LIMIT = 3.0, 8.0


class Proposal(NamedTuple):
    """Of every pixel: 1 - 2b, the slope, what its best move changes, which that is, and the other pixel that
    it changes, as its number in its frame's H W pixels.
    """

    sign: Tensor
    slope: Tensor
    change: Tensor
    move: Tensor
    partner: Tensor


class Energy(nn.Module):
    """The two-eye energy on patches of one side: `taps` float32[k, k], 1 at the centre."""

    def __init__(self, taps: np.ndarray, side: int) -> None:
        super().__init__()
        radius = taps.shape[0] // 2
        self.side, self.length = side, _fast(side + min(radius, side - 1))
        reach = np.arange(-min(radius, side - 1), min(radius, side - 1) + 1)
        wide = np.zeros((self.length, self.length))
        wide[np.ix_(reach, reach)] = taps[np.ix_(reach + radius, reach + radius)]
        self.register_buffer("spectrum", torch.tensor(np.fft.rfft2(wide).real, dtype=torch.float32))
        own = [0, 1, *(2 - 2 * taps[radius + dy, radius + dx] for dy, dx in OFFSETS)]
        self.register_buffer("own", torch.tensor(np.array(own), dtype=torch.float32))
        self.register_buffer("swaps", self.own[SWAP:, None, None, None])
        steps = torch.tensor([0, 0, *(dy * side + dx for dy, dx in OFFSETS)])
        self.register_buffer("steps", steps)
        self.register_buffer("pixels", torch.arange(side * side).reshape(side, side))

    def convolve(self, plane: Tensor) -> Tensor:
        """c * plane, the plane being 0 outside."""
        size = (self.length, self.length)
        return torch.fft.irfft2(torch.fft.rfft2(plane, size) * self.spectrum, size)[
            ..., : self.side, : self.side
        ]

    def propose(self, frame: Tensor, dither: Tensor, shown: Tensor, price: Tensor) -> Proposal:
        """Every pixel's best move."""
        sign = 1 - 2 * dither
        fee = price[:, None, None] * (1 - 2 * (dither - shown).abs())
        slope = 2 * sign * self.convolve(dither - frame) + fee
        other = _after(sign, 0.0) * sign < 0  # of another colour, and within the frame
        swapped = torch.where(other, slope + _after(slope, 0.0) + self.swaps, math.inf)
        change, which = swapped.min(0)
        toggled = slope + self.own[TOGGLE]
        better = change < toggled
        move = torch.where(better, which + SWAP, TOGGLE)
        return Proposal(sign, slope, torch.minimum(change, toggled), move, self.pixels + self.steps[move])

    def gains(self, drawn: Tensor, proposal: Proposal) -> Tensor:
        """What the energy gains by each pixel's move, all others as they are drawn."""
        made = drawn.float()
        second = (made * (proposal.move >= SWAP)).flatten(1)
        uses = made.flatten(1).scatter_add(1, proposal.partner.flatten(1), second).view_as(made)
        slope = proposal.slope + 2 * proposal.sign * self.convolve(proposal.sign * uses)
        there = slope.flatten(1).gather(1, proposal.partner.flatten(1)).view_as(slope)
        own = self.own[proposal.move]
        return slope + torch.where(proposal.move >= SWAP, there, 0.0) + torch.where(drawn, -own, own)


def counterfactual(gains: Tensor, logits: Tensor) -> Tensor:
    """The loss whose gradient teaches each pixel whether to make its move."""
    return (gains.clamp(-LIMIT, LIMIT) * torch.sigmoid(logits / TEMPERATURE)).mean()


def planes(
    frame: Tensor, dither: Tensor, shown: Tensor, price: Tensor, mask: Tensor, proposal: Proposal
) -> Tensor:
    """What the generator is shown, [B, PLANES, H, W]."""
    place = proposal.move - TOGGLE + REACH
    down, right = place // (2 * REACH + 1), place % (2 * REACH + 1) - REACH
    dial = (torch.log(price / 0.2) / 2)[:, None, None].expand_as(frame)
    changes = (_squash(1 + proposal.slope), _squash(proposal.change))
    ways = (down / REACH, right / REACH)
    return torch.stack([2 * frame - 1, 2 * dither - 1, 2 * shown - 1, *changes, *ways, 2 * mask - 1, dial], 1)


class Generator(nn.Module):
    """Planes -> logits of the moves [B, H, W]."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        c = channels
        self.first = nn.Conv2d(4 * PLANES, c, 3, padding=1)
        self.blocks = nn.ModuleList(nn.Conv2d(c, c, 3, padding=1) for _ in range(blocks))
        self.down = nn.Conv2d(c, 2 * c, 3, padding=1)
        self.low = nn.Conv2d(2 * c, 2 * c, 3, padding=1)
        self.up = nn.Conv2d(2 * c, c, 1)
        self.last = nn.Conv2d(c, 4, 1)

    def forward(self, planes: Tensor) -> Tensor:
        h = self.first(F.pixel_unshuffle(planes, 2))
        for number, block in enumerate(self.blocks):
            if number == len(self.blocks) // 2:
                low = self.down(F.relu(F.avg_pool2d(h, 2)))
                low = low + self.low(F.relu(low))
                h = h + F.interpolate(self.up(F.relu(low)), scale_factor=2)
            h = h + block(F.relu(h))
        return 3.0 * F.pixel_shuffle(self.last(F.relu(h)), 2)[:, 0] - 2.0


class UNet(nn.Module):
    """Frames [B, 1, H, W] -> logits of white [B, H, W]; nearest upsampling."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        c = channels
        widths = (c, 2 * c, 4 * c, 4 * c)
        before = (1, *widths)
        self.encoders = nn.ModuleList(Block(before[n], widths[n], 3 if n else 7) for n in range(len(widths)))
        self.middle = Block(4 * c, 4 * c, 3)
        self.decoders, last = nn.ModuleList(), 4 * c
        for skipped, after in zip(reversed(widths), (4 * c, 2 * c, c, c // 2), strict=True):
            self.decoders.append(Block(last + skipped, after, 3))
            last = after
        self.logit = nn.Conv2d(last, 1, 1)

    def forward(self, frame: Tensor) -> Tensor:
        h, skipped = 2 * frame - 1, []
        for encoder in self.encoders:
            h = encoder(h)
            skipped.append(h)
            h = F.max_pool2d(h, 2)
        h = self.middle(h)
        for decoder, skip in zip(self.decoders, reversed(skipped), strict=True):
            h = decoder(torch.cat([F.interpolate(h, scale_factor=2), skip], 1))
        return self.logit(h)[:, 0]


class Block(nn.Module):
    """Two convolutions, the second a residual of the first; outside of the picture its edge goes on."""

    def __init__(self, before: int, after: int, side: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, side, padding=side // 2, padding_mode="replicate")
        self.second = nn.Conv2d(after, after, 3, padding=1, padding_mode="replicate")

    def forward(self, h: Tensor) -> Tensor:
        h = self.first(h)
        return F.gelu(h + self.second(F.gelu(h, approximate="tanh")), approximate="tanh")


def load(network: nn.Module, arrays: dict[str, np.ndarray]) -> None:
    """Copy weights from JAX, `blocks.0.kernel` [h, w, in, out], into `blocks.0.weight` [out, in, h, w]."""
    state = {}
    for name, array in arrays.items():
        layer, _, kind = name.rpartition(".")
        if kind == "kernel":
            if isinstance(network, Generator) and layer == "first":
                array = array[:, :, _unshuffled(PLANES)]
            if isinstance(network, Generator) and layer == "last":
                array = array[..., _unshuffled(1)]
            array = array.transpose(3, 2, 0, 1)
        state[f"{layer}.{'weight' if kind == 'kernel' else kind}"] = torch.tensor(np.ascontiguousarray(array))
    network.load_state_dict(state)


def gradients(network: nn.Module) -> dict[str, np.ndarray]:
    """Those of the last backward pass, by name and in the order of the arrays in JAX."""
    found = {}
    for name, weight in network.named_parameters():
        layer, _, kind = name.rpartition(".")
        gradient = weight.grad.numpy()
        if kind == "weight":
            gradient = gradient.transpose(2, 3, 1, 0)
            if isinstance(network, Generator) and layer == "first":
                gradient = gradient[:, :, np.argsort(_unshuffled(PLANES))]
            if isinstance(network, Generator) and layer == "last":
                gradient = gradient[..., np.argsort(_unshuffled(1))]
        found[f"{layer}.{'kernel' if kind == 'weight' else kind}"] = gradient
    return found


def _unshuffled(planes: int) -> np.ndarray:
    """Where each of PyTorch's channels, plane by plane, is among those of JAX, pixel by pixel."""
    return np.arange(4 * planes).reshape(4, planes).T.ravel()


def _after(plane: Tensor, outside: float) -> Tensor:
    """The plane at each of the `OFFSETS` from every pixel, [12, B, H, W]."""
    height, width = plane.shape[-2:]
    padded = F.pad(plane, (REACH, REACH, 0, REACH), value=outside)
    return torch.stack([padded[:, dy : dy + height, REACH + dx : REACH + dx + width] for dy, dx in OFFSETS])


def _squash(x: Tensor) -> Tensor:
    return x / (1 + x.abs() / 4)


def _fast(least: int) -> int:
    """The smallest even length from `least` on without a prime factor above 5."""
    length = least + least % 2
    while 60**20 % length:
        length += 2
    return length
