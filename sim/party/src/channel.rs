//! An encrypted connection, both directions of it at once, and short documents over it.
//!
//! A record is sealed and opened under a lock, and sent and received without it: neither direction waits for the other.

use crate::error::PartyError;
use crate::fingerprint::Fingerprint;
use crate::tls::{insecure, is_about_a_key};
use fusion_2pc::wire::tcp::{Deadline, Patience, Sink, Source, TcpWire, read, write};
use rustls::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most bytes that are sealed or opened at a time: one record of TLS.
const RECORD: usize = 1 << 14;

/// A connection whose peer is known by its key.
pub struct Channel {
    source: Sealed,
    sink: Sealed,
    patience: Patience,
    /// The fingerprint of the peer's key.
    pub peer: Fingerprint,
}

/// One direction of an encrypted connection.
struct Sealed {
    stream: TcpStream,
    connection: Arc<Mutex<Connection>>,
    /// Bytes of the line that came and are not opened yet, or that are sealed and not sent yet.
    waiting: Vec<u8>,
}

impl Sealed {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for bytes of the line, unless some wait here, and opens them as far as the connection takes them. Errors of TLS are inside those that it returns.
    fn fetch(&mut self, deadline: Deadline) -> io::Result<()> {
        if self.waiting.is_empty() {
            let mut record = vec![0; RECORD];
            let came = Source::read(&mut self.stream, &mut record, deadline.left()?)?;
            if came == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            record.truncate(came);
            self.waiting = record;
        }
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = connection.read_tls(&mut &self.waiting[..])?;
        self.waiting.drain(..taken);
        connection.process_new_packets().map(|_| ()).map_err(io::Error::other)
    }

    /// Sends what waits and what the connection has to say, such as an alert.
    fn flush(&mut self, within: Duration) -> io::Result<()> {
        {
            let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            while connection.wants_write() {
                connection.write_tls(&mut self.waiting)?;
            }
        }
        let patience = Patience { late: within, ..Patience::default() };
        let sent = std::mem::take(&mut self.waiting);
        write(&mut self.stream, &sent, patience.until(0))
    }
}

impl Source for Sealed {
    fn read(&mut self, bytes: &mut [u8], within: Duration) -> io::Result<usize> {
        let deadline = Patience { late: within, ..Patience::default() }.until(0);
        loop {
            match self.connection().reader().read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            self.fetch(deadline)?;
        }
    }
}

impl Sink for Sealed {
    fn write(&mut self, bytes: &[u8], within: Duration) -> io::Result<usize> {
        let sealed = self.connection().writer().write(&bytes[..bytes.len().min(RECORD)])?;
        self.flush(within)?;
        Ok(sealed)
    }

    fn close(&mut self) -> io::Result<()> {
        self.connection().send_close_notify();
        self.flush(CLOSING)?;
        Sink::close(&mut self.stream)
    }
}

/// How long a party waits until its last word is on the line.
const CLOSING: Duration = Duration::from_secs(1);

impl Channel {
    /// Shakes hands over a new connection.
    ///
    /// # Errors
    /// [`PartyError::Insecure`] and [`PartyError::WrongKey`] or [`PartyError::NotPinned`] where the peer is not the right one, or breaks off.
    pub fn open(
        stream: TcpStream,
        connection: impl Into<Connection>,
        deadline: Deadline,
        patience: Patience,
    ) -> Result<Self, PartyError> {
        let gone = |error: io::Error| PartyError::Insecure(ended(&error));
        stream.set_nodelay(true).map_err(gone)?;
        let out = stream.try_clone().map_err(gone)?;
        let connection = Arc::new(Mutex::new(connection.into()));
        let direction = |stream| Sealed { stream, connection: Arc::clone(&connection), waiting: Vec::new() };
        let (mut source, mut sink) = (direction(stream), direction(out));
        while source.connection().is_handshaking() {
            sink.flush(deadline.left().map_err(gone)?).map_err(gone)?;
            let goes_on = source.connection().is_handshaking();
            if goes_on && let Err(error) = source.fetch(deadline) {
                // The peer is told why, if it still listens.
                let _ = sink.flush(CLOSING);
                return Err(of_tls(&error).cloned().map_or_else(|| gone(error), insecure));
            }
        }
        sink.flush(deadline.left().map_err(gone)?).map_err(gone)?;
        let peer =
            source.connection().peer_certificates().and_then(|keys| keys.first()).map(|key| Fingerprint::of(key));
        let peer = peer.ok_or_else(|| PartyError::Insecure("the peer has no key".into()))?;
        Ok(Self { source, sink, patience, peer })
    }

    /// Sends a document: its length in four bytes, and its JSON.
    ///
    /// # Errors
    /// [`PartyError::Gone`] where the peer does not take it in time.
    pub fn say(&mut self, document: &impl Serialize) -> Result<(), PartyError> {
        let json = serde_json::to_vec(document).map_err(|error| PartyError::Gone(error.into()))?;
        let length = u32::try_from(json.len()).map_err(|_| PartyError::Gone(io::ErrorKind::InvalidData.into()))?;
        let framed = [&length.to_le_bytes()[..], &json].concat();
        write(&mut self.sink, &framed, self.patience.until(framed.len())).map_err(gone)
    }

    /// Waits for a document of at most `most` bytes of JSON.
    ///
    /// # Errors
    /// [`PartyError::Gone`] where none comes in time, [`PartyError::NotPinned`] where the peer takes the connection back, and [`PartyError::Malformed`] for a document that
    /// is longer or reads otherwise.
    pub fn hear<T: DeserializeOwned>(&mut self, what: &'static str, most: u32) -> Result<T, PartyError> {
        let mut length = [0; 4];
        read(&mut self.source, &mut length, self.patience.until(4)).map_err(gone)?;
        let length = u32::from_le_bytes(length);
        if length > most {
            return Err(PartyError::Malformed(what));
        }
        let mut json = vec![0; length as usize];
        let deadline = self.patience.until(json.len());
        read(&mut self.source, &mut json, deadline).map_err(gone)?;
        serde_json::from_slice(&json).map_err(|_| PartyError::Malformed(what))
    }

    /// Waits for documents and frames so long from now on.
    pub fn wait(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Gives the connection over to the frames of a session.
    pub fn into_wire(self) -> TcpWire {
        TcpWire::over(Box::new(self.source), Box::new(self.sink), self.patience)
    }
}

/// The error of TLS in one of a connection.
fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// How a connection ended before a session.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn gone(error: io::Error) -> PartyError {
    match of_tls(&error) {
        Some(rustls::Error::AlertReceived(alert)) if is_about_a_key(*alert) => PartyError::NotPinned,
        _ => PartyError::Gone(io::Error::other(ended(&error))),
    }
}

/// How a connection ended, in words.
fn ended(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "the peer closed the connection".into()
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "the peer was silent for too long".into(),
        _ => error.to_string(),
    }
}
