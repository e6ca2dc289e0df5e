"""The runtime of a computation: backend, device, threads and precision, and the record of all these.

The backend must be chosen before Keras is imported, so this module imports Keras only inside functions.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from typing import Any

import kzoo
from kzoo.errors import MissingExtraError, UsageError
from kzoo.imports import import_large
from kzoo.interrupts import held_back
from kzoo.names import suggestion

BACKENDS = ("tensorflow", "jax", "torch")
DEFAULT_BACKEND = "tensorflow"

AUTO = "auto"
"""In place of a backend: the installed one that starts the fastest."""

_BY_START = ("jax", "tensorflow", "torch")
"""The backends, the fastest to start first (`kzoo bench start`)."""

SMALL_BATCH = 64
"""Up to this batch size, the operations of these models are too small to split among threads on a CPU.
TensorFlow runs whole operations in parallel instead, which is about twice as fast at the published batch
size of 8."""


def choose_backend(flag: str | None, recipe: str | None = None) -> str:
    """Choose the backend: the flag, else KERAS_BACKEND, else the recipe's, else TensorFlow.

    The flag may be `AUTO`.

    Raises:
        UsageError: the backend is unknown.
        MissingExtraError: its package is not installed.
    """
    name = flag or os.environ.get("KERAS_BACKEND") or recipe or DEFAULT_BACKEND
    if flag == AUTO:
        name = next((each for each in _BY_START if util.find_spec(each)), DEFAULT_BACKEND)
    if name not in BACKENDS:
        raise UsageError(f"no backend is called {name!r}; {suggestion(name, BACKENDS)}")
    if util.find_spec(name) is None:
        package = "kzoo" if name == DEFAULT_BACKEND else f"kzoo[{name}]"
        raise MissingExtraError(f"the {name} backend is not installed: pip install '{package}'")
    return name


def installed_backends() -> list[str]:
    """List the backends that are installed."""
    return [name for name in BACKENDS if util.find_spec(name)]


def start(
    backend: str, *, precision: str = "float32", batch_size: int | None = None, debug: bool = False
) -> None:
    """Import Keras with a backend and set it up for reproducible results.

    On a GPU, deterministic kernels are chosen, so that a resumed run equals an uninterrupted one.
    `batch_size` is the training batch size, or None to evaluate whole splits.

    Raises:
        UsageError: Keras already runs on another backend.
    """
    keras = sys.modules.get("keras")
    if keras is not None and keras.backend.backend() != backend:
        raise UsageError(
            f"Keras runs on {keras.backend.backend()} already: choose the backend before importing it"
        )
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if not debug:
        # TensorFlow warns of repeated tracing, but decoding is traced once for each source length by design.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # An interrupted import leaves the module half initialised, and the module may report an ImportError.
    with held_back(), contextlib.nullcontext() if debug else silent_stderr():
        keras = import_large("keras")
        _SET_UP[backend](batch_size)
    keras.config.set_dtype_policy(precision)


def _set_up_tensorflow(batch_size: int | None) -> None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if gpus:
        tf.config.experimental.enable_op_determinism()
    elif batch_size is not None and batch_size <= SMALL_BATCH:
        # TensorFlow fixes its threads at the first operation; then the choice of the calling program stays.
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.zeros(())  # the first operation starts the runtime, which logs to the terminal


def _set_up_jax(batch_size: int | None) -> None:
    import jax

    _leave_tensorflow_out()
    jax.devices()


def _set_up_torch(batch_size: int | None) -> None:
    import torch

    _leave_tensorflow_out()
    if torch.cuda.is_available():
        torch.use_deterministic_algorithms(True, warn_only=True)
    else:
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Have the C library, if it is glibc, keep freed memory for the next allocation.

    By default it returns large blocks to the system at once. Each step on a large batch then waits for new
    pages, which halves the speed of PyTorch.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)


_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Parameters of glibc's mallopt: how much free memory it keeps, and how many blocks it maps on their own."""


def _leave_tensorflow_out() -> None:
    """Keep Keras from importing TensorFlow on another backend to check the type of an object.

    Keras 3.15 does so when it serialises a nested layer (`keras.src.saving.serialization_lib`). The import
    takes three seconds and a third of a gigabyte, and prints a start-up log on the terminal.
    """
    from keras.src.utils.module_utils import tensorflow

    if "tensorflow" not in sys.modules:
        tensorflow._available = False


_SET_UP = {"tensorflow": _set_up_tensorflow, "jax": _set_up_jax, "torch": _set_up_torch}


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard the output to file descriptor 2 while TensorFlow is imported.

    TensorFlow's C++ code logs there before any setting takes effect. On every backend, Keras imports an
    installed TensorFlow when a model is saved or loaded. Ctrl-C is deferred to the end of the block.
    """
    sys.stderr.flush()
    with held_back():
        saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(nowhere)


def device() -> str:
    """Return a readable name of the device that the running backend computes on."""
    return _DEVICE[os.environ["KERAS_BACKEND"]]() or f"CPU ({os.cpu_count()} cores)"


def _tensorflow_gpu() -> str | None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return f"GPU ({tf.config.experimental.get_device_details(gpus[0])['device_name']})" if gpus else None


def _jax_gpu() -> str | None:
    import jax

    first = jax.devices()[0]
    return None if first.platform == "cpu" else f"{first.platform.upper()} ({first.device_kind})"


def _torch_gpu() -> str | None:
    import torch

    return f"GPU ({torch.cuda.get_device_name(0)})" if torch.cuda.is_available() else None


_DEVICE = {"tensorflow": _tensorflow_gpu, "jax": _jax_gpu, "torch": _torch_gpu}


def environment() -> dict[str, Any]:
    """Describe the environment of a result: backend, versions, device, commit and command."""
    backend = os.environ["KERAS_BACKEND"]
    return {
        "backend": backend,
        "device": device(),
        "versions": {
            name: metadata.version(name) for name in ("kzoo", "keras", "numpy", *_distribution(backend))
        },
        "python": platform.python_version(),
        "platform": platform.platform(),
        "commit": _commit(),
        "command": _command(),
    }


def _command() -> str:
    """Return the command line that runs the same command again."""
    program = Path(sys.argv[0]).name
    return shlex.join([*(["python", "-m", "kzoo"] if program == "__main__.py" else [program]), *sys.argv[1:]])


def _distribution(backend: str) -> tuple[str, ...]:
    """Return the installed distribution of a backend; `tensorflow` may be tensorflow-cpu, for instance."""
    return tuple(metadata.packages_distributions().get(backend, ()))[:1]


_RECORDS = (":(top,exclude)configs/tables/results", ":(top,exclude)configs/speed.csv")


def _commit() -> str | None:
    """Return the commit of kzoo if it runs from its repository, with `+changes` if tracked files differ.

    The recorded results do not count, because the results of a first run would mark all later ones.
    """
    folder = Path(kzoo.__file__).parent
    if not (folder.parent / ".git").exists():
        return None
    git = ["git", "-C", str(folder)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changes = subprocess.run(
            [*git, "status", "--porcelain", "-uno", "--", ":/", *_RECORDS],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+changes" if changes.stdout.strip() else "")
