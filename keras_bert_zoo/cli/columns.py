"""Names of columns on the command line."""


def split(names: str | None) -> list[str] | None:
    """The names between commas; None where there is nothing."""
    return [name.strip() for name in names.split(",")] if names else None
