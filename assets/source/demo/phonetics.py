"""What each English sound asks of the mouth, and how much it insists."""

from __future__ import annotations

from collections.abc import Mapping

# Articulator: (target, weight). A sound says nothing about an articulator that it does not list, so that its
# neighbours decide. Weights compare: a vowel asks with 1, a closure that must be reached with far more.
Posture = Mapping[str, tuple[float, float]]

# jaw     : rotation of the jaw in radians
# closure : 1 when the lips are sealed
# bite    : 1 when the lower lip lies under the upper teeth
# pucker, funnel, spread, teeth : 1 for rounded lips, lips pushed forward and flared, mouth corners pulled apart, and
#           lips drawn off the teeth
ARTICULATORS = ("jaw", "closure", "bite", "pucker", "funnel", "spread", "teeth")

_APART: Posture = {"closure": (0, 1), "bite": (0, 1), "pucker": (0, 0.6), "funnel": (0, 0.6), "spread": (0, 0.5)}


def _sound(**posture: tuple[float, float]) -> Posture:
    """Open lips, save for what the sound itself says."""
    return {**_APART, **posture}


_SEALED: Posture = {"jaw": (0.0, 10), "closure": (1.2, 40), "bite": (0, 10), "funnel": (0, 3), "teeth": (0, 12)}
_BITTEN: Posture = {"jaw": (0.035, 5), "closure": (0, 8), "bite": (1.15, 25), "pucker": (0, 2), "funnel": (0, 6)}
_ROUND = _sound(jaw=(0.065, 1.5), pucker=(1.0, 4), funnel=(0.8, 3), spread=(0, 2))
_HISS = _sound(jaw=(0.03, 5), spread=(0.4, 1.2), teeth=(1.0, 3))
_HUSH = _sound(jaw=(0.04, 4), pucker=(0.45, 2), funnel=(1.2, 4), teeth=(0.4, 1))
_TIP = {"jaw": (0.045, 1.6), "closure": (0, 1), "bite": (0, 1), "teeth": (0.35, 0.8)}
_DENTAL = {"jaw": (0.05, 2), "closure": (0, 2), "bite": (0, 2), "teeth": (0.4, 1)}
_BACK = {"jaw": (0.06, 0.7), "closure": (0, 1), "bite": (0, 1)}
_EE = _sound(jaw=(0.05, 1.2), spread=(1.0, 1.5), teeth=(0.5, 1))

# flite's US English phones. A diphthong passes through two postures.
POSTURES: Mapping[str, tuple[Posture, ...]] = {
    **dict.fromkeys(("p", "b", "m"), (_SEALED,)),
    **dict.fromkeys(("f", "v"), (_BITTEN,)),
    **dict.fromkeys(("s", "z"), (_HISS,)),
    **dict.fromkeys(("sh", "zh", "ch", "jh"), (_HUSH,)),
    **dict.fromkeys(("t", "d", "n"), (_TIP,)),
    **dict.fromkeys(("th", "dh"), (_DENTAL,)),
    **dict.fromkeys(("k", "g", "ng"), (_BACK,)),
    "l": (_sound(jaw=(0.08, 0.8), teeth=(0.2, 0.5)),),
    "hh": ({"closure": (0, 1.5), "bite": (0, 1), "jaw": (0.08, 0.3)},),
    **dict.fromkeys(("w", "uw"), (_ROUND,)),
    "r": (_sound(jaw=(0.055, 1), pucker=(0.35, 1.5), funnel=(0.45, 1.5)),),
    **dict.fromkeys(("y", "iy"), (_EE,)),
    "ih": (_sound(jaw=(0.075, 1), spread=(0.5, 0.8), teeth=(0.3, 0.7)),),
    "eh": (_sound(jaw=(0.13, 1), spread=(0.4, 0.8), teeth=(0.3, 0.6)),),
    "ae": (_sound(jaw=(0.17, 1), spread=(0.5, 0.8), teeth=(0.3, 0.6)),),
    "ah": (_sound(jaw=(0.14, 1), teeth=(0.15, 0.5)),),
    "ax": (_sound(jaw=(0.08, 0.6), teeth=(0.15, 0.4)),),
    "aa": (_sound(jaw=(0.18, 1.2), teeth=(0.15, 0.5)),),
    "ao": (_sound(jaw=(0.16, 1.2), pucker=(0.35, 1.5), funnel=(0.7, 1.5)),),
    "uh": (_sound(jaw=(0.07, 1), pucker=(0.45, 1.5), funnel=(0.5, 1.5)),),
    "er": (_sound(jaw=(0.085, 1), pucker=(0.35, 1.5), funnel=(0.6, 1.5), teeth=(0.2, 0.6)),),
    "ey": (_sound(jaw=(0.12, 1), spread=(0.5, 0.8), teeth=(0.3, 0.6)), _EE),
    "ay": (_sound(jaw=(0.18, 1.2), teeth=(0.2, 0.6)), _EE),
    "oy": (_sound(jaw=(0.13, 1), pucker=(0.7, 2), funnel=(0.6, 1.5)), _EE),
    "aw": (_sound(jaw=(0.18, 1.2), spread=(0.2, 0.6), teeth=(0.2, 0.6)), _ROUND),
    "ow": (_sound(jaw=(0.13, 1), pucker=(0.5, 2), funnel=(0.6, 1.5)), _ROUND),
    "pau": ({**dict.fromkeys(ARTICULATORS, (0, 0.5)), "jaw": (0.0, 0.4), "closure": (1.0, 0.5)},),
}
VOWELS = frozenset(name for name in POSTURES if name[0] in "aeiou")
BILABIALS = frozenset("pbm")
