"""vLLM's module `platforms` where no GPU is seen, as while an image is built."""


class _Unspecified:
    device_type = ""


current_platform = _Unspecified()
