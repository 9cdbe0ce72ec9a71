"""What can be done with an imported head, as buttons of the head panel."""

from collections.abc import Callable
from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from ..blender import presence
from ..blender.head import Head, head_of
from ..blender.importer import light_scene
from ..blender.keys import Animation
from ..blender.swap import replace_sequence, set_camera
from ..core.cuts import find_cuts
from ..core.flame import FlameModel
from ..core.formats import read_sequence
from ..core.sequence import Sequence
from ..errors import XTalkerError
from .choices import CAMERAS, IDENTITIES
from .import_settings import sequence_of
from .preferences import current_model, preferred_model_path


def active_head(context: bpy.types.Context) -> Head | None:
    """The head that the active object belongs to."""
    return head_of(context.active_object, context.scene)


class HeadOperator:
    """An operator on the active head: `act` does the work, and what it raises is told."""

    report: Callable[[set[str], str], None]
    poll_message_set: Callable[[str], None]
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def act(self, context: bpy.types.Context, head: Head) -> list[str] | None:
        """Returns warnings for the user, if any."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = active_head(context)
        if head is None:
            cls.poll_message_set("Select an imported head")
        elif head.rig.library or head.face.library:
            cls.poll_message_set("This head is linked from another file: make it local first")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = active_head(context)
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        try:
            for warning in (self.act(context, head) if head else None) or ():
                self.report({"WARNING"}, warning)
        except XTalkerError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def model_of(head: Head) -> FlameModel:
    """The model that the head was built on. XTalker's own is found wherever XTalker is installed now."""
    own = str(head.rig["xtalker_model"]) == current_model("").name
    return current_model("" if own else str(head.rig["xtalker_model_source"]))


def sequence_shown(head: Head) -> Sequence:
    """The head's sequence, read again. Raises SequenceError where its files have gone."""
    return read_sequence(bpy.path.abspath(head.source))


class XTALKER_OT_set_identity(HeadOperator, bpy.types.Operator):
    """Show another identity of the sequence: its mean, median, first, or each frame's own"""

    bl_idname = "xtalker.set_identity"
    bl_label = "Set Identity"

    identity: bpy.props.EnumProperty(name="Identity", items=IDENTITIES)

    def act(self, _context, head: Head):
        return replace_sequence(head, sequence_shown(head), model_of(head), self.identity, adapt=False)


class XTALKER_OT_set_camera(HeadOperator, bpy.types.Operator):
    """Point the head's camera at it: steadily, or with the crop of each frame"""

    bl_idname = "xtalker.set_camera"
    bl_label = "Set Camera"

    kind: bpy.props.EnumProperty(name="Camera", items=CAMERAS[:2])

    def act(self, context, head: Head):
        warnings: list[str] = []
        context.scene.camera = set_camera(head, sequence_shown(head), model_of(head), self.kind, warnings)
        return warnings


class XTALKER_OT_look_through_camera(HeadOperator, bpy.types.Operator):
    """Make the head's camera the active one and look through it"""

    bl_idname = "xtalker.look_through_camera"
    bl_label = "Look Through Camera"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = active_head(context)
        if head is not None and head.camera is None:
            cls.poll_message_set("This head has no camera: set one first")
            return False
        return super().poll(context)

    def act(self, context, head: Head):
        context.scene.camera = head.camera
        if context.area and context.area.type == "VIEW_3D":
            context.space_data.region_3d.view_perspective = "CAMERA"


class XTALKER_OT_light_scene(HeadOperator, bpy.types.Operator):
    """Light the whole scene by a world made of this sequence's light"""

    bl_idname = "xtalker.light_scene"
    bl_label = "Light Scene by This Head"

    def act(self, context, head: Head):
        sequence = sequence_shown(head)
        animation = Animation(head.name, head.frames, head.action, find_cuts(sequence))
        return light_scene(animation, context.scene, sequence)


class XTALKER_OT_mute_head(HeadOperator, bpy.types.Operator):
    """Hide and silence this head, or bring it back"""

    bl_idname = "xtalker.mute_head"
    bl_label = "Mute"

    def act(self, _context, head: Head):
        presence.mute(head, not presence.is_muted(head))


class XTALKER_OT_solo_head(HeadOperator, bpy.types.Operator):
    """Hide and silence all other heads, or bring them back"""

    bl_idname = "xtalker.solo_head"
    bl_label = "Solo"

    def act(self, _context, head: Head):
        presence.solo(head, not presence.is_solo(head))


class XTALKER_OT_swap_sequence(HeadOperator, bpy.types.Operator, ImportHelper):
    """Show another sequence on this head: same objects, material and camera; new keys, sound and light"""

    bl_idname = "xtalker.swap_sequence"
    bl_label = "Swap Sequence"

    filter_glob: bpy.props.StringProperty(default="*.npz;*.npy", options={"HIDDEN"})

    def act(self, _context, head: Head):
        sequence = read_sequence(sequence_of(Path(bpy.path.abspath(self.filepath))))
        return replace_sequence(head, sequence, model_of(head), head.identity)


class XTALKER_OT_relink_model(HeadOperator, bpy.types.Operator, ImportHelper):
    """Build this head on another model file: FLAME .pkl, converted .npz, or a folder"""

    bl_idname = "xtalker.relink_model"
    bl_label = "Choose Model"

    filter_glob: bpy.props.StringProperty(default="*.npz;*.pkl", options={"HIDDEN"})
    use_preferred: bpy.props.BoolProperty(name="Model of the Preferences", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return self.execute(context) if self.use_preferred else ImportHelper.invoke(self, context, event)

    def act(self, _context, head: Head):
        model = current_model(preferred_model_path() if self.use_preferred else bpy.path.abspath(self.filepath))
        return replace_sequence(head, sequence_shown(head), model, head.identity, adapt=False)


CLASSES = (
    XTALKER_OT_set_identity,
    XTALKER_OT_set_camera,
    XTALKER_OT_look_through_camera,
    XTALKER_OT_light_scene,
    XTALKER_OT_mute_head,
    XTALKER_OT_solo_head,
    XTALKER_OT_swap_sequence,
    XTALKER_OT_relink_model,
)
