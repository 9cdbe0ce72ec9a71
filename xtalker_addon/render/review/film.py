"""One clip as it is to be seen, frame by frame: what is drawn of it, where, from where and in which light."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...core.model.albedo import Albedo
from ...core.model.clip import Clip
from ...core.model.flame import FlameModel
from ...core.model.normals import vertex_normals
from ...core.model.placement import not_shown
from ...core.motion.camera import OrthographicView, crop_view, framing_view, steadied
from ...core.motion.cuts import find_cuts
from ...core.motion.rotation import Floats
from ...core.sequence import Sequence
from ..drawing import Device, Drawable, Rect, Shown, View
from ..settings import AUTHORS_LOOK, Look, RenderSettings
from ..triangles import close_holes
from . import authors_look
from .detail_look import Wrinkles, wrinkles_of
from .layouts import Panel, arrange
from .overlay import Overlay
from .panels import PANELS, Shows, panel_names
from .plate import crop_rect, fitted
from .skin import skin_for
from .versus import Rival, Versus, errors_mm

_SAMPLES: Final = 4  # of the canvas, a pixel
_FACING: Final = 0.2  # cosine to the camera's axis, from which on a surface is seen
_REACH: Final = 1.0  # metres before and behind the head that can be seen


class Film:
    """One clip on a canvas: everything that is the same in all of its pictures. For the work of `Device.run`."""

    def __init__(
        self,
        device: Device,
        sequence: Sequence,
        model: FlameModel,
        settings: RenderSettings,
        first: int,
        last: int,
        versus: Versus | None = None,
    ) -> None:
        self._sequence, self._settings = sequence, settings
        predictions = versus.predictions if versus else {}
        self.clip = Clip(sequence, model, settings.identity)
        self.warnings = [*sequence.warnings, *not_shown(model, sequence)]
        self._look: Look = self._choose_look()
        self._wrinkles = self._find_wrinkles(model)
        self._layout = arrange(settings, self._look, self._lacking(), tuple(predictions))
        self.canvas = device.canvas(self._layout.width, self._layout.height)
        errors = errors_mm(versus.comparisons) if versus else None
        self._overlay = Overlay(self.canvas, self._layout, sequence, first, last, errors, settings.error_scale_mm)
        self.warnings += versus.remarks if versus else ()
        self.warnings += self._overlay.warnings
        self._reference = None if sequence.reference_image is None else device.picture(sequence.reference_image)
        self._opacity = 0.5 if settings.plate_opacity is None else 1 - settings.plate_opacity
        samples = self.clip.samples()
        self._middle = samples.mean((0, 1), dtype=np.float64)
        as_authors = self._look == AUTHORS_LOOK
        self._ground = authors_look.GROUND if as_authors else settings.background
        aspect = settings.size[0] / settings.size[1]
        held = framing_view(samples.min((0, 1)), samples.max((0, 1)), aspect)
        self._framing = authors_look.framing_as_authors(self.clip) if as_authors else held
        shows: set[Shows] = {panel.shows for panel in self._layout.panels}
        self._beside_reference = bool(shows & {"reference", "overlay"})
        self._crops = self._choose_crops(shows)
        albedo = skin_for(model, self._pixels_per_metre(shows))
        self._normals_of = device.normals(model.faces, model.vertex_count)
        self._head = _drawable(device, sequence, model, albedo, self._look, self._layout.panels)
        self._rivals = {
            name: Rival(
                device,
                name,
                prediction,
                model,
                _drawable(device, sequence, model, albedo, self._look, self._layout.panels),
                settings.error_scale_mm,
            )
            for name, prediction in predictions.items()
        }
        self._skins = _skins(sequence, albedo) if settings.skin == "per_frame" and self._head.has_skin else None
        if settings.samples != _SAMPLES:
            self.warnings.append(
                f"{sequence.name}: the review engine has {_SAMPLES} samples a pixel, not {settings.samples}; "
                "only Cycles and EEVEE have as many as are asked for."
            )
        # The part of each panel that the head has been seen in so far: all that has to be drawn.
        self._parts: dict[Panel, Rect] = {}
        self._views: dict[Panel, tuple[OrthographicView, View]] = {}  # of the last picture
        self._depths = {
            turn: self._depth_range(samples, model.faces, turn) for turn in {p.turn for p in self._layout.panels}
        }

    def meshes(self, indices: NDArray[np.integer]) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
        """For each array index: itself, vertices (V, 3) and normals (V, 3)."""
        return self.clip.meshes(indices, self._normals_of)

    def changed(self) -> tuple[Rect, ...]:
        """Parts of the picture that may differ from earlier pictures."""
        return (*self._parts.values(), *((self._layout.strip,) if self._layout.strip else ()))

    def _choose_look(self) -> Look:
        look = self._settings.look or ("studio" if self._settings.light == "studio" else "sh")
        if look == "sh" and self._sequence.light is None:
            self.warnings.append(f"{self._sequence.name}: has no light codes, so it is shown in the studio look.")
            return "studio"
        return look

    def _choose_crops(self, shows: set[Shows]) -> NDArray[np.float32] | None:
        """The crop camera (T, 3) of each frame; None where the view is steady."""
        sequence, settings = self._sequence, self._settings
        if settings.camera == "fixed" and sequence.camera is not None and self._beside_reference:
            # Faces side by side are of one size: that of the reference image, which is the first frame's crop.
            crops = sequence.camera if "overlay" in shows else sequence.camera[:1]
            return np.broadcast_to(crops, sequence.camera.shape)
        if settings.camera == "crop" and sequence.camera is not None:
            crops = steadied(sequence.camera, settings.crop, find_cuts(sequence))
            return np.broadcast_to(crops, sequence.camera.shape)
        if settings.camera == "crop":
            self.warnings.append(f"{sequence.source}: has no camera codes, so the camera is a steady framing one.")
        return None

    def _pixels_per_metre(self, shows: set[Shows]) -> float:
        """The most that any panel gives to the head in any frame."""
        cameras = [self._crops, self._sequence.camera if "overlay" in shows else None]
        heights = [crop_view(crops[crops[:, 0].argmax()]).height for crops in cameras if crops is not None]
        return max(panel.rect.height for panel in self._layout.panels) / min([self._framing.height, *heights])

    def _find_wrinkles(self, model: FlameModel) -> Wrinkles | None:
        """What the detail look shows, where it is asked for; where this clip has none, the look is studio."""
        if self._look != "detail" and "detail" not in panel_names(self._settings.layout):
            return None
        wrinkles, remarks = wrinkles_of(self._sequence, model, self._settings.detail)
        self.warnings += remarks
        if wrinkles is None and self._look == "detail":
            self._look = "studio"
        return wrinkles

    def _lacking(self) -> set[Shows]:
        """What panels cannot show of this clip; panels that are asked for and left out are told."""
        sequence, lacking = self._sequence, dict[Shows, str]()
        if self._wrinkles is None:
            lacking["detail"] = ""  # `wrinkles_of` has told
        if sequence.light is None:
            lacking["sh"] = "light codes"
        if sequence.camera is None:
            lacking["overlay"] = "camera codes"
        if sequence.reference_image is None:
            lacking["reference"] = lacking["overlay"] = "reference image"
        for name in panel_names(self._settings.layout):
            shows, label = PANELS[name]
            if lacking.get(shows):
                self.warnings.append(
                    f"{sequence.source}: has no {lacking[shows]}, so the panel {label!r} is left out of the layout."
                )
        if self._settings.backdrop == "reference" and sequence.reference_image is None:
            self.warnings.append(f"{sequence.source}: has no reference image, so the background is plain.")
        return set(lacking)

    def draw(self, indices: NDArray[np.integer]) -> Iterator[int]:
        """Draw one array index after the other; each picture is on the canvas while its index is yielded."""
        backdrop = self._settings.backdrop
        self.canvas.clear(None if backdrop == "transparent" else self._ground)
        for panel in self._layout.panels if backdrop == "plain" else ():
            self.canvas.fill(panel.rect, (*self._background(panel), 1.0))
        heads = [self._head, *(rival.shown for rival in self._rivals.values())]
        identity = self._sequence.identity(self._settings.identity)
        rivals = [rival.meshes(self._sequence, identity, indices) for rival in self._rivals.values()]
        for (index, positions, normals), *others in zip(self.meshes(indices), *rivals, strict=True):
            if self._skins:
                skin = self._skins(index)
                for head in heads:
                    head.dress(skin)
            self._head.move(positions, normals)
            for rival, mesh in zip(self._rivals.values(), others, strict=True):
                rival.move(mesh, positions)
            if self._wrinkles:
                self._head.bend(*self._wrinkles.relief(index))
            for panel in self._layout.panels:
                self._draw_panel(panel, index, positions)
            self._overlay.draw(index)
            yield index

    def _background(self, panel: Panel) -> tuple[float, float, float]:
        """Depth is as far as can be where there is nothing, unless somebody asks for a colour."""
        chosen = self._ground
        return (0.0, 0.0, 0.0) if panel.shows == "depth" and chosen == RenderSettings().background else chosen

    def _draw_panel(self, panel: Panel, index: int, positions: NDArray[np.float32]) -> None:
        if panel.shows == "reference":
            self._draw_reference(panel)
            return
        crops = self._sequence.camera if panel.shows == "overlay" else self._crops
        crop = None if crops is None else crops[index]
        framing = self._framing if crop is None else self._framing_of_crop(panel, crop)
        behind = self._reference is not None and (panel.shows == "overlay" or self._settings.backdrop == "reference")
        if behind:
            self._draw_plate(panel, framing, crop)
        light = None if self._sequence.light is None else self._sequence.light[index]
        view = self._view(panel, framing)
        rival = self._rivals.get(panel.rival)
        seen = _seen_part(rival.positions if rival else positions, view.to_clip, panel.rect)
        part = self._parts[panel] = self._parts.get(panel, seen).around(seen)
        head = self._head if rival is None else rival.coloured if panel.shows == "error" else rival.shown
        look: Look = "studio" if panel.shows == "error" else self._look if panel.shows == "overlay" else panel.shows
        opacity = self._opacity if panel.shows == "overlay" else 1.0
        wrinkled = look == "detail"
        place = (0.0, 0.0, 0.0)
        if look == AUTHORS_LOOK:
            place = authors_look.place_in(panel.rect, framing)
            view = replace(view, to_clip=authors_look.at_pixel_middles(view.to_clip, panel.rect))
        shown = Shown(head, "studio" if wrinkled else look, view, light, wrinkled, opacity, place)
        plain = self._settings.backdrop != "transparent" and not behind
        background = self._background(panel) if plain else None
        self.canvas.draw_head(panel.rect, part, shown, background, "ALPHA_PREMULT" if behind else "NONE")

    def _draw_reference(self, panel: Panel) -> None:
        """The reference image alone."""
        assert self._reference
        width, height = self._reference.width, self._reference.height
        self.canvas.image(fitted(panel.rect, width, height), self._reference, panel.rect)
        self._parts[panel] = panel.rect

    def _framing_of_crop(self, panel: Panel, crop: Floats) -> OrthographicView:
        """The crop fills the panel's height; beside the reference image all of it is seen, as all of that is."""
        view, aspect = crop_view(crop), panel.rect.width / panel.rect.height
        return replace(view, height=view.height / aspect) if self._beside_reference and aspect < 1 else view

    def _draw_plate(self, panel: Panel, framing: OrthographicView, crop: Floats | None) -> None:
        """The reference image behind the head, where the crop lies that is shown, else that of the first frame."""
        assert self._reference
        first = None if self._sequence.camera is None else self._sequence.camera[0]
        camera = first if crop is None else crop
        self.canvas.fill(panel.rect, (*self._ground, 1.0))
        self.canvas.image(crop_rect(panel.rect, framing, camera), self._reference, panel.rect)
        self._parts[panel] = panel.rect

    def _view(self, panel: Panel, framing: OrthographicView) -> View:
        held = self._views.get(panel)
        if held is None or held[0] != framing:
            turn = _turned(panel.turn)
            to_clip = _to_clip(framing, panel.rect.width / panel.rect.height, self._middle, turn)
            held = self._views[panel] = (framing, View(to_clip, turn, self._depths[panel.turn]))
        return held[1]

    def _depth_range(
        self, samples: NDArray[np.floating], faces: NDArray[np.integer], turn: float
    ) -> tuple[float, float]:
        """Nearest and farthest clip z of what faces the camera; the back of the head would take all contrast."""
        axis = _turned(turn)[2]
        z = -((samples - self._middle) @ axis) / _REACH
        facing = vertex_normals(samples[len(samples) // 2], faces) @ axis > _FACING
        return float(z.min()), float(z[:, facing].max(initial=z.min()))


def _drawable(
    device: Device,
    sequence: Sequence,
    model: FlameModel,
    albedo: Albedo | None,
    look: Look,
    panels: tuple[Panel, ...],
) -> Drawable:
    skin = None
    looks = {look if panel.shows == "overlay" else panel.shows for panel in panels}
    if albedo is not None and looks & {"sh", "albedo"}:
        skin = albedo.decode(None if sequence.texture is None else sequence.texture.mean(0))
    if look == AUTHORS_LOOK:
        return device.drawable(model.faces)
    caps = close_holes(model.faces, model.template)
    return device.drawable(
        model.faces,
        model.uv,
        model.uv_faces,
        skin,
        caps,
        lining=model.mouth_lining(),
        wrinkled="detail" in looks,
    )


def _skins(sequence: Sequence, albedo: Albedo | None) -> Callable[[int], NDArray[np.floating]] | None:
    """What gives the skin of each array index; None where it is the same in all."""
    codes = sequence.texture
    if albedo is None or codes is None or not len(albedo.basis):
        return None
    return lambda index: albedo.decode(codes[index])


def _seen_part(positions: NDArray[np.float32], to_clip: NDArray[np.floating], rect: Rect) -> Rect:
    """The pixels of `rect` that an orthographic picture of the vertices touches, and one around them."""
    places = to_clip[:2, :3].astype(np.float32) @ positions.T  # one row an axis: quick to search
    low = np.clip((places.min(1) + to_clip[:2, 3] + 1) / 2, 0, 1)
    high = np.clip((places.max(1) + to_clip[:2, 3] + 1) / 2, 0, 1)
    return rect.spanned(low, high)


def _turned(angle: float) -> NDArray[np.floating]:
    """(3, 3) rotation about the vertical axis; a positive angle turns the face to the subject's left."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([(c, 0, s), (0, 1, 0), (-s, 0, c)])


def _to_clip(
    view: OrthographicView, aspect: float, pivot: NDArray[np.floating], turn: NDArray[np.floating]
) -> NDArray[np.floating]:
    """(4, 4) from FLAME axes to clip space: the head turned about a vertical line through `pivot`, seen along -z."""
    scale = np.array([2 / (view.height * aspect), 2 / view.height, -1 / _REACH])
    matrix = np.eye(4)
    matrix[:3, :3] = scale[:, None] * turn
    moved = np.array([view.center[0], view.center[1], pivot[2]])
    matrix[:3, 3] = scale * (pivot - turn @ pivot - moved)
    return matrix
