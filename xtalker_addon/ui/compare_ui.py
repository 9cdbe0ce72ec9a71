"""Comparing two heads from the side bar."""

from math import ceil, floor

import bpy
import numpy as np

from ..blender import compare, presence
from ..blender.head import REFERENCE, Head, head_of, selected_heads
from ..blender.importer import ImportOptions, import_steps
from ..blender.steps import Steps, beside, within
from ..blender.timing import span_of
from ..core.formats import read_sequence
from ..errors import UsageError, XTalkerError
from .head_operators import HeadOperator, active_head, model_of
from .head_panel import HeadPanel
from .import_settings import vertex_folder
from .texts import write_lines


class XTALKER_OT_compare_heads(HeadOperator, bpy.types.Operator):
    """Colour the active head by its distance to another selected one; where it is selected alone, to its own file"""

    bl_idname = "xtalker.compare_heads"
    bl_label = "Compare"

    def act(self, context: bpy.types.Context, head: Head):
        others = [other for other in selected_heads(context) if other.rig != head.rig]
        maximum = compare.maximum_of(head) or compare.MAXIMUM_MM
        compare.end(head)
        reference = None if others else (yield from _import_again(context, head))
        other = reference or others[0]
        compare.begin(head, other, maximum, "Its File" if reference else "")
        shading = context.space_data.shading if context.area and context.area.type == "VIEW_3D" else None
        if shading and shading.type in {"SOLID", "WIREFRAME"}:
            shading.type = "MATERIAL"


class XTALKER_OT_measure_heads(HeadOperator, bpy.types.Operator):
    """Go through the frames and write the distances as curves on the legend, for the Graph Editor"""

    bl_idname = "xtalker.measure_heads"
    bl_label = "Measure All Frames"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = active_head(context)
        if not super().poll(context):
            return False
        if head is not None and compare.legend_of(head) is None:
            cls.poll_message_set("Compare this head with another first")
            return False
        return True

    def act(self, context: bpy.types.Context, head: Head):
        legend = compare.legend_of(head)
        other = _compared_to(head)
        if other is None or legend is None:
            raise UsageError("The head that this one was compared with has gone; compare again.")
        scene, errors = context.scene, []
        frames, now = _frames_of_both(scene, head, other), scene.frame_current
        try:
            for error in compare.measure(head, other, dict(_regions(head)), frames):
                errors.append(error)
                yield len(errors) / len(frames)
        finally:
            scene.frame_set(now)
        compare.write_curves(legend, frames, np.array(errors))
        return None


class XTALKER_OT_end_compare(HeadOperator, bpy.types.Operator):
    """Take the colours, the legend and the curves away again"""

    bl_idname = "xtalker.end_compare"
    bl_label = "Stop Comparing"

    def act(self, _context, head: Head):
        compare.end(head)


class XTALKER_PT_compare(HeadPanel, bpy.types.Panel):
    bl_label = "Compare"

    def draw_head(self, context: bpy.types.Context, layout: bpy.types.UILayout, head: Head) -> None:
        legend = compare.legend_of(head)
        others = len(selected_heads(context)) > 1
        if legend is None:
            text = "Compare with Selected" if others else "Compare with Its File"
            layout.operator("xtalker.compare_heads", text=text, icon="MOD_VERTEX_WEIGHT")
            if compare.is_coloured(head):
                layout.operator("xtalker.end_compare", icon="X")
            return
        write_lines(context, layout, f"Distance to {legend['xtalker_other']}")
        layout.prop(head.rig.xtalker, "compare_maximum")
        for name, mean, largest, worst in compare.numbers_of(legend):
            box = layout.box().column(align=True)
            box.scale_y = 0.85
            box.label(text=name.removesuffix(" (mm)"))
            box.label(text=f"Mean {mean:.3f} mm, largest {largest:.3f} mm")
            box.label(text=f"Worst in frame {worst}")
        layout.operator("xtalker.measure_heads", icon="FCURVE")
        layout.operator("xtalker.end_compare", icon="X")


def _import_again(context: bpy.types.Context, head: Head) -> Steps[Head | None]:
    """The head as its file has it, hidden, to compare an artist's edit with."""
    options = ImportOptions(
        identity=head.identity, person=head.person, start_frame=round(head.frames[0]), adapt_scene=False, sound=False,
        camera="NONE", envelope=False, vertices=vertex_folder(),
    )  # fmt: skip
    source = bpy.path.abspath(head.source)
    sequence = yield from beside(lambda _watch: read_sequence(source, head.given_fps), 0.0, 0.2)
    result = yield from within(0.2, 1.0, import_steps(sequence, model_of(head), options))
    found = head_of(result.rig, context.scene)
    if found:
        found.rig[REFERENCE] = True
        presence.mute(found, True)
    return found


def _compared_to(head: Head) -> Head | None:
    face = compare.other_of(head)
    return next((head_of(face, scene) for scene in face.users_scene), None) if face else None


def _frames_of_both(scene: bpy.types.Scene, head: Head, other: Head) -> range:
    """The frames of the scene's range in which both heads move. Raises UsageError where there are none."""
    spans = [span_of(head), span_of(other)]
    first = max(scene.frame_start, ceil(max(start for start, _ in spans)))
    last = min(scene.frame_end, floor(min(end for _, end in spans)))
    if last < first:
        raise UsageError(f"{head.name} and {other.name} share no frame of the scene's range; move one or widen it.")
    return range(first, last + 1)


def _regions(head: Head):
    """Vertex ids of the face and the lips, where the model names them."""
    try:
        return model_of(head).regions
    except XTalkerError:
        return {}


CLASSES = (XTALKER_OT_compare_heads, XTALKER_OT_measure_heads, XTALKER_OT_end_compare, XTALKER_PT_compare)
