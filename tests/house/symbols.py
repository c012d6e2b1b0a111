"""symbols.py SOURCE LIBRARY NM: the library exports what the public headers declare, no more, no less."""
import pathlib
import re
import subprocess
import sys

source, library, nm = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
declared = set()
for header in sorted((source / "include" / "provernet").glob("*.h")):
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    for chunk in text.split("PROVERNET_API")[1:]:
        m = re.search(r"\b(provernet_\w+)\s*\(", chunk)
        if m:
            declared.add(m.group(1))
out = subprocess.run([nm, "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
exported = {line.split()[-1].split("@")[0] for line in out.split("\n")
            if line.strip() and line.split()[1] in "TDBRV"}
exported = {s for s in exported if not s.startswith(("__asan", "__ubsan", "__tsan"))}
wrong = sorted(exported - declared), sorted(declared - exported)
for name in wrong[0]:
    print("exported but in no public header: " + name)
for name in wrong[1]:
    print("declared but not exported: " + name)
print("%d declared, %d exported" % (len(declared), len(exported)))
sys.exit(1 if wrong[0] or wrong[1] or not declared else 0)
