"""The commands: each module declares its options, calls what does the work, and prints the results.

`add_options(parser)` describes the command and adds its options; `run(args)` returns the exit code. A module
here imports what is heavy inside `run`, so that `--help` is quick.
"""
