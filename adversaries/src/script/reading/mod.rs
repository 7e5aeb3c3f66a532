//! From located trees to the sections of a script, a file for each, with every problem found on the way.

mod act;
mod advice;
mod backend;
mod data;
mod document;
mod expect;
mod protocol;
mod strategy;
mod trials;
mod values;
