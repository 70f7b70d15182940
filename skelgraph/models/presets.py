"""Ready sizes of the models."""

from __future__ import annotations

from skelgraph.models.as_gcn_config import AsGcnConfig
from skelgraph.nn.a_links import AimConfig
from skelgraph.nn.attention import TowerConfig

PAPER = AsGcnConfig(
    tower=TowerConfig(width=256, heads=8, layers=2, hidden=512, dropout=0.1),
    aim=AimConfig(loss_bodies=8),
)

SMALL = AsGcnConfig(
    streams=("joint", "bone", "joint_motion"),
    channels=(24, 24, 24, 32, 32, 32, 48, 48, 48),
    strides=(2, 1, 1, 2, 1, 1, 1, 1, 1),
    s_order=1,
    free_links=3,
    aim=AimConfig(width=32, loss_bodies=8, loss_frames=12),
    tower=TowerConfig(width=64, heads=4, layers=1, hidden=128, dropout=0.1),
    dropout=0.05,
)

AS_GCN = {"paper": PAPER, "small": SMALL}
