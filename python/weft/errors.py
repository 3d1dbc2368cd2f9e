"""What goes wrong with files."""


class FormatError(ValueError):
    """The file is damaged, or is none of this kind."""
