"""An imported head, found again by marks on its parts: names, collections and parents may change freely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast
from uuid import uuid4

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.model.flame import FlameModel
from ..core.sequence import IdentityMode, Sequence

_MARK: Final = "xtalker_source"  # on the rig: it is a head, and this is where it came from
_ID: Final = "xtalker_id"  # the same on the rig and its action, and on copies of the two
_HEAD: Final = "xtalker_head"  # on camera, lamp, world, legend and sound strip: the rig, which copies follow as they do
COMPARED: Final = "xtalker_compare"  # on the legend of a comparison: the id of the head that it belongs to
REFERENCE: Final = "xtalker_is_reference"  # on a rig that only serves a comparison
_FPS_SOURCE: Final = "xtalker_fps_source"
_LABEL: Final = "xtalker_label_"
_RIGS: Final = ("ARMATURE", "EMPTY")  # of a head of keys, of a head of vertices


@dataclass(frozen=True, slots=True)
class Head:
    """A head in a scene. `strip` is the sound's; camera and strip may have been deleted by the artist."""

    scene: bpy.types.Scene
    rig: bpy.types.Object
    face: bpy.types.Object
    camera: bpy.types.Object | None
    strip: bpy.types.Strip | None

    @property
    def name(self) -> str:
        """The sequence's."""
        return str(self.rig["xtalker_name"])

    @property
    def identity(self) -> IdentityMode:
        """Which of the sequence's identities the head has."""
        return cast(IdentityMode, self.rig["xtalker_identity"])

    @property
    def person(self) -> str | None:
        """Who of the model's people the head is; None: whom the sequence says."""
        return str(self.rig.get("xtalker_person", "")) or None

    @property
    def source(self) -> str:
        """The file or folder that the sequence was read from."""
        return str(self.rig[_MARK])

    @property
    def given_fps(self) -> float | None:
        """Frames a second of the sequence as the user gave them; None where the data told them."""
        return float(self.rig["xtalker_fps"]) if self.rig.get(_FPS_SOURCE) == "given" else None

    @property
    def material(self) -> bpy.types.Material | None:
        """The material of the face; None where the artist has taken it away."""
        return self.face.data.materials[0] if self.face.data.materials else None

    @property
    def has_codes(self) -> bool:
        """Whether keys of codes move the face, not vertices out of a file."""
        return not _plays_vertices(self.face)

    @property
    def strips(self) -> list[bpy.types.Strip]:
        """The head's sound in this and in other scenes that show the same head."""
        return [strip for scene in bpy.data.scenes for strip in _strips_of(self.rig, scene)]

    @property
    def lamps(self) -> list[bpy.types.Object]:
        """Lamps that were fitted to the sequence's light."""
        lights = (item for item in self.scene.objects if item.type == "LIGHT" and self.owns(item))
        return [lamp for lamp in lights if self.action_of(lamp.data)]

    @property
    def world(self) -> bpy.types.World | None:
        """The scene's world, where it is made of the sequence's light."""
        world = self.scene.world
        return world if world and world.node_tree and self.owns(world) and self.action_of(world.node_tree) else None

    def owns(self, part: bpy.types.ID) -> bool:
        """Whether a part of the scene is not marked as another head's; what earlier versions made has no mark."""
        return _HEAD not in part or part[_HEAD] == self.rig

    def is_ours(self, action: bpy.types.Action | None) -> bool:
        """Whether an action holds the sequence's keys, or an artist's copy of them."""
        return action is not None and action.get(_ID) == self.rig.get(_ID, 0)

    @property
    def animated(self) -> list[bpy.types.ID]:
        """The data-blocks that the sequence's keys move, directly or by a strip of the NLA."""
        cameras = (self.camera, self.camera.data) if self.camera else ()
        trees = (owner.node_tree for owner in (self.material, self.world) if owner)
        lamps = (lamp.data for lamp in self.lamps)
        owners = (self.rig, self.face.data.shape_keys, *cameras, *trees, *lamps)
        return [owner for owner in owners if owner and self.action_of(owner)]

    @property
    def action(self) -> bpy.types.Action | None:
        """The sequence's keys, of a copied head those of one of its parts; None where the artist took them away."""
        return next((self.action_of(owner) for owner in self.animated), None)

    def action_of(self, owner: bpy.types.ID) -> bpy.types.Action | None:
        """The sequence's keys on one of its data-blocks."""
        return self._keys_of(owner)[0]

    def curves_of(self, owner: bpy.types.ID) -> list[bpy.types.FCurve]:
        """The sequence's F-curves that move one of its data-blocks, and no other's."""
        action, slot = self._keys_of(owner)
        strips = (strip for layer in action.layers for strip in layer.strips) if action and slot else ()
        bags = (strip.channelbag(slot) for strip in strips)
        return [curve for bag in bags if bag for curve in bag.fcurves]

    def _keys_of(self, owner: bpy.types.ID) -> tuple[bpy.types.Action | None, bpy.types.ActionSlot | None]:
        data = owner.animation_data
        if data is None:
            return None, None
        candidates = (data, *(strip for track in data.nla_tracks for strip in track.strips))
        found = ((holder.action, holder.action_slot) for holder in candidates if self.is_ours(holder.action))
        return next(found, (None, None))

    @property
    def frames(self) -> NDArray[np.float64]:
        """(T,) scene frame of every array index, as imported: before offset and speed."""
        return float(self.rig["xtalker_start"]) + np.arange(self.rig["xtalker_frames"]) * float(
            self.rig["xtalker_step"]
        )

    @property
    def labels(self) -> Mapping[str, str]:
        """Subset, subject, emotion, transcript, ... as far as they are known."""
        return {key.removeprefix(_LABEL): str(self.rig[key]) for key in _keys_of(self.rig) if key.startswith(_LABEL)}

    @property
    def warnings(self) -> list[str]:
        """What the import had to say."""
        return str(self.rig.get("xtalker_warnings", "")).splitlines()


def heads_in(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Rigs of the imported heads of a scene."""
    return [item for item in scene.objects if item.type in _RIGS and _MARK in item]


def every_head() -> list[Head]:
    """The heads of all scenes, each once."""
    scenes = {rig: scene for scene in bpy.data.scenes for rig in heads_in(scene)}
    found = (head_of(rig, scene) for rig, scene in scenes.items())
    return [head for head in found if head]


def free_place(scene: bpy.types.Scene, spacing: float) -> float:
    """Metres along the world's x where there is room to the right of all heads; 0 where there are none."""
    places = [rig.matrix_world.translation.x for rig in heads_in(scene) if REFERENCE not in rig]
    return max(places) + spacing if places else 0.0


def head_of(item: bpy.types.Object | None, scene: bpy.types.Scene) -> Head | None:
    """The head that an object of `scene` belongs to: as its rig, face, camera or legend, or a child of these."""
    rig = _rig_of(item, scene)
    face = _face_of(rig, scene) if rig else None
    if rig is None or face is None:
        return None
    camera = next((o for o in scene.objects if o.type == "CAMERA" and belongs_to(rig, o)), None)
    return Head(scene, rig, face, camera, next(iter(_strips_of(rig, scene)), None))


def belongs_to(rig: bpy.types.Object, part: bpy.types.ID | bpy.types.Strip) -> bool:
    """Whether a part is marked as this head's: by its rig, or by an id alone as earlier versions did."""
    if _HEAD in part:
        return part[_HEAD] == rig
    return bool(rig.get(_ID)) and part.get(_ID) == rig[_ID]


def is_marked(part: bpy.types.ID) -> bool:
    """Whether a part was made for a head."""
    return _HEAD in part


def _strips_of(rig: bpy.types.Object, scene: bpy.types.Scene) -> list[bpy.types.Strip]:
    strips = scene.sequence_editor.strips if scene.sequence_editor else ()
    return [strip for strip in strips if belongs_to(rig, strip)]


def selected_heads(context: bpy.types.Context) -> list[Head]:
    """Heads of the selected objects, that of the active object first; just that where nothing is selected."""
    found: dict[bpy.types.Object, Head] = {}
    for item in (context.view_layer.objects.active, *context.selected_objects):
        head = head_of(item, context.scene)
        if head:
            found.setdefault(head.rig, head)
    return list(found.values())


def _rig_of(item: bpy.types.Object | None, scene: bpy.types.Scene) -> bpy.types.Object | None:
    while item is not None:
        if _MARK in item and item.type in _RIGS:
            return item
        if _HEAD in item:
            return item[_HEAD] if item[_HEAD] in heads_in(scene) else None
        mark = item.get(_ID) if item.type == "CAMERA" else item.get(COMPARED)
        if mark:
            return next((rig for rig in heads_in(scene) if rig.get(_ID) == mark), None)
        deformer = _armature_of(item)
        item = deformer if deformer is not None and deformer != item else item.parent
    return None


def _armature_of(item: bpy.types.Object) -> bpy.types.Object | None:
    return next((modifier.object for modifier in item.modifiers if modifier.type == "ARMATURE"), None)


def _plays_vertices(face: bpy.types.Object) -> bool:
    return any(modifier.type == "MESH_CACHE" for modifier in face.modifiers)


def _face_of(rig: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The mesh with shape keys that the rig deforms, or that carries vertices of its own on an empty."""
    if rig.type == "EMPTY":
        return next((o for o in rig.children if o.type == "MESH" and _plays_vertices(o)), None)
    deformed = (o for o in scene.objects if o.type == "MESH" and _armature_of(o) == rig)
    return next((o for o in deformed if o.data.shape_keys), None)


def describe(
    rig: bpy.types.Object,
    sequence: Sequence,
    model: FlameModel,
    frames: NDArray[np.floating],
    identity: IdentityMode,
    warnings: Iterable[str],
    person: str | None,
) -> None:
    """Write what the head shows into the rig's custom properties; frames (T,) are scene frames."""
    for key in _keys_of(rig):
        if key.startswith(_LABEL):
            del rig[key]
    rig[_MARK] = str(sequence.source)
    rig["xtalker_name"] = sequence.name
    rig["xtalker_model"] = model.name
    rig["xtalker_model_source"] = str(model.source)
    rig["xtalker_frames"] = sequence.frames
    rig["xtalker_fps"], rig[_FPS_SOURCE] = sequence.fps, sequence.fps_source
    rig["xtalker_start"] = float(frames[0])
    rig["xtalker_step"] = float(frames[1] - frames[0]) if len(frames) > 1 else 1.0
    rig["xtalker_identity"] = identity
    rig["xtalker_person"] = person or ""
    rig["xtalker_warnings"] = "\n".join(warnings)
    for label, text in sequence.labels.items():
        rig[_LABEL + label] = text


def mark_parts(rig: bpy.types.Object, *parts: bpy.types.ID | bpy.types.Strip | None) -> None:
    """Let camera, lamps, world, legend, sound strip and action be found from the rig."""
    mark = rig[_ID] = rig.get(_ID) or uuid4().hex
    for part in (part for part in parts if part is not None):
        if isinstance(part, bpy.types.Action):
            part[_ID] = mark
        else:
            part[_HEAD] = rig
            if isinstance(part, bpy.types.ID):  # else an override's mark would be the overridden rig, once it is opened
                part.property_overridable_library_set(f'["{_HEAD}"]', True)


def _keys_of(item: bpy.types.ID) -> list[str]:
    return list(item.keys())
