//! What a queue must do, as a model small enough to be seen to be right: without a database, on a clock that
//! only commands move. The model is checked against a specification that only counts; the real queues are
//! checked against the model.

mod policy;
mod real;
mod specification;

pub use real::random_commands_leave_the_queue_as_the_model_says;
