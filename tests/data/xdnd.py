"""Drops files on a window as file managers do: the source's side of XDND, version 5, on any X display."""

from __future__ import annotations

import time
from pathlib import Path

from Xlib import XK, X, Xatom, display
from Xlib.ext import xtest
from Xlib.protocol import event

_VERSION = 5
_PATIENCE = 30.0  # seconds that a window may take to answer


class Screen:
    """A pointer and a keyboard on an X display, and files to drag over it."""

    def __init__(self, name: str) -> None:
        self._display = display.Display(name)
        self._root = self._display.screen().root
        self._source = self._root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)

    def press(self, keysym: str) -> None:
        """Strike a key."""
        code = self._display.keysym_to_keycode(XK.string_to_keysym(keysym))
        for kind in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(self._display, kind, code)
        self._display.sync()

    def drop(self, x: int, y: int, files: list[Path]) -> None:
        """Drag files to a place on the screen and let go. Raises TimeoutError where no window takes them."""
        uris = "".join(f"{path.as_uri()}\r\n" for path in files).encode()
        self._source.set_selection_owner(self._atom("XdndSelection"), X.CurrentTime)
        self._point(x, y)
        target = self._aware_window()
        self._tell(target, "XdndEnter", _VERSION << 24, self._atom("text/uri-list"), 0, 0)
        for step in range(8):
            self._point(x - 8 + step, y)
            self._tell(
                target, "XdndPosition", 0, ((x - 8 + step) << 16) | y, X.CurrentTime, self._atom("XdndActionCopy")
            )
            self._answer(uris, "XdndStatus")
        self._tell(target, "XdndDrop", 0, X.CurrentTime, 0, 0)
        self._answer(uris, "XdndFinished")

    def _atom(self, name: str) -> int:
        return self._display.intern_atom(name)

    def _point(self, x: int, y: int) -> None:
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y)
        self._display.sync()
        time.sleep(0.05)

    def _aware_window(self):
        """The innermost window below the pointer that takes drops."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            window, found = self._root, None
            while window := window.query_pointer().child:
                if window.get_full_property(self._atom("XdndAware"), X.AnyPropertyType):
                    found = window
            if found:
                return found
            time.sleep(0.1)
        raise TimeoutError("no window below the pointer takes drops")

    def _tell(self, target, kind: str, *values: int) -> None:
        data = (32, [self._source.id, *values])
        target.send_event(event.ClientMessage(window=target, client_type=self._atom(kind), data=data))
        self._display.flush()

    def _answer(self, uris: bytes, last: str) -> None:
        """Hand out what is dragged to whom asks, until the target says `last`."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if not self._display.pending_events():
                time.sleep(0.01)
                continue
            said = self._display.next_event()
            if said.type == X.SelectionRequest:
                self._hand_over(said, uris)
            elif said.type == X.ClientMessage and said.client_type == self._atom(last):
                return
        raise TimeoutError(f"the window did not answer with {last}")

    def _hand_over(self, asked, uris: bytes) -> None:
        if asked.target == self._atom("TARGETS"):
            asked.requestor.change_property(asked.property, Xatom.ATOM, 32, [self._atom("text/uri-list")])
        else:
            asked.requestor.change_property(asked.property, asked.target, 8, uris)
        answer = event.SelectionNotify(
            time=asked.time,
            requestor=asked.requestor,
            selection=asked.selection,
            target=asked.target,
            property=asked.property,
        )
        asked.requestor.send_event(answer)
        self._display.flush()
