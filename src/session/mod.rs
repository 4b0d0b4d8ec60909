//! What a viewer holds: commands in, updates out. The page, the worker and the
//! headless runner all speak [`protocol`].

pub mod protocol;
