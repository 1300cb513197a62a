//! Guests of the house that come in by the front door: they know a server by its network and by nothing else.
//!
//! Two things live here now. [`client`] speaks GraphQL over HTTP and over WebSocket; the gates, the Gherkin suite and the
//! demo all call the server through it. [`contract`] tells what of the API contract a served schema lacks, the first half
//! of gate 3 (spec R8.01), and [`shrinking`] holds lists of exceptions that may only get shorter. The five gates
//! themselves are built on these in a work of their own.
//!
//! **Invariant:** this crate depends on neither the server nor its words. What it knows it learned over the network or
//! from the two SDL files in `api/`.

pub mod client;
pub mod contract;
pub mod shrinking;
