"""Training: the loop, its compiled steps, exact checkpoints and the run folder."""

__all__ = ["checkpoint", "run"]
