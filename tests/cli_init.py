"""Answers the questions of `elicense init` on a pseudo-terminal, as a person would.

Usage: cli_init.py BINARY DIR ANSWERS; ANSWERS is a JSON list of [what the question contains, the answer]. Prints what the
terminal showed and ends as the program did.
"""

import json
import os
import pty
import sys


def main() -> int:
    binary, directory, answers = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    child, terminal = pty.fork()
    if child == 0:
        os.execv(binary, [binary, "init", "--data", directory])
    shown, seen = "", 0
    for question, answer in answers:
        while question not in shown[seen:]:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                piece = b""
            if not piece:
                print(shown)
                print(f"it ended before it asked for {question!r}", file=sys.stderr)
                return 99
            shown += piece.decode("utf-8", "replace")
        seen = len(shown)
        os.write(terminal, answer.encode() + b"\n")
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece.decode("utf-8", "replace")
    print(shown)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


sys.exit(main())
