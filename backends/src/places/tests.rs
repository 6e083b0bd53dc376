use super::*;
use crate::clock;
use futures::FutureExt;
use proptest::prelude::*;
use std::{collections::VecDeque, pin::Pin, time::Duration};

type Call = Pin<Box<dyn Future<Output = Place> + Send>>;

fn address(last: u8) -> Key {
    Key::Client(Origin::Address([192, 0, 2, last].into()))
}

fn user(name: &str) -> Key {
    Key::Client(Origin::User(name.into()))
}

fn places(places_max: usize) -> Places {
    Places::new(places_max, Share::Most)
}

/// A call that has come, with its place if it has one.
fn come(places: &Places, key: &Key) -> (Call, Option<Place>) {
    let (places, key) = (places.clone(), key.clone());
    let mut call: Call = Box::pin(async move { places.take(&key).await });
    let place = (&mut call).now_or_never();
    (call, place)
}

fn waiting(places: &Places, key: &Key) -> Call {
    let (call, place) = come(places, key);
    assert!(place.is_none(), "all places are taken");
    call
}

/// Of the calls that wait, the first that has got a place, and where it stood among them.
fn served(calls: &mut VecDeque<(Key, Call)>) -> Option<(usize, Key, Place)> {
    for index in 0..calls.len() {
        if let Some(place) = (&mut calls[index].1).now_or_never() {
            return Some((index, calls.remove(index).unwrap().0, place));
        }
    }
    None
}

#[test]
fn one_key_leaves_an_eighth_to_others_and_one_place_where_there_are_two() {
    for (places_max, of_one) in [(1, 1), (2, 1), (7, 6), (16, 14), (512, 448)] {
        let places = places(places_max);
        let held: Vec<Place> = std::iter::from_fn(|| places.try_take(&address(1))).collect();
        assert_eq!(held.len(), of_one, "of {places_max}");
        assert_eq!(places.taken(), of_one);
        let others: Vec<Place> = std::iter::from_fn(|| places.try_take(&address(2))).collect();
        assert_eq!(others.len(), places_max - of_one, "the rest of {places_max}");
    }
}

#[test]
fn all_keys_of_one_client_leave_a_connection_of_seven_or_more() {
    for (places_max, of_one) in [(1, 1), (2, 1), (3, 2), (4, 2), (7, 2), (10, 3), (16, 5), (200, 66)] {
        let places = Places::new(places_max, Share::Third);
        let held: Vec<Place> = std::iter::from_fn(|| places.try_take(&user("eve"))).collect();
        assert_eq!(held.len(), of_one, "of {places_max}");
        assert!(places_max == 1 || places.try_take(&user("ada")).is_some(), "of {places_max}");
        let of_key = |key: Key| std::iter::from_fn(|| places.try_take(&key)).collect::<Vec<Place>>();
        let others = [of_key(address(1)), of_key(Key::Platform)];
        assert!(places_max < 7 || places.try_take(&user("ada")).is_some(), "of {places_max}");
        drop(others);
    }
}

#[test]
fn a_client_that_has_its_part_waits_for_its_own_calls_while_places_are_free() {
    let places = places(4);
    let mut held: Vec<Place> = (0..3).filter_map(|_| places.try_take(&address(1))).collect();
    let mut call = waiting(&places, &address(1));
    assert!(places.try_take(&address(2)).is_some());
    held.pop();
    assert!((&mut call).now_or_never().is_some());
}

#[test]
fn keys_take_turns_and_the_calls_of_one_key_keep_their_order() {
    let places = places(1);
    let first = places.try_take(&address(1)).unwrap();
    let mut calls = VecDeque::new();
    for key in [1, 1, 1, 2, 2, 3].map(address) {
        let call = waiting(&places, &key);
        calls.push_back((key, call));
    }
    drop(first);
    let mut order = Vec::new();
    while let Some((_, key, place)) = served(&mut calls) {
        order.push(key);
        drop(place);
    }
    assert_eq!(order, [1, 2, 3, 1, 2, 1].map(address));
    assert_eq!(places.taken(), 0);
    assert!(places.lock().keys.is_empty());
}

#[test]
fn a_key_with_few_places_is_served_before_one_whose_calls_last_long() {
    let places = places(8);
    let slow: Vec<Place> = (0..7).filter_map(|_| places.try_take(&address(1))).collect();
    let quick = places.try_take(&address(2)).unwrap();
    let mut calls = VecDeque::new();
    for key in [1, 1, 2, 2].map(address) {
        let call = waiting(&places, &key);
        calls.push_back((key, call));
    }
    drop(quick);
    for _ in 0..2 {
        let (_, key, place) = served(&mut calls).unwrap();
        assert_eq!(key, address(2));
        drop(place);
    }
    assert!(served(&mut calls).is_none(), "the other key has its part");
    assert_eq!(slow.len(), 7);
}

/// Ten clients with many calls each, at two places, served in turn for a while: the calls that wait, and those that have a place.
fn flood(places: &Places) -> (VecDeque<(Key, Call)>, VecDeque<Place>) {
    let (mut calls, mut held) = (VecDeque::new(), VecDeque::new());
    for number in 0..400_u32 {
        let key = address(u8::try_from(number % 10).unwrap());
        match come(places, &key) {
            (_, Some(place)) => held.push_back(place),
            (call, None) => calls.push_back((key, call)),
        }
    }
    for _ in 0..100 {
        drop(held.pop_front());
        held.push_back(served(&mut calls).expect("a call waits").2);
    }
    (calls, held)
}

#[test]
fn a_newcomer_gets_the_next_place_or_the_one_after_however_many_wait_that_were_served_before() {
    let places = places(2);
    let (mut calls, mut held) = flood(&places);
    for newcomer in 100..120 {
        let mut call = waiting(&places, &address(newcomer));
        let mut gone = 0;
        let place = loop {
            drop(held.pop_front());
            gone += 1;
            if let Some(place) = (&mut call).now_or_never() {
                break place;
            }
            held.push_back(served(&mut calls).expect("a call waits").2);
        };
        held.push_back(place);
        assert!(gone <= 2, "{gone} places went to others first");
    }
}

#[test]
fn clients_that_were_served_much_are_not_left_waiting_behind_newcomers_without_end() {
    let places = places(2);
    let (mut calls, mut held) = flood(&places);
    let mut of_known = 0;
    for number in 0..200_u32 {
        // Addresses that come once.
        let key = Key::Client(Origin::Address(number.to_be_bytes().into()));
        let call = waiting(&places, &key);
        calls.push_back((key.clone(), call));
        drop(held.pop_front());
        let (_, key, place) = served(&mut calls).expect("a call waits");
        of_known += u32::from((0..10).any(|last| key == address(last)));
        held.push_back(place);
    }
    assert!(of_known > 40, "{of_known} of 200 places");
}

#[test]
fn a_component_is_starved_from_a_call_that_waited_while_none_got_a_place_until_one_does() {
    let places = places(2);
    let mut held: Vec<Place> = [1, 2].into_iter().filter_map(|last| places.try_take(&address(last))).collect();
    let before = places.given();
    let mut call = waiting(&places, &address(3));
    held.pop();
    held.extend((&mut call).now_or_never());
    places.waited_in_vain(before);
    assert!(!places.is_starved(), "a call got a place meanwhile");
    let before = places.given();
    drop(waiting(&places, &address(4)));
    assert!(!places.is_starved(), "it left before its time was over");
    places.waited_in_vain(before);
    assert!(places.is_starved());
    let mut call = waiting(&places, &address(5));
    held.pop();
    held.extend((&mut call).now_or_never());
    assert!(!places.is_starved());
    places.waited_in_vain(places.given());
    held.clear();
    assert!(!places.is_starved(), "places are free");
}

#[test]
fn where_all_have_calls_waiting_each_gets_places_by_its_weight() {
    let places = places(14);
    let keys = [Key::Platform, address(1), user("ada")];
    let mut held: VecDeque<(Key, Place)> = VecDeque::new();
    let mut calls = VecDeque::new();
    for _ in 0..40 {
        for key in &keys {
            match come(&places, key) {
                (_, Some(place)) => held.push_back((key.clone(), place)),
                (call, None) => calls.push_back((key.clone(), call)),
            }
        }
    }
    for _ in 0..40 {
        drop(held.pop_front());
        let (_, key, place) = served(&mut calls).expect("a call waits");
        held.push_back((key, place));
    }
    let of = |key: &Key| held.iter().filter(|(holder, _)| holder == key).count();
    assert_eq!(keys.each_ref().map(of), [8, 4, 2]);
}

#[test]
fn a_call_that_leaves_is_passed_over_and_a_place_that_it_was_given_goes_on() {
    let places = places(1);
    let held = places.try_take(&address(1)).unwrap();
    let leaves = waiting(&places, &address(2));
    let given = waiting(&places, &address(3));
    let mut last = waiting(&places, &address(4));
    drop(leaves);
    // It is given to the second, which has not looked yet.
    drop(held);
    assert!((&mut last).now_or_never().is_none());
    drop(given);
    let place = (&mut last).now_or_never().expect("the place went on");
    assert_eq!((places.taken(), places.lock().waiting), (1, 0));
    drop(place);
    assert!(places.lock().keys.is_empty());
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_greedy_client_hold_up_no_others() {
    let places = places(16);
    for _ in 0..1_000 {
        let places = places.clone();
        tokio::spawn(async move {
            let place = places.take(&address(66)).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            drop(place);
        });
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let began = clock::instant();
    for last in 0..50 {
        let place = places.take(&address(last)).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        drop(place);
    }
    assert_eq!(began.elapsed(), Duration::from_millis(500), "none of them waited");
}

#[tokio::test(start_paused = true)]
async fn no_place_is_lost_when_calls_stop_waiting() {
    let places = places(3);
    let calls = (0..500_u64).map(|number| {
        let places = places.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(number % 17)).await;
            let key = address(u8::try_from(number % 5).unwrap());
            let patience = Duration::from_millis(number * 7 % 40);
            if let Ok(place) = tokio::time::timeout(patience, places.take(&key)).await {
                tokio::time::sleep(Duration::from_millis(number % 3)).await;
                drop(place);
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!((places.taken(), places.lock().waiting), (0, 0));
    assert!(places.lock().keys.is_empty() && places.lock().turns.iter().all(|turns| turns.is_empty()));
}

#[derive(Debug, Clone)]
enum Step {
    Come(u8),
    Leave(usize),
    GiveBack(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..5_u8).prop_map(Step::Come),
        1 => any::<usize>().prop_map(Step::Leave),
        2 => any::<usize>().prop_map(Step::GiveBack),
    ];
    proptest::collection::vec(step, 0..120)
}

fn key(number: u8) -> Key {
    match number {
        0 => Key::Platform,
        1 => user("ada"),
        _ => address(number),
    }
}

/// How many places the key has.
fn count(held: &[(Key, Place)], key: &Key) -> usize {
    held.iter().filter(|(holder, _)| holder == key).count()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_are_shared_by_the_rule_whatever_comes_and_leaves(places_max in 1..12_usize, steps in steps()) {
        let places = places(places_max);
        let key_max = places.0.key_max;
        let mut held: Vec<(Key, Place)> = Vec::new();
        let mut calls: VecDeque<(Key, Call)> = VecDeque::new();
        for step in steps {
            match step {
                Step::Come(number) => match come(&places, &key(number)) {
                    (_, Some(place)) => held.push((key(number), place)),
                    (call, None) => calls.push_back((key(number), call)),
                },
                Step::Leave(index) if !calls.is_empty() => drop(calls.remove(index % calls.len())),
                Step::GiveBack(index) if !held.is_empty() => drop(held.swap_remove(index % held.len())),
                Step::Leave(_) | Step::GiveBack(_) => continue,
            }
            let may = calls.iter().map(|(key, _)| key).filter(|key| count(&held, key) < key_max);
            let least = may.map(|key| count(&held, key) * key.cost()).min();
            let keys: Vec<Key> = calls.iter().map(|(key, _)| key.clone()).collect();
            if let Some((index, key, place)) = served(&mut calls) {
                prop_assert_eq!(keys.iter().position(|other| *other == key), Some(index), "the first call of its key");
                prop_assert_eq!(Some(count(&held, &key) * key.cost()), least, "the key with the fewest places");
                held.push((key, place));
            }
            prop_assert!(served(&mut calls).is_none(), "one place is for one call");
            prop_assert_eq!(places.taken(), held.len());
            prop_assert_eq!(places.lock().waiting, calls.len());
            for (key, _) in &calls {
                let has_its_part = count(&held, key) == key_max;
                prop_assert!(has_its_part || places.taken() == places_max, "a place is free while a call waits");
            }
        }
    }

    #[test]
    fn no_place_is_lost_when_calls_leave_before_they_look(places_max in 1..6_usize, steps in steps()) {
        let places = places(places_max);
        let (mut held, mut calls) = (Vec::new(), VecDeque::new());
        for step in steps {
            match step {
                Step::Come(number) => match come(&places, &key(number)) {
                    (_, Some(place)) => held.push(place),
                    (call, None) => calls.push_back((key(number), call)),
                },
                Step::Leave(index) if !calls.is_empty() => drop(calls.remove(index % calls.len())),
                Step::GiveBack(index) if !held.is_empty() => drop(held.swap_remove(index % held.len())),
                Step::Leave(_) | Step::GiveBack(_) => {}
            }
        }
        drop(held);
        while let Some((_, _, place)) = served(&mut calls) {
            drop(place);
        }
        prop_assert_eq!(calls.len(), 0, "each call got a place");
        prop_assert_eq!((places.taken(), places.lock().waiting), (0, 0));
        prop_assert!(places.lock().keys.is_empty() && places.lock().turns.iter().all(|turns| turns.is_empty()));
    }
}
