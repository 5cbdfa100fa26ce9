"""The settings of the film-maker's objectives: their lines of the table (`trainer/fit/settings.py`). Pure.

The defaults are his recipe: patches of half-resolution frames, L1, a Wasserstein critic, teacher forcing.
Only the size is another: with 8 channels for his 32 and 4 patches for 8 an update takes a fraction of the
time, and v2 needs a thousand of them to show dots at all. With a critic the rate is half of v1's: at 1e-3 v2
went to all black or all white on Sintel's trailer within 200 updates, and at 3e-3 the U-Net was soon too sure
to learn much from the critic. At 5e-4 v3 still ran away on a film that is nearly white throughout, with two
seeds of three, before it had `losses.overconfidence`. `--overfit FRAME`, with which he began, shows whether
the network could learn one frame by heart.

A Wasserstein critic's slope has length 1 per patch, and that of a mean over P x P pixels 1 / P: at weight
.005 and 64 pixels the critic pulls a third as hard as an L1 term. When it pulled as hard, or lagged behind,
the generator ran to all black or all white before the critic had learned anything.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from trainer.film_maker import UPSAMPLINGS
from trainer.fit.settings import OBJECTIVE, CommonSettings, CriticSettings, changed, setting, term_weight


@dataclass(frozen=True)
class UNetSettings(CommonSettings):
    """What v1, v2 and v3 have."""

    trained_by: ClassVar[str] = "trainer.film_maker.train:OBJECTIVE"
    imitates: ClassVar[bool] = True

    channels: int = changed(CommonSettings, "channels", 8)
    batch: int = changed(CommonSettings, "batch", 4)
    rate: float = changed(CommonSettings, "rate", 1e-3)
    half_resolution: bool = changed(CommonSettings, "half_resolution", True)
    upsampling: str = setting("nearest", "how the U-Net upsamples", OBJECTIVE, choices=UPSAMPLINGS)
    teacher_forcing: bool = setting(
        True, "shown is Floyd and Steinberg's dither of the frame before, not the U-Net's own", OBJECTIVE
    )
    reconstruction: str = setting(
        "l1", "the loss against Floyd and Steinberg's dither", OBJECTIVE, choices=("bce", "l1")
    )
    reconstruction_weight: float = term_weight(1.0, "Floyd and Steinberg's dither")

    @property
    def size(self) -> Any:
        """The U-Net's."""
        from trainer.film_maker.unet import UNetSize

        return UNetSize(self.channels, previous=self.sees_previous, upsampling=self.upsampling)

    @property
    def sees_previous(self) -> bool:
        """Whether the U-Net sees the shown dither."""
        return False


@dataclass(frozen=True)
class V1(UNetSettings):
    """Towards Floyd and Steinberg's dither."""

    objective: ClassVar[str] = "v1"

    reconstruction: str = changed(UNetSettings, "reconstruction", "bce")


@dataclass(frozen=True)
class V2(UNetSettings, CriticSettings):
    """The same, with a critic."""

    objective: ClassVar[str] = "v2"

    rate: float = changed(CommonSettings, "rate", 5e-4)
    critic_weight: float = changed(CriticSettings, "critic_weight", 0.005)

    @property
    def critic_sees_frame(self) -> bool:
        """pix2pix's critic does by definition; the film-maker's Wasserstein critic saw the dither alone."""
        return self.adversary == "pix2pix"


@dataclass(frozen=True)
class V3(V2):
    """The same, with the shown dither."""

    objective: ClassVar[str] = "v3"

    previous_weight: float = term_weight(1.0, "L1 to the shown dither")
    change_weight: float = term_weight(0.0, "more flips than the tone's change needs")

    @property
    def sees_previous(self) -> bool:
        """It does."""
        return True
