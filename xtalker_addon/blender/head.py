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
_ID: Final = "xtalker_id"  # the same on the rig, its camera, its sound strip and its action
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

    def is_ours(self, action: bpy.types.Action | None) -> bool:
        """Whether an action holds the sequence's keys, or an artist's copy of them."""
        return action is not None and action.get(_ID) == self.rig.get(_ID, 0)

    @property
    def animated(self) -> list[bpy.types.ID]:
        """The data-blocks that the sequence's keys move, directly or by a strip of the NLA."""
        cameras = (self.camera, self.camera.data) if self.camera else ()
        trees = (owner.node_tree for owner in (self.material, self.scene.world) if owner)
        lamps = (item.data for item in self.scene.objects if item.type == "LIGHT")
        owners = (self.rig, self.face.data.shape_keys, *cameras, *trees, *lamps)
        return [owner for owner in owners if owner and self._action_of(owner)]

    @property
    def action(self) -> bpy.types.Action | None:
        """The sequence's keys; None where the artist has taken them away."""
        return next((self._action_of(owner) for owner in self.animated), None)

    def _action_of(self, owner: bpy.types.ID) -> bpy.types.Action | None:
        data = owner.animation_data
        strips = (strip for track in data.nla_tracks for strip in track.strips) if data else ()
        candidates = (data.action, *(strip.action for strip in strips)) if data else ()
        return next((action for action in candidates if self.is_ours(action)), None)

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


def head_of(item: bpy.types.Object | None, scene: bpy.types.Scene) -> Head | None:
    """The head that an object of `scene` belongs to: as its rig, face, camera or legend, or a child of these."""
    rig = _rig_of(item, scene)
    face = _face_of(rig, scene) if rig else None
    if rig is None or face is None:
        return None
    mark = rig.get(_ID)
    camera = next((o for o in scene.objects if o.type == "CAMERA" and mark and o.get(_ID) == mark), None)
    strips = scene.sequence_editor.strips if scene.sequence_editor else ()
    strip = next((s for s in strips if mark and s.get(_ID) == mark), None)
    return Head(scene, rig, face, camera, strip)


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
    rig["xtalker_warnings"] = "\n".join(warnings)
    for label, text in sequence.labels.items():
        rig[_LABEL + label] = text


def mark_parts(rig: bpy.types.Object, *parts: bpy.types.ID | bpy.types.Strip | None) -> None:
    """Let camera, sound strip and action be found from the rig."""
    rig[_ID] = rig.get(_ID) or uuid4().hex
    for part in parts:
        if part is not None:
            part[_ID] = rig[_ID]


def _keys_of(item: bpy.types.ID) -> list[str]:
    return list(item.keys())
