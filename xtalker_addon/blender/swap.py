"""Another sequence, identity, camera or model for a head that is there already: objects, material and look stay."""

from __future__ import annotations

import re

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.model.flame import FlameModel
from ..core.model.placement import as_person, not_shown
from ..core.model.skinning import JOINTS
from ..core.motion.camera import CropMode
from ..core.motion.cuts import find_cuts
from ..core.sequence import IdentityMode, Sequence
from ..errors import ModelError, UsageError
from .adaption import Freedom, follow, freedom_in, settle_rate, told_rate
from .camera import crop_of, follow_crops, forget_crops, is_reference, show_reference
from .envelope import ENVELOPE
from .head import Head, describe, head_of, mark_parts
from .importer import (
    Analysis,
    ImportOptions,
    analyse,
    fitted_codes,
    framing_camera,
    key_bones,
    key_codes,
    key_loudness,
    rest_of,
)
from .keys import Animation
from .material import SH_NODE, set_look
from .mesh import build_mesh
from .motion import LAYERS, Layer, amount_of, freeze, is_frozen, set_amount
from .rig import drive_correctives, drop_scale, move_rest
from .scene_light import add_lamps, light_head
from .sound import add_sound_strip, take_over
from .surface import skin, still
from .timing import plain_keys, set_timing, timing_of
from .unit_keys import has_unit_keys


def replace_sequence(
    head: Head,
    sequence: Sequence,
    model: FlameModel,
    identity: IdentityMode,
    adapt: bool = True,
    analysis: Analysis | None = None,
    person: str | None = None,
) -> list[str]:
    """Put `sequence` on `model` into the head's place; returns warnings for the user.

    What the artist did to the objects stays: names, transforms, material, modifiers, camera, amounts, offset, speed.
    Keys, light, sound and the facts are the new sequence's. adapt: let the scene's range and rate follow where they are
    free (see `adaption.freedom_in`).
    analysis: the sequence's, where it is known already. person: of the model's people, who shows it.
    Raises ModelError where the codes do not fit, UsageError where the model has no such person, before anything is
    changed.
    """
    if not head.has_codes:
        raise ModelError(
            f"{head.name}: is moved by vertices, not by keys; import {sequence.name} as a head of its own."
        )
    unlit = sequence.light is None
    sequence = as_person(sequence, model, person)
    options = ImportOptions(identity=identity)
    codes = fitted_codes(sequence, model, options)
    analysis = analysis or analyse(sequence)
    warnings = [*sequence.remarks(), *not_shown(model, sequence)]
    free, timing = freedom_in(head.scene, head) if adapt else Freedom(), timing_of(head)
    amounts: list[tuple[Layer, float, bool]] = [
        (layer, amount_of(head, layer), is_frozen(head, layer)) for layer in LAYERS
    ]
    set_timing(head, 0.0, 1.0)
    scene = head.scene
    rate = settle_rate(scene, sequence, free.rate)
    frames = float(head.rig["xtalker_start"]) + np.arange(sequence.frames) * (rate / sequence.fps)

    old_name, crop, lamps = head.name, crop_mode(head), head.lamps
    world = head.world
    _clear_codes(head)
    _drop_keys(head)
    other_model = str(head.rig["xtalker_model_source"]) != str(model.source)
    if other_model or len(head.face.data.vertices) != model.vertex_count:
        warnings += _replace_mesh(head.face, model)
        other_model = True
    animation = Animation(sequence.name, frames, cuts=analysis.cuts)
    keys = key_codes(animation, head.face, sequence, model, codes, options, warnings)
    if other_model:
        drive_correctives(head.face, head.rig, keys.corrective)
    move_rest(head.rig, rest_of(model, codes[0]))
    key_bones(animation, head.rig, sequence, model, codes)
    if unlit and head.material and person != head.person:
        set_look(head.material, "SH" if person else "STUDIO")
    _replace_light(animation, head, sequence, lamps, world, warnings)
    head.rig.pop(ENVELOPE, None)
    key_loudness(animation, head.rig, analysis, warnings)
    _put_on_skin(head, sequence, model, warnings)

    describe(head.rig, sequence, model, frames, identity, warnings, person)
    mark_parts(head.rig, animation.action)
    _replace_sound(head, sequence, round(float(frames[0])))
    _rename(head, old_name, sequence.name)
    found = head_of(head.rig, scene)
    assert found is not None
    head = found
    if head.camera and not _is_kept(head, warnings):
        set_camera(head, sequence, model, crop, warnings, analysis.cuts)
    for layer, amount, frozen in amounts:
        set_amount(head, layer, amount)
        freeze(head, layer, frozen)
    if timing != (0.0, 1.0):
        set_timing(head, *timing)
    follow(scene, free, None)
    return warnings + told_rate(scene, sequence)


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

    Raises UsageError where an artist has animated the camera.
    """
    moved = _moved_by_artist(head)
    if moved:
        raise UsageError(f"{moved.name}: has keys of its own, which are kept; unlink their action first.")
    with plain_keys(head):
        return _point_camera(head, sequence, model, crop, warnings, cuts)


def _is_kept(head: Head, warnings: list[str]) -> bool:
    """Whether an artist has animated the camera, which is told then."""
    moved = _moved_by_artist(head)
    if moved:
        warnings.append(f"{moved.name}: has keys of its own and stays where they move it.")
    return moved is not None


def _moved_by_artist(head: Head) -> bpy.types.ID | None:
    """What of the head's camera has keys that are not the sequence's."""
    owners = (head.camera, head.camera.data) if head.camera else ()
    animated = (owner for owner in owners if owner.animation_data and owner.animation_data.action)
    return next((owner for owner in animated if not head.is_ours(owner.animation_data.action)), None)


def _point_camera(
    head: Head,
    sequence: Sequence,
    model: FlameModel,
    crop: CropMode | None,
    warnings: list[str],
    cuts: NDArray[np.int64] | None,
) -> bpy.types.Object:
    steady = framing_camera(head.name, as_person(sequence, model, head.person), model, head.identity)
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
    old = [plate for plate in plates if is_reference(plate)]
    shown = camera.data.show_background_images or not old
    opacity = old[0].alpha if old else 0.5
    for plate in old:
        image = plate.image
        plate.driver_remove("frame_method")  # else the artist's image that comes into this place would follow it
        plate.driver_remove("frame_method")
        plates.remove(plate)
        if image and not image.users:
            bpy.data.images.remove(image)
    if sequence.reference_image is not None and (old or is_crop):
        show_reference(camera, still(f"{sequence.name} Reference", sequence.reference_image), opacity)
        camera.data.show_background_images = shown


def _drop_keys(head: Head) -> None:
    """Take the old sequence's keys away from all that they move."""
    actions = {head.action_of(owner) for owner in head.animated}
    for owner in head.animated:
        owner.animation_data.action = None
        for bone in [owner.pose.bones.get(joint) for joint in JOINTS] if owner == head.rig else ():
            if bone:
                bone.rotation_quaternion, bone.location = (1, 0, 0, 0), (0, 0, 0)
    drop_scale(head.rig)
    for action in actions:
        if action and not action.users:
            bpy.data.actions.remove(action)


def _drop_curves(head: Head, owners: tuple[bpy.types.ID, ...]) -> None:
    """Take the sequence's curves of some data-blocks away; the rest of the action stays."""
    for owner in owners:
        action = head.action_of(owner)
        if action:
            slot = owner.animation_data.action_slot
            owner.animation_data.action = None
            action.slots.remove(slot)


def _clear_codes(head: Head) -> None:
    """No expression and no identity, so that columns which the next sequence lacks do not keep the last one's.

    Shape keys that an artist added stay as they are.
    """
    keys = head.face.data.shape_keys
    keyed = {curve.data_path for curve in head.curves_of(keys)}
    for key in keys.key_blocks[1:]:
        if key.path_from_id("value") in keyed or key.name.startswith("identity_"):
            key.value = 0.0


def _replace_mesh(face: bpy.types.Object, model: FlameModel) -> list[str]:
    """Another model's mesh in the same object, with the same materials; returns what went with the old one."""
    old, had_units = face.data, has_unit_keys(face)
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
    gone = f"{face.name}: its keys of ARKit's units went with the other model; import the sequence anew with them."
    return [gone] if had_units else []


def _replace_light(
    animation: Animation,
    head: Head,
    sequence: Sequence,
    old: list[bpy.types.Object],
    world: bpy.types.World | None,
    warnings: list[str],
) -> None:
    """The new light on the head and its world, and lamps fitted to it where there were some and it has a light."""
    for tree in (owner.node_tree for owner in (head.material, world) if owner):
        node = tree.nodes.get(SH_NODE) if tree else None
        if node:
            light_head(animation, sequence, tree, node)
    if not old:
        return
    collection = old[0].users_collection[0]
    for lamp in old:
        light = lamp.data
        bpy.data.objects.remove(lamp)
        bpy.data.lights.remove(light)
    if world:
        head.scene.world = None
        bpy.data.batch_remove([world] if not world.users else [])
    if sequence.light is not None:
        warnings += add_lamps(animation, head.scene, sequence, collection, head.rig)


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
    old = [(strip.id_data, strip) for strip in head.strips] or [(head.scene, None)]
    for scene, strip in old:
        new = None
        if sequence.audio is not None:
            new = add_sound_strip(scene, sequence.name, sequence.audio, start)
            mark_parts(head.rig, new)
        if strip:
            sound, channel = strip.sound, strip.channel
            if new:
                take_over(new, strip)
            scene.sequence_editor.strips.remove(strip)
            if new:
                new.channel = channel
            if sound and not sound.users:
                bpy.data.sounds.remove(sound)


def _rename(head: Head, old: str, new: str) -> None:
    """Follow the sequence's name, except where the artist chose another."""
    parts = (head.rig, head.rig.data, head.face, head.face.data, head.camera, head.material)
    for part in (*parts, head.camera and head.camera.data, *head.rig.users_collection):
        ours = re.fullmatch(rf"{re.escape(old)}( Head| Camera)?(\.\d+)?", part.name) if part else None
        if part and ours:
            part.name = new + (ours[1] or "")
