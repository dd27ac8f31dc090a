#!/usr/bin/python3
"""A reader written from docs/recording-format.md alone: it reads the recording that the tree keeps
of version 1, so that the page is known to be enough."""
import ctypes
import struct
import sys

MAGIC = b"\x89stapd\r\n"
HEADER = struct.Struct("<8sHBBIQQ16sQIIQQQII")
ZSTD = ctypes.CDLL("libzstd.so.1")
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
ZSTD.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]

TABLE = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    TABLE.append(n)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, size):
        self.at += size
        assert self.at <= len(self.data)
        return self.data[self.at - size:self.at]

    def left(self):
        return len(self.data) - self.at

    def varint(self):
        value = shift = 0
        while True:
            byte = self.raw(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def svarint(self):
        return unfold(self.varint())

    def string(self):
        return self.raw(self.varint())


def unfold(value):
    return value >> 1 ^ -(value & 1)


def wrap(value):
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def integers(data, count):
    if count == 0:
        return []
    mode = data.varint()
    if mode == 0:
        return [data.svarint()] * count
    if mode == 1:
        return [data.svarint() for _ in range(count)]
    if mode == 3:
        values = [data.svarint() for _ in range(data.varint())]
        return [values[index] for index in data.raw(count)]
    first = data.svarint() if mode in (2, 5) else 0
    if mode == 2:
        steps = [data.svarint() for _ in range(count)]
    else:
        width = data.raw(1)[0]
        planes = [data.raw(count) for _ in range(width)]
        steps = [sum(plane[i] << 8 * k for k, plane in enumerate(planes)) for i in range(count)]
        if mode == 4:
            return [wrap(value) for value in steps]
        steps = [unfold(value) for value in steps]
    values = []
    for step in steps:
        first = wrap(first + step)
        values.append(first)
    return values


def strings(data, count):
    if count == 0:
        return []
    if data.varint() == 0:
        return [data.raw(size) for size in integers(data, count)]
    table = [data.string() for _ in range(data.varint())]
    return [table[index] for index in integers(data, count)]


def items(data):
    data, found = Bytes(data), {}
    while data.left():
        tag = data.varint()
        found.setdefault(tag, []).append(data.string())
    return found


def number(found, tag):
    return Bytes(found[tag][-1]).varint() if tag in found else 0


def blocks(data):
    at = 0
    while at < len(data):
        (magic, version, kind, flags, size, length, raw_length, _, sequence, _, schema, _, _, records,
         body_sum, header_sum) = HEADER.unpack_from(data, at)
        assert (magic, version, size) == (MAGIC, 1, 96)
        assert crc32c(data[at:at + 92]) == header_sum
        body = data[at + size:at + size + length]
        assert crc32c(body) == body_sum
        if flags & 1:
            out = ctypes.create_string_buffer(raw_length)
            assert ZSTD.ZSTD_decompress(out, raw_length, body, length) == raw_length
            body = out.raw
        yield sequence, kind, schema, records, body
        at += size + length


def ledger(data):
    segments = []
    for _ in range(data.varint()):
        segments.append([data.varint() for _ in range(7)] + [data.varint() for _ in range(data.varint())])
    return segments


def records(body, count, formats):
    data = Bytes(body)
    data.raw(24)
    segments = ledger(data)
    assert data.varint() == count
    columns = [integers(data, count) for _ in range(5)]
    opaque = sum(flags >> 1 & 1 for flags in columns[4])
    fields = {}
    for index in sorted({f for f, flags in zip(columns[0], columns[4]) if not flags & 2}):
        rows = sum(f == index and not flags & 2 for f, flags in zip(columns[0], columns[4]))
        values = []
        for field in formats[index]:
            kind, size = number(field, 1), number(field, 3)
            if kind in (0, 1):
                values.append(integers(data, rows))
            elif kind == 4:
                flat = integers(data, rows * (size // 8))
                values.append([flat[i:i + size // 8] for i in range(0, len(flat), size // 8)])
            else:
                values.append(strings(data, rows))
        fields[index] = iter(list(zip(*values)))
    rest = iter(strings(data, opaque))
    assert data.left() == 0
    numbers = {}
    for index, segment, time, step, flags in zip(*columns):
        numbers[segment] = numbers.get(segment, 0) + step + 1
        values = next(rest) if flags & 2 else next(fields[index])
        yield time, segment, numbers[segment], index, values, segments


def main(paths):
    found = sorted(block for path in paths for block in blocks(open(path, "rb").read()))
    assert [block[0] for block in found] == list(range(len(found)))
    schemas, all_records = {}, []
    for _, kind, schema, count, body in found:
        if kind == 1:
            info = items(body)
            schemas[number(info, 1)] = [[items(field) for field in items(f).get(5, [])] for f in info[18]]
            assert info[2] == [b"sample"] and info[4] == [b"probe begin { }\n"]
        if kind == 3:
            all_records += records(body, count, schemas[schema])
        if kind == 4:
            end = items(body)
    assert number(end, 1) == 1 and number(end, 3) == 303 and end[4] == [b"fixture"]
    assert ledger(Bytes(end[5][0]))[2] == [2, 100, 100, 7, 1, 2, 0, 3, 0, 0, 4, 0]
    for value in range(300):
        text = bytes([ord("a") + value % 26]) * (value % 23)
        time = 1_000_000_000_000 + value * 1000
        assert all_records[value][:5] == (time, value % 3, value // 3 + 1, 0, (value, text))
    assert all_records[300][4] == (b"comm", -5, b"m\xff")
    assert all_records[301][4] == ([0, 5, -1, 1, 2, 3, 4],)
    assert all_records[302][4] == b"no record at all"
    assert len(all_records) == 303
    print("303 records read by the page")


main(sys.argv[1:])
