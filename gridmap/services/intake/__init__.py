"""Points that come in by the second: judged one by one, kept together, and answered when they last.

``items`` says what a request brings, ``owners`` whose each point is, ``desk`` keeps what came together in one unit of
work, ``gathering`` lets what comes while it is at work come together.
"""

from gridmap.services.intake.desk import Desk
from gridmap.services.intake.gathering import Intake
from gridmap.services.intake.items import Batch, Done, ItemResult, Judge, Key, kept_fix, kept_incident

__all__ = ["Batch", "Desk", "Done", "Intake", "ItemResult", "Judge", "Key", "kept_fix", "kept_incident"]
