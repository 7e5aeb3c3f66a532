//! A party that is cut off at any message: the other one notices, and no thread is left.

use crate::tamper::{At, Bend, messages, set_up};
use crate::transports::tcp;
use crate::watch::Watch;
use crate::world::World;
use fusion_2pc::role::Role;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_proofs_tests::networks::{noise, tiny};

#[test]
fn either_party_is_cut_off_at_any_message() {
    let images = noise(1, 1);
    let world = World::new(&[tiny(0)], 1, 1);
    for role in [Role::Client, Role::Server] {
        for index in 0..messages(&world, role, &images) {
            for over_tcp in [false, true] {
                let _watch = Watch::new();
                let mut links = if over_tcp { tcp() } else { Link::pair(LinkSpeed::LAN).into() };
                links[role as usize].deviate(Box::new(At::new(index, Bend::Close)));
                let session = world.over(links, 1, &images, &world.honest());
                // Whatever is cut off, the other has something yet to come.
                assert!(session.client.is_err() && session.server.is_err(), "{role:?} at {index}: {session:?}");
            }
        }
    }
}

#[test]
fn both_parties_are_cut_off_at_any_two_messages() {
    let images = noise(1, 1);
    let world = World::new(&[tiny(0)], 1, 1);
    let [mine, theirs] = [Role::Client, Role::Server].map(|role| messages(&world, role, &images));
    for (mine, theirs) in (0..mine).flat_map(|mine| (0..theirs).map(move |theirs| (mine, theirs))) {
        let _watch = Watch::new();
        let mut links: [Link; 2] = Link::pair(LinkSpeed::LAN).into();
        for (link, index) in links.iter_mut().zip([mine, theirs]) {
            link.deviate(Box::new(At::new(index, Bend::Close)));
        }
        let session = world.over(links, 1, &images, &world.honest());
        assert!(session.client.is_err() && session.server.is_err(), "{mine} and {theirs}: {session:?}");
    }
}

#[test]
fn set_up_is_cut_off_at_any_message() {
    let world = World::new(&[tiny(0)], 1, 1);
    for role in [Role::Client, Role::Server] {
        for index in 0..set_up(&world, role, None).2 {
            let _watch = Watch::new();
            let (client, server, _) = set_up(&world, role, Some(At::new(index, Bend::Close)));
            assert!(client.is_err() && server.is_err(), "{role:?} at {index}");
        }
    }
}
