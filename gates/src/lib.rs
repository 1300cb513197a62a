//! Guests of the house that come in by the front door: they know a server by its network and by nothing else.
//!
//! [`client`] speaks GraphQL over HTTP and over WebSocket; the gates, the Gherkin suite and the demo all call the server through it.
//! [`gate`] has the five gates (spec R8), [`run`] says what runs where and beside what, [`target`] is what they look at, [`threshold`] by which limits, [`twin`] a server of
//! the same build that is started for them, [`report`] what they leave. [`contract`] tells what of the API contract a served schema lacks,
//! [`shrinking`] holds lists of exceptions that may only get shorter, [`process`] starts the real binary.
//!
//! **Invariant:** this crate depends on neither the server nor its words. What it knows it learned over the network or
//! from the two SDL files in `api/`.

pub mod audit;
pub mod client;
pub mod contract;
pub mod gate;
pub mod process;
pub mod report;
pub mod run;
pub mod shrinking;
pub mod target;
pub mod threshold;
pub mod twin;
