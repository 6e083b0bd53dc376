//! One connection from its first byte to its last. hyper's own limits begin when it knows the protocol and end with a
//! request's head; a connection that sends nothing, only the preface of HTTP/2, or no further request, is closed here.

use super::{answer::Answer, connection::Connection, patience::PatientExecutor, socket::ClientSocket};
use crate::manifest::HttpSettings;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use mindflow_backends::clock;
use socket2::SockRef;
use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// Streams that a client may reset before they were looked at (CVE-2023-44487); hyper's h2 has the same default.
const PENDING_RESETS_MAX: usize = 20;
/// Streams that are reset for errors of the client before its connection ends.
const ERROR_RESETS_MAX: usize = 64;
/// Of one HTTP/2 stream's answer, or of one HTTP/1 connection: what is written ahead of the client's reading.
const SEND_BUFFER_BYTES: usize = 64 << 10;
/// Bytes in the kernel that are not on their way to the client yet. Its buffer may have megabytes, and says that there is room
/// again when a third of them is gone: a client that reads steadily and slowly would seem to read nothing.
const UNSENT_BYTES_MAX: u32 = 128 << 10;
/// A client that does not answer a ping for [`PONG_WITHIN`] has gone.
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(20);
/// For a connection that the host asks to end.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// How connections are served; one for all of them.
pub(in crate::trigger) struct Serving {
    builder: auto::Builder<PatientExecutor>,
    response_idle_max: Duration,
    /// Until the first request.
    first_max: Duration,
    idle_max: Duration,
}

// === impl Serving ===

impl Serving {
    pub fn new(settings: &HttpSettings) -> Self {
        let ms = Duration::from_millis;
        let response_idle_max = ms(settings.response_idle_ms);
        let header_list_max = u32::try_from(settings.http2_header_list_max.0).unwrap_or(u32::MAX);
        let mut builder = auto::Builder::new(PatientExecutor { idle_max: response_idle_max });
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(ms(settings.header_timeout_ms))
            .max_buf_size(SEND_BUFFER_BYTES)
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PONG_WITHIN)
            .max_concurrent_streams(settings.http2_streams_max)
            .max_header_list_size(header_list_max)
            .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
            .max_local_error_reset_streams(ERROR_RESETS_MAX)
            .max_send_buf_size(SEND_BUFFER_BYTES);
        Self {
            builder,
            response_idle_max,
            first_max: ms(settings.header_timeout_ms),
            idle_max: ms(settings.idle_timeout_ms),
        }
    }

    /// Serves a connection until it ends, or until `stop` and the end of its requests.
    pub async fn serve<A, F>(&self, stream: TcpStream, connection: Arc<Connection>, stop: CancellationToken, answer: A)
    where
        A: Fn(Request<Incoming>) -> F + Send + 'static,
        F: Future<Output = Response<Answer>> + Send + 'static,
    {
        // Without it, only the bound of a whole buffer.
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX);
        let socket = ClientSocket::new(stream, Arc::clone(&connection), self.response_idle_max);
        let service = service_fn(move |request| {
            let answer = answer(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let mut serving = pin!(self.builder.serve_connection_with_upgrades(TokioIo::new(socket), service));
        let mut farewell: Option<Instant> = None;
        let mut look_at = clock::instant() + self.first_max;
        let outcome = loop {
            let begins_farewell = tokio::select! {
                outcome = serving.as_mut() => break outcome,
                () = connection.ends.cancelled() => break Ok(()),
                () = stop.cancelled(), if farewell.is_none() => true,
                () = sleep_until(look_at) => match (farewell, self.next_look(&connection)) {
                    (_, Some(later)) => { look_at = later; false }
                    (Some(until), None) if until <= look_at => break Ok(()),
                    (_, None) => true,
                },
            };
            if begins_farewell && farewell.is_none() {
                serving.as_mut().graceful_shutdown();
                look_at = clock::instant() + FAREWELL_MAX;
                farewell = Some(look_at);
            }
        };
        if let Err(error) = outcome {
            tracing::debug!("connection ended: {error}");
        }
    }

    /// When to look again whether the connection is idle for too long; `None` when it is.
    fn next_look(&self, connection: &Connection) -> Option<Instant> {
        let now = clock::instant();
        let Some((since, is_used)) = connection.idle_since() else { return Some(now + self.first_max) };
        let until = since + if is_used { self.idle_max } else { self.first_max };
        if until > now {
            return Some(until);
        }
        super::closed(if is_used { "idle" } else { "silent" });
        None
    }
}
