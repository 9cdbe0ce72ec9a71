"""One sequence becomes a head in the scene: mesh, keys, rig, motion, light, camera and sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.amounts import counted
from ..core.arkit.units import units_of
from ..core.choices import refuse_unknown_choices
from ..core.model.detail import DetailDecoder
from ..core.model.flame import FlameModel
from ..core.model.placement import as_person, expression_for, not_shown, translation_for
from ..core.motion.camera import CropMode, crop_view
from ..core.sequence import IdentityMode, Sequence
from ..errors import ModelError
from .adaption import Freedom, differences, follow, freedom_in, settle_rate, told_rate
from .analysis import Analysis, analyse
from .camera import Depth, build_camera, follow_crops, framing_camera, show_reference
from .envelope import key_envelope
from .head import describe, head_of, mark_parts
from .keys import Animation
from .material import Look, build_material, set_look
from .mesh import SLIDER_LIMIT, ShapeKeys, add_normals_modifier, build_mesh, build_shape_keys
from .rig import bind, build_rig, drive_correctives, key_pose
from .scene_light import add_lamps, light_head, light_scene
from .sound import OFF, add_sound_strip, silence, voices_beside
from .steps import Steps, beside, finish
from .subdivision import MOVED, set_level
from .surface import skin_steps, still, wrinkle_steps
from .unit_keys import UnitKeys, add_unit_keys, carry_steps, has_unit_keys, kept_units
from .vertex_clip import keep_steps, play_clip

CameraKind = Literal["NONE", "FRAMING", "CROP"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to make of a sequence.

    person      : of the model's people, who shows the codes in place of the clip's own identity and skin; None: the
                  clip's
    identity    : one identity for the clip (mean, median or first frame) or per_frame
    start_frame : scene frame of array index 0; None: the scene's own start frame
    adapt_scene : set the scene's rate, range, camera, playback and view transform where nobody else's work depends on
                  them (see `adaption.freedom_in`); what is kept and differs is told
    sound       : add the sound strip
    look        : the light of the codes, the studio look, or skin in the scene's light; None: SH where there is light
                  or a person is named
    world       : light the scene by a world made of the codes
    lamps       : light the scene by a key, a fill and an even light that come near the codes' light
    envelope    : key the loudness of the voice as a property of the rig, for drivers
    camera      : a steady framing camera, the crop camera of each frame, or none
    crop        : the crop camera of each frame, smoothed between cuts, or the clip's median
    reference   : show the reference image behind the crop camera, or before what it sees, as opaque as is said
    subdivision : how often the faces are divided for the eye (see `subdivision`)
    full_basis  : shape keys for every column of the model, not only those that the sequence has codes for
    arkit       : shape keys under ARKit's 52 names, by which face-capture add-ons drive the head (see `unit_keys`)
    offset      : metres that the head stands to the side (Blender's x)
    skin        : of the clip's mean texture code, or of each frame's, which needs `pictures`
    detail      : decodes wrinkles from the detail codes; None: a smooth face
    pictures    : folder in which skins and wrinkles are kept as one picture a frame; None: one for the whole clip
    vertices    : folder in which the vertices of a clip without codes are kept, which such a clip needs

    Raises UsageError where a field has a word that its type does not name.
    """

    person: str | None = None
    identity: IdentityMode = "mean"
    start_frame: int | None = None
    adapt_scene: bool = True
    sound: bool = True
    look: Look | None = None
    world: bool = False
    lamps: bool = False
    envelope: bool = True
    camera: CameraKind = "FRAMING"
    crop: CropMode = "each"
    reference: bool = True
    plate_depth: Depth = "BACK"
    plate_opacity: float = 0.5
    subdivision: int = 0
    full_basis: bool = False
    arkit: bool = False
    offset: float = 0.0
    skin: Literal["mean", "per_frame"] = "mean"
    detail: DetailDecoder | None = None
    pictures: Path | None = None
    vertices: Path | None = None

    def __post_init__(self) -> None:
        refuse_unknown_choices(self)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import made. frame_start and frame_end are the scene frames of the first and the last array index."""

    collection: bpy.types.Collection
    rig: bpy.types.Object
    head: bpy.types.Object
    camera: bpy.types.Object | None
    material: bpy.types.Material
    strip: bpy.types.Strip | None
    action: bpy.types.Action
    frame_start: float
    frame_end: float
    warnings: tuple[str, ...]


def import_sequence(sequence: Sequence, model: FlameModel, options: ImportOptions | None = None) -> ImportResult:
    """Build `sequence` on `model` in the current scene, in a collection of its own.

    Raises ModelError where codes or vertices do not fit the model, and UsageError where it has no such person; nothing
    is left in the file then.
    """
    return finish(import_steps(sequence, model, options or ImportOptions()))


def import_steps(sequence: Sequence, model: FlameModel, options: ImportOptions) -> Steps[ImportResult]:
    """The same, step by step. Steps that are dropped leave what they have built: see `rollback.Snapshot`."""
    sequence = as_person(sequence, model, options.person, options.look != "STUDIO")
    if sequence.vertices is None:
        fitted_codes(sequence, model, options)  # or the reason why not, before anything is built
    analysis = yield from beside(lambda watch: analyse(sequence, options.envelope, watch), 0.0, 0.2)
    units = yield from carry_steps(sequence, model, options.arkit)
    cache = yield from keep_steps(sequence, model, options.vertices, (0.2, 0.4))
    scene = bpy.context.scene
    warnings = [*sequence.remarks(), *not_shown(model, sequence)]
    start = scene.frame_start if options.start_frame is None else options.start_frame
    free = freedom_in(scene) if options.adapt_scene else Freedom()
    rate = settle_rate(scene, sequence, free.rate)
    frames = start + np.arange(sequence.frames) * (rate / sequence.fps)

    collection = bpy.data.collections.new(sequence.name)
    animation = Animation(sequence.name, frames, cuts=analysis.cuts)
    head = build_mesh(model, f"{sequence.name} Head")
    collection.objects.link(head)
    yield 0.45
    if cache:
        rig = play_clip(head, cache, sequence, float(start), rate, collection)
    else:
        rig = _build_rig(animation, head, sequence, model, options, warnings, collection, units)
    rig.location.x = options.offset
    add_normals_modifier(head)
    set_level(head, options.subdivision)
    warnings += [f"{sequence.name}: {MOVED}."] * bool(options.subdivision)
    yield 0.6

    skin_folder = options.pictures if options.skin == "per_frame" else None
    albedo = yield from skin_steps(sequence, model, skin_folder, round(start), warnings, (0.6, 0.7))
    height = yield from wrinkle_steps(
        sequence, model, options.detail, options.pictures, round(start), warnings, (0.7, 0.9)
    )
    surface = build_material(sequence.name, albedo, height)
    head.data.materials.append(surface.material)
    light_head(animation, sequence, surface.material.node_tree, surface.light_node)
    set_look(surface.material, options.look or ("STUDIO" if sequence.light is None else "SH"))
    yield 0.92
    if options.world:
        warnings += light_scene(animation, scene, sequence, rig)
    if options.lamps and sequence.light is not None:
        warnings += add_lamps(animation, scene, sequence, collection, rig)
    if options.envelope:
        key_loudness(animation, rig, analysis, warnings)
    yield 0.95
    camera = _add_camera(animation, collection, sequence, model, options, analysis.cuts, warnings)
    heard = sequence.audio if options.sound else None
    strip = add_sound_strip(scene, sequence.name, heard, start) if heard else None
    describe(rig, sequence, model, frames, options.identity, warnings, options.person)
    mark_parts(rig, camera, strip, animation.action)
    yield 0.98
    scene.collection.children.link(collection)  # only now, so that no window shows or evaluates half a head
    warnings += told_rate(scene, sequence) + _settle_in(scene, rig, strip, camera, free, options)
    return ImportResult(
        collection, rig, head, camera, surface.material, strip, animation.action,
        float(frames[0]), float(frames[-1]), tuple(warnings),
    )  # fmt: skip


def _settle_in(
    scene: bpy.types.Scene,
    rig: bpy.types.Object,
    strip: bpy.types.Strip | None,
    camera: bpy.types.Object | None,
    free: Freedom,
    options: ImportOptions,
) -> list[str]:
    """Let the scene follow as far as it is free, with one voice at a time; returns what is otherwise, as warnings."""
    follow(scene, free, camera)
    warnings: list[str] = []
    voices = [name for name in voices_beside(strip, scene) if name != rig.name] if strip else []
    if strip and voices:
        silence(strip, OFF, True)
        warnings.append(f"{rig.name}: its sound is off, as {voices[0]} is heard at the same time; use Solo or Sound.")
    head = head_of(rig, scene)
    if head and options.adapt_scene and free != Freedom.all():
        found = ". ".join(differences(head))
        kept = f"{rig.name}: the scene is kept as it was. {found}. Adapt Scene in the side bar changes it."
        warnings += [kept] if found else []
    return warnings


def _build_rig(
    animation: Animation,
    head: bpy.types.Object,
    sequence: Sequence,
    model: FlameModel,
    options: ImportOptions,
    warnings: list[str],
    collection: bpy.types.Collection,
    units: UnitKeys | None,
) -> bpy.types.Object:
    """Keys, bones and correctives that move the head as its codes say; units: ARKit's in place of some of the codes."""
    codes = fitted_codes(sequence, model, options)
    keys = key_codes(animation, head, sequence, model, codes, options, warnings, units)
    rig = build_rig(sequence.name, rest_of(model, codes[0]), collection)
    bind(head, rig)
    drive_correctives(head, rig, keys.corrective)
    key_bones(animation, rig, sequence, model, codes)
    return rig


def fitted_codes(
    sequence: Sequence, model: FlameModel, options: ImportOptions
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Identity (S,) or (T, S) and expression (T, E), as wide as the model's bases. Raises ModelError."""
    if sequence.expression is None:
        raise ModelError(
            f"{sequence.source}: holds vertices, which move no bones and shape keys; `xtalker fit` finds codes for "
            "them."
        )
    shape = sequence.identity(options.identity)
    identity = model.fit_codes(np.zeros(0) if shape is None else shape, "identity")
    return identity, expression_for(model, sequence)


def rest_of(model: FlameModel, identity: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where the bones rest, (5, 3) in FLAME axes: at the joints of the (mean) identity."""
    return model.rest_joints(identity.mean(0) if identity.ndim == 2 else identity)


def key_codes(
    animation: Animation,
    head: bpy.types.Object,
    sequence: Sequence,
    model: FlameModel,
    codes: tuple[NDArray[np.float32], NDArray[np.float32]],
    options: ImportOptions,
    warnings: list[str],
    carried: UnitKeys | None = None,
) -> ShapeKeys:
    """Give the head the shape keys that it lacks, and key identity and expression `codes` (see `fitted_codes`).

    carried : ARKit's units, which are keyed in place of what they tell of the expression; those that the head has, if
              None
    """
    identity, expression = codes
    carried = carried or kept_units(head, sequence, model)
    expression = carried.rest(expression) if carried else expression
    identity_peak = np.abs(np.atleast_2d(identity)).max(0)
    expression_peak = np.abs(expression).max(0)
    wanted = options.arkit or has_unit_keys(head)
    units = units_of(model) if wanted else None
    whole = units.columns if units else []  # keys that hold whole units have room for any code
    for name, peak in (("identity", identity_peak), ("expression", np.delete(expression_peak, whole))):
        beyond = int((peak > SLIDER_LIMIT).sum())
        if beyond:
            warnings.append(
                f"{sequence.name}: {counted(beyond, f'{name} code')} beyond {SLIDER_LIMIT:g}, the widest range of a "
                "shape key; such keys hold a larger shape and smaller values, so that the face is the same."
            )
    if not options.full_basis:
        shape_width = 0 if sequence.shape is None else sequence.shape.shape[-1]
        moved = 1 + int(np.flatnonzero(expression_peak).max(initial=-1))  # eyelids may lie beyond the codes
        width = max(0 if sequence.expression is None else sequence.expression.shape[1], moved)
        width = max(width, len(units.column_names) if units else 0)
        identity_peak, expression_peak = identity_peak[:shape_width], expression_peak[:width]
    keys = build_shape_keys(head, model, identity_peak, expression_peak, units)
    _key_columns(animation, head, keys.identity, identity, keys.identity_scale, "Identity")
    _key_columns(animation, head, keys.expression, expression, keys.expression_scale, "Expression")
    if wanted:
        warnings += add_unit_keys(animation, head, sequence, model, carried)
    return keys


def _key_columns(
    animation: Animation,
    head: bpy.types.Object,
    names: tuple[str, ...],
    codes: NDArray[np.float32],
    scale: NDArray[np.float32],
    group: str,
) -> None:
    """Key one shape key a column, (T, n) codes; (n,) codes are set and not keyed."""
    keys = head.data.shape_keys
    for column, (name, factor) in enumerate(zip(names, scale, strict=True)):
        if not name:
            continue
        values = codes[..., column] / factor
        if codes.ndim == 1:
            keys.key_blocks[name].value = float(values)
        else:
            animation.write(keys, f'key_blocks["{bpy.utils.escape_identifier(name)}"].value', values, group)


def key_bones(
    animation: Animation,
    rig: bpy.types.Object,
    sequence: Sequence,
    model: FlameModel,
    codes: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Key the pose of the sequence; the rig rests at `rest_of` the identity."""
    rest = rest_of(model, codes[0])
    joints = np.broadcast_to(model.rest_joints(*codes), (sequence.frames, *rest.shape))
    key_pose(animation, rig, sequence.pose(), joints, rest, translation_for(model, sequence, *codes), sequence.scale)


def key_loudness(animation: Animation, rig: bpy.types.Object, analysis: Analysis, warnings: list[str]) -> None:
    """Key the loudness of the sequence's voice on the rig, where there is a voice."""
    warnings += analysis.warnings
    if analysis.loudness is not None:
        key_envelope(animation, rig, analysis.loudness)


def _add_camera(
    animation: Animation,
    collection: bpy.types.Collection,
    sequence: Sequence,
    model: FlameModel,
    options: ImportOptions,
    cuts: NDArray[np.int64],
    warnings: list[str],
) -> bpy.types.Object | None:
    if options.camera == "NONE":
        return None
    name = f"{sequence.name} Camera"
    if options.camera == "CROP" and sequence.camera is not None:
        camera = build_camera(name, crop_view(sequence.camera[0]))
        follow_crops(animation, camera, sequence.camera, options.crop, cuts)
    else:
        if options.camera == "CROP":
            warnings.append(f"{sequence.source}: has no camera codes, so the camera is a steady framing one.")
        camera = framing_camera(name, sequence, model, options.identity)
    camera.delta_location.x = options.offset
    if options.reference and options.camera == "CROP" and sequence.reference_image is not None:
        plate = still(f"{sequence.name} Reference", sequence.reference_image)
        show_reference(camera, plate, options.plate_opacity, options.plate_depth)
    collection.objects.link(camera)
    return camera
