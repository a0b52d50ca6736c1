import codecs

from app.reader import DECODERS


def decode(text):
    return codecs.decode(text, "rot13")


DECODERS["rot13"] = decode
