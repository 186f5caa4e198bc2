//! How much memory the process may use: what its container allows, else what the machine has.

use std::path::Path;

/// Where nothing can be read, this is half of a small machine.
const HALF_OF_UNKNOWN: usize = 512 << 20;

/// Half of it, in bytes.
pub(crate) fn half() -> usize {
    let machine = read("/proc/meminfo").and_then(|text| of_machine(&text));
    let allowed = [of_container(), machine].into_iter().flatten().min();
    allowed
        .and_then(|bytes| usize::try_from(bytes / 2).ok())
        .unwrap_or(HALF_OF_UNKNOWN)
}

/// The limit of the control group that the process is in, or of the nearest one above that has one.
fn of_container() -> Option<u64> {
    let groups = read("/proc/self/cgroup")?;
    groups.lines().filter_map(of_group).min()
}

/// A line of `/proc/self/cgroup` is `ID:CONTROLLERS:PATH` (cgroups(7)).
fn of_group(line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let (root, file) = match controllers {
        "" => ("/sys/fs/cgroup", "memory.max"),
        "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        _ => return None,
    };
    // Inside a container the path may be the one outside, of which only the root is seen.
    let above = Path::new(path.trim_start_matches('/')).ancestors();
    let limits = above.filter_map(|group| read(Path::new(root).join(group).join(file)));
    // The word `max` is no number, and is none.
    limits.filter_map(|text| text.trim().parse().ok()).min()
}

fn of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_memory_is_read_in_kilobytes() {
        let text = "MemTotal:       24684336 kB\nMemFree:        1 kB\n";
        assert_eq!(of_machine(text), Some(24_684_336 << 10));
        assert_eq!(of_machine("MemTotal: much"), None);
    }

    #[test]
    fn groups_of_other_things_limit_no_memory() {
        assert_eq!(of_group("4:cpu,cpuacct:/"), None);
        assert_eq!(of_group("nonsense"), None);
    }

    #[test]
    fn there_is_always_some() {
        assert!(half() >= 64 << 20);
    }
}
