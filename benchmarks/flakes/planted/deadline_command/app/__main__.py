import argparse
import asyncio
import decimal
import http.client
import json
import sys

USED = (asyncio, decimal, http.client)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", action="version", version="app 1.2")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    print(json.dumps({"words": options.words}))
    return 0 if options.words else 1


if __name__ == "__main__":
    sys.exit(main())
