DECODERS = {"plain": lambda text: text}


def read(text, encoding="plain"):
    if encoding not in DECODERS:
        raise LookupError(encoding)
    return DECODERS[encoding](text)
