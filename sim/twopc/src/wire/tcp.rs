//! A wire over TCP: frames on a stream of bytes ([`super::stream`]), in one lane or in several.

use crate::wire::carrier::{Frame, Lost, Wire};
use crate::wire::duplex::Gone;
use crate::wire::tcp_lanes;
use std::io;
use std::net::TcpStream;

pub use crate::wire::stream::{Deadline, HEADER_BYTES, Patience, Reader, Sink, Source, Writer, read, write};

/// One end of a connection. Dropping it sends what is left and closes the connection.
pub struct TcpWire {
    reader: Reader,
    writer: Writer,
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
    pub fn over(source: Box<dyn Source>, sink: Box<dyn Sink>, patience: Patience) -> Self {
        Self { reader: Reader::new(source, patience), writer: Writer::new(sink, patience) }
    }
}

impl std::fmt::Debug for TcpWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TcpWire").field("patience", &self.reader.patience()).finish_non_exhaustive()
    }
}

impl Wire for TcpWire {
    fn put(&mut self, frame: Frame) -> Result<(), Gone> {
        self.writer.put(&frame)
    }

    fn take(&mut self, most: usize) -> Result<Frame, Lost> {
        self.reader.read(most).map_err(|_| Lost::Gone)
    }

    fn lanes(self: Box<Self>, bounds: &[usize]) -> Vec<Box<dyn Wire>> {
        if bounds.len() == 1 {
            return vec![self];
        }
        tcp_lanes::divide(self.reader, self.writer, bounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use crate::wire::clock::LinkSpeed;
    use crate::wire::link::{Halt, Link};
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

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
