def drain(jobs):
    done = []
    while jobs:
        done.append(jobs.pop(0).upper())
    return done
