from collections import Counter


def vocabulary(text):
    return sorted({word.strip(".,!").lower() for word in text.split()})


def counts(text):
    return dict(sorted(Counter(text.lower().split()).items()))


def first_of_each(words):
    return {word[0]: word for word in sorted(set(words), reverse=True)}


def shared(*texts):
    return set.intersection(*({*text.lower().split()} for text in texts))
