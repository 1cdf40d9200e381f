"""What a function that cannot be recorded raises, and what is said of one that runs as it is."""


class CompileError(RuntimeError):
    """A function cannot be made into a program."""


class CompileWarning(UserWarning):
    """A compiled function runs as it is, without a program."""


class NoProgram(Exception):  # noqa: N818 (it is no error: the function runs as it is)
    """Why a function has no program."""
