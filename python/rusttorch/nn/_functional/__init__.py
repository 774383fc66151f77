"""The functions of `rusttorch.nn.functional`, one file per subject."""
