"""What a user is told. Every message is one sentence: which file, which field, what was expected, what to do."""


def reason(error: OSError) -> str:
    """Why something could not be written. numpy gives no reason where the disk took only a part of an array."""
    return error.strerror or "only a part of it was; is the disk full?"


class XTalkerError(Exception):
    """Base of everything that XTalker reports to a user; any other exception is a defect of ours."""


class SequenceError(XTalkerError):
    """A sequence cannot be read: a file is missing, broken, not what it claims to be, or disagrees with another.

    kind  : unreadable, not_finite or unequal_frames
    frame : the array index where it is wrong, or None
    field : the field of the Sequence that is at fault, where it is one
    """

    def __init__(self, message: str, kind: str = "unreadable", frame: int | None = None, field: str = "") -> None:
        super().__init__(message)
        self.kind, self.frame, self.field = kind, frame, field


class ModelError(XTalkerError):
    """A face model cannot be read, or does not fit the codes."""


class AudioError(XTalkerError):
    """Sound cannot be read."""


class RenderError(XTalkerError):
    """One sequence could not be rendered or encoded; others may still be."""


class UsageError(XTalkerError):
    """The request itself makes no sense: a bad argument, a folder that is not there."""


class MachineError(XTalkerError):
    """What this machine cannot do at all: no encoder, no usable graphics, no Blender."""
