import sys


def main(args):
    if not args:
        print("usage: app WORD...", file=sys.stderr)
        return 2
    print(" ".join(word.upper() for word in args))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
