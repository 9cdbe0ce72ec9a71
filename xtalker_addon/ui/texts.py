"""Texts that fit the side bar and the preferences."""

import blf
import bpy

_ICON = 20  # pixels at a scale of 1


def write_lines(
    context: bpy.types.Context, layout: bpy.types.UILayout, text: str, icon: str = "NONE", share: float = 1.0
) -> None:
    """A paragraph, broken to the width of the region, or to a share of it."""
    room = share * context.region.width - (62 + _ICON * (icon != "NONE")) * context.preferences.system.ui_scale
    column = layout.column(align=True)
    column.scale_y = 0.8
    for index, line in enumerate(break_lines(context, text, room)):
        column.label(text=line, icon=icon if index == 0 else "BLANK1" if icon != "NONE" else "NONE", translate=False)


def break_lines(context: bpy.types.Context, text: str, room: float) -> list[str]:
    """The text in lines of at most `room` pixels, broken between words, and inside of words that are too long."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if _width(context, longer) <= room:
            lines[-1] = longer
            continue
        lines.append("")
        for letter in word:
            if lines[-1] and _width(context, lines[-1] + letter) > room:
                lines.append("")
            lines[-1] += letter
    return [line for line in lines if line]


def fits(context: bpy.types.Context, text: str, room: float) -> bool:
    """Whether the text takes at most `room`, pixels at a scale of 1."""
    return _width(context, text) <= room * context.preferences.system.ui_scale


def shorten(context: bpy.types.Context, text: str, room: float) -> str:
    """The text if it fits into `room` (pixels at a scale of 1), else without its middle: the ends tell things apart."""
    if fits(context, text, room):
        return text
    room *= context.preferences.system.ui_scale
    enough, too_long = 0, len(text)
    while too_long - enough > 1:
        letters = (enough + too_long) // 2
        if _width(context, _without_middle(text, letters)) <= room:
            enough = letters
        else:
            too_long = letters
    return _without_middle(text, enough)


def _without_middle(text: str, letters: int) -> str:
    """Both ends, `letters` in all; the end has more of them, as numbers stand there."""
    front = int(0.4 * letters)
    return f"{text[:front]}…{text[len(text) - (letters - front) :]}" if letters else "…"


def _width(context: bpy.types.Context, text: str) -> float:
    """In pixels."""
    blf.size(0, context.preferences.ui_styles[0].widget.points * context.preferences.system.ui_scale)
    return blf.dimensions(0, text)[0]
