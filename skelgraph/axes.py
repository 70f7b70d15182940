"""The letters of tensor shapes, stated once.

| letter | axis |
| --- | --- |
| N | clips (or windows) of a batch |
| C | channels: coordinates, or features inside a model |
| T | frames |
| V | joints |
| M | bodies: people (unordered) or hands (ordered: 0 left, 1 right) |
| P | bodies that are present, over all clips of a batch (at most N*M) |
| K | partitions, S-link orders or link types |
| E | edges |

A batch of clips is `(N, C, T, V, M)`; layers see `(P, C, T, V)`; recordings on disk and
`Clip.keypoints` are `(T, M, V, C)`, frame by frame as a sensor gives them.

House frame of coordinates: x to the person's right as that person faces the camera, y up,
z away from the camera; metres where the recording has them.
"""

from __future__ import annotations
