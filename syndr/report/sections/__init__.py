"""The sections of a run's report, one file each: from the run folder's tables to blocks."""
