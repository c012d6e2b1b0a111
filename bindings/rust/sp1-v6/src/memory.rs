//! How much memory a kind needs, and how much there is.
use std::fs;

const GB: u64 = 1_000_000_000;

/// Measured on two cores with a small guest; it depends little on the guest up to one shard.
pub fn need(kind: &str) -> u64 {
    match kind {
        "sp1/core@6" => 97 * GB / 10,
        "sp1/compressed@6" => 174 * GB / 10,
        _ => GB,
    }
}

fn read_number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// What the control group (version 2) still allows; None: no limit.
fn group_allows() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|l| l.strip_prefix("0::"))?;
    let folder = format!("/sys/fs/cgroup{path}");
    let most = read_number(&format!("{folder}/memory.max"))?;
    let used = read_number(&format!("{folder}/memory.current")).unwrap_or(0);
    Some(most.saturating_sub(used))
}

/// Bytes that a new program can have without swapping.
pub fn available() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))
        .and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let machine = kib.map_or(u64::MAX, |k| k * 1024);
    group_allows().map_or(machine, |g| g.min(machine))
}

fn gb(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / GB as f64)
}

/// Why not, with what is missing.
pub fn refusal(kind: &str, available: u64) -> Option<String> {
    let need = need(kind);
    (available < need).then(|| {
        format!(
            "{kind} needs {}, {} are available: {} are missing",
            gb(need),
            gb(available),
            gb(need - available)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_missing() {
        assert_eq!(refusal("sp1/core@6", 10 * GB), None);
        assert_eq!(
            refusal("sp1/compressed@6", 12 * GB).unwrap(),
            "sp1/compressed@6 needs 17.4 GB, 12.0 GB are available: 5.4 GB are missing"
        );
        assert!(available() > 0);
    }
}
