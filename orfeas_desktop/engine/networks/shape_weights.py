"""The networks of one published shape variant, made from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch

from orfeas_desktop.engine.networks.flow_scheduler import ConsistencyFlowScheduler, FlowEulerScheduler
from orfeas_desktop.engine.networks.image_conditioner import ImageConditioner
from orfeas_desktop.engine.networks.shape_config import DitConfig, read_config, read_vae_config
from orfeas_desktop.engine.networks.shape_dit import ShapeDit
from orfeas_desktop.engine.networks.shape_dit_21 import ShapeDit21
from orfeas_desktop.engine.networks.shape_vae import ShapeVae, VaeLayout
from orfeas_desktop.engine.networks.weight_file import open_weights
from orfeas_desktop.engine.weights.recognise import weight_file
from orfeas_desktop.errors import BadWeights, WeightsMissing

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.networks.shape_config import (
        ConditionerConfig,
        Dit21Config,
        SchedulerConfig,
        ShapeConfig,
        VaeConfig,
    )
    from orfeas_desktop.engine.networks.weight_file import WeightPart

NAMED = 5


Network = ShapeDit | ShapeDit21 | ImageConditioner | ShapeVae
N = TypeVar("N", bound=Network)


def weight_path(folder: Path) -> Path:
    """The weight file of a published folder. Raises WeightsMissing."""
    found = weight_file(folder)
    if found is None:
        raise WeightsMissing(missing=f"{folder.name}/model.fp16.safetensors")
    return found


def build_denoiser(config: DitConfig | Dit21Config) -> ShapeDit | ShapeDit21:
    """A denoiser without numbers. Raises ValueError for sizes that do not fit together."""
    with torch.device("meta"):
        return ShapeDit(config) if isinstance(config, DitConfig) else ShapeDit21(config)


def build_conditioner(config: ConditionerConfig) -> ImageConditioner:
    """A conditioner without numbers."""
    with torch.device("meta"):
        return ImageConditioner(config)


def build_vae(config: VaeConfig, part: WeightPart) -> ShapeVae:
    """A decoder without numbers, laid out as the tensors in `part` are. Raises BadWeights."""
    try:
        layout = VaeLayout.of(dict(part.shapes))
    except KeyError as problem:
        raise BadWeights(name=part.file.name, problem=f"its shape decoder lacks {problem}") from None
    except (ValueError, IndexError):
        said = "the tensors of its shape decoder have other shapes"
        raise BadWeights(name=part.file.name, problem=said) from None
    if layout.width % config.heads or config.heads * layout.geo_width % layout.width or not layout.geo_width:
        raise BadWeights(name=part.file.name, problem="its shape decoder's heads do not fit its width")
    with torch.device("meta"):
        return ShapeVae(layout, config)


def build_scheduler(config: SchedulerConfig) -> FlowEulerScheduler:
    """The scheduler that the configuration names."""
    if config.kind == "consistency":
        return ConsistencyFlowScheduler(config.num_train_timesteps, config.pcm_timesteps)
    return FlowEulerScheduler(config.num_train_timesteps, config.shift)


def check_shapes(network: N, part: WeightPart) -> N:
    """Return `network` when the file holds its tensors and no others.

    Raises BadWeights, which names the first five keys that are missing, too many or of another shape.
    """
    found = network.from_published(
        {key: torch.empty(shape, device="meta") for key, shape in part.shapes.items()}
    )
    expected = network.state_dict()
    problems = {
        "lacks": [key for key in expected if key not in found],
        "has unknown": [key for key in found if key not in expected],
        "has another shape for": [
            key for key, tensor in expected.items() if key in found and found[key].shape != tensor.shape
        ],
    }
    for said, keys in problems.items():
        if keys:
            more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
            named = ", ".join(part.start + key for key in keys[:NAMED])
            raise BadWeights(name=part.file.name, problem=f"it {said} {named}{more}")
    return network


def load_numbers(network: N, part: WeightPart, dtype: torch.dtype, device: torch.device) -> N:
    """Fill `network` from the file, ready to compute. Raises BadWeights, also for NaN or infinity."""
    check_shapes(network, part)
    state = network.from_published(part.read())
    for name in list(state):
        if not state[name].is_floating_point():
            raise BadWeights(
                name=part.file.name, problem=f"“{part.start}{name}” holds whole numbers, which are no weights"
            )
        tensor = state[name].to(device=device, dtype=dtype)
        if tensor.numel() and not all(bool(end.isfinite()) for end in tensor.aminmax()):
            raise BadWeights(
                name=part.file.name, problem=f"“{part.start}{name}” holds values that are not numbers"
            )
        state[name] = tensor
    network.load_state_dict(state, assign=True)
    network.requires_grad_(requires_grad=False)
    return network.eval()


@dataclass(frozen=True)
class ShapeWeights:
    """A checked folder of weights, from which each network is made when it is needed."""

    config: ShapeConfig
    denoiser_part: WeightPart
    conditioner_part: WeightPart
    vae_part: WeightPart
    vae_config: VaeConfig

    @classmethod
    def open(cls, folder: Path, store: Path, vae_folder: Path | None = None) -> ShapeWeights:
        """Open a published folder, its decoder perhaps taken from a VAE-only folder; check every shape.

        Torch pickles are converted into `store`. Raises BadWeights, WeightsMissing, FileMissing.
        """
        config = read_config(folder / "config.yaml")
        weights = open_weights(weight_path(folder), store)
        vae_part, vae_config = weights.part("vae"), config.vae
        if vae_folder is not None:
            vae_config = read_vae_config(vae_folder / "config.yaml")
            separate = open_weights(weight_path(vae_folder), store)
            vae_part = separate.part("")
        opened = cls(config, weights.part("model"), weights.part("conditioner"), vae_part, vae_config)
        opened.check()
        return opened

    def check(self) -> None:
        """Compare every network's shapes with the file's. Raises BadWeights."""
        check_shapes(build_denoiser(self.config.model), self.denoiser_part)
        check_shapes(build_conditioner(self.config.conditioner), self.conditioner_part)
        check_shapes(build_vae(self.vae_config, self.vae_part), self.vae_part)

    def denoiser(self, dtype: torch.dtype, device: torch.device) -> ShapeDit | ShapeDit21:
        """Load the denoiser."""
        return load_numbers(build_denoiser(self.config.model), self.denoiser_part, dtype, device)

    def conditioner(self, dtype: torch.dtype, device: torch.device) -> ImageConditioner:
        """Load the picture encoder."""
        return load_numbers(build_conditioner(self.config.conditioner), self.conditioner_part, dtype, device)

    def vae(self, dtype: torch.dtype, device: torch.device) -> ShapeVae:
        """Load the shape decoder."""
        return load_numbers(build_vae(self.vae_config, self.vae_part), self.vae_part, dtype, device)

    def scheduler(self) -> FlowEulerScheduler:
        """A scheduler of this variant."""
        return build_scheduler(self.config.scheduler)
