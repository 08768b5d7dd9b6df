//! The daemon as a process of this machine: where its files lie ([`place`]), that there is one of it alone
//! ([`pid_file`]), how it leaves the terminal that started it ([`starter`]), and how it is told to end
//! ([`end`]).

pub mod end;
pub mod pid_file;
pub mod place;
pub mod starter;
