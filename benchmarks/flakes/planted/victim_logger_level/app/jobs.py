import logging

log = logging.getLogger("app.jobs")
log.setLevel(logging.INFO)


def quiet():
    log.setLevel(logging.ERROR)


def run(name, job):
    log.info("started %s", name)
    try:
        return job()
    except Exception:
        log.exception("failed %s", name)
        raise
