"""Makes tiny checkpoints of the real architectures, with random weights: GLM-OCR (with its MTP layer), PP-DocLayoutV3.

    python tiny_models.py glm-ocr FOLDER | layout FOLDER

They load in transformers and in vLLM like the real ones and answer nonsense, always the same: enough to prove that
requests, flags, restarts and numbers agree. Seconds to make, so that none is committed.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GlmOcrConfig,
    GlmOcrForConditionalGeneration,
    HGNetV2Config,
    PPDocLayoutV3Config,
    PPDocLayoutV3ForObjectDetection,
    PPDocLayoutV3ImageProcessor,
    PreTrainedTokenizerFast,
)

from octavo.document import Label

# The control tokens of GLM-OCR's tokenizer, in their order.
CONTROL = [
    "<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>",
    "<|observation|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>",
    "<|begin_of_audio|>", "<|end_of_audio|>", "<|begin_of_transcription|>", "<|end_of_transcription|>",
    "<|code_prefix|>", "<|code_middle|>", "<|code_suffix|>", "<think>", "</think>", "<tool_call>", "</tool_call>",
    "<tool_response>", "</tool_response>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "/nothink",
    "<|begin_of_box|>", "<|end_of_box|>", "<|image|>", "<|video|>",
]  # fmt: skip

CHAT_TEMPLATE = """\
[gMASK]<sop>
{%- for message in messages -%}
<|{{ message.role }}|>
{% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'text' -%}
{{ part.text }}
{%- elif part.type in ('image', 'image_url') -%}
<|begin_of_image|><|image|><|end_of_image|>
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|assistant|>
{% endif -%}
"""

WORDS = [
    "Text Recognition:", "Table Recognition:", "Formula Recognition:", "the quick brown fox jumps over a lazy dog",
    "<table><tr><td>1</td><td>2</td></tr></table>", "$$ \\frac{a}{b} $$", "Invoice number, total amount, due date",
]  # fmt: skip

HIDDEN, LAYERS = 128, 2


def tokenizer() -> PreTrainedTokenizerFast:
    """All bytes, some merges, and the control tokens at the end, where the real vocabulary has them."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        WORDS, trainers.BpeTrainer(vocab_size=320, min_frequency=1, show_progress=False, initial_alphabet=alphabet)
    )
    bpe.add_special_tokens(CONTROL)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def glm_ocr(folder: Path) -> None:
    torch.manual_seed(0)
    words = tokenizer()
    ids = {name: words.convert_tokens_to_ids(name) for name in CONTROL}
    end = ids["<|endoftext|>"]
    config = GlmOcrConfig(
        architectures=["GlmOcrForConditionalGeneration"],
        text_config={
            "vocab_size": len(words),
            "hidden_size": HIDDEN,
            # transformers sizes the merger of picture tokens by 3 * out_hidden_size, vLLM by this
            "intermediate_size": 3 * HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 32,  # the least that vLLM's CPU attention takes
            "max_position_embeddings": 16384,
            "rms_norm_eps": 1e-5,
            "pad_token_id": end,
            "eos_token_id": [end, ids["<|user|>"]],
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [4, 6, 6],  # adds up to half of head_dim
                "partial_rotary_factor": 1.0,
            },
            "num_nextn_predict_layers": 1,
            "attention_bias": False,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "num_heads": 2,
            "intermediate_size": 128,
            "out_hidden_size": HIDDEN,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "image_size": 336,
        },
        image_token_id=ids["<|image|>"],
        video_token_id=ids["<|video|>"],
        image_start_token_id=ids["<|begin_of_image|>"],
        image_end_token_id=ids["<|end_of_image|>"],
        video_start_token_id=ids["<|begin_of_video|>"],
        video_end_token_id=ids["<|end_of_video|>"],
        tie_word_embeddings=False,
    )
    model = GlmOcrForConditionalGeneration(config).to(torch.bfloat16).eval()
    with torch.no_grad():  # sharper than chance, so that two engines that round differently still say the same
        model.lm_head.weight.mul_(20)
        model.model.language_model.embed_tokens.weight.mul_(20)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    _write(folder, "generation_config.json", do_sample=False, pad_token_id=end, eos_token_id=[end, ids["<|user|>"]])
    picture = {
        "size": {"shortest_edge": 12544, "longest_edge": 9633792},
        "do_rescale": True,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "processor_class": "Glm46VProcessor",
    }
    _write(folder, "preprocessor_config.json", image_processor_type="Glm46VImageProcessor", **picture)
    _write(folder, "video_preprocessor_config.json", video_processor_type="Glm46VVideoProcessor", **picture)
    _add_mtp_layer(folder / "model.safetensors")


def _add_mtp_layer(file: Path) -> None:
    """The layer that drafts tokens ahead: a copy of the last one, fed with the hidden state as it is."""
    weights = load_file(file)
    prefix, last = (f"model.language_model.layers.{index}." for index in (LAYERS, LAYERS - 1))
    for name in [name for name in weights if name.startswith(last)]:
        weights[prefix + name.removeprefix(last)] = weights[name].clone()
    head = weights["lm_head.weight"]
    for name in ("enorm", "hnorm", "shared_head.norm"):
        weights[f"{prefix}{name}.weight"] = torch.ones(HIDDEN, dtype=head.dtype)
    weights[f"{prefix}shared_head.head.weight"] = head.clone()
    weights[f"{prefix}embed_tokens.weight"] = weights["model.language_model.embed_tokens.weight"].clone()
    through = torch.cat([torch.zeros(HIDDEN, HIDDEN), torch.eye(HIDDEN)], dim=1)
    weights[f"{prefix}eh_proj.weight"] = through.to(head.dtype)
    save_file(weights, file, metadata={"format": "pt"})


def layout(folder: Path) -> None:
    """Some 0.25 million parameters, 32 queries. Scores reach past the usual threshold: it finds regions on any page."""
    torch.manual_seed(0)
    backbone = HGNetV2Config(
        stem_channels=[3, 8, 12],
        embedding_size=12,
        depths=[1, 1, 1, 1],
        hidden_sizes=[16, 24, 32, 48],
        stage_in_channels=[12, 16, 24, 32],
        stage_mid_channels=[8, 8, 12, 16],
        stage_out_channels=[16, 24, 32, 48],
        stage_num_blocks=[1, 1, 1, 1],
        stage_downsample=[False, True, True, True],
        stage_light_block=[False, False, True, True],
        stage_kernel_size=[3, 3, 5, 5],
        stage_numb_of_layers=[2, 2, 2, 2],
        out_features=["stage1", "stage2", "stage3", "stage4"],
        return_idx=[0, 1, 2, 3],
    )
    config = PPDocLayoutV3Config(
        backbone_config=backbone,
        encoder_in_channels=[24, 32, 48],
        encoder_hidden_dim=32,
        d_model=32,
        encoder_ffn_dim=64,
        encoder_attention_heads=2,
        decoder_in_channels=[32, 32, 32],
        decoder_ffn_dim=64,
        decoder_layers=2,
        decoder_attention_heads=2,
        num_queries=32,
        mask_feature_channels=[16, 16],
        x4_feat_dim=16,
        num_prototypes=8,
        num_denoising=0,
        global_pointer_head_size=16,
        mask_enhanced=False,
        id2label={index: label.value for index, label in enumerate(Label)},
        label2id={label.value: index for index, label in enumerate(Label)},
    )
    model = PPDocLayoutV3ForObjectDetection(config).eval()
    with torch.no_grad():  # as initialised, every score is 1/26 and every box empty
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
            elif type(module).__name__.endswith("BatchNorm2d"):
                module.weight.fill_(1.0)
        model.model.decoder.class_embed.weight.mul_(6.0)
        model.model.decoder.class_embed.bias.fill_(-2.0)
    model.save_pretrained(folder)
    PPDocLayoutV3ImageProcessor(size={"height": 800, "width": 800}).save_pretrained(folder)


def _write(folder: Path, name: str, **content: object) -> None:
    (folder / name).write_text(json.dumps(content, indent=2))


if __name__ == "__main__":
    {"glm-ocr": glm_ocr, "layout": layout}[sys.argv[1]](Path(sys.argv[2]))
