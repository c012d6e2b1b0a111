"""proto_for_c.py IN OUT: rewrite proto3 `optional T f = N;` as a one-member oneof, drop services.

protobuf-c does not know proto3 optional; a oneof of one field has the same bytes on the wire and
tells presence. Services are dropped because a method such as `Do` would become a C keyword."""
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
text = re.sub(r"^(\s*)optional\s+([\w.]+)\s+(\w+)\s*=\s*(\d+)([^;]*);",
              r"\1oneof _\3 { \2 \3 = \4\5; }", text, flags=re.M)
out, depth, skipping = [], 0, False
for line in text.split("\n"):
    if not skipping and depth == 0 and re.match(r"\s*service\s+\w+", line):
        skipping = True
    opened, closed = line.count("{"), line.count("}")
    if not skipping:
        out.append(line)
    depth += opened - closed
    if skipping and depth == 0 and closed:
        skipping = False
with open(sys.argv[2], "w", encoding="utf-8") as f:
    f.write("\n".join(out))
