//! Keys rotate without logging anyone out (spec R2.05).

use super::*;
use crate::auth::key::StoredKey;

/// An installation whose first key was retired an hour after `now()` and verifies for another hour.
struct Rotated {
    master: MasterKey,
    old: StoredKey,
    new: StoredKey,
}

impl Rotated {
    fn new() -> Self {
        let master = MasterKey::generate().unwrap();
        let made = |at| SigningKey::generate().unwrap().store(&master, at).unwrap();
        let mut old = made(now());
        old.retired_at = Some(now() + TimeDelta::hours(1));
        old.verify_until = Some(now() + TimeDelta::hours(2));
        let new = made(now() + TimeDelta::hours(1));
        Self { master, old, new }
    }

    fn before(&self) -> KeyRing {
        let mut only = self.old.clone();
        only.retired_at = None;
        only.verify_until = None;
        KeyRing::open(&self.master, &[only]).unwrap()
    }

    fn after(&self) -> KeyRing {
        KeyRing::open(&self.master, &[self.old.clone(), self.new.clone()]).unwrap()
    }
}

/// Issued just before the rotation, for three hours.
fn long_claims() -> Claims {
    let ends = now() + TimeDelta::hours(3);
    Claims::for_session(&expected(), "L1-ART-001", "sess_x", "L1", now(), ends)
}

#[test]
fn an_old_token_is_good_until_its_key_ends_and_not_at_that_moment() {
    let rotated = Rotated::new();
    let token = issue(&rotated.before(), &long_claims()).unwrap();
    let end = now() + TimeDelta::hours(2);
    let judged = |moment| verify(&rotated.after(), &expected(), &token, moment);
    assert!(judged(end - TimeDelta::nanoseconds(1)).is_ok());
    assert_eq!(judged(end), Err(TokenError::RetiredKey));
}

#[test]
fn a_verification_may_be_cached_no_longer_than_its_key_verifies() {
    let rotated = Rotated::new();
    let token = issue(&rotated.before(), &long_claims()).unwrap();
    let until = |ring: &KeyRing| judge(ring, &token).unwrap().until;
    assert_eq!(until(&rotated.before()), now() + TimeDelta::hours(3));
    assert_eq!(until(&rotated.after()), now() + TimeDelta::hours(2));
}

#[test]
fn new_tokens_are_signed_by_the_new_key() {
    let rotated = Rotated::new();
    let ring = rotated.after();
    assert_eq!(ring.signing_kid(), rotated.new.kid);
    let token = issue(&ring, &long_claims()).unwrap();
    assert!(judge(&ring, &token).is_ok());
    assert_eq!(
        judge(&rotated.before(), &token),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn a_key_taken_off_the_ring_verifies_nothing() {
    let rotated = Rotated::new();
    let token = issue(&rotated.before(), &long_claims()).unwrap();
    let without = KeyRing::open(&rotated.master, std::slice::from_ref(&rotated.new)).unwrap();
    assert_eq!(judge(&without, &token), Err(TokenError::UnknownKey));
}
