"""The learning rate schedulers behind `rusttorch.optim.lr_scheduler`, a file for each kind."""
