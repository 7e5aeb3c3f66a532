//! Frames on a stream of bytes: headers, deadlines, and the thread that writes.
//!
//! A frame is a header of 24 bytes (length, round, index, depth, arrival; little-endian) and the payload. A thread writes, so that
//! two parties who both send before they receive do not wait for one another's buffers.

use crate::wire::carrier::Frame;
use crate::wire::duplex::Gone;
use crate::wire::link::PATIENCE_NS;
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

/// A payload is read in pieces of this many bytes: what a header says allocates no more than that.
const PIECE: usize = 1 << 20;

/// The direction of a connection that frames come from.
pub struct Reader {
    source: Box<dyn Source>,
    patience: Patience,
}

impl Reader {
    /// Makes a reader of a direction.
    #[must_use]
    pub fn new(source: Box<dyn Source>, patience: Patience) -> Self {
        Self { source, patience }
    }

    /// How long it waits for a frame.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Waits for the next frame. Of a payload longer than `most` bytes nothing is read, and `most + 1` zeros stand in its place.
    ///
    /// # Errors
    /// The connection's own, and [`io::ErrorKind::TimedOut`].
    pub fn read(&mut self, most: usize) -> io::Result<Frame> {
        let mut header = [0; HEADER_BYTES];
        read(&mut *self.source, &mut header, self.patience.until(HEADER_BYTES))?;
        let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| header[4 * at + byte]));
        let [length, round, index, depth, arrival_low, arrival_high] = std::array::from_fn(word);
        // What is too long is not read: the receiver refuses it by its length.
        let length = (length as usize).min(most + 1);
        let payload = if length <= most { self.payload(length)? } else { vec![0; length] };
        Ok(Frame { depth, round, index, arrival_ns: u64::from(arrival_high) << 32 | u64::from(arrival_low), payload })
    }

    fn payload(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let deadline = self.patience.until(length);
        let mut payload = Vec::new();
        while payload.len() < length {
            let read_so_far = payload.len();
            payload.resize(length.min(read_so_far + PIECE), 0);
            read(&mut *self.source, &mut payload[read_so_far..], deadline)?;
        }
        Ok(payload)
    }
}

/// The direction of a connection that frames go to. Dropping it sends what is left and closes the direction.
pub struct Writer {
    outbox: Option<Sender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Makes a writer of a direction, with a thread of its own.
    #[must_use]
    pub fn new(mut sink: Box<dyn Sink>, patience: Patience) -> Self {
        let (outbox, frames) = channel::<Vec<u8>>();
        let thread = std::thread::spawn(move || {
            // A peer that is gone is noticed by the next to read from it.
            let _ = frames.iter().try_for_each(|frame| write(&mut *sink, &frame, patience.until(frame.len())));
            let _ = sink.close();
        });
        Self { outbox: Some(outbox), thread: Some(thread) }
    }

    /// Sends a frame, without waiting.
    ///
    /// # Errors
    /// [`Gone`] if the connection has ended.
    pub fn put(&self, frame: &Frame) -> Result<(), Gone> {
        let length = u32::try_from(frame.payload.len()).map_err(|_| Gone)?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + frame.payload.len());
        for word in [length, frame.round, frame.index, frame.depth] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&frame.arrival_ns.to_le_bytes());
        bytes.extend_from_slice(&frame.payload);
        self.outbox.as_ref().ok_or(Gone)?.send(bytes).map_err(|_| Gone)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.outbox = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
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
