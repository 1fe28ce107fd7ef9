from training_stand_ins import one_thread  # noqa: F401
