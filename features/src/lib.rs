//! The Gherkin suite: guests that come in by the front door and say how the house must behave (spec R9.01).
//!
//! The `.feature` files lie in the folders beside `src`. Here is what makes them run: [`word`] turns the words of a
//! sentence into what the API calls them, [`step`] holds the sentences by concept, [`world`] is one scenario's studio with
//! a server and a database of its own, and [`suite`] runs them all and reports. [`server`] is the one file that starts a
//! server in this process, [`process`] starts the real binary, [`database`] makes each scenario its own database, on the server
//! that [`postgres`] finds. [`rule`]
//! keeps `rules.md` and the scenarios in step, [`worker`] starts the example workers, [`soak`] has the long runs, [`clients`] tries
//! real clients.

pub mod bench;
pub mod catalogue;
pub mod clients;
pub mod database;
pub mod demo;
pub mod postgres;
pub use gates::process;
pub mod rule;
pub mod server;
pub mod soak;
pub mod step;
pub mod suite;
pub mod tell;
pub mod word;
pub mod worker;
pub mod world;
