"""The file of a generator's weights: one .npz, arrays by name and what they are, as JSON. No pickle.

`about` holds `format` (1), `size` (channels and blocks), and whatever else the maker has to say: the command,
the seed, the films. Arrays are float32, or float16 where that is asked for on writing.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from trainer.errors import TrainerError
from trainer.files import write_whole
from trainer.networks import Generator, Size, outline

FORMAT = 1
SHIPPED = "weights/generator.npz"
"""The weights that come with the package; `weights/README.md` says how they were made."""
NAME = "weights.npz"
"""What `trainer fit` calls the file in its folder."""

_ABOUT = "about"


@dataclass(frozen=True)
class Weights:
    """What a file holds: the arrays by name (`blocks.0.kernel`), the network's size, what is said of it."""

    arrays: dict[str, NDArray[np.float32]]
    size: Size
    about: dict[str, Any]

    def generator(self) -> Generator:
        """The network with these weights; TrainerError where they are not those of a network of this size."""
        generator = outline(self.size)
        state = nnx.state(generator, nnx.Param)
        flat = dict(nnx.to_flat_state(state))
        shapes = {_name(path): leaf.shape for path, leaf in flat.items()}
        if shapes != {name: array.shape for name, array in self.arrays.items()}:
            raise TrainerError(
                f"the weights are not those of a generator of {self.size.channels} channels and "
                f"{self.size.blocks} blocks; fit again with this version"
            )
        for path, leaf in flat.items():
            leaf.set_value(jnp.asarray(self.arrays[_name(path)]))
        nnx.update(generator, state)
        return generator


def arrays_of(generator: Generator) -> dict[str, NDArray[np.float32]]:
    """The learned arrays of a network by name, as `Weights` holds them."""
    flat = nnx.to_flat_state(nnx.state(generator, nnx.Param))
    return {_name(path): np.asarray(leaf.get_value(), np.float32) for path, leaf in flat}


def save(path: Path, weights: Weights) -> None:
    """Write the file whole; the same weights give the same bytes."""
    about = {**weights.about, "format": FORMAT, "size": weights.size.as_dict()}
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
        return _read(files("trainer").joinpath(SHIPPED).read_bytes(), "the shipped weights")
    return _read(_bytes(path), str(path))


def digest(path: Path) -> str:
    """SHA-256 of the file of weights that `path` leads to, in hexadecimal; TrainerError as for `load`."""
    return hashlib.sha256(_bytes(path)).hexdigest()


def _bytes(path: Path) -> bytes:
    file = path / NAME if path.is_dir() else path
    if not file.is_file():
        raise TrainerError(f"--weights {path}: there is no {file}; name a folder that `trainer fit` made")
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TrainerError(f"--weights {path}: cannot be read: {reason}; make it readable") from None


def _read(data: bytes, name: str) -> Weights:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {key: archive[key].astype(np.float32) for key in archive.files if key != _ABOUT}
            about = json.loads(archive[_ABOUT].tobytes())
        form, size = about["format"], Size(**about["size"])
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
