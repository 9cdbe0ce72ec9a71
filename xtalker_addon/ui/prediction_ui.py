"""A truth of the data set browser beside a prediction of it, coloured by their distance."""

from dataclasses import replace
from pathlib import Path

import bpy

from ..blender import compare
from ..blender.head import free_place, head_of
from ..blender.importer import ImportOptions, import_steps
from ..blender.steps import Steps, beside, within
from ..core.evaluation.pairing import pair_paths, read_prediction
from ..core.formats import read_sequence
from ..core.formats.labels import PREDICTION
from ..core.sequence import IdentityMode, Sequence
from ..errors import UsageError
from . import browser
from .browser_operators import EntryOperator
from .choices import chosen_rate
from .first_look import frame, hide_startup_cube, show_looks
from .import_settings import SPACING, vertex_folder
from .long_work import LongWork
from .preferences import current_model, preferences, preferred_model_path

_TICKED = 2  # a truth and its prediction


class XTALKER_OT_compare_prediction(EntryOperator, LongWork, bpy.types.Operator):
    """Import the chosen sequence and its prediction from a folder, or two that are ticked: coloured by distance"""

    bl_idname = "xtalker.compare_prediction"
    bl_label = "Compare with Prediction"
    bl_options = {"UNDO", "INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    seconds_at_once = 0.0

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the folder of predictions, where it is needed."""
        if self.directory or len(browser.ticked()) == _TICKED:
            return super().invoke(context, event)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """After the file browser Blender allows no work that can be watched: that is begun anew."""
        if not self.options.is_invoke or bpy.app.background:
            return super().execute(context)
        bpy.ops.xtalker.compare_prediction("INVOKE_DEFAULT", directory=self.directory)
        return {"CANCELLED"}

    def steps(self, context: bpy.types.Context) -> Steps[set[str]]:
        """Raises XTalkerError."""
        scene, chosen = context.scene, preferences()
        model = current_model(preferred_model_path())
        paths, fps = self._paths(), chosen_rate(context.window_manager.xtalker_browser.fps)
        truth, prediction = yield from beside(lambda _watch: _read(*paths, fps), 0.0, 0.1)
        identity: IdentityMode = chosen.identity if chosen and chosen.identity != "per_frame" else "mean"
        options = ImportOptions(
            identity=identity,
            vertices=vertex_folder(),
            camera=chosen.camera if chosen else "FRAMING",
            offset=free_place(scene, SPACING),
        )
        first = yield from within(0.1, 0.5, import_steps(truth, model, options))
        options = replace(
            options,
            offset=options.offset + SPACING,
            start_frame=round(first.frame_start),
            adapt_scene=False,
            sound=False,
            envelope=False,
            camera="NONE",
        )
        prediction, remarks = _on_identity_of(truth, prediction, identity)
        second = yield from within(0.5, 0.95, import_steps(prediction, model, options))
        heads = [head_of(result.rig, scene) for result in (second, first)]
        assert heads[0]
        assert heads[1]
        legend = compare.begin(heads[0], heads[1], compare.MAXIMUM_MM)
        for item in context.selected_objects:
            item.select_set(False)
        second.rig.select_set(True)
        context.view_layer.objects.active = second.rig
        if hide_startup_cube(scene):
            self.report({"INFO"}, "The start-up cube stood around the heads and is hidden now")
        show_looks(context, "MATERIAL")
        frame(context, [first.head, second.head, *legend.children])
        for warning in (*first.warnings, *second.warnings, *remarks):
            self.report({"WARNING"}, warning)
        self.report({"INFO"}, f"{second.collection.name} is coloured by its distance to {first.collection.name}")
        return {"FINISHED"}

    def _paths(self) -> tuple[Path, Path, Path | None]:
        """What `_read` asks for: the truth, the predictions and the truth's tree; or the two that are ticked."""
        found = browser.catalogue()
        here = browser.entry(bpy.context.window_manager.xtalker_browser.active)
        assert found
        assert here
        if self.directory:
            return here[2], Path(bpy.path.abspath(self.directory)), found.dataset.root
        ticked = [found.source(index) for index, name in enumerate(found.names) if name in browser.ticked()]
        if len(ticked) != _TICKED:
            raise UsageError("Choose a folder of predictions, or tick a truth and its prediction, and nothing else.")
        return ticked[0], ticked[1], None


def _read(first: Path, second: Path, root: Path | None, fps: float | None) -> tuple[Sequence, Sequence]:
    """The truth and its prediction: `first` of the tree `root`, and its partner at or below `second`; without a tree
    the two, told apart by their labels. fps: the rate of the data set, where the user says so; see `read_prediction`.

    Raises SequenceError, and UsageError where there is no partner, or not one of the two is a prediction.
    """
    if root is not None:
        (pair,) = pair_paths([first], root, {PREDICTION: second}).pairs
        return read_sequence(first, fps), read_prediction(pair.predictions[PREDICTION], fps)
    both = sorted((read_sequence(first, fps), read_sequence(second, fps)), key=_is_prediction)
    if [_is_prediction(clip) for clip in both] != [False, True]:
        what = "both predictions" if _is_prediction(both[0]) else "not labelled as a prediction"
        raise UsageError(
            f"{both[0].name} and {both[1].name} are {what}; tick a truth and a prediction, or choose the truth alone "
            "and then the folder of predictions."
        )
    return both[0], both[1]


def _is_prediction(clip: Sequence) -> bool:
    return clip.labels.get("kind") == PREDICTION


def _on_identity_of(truth: Sequence, prediction: Sequence, identity: IdentityMode) -> tuple[Sequence, tuple[str, ...]]:
    """The prediction with the truth's identity, under a name of its own, and what is to be said about the two."""
    remarks: list[str] = []
    if truth.expression is None or prediction.expression is None:
        remarks.append(f"{prediction.name}: vertices keep the identity that they have, so it may count as distance.")
    else:
        prediction = replace(prediction, shape=truth.identity(identity))
    if prediction.frames / prediction.fps < truth.frames / truth.fps:
        remarks.append(
            f"{prediction.name}: lasts {prediction.seconds:.2f} s and the truth {truth.seconds:.2f} s; "
            "Measure All Frames takes the frames that both have."
        )
    return replace(prediction, name=f"{prediction.name} Prediction"), tuple(remarks)


CLASSES = (XTALKER_OT_compare_prediction,)
