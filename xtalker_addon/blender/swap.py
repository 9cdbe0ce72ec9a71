"""Another sequence, identity, camera or model for a head that is there already: objects, material and look stay."""

from __future__ import annotations

import re

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.model.flame import FlameModel
from ..core.model.placement import not_shown
from ..core.motion.camera import CropMode
from ..core.motion.cuts import find_cuts
from ..core.sequence import IdentityMode, Sequence
from ..errors import ModelError
from .camera import crop_of, follow_crops, forget_crops, show_reference
from .envelope import ENVELOPE
from .head import Head, describe, head_of, heads_in, mark_parts
from .importer import (
    Analysis,
    ImportOptions,
    adapt_scene,
    add_lamps,
    analyse,
    fitted_codes,
    framing_camera,
    key_bones,
    key_codes,
    key_loudness,
    light_head,
    rest_of,
    settle_rate,
)
from .keys import Animation
from .material import SH_NODE
from .mesh import build_mesh
from .motion import LAYERS, Layer, amount_of, freeze, is_frozen, set_amount
from .rig import drive_correctives, drop_scale, move_rest
from .sound import add_sound_strip
from .surface import skin, still
from .timing import set_timing, timing_of


def replace_sequence(
    head: Head,
    sequence: Sequence,
    model: FlameModel,
    identity: IdentityMode,
    adapt: bool = True,
    analysis: Analysis | None = None,
) -> list[str]:
    """Put `sequence` on `model` into the head's place; returns warnings for the user.

    What the artist did to the objects stays: names, transforms, material, modifiers, camera, amounts, offset, speed.
    Keys, light, sound and the facts are the new sequence's. adapt: let the scene's range and rate follow.
    analysis: the sequence's, where it is known already.
    Raises ModelError where the codes do not fit, before anything is changed.
    """
    if not head.has_codes:
        raise ModelError(
            f"{head.name}: is moved by vertices, not by keys; import {sequence.name} as a head of its own."
        )
    options = ImportOptions(identity=identity)
    codes = fitted_codes(sequence, model, options)
    analysis = analysis or analyse(sequence)
    warnings = [*sequence.remarks(), *not_shown(model, sequence)]
    timing = timing_of(head)
    amounts: list[tuple[Layer, float, bool]] = [
        (layer, amount_of(head, layer), is_frozen(head, layer)) for layer in LAYERS
    ]
    set_timing(head, 0.0, 1.0)
    scene = head.scene
    rate = settle_rate(scene, sequence, adapt and heads_in(scene) == [head.rig], warnings)
    frames = float(head.rig["xtalker_start"]) + np.arange(sequence.frames) * (rate / sequence.fps)

    old_name, world, crop = head.name, _keyed_world(head), crop_mode(head)
    lamps = [item for item in scene.objects if item.type == "LIGHT" and item.data in head.animated]
    _drop_keys(head)
    _clear_codes(head.face)
    other_model = str(head.rig["xtalker_model_source"]) != str(model.source)
    if other_model or len(head.face.data.vertices) != model.vertex_count:
        _replace_mesh(head.face, model)
        other_model = True
    animation = Animation(sequence.name, frames, cuts=analysis.cuts)
    keys = key_codes(animation, head.face, sequence, model, codes, options, warnings)
    if other_model:
        drive_correctives(head.face, head.rig, keys.corrective)
    move_rest(head.rig, rest_of(model, codes[0]))
    key_bones(animation, head.rig, sequence, model, codes)
    for tree in (head.material and head.material.node_tree, world):
        node = tree.nodes.get(SH_NODE) if tree else None
        if node:
            light_head(animation, sequence, tree, node)

    if lamps:
        _replace_lamps(animation, head, sequence, lamps, warnings)
    head.rig.pop(ENVELOPE, None)
    key_loudness(animation, head.rig, analysis, warnings)
    _put_on_skin(head, sequence, model, warnings)

    describe(head.rig, sequence, model, frames, identity, warnings)
    mark_parts(head.rig, animation.action)
    _replace_sound(head, sequence, round(float(frames[0])))
    _rename(head, old_name, sequence.name)
    found = head_of(head.rig, scene)
    assert found is not None
    head = found
    if head.camera:
        set_camera(head, sequence, model, crop, warnings, analysis.cuts)
    for layer, amount, frozen in amounts:
        set_amount(head, layer, amount)
        freeze(head, layer, frozen)
    if timing != (0.0, 1.0):
        set_timing(head, *timing)
    if adapt:
        adapt_scene(scene, head.rig, None, frames)
    return warnings


def crop_mode(head: Head) -> CropMode | None:
    """Which crops the head's camera holds; None where it has none, or one that frames the head."""
    if head.camera is None:
        return None
    # Files of earlier versions say no more than that the camera is keyed.
    return crop_of(head.camera) or ("each" if head.camera in head.animated else None)


def set_camera(
    head: Head,
    sequence: Sequence,
    model: FlameModel,
    crop: CropMode | None,
    warnings: list[str],
    cuts: NDArray[np.int64] | None = None,
) -> bpy.types.Object:
    """Point the head's camera at the sequence; it is made where there is none.

    crop : which of the crops it holds; None: it frames the head steadily
    cuts : indices of the frames that begin another clip, where they are known already
    """
    steady = framing_camera(head.name, sequence, model, head.identity)
    camera = head.camera
    if camera is None:
        camera = steady
        camera.delta_location.x = head.rig.location.x
        (head.rig.users_collection or [head.scene.collection])[0].objects.link(camera)
        mark_parts(head.rig, camera)
    else:
        _drop_curves(head, (camera, camera.data))
        camera.location, camera.rotation_euler = steady.location, steady.rotation_euler
        camera.data.type, camera.data.ortho_scale = "ORTHO", steady.data.ortho_scale
        camera.data.sensor_fit = steady.data.sensor_fit
        camera.data.clip_start, camera.data.clip_end = steady.data.clip_start, steady.data.clip_end
        bpy.data.cameras.remove(steady.data)
    forget_crops(camera)
    if crop:
        if sequence.camera is None:
            warnings.append(f"{sequence.source}: has no camera codes, so the camera is a steady framing one.")
        elif head.action:
            cuts = find_cuts(sequence) if cuts is None else cuts
            animation = Animation(head.name, head.frames, head.action, cuts)
            follow_crops(animation, camera, sequence.camera, crop, cuts)
    _show_plate(camera, sequence, crop is not None)
    return camera


def _show_plate(camera: bpy.types.Object, sequence: Sequence, is_crop: bool) -> None:
    """The sequence's reference image with the opacity that the plate had; a crop camera gets one."""
    plates = camera.data.background_images
    old, shown = list(plates), camera.data.show_background_images or not plates
    opacity = old[0].alpha if old else 0.5
    for plate in old:
        image = plate.image
        plate.driver_remove("frame_method")
        plates.remove(plate)
        if image and not image.users:
            bpy.data.images.remove(image)
    if sequence.reference_image is not None and (old or is_crop):
        show_reference(camera, still(f"{sequence.name} Reference", sequence.reference_image), opacity)
        camera.data.show_background_images = shown


def _keyed_world(head: Head) -> bpy.types.NodeTree | None:
    tree = head.scene.world.node_tree if head.scene.world else None
    return tree if tree in head.animated else None


def _drop_keys(head: Head) -> None:
    """Take the old sequence's action away from all that it moves."""
    action = head.action
    for owner in head.animated:
        owner.animation_data.action = None
        if owner == head.rig:
            for bone in owner.pose.bones:
                bone.rotation_quaternion, bone.location = (1, 0, 0, 0), (0, 0, 0)
    drop_scale(head.rig)
    if action and not action.users:
        bpy.data.actions.remove(action)


def _drop_curves(head: Head, owners: tuple[bpy.types.ID, ...]) -> None:
    """Take the sequence's curves of some data-blocks away; the rest of the action stays."""
    action = head.action
    for owner in owners:
        data = owner.animation_data
        if action and data and data.action == action:
            slot = data.action_slot
            data.action = None
            action.slots.remove(slot)


def _clear_codes(face: bpy.types.Object) -> None:
    """No expression and no identity, so that columns which the next sequence lacks do not keep the last one's."""
    keys = face.data.shape_keys
    driven = {driver.data_path for driver in keys.animation_data.drivers} if keys.animation_data else set()
    for key in keys.key_blocks[1:]:
        if key.path_from_id("value") not in driven:
            key.value = 0.0


def _replace_mesh(face: bpy.types.Object, model: FlameModel) -> None:
    """Another model's mesh in the same object, with the same materials."""
    old = face.data
    other = build_mesh(model, old.name)
    mesh = other.data
    for material in old.materials:
        mesh.materials.append(material)
    face.data = mesh
    bpy.data.objects.remove(other)
    if not old.users:
        name = old.name
        bpy.data.meshes.remove(old)
        mesh.name = name


def _replace_lamps(
    animation: Animation, head: Head, sequence: Sequence, old: list[bpy.types.Object], warnings: list[str]
) -> None:
    """Lamps fitted to the new light; none for a sequence that has no light."""
    collection, world = old[0].users_collection[0], head.scene.world
    for lamp in old:
        light = lamp.data
        bpy.data.objects.remove(lamp)
        bpy.data.lights.remove(light)
    head.scene.world = None
    if world and not world.users:
        bpy.data.worlds.remove(world)
    if sequence.light is not None:
        warnings += add_lamps(animation, head.scene, sequence, collection)


def _put_on_skin(head: Head, sequence: Sequence, model: FlameModel, warnings: list[str]) -> None:
    """The new texture codes' skin where the old ones' was; wrinkles of another clip are smoothed out."""
    nodes = head.material.node_tree.nodes if head.material else {}
    texture, strength = nodes.get("Albedo"), nodes.get("Wrinkle Strength")
    if texture and texture.type == "TEX_IMAGE":
        picture, old = skin(sequence, model, warnings), texture.image
        if picture:
            picture.put_on(texture)
        if old and not old.users:
            bpy.data.images.remove(old)
    if strength and strength.outputs["Value"].default_value:
        strength.outputs["Value"].default_value = 0.0
        warnings.append(f"{sequence.name}: the wrinkles were another clip's and are off now; import anew for its own.")


def _replace_sound(head: Head, sequence: Sequence, start: int) -> None:
    channel, muted = (head.strip.channel, head.strip.mute) if head.strip else (None, False)
    if head.strip:
        sound = head.strip.sound
        head.scene.sequence_editor.strips.remove(head.strip)
        if sound and not sound.users:
            bpy.data.sounds.remove(sound)
    if sequence.audio is not None:
        strip = add_sound_strip(head.scene, sequence.name, sequence.audio, start)
        strip.mute = muted
        if channel is not None:
            strip.channel = channel
        mark_parts(head.rig, strip)


def _rename(head: Head, old: str, new: str) -> None:
    """Follow the sequence's name, except where the artist chose another."""
    parts = (head.rig, head.rig.data, head.face, head.face.data, head.camera, head.material)
    for part in (*parts, head.camera and head.camera.data, *head.rig.users_collection):
        ours = re.fullmatch(rf"{re.escape(old)}( Head| Camera)?(\.\d+)?", part.name) if part else None
        if part and ours:
            part.name = new + (ours[1] or "")
