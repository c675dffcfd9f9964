//! What hosts do with their ranks, the same for every implementation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use distarray_comm::messages::{MessageCommunicator, Network};
use distarray_comm::{Communicator, InProcess, Interrupt};

/// A communicator, and its host's handle.
#[allow(dead_code, reason = "each file of tests uses some of these")]
pub trait Hosted: Communicator + Sized + 'static {
    /// A new group of this many ranks.
    fn group(size: usize) -> Vec<Arc<Self>>;

    /// Makes an aborted group usable again.
    fn reset(group: &[Arc<Self>]);

    /// Begins something that ranks may leave.
    fn enter(group: &[Arc<Self>], generation: u64);

    /// Says that this rank leaves it.
    fn leave(&self, number: usize);

    /// Does what a rank does that is in no call.
    fn idle(&self);

    fn set_interrupt(&self, interrupt: Option<Interrupt>);

    /// Stays around until all ranks of the group are done.
    fn linger(&self, done: &AtomicUsize) {
        done.fetch_add(1, Ordering::AcqRel);
        while done.load(Ordering::Acquire) < self.size() {
            self.idle();
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Hosted for InProcess {
    fn group(size: usize) -> Vec<Arc<Self>> {
        InProcess::group(size)
    }

    fn reset(group: &[Arc<Self>]) {
        group[0].handle().reset();
    }

    fn enter(group: &[Arc<Self>], _generation: u64) {
        group[0].handle().rejoin();
    }

    fn leave(&self, number: usize) {
        self.handle().leave(self.group_rank(), number);
    }

    fn idle(&self) {}

    fn set_interrupt(&self, interrupt: Option<Interrupt>) {
        self.handle().set_interrupt(interrupt);
    }
}

impl Hosted for MessageCommunicator {
    fn group(size: usize) -> Vec<Arc<Self>> {
        Network::new(size).with_limits(4, 8).with_disorder(size as u64).group()
    }

    fn reset(group: &[Arc<Self>]) {
        let epoch = group.iter().map(|rank| rank.handle().epoch()).max().unwrap_or(0);
        for rank in group {
            rank.handle().reset(epoch + 1);
        }
    }

    fn enter(group: &[Arc<Self>], generation: u64) {
        for rank in group {
            rank.handle().enter(generation);
        }
    }

    fn leave(&self, number: usize) {
        self.handle().leave(number);
    }

    fn idle(&self) {
        self.handle().is_aborted();
    }

    fn set_interrupt(&self, interrupt: Option<Interrupt>) {
        self.handle().set_interrupt(interrupt);
    }
}

/// Runs generic tests with every implementation.
#[macro_export]
macro_rules! with_every_implementation {
    ($($test:ident),* $(,)?) => {
        mod in_process {
            $(#[test] fn $test() { super::$test::<distarray_comm::InProcess>(); })*
        }
        mod messages {
            $(#[test] fn $test() {
                super::$test::<distarray_comm::messages::MessageCommunicator>();
            })*
        }
    };
}
