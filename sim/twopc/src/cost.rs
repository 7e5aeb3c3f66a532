//! The cost of messages that are not sent: bytes by party, oblivious transfers by direction, and rounds. Each family of protocols adds
//! up its own; tests compare every number with the meter of a session, to the byte.

use crate::ot::Scheme;
use crate::ot::one_of_two::choice_bytes;
use crate::role::Role;

/// The cost of a run of messages that are not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The bytes of the payloads that the client sends.
    pub client_bytes: usize,
    /// The bytes of the payloads that the server sends.
    pub server_bytes: usize,
    /// The number of oblivious transfers in which the client is the sender.
    pub client_transfers: usize,
    /// The number of oblivious transfers in which the server is the sender.
    pub server_transfers: usize,
    /// How many messages what the client last received follows.
    client_depth: u32,
    /// How many messages what the server last received follows.
    server_depth: u32,
}

impl Cost {
    /// The length of the longest chain of messages, each sent after the one before arrived.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.client_depth.max(self.server_depth)
    }

    /// The bytes that both parties send together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.client_bytes + self.server_bytes
    }

    /// Adds a message of so many bytes.
    pub fn send(&mut self, from: Role, bytes: usize) {
        match from {
            Role::Client => {
                self.client_bytes += bytes;
                self.server_depth = self.server_depth.max(self.client_depth + 1);
            }
            Role::Server => {
                self.server_bytes += bytes;
                self.client_depth = self.client_depth.max(self.server_depth + 1);
            }
        }
    }

    /// Adds a message with the choices of transfers of one of two messages ([`crate::ot::one_of_two`]), and the transfers themselves if the extension has them
    /// apart.
    pub fn choose(&mut self, scheme: impl Into<Scheme>, receiver: Role, count: usize) {
        let scheme = scheme.into();
        self.extend(scheme, receiver.peer(), count);
        self.send(receiver, choice_bytes(scheme, count));
    }

    /// Adds such messages each way, one after another, with so many choices each; those of the two parties may cross.
    pub fn choose_both(&mut self, scheme: impl Into<Scheme>, counts: impl IntoIterator<Item = usize>) {
        let (scheme, mut bytes) = (scheme.into(), 0);
        for count in counts {
            self.extend(scheme, Role::Client, count);
            self.extend(scheme, Role::Server, count);
            bytes += choice_bytes(scheme, count);
        }
        self.exchange(bytes);
    }

    fn extend(&mut self, scheme: Scheme, sender: Role, count: usize) {
        let counted = if scheme.extension.is_random() { count } else { 0 };
        match sender {
            Role::Client => self.client_transfers += counted,
            Role::Server => self.server_transfers += counted,
        }
    }

    /// Adds a message of so many bytes each way; the two may cross.
    pub fn exchange(&mut self, bytes: usize) {
        self.client_bytes += bytes;
        self.server_bytes += bytes;
        let [client, server] = [self.client_depth + 1, self.server_depth + 1];
        self.client_depth = self.client_depth.max(server);
        self.server_depth = self.server_depth.max(client);
    }
}
