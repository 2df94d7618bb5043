# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sshtap authors
"""
A server that knows nothing but TAP tunnels, and a client, made with AsyncSSH,
which has an implementation of tun@openssh.com of its own.

    asyncssh_tap.py listen ADDRESS PORT HOST_KEY AUTHORIZED_KEYS TAP
    asyncssh_tap.py connect ADDRESS PORT KNOWN_HOSTS KEY TAP UNIT [OPTION=X ...]

Each frame of the channel goes to the interface TAP, which exists already,
and back.  Prints "listening" or "tunnel up" when it is so.  An OPTION is one
of AsyncSSH's for a connection.
"""

import asyncio
import fcntl
import os
import signal
import struct
import sys

import asyncssh

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
FRAME_MAX = 65536


def open_tap(name):
    """Attach to the interface; reads and writes are whole frames."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI)
    fcntl.ioctl(fd, TUNSETIFF, request)
    return fd


class Tunnel(asyncssh.SSHTunTapSession):
    """One channel, joined to the interface for as long as it lives."""

    def __init__(self, tap):
        self.tap_name = tap
        self.fd = -1
        self.chan = None
        self.paused = False

    def connection_made(self, chan):
        self.chan = chan
        self.fd = open_tap(self.tap_name)
        asyncio.get_running_loop().add_reader(self.fd, self.tap_readable)

    def connection_lost(self, exc):
        if self.fd != -1:
            asyncio.get_running_loop().remove_reader(self.fd)
            os.close(self.fd)
            self.fd = -1

    def data_received(self, data, datatype):
        try:
            os.write(self.fd, data)
        except OSError as error:
            print(f"{len(data)} bytes: {error}", file=sys.stderr)

    def tap_readable(self):
        """A few frames at a time, so that others get their turn."""
        for _ in range(64):
            try:
                frame = os.read(self.fd, FRAME_MAX)
            except BlockingIOError:
                return
            except OSError as error:
                print(f"{self.tap_name}: {error}", file=sys.stderr)
                self.chan.close()
                return
            self.chan.write(frame)
            if self.paused:
                return

    # Frames wait in the interface's own queue while the channel is full.
    def pause_writing(self):
        self.paused = True
        asyncio.get_running_loop().remove_reader(self.fd)

    def resume_writing(self):
        self.paused = False
        asyncio.get_running_loop().add_reader(self.fd, self.tap_readable)


class Server(asyncssh.SSHServer):
    def __init__(self, tap):
        self.tap_name = tap

    def tap_requested(self, unit):
        print(f"tap {unit} requested", flush=True)
        return Tunnel(self.tap_name)


async def connect(address, port, known_hosts, key, tap, unit, *options):
    """As root; until the server ends it, or a signal comes."""
    conn = await asyncssh.connect(
        address,
        int(port),
        username="root",
        known_hosts=known_hosts,
        client_keys=[key],
        config=None,
        **dict(option.split("=", 1) for option in options),
    )
    await conn.create_tap(lambda: Tunnel(tap), int(unit))
    print("tunnel up", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, conn.close)
    await conn.wait_closed()


async def listen(address, port, host_key, authorized_keys, tap):
    await asyncssh.listen(
        address,
        int(port),
        server_factory=lambda: Server(tap),
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
    )
    print("listening", flush=True)
    await asyncio.Event().wait()


COMMANDS = {"listen": listen, "connect": connect}
asyncio.run(COMMANDS[sys.argv[1]](*sys.argv[2:]))
