//! Both parties on two threads of one process.

use crate::wire::clock::LinkSpeed;
use crate::wire::link::Link;

/// A server that has the raw link, and may send on it what it likes.
pub trait RawServer: Send {
    /// The type of what it returns.
    type Output: Send;

    /// Runs the server on its side of the line.
    fn serve(self, link: Link) -> Self::Output;
}

impl<T: Send, F: FnOnce(Link) -> T + Send> RawServer for F {
    type Output = T;

    fn serve(self, link: Link) -> T {
        self(link)
    }
}

/// Runs a client and a server on two threads, with a line in memory between them, and returns what both return.
pub fn run<T, S: RawServer>(speed: LinkSpeed, client: impl FnOnce(Link) -> T, server: S) -> (T, S::Output) {
    let (near, far) = Link::pair(speed);
    std::thread::scope(|scope| {
        let server = scope.spawn(move || server.serve(far));
        let answered = client(near);
        let served = server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (answered, served)
    })
}
