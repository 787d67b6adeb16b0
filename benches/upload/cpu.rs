//! The CPU time of a process, as the kernel counts it.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// A tick of `/proc/PID/stat`: `USER_HZ` is 100 on every current Linux.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of all threads of a process.
pub(crate) fn used(process: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may contain anything; fields 14 and 15 (utime, stime) follow it.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next().context("stat is short")?.parse::<u32>().context("no number");
    Ok(TICK * (ticks()? + ticks()?))
}
