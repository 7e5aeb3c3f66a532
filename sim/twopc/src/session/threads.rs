//! Both parties on two threads of one process, with a link in memory between them.

use crate::wire::clock::LinkSpeed;
use crate::wire::link::Link;

/// A server as a program of its own: it has the raw link, and may do with it what it likes.
pub trait ServerProgram: Send {
    /// What it returns.
    type Output: Send;

    /// Serves.
    fn serve(self, link: Link) -> Self::Output;
}

impl<T: Send, F: FnOnce(Link) -> T + Send> ServerProgram for F {
    type Output = T;

    fn serve(self, link: Link) -> T {
        self(link)
    }
}

/// Runs a client and a server on two threads, with a link in memory between them.
pub fn run<T, S: ServerProgram>(network: LinkSpeed, client: impl FnOnce(Link) -> T, server: S) -> (T, S::Output) {
    let (near, far) = Link::pair(network);
    std::thread::scope(|scope| {
        let server = scope.spawn(move || server.serve(far));
        let answered = client(near);
        let served = server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (answered, served)
    })
}
