//! The wire between the two parties, under every order in which two threads can run: the source itself, with its locks replaced
//! by ones that a scheduler steers.

mod sync {
    pub use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
    pub use std::sync::PoisonError;
}

#[path = "../../sim/twopc/src/wire/duplex.rs"]
mod duplex;

use duplex::{Gone, duplex};
use shuttle::{check_dfs, check_random, thread};

#[test]
fn frames_arrive_in_order_and_an_end_is_noticed_after_the_last() {
    let talk = || {
        let (left, right) = duplex();
        let sender = thread::spawn(move || {
            left.put(1);
            left.put(2);
        });
        assert_eq!((right.take(), right.take(), right.take()), (Ok(1), Ok(2), Err(Gone)));
        right.put(3);
        sender.join().unwrap();
    };
    check_dfs(talk, None);
}

#[test]
fn two_ends_that_wait_for_one_another_are_both_let_go() {
    let wait = || {
        let (left, right) = duplex::<u8>();
        let other = thread::spawn(move || right.take());
        assert_eq!(left.take(), Err(Gone));
        assert_eq!(other.join().unwrap(), Err(Gone));
    };
    check_dfs(wait, None);
}

/// Requests and answers, and a server that stops at any of them: the client gets all answers up to it, and then an end.
#[test]
fn a_conversation_ends_where_the_server_does() {
    let talk = || {
        let (client, server) = duplex();
        let answers = 3;
        let serving = thread::spawn(move || {
            for _ in 0..answers {
                let Ok(request) = server.take() else { return };
                server.put(request + 100);
            }
        });
        for request in 0..answers {
            client.put(request);
            assert_eq!(client.take(), Ok(request + 100));
        }
        assert_eq!(client.take(), Err(Gone));
        serving.join().unwrap();
    };
    check_random(talk, 20_000);
}
