"""What an administrator watches the node by: metrics, health and audit messages, in a process of their own.

The listener and the courier know nothing of it. It reads the database, the disk and what the listener hands on with
its heartbeat; if it dies, films are received and reports delivered as before.
"""
