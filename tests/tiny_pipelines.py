"""Text-to-image pipelines of a few thousand random numbers, built and saved on the spot, and LoRAs for them."""

from __future__ import annotations

import shutil
import string
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DiffusionPipeline,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

LETTERS = [*string.ascii_lowercase, *string.digits, ",", ".", "-"]
ENDS = ["<|startoftext|>", "<|endoftext|>"]
WIDTH = 16
TARGETS = {
    "unet": ["to_q", "to_k", "to_v", "to_out.0"],
    "transformer": ["attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0"],
}


def clip_tokenizer() -> CLIPTokenizer:
    """Letter by letter, 77 tokens at most."""
    words = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), *ENDS]
    vocabulary = {word: place for place, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def t5_tokenizer() -> T5Tokenizer:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -2.0), ("▁", -3.0)]
    return T5Tokenizer(vocab=[*pieces, *((letter, -4.0) for letter in LETTERS)], extra_ids=0)


def _clip_config(width: int = WIDTH) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=2 * len(LETTERS) + len(ENDS),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=width,
        max_position_embeddings=77,
        bos_token_id=2 * len(LETTERS),
        eos_token_id=2 * len(LETTERS) + 1,
        pad_token_id=2 * len(LETTERS) + 1,
    )


def _vae(latent_channels: int = 4, **more: object) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=latent_channels,
        norm_num_groups=2,
        layers_per_block=1,
        sample_size=256,
        **more,
    )


def _unet(cross: int, *, early: bool, **more: object) -> UNet2DConditionModel:
    """`early`: pictures look at words in the first block already, as in SD 1.5, not in the last, as in SDXL."""
    down = ("CrossAttnDownBlock2D", "DownBlock2D") if early else ("DownBlock2D", "CrossAttnDownBlock2D")
    up = ("UpBlock2D", "CrossAttnUpBlock2D") if early else ("CrossAttnUpBlock2D", "UpBlock2D")
    return UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=32,
        in_channels=4,
        out_channels=4,
        down_block_types=down,
        up_block_types=up,
        attention_head_dim=8,
        cross_attention_dim=cross,
        norm_num_groups=2,
        **more,
    )


def stable_diffusion() -> StableDiffusionPipeline:
    """Stable Diffusion 1.5 in miniature."""
    torch.manual_seed(0)
    return StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_clip_config()),
        tokenizer=clip_tokenizer(),
        unet=_unet(WIDTH, early=True),
        scheduler=DDIMScheduler(
            beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_xl(*, turbo: bool = False) -> StableDiffusionXLPipeline:
    """SDXL in miniature, or SDXL-Turbo."""
    torch.manual_seed(1)
    steps = EulerAncestralDiscreteScheduler if turbo else EulerDiscreteScheduler
    return StableDiffusionXLPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_clip_config()),
        text_encoder_2=CLIPTextModelWithProjection(_clip_config()),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=_unet(
            2 * WIDTH,
            early=False,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=WIDTH + 6 * 8,
            transformer_layers_per_block=(1, 2),
        ),
        scheduler=steps(beta_schedule="scaled_linear", timestep_spacing="trailing" if turbo else "leading"),
        force_zeros_for_empty_prompt=True,
    )


def flux() -> FluxPipeline:
    """FLUX.1 schnell in miniature."""
    torch.manual_seed(2)
    return FluxPipeline(
        vae=_vae(4, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.1, scaling_factor=0.36),
        text_encoder=CLIPTextModel(_clip_config()),
        text_encoder_2=T5EncoderModel(
            T5Config(vocab_size=4 + len(LETTERS), d_model=WIDTH, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
        ),
        tokenizer=clip_tokenizer(),
        tokenizer_2=t5_tokenizer(),
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            axes_dims_rope=(4, 4, 8),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
    )


def save(pipeline: DiffusionPipeline, folder: Path, variant: str | None = None) -> Path:
    """Write the pipeline as its publisher would."""
    pipeline.save_pretrained(folder, safe_serialization=True, variant=variant)
    return folder


def save_lora(pipeline: DiffusionPipeline, folder: Path, name: str, *, rank: int = 4, seed: int = 5) -> Path:
    """Write a LoRA whose numbers are not zero for the pipeline's denoiser, leaving the pipeline as it was."""
    part = "transformer" if hasattr(pipeline, "transformer") else "unet"
    network = getattr(pipeline, part)
    network.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=TARGETS[part]), "made")
    generator = torch.Generator().manual_seed(seed)
    for key, parameter in network.named_parameters():
        if "lora_" in key:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.5
    layers = get_peft_model_state_dict(network, adapter_name="made")
    given = {f"{part}_lora_layers": layers}
    type(pipeline).save_lora_weights(folder, weight_name=f"{name}.safetensors", **given)
    network.delete_adapters("made")
    return folder / f"{name}.safetensors"


MAKERS = {"stable-diffusion-1-5": stable_diffusion, "sdxl-base": stable_diffusion_xl, "flux-1-schnell": flux}


def save_all(place: Path) -> Path:
    """Write a pipeline and a LoRA for every base, by the set's id."""
    for name, maker in MAKERS.items():
        pipeline = maker()
        save(pipeline, place / name, None if maker is flux else "fp16")
        save_lora(pipeline, place, f"{name}-lora")
    return place


def pickled_folder(folder: Path, target: Path) -> Path:
    """The same pipeline with its weights as older programs wrote them."""
    shutil.copytree(folder, target)
    for file in target.glob("*/*.safetensors"):
        name = "pytorch_model" if file.stem.startswith("model") else file.stem
        torch.save(load_file(file), file.with_name(f"{name}.bin"))
        file.unlink()
    return target
