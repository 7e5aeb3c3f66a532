//! What an address such as `server.example:7000` names.

use crate::error::PartyError;
use std::io::ErrorKind;
use std::net::{SocketAddr, ToSocketAddrs};

/// Finds the addresses that a name or a number with a port stands for, of which there is at least one.
///
/// # Errors
/// [`PartyError::NoAddress`] for a text without a port, and for a name that the system does not know.
pub fn addresses(text: &str) -> Result<Vec<SocketAddr>, PartyError> {
    let none = |reason: String| PartyError::NoAddress { address: text.into(), reason };
    let found: Vec<SocketAddr> = match text.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) if error.kind() == ErrorKind::InvalidInput => {
            return Err(none("not an address with its port, such as server.example:7000".into()));
        }
        Err(error) => return Err(none(error.to_string())),
    };
    if found.is_empty() { Err(none("the name has no address".into())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn an_address_has_a_port_and_is_known() {
        assert_eq!(addresses("127.0.0.1:70").unwrap(), ["127.0.0.1:70".parse().unwrap()]);
        for wrong in ["", "nohost", ":", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "a b:\n"] {
            let told = addresses(wrong).unwrap_err().to_string();
            assert!(told.ends_with("not an address with its port, such as server.example:7000"), "{told}");
        }
        // RFC 2606: there is no such name, whatever the network says of it.
        assert!(addresses("no-host.invalid:7").unwrap_err().to_string().starts_with("no-host.invalid:7: "));
    }
}
