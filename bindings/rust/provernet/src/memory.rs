//! How much memory a new program can have here, and what to say when it is too little.
use std::fs;
use std::path::Path;

const GB: u64 = 1_000_000_000;

/// The files of a control group that say what it may have, what it has, and how much of that is
/// only cache (lines of memory.stat).
struct Names {
    limit: &'static str,
    used: &'static str,
    cache: [&'static str; 2],
}

const VERSION_2: Names = Names {
    limit: "memory.max",
    used: "memory.current",
    cache: ["inactive_file", "active_file"],
};
const VERSION_1: Names = Names {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: ["total_inactive_file", "total_active_file"],
};

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn value(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix([' ', ':']))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// What one group still allows; None: it has no limit, or there is no such group.
fn group_allows(folder: &Path, names: &Names) -> Option<u64> {
    let limit = number(&folder.join(names.limit))?;
    let used = number(&folder.join(names.used))?;
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let cache: u64 = names.cache.iter().filter_map(|n| value(&stat, n)).sum();
    Some(limit.saturating_sub(used.saturating_sub(cache)))
}

/// The least that a group or one of those above it allows. In a container the path may be the
/// host's and not be there: then only what is mounted counts.
fn groups_allow(root: &Path, path: &str, names: &Names) -> Option<u64> {
    let path = root.join(path.trim_start_matches('/'));
    path.ancestors()
        .take_while(|p| p.starts_with(root))
        .filter_map(|p| group_allows(p, names))
        .min()
}

/// `groups` is the text of /proc/self/cgroup.
fn limits(root: &Path, groups: &str) -> Option<u64> {
    let mut least = None;
    for line in groups.lines() {
        let mut part = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (part.next(), part.next()) else { continue };
        let allowed = if controllers.is_empty() {
            groups_allow(root, path, &VERSION_2)
        } else if controllers.split(',').any(|c| c == "memory") {
            groups_allow(&root.join("memory"), path, &VERSION_1)
        } else {
            None
        };
        least = [least, allowed].into_iter().flatten().min();
    }
    least
}

/// Bytes that can be had without swapping: what the machine has free, and no more than the control
/// groups (of either version) of this process allow.
pub fn available() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let machine = value(&text, "MemAvailable").map_or(u64::MAX, |kib| kib * 1024);
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    limits(Path::new("/sys/fs/cgroup"), &groups).map_or(machine, |g| g.min(machine))
}

fn gb(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / GB as f64)
}

/// Why `what` cannot be done with so much memory, and how much is missing; None: it can.
pub fn refusal(what: &str, need: u64, available: u64) -> Option<String> {
    (available < need).then(|| {
        format!(
            "{what} needs {}, {} are available: {} are missing",
            gb(need),
            gb(available),
            gb(need - available)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, names: &Names, limit: &str, used: u64, stat: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(names.limit), format!("{limit}\n")).unwrap();
        fs::write(folder.join(names.used), format!("{used}\n")).unwrap();
        fs::write(folder.join("memory.stat"), stat).unwrap();
    }

    #[test]
    fn says_what_is_missing() {
        assert_eq!(refusal("sp1/core@6", 10 * GB, 10 * GB), None);
        assert_eq!(
            refusal("sp1/compressed@6", 174 * GB / 10, 12 * GB).unwrap(),
            "sp1/compressed@6 needs 17.4 GB, 12.0 GB are available: 5.4 GB are missing"
        );
        assert!(available() > 0 && available() < u64::MAX);
    }

    #[test]
    fn groups_of_both_versions_limit() {
        let root = std::env::temp_dir().join(format!("provernet-groups-{}", std::process::id()));
        let both = "4:cpu,memory:/a/b\n3:cpuset:/\n0::/x/y\n";
        assert_eq!(limits(&root, both), None);
        // No limit in the group itself, one above it; cache does not count.
        let above = root.join("memory/a");
        write(&above, &VERSION_1, "1000", 400, "inactive_file 7\ntotal_inactive_file 100\n");
        write(&root.join("memory/a/b"), &VERSION_1, "9223372036854771712", 300, "");
        assert_eq!(limits(&root, both), Some(700));
        write(&root.join("x"), &VERSION_2, "max", 10, "");
        assert_eq!(limits(&root, both), Some(700));
        write(&root.join("x/y"), &VERSION_2, "500", 80, "inactive_file 30\nactive_file 20\n");
        assert_eq!(limits(&root, both), Some(470));
        // More in use than allowed; a group that is not mounted here.
        write(&root.join("x/y"), &VERSION_2, "500", 600, "");
        assert_eq!(limits(&root, both), Some(0));
        assert_eq!(limits(&root, "4:memory:/a/gone\n"), Some(700));
        fs::remove_dir_all(&root).unwrap();
    }
}
