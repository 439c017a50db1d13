"""Engines from ONNX graphs, by either flavour of TensorRT.

The RTX flavour builds without a GPU, for the compute capabilities that are named; what it leaves open is compiled on
the GPU when the engine first runs there. The other flavour builds on the GPU that the engine is for, by timing
kernels. Both take precision as the graph has it. A build is a folder as in engine.builds: each engine is written
under another name and renamed when it is whole, so a build that was cut off goes on with the engines that it lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import onnx
from pydantic import TypeAdapter

from engine.building.neox import NeoXSizes
from engine.building.place import entries_of, made_in_place
from engine.building.room import check_disk, check_memory
from engine.builds import FORMAT, MANIFEST
from engine.errors import ExportError
from engine.runtime.cuda import current_gpu
from engine.runtime.tensorrt_module import import_flavour, listening_logger, named
from engine.safe_write import replacing, write_json
from engine.tensorrt_builds import (
    DECODER_ENGINE,
    ENCODER_ENGINE,
    LANGUAGE_ENGINE,
    PORTABLE,
    RTX,
    USUAL,
    EngineFacts,
    EngineKey,
    Flavour,
    Limits,
    TensorFacts,
    devices_of,
    flavour_of,
    in_order,
    load_engines,
)

# Told a phase of the builder, and of how many steps it has done how many.
Progress = Callable[[str, int, int], None]

_FACTS = ".json"
_GIB = 1024**3
# Measured with the RTX flavour (docs/gpu.md): the builder holds the weights about three times over.
_MEMORY_FACTOR, _MEMORY_BASE = 3.2, 0.4 * _GIB
# Film graphs store weights as float16 and compute in float32, which is what an engine holds.
_FILM_GROWTH = 2.5
_CACHES = ("key_", "value_")
_TURING = "sm75"


@dataclass(frozen=True)
class Graphs:
    """The ONNX files that a model's engines are built from; the language graph's weights lie beside it."""

    language: Path
    encoder: Path
    decoder: Path


@dataclass(frozen=True)
class Shapes:
    """One optimization profile: (least, usual, most) of each input's shape, and of a shape input's values."""

    inputs: Mapping[str, Sequence[tuple[int, ...]]]
    values: Mapping[str, Sequence[tuple[int, ...]]]


@dataclass(frozen=True)
class Built:
    """A serialized engine, and what the builder saw of it."""

    plan: Any
    facts: EngineFacts


def engine_key(
    weights_sha256: str,
    precision: Literal["float16", "bfloat16"],
    flavour: Flavour = RTX,
    devices: Sequence[str] | None = None,
    limits: Limits = USUAL,
) -> EngineKey:
    """Give the key of a model's engines by the installed version of a flavour; BackendError where it isn't there.

    Without `devices` the RTX flavour builds engines for Ampere, Ada and Blackwell cards alike, the other flavour for
    the GPU here, which is the only one that it can build for. Raises ExportError for other GPUs, and for one that
    can't compute in the precision.
    """
    trt = import_flavour(flavour)
    if devices is None:
        devices = PORTABLE if flavour == RTX else (current_gpu().device,)
    if precision == "bfloat16" and _TURING in devices:
        raise ExportError("Turing cards (sm75) don't compute in bfloat16. Build them in float16.")
    if flavour == RTX:
        for name in devices:
            _capability(trt, flavour, name)
    elif list(devices) != [here := current_gpu().device]:
        raise ExportError(
            f"{named(flavour, trt)} builds for the GPU that it runs on, which is {here}; {', '.join(devices)} was "
            "asked for. Build on that machine."
        )
    version = str(trt.__version__)
    device = "+".join(in_order(devices))
    return EngineKey(weights_sha256, precision, flavour, version, device, limits)


def build_engines(
    builds: Path, key: EngineKey, graphs: Graphs, sizes: NeoXSizes, progress: Progress | None = None
) -> Path:
    """Make the engines of a key, or find them whole; give their folder.

    Raises ExportError where a graph is refused, in TensorRT's own words, where memory or disk are too small, or where
    another process makes the same build.
    """
    flavour = flavour_of(key.runtime)
    devices = devices_of(key.device) if flavour == RTX else ()
    language_bytes, film_bytes = graph_bytes(graphs.language), graph_bytes(graphs.encoder, graphs.decoder)
    limits = key.limits

    def make(part: Path) -> tuple[str, ...]:
        limits.check(sizes.max_positions)
        check_disk(part, language_bytes + int(_FILM_GROWTH * film_bytes))
        builder = EngineBuilder(flavour, devices, progress)
        makers: dict[str, Callable[[], Built]] = {
            LANGUAGE_ENGINE: lambda: builder.language(graphs.language, limits),
            # Codes decide what the model reads: no rounding to TF32 on their way.
            ENCODER_ENGINE: lambda: builder.film(graphs.encoder, limits.films, exact=True),
            DECODER_ENGINE: lambda: builder.film(graphs.decoder, limits.films, exact=False),
        }
        for name, maker in makers.items():
            if not (part / name).exists():
                weights = language_bytes if name == LANGUAGE_ENGINE else _FILM_GROWTH * film_bytes
                check_memory(_MEMORY_FACTOR * weights + _MEMORY_BASE)
                _write(part / name, maker())
        _write_manifest(part, key, sizes, tuple(makers))
        return tuple(makers)

    return made_in_place(builds, key, load_engines, make)


class EngineBuilder:
    """Builds engines with one flavour: for the named compute capabilities, or without any for the GPU here."""

    def __init__(
        self, flavour: Flavour, devices: Sequence[str] = (), progress: Progress | None = None
    ) -> None:
        self._flavour = flavour
        self._trt = import_flavour(flavour)
        self._devices = [_capability(self._trt, flavour, name) for name in devices]
        self._progress = progress
        self._logger = listening_logger(self._trt)
        self._monitor: Any = None

    def language(self, graph: Path, limits: Limits) -> Built:
        """Build a language graph of engine.building.neox with caches of `limits.positions`."""
        network, parser = self._parsed(graph, with_positions(graph, limits.positions))
        caches = {
            tensor.name: tuple(tensor.shape)[1:]
            for tensor in _inputs(network)
            if tensor.name.startswith(_CACHES)
        }
        profiles = [language_shapes(caches, limits, count) for count in (1, limits.count)]
        return self._built(graph, network, parser, profiles, exact=False)

    def film(self, graph: Path, films: int, exact: bool) -> Built:
        """Build an encoder or decoder for up to so many films; `exact` computes in float32 alone, without TF32."""
        network, parser = self._parsed(graph, graph.read_bytes())
        tensor = network.get_input(0)
        one = tuple(tensor.shape)[1:]
        profile = Shapes({tensor.name: [(1, *one), (1, *one), (films, *one)]}, {})
        return self._built(graph, network, parser, [profile], exact)

    def _parsed(self, graph: Path, model: bytes) -> tuple[Any, Any]:
        trt = self._trt
        self._builder = trt.Builder(self._logger)
        network = self._builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        parser = trt.OnnxParser(network, self._logger)
        if not parser.parse(model, str(graph)):
            said = "; ".join(_parser_words(parser.get_error(number)) for number in range(parser.num_errors))
            self._logger.last_words()
            raise ExportError(
                f"{named(self._flavour, trt)} can't read {graph}: {said}. Build the graph again, or install another "
                "version."
            )
        return network, parser

    def _built(
        self, graph: Path, network: Any, parser: Any, profiles: Sequence[Shapes], exact: bool
    ) -> Built:
        facts = network_facts(network)
        settings = self._settings(profiles, exact)
        plan = self._builder.build_serialized_network(network, settings)
        if self._monitor is not None and self._monitor.raised is not None:
            raise self._monitor.raised
        # The parser holds the weights that the network refers to, and must outlive the build.
        del parser
        if plan is None:
            raise ExportError(
                f"{named(self._flavour, self._trt)} can't build {graph} for "
                f"{', '.join(one.name.lower() for one in self._devices) or 'the GPU here'}: "
                f"{self._logger.last_words()}. It runs in ONNX Runtime as it is."
            )
        return Built(plan, facts)

    def _settings(self, profiles: Sequence[Shapes], exact: bool) -> Any:
        settings = self._builder.create_builder_config()
        if self._devices:
            settings.num_compute_capabilities = len(self._devices)
            for index, device in enumerate(self._devices):
                settings.set_compute_capability(device, index)
        if exact:
            settings.clear_flag(self._trt.BuilderFlag.TF32)
        for shapes in profiles:
            profile = self._builder.create_optimization_profile()
            for name, sizes in shapes.inputs.items():
                profile.set_shape(name, *sizes)
            for name, values in shapes.values.items():
                profile.set_shape_input(name, *values)
            settings.add_optimization_profile(profile)
        if self._progress is not None:
            # Held here as well: the builder doesn't keep it alive.
            self._monitor = settings.progress_monitor = _monitor(self._trt, self._progress)
        return settings


def language_shapes(caches: Mapping[str, tuple[int, ...]], limits: Limits, count: int) -> Shapes:
    """Give the profile for up to `count` ids: 1 is the profile of single steps, more that of prompts."""
    few, many = 1, limits.rows
    usual = max(1, count // 2)
    inputs: dict[str, Sequence[tuple[int, ...]]] = {
        "ids": [(few, 1), (few, usual), (many, count)],
        "write": [(few,), (few,), (many,)],
    }
    for name, one in caches.items():
        inputs[name] = [(few, *one), (few, *one), (many, *one)]
    return Shapes(inputs, {"keep": [(1,), (1,), (min(count, limits.keep),)]})


def with_positions(graph: Path, positions: int) -> bytes:
    """Give a language graph whose caches have this length; their weights stay beside the file.

    TensorRT updates a cache in place only where its length is part of the graph. Raises ExportError for a graph whose
    caches have another length already.
    """
    model = onnx.load(str(graph), load_external_data=False)
    for value in (*model.graph.input, *model.graph.output):
        if value.name.startswith(_CACHES):
            size = value.type.tensor_type.shape.dim[2]
            if size.dim_value not in (0, positions):
                raise ExportError(
                    f"{graph} has caches of {size.dim_value} positions, {positions} were asked for. Build the "
                    "language graph again."
                )
            size.Clear()
            size.dim_value = positions
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def network_facts(network: Any) -> EngineFacts:
    """Count a parsed network's layers by kind and name its inputs and outputs.

    Fused attention is counted as ATTENTION_INPUT and ATTENTION_OUTPUT, a cache's update as KV_CACHE_UPDATE.
    """
    layers = Counter(str(network.get_layer(number).type.name) for number in range(network.num_layers))
    outputs = [network.get_output(number) for number in range(network.num_outputs)]
    tensors = [_tensor(one, "input") for one in _inputs(network)] + [
        _tensor(one, "output") for one in outputs
    ]
    return EngineFacts(dict(sorted(layers.items())), tuple(tensors))


def graph_bytes(*paths: Path) -> int:
    """Add up what graphs take on the disk, their data files included."""
    files = [file for path in paths for file in (path, path.with_name(f"{path.name}.data"))]
    return sum(file.stat().st_size for file in files if file.is_file())


def _capability(trt: Any, flavour: Flavour, name: str) -> Any:
    """Give a compute capability by its name; raise ExportError for one that the flavour has no engines for."""
    known = trt.ComputeCapability.__members__
    offered = in_order(one.lower() for one in known if one.startswith("SM"))
    if name not in offered:
        raise ExportError(
            f"{named(flavour, trt)} builds for {', '.join(offered)}, and {name!r} was asked for. A data-centre card "
            "takes the flavour 'tensorrt', which builds on the card itself."
        )
    return known[name.upper()]


def _inputs(network: Any) -> list[Any]:
    return [network.get_input(number) for number in range(network.num_inputs)]


def _tensor(tensor: Any, mode: Literal["input", "output"]) -> TensorFacts:
    return TensorFacts(tensor.name, mode, str(tensor.dtype.name), tuple(int(size) for size in tensor.shape))


def _parser_words(error: Any) -> str:
    where = f" (node {error.node_name()!r}, {error.node_operator()})" if error.node_name() else ""
    return f"{' '.join(error.desc().split())}{where}"


def _monitor(trt: Any, progress: Progress) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]  # the base is known when the module is
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}
            self.raised: BaseException | None = None

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            """Note how many steps a phase has."""
            self._steps[phase_name] = num_steps

        def step_complete(self, phase_name: str, step: int) -> bool:
            """Pass a step on; what it raises ends the build."""
            try:
                progress(phase_name, step + 1, self._steps.get(phase_name, step + 1))
            # Even Ctrl+C mustn't pass through the builder, which isn't Python; it is raised when that has ended.
            except BaseException as error:  # noqa: BLE001
                self.raised = error
            return self.raised is None

        def phase_finish(self, phase_name: str) -> None:
            """Forget a phase that is over."""
            self._steps.pop(phase_name, None)

    return Monitor()


def _write(path: Path, built: Built) -> None:
    """Write an engine and its facts; the engine last, since its name says that both are there."""
    write_json(path.with_name(f"{path.name}{_FACTS}"), asdict(built.facts))
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(built.plan)


def _write_manifest(part: Path, key: EngineKey, sizes: NeoXSizes, names: Sequence[str]) -> None:
    noted = {name: part / f"{name}{_FACTS}" for name in names}
    facts = {name: TypeAdapter(EngineFacts).validate_json(path.read_bytes()) for name, path in noted.items()}
    # `asdict` of the key has every part of it, the limits too.
    parts = {"format": FORMAT, **asdict(key), "sizes": asdict(sizes)}
    engines = {name: asdict(one) for name, one in facts.items()}
    write_json(part / MANIFEST, parts | {"files": entries_of(part, names), "engines": engines})
