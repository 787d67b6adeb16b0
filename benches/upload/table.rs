//! The table of the results.

use std::time::Duration;

use super::workload::Workload;

/// The cost of a workload in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    /// CPU time.
    pub(crate) cpu: Duration,
    /// Elapsed time.
    pub(crate) wall: Duration,
    /// Sent bytes.
    pub(crate) bytes: usize,
}

/// The measures of all rounds.
#[derive(Default)]
pub(crate) struct Table(Vec<(Workload, f64, f64)>);

impl Table {
    pub(crate) fn add(&mut self, workload: Workload, measure: &Measure) {
        let gib = mib(measure.bytes) / 1024.0;
        let (cpu, wall) = (measure.cpu.as_secs_f64() / gib, measure.wall.as_secs_f64() / gib);
        self.0.push((workload, cpu, wall));
    }

    #[expect(clippy::print_stdout, reason = "the results go to standard output")]
    pub(crate) fn print(&self) {
        let (floor, _) = self.medians(Workload::Floor).unwrap_or((1.0, 1.0));
        println!("{:8} {:>10} {:>9} {:>10}", "workload", "CPU-s/GiB", "of floor", "wall-s/GiB");
        for workload in Workload::ALL {
            let Some((cpu, wall)) = self.medians(workload) else { continue };
            let name = workload.name();
            println!("{name:8} {cpu:>10.2} {:>9.2} {wall:>10.2}", cpu / floor);
        }
    }

    fn medians(&self, of: Workload) -> Option<(f64, f64)> {
        let rounds = || self.0.iter().filter(|(workload, ..)| *workload == of);
        let cpu = median(rounds().map(|(_, cpu, _)| *cpu).collect())?;
        let wall = median(rounds().map(|(.., wall)| *wall).collect())?;
        Some((cpu, wall))
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[expect(clippy::cast_precision_loss, reason = "a few GiB are exact in 52 bits")]
fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
