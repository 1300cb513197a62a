//! Sessions, keys and the first start through the service, on every database at hand.

mod begin;
mod end;
mod founding;
mod key;
mod last_use;
mod token;
mod work;
