//! Commands of several callers in one round trip. A request's look at its session is two commands; sent alone, each look costs
//! the host and Redis a system call and a switch of tasks, under a load as much as the rest of the look. So a command waits until
//! the tasks that are ready have run, which takes no time while there are none, and goes out with what these send.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, Value};
use tokio::sync::oneshot;

/// Commands of one round trip: one caller's, and those of others up to this number. What is more goes out in the next one.
const COMMANDS_MAX: usize = 512;

/// When a round trip that failed is made once more.
pub(crate) type Again = fn(&RedisError) -> bool;

/// What one caller sends.
struct Asked {
    commands: Vec<Cmd>,
    reply: oneshot::Sender<RedisResult<Vec<Value>>>,
}

/// What is about to be sent over one connection.
pub(crate) struct Gathered {
    waiting: Mutex<Vec<Asked>>,
    again: Again,
}

// === impl Gathered ===

impl Gathered {
    pub(crate) fn new(again: Again) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), again })
    }

    /// Sends commands with those of other callers. Answers in their order.
    pub(crate) async fn ask<C>(self: &Arc<Self>, connection: &C, commands: Vec<Cmd>) -> RedisResult<Vec<Value>>
    where
        C: ConnectionLike + Clone + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        if self.add(Asked { commands, reply }) {
            // In a task of its own, since a caller that leaves takes no answer of others along.
            tokio::spawn(Arc::clone(self).send(connection.clone()));
        }
        answer.await.unwrap_or_else(|_| Err(RedisError::from((ErrorKind::Io, "the command was given up"))))
    }

    /// Whether it is the first of those that wait.
    fn add(&self, asked: Asked) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(asked);
        waiting.len() == 1
    }

    async fn send<C: ConnectionLike + Send>(self: Arc<Self>, mut connection: C) {
        tokio::task::yield_now().await;
        let mut asked =
            mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().peekable();
        while asked.peek().is_some() {
            let mut commands = 0;
            let mut together = Vec::new();
            while let Some(next) =
                asked.next_if(|next| together.is_empty() || commands + next.commands.len() <= COMMANDS_MAX)
            {
                commands += next.commands.len();
                together.push(next);
            }
            round_trip(&mut connection, together, self.again).await;
        }
    }
}

/// Sends all of it, and answers each caller.
async fn round_trip(connection: &mut (impl ConnectionLike + Send), asked: Vec<Asked>, again: Again) {
    let mut pipeline = Pipeline::with_capacity(asked.iter().map(|asked| asked.commands.len()).sum());
    let mut callers = Vec::with_capacity(asked.len());
    for Asked { commands, reply } in asked {
        callers.push((commands.len(), reply));
        for command in commands {
            pipeline.add_command(command);
        }
    }
    let count = pipeline.len();
    let mut answers = connection.req_packed_commands(&pipeline, 0, count).await;
    if answers.as_ref().is_err_and(again) {
        answers = connection.req_packed_commands(&pipeline, 0, count).await;
    }
    match answers {
        Ok(values) => {
            let mut values = values.into_iter();
            for (count, reply) in callers {
                // What one caller is refused is no answer to the others.
                let own = values.by_ref().take(count).collect::<Vec<_>>();
                let _ = reply.send(own.into_iter().map(Value::extract_error).collect());
            }
        }
        Err(error) => {
            for (_, reply) in callers {
                let _ = reply.send(Err(error.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::join_all;
    use redis::{RedisFuture, cmd};
    use std::collections::VecDeque;

    /// Answers each command with its argument, and `ERR` with an error, as often as nothing else is planned.
    #[derive(Clone, Default)]
    struct Server {
        round_trips: Arc<Mutex<Vec<usize>>>,
        failures: Arc<Mutex<VecDeque<ErrorKind>>>,
    }

    impl ConnectionLike for Server {
        fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
            unreachable!("commands are sent together")
        }

        fn req_packed_commands<'a>(
            &'a mut self,
            all: &'a Pipeline,
            _: usize,
            count: usize,
        ) -> RedisFuture<'a, Vec<Value>> {
            self.round_trips.lock().unwrap().push(count);
            let failure = self.failures.lock().unwrap().pop_front();
            let answers = all.cmd_iter().map(|command| {
                let text = command.get_packed_command();
                let is_refused = text.windows(3).any(|part| part == b"ERR");
                if is_refused { redis::parse_redis_value(b"-ERR no\r\n").unwrap() } else { Value::BulkString(text) }
            });
            let answers = failure.map_or(Ok(answers.collect()), |kind| Err(RedisError::from((kind, "planned"))));
            async move { answers }.boxed()
        }

        fn get_db(&self) -> i64 {
            0
        }
    }

    fn echo(text: &str) -> Cmd {
        let mut command = cmd("ECHO");
        command.arg(text);
        command
    }

    fn said(text: &str) -> Value {
        Value::BulkString(echo(text).get_packed_command())
    }

    #[tokio::test]
    async fn what_is_asked_in_one_moment_goes_out_in_one_round_trip_and_each_caller_has_its_own_answers() {
        let (gathered, server) = (Gathered::new(RedisError::is_connection_dropped), Server::default());
        let reads = [vec!["a", "b"], vec!["c"], vec!["d", "e", "f"]];
        let answers = join_all(reads.iter().map(|texts| {
            let commands = texts.iter().map(|text| echo(text)).collect();
            gathered.ask(&server, commands)
        }));
        for (answer, texts) in answers.await.into_iter().zip(&reads) {
            assert_eq!(answer.unwrap(), texts.iter().map(|text| said(text)).collect::<Vec<_>>());
        }
        assert_eq!(gathered.ask(&server, vec![echo("g")]).await.unwrap(), [said("g")]);
        assert_eq!(*server.round_trips.lock().unwrap(), [6, 1]);
    }

    #[tokio::test]
    async fn a_command_that_is_refused_fails_its_caller_alone() {
        let (gathered, server) = (Gathered::new(RedisError::is_connection_dropped), Server::default());
        let reads = [vec![echo("a")], vec![echo("b"), echo("ERR")], vec![echo("c")]];
        let answers = join_all(reads.into_iter().map(|commands| gathered.ask(&server, commands))).await;
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(answers[2].as_ref().unwrap(), &[said("c")]);
    }

    #[tokio::test]
    async fn a_caller_that_leaves_takes_no_answer_of_others_along() {
        let (gathered, server) = (Gathered::new(RedisError::is_connection_dropped), Server::default());
        let first = gathered.ask(&server, vec![echo("a")]).now_or_never();
        assert!(first.is_none(), "it waits for others");
        assert_eq!(gathered.ask(&server, vec![echo("b")]).await.unwrap(), [said("b")]);
        assert_eq!(*server.round_trips.lock().unwrap(), [2]);
    }

    #[tokio::test]
    async fn a_round_trip_has_a_bound_and_a_caller_is_never_divided() {
        let (gathered, server) = (Gathered::new(RedisError::is_connection_dropped), Server::default());
        let of = |count: usize| (0..count).map(|number| echo(&number.to_string())).collect::<Vec<_>>();
        let reads = [COMMANDS_MAX - 1, 2, COMMANDS_MAX + 1, 1];
        let answers = join_all(reads.iter().map(|count| gathered.ask(&server, of(*count)))).await;
        assert_eq!(answers.into_iter().map(|answer| answer.unwrap().len()).collect::<Vec<_>>(), reads);
        assert_eq!(*server.round_trips.lock().unwrap(), reads);
    }

    #[tokio::test]
    async fn what_may_be_sent_again_is_sent_once_more_and_fails_all_when_that_fails_too() {
        let (gathered, server) = (Gathered::new(RedisError::is_connection_dropped), Server::default());
        let read = |text: &'static str| gathered.ask(&server, vec![echo(text)]);
        server.failures.lock().unwrap().push_back(ErrorKind::Io);
        assert_eq!(read("a").await.unwrap(), [said("a")]);
        server.failures.lock().unwrap().extend([ErrorKind::Io, ErrorKind::Io]);
        let failed = join_all([read("b"), read("c")]).await;
        assert!(failed.iter().all(Result::is_err));
        server.failures.lock().unwrap().push_back(ErrorKind::AuthenticationFailed);
        assert!(read("d").await.is_err(), "that is no broken connection");
        assert_eq!(*server.round_trips.lock().unwrap(), [1, 1, 2, 2, 1]);
    }
}
