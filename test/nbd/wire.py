# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""An NBD client of bare bytes, which can also say what no client should."""
import socket
import struct

GREETING = b"NBDMAGICIHAVEOPT"
OPTION = b"IHAVEOPT"
OPTION_REPLY, REQUEST, REPLY = 0x3E889045565A9, 0x25609513, 0x67446698
EXPORT_NAME, ABORT, LIST, STARTTLS, INFO, GO, STRUCTURED = 1, 2, 3, 5, 6, 7, 8
ACK, SERVER, REP_INFO = 1, 2, 3
UNSUPPORTED, POLICY, INVALID, UNKNOWN, TOO_BIG = (0x80000000 + n for n in (1, 2, 3, 6, 9))
READ, WRITE, DISC, FLUSH, TRIM, ZEROES = 0, 1, 2, 3, 4, 6
FUA, NO_HOLE = 1, 2
EPERM, EIO, EINVAL, ENOSPC = 1, 5, 22, 28


class Closed(Exception):
    pass


class Client:
    def __init__(self, path, flags=3, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.cookies = 0
        if flags is None:
            return
        assert self.take(18) == GREETING + b"\0\3"
        self.send(struct.pack(">I", flags))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def take(self, size):
        out = b""
        while len(out) < size:
            try:
                part = self.socket.recv(size - len(out))
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed(f"{len(out)} of {size} bytes came")
            out += part
        return out

    def is_closed(self):
        """Waits for the end; whatever comes before is dropped."""
        try:
            while self.take(1):
                pass
        except Closed:
            return True

    def option(self, number, data=b"", length=None):
        self.send(OPTION + struct.pack(">II", number, len(data) if length is None else length) + data)

    def option_reply(self):
        magic, number, kind, size = struct.unpack(">QIII", self.take(20))
        assert magic == OPTION_REPLY
        return number, kind, self.take(size)

    def replies(self, number, data=b""):
        """All replies to an option, up to the last: [(kind, data)]."""
        self.option(number, data)
        out = []
        while not out or out[-1][0] in (SERVER, REP_INFO):
            answered, kind, body = self.option_reply()
            assert answered == number
            out.append((kind, body))
        return out

    def go(self, name=b""):
        """Begins the transmission; gives the export's size and flags."""
        replies = self.replies(GO, struct.pack(">I", len(name)) + name + b"\0\0")
        assert replies[-1] == (ACK, b""), replies
        return next(struct.unpack(">QH", body[2:]) for kind, body in replies if body[:2] == b"\0\0")

    def request(self, command, offset=0, length=0, data=b"", flags=0, magic=REQUEST):
        self.cookies += 1
        self.send(struct.pack(">IHHQQI", magic, flags, command, self.cookies, offset, length) + data)
        return self.cookies

    def reply(self):
        magic, error, cookie = struct.unpack(">IIQ", self.take(16))
        assert magic == REPLY
        return error, cookie

    def call(self, command, offset=0, length=0, data=b"", flags=0):
        """A request and its reply: the error."""
        cookie = self.request(command, offset, length, data, flags)
        error, answered = self.reply()
        assert answered == cookie
        return error

    def write(self, offset, data, flags=0):
        return self.call(WRITE, offset, len(data), data, flags)

    def read(self, offset, length):
        error = self.call(READ, offset, length)
        assert error == 0, error
        return self.take(length)
