"""Says which of the files on the command line zlib makes into other bytes at level 9 than FILE.z beside it holds."""
import sys, zlib

for path in sys.argv[1:]:
    ours = open(path + ".z", "rb").read()
    if zlib.compress(open(path, "rb").read(), 9) != ours:
        print(path)
