"""Teaching a model: optimizers, schedules, and the course of a run."""
