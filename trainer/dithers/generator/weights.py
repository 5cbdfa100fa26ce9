"""The file of a generator's weights: one .npz, arrays by name and what they are, as JSON. No pickle.

`about` holds `format` (1), `network` (`generator` or `u-net`), `size` (the fields of its `Size` or
`UNetSize`), and whatever else the maker has to say: the command, the seed, the films. Arrays are float32, or
float16 where that is asked for on writing.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from trainer.dithers.generator.model import (
    Generator,
    Size,
    outline,
)
from trainer.errors import TrainerError
from trainer.files import write_whole
from trainer.film_maker.unet import (
    UNet,
    UNetSize,
)
from trainer.film_maker.unet import outline as unet_outline

FORMAT = 1
SHIPPED = "generator.npz"
"""The weights that come with the package; `README.md` says how they were made."""
NAME = "weights.npz"
"""What `trainer fit` calls the file in its folder."""

_ABOUT = "about"
_SIZES: dict[str, type[Size] | type[UNetSize]] = {"generator": Size, "u-net": UNetSize}
Network = TypeVar("Network", Generator, UNet)


@dataclass(frozen=True)
class Weights:
    """What a file holds: the arrays by name (`blocks.0.kernel`), the network's size, what is said of it."""

    arrays: dict[str, NDArray[np.float32]]
    size: Size | UNetSize
    about: dict[str, Any]

    def network(self) -> Generator | UNet:
        """The network that these weights are of."""
        return self.unet() if isinstance(self.size, UNetSize) else self.generator()

    def generator(self) -> Generator:
        """The project's network with these weights; TrainerError where they are not those of its size."""
        if not isinstance(self.size, Size):
            raise TrainerError("these are weights of a U-Net, not of a generator; name another run")
        return self._filled(outline(self.size))

    def unet(self) -> UNet:
        """The film-maker's network with these weights; TrainerError as for `generator`."""
        if not isinstance(self.size, UNetSize):
            raise TrainerError("these are weights of a generator, not of a U-Net; name another run")
        return self._filled(unet_outline(self.size))

    def _filled(self, network: Network) -> Network:
        """A network of shapes alone, filled with these numbers."""
        state = nnx.state(network, nnx.Param)
        flat = dict(nnx.to_flat_state(state))
        shapes = {_name(path): leaf.shape for path, leaf in flat.items()}
        if shapes != {name: array.shape for name, array in self.arrays.items()}:
            size = ", ".join(f"{name} {value}" for name, value in self.size.as_dict().items())
            raise TrainerError(
                f"the weights are not those of a network of {size}; fit again with this version"
            )
        for path, leaf in flat.items():
            leaf.set_value(jnp.asarray(self.arrays[_name(path)]))
        nnx.update(network, state)
        return network


def arrays_of(generator: nnx.Module) -> dict[str, NDArray[np.float32]]:
    """The learned arrays of a network by name, as `Weights` holds them."""
    flat = nnx.to_flat_state(nnx.state(generator, nnx.Param))
    return {_name(path): np.asarray(leaf.get_value(), np.float32) for path, leaf in flat}


def save(path: Path, weights: Weights) -> None:
    """Write the file whole; the same weights give the same bytes."""
    [network] = [name for name, size in _SIZES.items() if isinstance(weights.size, size)]
    about = {**weights.about, "format": FORMAT, "network": network, "size": weights.size.as_dict()}
    stream = io.BytesIO()
    text = np.frombuffer(json.dumps(about, indent=1, sort_keys=True).encode(), np.uint8)
    everything: dict[str, Any] = {_ABOUT: text, **weights.arrays}
    np.savez(stream, allow_pickle=False, **everything)
    write_whole(path, stream.getvalue())


def load(path: Path | None = None) -> Weights:
    """Read a file of weights, the one in a folder of `trainer fit`, or, for None, the shipped one.

    TrainerError for what is no such file, one that is damaged, or one of another format.
    """
    if path is None:
        return _read(_shipped(), "the shipped weights")
    return _read(_bytes(path), str(path))


def digest(path: Path | None = None) -> str:
    """SHA-256 of the file of weights that `path` leads to, in hexadecimal; of the shipped one for None.

    TrainerError as for `load`.
    """
    return hashlib.sha256(_shipped() if path is None else _bytes(path)).hexdigest()


def _shipped() -> bytes:
    return files("trainer.dithers.generator").joinpath(SHIPPED).read_bytes()


def _bytes(path: Path) -> bytes:
    file = path / NAME if path.is_dir() else path
    if not file.is_file():
        what = f"{path}: there is no {NAME} in it" if path.is_dir() else f"{path}: there is no such folder"
        raise TrainerError(f"{what}; name one that `trainer fit` made")
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TrainerError(f"{path}: the weights cannot be read: {reason}; make them readable") from None


def _read(data: bytes, name: str) -> Weights:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {key: archive[key].astype(np.float32) for key in archive.files if key != _ABOUT}
            about = json.loads(archive[_ABOUT].tobytes())
        # The first files held no other network than the generator, and did not say so.
        size = _SIZES[about.get("network", "generator")](**about["size"])
        form = about["format"]
    except (ValueError, KeyError, TypeError, EOFError, OSError, AttributeError, zipfile.BadZipFile):
        raise TrainerError(
            f"{name} is no file of weights, or damaged; name one that `trainer fit` made"
        ) from None
    if form != FORMAT:
        raise TrainerError(
            f"{name} has format {form}, this version reads {FORMAT}; fit again with this version"
        )
    return Weights(arrays, size, about)


def _name(path: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in path)
