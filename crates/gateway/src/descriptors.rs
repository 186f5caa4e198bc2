//! File descriptors: how many clients may take, so that some are left for vendors, the store and the operator.
//!
//! A process that has run out of them can do nothing at all, not even roll back. So clients get fewer than there
//! are: whoever comes beyond is told that the gateway is overloaded, and whoever comes beyond that waits in the
//! kernel.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};

/// What is kept for the store, the admin API, probes and files.
const KEPT: u64 = 64;
/// Where there is no limit, or one beyond what addresses allow.
const MOST: u64 = 1 << 20;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seats {
    /// Of clients that are served. Each of them may need a connection to a vendor as well.
    pub(crate) served: usize,
    /// Of clients, with those that are told that there are too many.
    pub(crate) answered: usize,
    /// To vendors.
    pub(crate) vendors: usize,
}

impl Seats {
    pub(crate) fn of_this_process() -> Seats {
        Seats::of(getrlimit(Resource::Nofile).current.unwrap_or(MOST))
    }

    fn of(limit: u64) -> Seats {
        let all = usize::try_from(limit.min(MOST).saturating_sub(KEPT)).unwrap_or(usize::MAX);
        // As many for vendors as for clients, and an eighth of it to turn others away in.
        let served = (all / 17 * 8).max(8);
        let answered = served + served / 8;
        Seats {
            served,
            answered,
            vendors: all.saturating_sub(answered).max(served),
        }
    }
}

/// Connections to vendors, of all workers.
#[derive(Debug)]
pub(crate) struct Lines {
    open: AtomicUsize,
    most: usize,
}

impl Lines {
    pub(crate) fn of_this_process() -> Arc<Lines> {
        let most = Seats::of_this_process().vendors;
        Arc::new(Lines {
            open: AtomicUsize::new(0),
            most,
        })
    }

    /// Room for one more, until it is dropped.
    pub(crate) fn take(self: &Arc<Lines>) -> Option<Line> {
        let fits = |open: usize| (open < self.most).then_some(open + 1);
        let taken = self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.ok().map(|_| Line(Arc::clone(self)))
    }
}

/// One connection's place among them.
#[derive(Debug)]
pub(crate) struct Line(Arc<Lines>);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets this process have as many descriptors as the system allows it; returns how many that are. To be called
/// before any thread is started.
///
/// # Errors
/// The system does not allow what it says it does; the limit stays as it was.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    Ok(limit.current.unwrap_or(MOST))
}

/// Whether this machine has run out of something, which says nothing about whoever was called.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    let ours = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRNOTAVAIL,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| ours.iter().any(|errno| errno.raw_os_error() == code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_leave_descriptors_for_vendors_and_the_operator() {
        for limit in [0, 64, 100, 256, 1_024, 65_536, u64::MAX] {
            let seats = Seats::of(limit);
            let taken = seats.served + seats.answered;
            assert!(seats.served >= 1 && seats.answered > seats.served);
            assert!(
                limit < 256 || taken as u64 + KEPT / 2 <= limit,
                "{limit}: {seats:?}"
            );
        }
    }

    #[test]
    fn a_line_is_free_again_once_it_is_dropped() {
        let lines = Arc::new(Lines {
            open: AtomicUsize::new(0),
            most: 1,
        });
        let line = lines.take();
        assert!(line.is_some() && lines.take().is_none());
        drop(line);
        assert!(lines.take().is_some());
    }

    #[test]
    fn what_this_machine_lacks_is_nobody_elses_fault() {
        assert!(is_exhausted(&Errno::MFILE.into()));
        assert!(!is_exhausted(&Errno::CONNREFUSED.into()));
        assert!(!is_exhausted(&io::ErrorKind::UnexpectedEof.into()));
    }
}
