//! The laws of maps, slices and plans, checked against brute force on small arrays.

mod distributions;
mod flat;
mod large;
mod maps;
mod plans;
mod slices;
mod strategies;
