outbox = []


def send(to, text):
    outbox.append((to, text))


def signup(name):
    send(f"{name}@example.test", "welcome")
    return {"name": name, "opted_in": False}


def sent_to(name):
    return [text for to, text in outbox if to.startswith(f"{name}@")]
