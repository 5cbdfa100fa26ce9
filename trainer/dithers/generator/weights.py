"""A file of weights: one .npz with the arrays by name, and `about`, JSON that says what they are. No pickle.

`about` holds `format` (1), `network` (one of `NETWORKS`), `size` (the fields of its size), and whatever else
the maker has to say: the command, the seed, the films. Arrays are float32, or float16 where the writer asks
for it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, ClassVar, NamedTuple, Protocol

import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from trainer.errors import TrainerError
from trainer.files import write_whole

FORMAT = 1
SHIPPED = "generator.npz"
"""The weights that come with the package; `README.md` says how they were made."""
NAME = "weights.npz"
"""The file's name in a folder of `trainer fit`."""

_ABOUT = "about"


class AnySize(Protocol):
    """The size of a network of any kind: a frozen dataclass."""

    kind: ClassVar[str]

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a file."""
        ...


class Network(NamedTuple):
    """Where the parts of a kind of network are, as `module:name`, imported when they are used; what an error
    calls such a network; and whether the network alone has a dial.
    """

    size: str
    outline: str
    ditherer: str
    noun: str
    has_dial: bool


NETWORKS = {
    "gan": Network(
        "trainer.dithers.generator.model:Size",
        "trainer.dithers.generator.model:outline",
        "trainer.dithers.generator.ditherer:GeneratorDitherer",
        "generator",
        True,
    ),
    "u-net": Network(
        "trainer.film_maker.unet:UNetSize",
        "trainer.film_maker.unet:outline",
        "trainer.film_maker.ditherer:UNetDitherer",
        "U-Net",
        False,
    ),
}


@dataclass(frozen=True)
class Weights:
    """A file's content: the arrays by name (`blocks.0.kernel`), the network's size, and `about`."""

    arrays: dict[str, NDArray[np.float32]]
    size: AnySize
    about: dict[str, Any]

    @property
    def kind(self) -> Network:
        """The kind of network that these weights are for."""
        return NETWORKS[self.size.kind]

    def network(self) -> nnx.Module:
        """The network, filled with these weights; TrainerError where they do not fit its size."""
        network = part(self.kind.outline)(self.size)
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


def part(place: str) -> Callable[..., Any]:
    """What is at `module:name`. TrainerError where this installation has no such module."""
    try:
        found: Callable[..., Any] = resolve_name(place)
    except ModuleNotFoundError as error:
        if error.name is None or not place.startswith(error.name):
            raise
        raise TrainerError(f"this installation has no {error.name}; install all of longtake") from None
    return found


def arrays_of(network: nnx.Module) -> dict[str, NDArray[np.float32]]:
    """The learned arrays of a network by name, as in `Weights`."""
    flat = nnx.to_flat_state(nnx.state(network, nnx.Param))
    return {_name(path): np.asarray(leaf.get_value(), np.float32) for path, leaf in flat}


def save(path: Path, weights: Weights) -> None:
    """Write the file whole; the same weights give the same bytes."""
    size = weights.size
    about = {**weights.about, "format": FORMAT, "network": size.kind, "size": size.as_dict()}
    stream = io.BytesIO()
    text = np.frombuffer(json.dumps(about, indent=1, sort_keys=True).encode(), np.uint8)
    everything: dict[str, Any] = {_ABOUT: text, **weights.arrays}
    np.savez(stream, allow_pickle=False, **everything)
    write_whole(path, stream.getvalue())


def load(path: Path | None = None) -> Weights:
    """Read a file of weights, or the one in a folder of `trainer fit`; None: the shipped one.

    TrainerError for a file that holds no weights, is damaged, or has another format.
    """
    if path is None:
        return _read(_shipped(), "the shipped weights")
    return _read(_bytes(path), str(path))


def digest(path: Path | None = None) -> str:
    """SHA-256, in hexadecimal, of the file that `load` would read. TrainerError where it cannot be read."""
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
        size = part(NETWORKS[about["network"]].size)(**about["size"])
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
