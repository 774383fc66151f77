"""Whether oneDNN is used: it is not."""


def is_available() -> bool:
    """False."""
    return False
