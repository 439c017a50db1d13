"""Without a GPU, a driver or a package there is a sentence that says what is missing and what to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorrt_rtx
from cuda.bindings import runtime
from cuda.pathfinder import DynamicLibNotFoundError

from engine.building.tensorrt_engine import engine_key
from engine.errors import BackendError, BundleError
from engine.models import open_model
from engine.runtime import cuda, tensorrt_backend
from engine.runtime.cuda import Gpu
from engine.runtime.tensorrt_backend import available, load
from engine.tensorrt_builds import DATACENTRE, RTX, flavour_of, load_engines

ROOT = Path(__file__).parents[3]
# What a machine without a usable GPU says; each line is what was given back or raised.
DRIVERLESS = """
import sys
import traceback
from pathlib import Path
from engine.errors import BackendError
from engine.runtime.cuda import Buffer, Stream, memory_used
from engine.runtime.loaded_engine import LoadedEngine
from engine.runtime.tensorrt_backend import available, best_flavour, load
folder = Path(sys.argv[1])
print(available("tensorrt_rtx"))
print(best_flavour()[1] if best_flavour()[0] is None else "a GPU was found")
for attempt in (
    lambda: load(folder), lambda: LoadedEngine(folder / "lm.engine", "tensorrt_rtx"),
    Stream, lambda: Buffer(1 << 20), memory_used,
):
    try:
        attempt()
    except BackendError as error:
        print(error)
try:
    LoadedEngine(folder / "lm.engine", "tensorrt_rtx")
except BackendError as error:
    print([frame.name for frame in traceback.extract_tb(error.__traceback__)])
"""


def test_without_a_driver_every_way_in_ends_in_a_sentence(engines: Path) -> None:
    """In a process of its own, which sees no GPU even where there is one."""
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", DRIVERLESS, str(engines)],
        capture_output=True,
        text=True,
        env=hidden,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *said, frames = done.stdout.splitlines()
    assert len(said) == 7
    # TensorRT gives None for an engine that it can't open, and that is where it ends.
    assert "_opened" in frames and "current_gpu" in frames
    for line in said:
        assert "CUDA says" in line and "NVIDIA GPU" in line
        assert "Install NVIDIA's driver, or run on the CPU." in line
    assert "1 MiB of GPU memory couldn't be had" in said[5]
    # The reason of the choice tells of both flavours.
    assert "tensorrt-datacenter" in said[1] or said[1].count("CUDA says") == 1


@pytest.mark.parametrize(
    ("module", "flavour", "words"),
    [
        ("tensorrt_rtx", RTX, r"TensorRT for RTX isn't installed .*Install the extra 'tensorrt'\."),
        (
            "tensorrt",
            DATACENTRE,
            r"TensorRT isn't installed .*'tensorrt-datacenter' with NVIDIA's own package index",
        ),
        ("cuda.bindings", RTX, r"CUDA bindings for Python .*Install the extra"),
    ],
)
def test_a_package_that_isn_t_there_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, flavour: Any, words: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert re.search(words, available(flavour))


def test_a_library_of_the_driver_that_isn_t_found_is_a_reason_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise DynamicLibNotFoundError('"cuda" is an NVIDIA driver library')

    monkeypatch.setattr(cuda, "_runtime", lambda: SimpleNamespace(cudaGetDeviceCount=missing))
    assert available(RTX).startswith('CUDA can\'t be used: "cuda" is an NVIDIA driver library')
    # The flavour that builds on the GPU asks for it too.
    monkeypatch.setitem(sys.modules, "tensorrt", tensorrt_rtx)
    with pytest.raises(BackendError, match="Install NVIDIA's driver"):
        engine_key("0" * 64, "float16", DATACENTRE)


def test_a_model_runs_on_the_cpu_where_its_engines_can_t_be_opened(
    engines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> None:
        raise BackendError(f"{folder.name} has no room.")

    monkeypatch.setattr(tensorrt_backend, "best_flavour", lambda: (RTX, "a card"))
    monkeypatch.setattr(tensorrt_backend, "available", lambda flavour: "")
    monkeypatch.setattr(cuda, "current_gpu", lambda: Gpu("RTX 4090", "sm89", 0))
    monkeypatch.setattr(tensorrt_backend, "load", refused)
    taken = open_model("demo", threads=1, builds=engines.parent).backends
    assert taken.name == "onnxruntime"
    assert taken.reason.endswith(f"; its engines aren't used: {engines.name} has no room.")
    for name, precision in ((RTX, "auto"), ("auto", "float16")):
        with pytest.raises(BackendError, match="has no room"):
            open_model("demo", runtime=name, threads=1, precision=precision, builds=engines.parent)
    # Engines of another precision than the one that was asked for aren't opened in its stead.
    with pytest.raises(BackendError, match="no precision 'int8' for GPUs"):
        open_model("demo", runtime=RTX, threads=1, precision="int8", builds=engines.parent)


def test_a_card_that_the_rtx_flavour_doesn_t_know_is_sent_to_the_other() -> None:
    said = tensorrt_backend._unfit(RTX, tensorrt_rtx, Gpu("H100", "sm90", 80 * 1024**3))
    assert "builds for sm75, sm80, sm86, sm89, sm120, sm121, and the H100 here is sm90" in said
    assert "'tensorrt-datacenter'" in said
    assert tensorrt_backend._unfit(RTX, tensorrt_rtx, Gpu("RTX 4090", "sm89", 24 * 1024**3)) == ""


def test_engines_of_another_gpu_or_version_are_refused_before_they_are_opened(engines: Path) -> None:
    manifest = load_engines(engines)
    ada, hopper = Gpu("RTX 4090", "sm89", 0), Gpu("H100", "sm90", 0)
    assert tensorrt_backend._other(manifest, ada, manifest.runtime_version) == ""
    assert "built for sm86+sm89+sm120, and the H100 here is sm90" in tensorrt_backend._other(
        manifest, hopper, manifest.runtime_version
    )
    assert "installed is 9.9" in tensorrt_backend._other(manifest, ada, "9.9")


def test_a_folder_that_is_no_build_of_engines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="can't be read"):
        load(tmp_path)


def test_a_flavour_that_doesn_t_exist_is_refused() -> None:
    with pytest.raises(BackendError, match="no flavour 'tensorrt_rtx_cu12'"):
        flavour_of("tensorrt_rtx_cu12")


def test_cuda_s_words_are_passed_on_where_a_call_fails() -> None:
    refused = (runtime.cudaError_t.cudaErrorInvalidValue, None)
    with pytest.raises(BackendError, match=r"CUDA says 'invalid argument' \(error 1\)"):
        cuda._checked(runtime, refused)
    assert cuda._checked(runtime, (runtime.cudaError_t.cudaSuccess, 5)) == (5,)
