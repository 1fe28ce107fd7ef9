"""Features pooled from several stages of a network: what its last layer has forgotten says much about quality."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class StagePooling(nn.Module):
    """Means and standard deviations over the places of each stage's feature map, side by side.

    Args:
        network: The network.
        stages: Gives the feature maps (B, channels, h, w) of the stages, from the network and pictures.
    """

    def __init__(self, network: nn.Module, stages: Callable[[nn.Module, Tensor], list[Tensor]]) -> None:
        super().__init__()
        self.network = network
        self._stages = stages

    def forward(self, images: Tensor) -> Tensor:
        """Give (B, 2 x channels of all stages) features of pictures (B, 3, H, W)."""
        maps = self._stages(self.network, images)
        return torch.cat([part for each in maps for part in _moments(each)], dim=1)


def _moments(feature_map: Tensor) -> tuple[Tensor, Tensor]:
    # In full precision under autocast too: a deviation is a small difference of what half precision has rounded.
    deviation, mean = torch.std_mean(feature_map.float(), dim=(2, 3), correction=0)
    return mean, deviation
