"""What a fit depends on beside the films, and what each objective takes for granted. Pure.

`Settings` refuses what is out of range or does not belong to its objective, with an OptionError.
"""

from dataclasses import asdict, dataclass
from typing import Any

import jax.numpy as jnp
from jax.typing import DTypeLike

from trainer.dithers.generator.model import Size
from trainer.errors import OptionError
from trainer.film_maker.unet import UNetSize
from trainer.fit.objectives import (
    ADVERSARIES,
    LIMIT,
    RECONSTRUCTIONS,
    TEMPERATURE,
)
from trainer.fit.optimisers import (
    OPTIMISERS,
    SCHEDULES,
)

FILM_MAKERS = ("v1", "v2", "v3")
OBJECTIVES = ("counterfactual", *FILM_MAKERS)
REALS = ("floyd-steinberg", "search")
"""What a critic of the counterfactual objective takes for real."""
PRECISIONS: dict[str, DTypeLike] = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}

_U_NET: dict[str, Any] = {"channels": 32, "rate": 1e-3, "sweeps": 0}
USUAL: dict[str, dict[str, Any]] = {
    "counterfactual": {},
    "v1": {**_U_NET, "reconstruction": "bce"},
    "v2": {**_U_NET, "critic_weight": 0.005},
    "v3": {**_U_NET, "critic_weight": 0.005, "previous_weight": 1.0, "change_weight": 1.0},
}
"""Where an objective differs from the defaults of `Settings`.

A Wasserstein critic's slope has length 1 per patch, and that of a mean over P x P pixels 1 / P: at weight
.005 and 64 pixels the critic pulls a third as hard as an L1 term. As hard, or with a critic that lags behind,
the generator ran to all black or all white before the critic had learned anything.
"""


@dataclass(frozen=True)
class Settings:
    """All of it is in the run's settings.json. Weights of terms are those of `objectives`."""

    objective: str = "counterfactual"
    channels: int = 16
    blocks: int = 2
    upsampling: str = "nearest"
    patch: int = 64
    batch: int = 8
    bursts: int = 800
    optimiser: str = "adam"
    rate: float = 3e-3
    schedule: str = "cosine"
    momentum: float = 0.9
    clip_norm: float = 1.0
    sweeps: int = 1
    seed: int = 0
    chunk: int = 50
    overfit: str | None = None
    half_resolution: bool = False
    temperature: float = TEMPERATURE
    limit: float = LIMIT
    teacher_forcing: bool = False
    reconstruction: str = "l1"
    reconstruction_weight: float = 1.0
    previous_weight: float = 0.0
    change_weight: float = 0.0
    critic_weight: float = 0.0
    critic_real: str = "floyd-steinberg"
    adversary: str = "wasserstein"
    critic_rate: float = 3e-3
    critic_steps: int = 4
    penalty_weight: float = 10.0
    clip: float = 0.01
    precision: str = "float32"

    def __post_init__(self) -> None:
        _one_of("--objective", self.objective, OBJECTIVES)
        _one_of("--optimiser", self.optimiser, OPTIMISERS)
        _one_of("--schedule", self.schedule, SCHEDULES)
        _one_of("--adversary", self.adversary, ADVERSARIES)
        _one_of("--critic-real", self.critic_real, REALS)
        _one_of("--reconstruction", self.reconstruction, tuple(RECONSTRUCTIONS))
        _one_of("--precision", self.precision, tuple(PRECISIONS))
        if not 16 <= self.patch <= 512 or self.patch % 4:
            raise OptionError(f"--patch {self.patch}: choose 16 to 512 pixels, divisible by 4")
        if self.batch < 2 or self.bursts < 1 or self.chunk < 1 or self.sweeps < 0:
            raise OptionError("a fit needs 2 patches, 1 burst and 1 update per report or more")
        for name, rate in (("--rate", self.rate), ("--critic-rate", self.critic_rate)):
            if not 0 < rate < 1:
                raise OptionError(f"{name} {rate:g}: choose a learning rate above 0 and below 1")
        if not 0 <= self.momentum < 1:
            raise OptionError(f"--momentum {self.momentum:g}: choose 0 (none) or more, below 1")
        if not (self.clip_norm == 0 or 1e-6 <= self.clip_norm <= 1e6):
            raise OptionError(f"--clip-norm {self.clip_norm:g}: choose 0 (no clipping), or 1e-6 to 1000000")
        for name, value in (("--temperature", self.temperature), ("--limit", self.limit)):
            if not 0.01 <= value <= 1e6:
                raise OptionError(f"{name} {value:g}: choose 0.01 to 1000000")
        if not 0 <= self.seed < 2**31:
            raise OptionError(f"--seed {self.seed}: choose 0 to {2**31 - 1}")
        for name, value in self.as_dict().items():
            if name.endswith("_weight") and not 0 <= value <= 1e6:
                option = name.replace("_", "-")
                raise OptionError(f"--{option} {value:g}: choose 0 (without that term) to 1000000")
        if not 0 < self.clip <= 1:
            raise OptionError(f"--clip {self.clip:g}: choose above 0, up to 1")
        if not 1 <= self.critic_steps <= 100:
            raise OptionError(f"--critic-steps {self.critic_steps}: choose 1 to 100")
        _ = self.network

    @property
    def size(self) -> Size:
        """That of the project's own generator."""
        return Size(self.channels, self.blocks)

    @property
    def unet(self) -> UNetSize:
        """That of the film-maker's; v3's sees the shown dither."""
        return UNetSize(self.channels, previous=self.objective == "v3", upsampling=self.upsampling)

    @property
    def network(self) -> Size | UNetSize:
        """That of the generator that the objective trains."""
        return self.unet if self.objective in FILM_MAKERS else self.size

    @property
    def compute(self) -> DTypeLike:
        """The type that the generator computes in; weights, losses, energies and the critic are float32."""
        return PRECISIONS[self.precision]

    @property
    def has_critic(self) -> bool:
        """Whether there is one; a critic whose word counts nothing is left out."""
        return self.critic_weight > 0

    @property
    def critic_sees_frame(self) -> bool:
        """pix2pix's does by its definition; the film-maker's Wasserstein critic saw the dither alone."""
        return self.objective == "counterfactual" or self.adversary == "pix2pix"

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a file."""
        return asdict(self)


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{option} {value}: choose one of {', '.join(choices)}")
