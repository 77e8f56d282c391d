"""The demonstration world: invented people with plausible careers, for trying things out.

It refuses databases in which anybody real stands.
"""

from seeds.demo.worlds import CAST, EPOCH, World, plant

__all__ = ["CAST", "EPOCH", "World", "plant"]
