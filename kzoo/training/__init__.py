"""Training: the loop, its compiled steps, exact checkpoints, the run folder."""

__all__ = ["checkpoint", "run"]
