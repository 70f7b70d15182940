"""ST-GCN: AS-GCN without A-links, with S-links of one hop and the mean for a head.

`MODELS` builds it as `AsGcn` with one of these configurations. Its learned mask over the S-links
of each layer is what the paper calls edge importance.

Source:
    Yan et al. 2018, arXiv:1801.07455: spatial partition, nine blocks, kernel 9, stride 2 at the
    fourth and seventh. Its released code has a tenth block, of 64 channels, biases before batch
    normalisation, and truncates hop distances before it compares them with the centre's.
"""

from __future__ import annotations

from skelgraph.models.as_gcn_config import AsGcnConfig

PAPER = AsGcnConfig(s_order=1, a_links=False, head="pooled")

SMALL = AsGcnConfig(
    channels=(24, 24, 24, 32, 32, 32, 48, 48, 48),
    strides=(2, 1, 1, 2, 1, 1, 1, 1, 1),
    s_order=1,
    a_links=False,
    head="pooled",
    dropout=0.05,
)

PRESETS = {"paper": PAPER, "small": SMALL}
