"""layers.py SOURCE BUILD NM: a part may include what stands above it in the top CMakeLists.txt and
nothing below; pure parts must not reach the world. Includes and undefined symbols are checked."""
import pathlib
import re
import subprocess
import sys

source, build, nm = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
order = re.search(r"foreach\(part ([a-z ]+)\)", (source / "CMakeLists.txt").read_text()).group(1).split()
problems = []

# A protocol folder knows its own messages, the shared http rooms and no other protocol.
shared_rooms = {"http"}


def room(path):
    parts = path.relative_to(source / "src").parts
    return parts[0], (parts[1] if parts[0] == "protocol" and len(parts) > 2 else None)


for path in sorted((source / "src").rglob("*.[ch]")):
    part, folder = room(path)
    if part not in order:
        continue  # src/provernet.c wires everything together
    text = path.read_text(encoding="utf-8")
    for n, line in enumerate(text.split("\n"), 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not m:
            continue
        target = m.group(1).split("/")
        if len(target) < 2 or target[0] == "proto":
            continue
        where = "%s:%d" % (path.relative_to(source), n)
        if target[0] == "..":
            problems.append("%s: includes by a relative path: %s" % (where, line.strip()))
        elif target[0] in order and order.index(target[0]) > order.index(part):
            problems.append("%s: %s may not include %s" % (where, part, m.group(1)))
        elif (part == "protocol" and folder and target[0] == "protocol" and len(target) > 2
              and target[1] not in shared_rooms | {folder}):
            problems.append("%s: protocol %s may not include %s" % (where, folder, m.group(1)))

for path in sorted((source / "examples").rglob("*.[ch]")):
    for n, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if m and m.group(1).split("/")[0] in order:
            problems.append("%s:%d: examples use the public headers only: %s"
                            % (path.relative_to(source), n, m.group(1)))

# Symbols that pure parts must not need: clocks, randomness, threads, sockets, files, databases.
world = re.compile(r"^(clock_gettime|time|gettimeofday|getrandom|getenv|pthread_(create|mutex|cond).*|"
                   r"open(64)?|socket|connect|sqlite3_.*|PQ.*|nng_.*|curl_.*|printf|puts|exit|abort|"
                   r"system|fork|signal|sigaction)$")
pure = {"state/rows": [], "schedule": [], "snark": ["open64", "open"], "protocol": []}
forbidden_everywhere = re.compile(r"^(exit|_exit|abort|printf|puts|putchar|perror|system|popen|"
                                  r"signal|sigaction|setlocale|chdir|fork|rand|srand|strcpy|strcat|"
                                  r"sprintf|gets|wait|waitpid)$")


def undefined(obj):
    out = subprocess.run([nm, "-u", str(obj)], capture_output=True, text=True, check=True).stdout
    return [line.split()[-1].split("@")[0] for line in out.split("\n") if line.strip()]


sanitized = "PROVERNET_SANITIZE:STRING=\n" not in (build / "CMakeCache.txt").read_text()
objects = sorted(build.glob("src/**/*.o"))
if not objects:
    problems.append("no objects found under %s/src: nothing was checked" % build)
for obj in objects:
    name = str(obj.relative_to(build / "src"))
    for symbol in undefined(obj):
        if forbidden_everywhere.match(symbol) and not sanitized:
            problems.append("%s: a library must not call %s" % (name, symbol))
        for prefix, allowed in pure.items():
            tail = name.replace("CMakeFiles/pvn_%s.dir/" % prefix.split("/")[0], "")
            if tail.startswith(prefix) and world.match(symbol) and symbol not in allowed \
                    and not sanitized and not symbol.startswith("__"):
                problems.append("%s: %s is pure and must not need %s" % (name, prefix, symbol))

print("\n".join(problems) if problems else "%d objects, layers hold" % len(objects))
sys.exit(1 if problems else 0)
