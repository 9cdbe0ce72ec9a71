"""XTalker: talking-head sequences stored as FLAME codes, in Blender."""


def register() -> None:
    """Called by Blender when the extension is switched on."""
    from .ui import registration

    registration.register()


def unregister() -> None:
    """Called by Blender when the extension is switched off."""
    from .ui import registration

    registration.unregister()
