"""What can be done with an imported head, as buttons of the head panel."""

from collections.abc import Callable, Generator
from pathlib import Path

import bpy

from ..blender import presence
from ..blender.adaption import adapt_scene, differences
from ..blender.copies import make_own, why_not_editable
from ..blender.head import Head, head_of
from ..blender.importer import Analysis, analyse
from ..blender.keys import Animation
from ..blender.scene_light import light_scene
from ..blender.steps import Steps, Watch, beside
from ..blender.swap import replace_sequence, set_camera
from ..blender.timing import plain_keys
from ..core.formats import read_sequence
from ..core.model.flame import OWN_HEAD, FlameModel
from ..core.sequence import IdentityMode, Sequence
from .choices import CAMERAS, CROPS, FRAME_RATE, IDENTITIES, chosen_person, chosen_rate, people
from .fitting import fitted
from .import_settings import sequence_of
from .long_work import LongWork
from .preferences import current_model, preferred_model_path


def active_head(context: bpy.types.Context) -> Head | None:
    """The head that the active object belongs to; a muted one too, which a window no longer calls active."""
    return head_of(context.view_layer.objects.active, context.scene)


class HeadOperator(LongWork):
    """An operator on the active head: `act` does the work, and what it raises is told."""

    poll_message_set: Callable[[str], None]
    only_reads = False  # linked and overridden heads can be read, but what is changed on them is lost on saving
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def act(self, context: bpy.types.Context, head: Head) -> Steps[list[str] | None] | list[str] | None:
        """Does it, at once or in steps; returns warnings for the user, if any."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = active_head(context)
        if head is None:
            cls.poll_message_set("Select an imported head")
            return False
        reason = "" if cls.only_reads else why_not_editable(head)
        if reason:
            cls.poll_message_set(reason.rstrip("."))
        return not reason

    def steps(self, context: bpy.types.Context) -> Steps[set[str]]:
        head = active_head(context)
        if head and not self.only_reads:
            make_own(head)
        done = self.act(context, head) if head else None
        for warning in (yield from done) or () if isinstance(done, Generator) else done or ():
            self.report({"WARNING"}, warning)
        return {"FINISHED"}


class FileOperator(HeadOperator):
    """One that asks for a file first; with a path in hand it goes to work."""

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    seconds_at_once = 0.0

    def needs_file(self) -> bool:
        return not self.filepath

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.needs_file():
            return super().invoke(context, event)
        self.suggest(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def suggest(self, context: bpy.types.Context) -> None:
        """What the file browser begins with."""

    def execute(self, context: bpy.types.Context) -> set[str]:
        """After the file browser Blender allows no work that can be watched: that is begun anew."""
        if not self.options.is_invoke or bpy.app.background:
            return super().execute(context)
        again = getattr(bpy.ops.xtalker, self.bl_idname.rpartition("_OT_")[2])
        again("INVOKE_DEFAULT", **self.as_keywords(ignore=("filter_glob", "check_existing")))
        return {"CANCELLED"}


def model_of(head: Head) -> FlameModel:
    """The model that the head was built on. XTalker's own is found wherever XTalker is installed now."""
    own = str(head.rig["xtalker_model"]) == OWN_HEAD
    return current_model("" if own else str(head.rig["xtalker_model_source"]))


def read_again(head: Head, model: FlameModel) -> Steps[tuple[Sequence, Analysis]]:
    """What a head shows, for `model`; where bones show vertices, codes are fitted to them as at its import.

    Raises SequenceError, where its files have gone too, and ModelError.
    """
    sequence, analysis = yield from read_steps(head.source, fps=head.given_fps)
    if sequence.vertices is not None and head.rig.type == "ARMATURE":
        clip = sequence
        sequence = yield from beside(lambda watch: fitted(clip, model, watch), 0.2, 0.8)
    return sequence, analysis


def read_steps(source: str, voice: bool = True, fps: float | None = None) -> Steps[tuple[Sequence, Analysis]]:
    """Read a sequence and look through it; fps: its rate, where the user says so.

    Raises SequenceError, where its files have gone too.
    """
    path = sequence_of(Path(bpy.path.abspath(source)))

    def read(watch: Watch) -> tuple[Sequence, Analysis]:
        sequence = read_sequence(path, fps)
        return sequence, analyse(sequence, voice, watch)

    return (yield from beside(read, 0.0, 0.8))


def _as_another(head: Head, identity: IdentityMode, person: str | None) -> Steps[list[str]]:
    """The head's own sequence and model, with another identity or person."""
    model = model_of(head)
    sequence, analysis = yield from read_again(head, model)
    return replace_sequence(head, sequence, model, identity, False, analysis, person)


class XTALKER_OT_set_identity(HeadOperator, bpy.types.Operator):
    """Show another identity of the sequence: its mean, median, first, or each frame's own"""

    bl_idname = "xtalker.set_identity"
    bl_label = "Set Identity"

    identity: bpy.props.EnumProperty(name="Identity", items=IDENTITIES)

    def act(self, _context, head: Head):
        return (yield from _as_another(head, self.identity, head.person))


class XTALKER_OT_set_person(HeadOperator, bpy.types.Operator):
    """Let one of the people of XTalker's own head speak this sequence"""

    bl_idname = "xtalker.set_person"
    bl_label = "Set Person"

    person: bpy.props.EnumProperty(name="Person", items=people)

    def act(self, _context, head: Head):
        return (yield from _as_another(head, head.identity, chosen_person(self.person)))


class XTALKER_OT_set_camera(HeadOperator, bpy.types.Operator):
    """Point the head's camera at it: steadily, or with the crops that the codes were fitted to"""

    bl_idname = "xtalker.set_camera"
    bl_label = "Set Camera"

    kind: bpy.props.EnumProperty(name="Camera", items=CAMERAS[:2])
    crop: bpy.props.EnumProperty(name="Crop of", items=CROPS)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        choices, chosen = (CAMERAS, properties.kind) if properties.kind == "FRAMING" else (CROPS, properties.crop)
        return next(text for identifier, _, text in choices if identifier == chosen)

    def act(self, context, head: Head):
        sequence, analysis = yield from read_steps(head.source, voice=False, fps=head.given_fps)
        warnings: list[str] = []
        crop = self.crop if self.kind == "CROP" else None
        context.scene.camera = set_camera(head, sequence, model_of(head), crop, warnings, analysis.cuts)
        return warnings


class XTALKER_OT_look_through_camera(HeadOperator, bpy.types.Operator):
    """Make the head's camera the active one and look through it"""

    bl_idname = "xtalker.look_through_camera"
    bl_label = "Look Through Camera"
    only_reads = True

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
        sequence, analysis = yield from read_steps(head.source, voice=False, fps=head.given_fps)
        with plain_keys(head):
            animation = Animation(head.name, head.frames, head.action, analysis.cuts)
            return light_scene(animation, context.scene, sequence, head.rig)


class XTALKER_OT_adapt_scene(HeadOperator, bpy.types.Operator):
    """Set the scene's frame rate, range, camera, view transform and playback to this head's.

    The keys of heads keep their time; everything else plays its frames at the new rate
    """

    bl_idname = "xtalker.adapt_scene"
    bl_label = "Adapt Scene"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = active_head(context)
        if head is not None and not differences(head):
            cls.poll_message_set("The scene is as this head's clip wants it")
            return False
        return super().poll(context)

    def act(self, _context, head: Head):
        adapt_scene(head)


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


class XTALKER_OT_swap_sequence(FileOperator, bpy.types.Operator):
    """Show another sequence on this head: same objects, material and camera; new keys, sound and light"""

    bl_idname = "xtalker.swap_sequence"
    bl_label = "Swap Sequence"

    filter_glob: bpy.props.StringProperty(default="*.npz;*.npy;*.json;*.csv", options={"HIDDEN"})

    fps: bpy.props.FloatProperty(**FRAME_RATE)

    def act(self, _context, head: Head):
        sequence, analysis = yield from read_steps(self.filepath, fps=chosen_rate(self.fps))
        return replace_sequence(head, sequence, model_of(head), head.identity, analysis=analysis, person=head.person)


class XTALKER_OT_relink_model(FileOperator, bpy.types.Operator):
    """Build this head on another model file: FLAME .pkl, converted .npz, or a folder"""

    bl_idname = "xtalker.relink_model"
    bl_label = "Choose Model"

    filter_glob: bpy.props.StringProperty(default="*.npz;*.pkl", options={"HIDDEN"})
    use_preferred: bpy.props.BoolProperty(name="Model of the Preferences", options={"HIDDEN", "SKIP_SAVE"})

    def needs_file(self) -> bool:
        return not (self.use_preferred or self.filepath)

    def act(self, _context, head: Head):
        model = current_model(preferred_model_path() if self.use_preferred else bpy.path.abspath(self.filepath))
        sequence, analysis = yield from read_again(head, model)
        person = head.person if head.person in model.people else None  # others are nobody's but XTalker's own head's
        return replace_sequence(head, sequence, model, head.identity, False, analysis, person)


CLASSES = (
    XTALKER_OT_set_identity,
    XTALKER_OT_set_person,
    XTALKER_OT_set_camera,
    XTALKER_OT_look_through_camera,
    XTALKER_OT_light_scene,
    XTALKER_OT_adapt_scene,
    XTALKER_OT_mute_head,
    XTALKER_OT_solo_head,
    XTALKER_OT_swap_sequence,
    XTALKER_OT_relink_model,
)
