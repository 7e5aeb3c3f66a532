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

/// Each lane is a wire, and those that one end does not take are closed: whichever end divides first, and also if the other one is dropped whole.
#[test]
fn lanes_meet_and_those_without_another_end_are_closed() {
    for count in [2, 1] {
        let meet = move || {
            let (left, right) = duplex();
            let other = thread::spawn(move || right.lanes(count).into_iter().rev().for_each(|lane| lane.put(7)));
            let lanes = left.lanes(2);
            assert_eq!(lanes[0].take(), Ok(7));
            assert_eq!(lanes[1].take(), if count == 2 { Ok(7) } else { Err(Gone) });
            assert_eq!(lanes[1].take(), Err(Gone));
            other.join().unwrap();
        };
        check_dfs(meet, Some(20_000));
    }
    let dropped = || {
        let (left, right) = duplex::<u8>();
        let other = thread::spawn(move || drop(right));
        let lanes = left.lanes(2);
        assert_eq!((lanes[1].take(), lanes[0].take()), (Err(Gone), Err(Gone)));
        other.join().unwrap();
    };
    check_dfs(dropped, None);
}
