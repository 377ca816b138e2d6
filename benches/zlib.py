"""What zlib itself takes to compress the lists of `cargo bench -- "status list"`: the same entries, level 9."""

import time
import zlib

ENTRIES = 1 << 20

for share in (10, 100, 1_000):
    entries, state = bytearray(ENTRIES // 4), 12_345
    for number in range(ENTRIES * share // 10_000):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        index, value = (state >> 33) % ENTRIES, 2 if number % 4 == 0 else 1
        shift = index % 4 * 2
        entries[index // 4] = entries[index // 4] & ~(3 << shift) & 255 | value << shift
    begin = time.process_time()
    for _ in range(5):
        stream = zlib.compress(bytes(entries), 9)
    each = (time.process_time() - begin) / 5 * 1_000
    print(f"{share / 100} % not valid: {len(stream)} bytes, {each:.1f} ms")
