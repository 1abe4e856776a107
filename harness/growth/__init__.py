"""How much one user message causes, whether it goes on, and whether it ends."""

from harness.growth.figures import Growth, measure
from harness.growth.forest import Forest, Node, forest_of
from harness.growth.rules import Decision, decide
from harness.growth.typematrix import TypeMatrix, type_matrix

__all__ = [
    "Decision",
    "Forest",
    "Growth",
    "Node",
    "TypeMatrix",
    "decide",
    "forest_of",
    "measure",
    "type_matrix",
]
