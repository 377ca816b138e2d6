"""The two acts of the power-cut test that Rust's safe code has no call for.

power_cut.py cut MOUNT            say `ready`, wait for a line, and cut the power of the ext4 file system mounted
                                  there: what was not synced is gone, in the journal too (EXT4_IOC_SHUTDOWN, NOLOGFLUSH)
power_cut.py write FILE SYNCING   append numbered lines for ten seconds and print each number once it is written, after a
                                  sync where SYNCING is `synced`, without one where it is `unsynced`
"""

import fcntl
import os
import struct
import sys
import time

EXT4_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2


def cut(mount):
    directory = os.open(mount, os.O_RDONLY)
    print("ready", flush=True)
    sys.stdin.readline()
    fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))


def write(path, syncing):
    synced = {"synced": True, "unsynced": False}[syncing]
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    if synced:
        os.fsync(directory)
    number = 0
    end = time.monotonic() + 10
    while time.monotonic() < end:
        os.write(file, b"%08d\n" % number)
        if synced:
            os.fdatasync(file)
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    {"cut": cut, "write": write}[sys.argv[1]](*sys.argv[2:])
