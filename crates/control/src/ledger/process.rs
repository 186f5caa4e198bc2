//! Which process a gateway is, so that another one on the same machine can tell whether it still runs.
//!
//! On a store of one machine there may be two gateways for a while: at a hot restart the old one finishes what it has
//! begun. One that was killed a second ago has to be told from that.

/// The name of this process as the owner of its charges: process id, its start, and something random.
pub(super) fn own_name() -> String {
    let pid = std::process::id();
    let started = started(pid).unwrap_or_default();
    format!("{pid}-{started}-{:016x}", fastrand::u64(..))
}

/// Whether the process of this name runs on this machine. Where that cannot be told it is taken to run, and is gone
/// when it was not heard of for a while.
pub(super) fn is_running(name: &str) -> bool {
    let mut parts = name.split('-').map(str::parse::<u64>);
    let (Some(Ok(pid)), Some(Ok(at))) = (parts.next(), parts.next()) else {
        return true;
    };
    if started(std::process::id()).is_none() {
        return true;
    }
    u32::try_from(pid).ok().and_then(started) == Some(at)
}

/// When a process was started, in clock ticks since the machine was: field 22 of `/proc/PID/stat` (proc_pid_stat(5)).
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_one_of_its_number_that_started_at_another_time_does_not() {
        assert!(is_running(&own_name()));
        if started(std::process::id()).is_some() {
            assert!(!is_running(&format!("{}-1-00", std::process::id())));
            assert!(!is_running("4194305-1-00"));
        }
    }
}
