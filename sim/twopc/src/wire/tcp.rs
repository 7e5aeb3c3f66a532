//! A wire over TCP.
//!
//! A frame is a header of 24 bytes (length, round, index, depth, arrival; little-endian) and the payload. A thread writes, so that
//! two parties who both send before they receive do not wait for one another's buffers.

use crate::wire::duplex::Gone;
use crate::wire::link::{Frame, PATIENCE_NS, Wire};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The length of a frame's header in bytes: what a message takes on the line besides its payload, which is all that meters count.
pub const HEADER_BYTES: usize = 24;

/// The direction of a connection that bytes come from.
pub trait Source: Send {
    /// Reads some bytes, at least one unless the connection has ended.
    ///
    /// # Errors
    /// The connection's own, and one of its own choice if nothing comes within this time, which is positive.
    fn read(&mut self, bytes: &mut [u8], within: Duration) -> io::Result<usize>;
}

/// The direction of a connection that bytes go to.
pub trait Sink: Send {
    /// Writes some of the bytes, at least one.
    ///
    /// # Errors
    /// The connection's own, and one of its own choice if nothing goes within this time, which is positive.
    fn write(&mut self, bytes: &[u8], within: Duration) -> io::Result<usize>;

    /// Says that nothing more will come.
    ///
    /// # Errors
    /// The connection's own.
    fn close(&mut self) -> io::Result<()>;
}

impl Source for TcpStream {
    fn read(&mut self, bytes: &mut [u8], within: Duration) -> io::Result<usize> {
        self.set_read_timeout(Some(within))?;
        Read::read(self, bytes)
    }
}

impl Sink for TcpStream {
    fn write(&mut self, bytes: &[u8], within: Duration) -> io::Result<usize> {
        self.set_write_timeout(Some(within))?;
        Write::write(self, bytes)
    }

    fn close(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// One end of a connection. Dropping it sends what is left and closes the connection.
pub struct TcpWire {
    source: Box<dyn Source>,
    patience: Patience,
    outbox: Option<Sender<Vec<u8>>>,
    writer: Option<JoinHandle<()>>,
}

impl TcpWire {
    /// Makes a wire of a connected stream, with the patience of [`Patience::default`].
    ///
    /// # Errors
    /// The operating system refuses to set the stream up.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let out = stream.try_clone()?;
        Ok(Self::over(Box::new(stream), Box::new(out), Patience::default()))
    }

    /// Makes a wire of the two directions of a connection, such as an encrypted one.
    #[must_use]
    pub fn over(source: Box<dyn Source>, mut sink: Box<dyn Sink>, patience: Patience) -> Self {
        let (outbox, frames) = channel::<Vec<u8>>();
        let writer = std::thread::spawn(move || {
            // A peer that is gone is noticed by the next to read from it.
            let _ = frames.iter().try_for_each(|frame| write(&mut *sink, &frame, patience.until(frame.len())));
            let _ = sink.close();
        });
        Self { source, patience, outbox: Some(outbox), writer: Some(writer) }
    }

    fn read(&mut self, most: usize) -> io::Result<Frame> {
        let mut header = [0; HEADER_BYTES];
        read(&mut *self.source, &mut header, self.patience.until(HEADER_BYTES))?;
        let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| header[4 * at + byte]));
        let [length, round, index, depth, arrival_low, arrival_high] = std::array::from_fn(word);
        // What is too long is not read: the receiver refuses it by its length.
        let length = (length as usize).min(most + 1);
        let mut payload = vec![0; length];
        if length <= most {
            read(&mut *self.source, &mut payload, self.patience.until(length))?;
        }
        Ok(Frame { depth, round, index, arrival_ns: u64::from(arrival_high) << 32 | u64::from(arrival_low), payload })
    }
}

impl std::fmt::Debug for TcpWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TcpWire").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// How long a peer may take for a frame in either direction, however its bytes are spread over that time; then it counts as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The time for a frame of no bytes.
    pub late: Duration,
    /// The slowest line that is none too slow, in bytes a second: the bytes of a frame have as much time more.
    pub bytes_per_s: u32,
}

impl Default for Patience {
    /// [`PATIENCE_NS`], and a line of 100 KB/s.
    fn default() -> Self {
        Self { late: Duration::from_nanos(PATIENCE_NS), bytes_per_s: 100_000 }
    }
}

impl Patience {
    /// When a frame of so many bytes must have gone over the wire that begins now.
    #[must_use]
    pub fn until(self, bytes: usize) -> Deadline {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Deadline(now() + self.late + Duration::from_secs(1) * bytes / self.bytes_per_s)
    }
}

/// When something must be done.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// What is left of the time.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] if nothing is.
    pub fn left(self) -> io::Result<Duration> {
        let left = self.0.saturating_duration_since(now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a peer over the network is waited for on the wall's clock")]
fn now() -> Instant {
    Instant::now()
}

/// Reads all of these bytes.
///
/// # Errors
/// The connection's own, [`io::ErrorKind::UnexpectedEof`] if it ends before, and [`io::ErrorKind::TimedOut`] at the deadline.
pub fn read(source: &mut dyn Source, mut bytes: &mut [u8], deadline: Deadline) -> io::Result<()> {
    while !bytes.is_empty() {
        match source.read(bytes, deadline.left()?) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => bytes = &mut bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of these bytes.
///
/// # Errors
/// The connection's own, and [`io::ErrorKind::TimedOut`] at the deadline.
pub fn write(sink: &mut dyn Sink, mut bytes: &[u8], deadline: Deadline) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes, deadline.left()?) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Wire for TcpWire {
    fn put(&mut self, frame: Frame) -> Result<(), Gone> {
        let length = u32::try_from(frame.payload.len()).map_err(|_| Gone)?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + frame.payload.len());
        for word in [length, frame.round, frame.index, frame.depth] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&frame.arrival_ns.to_le_bytes());
        bytes.extend_from_slice(&frame.payload);
        self.outbox.as_ref().ok_or(Gone)?.send(bytes).map_err(|_| Gone)
    }

    fn take(&mut self, most: usize) -> Result<Frame, Gone> {
        self.read(most).map_err(|_| Gone)
    }
}

impl Drop for TcpWire {
    fn drop(&mut self) {
        self.outbox = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use crate::wire::clock::LinkSpeed;
    use crate::wire::link::{Halt, Link};
    use std::net::TcpListener;

    fn pair() -> (TcpWire, TcpWire) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (TcpWire::new(client).unwrap(), TcpWire::new(listener.accept().unwrap().0).unwrap())
    }

    /// 8 MB each way at once: more than any buffer of the system holds.
    #[test]
    fn both_may_send_before_they_receive() {
        let (client, server) = pair();
        let run = |role, wire: TcpWire, byte: u8| {
            let mut link = Link::new(role, Box::new(wire), LinkSpeed::LAN);
            link.send(vec![byte; 8_000_000]).unwrap();
            (link.receive(8_000_000).unwrap()[7_999_999], link.meter().clone())
        };
        std::thread::scope(|scope| {
            let server = scope.spawn(|| run(Role::Server, server, 2));
            let (theirs, meter) = run(Role::Client, client, 1);
            let (mine, other) = server.join().unwrap();
            assert_eq!((theirs, mine), (2, 1));
            assert_eq!(meter.sent(Role::Client, None), other.sent(Role::Client, None));
        });
    }

    /// A byte now and then is a byte in time, and yet nobody waits for all of them.
    #[test]
    fn a_peer_that_trickles_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = listener.accept().unwrap().0;
        let late = Duration::from_millis(100);
        let patience = Patience { late, bytes_per_s: u32::MAX };
        std::thread::scope(|scope| {
            // Closed at the end, however that comes.
            let mut stream = stream;
            let mut out = peer.try_clone().unwrap();
            let pause = move || std::thread::sleep(late / 4);
            scope.spawn(move || {
                (0..HEADER_BYTES).for_each(|_| {
                    let _ = out.write_all(&[0]);
                    pause();
                });
            });
            scope.spawn(move || {
                (0..HEADER_BYTES).for_each(|_| {
                    let _ = peer.read_exact(&mut vec![0; 100_000]);
                    pause();
                });
                // All that was held back, at last.
                let _ = peer.read_to_end(&mut Vec::new());
            });
            // More than the system's buffers hold.
            let sent = write(&mut stream, &vec![1; 30_000_000], patience.until(30_000_000));
            assert!(sent.is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe));
            assert!(read(&mut stream, &mut [0; HEADER_BYTES], patience.until(HEADER_BYTES)).is_err());
        });
    }

    #[test]
    fn what_is_too_long_is_refused_unread_and_an_end_is_noticed() {
        let (client, mut server) = pair();
        let frame = |bytes| Frame { depth: 1, round: 0, index: 0, arrival_ns: 5, payload: vec![7; bytes] };
        server.put(frame(3)).unwrap();
        server.put(frame(1000)).unwrap();
        let mut link = Link::new(Role::Client, Box::new(client), LinkSpeed::LAN);
        assert_eq!(link.receive(3).unwrap(), [7; 3]);
        assert!(matches!(link.receive(999), Err(Halt::Malformed { .. })));
        drop(server);
        let (client, server) = pair();
        drop(server);
        let mut link = Link::new(Role::Client, Box::new(client), LinkSpeed::LAN);
        assert!(matches!(link.receive(1), Err(Halt::PeerGone { .. })));
    }
}
