"""A database for each worker: SQLite's files, or PostgreSQL's databases made from a template.

names      what a database is called, and the number of its lock
server     the only door to psycopg
census     which databases are left over, and their end
template   the database that is migrated once per run
postgres   the database of one worker
sqlite     the same as files
cleaning   what a test committed is taken back
engines    the only door to SQLAlchemy
closing    what a run left when its workers have ended
"""
