//! Linear layers: the client's share under encryption, the server's weights in the clear.
