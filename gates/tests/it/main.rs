//! The gates' own tests, in one binary.

mod socket;
