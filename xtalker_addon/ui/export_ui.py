"""Exporting the active head from the side bar."""

from pathlib import Path
from typing import cast

import bpy

from ..blender import export, unit_keys
from ..blender.head import Head
from ..blender.steps import Steps
from ..errors import UsageError
from .head_operators import FileOperator, active_head, model_of
from .head_panel import HeadPanel
from .texts import write_lines

_EXCHANGE = [
    ("GLTF", "glTF", "Rig and shape keys with their motion, one binary file"),
    ("FBX", "FBX", "Rig and shape keys with their motion"),
    ("ALEMBIC", "Alembic", "The moving vertices"),
    ("USD", "USD", "The moving vertices"),
]
_CACHES = [
    ("NPY", "NumPy Cache", "An array of frames, vertices and x, y, z as float32"),
    ("PC2", "PC2 Cache", "Point cache that mesh cache modifiers read"),
]
_UNITS = [("ARKIT", "ARKit CSV", "ARKit's 52 units and the angles of head and eyes, as Live Link Face writes them")]
_KINDS = [*_EXCHANGE, *_CACHES, *_UNITS]


class XTALKER_OT_export_head(FileOperator, bpy.types.Operator):
    """Write the active head over the scene's frames"""

    bl_idname = "xtalker.export_head"
    bl_label = "Export Head"
    bl_options = {"INTERNAL"}
    only_reads = True

    kind: bpy.props.EnumProperty(name="Format", items=_KINDS, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return next(text for kind, _, text in _KINDS if kind == properties.kind)

    def check(self, _context: bpy.types.Context) -> bool:
        """Keep the format's suffix while a name is typed."""
        path = Path(self.filepath)
        suffix = export.SUFFIXES[self.kind]
        if path.suffix.lower() == suffix or not path.name:
            return False
        self.filepath = str(path.with_name(f"{path.name}{suffix}"))
        return True

    def suggest(self, context: bpy.types.Context) -> None:
        head = active_head(context)
        self.filter_glob = f"*{export.SUFFIXES[self.kind]}"
        if head:
            self.filepath = f"{bpy.path.clean_name(head.name)}{export.SUFFIXES[self.kind]}"

    def title(self) -> str:
        return f"Writing {Path(self.filepath).name}"

    def act(self, context: bpy.types.Context, head: Head) -> Steps[None]:
        self.check(context)
        path, scene = Path(bpy.path.abspath(self.filepath)), context.scene
        frames = range(scene.frame_start, scene.frame_end + 1)
        try:
            if self.kind == "ARKIT":
                for remark in (yield from unit_keys.export_steps(head, model_of(head), path, frames)):
                    self.report({"WARNING"}, remark)
            elif self.kind in ("NPY", "PC2"):
                yield from export.cache_steps(head, path, self.kind, frames)
            else:
                yield from export.export_steps(head, path, self.kind)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror}); choose another place.") from None
        self.report({"INFO"}, f"Wrote {path}, frames {frames[0]} to {frames[-1]}")


class XTALKER_PT_export(HeadPanel, bpy.types.Panel):
    bl_label = "Export"
    only_reads = True

    def draw_head(self, context: bpy.types.Context, layout: bpy.types.UILayout, head: Head) -> None:
        scene = context.scene
        layout.label(text=f"Frames {scene.frame_start} to {scene.frame_end}, the scene's")
        grid = layout.grid_flow(columns=2, even_columns=True, align=True)
        missing: list[str] = []
        for kind, title, _ in _EXCHANGE:
            row = grid.row(align=True)
            row.enabled = export.can_export(cast(export.Exchange, kind))
            row.operator("xtalker.export_head", text=title).kind = kind
            missing += [] if row.enabled else [title]
        if missing:
            write_lines(context, layout, f"This Blender was built without {' and '.join(missing)}", "INFO")
        row = layout.row(align=True)
        for kind, title, _ in (*_CACHES, *_UNITS):
            row.operator("xtalker.export_head", text=title).kind = kind


CLASSES = (XTALKER_OT_export_head, XTALKER_PT_export)
