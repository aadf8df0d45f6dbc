"""PyTorch modules: tensors in safetensors, and the arguments that build the module in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from healthops.registry.errors import RegistryError
from healthops.registry.folder import by_stem, one_or_all, read, write
from healthops.registry.metadata import plain, to_json

if TYPE_CHECKING:
    import torch

    from healthops.workspace import Workspace

FORMAT = "torch-safetensors"
SUFFIX = ".safetensors"
ARCHITECTURE = "architecture.json"


def save_torch(
    ws: Workspace, name: str, module: Any, architecture: Mapping[str, Any], metadata: Mapping[str, Any]
) -> None:
    """Save a module, or a mapping of names to modules of one architecture.

    Parameters
    ----------
    architecture : mapping
        Keyword arguments with which the module was built; :func:`load_torch` builds it with them again.
    """
    from safetensors.torch import save

    files = {ARCHITECTURE: to_json(plain(architecture))}
    for stem, each in by_stem(module).items():
        state = {key: tensor.detach().cpu().contiguous() for key, tensor in sorted(each.state_dict().items())}
        files[f"{stem}{SUFFIX}"] = save(state)
    write(ws, name, files, metadata, format=FORMAT, packages=("numpy", "safetensors", "torch"))


def load_torch(ws: Workspace, name: str, build: Callable[..., torch.nn.Module]) -> Any:
    """Load what :func:`save_torch` saved: a module in evaluation mode, or a dict of them.

    Parameters
    ----------
    build : callable
        Gives a fresh module from the saved architecture's keyword arguments, such as the module's class.

    Raises
    ------
    RegistryError
        If the saved tensors do not fit the module that `build` gives.
    """
    from safetensors.torch import load

    files = read(ws, name, format=FORMAT)
    architecture = json.loads(files.pop(ARCHITECTURE))
    modules = {}
    for file, content in files.items():
        module = build(**architecture)
        try:
            module.load_state_dict(load(content), strict=True)
        except RuntimeError as error:
            raise RegistryError(f"model {name!r}: {file!r} does not fit {type(module).__name__}: {error}") from None
        modules[file.removesuffix(SUFFIX)] = module.eval()
    return one_or_all(modules)
