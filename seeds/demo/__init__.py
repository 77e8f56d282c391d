"""The demonstration world: invented people with plausible careers, for trying things out.

It refuses databases in which anybody real stands.
"""

from seeds.demo.days import EPOCH
from seeds.demo.worlds import CAST, World, plant

__all__ = ["CAST", "EPOCH", "World", "plant"]
