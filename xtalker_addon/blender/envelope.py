"""The loudness of the voice as an animated property of the head, for drivers."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from .keys import Animation

ENVELOPE: str = "envelope"


def key_envelope(animation: Animation, rig: bpy.types.Object, envelope: NDArray[np.floating]) -> None:
    """Key the rig's custom property `envelope` with (T,) loudness: the mean amplitude while each frame shows."""
    rig[ENVELOPE] = float(envelope[0])
    rig.id_properties_ui(ENVELOPE).update(
        min=0.0, soft_max=1.0, description="Loudness of the voice: the mean amplitude of the sound in this frame"
    )
    animation.write(rig, f'["{ENVELOPE}"]', np.asarray(envelope), "Sound")


def drive_by_envelope(owner: bpy.types.ID, data_path: str, rig: bpy.types.Object, expression: str) -> None:
    """Drive a property by the loudness of a head's voice, `envelope` in the expression: `0.2 + 3 * envelope`."""
    driver = owner.driver_add(data_path).driver
    driver.type = "SCRIPTED"
    variable = driver.variables.new()
    variable.name, variable.type = "envelope", "SINGLE_PROP"
    variable.targets[0].id, variable.targets[0].data_path = rig, f'["{ENVELOPE}"]'
    driver.expression = expression
