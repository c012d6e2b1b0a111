"""bytes_to_c.py NAME IN OUT: a file as a C array `NAME` with its length `NAME_len`."""
import sys

name, source, target = sys.argv[1:4]
data = open(source, "rb").read()
rows = [", ".join("0x%02x" % b for b in data[i:i + 16]) for i in range(0, len(data), 16)]
with open(target, "w", encoding="ascii") as f:
    f.write("#include <stddef.h>\n")
    f.write("extern const unsigned char %s[];\nextern const size_t %s_len;\n" % (name, name))
    f.write("const unsigned char %s[] = {\n    %s};\n" % (name, ",\n    ".join(rows) or "0"))
    f.write("const size_t %s_len = %d;\n" % (name, len(data)))
