"""What transformers says of a picture with the same checkpoint: the tokens of the prompt, the likeliest first tokens.

python ask_transformers.py MODEL PICTURE
"""

import json
import sys

import torch
from PIL import Image
from transformers import AutoProcessor, GlmOcrForConditionalGeneration

model_name, picture = sys.argv[1:]
processor = AutoProcessor.from_pretrained(model_name)
model = GlmOcrForConditionalGeneration.from_pretrained(model_name, dtype=torch.float32).eval()
content = [
    {"type": "image", "image": Image.open(picture).convert("RGB")},
    {"type": "text", "text": "Text Recognition:"},
]
inputs = processor.apply_chat_template(
    [{"role": "user", "content": content}],
    tokenize=True,
    add_generation_prompt=True,
    return_dict=True,
    return_tensors="pt",
)
inputs.pop("token_type_ids", None)
with torch.no_grad():
    likely = model(**inputs).logits[0, -1].float().log_softmax(-1).topk(8)
json.dump(
    {
        "prompt": inputs["input_ids"][0].tolist(),
        "first": {
            processor.tokenizer.decode([token]): value
            for token, value in zip(likely.indices.tolist(), likely.values.tolist(), strict=True)
        },
    },
    sys.stdout,
)
