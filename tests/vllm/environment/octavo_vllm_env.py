"""Let the CUDA build of torchvision be imported beside a CPU build of torch.

Importing torchvision fails with "operator torchvision::nms does not exist": its extension needs libtorch_cuda.
Importing asks for no more than that two operator schemas exist, and transformers and vLLM use only its transforms,
which are pure Python. Put on the interpreter's path file, this defines the schemas right before torchvision is
executed, and costs nothing where nobody imports it.
"""

import importlib.abc
import importlib.machinery
import sys

_libraries = []  # torch forgets the operators of a library that is collected


def _define_schemas():
    import torch

    if _libraries or torch.backends.cuda.is_built():
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    _libraries.append(library)
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


class _Torchvision(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname != "torchvision":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                _define_schemas()
                execute(module)

            spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Torchvision())
