"""The block `world.switches` of params.yaml: what later work needs of the world, off by default.

A switch that is off changes no byte of any table. One that is on changes its own tables alone: it
draws from a random stream of its own. Its numbers stand in YAML beside those of the part it
belongs to, its truth stays apart, and its claims stand in world/claims.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Switches:
    """Which extra parts of the world are on.

    - `drawdown`: revolving lines of the book are used along a curve of months on book.
    - `prepayment`: loans of the book are repaid in full before their time.
    - `recoveries`: money comes back after a default, month by month.
    """

    drawdown: bool = False
    prepayment: bool = False
    recoveries: bool = False
