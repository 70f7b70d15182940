"""Names of NTU RGB+D: what a recording's name says, and what its classes are called."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})", re.I)

CLASSES = (
    *("drink water", "eat meal", "brush teeth", "brush hair", "drop", "pick up", "throw"),
    *("sit down", "stand up", "clap", "read", "write", "tear up paper", "put on jacket"),
    *("take off jacket", "put on a shoe", "take off a shoe", "put on glasses"),
    *("take off glasses", "put on a hat", "take off a hat", "cheer up", "wave hand"),
    *("kick something", "reach into pocket", "hop", "jump up", "phone call"),
    *("play with phone", "type on a keyboard", "point to something", "take a selfie"),
    *("check time", "rub two hands", "nod head", "shake head", "wipe face", "salute"),
    *("put palms together", "cross hands in front", "sneeze or cough", "stagger", "fall"),
    *("headache", "chest pain", "back pain", "neck pain", "nausea", "fan self"),
    *("punch person", "kick person", "push person", "pat on back", "point at person"),
    *("hug", "give object", "touch pocket", "shake hands", "walk towards", "walk apart"),
    *("put on headphone", "take off headphone", "shoot at basket", "bounce ball"),
    *("tennis swing", "juggle table tennis balls", "hush", "flick hair", "thumb up"),
    *("thumb down", "make OK sign", "make victory sign", "staple book", "count money"),
    *("cut nails", "cut paper", "snap fingers", "open bottle", "sniff", "squat down"),
    *("toss a coin", "fold paper", "ball up paper", "play magic cube", "cream on face"),
    *("cream on hand", "put on bag", "take off bag", "put object into bag"),
    *("take object out of bag", "open a box", "move heavy objects", "shake fist"),
    *("throw up cap", "hands up", "cross arms", "arm circles", "arm swings"),
    *("run on the spot", "butt kicks", "cross toe touch", "side kick", "yawn", "stretch"),
    *("blow nose", "hit with object", "wield knife", "knock over person", "grab stuff"),
    *("shoot with gun", "step on foot", "high-five", "cheers and drink", "carry object"),
    *("take a photo", "follow person", "whisper", "exchange things", "support person"),
    "finger-guessing game",
)
"""NTU RGB+D 120 in the order A001 to A120; the first 60 are NTU RGB+D."""


@dataclass(frozen=True)
class NtuName:
    """What SsssCccPpppRrrrAaaa says; the label counts from 0."""

    setup: int
    camera: int
    subject: int
    repetition: int
    label: int


def parse_name(text: str) -> NtuName | None:
    """Find a recording's name in a text; None if there is none or its class is unknown.

    Example:
        >>> parse_name("S001C002P003R002A013.skeleton")
        NtuName(setup=1, camera=2, subject=3, repetition=2, label=12)
    """
    found = _NAME.search(text)
    if found is None:
        return None
    setup, camera, subject, repetition, action = map(int, found.groups())
    if not 1 <= action <= len(CLASSES):
        return None
    return NtuName(setup, camera, subject, repetition, action - 1)


def full_name(text: str) -> str | None:
    """Find the letters and digits themselves of a recording's name in a text, in capitals."""
    found = _NAME.search(text)
    return None if found is None else found.group().upper()


def class_names(highest: int) -> tuple[str, ...]:
    """Name the classes of the smaller of the two sets that has a label so high."""
    return CLASSES[:60] if highest < 60 else CLASSES
