//! How the system must behave, in Gherkin, and what the suite and the demo need to show it. A guest of the house.

pub mod postgres;
