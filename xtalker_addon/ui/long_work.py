"""Operators that may take long: they show how far they are, and ESC ends them as if they had not begun."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import bpy

from ..blender.rollback import Snapshot
from ..blender.steps import Steps
from ..errors import XTalkerError

_AT_ONCE_SECONDS = 0.3  # work that is over so soon is not worth a progress display
_SLICE_SECONDS = (0.1, 0.7)  # at least and at most between two looks at the keyboard


class LongWork:
    """An operator whose work is a generator. What it raises is told; whatever ends it early, the file is as before."""

    # What Blender's operators have.
    report: Callable[[set[str], str], None]
    as_keywords: Callable[..., dict[str, Any]]
    options: Any
    bl_idname: str
    bl_label: str

    # An operator that another one starts must not be done within that: it would leave no undo step.
    seconds_at_once = _AT_ONCE_SECONDS
    _timer: bpy.types.Timer | None = None

    def steps(self, context: bpy.types.Context) -> Steps[set[str]]:
        """The work: yields the share that is done, and returns what an operator returns."""
        raise NotImplementedError

    def title(self) -> str:
        """What is going on, for the status bar."""
        return self.bl_label

    def execute(self, context: bpy.types.Context) -> set[str]:
        """All of it, without a look at the keyboard: for scripts, and when settings are changed afterwards."""
        self._begin(context)
        context.window_manager.progress_begin(0, 100)
        try:
            while (result := self._go_on(context, perf_counter() + _SLICE_SECONDS[0])) is None:
                context.window_manager.progress_update(100 * self._share)
        finally:
            context.window_manager.progress_end()
        return result

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Blender's window stays alive meanwhile."""
        if bpy.app.background:
            return self.execute(context)
        self._begin(context)
        result = self._go_on(context, perf_counter() + self.seconds_at_once)
        if result is not None:
            return result
        self._left = perf_counter()
        manager = context.window_manager
        manager.progress_begin(0, 100)
        self._timer = manager.event_timer_add(0.01, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Blender hands over every event."""
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self.cancel(context)
            return {"CANCELLED"}  # Blender shows nothing but errors of operators that end so
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        # As long as the window took to be drawn, so that this does not eat up the time.
        least, most = _SLICE_SECONDS
        begun = perf_counter()
        try:
            result = self._go_on(context, begun + min(max(least, begun - self._left), most))
        except BaseException:
            self._end(context)
            raise
        self._left = perf_counter()
        if result is not None:
            self._end(context)
            return result
        context.window_manager.progress_update(100 * self._share)
        context.workspace.status_text_set(f"{self.title()}: {self._share:.0%}    ESC: Cancel")
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Take everything back. Also called by Blender: when a dialog is closed, before any work has begun; when it is
        closed itself, or another file is opened meanwhile.
        """
        if self._timer:
            self._end(context)
            self._take_back()

    def _begin(self, context: bpy.types.Context) -> None:
        self._share = 0.0
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        self._snapshot = Snapshot(context)
        self._work = self.steps(context)

    def _go_on(self, context: bpy.types.Context, until: float) -> set[str] | None:
        """Work until then; returns what the operator returns once everything is done."""
        try:
            while perf_counter() < until:
                self._share = next(self._work)
        except StopIteration as end:
            return end.value
        except XTalkerError as error:
            self._take_back()
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except BaseException:
            self._take_back()
            raise
        return None

    def _take_back(self) -> None:
        self._work.close()
        self._snapshot.restore()

    def _end(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.progress_end()
        context.workspace.status_text_set(None)
