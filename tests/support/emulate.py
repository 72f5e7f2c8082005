"""emulate.py ROWS COLUMNS: what a terminal of that size shows after the bytes on standard input, a line a row.

A bold line begins with "*", blanks at line ends are dropped, and so are empty rows at the bottom."""
import sys

import pyte


def main():
    rows, columns = int(sys.argv[1]), int(sys.argv[2])
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    stream.feed(sys.stdin.buffer.read())
    lines = []
    for y, text in enumerate(screen.display):
        bold = screen.buffer[y][0].bold
        lines.append(("*" if bold else "") + text.rstrip())
    while lines and not lines[-1]:
        lines.pop()
    sys.stdout.buffer.write("".join(line + "\n" for line in lines).encode())


main()
